"""A claim in one layout: whether its two sides are equal, and how that is known.

Numbers come first: sides that differ at a point are not equal.  Sides that agree are equal if they have one normal
form, which is a proof; else exact evaluation modulo primes may show it; else the points are the grounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Axis,
    Size,
    Wire,
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
from einsdiff.verify import exact
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.sides import Comparison, Difference, State, as_left, least_sizes
from einsdiff.verify.trials import Trials

WIDE = 40
"""The largest size for which exact evaluation is tried."""


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


@dataclass(slots=True)
class Bench:
    """Where claims are tried: what was computed for one layout or variant of a claim serves the others."""

    finished: dict[object, Entry] = field(default_factory=dict)
    trials: Trials = field(default_factory=Trials)

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
        numbers = self.trials.compare(sides, left, right, claim.numbers, near=True)
        if numbers.state in (State.DIFFERENT, State.UNDEFINED):
            return replace(found, state=numbers.state, method="numeric", difference=numbers.difference)
        return self._established(claim, found, left, right, numbers)

    def _folded_otherwise(self, claim: Claim, found: Finding, left: Block, right: Block) -> Finding:
        """Return what is found out about sides of which the sizes differ, unless n·m stands there against m·n."""
        assert found.sides is not None
        one, other = (_folded_sizes(block, found.sides.program) for block in (left, right))
        if one != other:
            return replace(found, state=State.APART)
        numbers = self.trials.compare(found.sides, left, right, claim.numbers, near=True)
        grounds = f"equal to 9 digits at {numbers.points} random points"
        return replace(found, state=numbers.state, method="numeric", grounds=grounds, difference=numbers.difference)

    def _established(self, claim: Claim, found: Finding, left: Block, right: Block, numbers: Comparison) -> Finding:
        """Return by which method two sides are equal that agree in numbers, or have none."""
        a, b = left.entry, as_left(left, right)
        if are_equal(a, b):
            return replace(found, state=State.EQUAL, method="proof", grounds="both sides have one normal form")
        agree = _agree_exactly(a, b, numbers.ranges)
        if agree:
            grounds = "equal in exact arithmetic modulo primes, on random tensors of pairwise different sizes"
            return replace(found, state=State.EQUAL, method="numeric", grounds=grounds)
        if numbers.state is State.UNKNOWN:
            return replace(found, state=State.UNKNOWN, method="numeric")
        assert found.sides is not None
        numbers = self.trials.compare(found.sides, left, right, claim.numbers)
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


def _agree_exactly(a: Entry, b: Entry, ranges: Mapping[Size, int]) -> bool | None:
    """Tell whether two entries agree modulo primes; None where too little has a value there, or sizes are large."""
    declared = [size for node in walk.ordered(a.node, b.node) for size in node.sizes if isinstance(size, int)]
    if max((*ranges.values(), *declared, *least_sizes(a, b).values()), default=0) > WIDE:
        return None
    try:
        return exact.agree(a, b, sizes=ranges or None)
    except UndefinedError:
        return None
