"""How a sum of products grows: the powers of exponentials in each product, and how often one can pay for another.

exp(x)² exp(y) grows by two of exp(x) and one of exp(y), and exp(2 x) by two of exp(x).  A divisor is at least as large
as each of its products, so that exp(x)⁴ can pay twice for exp(x)² + 1, and exp(x) exp(y) twice for exp(x) + exp(y).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Product, Reduce, Sum, magnitude
from einsdiff.program.passes.exponentials import EXPONENTIALS
from einsdiff.program.passes.scales import Scales

MOST = 16  # products in a sum that are told apart; of one that is overlooked nobody pays, which is never wrong

Direction = tuple[Expr, str]
"""An argument u, and whether exp(u), exp(-u) or exp(|u|) is meant: `+`, `-`, `±`; or a node that grows by itself."""
Powers = Mapping[Direction, Fraction]
Growth = Sequence[Powers]


def growth(node: Expr, scales: Scales) -> Growth:
    """Return the powers in each product of a sum."""
    known: dict[Expr, Growth] = {}
    for part in walk.ordered(node, is_closed=lambda n: isinstance(n, Reduce) or not scales.has(n)):
        known[part] = _growth(part, known) if scales.has(part) else [{}]
    return known[node]


def _growth(node: Expr, known: Mapping[Expr, Growth]) -> Growth:
    match node:
        case Sum(terms):
            return distinct(powers for t in terms for powers in known[t.node])
        case Product(factors=factors):
            found: Growth = [{}]
            for f in factors:
                found = times(found, raised(known[f.node], f.exponent))
            return found
        case Apply("where", (_, *branches), None):
            return distinct(powers for part, _ in branches for powers in known[part])
        case Apply(function, ((u, labels),), None) if function in EXPONENTIALS:
            coefficient, bare = build.split_coefficient(Entry(u, labels))
            sign = "±" if EXPONENTIALS[function].is_even else "+" if coefficient > 0 else "-"
            return [{(bare.node, sign): Fraction(magnitude(coefficient))}]
        case _:
            return [{(node, "+"): Fraction(1)}]


def raised(growth: Growth, exponent: Exact) -> Growth:
    """Return the powers in a sum of products to some exponent: 1/exp(x) = exp(-x), another divisor does not grow."""
    if exponent > 0:
        return [{e: p * exponent for e, p in powers.items()} for powers in growth]
    turned = {"+": "-", "-": "+"}
    if len(growth) > 1:
        return [{}]
    return [{(u, turned[sign]): -p * exponent for (u, sign), p in growth[0].items() if sign in turned}]


def times(a: Growth, b: Growth) -> Growth:
    """Return the powers in the product of two sums."""
    return distinct({e: p.get(e, Fraction(0)) + q.get(e, 0) for e in (*p, *q)} for p in a for q in b)


def distinct(found: Iterable[Powers]) -> Growth:
    """Return powers, each once."""
    return list({frozenset(powers.items()): powers for powers in found}.values())[:MOST]


def directions(found: Growth, scales: Scales) -> frozenset[Direction]:
    """Return the exponentials in some products, and those in products over an index."""
    known = {e for powers in found for e in powers}
    inside = [growth(u.argument.node, scales) for u, _ in known if isinstance(u, Reduce)]
    return frozenset(known).union(*(directions(g, scales) for g in inside))


def share(payer: Growth, divisor: Growth, most: Fraction) -> tuple[Fraction, Growth]:
    """Return how often a payer can pay for a divisor, as often as `most`, and the powers that it has left."""
    found = [_spent(powers, divisor, most) for powers in payer]
    return max(units for units, _ in found), [left for _, left in found]


def least_share(payer: Growth, divisor: Growth, most: Fraction) -> Fraction:
    """Return how often a payer has to pay for the products that grow most, so that it is not large itself."""
    least = [min(filter(None, (_units(powers, needed) for needed in divisor)), default=Fraction(0)) for powers in payer]
    return min(most, max(least))


def _units(powers: Powers, needed: Powers) -> Fraction:
    """Return how often some powers have others in them."""
    return min((powers.get(e, Fraction(0)) / p for e, p in needed.items()), default=Fraction(0))


def _spent(powers: Powers, divisor: Growth, most: Fraction) -> tuple[Fraction, Powers]:
    """Return how often powers can pay: for what grows most first, or for the rest first where that is more."""
    order = sorted(filter(None, divisor), key=lambda needed: _units(powers, needed))
    found: list[tuple[Fraction, Powers]] = []
    for products in (order, order[::-1]):
        paid, left = Fraction(0), dict(powers)
        for needed in products:
            units = min(most - paid, _units(left, needed))
            if units > 0:
                paid += units
                left = {e: p - units * needed.get(e, 0) for e, p in left.items()}
        found.append((paid, left))
    return max(found, key=lambda one: one[0])
