"""In which layouts an array is a derivative: shapes are compared, then numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einsdiff.errors import InputError, NoMatrixForm
from einsdiff.layouts import LAYOUTS, fold

Array = NDArray[Any]

TOLERANCES = {2: 1e-2, 4: 1e-3, 8: 1e-6}
"""How far entries may differ, in parts of their own size and of the largest entry, by the bytes of a real number.

Central differences of float64 keep eight to ten digits and one-sided ones six or seven; results of float32 keep five.
"""


WIDE = {"f": np.float64, "c": np.complex128}


def tolerance(given: Iterable[object]) -> float:
    """Return the tolerance of the least precise floating-point array that is given."""
    dtypes = [value.dtype for value in given if isinstance(value, np.ndarray | np.generic)]
    bytes_of_one = [d.itemsize // (2 if d.kind == "c" else 1) for d in dtypes if d.kind in WIDE]
    return TOLERANCES.get(min(bytes_of_one, default=8), TOLERANCES[8])


def in_double_precision(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs of which the arrays of floating-point numbers have double precision."""
    return {
        name: value.astype(WIDE[value.dtype.kind])
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in WIDE
        else value
        for name, value in inputs.items()
    }


def numbers(array: object, what: str) -> Array:
    """Return an array of finite numbers; `what` is what an error calls it.

    Raises: InputError, where it has others, or none.
    """
    try:
        found = np.asarray(array)
    except ValueError:
        found = np.asarray(None)
    if np.ma.is_masked(array):
        raise InputError(f"{what} has masked entries", help="give numbers for all entries")
    if found.dtype.kind not in "biufc":
        raise InputError(f"{what} is no array of numbers", help='which_layout(f, "x", array, A=A, x=x)')
    if not np.isfinite(found).all():
        count = int(found.size - np.isfinite(found).sum())
        counted = "entry that is" if count == 1 else "entries that are"
        raise InputError(
            f"{what} has {count} {counted} NaN or infinite", help="compare at other inputs, where all are finite"
        )
    return found


def agreeing(array: Array, mixed: Array, y: int, variables: Sequence[int], rtol: float) -> tuple[str, ...]:
    """Return the layouts in which an array is the derivative that `mixed` is in layout "mixed".

    `y` and `variables` are the numbers of axes of what is differentiated and of each variable.  An array agrees with a
    layout in its own axes or as its matrix, with |a − b| ≤ rtol (|b| + max |b|).
    """
    places = iter(range(y + sum(variables)))
    own, parts = [next(places) for _ in range(y)], [[next(places) for _ in range(n)] for n in variables]
    return tuple(name for name in LAYOUTS if any(_is_close(array, b, rtol) for b in _forms(mixed, own, parts, name)))


def _forms(mixed: Array, y: Sequence[int], variables: Sequence[Sequence[int]], name: str) -> Iterable[Array]:
    """Return the array of a derivative in a layout, and its matrix, where it has them."""
    for as_matrix in (False, True):
        try:
            axes = fold(y, variables, name, as_matrix=as_matrix)
        except NoMatrixForm:
            continue
        shape = [prod(mixed.shape[axis] for axis in folded) for folded in axes]
        yield mixed.transpose(list(chain(*axes))).reshape(shape)


def _is_close(a: Array, b: Array, rtol: float) -> bool:
    if a.shape != b.shape:
        return False
    size = np.abs(b)
    return bool((np.abs(a - b) <= rtol * (size + size.max(initial=0))).all())
