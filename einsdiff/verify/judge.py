"""A claim in one layout: whether its two sides are equal, and how that is known.

Numbers come first: sides that differ at a point are not equal.  Sides that agree are equal if they have one normal
form, which is a proof; else exact evaluation modulo primes may show it; else the points are the grounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction

import numpy as np

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Axis,
    Derivative,
    Expr,
    MatrixFunction,
    Product,
    Reduce,
    Size,
    Tensor,
    Unit,
    Wire,
    magnitude,
    size_key,
)
from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.assume import assume
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.claims import Sides, elaborate_claim
from einsdiff.elaborate.kinds import Kind
from einsdiff.elaborate.program import Program, resolve_sizes
from einsdiff.errors import ClaimError, EinsdiffError
from einsdiff.simplify.normal_form import are_equal
from einsdiff.simplify.simplify import simplify
from einsdiff.text.tree import Declaration, Document, Statement, Tree
from einsdiff.verify import comparison, exact
from einsdiff.verify.branches import Coverage, at_limit
from einsdiff.verify.domains import Domain, domain_of, is_inside
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.evaluation import RandomFunctions
from einsdiff.verify.numeric import Array, Point, UnknownValueError, matrix, value
from einsdiff.verify.rounding import error_of
from einsdiff.verify.samples import SCALES, Assumed, Sampler

ATTEMPTS = 15
"""Points that are tried at most, since a formula has no value at some."""
NEEDED = 4
"""Points at which all entries must have a value and agree, where there are so many."""
ENOUGH = 2
"""Points that do where a formula has no value at the others."""
ALIKE = (2, 3, 4)
"""The attempts at which all sizes are the same: with entries that are no whole numbers, so that nothing ties."""
FAR_AT_LEAST, FAR_AT_MOST = 20, 60
"""Points of other scales: tried at least, where the sides have branches, and at most, until all branches are met."""
MORE_SCALES = 3
"""Numbers of a claim that give scales of their own."""
EXACTLY = 1e-9
"""How far two numbers that are equal may be apart, relative to the largest entry."""
CLEARLY = 1e-4
"""How far two numbers are apart that are not equal, whatever was lost on the way."""
ROUNDED, BEYOND = 1e-13, 100
"""How far two sides are apart, relative to the largest entry and in bounds of rounding, to differ however slightly."""
SLIGHTLY = 3
"""At so many points, and equal at none, sides that are less far apart differ, too."""

WIDE = 40
"""The largest size for which exact evaluation is tried."""
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
class Claim:
    """A claim that was read: the statements above and the two sides, and what else was said of its names."""

    document: Document
    declarations: tuple[Declaration, ...]
    kinds: Mapping[str, Kind]
    numbers: Mapping[str, int]

    @property
    def above(self) -> tuple[Statement, ...]:
        """The statements above the two sides."""
        return self.document.statements[:-2]

    @property
    def trees(self) -> tuple[Tree, Tree]:
        """The two sides."""
        left, right = self.document.statements[-2:]
        return left.body, right.body

    def with_side(self, place: int, tree: Tree) -> Claim:
        """Return the claim with another left side (0) or right side (1)."""
        statements = list(self.document.statements)
        k = len(statements) - 2 + place
        statements[k] = Statement(None, tree, tree.span)
        return replace(self, document=replace(self.document, statements=tuple(statements)))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out in one layout; `left` and `right` are the sides with all derivatives carried out."""

    layout: str
    state: State
    method: str = ""
    grounds: str = ""
    sides: Sides | None = None
    left: Block | None = None
    right: Block | None = None
    difference: Difference | None = None
    error: EinsdiffError | None = None

    @property
    def arrangement(self) -> object:
        """The same for two layouts in which the sides are the same matrices."""
        blocks = [block for block in (self.left, self.right) if block is not None]
        return tuple(
            (block.entry.node, *(tuple(_place(block.entry, w) for w in axis) for axis in block[1:])) for block in blocks
        )

    @property
    def holds(self) -> bool:
        """Whether the claim holds in this layout."""
        return self.state is State.EQUAL


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
        return _least(self.left.entry, self.right.entry)

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


