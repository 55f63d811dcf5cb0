"""Numbers in front: what all terms of a sum have in common, and the sign of a sum."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import cast

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Factor, Product, Sum, exact
from einsdiff.simplify.products import reassemble


def number_in_front(node: Product) -> Entry | None:
    """P (q a + q b) c = p q (a + b) c, where all terms have the number q; −(a + b) = −a − b."""
    number = Fraction(1)
    factors = []
    for f in node.factors:
        q = _content(f.node) if isinstance(f.node, Sum) and isinstance(f.exponent, int) else 1
        number *= Fraction(q) ** int(f.exponent) if q != 1 else 1
        factors.append(f if q == 1 else _scaled(1 / Fraction(q), f))
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


def _content(node: Sum) -> Exact:
    """Return the number that all terms have, negative where all are; 1 where their denominators differ."""
    numbers = [Fraction(t.coefficient) for t in node.terms]
    if len({n.denominator for n in numbers}) > 1:
        return 1
    sign = -1 if all(n < 0 for n in numbers) else 1
    return exact(sign * Fraction(gcd(*(n.numerator for n in numbers)), numbers[0].denominator))
