"""Arrays that no memory of this machine can hold are refused before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from math import prod

from einsdiff.errors import InputError
from einsdiff.program.emit.pairs import in_blocks
from einsdiff.program.plan.sizes import in_formula
from einsdiff.program.plan.steps import Plan, View
from einsdiff.program.request import Request
from einsdiff.program.run.offers import Offers, Shapes, fits

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def check_memory(
    plan: Plan, given: Sequence[int | None], request: Request, itemsize: int, shapes: Shapes, *, is_looped: bool = True
) -> None:
    """Refuse a plan in which an array arises that takes more than the memory there is.

    Sizes that are assumed, because no array tells them, do not count.  `itemsize` is the bytes of one entry; `shapes`
    has the inputs of known sizes; `is_looped` tells whether large arrays are made block by block, as NumPy's are.

    Raises: InputError, which tells how large the array is and what would fit.
    """
    limit = _physical()
    value = _too_large(plan, given, itemsize, limit, in_blocks(plan) if is_looped else frozenset())
    if value is None or limit is None:
        return
    results = {o.value: o.name for o in plan.outputs}
    offers = Offers(request, shapes, fits(itemsize, limit, is_looped=is_looped), can_keep=is_looped)
    typed = "; ".join(offers.found(results.get(value))) or "smaller arrays, or a sum that is taken earlier"
    name = (results[value] or "the result") if value in results else "an array on the way"
    raise in_formula(_error(name, plan.values[value].shape, itemsize, limit, typed), request)


def check_size(name: str, shape: Sequence[int], itemsize: int, help: str) -> None:  # noqa: A002 - as errors call it
    """Refuse an array that takes more than the memory there is.

    Raises: InputError, which tells how large the array is.
    """
    limit = _physical()
    if limit is not None and itemsize * prod(shape) > limit:
        raise _error(name, shape, itemsize, limit, help)


def _too_large(
    plan: Plan, given: Sequence[int | None], itemsize: int, limit: int | None, unseen: Collection[int]
) -> int | None:
    """Return the first value that takes more memory than there is, a result if there is one.

    Those `unseen` never stand there as a whole.
    """
    results = {o.value for o in plan.outputs}
    for step in sorted(plan.steps, key=lambda s: s.target not in results):
        value = plan.values[step.target]
        is_told = all(given[c] is not None for c in value.classes)
        is_whole = step.target in results or not (isinstance(step, View) or step.target in unseen)
        if limit is not None and itemsize * value.entries > limit and is_whole and is_told:
            return step.target
    return None


def _error(name: str, shape: Sequence[int], itemsize: int, limit: int, typed: str) -> InputError:
    counted = " × ".join(map(str, shape))
    size = in_words(itemsize * prod(shape))
    return InputError(f"{name} has {counted} entries, {size}; the memory here is {in_words(limit)}", help=typed)


def in_words(size: int) -> str:
    """Return a number of bytes in the unit in which people say it."""
    power = min((max(size, 1).bit_length() - 1) // 10, len(UNITS) - 1)
    return f"{size / 1024**power:.3g} {UNITS[power]}"


def _physical() -> int | None:
    """Return how many bytes of memory the machine has, None where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