@dataclass(slots=True)
class Bench:
    """Where claims are tried: what was computed for one layout or variant of a claim serves the others."""

    finished: dict[object, Entry] = field(default_factory=dict)
    points: dict[object, Point] = field(default_factory=dict)
    domains: dict[object, Domain] = field(default_factory=dict)

    def finish(self, block: Block, program: Program) -> Block:
        """Return a block with names linked, derivatives carried out, declarations used, and simplified."""
        raw = resolve_sizes(block.entry, program.sizes)
        above = tuple((d.name, d.entry.node, tuple(map(d.wires.index, d.entry.wires))) for d in program.definitions)
        sizes = frozenset((axis, size) for axis, size in program.sizes.items() if isinstance(axis, Axis))
        key = raw.node, above, sizes  # a tensor is the same node where a claim makes it square
        if key not in self.finished:
            found = assume(evaluate(program, walk.here(raw.node)), program)
            self.finished[key] = simplify(resolve_sizes(found, program.sizes))[0]
        return Block(walk.place(self.finished[key], raw.wires), block.rows, block.columns)

    def point(self, sampler: Sampler, attempt: int, least: Mapping[Size, int]) -> Point:
        """Return the arrays of one attempt."""
        key = sampler.key, attempt, tuple(least.items())
        if key not in self.points:
            self.points[key] = sampler.point(attempt, least)
        return self.points[key]

    def far_point(self, sampler: Sampler, attempt: int, least: Mapping[Size, int], scales: Sequence[float]) -> Point:
        """Return the arrays of one attempt at another scale."""
        key = sampler.key, attempt, tuple(least.items()), scales
        if key not in self.points:
            self.points[key] = sampler.far_point(attempt, least, scales)
        return self.points[key]

    def compare(  # noqa: PLR0913 - what is compared, and where
        self,
        sides: Sides,
        left: Block,
        right: Block,
        numbers: Mapping[str, int],
        *,
        united: Sequence[tuple[Size, Size]] = (),
        assumed: Sequence[Assumed] = (),
        needed: int = NEEDED,
        enough: int = ENOUGH,
        near: bool = False,
    ) -> Comparison:
        """Compare two finished sides in numbers, at points where the sizes `united` are equal.

        `needed` points are asked for, and `enough` must do if there are no more.  Unless one point does or `near` ones
        do, functions are tried at other scales, too, until all their branches are met.
        """
        sampler = Sampler(sides.program, numbers, united, assumed)
        pair = Pair(sides, left, right, self.domain(sides))
        found = self._near(sampler, pair, needed, enough)
        if found.state is State.UNDEFINED and pair.domain:
            pair = replace(pair, domain=())
            found = self._near(sampler, pair, needed, enough)
        if found.state is not State.EQUAL or needed == 1:
            return found
        pairs = sampler.all_alike()
        if pairs:
            found = self._also_alike(Sampler(sides.program, numbers, (*united, *pairs), assumed), pair, found)
        if found.state is not State.EQUAL or near:
            return found
        if not (united or assumed) and _differ_exactly(left.entry, _as_left(left, right), found.ranges):
            return replace(found, state=State.DIFFERENT)
        return self._far(sampler, pair, found)

    def domain(self, sides: Sides) -> Domain:
        """Return what is differentiated in two sides and may have no value."""
        key = sides.left.entry.node, sides.right.entry.node, tuple(d.entry.node for d in sides.program.definitions)
        if key not in self.domains:
            self.domains[key] = domain_of(sides)
        return self.domains[key]

    def _near(self, sampler: Sampler, pair: Pair, needed: int, enough: int) -> Comparison:
        """Compare two sides at points with entries about 1."""
        coverage = Coverage(pair.nodes)
        may_tie = _has_derivative(pair.sides)
        complete, slight = 0, 0
        ranges: Mapping[Size, int] = {}
        limits: set[str] = set()
        for attempt in range(ATTEMPTS):
            try:
                point = self.point(sampler, attempt, pair.least)
                found, a, b = pair.at(point)
            except UnknownValueError:
                if complete:  # the sizes are too large at this attempt only
                    continue
                return Comparison(State.UNKNOWN)
            if found is not State.EQUAL and may_tie and _is_whole(point) and coverage.is_tied(point):
                continue
            slight += found is State.APART
            if found is State.DIFFERENT or (slight == SLIGHTLY and not complete):
                return pair.apart(Comparison(found, complete), a, b, point)
            if found is State.EQUAL:
                complete += 1
                limits.add(at_limit(pair.nodes, point))
                ranges = max(ranges, point.ranges, key=lambda found: sum(found.values()))
            if complete == needed:
                break
        if complete == 0:
            return Comparison(State.UNDEFINED)
        state = State.EQUAL if complete >= min(needed, enough) else State.UNKNOWN
        return Comparison(state, complete, ranges, limit="" if "" in limits else min(limits))

    def _also_alike(self, alike: Sampler, pair: Pair, near: Comparison) -> Comparison:
        """Compare two sides that agree where sizes differ where all of them are the same, which they may be, too."""
        for attempt in ALIKE:
            try:
                point = self.point(alike, attempt, pair.least)
                found, a, b = pair.at(point)
            except UnknownValueError:
                break
            if found is State.DIFFERENT:
                return pair.apart(near, a, b, point)
        return near

    def _far(self, sampler: Sampler, pair: Pair, near: Comparison) -> Comparison:
        """Compare two sides that agree at near points at small and large ones, until all branches are met."""
        nodes = pair.nodes
        if not any(_is_curved(node) for node in nodes):
            return near
        coverage = Coverage(nodes, sampler.properties)
        scales = _scales(nodes)
        at_least = len(scales)
        if coverage.branching or any(_has_root(node) for node in nodes):
            at_least = max(at_least, FAR_AT_LEAST)
        limit = near.limit
        for attempt in range(FAR_AT_MOST):
            try:
                point = self.far_point(sampler, attempt, pair.least, scales)
                found, a, b = pair.at(point)
            except UnknownValueError:
                break
            if found is State.DIFFERENT:
                return pair.apart(near, a, b, point)
            if found is not State.UNDEFINED and (np.isfinite(a) & np.isfinite(b)).any():
                coverage.note(point)
            limit = limit and (at_limit(nodes, point) if found is State.EQUAL else limit)
            if attempt + 1 >= at_least and coverage.missed() is None and not limit:
                return near
        missed = coverage.missed()
        unmet = missed.function if missed is not None else ""
        return replace(near, state=State.UNMET, unmet=unmet, limit=limit) if unmet or limit else near

    def linked(self, block: Block, program: Program) -> Block:
        """Return a block without derivatives with its names linked, as it was written."""
        entry = resolve_sizes(evaluate(program, block.entry), program.sizes)
        return Block(assume(entry, program), block.rows, block.columns)

    def judge(self, claim: Claim, layout: str) -> Finding:
        """Return what is found out about a claim in a layout."""
        try:
            sides = elaborate_claim(claim.document, claim.declarations, claim.kinds, layout)
            left, right = self.finish(sides.left, sides.program), self.finish(sides.right, sides.program)
        except EinsdiffError as refused:
            return Finding(layout, State.REFUSED, error=refused)
        except build.DivisionByZeroError:
            message = "a divisor in this claim is exactly zero"
            error = ClaimError(message, claim.document.source, help="divide by something else")
            return Finding(layout, State.REFUSED, error=error)
        found = Finding(layout, State.SHAPES, "proof", sides=sides, left=left, right=right)
        if not sides.has_one_shape:
            return found
        if sides.apart:
            return self._folded_otherwise(claim, found, left, right)
        numbers = self.compare(sides, left, right, claim.numbers, near=True)
        if numbers.state in (State.DIFFERENT, State.UNDEFINED):
            return replace(found, state=numbers.state, method="numeric", difference=numbers.difference)
        return self._established(claim, found, left, right, numbers)

    def _folded_otherwise(self, claim: Claim, found: Finding, left: Block, right: Block) -> Finding:
        """Return what is found out about sides of which the sizes differ, unless n·m stands there against m·n."""
        assert found.sides is not None
        one, other = (_folded_sizes(block, found.sides.program) for block in (left, right))
        if one != other:
            return replace(found, state=State.APART)
        numbers = self.compare(found.sides, left, right, claim.numbers, near=True)
        grounds = f"equal to 9 digits at {numbers.points} random points"
        return replace(found, state=numbers.state, method="numeric", grounds=grounds, difference=numbers.difference)

    def _established(self, claim: Claim, found: Finding, left: Block, right: Block, numbers: Comparison) -> Finding:
        """Return by which method two sides are equal that agree in numbers, or have none."""
        a, b = left.entry, _as_left(left, right)
        if are_equal(a, b):
            return replace(found, state=State.EQUAL, method="proof", grounds="both sides have one normal form")
        agree = _agree_exactly(a, b, numbers.ranges)
        if agree:
            grounds = "equal in exact arithmetic modulo primes, on random tensors of pairwise different sizes"
            return replace(found, state=State.EQUAL, method="numeric", grounds=grounds)
        if numbers.state is State.UNKNOWN:
            return replace(found, state=State.UNKNOWN, method="numeric")
        assert found.sides is not None
        numbers = self.compare(found.sides, left, right, claim.numbers)
        if numbers.state is State.UNMET:
            found_there = (
                f"one branch of {numbers.unmet}(…) was never reached there"
                if numbers.unmet
                else f"{numbers.limit}(…) has no digits there that tell it from its limit"
            )
            raise ClaimError(
                f"the sides agree at all points, but {found_there}",
                claim.document.source,
                help="declare what the names are, for example  x : vector(n) positive, or write the branch you mean",
            )
        if numbers.state is not State.EQUAL:
            return replace(found, state=numbers.state, method="numeric", difference=numbers.difference)
        grounds = f"equal to 9 digits at {numbers.points} random points"
        return replace(found, state=State.EQUAL, method="numeric", grounds=grounds)


