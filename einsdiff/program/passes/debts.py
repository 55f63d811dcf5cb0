"""Debts: the scales of divisors, which exponentials beside them pay: exp(x) / N = exp(x - L) / M.

Of the debts of several terms, or of all values of a summed index, the least is owed by their sum:
Σ_j exp(-L_kj) = exp(-K_k) Σ_j exp(K_k - L_kj), where K_k = min_j L_kj.  A term without debts owes 0, so that K may be
less than 0.  This holds whatever numbers L and K are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, Size, Wire, exact
from einsdiff.program.passes.exponents import clipped, combined, exponential, least
from einsdiff.program.passes.growth import Growth, distinct, growth, share
from einsdiff.program.passes.scales import Scales

Debts = dict[Entry, Exact]
"""How often each scale is owed: what they belong to is to be multiplied by exp(-Σ units · scale)."""


class Owed(NamedTuple):
    """An entry and what it owes, at the wires 0, 1, … of a node's axes."""

    entry: Entry
    debts: Debts


def owe(debts: Debts, scale: Entry, units: Exact) -> None:
    """Add to what is owed; units below 0 pay of it."""
    debts[scale] = exact(Fraction(debts.get(scale, 0)) + units)


def placed(debts: Debts, labels: Sequence[Wire]) -> Debts:
    """Return what a part owes, at the labels that it has in the whole."""
    found: Debts = {}
    for scale, units in debts.items():
        owe(found, walk.place(scale, labels), units)
    return found


def common(debts: Sequence[Debts]) -> Debts:
    """Return what is owed everywhere."""
    if not debts:
        return {}
    least = {scale: min(own.get(scale, 0) for own in debts) for scale in debts[0]}
    return {scale: units for scale, units in least.items() if units > 0}


def without(debts: Debts, paid: Debts) -> Debts:
    """Return what is owed still."""
    return {scale: exact(Fraction(units) - paid.get(scale, 0)) for scale, units in debts.items()}


def how_much(debts: Debts) -> Fraction:
    """Return how many units are owed, whatever their scales."""
    return sum(map(Fraction, debts.values()), Fraction(0))


def exponents(debts: Debts) -> list[tuple[Exact, Entry]]:
    """Return the terms of -Σ units · scale."""
    return [(-units, scale) for scale, units in debts.items() if units]


def together(debts: Debts) -> list[Entry]:
    """Return Σ units · scale, one for scales on the same wires each; all in one where some are owed by others."""
    groups: dict[frozenset[Wire], list[tuple[Exact, Entry]]] = {}
    is_mutual = min(debts.values(), default=0) < 0 < max(debts.values())
    for scale, units in debts.items():
        if units:
            groups.setdefault(frozenset() if is_mutual else frozenset(scale.wires), []).append((units, scale))
    return [combined(terms) for terms in groups.values()]


class Loans:
    """The scales that are owed, and how the divisors grow that they belong to."""

    def __init__(self, scales: Scales) -> None:
        self._scales = scales
        self._growth: dict[Expr, Growth] = {}

    def borrow(self, entry: Entry) -> tuple[Entry, Entry]:
        """Return the scale of a divisor, and the divisor without it."""
        scale = self._scales.of(entry)
        self._growth[scale.node] = growth(entry.node, self._scales)
        low = self._scales.lowered(entry, scale)
        self._scales.finish(low)
        return scale, low

    def least(self, debts: Sequence[Debts], over: Mapping[int, Size] | None = None) -> tuple[Entry, Exact]:
        """Return the least of what is owed in several places, for all values of some indices: a scale and its units.

        Somewhere nothing may be owed.
        """
        units = min(filter(None, map(how_much, debts)))
        found = least([combined([(exact(Fraction(-u) / units), scale) for u, scale in exponents(d)]) for d in debts])
        summed = {k: size for k, size in (over or {}).items() if k in found.wires}
        found = clipped(build.reduce("min", found, summed) if summed else found)
        self._growth[found.node] = self.growth(scale for d in debts for scale in d)
        return found, exact(units)

    def may_be_small(self, debts: Debts) -> bool:
        """Tell whether what is owed may be below 0: divisors without a term that is not an exponential."""
        return any(all(self.growth([scale])) for scale, units in debts.items() if units > 0)

    def growth(self, scales: Iterable[Entry]) -> Growth:
        """Return how the divisors grow that have some scales."""
        return distinct(powers for scale in scales for powers in self._growth.get(scale.node, ()))

    def settled(self, entry: Entry, debts: Debts) -> Entry:
        """Return an entry after it has paid its debts, by exponentials that stand in no divisor."""
        for by in together(debts):
            entry = self._scales.lowered(entry, by)
        return entry

    def paid(self, owed: Owed) -> Owed:
        """Return an entry after it has paid those of its debts for which it grows enough by itself."""
        entry, debts = owed
        left = growth(entry.node, self._scales)
        own: Debts = {}
        for scale, units in debts.items():
            found, rest = share(left, self.growth([scale]), Fraction(units))
            if found == units:
                own[scale], left = units, rest
        return Owed(self.settled(entry, own), {scale: units for scale, units in debts.items() if scale not in own})

    def less(self, entry: Entry, debts: Debts, least: Debts) -> Entry:
        """Return an entry after it has paid what it owes beyond the least of all."""
        if self._scales.has(entry.node) or not least:
            none: Debts = dict.fromkeys(least, 0)
            return self.settled(entry, without(none | debts, least))
        return build.multiply(entry, self.small(least, debts))

    def small(self, least: Debts, debts: Debts) -> Entry:
        """Return exp(K - L) for the least K of what is owed: 1 or less, so that nobody has to pay of it."""
        found = exponential(combined([(units, scale) for scale, units in least.items()] + exponents(debts)))
        self._scales.has(found.node)
        self._scales.finish(found)
        return found
