"""Terms that are one product with its axes exchanged: a_ij b_ij - a_ji b_ji = a_ij (b_ij + b_ji) where a_ji = -a_ij."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.algebra.nodes import Exact, Labels, exact
from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Combine, Multiply, Operand, Plan

Terms = list[tuple[Exact, Operand]]


def _halves(draft: Draft, step: AnyStep) -> int | None:
    """Σ ± a b, each with its axes in another order, is a Σ ± b where a is the same up to its sign in all orders."""
    if not isinstance(step, Combine) or len(step.operands) < 2:
        return None
    found = _halved(draft, list(zip(step.coefficients, step.operands, strict=True)), step.out)
    if found is None:
        return None
    (coefficient, operand), *rest = found
    is_done = not rest and coefficient == 1 and operand.labels == step.out
    return operand.value if is_done else draft.combined(found, step.out).value


def _finds(plan: Plan) -> bool:
    """Tell whether there are sums in which an array stands twice."""
    sums = (s.operands for s in plan.steps if isinstance(s, Combine) and len(s.operands) > 1)
    return any(len({op.value for op in operands}) < len(operands) for operands in sums)


halves = Guarded(_halves, _finds)


def _halved(draft: Draft, terms: Terms, out: Labels) -> Terms | None:
    """Return the terms of a sum with fewer products, or None where it has no terms of this kind."""
    places: dict[int, list[int]] = {}
    for place, (_, operand) in enumerate(terms):
        places.setdefault(operand.value, []).append(place)
    for value, group in places.items():
        if len(group) > 1 and draft.uses[value] <= len(group):
            found = _product(draft, [terms[k] for k in group], out)
            if found is not None:
                rest = [term for k, term in enumerate(terms) if k not in group]
                terms = [*rest[: group[0]], found, *rest[group[0] :]]
                return _halved(draft, terms, out) or terms
    return None


def _product(draft: Draft, terms: Terms, out: Labels) -> tuple[Exact, Operand] | None:
    """Return terms that are the same product as one term."""
    made = draft.steps.get(terms[0][1].value)
    if not isinstance(made, Multiply):
        return None
    for shared, rest in (made.operands, made.operands[::-1]):
        moved = [(c, _moved(shared, made.out, op.labels), _moved(rest, made.out, op.labels)) for c, op in terms]
        upright = [draft.mirror.upright(a) for _, a, _ in moved]
        if len(shared.labels) > 1 and len({a for _, a in upright}) == 1:
            inside = [(exact(sign * c), b) for (c, _, b), (sign, _) in zip(moved, upright, strict=True)]
            return _times(draft, upright[0][1], inside, out)
    return None


def _moved(operand: Operand, names: Labels, labels: Labels) -> Operand:
    at = dict(zip(names, labels, strict=True))
    return Operand(operand.value, tuple(at[n] for n in operand.labels))


def _times(draft: Draft, shared: Operand, terms: Terms, out: Labels) -> tuple[Exact, Operand]:
    """Return a Σ c b as a number and a product."""
    sign = -1 if all(c < 0 for c, _ in terms) else 1
    found = [(sign * c, operand) for c, operand in terms]
    order = _order(shared.labels, [op.labels for _, op in found])
    inside = draft.combined(_halved(draft, found, order) or found, order)
    labels = tuple(n for n in out if n in shared.labels or n in inside.labels)
    return sign, Operand(draft.note(Multiply, (inside, shared), labels), labels)


def _order(first: Labels, others: Sequence[Labels]) -> Labels:
    """Return the labels of some terms, those of the factor beside them first."""
    found = dict.fromkeys(n for labels in others for n in labels)
    return (*(n for n in first if n in found), *(n for n in found if n not in first))