def _place(entry: Entry, wire: Wire) -> int:
    return entry.wires.index(wire) if wire in entry.wires else -1


def _folded_sizes(block: Block, program: Program) -> list[list[Size]]:
    """Return the sizes whose product is the number of rows, and those of the columns, in whatever order."""
    return [sorted((program.sizes.get(w.size, w.size) for w in axis), key=size_key) for axis in block[1:]]


def _as_left(left: Block, right: Block) -> Entry:
    """Return the right side with the wires of the left one."""
    if len(left.wires) != len(right.wires):
        return right.entry
    names: dict[Wire, Wire] = dict(zip(right.wires, left.wires, strict=True))
    return build.rename(right.entry, names)


def _agree_exactly(a: Entry, b: Entry, ranges: Mapping[Size, int]) -> bool | None:
    """Tell whether two entries agree modulo primes; None where too little has a value there, or sizes are large."""
    declared = [size for node in walk.ordered(a.node, b.node) for size in node.sizes if isinstance(size, int)]
    if max((*ranges.values(), *declared, *_least(a, b).values()), default=0) > WIDE:
        return None
    try:
        return exact.agree(a, b, sizes=ranges or None)
    except UndefinedError:
        return None


def _differ_exactly(a: Entry, b: Entry, ranges: Mapping[Size, int]) -> bool:
    """Whether two entries in whose difference no function stands differ modulo a prime."""
    rest = simplify(build.subtract(a, b))[0] if set(a.wires) == set(b.wires) else a
    for left, right in ((a, b), (rest, build.number(0))):
        if any(_is_opaque(node) for node in walk.ordered(left.node, right.node)):
            continue
        try:
            if not comparison.agreement(left, right, RandomFunctions, 0, ranges or None):
                return True
        except UndefinedError:
            pass
    return False


