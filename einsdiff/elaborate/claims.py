"""Claims: the statements above and the two sides, as blocks with rows and columns, for one layout.

The sizes of the two sides are compared and not tied: a claim that holds for square matrices alone is not one that
holds.  Only `I` and `ones`, whose size nothing gives, take that of the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from einsdiff.algebra import build
from einsdiff.algebra.nodes import Size, size_key
from einsdiff.elaborate import clashes, summation
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.calls import own_function, rank_by_kind
from einsdiff.elaborate.kinds import Kind, infer_kinds
from einsdiff.elaborate.matrix import elaborate_block, elaborate_sides
from einsdiff.elaborate.program import LETTERS, Program, Reading, written_ranks
from einsdiff.elaborate.scope import Scope, local
from einsdiff.errors import ClaimError, Mark, ParseError
from einsdiff.text.tree import (
    Declaration,
    Differentiate,
    Document,
    Index,
    Name,
    Numeral,
    Statement,
    Tree,
    children,
    own_call,
)

RIGHT = "the right side"
"""The name under which the right side of an index claim is elaborated; nobody can type it."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of a claim in one layout.

    Attributes:
        program: the statements above, and the sizes of everything.
        left, right: the sides; in index notation all free indices are rows.
        is_zero: whether one side is the number 0, a zero of any shape.
        apart: pairs of sizes that have to be equal if the claim holds, and that nothing makes equal.
    """

    program: Program
    left: Block
    right: Block
    is_zero: bool
    apart: tuple[tuple[Size, Size], ...]

    @property
    def has_one_shape(self) -> bool:
        """Whether both sides have as many rows and columns, folded of as many axes."""
        return self.is_zero or all(len(a) == len(b) for a, b in zip(self.left[1:], self.right[1:], strict=True))


def kinds_of(
    document: Document, declarations: tuple[Declaration, ...], *, first: bool = False, vectors: Iterable[str] = ()
) -> dict[str, Kind]:
    """Return the kinds of the names of a claim in matrix notation, of which some are `vectors`.

    With `first` the side with a derivative tells them, and the other side need not fit.
    """
    ranks = dict.fromkeys(vectors, int(Kind.VECTOR)) | Scope(document.source, declarations).ranks()
    return infer_kinds(document, ranks, claim=True, given=_differentiated(document), first=first)


def _differentiated(document: Document) -> int | None:
    """Return the side of a claim, 0 or 1, in which alone a derivative stands."""
    found = [any(isinstance(part, Differentiate) for part in parts_of(s.body)) for s in document.statements[-2:]]
    return found.index(True) if found.count(True) == 1 else None


def elaborate_claim(
    document: Document, declarations: tuple[Declaration, ...], kinds: Mapping[str, Kind], layout: str
) -> Sides:
    """Return the sides of a claim: the last two statements of a document, `left = right`.

    Args:
        document: by `parse_claim`.
        declarations: those of the text and others.
        kinds: the kinds of the names in matrix notation, by `kinds_of`.
        layout: which rows and columns derivatives have, also those inside formulas.

    Raises: SizeMismatchError or IndexMismatchError, where sizes or shapes within a side do not fit, or where the layout
        makes no matrix of a derivative; any other error of indices and names.
    """
    reading = _ClaimReading(document, Scope(document.source, declarations), kinds, layout)
    reading.read()
    return reading.index_sides() if document.notation == "index" else reading.matrix_sides()


class _ClaimReading(Reading):
    """The elaboration of a claim."""

    def __init__(self, document: Document, scope: Scope, kinds: Mapping[str, Kind], layout: str) -> None:
        *above, left, right = document.statements
        if document.notation == "index":
            scope.written = written_ranks(document)
        super().__init__(replace(document, statements=tuple(above)), scope)
        self.left, self.right = left, right
        self.kinds = dict(kinds)
        self.layout = layout
        self.rows: set[str] = set()

    # ------------------------------------------------------------------------------------------------- index notation

    def index_sides(self) -> Sides:
        """Return the sides; the free indices of the left one are those of the right one."""
        for side in (self.left, self.right):
            self._admit_variables(side.body)
        first, second = self.left, self.right
        if isinstance(first.body, Numeral):
            first, second = second, first
        free = summation.strict(self.scope.source, first.body)
        before = local("").serial
        self._index_statement(first)
        one = self.definitions.pop()
        target = Name(RIGHT, tuple(Index(i, first.span) for i in free), second.span)
        between = local("").serial
        self._index_statement(Statement(target, second.body, second.span))
        other = self.definitions.pop()
        del self.scope.symbols[RIGHT]
        for a, b in zip(one.wires, other.wires, strict=True):
            self.scope.tie_wires(a, b, second.span)
        self._tie_letters(before, between)
        blocks = [Block(d.entry, d.wires) for d in (one, other)]
        left, right = blocks if first is self.left else reversed(blocks)
        return Sides(self.finished(), left, right, is_zero=False, apart=())

    def _tie_letters(self, before: int, between: int) -> None:
        """Let an index that only δ, or a number, carries on one side run as far as the same letter on the other side.

        The wires of the two sides have serial numbers above `before` and above `between`.
        Raises: ClaimError, where the letter runs over several sizes there.
        """
        scope = self.scope
        found: dict[str, tuple[list[Size], list[Size]]] = {}
        for size in scope.ranges():
            letter, _, serial = size.index.partition("#")
            if letter and int(serial) > before:
                found.setdefault(letter, ([], []))[int(serial) > between].append(size)
        for letter, sides in found.items():
            for here, there in (sides, sides[::-1]):
                known = list({scope.resolve(size): size for size in there if scope.is_fixed(size)}.values())
                unknown = [size for size in here if not scope.is_fixed(size)] if known else []
                if unknown and len(known) > 1:
                    raise self._refuse_letter(letter)
                for open_size in unknown:
                    scope.unite(open_size, known[0], self.right.span)

    def _refuse_letter(self, letter: str) -> ClaimError:
        return ClaimError(
            f"nothing tells how far {letter} runs on one side of this claim, and on the other it has several sizes",
            self.scope.source,
            help=f"write {letter} for one of these sizes only, and other letters for the others",
        )

    # ------------------------------------------------------------------------------------------------- matrix notation

    def _matrix_statements(self) -> None:
        """Elaborate what stands above; derivatives there have the rows and columns of the layout, too."""
        for statement in self.document.statements:
            target, call = statement.target, own_call(statement)
            if not isinstance(target, Name):
                raise ParseError(
                    "what stands above a claim defines a name, and this [^] does not",
                    self.scope.source,
                    [Mark(statement.span)],
                    help="y = A x; ∂y/∂x = A",
                )
            if call is not None:
                wires = tuple(local(LETTERS[k]) for k in range(self.kinds[call.name]))
                entry = own_function(self.scope, call, wires, rank_by_kind(self.scope, self.kinds))
                self._define(call.name, call.name, wires, entry, statement.span, (), target)
                continue
            self._admit_variables(statement.body)
            block = elaborate_block(statement.body, self.scope, self.kinds, layout=self.layout, rows=self.rows)
            if block.is_folded:
                raise clashes.refuse_folded(self.scope.source, statement.body.span)
            if block.shape == "r":
                self.rows.add(target.name)
            named = tuple(local(LETTERS[k]) for k in range(len(block.wires)))
            for new, old in zip(named, block.wires, strict=True):
                self.scope.tie_wires(new, old, statement.span)
            self.kinds[target.name] = Kind(len(named))
            entry = build.rename(block.entry, dict(zip(block.wires, named, strict=True)))
            self._define(target.name, target.name, named, entry, statement.span, (), target)

    def matrix_sides(self) -> Sides:
        """Return the sides, with the pairs of sizes that would have to be equal."""
        trees = [self.left.body, self.right.body]
        for tree in trees:
            self._admit_variables(tree)
        left, right = elaborate_sides(trees, self.scope, self.kinds, layout=self.layout, rows=self.rows)
        is_zero = any(isinstance(tree, Numeral) and tree.value == 0 for tree in trees)
        sides = Sides(self.finished(), left, right, is_zero, ())
        if not sides.has_one_shape:
            left, right = self._without_ones(left), self._without_ones(right)
            small = replace(sides, left=left, right=right)
            sides = small if small.has_one_shape else sides
        if is_zero or not sides.has_one_shape:
            return sides
        apart = [
            (a.size, b.size)
            for a, b in zip(left.wires, right.wires, strict=True)
            if not self._can_be_one(a.size, b.size)
        ]
        program = self.finished()
        found = [frozenset((program.sizes[a], program.sizes[b])) for a, b in apart]
        pairs = [tuple(sorted(pair, key=size_key)) for pair in dict.fromkeys(found) if len(pair) > 1]
        return replace(sides, program=program, apart=tuple((a, b) for a, b in pairs))

    def _without_ones(self, block: Block) -> Block:
        """Return a block without the axes that are declared to have size 1."""
        ones = {w for w in block.wires if self.scope.resolve(w.size) == 1}
        if not ones:
            return block
        entry = build.contract(block.entry, ones.intersection(block.entry.wires))
        return Block(entry, *(tuple(w for w in axis if w not in ones) for axis in block[1:]))

    def _can_be_one(self, a: Size, b: Size) -> bool:
        """Make two sizes one, of the left side and of the right, unless that would make two of one side equal."""
        scope = self.scope
        if scope.are_one(a, b):
            return True
        resolved = [scope.resolve(size) for size in (a, b)]
        declared = [isinstance(size, int | str) for size in resolved]
        if all(declared) and resolved[0] == resolved[1]:
            return True
        tensors = [scope.tensors_of(size) for size in (a, b)]
        is_open = any(not known and not named for known, named in zip(declared, tensors, strict=True))
        if not is_open:
            above = {s.target.name: s.body for s in self.document.statements if isinstance(s.target, Name)}
            left, right = (names_below(side.body, above) for side in (self.left, self.right))
            if all(declared) or tensors[1] & left or tensors[0] & right:
                return False
        scope.unite(a, b, self.right.span)
        return True

    # ----------------------------------------------------------------------------------------------------- derivatives

    def _admit_variables(self, tree: Tree) -> None:
        """Let a name by which is differentiated be an input, even if it stands nowhere else: such a derivative is 0."""
        self._check_mixed(tree)
        for part in parts_of(tree):
            for name in part.wrt if isinstance(part, Differentiate) else ():
                if self.scope.rank_of(name.name) is None and name.name not in self.scope.functions:
                    rank = len(name.indices or ())
                    self.scope.use(name.name, int(self.kinds.get(name.name, rank)), name.span)


def parts_of(tree: Tree) -> Iterator[Tree]:
    """Yield a tree and all its parts, parents first."""
    stack: list[Tree] = [tree]
    while stack:
        part = stack.pop()
        yield part
        stack += reversed(children(part))


def names_below(tree: Tree, above: Mapping[str, Tree]) -> set[str]:
    """Return the names of a formula, and those by which they are defined `above`."""
    found: set[str] = set()
    left = [tree]
    while left:
        names = {part.name for part in parts_of(left.pop()) if isinstance(part, Name)} - found
        found |= names
        left += [above[name] for name in sorted(names) if name in above]
    return found
