"""Arrays that are made entry by entry, with their short axes first: the innermost loop of the library is a long one.

x_id - x_jd with three d is laid out as d, i, j: rows of n entries and not n² rows of three.  An operand that is far
smaller is packed in the same order, or the library would lay out its result as the operand lies in memory.
"""

from __future__ import annotations

from math import prod

from einsdiff.algebra.nodes import Labels
from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import (
    AnyStep,
    Assemble,
    Elementwise,
    Operand,
    Pack,
    Plan,
    View,
)

SHORT = 32  # entries of an innermost loop that take no longer than the loop itself
LEAST = 1024  # entries of an array for which the order matters
SMALLER = 4  # an operand with so many times fewer entries is packed


def _turn(draft: Draft, step: AnyStep) -> int | None:
    """Return what a step makes, seen through the array that has its axes in a better order."""
    if isinstance(step, Assemble):
        return _assembled(draft, step)
    if not isinstance(step, Elementwise):
        return None
    sizes = draft.ledger.extent(step.operands)
    order = _order(step, sizes)
    operands = tuple(_packed(draft, op, order, sizes) for op in step.operands)
    if (order, operands) == (step.out, step.operands):
        return None
    value = draft.note(type(step), operands, order, *step.details)
    return _seen(draft, value, order, step.out)


def _finds(plan: Plan) -> bool:
    """Tell whether there are arrays for which the order of axes matters."""
    return any(isinstance(s, Elementwise | Assemble) and plan.values[s.target].entries >= LEAST for s in plan.steps)


turn = Guarded(_turn, _finds)


def _order(step: AnyStep, sizes: dict[int, int]) -> Labels:
    """Return the order in which the axes of an elementwise step are laid out best."""
    out = step.out
    if not out or prod(sizes[n] for n in out) < LEAST or sizes[out[-1]] >= SHORT:
        return out
    orders = {op.labels for op in step.operands if len(op.labels) == len(out)}
    if not orders or (len(orders) > 1 and all(sizes[order[-1]] < SHORT for order in orders)):
        return _short_first(out, sizes)
    longest = max(orders, key=lambda order: (sizes[order[-1]], order == out))
    return longest if sizes[longest[-1]] > sizes[out[-1]] else out


def _short_first(out: Labels, sizes: dict[int, int]) -> Labels:
    longest = max(sizes[n] for n in out)
    return tuple(sorted(out, key=lambda n: sizes[n] >= min(SHORT, longest)))


def _packed(draft: Draft, operand: Operand, order: Labels, sizes: dict[int, int]) -> Operand:
    """Return a small operand whose axes lie in memory in an order that the result can take over."""
    wanted = tuple(n for n in order if n in operand.labels)
    entries = prod(sizes[n] for n in order)
    is_small = SMALLER * prod(sizes[n] for n in wanted) <= entries and len(wanted) > 1
    if wanted == operand.labels or not is_small or entries < LEAST:
        return operand
    return Operand(draft.note(Pack, (operand,), wanted), wanted)


def _assembled(draft: Draft, step: Assemble) -> int | None:
    """Return an assembled array, laid out like the largest array that it is made of."""
    sizes = dict(zip(step.out, draft.shape(step), strict=True))
    if prod(sizes.values()) < LEAST or not step.out or sizes[step.out[-1]] >= SHORT:
        return None
    wholes = [
        op.labels
        for op, pattern, places in zip(step.operands, step.patterns, step.places, strict=True)
        if pattern == step.out and not places and len(op.labels) == len(pattern)
    ]
    order = max(wholes, key=lambda labels: sizes[labels[-1]], default=step.out)
    if sizes[order[-1]] <= sizes[step.out[-1]]:
        return None
    rows = []
    for op, pattern, fixed in zip(step.operands, step.patterns, step.places, strict=True):
        labels = [pattern[axis] for axis in order]
        first = {n: labels.index(n) for n in labels}
        operand = Operand(op.value, tuple(first[n] for n in op.labels))
        places = tuple(sorted((first[n], place) for n, place in fixed))
        rows.append((operand, tuple(first[n] for n in labels), places))
    operands, patterns, all_places = zip(*rows, strict=True)
    classes = draft.classes(step)
    turned = tuple(classes[axis] for axis in order)
    value = draft.note(Assemble, operands, step.out, step.coefficients, patterns, all_places, classes=turned)
    return _seen(draft, value, order, step.out)


def _seen(draft: Draft, value: int, order: Labels, out: Labels) -> int:
    """Return a view of an array with its axes in another order."""
    return value if order == out else draft.note(View, (Operand(value, order),), out, ())
