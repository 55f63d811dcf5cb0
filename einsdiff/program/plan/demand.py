"""What is asked of each node: as a whole array or merged into another product, and in which order of axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import Apply, Expr, Factor, Labels, Ones, Product, Size, Sum, Tensor, parts
from einsdiff.program.plan.steps import AnyStep
from einsdiff.program.request import Output

OUTER = (
    4  # a product used in several places is merged into each where it has this many times the entries of its factors
)
NONE: frozenset[Expr] = frozenset()


class Demand:
    """Which nodes are needed as arrays of their own.

    Of those that are `opened`, the factors and the terms are needed, and products among the terms are opened too.
    """

    def __init__(self, roots: Sequence[Expr], extent: Callable[[Size], int], opened: frozenset[Expr] = NONE) -> None:
        self.nodes = walk.ordered(*roots)
        self._uses = walk.uses(self.nodes, roots)
        self._opened: frozenset[Expr] = frozenset(node for node in opened if isinstance(node, Sum | Product))
        inner = {factor.node for factor in map(repeated_sum, self._opened) if factor is not None}
        self._opened |= {node for node in inner if self._uses[node] == 1}
        self._roots = roots
        self._extent = extent
        self._merged: dict[Expr, bool] = {}

    def is_merged(self, node: Expr) -> bool:
        """Tell whether a product inside a product is contracted together with it."""
        if not isinstance(node, Product):
            return False
        if node not in self._merged:
            self._merged[node] = self._uses[node] == 1 or (not node.bound and self._is_outer(node))
        return self._merged[node]

    def is_opened(self, node: Expr) -> bool:
        """Tell whether the terms of a node are asked for, and not the node."""
        return node in self._opened

    def is_scaled_inside(self, node: Expr) -> bool:
        """Tell whether a product takes in the coefficient that it has as a term of a sum."""
        return isinstance(node, Product) and self._uses[node] == 1

    def wanted(self) -> list[Expr]:
        """Return the nodes that are needed as arrays of their own, parts first."""
        found = set(self._roots) - self._opened
        for node in self.nodes:
            match node:
                case Product() if (inner := repeated_sum(node)) is not None and self.is_opened(inner.node):
                    pass
                case Product(_, factors):
                    found.update(f.node for f in factors if f.exponent != 1 or not self.is_merged(f.node))
                case Sum(terms) if node in self._opened:
                    found.update(t.node for t in terms if not isinstance(t.node, Product))
                case Sum(terms):
                    found.update(t.node for t in terms if abs(t.coefficient) == 1 or not self.is_scaled_inside(t.node))
                case _:
                    found.update(node.below)
        return [node for node in self.nodes if node in found]

    def _is_outer(self, node: Product) -> bool:
        """Tell whether a product takes far more memory than its factors."""
        whole = prod(self._extent(node.label_sizes[label]) for label in set(node.out))
        pieces = sum(prod(map(self._extent, f.node.sizes)) for f in node.factors)
        return whole > OUTER * pieces


def repeated_sum(node: Expr) -> Factor | None:
    """Return the sum in a product of one sum and ones, Σ … 1_i."""
    if not isinstance(node, Product) or node.bound or node.coefficient != 1:
        return None
    sums = [f for f in node.factors if isinstance(f.node, Sum) and f.exponent == 1]
    others = [f for f in node.factors if not isinstance(f.node, Ones)]
    is_plain = len(sums) == 1 == len(others) and len(set(sums[0].labels)) == len(sums[0].labels)
    return sums[0] if is_plain else None


def wishes(outputs: Iterable[Output], nodes: Sequence[Expr]) -> Mapping[Expr, Labels]:
    """Return the order of axes in which nodes are best made, as the results and the sums around them want it."""
    found: dict[Expr, Labels] = {}
    for output in outputs:
        place = {wire: k for k, (wire, _) in enumerate(output.axes)}
        wires = output.entry.wires
        if all(w in place for w in wires):
            found.setdefault(output.entry.node, _ranked([place[w] for w in wires]))
    for node in reversed(nodes):
        if isinstance(node, Sum | Apply):
            rank = {axis: k for k, axis in enumerate(found.setdefault(node, _natural(node)))}
            for part, labels in parts(node):
                found.setdefault(part, _ranked([rank[n] for n in labels]))
    return found


def _ranked(places: Sequence[int]) -> Labels:
    """Return the axes in the order of their places."""
    return tuple(sorted(range(len(places)), key=lambda k: places[k]))


def _natural(node: Sum | Apply) -> Labels:
    """Return the order of axes in which a node is best made if nobody wishes another: that of an input in it."""
    for part, labels in parts(node):
        if isinstance(part, Tensor) and len(set(labels)) == len(labels) == node.rank:
            return labels
    return tuple(range(node.rank))


def needed(steps: Sequence[AnyStep], values: Iterable[int]) -> tuple[AnyStep, ...]:
    """Return the steps on which some values depend."""
    wanted = set(values)
    found = []
    for step in reversed(steps):
        if step.target in wanted:
            found.append(step)
            wanted.update(op.value for op in step.operands)
    return tuple(reversed(found))
