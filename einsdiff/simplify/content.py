"""Numbers in front of sums: what all terms have in common, the sign, and factors that differ in nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd
from typing import cast

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, Factor, Product, Sum, Term, exact, magnitude
from einsdiff.simplify.products import reassemble, without


def number_in_front(node: Product) -> Entry | None:
    """P (q a + q b) c = p q (a + b) c, where all terms have the number q; −(a + b) = −a − b."""
    number: Exact = 1
    factors = list(node.factors)
    for k, f in enumerate(node.factors):
        q = content(f.node.terms) if isinstance(f.node, Sum) and isinstance(f.exponent, int) else 1
        if q != 1:
            number *= Fraction(q) ** int(f.exponent)
            factors[k] = _scaled(1 / Fraction(q), f)
    if number != 1 or factors != list(node.factors):
        return build.scale(exact(number), reassemble(node, factors, []))
    if node.coefficient != -1 or len(node.factors) != 1 or sorted(node.out) != list(range(len(node.label_sizes))):
        return None
    (f,) = node.factors
    if not isinstance(f.node, Sum) or f.exponent != 1:
        return None
    at = {label: axis for axis, label in enumerate(node.out)}
    opposite = _scaled(-1, f)
    return Entry(opposite.node, tuple(at[label] for label in opposite.labels))


def _scaled(number: Fraction | int, f: Factor) -> Factor:
    """Return a factor that is a sum, with all terms times a number."""
    assert isinstance(f.node, Sum)
    terms = [(t.coefficient, Entry(t.node, tuple(f.labels[k] for k in t.labels)), False) for t in f.node.terms]
    node, wires = build.total((exact(number * c), entry, join) for c, entry, join in terms)
    return f._replace(node=node, labels=cast("tuple[int, ...]", wires))


def content(terms: Sequence[Term]) -> Exact:
    """Return the number that all terms have, negative where all are; with several denominators, what most have."""
    numbers = [t.coefficient for t in terms]
    if len({n.denominator for n in numbers}) > 1:
        (most, times), *others = Counter(map(magnitude, numbers)).most_common(2)
        alike = [n for n in numbers if magnitude(n) == most]
        is_most = times > 1 and times > others[0][1]
        return (-most if all(n < 0 for n in alike) else most) if is_most else 1
    sign = -1 if all(n < 0 for n in numbers) else 1
    return _quotient(sign * gcd(*(n.numerator for n in numbers)), numbers[0].denominator)


def _quotient(above: int, below: int) -> Exact:
    return above if below == 1 else exact(Fraction(above, below))


def number_of_shared_sums(node: Sum) -> Entry | None:
    """(2 a + 2 b) + 2 c = 2 ((a + b) + c), where the sum inside stands elsewhere, too: one pass mends deep nets."""
    inside = [content(t.node.terms) if isinstance(t.node, Sum) else 1 for t in node.terms]
    if all(q == 1 for q in inside):
        return None
    numbers = [Fraction(t.coefficient) * Fraction(q) for t, q in zip(node.terms, inside, strict=True)]
    if len({n.denominator for n in numbers}) > 1:
        return None
    number = Fraction(gcd(*(n.numerator for n in numbers)), numbers[0].denominator)
    if number in (1, magnitude(content(node.terms))):
        return None
    terms = []
    for t, q, n in zip(node.terms, inside, numbers, strict=True):
        f = Factor(t.node, t.labels, 1) if q == 1 else _scaled(1 / Fraction(q), Factor(t.node, t.labels, 1))
        terms.append((exact(n / number), Entry(f.node, f.labels), False))
    return build.scale(exact(number), build.total(terms))


def opposite_factors(node: Sum) -> Entry | None:
    """A (u − v) + b (v − u) = (a − b) (u − v)."""
    sums: list[dict[int, Entry]] = []
    for t in node.terms:
        sums.append(_sums_of(t))
        if not sums[-1]:
            return None
    for c in sums[0].values():
        places = _places_of(c, sums)
        if any(own[k] != c for own, (k, _) in zip(sums, places, strict=False)):
            terms = [_without(t, k, sign, node) for t, (k, sign) in zip(node.terms, places, strict=True)]
            return build.multiply(c, build.total(terms))
    return None


def _places_of(c: Entry, sums: Sequence[Mapping[int, Entry]]) -> list[tuple[int, int]]:
    """Return which factor of each term is s c, and s = 1 or −1; nothing where a term has none."""
    found = []
    for own in sums:
        place = next(((k, s) for k, e in own.items() if (s := _sign_between(e, c))), None)
        if place is None:
            return []
        found.append(place)
    return found


def _sums_of(t: Term) -> dict[int, Entry]:
    """Return the factors of a term that are sums and are not summed, at the axes of the term, by their numbers."""
    if not isinstance(t.node, Product):
        return {}
    place = {label: t.labels[axis] for axis, label in enumerate(t.node.out)}
    return {
        k: Entry(f.node, tuple(place[label] for label in f.labels))
        for k, f in enumerate(t.node.factors)
        if isinstance(f.node, Sum) and f.exponent == 1 and set(f.labels) <= set(place)
    }


def _without(t: Term, k: int, sign: int, node: Sum) -> tuple[Exact, Entry, bool]:
    """Return a term of a sum without its factor k, as `build.total` takes it."""
    assert isinstance(t.node, Product)
    rest = build.rename(reassemble(t.node, without(t.node, k), []), dict(enumerate(t.labels)))
    return exact(sign * t.coefficient), build.spread(rest, dict(enumerate(node.sizes))), True


def _sign_between(a: Entry, b: Entry) -> int:
    """Return s where a = s b with s = 1 or −1, of two sums; else 0."""
    if a == b or set(a.wires) != set(b.wires) or _sizes_of_terms(a) != _sizes_of_terms(b):
        return int(a == b)
    return next((-s for s in (1, -1) if build.is_zero(build.total([(1, a, True), (s, b, True)]))), 0)


def _sizes_of_terms(e: Entry) -> Counter[tuple[Expr, Exact]]:
    """Return the terms of a sum without signs and axes: sums in which they differ are not opposite."""
    assert isinstance(e.node, Sum)
    return Counter((t.node, magnitude(t.coefficient)) for t in e.node.terms)
