"""The value of an entry in floating-point numbers, at given arrays.

Where a function has no value, as log at −1 or the inverse of a singular matrix, the result is nan.  Unknown functions
are fixed smooth functions, sums of sines, whose derivatives are known exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opt_einsum import contract

from einsdiff.algebra.build import Entry, parity
from einsdiff.algebra.nodes import (
    MATRIX_VALUED,
    Apply,
    Argument,
    Call,
    Count,
    Derivative,
    Epsilon,
    Exact,
    Expr,
    Labels,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Tensor,
    Unit,
    Wire,
)
from einsdiff.algebra.walk import ordered

Array = NDArray[np.float64]
WAVES = 8
"""How many sines an unknown function is made of."""
LARGEST = 4_000_000
"""Entries that one step of an evaluation may have."""
STEEP = 1e6
"""The condition of a matrix above which its inverse is not trusted."""
SINGULAR = 1e12
"""The condition of a matrix above which it may be singular, so that its determinant has no logarithm."""
OPERANDS = 30
"""Factors that NumPy is given at once."""
SIMPLE, QUICK = 3, 20_000
"""Factors, and values of all indices, up to which a product is contracted in one go."""


class UnknownValueError(Exception):
    """An entry has no value that could be computed: a size is missing, or a derivative is not carried out."""


LETTERS = 52
"""How many indices one einsum of NumPy can have."""
AXES = 64
"""How many axes an array of NumPy can have."""


@dataclass(slots=True)
class Point:
    """Arrays for the inputs, how far each size runs, and what was computed there so far."""

    arrays: Mapping[str, Array]
    ranges: Mapping[Size, int]
    known: dict[Expr, Array] = field(default_factory=dict)
    largest: float = 1.0

    def range_of(self, size: Size) -> int:
        """Return how far a size runs."""
        if isinstance(size, int):
            return size
        found = self.ranges.get(size)
        if found is None:
            raise UnknownValueError(f"the size {size} is not known")
        return found


def value(entry: Entry, axes: Sequence[Wire], sizes: Sequence[Size], point: Point) -> Array:
    """Return the array of an entry with the axes in the given order; what an axis lacks is repeated along it.

    `sizes` has the size of each axis.  The largest absolute value on the way is noted in `point.largest`.

    Raises: UnknownValueError, where a size is not known.
    """
    with np.errstate(all="ignore"):
        for node in ordered(entry.node):
            if node not in point.known:
                found = point.known[node] = np.asarray(_value(node, point), dtype=float)
                finite = np.abs(found[np.isfinite(found)])
                point.largest = max(point.largest, float(finite.max(initial=0.0)))
    if len(axes) > AXES:
        raise UnknownValueError(f"{len(axes)} axes are more than an array can have")
    places = {wire: k for k, wire in enumerate(axes)}
    labels = [places[w] for w in entry.wires]
    present = sorted(set(labels))
    found = _einsum([(point.known[entry.node], labels)], present)
    shape = [point.range_of(size) for size in sizes]
    check_count(math.prod(shape))
    if any(found.shape[k] != shape[axis] for k, axis in enumerate(present)):
        raise UnknownValueError("an axis has another size than the place where it is to stand")
    return np.broadcast_to(found.reshape([n if k in present else 1 for k, n in enumerate(shape)]), shape)


def matrix(
    entry: Entry, rows: Sequence[Wire], columns: Sequence[Wire], sizes: Mapping[Wire, Size], point: Point
) -> Array:
    """Return the array of an entry with all rows folded into its first axis and all columns into its second."""
    axes = (*rows, *columns)
    found = value(entry, axes, [sizes[w] for w in axes], point)
    height = math.prod(found.shape[: len(rows)])
    return found.reshape((height, -1)) if height else found.reshape((0, 0))


def _value(node: Expr, point: Point) -> Array | float:
    """Return the array of a node, from those of its parts."""
    known = point.known
    match node:
        case Number(number):
            return _number(number)
        case Count(size):
            return float(point.range_of(size))
        case Tensor(name):
            if name not in point.arrays:
                raise UnknownValueError(f"{name} is not given")
            return point.arrays[name]
        case Ones(size):
            return np.ones(_length(size, point))
        case Unit(size, place):
            found = np.zeros(_length(size, point))
            found[place - 1] = 1.0
            return found
        case Epsilon(n):
            return _epsilon(n)
        case Sum(terms):
            turned = (np.transpose(known[t.node], np.argsort(t.labels)) * _number(t.coefficient) for t in terms)
            return np.asarray(sum(turned))
        case Product():
            return _product(node, point)
        case Apply():
            return _apply(node, known)
        case Reduce(operator, argument, axes):
            labels = range(len(node.label_sizes))
            body = _einsum([(known[argument.node], argument.labels)], labels)
            return REDUCERS[operator](body, tuple(range(axes, body.ndim)))
        case MatrixFunction(function, argument):
            return _matrix_function(function, known[argument])
        case Call():
            return _call(node, point)
        case Derivative():
            raise UnknownValueError("a derivative is not carried out")


def _number(exact: Exact) -> float:
    """Return a number as a floating-point one.

    Raises: UnknownValueError, where it is too large.
    """
    try:
        return float(exact)
    except OverflowError:
        raise UnknownValueError("a number is too large") from None


def _length(size: Size, point: Point) -> int:
    """Return how many entries a vector has."""
    found = point.range_of(size)
    check_count(found)
    return found


def _epsilon(n: int) -> Array:
    check_count(n**n)
    found = np.zeros((n,) * n)
    for order in permutations(range(n)):
        found[order] = -1.0 if parity(order) else 1.0
    return found


# ----------------------------------------------------------------------------------------------------------- products


def check_count(entries: int) -> None:
    """Raise UnknownValueError where an array would have too many entries."""
    if entries > LARGEST:
        raise UnknownValueError("an intermediate result has too many entries")


def _merged(operands: Sequence[tuple[Array, Sequence[int]]]) -> list[tuple[Array, Sequence[int]]]:
    """Return operands of which those with the same labels are multiplied."""
    found: dict[tuple[int, ...], Array] = {}
    for array, labels in operands:
        known = found.get(tuple(labels))
        found[tuple(labels)] = array if known is None else known * array
    return [(array, labels) for labels, array in found.items()]


def _einsum(operands: Sequence[tuple[Array, Sequence[int]]], out: Sequence[int]) -> Array:
    """Σ over all labels that are not in `out`, each of which stands there once."""
    if len(operands) > OPERANDS:
        operands = _merged(operands)
    ranges = {label: n for array, labels in operands for label, n in zip(labels, array.shape, strict=True)}
    flat: list[Any] = [part for array, labels in operands for part in (array, list(labels))]
    check_count(math.prod(ranges[label] for label in out))
    if len(ranges) > LETTERS:
        return np.asarray(contract(*flat, list(out), optimize="greedy"))
    if len(operands) <= SIMPLE and math.prod(ranges.values()) <= QUICK:
        return np.asarray(np.einsum(*flat, list(out)))
    return np.asarray(np.einsum(*flat, list(out), optimize="greedy"))


def _product(node: Product, point: Point) -> Array:
    """Return a product: a label that stands twice in `out` is a diagonal."""
    operands = [(_power(point.known[f.node], f.exponent), f.labels) for f in node.factors]
    distinct = sorted(set(node.out))
    if not operands:
        return np.asarray(_number(node.coefficient))
    found = _number(node.coefficient) * _einsum(_thinned(operands, distinct), distinct)
    if len(distinct) == len(node.out):
        return np.transpose(found, [distinct.index(label) for label in node.out])
    size = dict(zip(distinct, found.shape, strict=True))
    whole = np.zeros([size[label] for label in node.out])
    check_count(whole.size)
    grid = np.indices(found.shape)
    whole[tuple(grid[distinct.index(label)] for label in node.out)] = found
    return whole


def _thinned(operands: list[tuple[Array, Labels]], out: Sequence[int]) -> list[tuple[Array, Labels]]:
    """Return the operands without vectors of ones over labels that another operand has."""
    kept = list(operands)
    for operand in operands:
        array, labels = operand
        others = {label for other in kept if other is not operand for label in other[1]}
        if len(kept) > 1 and array.ndim == 1 and labels[0] in others and bool((array == 1).all()):
            kept = [other for other in kept if other is not operand]
    assert {label for _, labels in kept for label in labels} >= set(out)
    return kept


def _power(base: Array, exponent: Exact) -> Array:
    if exponent == 1:
        return base
    if isinstance(exponent, int):
        return np.asarray(base**exponent if exponent > 0 else 1.0 / base**-exponent)
    return np.asarray(np.power(base, float(exponent)))


# ----------------------------------------------------------------------------------------------------------- functions


def _logsumexp(body: Array, axes: tuple[int, ...]) -> Array:
    largest = np.max(body, axis=axes, keepdims=True)
    return np.asarray(np.log(np.sum(np.exp(body - largest), axis=axes)) + np.squeeze(largest, axis=axes))


REDUCERS: dict[str, Callable[[Array, tuple[int, ...]], Array]] = {
    "sum": lambda u, axes: np.asarray(np.sum(u, axis=axes)),
    "prod": lambda u, axes: np.asarray(np.prod(u, axis=axes)),
    "max": lambda u, axes: np.asarray(np.max(u, axis=axes)),
    "min": lambda u, axes: np.asarray(np.min(u, axis=axes)),
    "mean": lambda u, axes: np.asarray(np.mean(u, axis=axes)),
    "logsumexp": _logsumexp,
}

_erf = np.vectorize(math.erf, otypes=[float])

# fmt: off
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
    "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "erf": _erf, "abs": np.abs,
    "sigmoid": lambda u: np.exp(-np.logaddexp(0, -u)), "softplus": lambda u: np.logaddexp(0, u),
    "sign": np.sign, "relu": lambda u: np.maximum(u, 0 * u), "max": np.maximum, "min": np.minimum, "pow": np.power,
    "gt": lambda u, v: _relation(np.greater, u, v), "ge": lambda u, v: _relation(np.greater_equal, u, v),
    "lt": lambda u, v: _relation(np.less, u, v), "le": lambda u, v: _relation(np.less_equal, u, v),
    "eq": lambda u, v: _relation(np.equal, u, v), "ne": lambda u, v: _relation(np.not_equal, u, v),
    "where": lambda c, u, v: np.where(np.isnan(c), c, np.where(c != 0, u, v)),
}
# fmt: on


def _relation(compare: Callable[[Any, Any], Any], u: Array, v: Array) -> Array:
    """1 where a comparison holds, 0 where not; nan where a side has no value."""
    return np.asarray(compare(u, v) + 0.0 * (u + v))


def _apply(node: Apply, known: Mapping[Expr, Array]) -> Array:
    """f(u, v, …), entry by entry."""
    given = [aligned(known[a.node], a, node.rank) for a in node.arguments]
    if node.orders is not None:
        return _wave(node.function, given, node.orders)
    found = np.asarray(FUNCTIONS[node.function](*given), dtype=float)
    return np.where(np.isfinite(found), found, np.nan)


def aligned(array: Array, argument: Argument, rank: int) -> Array:
    """Return the array of an argument with an axis for each label of the whole, of size 1 where it has none."""
    present = sorted(set(argument.labels))
    found = _einsum([(array, argument.labels)], present)
    sizes = dict(zip(present, found.shape, strict=True))
    return found.reshape([sizes.get(label, 1) for label in range(rank)])


def _matrix_function(function: str, array: Array) -> Array | float:
    n, m = array.shape
    if n != m:
        raise UnknownValueError("a matrix is not square")
    nothing: Array | float = np.full((n, n), np.nan) if function in MATRIX_VALUED else math.nan
    if not np.isfinite(array).all():
        return nothing
    if function == "det":
        return float(np.linalg.det(array))
    if function == "adj":
        return _adjugate(array)
    sign, logarithm = np.linalg.slogdet(array)
    if function == "logdet":
        return float(logarithm) if sign > 0 and np.linalg.cond(array) < SINGULAR else math.nan
    return np.asarray(np.linalg.inv(array)) if sign != 0 and np.linalg.cond(array) < STEEP else nothing


def _adjugate(array: Array) -> Array:
    """Return the transposed cofactors of a matrix, also of a singular one."""
    n = len(array)
    minors = [[np.delete(np.delete(array, j, 0), i, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(m) for j, m in enumerate(row)] for i, row in enumerate(minors)])


# --------------------------------------------------------------------------------------------------- unknown functions


def _drawn(shape: Sequence[int], *what: object) -> Array:
    """Return numbers between −1 and 1 that belong to what is asked for."""
    seed = int.from_bytes(blake2b(repr(what).encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).uniform(-1.0, 1.0, tuple(shape))


def _wave(function: str, given: Sequence[Array], orders: Sequence[int]) -> Array:
    """Σ a sin(w·u + p), or its derivative of these orders by the arguments."""
    found: Array = np.zeros(np.broadcast_shapes(*(u.shape for u in given)))
    for k in range(WAVES):
        amplitude, phase, *frequency = _drawn((2 + len(given),), function, k)
        inside = phase + sum(w * u for w, u in zip(frequency, given, strict=True))
        slope = math.prod(w**n for w, n in zip(frequency, orders, strict=True))
        found = found + amplitude * slope * np.sin(inside + sum(orders) * math.pi / 2)
    return found


def _call(node: Call, point: Point) -> Array:
    """f_i(x, …) = Σ a_i sin(w·x + p_i) of whole tensors, or its derivative by the arguments in `wrt`."""
    given = [_einsum([(point.known[a.node], a.labels)], range(len(a.labels))) for a in node.arguments]
    own = [point.range_of(size) for size in node.sizes[: node.axes]]
    found: Array = np.zeros(own + [n for k in node.wrt for n in given[k].shape])
    for m in range(WAVES):
        waves = [_drawn(u.shape, node.function, "w", m, k) for k, u in enumerate(given)]
        inside = sum(float((w * u).sum()) for w, u in zip(waves, given, strict=True))
        phase, amplitude = _drawn(own, node.function, "p", m), _drawn(own, node.function, "a", m)
        outer = amplitude * np.sin(inside + phase + len(node.wrt) * math.pi / 2)
        for k in node.wrt:
            outer = np.multiply.outer(outer, waves[k])
        found = found + outer
    return found


__all__ = ["Array", "Point", "UnknownValueError", "aligned", "matrix", "value"]
