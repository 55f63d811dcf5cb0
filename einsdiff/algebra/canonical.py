"""The canonical labelling of a network: one numbering of its wires, whatever they were called.

A network is a bag of edges, each a coloured part with wires at its slots.  Wires are refined into classes by how they
are attached (colour refinement); where a class stays larger than one, each choice is followed, except where exchanging
two wires changes nothing.  The smallest form wins; choices with equal forms are the network's symmetries.

Source: B. D. McKay, Practical graph isomorphism, Congressus Numerantium 30 (1981): individualisation and refinement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from einsdiff.algebra.nodes import Labels, Symmetry, shared

BRANCHES = 400  # choices followed for one network; beyond it the form is deterministic, but perhaps not canonical
WORK = 60_000  # parts looked at in all refinements of one network
GROUP = 120  # symmetries kept of one network

Form = tuple[tuple[Any, Labels, int], ...]


class Edge(NamedTuple):
    """A part of a network: its colour, the wires at its slots, its symmetries, and the sign it carries."""

    colour: Any
    wires: tuple[Any, ...]
    symmetries: tuple[Symmetry, ...] = ()
    sign: int = 1


class Labelling(NamedTuple):
    """The result: wires in order; for each edge its labels and their sign; and the symmetries as maps between wires."""

    order: tuple[Any, ...]
    labels: tuple[Labels, ...]
    signs: tuple[int, ...]
    symmetries: tuple[tuple[Mapping[Any, Any], int], ...]


def label(edges: Sequence[Edge], kinds: Mapping[Any, int], *, signed: bool) -> Labelling:
    """Number the wires of a network canonically.

    `kinds` gives each wire its class from outside (lower kinds are numbered first).  With `signed` the signs of the
    edges are multiplied into one (a product); otherwise each edge keeps its own (a sum).
    """
    search = _Search(edges, signed)
    colours = search.refine(_ranked(kinds))
    if len(set(colours.values())) < len(colours):
        search.explore(colours, ())
        assert search.best is not None
        colours = search.best[2]
    order = tuple(sorted(colours, key=colours.__getitem__))
    slots = [_slots(edge, colours) for edge in edges]
    labels, signs = zip(*slots, strict=True) if slots else ((), ())
    return Labelling(order, labels, signs, tuple(search.generators))


class _Search:
    """The tree of choices of one labelling."""

    def __init__(self, edges: Sequence[Edge], signed: bool) -> None:  # noqa: FBT001 - private, one caller
        self.edges = edges
        self.signed = signed
        self.best: tuple[Form, int, dict[Any, int]] | None = None
        self.generators: list[tuple[Mapping[Any, Any], int]] = []
        self.left = BRANCHES
        self.work = WORK

    def explore(self, colours: dict[Any, int], chosen: tuple[Any, ...]) -> None:
        """Follow the choices below a refined colouring, but for those that a known symmetry carries into another."""
        cell = _first_cell(colours)
        if cell is None:
            self._arrive(colours)
            return
        if self.work <= 0:
            self._arrive(_settled(self.edges, colours))
            return
        explored: list[Any] = []
        for wire in cell:
            if explored and (self.left <= 0 or self.work <= 0):
                return
            if explored and self._is_alike(wire, explored, chosen):
                continue
            explored.append(wire)
            self.left -= 1
            split = {w: 2 * c + (c == colours[wire] and w != wire) for w, c in colours.items()}
            self.explore(self.refine(_ranked(split)), (*chosen, wire))

    def _is_alike(self, wire: Any, explored: Sequence[Any], chosen: Sequence[Any]) -> bool:
        """Tell whether a symmetry that keeps all choices made so far carries the wire to one that was explored."""
        exchange = {explored[0]: wire, wire: explored[0]}
        sign = self._keeps(exchange)
        if sign:
            self.generators.append((exchange, sign))
            return True
        holding = [g for g, _ in self.generators if all(g.get(w, w) == w for w in chosen)]
        reached, frontier = {wire}, [wire]
        while frontier:
            at = frontier.pop()
            for g in holding:
                for to in (g.get(at, at), next((w for w, v in g.items() if v == at), at)):
                    if to not in reached:
                        reached.add(to)
                        frontier.append(to)
        return not reached.isdisjoint(explored)

    def refine(self, colours: dict[Any, int]) -> dict[Any, int]:
        """Split classes by how their wires are attached, until nothing changes or the work is used up."""
        count = len(set(colours.values()))
        while count < len(colours) and self.work > 0:
            self.work -= len(self.edges)
            colours = _finer(self.edges, colours)
            finer = len(set(colours.values()))
            if finer == count:
                break
            count = finer
        return colours

    def _arrive(self, colours: dict[Any, int]) -> None:
        form, sign = _form(self.edges, colours, signed=self.signed)
        if self.best is None or form < self.best[0]:
            self.best = (form, sign, colours)
        elif form == self.best[0]:
            there = {c: w for w, c in colours.items()}
            self.generators.append(({w: there[c] for w, c in self.best[2].items()}, sign * self.best[1]))

    def _keeps(self, exchange: Mapping[Any, Any]) -> int:
        """Return the sign with which exchanging two wires keeps the network, or 0 where it does not."""
        names = sorted({w for e in self.edges for w in e.wires}, key=repr)
        place = {w: k for k, w in enumerate(names)}
        moved = {w: place[exchange.get(w, w)] for w in names}
        here, sign = _form(self.edges, place, signed=self.signed)
        there, other = _form(self.edges, moved, signed=self.signed)
        if here == there:
            return sign * other
        if not self.signed:
            flipped = tuple(sorted((c, labels, -s) for c, labels, s in there))
            return -1 if here == flipped else 0
        return 0


def _ranked(keys: Mapping[Any, Any]) -> dict[Any, int]:
    """Replace keys by their ranks, equal keys by equal ranks."""
    ranks = {key: k for k, key in enumerate(sorted(set(keys.values())))}
    return {wire: ranks[key] for wire, key in keys.items()}


def _first_cell(colours: Mapping[Any, int]) -> list[Any] | None:
    """Return the wires of the first class that has more than one."""
    cells: dict[int, list[Any]] = {}
    for wire, colour in colours.items():
        cells.setdefault(colour, []).append(wire)
    return next((cells[c] for c in sorted(cells) if len(cells[c]) > 1), None)


def _finer(edges: Sequence[Edge], colours: Mapping[Any, int]) -> dict[Any, int]:
    """Return one round of refinement: a wire's class and what it is attached to make its new class."""
    seen: dict[Any, list[Any]] = {wire: [] for wire in colours}
    for edge in edges:
        orbits = _orbits(edge)
        slots = tuple(sorted((orbits[k], colours[w]) for k, w in enumerate(edge.wires)))
        for k, wire in enumerate(edge.wires):
            seen[wire].append((edge.colour, slots, orbits[k]))
    return _ranked({wire: (colours[wire], tuple(sorted(seen[wire]))) for wire in colours})


