"""δ and components in arrays that are not written to: what stands on a diagonal, with zeros around it."""

from __future__ import annotations

from einsdiff.program.emit.contract import Spell, aligned
from einsdiff.program.emit.dialect import Core


def masked(spell: Spell, core: Core) -> str:
    """Return the core where a mask is true, else 0; an axis along which it is constant may have size 1."""
    first = _first(core)
    axes = tuple(range(len(core.pattern)))
    masks = []
    for axis, n in enumerate(core.pattern):
        size = core.shape[axis]
        if n in core.places:
            code = spell("component", size, str(core.places[n] - 1), core.dtype)
            masks.append(aligned(spell, code, (axis,), axes))
        elif axis != first[n]:
            code = spell("diagonal", size, "", core.dtype)
            masks.append(aligned(spell, code, (first[n], axis), axes))
    labels = tuple(first[n] for n in core.labels)
    return spell("mask", " & ".join(masks), aligned(spell, core.code, labels, axes))


def on_diagonals(spell: Spell, core: Core) -> str:
    """Return the core with one diagonal after the other made of its axes; with components, by masks."""
    if core.places:
        return masked(spell, core)
    first = _first(core)
    order = tuple(dict.fromkeys(core.pattern))
    repeated = {n for n in order if core.pattern.count(n) > 1}
    start = next((k for k, n in enumerate(order) if n in core.labels or n in repeated), 0)
    order = order[start:]  # axes in front that the array lacks are added when it is used
    code = aligned(spell, core.code, core.labels, order)
    if repeated - set(core.labels):
        sizes = ["-1" if n in core.labels else core.shape[first[n]] if n in repeated else "1" for n in order]
        code = f"{code}.expand({', '.join(sizes)})"
    here = [first[n] for n in order]  # of the first `start` axes each has a label of its own
    for axis, n in enumerate(core.pattern[start:], start):
        if axis != first[n]:
            code = code if here[-1] == first[n] else f"{code}.movedim({here.index(first[n])}, -1)"
            here = sorted([*here, axis])
            code = f"torch.diag_embed({code}, dim1={here.index(first[n])}, dim2={here.index(axis)})"
    return code


def _first(core: Core) -> dict[int, int]:
    """Return the first axis along which each label runs."""
    return {n: axis for axis, n in reversed(list(enumerate(core.pattern)))}
