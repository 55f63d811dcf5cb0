"""What stands in logarithms and divisors, where small differences count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from einsdiff.algebra.nodes import Apply, Expr, Product, Reduce, Sum


def inside_and_outside(nodes: Sequence[Expr], roots: Iterable[Expr]) -> tuple[set[Expr], set[Expr]]:
    """Return what stands in logarithms and divisors, down to its terms and factors, and what stands elsewhere.

    `nodes` are those below the roots, parts first.
    """
    inside, outside = set[Expr](), set(roots)
    for node in reversed(nodes):
        terms: Sequence[Expr] = ()
        match node:
            case Product(factors=factors):
                terms = [f.node for f in factors if f.exponent > 0]
                inside.update(f.node for f in factors if f.exponent < 0)
            case Apply("log" | "log1p", ((part, _),), None):
                inside.add(part)
            case Apply("where", (condition, *branches), None):
                terms = [part for part, _ in branches]
                outside.add(condition.node)
            case Apply("pow", ((base, _), (exponent, _)), None):
                terms = [base]
                outside.add(exponent)
            case Sum() | Reduce(operator="prod"):
                terms = node.below
            case _:
                outside.update(node.below)
        for places in (inside, outside):
            if node in places:
                places.update(terms)
    return inside, outside
