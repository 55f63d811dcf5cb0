"""Large arrays that are not read again, written over: t *= a in place of t * a, which would take new memory."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.program.emit.buffers import WRITTEN
from einsdiff.program.emit.expressions import expression
from einsdiff.program.emit.loops import Loop
from einsdiff.program.emit.page import Page
from einsdiff.program.emit.placed import Placed
from einsdiff.program.plan.steps import AnyStep, Combine, Divide, Evaluate, Map, Multiply, Operand, View

LARGE = 2**14
"""Arrays of fewer entries fit in memory that is at hand."""


class Reuse:
    """Which arrays of a schedule are the program's own, and where each is read for the last time."""

    def __init__(self, page: Page, schedule: Sequence[AnyStep | Loop | Placed], large: int) -> None:
        self.page = page
        self.large = max(large, 1)
        plan = page.plan
        making = {step.target: step for step in plan.steps}
        self._roots = {v: _root(v, making) for v in range(len(plan.values))}
        self._read: dict[int, int] = {}  # where each value is read for the last time
        self._last: dict[int, int] = {}  # the same for the memory of a value
        for place, entry in enumerate(schedule):
            for step in entry.steps if isinstance(entry, Loop | Placed) else (entry,):
                self._read.update((op.value, place) for op in step.operands)
                self._last.update((self._roots[op.value], place) for op in step.operands)
        self._read.update((o.value, len(schedule)) for o in plan.outputs)
        kept = {self._roots[o.value] for o in plan.outputs}
        self._own = {v for v, s in making.items() if not _is_part(s) and not isinstance(s, Evaluate)} - kept

    def write(self, step: AnyStep, place: int) -> bool:
        """Write a step over one of its operands, if one can be written over."""
        known = self.page.plan.values[step.target]
        if not known.classes or known.entries < self.large:
            return False
        found = self._found(step, place)
        if found is None:
            return False
        operand, sign, rest = found
        page = self.page
        name = page.name(operand.value)
        formula = expression(page, step).formula
        if rest is None:
            assert isinstance(step, Map), "a function of one array"
            code = page.fill(sign, name)
        else:
            code = f"{name} {sign} {page.spread(rest, step.out).code}"
        page.comment(name, step, formula)
        page.add(code)
        page.call(step.target, name)
        return True

    def _found(self, step: AnyStep, place: int) -> tuple[Operand, str, Operand | None] | None:
        """Return the operand to be written over, with the sign of the statement and the other operand."""
        for operand, sign, rest in self._ways(step):
            if operand.labels == step.out and self._is_over(operand.value, place):
                return operand, sign, rest
        return None

    def _ways(self, step: AnyStep) -> list[tuple[Operand, str, Operand | None]]:
        """Return how a step could be written over one of its operands."""
        match step:
            case Multiply(operands=(a, b)) if a.value != b.value:
                return [(a, "*=", b), (b, "*=", a)]
            case Divide(operands=(a, b)) if a.value != b.value:
                return [(a, "/=", b)]
            case Combine(operands=(a, b), coefficients=(1, c)) if a.value != b.value and c in (1, -1):
                ways: list[tuple[Operand, str, Operand | None]] = [(a, "+=" if c == 1 else "-=", b)]
                return ways + ([(b, "+=", a)] if c == 1 else [])
            case Map(operands=(a,), function=function):
                spelling = WRITTEN.fullmatch(self.page.dialect.functions[function])
                return [(a, f"{spelling[1]}({spelling[2]}, out={{0}})", None)] if spelling else []
            case _:
                return []

    def _is_over(self, value: int, place: int) -> bool:
        """Tell whether a value is an array of the program's own, which nothing reads any more."""
        if value not in self._own or self._last[value] > place or not self.page.is_named(value):
            return False
        waiting = [v for v, last in self._read.items() if last > place]
        return not self.page.is_awaited(self.page.name(value), waiting)


def _root(value: int, making: dict[int, AnyStep]) -> int:
    """Return the value whose memory a value is a part of."""
    while value in making and _is_part(making[value]):
        value = making[value].operands[0].value
    return value


def _is_part(step: AnyStep) -> bool:
    """Tell whether a step makes no array of its own."""
    return isinstance(step, View) or (isinstance(step, Combine) and step.coefficients == (1,))
