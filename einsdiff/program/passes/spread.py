"""A product with a sum that is larger than its terms, written out: a (δ_ij b_i + c_j) = δ_ij a b_i + a c_j.

So is one with a sum of δ alone, a (δ_ik - δ_jk), in every place where it stands.

The sum itself would be a whole array.  As products of its terms it stays on its diagonals, and without the axes along
which it is constant, until the result.

On request any sum in a contraction is written out, (T - U Vᵀ) V = T V - U (Vᵀ V), where that costs less.  It loses
digits where the terms of the sum nearly cancel, so that it is never done unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr, Labels, Ones, Product, Sum
from einsdiff.program.request import Request

MANY = 3  # a sum of more terms stays as it is


def spread(request: Request) -> Request | None:
    """Return a request for the same results with such products written out, or None where there are none."""
    return _spread(request, _is_cheaper)


def expanded(request: Request) -> Request | None:
    """Return a request with every sum in a contraction written out, or None where that is not asked for."""
    return _spread(request, _is_contracted) if request.may_expand else None


Pays = Callable[[Product, Sum, int], bool]


def _spread(request: Request, pays: Pays) -> Request | None:
    """Return a request with the products written out for which that pays: a product, a sum in it and its uses."""
    roots = [output.entry.node for output in request.outputs]
    nodes = walk.ordered(*roots)
    uses = walk.uses(nodes, roots)
    known = walk.Rewriting()
    written: set[Expr] = set()
    for node in nodes:
        found = _written_out(node, known, uses, pays)
        if found is not None:
            written.add(node)
        known.note(node, found or walk.rebuild(node, known, written.__contains__))
    if not written:
        return None
    outputs = [replace(o, entry=walk.place(known[o.entry.node], o.entry.wires)) for o in request.outputs]
    return replace(request, outputs=tuple(outputs))


def _written_out(node: Expr, known: Mapping[Expr, Entry], uses: Mapping[Expr, int], pays: Pays) -> Entry | None:
    """Π a Σ b = Σ Π a b, for one factor; the same sum may stand beside it with other labels."""
    if not isinstance(node, Product):
        return None
    for place, factor in enumerate(node.factors):
        inner, wires = known[factor.node]
        if factor.exponent == 1 and isinstance(inner, Sum) and pays(node, inner, uses[factor.node]):
            terms = []
            factors = [known[f.node] for f in node.factors]
            for t in inner.terms:
                factors[place] = Entry(t.node, tuple(wires[k] for k in t.labels))
                product = walk.rebuild_product(node, factors, {factor.node}.__contains__)
                terms.append((t.coefficient, product, True))
            return build.total(terms)
    return None


def _is_cheaper(_: Product, inner: Sum, uses: int) -> bool:
    """Tell whether a sum is larger than its terms, or of terms that cost nothing."""
    return _is_of_deltas(inner) or (uses == 1 and _is_larger(inner))


def _is_contracted(node: Product, inner: Sum, uses: int) -> bool:
    """Tell whether a sum of few terms that stands nowhere else is summed over."""
    return uses == 1 and len(inner.terms) <= MANY and bool(node.bound)


def _is_larger(node: Sum) -> bool:
    """Tell whether a sum has few terms, each of which is smaller than the sum."""
    return len(node.terms) <= MANY and (_is_mixed(node) or _is_broadcast(node))


def _is_of_deltas(node: Sum) -> bool:
    """Tell whether a sum has few terms, all of them δ alone: as products of other factors they cost nothing."""
    return len(node.terms) <= MANY and all(_is_delta(t.node, t.labels) for t in node.terms)


def _is_delta(node: Expr, labels: Labels) -> bool:
    is_plain = isinstance(node, Product) and all(isinstance(f.node, Ones) for f in node.factors)
    return is_plain and bool(_diagonals(node, labels))


def _is_mixed(node: Sum) -> bool:
    """Tell whether some terms stand on a diagonal on which others do not."""
    return len({_diagonals(t.node, t.labels) for t in node.terms}) > 1


def _is_broadcast(node: Sum) -> bool:
    """Tell whether every term is constant along some axis and one of them is rounded.

    The difference of two inputs is exact where the difference of two products with them is not.
    """
    return all(_is_constant_somewhere(t.node) for t in node.terms) and any(_is_rounded(t.node) for t in node.terms)


def _is_constant_somewhere(node: Expr) -> bool:
    """Tell whether a term is the same along one of its axes, and not along all."""
    if not isinstance(node, Product):
        return False
    carried = {label for f in node.factors if not isinstance(f.node, Ones) for label in f.labels}
    return bool(carried) and not set(node.out) <= carried


def _is_rounded(node: Expr) -> bool:
    """Tell whether a product has a sum or a function in it."""
    return isinstance(node, Product) and (bool(node.bound) or any(f.node.below for f in node.factors))


def _diagonals(node: Expr, labels: Labels) -> frozenset[tuple[int, ...]]:
    """Return the axes that a term ties by δ."""
    if not isinstance(node, Product):
        return frozenset()
    tied: dict[int, list[int]] = {}
    for axis, label in zip(labels, node.out, strict=True):
        tied.setdefault(label, []).append(axis)
    return frozenset(tuple(sorted(axes)) for axes in tied.values() if len(axes) > 1)
