"""Blocks: an entry with its rows and its columns, and how the axes of two blocks are joined.

A column has rows only, a row has columns only, a scalar has neither.  Rows, and columns, may be several wires that are
folded into one axis, the last one fastest: those of A ⊗ B, of vec(A), and of a derivative in some layouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeVar

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Size, Wire
from einsdiff.elaborate import clashes
from einsdiff.elaborate.scope import Local, Scope, local
from einsdiff.errors import EinsdiffError, IndexMismatchError, Mark, SizeMismatchError, Span
from einsdiff.layouts import arrange_matrix

Wires = tuple[Local, ...]
T = TypeVar("T")


class Block(NamedTuple):
    """An entry with the wires of its rows and those of its columns, the last of each fastest.

    A zero entry has no wires of its own, whatever `rows` and `columns` say.
    """

    entry: Entry
    rows: Wires = ()
    columns: Wires = ()

    @property
    def wires(self) -> Wires:
        """All wires, those of the rows first."""
        return self.rows + self.columns

    @property
    def shape(self) -> str:
        """The letter of the shape, as in the relations of kinds: s, c, r or m."""
        return ("m" if self.columns else "c") if self.rows else "r" if self.columns else "s"

    @property
    def is_folded(self) -> bool:
        """Whether several wires are the rows, or the columns."""
        return len(self.rows) > 1 or len(self.columns) > 1


def arranged(
    rows: Sequence[T], columns: Sequence[T], groups: Sequence[Sequence[Sequence[T]]], layout: str
) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Return the rows and the columns of ∂Y/∂X… in a layout, where Y has these rows and columns.

    Y's rows are one axis, and so are its columns; `groups` has the axes of each variable, folded or not.
    Raises: NoMatrixForm, where the layout makes no matrix.

    >>> arranged("i", "", [["j"]], "numerator"), arranged("ik", "j", [[]], "denominator")
    ((('i',), ('j',)), (('j',), ('i', 'k')))
    >>> arranged("i", "", [["jk"]], "denominator")
    (('j', 'k'), ('i',))
    """
    y = [tuple(axis) for axis in (rows, columns) if axis]
    x = [[tuple(axis) for axis in group] for group in groups]
    above, below = arrange_matrix(y, x, layout)
    return sum(above, ()), sum(below, ())


def sizes_of(wires: Wires) -> dict[Wire, Size]:
    """Return the size of each wire."""
    return {w: w.size for w in wires}


def _total(sizes: Sequence[Size]) -> tuple[int, list[str]]:
    """Return the product of some sizes: of the numbers, and the names in order."""
    numbers = [size for size in sizes if isinstance(size, int)]
    return prod(numbers), sorted(str(size) for size in sizes if not isinstance(size, int))


class Joints:
    """The joints between the blocks of one text: axes that run over the same values, and errors where they do not."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.source = scope.source

    def error(self, message: str, *places: Span, rule: str = "", help: str = "") -> IndexMismatchError:  # noqa: A002
        """Return the error of shapes that do not fit; the first place is the culprit."""
        marks = [Mark(span, sign) for span, sign in zip(places, "^~", strict=False)]
        return IndexMismatchError(message, self.source, marks, rule=rule, help=help)

    def plain(self, block: Block, span: Span) -> None:
        """Refuse a block with folded rows or columns."""
        if block.is_folded:
            raise clashes.refuse_folded(self.source, span)

    def join(self, kept: Wires, gone: Wires, spans: tuple[Span, Span], message: str) -> dict[Wire, Wire]:
        """Let wires run over the same values, or say the `message` with the two sizes; return the kept ones by name."""
        if len(kept) != len(gone):
            raise clashes.refuse_folded(self.source, spans[0].to(spans[1]))
        for a, b in zip(kept, gone, strict=True):
            if self._differ(a, b):
                raise self._refuse_sizes(kept, gone, spans, message)
            self.scope.tie_wires(a, b, spans[1])
        return dict(zip(gone, kept, strict=True))

    def _differ(self, a: Local, b: Local) -> bool:
        """Whether two wires run over sizes that are declared, and not the same."""
        sizes = self.scope.resolve(a.size), self.scope.resolve(b.size)
        return all(isinstance(size, int | str) for size in sizes) and sizes[0] != sizes[1]

    def _refuse_sizes(self, kept: Wires, gone: Wires, spans: tuple[Span, Span], message: str) -> EinsdiffError:
        """Return the error of axes of two sizes; folded ones of the same size in all have to be numbered anew."""
        sizes = [[self.scope.resolve(w.size) for w in wires] for wires in (kept, gone)]
        if len(kept) > 1 and _total(sizes[0]) == _total(sizes[1]):
            return clashes.refuse_folded(self.source, spans[0].to(spans[1]))
        marks = [Mark(spans[1]), Mark(spans[0], "~")] if spans[0] != spans[1] else [Mark(spans[0])]
        facts = self.scope.declarations([w.size for w in kept + gone])
        shown = ["·".join(str(s) if isinstance(s, int | str) else "…" for s in side) for side in sizes]
        typed = "declare the same size for both"
        return SizeMismatchError(message.format(*shown), self.source, marks, sizes=facts, help=typed)

    def square(self, block: Block, span: Span, what: str) -> dict[Wire, Wire]:
        """The rows and columns of a matrix run over the same values; return the names of the rows for the columns."""
        if block.shape != "m":
            typed = f"diag({self.source[span.start : span.stop]}) is a matrix"
            raise self.error(f"{what} needs a square matrix, and [^] is {clashes.WORDS[block.shape]}", span, help=typed)
        message = what + " needs a square matrix: [^] has {} rows and {} columns"
        return self.join(block.rows, block.columns, (span, span), message)

    def again(self, block: Block, span: Span) -> Block:
        """Return the block at wires of its own."""
        rows, columns = (tuple(local(w.index) for w in wires) for wires in block[1:])
        names = self.join(rows + columns, block.wires, (span, span), "")
        return Block(build.rename(block.entry, names), rows, columns)
