"""An alternative request: results that keep their structure, with products of sums written out as sums of products.

(δ_ij - 1/n) a_i = δ_ij a_i - a_i/n: as terms, each stays on its own diagonal and in its own factors.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import replace

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, Product, Sum
from einsdiff.program.request import Request

MANY = 16  # a result of more terms stays as it is

Terms = list[tuple[Exact, Entry]]


def distribute(request: Request) -> Request | None:
    """Return a request for the same results whose terms are products without sums, or None where there are none."""
    outputs = []
    for output in request.outputs:
        entry = output.entry
        terms = _terms(entry.node) if request.keeps(output) and not build.is_zero(entry) else []
        if 1 < len(terms) <= MANY:
            whole = build.total([(c, term, True) for c, term in terms])
            entry = walk.place(whole, entry.wires)
        outputs.append(replace(output, entry=entry))
    if all(new.entry.node is old.entry.node for new, old in zip(outputs, request.outputs, strict=True)):
        return None
    return replace(request, outputs=tuple(outputs))


def _terms(node: Expr) -> Terms:
    """Return the terms of a node, at the wires 0, 1, …; more than `MANY` are not sought further."""
    done: Terms = []
    rest: Terms = [(1, walk.here(node))]
    while rest and len(done) + len(rest) <= MANY:
        coefficient, entry = rest.pop(0)
        parts = _parts(entry.node)
        if parts is None:
            done.append((coefficient, entry))
        else:
            rest = [*((coefficient * c, walk.place(part, entry.wires)) for c, part in parts), *rest]
    return [*done, *rest]


def _parts(node: Expr) -> Terms | None:
    """Return the terms of a sum, or of a product in which one sum is written out; None where there is none."""
    if isinstance(node, Sum):
        return [(t.coefficient, Entry(t.node, t.labels)) for t in node.terms]
    if not isinstance(node, Product):
        return None
    nodes = [factor.node for factor in node.factors]
    for factor in node.factors:
        inner = factor.node
        if factor.exponent != 1 or not inner.rank or nodes.count(inner) > 1:
            continue
        parts = _parts(inner)
        if parts is not None:
            known = {n: walk.here(n) for n in nodes}
            return [(c, walk.rebuild(node, ChainMap({inner: part}, known), {inner}.__contains__)) for c, part in parts]
    return None
