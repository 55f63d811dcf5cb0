"""Factors that may be 0 beside exponentials: there the exponential counts for nothing, however large it is.

Terms whose weight is 0 have no part in the scale.  So Σ_i A_ni exp(c_i) has one for each n, which takes as many
exponentials as A has entries: with one scale for all n, a row vanishes whose weights stand at small exponents only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, Product, Sum
from einsdiff.program.passes.exponentials import is_exp
from einsdiff.program.passes.exponents import NOTHING, argument, at, exponential, is_within, where

DEEP = 40  # products and sums one below another in which weights are looked for


class Weights:
    """The weights that were met when scales were found."""

    def __init__(self) -> None:
        self._known: set[Expr] = set()

    def counted(self, weight: Entry, scale: Entry) -> Entry:
        """Return the scale where a weight is not 0, and an exponent of nothing elsewhere."""
        self._known.add(weight.node)
        return where(weight, scale, NOTHING)

    def guarded(self, entry: Entry, factors: Sequence[tuple[Entry, Exact]]) -> Entry:
        """exp(u) a = exp(where(a != 0, u, 0)) a, where u may be large for a = 0."""
        if not is_exp(entry.node):
            return entry
        u = argument(entry)
        for a, p in factors:
            for weight in self._in(a) if p > 0 and self._known else ():
                if is_within(weight, u):
                    u = where(weight, u, build.ZERO)
        return exponential(u)

    def _in(self, entry: Entry, depth: int = 0) -> list[Entry]:
        """Return the weights of which an entry is a multiple: where one of them is 0, it is 0."""
        node = entry.node
        if node in self._known:
            return [entry]
        found: list[Entry] = []
        if depth < DEEP and isinstance(node, Product):
            for weight in [m for f in node.factors if f.exponent > 0 for m in self._in(at(f), depth + 1)]:
                # δ has the same weight along both of its axes
                places = [[axis for axis, label in enumerate(node.out) if label == w] for w in weight.wires]
                found += [Entry(weight.node, axes) for axes in product(*places)]
        elif depth < DEEP and isinstance(node, Sum):
            first, *rest = (self._in(at(t), depth + 1) for t in node.terms)
            found = [m for m in first if all(m in other for other in rest)]
        return [walk.place(m, entry.wires) for m in dict.fromkeys(found)]
