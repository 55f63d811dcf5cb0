"""Large arrays that are made and summed again, a few rows at a time: x_id - x_jd never stands in memory as a whole.

One index is cut: all steps that keep it, or sum over it at the end, are carried out in a loop over its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from einsdiff.program.emit.assemble import Window, assemble, write
from einsdiff.program.emit.expressions import expression
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import PLUS
from einsdiff.program.plan.steps import (
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Divide,
    Fold,
    Map,
    Multiply,
    Operand,
    Pack,
    Plan,
    Power,
    Value,
    View,
)

LARGE = 2**19  # entries of an array that is worth a loop
PART = 2**17  # entries of a part of it
SMALLER = 64  # an array with so many times fewer entries is made before the loop
FEW = 4  # the large array has so many times the entries of each input and result

Elementwise = Combine | Multiply | Divide | Power | Map


class Part(NamedTuple):
    """A value that was made before the loop, and the axis along which each round takes a part of it."""

    value: int
    axis: int


class Rows(NamedTuple):
    """Steps that are carried out part by part.

    Attributes:
        steps: what is carried out in each round; the views first that stand for parts of what was made before.
        axes: the cut axis of each value, which sums over the cut index have not.
        results: what is used behind the loop.
        length: what tells how far the loop runs.
        rows: how far a round runs.
    """

    steps: Sequence[AnyStep]
    axes: Mapping[int, int]
    results: Sequence[int]
    length: Part
    rows: int


class Cut(NamedTuple):
    """A choice: the cut axis of values that are made in the loop, and the values that are sums over the cut index."""

    axes: dict[int, int]
    totals: frozenset[int]


def in_rows(plan: Plan, large: int = LARGE) -> tuple[Plan, list[AnyStep | Rows]] | None:
    """Return a plan with values for parts, and its steps with a loop in them; None where no loop pays.

    Arrays of `large` entries are worth a loop.
    """
    value = None if plan.functions else _largest(plan, large)
    if value is None:
        return None
    entries, shape = plan.values[value].entries, plan.values[value].shape
    part = min(PART, max(1, large // 4))
    found = []
    for axis, size in enumerate(shape):
        rows = max(1, -(-size * part // entries))
        scheduled = _scheduled(plan, value, axis, rows)
        if scheduled is not None:
            found.append((max(part, entries // size * rows), axis, scheduled))
    return min(found, default=(0, 0, None))[-1]


def in_parts(plan: Plan) -> frozenset[int]:
    """Return the values that never stand in memory as a whole."""
    found = in_rows(plan)
    loops = [s for s in found[1] if isinstance(s, Rows)] if found else []
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


# ------------------------------------------------------------------------------------------------ what is in the loop


def _scheduled(plan: Plan, value: int, axis: int, rows: int) -> tuple[Plan, list[AnyStep | Rows]] | None:
    """Return the plan with one loop along an axis of a value, None where that value would stand in memory yet."""
    cut = _cut(plan, value, axis)
    depth: dict[int, int] = {}
    for step in plan.steps:
        is_inside = step.target in cut.axes or step.target in cut.totals
        index = _index(step, cut)
        below = [depth.get(op.value, -1) + (is_inside and not _is_part(op, index, cut.axes)) for op in step.operands]
        depth[step.target] = max(below, default=0 if is_inside else -1)
    inside = [s for s in plan.steps if s.target in cut.axes or s.target in cut.totals]
    if any(depth[s.target] != 0 for s in inside):
        return None
    here = {s.target for s in inside}
    used = {o.value for o in plan.outputs} | {bearer[0] for bearer in plan.bearers if bearer}
    used.update(op.value for s in plan.steps if s.target not in here for op in s.operands)
    results = [s.target for s in inside if s.target in cut.axes and s.target in used]
    if any(plan.values[v].entries * FEW > plan.values[value].entries for v in results):
        return None
    return _written(plan, cut, depth, results, rows)


def _cut(plan: Plan, value: int, axis: int) -> Cut:
    """Return what can be made part by part along with an axis of a value: parts of it first, then what uses them."""
    making = {step.target: step for step in plan.steps}
    using: dict[int, list[AnyStep]] = {}
    for step in plan.steps:
        for op in step.operands:
            using.setdefault(op.value, []).append(step)
    axes, totals = {value: axis}, set()
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
                totals.add(step.target)
            elif _keeps(step, index):
                found.append((step.target, step.out.index(index)))
        for w, place in found:
            if w not in axes:
                axes[w] = place
                waiting.append(w)
    return Cut(axes, frozenset(totals - axes.keys()))


def _is_used_once(value: int) -> Callable[[AnyStep], bool]:
    """Return what tells whether a step uses a value with one meaning of its axes, and not x_i beside x_j."""
    return lambda step: len({op.labels for op in step.operands if op.value == value}) == 1


def _keeps(step: AnyStep, index: int) -> bool:
    """Tell whether a step can be carried out for a part of an index."""
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


def _index(step: AnyStep, cut: Cut) -> int | None:
    """Return the label of the cut index in a step of the loop."""
    if step.target in cut.axes:
        return step.out[cut.axes[step.target]]
    found = (op.labels[cut.axes[op.value]] for op in step.operands if op.value in cut.axes)
    return next((label for label in found if label not in step.out), None)


def _is_part(operand: Operand, index: int | None, axes: Mapping[int, int]) -> bool:
    """Tell whether an operand is what the same round of the loop makes."""
    return operand.value in axes and operand.labels[axes[operand.value]] == index


def _written(
    plan: Plan, cut: Cut, depth: Mapping[int, int], results: Sequence[int], rows: int
) -> tuple[Plan, list[AnyStep | Rows]]:
    """Return the plan with values for the parts of what is made before the loop, and the loop among its steps."""
    values: list[Value] = list(plan.values)
    parts: dict[Part, int] = {}
    inside: list[AnyStep] = []
    for step in plan.steps:
        if step.target not in cut.axes and step.target not in cut.totals:
            continue
        index = _index(step, cut)
        operands = list(step.operands)
        for place, op in enumerate(operands):
            if index is not None and index in op.labels and not _is_part(op, index, cut.axes):
                part = Part(op.value, op.labels.index(index))
                if part not in parts:
                    parts[part] = len(values)
                    values.append(replace(plan.values[op.value], name=""))
                operands[place] = Operand(parts[part], op.labels)
        inside.append(replace(step, operands=tuple(operands)))
    changed = {step.target: step for step in inside}
    views = [_whole(value, part.value, values) for part, value in parts.items()]
    axes = {value: part.axis for part, value in parts.items()} | cut.axes
    loop = Rows((*views, *inside), axes, results, next(iter(parts)), rows)
    before = [s for s in plan.steps if s.target not in changed and depth[s.target] < 0]
    behind = [s for s in plan.steps if s.target not in changed and depth[s.target] >= 0]
    return replace(plan, values=tuple(values), steps=(*before, *loop.steps, *behind)), [*before, loop, *behind]


def _whole(part: int, value: int, values: Sequence[Value]) -> View:
    """Return the step that makes a value stand for a part of another one."""
    labels = tuple(range(len(values[value].shape)))
    return View(part, (Operand(value, labels),), labels, ())


# ---------------------------------------------------------------------------------------------------------- its text


def write_rows(page: Page, loop: Rows) -> None:
    """Write a loop over the parts of an index."""
    k = page.namer.name("k")
    window = f"{k}:{k} + {loop.rows}"
    made = {step.target for step in loop.steps}
    for value in dict.fromkeys(op.value for step in loop.steps for op in step.operands if op.value not in made):
        page.firm(value)
    end = f"{page.name(loop.length.value)}.shape[{loop.length.axis}]"
    totals = {step.target: page.namer.numbered("t") for step in loop.steps if step.target not in loop.axes}
    wholes = {value: page.namer.numbered("t") for value in loop.results}
    outside, page.lines = page.lines, []
    page.cut, page.rows = loop.axes, f"min({loop.rows}, {end} - {k})"
    for step in loop.steps:
        _write_step(page, loop, step, window, totals)
    page.cut = {}
    for value, whole in wholes.items():
        inner, axis = page.name(value), loop.axes[value]
        page.add(f"if {k} == 0:")
        page.add(f"    {whole} = np.empty({_shape(page, value, axis, end)}, {inner}.dtype)")
        page.add(f"{whole}{_part(axis, window)} = {inner}")
    inside, page.lines = page.lines, outside
    for name in totals.values():
        page.add(f"{name} = 0")
    head = f"for {k} in range(0, max({end}, 1), {loop.rows}):"
    page.add("\n".join([head, *(f"    {line}" for line in "\n".join(inside).split("\n"))]))
    for value, name in {**wholes, **totals}.items():
        page.call(value, name)


def _write_step(page: Page, loop: Rows, step: AnyStep, window: str, totals: Mapping[int, str]) -> None:
    """Write one step of a round: a sum over the cut index is added to what the rounds before have."""
    if step.target in totals:
        name = totals[step.target]
        page.add(f"{name} = {name} + {expression(page, step).at(PLUS)}")
        return
    axis = loop.axes[step.target]
    if isinstance(step, View) and step.operands[0].value not in loop.axes:
        page.show(step, _part(axis, window))
    elif isinstance(step, Assemble):
        assemble(page, step, Window(axis, window))
    else:
        write(page, step)


def _part(axis: int, window: str) -> str:
    return f"[{':, ' * axis}{window}]"


def _shape(page: Page, value: int, axis: int, end: str) -> str:
    """Return the code of the shape of a whole of which a value is a part in the loop."""
    inner, rank = page.name(value), len(page.plan.values[value].shape)
    sizes = [end if n == axis else f"{inner}.shape[{n}]" for n in range(rank)]
    return f"({', '.join(sizes)}{',' if rank == 1 else ''})"
