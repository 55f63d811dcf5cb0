"""Formulas of scalars as templates: rows of the tables, parsed once, at first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Expr, Number, Ones, Product, Sum, Tensor
from einsdiff.elaborate.program import elaborate


@cache
def template(text: str, names: tuple[str, ...]) -> Expr:
    """Return the node of a formula whose names stand for scalars."""
    declare = dict.fromkeys(names, "scalar")
    return elaborate(f"s = {text}", declare=declare, notation="index").definitions[-1].entry.node


def instantiate(root: Expr, arguments: Mapping[str, Entry]) -> Entry:
    """Return a template with entries in the place of its names."""
    ranges = {w: size for a in arguments.values() for w, size in build.sizes(a).items()}
    known: dict[Expr, Entry] = {}
    for node in walk.ordered(root):
        match node:
            case Number():
                known[node] = walk.here(node)
            case Tensor(name):
                known[node] = arguments[name]
            case Sum(terms):
                wires = dict.fromkeys(w for t in terms for w in known[t.node].wires)
                wanted = {w: ranges[w] for w in wires}
                parts = [(t.coefficient, build.spread(known[t.node], wanted), t.node) for t in terms]
                known[node] = build.total([(c, part, _holds_number(part, of)) for c, part, of in parts])
            case Product(coefficient, factors):
                inside = [(known[f.node], f.exponent, False) for f in factors]
                known[node] = build.product(inside, (), coefficient)
            case Apply(name, parts):
                known[node] = build.apply(name, *(known[p.node] for p in parts))
            case _:
                raise AssertionError(f"a template holds {node}")
    return known[root]


def _holds_number(entry: Entry, of: Expr) -> bool:
    """Tell whether what stands in the place of a name is a sum with a number, as in (a - 1) - 1 = a - 2."""
    if not isinstance(of, Tensor) or not isinstance(entry.node, Sum):
        return False
    return any(isinstance(term.node, Number | Ones) for term in entry.node.terms)
