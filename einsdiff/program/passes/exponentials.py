"""The table of exponentials: functions that grow or fall as exp(L), with what is left of them beside it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Expr
from einsdiff.program.passes.exponents import argument, combined


def _one(_: Entry) -> Entry:
    return build.ONE


def _size(u: Entry) -> Entry:
    return build.apply("abs", u)


def _above(u: Entry) -> Entry:
    return build.apply("max", u, build.ZERO)


def _below(u: Entry) -> Entry:
    return build.apply("min", u, build.ZERO)


def _fallen(function: str, u: Entry, times: int) -> Entry:
    """f(-times |u|)."""
    return build.apply(function, build.scale(-times, _size(u)))


def _cosh(u: Entry) -> Entry:
    """(1 + exp(-2 |u|))/2."""
    return build.scale(Fraction(1, 2), combined([(1, build.ONE), (1, _fallen("exp", u, 2))]))


def _sinh(u: Entry) -> Entry:
    """-sign(u) expm1(-2 |u|)/2."""
    return build.scale(Fraction(-1, 2), build.multiply(build.apply("sign", u), _fallen("expm1", u, 2)))


def _expm1(u: Entry) -> Entry:
    """-sign(u) expm1(-|u|)."""
    return build.scale(-1, build.multiply(build.apply("sign", u), _fallen("expm1", u, 1)))


def _sigmoid(u: Entry) -> Entry:
    """σ(|u|)."""
    return build.apply("sigmoid", _size(u))


class Exponential(NamedTuple):
    """f(u) = exp(L) M, where M is neither large nor small.  What does not grow is small where it is not near 1."""

    scale: Callable[[Entry], Entry]
    rest: Callable[[Entry], Entry]
    is_even: bool = False
    grows: bool = True


# fmt: off
EXPONENTIALS = {
    #                         L             M
    "exp":      Exponential(lambda u: u,    _one),
    "expm1":    Exponential(_above,         _expm1),
    "cosh":     Exponential(_size,          _cosh,      is_even=True),
    "sinh":     Exponential(_size,          _sinh,      is_even=True),
    "sigmoid":  Exponential(_below,         _sigmoid,   grows=False),
}
# fmt: on


def is_exponential(node: Expr) -> bool:
    """Tell whether a node is a row of the table."""
    return isinstance(node, Apply) and node.function in EXPONENTIALS and node.orders is None


def grows(node: Expr) -> bool:
    """Tell whether a node is a row of the table that can be large."""
    return isinstance(node, Apply) and is_exponential(node) and EXPONENTIALS[node.function].grows


def is_exp(node: Expr) -> bool:
    """Tell whether a node is exp(u)."""
    return isinstance(node, Apply) and node.function == "exp"


def direction(node: Apply) -> Expr:
    """Return the argument of a function, without the number in front."""
    ((u, labels),) = node.arguments
    return build.split_coefficient(Entry(u, labels))[1].node


def split(entry: Entry) -> tuple[Entry, Entry]:
    """Return the scale and the rest of an exponential."""
    assert isinstance(entry.node, Apply)
    row, u = EXPONENTIALS[entry.node.function], argument(entry)
    return row.scale(u), row.rest(u)
