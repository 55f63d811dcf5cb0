"""Derivatives whose entries are placed by the definition of each layout, in loops.

Plain NumPy functions are differentiated by central differences, entry by entry, and each entry is put where the layout
says; nothing is shared with `einsdiff.layouts`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

import numpy as np

import einsdiff as ed

NAMES = ("mixed", "numerator", "denominator", "sympy", "vec", "vetter")
SIZES = {"m": 2, "p": 3, "n": 5, "q": 7}

Index = tuple[int, ...]
Array = np.ndarray
Cases = dict[str, tuple[str, str, Callable[..., Array], dict[str, Array]]]


def random(*shape: int) -> Array:
    return np.random.default_rng([*shape, 11]).uniform(0.3, 1.3, shape)


M, P, N, Q = SIZES.values()
# column of the tables: formula, variable, the same in NumPy, inputs
CASES: Cases = {
    "s by t": ("s = sin(a t^2)", "t", lambda a, t: np.sin(a * t**2), {"a": random(), "t": random() + 0.1}),
    "s by x": (
        "s = sin(a_i x_i) + x_i x_i x_i", "x",
        lambda a, x: np.sin(a @ x) + np.sum(x**3), {"a": random(N), "x": random(N) + 0.1},
    ),
    "s by X": (
        "s = u_i exp(X_ij) v_j", "X",
        lambda u, v, X: u @ np.exp(X) @ v, {"u": random(N), "v": random(Q), "X": random(N, Q)},
    ),
    "y by s": ("y_i = sin(a_i t)", "t", lambda a, t: np.sin(a * t), {"a": random(M), "t": random()}),
    "y by x": (
        "y_i = sin(A_ij x_j) + b_i x_j x_j", "x",
        lambda A, b, x: np.sin(A @ x) + b * (x @ x), {"A": random(M, N), "b": random(M), "x": random(N)},
    ),
    "Y by s": ("Y_ij = exp(A_ij t)", "t", lambda A, t: np.exp(A * t), {"A": random(M, P), "t": random()}),
    "Y by X": (
        "Y_il = sin(A_ij X_jk B_kl) + C_il X_jk X_jk", "X",
        lambda A, B, C, X: np.sin(A @ X @ B) + C * np.sum(X**2),
        {"A": random(M, N), "B": random(Q, P), "C": random(M, P), "X": random(N, Q)},
    ),
}  # fmt: skip
COLUMNS = [name for name in CASES if name != "s by t"]

# formula, variables, inputs
HESSIANS: dict[str, tuple[str, tuple[str, str], dict[str, Array]]] = {
    "s by X, X": (
        "s = S_ij X_jk T_kl X_il + sin(X_ij) X_ij", ("X", "X"),
        {"S": random(N, N), "T": random(Q, Q), "X": random(N, Q)},
    ),
    "s by x, Z": ("s = x_i sin(Z_ij) Z_kj x_k", ("x", "Z"), {"x": random(N), "Z": random(N, P)}),
    "y by X, z": ("y_i = A_ij sin(X_jk z_k)", ("X", "z"), {"A": random(M, P), "z": random(Q), "X": random(P, Q)}),
    "Y by x, Z": ("Y_ij = x_i x_k Z_kl B_lj", ("x", "Z"), {"x": random(N), "Z": random(N, P), "B": random(P, M)}),
    "Y by X, Z": (
        "Y_ij = A_ik X_kl Z_lj + X_kl X_kl C_im D_mj sin(Z_no) E_no", ("X", "Z"),
        {
            "A": random(M, N), "X": random(N, Q), "Z": random(Q, P), "C": random(M, 4), "D": random(4, P),
            "E": random(Q, P),
        },
    ),
}  # fmt: skip


def places(shape: Index) -> list[Index]:
    return list(product(*map(range, shape)))


def stacked(shape: Index) -> list[Index]:
    """The entries of a tensor as vec stacks them: column by column, each from the top."""
    if len(shape) == 2:
        return [(i, j) for j in range(shape[1]) for i in range(shape[0])]
    assert len(shape) < 2
    return places(shape)


def slopes(function: Callable[..., Array], by: str, inputs: dict[str, Array]) -> dict[Index, Array]:
    """∂Y/∂X_i for each entry i, by central differences."""
    found = {}
    for i in places(inputs[by].shape):
        step = np.zeros(inputs[by].shape)
        step[i] = 1e-5
        above, below = (function(**{**inputs, by: inputs[by] + sign * step}) for sign in (1, -1))
        found[i] = np.asarray((above - below) / 2e-5)
    return found


def unit(shape: Index, i: Index) -> Array:
    """E_ij; a vector is a column, a scalar 1×1."""
    found = np.zeros(shape)
    found[i] = 1
    return column(found)


def column(array: Array) -> Array:
    return array if array.ndim == 2 else array.reshape(-1, 1)


ORDERS: dict[str, Callable[[Index, Index], Index]] = {
    "mixed": lambda s, i: (*s, *i),
    "numerator": lambda s, i: (*s, *i[::-1]),
    "denominator": lambda s, i: (*i, *s[::-1]),
    "sympy": lambda s, i: (*i, *s),
}
ROWS = {  # what one axis alone is: that of y, that of x
    "mixed": (True, True),
    "numerator": (True, False),
    "denominator": (False, True),
    "sympy": (True, True),
}


def placed(name: str, d: dict[Index, Array], x: Index) -> Array:
    """The array of a derivative in a layout, from ∂Y/∂X_i for each i."""
    y = next(iter(d.values())).shape
    if name == "vec":
        return np.array([[d[i][s] for i in stacked(x)] for s in stacked(y)])
    if name == "vetter":
        return sum(np.kron(unit(x, i), column(d[i])) for i in places(x))
    order = ORDERS[name]
    found = np.zeros(order(y, x))
    for s, i in product(places(y), places(x)):
        found[order(s, i)] = d[i][s]
    return found


def as_matrix(name: str, array: Array, y: int) -> Array | None:
    """The matrix of an array; `y` is the rank of what was differentiated."""
    if array.ndim == 2:
        return array
    if array.ndim == 1:
        return array.reshape(-1, 1) if ROWS[name][0 if y else 1] else array.reshape(1, -1)
    return array.reshape(1, 1) if array.ndim == 0 else None


def second(formula: str, by: tuple[str, str], inputs: dict[str, Array]) -> tuple[ed.Derivative, Array]:
    h = ed.diff(formula, *by)
    return h, h.compile()(**inputs)


def ranges(h: ed.Derivative) -> list[tuple[int, int]]:
    ends = np.cumsum([0, len(h.base.wires), *(len(v.wires) for v in h.wrt)]).tolist()
    return list(pairwise(ends))
