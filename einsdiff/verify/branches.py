"""Branches: the signs that decide which formula counts, whether both were met, and which can be only one.

The sign of u decides in abs(u), sign(u) and relu(u), that of u − v in max, min and the relations, and whether c is zero
in where(c, …).  Sides that agree where one branch alone counts need not agree where the other one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from math import prod
from typing import NamedTuple

import numpy as np

from einsdiff.algebra import build, walk
from einsdiff.algebra.nodes import (
    Apply,
    Count,
    Expr,
    Factor,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Sum,
    Tensor,
    Unit,
    magnitude,
)
from einsdiff.verify.numeric import Array, Point, aligned

BY_SIGN = frozenset(("abs", "sign", "relu"))
BY_ORDER = frozenset(("max", "min", "gt", "ge", "lt", "le"))
BY_EQUALITY = frozenset(("eq", "ne"))
TRUTHS = BY_ORDER - {"max", "min"} | BY_EQUALITY
NEVER_NEGATIVE = frozenset(("abs", "relu", "exp", "sigmoid", "softplus", "cosh", "sqrt", "acosh")) | TRUTHS
"""Functions whose values are not negative, wherever they have one."""

LIMITS = {
    "exp": 36.0, "expm1": 36.0, "sigmoid": 36.0, "softplus": 36.0, "sinh": 18.0, "cosh": 18.0, "tanh": 18.0,
    "erf": 5.8, "atan": 1e15, "asinh": 1e8, "acosh": 1e8,
}  # fmt: skip
"""Function → beyond which argument it is its limit, to all digits: tanh(u) is 1, and so is 1 + exp(−u)."""
NEARLY, NOISE = 1e-9, 1e-12
"""How small a number is that may be zero: relative to what it is a difference of, or to the largest on the way."""
MOST_FACTORS = 8
"""Factors of a product at most that are looked through for a square."""

Properties = Mapping[str, frozenset[str]]
"""What is assumed of inputs, by their names, beside what is declared."""


class Signs(NamedTuple):
    """Where the number that decides is clearly positive, clearly negative, or about zero."""

    positive: bool
    negative: bool
    zero: bool


NOTHING = Signs(positive=False, negative=False, zero=False)


@dataclass(slots=True)
class Coverage:
    """Which branches of the nodes of a claim were met at the points that were tried."""

    nodes: Sequence[Expr]
    assumed: Properties = field(default_factory=dict)
    met: dict[Expr, Signs] = field(default_factory=dict)

    @property
    def branching(self) -> list[Apply]:
        """The nodes in which some sign decides."""
        return [node for node in self.nodes if isinstance(node, Apply) and _decides(node)]

    def note(self, point: Point) -> None:
        """Note the branches that are met at a point where all nodes have been evaluated."""
        for node in self.branching:
            old, new = self.met.get(node, NOTHING), _signs(node, point)
            self.met[node] = Signs(*(a or b for a, b in zip(old, new, strict=True)))

    def is_tied(self, point: Point) -> bool:
        """Whether some number that decides is about zero at a point."""
        return any(_signs(node, point).zero for node in self.branching if node.function != "where")

    def missed(self) -> Apply | None:
        """Return a node one branch of which was never met, and may exist."""
        return next((node for node in self.branching if not self._is_met(node)), None)

    def _is_met(self, node: Apply) -> bool:
        met = self.met.get(node, NOTHING)
        if node.function in BY_EQUALITY or node.function == "where":
            return met.zero and (met.positive or met.negative)
        if met.positive and met.negative:
            return True
        return _has_one_sign(node, self.assumed)


def at_limit(nodes: Sequence[Expr], point: Point) -> str:
    """Return a function of which an argument is so large that its value is its limit; empty where there is none."""
    for node in nodes:
        if isinstance(node, Apply) and node.orders is None and node.function in LIMITS:
            argument = point.known[node.arguments[0].node]
            if _largest(argument) > LIMITS[node.function]:
                return node.function
    return ""


def _decides(node: Apply) -> bool:
    if node.function == "where":
        return not _is_truth(node.arguments[0].node)
    return node.orders is None and node.function in BY_SIGN | BY_ORDER | BY_EQUALITY


def _is_truth(node: Expr) -> bool:
    """Whether a node is 0 or 1 as relations say, which decide by themselves."""
    if isinstance(node, Product):
        return all(_is_truth(f.node) for f in node.factors)
    if isinstance(node, Sum):
        return all(_is_truth(t.node) for t in node.terms)
    return isinstance(node, Number | Ones | Unit) or (isinstance(node, Apply) and node.function in TRUTHS)


def _signs(node: Apply, point: Point) -> Signs:
    """Return the signs of what decides, over all entries at a point."""
    count = 1 if node.function in BY_SIGN or node.function == "where" else 2
    with np.errstate(all="ignore"):
        values = [aligned(point.known[a.node], a, node.rank) for a in node.arguments[:count]]
        apart = values[0] - values[1] if count > 1 else values[0]
        noise = max(point.largest, *(_bound(a.node, point) for a in node.arguments[:count]))
        least: Array = np.asarray(NOISE * noise)
        if count > 1:
            least = least + NEARLY * (np.abs(values[0]) + np.abs(values[1]))
        return Signs(bool((apart > least).any()), bool((apart < -least).any()), bool((np.abs(apart) <= least).any()))


def _bound(node: Expr, point: Point) -> float:
    """Return how large the terms may be of which a node is the sum, so that what is far smaller is an error."""
    match node:
        case Sum(terms):
            return sum(float(magnitude(t.coefficient)) * _bound(t.node, point) for t in terms)
        case Product(coefficient, factors):
            bounds = (_bound(f.node, point) ** f.exponent if f.exponent > 0 else _power(f, point) for f in factors)
            return float(magnitude(coefficient)) * prod(float(b) for b in bounds)
        case MatrixFunction("det", argument):
            rows = np.sqrt((point.known[argument] ** 2).sum(axis=1))
            return float(np.prod(rows))
        case _:
            return _largest(point.known[node])


def _power(f: Factor, point: Point) -> float:
    return _largest(point.known[f.node] ** float(f.exponent))


def _largest(array: Array) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _has_one_sign(node: Apply, assumed: Properties) -> bool:
    """Whether what decides in a node is never positive, or never negative, by its form."""
    count = 1 if node.function in BY_SIGN else 2
    first, *others = (walk.place(walk.here(a.node), a.labels) for a in node.arguments[:count])
    if others and set(first.wires) == set(others[0].wires):
        first, others = build.subtract(first, others[0]), []
    parts = [first, *(build.scale(-1, other) for other in others)]
    return any(all(is_nonnegative(build.scale(sign, part).node, assumed) for part in parts) for sign in (1, -1))


def is_nonnegative(node: Expr, assumed: Properties) -> bool:
    """Whether all entries of a node are certainly not negative wherever they have a value; False if not known."""
    match node:
        case Number(number):
            return number >= 0
        case Count() | Ones() | Unit():
            return True
        case Tensor():
            return "positive" in _properties(node, assumed)
        case Sum(terms):
            return all(_is_term(t.coefficient >= 0, t.node, assumed) for t in terms)
        case Product():
            return node.coefficient >= 0 and _is_square(node, assumed)
        case Apply():
            return node.orders is None and _is_nonnegative_function(node, assumed)
        case Reduce(operator, argument):
            return operator != "logsumexp" and is_nonnegative(argument.node, assumed)
        case MatrixFunction("det", argument):
            return _is_spd(argument, assumed)
        case _:
            return False


def _is_term(has_sign: bool, node: Expr, assumed: Properties) -> bool:  # noqa: FBT001 - the sign of the coefficient
    if has_sign:
        return is_nonnegative(node, assumed)
    return isinstance(node, Product) and is_nonnegative(build.scale(-1, walk.here(node)).node, assumed)


def _is_nonnegative_function(node: Apply, assumed: Properties) -> bool:
    inside = [is_nonnegative(a.node, assumed) for a in node.arguments]
    match node.function:
        case "max":
            return any(inside)
        case "min" | "pow":
            return all(inside) if node.function == "min" else inside[0]
        case "where":
            return all(inside[1:])
        case function:
            return function in NEVER_NEGATIVE


def _properties(node: Tensor, assumed: Properties) -> frozenset[str]:
    return assumed.get(node.name, frozenset()) | frozenset(node.assumed)


def _is_spd(node: Expr, assumed: Properties) -> bool:
    if isinstance(node, MatrixFunction) and node.function == "inv":
        return _is_spd(node.argument, assumed)
    return isinstance(node, Tensor) and "spd" in _properties(node, assumed)


def _is_square(node: Product, assumed: Properties) -> bool:
    """Whether a product is a sum of squares v v, or of v' A v for a positive definite A, with weights not negative."""
    weights, forms, rest = [], [], []
    for f in node.factors:
        is_even = isinstance(f.exponent, int) and f.exponent % 2 == 0
        if is_even or not isinstance(f.exponent, int) or is_nonnegative(f.node, assumed):
            weights.append(f)
        elif f.exponent == 1 and _is_spd(f.node, assumed):
            forms.append(f)
        else:
            rest.append(f)
    fixed = {label for f in weights for label in f.labels} | set(node.out)
    return any(_is_halved(turned, forms, fixed) for turned in _halves(rest))


