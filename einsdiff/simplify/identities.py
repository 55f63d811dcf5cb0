"""The identities: rows where an equation says all, functions where it cannot.

Each has a name, which a derivation prints.  Both sides have the same value wherever the left side has one, under the
condition of `where`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Expr, MatrixFunction, Number, Product, Sum
from einsdiff.algebra.steps import Steps
from einsdiff.elaborate.template import instantiate, template
from einsdiff.simplify.match import match, match_factors
from einsdiff.simplify.products import reassemble
from einsdiff.simplify.rules import APPLY, MATRIX, PRODUCT, SUM, folded


@dataclass(frozen=True, slots=True)
class Identity:
    """left = right for scalars a, b, c, under a condition."""

    name: str
    left: str
    right: str
    where: str = ""


# fmt: off
ROWS = (
    #         name                    left                        right              where
    Identity("log of exp",           "log(exp(a))",              "a"),
    Identity("exp of log",           "exp(log(a))",              "a",               "a > 0"),
    Identity("softplus",             "log(1 + exp(a))",          "softplus(a)"),
    Identity("softplus",             "log1p(exp(a))",            "softplus(a)"),
    Identity("sigmoid",              "exp(a)/(1 + exp(a))",      "sigmoid(a)"),
    Identity("sigmoid",              "1/(1 + exp(-a))",          "sigmoid(a)"),
    Identity("log of sigmoid",       "log(sigmoid(a))",          "-softplus(-a)"),
    Identity("log of sigmoid",       "log(1 - sigmoid(a))",      "-softplus(a)"),
    Identity("tangent",              "sin(a)/cos(a)",            "tan(a)"),
    Identity("hyperbolic tangent",   "sinh(a)/cosh(a)",          "tanh(a)"),
    Identity("abs of abs",           "abs(abs(a))",              "abs(a)"),
    Identity("rectified twice",      "relu(relu(a))",            "relu(a)"),
    Identity("larger of one",        "max(a, a)",                "a"),
    Identity("smaller of one",       "min(a, a)",                "a"),
    Identity("both cases alike",     "where(c, a, a)",           "a"),
    Identity("first case",           "where(1, a, b)",           "a"),
    Identity("second case",          "where(0, a, b)",           "b"),
    Identity("power of one",         "pow(1, a)",                "1"),
    Identity("power zero",           "pow(a, 0)",                "1"),
    Identity("power one",            "pow(a, 1)",                "a"),
    Identity("exp at 0",             "exp(0)",                   "1"),
    Identity("expm1 at 0",           "expm1(0)",                 "0"),
    Identity("log at 1",             "log(1)",                   "0"),
    Identity("log1p at 0",           "log1p(0)",                 "0"),
    Identity("sine at 0",            "sin(0)",                   "0"),
    Identity("cosine at 0",          "cos(0)",                   "1"),
    Identity("tangent at 0",         "tan(0)",                   "0"),
    Identity("sinh at 0",            "sinh(0)",                  "0"),
    Identity("cosh at 0",            "cosh(0)",                  "1"),
    Identity("tanh at 0",            "tanh(0)",                  "0"),
    Identity("asin at 0",            "asin(0)",                  "0"),
    Identity("atan at 0",            "atan(0)",                  "0"),
    Identity("asinh at 0",           "asinh(0)",                 "0"),
    Identity("atanh at 0",           "atanh(0)",                 "0"),
    Identity("sigmoid at 0",         "sigmoid(0)",               "1/2"),
    Identity("erf at 0",             "erf(0)",                   "0"),
)
# fmt: on

NAMES = ("a", "b", "c")


@cache
def _by_head() -> dict[str, tuple[tuple[Identity, Expr, Expr], ...]]:
    """Return the rows by the function at the head of their left side; products under `*`."""
    heads: dict[str, list[tuple[Identity, Expr, Expr]]] = {}
    for row in ROWS:
        left, right = template(row.left, NAMES), template(row.right, NAMES)
        head = left.function if isinstance(left, Apply) else "*"
        heads.setdefault(head, []).append((row, left, right))
    return {head: tuple(rows) for head, rows in heads.items()}


def apply_identities(entry: Entry, steps: Steps) -> Entry:
    """Return the entry after the first identity that applies at its node, applied again until none does."""
    while True:
        found = _first(entry.node)
        if found is None:
            return entry
        name, after = found
        before = Entry(entry.node, tuple(range(entry.node.rank)))
        after = build.spread(after, dict(enumerate(entry.node.sizes)))
        steps.add(name, before, after)
        entry = Entry(after.node, tuple(entry.wires[w] for w in after.wires))  # type: ignore[call-overload]


@lru_cache(maxsize=1 << 13)
def _first(node: Expr) -> tuple[str, Entry] | None:
    """Return the name of the first identity that applies at a node, and the entry at the wires of its axes.

    Parts that many formulas have, as the definitions of a program do, are looked at once.
    """
    match node:
        case Apply(function, arguments, None):
            at = Entry(node, tuple(range(node.rank)))
            for row, left, right in _by_head().get(function, ()):
                bound = match(left, at)
                if bound is not None:
                    return row.name, instantiate(right, bound)
            if all(isinstance(a.node, Number) for a in arguments):
                return folded(node)
            return _tried(node, APPLY)
        case MatrixFunction():
            return _tried(node, MATRIX)
        case Product():
            for row, left, right in _by_head()["*"]:
                assert isinstance(left, Product)
                chosen = match_factors(left, node)
                if chosen is not None:
                    return row.name, _replaced(node, chosen[0], instantiate(right, chosen[1]))
            return _tried(node, PRODUCT)
        case Sum():
            return _tried(node, SUM)
        case _:
            return None


def _tried(node: Expr, rules: tuple[Callable[..., Entry | None], ...]) -> tuple[str, Entry] | None:
    for rule in rules:
        found = rule(node)
        if found is not None:
            return rule.__name__.replace("_", " "), found
    return None


def _replaced(node: Product, taken: tuple[int, ...], by: Entry) -> Entry:
    """Return a product in which an entry at the product's labels stands for some of the factors."""
    rest = [f for k, f in enumerate(node.factors) if k not in taken]
    return reassemble(node, rest, [by])
