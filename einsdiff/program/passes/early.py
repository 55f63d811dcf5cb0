"""Sums that are taken before a product: Σ_n Σ_j A_ij Z_nj = Σ_j A_ij Σ_n Z_nj, also where the products are added."""

from __future__ import annotations

from einsdiff.algebra.nodes import Labels
from einsdiff.program.passes.redraft import Draft, Guarded, origin
from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Multiply, Operand, Plan


def _early(draft: Draft, step: AnyStep) -> int | None:
    """Σ_n a b_n = a Σ_n b_n, where the product is used for nothing else."""
    if not isinstance(step, Contract) or len(step.operands) != 1:
        return None
    (operand,) = step.operands
    free = 1 + max(operand.labels, default=-1)
    found = _summed(draft, operand, step.out, free)
    return None if found is None else found.value


def _summed(draft: Draft, operand: Operand, out: Labels, free: int) -> Operand | None:
    """Return the sum over the labels that `out` lacks, or None where that cannot be done inside; `free` is no label."""
    made = draft.steps.get(operand.value)
    if draft.uses[operand.value] != 1 or not isinstance(made, Contract | Multiply | Combine):
        return None
    names = dict(zip(made.out, operand.labels, strict=True))
    inside = {n for op in made.operands for n in op.labels if n not in names}
    names |= {n: free + k for k, n in enumerate(sorted(inside))}
    parts = [op.renamed(names) for op in made.operands]
    if isinstance(made, Combine):
        return _combined(draft, made, parts, out, free)
    return _product(draft, parts, out) if len(parts) == 2 else None


def _combined(draft: Draft, made: Combine, parts: list[Operand], out: Labels, free: int) -> Operand | None:
    """Return Σ_n Σ_k c_k a_k = Σ_k c_k Σ_n a_k, where each term gains by it."""
    summed = {n for part in parts for n in part.labels} - set(out)
    if any(summed - set(part.labels) for part in parts):
        return None
    terms = []
    for coefficient, part in zip(made.coefficients, parts, strict=True):
        found = _summed(draft, part, tuple(n for n in out if n in part.labels), free)
        if found is None:
            return None
        terms.append((coefficient, found))
    found = draft.combined(terms, out)
    return found if found.labels == out else None


def _product(draft: Draft, parts: list[Operand], out: Labels) -> Operand | None:
    """Return Σ a b with what only one factor has summed first, or None where there is no such label."""
    first, second = parts
    alone = [set(a.labels) - set(out) - set(b.labels) for a, b in ((first, second), (second, first))]
    if not any(alone) or not set(out) <= {*first.labels, *second.labels}:
        return None
    a, b = (_total(draft, part, gone) for part, gone in zip(parts, alone, strict=True))
    kind = Contract if {*a.labels, *b.labels} - set(out) else Multiply
    return Operand(draft.note(kind, (a, b), out), out)


def _total(draft: Draft, part: Operand, gone: set[int]) -> Operand:
    """Return Σ a over some labels."""
    if not gone:
        return part
    kept = tuple(n for n in part.labels if n not in gone)
    return Operand(draft.note(Contract, (part,), kept), kept)


def _finds(plan: Plan) -> bool:
    """Tell whether products, or sums of them, are summed."""
    making = {s.target: s for s in plan.steps}
    alone = (s.operands[0].value for s in plan.steps if isinstance(s, Contract) and len(s.operands) == 1)
    return any(isinstance(origin(making, value), Contract | Multiply | Combine) for value in alone)


early = Guarded(_early, _finds)
