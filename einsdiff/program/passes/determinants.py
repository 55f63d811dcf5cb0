"""The logarithm of a determinant, which may be too large or too small for a number: log(det(A)) = logdet(A)."""

from __future__ import annotations

from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Map, Matrix, Plan


def _determinants(draft: Draft, step: AnyStep) -> int | None:
    """log(det(A)) = logdet(A), by factors whose logarithms are added."""
    if not isinstance(step, Map) or step.function != "log":
        return None
    det = draft.steps.get(step.operands[0].value)
    if not isinstance(det, Matrix) or det.function != "det":
        return None
    return draft.note(Matrix, det.operands, (), "logdet", classes=())


def _finds(plan: Plan) -> bool:
    """Tell whether there is a determinant."""
    return any(isinstance(s, Matrix) and s.function == "det" for s in plan.steps)


determinants = Guarded(_determinants, _finds)
