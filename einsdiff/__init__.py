"""Differentiate tensors in index notation, as on paper, and run the result.

>>> import einsdiff as ed
>>> print(ed.diff("y = x_i A_ij x_j", "x"))
∂y/∂x_k = A_kj x_j + A_jk x_j
"""

from einsdiff.errors import (
    AmbiguityError,
    ClaimError,
    EinsdiffError,
    IndexMismatchError,
    InputError,
    NoMatrixForm,
    NotDifferentiableError,
    ParseError,
    SizeMismatchError,
    UnknownNameError,
)
from einsdiff.expression import Derivative, Expression
from einsdiff.layouts import register_layout
from einsdiff.objects import indices, tensors
from einsdiff.verbs import check, compile, diff, hvp, jvp, parse, vjp, which_layout  # noqa: A004 - the contract's name
from einsdiff.verify.verdict import Verdict

__all__ = [
    "AmbiguityError",
    "ClaimError",
    "Derivative",
    "EinsdiffError",
    "Expression",
    "IndexMismatchError",
    "InputError",
    "NoMatrixForm",
    "NotDifferentiableError",
    "ParseError",
    "SizeMismatchError",
    "UnknownNameError",
    "Verdict",
    "check",
    "compile",
    "diff",
    "hvp",
    "indices",
    "jvp",
    "parse",
    "register_layout",
    "tensors",
    "vjp",
    "which_layout",
]
