"""CuPy without a GPU: NumPy under CuPy's name, less what CuPy 13 and 14 do not have."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from scipy import special

ABSENT = frozenset(
    ("block", "einsum_path", "errstate", "frompyfunc", "insert", "matvec", "nditer", "unstack", "vecdot", "vecmat")
)
"""Functions of NumPy that CuPy has not."""


def indices(dimensions: Any, dtype: Any = int) -> Any:
    """Return NumPy's, without the option of sparse ones."""
    return np.indices(dimensions, dtype)


def _own(found: Any) -> Any:
    """Return what a function of NumPy gives as CuPy gives it: numbers are arrays without axes."""
    return np.asarray(found).view(Array) if isinstance(found, np.ndarray | np.generic) else found


def _plain(given: Any) -> Any:
    return given.view(np.ndarray) if isinstance(given, Array) else given


class Array(np.ndarray):
    """An array whose methods take what those of CuPy take; nothing warns."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        with np.errstate(all="ignore"):
            if "out" in named:
                named["out"] = tuple(map(_plain, named["out"]))
            return _own(getattr(ufunc, method)(*map(_plain, inputs), **named))

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:  # noqa: FBT001, FBT002
        return _own(_plain(self).max(axis, out, keepdims))

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:  # noqa: FBT001, FBT002
        return _own(_plain(self).min(axis, out, keepdims))

    def get(self) -> np.ndarray:
        """Return the array as one of NumPy."""
        return self.view(np.ndarray)


def made(function: Any) -> Any:
    """Return a function of NumPy as CuPy has it."""

    def found(*args: Any, **named: Any) -> Any:
        with np.errstate(all="ignore"):
            return _own(function(*map(_plain, args), **named))

    return found


class StandIn(ModuleType):
    """The module."""

    ndarray = Array
    indices = staticmethod(made(indices))

    def __getattr__(self, name: str) -> Any:
        if name in ABSENT:
            raise AttributeError(f"cupy has no {name}")
        found = getattr(np, name)
        if name == "linalg":
            return Linear()
        return made(found) if callable(found) and not isinstance(found, type) else found


class Linear:
    """Its matrices."""

    def __getattr__(self, name: str) -> Any:
        return made(getattr(np.linalg, name))


def modules() -> dict[str, ModuleType]:
    """Return the modules to be put in place of CuPy's."""
    scipy, ufuncs = ModuleType("cupyx.scipy"), ModuleType("cupyx.scipy.special")
    scipy.special = ufuncs  # type: ignore[attr-defined]
    ufuncs.erf = special.erf  # type: ignore[attr-defined]
    return {"cupy": StandIn("cupy"), "cupyx": ModuleType("cupyx"), "cupyx.scipy": scipy, "cupyx.scipy.special": ufuncs}
