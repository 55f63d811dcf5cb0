"""The ledger of a plan under construction: values and the steps that make them, each step noted once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.errors import EinsdiffError
from einsdiff.program.plan.steps import (
    AnyStep,
    Combine,
    Contract,
    Evaluate,
    Length,
    Literal,
    Multiply,
    Operand,
    Value,
    classes_of,
    sizes_of,
)

AXES = 64  # an array of NumPy has no more
TERMS = 6  # a sum of more terms takes several steps


class Ledger:
    """Values in the order in which they are made; the same step on the same values is noted once."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers
        self.values: list[Value] = []
        self.steps: list[AnyStep] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def take(self, name: str, classes: tuple[int, ...], *, is_positive: bool = False) -> int:
        """Note an input and return its value."""
        self.values.append(Value(classes, self._shape(classes), name, is_positive=is_positive))
        return len(self.values) - 1

    def note(
        self,
        kind: Callable[..., AnyStep],
        operands: tuple[Operand, ...],
        out: Labels,
        *details: object,
        classes: tuple[int, ...] | None = None,
    ) -> int:
        """Note a step and return its value; `classes` gives the axes' sizes where the operands do not."""
        key = _key(kind, operands, out, (*details, classes))
        if key in self._known:
            return self._known[key]
        if len(out) > AXES:
            raise EinsdiffError(
                f"a result with {len(out)} axes arises on the way; arrays end at {AXES}",
                help="sum earlier, or split the product into named parts",
            )
        of = classes_of(operands, self.values)
        found = tuple(of[label] for label in out) if classes is None else classes
        is_constant = kind in (Literal, Length) or (
            kind is not Evaluate and not found and bool(operands) and all(self.is_constant(op) for op in operands)
        )
        target = self._known[key] = len(self.values)
        self.values.append(Value(found, self._shape(found), "", is_constant))
        self.steps.append(kind(target, operands, out, *details))
        return target

    def literal(self, base: Exact, exponent: Exact = 1) -> int:
        """Return the value of a number."""
        return self.note(Literal, (), (), base, exponent)

    def sum(self, terms: Sequence[tuple[Exact, Operand]], order: Sequence[int]) -> Operand:
        """Return Σ coefficient · operand, its labels in this order."""
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        rest = sorted(terms, key=lambda term: term[0] < 0)
        while True:
            now, rest = rest[:TERMS], rest[TERMS:]
            present = {n for _, operand in now for n in operand.labels}
            out = tuple(n for n in order if n in present)
            value = self.note(Combine, tuple(op for _, op in now), out, tuple(scale for scale, _ in now))
            if not rest:
                return Operand(value, out)
            rest = [(1, Operand(value, out)), *rest]

    def is_constant(self, operand: Operand) -> bool:
        """Tell whether an operand is a number that depends on no input."""
        return self.values[operand.value].is_constant

    def extent(self, operands: Iterable[Operand]) -> dict[int, int]:
        """Return how far each label runs."""
        return sizes_of(operands, self.values)

    def _shape(self, classes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.numbers[c] for c in classes)


def _key(kind: Callable[..., AnyStep], operands: tuple[Operand, ...], out: Labels, details: tuple[object, ...]) -> Any:
    """Return what is equal for steps that do the same, whatever their labels are called."""
    if kind in (Contract, Multiply):
        operands = tuple(sorted(operands))
    plain = not any(isinstance(d, tuple) and d and isinstance(d[0], tuple) for d in details)
    if plain:
        names: dict[int, int] = {}
        operands = tuple(Operand(v, tuple(names.setdefault(n, len(names)) for n in labels)) for v, labels in operands)
        out = tuple(names.setdefault(n, len(names)) for n in out)
    return (kind, operands, out, details)
