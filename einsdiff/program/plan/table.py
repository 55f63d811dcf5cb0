"""The plan as a table for people: what each step does, what it costs, and how much memory is needed at most."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

from einsdiff.program.phrase import indexed, letters
from einsdiff.program.plan.steps import (
    Alternating,
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Divide,
    Evaluate,
    Fold,
    Length,
    Literal,
    Map,
    Matrix,
    Multiply,
    Operand,
    Pack,
    Plan,
    Power,
    View,
    classes_of,
    sizes_of,
)

HEADINGS = ("value", "operation", "operands", "shape", "flops")
THIRDS = {"inv": 6, "adj": 72, "det": 2, "logdet": 2}
"""A function of a matrix of n rows → its cost in units of n³/3; adj takes a singular value decomposition."""


@dataclass(frozen=True)
class PlanTable:
    """A plan with its costs; `str` gives the table.

    Units: floating-point operations, a multiplication and an addition counting as two; bytes.
    """

    plan: Plan
    itemsize: int = 8

    @property
    def flops(self) -> int:
        """The operations of all steps."""
        return sum(flops(self.plan, step) for step in self.plan.steps)

    @property
    def peak_memory(self) -> int:
        """The most bytes that all results take at one time; an intermediate one is dropped after its last use."""
        return self.itemsize * peak(self.plan)

    @property
    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """The cells of the table, one row a step; numbers and parts of arrays cost nothing and are left out."""
        names = _names(self.plan)
        return [
            (
                names[step.target],
                _operation(self.plan, step),
                ", ".join(names[op.value] for op in step.operands),
                " × ".join(map(str, self.plan.values[step.target].shape)) or "1",
                f"{flops(self.plan, step):,}",
            )
            for step in self.plan.steps
            if not isinstance(step, Literal | Length)
        ]

    def __str__(self) -> str:
        rows = [HEADINGS, *self.rows]
        widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
        lines = []
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
            lines.append("  ".join([*cells, row[-1].rjust(widths[-1])]))
        lines.insert(1, "-" * len(lines[0]))
        outputs = [[prod(part) for part in o.folded(self.plan.values[o.value].shape)] for o in self.plan.outputs]
        shapes = ", ".join(" × ".join(map(str, shape)) or "1" for shape in outputs)
        lines += [
            "",
            f"flops:       {self.flops:,}",
            f"peak memory: {self.peak_memory:,} bytes",
            f"results:     {shapes}",
        ]
        return "\n".join(lines)


def flops(plan: Plan, step: AnyStep) -> int:
    """Return how many floating-point operations a step takes."""
    shapes = [plan.values[op.value].shape for op in step.operands]
    made = plan.values[step.target].entries
    match step:
        case Literal() | Length() | View() | Pack() | Alternating():
            return 0
        case Contract():
            return prod(sizes_of(step.operands, plan.values).values()) * len(step.operands)
        case Combine(coefficients=coefficients):
            return made * (len(coefficients) - 1 + sum(abs(c) != 1 for c in coefficients))
        case Multiply() | Divide() | Power() | Map() | Evaluate():
            return made
        case Fold():
            return prod(shapes[0]) * (3 if step.operator == "logsumexp" else 1)
        case Matrix(function=function):
            n = max(shapes[0], default=0)
            return THIRDS[function] * n**3 // 3
        case Assemble():
            return sum(prod(shape) for shape in shapes[1:])


def _operation(plan: Plan, step: AnyStep) -> str:
    """Return what a step does, in letters for its indices."""
    labels = [n for op in step.operands for n in op.labels] + list(step.out)
    classes = classes_of([*step.operands, Operand(step.target, step.out)], plan.values)
    names = letters(labels, {n: plan.indices[c] for n, c in classes.items()})
    between = "" if all(len(name) == 1 for name in names.values()) else " "
    terms = ",".join(between.join(names[n] for n in op.labels) for op in step.operands)
    subscripts = f"{terms}->{between.join(names[n] for n in step.out)}"
    match step:
        case Contract():
            return subscripts
        case Multiply():
            return f"multiply {subscripts}"
        case Divide():
            return f"divide {subscripts}"
        case Power(exponent=exponent):
            return f"power {exponent}"
        case Combine(coefficients=coefficients):
            return f"sum {subscripts}" if len(coefficients) > 1 else f"times {coefficients[0]}"
        case Map(function=function) | Evaluate(function=function) | Matrix(function=function):
            return function
        case Fold(operator=operator):
            return f"{operator} {subscripts}"
        case View(places=places):
            return f"{'component' if places else 'view'} {subscripts}"
        case Pack():
            return f"pack {subscripts}"
        case Alternating(out=out):
            return indexed("ε", [names[n] for n in out])
        case Assemble(patterns=patterns):
            return "assemble" if patterns else "zeros"
        case Literal() | Length():
            return "number"


def _names(plan: Plan) -> dict[int, str]:
    names = {value: name for name, value in plan.inputs}
    taken = set(names.values())
    number = 0
    for step in plan.steps:
        if isinstance(step, Literal):
            names[step.target] = str(step.base) if step.exponent == 1 else f"{step.base}^({step.exponent})"
        elif isinstance(step, Length):
            names[step.target] = f"#{plan.indices[step.range]}"
        else:
            number += 1
            while f"t{number}" in taken:
                number += 1
            names[step.target] = f"t{number}"
    return names


def peak(plan: Plan, unseen: Collection[int] = ()) -> int:
    """Return the most entries that live at one time; views live in the array that they show.

    Inputs do not count, nor do the values `unseen`.
    """
    origin: dict[int, int] = {}
    last: dict[int, int] = {}
    for k, step in enumerate(plan.steps):
        if isinstance(step, View):
            source = step.operands[0].value
            origin[step.target] = origin.get(source, source)
        for op in step.operands:
            last[origin.get(op.value, op.value)] = k
    for _, value, _ in plan.outputs:
        last[origin.get(value, value)] = len(plan.steps)
    ends: dict[int, list[int]] = {}
    for value, k in last.items():
        ends.setdefault(k, []).append(value)
    live: dict[int, int] = {}
    now = most = 0
    for k, step in enumerate(plan.steps):
        if step.target not in origin:
            live[step.target] = plan.values[step.target].entries * (step.target not in unseen)
            now += live[step.target]
        most = max(most, now)
        for value in ends.get(k, ()):
            now -= live.pop(value, 0)
    return most
