"""PyTorch and JAX beside NumPy in tests: arrays of theirs, and functions that are compared at every call."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from einsdiff.program import BACKENDS
from tests.program import cupy_stand_in

NAMES = ("torch", "jax", "cupy")


def module(name: str) -> Any:
    """Return torch, jax.numpy in double precision, or a stand-in for cupy; skipped where one is not installed."""
    if name == "cupy":
        sys.modules.update({key: made for key, made in cupy_stand_in.modules().items() if key not in sys.modules})
        return sys.modules["cupy"]
    pytest.importorskip(name, exc_type=ImportError)
    if name == "jax":
        importlib.import_module("jax").config.update("jax_enable_x64", True)  # noqa: FBT003 - an option
        return importlib.import_module("jax.numpy")
    return importlib.import_module(name)


def array(name: str, value: Any) -> Any:
    """Return an array of a framework; what is no array stays."""
    if not isinstance(value, np.ndarray | np.generic):
        return value
    value = np.asarray(value)
    return module(name).asarray(value.copy() if not value.flags.writeable else value)


def numbers(found: Any) -> np.ndarray:
    """Return an array of a framework as one of NumPy's."""
    return np.asarray(found.detach() if hasattr(found, "detach") else found.get() if hasattr(found, "get") else found)


def agree(name: str, found: Any, wanted: Any, rtol: float = 1e-8, atol: float = 1e-10) -> None:
    """Assert that what a framework returns is what NumPy returns, shapes and dtypes included."""
    if isinstance(wanted, tuple):
        for one, other in zip(found, wanted, strict=True):
            agree(name, one, other, rtol, atol)
        return
    assert isinstance(found, module(name).Tensor if name == "torch" else module(name).ndarray)
    assert tuple(found.shape) == wanted.shape
    np.testing.assert_allclose(numbers(found), wanted, rtol=rtol, atol=atol)


@contextmanager
def mirrored(name: str) -> Iterator[list[str]]:
    """Let every function that is compiled for NumPy run on a framework too and be compared; the formulas are listed."""
    make, compared = BACKENDS["numpy"], []

    def both(request: Any) -> Any:
        function, other = make(request), BACKENDS[name](request)
        call = type(function).__call__

        def compared_call(self: Any, /, **given: Any) -> Any:
            wanted = call(self, **given)
            with np.errstate(all="ignore"):
                found = other(**{key: array(name, value) for key, value in given.items()})
            agree(name, found, wanted)
            compared.append(request.source)
            return wanted

        type(function).__call__ = compared_call
        return function

    BACKENDS["numpy"] = both
    try:
        yield compared
    finally:
        BACKENDS["numpy"] = make
