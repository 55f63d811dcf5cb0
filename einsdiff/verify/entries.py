"""Tensors as plain entries, and the scalar functions, one Python number at a time."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from operator import mul
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from einsdiff.errors import InputError
from einsdiff.functions import ALIASES

Number = Any  # float, complex or Fraction; all that is asked is + - * /
Array = NDArray[Any]
Position = tuple[int, ...]
T = TypeVar("T")

STEP = Fraction(1, 256)
"""The widest step of a difference; Richardson's scheme halves it twice, so that rounding stays near 1e-12."""


@dataclass(frozen=True)
class Tensor:
    """A shape and the entries by position; an entry may be missing while a tensor is defined by components."""

    shape: tuple[int, ...]
    entries: dict[Position, Number]


def positions(shape: Sequence[int]) -> list[Position]:
    """Return every position of a shape, the last axis fastest."""
    return list(product(*(range(size) for size in shape)))


def to_tensor(value: object) -> Tensor:
    """Return an array or a number as entries; whole numbers become floats, except in arrays of objects."""
    array = np.asarray(value)
    if isinstance(value, Fraction):
        return Tensor((), {(): value})
    if array.dtype == object:
        convert: Callable[[Any], Number] = _exact
    elif np.iscomplexobj(array):
        convert = complex
    else:
        convert = float
    return Tensor(array.shape, {at: convert(array[at]) for at in positions(array.shape)})


def _exact(value: Number) -> Number:
    return Fraction(value) if isinstance(value, int) else value


def to_array(tensor: Tensor, *, is_exact: bool = False) -> Array:
    """Return the entries as an array: of complex numbers, of Fractions where they are exact, or of floats."""
    values = [tensor.entries.get(at) for at in positions(tensor.shape)]
    if any(value is None for value in values):
        raise InputError("some components of a tensor are not defined")
    if any(isinstance(value, complex) for value in values):
        return np.array(values, dtype=complex).reshape(tensor.shape)
    if is_exact and all(isinstance(value, Fraction) for value in values):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array.reshape(tensor.shape)
    return np.array([float(value) for value in values if value is not None]).reshape(tensor.shape)


def central(function: Callable[[Number], T], step: Number) -> T:
    """Return the derivative of `function` at 0 from central differences of steps h, h/2, h/4 (error of order h^6)."""

    def quotient(h: Number) -> Any:
        return (function(h) - function(-h)) / (2 * h)  # type: ignore[operator]

    coarse, middle, fine = quotient(step), quotient(step / 2), quotient(step / 4)
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    return (16 * second - first) / 15  # type: ignore[no-any-return]


def step_at(value: Number, step: Number = STEP) -> Number:
    """Return the step that suits an entry: exact for a Fraction, growing with the entry for a float."""
    return step if isinstance(value, Fraction) else float(step) * max(1.0, abs(value))


def slope(function: Callable[..., Number], arguments: list[Number], wrt: list[int], step: Fraction) -> Number:
    """Return a derivative of a scalar function by the arguments at these places."""
    if not wrt:
        return function(*arguments)

    def moved(h: Number) -> Number:
        return slope(function, [u + h if k == wrt[0] else u for k, u in enumerate(arguments)], wrt[1:], step)

    return central(moved, step_at(arguments[wrt[0]], step))


def power(base: Number, exponent: Number) -> Number:
    """Return base^exponent, exact for whole exponents; a negative real base wants a whole exponent."""
    if exponent == int(exponent.real):
        return base ** int(exponent.real)
    if isinstance(base, complex) or isinstance(exponent, complex):
        return base**exponent
    return math.pow(base, exponent)


def logsumexp(values: Sequence[Number]) -> Number:
    """Return log Σ exp(u)."""
    top = max(values, key=lambda value: value.real)
    return top + FUNCTIONS["log"](sum(FUNCTIONS["exp"](value - top) for value in values))


def _either(name: str) -> Callable[[Number], Number]:
    """Return the function of `math`, or of `cmath` for a complex number."""
    return lambda u: getattr(cmath if isinstance(u, complex) else math, name)(u)


def _sigmoid(u: Number) -> Number:
    exp = _either("exp")
    return 1 / (1 + exp(-u)) if u.real >= 0 else exp(u) / (1 + exp(u))


def _softplus(u: Number) -> Number:
    if isinstance(u, complex):
        return cmath.log(1 + cmath.exp(u))
    return max(u, 0) + math.log1p(math.exp(-abs(u)))


def _expm1(u: Number) -> Number:
    return cmath.exp(u) - 1 if isinstance(u, complex) else math.expm1(u)


def _log1p(u: Number) -> Number:
    return cmath.log(1 + u) if isinstance(u, complex) else math.log1p(u)


EITHER = "exp log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh".split()  # noqa: SIM905 - a table

FUNCTIONS: dict[str, Callable[..., Number]] = {
    **{name: _either(name) for name in EITHER},
    **{alias: _either(name) for alias, name in ALIASES.items()},
    "expm1": _expm1,
    "log1p": _log1p,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "erf": math.erf,
    "abs": abs,
    "sign": lambda u: int(u > 0) - int(u < 0),
    "relu": lambda u: u if u > 0 else 0 * u,
    "max": lambda u, v: u if u >= v else v,
    "min": lambda u, v: u if u <= v else v,
    "gt": lambda u, v: int(u > v),
    "ge": lambda u, v: int(u >= v),
    "lt": lambda u, v: int(u < v),
    "le": lambda u, v: int(u <= v),
    "eq": lambda u, v: int(u == v),
    "ne": lambda u, v: int(u != v),
    "where": lambda c, u, v: u if c else v,
    "pow": power,
}

RELATIONS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "==": "eq", "!=": "ne"}

REDUCERS: dict[str, Callable[[list[Number]], Number]] = {
    "sum": lambda values: sum(values, Fraction(0)),
    "prod": lambda values: reduce(mul, values, Fraction(1)),
    "mean": lambda values: sum(values, Fraction(0)) / len(values),
    "max": max,
    "min": min,
    "logsumexp": logsumexp,
}


def eliminate(rows: list[list[Number]]) -> tuple[Number, list[list[Number]]]:
    """Return the determinant and the inverse of a square matrix, by Gauss with the largest pivot."""
    n = len(rows)
    if any(len(row) != n for row in rows):
        raise InputError("the matrix is not square")
    wide = [[*row, *(Fraction(int(i == j)) for j in range(n))] for i, row in enumerate(rows)]
    determinant: Number = Fraction(1)
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(wide[i][k]))
        if wide[best][k] == 0:
            return 0 * determinant, []
        if best != k:
            wide[k], wide[best] = wide[best], wide[k]
            determinant = -determinant
        pivot = wide[k][k]
        determinant = determinant * pivot
        wide[k] = [value / pivot for value in wide[k]]
        for i in range(n):
            if i != k:
                ratio = wide[i][k]
                wide[i] = [u - ratio * v for u, v in zip(wide[i], wide[k], strict=True)]
    return determinant, [row[n:] for row in wide]


def epsilon(at: Position) -> int:
    """ε: the sign of a permutation, 0 where an entry repeats."""
    sign = 1
    for k, left in enumerate(at):
        for right in at[k + 1 :]:
            sign *= (right > left) - (right < left)
    return sign
