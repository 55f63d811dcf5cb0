"""Which steps are carried out together, block by block along the first axis: what lies between stays in the cache.

Elementwise steps on the largest arrays make a block, and with them what reads these arrays: sums over all rows, and
rows contracted, if the arrays have `VAST` entries or more: the calls for short rows take longer than what they save
where all is near at hand.  Arrays of fewer than `LARGE` entries gain nothing; a block is of `BLOCK` entries, and of
`HEAVY_BLOCK` where matrices are multiplied, which takes longer in small pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import prod
from typing import NamedTuple

from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Divide, Fold, Map, Multiply, Operand, Plan, Power

LARGE = 2**15
VAST = 2**21
BLOCK = 2**13
HEAVY_BLOCK = 2**15
ROUND = 2  # rows that a round has at least
FEW = 3  # steps on whole arrays that are not worth a loop
LIGHT = 16  # a contraction row by row that reads each entry more often is left to BLAS as a whole
HEAVY = 128  # the same for a sum over all rows

OUTSIDE, WHOLE, ROWS, TOTAL = range(4)
"""What a step is to a block: nothing, elementwise on its arrays, row by row, a sum over all rows."""


class Block(NamedTuple):
    """Steps that are carried out together.

    Those in `whole` are elementwise and make arrays with the axes `classes`; those in `totals` sum over all rows.  Of
    what is made, `results` are used behind the loop; a round takes `rows` rows.
    """

    steps: tuple[AnyStep, ...]
    whole: frozenset[int]
    totals: frozenset[int]
    classes: tuple[int, ...]
    results: tuple[int, ...]
    rows: int


def row(step: AnyStep, *, is_total: bool = False) -> int:
    """Return the label of the rows in a step of a block."""
    return step.operands[0].labels[0] if is_total else step.out[0]


def scheduled(plan: Plan, large: int | None = LARGE) -> list[AnyStep | Block]:
    """Return the steps of a plan, those that can be carried out block by block together."""
    made = [plan.values[s.target] for s in plan.steps if isinstance(s, Map | Multiply | Divide | Power | Combine)]
    largest = max((v for v in made if v.shape), key=lambda v: v.entries, default=None)
    if large is None or largest is None or largest.entries < large or prod(largest.shape[1:]) > BLOCK:
        return list(plan.steps)
    kinds = _kinds(plan, largest.classes, by_rows=largest.entries >= VAST)
    depth = _depths(plan, kinds)
    found: list[AnyStep | Block] = []
    for level in sorted(set(depth.values())):
        here = [step for step in plan.steps if depth[step.target] == level]
        inside = [step for step in here if kinds[step.target]]
        block = _block(plan, inside, kinds, largest.classes)
        found += inside if block is None else [block]
        found += [step for step in here if not kinds[step.target]]
    return found


def _kinds(plan: Plan, classes: tuple[int, ...], *, by_rows: bool) -> dict[int, int]:
    """Return what each step is to a block of arrays with some axes."""
    kinds = {s.target: WHOLE if _is_whole(plan, s, classes) else OUTSIDE for s in plan.steps}
    near: set[int] = set()  # what a block makes, and the arrays of that size that it reads
    for step in plan.steps:
        if kinds[step.target] == WHOLE:
            near.add(step.target)
            near.update(o.value for o in step.operands if plan.values[o.value].classes == classes)
    for step in plan.steps:
        if not kinds[step.target]:
            kind = _kind(plan, step, near)
            if kind == TOTAL or by_rows:
                kinds[step.target] = kind
            if kinds[step.target] == ROWS:
                near.add(step.target)
    return kinds


def _is_whole(plan: Plan, step: AnyStep, classes: tuple[int, ...]) -> bool:
    is_elementwise = isinstance(step, Map | Multiply | Divide | Power | Combine)
    return is_elementwise and plan.values[step.target].classes == classes and _is_first(step.operands, step.out[0])


def _is_first(operands: Iterable[Operand], label: int) -> bool:
    """Tell whether a label stands first wherever it stands."""
    return all(label not in op.labels[1:] for op in operands)


def _kind(plan: Plan, step: AnyStep, near: Collection[int]) -> int:
    """Return what a step that is not elementwise on whole arrays is to a block."""
    touched = [op for op in step.operands if op.value in near and op.labels]
    if not touched or not isinstance(step, Map | Multiply | Divide | Power | Combine | Contract | Fold):
        return OUTSIDE
    rows = touched[0].labels[0]
    if not _is_first(step.operands, rows):
        return OUTSIDE
    work, read = _work(plan, step), _read(plan, step)
    if rows in step.out:
        is_light = step.out[0] == rows and work <= LIGHT * read
        return ROWS if is_light and plan.values[step.target].entries <= read else OUTSIDE
    is_total = isinstance(step, Contract) and all(rows in op.labels for op in step.operands)
    return TOTAL if is_total and work <= HEAVY * read and plan.values[step.target].entries <= HEAVY_BLOCK else OUTSIDE


def _work(plan: Plan, step: AnyStep) -> int:
    """Return how many products a contraction adds up."""
    extent = {n: s for op in step.operands for n, s in zip(op.labels, plan.values[op.value].shape, strict=True)}
    return prod(extent.values())


def _read(plan: Plan, step: AnyStep) -> int:
    return max(plan.values[op.value].entries for op in step.operands)


def _depths(plan: Plan, kinds: dict[int, int]) -> dict[int, int]:
    """Return behind how many blocks each step stands: one of a block takes what the same block makes row by row."""
    depth: dict[int, int] = {}
    for step in plan.steps:
        kind, below = kinds[step.target], [-1]
        for op in step.operands:
            is_here = (
                kind and kinds.get(op.value) in (WHOLE, ROWS) and op.labels[0] == row(step, is_total=kind == TOTAL)
            )
            below.append(depth.get(op.value, -1) + (kind != OUTSIDE and not is_here))
        depth[step.target] = max(below)
    return depth


def _block(plan: Plan, steps: Sequence[AnyStep], kinds: dict[int, int], classes: tuple[int, ...]) -> Block | None:
    """Return the loop that carries out some steps, or None where it would gain nothing."""
    here = {s.target for s in steps}
    whole = frozenset(v for v in here if kinds[v] == WHOLE)
    totals = frozenset(v for v in here if kinds[v] == TOTAL)
    used = {o.value for o in plan.outputs} | {bearer[0] for bearer in plan.bearers if bearer}
    used.update(op.value for s in plan.steps if s.target not in here for op in s.operands)
    on_whole = [s for s in steps if any(plan.values[v].classes == classes for v in (s.target, *_values(s)))]
    if whole <= used or len(on_whole) < FEW:
        return None
    is_heavy = any(_work(plan, s) > LIGHT * _read(plan, s) for s in steps if s.target in totals)
    entries = HEAVY_BLOCK if is_heavy else BLOCK
    rows = entries // max(1, prod(plan.values[min(whole)].shape[1:]))
    if rows < ROUND:
        return None
    results = tuple(v for v in sorted(here - totals) if v in used)
    return Block(tuple(steps), whole, totals, classes, results, rows)


def _values(step: AnyStep) -> list[int]:
    return [op.value for op in step.operands]
