"""Outer products of several arrays, grouped so that the last loops are long: (a b) (c d) = a (b (c d))."""

from __future__ import annotations

from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.order import FLAT, OPTIMAL
from einsdiff.program.plan.steps import AnyStep, Multiply, Operand, Plan


def _outer(draft: Draft, step: AnyStep) -> int | None:
    """(a b) (c d) = a (b (c d)), where each factor brings axes of its own."""
    if not isinstance(step, Multiply) or len(step.out) <= FLAT:
        return None
    a, b = (set(op.labels) for op in step.operands)
    factors = _factors(draft, step)
    if a <= b or b <= a or not 2 < len(factors) <= OPTIMAL:
        return None
    found = draft.product(factors, step.out, step.out)
    made = draft.steps.get(found.value)
    if found.labels != step.out or made is None or _values(made) == _values(step):
        return None
    return found.value


def _factors(draft: Draft, step: Multiply) -> list[Operand]:
    """Return the factors of a product, as far as the products that make them are used here only."""
    found = []
    for op in step.operands:
        inner = draft.steps.get(op.value)
        if isinstance(inner, Multiply) and draft.uses[op.value] <= 1:
            names = dict(zip(inner.out, op.labels, strict=True))
            found += [f.renamed(names) for f in _factors(draft, inner)]
        else:
            found.append(op)
    return found


def _values(step: AnyStep) -> list[int]:
    return sorted(op.value for op in step.operands)


def _finds(plan: Plan) -> bool:
    """Tell whether there are products with many axes."""
    return any(isinstance(s, Multiply) and len(s.out) > FLAT for s in plan.steps)


outer = Guarded(_outer, _finds)
