"""The array of an entry, by loops over all labels of its nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from einsdiff.algebra.nodes import (
    Apply,
    Axis,
    Count,
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
)
from einsdiff.algebra.walk import ordered
from einsdiff.calculus.compose import carry_out
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.matrix import Value
from einsdiff.elaborate.scope import Scope

Array = np.ndarray[Any, np.dtype[np.float64]]
SCALAR: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "abs": abs, "sin": math.sin, "tanh": math.tanh, "max": max, "min": min,
    "pow": math.pow, "gt": lambda u, v: float(u > v), "le": lambda u, v: float(u <= v),
    "where": lambda c, u, v: u if c else v, "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
}  # fmt: skip


def array_of(root: Expr, size: Callable[[Size], int], given: Mapping[str, Array]) -> Array:
    """Return the array of a node, by loops over all its labels."""
    known: dict[Expr, Array] = {}
    for node in ordered(root):
        match node:
            case Number(value):
                known[node] = np.array(float(value))
            case Count(extent):
                known[node] = np.array(float(size(extent)))
            case Tensor(name):
                known[node] = given[name]
            case Ones(extent):
                known[node] = np.ones(size(extent))
            case Unit(extent, place):
                known[node] = np.eye(size(extent))[place - 1]
            case Reduce("logsumexp", argument, axes):
                extents = [size(extent) for extent in node.label_sizes]
                found = known[node] = np.zeros(extents[:axes])
                for at in product(*map(range, extents)):
                    found[at[:axes]] += math.exp(known[argument.node][tuple(at[k] for k in argument.labels)])
                known[node] = np.log(found)
            case MatrixFunction("inv", argument):
                known[node] = np.linalg.inv(known[argument])
            case MatrixFunction("adj", argument):
                known[node] = np.linalg.det(known[argument]) * np.linalg.inv(known[argument])
            case MatrixFunction(function, argument):
                determinant = np.linalg.det(known[argument])
                known[node] = np.array(math.log(determinant) if function == "logdet" else determinant)
            case Sum(terms):
                known[node] = np.zeros([size(s) for s in node.sizes])
                for at in np.ndindex(known[node].shape):
                    known[node][at] = sum(
                        float(t.coefficient) * known[t.node][tuple(at[k] for k in t.labels)] for t in terms
                    )
            case Product(coefficient, factors, out):
                extents = [size(s) for s in node.label_sizes]
                found = known[node] = np.zeros([extents[k] for k in out])
                for at in product(*map(range, extents)):
                    parts = [known[f.node][tuple(at[k] for k in f.labels)] ** float(f.exponent) for f in factors]
                    found[tuple(at[k] for k in out)] += float(coefficient) * math.prod(parts)
            case Apply(function, arguments):
                known[node] = np.zeros([size(s) for s in node.sizes])
                for at in np.ndindex(known[node].shape):
                    values = [known[a.node][tuple(at[k] for k in a.labels)] for a in arguments]
                    known[node][at] = SCALAR[function](*values)
            case _:
                raise AssertionError(node)
    return known[root]


def evaluate(
    value: Value | Block, scope: Scope, given: Mapping[str, Array], extents: Mapping[Size, int] | None = None
) -> Array:
    """Return the array of a value, its axes in the order of its wires."""
    extents = extents or {}

    def size(extent: Size) -> int:
        called = scope.resolve(extent)
        if isinstance(called, Axis):
            return given[called.tensor].shape[called.axis]
        return called if isinstance(called, int) else extents[called]

    entry = value.entry
    array = array_of(entry.node, size, given)
    wanted = [size(w.size) for w in value.wires]
    if entry.node is Number(0):
        return np.zeros(wanted)
    assert set(entry.wires) == set(value.wires)
    assert len(entry.wires) == len(value.wires)
    order = [entry.wires.index(w) for w in value.wires]
    result = array.transpose(order)
    assert result.shape == tuple(wanted)
    return result


def rows_and_columns(block: Block, scope: Scope, given: Mapping[str, Array]) -> Array:
    """Return the matrix of a block, derivatives carried out, the last of its folded axes fastest."""
    carried = block._replace(entry=carry_out(block.entry))
    found = evaluate(carried, scope, given)
    height = math.prod(found.shape[: len(block.rows)])
    return found.reshape(height, -1)
