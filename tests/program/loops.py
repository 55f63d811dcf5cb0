"""A slow evaluator of entries: loops over labels, Python numbers, no arrays.  It shares no code with the compiler."""

from __future__ import annotations

import cmath
import math
from itertools import permutations, product

from einsdiff.algebra import nodes as n


def sizes_of(node, arrays, sizes):
    """Return the number of each axis of a node."""
    return tuple(number(s, arrays, sizes) for s in node.sizes)


def number(size, arrays, sizes):
    if isinstance(size, int):
        return size
    if isinstance(size, n.Axis):
        return arrays[size.tensor].shape[size.axis] if size.tensor in arrays else sizes[size]
    return sizes[size.index if isinstance(size, n.IndexSize) else size]


FUNCTIONS = {
    "exp": cmath.exp, "expm1": lambda u: cmath.exp(u) - 1, "log": cmath.log, "log1p": lambda u: cmath.log(1 + u),
    "sqrt": cmath.sqrt, "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "asin": cmath.asin, "acos": cmath.acos,
    "atan": cmath.atan, "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh, "asinh": cmath.asinh,
    "acosh": cmath.acosh, "atanh": cmath.atanh, "sigmoid": lambda u: 1 / (1 + cmath.exp(-u)),
    "softplus": lambda u: cmath.log(1 + cmath.exp(u)), "erf": lambda u: math.erf(u.real), "abs": abs,
    "sign": lambda u: math.copysign(1, u.real) if u else 0.0, "relu": lambda u: max(u.real, 0.0),
    "max": lambda u, v: max(u.real, v.real), "min": lambda u, v: min(u.real, v.real),
    "gt": lambda u, v: float(u.real > v.real), "ge": lambda u, v: float(u.real >= v.real),
    "lt": lambda u, v: float(u.real < v.real), "le": lambda u, v: float(u.real <= v.real),
    "eq": lambda u, v: float(u == v), "ne": lambda u, v: float(u != v), "where": lambda c, u, v: u if c != 0 else v,
    "pow": lambda u, v: u**v,
}  # fmt: skip


def value(node, at, arrays, sizes):
    """Return the entry of a node at some places."""

    def inner(part, labels, places):
        return value(part, tuple(places[k] for k in labels), arrays, sizes)

    match node:
        case n.Number(v):
            return float(v) + 0j
        case n.Count(size):
            return number(size, arrays, sizes) + 0j
        case n.Tensor(name):
            return complex(arrays[name][at])
        case n.Ones():
            return 1 + 0j
        case n.Unit(_, place):
            return complex(at[0] == place - 1)
        case n.Epsilon(axes):
            if at not in set(permutations(range(axes))):
                return 0j
            return complex((-1) ** sum(at[a] > at[b] for b in range(axes) for a in range(b)))
        case n.Sum(terms):
            return sum(float(t.coefficient) * inner(t.node, t.labels, at) for t in terms)
        case n.Product(coefficient, factors, out):
            places = {}
            for label, place in zip(out, at, strict=True):
                if places.setdefault(label, place) != place:
                    return 0j
            ranges = [range(number(node.label_sizes[k], arrays, sizes)) for k in node.bound]
            found = 0j
            for inside in product(*ranges):
                places.update(zip(node.bound, inside, strict=True))
                piece = float(coefficient) + 0j
                for f in factors:
                    piece *= inner(f.node, f.labels, places) ** float(f.exponent)
                found += piece
            return found
        case n.Apply(function, arguments):
            return FUNCTIONS[function](*(inner(a.node, a.labels, at) for a in arguments))
        case n.Reduce(operator, (part, labels), axes):
            ranges = [range(number(s, arrays, sizes)) for s in node.label_sizes[axes:]]
            values = [inner(part, labels, (*at, *inside)) for inside in product(*ranges)]
            return REDUCTIONS[operator](values)
        case n.MatrixFunction(function, part):
            return matrix(function, at, part, lambda i, j: value(part, (i, j), arrays, sizes), arrays, sizes)
    raise NotImplementedError(node)


def complex_product(values):
    found = 1 + 0j
    for v in values:
        found *= v
    return found


REDUCTIONS = {
    "prod": complex_product,
    "max": lambda v: max((u.real for u in v), default=-math.inf),
    "min": lambda v: min((u.real for u in v), default=math.inf),
    "logsumexp": lambda v: cmath.log(sum(map(cmath.exp, v))) if v else -math.inf,
}


def determinant(rows):
    size = len(rows)
    found = 0j
    for p in permutations(range(size)):
        sign = (-1) ** sum(p[a] > p[b] for b in range(size) for a in range(b))
        term = complex(sign)
        for i in range(size):
            term *= rows[i][p[i]]
        found += term
    return found


def matrix(function, at, part, entry, arrays, sizes):
    size = sizes_of(part, arrays, sizes)[0]
    rows = [[entry(i, j) for j in range(size)] for i in range(size)]
    whole = determinant(rows)
    if function == "det":
        return whole
    if function == "logdet":
        return cmath.log(whole)
    i, j = at
    divisor = 1 if function == "adj" else whole
    minor = [[rows[a][b] for b in range(size) if b != i] for a in range(size) if a != j]
    return (-1) ** (i + j) * determinant(minor) / divisor
