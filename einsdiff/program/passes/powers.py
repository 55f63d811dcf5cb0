"""Powers with whole exponents as products that share their parts: 6/r⁴ - 12/r⁷ = s⁴ (6 - 12 s³) with s = 1/r.

A product differs from the power by a few units in the last place; it takes a small part of its time.
"""

from __future__ import annotations

from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, exact, magnitude
from einsdiff.program.passes.redraft import Draft, Guarded
from einsdiff.program.plan.steps import AnyStep, Combine, Divide, Literal, Multiply, Operand, Plan, Power

LEAST = 4  # the lowest power for which a division is exchanged for products; lower ones are written well as they are
MOST = 12  # the highest power that is a product


class Root(NamedTuple):
    """What is raised to a power, and the exponent."""

    value: int
    exponent: int


def _powers(draft: Draft, step: AnyStep) -> int | None:
    """Return a power, a quotient by a power or a sum of powers as products."""
    match step:
        case Power(operands=(base,), exponent=int(exponent)) if LEAST < exponent <= MOST:
            return None if draft.ledger.is_constant(base) else _power(draft, base, exponent).value
        case Divide(operands=(above, below)):
            return _quotient(draft, step, above, below)
        case Combine():
            return _sum(draft, step)
        case _:
            return None


def _finds(plan: Plan) -> bool:
    """Tell whether there are powers for which products pay."""
    exponents = (s.exponent for s in plan.steps if isinstance(s, Power))
    return any(isinstance(e, int) and e >= LEAST for e in exponents)


powers = Guarded(_powers, _finds)


def _power(draft: Draft, base: Operand, exponent: int) -> Operand:
    """Return a^n = a^m a^(n - m), where m is the half of n or the next power of two below it."""
    if exponent == 1:
        return base
    part = exponent // 2 if exponent % 2 == 0 else 1 << (exponent.bit_length() - 1)
    low, high = sorted((part, exponent - part))
    factors = (_power(draft, base, high), _power(draft, base, low))
    return Operand(draft.note(Multiply, factors, base.labels), base.labels)


def _root(draft: Draft, value: int) -> Root:
    """Return an array as a power: a product of powers of one base, or itself."""
    match draft.steps.get(value):
        case Multiply(operands=(a, b), out=out) if a.labels == b.labels == out:
            left, right = _root(draft, a.value), _root(draft, b.value)
            if left.value == right.value and left.exponent + right.exponent <= MOST:
                return Root(left.value, left.exponent + right.exponent)
        case Power(operands=(base,), exponent=int(exponent), out=out) if base.labels == out and 0 < exponent <= MOST:
            return Root(base.value, exponent)
    return Root(value, 1)


def _quotient(draft: Draft, step: Divide, above: Operand, below: Operand) -> int | None:
    """B / a^n = b s^n with s = 1/a."""
    base, exponent = _root(draft, below.value)
    if exponent < LEAST or draft.ledger.values[base].is_constant:
        return None
    quotient = (_one(draft), Operand(base, below.labels))
    inverse = Operand(draft.note(Divide, quotient, below.labels), below.labels)
    found = _power(draft, inverse, exponent)
    number = draft.steps.get(above.value)
    if isinstance(number, Literal) and number.exponent == 1 and below.labels == step.out:
        return draft.note(Combine, (found,), step.out, (number.base,))
    return draft.note(Multiply, (above, found), step.out)


def _sum(draft: Draft, step: Combine) -> int | None:
    """Return b s^m + c s^n as s^m (b + c s^(n - m)), s an inverse; numbers before the terms are taken in."""
    terms = [_unscaled(draft, c, op) for c, op in zip(step.coefficients, step.operands, strict=True)]
    roots = [_root(draft, op.value) for _, op in terms]
    same = {root.value for root in roots}
    base = roots[0].value
    is_alike = len(same) == 1 and all(op.labels == step.out for _, op in terms)
    if len(terms) < 2 or not is_alike or not _is_inverse(draft, base):
        return None
    least = min(root.exponent for root in roots)
    inverse = Operand(base, step.out)
    inside = [
        (c, _power(draft, inverse, root.exponent - least)) if root.exponent > least else _alone(draft, c)
        for (c, _), root in zip(terms, roots, strict=True)
    ]
    inside.sort(key=lambda term: term[0] < 0)
    return draft.note(Multiply, (_power(draft, inverse, least), draft.combined(inside, step.out)), step.out)


def _unscaled(draft: Draft, coefficient: Exact, operand: Operand) -> tuple[Exact, Operand]:
    """Return a number times an array with the number before the array taken in."""
    made = draft.steps.get(operand.value)
    if isinstance(made, Combine) and len(made.operands) == 1 and made.operands[0].labels == made.out:
        return exact(coefficient * made.coefficients[0]), Operand(made.operands[0].value, operand.labels)
    return coefficient, operand


def _is_inverse(draft: Draft, value: int) -> bool:
    match draft.steps.get(value):
        case Divide(operands=(above, _)):
            return draft.ledger.is_constant(above)
        case _:
            return False


def _alone(draft: Draft, number: Exact) -> tuple[Exact, Operand]:
    """Return a number as a term of a sum: its sign and its magnitude."""
    return 1 if number > 0 else -1, Operand(draft.note(Literal, (), (), magnitude(number), 1), ())


def _one(draft: Draft) -> Operand:
    return Operand(draft.note(Literal, (), (), 1, 1), ())
