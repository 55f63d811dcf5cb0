"""The libraries whose functions have the names of NumPy's: JAX and CuPy, as a compiled function knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


class NumpyLike:
    """Arrays of such a library, and what stands for them in a trace; dtype and device of the inputs are kept."""

    def __init__(self, module: Any, failures: tuple[type[Exception], ...]) -> None:
        self.module = module
        self.failures = failures

    def is_own(self, value: object) -> bool:
        """Tell whether a value is an array of this library."""
        return isinstance(value, self.module.ndarray)

    def array(self, value: Any) -> Any:
        """Return a value as an array on the device."""
        if self.is_own(value):
            return value
        plain = np.asarray(value)
        if not self.kind(plain):
            raise TypeError(f"an array of {plain.dtype}")
        return self.module.asarray(plain)

    def kind(self, array: Any) -> str:
        """Return "f" for real numbers, "c" for complex ones, "i" for whole ones and truth values, else nothing."""
        kinds = (("f", "floating"), ("c", "complexfloating"), ("i", "integer"), ("i", "bool_"))
        module, dtype = self.module, array.dtype
        return next((kind for kind, name in kinds if module.issubdtype(dtype, getattr(module, name))), "")

    def shape(self, array: Any) -> tuple[int, ...]:
        """Return the shape, which is known in a trace."""
        return tuple(array.shape)

    def itemsize(self, array: Any) -> int:
        """Return how many bytes an entry takes."""
        return int(array.dtype.itemsize)

    def gathered(self, arrays: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Return arrays and numbers as arrays of one dtype; whole numbers alone get the library's own for numbers."""
        module = self.module
        dtypes = [a.dtype for a in arrays.values() if self.kind(a) != "i"]
        dtype = module.result_type(*(dtypes or [float]))
        if any(map(np.iscomplexobj, numbers.values())):
            dtype = module.result_type(dtype, module.complex64)
        found = {name: a if a.dtype == dtype else a.astype(dtype) for name, a in arrays.items()}
        found.update((name, module.asarray(n, dtype)) for name, n in numbers.items())
        return found

    def hide(self, function: Callable[..., Any]) -> None:
        """Leave a function as it is: a trace of JAX runs Python, and CuPy traces nothing."""
