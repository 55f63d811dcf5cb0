"""A product of arrays as pairwise steps: sums over one operand first, then pairs, numbers where they cost least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.plan.ledger import Ledger
from einsdiff.program.plan.order import arranged_order
from einsdiff.program.plan.steps import Combine, Contract, Divide, Multiply, Operand, Power

LITTLE = 1000  # so many entries take as long as a call


class Factor(NamedTuple):
    """An array on wires, to be multiplied by or (`is_divisor`) divided by."""

    value: int
    labels: Labels
    is_divisor: bool = False

    @property
    def operand(self) -> Operand:
        """The factor as the operand of a step."""
        return Operand(self.value, self.labels)


class Contraction:
    """coefficient · Σ Π factors, where the labels in `out` stay; `prefer` is a wish for their order."""

    def __init__(self, ledger: Ledger, out: Collection[int], prefer: Sequence[int] = ()) -> None:
        self.ledger = ledger
        self.out = frozenset(out)
        self.prefer = tuple(prefer)

    def carry_out(self, factors: list[Factor], coefficient: Exact) -> Operand:
        """Note the steps and return the result with its labels."""
        scalars = [f for f in factors if not f.labels]
        arrays = self._merge_equal([self._sum_alone(k, factors) for k, f in enumerate(factors) if f.labels])
        scalars += [f for f in arrays if not f.labels]  # summed over all their axes
        arrays = [f for f in arrays if f.labels]
        scaling = Scaling(self.ledger, coefficient, scalars)
        if not arrays:
            return Operand(scaling.alone(), ())
        if all(f.is_divisor for f in arrays):
            whole = self._pairs(arrays, None)
            return (scaling.over(whole) if whole.is_divisor else scaling.apply(whole)).operand
        return self._pairs(arrays, scaling).operand

    def _sum_alone(self, place: int, factors: list[Factor]) -> Factor:
        """Σ_j over an index that stands in one factor only."""
        factor = factors[place]
        elsewhere = self.out.union(*(f.labels for k, f in enumerate(factors) if k != place))
        if all(label in elsewhere for label in factor.labels):
            return factor
        kept = tuple(label for label in factor.labels if label in elsewhere)
        value = self.ledger.note(Contract, (self._upright(factor).operand,), kept)
        return Factor(value, kept)

    def _upright(self, factor: Factor) -> Factor:
        """Return a factor to multiply by: 1/a for a divisor a."""
        if not factor.is_divisor:
            return factor
        one = Operand(self.ledger.literal(1), ())
        return Factor(self.ledger.note(Divide, (one, factor.operand), factor.labels), factor.labels)

    def _merge_equal(self, factors: list[Factor]) -> list[Factor]:
        """Multiply what stands on the same labels; two stay where their product is to be summed next."""
        groups: dict[frozenset[int], list[Factor]] = {}
        for f in factors:
            groups.setdefault(frozenset(f.labels), []).append(f)
        settled = []
        for key, members in groups.items():
            elsewhere = self.out.union(*(other for other in groups if other != key))
            first, *rest = members
            last = [] if key <= elsewhere or not rest else [rest.pop()]
            for f in rest:
                first = self._pair(first, f, key)
            settled += [first, *last]
        return settled

    def _pairs(self, arrays: list[Factor], scaling: Scaling | None) -> Factor:
        sizes = self.ledger.extent([f.operand for f in arrays])
        order = arranged_order([f.labels for f in arrays], self.out, self.prefer, sizes)
        present: dict[int, Factor] = dict(enumerate(arrays))
        place = self._cheapest(arrays, order, sizes) if scaling is not None else -1
        if scaling is not None and place < len(arrays):
            present[place] = scaling.apply(present[place])
        holders = Counter(label for f in arrays for label in set(f.labels))
        for k, (a, b) in enumerate(order):
            left, right = present.pop(a), present.pop(b)
            for label in set(left.labels) & set(right.labels):
                holders[label] -= 1
            kept = {n for n in (*left.labels, *right.labels) if n in self.out or holders[n] > 1}
            found = self._pair(left, right, kept, self.prefer if k == len(order) - 1 else ())
            for label in {*left.labels, *right.labels} - {*found.labels}:
                holders[label] -= 1
            if scaling is not None and place == len(arrays) + k:
                found = scaling.apply(found)
            present[len(arrays) + k] = found
        return next(iter(present.values()))

    def _cheapest(self, arrays: list[Factor], order: list[tuple[int, int]], sizes: dict[int, int]) -> int:
        """Return the number of the operand or result where a factor without axes costs least, or little more.

        Of several it is the latest, so that what is made before it can be used elsewhere too.
        """
        labels = [frozenset(f.labels) for f in arrays]
        costs = [_entries(n, sizes) if not f.is_divisor else None for n, f in zip(labels, arrays, strict=True)]
        divisors = [f.is_divisor for f in arrays]
        holders = Counter(label for n in labels for label in n)
        for a, b in order:
            both = labels[a] | labels[b]
            holders.subtract(labels[a] & labels[b])
            kept = frozenset(n for n in both if n in self.out or holders[n] > 1)
            holders.subtract(both - kept)
            labels.append(kept)
            divisors.append(divisors[a] and divisors[b])
            costs.append(None if divisors[-1] else _entries(kept, sizes))
        least = min(c for c in costs if c is not None)
        return max(k for k, c in enumerate(costs) if c is not None and c <= least + LITTLE)

    def _pair(self, a: Factor, b: Factor, kept: Collection[int], prefer: Sequence[int] = ()) -> Factor:
        """Σ a b over what is not kept."""
        summed = {n for n in (*a.labels, *b.labels) if n not in kept}
        if summed:
            a, b = self._upright(a), self._upright(b)
            out = _matrix_order(a.labels, b.labels, kept, prefer)
            return Factor(self.ledger.note(Contract, (a.operand, b.operand), out), out)
        big, small = (a, b) if len(a.labels) >= len(b.labels) else (b, a)
        out = (*big.labels, *(n for n in small.labels if n not in big.labels))
        if set(prefer) >= set(out):
            out = tuple(n for n in prefer if n in out)
        if a.is_divisor == b.is_divisor:
            return Factor(self.ledger.note(Multiply, (a.operand, b.operand), out), out, a.is_divisor)
        above, below = (b, a) if a.is_divisor else (a, b)
        return Factor(self.ledger.note(Divide, (above.operand, below.operand), out), out)


def _matrix_order(a: Labels, b: Labels, kept: Collection[int], prefer: Sequence[int]) -> Labels:
    """Return the order of a product's axes: of both operands, the first, the second; or the last two exchanged.

    Where neither is preferred, fewer operands are transposed.
    """
    both = tuple(n for n in a if n in b and n in kept)
    left = tuple(n for n in a if n not in b)
    right = tuple(n for n in b if n not in a)
    natural, exchanged = both + left + right, both + right + left
    wished = tuple(n for n in prefer if n in kept)
    if wished in (natural, exchanged):
        return wished
    starting = (a[: len(left)] == left) - (b[: len(right)] == right)
    ending = (b[len(b) - len(right) :] == right) - (a[len(a) - len(left) :] == left)
    return natural if starting + ending >= 0 else exchanged


def _entries(labels: Collection[int], sizes: dict[int, int]) -> int:
    found = 1
    for label in labels:
        found *= sizes[label]
    return found


class Scaling:
    """A number and factors without axes, by which one array is multiplied and divided."""

    def __init__(self, ledger: Ledger, coefficient: Exact, scalars: list[Factor]) -> None:
        self.ledger = ledger
        self.coefficient = coefficient
        self.above = self._product([f.value for f in scalars if not f.is_divisor])
        self.below = self._product([f.value for f in scalars if f.is_divisor])

    def _product(self, values: list[int]) -> int | None:
        if not values:
            return None
        found, *rest = values
        for value in rest:
            found = self.ledger.note(Multiply, (Operand(found, ()), Operand(value, ())), ())
        return found

    def alone(self) -> int:
        """Return coefficient · above / below."""
        found = self.above
        if found is None:
            found = self.ledger.literal(self.coefficient)
        elif self.coefficient != 1:
            found = self.ledger.note(Combine, (Operand(found, ()),), (), (self.coefficient,))
        if self.below is not None:
            found = self.ledger.note(Divide, (Operand(found, ()), Operand(self.below, ())), ())
        return found

    def over(self, factor: Factor) -> Factor:
        """Return coefficient · above / (below · factor)."""
        value = self.ledger.note(Divide, (Operand(self.alone(), ()), factor.operand), factor.labels)
        return Factor(value, factor.labels)

    def apply(self, factor: Factor) -> Factor:
        """Return the factor scaled."""
        value, labels = factor.value, factor.labels
        parts = (self.coefficient != 1) + (self.above is not None) + (self.below is not None)
        is_small = self.ledger.values[value].entries <= 1
        below = self.below
        if parts > 1 and not is_small and not (below is not None and self.ledger.values[below].is_constant):
            number = Operand(self.alone(), ())
            return Factor(self.ledger.note(Multiply, (number, factor.operand), labels), labels)
        if self.coefficient != 1:
            value = self.ledger.note(Combine, (Operand(value, labels),), labels, (self.coefficient,))
        if self.above is not None:
            value = self.ledger.note(Multiply, (Operand(self.above, ()), Operand(value, labels)), labels)
        if below is not None:
            value = self.ledger.note(Divide, (Operand(value, labels), Operand(below, ())), labels)
        return Factor(value, labels)


def power(ledger: Ledger, operand: Operand, exponent: Exact) -> Factor:
    """Return a^exponent as a factor."""
    magnitude = abs(exponent)
    value = operand.value
    if magnitude != 1:
        value = ledger.note(Power, (operand,), operand.labels, magnitude)
    return Factor(value, operand.labels, exponent < 0)
