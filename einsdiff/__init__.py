"""Differentiate tensors in index notation, as on paper, and run the result.

Each name is loaded when it is first used, so that the import itself costs next to nothing.

>>> import einsdiff as ed
>>> print(ed.diff("y = x_i A_ij x_j", "x"))
∂y/∂x_k = A_kj x_j + A_jk x_j
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from einsdiff.program.run.structured import Structured
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
    "Structured",
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

_MODULES = {
    "einsdiff.expression": ("Derivative", "Expression"),
    "einsdiff.layouts": ("register_layout",),
    "einsdiff.objects": ("indices", "tensors"),
    "einsdiff.program.run.structured": ("Structured",),
    "einsdiff.verbs": ("check", "compile", "diff", "hvp", "jvp", "parse", "vjp", "which_layout"),
    "einsdiff.verify.verdict": ("Verdict",),
}
_HOMES = dict.fromkeys(__all__, "einsdiff.errors") | {name: home for home, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in _HOMES:
        message = f"module 'einsdiff' has no attribute {name!r}"
        raise AttributeError(message)
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
