"""Matrix notation, evaluated entry by entry: every value is rows of numbers and a kind."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from einsdiff.errors import ClaimError, IndexMismatchError, InputError, SizeMismatchError, UnknownNameError
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Differential,
    Differentiate,
    Divide,
    Entrywise,
    FieldDerivative,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Reduce,
    Transpose,
    Tree,
)
from einsdiff.verify.blocks import Matrix, Open, Rows, Sizes, commutation, opened, unit_matrix
from einsdiff.verify.entries import (
    FUNCTIONS,
    RELATIONS,
    Number,
    Position,
    Tensor,
    eliminate,
    positions,
    power,
)

Entry = tuple[str, Position]

INNER_LEFT, INNER_RIGHT = ("row", "matrix"), ("column", "matrix")
PRODUCT = {(False, False): "scalar", (True, False): "column", (False, True): "row", (True, True): "matrix"}
SIZELESS = ("open", "ones", "ones'")


class Surroundings(Protocol):
    """What the names of a formula stand for, and how to differentiate by an entry."""

    def tensor(self, name: str) -> Tensor:
        """Return the entries of a tensor."""

    def function(self, name: str) -> Callable[..., Any] | None:
        """Return the callable that was given for an unknown function."""

    def has(self, name: str) -> bool:
        """Return whether a name is known."""

    def derivative(self, wrt: tuple[Entry, ...], body: Callable[[Any], Any]) -> Any:
        """Return the derivative of `body(surroundings)` by these entries."""


def matrix(tree: Tree, scope: Surroundings) -> Matrix:
    """Return the value of a formula in matrix notation."""
    match tree:
        case Numeral(value):
            return Matrix("scalar", [[value]])
        case Name(name):
            return _named(name, scope)
        case Negative(body):
            return _each(lambda u: -u, matrix(body, scope))
        case Add(terms):
            return _fold(lambda u, v: _spread(lambda a, b: a + b, u, v), [matrix(term, scope) for term in terms])
        case Multiply(factors):
            return _fold(times, [matrix(factor, scope) for factor in factors])
        case Divide(left, right):
            below = matrix(right, scope)
            if below.kind != "scalar":
                raise IndexMismatchError("only a scalar can stand below a fraction bar; ./ divides entry by entry")
            return _each(lambda u: u / below.rows[0][0], matrix(left, scope))
        case Raise(base, exponent):
            return _raise(matrix(base, scope), matrix(exponent, scope))
        case Entrywise(operator, left, right):
            operate = {"*": lambda a, b: a * b, "/": lambda a, b: a / b, "^": power}[operator]
            return _spread(operate, matrix(left, scope), matrix(right, scope))
        case Transpose(body):
            return transpose(matrix(body, scope))
        case Kronecker(left, right):
            return _kronecker(matrix(left, scope), matrix(right, scope))
        case Compare(relation, left, right):
            return _spread(FUNCTIONS[RELATIONS[relation]], matrix(left, scope), matrix(right, scope))
        case Call():
            return _call(tree, scope)
        case Differentiate():
            return from_tensor(differentiate(tree, scope))
        case Reduce() | FieldDerivative():
            raise IndexMismatchError("an index stands in a formula in matrix notation")
        case Differential():
            raise ClaimError("a differential stands in claims only")


def evaluate_matrix(tree: Tree, scope: Surroundings) -> Tensor:
    """Return a formula's value with as many axes as it has; a row result is a vector too."""
    if isinstance(tree, Differentiate):
        return differentiate(tree, scope)
    value = matrix(tree, scope)
    if value.kind in SIZELESS:
        raise SizeMismatchError("nothing gives I or ones a size")
    return to_entries(value)


def differentiate(tree: Differentiate, scope: Surroundings) -> Tensor:
    """Return ∂body/∂wrt with the body's axes, then those of each wrt."""
    shape = to_entries(matrix(tree.body, scope)).shape
    places = [positions(scope.tensor(name.name).shape) for name in tree.wrt]
    inner = [scope.tensor(name.name).shape for name in tree.wrt]
    entries: dict[Position, Number] = {}
    for choice in _choices(places):
        wrt = tuple((name.name, at) for name, at in zip(tree.wrt, choice, strict=True))
        rows = scope.derivative(wrt, lambda around: np.array(matrix(tree.body, around).rows, dtype=object))
        for at, value in zip(positions(shape), np.ravel(rows), strict=True):
            entries[sum(choice, at)] = value
    return Tensor(sum(inner, shape), entries)


def _choices(places: list[list[Position]]) -> list[tuple[Position, ...]]:
    chosen: list[tuple[Position, ...]] = [()]
    for options in places:
        chosen = [(*before, option) for before in chosen for option in options]
    return chosen


