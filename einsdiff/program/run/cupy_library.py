"""CuPy, as a compiled function knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from einsdiff.program.run.entry import FAILURES
from einsdiff.program.run.library import load


class CupyLibrary:
    """Arrays on a GPU; the dtype of the inputs is kept."""

    def __init__(self) -> None:
        self.cupy = load("cupy", "CuPy", "cupy")
        self.failures: tuple[type[Exception], ...] = FAILURES

    def is_own(self, value: object) -> bool:
        """Tell whether a value is an array of CuPy."""
        return isinstance(value, self.cupy.ndarray)

    def array(self, value: Any) -> Any:
        """Return a value as an array on the device."""
        if isinstance(value, self.cupy.ndarray):
            return value
        plain = np.asarray(value)
        if plain.dtype.kind not in "fciub":
            raise TypeError(f"an array of {plain.dtype}")
        return self.cupy.asarray(plain)

    def kind(self, array: Any) -> str:
        """Return "f" for real numbers, "c" for complex ones, "i" for whole ones and truth values, else nothing."""
        return {"f": "f", "c": "c", "i": "i", "u": "i", "b": "i"}.get(array.dtype.kind, "")

    def shape(self, array: Any) -> tuple[int, ...]:
        """Return the shape."""
        return tuple(array.shape)

    def itemsize(self, array: Any) -> int:
        """Return how many bytes an entry takes."""
        return int(array.dtype.itemsize)

    def gathered(self, arrays: Mapping[str, Any], numbers: Mapping[str, complex]) -> dict[str, Any]:
        """Return arrays of one dtype; whole numbers and numbers alone become double."""
        dtypes = [a.dtype for a in arrays.values() if self.kind(a) != "i"]
        dtype = np.result_type(*dtypes) if dtypes else np.dtype(float)
        if any(isinstance(n, complex) for n in numbers.values()):
            dtype = np.result_type(dtype, np.complex64)
        found = {name: a.astype(dtype, copy=False) for name, a in arrays.items()}
        found.update((name, self.cupy.asarray(n, dtype)) for name, n in numbers.items())
        return found

    def hide(self, function: Callable[..., Any]) -> None:
        """Leave a function as it is: CuPy traces nothing."""
