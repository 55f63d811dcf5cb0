"""What a plan draws on: its inputs, and whatever tells how far an index runs."""

from __future__ import annotations

from collections.abc import Mapping

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import Axis, Size
from einsdiff.errors import EinsdiffError, SizeMismatchError
from einsdiff.program.plan.ledger import Ledger
from einsdiff.program.plan.sizes import Sizes, in_formula
from einsdiff.program.plan.steps import Alternating, Value
from einsdiff.program.request import Request

EPSILON = 8  # ε with more indices is not formed: it has n^n entries


class Supply:
    """Inputs become values when they are first needed; so do the inputs that only tell a size.

    `given` has the number of each size class that is known; the others are assumed, and may not enter the program.
    `present` has the ranks of the arrays that are given, those that the expressions need first.
    """

    def __init__(self, request: Request, sizes: Sizes, given: list[int | None], present: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.given = given
        self.numbers = [a if k is None else k for k, a in zip(given, sizes.assumed(), strict=True)]
        self.ledger = Ledger(self.numbers)
        self.inputs: dict[str, int] = {}
        self.bearers: dict[int, tuple[int, int]] = {}
        self.zero = self.ledger.literal(0)
        self.one = self.ledger.literal(1)
        self._request = request
        self._present = present
        tensors = walk.tensors(*(output.entry.node for output in request.outputs))
        self._positive = {t.name for t in tensors if "positive" in t.assumed}

    def extent(self, size: Size) -> int:
        """Return how far an index runs in this plan."""
        return self.numbers[self.sizes.class_of(size)]

    def sized(self, size: Size) -> int:
        """Return the class of a size that the program must know, and see to it that something tells it."""
        number = self.sizes.class_of(size)
        if self.sizes.ranges[number].fixed is None and number not in self.bearers:
            self.bearers[number] = self._bearer(number)
        return number

    def _bearer(self, number: int) -> tuple[int, int]:
        """Return an array and its axis that has a size: an input, or else what was made so far."""
        axes = {axis.tensor: axis.axis for axis, _ in reversed(self.sizes.ranges[number].axes)}
        for name, rank in self._present.items():
            if name in axes:
                return self.input(name, rank), axes[name]
        for value, made in enumerate(self.ledger.values):
            if number in made.classes:
                return value, made.classes.index(number)
        raise self.sizes.unknown(number)

    def input(self, name: str, rank: int) -> int:
        """Return the value of an input."""
        if name not in self.inputs:
            classes = tuple(self.sizes.class_of(Axis(name, k)) for k in range(rank))
            given = Value(classes, self.ledger.shape(classes), name, is_positive=name in self._positive)
            self.inputs[name] = self.ledger.take(given)
        return self.inputs[name]

    def epsilon(self, rank: int) -> int:
        """Return the value of ε."""
        if rank > EPSILON:
            raise EinsdiffError(f"ε with {rank} indices has {rank}^{rank} entries, too many to form")
        classes = (self.sizes.class_of(rank),) * rank
        return self.ledger.note(Alternating, (), tuple(range(rank)), classes=classes)

    def check_place(self, size: Size, place: int) -> None:
        """Refuse a component that an axis does not have."""
        number = self.sizes.class_of(size)
        known = self.given[number]
        if known is not None and place > known:
            index = self.sizes.ranges[number].index
            message = f"component {place} is asked for along {index}, which runs to {known}"
            raise in_formula(SizeMismatchError(message), self._request)
