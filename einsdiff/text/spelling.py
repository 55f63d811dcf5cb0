"""Which known function a misspelled name was meant to be.

An unknown name with arguments is a legal unknown function, so that only near misses count: two letters swapped, one
left out or put in too many in a name of four, one changed in a name of five.
"""

from __future__ import annotations

from collections.abc import Iterable

OTHER_NAMES = {
    "trace": "tr",
    "Tr": "tr",
    "inverse": "inv",
    "determinant": "det",
    "adjugate": "adj",
    "sgn": "sign",
    "arsinh": "asinh",
    "arcosh": "acosh",
    "artanh": "atanh",
    "lse": "logsumexp",
    "maximum": "max",
    "minimum": "min",
    "power": "pow",
    "average": "mean",
}
"""Names of functions in other systems → ours."""

WRITTEN = {
    "dot": "x' y or A x, with indices x_i y_i or A_ij x_j",
    "inner": "x' y, with indices x_i y_i",
    "vdot": "x' y, with indices x_i y_i",
    "outer": "x y', with indices x_i y_j",
    "matmul": "A B, with indices A_ij B_jk",
    "einsum": "the indices:  C_ik = A_ij B_jk",
    "tensordot": "the indices:  C_ik = A_ij B_jk",
    "transpose": "A', with indices A_ji",
    "cross": "c_i = ε_ijk a_j b_k",
    "solve": "inv(A) b",
    "pinv": "inv(A' A) A'",
    "eye": "I, with indices δ_ij",
    "grad": "∂f/∂x",
    "gradient": "∂f/∂x",
    "jacobian": "∂f/∂x",
    "hessian": "∂²f/∂x∂x",
    "square": "x^2, entry by entry x .^ 2",
    "var": "mean_i((x_i - mean_j(x_j))^2)",
    "std": "sqrt(mean_i((x_i - mean_j(x_j))^2))",
    "argmax": "max_i(x_i) for the largest entry",
    "argmin": "min_i(x_i) for the smallest entry",
}
"""Functions of other systems that formulas write without a name → what to write."""


def find_meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known function that a name nearly is.

    >>> find_meant("tahn", ["tanh", "tan"])
    'tanh'
    >>> find_meant("g", ["gt"]) is None
    True
    """
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    return next((other for other in sorted(known) if _is_near(name, other)), None)


def _is_near(name: str, other: str) -> bool:
    if abs(len(name) - len(other)) > 1 or name == other:
        return False
    head = 0
    while head < min(len(name), len(other)) and name[head] == other[head]:
        head += 1
    if len(name) == len(other):
        swapped = name[head + 1 : head + 2] + name[head : head + 1] + name[head + 2 :]
        changed = len(name) > 4 and name[head + 1 :] == other[head + 1 :]
        return len(name) > 2 and (swapped == other[head:] or changed)
    if max(len(name), len(other)) < 4 or len(other) < 4:
        return False
    short, long = sorted((name, other), key=len)
    return short[head:] == long[head + 1 :]
