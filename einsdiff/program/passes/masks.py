"""Relations as truth values: where(a > b, u, v) takes them as they are, and not as numbers that are compared with 0."""

from __future__ import annotations

from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Literal, Map, Operand, Plan
from einsdiff.simplify.rules import RELATIONS


def _masks(draft: Draft, step: AnyStep) -> int | None:
    """where([a > b], u, v) = where(a > b, u, v), where u or v is an array; where([a > b], 0, 1) = 1 - [a > b]."""
    if not isinstance(step, Map) or step.function != "where":
        return None
    condition, *branches = step.operands
    relation = draft.steps.get(condition.value)
    if not isinstance(relation, Map) or relation.function not in RELATIONS:
        return None
    if draft.ledger.is_constant(condition):
        return None
    if all(map(draft.ledger.is_constant, branches)):
        numbers = [draft.steps.get(branch.value) for branch in branches]
        if [n.base for n in numbers if isinstance(n, Literal)] != [0, 1] or condition.labels != step.out:
            return None
        return draft.combined([(1, branches[1]), (-1, condition)], step.out).value
    mask = Operand(draft.note(Map, relation.operands, relation.out, f"truth {relation.function}"), condition.labels)
    return draft.note(Map, (mask, *branches), step.out, "truth where")


def _finds(plan: Plan) -> bool:
    """Tell whether something is chosen."""
    return any(isinstance(s, Map) and s.function == "where" for s in plan.steps)


masks = Guarded(_masks, _finds)
