"""What is wrong with a claim that holds in no layout: the nearest mistake, and what is right instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Expr, Size, Sum, Wire
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.claims import Sides, elaborate_claim, names_below, parts_of
from einsdiff.elaborate.kinds import BUILTINS
from einsdiff.errors import EinsdiffError, NoMatrixForm
from einsdiff.forms.statement import LeftSide, write_statement
from einsdiff.forms.style import PLAIN
from einsdiff.forms.writer import Writer
from einsdiff.simplify.simplify import simplify
from einsdiff.text.tree import Differential, Differentiate, Name, Tree
from einsdiff.verify import structures
from einsdiff.verify.judge import Bench, Claim, Finding
from einsdiff.verify.mistakes import Change, Context, changes, scaled
from einsdiff.verify.read_back import Folded, write_matrix
from einsdiff.verify.sides import Comparison, State

Group = tuple[str, ...]
"""Layouts in which the given side is the same matrix."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, and the layouts in which the claim holds once it is put right; `true_as` is what it says then."""

    text: str
    layouts: tuple[str, ...]
    true_as: str = ""


@dataclass(slots=True)
class Diagnosis:
    """One claim, of which one side is taken to be right.

    Attributes:
        place: of the side that is doubted: 0 for the left one, 1 for the right one.
        given: for each layout the other side, with derivatives carried out, where it is a matrix.
    """

    claim: Claim
    layouts: Sequence[str]
    bench: Bench
    place: int = 1
    given: dict[str, tuple[Sides, Block]] = field(default_factory=dict)
    errors: dict[str, EinsdiffError] = field(default_factory=dict)
    sizes: dict[str, Mapping[Size, Size]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = doubted(self.claim)
        alone = self.claim.with_side(self.place, self.claim.trees[1 - self.place])
        for layout in self.layouts:
            try:
                sides = elaborate_claim(alone.document, alone.declarations, alone.kinds, layout)
                self.given[layout] = sides, self.bench.finish(sides.left, sides.program)
            except EinsdiffError as error:
                self.errors[layout] = error

    @property
    def is_worth_saying(self) -> bool:
        """Whether the given side is to be derived, so that the right answer is news."""
        return any(map(_is_derived, parts_of(self.claim.trees[1 - self.place])))

    # --------------------------------------------------------------------------------------------------------- mistakes

    def mistake(self) -> Mistake | None:
        """Return the simplest change of the doubted side by which the claim holds in some layout."""
        tree = self.claim.trees[self.place]
        context = Context(self.claim.document.source, self.claim.kinds, self.claim.document.notation == "index")
        whole = self._tied(before_factor=True) or self._tried(Change("", tree)) or self._tied(before_factor=False)
        if whole is not None:
            return whole
        nearly = None
        for change in changes(tree, context):
            found = self._tried(change)
            if found is not None and found.text == change.text:
                return found
            nearly = nearly or found
        return nearly

    def _tied(self, *, before_factor: bool) -> Mistake | None:
        """Return the mistake if the claim is one about the free entries of a structured matrix."""
        for found in structures.tied(self.claim, before_factor=before_factor):
            layouts = tuple(name for name in self.layouts if self.bench.judge(found.claim, name).holds)
            if layouts:
                return Mistake(found.sentence, layouts, found.text)
        return None

    def _tried(self, change: Change) -> Mistake | None:
        """Return the mistake if a change puts the claim right, by itself or with a factor besides."""
        layouts, factor = self._where(change.tree)
        if not layouts and factor is not None:
            change = Change(_joined(change.text, _factor(factor)), scaled(change.tree, factor))
            layouts, _ = self._where(change.tree)
        return Mistake(change.text, layouts) if layouts else None

    def _where(self, tree: Tree) -> tuple[tuple[str, ...], Fraction | None]:
        """Return the layouts in which a formula is equal to the given side, and a factor that it may lack there."""
        factor: Fraction | None = None
        layouts: list[str] = []
        for group in self._groups():
            found = self._compared(tree, group[0])
            if found is not None and found.state is State.EQUAL:
                layouts += group
            elif found is not None and found.ratio is not None and factor is None:
                factor = found.ratio if self.place == 1 else 1 / found.ratio
        return tuple(name for name in self.layouts if name in layouts), factor

    def _groups(self) -> Iterator[Group]:
        """Yield the layouts, those together in which the given side is the same matrix."""
        groups: dict[object, list[str]] = {}
        for layout, (_, block) in self.given.items():
            key = Finding(layout, State.EQUAL, left=block).arrangement if self._is_one_derivative() else layout
            groups.setdefault(key, []).append(layout)
        yield from map(tuple, groups.values())

    def _is_one_derivative(self) -> bool:
        """Whether a layout only arranges the given side, and does nothing to the doubted one or to what is above."""
        given, tree = self.claim.trees[1 - self.place], self.claim.trees[self.place]
        body = given.body if isinstance(given, Differentiate) else given
        others = [tree, body, *(s.body for s in self.claim.above)]
        return not any(isinstance(part, Differentiate) for other in others for part in parts_of(other))

    def _compared(self, tree: Tree, layout: str) -> Comparison | None:
        """Compare the given side with another formula; None where the two do not fit."""
        claim = self.claim.with_side(self.place, tree)
        try:
            sides = elaborate_claim(claim.document, claim.declarations, claim.kinds, layout)
            if not sides.has_one_shape or sides.apart or self._fits_less(sides, layout):
                return None
            blocks = [sides.left, sides.right]
            for k, side in enumerate(claim.trees):
                has_derivative = any(isinstance(part, Differentiate) for part in parts_of(side)) or claim.above
                finished = self.bench.finish if has_derivative else self.bench.linked
                blocks[k] = finished(blocks[k], sides.program)
        except (EinsdiffError, build.DivisionByZeroError):
            return None
        compare = self.bench.trials.compare
        found = compare(sides, blocks[0], blocks[1], claim.numbers, needed=1)
        return compare(sides, blocks[0], blocks[1], claim.numbers) if found.state is State.EQUAL else found

    def _fits_less(self, sides: Sides, layout: str) -> bool:
        """Whether sizes are equal in these sides that are so neither in the claim as written nor in its given side.

        det(X X') is not det(X' X) for want of a transpose, since X' X' is a product of square matrices alone.
        """
        if layout not in self.sizes:
            self.sizes[layout] = _sizes_of(self.claim, layout)
        axes = [axis for axis in sides.program.sizes if isinstance(axis, Axis)]
        known = [self.given[layout][0].program.sizes, self.sizes[layout]]
        known = [sizes for sizes in known if sizes]
        now = sides.program.sizes
        return any(
            now[a] == now[b] and all(sizes.get(a, a) != sizes.get(b, b) for sizes in known)
            for a, b in combinations(axes, 2)
        )

    def missing_term(self) -> Mistake | None:
        """Return t as the mistake where L = R + t for one term t that R lacks."""
        for group in self._groups():
            finding = self.bench.judge(self.claim, group[0])
            if finding.state is not State.DIFFERENT or finding.left is None or finding.right is None:
                continue
            given, doubted_side = (finding.left, finding.right) if self.place else (finding.right, finding.left)
            if build.is_zero(doubted_side.entry) or len(doubted_side.wires) != len(given.wires):
                continue
            names: dict[Wire, Wire] = dict(zip(doubted_side.wires, given.wires, strict=True))
            rest = simplify(build.subtract(given.entry, build.rename(doubted_side.entry, names)))[0]
            if not isinstance(given.entry.node, Sum) or _has_sum(rest.node):
                continue
            assert finding.sides is not None
            text = self._written(finding.sides, Block(rest, given.rows, given.columns), group[0])
            if text is not None and "\n" not in text:
                return Mistake(f"a term is missing: {text}", group)
        return None

    # ---------------------------------------------------------------------------------------------------- right answers

    def correct(self) -> dict[str, str]:
        """Return the given side in each layout in which it has a matrix form; under "index" in index notation."""
        found: dict[str, str] = {}
        known: dict[object, str | None] = {}
        for layout, (sides, block) in self.given.items():
            has_functions = any(s.role == "function" for s in sides.program.inputs.values())
            key = Finding(layout, State.EQUAL, left=block).arrangement, layout if has_functions else ""
            if key not in known:
                known[key] = self._written(sides, block, layout)
            text = known[key]
            if text is not None:
                found["index" if self.claim.document.notation == "index" else layout] = text
        return found

    def _written(self, sides: Sides, block: Block, layout: str) -> str | None:
        if self.claim.document.notation == "index":
            return _index_text(sides, block.entry, block)
        try:
            return write_matrix(Folded(block.entry, block.rows, block.columns), sides.program, layout)
        except NoMatrixForm:
            return None


def _sizes_of(claim: Claim, layout: str) -> Mapping[Size, Size]:
    """Return which sizes are equal in a claim as it was written; none where it has no meaning."""
    try:
        return elaborate_claim(claim.document, claim.declarations, claim.kinds, layout).program.sizes
    except EinsdiffError:
        return {}


def doubted(claim: Claim) -> int:
    """Return which side is doubted: the right one, unless the derivative stands there and not on the left."""
    left, right = (any(map(_is_derived, parts_of(tree))) for tree in claim.trees)
    return 0 if right and not left else 1


def _is_derived(tree: Tree) -> bool:
    """Whether a part is a derivative, or the differential of a formula."""
    is_change = isinstance(tree, Differential) and not isinstance(tree.body, Name)
    return is_change or isinstance(tree, Differentiate)


def _has_sum(node: Expr) -> bool:
    return isinstance(node, Sum) or any(isinstance(part, Sum) for part in node.below)


def _joined(text: str, factor: str) -> str:
    return f"{text}, and {factor}" if text else factor


def _factor(factor: Fraction) -> str:
    """Return what is wrong where the doubted side lacks a factor.

    >>> _factor(Fraction(-1)), _factor(Fraction(2)), _factor(Fraction(1, 2))
    ('the sign is wrong', 'a factor 2 is missing', 'a factor 2 is too much')
    """
    if factor == -1:
        return "the sign is wrong"
    if factor < 0:
        return f"{_factor(-factor)} and the sign is wrong"
    if factor.numerator == 1:
        return f"a factor {factor.denominator} is too much"
    return f"a factor {factor} is missing"


def _index_text(sides: Sides, entry: Entry, block: Block) -> str:
    """Return an entry in index notation, with the lines above that it needs."""
    program = sides.program
    writer = Writer(PLAIN, program.hints, program.sizes)
    names: dict[Wire, str] = {w: w.index for w in block.wires}
    taken = {*program.inputs, *(d.name for d in program.definitions if d.name)}
    left = LeftSide("∂", ())  # a label that is written as it is
    *lines, last = write_statement(entry, left, names, writer, taken).split("\n")
    return "\n".join([*lines, last.removeprefix("∂ = ")])


# ------------------------------------------------------------------------------------------- derivatives that are zero


def zeros(claim: Claim) -> Mapping[int, str]:
    """Return for each side, 0 and 1, why a derivative in it is zero: its body does not have the variable."""
    above = {s.target.name: s.body for s in claim.above if isinstance(s.target, Name)}
    found: dict[int, str] = {}
    for side, tree in enumerate(claim.trees):
        for part in parts_of(tree):
            if isinstance(part, Differentiate) and side not in found:
                names = names_below(part.body, above)
                absent = next((n.name for n in part.wrt if n.name not in names | set(BUILTINS)), None)
                if absent is not None:
                    body = Context(claim.document.source, claim.kinds, is_index=True).text(part.body)
                    found[side] = f"{body} does not depend on {absent}"
    return found
