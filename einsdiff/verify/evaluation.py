"""The residues of nodes: each from those of its parts, whole arrays at a time.

What functions are is left to an object; here they are random functions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import permutations
from math import prod

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Count,
    Derivative,
    Epsilon,
    Exact,
    Expr,
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
from einsdiff.verify.draws import Draws, UndefinedError
from einsdiff.verify.fields import Array, Fields, at_labels

PRIME = 2_147_483_647
SMALL: tuple[Exact, ...] = (-1, 0, 1, 2)
OPEN = 2  # the outcome of a decision for which there is no value

RELATIONS: dict[str, Callable[[Array], NDArray[np.bool]]] = {
    "gt": lambda sign: sign > 0,
    "ge": lambda sign: sign >= 0,
    "lt": lambda sign: sign < 0,
    "le": lambda sign: sign <= 0,
    "eq": lambda sign: sign == 0,
    "ne": lambda sign: sign != 0,
}
"""Relations of a and b by the sign of a − b."""


class RandomFunctions:
    """What the functions are: random ones, of which nothing is known but that equal arguments give equal values."""

    fields = Fields(PRIME)
    needed = 2  # draws in which each entry is compared at least, where no condition decides
    branching = frozenset(RELATIONS)  # functions that are one thing here and another thing there
    is_cased = True  # whether each case that these distinguish is drawn for itself

    def __init__(self, seed: object, generic: int, special: int = 0, small: Sequence[Exact] = SMALL) -> None:
        self.draws = Draws(self.fields, seed, generic, special, small)
        self.decisions: list[Array] = []

    def applied(self, function: str, orders: tuple[int, ...] | None, values: list[Array]) -> Array:
        """Return a function of entries; the first modulus decides whether a condition holds."""
        if orders is None and function == "where":
            condition = values[0][:1]
            self._decide(np.minimum(condition[0], 1), condition[0])
            return np.where(condition < 0, -1, np.where(condition != 0, values[1], values[2]))
        if orders is None and function in RELATIONS:
            difference = self.fields.minus(values[0], values[1])[0]
            holds = RELATIONS[function](self.decided(difference))
            return self._everywhere(np.where(difference < 0, -1, holds))
        return self.draws.random((function, orders), *values)

    def decided(self, values: Array) -> Array:
        """Return the sign of residues of the first modulus, and remember that a case was chosen by it."""
        sign = self.sign(values)
        self._decide(sign, values)
        return sign

    def _decide(self, outcome: Array, values: Array) -> None:
        self.decisions.append(np.where(values < 0, OPEN, outcome).reshape(len(outcome), -1))

    def sign(self, values: Array) -> Array:
        """Return 1, 0 or −1 for residues of the first modulus: the sign of −a is the other one."""
        return self.draws.sign(values)

    def root(self, values: Array, exponent: Fraction) -> Array:
        """Return a fractional power: 0 at 0 and 1 at 1."""
        root = self.draws.random(("root", exponent.denominator), values)
        return self.fields.power(np.where((values == 0) | (values == 1), values, root), exponent.numerator)

    def reduced(self, operator: str, values: Array) -> Array:
        """Return a reduction over the last axis; it does not depend on the order of the entries."""
        columns = np.moveaxis(np.sort(values, axis=-1), -1, 0)
        return self.draws.random((operator, len(columns)), *columns)

    def logdet(self, det: Array) -> Array:
        """Return log |det|."""
        return np.where(det == 0, -1, self.draws.random("logdet", det))

    def _everywhere(self, values: Array) -> Array:
        """Return the same small numbers for every modulus."""
        return np.broadcast_to(values, (len(self.fields.moduli), *values.shape))


Known = dict[Expr, Array]


def evaluate(
    nodes: Iterable[Expr], functions: RandomFunctions, sizes: Mapping[Size, int], leaves: Collection[Expr] = ()
) -> Known:
    """Return the residues of nodes, parts before wholes, in arrays with the axes (modulus, draw, axes of the node…).

    Nodes in `leaves` are drawn as inputs are.

    Raises: UndefinedError, where a size is missing or a derivative is not carried out.
    """
    known: Known = {}
    for node in nodes:
        if node in leaves:
            known[node] = functions.draws.tensor(node.digest.hex(), [range_of(s, sizes) for s in node.sizes], ())
        else:
            known[node] = _value(node, known, functions, sizes)
    return known


def _value(node: Expr, known: Known, functions: RandomFunctions, sizes: Mapping[Size, int]) -> Array:
    """Return the residues of a node from those of its parts."""
    fields, draws = functions.fields, functions.draws
    ranges = [range_of(s, sizes) for s in node.sizes]

    match node:
        case Number(value):
            return fields.number(value)
        case Count(size):
            return fields.number(range_of(size, sizes))
        case Tensor(name, _, assumed):
            return draws.tensor(name, ranges, assumed)
        case Ones():
            return np.ones((1, 1, *ranges), dtype=np.int64)
        case Unit(_, place):
            return np.eye(1, ranges[0], place - 1, dtype=np.int64)[None]
        case Epsilon(n):
            return _epsilon(n) % fields.along(2 + n)
        case Sum(terms):
            scaled = (fields.scaled(at_labels(known[t.node], t.labels, node.rank), t.coefficient) for t in terms)
            return reduce(fields.plus, scaled)
        case Product():
            return _product(node, known, functions, ranges)
        case Apply("pow", (base, exponent), None) if isinstance(exponent.node, Number):
            return _power(at_labels(known[base.node], base.labels, node.rank), exponent.node.value, functions)
        case Apply(function, arguments, orders):
            return functions.applied(
                function, orders, [at_labels(known[a.node], a.labels, node.rank) for a in arguments]
            )
        case Reduce():
            return _reduced(node, known, functions, [range_of(s, sizes) for s in node.label_sizes])
        case MatrixFunction(function, argument):
            return _matrix(function, known[argument], [range_of(s, sizes) for s in argument.sizes], functions)
        case Call(function, arguments, _, wrt):
            arrays = (at_labels(known[a.node], a.labels, len(a.labels)) for a in arguments)
            given = [draws.whole("array", a).reshape(-1, draws.count, *(1,) * len(ranges)) for a in arrays]
            at: Array = np.arange(prod(ranges), dtype=np.int64).reshape(1, 1, *ranges)
            return draws.random((function, wrt), *given, at)
        case Derivative():
            raise UndefinedError("a derivative that is not carried out")


def range_of(size: Size, sizes: Mapping[Size, int]) -> int:
    """Return how far a size runs."""
    if isinstance(size, int):
        return size
    if size not in sizes:
        raise UndefinedError(f"the size {size} is not known")
    return sizes[size]


def _epsilon(n: int) -> Array:
    signs: Array = np.zeros((1, 1, *(n,) * n), dtype=np.int64)
    for p in permutations(range(n)):
        signs[(0, 0, *p)] = -1 if sum(p[a] > p[b] for b in range(n) for a in range(b)) % 2 else 1
    return signs


def _power(values: Array, exponent: Exact, functions: RandomFunctions) -> Array:
    if isinstance(exponent, Fraction):
        return functions.root(values, exponent)
    return values if exponent == 1 else functions.fields.power(values, exponent)


def _product(node: Product, known: Known, functions: RandomFunctions, ranges: Sequence[int]) -> Array:
    """Return a product; a bound label is summed as soon as the factors that hold it are multiplied."""
    fields = functions.fields
    factors = [_at_its_labels(_power(known[f.node], f.exponent, functions), f.labels) for f in node.factors]
    left = set(node.bound)
    while left:
        label = min(left, key=lambda k: (_cost(k, factors), k))
        left.remove(label)
        whole, labels = _multiplied([f for f in factors if label in f[1]], fields)
        rest = tuple(k for k in labels if k != label)
        factors = [f for f in factors if label not in f[1]]
        factors.append((fields.total(whole, 2 + labels.index(label)), rest))
    body, labels = _multiplied(factors, fields)
    body = fields.scaled(body, node.coefficient)
    if len(set(node.out)) == len(node.out):
        return body.transpose(0, 1, *(2 + labels.index(k) for k in node.out))
    result: Array = np.zeros((*body.shape[:2], *ranges), dtype=np.int64)
    at = np.indices(body.shape[2:], sparse=True)
    result[(slice(None), slice(None), *(at[labels.index(k)] for k in node.out))] = body
    return result


Labelled = tuple[Array, tuple[int, ...]]


def _at_its_labels(values: Array, labels: Sequence[int]) -> Labelled:
    """Return an array with one axis for each of its labels, in ascending order."""
    own = tuple(sorted(set(labels)))
    return at_labels(values, [own.index(k) for k in labels], len(own)), own


def _cost(label: int, factors: Sequence[Labelled]) -> int:
    """Return how many entries the product of the factors that hold a label has."""
    sizes = {k: n for a, labels in factors if label in labels for k, n in zip(labels, a.shape[2:], strict=True)}
    return prod(sizes.values())


def _multiplied(factors: Sequence[Labelled], fields: Fields) -> Labelled:
    """Return the product of some factors at all their labels."""
    labels = tuple(sorted({k for _, own in factors for k in own}))
    whole: Array | None = None
    for a, own in factors:
        spread = at_labels(a, [labels.index(k) for k in own], len(labels))
        whole = spread if whole is None else fields.times(whole, spread)
    return (np.ones((1, 1), dtype=np.int64) if whole is None else whole), labels


def _reduced(node: Reduce, known: Known, functions: RandomFunctions, ranges: Sequence[int]) -> Array:
    inside = at_labels(known[node.argument.node], node.argument.labels, len(ranges))
    outer = inside.shape[: 2 + node.axes]
    values = np.broadcast_to(inside, (*outer, *ranges[node.axes :])).reshape(*outer, prod(ranges[node.axes :]))
    if node.operator == "prod":
        return functions.fields.product(values, values.ndim - 1)
    if not values.shape[-1]:
        raise UndefinedError(f"{node.operator} of nothing")
    return functions.reduced(node.operator, values)


def _matrix(function: str, matrix: Array, shape: Sequence[int], functions: RandomFunctions) -> Array:
    """Return inv, adj, det or logdet."""
    fields = functions.fields
    if shape[0] != shape[1]:
        raise UndefinedError("a matrix that is not square")
    whole = np.broadcast_to(matrix, (len(fields.moduli), functions.draws.count, *shape))
    if function == "inv":
        return fields.inverse(whole)
    if function == "adj":
        return fields.adjugate(whole)
    det = fields.determinant(whole)
    return det if function == "det" else functions.logdet(det)


def at_axes(entry: Entry, known: Known, axes: Sequence[Wire]) -> Array:
    """Return the residues of an entry with one axis for each of `axes`."""
    order = list(axes)
    return at_labels(known[entry.node], [order.index(w) for w in entry.wires], len(order))
