"""PyTorch, as a compiled function knows it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from einsdiff.errors import InputError
from einsdiff.program.run.library import load


class TorchLibrary:
    """Tensors; dtype and device of the inputs are kept.

    A matrix that is singular, too little memory and a missing kernel are a `RuntimeError`.
    """

    def __init__(self) -> None:
        self.torch = load("torch", "PyTorch", "torch")
        self.failures: tuple[type[Exception], ...] = (RuntimeError, ZeroDivisionError)

    def is_own(self, value: object) -> bool:
        """Tell whether a value is a tensor."""
        return isinstance(value, self.torch.Tensor)

    def array(self, value: Any) -> Any:
        """Return a value as a tensor; of an array that is read-only or runs backwards it takes a copy."""
        if isinstance(value, self.torch.Tensor):
            return value
        if isinstance(value, np.ndarray) and not (value.flags.writeable and min(value.strides, default=0) >= 0):
            value = value.copy()
        return self.torch.as_tensor(value)

    def kind(self, array: Any) -> str:
        """Return "f" for real numbers, "c" for complex ones, "i" for whole ones and truth values."""
        return "f" if array.is_floating_point() else "c" if array.is_complex() else "i"

    def shape(self, array: Any) -> tuple[int, ...]:
        """Return the shape; `index` makes numbers of the symbols that a trace has for sizes."""
        return tuple([operator.index(size) for size in array.shape])

    def itemsize(self, array: Any) -> int:
        """Return how many bytes an entry takes."""
        return int(array.dtype.itemsize)

    def gathered(self, arrays: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Return tensors of one dtype on one device; a tensor without axes follows the others to theirs."""
        torch, dtype = self.torch, None
        for a in arrays.values():
            if a.is_floating_point() or a.is_complex():
                dtype = a.dtype if dtype is None else torch.promote_types(dtype, a.dtype)
        leading = [a for a in arrays.values() if a.dim()] or list(arrays.values())
        device = leading[0].device if leading else None
        if any(a.device != device for a in leading):
            raise InputError("the tensors are on different devices", given=_devices(arrays))
        dtype = torch.get_default_dtype() if dtype is None else dtype
        if any(map(self._is_complex, numbers.values())):
            dtype = torch.promote_types(dtype, torch.complex64)
        found = {name: a.to(device=device, dtype=dtype) for name, a in arrays.items()}
        found.update({name: torch.as_tensor(n, dtype=dtype, device=device) for name, n in numbers.items()})
        return found

    def _is_complex(self, number: Any) -> bool:
        is_list = isinstance(number, list | tuple)
        return bool(self.torch.as_tensor(number).is_complex()) if is_list else isinstance(number, complex)

    def hide(self, function: Callable[..., Any]) -> None:
        """See to it that torch.compile runs a function as it is."""
        self.torch.compiler.assume_constant_result(function)


def _devices(arrays: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}.device == {a.device}" for name, a in arrays.items())
