"""Two sides of a claim, finished, and what their numbers say at a point: equal, different, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

import numpy as np

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr, Size, Unit, Wire
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.claims import Sides
from einsdiff.verify.domains import Domain, is_inside
from einsdiff.verify.numeric import Array, Point, UnknownValueError, matrix, value
from einsdiff.verify.rounding import error_of

EXACTLY = 1e-9
"""How far two numbers that are equal may be apart, relative to the largest entry."""
CLEARLY = 1e-4
"""How far two numbers are apart that are not equal, whatever was lost on the way."""
ROUNDED, BEYOND = 1e-13, 100
"""How far two sides are apart, relative to the largest entry and in bounds of rounding, to differ however slightly."""
SIMPLE = 12
"""The largest numerator and denominator of a factor that is said to be missing."""


class State(Enum):
    """What is known of a claim in one layout."""

    EQUAL = "the sides are equal"
    DIFFERENT = "the sides differ at a point"
    UNDEFINED = "no point is found at which both sides have a value"
    UNKNOWN = "the sides could not be evaluated"
    UNMET = "the sides agree, but a branch of a function in them was never reached, or a function is at its limit"
    APART = "the sizes of the sides differ in general"
    SHAPES = "one side is a row, the other a column, or the like"
    REFUSED = "the layout makes no matrix, or shapes within a side do not fit"


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry in which the two sides differ: its indices, counted from 1, and both numbers."""

    indices: tuple[int, ...]
    left: float
    right: float
    inputs: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What numbers say: equal, different, undefined or unknown; at how many points, and of which sizes.

    `ratio` is the number that the left side is times the right one, where they differ by a simple number only, and
    `unmet` a function of which one branch was never reached.  `limit` is one that was at its limit wherever they agree.
    """

    state: State
    points: int = 0
    ranges: Mapping[Size, int] = field(default_factory=dict)
    difference: Difference | None = None
    ratio: Fraction | None = None
    unmet: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two finished sides, and what has to have a value at the points where they are compared."""

    sides: Sides
    left: Block
    right: Block
    domain: Domain

    @property
    def least(self) -> dict[Size, int]:
        """Return how far the sizes run at least."""
        return least_sizes(self.left.entry, self.right.entry)

    @property
    def nodes(self) -> list[Expr]:
        """Return the nodes of both sides."""
        return walk.ordered(self.left.entry.node, self.right.entry.node)

    def at(self, point: Point) -> tuple[State, Array, Array]:
        """Return both sides as arrays, and whether they are equal, different, slightly apart, or have no value.

        Raises: UnknownValueError, where a side cannot be evaluated.
        """
        a, b = _arrays(self.sides, self.left, self.right, point)
        if not is_inside(self.domain, point):
            return State.UNDEFINED, a, b
        return _judged(a, b, point, (self.left, self.right)), a, b

    def apart(self, near: Comparison, a: Array, b: Array, point: Point) -> Comparison:
        """Return that the sides differ at a point."""
        difference = _difference(a, b, point, _axes(self.sides))
        return Comparison(State.DIFFERENT, near.points, {}, difference, _ratio(a, b))


def as_left(left: Block, right: Block) -> Entry:
    """Return the right side with the wires of the left one."""
    if len(left.wires) != len(right.wires):
        return right.entry
    names: dict[Wire, Wire] = dict(zip(right.wires, left.wires, strict=True))
    return build.rename(right.entry, names)


def least_sizes(*entries: Entry) -> dict[Size, int]:
    """Return how far the sizes run at least in which a component is named."""
    found: dict[Size, int] = {}
    for node in walk.ordered(*(e.node for e in entries)):
        if isinstance(node, Unit):
            found[node.size] = max(found.get(node.size, 1), node.place)
    return found


def _arrays(sides: Sides, left: Block, right: Block, point: Point) -> tuple[Array, Array]:
    """Return both sides as arrays of one shape: matrices, or one axis for each free index."""
    found = []
    for block in (left, right):
        sizes: dict[Wire, Size] = {w: sides.program.sizes.get(w.size, w.size) for w in block.wires}
        if sides.program.notation == "index":
            found.append(value(block.entry, block.wires, list(sizes.values()), point))
        else:
            found.append(matrix(block.entry, block.rows, block.columns, sizes, point))
    a, b = found
    if sides.is_zero:
        a, b = np.broadcast_arrays(a, b)
    if a.shape != b.shape:
        raise UnknownValueError("the sides have different sizes")
    return a, b


def _judged(a: Array, b: Array, point: Point, blocks: Sequence[Block]) -> State:
    """Return whether the arrays of two blocks are equal, different, a little apart, or have no value in some entry.

    They are undefined where rounding has taken so much that nothing can be told.
    """
    has_value = np.isfinite(a) & np.isfinite(b)
    a, b = (np.where(has_value, side, 0.0) for side in (a, b))
    size = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    apart = np.abs(a - b).max(initial=0.0)
    equal = EXACTLY * size + 1e-12 * min(point.largest, 1e4)
    may_be_lost = 1e-14 * point.largest > equal
    if may_be_lost or apart > ROUNDED * size:
        error = BEYOND * sum(error_of(block.entry.node, point) for block in blocks)
        if apart > max(error, ROUNDED * size):
            return State.DIFFERENT
        if may_be_lost and error > equal:  # what was cancelled was too large to tell
            return State.UNDEFINED
    if apart > CLEARLY * size + 100 * equal:
        return State.DIFFERENT
    if apart > equal:
        return State.APART
    return State.EQUAL if has_value.all() else State.UNKNOWN


def _axes(sides: Sides) -> tuple[int, ...]:
    """Return the axes along which an entry has an index: none of a scalar, one of a row or a column."""
    if sides.program.notation == "index":
        return tuple(range(len(sides.left.wires)))
    rows, columns = ([*a, *b] for a, b in zip(sides.left[1:], sides.right[1:], strict=True))
    return (0,) * bool(rows) + (1,) * bool(columns)


def _difference(a: Array, b: Array, point: Point, axes: Sequence[int]) -> Difference:
    """Return the first entry in which two arrays differ about most."""
    has_value = np.isfinite(a) & np.isfinite(b)
    apart = np.abs(np.where(has_value, a, 0.0) - np.where(has_value, b, 0.0))
    at = np.unravel_index(int(np.argmax(apart > 0.5 * apart.max())), a.shape)
    return Difference(tuple(int(at[k]) + 1 for k in axes), float(a[at]), float(b[at]), point.arrays)


def _ratio(a: Array, b: Array) -> Fraction | None:
    """Return the simple number c with a = c b, if there is one."""
    if not (np.isfinite(a).all() and np.isfinite(b).all() and b.any()):
        return None
    at = np.unravel_index(int(np.argmax(np.abs(b))), b.shape)
    ratio = Fraction(float(a[at] / b[at])).limit_denominator(SIMPLE)
    apart = np.abs(a - float(ratio) * b).max()
    return ratio if ratio and abs(ratio) <= SIMPLE and apart <= EXACTLY * np.abs(a).max() else None
