"""Nested products on one set of places: the factors of all of them, with the number in front."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Expr, Product, exact
from einsdiff.forms.matrix.network import Place


class Part(NamedTuple):
    """A factor of a product: a node, the place of each of its axes, and its exponent."""

    node: Expr
    places: tuple[Place, ...]
    exponent: Exact


class Joined:
    """Places that are one: δ makes two indices one."""

    def __init__(self, parent: dict[Place, Place] | None = None) -> None:
        self.parent = parent if parent is not None else {}

    def find(self, place: Place) -> Place:
        """Return the one name of a place."""
        while place in self.parent:
            place = self.parent[place]
        return place

    def unite(self, a: Place, b: Place) -> None:
        """Make two places one."""
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[b] = a

    def copy(self) -> Joined:
        """Return the same places, to be joined further."""
        return Joined(dict(self.parent))


class Flat(NamedTuple):
    """A product without products inside: its number, its factors, and which places are one."""

    coefficient: Exact
    factors: list[Part]
    joined: Joined


def flatten(parts: Sequence[Part], names: Container[Expr], joined: Joined | None = None) -> Flat:
    """Return the factors of nested products; those with `names` stay whole."""
    joined = joined if joined is not None else Joined()
    c: Exact = 1
    found: list[Part] = []
    stack = list(reversed(parts))
    while stack:
        part = stack.pop()
        node = part.node
        if not isinstance(node, Product) or part.exponent != 1 or node in names:
            found.append(part)
            continue
        c = exact(Fraction(c) * Fraction(node.coefficient))
        serial = object()
        at: dict[int, Place] = {label: (serial, label) for label in node.bound}
        for place, label in zip(part.places, node.out, strict=True):
            joined.unite(at.setdefault(label, place), place)
        stack += [Part(f.node, tuple(at[k] for k in f.labels), f.exponent) for f in reversed(node.factors)]
    return Flat(c, found, joined)


def reading_order(flat: Flat) -> Callable[[Place], int]:
    """Order places as they stand in the factors, so that the same formula is written the same way."""
    first: dict[Place, int] = {}
    for f in flat.factors:
        for p in f.places:
            first.setdefault(flat.joined.find(p), len(first))
    return first.__getitem__
