"""Which steps are carried out block by block to keep them small: x_id - x_jd, made and summed again, never as a whole.

The largest array that spreads its operands over more axes is cut along one of them: all steps that keep this index, or
sum over it at the end, stand in one loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from einsdiff.program.emit.loops import Loop, Schedule, scheduled
from einsdiff.program.plan.steps import (
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Divide,
    Elementwise,
    Fold,
    Map,
    Multiply,
    Pack,
    Plan,
    Power,
    View,
)

LARGE = 2**19  # entries of an array that is worth a loop
BLOCK = 2**17  # entries of a block of it
SMALLER = 64  # an array with so many times fewer entries is made before the loop
FEW = 4  # the large array has so many times the entries of each input and result


def by_pairs(plan: Plan, large: int = LARGE) -> tuple[Plan, Schedule] | None:
    """Return a plan with a loop over blocks of its largest array, None where that does not pay.

    Arrays of `large` entries are worth a loop.
    """
    value = None if plan.functions else _largest(plan, large)
    if value is None:
        return None
    entries, shape = plan.values[value].entries, plan.values[value].shape
    wished = min(BLOCK, max(1, large // 4))
    found = []
    for axis, size in enumerate(shape):
        block = max(1, -(-size * wished // entries))
        looped = _looped(plan, value, axis, block)
        if any(isinstance(step, Loop) for step in looped[1]):
            found.append((max(wished, entries // size * block), axis, looped))
    return min(found, default=(0, 0, None))[-1]


def in_blocks(plan: Plan) -> frozenset[int]:
    """Return the values that never stand in memory as a whole."""
    found = by_pairs(plan)
    loops = [s for s in found[1] if isinstance(s, Loop)] if found else []
    return frozenset(v for loop in loops for v in loop.axes if v not in loop.results)


def _largest(plan: Plan, large: int) -> int | None:
    """Return the largest array that spreads its operands over more axes, if the rest of the program is small."""
    spread = [
        step.target
        for step in plan.steps
        if isinstance(step, Elementwise) and all(len(op.labels) < len(step.out) for op in step.operands)
    ]
    value = max(spread, key=lambda v: plan.values[v].entries, default=None)
    if value is None:
        return None
    entries = plan.values[value].entries
    seen = [*(v for _, v in plan.inputs), *(o.value for o in plan.outputs)]
    is_small = all(FEW * plan.values[v].entries <= entries for v in seen)
    return value if entries >= large and is_small else None


def _looped(plan: Plan, value: int, axis: int, block: int) -> tuple[Plan, Schedule]:
    """Return the plan with one loop along an axis of a value, or with none where that value would stand in memory."""
    cut = _cut(plan, value, axis)

    def choice(steps: Sequence[AnyStep], results: Sequence[int]) -> int | None:
        is_small = all(FEW * plan.values[v].entries <= plan.values[value].entries for v in results)
        return block if is_small and len(steps) == len(cut) else None

    return scheduled(plan, cut, choice)


def _cut(plan: Plan, value: int, axis: int) -> dict[int, int]:
    """Return the cut index in all steps that can be carried out block by block along with an axis of a value.

    What makes it comes first, then what uses it.
    """
    making = {step.target: step for step in plan.steps}
    using: dict[int, list[AnyStep]] = {}
    for step in plan.steps:
        for op in step.operands:
            using.setdefault(op.value, []).append(step)
    axes, totals = {value: axis}, dict[int, int]()
    entries = plan.values[value].entries
    waiting = [value]
    while waiting:
        v = waiting.pop(0)
        made = making[v]
        index = made.out[axes[v]]
        found = [
            (op.value, op.labels.index(index))
            for op in made.operands
            if index in op.labels and op.value in making and SMALLER * plan.values[op.value].entries >= entries
        ]
        found = [(w, place) for w, place in found if all(map(_is_used_once(w), using[w]))]
        found = [(w, place) for w, place in found if _keeps(making[w], making[w].out[place])]
        for step in using.get(v, ()):
            index = next(op.labels[axes[v]] for op in step.operands if op.value == v)
            if isinstance(step, Contract) and index not in step.out:
                totals.setdefault(step.target, index)
            elif _keeps(step, index):
                found.append((step.target, step.out.index(index)))
        for w, place in found:
            if w not in axes:
                axes[w] = place
                waiting.append(w)
    return totals | {v: making[v].out[place] for v, place in axes.items()}


def _is_used_once(value: int) -> Callable[[AnyStep], bool]:
    """Return what tells whether a step uses a value with one meaning of its axes, and not x_i beside x_j."""
    return lambda step: len({op.labels for op in step.operands if op.value == value}) == 1


def _keeps(step: AnyStep, index: int) -> bool:
    """Tell whether a step can be carried out for a block of an index."""
    match step:
        case Assemble(coefficients=coefficients, patterns=patterns, places=places, out=out):
            first, *_ = (*patterns, ())
            is_added = first == out == step.operands[0].labels and not places[0] and coefficients[0] == 1
            return is_added and all(index not in dict(p) for p in places) and _ties_once(patterns, index)
        case View(places=places, operands=(operand,)):
            return not places and len(operand.labels) == len(step.out)
        case Combine() | Multiply() | Divide() | Power() | Map() | Contract() | Fold() | Pack():
            return index in step.out
        case _:
            return False


def _ties_once(patterns: Sequence[Sequence[int]], index: int) -> bool:
    """Tell whether the cut axis stands for itself in every pattern: it is the first of the axes tied to it."""
    return all(pattern[index] == index for pattern in patterns)