def _halves(factors: Sequence[Factor]) -> Iterator[dict[int, int]]:
    """Yield how labels go over into others where half of the factors becomes the other half."""
    n = len(factors)
    if n % 2 or n > MOST_FACTORS:
        return
    if not n:
        yield {}
        return
    for chosen in combinations(range(1, n), n // 2 - 1):
        first = [factors[0], *(factors[k] for k in chosen)]
        second = [f for k, f in enumerate(factors) if k and k not in chosen]
        for order in permutations(second):
            if all(f.node is g.node and f.exponent == g.exponent for f, g in zip(first, order, strict=True)):
                pairs = {
                    (a, b) for f, g in zip(first, order, strict=True) for a, b in zip(f.labels, g.labels, strict=True)
                }
                turned = dict(pairs)
                if len(turned) == len(pairs) == len(set(turned.values())):
                    yield turned


def _is_halved(turned: Mapping[int, int], forms: Sequence[Factor], fixed: set[int]) -> bool:
    """Whether the two halves are one tensor: what they share stays, what is bound in each of them is its own."""
    shared = {a for a, b in turned.items() if a == b}
    first, second = set(turned) - shared, set(turned.values()) - shared
    if first & second or (first | second) & fixed:
        return False
    return all(turned.get(a, a) == b or turned.get(b, b) == a for a, b in (f.labels for f in forms))


__all__ = ["LIMITS", "Coverage", "Properties", "Signs", "at_limit", "is_nonnegative"]
