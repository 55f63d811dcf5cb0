"""Statements: a left-hand side, a formula, and above it the definitions that it needs.

A part gets a name and a line of its own where the notation asks for one (the argument of `inv`), or where it stands at
several places of a formula that would be long.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice

from einsdiff.algebra import walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Argument, Axis, Call, Count, Expr, MatrixFunction, Size, Tensor, Wire
from einsdiff.forms.style import Style
from einsdiff.forms.writer import LETTERS, Writer, needs_alias

LONG = 240  # parts of a formula, written out, beyond which those that stand twice get a name
WORTH = 6  # parts that a shared part must have for a name of its own


@dataclass(frozen=True, slots=True)
class LeftSide:
    """`y_ij`, or `∂y_i/∂x_j…` with the variables by which was differentiated.

    `folds` counts the indices that share each axis, where some do: `y_{(ij)}`.
    """

    label: str
    indices: tuple[str, ...]
    wrt: tuple[tuple[str, tuple[str, ...]], ...] = ()
    folds: tuple[int, ...] = ()

    def write(self, style: Style) -> str:
        """Return the left-hand side."""
        if self.folds:
            rest = iter(self.indices)
            return style.folded(self.label, [tuple(islice(rest, n)) for n in self.folds])
        whole = self.label if "∂" in self.label else style.tensor(self.label, self.indices)
        return style.derivatives(whole, [style.tensor(name, at) for name, at in self.wrt]) if self.wrt else whole


def write_statement(
    entry: Entry,
    left: LeftSide,
    names: Mapping[Wire, str],
    writer: Writer,
    taken: Collection[str],
) -> str:
    """Return the statement of an entry whose wires are called by `names`; `taken` are names that stand for tensors."""
    named = _named(entry.node, {*taken, left.label})
    aliased = _aliased(entry.node, {*taken, left.label, *named.values()})
    lines = []
    style = writer.style
    spoken = {*taken, left.label, *named.values(), *aliased.values(), *names.values(), *writer.hints.values()}
    writer.counts = _counts(entry.node, spoken)
    for node in walk.ordered(entry.node):
        if node in named:
            letters = _letters(node.rank)
            lines.append(f"{style.tensor(named[node], letters)} = {writer.write(Entry(node, letters), letters)}")
            writer.names[node] = named[node]
        for a in aliased:
            if a.node is node:
                letters = _letters(1 + max(a.labels, default=-1))
                part = Entry(node, tuple(letters[k] for k in a.labels))
                lines.append(f"{style.tensor(aliased[a], letters)} = {writer.write(part, letters)}")
                writer.aliases[a] = aliased[a]
    free = [names[w] for w in names]
    at = tuple(names[w] for w in entry.wires)
    lines.append(f"{left.write(style)} = {writer.write(Entry(entry.node, at), free)}")
    counts = [_count_line(size, writer) for size in writer.counted]
    return "\n".join([*counts, *lines])


def _letters(rank: int) -> tuple[str, ...]:
    return tuple(LETTERS[k] if k < len(LETTERS) else f"i{k}" for k in range(rank))


def _aliased(root: Expr, taken: Collection[str]) -> dict[Argument, str]:
    """Return the arguments of unknown functions that are named anew."""
    calls = [node for node in walk.ordered(root) if isinstance(node, Call)]
    asked = dict.fromkeys(a for c in calls for k, a in enumerate(c.arguments) if needs_alias(c, k))
    serial = (f"t{k}" for k in count(1))
    return {a: next(name for name in serial if name not in taken) for a in asked}


def _counts(root: Expr, taken: Collection[str]) -> dict[Size, str]:
    """Return a name for each size that stands as a number in a formula: how many values an axis of an input has."""
    sizes = dict.fromkeys(n.size for n in walk.ordered(root) if isinstance(n, Count) and isinstance(n.size, Axis))
    spellings = chain(("n", "m"), (f"n{k}" for k in count(1)))
    candidates = (name for name in spellings if name not in taken)
    return dict(zip(sizes, candidates, strict=False))


def _count_line(size: Size, writer: Writer) -> str:
    """Return n = Σ_i x_i^0, which counts the values of an index."""
    assert isinstance(size, Axis)
    rank = max((axis for name, axis in writer.hints if name == size.tensor), default=size.axis) + 1
    at = tuple("i" if k == size.axis else "1" for k in range(max(rank, size.axis + 1)))
    body = writer.style.power(writer.style.tensor(size.tensor, at), "0", True)  # noqa: FBT003 - a column of the table
    return f"{writer.style.tensor(writer.counts[size], ())} = {writer.style.reduction('sum', ['i'], body)}"


def _named(root: Expr, taken: Collection[str]) -> dict[Expr, str]:
    """Return the parts that get a name of their own, parts before wholes."""
    nodes = walk.ordered(root)
    uses = walk.uses(nodes, [root])
    written: dict[Expr, int] = {}
    for node in nodes:
        written[node] = 1 + sum(written[part] for part in node.below)
    asked: set[Expr] = {
        part for node in nodes if isinstance(node, MatrixFunction | Call) for part in node.below
        if not isinstance(part, Tensor)
    }  # fmt: skip
    if written[root] > LONG:
        asked |= {node for node in nodes if uses[node] > 1 and written[node] >= WORTH}
    asked.discard(root)
    serial = count(1)
    result: dict[Expr, str] = {}
    for node in nodes:
        if node in asked:
            result[node] = next(name for k in serial if (name := f"t{k}") not in taken)
    return result


def default_label(taken: Collection[str]) -> str:
    """Return a name for a formula that has none."""
    candidates: Sequence[str] = ("y", "f", "g", "h", "r", "s")
    return next((c for c in candidates if c not in taken), "result")
