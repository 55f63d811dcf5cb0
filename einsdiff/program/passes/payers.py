"""Who pays the scales that a product owes: exponentials among its factors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, exact
from einsdiff.program.passes.debts import Debts, Loans, exponents, how_much, owe
from einsdiff.program.passes.exponentials import is_exp
from einsdiff.program.passes.exponents import argument, combined, exponential, is_within
from einsdiff.program.passes.growth import Growth, growth, least_share, raised, share, times
from einsdiff.program.passes.scales import Scales


class Payer(NamedTuple):
    """A factor of a product, at its labels, how it grows (by nothing where it cannot pay), and what it pays alone."""

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


class _Account:
    """Payers that pay together, what they have paid, and how they grow after that."""

    def __init__(self, payers: Sequence[Payer], left: Growth, paid: Debts) -> None:
        self.payers = payers
        self.left = left
        self.paid = paid
        self.wires = {wire for p in payers for wire in p.entry.wires}

    def pay(self, debts: Debts, scale: Entry, units: Fraction) -> None:
        """Pay some units of what is owed, as far as they are owed."""
        units = min(units, Fraction(debts[scale]))
        if units > 0:
            owe(self.paid, scale, units)
            owe(debts, scale, -units)

    def pay_rest(self, debts: Debts, scale: Entry) -> None:
        """Pay for what depends on nothing else, however the payers grow."""
        if self.left and self.wires.issuperset(scale.wires):
            self.pay(debts, scale, sum((Fraction(p.units) for p in self.payers), -how_much(self.paid)))

    def after(self, scales: Scales) -> list[tuple[Entry, Exact]]:
        """Return the factors after they have paid; what is left may pay further out.

        Π N^p exp(-K) = Π M^p exp(Σ p L - K), where K is all that several have paid.
        """
        if not self.paid:
            return [(p.entry, p.exponent) for p in self.payers]
        if len(self.payers) == 1:
            (payer,) = self.payers
            by = combined([(Fraction(units) / payer.exponent, scale) for scale, units in self.paid.items()])
            found = [(scales.lowered(payer.entry, by), payer.exponent)]
        else:
            terms = [(p.exponent, scales.of(p.entry)) for p in self.payers if scales.has(p.entry.node)]
            whole = exponential(combined([*terms, *exponents(self.paid)]))
            found = [(whole, 1), *((scales.without_scale(p.entry), p.exponent) for p in self.payers)]
        if not any(power > 0 for powers in self.left for power in powers.values()):
            for entry, _ in found:
                scales.finish(entry)
        return found


def repaid(
    payers: Sequence[Payer], debts: Debts, bound: Collection[int], scales: Scales, loans: Loans
) -> tuple[list[tuple[Entry, Exact]], list[Entry]]:
    """Return the factors after they have paid of the debts, those first that stand in the divisor themselves.

    The others pay what concerns summed indices, since nobody further out can; the scales of these are returned, too.
    """
    accounts = [_Account([p], p.growth, {}) for p in payers]
    for scale in debts:
        _share_out(accounts, debts, scale, loans.growth([scale]))
    starved = [scale for scale, units in debts.items() if units > 0 and not set(scale.wires).isdisjoint(bound)]
    if starved:
        accounts = _joined(accounts, starved)
    for scale in starved:
        _share_out(accounts, debts, scale, loans.growth([scale]))
    starved = [scale for scale in starved if debts[scale]]
    for scale in starved:
        for account in accounts:
            account.pay_rest(debts, scale)
    others = [(p.entry, p.exponent) for p in payers]
    factors = [
        (scales.guarded(entry, others) if account.paid else entry, exponent)
        for account in accounts
        for entry, exponent in account.after(scales)
    ]
    return factors, starved


def _share_out(accounts: Sequence[_Account], debts: Debts, scale: Entry, divisor: Growth) -> None:
    """Let each account pay as often as it has to, then as often as it can."""
    able = [a for a in accounts if a.left and debts[scale] > 0]
    owed, parts = Fraction(debts[scale]), list[Fraction]()
    for account in able:
        parts.append(least_share(account.left, divisor, owed))
        owed -= parts[-1]
    for account, part in zip(able, parts, strict=True):
        units, left = share(account.left, divisor, part + owed)
        owed -= units - part
        account.left = left
        account.pay(debts, scale, units)


def _joined(accounts: Sequence[_Account], starved: Sequence[Entry]) -> list[_Account]:
    """Return accounts that pay together, where one has all indices of the others and of something that is owed."""
    found = [a for a in accounts if not a.left]
    groups: list[list[_Account]] = []
    for a in sorted((a for a in accounts if a.left), key=lambda a: -len(a.wires)):
        for group in groups:
            if a.wires <= group[0].wires:
                group.append(a)
                break
        else:
            groups.append([a])
    for group in groups:
        if len(group) > 1 and any(group[0].wires.issuperset(scale.wires) for scale in starved):
            paid: Debts = {}
            for scale, units in (item for a in group for item in a.paid.items()):
                owe(paid, scale, units)
            found.append(_Account([p for a in group for p in a.payers], reduce(times, [a.left for a in group]), paid))
        else:
            found += group
    return found
