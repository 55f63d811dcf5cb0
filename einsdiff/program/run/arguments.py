"""What is given when a program is called: names, arrays, callables; and the errors when they do not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra.nodes import Size
from einsdiff.errors import EinsdiffError, InputError, Mark, SizeMismatchError, UnknownNameError
from einsdiff.program.emit.names import is_parameter, other_spellings
from einsdiff.program.plan.sizes import in_formula
from einsdiff.program.request import Request
from einsdiff.program.run.memory import check_size

Array = NDArray[Any]
Shape = tuple[int, ...]

KINDS = ("scalar", "vector(n)", "matrix(n, m)")
FRAMEWORKS = {"torch": "torch", "jax": "jax", "jaxlib": "jax", "cupy": "cupy"}
"""Where a class comes from, and the backend that takes its arrays."""


class Arguments:
    """The inputs that a program accepts, those that it needs, and how what is given becomes arrays."""

    def __init__(
        self,
        request: Request,
        ranks: Mapping[str, int],
        callables: Mapping[str, tuple[Size, ...] | None],
        real: Sequence[str] = (),
    ) -> None:
        self.request = request
        self.real = real
        self.ranks = dict(ranks)
        self.callables = dict(callables)
        self.names = list(dict.fromkeys((*(i.name for i in request.inputs), *ranks, *callables)))
        self._other = other_spellings(self.names)
        for name in set(ranks) & set(callables):
            message = f"{name} is an array in the formula, and the function of that name is needed too"
            raise in_formula(InputError(message, help="give one of the two another name"), request)

    def named(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is given under the names of the inputs; None stands for what is not given."""
        found: dict[str, Any] = {}
        known = frozenset(self.names)
        for key, value in given.items():
            if value is None and key in known:
                continue
            name = key if key in known else self._other.get(key)
            if name is None:
                raise self._unknown(key)
            if name in found:
                raise in_formula(InputError(f"{name} is given twice, once as {key}"), self.request)
            found[name] = value
        return found

    def arrays(self, given: Mapping[str, Any], wanted: Mapping[str, int]) -> dict[str, Array]:
        """Return the wanted inputs as arrays of floating-point numbers.

        A number that is not an array takes the dtype of the arrays.
        """
        found: dict[str, Array] = {}
        numbers: dict[str, int | float | complex] = {}
        for name, rank in wanted.items():
            value = given.get(name)
            if value is None:
                if name in self.ranks:
                    raise self._missing(name, "array")
                continue
            if type(value) in (int, float, complex, bool) and rank == 0:
                numbers[name] = value
            else:
                found[name] = self._array(name, value, rank)
        if numbers:
            dtypes = [a.dtype for a in found.values()] or [np.dtype(np.float64)]
            common = np.result_type(*dtypes, *numbers.values())
            found.update((name, self._scalar(name, number, common)) for name, number in numbers.items())
        return {name: found[name] for name in wanted if name in found}

    def _scalar(self, name: str, number: complex, dtype: np.dtype[Any]) -> Array:
        try:
            return np.asarray(number, dtype)
        except OverflowError:
            raise self.error(InputError, f"{name}{{}} is a number that is too large for {dtype}", name) from None

    def functions(
        self, given: Mapping[str, Any], shapes: Mapping[str, tuple[int | None, ...]]
    ) -> dict[str, Callable[..., Any]]:
        """Return the callables that the program needs, each checking the shape of what it returns."""
        found = {}
        for name in self.callables:
            function = given.get(name)
            if function is None:
                raise self._missing(name, "function")
            if not callable(function):
                message = f"{name} is a function in the formula{{}}, and an array was given"
                raise self.error(InputError, message, name, help=f"{name}=np.tanh, say")
            found[name] = self._checked(name, function, shapes.get(name))
        return found

    def _checked(
        self, name: str, function: Callable[..., Any], shape: tuple[int | None, ...] | None
    ) -> Callable[..., Any]:
        def checked(*arguments: Any) -> Array:
            returned = function(*arguments)
            if np.ma.is_masked(returned):
                raise self.error(
                    InputError, f"{name}{{}} returned a masked array, and a masked entry has no value", name
                )
            result = np.asarray(returned)
            if result.dtype.kind not in "fc":
                if result.dtype.kind not in "biu":
                    raise self.error(InputError, f"{name}{{}} returned {_kind(result)}, not numbers", name)
                result = result.astype(np.float64)
            self._check_shape(name, result.shape, [np.shape(a) for a in arguments], shape)
            return result

        return checked

    def _check_shape(self, name: str, made: Shape, given: list[Shape], shape: tuple[int | None, ...] | None) -> None:
        """Refuse a shape that a callable returned for the shapes `given`."""
        if shape is None:
            wanted = _broadcast(given)
            if made != wanted:
                message = f"{name}{{}} works entry by entry: for shape {wanted} it returned shape {made}"
                typed = (
                    f"{name}=np.vectorize({name}) for a function of one number; {name}_i(…) in the formula for another"
                )
                raise self.error(InputError, message, name, help=typed)
        elif len(made) != len(shape):
            message = f"{name}{{}} returned an array with {axes_in_words(len(made))}, and its formula has {len(shape)}"
            raise self.error(InputError, message, name)
        elif any(known is not None and known != size for known, size in zip(shape, made, strict=True)):
            wants = ", ".join(["any" if known is None else str(known) for known in shape])
            message = f"{name}{{}} returned shape {made}, and its formula needs ({wants})"
            raise self.error(SizeMismatchError, message, name)

    def _array(self, name: str, value: Any, rank: int) -> Array:
        """Return what is given as floating-point numbers in the order of bytes of this machine."""
        found = self._plain(name, value, rank)
        if found.dtype.kind in "biu":
            return self._cast(name, found, np.dtype(np.float64))
        if found.dtype == np.float16:
            return self._cast(name, found, np.dtype(np.float32))
        return self._native(name, found)

    def _plain(self, name: str, value: Any, rank: int) -> Array:
        """Return what is given as an array of numbers with so many axes."""
        self._check_given(name, value, rank)
        try:
            found = np.asarray(value)
        except ValueError:
            found = np.empty((), object)
        except (TypeError, RuntimeError) as error:
            raise self._no_array(name, value, error) from error
        if found.dtype.kind not in "fcbiu":
            message = f"{name}{{}} is an array of numbers, and {_kind(found)} were given"
            raise self.error(InputError, message, name, help=_example(name, rank))
        self._check_array(name, found, rank, found.dtype.kind)
        return found

    def _native(self, name: str, array: Array) -> Array:
        return array if array.dtype.isnative else self._cast(name, array, array.dtype.newbyteorder("="))

    def _cast(self, name: str, array: Array, dtype: np.dtype[Any]) -> Array:
        """Return a copy in another dtype.

        Raises: InputError, where no memory can hold it.
        """
        title = f"the copy of {name} in {dtype}"
        try:
            check_size(title, array.shape, dtype.itemsize, f"an array {name} of {dtype}, which is taken as it is")
        except InputError as error:
            raise in_formula(error, self.request) from None
        return array.astype(dtype)

    def _no_array(self, name: str, value: object, error: Exception) -> EinsdiffError:
        """Return the error for what NumPy makes no array of, as a traced array or one that is differentiated."""
        backend = FRAMEWORKS.get(type(value).__module__.partition(".")[0])
        message = f"{name}{{}} is an array of numbers, and NumPy makes none of this: {first_line(error)}"
        return self.error(InputError, message, name, help=f'compile(backend="{backend}")' if backend else "")

    def _check_given(self, name: str, value: Any, rank: int) -> None:
        """Refuse what no array can be made of without changing what it means."""
        if callable(value) and not hasattr(value, "__array__"):
            message = f"{name} is an array in the formula{{}}, and a function was given"
            raise self.error(InputError, message, name, help=_example(name, rank))
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
            message = f"{name}{{}} is a masked array, and a formula has no value for a masked entry"
            raise self.error(InputError, message, name, help=f"{name}.compressed() or {name}.filled(0), as you mean it")

    def _check_array(self, name: str, array: Any, rank: int, kind: str) -> None:
        """Refuse an array that has other axes than the formula, or complex entries where they have no meaning."""
        if array.ndim != rank:
            raise self.refuse_rank(name, rank, tuple(array.shape))
        if kind == "c" and self.real:
            message = f"{name}{{}} is complex, and {self.real[0]} is a function of real numbers"
            raise self.error(
                InputError, message, name, help=f"give {name}.real, or write the formula without {self.real[0]}"
            )

    # ------------------------------------------------------------------------------------------------------ errors

    def error(
        self,
        kind: type[EinsdiffError],
        message: str,
        name: str,
        *,
        given: str = "",
        help: str = "",  # noqa: A002
    ) -> EinsdiffError:
        """Return an error about one input, marked where the input stands; `{}` is the place of the sign."""
        axes = [(axis, span) for known in self.request.classes for axis, span in known.axes]
        spans = [span for axis, span in axes if axis.tensor == name and span is not None]
        marks = [Mark(min(spans))] if spans else []
        error = kind(message.format(" [^]" if marks else ""), given=given, help=help)
        return in_formula(error, self.request, *marks)

    def refuse_rank(self, name: str, rank: int, shape: tuple[int, ...]) -> EinsdiffError:
        """Return the error for an array with another number of axes than the formula has for it."""
        message = f"{name}{{}} has {axes_in_words(rank)} in the formula, and the array given has {len(shape)}"
        sizes = [str(n) for n in shape if n != 1]
        if len(sizes) == rank:
            typed = f"{name}={name}.reshape({', '.join(sizes) or '()'})"
        elif len(shape) < len(KINDS) and _is_inferred(name, self.request.source):
            typed = f"if {name} is a {KINDS[len(shape)].partition('(')[0]}, declare it:  {name} : {KINDS[len(shape)]}"
        else:
            typed = _example(name, rank)
        return self.error(InputError, message, name, given=f"{name}.shape == {shape}", help=typed)

    def unnamed(self, values: Sequence[Any]) -> EinsdiffError:
        """Return the error for what is given by place: the order of the inputs of a formula is nothing to rely on."""
        what = "an array is" if len(values) == 1 else f"{len(values)} arrays are"
        return in_formula(InputError(f"{what} given without a name", help=self._as_called()), self.request)

    def _missing(self, name: str, what: str) -> EinsdiffError:
        return self.error(InputError, f"the {what} {name}{{}} is missing", name, help=self._as_called())

    def _as_called(self) -> str:
        """Return how the program is called."""
        names = [*self.ranks, *self.callables]
        call = ", ".join([f"{n}={n}" if is_parameter(n) else f'**{{"{n}": {n}}}' for n in names])
        return f"call it as  fn({call})"

    def _unknown(self, key: str) -> EinsdiffError:
        close = [name for name in self.names if name.casefold() == key.casefold()]
        close += get_close_matches(key, self.names, 1, 0.5)
        known = ", ".join(self.names) or "none"
        guess = f"did you mean {close[0]}?  " if close else ""
        error = UnknownNameError(f"there is no input {key}", help=f"{guess}inputs: {known}")
        return in_formula(error, self.request)


