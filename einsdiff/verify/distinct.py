"""Sizes for tensors such that nothing is equal by accident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Call, Count, Expr, MatrixFunction, Size, Tensor, Unit, Wire, parts, size_key
from einsdiff.algebra.walk import ordered
from einsdiff.verify.draws import SQUARE, UndefinedError

PRIMES = (2, 3, 5, 7, 11, 13)


class _Sizes:
    """Sizes that must be equal, as classes; each is named by its first by `size_key`."""

    def __init__(self) -> None:
        self._parent: dict[Size, Size] = {}

    def find(self, s: Size) -> Size:
        """Return the name of the class of a size."""
        self._parent.setdefault(s, s)
        while self._parent[s] != s:
            s = self._parent[s]
        return s

    def unite(self, sizes: Sequence[Size]) -> None:
        """Make one class of some sizes."""
        for s in sizes[1:]:
            kept, gone = sorted((self.find(sizes[0]), self.find(s)), key=size_key)
            if isinstance(gone, int) and kept != gone:
                raise UndefinedError(f"{kept} and {gone} are the size of one index")
            self._parent[gone] = kept

    def classes(self) -> list[Size]:
        """Return the names of all classes."""
        return sorted({self.find(s) for s in self._parent}, key=repr)

    def named(self, numbers: Mapping[Size, int]) -> dict[Size, int]:
        """Return the number of each size, where those of the classes are given."""
        return {s: numbers[self.find(s)] for s in self._parent}


def distinct_sizes(*entries: Entry, turn: int = 1) -> dict[Size, int]:
    """Return pairwise different primes for the sizes in entries, equal where one index ties them.

    The sizes of a component's axis are at least its place.  With `turn` −1 the first are the largest: XᵀX has an
    inverse only where X has as many rows as columns, or more.

    Raises: UndefinedError, where two numbers would have to be equal.
    """
    known = _Sizes()
    nodes = ordered(*(e.node for e in entries))
    for node in nodes:
        _tie(node, known)
    at_wires: dict[Wire, list[Size]] = {}
    for entry in entries:
        for w, s in zip(entry.wires, entry.node.sizes, strict=True):
            at_wires.setdefault(w, []).append(s)
    for tied in at_wires.values():
        known.unite(tied)
    least: dict[Size, int] = {}
    for node in nodes:
        if isinstance(node, Unit):
            root = known.find(node.size)
            least[root] = max(least.get(root, 1), node.place)
    free: list[int] = []
    numbers: dict[Size, int] = {}
    classes = known.classes()
    for root in classes:
        free = free or list(PRIMES)[: len(classes)][::turn]
        numbers[root] = root if isinstance(root, int) else _taken(free, least.get(root, 1))
    return known.named(numbers)


def _taken(free: list[int], wanted: int) -> int:
    """Return the first of the free primes that is large enough, which is free no longer; else a number that is."""
    found = next((p for p in free if p >= wanted), wanted)
    if found in free:
        free.remove(found)
    return found


def _tie(node: Expr, known: _Sizes) -> None:
    """Make one class of the sizes that are tied in a node."""
    for s in (*node.sizes, *([node.size] if isinstance(node, Count) else [])):
        known.find(s)
    if isinstance(node, Tensor) and SQUARE & set(node.assumed):
        known.unite(node.sizes)
    if isinstance(node, MatrixFunction):
        known.unite(node.argument.sizes)
    tied: dict[int, list[Size]] = {}
    for p in parts(node):
        for k, s in zip(p.labels, p.node.sizes, strict=True):
            tied.setdefault(k, []).append(s)
    if not isinstance(node, Call):
        for sizes in tied.values():
            known.unite(sizes)