def from_tensor(tensor: Tensor) -> Matrix:
    """Return a number, a column or a matrix."""
    if len(tensor.shape) > 2:
        raise InputError("a tensor with more than two axes has no place in matrix notation")
    kind = ("scalar", "column", "matrix")[len(tensor.shape)]
    height, width = (*tensor.shape, 1, 1)[:2]
    values = [tensor.entries[at] for at in positions(tensor.shape)]
    return Matrix(kind, [values[k * width : (k + 1) * width] for k in range(height)])


def to_entries(value: Matrix) -> Tensor:
    """Return the entries, with no axis for a scalar and one for a column or a row."""
    flat = [entry for row in value.rows for entry in row]
    if value.kind == "scalar":
        return Tensor((), {(): flat[0]})
    shape = value.shape if value.kind == "matrix" else (len(flat),)
    return Tensor(shape, dict(zip(positions(shape), flat, strict=True)))


def times(left: Matrix, right: Matrix) -> Matrix:
    """Σ_k a_ik b_kj, with a scalar factor for every entry."""
    if left.kind == "scalar" or right.kind == "scalar":
        scalar, other = (left, right) if left.kind == "scalar" else (right, left)
        return _each(lambda u: scalar.rows[0][0] * u, other)
    if isinstance(left, Open) and isinstance(right, Open):
        return _open_product(left, right)
    left = left.from_columns(right.row_sizes) if isinstance(left, Open) and right.kind not in SIZELESS else left
    right = right.from_rows(left.column_sizes) if isinstance(right, Open) and left.kind not in SIZELESS else right
    left = _sized(left, (1, len(right.rows))) if left.kind == "ones'" else left
    right = _sized(right, (left.shape[1], 1)) if right.kind == "ones" else right
    if left.kind in SIZELESS or right.kind in SIZELESS:
        raise SizeMismatchError("nothing gives ones a size")
    if (left.kind in INNER_LEFT) != (right.kind in INNER_RIGHT):
        raise IndexMismatchError(f"a {left.kind} cannot stand before a {right.kind} in a product")
    if left.shape[1] != right.shape[0]:
        raise SizeMismatchError(f"{left.shape} times {right.shape}")
    inner = range(left.shape[1])
    rows = [[sum(row[k] * right.rows[k][j] for k in inner) for j in range(right.shape[1])] for row in left.rows]
    kind = PRODUCT[left.kind in ("column", "matrix"), right.kind in ("row", "matrix")]
    return Matrix(kind, rows, (left.row_sizes, right.column_sizes))


def _open_product(left: Open, right: Open) -> Open:
    def from_columns(sizes: Sizes) -> Matrix:
        behind = right.from_columns(sizes)
        return times(left.from_columns(behind.row_sizes), behind)

    def from_rows(sizes: Sizes) -> Matrix:
        before = left.from_rows(sizes)
        return times(before, right.from_rows(before.column_sizes))

    return opened(from_rows, from_columns, max(left.width, right.width))


def transpose(value: Matrix) -> Matrix:
    """Rows become columns."""
    if isinstance(value, Open):
        made = value
        return opened(
            lambda sizes: transpose(made.from_columns(sizes)),
            lambda sizes: transpose(made.from_rows(sizes)),
            made.width,
        )
    kind = {"column": "row", "row": "column", "ones": "ones'", "ones'": "ones"}.get(value.kind, value.kind)
    rows = [list(column) for column in zip(*value.rows, strict=True)]
    return Matrix(kind, rows, (value.column_sizes, value.row_sizes))


def _named(name: str, scope: Surroundings) -> Matrix:
    if scope.has(name):
        return from_tensor(scope.tensor(name))
    if name == "I":
        return opened(unit_matrix, unit_matrix)
    if name == "commutation":
        return opened(lambda rows: commutation(rows[::-1]), commutation, 2)
    if name in ("ones", "𝟏", "1"):
        return Matrix("ones", [[Fraction(1)]])
    return from_tensor(scope.tensor(name))


def _each(function: Callable[[Number], Number], value: Matrix) -> Matrix:
    if isinstance(value, Open):
        made = value
        return opened(
            lambda sizes: _each(function, made.from_rows(sizes)),
            lambda sizes: _each(function, made.from_columns(sizes)),
            made.width,
        )
    return Matrix(value.kind, [[function(entry) for entry in row] for row in value.rows], value.folds)


def _fold(combine: Callable[[Matrix, Matrix], Matrix], values: list[Matrix]) -> Matrix:
    result = values[0]
    for value in values[1:]:
        result = combine(result, value)
    return result


def _sized(value: Matrix, shape: tuple[int, int]) -> Matrix:
    """Give ones a size."""
    [[coefficient]] = value.rows
    return Matrix("column" if value.kind == "ones" else "row", [[coefficient] * shape[1] for _ in range(shape[0])])