def _broadcast(shapes: list[Shape]) -> Shape:
    """Return the shape to which some shapes that fit are repeated."""
    rank = max([len(s) for s in shapes])
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    return tuple([next((n for n in sizes if n != 1), 1) for sizes in zip(*padded, strict=True)])


def _example(name: str, rank: int) -> str:
    """Return an array with so many axes as it can be typed."""
    shown = ("2.0", "np.array([1.0, 2.0])", "np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])")
    return f"{name}={shown[rank] if rank < len(shown) else f'np.zeros({tuple(range(2, 2 + rank))})'}"


def first_line(error: Exception) -> str:
    """Return what an error says, without what it advises further down."""
    return str(error).strip().partition("\n")[0]


def axes_in_words(count: int) -> str:
    """Return "1 axis", "2 axes", …."""
    return "1 axis" if count == 1 else f"{count} axes"


def _kind(found: Array) -> str:
    return {"U": "texts", "S": "texts", "M": "dates", "m": "times", "V": "records"}.get(found.dtype.kind, "objects")


def _is_inferred(name: str, source: str) -> bool:
    """Whether a name stands in matrix notation, without indices, and is not declared there."""
    places = [source[m.end() :].lstrip()[:1] for m in re.finditer(rf"(?<!\w){re.escape(name)}(?![^\W_])", source)]
    return bool(places) and not set(places) & set("_[:")
