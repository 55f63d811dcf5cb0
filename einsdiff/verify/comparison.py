"""Whether two entries agree in enough draws: of each entry, and of each case that conditions distinguish."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Number, Product, Size, Sum, Wire
from einsdiff.algebra.walk import ordered
from einsdiff.verify.distinct import distinct_sizes
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.evaluation import OPEN, SMALL, RandomFunctions, at_axes, evaluate, range_of
from einsdiff.verify.fields import Array

DRAWS = 32  # so often at least is each of the cases met that conditions distinguish
CONDITIONS = 8  # so many conditions at most
SPECIAL = 8  # special draws in a round where no condition decides
DECISIONS = 16  # so many decisions at most are told apart
OWN = 4  # so many numbers of a formula join the small ones
ROUNDS = 16  # so many times the draws that should do, until enough of them have a value
PATIENCE = 1 << 14  # draws after which this is given up
LARGEST = 1 << 18  # entries of an array for all draws of a round; fewer draws of larger tensors


def agreement(
    a: Entry,
    b: Entry,
    kind: type[RandomFunctions],
    seed: int,
    given: Mapping[Size, int] | None = None,
    leaves: Collection[Expr] = frozenset(),
) -> bool:
    """Tell whether two entries have the same residues modulo one of the primes in enough draws.

    Sizes that are not given are pairwise different.  Nodes in `leaves` stand for any tensor.

    Raises: UndefinedError, where too few draws have a value, or some case has none.
    """
    axes = _common_axes(a, b)
    if a == b or axes is None:
        return a == b
    sizes = {**distinct_sizes(a, b), **(given or {})}
    nodes = above(leaves, a, b)
    cases = 1 << _conditions(nodes, kind)
    needed = kind.needed if cases == 1 else DRAWS * cases
    largest = _largest(nodes, sizes)
    if largest > LARGEST:
        raise UndefinedError(f"{largest} entries are too many")
    generic = max(1, min(2 * needed, LARGEST // largest))
    special = generic if cases > 1 else SPECIAL
    small = _small(nodes)
    tally = _Tally(len(kind.fields.moduli), generic, needed)
    times = max(2, min(ROUNDS, PATIENCE // (2 * needed)))
    for k in range(times * -(-2 * needed // generic)):
        functions = kind((seed, k), generic, special, small)
        known = evaluate(nodes, functions, sizes, leaves)
        tally.add(at_axes(a, known, axes), at_axes(b, known, axes), functions)
        if tally.differs.all():
            return False
        if tally.is_enough():
            return True
    raise UndefinedError("too few draws have a value")


def above(leaves: Collection[Expr], *entries: Entry) -> list[Expr]:
    """Return the nodes below some entries, parts before wholes, without what stands below `leaves` only."""
    seen: set[Expr] = set()
    stack = [e.node for e in entries]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += () if node in leaves else node.below
    return [n for n in ordered(*(e.node for e in entries)) if n in seen]


class _Tally:
    """What draws have shown: by which primes two arrays differ, and how often their entries had a value in each case.

    A case is what all conditions came out as in a draw.  An entry that has no value in any draw of a case may differ
    there; so a prime tells nothing where some case was met only without values.
    """

    def __init__(self, moduli: int, generic: int, needed: int) -> None:
        self.differs: NDArray[np.bool] = np.zeros(moduli, dtype=bool)
        self._moduli, self._generic, self._needed = moduli, generic, needed
        self._compared: Array = np.zeros((moduli, 1), dtype=np.int64)
        self._cases: dict[tuple[int, ...], list[Any]] = {}

    def add(self, left: Array, right: Array, functions: RandomFunctions) -> None:
        """Compare two arrays."""
        draws = (self._moduli, functions.draws.count, *(1,) * (left.ndim - 2))
        shape = np.broadcast_shapes(left.shape, right.shape, draws)
        left, right = (np.broadcast_to(a, shape).reshape(*shape[:2], -1) for a in (left, right))
        has_value = (left >= 0) & (right >= 0)
        self.differs |= (has_value & (left != right)).any(axis=(1, 2))
        generic = has_value[:, : self._generic]
        self._compared = self._compared + generic.sum(axis=1)
        for case, drawn in self._met(functions):
            met: list[Any] = [generic[:, drawn].any(axis=1), ~generic[:, drawn].all(axis=1)]
            known = self._cases.get(case, met)
            self._cases[case] = [known[0] | met[0], known[1] | met[1]]

    def is_enough(self) -> bool:
        """Tell whether the arrays agree modulo one of the primes, in enough draws of every case."""
        shown = (self._compared >= self._needed).all(axis=1) & ~self.differs
        return any(self._is_covered(k) for k in np.flatnonzero(shown))

    def _is_covered(self, k: np.intp) -> bool:
        """Tell whether entries without a value modulo a prime have one in another draw of the same case."""
        for case, (with_value, without) in self._cases.items():
            missing = without[k] & ~with_value[k]
            if not missing.any():
                continue
            if OPEN in case:
                like = [
                    w[k]
                    for c, (w, _) in self._cases.items()
                    if all(x in (OPEN, y) for x, y in zip(case, c, strict=True))
                ]
                missing = missing & ~np.logical_or.reduce(like)
            if missing.any():
                return False
        return True

    def _met(self, functions: RandomFunctions) -> Iterator[tuple[tuple[int, ...], NDArray[np.intp]]]:
        """Return the cases of the generic draws, each with its draws; of too many each draw is a case of its own."""
        if not functions.decisions:
            return
        rows = [np.broadcast_to(d, (functions.draws.count, d.shape[1])) for d in functions.decisions]
        outcomes = np.concatenate(rows, axis=1)[: self._generic]
        if outcomes.shape[1] > DECISIONS:
            outcomes = np.arange(self._generic)[:, None] + (OPEN + 1 + len(self._cases))
        cases, which = np.unique(outcomes, axis=0, return_inverse=True)
        for k, case in enumerate(cases.tolist()):
            yield tuple(case), np.flatnonzero(which == k)


def _conditions(nodes: Iterable[Expr], kind: type[RandomFunctions]) -> int:
    """Return how many functions among some nodes are one thing here and another thing there."""
    count = sum(isinstance(n, Apply) and n.orders is None and _decides(n, kind) for n in nodes if kind.is_cased)
    if count > CONDITIONS:
        raise UndefinedError(f"{count} conditions have more cases than can be drawn")
    return count


def _decides(node: Apply, kind: type[RandomFunctions]) -> bool:
    if node.function != "where":
        return node.function in kind.branching
    condition = node.arguments[0].node
    return not (isinstance(condition, Apply) and condition.function in kind.branching)


def _small(nodes: Iterable[Expr]) -> tuple[Exact, ...]:
    """Return small numbers, and some of those that stand in some nodes: with them equality holds now and then."""
    own = sorted({n for node in nodes for n in numbers(node)} - set(SMALL))
    return (*SMALL, *own[:OWN])


def numbers(node: Expr) -> tuple[Exact, ...]:
    """Return the numbers that stand in a node itself."""
    match node:
        case Number(value):
            return (value,)
        case Sum(terms):
            return tuple(t.coefficient for t in terms)
        case Product(coefficient, factors):
            return (coefficient, *(f.exponent for f in factors))
        case _:
            return ()


def _largest(nodes: Iterable[Expr], sizes: Mapping[Size, int]) -> int:
    """Return how many entries the largest of some nodes has, at least 1."""
    return max(1, *(prod(range_of(s, sizes) for s in n.sizes) for n in nodes))


def _common_axes(a: Entry, b: Entry) -> tuple[Wire, ...] | None:
    """Return the wires of two entries; None where they differ, unless one of the entries is the number zero."""
    if set(a.wires) == set(b.wires):
        return tuple(dict.fromkeys(a.wires))
    zeros = [e for e in (a, b) if isinstance(e.node, Number) and e.node.value == 0]
    if not zeros:
        return None
    return tuple(dict.fromkeys((a if zeros[0] is b else b).wires))