def _spread(function: Callable[[Number, Number], Number], left: Matrix, right: Matrix) -> Matrix:
    """Apply a function entry by entry; a scalar is the same for every entry."""
    if isinstance(left, Open) and isinstance(right, Open):
        one, other = left, right
        return opened(
            lambda sizes: _spread(function, one.from_rows(sizes), other.from_rows(sizes)),
            lambda sizes: _spread(function, one.from_columns(sizes), other.from_columns(sizes)),
            max(one.width, other.width),
        )
    left = left.from_rows(right.row_sizes) if isinstance(left, Open) and right.kind != "scalar" else left
    right = right.from_rows(left.row_sizes) if isinstance(right, Open) and left.kind != "scalar" else right
    if left.kind in SIZELESS and right.kind not in (*SIZELESS, "scalar"):
        left = _sized(left, right.shape)
    if right.kind in SIZELESS and left.kind not in (*SIZELESS, "scalar"):
        right = _sized(right, left.shape)
    if left.kind == "scalar":
        return _each(lambda v: function(left.rows[0][0], v), right)
    if right.kind == "scalar":
        return _each(lambda u: function(u, right.rows[0][0]), left)
    if left.kind != right.kind:
        raise IndexMismatchError(f"a {left.kind} and a {right.kind} cannot be joined entry by entry")
    if left.shape != right.shape:
        raise SizeMismatchError(f"{left.shape} and {right.shape}")
    pairs = zip(left.rows, right.rows, strict=True)
    rows = [[function(u, v) for u, v in zip(*pair, strict=True)] for pair in pairs]
    return Matrix(left.kind, rows, left.folds or right.folds)


def _raise(base: Matrix, exponent: Matrix) -> Matrix:
    [[n]] = exponent.rows
    if base.kind == "scalar":
        return Matrix("scalar", [[power(base.rows[0][0], n)]])
    if isinstance(base, Open):
        if n != int(n) or n < 1:
            raise IndexMismatchError("nothing gives I a size")
        return _fold(times, [base] * int(n))
    if base.kind != "matrix" or n != int(n):
        raise IndexMismatchError(f"a {base.kind} has no power {n}; .^ raises entry by entry")
    root = base if n >= 0 else Matrix("matrix", _inverse(base.rows))
    return _fold(times, [unit_matrix(base.row_sizes), *[root] * abs(int(n))])


def _inverse(rows: Rows) -> Rows:
    inverse = eliminate(rows)[1]
    if not inverse:
        raise InputError("the matrix has no inverse")
    return inverse


def _kronecker(left: Matrix, right: Matrix) -> Matrix:
    if isinstance(left, Open) or isinstance(right, Open):
        return _open_kronecker(left, right)
    rows = [[a * b for a in upper for b in lower] for upper in left.rows for lower in right.rows]
    kinds = {left.kind, right.kind} - {"scalar"} or {"scalar"}
    shown = [m for m in (left, right) if m.kind != "scalar"]
    heights = sum((m.row_sizes for m in shown if m.kind in ("column", "matrix")), ())
    widths = sum((m.column_sizes for m in shown if m.kind in ("row", "matrix")), ())
    return Matrix(kinds.pop() if len(kinds) == 1 else "matrix", rows, (heights or (1,), widths or (1,)))


def _open_kronecker(left: Matrix, right: Matrix) -> Open:
    """I ⊗ A: of the sizes of the whole, the first ones belong to the left."""

    def made(side: Matrix, sizes: Sizes, *, by_rows: bool) -> Matrix:
        if not isinstance(side, Open):
            return side
        return side.from_rows(sizes) if by_rows else side.from_columns(sizes)

    def from_sizes(sizes: Sizes, *, by_rows: bool) -> Matrix:
        known = right.row_sizes if by_rows else right.column_sizes
        last = right.width if isinstance(right, Open) else len(known)
        parts = sizes[: len(sizes) - last], sizes[len(sizes) - last :]
        return _kronecker(made(left, parts[0], by_rows=by_rows), made(right, parts[1], by_rows=by_rows))

    widths = [side.width if isinstance(side, Open) else len(side.row_sizes) for side in (left, right)]
    return opened(
        lambda sizes: from_sizes(sizes, by_rows=True), lambda sizes: from_sizes(sizes, by_rows=False), sum(widths)
    )


def _diagonal(value: Matrix) -> Matrix:
    if value.kind == "matrix":
        return Matrix("column", [[row[k]] for k, row in enumerate(value.rows) if k < len(row)])
    entries = [entry for row in value.rows for entry in row]
    sizes = value.row_sizes if value.kind == "column" else value.column_sizes
    rows = [[u if i == j else 0 * u for j in range(len(entries))] for i, u in enumerate(entries)]
    return Matrix("matrix", rows, (sizes, sizes))


