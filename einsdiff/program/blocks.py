"""Long chains of elementwise steps, written block by block along the first axis: what lies between stays in the cache.

Below `LARGE` entries nothing is gained; a block is of `BLOCK` entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from einsdiff.program.expressions import expression, write
from einsdiff.program.page import Page
from einsdiff.program.phrase import PLUS
from einsdiff.program.steps import AnyStep, Combine, Contract, Divide, Map, Multiply, Plan, Power

LARGE = 2**19
BLOCK = 2**14
FEW = 3  # steps that are not worth a loop


class Block(NamedTuple):
    """Steps that are carried out together, and sums over all entries of what they make.

    Of `sources` each round takes a part, `others` are the same in every round; `results` are used behind them.
    """

    steps: tuple[AnyStep, ...]
    sources: tuple[int, ...]
    others: tuple[int, ...]
    results: tuple[int, ...]
    totals: tuple[AnyStep, ...]
    rows: int


def scheduled(plan: Plan, large: int = LARGE) -> list[AnyStep | Block]:
    """Return the steps of a plan, those that can be carried out block by block together."""
    shape = max((v.shape for v in plan.values if v.shape), key=_entries, default=())
    if _entries(shape) < large or _entries(shape[1:]) > BLOCK:
        return list(plan.steps)
    classes = next(v.classes for v in plan.values if v.shape == shape)
    made: dict[int, int] = {}
    depth: dict[int, int] = {}
    for step in plan.steps:
        kind = made[step.target] = _kind(plan, step, classes)
        below = [depth.get(op.value, -1) + (kind > 0 and made.get(op.value) != 1) for op in step.operands]
        depth[step.target] = max(below, default=0 if kind else -1)
    found: list[AnyStep | Block] = []
    for level in sorted(set(depth.values())):
        here = [step for step in plan.steps if depth[step.target] == level]
        inside = [step for step in here if made[step.target]]
        block = _block(plan, inside) if sum(made[s.target] == 1 for s in inside) >= FEW else None
        found += inside if block is None else [block]
        found += [step for step in here if not made[step.target]]
    return found


def _kind(plan: Plan, step: AnyStep, classes: tuple[int, ...]) -> int:
    """Return 1 for an elementwise step on arrays of some axes, 2 for the sum of all their entries, else 0."""
    values = plan.values
    if isinstance(step, Map | Multiply | Divide | Power | Combine):
        if values[step.target].classes != classes:
            return 0
        first = step.out[0]
        return int(all(op.labels[0] == first if first in op.labels else True for op in step.operands))
    if isinstance(step, Contract) and not step.out:
        labels = step.operands[0].labels
        return 2 * all(op.labels == labels and values[op.value].classes == classes for op in step.operands)
    return 0


def _block(plan: Plan, steps: Sequence[AnyStep]) -> Block | None:
    """Return the loop that carries out some steps, or None where there is nothing to take a part of."""
    inside = tuple(s for s in steps if s.out)
    totals = tuple(s for s in steps if not s.out)
    made = {s.target for s in inside}
    here = {s.target for s in steps}
    used = {o.value for o in plan.outputs} | {bearer[0] for bearer in plan.bearers if bearer}
    used.update(op.value for s in plan.steps if s.target not in here for op in s.operands)
    sources: dict[int, None] = {}
    others: dict[int, None] = {}
    for s in steps:
        first = s.out[0] if s.out else s.operands[0].labels[0]
        for op in s.operands:
            if op.value not in made:
                (sources if first in op.labels else others)[op.value] = None
    rows = max(1, BLOCK // max(1, _entries(plan.values[inside[0].target].shape[1:])))
    results = tuple(v for v in sorted(made) if v in used)
    return Block(inside, tuple(sources), tuple(others), results, totals, rows) if sources else None


def write_block(page: Page, block: Block) -> None:
    """Write a loop over blocks."""
    k = page.namer.name("k")
    part = f"[{k}:{k} + {block.rows}]"
    for value in block.others:
        page.firm(value)
    names = {value: page.name(value) for value in block.sources}
    totals = {step.target: page.namer.numbered("t") for step in block.totals}
    wholes = {value: page.namer.numbered("t") for value in block.results}
    first = next(iter(names.values()))
    outside, page.lines = page.lines, []
    for value, name in names.items():
        page.call(value, page.namer.numbered("t"))
        page.add(f"{page.name(value)} = {name}{part}")
    for step in block.steps:
        write(page, step)
    for value, whole in wholes.items():
        inner = page.name(value)
        page.add(f"if {k} == 0:")
        page.add(f"    {whole} = np.empty(({first}.shape[0], *{inner}.shape[1:]), {inner}.dtype)")
        page.add(f"{whole}{part} = {inner}")
    for step in block.totals:
        page.add(f"{totals[step.target]} = {totals[step.target]} + {expression(page, step).at(PLUS)}")
    inside, page.lines = page.lines, outside
    for name in totals.values():
        page.add(f"{name} = 0")
    loop = [f"for {k} in range(0, max({first}.shape[0], 1), {block.rows}):", *(f"    {line}" for line in inside)]
    page.add("\n".join(loop))
    for value, name in {**names, **wholes, **totals}.items():
        page.call(value, name)


def _entries(shape: Sequence[int]) -> int:
    found = 1
    for size in shape:
        found *= size
    return found
