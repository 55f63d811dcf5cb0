"""How far rounding may have taken the value of an entry: a bound, from those of its parts, to first order.

What two sides are apart beyond that, they are apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Derivative,
    Expr,
    Factor,
    MatrixFunction,
    Number,
    Product,
    Reduce,
    Sum,
    magnitude,
)
from einsdiff.algebra.walk import ordered
from einsdiff.verify.numeric import FUNCTIONS, WAVES, Array, Point, aligned

EPS = 2.0**-52
CARE = 8
"""How many units in the last place a function of the library may be wrong by."""

Errors = Mapping[Expr, float]


def error_of(node: Expr, point: Point) -> float:
    """Return how far an entry of the value of a node may be from what it would be without rounding.

    The node has been evaluated at the point.
    """
    found: dict[Expr, float] = {}
    with np.errstate(all="ignore"):
        for part in ordered(node):
            error = _error(part, point, found)
            found[part] = error if error == error else math.inf  # noqa: PLR0124 - nan
    return found[node]


def _error(node: Expr, point: Point, errors: Errors) -> float:
    """Return the bound for a node, from those of its parts."""
    match node:
        case Number(number):
            return EPS * float(magnitude(number))
        case Sum(terms):
            sizes = [float(magnitude(t.coefficient)) for t in terms]
            largest = sum(c * _largest(point.known[t.node]) for c, t in zip(sizes, terms, strict=True))
            return sum(c * errors[t.node] for c, t in zip(sizes, terms, strict=True)) + EPS * len(terms) * largest
        case Product():
            return _of_product(node, point, errors)
        case Apply():
            return _of_function(node, point, errors)
        case Reduce(operator, argument):
            body = point.known[argument.node]
            return _of_reduction(operator, body.size, _largest(body), errors[argument.node])
        case MatrixFunction(function, argument):
            return _of_matrix_function(function, point.known[argument], point.known[node], errors[argument])
        case Call(_, arguments):
            inside = (a.node for a in arguments)
            return WAVES * sum(point.known[u].size * (errors[u] + EPS * (1 + _largest(point.known[u]))) for u in inside)
        case Derivative():
            return math.inf
        case _:
            return 0.0


def _largest(array: Array) -> float:
    return float(np.abs(np.where(np.isfinite(array), array, 0.0)).max(initial=0.0))


def _of_product(node: Product, point: Point, errors: Errors) -> float:
    """Σ over bound labels, each term off by what its factors are off by."""
    bound = set(range(len(node.label_sizes))) - set(node.out)
    count = math.prod(point.range_of(node.label_sizes[label]) for label in bound)
    exact = above = float(magnitude(node.coefficient))
    for f in node.factors:
        size, error = _of_power(f, point, errors)
        exact, above = exact * size, above * (size + error)
    return count * (above - exact) + EPS * count * (count + len(node.factors) + CARE) * above


def _of_power(f: Factor, point: Point, errors: Errors) -> tuple[float, float]:
    """Return the largest value of a power, and how far one may be off."""
    base, exponent, error = np.abs(point.known[f.node]), float(f.exponent), errors[f.node]
    base = base[np.isfinite(base)]
    if exponent == 1 or not base.size:
        return _largest(base), error
    if error and exponent < 1 and base.min() <= 2 * error:
        return _largest(base**exponent), math.inf
    return _largest(base**exponent), 2 * abs(exponent) * _largest(base ** (exponent - 1)) * error


def _of_function(node: Apply, point: Point, errors: Errors) -> float:
    """Return how far f(u, v, …) moves with its arguments, and by itself."""
    given = [aligned(point.known[a.node], a, node.rank) for a in node.arguments]
    own = [errors[a.node] for a in node.arguments]
    if node.orders is not None:
        return WAVES * (sum(own) + EPS * (1 + sum(map(_largest, given))))
    function = FUNCTIONS[node.function]
    value = np.asarray(function(*given), dtype=float)
    has_value = np.isfinite(value)
    found = EPS * CARE * _largest(value)
    for k, error in enumerate(own):
        for moved in (given[k] + error, given[k] - error) if error else ():
            apart = np.abs(np.asarray(function(*given[:k], moved, *given[k + 1 :]), dtype=float) - value)
            found += float(np.where(has_value, np.where(np.isfinite(apart), apart, math.inf), 0.0).max(initial=0.0))
    return found


def _of_reduction(operator: str, count: int, largest: float, error: float) -> float:
    if operator == "prod":
        return count * max(largest, 1.0) ** (count - 1) * (error + EPS * largest)
    if operator == "logsumexp":
        return error + EPS * (count + CARE) * (1 + largest)
    return count * (error + EPS * largest)


def _of_matrix_function(function: str, array: Array, value: Array, error: float) -> float:
    """‖A⁻¹‖² for an inverse, the minors for a determinant."""
    n = len(array)
    moved = n * (error + CARE * n * EPS * _largest(array))
    if not (np.isfinite(array).all() and np.isfinite(value).all()):
        return 0.0
    if function in ("inv", "logdet"):
        inverse = value if function == "inv" else np.linalg.inv(array)
        size = float(np.sqrt((inverse**2).sum()))
        return moved * size * (size if function == "inv" else n) + EPS * CARE * _largest(value)
    row = float(np.sqrt((array**2).sum(axis=1)).max(initial=0.0)) + moved
    return math.factorial(min(n, 3)) * n * moved * row ** (n - 1 if function == "det" else max(n - 2, 0))


__all__ = ["error_of"]
