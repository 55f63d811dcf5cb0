"""How one array or two are contracted, by class of indices: in both and kept, summed, left only, right only.

`spell` writes an operation as the library at hand spells it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from einsdiff.algebra.nodes import Labels
from einsdiff.errors import EinsdiffError
from einsdiff.program.plan.pairing import Roles, Way, best, roles

LETTERS = "ijklmnpqrstuvwabcdefghoxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # all that einsum knows


class Spell(Protocol):
    """Writes an operation of the table of spellings."""

    def __call__(self, operation: str, /, *parts: str) -> str:
        """Return the code of an operation on parts that are written."""
        ...


class Piece(NamedTuple):
    """A Python expression that binds like a name, and the labels of the axes of its array."""

    code: str
    labels: Labels

    @property
    def inside(self) -> str:
        """The expression as it can stand alone between the parentheses of a call."""
        return self.code[1:-1] if self.code.startswith("(") and _closes_last(self.code) else self.code

    def turned(self, spell: Spell, wanted: Sequence[int]) -> str:
        """Return the array with its axes in the wanted order, to stand alone between parentheses."""
        return self.inside if self.labels == tuple(wanted) else transposed(spell, self.code, self.labels, wanted)


def _closes_last(code: str) -> bool:
    """Tell whether the first parenthesis is closed by the last character."""
    depth = 0
    for k, c in enumerate(code):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return k == len(code) - 1
    return False


def transposed(spell: Spell, code: str, labels: Sequence[int], wanted: Sequence[int]) -> str:
    """Return the code of an array with its axes in the wanted order."""
    if tuple(labels) == tuple(wanted):
        return code
    if len(labels) == 2:
        return f"{code}.T"
    order = [list(labels).index(n) for n in wanted]
    return spell("transpose", code, ", ".join(map(str, order)))


def aligned(spell: Spell, code: str, labels: Sequence[int], out: Sequence[int]) -> str:
    """Return the code of an array whose axes stand where those of `out` do, of size 1 where it lacks them."""
    inside = [n for n in out if n in labels]
    code = transposed(spell, code, labels, inside)
    first = next((k for k, n in enumerate(out) if n in labels), len(out))
    entries = [":" if n in labels else "None" for n in out[first:]]
    return code if "None" not in entries else f"{code}[{', '.join(entries)}]"


def einsum(spell: Spell, operands: Sequence[Piece], out: Sequence[int]) -> str:
    """Return a call of einsum."""
    labels = list(dict.fromkeys(n for op in operands for n in op.labels))
    if len(labels) > len(LETTERS):
        raise EinsdiffError(f"one step ties {len(labels)} indices; einsum has {len(LETTERS)} letters")
    letter = dict(zip(labels, LETTERS, strict=False))
    terms = ",".join("".join(letter[n] for n in op.labels) for op in operands)
    result = "".join(letter[n] for n in out)
    return spell("einsum", f"{terms}->{result}", ", ".join(op.inside for op in operands))


def axis_argument(spell: Spell, labels: Sequence[int], summed: Sequence[int]) -> str:
    """Return the argument that names the axes of a reduction, empty where all axes go."""
    axes = [k for k, n in enumerate(labels) if n in summed]
    if len(axes) == len(labels):
        return ""
    return spell("axis", str(axes[0]) if len(axes) == 1 else f"({', '.join(map(str, axes))})")


def total(spell: Spell, a: Piece, out: Labels) -> str:
    """Σ a over what is not in `out`."""
    if len(set(a.labels)) < len(a.labels):
        return einsum(spell, [a], out)
    summed = [n for n in a.labels if n not in out]
    kept = tuple(n for n in a.labels if n in out)
    return transposed(spell, f"{a.code}.sum({axis_argument(spell, a.labels, summed)})", kept, out)


class Extent(NamedTuple):
    """How far the labels of a step run: as numbers, and as code."""

    numbers: Mapping[int, int]
    code: Callable[[int], str]


def pair(spell: Spell, a: Piece, b: Piece, out: Labels, extent: Extent) -> str:
    """Σ a b over what both have and `out` has not."""
    found = roles(a.labels, b.labels, out)
    if found.left and found.right and (*found.batch, *found.right, *found.left) == out:
        a, b, found = b, a, found.exchanged
    if not found.left and not found.right:
        return _dots(spell, a, b, found, out) if found.batch else _dot(spell, a, b)
    if not found.is_matrix_product:
        return _grouped(spell, a, b, out, extent)
    return (_batched if found.batch else _product)(spell, a, b, found, out)


def _grouped(spell: Spell, a: Piece, b: Piece, out: Labels, extent: Extent) -> str:
    """Σ a b as products of matrices, each of whose axes stands for several labels."""
    way = best(a.labels, b.labels, out, extent.numbers)
    if way.kind == "einsum":
        return einsum(spell, [a, b], out)
    first, second = matrices(spell, a, b, way, extent)
    code = spell("dot" if way.kind == "product" else "matmul", first, second)
    if any(len(g) != 1 for g in way.kept):
        code += _reshape([(n,) for n in way.made], extent)
    return transposed(spell, code, way.made, out)


def matrices(spell: Spell, a: Piece, b: Piece, way: Way, extent: Extent) -> tuple[str, str]:
    """Return the code of two operands as the matrices, or stacks of matrices, that are multiplied."""
    if way.is_exchanged:
        a, b = b, a
    return _folded(spell, a, way.first, extent), _folded(spell, b, way.second, extent)


def _folded(spell: Spell, piece: Piece, groups: Sequence[Labels], extent: Extent) -> str:
    """Return the code of an array with one axis for each group of labels."""
    if len(groups) == 2 and piece.labels == (*groups[1], *groups[0]):
        return f"{_merged(piece.code, groups[::-1], extent)}.T"
    whole = [n for g in groups for n in g]
    return _merged(transposed(spell, piece.code, piece.labels, whole), groups, extent)


def _merged(code: str, groups: Sequence[Labels], extent: Extent) -> str:
    """Return the code of an array whose axes are those of the groups in a row, with one axis for each group."""
    return code if all(len(g) == 1 for g in groups) else code + _reshape(groups, extent)


def _reshape(groups: Sequence[Labels], extent: Extent) -> str:
    return f".reshape({', '.join(' * '.join(map(extent.code, g)) or '1' for g in groups)})"


def _product(spell: Spell, a: Piece, b: Piece, found: Roles, out: Labels) -> str:
    """Σ a b for two matrices, or a matrix and a vector."""
    _, summed, left, right = found
    if not left:
        a, b, left, right = b, a, right, left
    if not right and a.labels[0] in summed:  # A_ki x_k = x_k A_ki
        return spell("dot", b.code, a.inside)
    first, second = transposed(spell, a.code, a.labels, (*left, *summed)), b.turned(spell, (*summed, *right))
    return transposed(spell, spell("dot", first, second), (*left, *right), out)


def _dot(spell: Spell, a: Piece, b: Piece) -> str:
    """Σ a b over all axes."""
    if len(a.labels) == 1:
        return spell("dot", a.code, b.inside)
    return spell("dot", f"{a.code}.ravel()", f"{transposed(spell, b.code, b.labels, a.labels)}.ravel()")


def _dots(spell: Spell, a: Piece, b: Piece, found: Roles, out: Labels) -> str:
    """Products of vectors, one for each value of the batch indices: along last axes, else as einsum does it."""
    if (a.labels[-1], b.labels[-1]) != found.summed * 2:
        return einsum(spell, [a, b], out)
    return transposed(spell, spell("vecdot", a.code, b.turned(spell, a.labels)), a.labels[:-1], out)


def _batched(spell: Spell, a: Piece, b: Piece, found: Roles, out: Labels) -> str:
    """Products of matrices, or of a matrix and a vector, one for each value of the batch indices."""
    batch, summed, left, right = found
    first = transposed(spell, a.code, a.labels, (*batch, *left, *summed))
    second = transposed(spell, b.code, b.labels, (*batch, *summed, *right))
    blanks = ", ".join([":"] * len(batch))
    if not left:
        first, cut = f"{first}[{blanks}, None]", f"[{blanks}, 0]"
    elif not right:
        second, cut = f"{second}[{blanks}, :, None]", f"[{blanks}, :, 0]"
    else:
        cut = ""
    return transposed(spell, spell("matmul", first, second) + cut, (*batch, *left, *right), out)
