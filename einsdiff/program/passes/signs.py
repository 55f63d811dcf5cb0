"""Which sign all entries of an array have, as far as the steps that make it prove it.

The proofs hold for rounded numbers too: sigmoid(x) is never above 1, so that 1 - sigmoid(x) is never below 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einsdiff.algebra.nodes import Exact
from einsdiff.program.plan.steps import (
    Alternating,
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Divide,
    Evaluate,
    Fold,
    Length,
    Literal,
    Map,
    Matrix,
    Multiply,
    Operand,
    Pack,
    Power,
    Value,
    View,
)

NOT_NEGATIVE = frozenset(("exp", "sqrt", "sigmoid", "softplus", "abs", "relu", "gt", "ge", "lt", "le", "eq", "ne"))
NOT_ABOVE_ONE = frozenset(("sigmoid", "gt", "ge", "lt", "le", "eq", "ne"))
DEEP = 40  # a proof that takes more steps one behind another is not looked for


class Signs:
    """The signs of values: 1 where no entry is negative, -1 where none is positive, else 0.

    `steps` make them, and of `values` some are inputs that are declared to be positive.
    """

    def __init__(self, steps: Mapping[int, AnyStep], values: Sequence[Value] = ()) -> None:
        self._steps = steps
        self._positive = {k for k, value in enumerate(values) if value.is_positive}
        self._known: dict[int, int] = {}

    def of(self, value: int, depth: int = 0) -> int:
        """Return the sign of all entries of a value, 0 where it is not proved."""
        if value in self._positive:
            return 1
        if value not in self._steps or depth > DEEP:
            return 0
        if value not in self._known:
            self._known[value] = self._sign(self._steps[value], depth + 1)
        return self._known[value]

    def _sign(self, step: AnyStep, depth: int) -> int:
        signs = [self.of(op.value, depth) for op in step.operands]
        match step:
            case Literal(base=base, exponent=exponent):
                return 1 if base >= 0 or exponent % 2 == 0 else -1 if exponent == 1 else 0
            case Length():
                return 1
            case View() | Pack():
                return signs[0]
            case Multiply(operands=(a, b)) | Contract(operands=(a, b)):
                return 1 if _is_square(a, b) else signs[0] * signs[1]
            case Multiply() | Contract():
                return signs[0]
            case Divide():
                return signs[0] * signs[1]
            case Power(exponent=exponent):
                return 1 if exponent % 2 == 0 else signs[0]
            case Combine(coefficients=coefficients):
                return self._sum(coefficients, step.operands, signs)
            case Map(function=function):
                return int(function in NOT_NEGATIVE)
            case Assemble(coefficients=coefficients):
                return _together([_times(c, s) for c, s in zip(coefficients, signs, strict=True)])
            case Alternating() | Evaluate() | Matrix() | Fold():
                return 0

    def _sum(self, coefficients: tuple[Exact, ...], operands: tuple[Operand, ...], signs: list[int]) -> int:
        """Σ c a, where 1 - a is not negative if a is at most 1."""
        found = _together([_times(c, s) for c, s in zip(coefficients, signs, strict=True)])
        if found or len(operands) != 2:
            return found
        for one, a in ((0, 1), (1, 0)):
            is_one = self._is_one(operands[one].value) and coefficients[one] == -coefficients[a]
            if is_one and self._is_at_most_one(operands[a].value):
                return 1 if coefficients[one] > 0 else -1
        return 0

    def _is_one(self, value: int) -> bool:
        step = self._steps.get(value)
        return isinstance(step, Literal) and step.base == 1

    def _is_at_most_one(self, value: int) -> bool:
        """Tell whether no entry is above 1."""
        step = self._steps.get(value)
        return isinstance(step, Map) and step.function in NOT_ABOVE_ONE


def _is_square(a: Operand, b: Operand) -> bool:
    return a == b


def _times(c: Exact, sign: int) -> int:
    return sign if c > 0 else -sign


def _together(signs: list[int]) -> int:
    """Return the sign of a sum."""
    return signs[0] if signs and len(set(signs)) == 1 else 0
