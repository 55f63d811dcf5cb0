"""Which steps are carried out block by block along the first axis: elementwise chains, and what reads their arrays.

Elementwise steps on the largest arrays make a loop, and with them what reads these arrays: sums over the first axis,
and contractions that keep it.  So do products of a batch of matrices, which are made item by item in any case.  Arrays
of fewer than `LARGE` entries gain nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import prod

from einsdiff.program.emit.buffers import way_of
from einsdiff.program.emit.loops import Schedule, scheduled
from einsdiff.program.plan.steps import AnyStep, Contract, Elementwise, Fold, Operand, Plan, sizes_of

LARGE = 2**16
BLOCK = 2**15  # entries of a block of the largest arrays: a few of them stand in the cache of one core
ROUND = 2  # entries along the first axis that a block has at least
FEW = 3  # steps on whole arrays that are worth a loop
LIGHT = 16  # a contraction that keeps the first axis and reads each entry more often is left to BLAS as a whole
HEAVY = 128  # the same for a sum over the first axis


def by_chains(plan: Plan, large: int = LARGE) -> tuple[Plan, Schedule]:
    """Return a plan with loops over blocks of its largest arrays, if these have `large` entries."""
    made = [plan.values[s.target] for s in plan.steps if isinstance(s, Elementwise)]
    largest = max((v for v in made if v.shape), key=lambda v: v.entries, default=None)
    if largest is None or largest.entries < large:
        return plan, plan.steps
    classes = largest.classes
    whole = {s.target: s.out[0] for s in plan.steps if _is_whole(plan, s, classes)}
    cut = whole | _others(plan, whole, classes)

    def choice(steps: Sequence[AnyStep], results: Sequence[int]) -> int | None:
        here = [step.target for step in steps if step.target in whole]
        on_whole = [s for s in steps if any(plan.values[v].classes == classes for v in (s.target, *_values(s)))]
        if set(here) <= set(results) or len(on_whole) < FEW:
            return None
        block = BLOCK // max(1, prod(largest.shape[1:]))
        if block >= ROUND:
            return block
        return 1 if any(_is_batch(plan, s, cut[s.target]) for s in steps) else None

    return scheduled(plan, cut, choice, whole.keys())


def _is_whole(plan: Plan, step: AnyStep, classes: tuple[int, ...]) -> bool:
    """Tell whether a step makes an array with some axes, and can write it into a buffer."""
    if plan.values[step.target].classes != classes or not _is_first(step.operands, step.out[0]):
        return False
    return isinstance(step, Elementwise) or _is_batch(plan, step, step.out[0])


def _others(plan: Plan, whole: Collection[int], classes: tuple[int, ...]) -> dict[int, int]:
    """Return the label of the cut index in other steps that can stand in the loop with those on whole arrays."""
    near: set[int] = set()  # what the loop makes, and the arrays of that size that it reads
    for step in plan.steps:
        if step.target in whole:
            near.add(step.target)
            near.update(v for v in _values(step) if plan.values[v].classes == classes)
    found: dict[int, int] = {}
    for step in plan.steps:
        label = None if step.target in whole else _label(plan, step, near)
        if label is not None:
            found[step.target] = label
            if label in step.out:
                near.add(step.target)
    return found


def _label(plan: Plan, step: AnyStep, near: Collection[int]) -> int | None:
    """Return the label of the cut index in a step that takes some arrays block by block, None where it cannot."""
    touched = [op for op in step.operands if op.value in near and op.labels]
    if not touched or not isinstance(step, Elementwise | Contract | Fold):
        return None
    label = touched[0].labels[0]
    if not _is_first(step.operands, label):
        return None
    work, read, entries = _work(plan, step), _read(plan, step), plan.values[step.target].entries
    if label in step.out:
        is_light = work <= LIGHT * read and entries <= read
        return label if step.out[0] == label and (is_light or _is_batch(plan, step, label)) else None
    is_total = isinstance(step, Contract) and all(label in op.labels for op in step.operands)
    return label if is_total and work <= HEAVY * read and entries <= BLOCK else None


def _is_batch(plan: Plan, step: AnyStep, label: int) -> bool:
    """Tell whether a step multiplies the matrices of a batch, which BLAS does item by item in any case."""
    if not isinstance(step, Contract) or way_of(plan, step) is None:
        return False
    return all(label in labels for labels in (step.out, *(op.labels for op in step.operands)))


def _is_first(operands: Iterable[Operand], label: int) -> bool:
    """Tell whether a label stands first wherever it stands."""
    return all(label not in op.labels[1:] for op in operands)


def _work(plan: Plan, step: AnyStep) -> int:
    """Return how many products a contraction adds up."""
    return prod(sizes_of(step.operands, plan.values).values())


def _read(plan: Plan, step: AnyStep) -> int:
    return max(plan.values[op.value].entries for op in step.operands)


def _values(step: AnyStep) -> list[int]:
    return [op.value for op in step.operands]
