"""What is computed only for one branch of a choice: where the other one is taken, nothing is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from einsdiff.algebra.nodes import Exact
from einsdiff.program.emit.page import Page
from einsdiff.program.plan.steps import AnyStep, Divide, Evaluate, Map, Plan, Power

HEAD = 'with np.errstate(all="ignore"):  # where something else is chosen'
CHOICES = ("where", "truth where")
PARTIAL = frozenset(("exp", "expm1", "log", "log1p", "sqrt", "asin", "acos", "sinh", "cosh", "acosh", "atanh"))
"""Functions that are not defined for all numbers, or have values that no number holds."""


def quiet(plan: Plan) -> frozenset[int]:
    """Return the values that only branches need in which something can be undefined, and those that choose of them."""
    if not any(map(is_choice, plan.steps)):
        return frozenset()
    needed = {o.value for o in plan.outputs} | {bearer[0] for bearer in plan.bearers if bearer}
    inside: dict[int, AnyStep] = {}
    for step in reversed(plan.steps):
        if step.target not in needed:
            inside[step.target] = step
        else:
            needed.update(op.value for op in (step.operands[:1] if is_choice(step) else step.operands))
    found: set[int] = set()
    for step in filter(is_choice, plan.steps):
        branches = list(_below([op.value for op in step.operands[1:]], inside))
        if any(map(is_partial, branches)):
            found.update(s.target for s in (step, *branches))
    return frozenset(found)


def _below(values: Sequence[int], inside: dict[int, AnyStep]) -> Iterator[AnyStep]:
    """Return the steps that make some values, and what is needed for nothing else."""
    waiting, seen = list(values), set()
    while waiting:
        value = waiting.pop()
        if value in inside and value not in seen:
            seen.add(value)
            yield inside[value]
            waiting += [op.value for op in inside[value].operands]


def is_choice(step: AnyStep) -> bool:
    """Tell whether a step chooses between two arrays."""
    return isinstance(step, Map) and step.function in CHOICES


def is_partial(step: AnyStep) -> bool:
    """Tell whether there are numbers at which a step is not defined, or overflows soon."""
    match step:
        case Map(function=function):
            return function in PARTIAL
        case Power(exponent=exponent):
            return not _is_whole(exponent)
        case Divide() | Evaluate():
            return True
        case _:
            return False


def _is_whole(exponent: Exact) -> bool:
    return isinstance(exponent, int) and exponent > 0


def keep_apart(page: Page, steps: Sequence[AnyStep], values: frozenset[int]) -> None:
    """Write down what some steps read and of which all is told, so that it stands before them."""
    making = {step.target: step for step in page.plan.steps}
    within = values.union(step.target for step in steps)  # a loop makes what its own steps read
    for step in steps:
        for op in step.operands:
            if op.value not in within and _waits_for_partial(page, op.value, making):
                page.firm(op.value)


def _waits_for_partial(page: Page, value: int, making: dict[int, AnyStep]) -> bool:
    """Tell whether in what is not yet written of a value something can be undefined."""
    waiting, seen = [value], set[int]()
    while waiting:
        step = making.get(waiting.pop())
        if step is None or step.target in seen or page.is_named(step.target):
            continue
        if is_partial(step):
            return True
        seen.add(step.target)
        waiting += [op.value for op in step.operands]
    return False


def hush(page: Page, start: int, chosen: Sequence[int]) -> None:
    """Put the statements from a line on, and those of what is chosen, under a head by which nothing is told of them."""
    for value in chosen:
        page.firm(value)
    written = "\n".join(page.lines[start:]).split("\n")
    if all(line.startswith("#") for line in page.lines[start:]):
        return
    indented = "\n".join(f"    {line}" for line in written)
    del page.lines[start:]
    if page.lines and page.lines[-1].startswith(HEAD):
        page.lines[-1] += f"\n{indented}"
    else:
        page.add(f"{HEAD}\n{indented}")
