"""Who pays the scales that a product owes: exponentials among its factors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, exact
from einsdiff.program.passes.debts import Debts, Loans, how_much, owe
from einsdiff.program.passes.exponentials import is_exp
from einsdiff.program.passes.exponents import argument, combined, exponential, is_within
from einsdiff.program.passes.growth import Growth, growth, raised, share, times
from einsdiff.program.passes.scales import Scales


class Payer(NamedTuple):
    """A factor of a product, at its labels, how it grows (by nothing where it cannot pay), and what it pays at most."""

    entry: Entry
    exponent: Exact
    growth: Growth
    units: Exact


def payer(entry: Entry, exponent: Exact, scales: Scales) -> Payer:
    """Return a factor as one that pays what it can."""
    grown = raised(growth(entry.node, scales), exponent) if scales.has(entry.node) else ()
    return Payer(entry, exponent, grown, max(exponent, 0))


def is_whole(exponent: Exact) -> bool:
    """Tell whether a power is a product."""
    return isinstance(exponent, int) and exponent > 0


def merged(payers: Sequence[Payer]) -> list[Payer]:
    """exp(a)^p exp(b)^q = exp(a p + b q), where one has all indices of the other."""
    found = [p for p in payers if not _is_plain(p)]
    groups: list[list[Payer]] = []
    for p in sorted(filter(_is_plain, payers), key=lambda p: (p.exponent < 0, -len(set(p.entry.wires)))):
        for group in groups:
            if is_within(p.entry, group[0].entry):
                group.append(p)
                break
        else:
            groups.append([p])
    return [*found, *map(_as_one, groups)]


def _as_one(group: Sequence[Payer]) -> Payer:
    most = group[0].exponent if is_whole(group[0].exponent) else 1
    if len(group) == 1 and most == group[0].exponent:
        return group[0]
    terms = [(Fraction(p.exponent) / most, argument(p.entry)) for p in group]
    units = exact(sum((Fraction(p.units) for p in group), Fraction(0)))
    return Payer(exponential(combined(terms)), most, reduce(times, [p.growth for p in group]), units)


def _is_plain(payer: Payer) -> bool:
    return is_exp(payer.entry.node) and bool(payer.growth)


def repaid(
    payers: Sequence[Payer], debts: Debts, bound: Collection[int], scales: Scales, loans: Loans
) -> list[tuple[Entry, Exact]]:
    """Return the factors after they have paid of the debts, those first that stand in the divisor themselves.

    The others pay what concerns summed indices, since nobody further out can.
    """
    paid: list[Debts] = [{} for _ in payers]
    left = [p.growth for p in payers]
    for scale in debts:
        divisor = loans.growth([scale])
        for k, payer in enumerate(payers):
            if divisor and payer.growth and debts[scale] > 0:
                units, left[k] = share(left[k], divisor, Fraction(debts[scale]))
                _pay(debts, paid[k], scale, units)
    for scale in debts:
        for payer, own in zip(payers, paid, strict=True):
            if payer.growth and not set(scale.wires).isdisjoint(bound) and is_within(scale, payer.entry):
                _pay(debts, own, scale, min(Fraction(debts[scale]), payer.units - how_much(own)))
    others = [(p.entry, p.exponent) for p in payers]
    return [
        (scales.guarded(_after(p, own, rest, scales), others) if own else p.entry, p.exponent)
        for p, own, rest in zip(payers, paid, left, strict=True)
    ]


def _pay(debts: Debts, own: Debts, scale: Entry, units: Fraction) -> None:
    if units > 0:
        owe(own, scale, units)
        owe(debts, scale, -units)


def _after(payer: Payer, paid: Debts, left: Growth, scales: Scales) -> Entry:
    """Return what a factor is after it has paid; what is left may pay further out."""
    by = combined([(Fraction(units) / payer.exponent, scale) for scale, units in paid.items()])
    found = scales.lowered(payer.entry, by)
    if not any(power > 0 for powers in left for power in powers.values()):
        scales.finish(found)
    return found
