"""A plan drafted anew: its steps are noted again, one by one, so that a pass can put better ones in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.passes.mirror import Mirror
from einsdiff.program.plan.demand import needed
from einsdiff.program.plan.ledger import Ledger
from einsdiff.program.plan.network import Contraction, Factor
from einsdiff.program.plan.steps import (
    SIZED,
    AnyStep,
    Combine,
    Evaluate,
    Matrix,
    Operand,
    Plan,
    View,
)

Pass = Callable[["Draft", AnyStep], int | None]
"""Return the value that stands for what a step makes, or None where the step stays; its operands are noted."""


class Whole(NamedTuple):
    """A pass that looks at all steps together."""

    carry_out: Callable[[Plan], Plan]


@dataclass(frozen=True)
class Guarded:
    """A pass that leaves the plans alone in which `finds` finds no step for it."""

    change: Pass
    finds: Callable[[Plan], bool]

    def __call__(self, draft: Draft, step: AnyStep) -> int | None:
        """Return what the pass returns."""
        return self.change(draft, step)


def origin(making: Mapping[int, AnyStep], value: int) -> AnyStep | None:
    """Return the step that makes a value, or that of which it is a view."""
    step = making.get(value)
    while isinstance(step, View):
        step = making.get(step.operands[0].value)
    return step


class Draft:
    """The new ledger, and how the values of the old plan are called in it.

    Attributes:
        ledger: the steps that were noted so far.
        uses: how often the old plan uses what a value stands for; of values that are new, nothing is known.
        steps: the step that makes each value of the new ledger.
        changes: how many steps were put in the place of others.
        mirror: what exchanging axes does to these values.
    """

    def __init__(self, numbers: Sequence[int], plan: Plan) -> None:
        self.ledger = Ledger(list(numbers))
        self.steps: dict[int, AnyStep] = {}
        self.uses: Counter[int] = Counter()
        self.changes = 0
        self.mirror = Mirror(self.ledger.values, self.steps.get)
        self._plan = plan
        self._new: dict[int, int] = {}

    def carry_out(self, change: Pass) -> Plan:
        """Return the plan with every step that `change` changes."""
        plan = self._plan
        uses = Counter(op.value for step in plan.steps for op in step.operands)
        uses.update([*(o.value for o in plan.outputs), *(bearer[0] for bearer in plan.bearers if bearer)])
        making = {step.target: step for step in plan.steps}
        for value, known in enumerate(plan.values):
            # an input, or what nothing needs any more, is taken over: the numbers of the others stay
            new = self._again(making[value], change) if value in making else self.ledger.take(known)
            self._new[value] = new
            self.uses[new] += uses[value]
        outputs = tuple(o._replace(value=self._new[o.value]) for o in plan.outputs)
        bearers = tuple(bearer and (self._new[bearer[0]], bearer[1]) for bearer in plan.bearers)
        roots = [*(o.value for o in outputs), *(bearer[0] for bearer in bearers if bearer)]
        return replace(
            plan,
            values=tuple(self.ledger.values),
            steps=needed(self.ledger.steps, roots),
            inputs=tuple((name, self._new[value]) for name, value in plan.inputs),
            outputs=outputs,
            bearers=bearers,
        )

    def _again(self, step: AnyStep, change: Pass) -> int:
        operands = tuple([Operand(self._new[op.value], op.labels) for op in step.operands])
        if not isinstance(step, (Matrix, Evaluate)):
            operands = tuple(map(self._turned_back, operands))
        is_same = operands == step.operands
        found = change(self, step if is_same else replace(step, operands=operands))
        if found is not None:
            self.changes += 1
            return found
        old, new = self._plan.values, self.ledger.values
        if is_same and all(new[op.value] is old[op.value] for op in operands):
            return self._made(len(new), self.ledger.again(step, old[step.target]))
        classes = None if isinstance(step, SIZED) else old[step.target].classes
        return self.note(type(step), operands, step.out, *step.details, classes=classes)

    def _turned_back(self, operand: Operand) -> Operand:
        """Return the array of which an operand is a view with its axes exchanged."""
        step = self.steps.get(operand.value)
        if not isinstance(step, View) or len(step.operands[0].labels) > len(step.out):
            return operand
        names = dict(zip(step.out, operand.labels, strict=True))
        return step.operands[0].renamed(names)

    def classes(self, step: AnyStep) -> tuple[int, ...]:
        """Return the size class of each axis of what a step of the old plan makes."""
        return self._plan.values[step.target].classes

    def shape(self, step: AnyStep) -> tuple[int, ...]:
        """Return the shape of what a step of the old plan makes."""
        return self._plan.values[step.target].shape

    def note(
        self,
        kind: type[AnyStep],
        operands: tuple[Operand, ...],
        out: Labels,
        *details: object,
        classes: tuple[int, ...] | None = None,
    ) -> int:
        """Note a step in the new ledger and return its value."""
        return self._made(len(self.ledger.values), self.ledger.note(kind, operands, out, *details, classes=classes))

    def _made(self, count: int, value: int) -> int:
        """Return a value that was noted, and know the step that makes it if it is new: the ledger had `count` then."""
        if value == count:
            self.steps[value] = self.ledger.steps[-1]
        return value

    def combined(self, terms: Sequence[tuple[Exact, Operand]], out: Labels) -> Operand:
        """Return Σ coefficient · operand on the labels of `out` that some operand has."""
        present = {n for _, op in terms for n in op.labels}
        labels = tuple(n for n in out if n in present)
        if len(terms) == 1 and terms[0][0] == 1:
            ((_, operand),) = terms
            return operand if operand.labels == labels else Operand(self.note(View, (operand,), labels, ()), labels)
        value = self.note(Combine, tuple(op for _, op in terms), labels, tuple(c for c, _ in terms))
        return Operand(value, labels)

    def product(self, factors: Sequence[Operand], kept: Collection[int], prefer: Labels = ()) -> Operand:
        """Return Σ Π factors, where the labels in `kept` stay; `prefer` is a wish for their order."""
        count = len(self.ledger.steps)
        found = Contraction(self.ledger, kept, prefer).carry_out([Factor(*op) for op in factors], 1)
        self.steps.update((step.target, step) for step in self.ledger.steps[count:])
        return found
