"""Logarithms of what has a scale: log(exp(L) M) = L + log(M)."""

from __future__ import annotations

from fractions import Fraction

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Sum
from einsdiff.program.passes.debts import Owed, exponents
from einsdiff.program.passes.exponentials import is_exp
from einsdiff.program.passes.exponents import argument, at, clipped, combined, largest
from einsdiff.program.passes.scales import Scales
from einsdiff.simplify.rules import constant_value


def logarithm(owed: Owed, scales: Scales) -> Entry:
    """log(exp(L) M) = L + log(M), without what is owed."""
    entry, debts = owed
    if not scales.has(entry.node):
        found = [(1, build.apply("log", entry))]
    else:
        scale = scales.of(entry)
        rest = _without_one(entry)
        if rest is None:
            low = scales.lowered(entry, scale)
            left = build.ZERO if constant_value(low) == 1 else build.apply("log", low)
        else:
            left = _near_one(rest, scale, scales)
        found = [(1, scale), (1, left)]
    return combined([*found, *exponents(debts)])


def logarithm_beside_one(rest: Entry, scales: Scales) -> Entry:
    """log(1 + N) = L + log1p(expm1(-L) + exp(-L) N), where L is not negative."""
    coefficient, bare = build.split_coefficient(rest)
    if coefficient == -1 and is_exp(bare.node):
        return _of_one_less(argument(bare))
    if not (scales.has(rest.node) and scales.grows(rest.node)):
        return build.apply("log1p", rest)
    scale = clipped(largest([build.ZERO, scales.of(rest)]))
    return combined([(1, scale), (1, _near_one(rest, scale, scales))])


def _of_one_less(u: Entry) -> Entry:
    """log(1 - exp(u)) = log(-expm1(u)) or log1p(-exp(u)), with the digits of a small u, or of a small exp(u)."""
    power = build.apply("exp", u)
    is_near = build.apply("gt", power, build.number(Fraction(1, 2)))
    near = build.apply("where", is_near, build.scale(-1, build.apply("expm1", u)), build.ONE)
    far = build.apply("where", is_near, build.ZERO, build.scale(-1, power))
    return combined([(1, build.apply("log", near)), (1, build.apply("log1p", far))])


def _near_one(rest: Entry, scale: Entry, scales: Scales) -> Entry:
    """log1p(expm1(-L) + exp(-L) N)."""
    near = build.apply("expm1", build.scale(-1, scale))
    return build.apply("log1p", combined([(1, near), (1, scales.lowered(rest, scale))]))


def _without_one(entry: Entry) -> Entry | None:
    """Return a for 1 + a, else None."""
    node = entry.node
    if not isinstance(node, Sum):
        return None
    values = [(constant_value(at(t)) or 0) * t.coefficient for t in node.terms]
    if values.count(1) != 1:
        return None
    rest = [t for t, value in zip(node.terms, values, strict=True) if value != 1]
    return build.total([(t.coefficient, walk.place(at(t), entry.wires), False) for t in rest])
