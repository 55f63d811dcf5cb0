"""Exact evaluation of expressions modulo a prime.

Every entry becomes a residue.  Functions, fractional powers and reductions other than sums and products become random
functions, the same for equal arguments, so that two forms that differ anywhere differ here, too, but for a chance of
about one in the prime; where a condition decides which form counts, each of its cases is drawn many times.  Special
draws give inputs small numbers and numbers of the formula, so that conditions hold that generic draws never meet.
Source: J. T. Schwartz, Fast probabilistic algorithms for verification of polynomial identities, J. ACM 27 (1980).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Expr, MatrixFunction, Product, Size, Wire
from einsdiff.algebra.walk import ordered
from einsdiff.verify.comparison import agreement
from einsdiff.verify.distinct import distinct_sizes
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.evaluation import PRIME, RELATIONS, RandomFunctions, at_axes, evaluate
from einsdiff.verify.fields import Array

__all__ = ["PRIME", "UndefinedError", "agree", "agree_in_any_case", "distinct_sizes", "residues"]


def residues(entry: Entry, axes: Sequence[Wire], sizes: Mapping[Size, int], seed: int = 0) -> tuple[int, ...]:
    """Return the residues of an entry for all values of `axes`, the last running fastest.

    `sizes` gives how far each size runs; inputs are drawn from `seed` by their names.

    Raises: UndefinedError, where a divisor vanishes or a size is missing.
    """
    known = evaluate(ordered(entry.node), RandomFunctions(seed, generic=1), sizes)
    values = at_axes(entry, known, axes)
    if (values < 0).any():
        raise UndefinedError("division by zero")
    return tuple(values[0, 0].ravel().tolist())


def agree(a: Entry, b: Entry, *, seeds: Sequence[int] = (0,)) -> bool:
    """Tell whether two entries have the same residues, for every seed, on tensors of pairwise different sizes.

    Draws in which an entry has no value on one of the sides are left out.

    Raises: UndefinedError, where too few draws have a value.
    """
    try:
        return all(agreement(a, b, RandomFunctions, seed) for seed in seeds)
    except UndefinedError:
        turned = distinct_sizes(a, b, turn=-1)
        return all(agreement(a, b, RandomFunctions, seed, turned) for seed in seeds)


def agree_in_any_case(a: Entry, b: Entry, *, seed: int = 0) -> bool:
    """Tell whether two entries agree whatever the conditions in them come out as, of which there may be any number.

    A condition is any number c, and where(c, u, v) is c u + (1 − c) v: what agrees for all c does so for 0 and 1.  A
    divisor may vanish for 0 or 1 only, so that entries with a condition in one are not compared.
    """
    if any(_divides_by_cases(node) for node in ordered(a.node, b.node)):
        return False
    try:
        return agreement(a, b, _AnyCase, seed)
    except UndefinedError:
        return False


CASES = frozenset(("where", *RELATIONS))


def _divides_by_cases(node: Expr) -> bool:
    """Tell whether a condition stands in a divisor, in a root or in a matrix that is inverted."""
    if isinstance(node, MatrixFunction):
        return _has_cases(node)
    factors = node.factors if isinstance(node, Product) else ()
    return any((f.exponent < 0 or not isinstance(f.exponent, int)) and _has_cases(f.node) for f in factors)


def _has_cases(node: Expr) -> bool:
    return Apply in node.kinds and any(isinstance(n, Apply) and n.function in CASES for n in ordered(node))


class _AnyCase(RandomFunctions):
    """Random functions, where conditions are no cases but numbers."""

    is_cased = False

    def applied(self, function: str, orders: tuple[int, ...] | None, values: list[Array]) -> Array:
        """Return a function of entries; a relation and its opposite add up to 1."""
        if orders is not None or function not in CASES:
            return super().applied(function, orders, values)
        fields = self.fields
        if function == "where":
            return fields.plus(values[2], fields.times(values[0], fields.minus(values[1], values[2])))
        opposite = {"le": "gt", "ge": "lt", "ne": "eq"}.get(function)
        if opposite is not None:
            value = self.applied(opposite, None, values)
            return fields.minus(np.ones_like(value), value)
        difference = fields.minus(*(values if function != "lt" else values[::-1]))
        return self.draws.random("gt" if function == "lt" else function, difference)
