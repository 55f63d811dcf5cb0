"""Arrays that no memory here can hold are refused before anything is allocated."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from math import prod
from pathlib import Path

from einsdiff.errors import InputError
from einsdiff.program.emit.pairs import in_blocks
from einsdiff.program.plan.sizes import in_formula
from einsdiff.program.plan.steps import Plan, View
from einsdiff.program.request import Request
from einsdiff.program.run.offers import Offers, Shapes, fits

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells how much memory the processes of a container may take, in its two versions."""


def check_memory(
    plan: Plan, given: Sequence[int | None], request: Request, itemsize: int, shapes: Shapes, *, is_looped: bool = True
) -> None:
    """Refuse a plan in which an array arises that takes more than the memory there is, or all results together do.

    Sizes that are assumed, because no array tells them, do not count.  `itemsize` is the bytes of one entry; `shapes`
    has the inputs of known sizes; `is_looped` tells whether large arrays are made block by block, as NumPy's are.

    Raises: InputError, which tells how large the array is and what would fit.
    """
    limit = _physical()
    if limit is None:
        return
    value = _too_large(plan, given, itemsize, limit, in_blocks(plan) if is_looped else frozenset())
    entries = _together(plan, given)
    if value is None and itemsize * entries <= limit:
        return
    results = {o.value: o.name for o in plan.outputs}
    offers = Offers(request, shapes, fits(itemsize, limit, is_looped=is_looped), can_keep=is_looped)
    if value is None:
        typed = "; ".join([*offers.found(None), "fewer results in one program"])
        raise in_formula(_error("all results together", [entries], itemsize, limit, typed), request)
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


def _together(plan: Plan, given: Sequence[int | None]) -> int:
    """Return how many entries all results have whose sizes are told."""
    values = (plan.values[output.value] for output in plan.outputs)
    return sum(value.entries for value in values if all(given[c] is not None for c in value.classes))


def _error(name: str, shape: Sequence[int], itemsize: int, limit: int, typed: str) -> InputError:
    counted = " × ".join(map(str, shape))
    size = in_words(itemsize * prod(shape))
    has = "have" if name.startswith("all ") else "has"
    return InputError(f"{name} {has} {counted} entries, {size}; the memory here is {in_words(limit)}", help=typed)


def in_words(size: int) -> str:
    """Return a number of bytes in the unit in which people say it."""
    power = min((max(size, 1).bit_length() - 1) // 10, len(UNITS) - 1)
    return f"{size / 1024**power:.3g} {UNITS[power]}"


@cache
def _physical() -> int | None:
    """Return how many bytes of memory there are, of the machine or of the container; None where neither tells."""
    found = [limit for limit in map(_limit, LIMITS) if limit is not None]
    with suppress(AttributeError, OSError, ValueError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=None)


def _limit(path: Path) -> int | None:
    """Return the number of bytes in a file, None where there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