def _has_derivative(sides: Sides) -> bool:
    """Whether a derivative is taken, so that single points do not count in which there is none."""
    roots = [sides.left.entry, sides.right.entry, *(d.entry for d in sides.program.definitions)]
    return any(isinstance(node, Derivative) for node in walk.ordered(*(e.node for e in roots)))


def _is_whole(point: Point) -> bool:
    """Whether some input has whole numbers for entries, so that ties are accidents."""
    return any(bool((array == np.round(array)).all()) for array in point.arrays.values())


def _scales(nodes: Sequence[Expr]) -> tuple[float, ...]:
    """Return how large the data are: also such that they meet large and small numbers of the claim."""
    found = {float(magnitude(n)) for node in nodes for n in comparison.numbers(node) if n}
    extreme = sorted(n for n in found if not 0.1 <= n <= 10)[:MORE_SCALES]
    return (*SCALES, *(scale for n in extreme for scale in (3 * n, 1 / n)))


def _has_root(node: Expr) -> bool:
    return isinstance(node, Product) and any(not isinstance(f.exponent, int) for f in node.factors)


def _is_curved(node: Expr) -> bool:
    """Whether a node may be otherwise far away: functions, roots and largest entries."""
    return isinstance(node, Apply | Reduce) or _has_root(node)


def _is_opaque(node: Expr) -> bool:
    """Whether exact evaluation need not show that two equal expressions with this node are equal."""
    match node:
        case Apply() | Reduce() | MatrixFunction("logdet"):
            return True
        case Tensor(_, _, assumed):
            return bool(assumed)
        case Product(_, factors):
            return any(not isinstance(f.exponent, int) for f in factors)
        case _:
            return False


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


def _least(*entries: Entry) -> dict[Size, int]:
    """Return how far the sizes run at least in which a component is named."""
    found: dict[Size, int] = {}
    for node in walk.ordered(*(e.node for e in entries)):
        if isinstance(node, Unit):
            found[node.size] = max(found.get(node.size, 1), node.place)
    return found
