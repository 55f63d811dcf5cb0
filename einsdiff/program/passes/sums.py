"""The sum of a product that is used for nothing else, as one contraction: Σ_j (a_ij b_ij) without the product."""

from __future__ import annotations

from einsdiff.algebra.nodes import Exact, exact
from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Multiply, Operand, Plan


def _contracted(draft: Draft, step: AnyStep) -> int | None:
    """Σ c (a b) = c Σ a b, where both factors have every index that is summed."""
    if not isinstance(step, Contract) or len(step.operands) != 1:
        return None
    coefficient, operand = _unscaled(draft, step.operands[0])
    made = draft.steps.get(operand.value)
    if not isinstance(made, Multiply) or draft.uses[operand.value] > 1:
        return None
    names = dict(zip(made.out, operand.labels, strict=True))
    a, b = (op.renamed(names) for op in made.operands)
    summed = {*operand.labels} - {*step.out}
    if not summed <= {*a.labels} & {*b.labels}:
        return None
    found = Operand(draft.note(Contract, (a, b), step.out), step.out)
    return found.value if coefficient == 1 else draft.note(Combine, (found,), step.out, (coefficient,))


def _finds(plan: Plan) -> bool:
    """Tell whether there are sums over products or over numbers times arrays."""
    made = {s.target for s in plan.steps if isinstance(s, Combine | Multiply)}
    return any(isinstance(s, Contract) and len(s.operands) == 1 and s.operands[0].value in made for s in plan.steps)


contracted = Guarded(_contracted, _finds)


def _unscaled(draft: Draft, operand: Operand) -> tuple[Exact, Operand]:
    """Return an array that is used here only as a number times another one."""
    made = draft.steps.get(operand.value)
    if not isinstance(made, Combine) or len(made.operands) > 1 or draft.uses[operand.value] > 1:
        return 1, operand
    names = dict(zip(made.out, operand.labels, strict=True))
    return exact(made.coefficients[0]), made.operands[0].renamed(names)