def _settled(edges: Sequence[Edge], colours: Mapping[Any, int]) -> dict[Any, int]:
    """Return the classes with their wires told apart by where they come first: deterministic, but not canonical."""
    first = {w: k for k, w in enumerate(dict.fromkeys(w for e in edges for w in e.wires))}
    return _ranked({w: (c, first[w]) for w, c in colours.items()})


def _orbits(edge: Edge) -> Labels:
    """Return for each slot the first slot to which a symmetry carries it."""
    orbit = list(range(len(edge.wires)))
    for permutation, _ in edge.symmetries:
        for k, target in enumerate(permutation):
            orbit[k] = min(orbit[k], target)
    return tuple(orbit)


def _slots(edge: Edge, place: Mapping[Any, int]) -> tuple[Labels, int]:
    """Return the smallest labels that the symmetries of an edge allow, with their sign."""
    labels = shared(tuple([place[w] for w in edge.wires]))
    if not edge.symmetries:
        return labels, edge.sign
    moved = ((tuple(labels[k] for k in p), sign) for p, sign in edge.symmetries)
    best = min(moved, key=lambda found: found[0])
    return (labels, edge.sign) if labels <= best[0] else (best[0], best[1] * edge.sign)


def _form(edges: Sequence[Edge], place: Mapping[Any, int], *, signed: bool) -> tuple[Form, int]:
    """Return the network as a sorted tuple, and its sign."""
    rows, total = [], 1
    for edge in edges:
        labels, sign = _slots(edge, place)
        total *= sign
        rows.append((edge.colour, labels, 1 if signed else sign))
    return tuple(sorted(rows)), (total if signed else 1)


def generate(generators: Sequence[Symmetry], rank: int) -> tuple[Symmetry, ...]:
    """Return the group that permutations generate, without the identity, in order; at most GROUP of them."""
    identity = tuple(range(rank))
    known = {identity: 1}
    frontier = [identity]
    while frontier and len(known) < GROUP:
        reached = []
        for p in frontier:
            for q, sign in generators:
                composed = tuple(p[k] for k in q)
                if composed not in known:
                    known[composed] = known[p] * sign
                    reached.append(composed)
        frontier = reached
    known.pop(identity)
    return tuple(Symmetry(p, sign) for p, sign in sorted(known.items()))
