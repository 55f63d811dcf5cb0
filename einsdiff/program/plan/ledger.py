"""The ledger of a plan under construction: values and the steps that make them, each step noted once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.errors import EinsdiffError
from einsdiff.program.plan.steps import (
    SIZED,
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Evaluate,
    Length,
    Literal,
    Multiply,
    Operand,
    Value,
    View,
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
        self._keyed = 0  # how many of the steps are known by their keys
        self._made: dict[tuple[tuple[int, ...], bool], Value] = {}

    def take(self, given: Value) -> int:
        """Note a value that no step makes here, and return its number."""
        self.values.append(given)
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
        target = self._find(_key(kind, operands, out, classes, details))
        if target < len(self.values):
            return target
        if len(out) > AXES:
            raise EinsdiffError(
                f"a result with {len(out)} axes arises on the way; arrays end at {AXES}",
                help="sum earlier, or split the product into named parts",
            )
        if classes is None:
            of = classes_of(operands, self.values)
            classes = tuple([of[label] for label in out])
        is_constant = kind in (Literal, Length) or (
            kind is not Evaluate and not classes and bool(operands) and all(self.is_constant(op) for op in operands)
        )
        alike = (classes, is_constant)
        if alike not in self._made:
            self._made[alike] = Value(classes, self.shape(classes), "", is_constant)
        self.values.append(self._made[alike])
        self.steps.append(kind(target, operands, out, *details))
        return target

    def again(self, step: AnyStep, value: Value) -> int:
        """Note a step of another ledger, whose operands are the same here, with the value that it has there."""
        target = self._find(_key_of(step, value)) if self._known else len(self.values)
        if target == len(self.values):
            self.values.append(value)
            self.steps.append(step if step.target == target else replace(step, target=target))
        return target

    def _find(self, key: tuple[Any, ...]) -> int:
        """Return the value of the step with a key, the next one where there is none; steps get keys when one asks."""
        for step in self.steps[self._keyed :]:
            self._known.setdefault(_key_of(step, self.values[step.target]), step.target)
        target = self._known.setdefault(key, len(self.values))
        self._keyed = len(self.steps) + (target == len(self.values))
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

    def shape(self, classes: Iterable[int]) -> tuple[int, ...]:
        """Return how far axes of these classes run."""
        return tuple([self.numbers[c] for c in classes])


def _key_of(step: AnyStep, value: Value) -> tuple[Any, ...]:
    classes = None if isinstance(step, SIZED) else value.classes
    return _key(type(step), step.operands, step.out, classes, step.details)


def _key(
    kind: Callable[..., AnyStep],
    operands: tuple[Operand, ...],
    out: Labels,
    classes: tuple[int, ...] | None,
    details: tuple[object, ...],
) -> tuple[Any, ...]:
    """Return what is equal for steps that do the same, whatever their labels are called."""
    if kind in (Contract, Multiply):
        operands = tuple(sorted(operands))
    if kind is Assemble or (kind is View and details[0]):  # what they know beside speaks of labels, too
        return (kind, operands, out, classes, *details)
    names: dict[int, int] = {}
    for labels in (*(op.labels for op in operands), out):
        for n in labels:
            names.setdefault(n, len(names))
    if any(n != name for n, name in names.items()):
        operands = tuple([op.renamed(names) for op in operands])
        out = tuple([names[n] for n in out])
    return (kind, operands, out, classes, *details)
