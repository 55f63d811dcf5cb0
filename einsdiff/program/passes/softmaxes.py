"""Softmax with one exponential: exp(z - logsumexp(z)) = e / Σ e with e = exp(z - max(z))."""

from __future__ import annotations

from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Divide, Fold, Map, Operand, Plan


def _softmax(draft: Draft, step: AnyStep) -> int | None:
    """exp(z - logsumexp(z)) = e / Σ e with e = exp(z - max(z)), where the logsumexp is used for nothing else."""
    if not isinstance(step, Map) or step.function != "exp" or draft.uses[step.operands[0].value] > 1:
        return None
    shifted = draft.steps.get(step.operands[0].value)
    if not isinstance(shifted, Combine) or sorted(shifted.coefficients) != [-1, 1]:
        return None
    z, total = shifted.operands if shifted.coefficients[0] == 1 else shifted.operands[::-1]
    fold = draft.steps.get(total.value)
    if not isinstance(fold, Fold) or fold.operator != "logsumexp" or draft.uses[total.value] > 1:
        return None
    (inside,) = fold.operands
    names = dict(zip(inside.labels, z.labels, strict=False))
    if inside.value != z.value or tuple(names[n] for n in fold.out) != total.labels or z.labels != shifted.out:
        return None
    if step.out != step.operands[0].labels:
        return None
    top = draft.note(Fold, (z,), total.labels, "max")
    low = draft.note(Combine, (z, Operand(top, total.labels)), z.labels, (1, -1))
    e = Operand(draft.note(Map, (Operand(low, z.labels),), z.labels, "exp"), z.labels)
    whole = Operand(draft.note(Contract, (e,), total.labels), total.labels)
    return draft.note(Divide, (e, whole), z.labels)


def _finds(plan: Plan) -> bool:
    """Tell whether there are a logsumexp and an exponential."""
    has_total = any(isinstance(s, Fold) and s.operator == "logsumexp" for s in plan.steps)
    return has_total and any(isinstance(s, Map) and s.function == "exp" for s in plan.steps)


softmax = Guarded(_softmax, _finds)
