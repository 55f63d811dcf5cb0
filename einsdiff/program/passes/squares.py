"""Symmetric products: Σ_n d_n X_ni X_nj = Σ_n Z_ni Z_nj with Z_ni = √d_n X_ni, where no d_n is negative.

BLAS multiplies a matrix by its own transpose in half the operations, and what it returns is exactly symmetric.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.passes.signs import Signs
from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Map, Multiply, Operand, Plan, View

WIDE = 32  # a product with fewer rows and columns gains nothing
LONG = 32  # nor does a sum of fewer numbers


class Square(NamedTuple):
    """Σ weight · matrix · other, where `other` is the same array as `matrix` on the other labels of the result."""

    weight: Operand
    matrix: Operand
    other: Operand


def _symmetric(draft: Draft, step: AnyStep) -> int | None:
    """Σ_n (d_n X_ni) X_nj = Σ_n Z_ni Z_nj with Z_ni = √d_n X_ni; with the sign in front where no d_n is positive."""
    square = _found(draft, step)
    if square is None:
        return None
    weight, matrix, other = square
    sign = Signs(draft.steps, draft.ledger.values).of(weight.value)
    if not sign:
        return None
    scaled = draft.note(Multiply, (_root(draft, weight, sign), matrix), matrix.labels)
    found = draft.note(Contract, (Operand(scaled, matrix.labels), Operand(scaled, other.labels)), step.out)
    return found if sign > 0 else draft.note(Combine, (Operand(found, step.out),), step.out, (-1,))


def _root(draft: Draft, weight: Operand, sign: int) -> Operand:
    """Return √(sign · weight), or a where the weight is a²."""
    step = draft.steps.get(weight.value)
    if isinstance(step, Multiply) and step.operands[0] == step.operands[1]:
        return Operand(step.operands[0].value, weight.labels)
    if sign < 0:
        weight = Operand(draft.note(Combine, (weight,), weight.labels, (-1,)), weight.labels)
    return Operand(draft.note(Map, (weight,), weight.labels, "sqrt"), weight.labels)


def _found(draft: Draft, step: AnyStep) -> Square | None:
    if not isinstance(step, Contract) or len(step.operands) != 2:
        return None
    for scaled, other in (step.operands, step.operands[::-1]):
        made = draft.steps.get(scaled.value)
        if not isinstance(made, Multiply):
            continue
        names = dict(zip(made.out, scaled.labels, strict=True))
        here = [op.renamed(names) for op in made.operands]
        for weight, matrix in (here, here[::-1]):
            if matrix.value == other.value and _is_symmetric(draft, step, Square(weight, matrix, other)):
                return Square(weight, matrix, other)
    return None


def _is_symmetric(draft: Draft, step: Contract, square: Square) -> bool:
    """Tell whether the two matrices differ in the names of kept axes only, of which the weight has none."""
    weight, matrix, other = square
    pairs = list(zip(matrix.labels, other.labels, strict=True))
    tied = {a for a, b in pairs if a == b}
    open_ = [(a, b) for a, b in pairs if a != b]
    kept = set(step.out)
    if not open_ or not weight.labels or not set(weight.labels) <= tied or any({*p} - kept for p in open_):
        return False
    sizes = draft.ledger.extent([matrix])
    return prod(sizes[a] for a, _ in open_) >= WIDE and prod(sizes[n] for n in tied - kept) >= LONG


def _finds(plan: Plan) -> bool:
    """Tell whether a product with an array is multiplied by that array again."""
    making = {s.target: s for s in plan.steps}
    known = {s.target: s.operands[0].value for s in plan.steps if isinstance(s, View)}

    def bare(value: int) -> int:
        return bare(known[value]) if value in known else value

    for step in plan.steps:
        if isinstance(step, Contract) and len(step.operands) == 2:
            first, second = (bare(op.value) for op in step.operands)
            for one, other in ((first, second), (second, first)):
                made = making.get(one)
                if isinstance(made, Multiply) and other in {bare(op.value) for op in made.operands}:
                    return True
    return False


symmetric = Guarded(_symmetric, _finds)
