"""A number that all terms of a sum have, multiplied to the smaller factor beside it: (c a + c b) d = (a + b) (c d)."""

from __future__ import annotations

from einsdiff.algebra.nodes import Exact
from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Multiply, Operand, Plan


def _numbers(draft: Draft, step: AnyStep) -> int | None:
    """(c a ± c b) d = (a ± b) (c d), where fewer entries are multiplied by c, and the sum is used for nothing else."""
    if not isinstance(step, Multiply | Contract) or len(step.operands) != 2:
        return None
    for terms, factor in (step.operands, step.operands[::-1]):
        inner = draft.steps.get(terms.value)
        if not isinstance(inner, Combine) or draft.uses[terms.value] != 1 or _is_scaled(draft, factor):
            continue
        first = inner.coefficients[0]
        number = first if all(c == first for c in inner.coefficients) else max(first, -first)
        is_one = all(c in (number, -number) for c in inner.coefficients) and number not in (1, -1)
        before = sum(draft.ledger.values[op.value].entries for op in inner.operands)
        if not is_one or not factor.labels or draft.ledger.values[factor.value].entries >= before:
            continue
        names = dict(zip(inner.out, terms.labels, strict=True))
        signs: list[tuple[Exact, Operand]] = [
            (1 if c == number else -1, Operand(op.value, tuple(names[n] for n in op.labels)))
            for c, op in zip(inner.coefficients, inner.operands, strict=True)
        ]
        pair = draft.combined(signs, terms.labels), draft.combined([(number, factor)], factor.labels)
        operands = pair if terms is step.operands[0] else pair[::-1]
        return draft.note(type(step), operands, step.out, *step.details)
    return None


def _is_scaled(draft: Draft, factor: Operand) -> bool:
    """Tell whether a factor is made for this product alone, by a sum that could have the number itself."""
    return isinstance(draft.steps.get(factor.value), Combine) and draft.uses[factor.value] == 1


def _finds(plan: Plan) -> bool:
    """Tell whether there are sums with a number in front of each term."""
    return any(isinstance(s, Combine) and all(abs(c) != 1 for c in s.coefficients) for s in plan.steps)


numbers = Guarded(_numbers, _finds)
