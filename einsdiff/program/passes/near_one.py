"""log(1 + u) = log1p(u) and exp(u) - 1 = expm1(u), which keep the digits of a small u."""

from __future__ import annotations

from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Combine, Literal, Map, Operand, Plan


def _near_one(draft: Draft, step: AnyStep) -> int | None:
    """log(1 + u) = log1p(u); exp(u) - 1 = expm1(u), where the exponential is used for nothing else."""
    if isinstance(step, Map) and step.function == "log":
        return _logarithm(draft, step)
    return _exponential(draft, step) if isinstance(step, Combine) else None


def _logarithm(draft: Draft, step: Map) -> int | None:
    (inside,) = step.operands
    added = draft.steps.get(inside.value)
    if not isinstance(added, Combine) or inside.labels != step.out:
        return None
    terms = list(zip(added.coefficients, added.operands, strict=True))
    rest = [term for term in terms if term[0] != 1 or not _is_one(draft, term[1])]
    if len(rest) != len(terms) - 1 or not rest:
        return None
    u = draft.combined(rest, added.out) if rest[0][0] != 1 or len(rest) > 1 else rest[0][1]
    names = dict(zip(added.out, inside.labels, strict=True))
    at = u.renamed(names)
    return draft.note(Map, (at,), step.out, "log1p") if set(at.labels) == set(step.out) else None


def _exponential(draft: Draft, step: Combine) -> int | None:
    terms = list(zip(step.coefficients, step.operands, strict=True))
    for one in terms:
        for power in terms:
            made = draft.steps.get(power[1].value)
            if (
                _is_one(draft, one[1])
                and power[0] == -one[0]
                and isinstance(made, Map)
                and made.function == "exp"
                and draft.uses[power[1].value] == 1
            ):
                value = draft.note(Map, made.operands, made.out, "expm1")
                rest = [term for term in terms if term is not one and term is not power]
                return draft.combined([*rest, (power[0], Operand(value, power[1].labels))], step.out).value
    return None


def _is_one(draft: Draft, operand: Operand) -> bool:
    step = draft.steps.get(operand.value)
    return isinstance(step, Literal) and step.base == 1


def _finds(plan: Plan) -> bool:
    """Tell whether there are logarithms or exponentials."""
    return any(isinstance(s, Map) and s.function in {"exp", "log"} for s in plan.steps)


near_one = Guarded(_near_one, _finds)
