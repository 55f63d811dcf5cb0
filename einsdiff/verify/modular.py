"""Exact evaluation of expressions modulo a prime.

Every entry becomes a residue.  Functions, fractional powers and reductions other than sums and products become random
functions, the same for equal arguments, so that two forms that differ anywhere differ here, too, but for a chance of
about one in the prime; where a condition decides which form counts, each of its cases is drawn many times.  Special
draws give inputs small numbers and numbers of the formula, so that conditions hold that generic draws never meet.
Source: J. T. Schwartz, Fast probabilistic algorithms for verification of polynomial identities, J. ACM 27 (1980).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr, Size, Wire
from einsdiff.algebra.walk import ordered
from einsdiff.verify.comparison import agreement
from einsdiff.verify.distinct import distinct_sizes
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.evaluation import PRIME, RandomFunctions, at_axes, evaluate

__all__ = ["PRIME", "UndefinedError", "agree", "distinct_sizes", "residues"]


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


def agree(a: Entry, b: Entry, *, seeds: Sequence[int] = (0,), leaves: Collection[Expr] = frozenset()) -> bool:
    """Tell whether two entries have the same residues, for every seed, on tensors of pairwise different sizes.

    Draws in which an entry has no value on one of the sides are left out.  Nodes in `leaves` stand for any tensor.

    Raises: UndefinedError, where too few draws have a value.
    """
    try:
        return all(agreement(a, b, RandomFunctions, seed, leaves=leaves) for seed in seeds)
    except UndefinedError:
        turned = distinct_sizes(a, b, turn=-1)
        return all(agreement(a, b, RandomFunctions, seed, turned, leaves) for seed in seeds)
