"""The sum of a product that is used for nothing else, as one contraction: Σ_j (a_ij b_ij) without the product."""

from __future__ import annotations

from einsdiff.program.redraft import Draft
from einsdiff.program.steps import AnyStep, Contract, Multiply, Operand


def contracted(draft: Draft, step: AnyStep) -> int | None:
    """Σ (a b) = Σ a b, where both factors have every index that is summed."""
    if not isinstance(step, Contract) or len(step.operands) != 1:
        return None
    (operand,) = step.operands
    made = draft.steps.get(operand.value)
    if not isinstance(made, Multiply) or draft.uses[operand.value] > 1:
        return None
    names = dict(zip(made.out, operand.labels, strict=True))
    a, b = (Operand(op.value, tuple(names[n] for n in op.labels)) for op in made.operands)
    summed = {*operand.labels} - {*step.out}
    if not summed <= {*a.labels} & {*b.labels}:
        return None
    return draft.note(Contract, (a, b), step.out)
