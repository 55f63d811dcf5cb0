"""Loops over blocks of one index: what is made in between stays in the cache, or need not fit in memory as a whole.

An index is cut.  Each round of a loop takes a block of every array that has it, and makes a block of every array that
keeps it; what is summed over it is added up from round to round.  `chains.py` and `pairs.py` choose what to cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from einsdiff.program.emit.assemble import Window, assemble, write
from einsdiff.program.emit.buffers import Buffers
from einsdiff.program.emit.expressions import expression
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import PLUS
from einsdiff.program.plan.steps import AnyStep, Assemble, Operand, Plan, Value, View


class Axis(NamedTuple):
    """An axis of a value."""

    value: int
    number: int


class Loop(NamedTuple):
    """Steps that are carried out block by block.

    Attributes:
        steps: what is carried out in each round; the views first that stand for blocks of what was made before.
        axes: the cut axis of each value, which sums over the cut index have not.
        results: what is used behind the loop, without those sums.
        buffered: the elementwise steps that write into buffers.
        length: the axis that tells how far the loop runs.
        block: how far a round runs.
    """

    steps: tuple[AnyStep, ...]
    axes: Mapping[int, int]
    results: tuple[int, ...]
    buffered: AbstractSet[int]
    length: Axis
    block: int


Schedule = Sequence[AnyStep | Loop]
Choice = Callable[[Sequence[AnyStep], Sequence[int]], int | None]
"""From the steps of a loop and its results to how far a round runs, None where the loop does not pay."""


# ---------------------------------------------------------------------------------------------- what is in which loop


def scheduled(
    plan: Plan, cut: Mapping[int, int], choice: Choice, buffered: AbstractSet[int] = frozenset()
) -> tuple[Plan, Schedule]:
    """Return a plan with values for the blocks of what is made before a loop, and its steps with loops among them.

    `cut` has the label of the cut index in each step that can stand in a loop, by what the step makes.
    """
    depth = _depths(plan, cut)
    values = list(plan.values)
    found: list[AnyStep | Loop] = []
    for level in sorted(set(depth.values())):
        here = [step for step in plan.steps if depth[step.target] == level]
        inside = [step for step in here if step.target in cut]
        results = _results(plan, inside, cut)
        block = choice(inside, results) if inside else None
        found += inside if block is None else [_loop(values, inside, cut, results, buffered, block)]
        found += [step for step in here if step.target not in cut]
    steps = [step for entry in found for step in (entry.steps if isinstance(entry, Loop) else (entry,))]
    return replace(plan, values=tuple(values), steps=tuple(steps)), found


def _axis(step: AnyStep, cut: Mapping[int, int]) -> int | None:
    """Return the cut axis of what a step of a loop makes, None for a sum over the cut index."""
    label = cut.get(step.target)
    return None if label is None or label not in step.out else step.out.index(label)


def _depths(plan: Plan, cut: Mapping[int, int]) -> dict[int, int]:
    """Return behind how many loops each step stands: one of a loop takes the blocks that the same round makes."""
    axes = {step.target: _axis(step, cut) for step in plan.steps}
    depth: dict[int, int] = {}
    for step in plan.steps:
        label = cut.get(step.target)
        below = [-1]
        for value, labels in step.operands:
            axis = axes.get(value)
            is_here = label is not None and axis is not None and labels[axis] == label
            below.append(depth.get(value, -1) + (label is not None and not is_here))
        depth[step.target] = max(below)
    return depth


def _results(plan: Plan, inside: Sequence[AnyStep], cut: Mapping[int, int]) -> tuple[int, ...]:
    """Return the values, made block by block, that are used behind the loop."""
    here = {step.target for step in inside}
    used = {o.value for o in plan.outputs} | {bearer[0] for bearer in plan.bearers if bearer}
    used.update(op.value for step in plan.steps if step.target not in here for op in step.operands)
    return tuple(step.target for step in inside if step.target in used and _axis(step, cut) is not None)


def _loop(
    values: list[Value],
    inside: Sequence[AnyStep],
    cut: Mapping[int, int],
    results: tuple[int, ...],
    buffered: AbstractSet[int],
    block: int,
) -> Loop:
    """Return the loop of some steps; the blocks of what was made before are new values."""
    here = {step.target for step in inside}
    blocks: dict[Axis, int] = {}
    steps: list[AnyStep] = []
    for step in inside:
        label, operands = cut[step.target], list(step.operands)
        for k, (value, labels) in enumerate(operands):
            if label in labels and value not in here:
                source = Axis(value, labels.index(label))
                if source not in blocks:
                    blocks[source] = len(values)
                    values.append(replace(values[value], name=""))
                operands[k] = Operand(blocks[source], labels)
        steps.append(replace(step, operands=tuple(operands)))
    views = [_view(made, source.value, values) for source, made in blocks.items()]
    axes = {made: source.number for source, made in blocks.items()}
    axes |= {step.target: axis for step in inside if (axis := _axis(step, cut)) is not None}
    return Loop((*views, *steps), axes, results, buffered & here, next(iter(blocks)), block)


def _view(block: int, value: int, values: Sequence[Value]) -> View:
    """Return the step that makes a value stand for a block of another one."""
    labels = tuple(range(len(values[value].shape)))
    return View(block, (Operand(value, labels),), labels, ())


# ---------------------------------------------------------------------------------------------------------- its text


def write_loop(page: Page, loop: Loop) -> None:
    """Write a loop; what it makes has names behind it."""
    made = {step.target for step in loop.steps}
    given = list(dict.fromkeys(op.value for step in loop.steps for op in step.operands if op.value not in made))
    for value in given:
        page.firm(value)
    _Text(page, loop, given).write()


class _Text:
    """A loop on a page, of arrays that are `given` to it."""

    def __init__(self, page: Page, loop: Loop, given: Sequence[int]) -> None:
        self.page = page
        self.loop = loop
        self.given = given
        self.first = page.name(loop.length.value)
        self.end = f"{self.first}.shape[{loop.length.number}]"
        self.counter = page.namer.name("k")
        self.window = f"{self.counter}:{self.counter} + {loop.block}"
        self.totals = {s.target: page.namer.numbered("t") for s in loop.steps if s.target not in loop.axes}
        self.wholes = {value: page.namer.numbered("t") for value in loop.results}
        self.sizes = {
            c: f"{page.name(value)}.shape[{axis}]"
            for value in reversed(given)
            for axis, c in enumerate(page.plan.values[value].classes)
        }
        uses = [op.value for step in loop.steps for op in step.operands]
        self.buffers = Buffers(page, [value for value in uses if value in loop.buffered])

    def write(self) -> None:
        """Write the loop, and before it the statements that make what it fills."""
        page, loop = self.page, self.loop
        outside, page.lines = page.lines, []
        page.cut, page.block = loop.axes, f"min({loop.block}, {self.end} - {self.counter})"
        for step in loop.steps:
            self._write(step)
        page.cut = {}
        for value in loop.results:
            if value not in loop.buffered:
                self._keep(value)
        inside, page.lines = page.lines, outside
        for name in self.totals.values():
            page.add(f"{name} = 0")
        for value in loop.results:
            if value in loop.buffered:
                page.add(f"{self.wholes[value]} = np.empty({_row(self._sizes(value))}, {self._dtype()})")
        inside = [*self._make_buffers(), *"\n".join(inside).split("\n")]
        head = f"for {self.counter} in range(0, max({self.end}, 1), {loop.block}):"
        page.add("\n".join([head, *(f"    {line}" for line in inside)]))
        for value, name in {**self.wholes, **self.totals}.items():
            page.call(value, name)

    def _write(self, step: AnyStep) -> None:
        """Write one step of a round: a sum over the cut index is added to what the rounds before have."""
        page, loop, value = self.page, self.loop, step.target
        if value in loop.buffered:
            self.buffers.write(step, f"{self.wholes[value]}{self._part(value)}" if value in self.wholes else "")
            return
        if value in self.totals:
            page.add(f"{self.totals[value]} += {expression(page, step).at(PLUS)}")
        elif isinstance(step, View) and step.operands[0].value not in loop.axes:
            page.show(step, self._part(value))
        elif isinstance(step, Assemble):
            assemble(page, step, Window(loop.axes[value], self.window))
        else:
            write(page, step)
            if any(op.value in loop.buffered for op in step.operands):  # a later step may write over these
                page.firm(value)
        self.buffers.read(step)

    def _part(self, value: int) -> str:
        """Return the code of a block behind the name of an array."""
        return f"[{':, ' * self.loop.axes[value]}{self.window}]"

    def _keep(self, value: int) -> None:
        """Put a block into a result, which the first round makes as the block tells."""
        page, whole, inner, axis = self.page, self.wholes[value], self.page.name(value), self.loop.axes[value]
        rank = len(page.plan.values[value].shape)
        shape = _row([self.end if n == axis else f"{inner}.shape[{n}]" for n in range(rank)])
        page.add(f"if {self.counter} == 0:")
        page.add(f"    {whole} = np.empty({shape}, {inner}.dtype)")
        page.add(f"{whole}{self._part(value)} = {inner}")

    def _make_buffers(self) -> list[str]:
        """Write the statement that makes the buffers; return those that cut them for the last round."""
        names, loop = self.buffers.names, self.loop
        if not names:
            return []
        value = min(loop.buffered)
        sizes = [str(loop.block) if n == loop.axes[value] else size for n, size in enumerate(self._sizes(value))]
        shape = _row([str(len(names)), *sizes] if len(names) > 1 else sizes)
        self.page.add(f"{', '.join(names)} = np.empty({shape}, {self._dtype()})")
        rest = f"{self.end} - {self.counter}"
        parts = ", ".join(f"{name}[{':, ' * loop.axes[value]}:{rest}]" for name in names)
        return [f"if {rest} < {loop.block}:", f"    {', '.join(names)} = {parts}"]

    def _sizes(self, value: int) -> list[str]:
        return [self.sizes[c] for c in self.page.plan.values[value].classes]

    def _dtype(self) -> str:
        """Return the code of the dtype of numbers: that of an array that the loop reads and that is no mask."""
        page = self.page
        read = [v for v in self.given if page.plan.values[v].classes and not page.is_mask(v)]
        return f"{page.name(read[0])}.dtype" if read else page.common()


def _row(sizes: Sequence[str]) -> str:
    """Return the code of a tuple."""
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
