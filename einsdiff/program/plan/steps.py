"""The plan: typed steps from inputs to outputs, straight-line and free of any backend's spelling.

A value is an array that some step makes, or an input; values are numbered.  A step ties the axes of its operands by
labels, numbers that mean something inside the step only.  Labels of operands that do not stand in `out` are summed, or
reduced.  Steps other than `View` have operands whose labels are all different.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any, NamedTuple, TypeVar

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.plan.pattern import Outline

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Value:
    """An array: the size class and the number of each axis; `name` where it is an input.

    A constant depends on no input; its dtype follows what it meets.  `is_positive` tells what is declared of an input.
    """

    classes: tuple[int, ...]
    shape: tuple[int, ...]
    name: str = ""
    is_constant: bool = False
    is_positive: bool = False

    @property
    def entries(self) -> int:
        """How many entries the array has."""
        return prod(self.shape)


class Operand(NamedTuple):
    """A value with the step's label of each of its axes."""

    value: int
    labels: Labels

    def renamed(self, names: Mapping[int, int]) -> Operand:
        """Return the value with other labels, where they have a name there."""
        return Operand(self.value, tuple(names.get(n, n) for n in self.labels))


@dataclass(frozen=True, slots=True)
class Step:
    """What every step knows: the value that it makes, its operands, and the label of each axis of that value."""

    target: int
    operands: tuple[Operand, ...]
    out: Labels

    @property
    def details(self) -> tuple[Any, ...]:
        """What the step knows beside its operands and its labels."""
        names: Sequence[str] = self.__match_args__[3:]
        return tuple([getattr(self, name) for name in names])


@dataclass(frozen=True, slots=True)
class Literal(Step):
    """base^exponent, a number."""

    base: Exact
    exponent: Exact


@dataclass(frozen=True, slots=True)
class Length(Step):
    """How many values an index takes."""

    range: int


@dataclass(frozen=True, slots=True)
class Alternating(Step):
    """ε: the signs of the permutations of its axes."""


@dataclass(frozen=True, slots=True)
class View(Step):
    """A part of an array: repeated labels take a diagonal, and a label in `places` is fixed to a component from 1."""

    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Pack(Step):
    """The same array with its axes in another order, and in memory in that order."""


@dataclass(frozen=True, slots=True)
class Contract(Step):
    """The sum over all labels not in `out` of one operand, or of the product of two."""


@dataclass(frozen=True, slots=True)
class Multiply(Step):
    """a · b, entry by entry, each repeated along the axes that it lacks."""


@dataclass(frozen=True, slots=True)
class Divide(Step):
    """a / b, entry by entry, each repeated along the axes that it lacks."""


@dataclass(frozen=True, slots=True)
class Power(Step):
    """a^exponent, entry by entry."""

    exponent: Exact


@dataclass(frozen=True, slots=True)
class Combine(Step):
    """Σ coefficient · operand, each operand repeated along the axes that it lacks."""

    coefficients: tuple[Exact, ...]


@dataclass(frozen=True, slots=True)
class Map(Step):
    """A known function of the operands, entry by entry."""

    function: str


@dataclass(frozen=True, slots=True)
class Evaluate(Step):
    """A callable that is given as the input `function`: of whole arrays, or (`is_entrywise`) entry by entry."""

    function: str
    is_entrywise: bool


@dataclass(frozen=True, slots=True)
class Fold(Step):
    """prod, max, min or logsumexp over the labels that are not in `out`."""

    operator: str


@dataclass(frozen=True, slots=True)
class Matrix(Step):
    """inv, adj, det or logdet of a matrix."""

    function: str


@dataclass(frozen=True, slots=True)
class Assemble(Step):
    """Zeros, to which coefficient · operand is added, each where its pattern says.

    The label `patterns[k][axis]` of operand k runs along that axis: axes with the same label form a diagonal, and a
    label in `places[k]` is fixed to a component, from 1.  Along labels that the operand lacks it is repeated.
    """

    coefficients: tuple[Exact, ...]
    patterns: tuple[Labels, ...]
    places: tuple[tuple[tuple[int, int], ...], ...]


Elementwise = Multiply | Divide | Power | Combine | Map
"""Steps that make each entry of their array of one entry of each operand."""

SIZED = (Combine, Contract, Divide, Fold, Map, Multiply, Pack, Power, View)
"""Steps whose axes are all axes of their operands."""

AnyStep = (
    Literal | Length | Alternating | View | Pack | Contract | Multiply | Divide | Power
    | Combine | Map | Evaluate | Fold | Matrix | Assemble
)  # fmt: skip


def sizes_of(operands: Iterable[Operand], values: Sequence[Value]) -> dict[int, int]:
    """Return how far each label of some operands runs."""
    return {n: size for op in operands for n, size in zip(op.labels, values[op.value].shape, strict=True)}


def classes_of(operands: Iterable[Operand], values: Sequence[Value]) -> dict[int, int]:
    """Return the size class of each label of some operands."""
    return {n: c for op in operands for n, c in zip(op.labels, values[op.value].classes, strict=True)}


class Result(NamedTuple):
    """A value that is returned: `folds` has, for each axis of the array, how many of the value's are folded into it."""

    name: str
    value: int
    folds: tuple[int, ...]

    def folded(self, axes: Sequence[T]) -> list[tuple[T, ...]]:
        """Return, for each axis of the array, what belongs to the value's axes that are folded into it."""
        rest = iter(axes)
        return [tuple(islice(rest, count)) for count in self.folds]


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order, what they work on, and which values are the results.

    `indices` names the index that runs over each size class.  `fixed` has the numbers of the classes that are declared;
    `bearers` has a value and its axis for each of the others whose size the steps need.  `outlines` tells, for each
    result that is asked for, how it consists of the arrays in `outputs`; None for one that is its array.
    """

    values: tuple[Value, ...]
    steps: tuple[AnyStep, ...]
    inputs: tuple[tuple[str, int], ...]
    functions: tuple[str, ...]
    outputs: tuple[Result, ...]
    indices: tuple[str, ...]
    bearers: tuple[tuple[int, int] | None, ...]
    fixed: tuple[int | None, ...]
    outlines: tuple[Outline | None, ...]
