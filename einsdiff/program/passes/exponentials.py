"""The table of exponentials: functions that grow or fall as exp(L), with what is left of them beside it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Expr
from einsdiff.program.passes.exponents import combined


def _size(u: Entry) -> Entry:
    return build.apply("abs", u)


def _fallen(function: str, u: Entry) -> Entry:
    """f(-2 |u|)."""
    return build.apply(function, build.scale(-2, _size(u)))


def _one(_: Entry) -> Entry:
    return build.ONE


def _cosh(u: Entry) -> Entry:
    return build.scale(Fraction(1, 2), combined([(1, build.ONE), (1, _fallen("exp", u))]))


def _sinh(u: Entry) -> Entry:
    return build.scale(Fraction(-1, 2), build.multiply(build.apply("sign", u), _fallen("expm1", u)))


class Exponential(NamedTuple):
    """f(u) = exp(L) M, where M is neither large nor small."""

    scale: Callable[[Entry], Entry]
    rest: Callable[[Entry], Entry]


EXPONENTIALS = {
    "exp": Exponential(lambda u: u, _one),
    "cosh": Exponential(_size, _cosh),
    "sinh": Exponential(_size, _sinh),
}


def is_exponential(node: Expr) -> bool:
    """Tell whether a node is a row of the table."""
    return isinstance(node, Apply) and node.function in EXPONENTIALS and node.orders is None


def is_exp(node: Expr) -> bool:
    """Tell whether a node is exp(u)."""
    return isinstance(node, Apply) and node.function == "exp"


def direction(node: Apply) -> Expr:
    """Return the argument of a function, without the number in front."""
    ((u, labels),) = node.arguments
    return build.split_coefficient(Entry(u, labels))[1].node


def split(node: Apply) -> tuple[Entry, Entry]:
    """Return the scale and the rest of an exponential."""
    ((u, labels),) = node.arguments
    return EXPONENTIALS[node.function].scale(Entry(u, labels)), EXPONENTIALS[node.function].rest(Entry(u, labels))
