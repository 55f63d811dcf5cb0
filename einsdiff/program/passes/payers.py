"""Who pays the scales that a product owes: exponentials among its factors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, exact
from einsdiff.program.passes.debts import Debts, Loans, owe
from einsdiff.program.passes.exponentials import is_exp
from einsdiff.program.passes.exponents import argument, combined, exponential, is_within
from einsdiff.program.passes.scales import Scales


class Payer(NamedTuple):
    """A factor of a product, at its labels, the exponentials of which it is made, and how many units it can pay."""

    entry: Entry
    exponent: Exact
    made: frozenset[Expr]
    units: Exact


def merged(payers: Sequence[Payer]) -> list[Payer]:
    """exp(a) exp(b) = exp(a + b), where one has all indices of the other."""
    found = [p for p in payers if not _is_plain(p)]
    groups: list[list[Payer]] = []
    for p in sorted(filter(_is_plain, payers), key=lambda p: (p.exponent < 0, -len(set(p.entry.wires)))):
        for group in groups:
            if is_within(p.entry, group[0].entry):
                group.append(p)
                break
        else:
            groups.append([p])
    for group in groups:
        most = group[0].exponent
        if len(group) > 1 and most > 0:
            terms = [(Fraction(p.exponent) / most, argument(p.entry)) for p in group]
            made = frozenset[Expr]().union(*(p.made for p in group))
            units = exact(sum((Fraction(p.units) for p in group if p.exponent > 0), Fraction(0)))
            found.append(Payer(exponential(combined(terms)), most, made, units))
        else:
            found += group
    return found


def _is_plain(payer: Payer) -> bool:
    return is_exp(payer.entry.node) and bool(payer.made)


def repaid(
    payers: Sequence[Payer], debts: Debts, bound: Collection[int], scales: Scales, loans: Loans
) -> list[tuple[Entry, Exact]]:
    """Return the factors after they have paid of the debts, those first that stand in the divisor themselves.

    The others pay what concerns summed indices, since nobody further out can.
    """
    paid: list[Debts] = [{} for _ in payers]
    for is_own in (True, False):
        for scale in debts:
            for payer, own in zip(payers, paid, strict=True):
                free = min(Fraction(debts[scale]), payer.units - sum(own.values(), Fraction(0)))
                if not payer.made or free <= 0:
                    continue
                is_last = not set(scale.wires).isdisjoint(bound) and is_within(scale, payer.entry)
                if payer.made & loans.sources([scale]) if is_own else is_last:
                    owe(own, scale, free)
                    owe(debts, scale, -free)
    others = [(p.entry, p.exponent) for p in payers]
    return [
        (scales.guarded(_after(p, own, scales), others) if own else p.entry, p.exponent)
        for p, own in zip(payers, paid, strict=True)
    ]


def _after(payer: Payer, paid: Debts, scales: Scales) -> Entry:
    """Return what a factor is after it has paid."""
    by = combined([(Fraction(units) / payer.exponent, scale) for scale, units in paid.items()])
    found = scales.lowered(payer.entry, by)
    scales.finish(found)
    return found
