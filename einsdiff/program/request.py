"""What is asked of the compiler: expressions with the order of their axes, inputs, and which sizes must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Size, Wire
from einsdiff.elaborate.scope import SizeClass


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor that is given as an array, or (`is_callable`) an unknown function that is given as a callable."""

    name: str
    rank: int
    is_callable: bool = False


class Wired(Protocol):
    """What has axes."""

    @property
    def wires(self) -> Sequence[Wire]:
        """The wires of its axes."""
        ...


class Named(Wired, Protocol):
    """A variable."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...


class Differentiated(Protocol):
    """A derivative that can say what its products with vectors are, each found without the derivative itself."""

    @property
    def base(self) -> Wired:
        """What is differentiated."""
        ...

    @property
    def wrt(self) -> Sequence[Named]:
        """The variables, in turn."""
        ...

    def unused(self, names: Sequence[str]) -> str:
        """Return the first of some names that the program does not use."""
        ...

    def along(self, tangent: str) -> Output:
        """Return the request for the product over the axes of the last variable with a tensor of this name."""
        ...

    def back(self) -> Output:
        """Return the request for the product over the other axes with what is differentiated last."""
        ...


@dataclass(frozen=True, slots=True)
class Output:
    """One result: an entry, and its wires with their sizes in the order of the result's axes.

    The entry may be zero, which has no wires; the sizes of `axes` then tell the shape.  `folds` has, for each axis of
    the result, how many of `axes` are folded into it, the last one fastest; none make an axis of size 1.  Without it
    each has its own.  `derivative` is what the result is, where that is one.
    """

    name: str
    entry: Entry
    axes: tuple[tuple[Wire, Size], ...]
    folds: tuple[int, ...] | None = None
    columns: tuple[Wire, ...] | None = None
    is_matrix: bool = False
    derivative: Differentiated | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Request:
    """All that the compiler needs to know.

    `sizes` gives numbers for declared names (`n`) and for indices (`i`).  `source` is the formula that errors show.
    Where it is not `is_dense`, results with `columns` keep their structure.  Where it `may_expand`, rewrites are tried
    that lose digits.
    """

    outputs: tuple[Output, ...]
    inputs: tuple[Input, ...]
    classes: tuple[SizeClass, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    is_dense: bool = True
    may_expand: bool = False

    def keeps(self, output: Output) -> bool:
        """Tell whether a result keeps its structure."""
        return not self.is_dense and output.columns is not None


__all__ = ["Input", "Output", "Request", "SizeClass"]
