"""Arrays that exchanging two of their axes leaves as they are, or changes in sign: d_ij = x_i - x_j = -d_ji."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from einsdiff.algebra.nodes import Exact
from einsdiff.program.plan.steps import (
    AnyStep,
    Combine,
    Contract,
    Divide,
    Map,
    Multiply,
    Operand,
    Pack,
    Power,
    Value,
    View,
)

EVEN = frozenset(("abs", "cos", "cosh"))
ODD = frozenset(("sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "sign", "erf"))
DEEP = 40  # a proof that takes more steps one behind another is not looked for


class Mirror:
    """What the steps of a plan tell of exchanged axes."""

    def __init__(self, values: Sequence[Value], making: Callable[[int], AnyStep | None]) -> None:
        """Take the values, and what returns the step that makes a value."""
        self._values = values
        self._making = making
        self._known: dict[tuple[int, int, int], int] = {}

    def upright(self, operand: Operand, depth: int = 0) -> tuple[int, Operand]:
        """Return a sign and the operand with its labels in rising order, as far as exchanges of axes allow."""
        sign, labels = 1, list(operand.labels)
        classes = self._values[operand.value].classes
        for last in range(len(labels) - 1, 0, -1):
            for a in range(last):
                for b in range(a + 1, last + 1):
                    if labels[a] > labels[b] and classes[a] == classes[b]:
                        found = self.sign(operand.value, a, b, depth)
                        if found:
                            labels[a], labels[b] = labels[b], labels[a]
                            sign *= found
        return sign, Operand(operand.value, tuple(labels))

    def sign(self, value: int, a: int, b: int, depth: int = 0) -> int:
        """Return 1 where exchanging two axes leaves an array as it is, -1 where it changes the sign, else 0."""
        key = (value, a, b)
        step = self._making(value)
        if step is None or depth > DEEP:
            return 0
        if key not in self._known:
            self._known[key] = self._sign(step, step.out[a], step.out[b], depth + 1)
        return self._known[key]

    def _sign(self, step: AnyStep, a: int, b: int, depth: int) -> int:
        names = {a: b, b: a}
        before = [self.upright(op, depth) for op in step.operands]
        after = [
            self.upright(Operand(op.value, tuple(names.get(n, n) for n in op.labels)), depth) for op in step.operands
        ]
        match step:
            case Combine(coefficients=coefficients):
                return _of_sum(_weights(coefficients, before), _weights(coefficients, after))
            case Multiply() | Contract() if Counter(op for _, op in before) == Counter(op for _, op in after):
                return _product([sign for sign, _ in (*before, *after)])
        if [op for _, op in before] != [op for _, op in after]:
            return 0
        sign = _product([sign for sign, _ in (*before, *after)])
        match step:
            case Divide() | Pack() | View(places=()):
                return sign
            case Power(exponent=exponent):
                return 1 if exponent % 2 == 0 else sign if exponent % 2 == 1 else max(sign, 0)
            case Map(function=function):
                signs = {x * y for (x, _), (y, _) in zip(before, after, strict=True)}
                is_one = len(step.operands) == 1
                return 1 if signs == {1} or (is_one and function in EVEN) else -1 if is_one and function in ODD else 0
            case _:
                return 0


def _weights(coefficients: Sequence[Exact], operands: Sequence[tuple[int, Operand]]) -> dict[Operand, Exact]:
    found: dict[Operand, Exact] = {}
    for coefficient, (sign, operand) in zip(coefficients, operands, strict=True):
        found[operand] = found.get(operand, 0) + sign * coefficient
    return found


def _of_sum(before: dict[Operand, Exact], after: dict[Operand, Exact]) -> int:
    """Return the number by which all terms of a sum are multiplied, 1 or -1, else 0."""
    if before == after:
        return 1
    return -1 if before == {operand: -c for operand, c in after.items()} else 0


def _product(signs: Sequence[int]) -> int:
    found = 1
    for sign in signs:
        found *= sign
    return found
