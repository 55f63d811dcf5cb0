"""What a compiled function has to know of the array library that runs it; each is loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol

from einsdiff.errors import InputError


class Library(Protocol):
    """An array library; `failures` are its errors where a formula cannot be computed."""

    failures: tuple[type[Exception], ...]

    def is_own(self, value: object) -> bool:
        """Tell whether a value is an array of this library."""
        ...

    def array(self, value: Any) -> Any:
        """Return a value as an array, in the memory where it is if it is one."""
        ...

    def kind(self, array: Any) -> str:
        """Return "f" for real numbers, "c" for complex ones, "i" for whole ones and truth values, else nothing."""
        ...

    def shape(self, array: Any) -> tuple[int, ...]:
        """Return the shape as numbers, in a trace too."""
        ...

    def itemsize(self, array: Any) -> int:
        """Return how many bytes an entry takes."""
        ...

    def gathered(self, arrays: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
        """Return arrays, numbers and lists of numbers as arrays of one dtype, that of the arrays, on their device."""
        ...

    def hide(self, function: Callable[..., Any]) -> None:
        """See to it that a trace runs a function as it is, and takes its result for a constant."""
        ...


def load(module: str, title: str, extra: str) -> Any:
    """Return a module that is installed only for those who use it."""
    try:
        return import_module(module)
    except ImportError as error:
        message = f"{title} is not installed, and this function runs on it"
        raise InputError(message, help=f"pip install 'einsdiff[{extra}]'") from error
