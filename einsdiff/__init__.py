"""Differentiate tensors in index notation, as on paper, and run the result.

>>> import einsdiff as ed
>>> print(ed.diff("y = x_i A_ij x_j", "x"))
∂y/∂x_k = A_kj x_j + A_jk x_j
"""

from einsdiff.errors import (
    AmbiguityError,
    EinsdiffError,
    IndexMismatchError,
    InputError,
    NotDifferentiableError,
    ParseError,
    SizeMismatchError,
    UnknownNameError,
)
from einsdiff.expression import Derivative, Expression
from einsdiff.objects import indices, tensors
from einsdiff.verbs import compile, diff, hvp, jvp, parse, vjp  # noqa: A004 - the contract's name

__all__ = [
    "AmbiguityError",
    "Derivative",
    "EinsdiffError",
    "Expression",
    "IndexMismatchError",
    "InputError",
    "NotDifferentiableError",
    "ParseError",
    "SizeMismatchError",
    "UnknownNameError",
    "compile",
    "diff",
    "hvp",
    "indices",
    "jvp",
    "parse",
    "tensors",
    "vjp",
]