def _flat(value: Matrix) -> list[Number]:
    return [entry for row in value.rows for entry in row]


def _norm(value: Matrix) -> Number:
    return FUNCTIONS["sqrt"](sum(abs(entry) ** 2 for entry in _flat(value)))


# Of a square matrix whose determinant is negative, logdet is log |det|, as everywhere in practice.
SCALARS: dict[str, Callable[[Matrix], Number]] = {
    "det": lambda A: eliminate(A.rows)[0],
    "logdet": lambda A: FUNCTIONS["log"](abs(eliminate(A.rows)[0])),
    "tr": lambda A: sum(A.rows[k][k] for k in range(len(A.rows))),
    "sum": lambda A: sum(_flat(A)),
    "norm": _norm,
    "normF": _norm,
    "norm2": _norm,
    "norm1": lambda x: sum(abs(entry) for entry in _flat(x)),
    "logsumexp": lambda x: FUNCTIONS["log"](sum(FUNCTIONS["exp"](entry) for entry in _flat(x))),
}


def _stack(value: Matrix) -> Matrix:
    """The columns, one below the other."""
    sides = value.column_sizes * (value.kind in ("row", "matrix")) + value.row_sizes * (
        value.kind in ("column", "matrix")
    )
    return Matrix("column", [[entry] for column in zip(*value.rows, strict=True) for entry in column], (sides, (1,)))


def _places(n: int) -> list[tuple[int, int]]:
    """Return row and column of the entries on and below the diagonal, column by column."""
    return [(row, column) for column in range(n) for row in range(column, n)]


def _half(value: Matrix) -> Matrix:
    rows = [[value.rows[row][column]] for row, column in _places(len(value.rows))]
    return value if value.kind == "scalar" else Matrix("column", rows)


def _elimination(value: Matrix, *, both: bool = False) -> Matrix:
    """The matrix that has a 1 where in vec(A) an entry of vech(A) stands; with `both` at its mirror image, too."""
    n = int(value.rows[0][0])
    everywhere = [(row, column) for column in range(n) for row in range(n)]
    wanted = [{at, at[::-1]} if both else {at} for at in _places(n)]
    rows = [[Fraction(int(place in places)) for place in everywhere] for places in wanted]
    return Matrix("matrix", rows, ((len(rows),), (n, n)))


def _softmax(value: Matrix) -> Matrix:
    total = sum(FUNCTIONS["exp"](entry) for entry in _flat(value))
    return _each(lambda u: FUNCTIONS["exp"](u) / total, value)


def _adjugate(rows: Rows) -> Rows:
    """Return the cofactors, transposed: the signed determinants of what is left without a row and a column."""
    n = len(rows)
    minors = [[[row[:j] + row[j + 1 :] for row in rows[:i] + rows[i + 1 :]] for i in range(n)] for j in range(n)]
    return [[(-1) ** (i + j) * eliminate(minor)[0] for i, minor in enumerate(row)] for j, row in enumerate(minors)]


MATRICES: dict[str, Callable[[Matrix], Matrix]] = {
    "inv": lambda A: Matrix("matrix", _inverse(A.rows)),
    "adj": lambda A: Matrix("matrix", _adjugate(A.rows)),
    "diag": _diagonal,
    "vec": _stack,
    "vech": _half,
    "duplication": lambda n: transpose(_elimination(n, both=True)),
    "elimination": _elimination,
    "transpose": transpose,
    "softmax": _softmax,
}


def _call(tree: Call, scope: Surroundings) -> Matrix:
    if scope.has(tree.name):  # u(x) where u = u(x) stands above
        return from_tensor(scope.tensor(tree.name))
    values = [matrix(argument, scope) for argument in tree.arguments]
    if tree.name in SCALARS and values[0].kind not in SIZELESS:
        if tree.name in ("norm1", "norm2") and values[0].kind == "matrix":
            raise InputError(f"{tree.name} of a matrix is not among the functions of the oracle")
        return Matrix("scalar", [[SCALARS[tree.name](values[0])]])
    if tree.name in MATRICES:
        return MATRICES[tree.name](values[0])
    function = FUNCTIONS.get(tree.name) or scope.function(tree.name)
    if function is None:
        raise UnknownNameError(f"there is no function {tree.name}")
    if tree.name == "where":
        mask = _spread(lambda c, u: u if c else None, values[0], values[1])
        return _spread(lambda u, v: v if u is None else u, mask, values[2])
    return _each(function, values[0]) if len(values) == 1 else _spread(function, values[0], values[1])
