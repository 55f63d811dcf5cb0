"""The factors of a product and of the products inside it, on one set of wires."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Expr, Labels, Product, Size


class Wired(NamedTuple):
    """A factor on wires: node[wires]^exponent."""

    node: Expr
    wires: Labels
    exponent: Exact


class Wiring:
    """Numbers for wires, some of which turn out to be one (δ), with their sizes."""

    def __init__(self) -> None:
        self._above: list[int] = []
        self.sizes: list[Size] = []

    def fresh(self, size: Size) -> int:
        """Return a new wire."""
        self._above.append(len(self._above))
        self.sizes.append(size)
        return len(self._above) - 1

    def find(self, wire: int) -> int:
        """Return the wire that stands for all that are one with this one."""
        while self._above[wire] != wire:
            self._above[wire] = wire = self._above[self._above[wire]]
        return wire

    def fuse(self, a: int, b: int) -> None:
        """Make two wires one: δ_ab."""
        a, b = sorted((self.find(a), self.find(b)))
        self._above[b] = a

    def roots(self) -> list[int]:
        """Return every wire that stands for itself."""
        return [k for k, above in enumerate(self._above) if above == k]


class Network(NamedTuple):
    """coefficient · Π factors on wires, of which those in `out` are the axes of the whole, in order."""

    coefficient: Exact
    factors: list[Wired]
    out: Labels
    wiring: Wiring


def flatten(node: Product, is_merged: Callable[[Expr], bool]) -> Network:
    """Return the network of a product, in which the products that `is_merged` names are opened."""
    wiring = Wiring()
    coefficient: Exact = 1
    factors: list[Wired] = []
    out = tuple(wiring.fresh(s) for s in node.sizes)
    stack: list[tuple[Wired, bool]] = [(Wired(node, out, 1), True)]
    while stack:
        (part, wires, exponent), is_open = stack.pop()
        if not is_open or not isinstance(part, Product):
            factors.append(Wired(part, wires, exponent))
            continue
        coefficient *= part.coefficient
        at: dict[int, int] = {}
        for label, wire in zip(part.out, wires, strict=True):
            wiring.fuse(at.setdefault(label, wire), wire)
        for label in part.bound:
            at[label] = wiring.fresh(part.label_sizes[label])
        inner = [Wired(f.node, tuple(at[k] for k in f.labels), f.exponent) for f in part.factors]
        stack += [(f, f.exponent == 1 and is_merged(f.node)) for f in reversed(inner)]
    return Network(coefficient, factors, out, wiring)
