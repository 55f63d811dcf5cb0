"""How many wires are folded into the rows and the columns of each part: what `I` and `ones` have to fit.

`I` and `ones` have the size of their neighbours, and beside A ⊗ B, vec(A) or the commutation matrix that size is folded
of several.  So widths are found before the elaboration: those of names are known, each operator says which are equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from einsdiff.elaborate.blocks import arranged
from einsdiff.elaborate.deep import Deep, run
from einsdiff.elaborate.kinds import BUILTINS, CALLS, Kind
from einsdiff.errors import EinsdiffError
from einsdiff.text import tree as syntax
from einsdiff.text.tree import Name, Tree, children

COMMUTATION = 2
"""How many wires the rows of the commutation matrix are, and its columns: those of vec(A)."""


@dataclass(slots=True)
class _Width:
    """How many wires one axis is folded of: 0 where there is no axis, None while that is unknown."""

    count: int | None
    same: _Width | None = None

    def root(self) -> _Width:
        width = self
        while width.same is not None:
            width = width.same
        return width

    def settled(self) -> int:
        """Return the width; one that nothing tells is 1."""
        root = self.root()
        if root.count is None:
            root.count = 1
        return root.count


class _Fold(NamedTuple):
    """The widths of the rows and of the columns of a part."""

    rows: _Width
    columns: _Width

    @property
    def is_scalar(self) -> bool:
        return not (_is_there(self.rows) or _is_there(self.columns))


NONE = _Width(0)
SCALAR = _Fold(NONE, NONE)
KINDS = {
    Kind.SCALAR: SCALAR,
    Kind.VECTOR: _Fold(_Width(1), NONE),
    Kind.MATRIX: _Fold(_Width(1), _Width(1)),
    Kind.TENSOR: _Fold(_Width(1), _Width(1)),
}


def find_widths(trees: Sequence[Tree], kinds: Mapping[str, Kind], layout: str | None) -> dict[int, int]:
    """Return the width of every `I` and `ones` in some formulas, by the identity of the name's tree.

    Several formulas are of one shape, the sides of an equation.
    """
    stack = list(trees)
    for tree in stack:
        stack += children(tree)
    if not any(isinstance(tree, Name) and _is_free(tree, kinds) for tree in stack):
        return {}
    reading = _Reading(kinds, layout)
    first, *others = [run(reading.fold(tree)) for tree in trees]
    for other in others:
        _meet(first, other)
    return {name: width.settled() for name, width in reading.free.items()}


class _Reading:
    """The widths of the parts of some formulas."""

    def __init__(self, kinds: Mapping[str, Kind], layout: str | None) -> None:
        self.kinds = kinds
        self.layout = layout
        self.free: dict[int, _Width] = {}

    def fold(self, tree: Tree) -> Deep[_Fold]:
        """Return the widths of a part."""
        parts: list[_Fold] = []
        for part in children(tree):
            parts += [(yield self.fold(part))]
        return self._combine(tree, parts)

    def _combine(self, tree: Tree, parts: Sequence[_Fold]) -> _Fold:
        match tree:
            case Name():
                return self._name(tree)
            case syntax.Negative() | syntax.Divide() | syntax.Differential():
                return parts[0]
            case syntax.Transpose():
                return _Fold(parts[0].columns, parts[0].rows)
            case syntax.Add() | syntax.Entrywise() | syntax.Compare():
                return _level(parts)
            case syntax.Multiply():
                return _product(parts)
            case syntax.Raise():
                return _square(parts[0])
            case syntax.Kronecker():
                return _Fold(*(_sum(a, b) for a, b in zip(*parts, strict=True)))
            case syntax.Call(name) if name in self.kinds:
                return KINDS[self.kinds[name]]
            case syntax.Call():
                return _call(tree, parts)
            case syntax.Differentiate(wrt=wrt, stacked=stacked):
                return self._derivative(parts, [name.name in stacked for name in wrt])
            case syntax.Numeral() | syntax.Reduce() | syntax.FieldDerivative():
                return SCALAR

    def _name(self, tree: Name) -> _Fold:
        if _is_free(tree, self.kinds):
            width = self.free[id(tree)] = _Width(None)
            return _Fold(width, width if tree.name == "I" else NONE)
        if tree.name in BUILTINS and tree.name not in self.kinds:
            return _Fold(_Width(COMMUTATION), _Width(COMMUTATION))
        return KINDS[self.kinds.get(tree.name, Kind.SCALAR)]

    def _derivative(self, parts: Sequence[_Fold], stacked: Sequence[bool]) -> _Fold:
        """Return the widths that a layout gives; without one each axis stands alone, but for those of vec(X)."""
        body, *variables = parts
        rows, columns = (range(width.settled()) for width in body)
        wires = [(*range(v.rows.settled()), *range(v.columns.settled())) for v in variables]
        groups = [[axes] if one else [(axis,) for axis in axes] for axes, one in zip(wires, stacked, strict=True)]
        try:
            found = arranged(rows, columns, groups, self.layout or "mixed")
        except EinsdiffError:  # the elaboration says what is wrong
            return _Fold(_Width(1), _Width(1))
        return _Fold(*(_Width(len(axes)) for axes in found))


def _is_free(tree: Name, kinds: Mapping[str, Kind]) -> bool:
    return tree.name in BUILTINS and tree.name != "commutation" and tree.name not in kinds


def _is_there(width: _Width) -> bool:
    return width.root().count != 0


def _equal(a: _Width, b: _Width) -> None:
    """Let two widths be one, where both are there; the elaboration finds those that are not."""
    a, b = a.root(), b.root()
    if a is b or 0 in (a.count, b.count):
        return
    if a.count is None:
        a.same = b
    elif b.count is None:
        b.same = a


def _meet(a: _Fold, b: _Fold) -> None:
    _equal(a.rows, b.rows)
    _equal(a.columns, b.columns)


def _sum(a: _Width, b: _Width) -> _Width:
    return _Width(a.settled() + b.settled())


def _square(part: _Fold) -> _Fold:
    _equal(*part)
    return part


def _level(parts: Sequence[_Fold]) -> _Fold:
    """Parts that stand entry by entry; scalars expand."""
    whole = [part for part in parts if not part.is_scalar]
    for part in whole[1:]:
        _meet(whole[0], part)
    return whole[0] if whole else SCALAR


def _product(parts: Sequence[_Fold]) -> _Fold:
    """The columns on the left are the rows on the right."""
    rows, columns = parts[0]
    for part in parts[1:]:
        if _Fold(rows, columns).is_scalar:
            rows, columns = part
        elif not part.is_scalar:
            _equal(columns, part.rows)
            columns = part.columns
    return _Fold(rows, columns)


def _call(tree: syntax.Call, parts: Sequence[_Fold]) -> _Fold:
    relation = CALLS.get(tree.name)
    if relation is None or len(parts) != 1:
        return _level(parts)
    part = parts[0]
    match relation:
        case "number" | "reduced":
            return SCALAR
        case "trace":
            _equal(*part)
            return SCALAR
        case "column":
            return _Fold(_sum(part.columns, part.rows), NONE)
        case "half":
            _equal(*part)
            return _Fold(_Width(1), NONE) if _is_there(part.rows) else SCALAR
        case "selection":
            sides = _Width(COMMUTATION), _Width(1)
            return _Fold(*(sides if tree.name == "duplication" else sides[::-1]))
        case "diagonal":
            if _is_there(part.rows) and _is_there(part.columns):
                _equal(*part)
                return _Fold(part.rows, NONE)
            along = part.rows if _is_there(part.rows) else part.columns
            return _Fold(along, along)
        case "square":
            _equal(*part)
            return _Fold(part.columns, part.rows)
        case _:
            return part
