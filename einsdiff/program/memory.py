"""Arrays that no memory of this machine can hold are refused before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Sequence

from einsdiff.errors import InputError
from einsdiff.program.request import Request
from einsdiff.program.rows import in_parts
from einsdiff.program.sizes import in_formula
from einsdiff.program.steps import Plan, Value, View

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def check_memory(
    plan: Plan, given: Sequence[int | None], request: Request, itemsize: int, limit: int | None = None
) -> None:
    """Refuse a plan in which an array arises that takes more than `limit` bytes, or than the memory there is.

    Sizes that are assumed, because no array tells them, do not count.  `itemsize` is the bytes of one entry.

    Raises: InputError, which tells how large the array is and what would fit.
    """
    limit = limit or _physical()
    if limit is None:
        return
    results = {o.value: o.name for o in plan.outputs}
    unseen = in_parts(plan)
    for step in plan.steps:
        value = plan.values[step.target]
        size = itemsize * value.entries
        is_whole = not isinstance(step, View) and step.target not in unseen
        if size > limit and is_whole and all(given[c] is not None for c in value.classes):
            what = results.get(step.target) or ("the result" if len(results) == 1 else "an array on the way")
            message = f"{what} has {_shape(value)} entries, {_bytes(size)}; the memory here is {_bytes(limit)}"
            raise in_formula(InputError(message, help=_fits(request)), request)


def _fits(request: Request) -> str:
    """Return what fits instead."""
    if any(o.name.startswith("∂²") for o in request.outputs):
        return 'the product with a vector fits, without the matrix:  hvp(y, "x", "v")'
    if any(o.name.startswith("∂") for o in request.outputs):
        return 'products with a vector fit, without the whole array:  jvp(y, "x", "v")  or  vjp(y, "x", "u")'
    return "smaller arrays, or a sum that is taken earlier"


def _shape(value: Value) -> str:
    return " × ".join(map(str, value.shape))


def _bytes(size: int) -> str:
    """Return a number of bytes in the unit in which people say it."""
    power = min((max(size, 1).bit_length() - 1) // 10, len(UNITS) - 1)
    return f"{size / 1024**power:.3g} {UNITS[power]}"


def _physical() -> int | None:
    """Return how many bytes of memory the machine has, None where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
