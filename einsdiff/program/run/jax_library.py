"""JAX, as a compiled function knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from einsdiff.program.run.library import load


class JaxLibrary:
    """JAX arrays and tracers; dtype and device of the inputs are kept.

    Too little memory and a missing kernel are a `RuntimeError`.
    """

    def __init__(self) -> None:
        self.jnp = load("jax.numpy", "JAX", "jax")
        self.failures: tuple[type[Exception], ...] = (RuntimeError, ZeroDivisionError)

    def is_own(self, value: object) -> bool:
        """Tell whether a value is a JAX array, or stands for one in a trace."""
        return isinstance(value, self.jnp.ndarray)

    def array(self, value: Any) -> Any:
        """Return a value as a JAX array."""
        if isinstance(value, self.jnp.ndarray):
            return value
        plain = np.asarray(value)
        if plain.dtype.kind in "OSUMm":
            raise TypeError(f"an array of {plain.dtype}")
        return self.jnp.asarray(plain)

    def kind(self, array: Any) -> str:
        """Return "f" for real numbers, "c" for complex ones, "i" for whole ones and truth values, else nothing."""
        kinds = {"f": "floating", "c": "complexfloating", "i": "integer", "b": "bool_"}
        known = next((k for k, name in kinds.items() if self.jnp.issubdtype(array.dtype, getattr(self.jnp, name))), "")
        return "i" if known == "b" else known

    def shape(self, array: Any) -> tuple[int, ...]:
        """Return the shape, which is known in a trace."""
        return tuple(array.shape)

    def itemsize(self, array: Any) -> int:
        """Return how many bytes an entry takes."""
        return int(array.dtype.itemsize)

    def gathered(self, arrays: Mapping[str, Any], numbers: Mapping[str, complex]) -> dict[str, Any]:
        """Return arrays of one dtype."""
        jnp = self.jnp
        dtypes = [a.dtype for a in arrays.values() if self.kind(a) != "i"]
        dtype = jnp.result_type(*dtypes) if dtypes else jnp.result_type(float)
        if any(isinstance(n, complex) for n in numbers.values()):
            dtype = jnp.result_type(dtype, complex)
        found = {name: a if a.dtype == dtype else a.astype(dtype) for name, a in arrays.items()}
        found.update((name, jnp.asarray(n, dtype)) for name, n in numbers.items())
        return found

    def hide(self, function: Callable[..., Any]) -> None:
        """Leave a function as it is: a trace of JAX runs Python."""
