"""Matrix notation, evaluated entry by entry: every value is rows of numbers and a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from einsdiff.errors import IndexMismatchError, InputError, SizeMismatchError, UnknownNameError
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
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

Rows = list[list[Number]]
Entry = tuple[str, Position]

INNER_LEFT, INNER_RIGHT = ("row", "matrix"), ("column", "matrix")
PRODUCT = {(False, False): "scalar", (True, False): "column", (False, True): "row", (True, True): "matrix"}
SIZELESS = ("identity", "ones", "ones'")


@dataclass(frozen=True)
class Matrix:
    """Rows and what they are: scalar, column, row or matrix; `I` and `ones` are a coefficient until a size is known."""

    kind: str
    rows: Rows

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns."""
        return len(self.rows), len(self.rows[0]) if self.rows else 0


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
    if "identity" in (left.kind, right.kind):
        coefficient, other = (left, right) if left.kind == "identity" else (right, left)
        return _each(lambda u: coefficient.rows[0][0] * u, other)
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
    return Matrix(PRODUCT[left.kind in ("column", "matrix"), right.kind in ("row", "matrix")], rows)


def transpose(value: Matrix) -> Matrix:
    """Rows become columns."""
    kind = {"column": "row", "row": "column", "ones": "ones'", "ones'": "ones"}.get(value.kind, value.kind)
    return Matrix(kind, [list(column) for column in zip(*value.rows, strict=True)])


def _named(name: str, scope: Surroundings) -> Matrix:
    if scope.has(name):
        return from_tensor(scope.tensor(name))
    if name == "I":
        return Matrix("identity", [[Fraction(1)]])
    if name in ("ones", "𝟏", "1"):
        return Matrix("ones", [[Fraction(1)]])
    return from_tensor(scope.tensor(name))


def _each(function: Callable[[Number], Number], value: Matrix) -> Matrix:
    return Matrix(value.kind, [[function(entry) for entry in row] for row in value.rows])


def _fold(combine: Callable[[Matrix, Matrix], Matrix], values: list[Matrix]) -> Matrix:
    result = values[0]
    for value in values[1:]:
        result = combine(result, value)
    return result


def _sized(value: Matrix, shape: tuple[int, int]) -> Matrix:
    """Give I or ones a size."""
    [[coefficient]] = value.rows
    if value.kind == "identity":
        rows = [[coefficient * int(i == j) for j in range(shape[1])] for i in range(shape[0])]
        return Matrix("matrix", rows)
    return Matrix("column" if value.kind == "ones" else "row", [[coefficient] * shape[1] for _ in range(shape[0])])


def _spread(function: Callable[[Number, Number], Number], left: Matrix, right: Matrix) -> Matrix:
    """Apply a function entry by entry; a scalar is the same for every entry."""
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
    return Matrix(left.kind, [[function(u, v) for u, v in zip(*pair, strict=True)] for pair in pairs])


def _raise(base: Matrix, exponent: Matrix) -> Matrix:
    [[n]] = exponent.rows
    if base.kind == "scalar":
        return Matrix("scalar", [[power(base.rows[0][0], n)]])
    if base.kind == "identity":
        return _each(lambda u: power(u, n), base)
    if base.kind != "matrix" or n != int(n):
        raise IndexMismatchError(f"a {base.kind} has no power {n}; .^ raises entry by entry")
    root = base if n >= 0 else Matrix("matrix", _inverse(base.rows))
    return _fold(times, [_sized(Matrix("identity", [[Fraction(1)]]), base.shape), *[root] * abs(int(n))])


def _inverse(rows: Rows) -> Rows:
    inverse = eliminate(rows)[1]
    if not inverse:
        raise InputError("the matrix has no inverse")
    return inverse


def _kronecker(left: Matrix, right: Matrix) -> Matrix:
    rows = [[a * b for a in upper for b in lower] for upper in left.rows for lower in right.rows]
    kinds = {left.kind, right.kind} - {"scalar"} or {"scalar"}
    return Matrix(kinds.pop() if len(kinds) == 1 else "matrix", rows)


def _diagonal(value: Matrix) -> Matrix:
    if value.kind == "matrix":
        return Matrix("column", [[row[k]] for k, row in enumerate(value.rows) if k < len(row)])
    entries = [entry for row in value.rows for entry in row]
    return Matrix("matrix", [[u if i == j else 0 * u for j in range(len(entries))] for i, u in enumerate(entries)])


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
}
MATRICES: dict[str, Callable[[Matrix], Matrix]] = {
    "inv": lambda A: A if A.kind == "identity" else Matrix("matrix", _inverse(A.rows)),
    "diag": _diagonal,
    "vec": lambda A: Matrix("column", [[entry] for column in zip(*A.rows, strict=True) for entry in column]),
    "transpose": transpose,
}


def _call(tree: Call, scope: Surroundings) -> Matrix:
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
