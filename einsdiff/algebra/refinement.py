"""Colour refinement: the wires of a network in classes, split by how they are attached until nothing changes.

Only what is attached to wires that left their class is looked at again, so that a chain of n parts, whose classes are
told apart one after the other from its ends, costs about n.

Source: A. Cardon, M. Crochemore, Partitioning a graph in O(|A| log₂ |V|), Theoret. Comput. Sci. 19 (1982).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from einsdiff.algebra.groups import chain, is_of_all_orders, orbits, smallest
from einsdiff.algebra.nodes import Labels, Symmetry

WORK = 150_000
"""Parts looked at in all refinements of one network."""

Colours = dict[Any, int]


class Edge(NamedTuple):
    """A part of a network: its colour, the wires at its slots, its symmetries, and the sign it carries."""

    colour: Any
    wires: tuple[Any, ...]
    symmetries: tuple[Symmetry, ...] = ()
    sign: int = 1


def by_places(keys: Mapping[Any, Any]) -> Colours:
    """Call each class of equal keys by how many wires have lower ones."""
    if len(keys) < 2:
        return dict.fromkeys(keys, 0)
    counts = Counter(keys.values())
    ordered = sorted(counts)
    starts = dict(zip(ordered, accumulate((counts[key] for key in ordered), initial=0), strict=False))
    return {wire: starts[key] for wire, key in keys.items()}


class Classes:
    """Classes of wires while they are split: the class of each wire, and the wires of each."""

    def __init__(self, colours: Colours) -> None:
        self.colours = dict(colours)
        self.members: dict[int, dict[Any, None]] = {}
        for wire, colour in colours.items():
            self.members.setdefault(colour, {})[wire] = None

    @property
    def are_open(self) -> bool:
        """Whether some class has more than one wire."""
        return len(self.members) < len(self.colours)

    def among(self, wires: Iterable[Any]) -> dict[int, list[Any]]:
        """Return some wires by their classes, without those that are alone in theirs."""
        found: dict[int, list[Any]] = {}
        for wire in wires:
            colour = self.colours[wire]
            if len(self.members[colour]) > 1:
                found.setdefault(colour, []).append(wire)
        return found

    def split(self, colour: int, keys: Mapping[Any, list[Any]], others: Any) -> list[Any]:
        """Split a class by the keys of some of its wires, where all others have one; return what moved."""
        rest = self.members[colour]
        if len(keys) + (others is not None and others not in keys) == 1:
            return []
        for key, wires in keys.items():
            if key != others:
                for wire in wires:
                    del rest[wire]
        parts = {**{key: dict.fromkeys(wires) for key, wires in keys.items()}, **({others: rest} if rest else {})}
        largest = max(parts.values(), key=len)
        start, moved = colour, list[Any]()
        for key in sorted(parts):
            part = parts[key]
            self.members[start] = part
            if start != colour:
                self.colours.update(dict.fromkeys(part, start))
            if part is not largest:
                moved += part
            start += len(part)
        return moved


class Refinement:
    """The refinements of one network, and the work that is left for them."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = edges
        self.orbits = [_orbits_that_say_all(edge) for edge in edges]
        pairs = zip(edges, self.orbits, strict=True)
        self.costs = [(_weight(e) if o is None else 1) / (len(e.wires) or 1) for e, o in pairs]
        self.at: dict[Any, list[int]] = {}
        for k, edge in enumerate(edges):
            for wire in dict.fromkeys(edge.wires):
                self.at.setdefault(wire, []).append(k)
        self.work: float = WORK

    def refine(self, colours: Colours, moved: Sequence[Any] | None = None) -> Colours:
        """Split classes by how their wires are attached, until nothing changes or the work is used up.

        Each class is called by how many wires the lower ones have.  `moved` are wires that left their class, where the
        classes were refined before: only what is attached to them is looked at.  Of the parts into which a class falls
        the largest does not count as moved; what is attached to nothing that moved is still alike.
        """
        found = Classes(colours)
        self.work -= len(self.edges)
        while moved is None or moved:
            if not found.are_open or self.work <= 0:
                break
            slots: dict[int, Any] = {}
            touched = found.colours if moved is None else self._beside(moved)
            moved = []
            parts = [self._parts(c, wires, found, slots) for c, wires in found.among(touched).items()]
            for part in parts:
                moved += found.split(*part)
        return found.colours

    def _beside(self, moved: Sequence[Any]) -> dict[Any, None]:
        """Return the wires of the edges in which some wires stand."""
        edges = dict.fromkeys(k for wire in moved for k in self.at[wire])
        return dict.fromkeys(w for k in edges for w in self.edges[k].wires)

    def _parts(
        self, colour: int, touched: Sequence[Any], found: Classes, slots: dict[int, Any]
    ) -> tuple[int, Mapping[Any, list[Any]], Any]:
        """Return the touched wires of a class by how they are attached, and how the others are."""
        keys: dict[Any, list[Any]] = {}
        for wire in touched:
            keys.setdefault(self._attached(wire, found.colours, slots), []).append(wire)
        near = set(touched)
        one = next((w for w in found.members[colour] if w not in near), None)
        return colour, keys, None if one is None else self._attached(one, found.colours, slots)

    def _attached(self, wire: Any, colours: Colours, slots: dict[int, Any]) -> tuple[Any, ...]:
        """Return what a wire is attached to; `slots` keeps what is the same for all wires of an edge."""
        seen: list[Any] = []
        for k in self.at[wire]:
            edge, orbit = self.edges[k], self.orbits[k]
            self.work -= self.costs[k]
            if orbit is None:
                marked = tuple([2 * colours[w] + (w == wire) for w in edge.wires])
                seen.append((edge.colour, smallest(marked, edge.symmetries)[0]))
                continue
            if k not in slots:
                slots[k] = tuple(sorted([(o, colours[w]) for o, w in zip(orbit, edge.wires, strict=True)]))
            seen += [(edge.colour, slots[k], o) for o, w in zip(orbit, edge.wires, strict=True) if w == wire]
        return tuple(sorted(seen))


def _orbits_that_say_all(edge: Edge) -> Labels | None:
    """Return for each slot the first one to which a symmetry carries it, or None where slots are tied to each other."""
    rank = len(edge.wires)
    return orbits(edge.symmetries, rank) if is_of_all_orders(edge.symmetries, rank) else None


def _weight(edge: Edge) -> int:
    """Return how many other parts could be looked at in the time that an edge with tied slots takes."""
    return 1 + len(edge.wires) * len(chain(edge.symmetries)) // 6
