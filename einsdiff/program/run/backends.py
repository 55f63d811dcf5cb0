"""The table of backends: what a program is compiled to, by name."""

from __future__ import annotations

from collections.abc import Callable

from einsdiff.program.emit.cupy_dialect import CUPY
from einsdiff.program.emit.jax_dialect import JAX
from einsdiff.program.emit.torch_dialect import TORCH
from einsdiff.program.request import Request
from einsdiff.program.run.entry import FAILURES
from einsdiff.program.run.framework import FrameworkFunction
from einsdiff.program.run.function import CompiledFunction, compile_request
from einsdiff.program.run.library import Library, load
from einsdiff.program.run.numpy_like import NumpyLike
from einsdiff.program.run.torch_library import TorchLibrary


class TorchFunction(FrameworkFunction):
    """A function of PyTorch tensors."""

    dialect = TORCH

    def make_library(self) -> Library:
        """Return PyTorch."""
        return TorchLibrary()


class JaxFunction(FrameworkFunction):
    """A function of JAX arrays."""

    dialect = JAX

    def make_library(self) -> Library:
        """Return JAX; too little memory and a missing kernel are a `RuntimeError`."""
        return NumpyLike(load("jax.numpy", "JAX", "jax"), (RuntimeError, ZeroDivisionError))


class CupyFunction(FrameworkFunction):
    """A function of CuPy arrays."""

    dialect = CUPY

    def make_library(self) -> Library:
        """Return CuPy."""
        return NumpyLike(load("cupy", "CuPy", "cupy"), FAILURES)


BACKENDS: dict[str, Callable[[Request], CompiledFunction]] = {
    "numpy": compile_request,
    "torch": TorchFunction,
    "jax": JaxFunction,
    "cupy": CupyFunction,
}
