"""Compiled functions on PyTorch or JAX: arrays stay where they are, and the framework's own transforms pass through.

A plan is made per shapes, outside of what the framework traces: in a trace shapes are numbers, so that a function can
be jitted, differentiated and mapped as any other of the framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from einsdiff.errors import InputError
from einsdiff.program.plan.sizes import in_formula
from einsdiff.program.request import Request
from einsdiff.program.run.arguments import Arguments, Array, first_line
from einsdiff.program.run.function import SIGNATURES, CompiledFunction, Program, executed, keep
from einsdiff.program.run.library import Library

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class Planned(NamedTuple):
    """A generated function, the arrays that it takes, and the shapes that the callables given to it must return."""

    function: Callable[..., Any]
    inputs: tuple[str, ...]
    shapes: Mapping[str, tuple[int | None, ...]]


class Shelf:
    """Programs as attributes: a trace looks an attribute up when it comes to it, and guards it."""


class FrameworkArguments(Arguments):
    """What is given to a function of a framework."""

    library: Library

    def arrays(self, given: Mapping[str, Any], wanted: Mapping[str, int]) -> dict[str, Any]:
        """Return the wanted inputs as arrays of one dtype; numbers and lists of numbers take that of the arrays."""
        found: dict[str, Any] = {}
        numbers: dict[str, Any] = {}
        for name, rank in wanted.items():
            value = given.get(name)
            if value is None:
                if name in self.ranks:
                    raise self._missing(name, "array")
            elif rank == 0 and isinstance(value, int | float | complex):
                numbers[name] = value
            elif isinstance(value, list | tuple):
                self._array(name, value, rank)
                numbers[name] = value
            else:
                found[name] = self._array(name, value, rank)
        return self._gathered(found, numbers)

    def _gathered(self, arrays: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.library.gathered(arrays, numbers)
        except OverflowError as error:
            name = next((n for n, number in numbers.items() if _is_too_large(number)), "a number")
            raise self.error(InputError, f"{name}{{}} is too large for a floating-point number", name) from error
        except self.library.failures as error:
            message = f"the arrays have no common dtype: {first_line(error)}"
            raise in_formula(InputError(message), self.request) from error

    def _array(self, name: str, value: Any, rank: int) -> Any:
        if not self.library.is_own(value):
            value = self._foreign(name, value, rank)
        kind = self.library.kind(value)
        if not kind:
            raise self.error(InputError, f"{name}{{}} is an array of numbers, and {value.dtype} was given", name)
        self._check_array(name, value, rank, kind)
        return value

    def _foreign(self, name: str, value: Any, rank: int) -> Any:
        """Return what is no array of the framework as one."""
        self._check_given(name, value, rank)
        if isinstance(value, np.ndarray):
            value = self._exchanged(name, value, rank)
        try:
            return self.library.array(value)
        except (TypeError, ValueError, RuntimeError) as error:
            message = f"{name}{{}} is an array of numbers, and this was given: {first_line(error)}"
            raise self.error(InputError, message, name) from error

    def _exchanged(self, name: str, array: Array, rank: int) -> Array:
        """Return an array of NumPy with a dtype that frameworks have, in the order of bytes of this machine."""
        plain = self._plain(name, array, rank)
        if plain.dtype.itemsize > (16 if plain.dtype.kind == "c" else 8):
            message = f"{name}{{}} is of {plain.dtype}, which NumPy alone has"
            raise self.error(InputError, message, name, help=f"{name}={name}.astype(float)")
        return self._native(name, plain)

    def _checked(
        self, name: str, function: Callable[..., Any], shape: tuple[int | None, ...] | None
    ) -> Callable[..., Any]:
        def checked(*arguments: Any) -> Any:
            result = self.library.array(function(*arguments))
            self._check_shape(name, self.library.shape(result), [self.library.shape(a) for a in arguments], shape)
            return self.library.gathered({"like": arguments[0], "result": result}, {})["result"]

        return checked


def _is_too_large(number: Any) -> bool:
    """Tell whether a number, or one of a list, has no floating-point number near it."""
    try:
        np.asarray(number, np.complex128)
    except OverflowError:
        return True
    return False


class FrameworkFunction(CompiledFunction):
    """Expressions as a function of the arrays of a framework, given by keyword; a tuple of arrays for several.

    `source` and `plan` need nothing installed; the call does.
    """

    arguments = FrameworkArguments

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._shelf = Shelf()
        self._places: dict[tuple[Shapes, int, bool], str] = {}
        self._count = 0
        self._library: Library | None = None
        try:
            self._connect()
        except InputError:
            self._library = None  # told when it is called

    def make_library(self) -> Library:
        """Return the library, loaded."""
        raise NotImplementedError

    def _connect(self) -> Library:
        if self._library is None:
            self._library = self.make_library()
            self._library.hide(FrameworkFunction.place)
            assert isinstance(self._arguments, FrameworkArguments)
            self._arguments.library = self._library
        return self._library

    def __call__(self, /, *values: Any, **given: Any) -> Any:
        """Return the result for some arrays."""
        if values:
            raise self.unnamed(values)
        library = self._connect() if self._library is None else self._library
        named = self._arguments.named(given)
        arrays = self._arguments.arrays(named, self._wanted)
        sizes = [library.itemsize(a) for a in arrays.values()]
        is_real = "c" not in [library.kind(a) for a in arrays.values()]
        shapes = tuple([(name, library.shape(a)) for name, a in arrays.items()])
        program: Planned = getattr(self._shelf, self.place(shapes, max(sizes) if sizes else 8, is_real))
        taken = {name: arrays[name] for name in program.inputs}
        if self._arguments.callables:  # what goes wrong in them is shown as it is
            return program.function(**taken, **self._arguments.functions(named, program.shapes))
        try:
            return program.function(**taken)
        except library.failures as error:
            raise self.refusal(error) from error

    def place(self, shapes: Shapes, itemsize: int, is_real: bool) -> str:  # noqa: FBT001 - torch hides this call
        """Return the attribute of the shelf that has the program for arrays of these shapes, planning it if need be."""
        found = self._places.get((shapes, itemsize, is_real))
        if found is None:
            self._count += 1
            found = f"program_{self._count}"
            setattr(self._shelf, found, self._planned_for(dict(shapes), itemsize, is_real=is_real))
            for lost in keep(self._places, (shapes, itemsize, is_real), found, SIGNATURES):
                delattr(self._shelf, lost)
        return found

    def _planned_for(self, shapes: Mapping[str, tuple[int, ...]], itemsize: int, *, is_real: bool) -> Planned:
        known = self._sizes.numbers(shapes)
        text, table = self._make(known, shapes, itemsize, is_real=is_real)
        inputs = tuple(name for name, _ in table.plan.inputs)
        program = self._texts.get((text,)) or Program(executed(text), inputs, None)
        keep(self._texts, (text,), program, SIGNATURES)
        return Planned(program.function, inputs, self._shapes(known))

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.request,))
