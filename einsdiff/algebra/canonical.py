"""The canonical labelling of a network: one numbering of its wires, whatever they were called.

A network is a bag of edges, each a coloured part with wires at its slots.  Wires are refined into classes by how they
are attached (colour refinement); where a class stays larger than one, each choice is followed, except where a symmetry
of the network carries it to one that was followed.  Two refinements that agree but for the places of some wires suggest
such a symmetry, long before all wires are told apart; so equal parts side by side cost few choices.  The smallest form
wins.

Source: B. D. McKay, Practical graph isomorphism, Congressus Numerantium 30 (1981): individualisation and refinement;
P. T. Darga, K. A. Sakallah, I. L. Markov, Faster symmetry discovery using sparsity of symmetries, DAC (2008).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from einsdiff.algebra.groups import smallest
from einsdiff.algebra.nodes import Labels, shared
from einsdiff.algebra.refinement import Colours, Edge, Refinement, by_places

BRANCHES = 400  # choices followed for one network; beyond it the form is deterministic, but perhaps not canonical

Form = tuple[tuple[Any, Labels, int], ...]
Moves = dict[Any, Any]
Trace = tuple[tuple[int, ...], ...]
"""How many wires each class has, after each choice."""


class Labelling(NamedTuple):
    """The result: wires in order; for each edge its labels and their sign; and the symmetries as maps between wires.

    The symmetries generate strongly: those that keep the first wires of the order generate all that keep them.
    """

    order: tuple[Any, ...]
    labels: tuple[Labels, ...]
    signs: tuple[int, ...]
    symmetries: tuple[tuple[Mapping[Any, Any], int], ...]


class _Leaf(NamedTuple):
    """All wires told apart: the choices that led there, and what is compared."""

    chosen: tuple[Any, ...]
    trace: Trace
    form: Form
    sign: int
    colours: Colours


def label(edges: Sequence[Edge], kinds: Mapping[Any, int], *, signed: bool) -> Labelling:
    """Number the wires of a network canonically.

    `kinds` gives each wire its class from outside (lower kinds are numbered first).  With `signed` the signs of the
    edges are multiplied into one (a product); otherwise each edge keeps its own (a sum).
    """
    pieces = _pieces(edges) if signed else []
    return _side_by_side(edges, kinds, pieces) if len(pieces) > 1 else _labelled(edges, kinds, signed=signed)


def _side_by_side(edges: Sequence[Edge], kinds: Mapping[Any, int], pieces: Sequence[Sequence[int]]) -> Labelling:
    """Number the wires of pieces that no wire ties to each other: those of each alone, equal pieces side by side."""
    found = []
    for piece in pieces:
        inside = [edges[k] for k in piece]
        part = _labelled(inside, {w: kinds[w] for e in inside for w in e.wires}, signed=True)
        form = sorted((e.colour, labels) for e, labels in zip(inside, part.labels, strict=True))
        found.append(((form, [kinds[w] for w in part.order]), piece, part))
    found.sort(key=lambda row: row[0])
    rows = [(kinds[w], n, k, w) for n, (_, _, part) in enumerate(found) for k, w in enumerate(part.order)]
    order = tuple(w for *_, w in sorted(rows, key=lambda row: row[:3]))
    place = {w: k for k, w in enumerate(order)}
    slots: dict[int, tuple[Labels, int]] = {}
    for _, piece, part in found:
        for k, own, sign in zip(piece, part.labels, part.signs, strict=True):
            slots[k] = tuple([place[part.order[n]] for n in own]), sign
    labels, signs = zip(*(slots[k] for k in range(len(edges))), strict=True)
    symmetries = [symmetry for _, _, part in found for symmetry in part.symmetries]
    for (one, _, part), (other, _, beside) in pairwise(found):
        if one == other and part.order:
            symmetries.append((dict(zip(part.order + beside.order, beside.order + part.order, strict=True)), 1))
    return Labelling(order, labels, signs, tuple(symmetries))


def _pieces(edges: Sequence[Edge]) -> list[list[int]]:
    """Return which edges are tied to each other by wires."""
    above: dict[Any, Any] = {}

    def top(wire: Any) -> Any:
        while above[wire] != wire:
            above[wire] = wire = above[above[wire]]
        return wire

    for edge in edges:
        for wire in edge.wires:
            above.setdefault(wire, wire)
            above[top(wire)] = top(edge.wires[0])
    alone = [[k] for k, edge in enumerate(edges) if not edge.wires]
    tied: dict[Any, list[int]] = {}
    for k, edge in enumerate(edges):
        if edge.wires:
            tied.setdefault(top(edge.wires[0]), []).append(k)
    return [*alone, *tied.values()]


def _labelled(edges: Sequence[Edge], kinds: Mapping[Any, int], *, signed: bool) -> Labelling:
    """Number the wires of a network in one piece."""
    colours = by_places(kinds)
    symmetries: list[tuple[Moves, int]] = []
    if _are_open(colours):
        search = _Search(edges, signed)
        colours = search.refinement.refine(colours)
        if _are_open(colours):
            colours, symmetries = _searched(search, colours)
    order = tuple(sorted(colours, key=colours.__getitem__))
    slots = [_slots(edge, colours) for edge in edges]
    labels, signs = zip(*slots, strict=True) if slots else ((), ())
    return Labelling(order, labels, signs, tuple(symmetries))


def _are_open(colours: Colours) -> bool:
    """Tell whether some class has more than one wire."""
    return len(set(colours.values())) < len(colours)


def _searched(search: _Search, colours: Colours) -> tuple[Colours, list[tuple[Moves, int]]]:
    """Return the numbering with the smallest form, and the symmetries, where refinement leaves choices.

    Where a symmetry turns the network into its negative, the numbering is that with the sign +, of a sum that in which
    the first term has it.
    """
    best = search.run(colours)
    if best.chosen != search.first:  # once more, the best choices first, so that the symmetries generate strongly
        search = _Search(search.edges, search.signed)
        best = search.run(dict(sorted(colours.items(), key=lambda item: best.colours[item[0]])))
    mirror = next((g for g, s in search.generators if s < 0), None)
    if mirror is None or not (best.sign < 0 if search.signed else _flipped(best.form) > best.form):
        return best.colours, search.generators
    turned = {mirror.get(w, w): c for w, c in best.colours.items()}
    return turned, [({mirror.get(w, w): mirror.get(v, v) for w, v in g.items()}, s) for g, s in search.generators]


class _Search:
    """The tree of choices of one labelling."""

    def __init__(self, edges: Sequence[Edge], signed: bool) -> None:  # noqa: FBT001 - private, one caller
        self.edges = edges
        self.signed = signed
        self.refinement = Refinement(edges)
        self.at = self.refinement.at
        self.place = {wire: k for k, wire in enumerate(self.at)}
        self.best: _Leaf | None = None
        self.first: tuple[Any, ...] = ()
        self.generators: list[tuple[Moves, int]] = []
        self.left = BRANCHES

    def run(self, colours: Colours) -> _Leaf:
        """Return the leaf with the smallest form below a refined colouring."""
        self._explore(colours, (), ())
        assert self.best is not None
        return self.best

    def _explore(self, colours: Colours, chosen: tuple[Any, ...], trace: Trace) -> int:
        """Follow the choices below a refined colouring; return how many of those made may stand.

        Where a leaf is the image of the best one, all below their last common choice are images, and need no look.
        """
        if self.best is not None and trace > self.best.trace[: len(trace)]:
            return len(chosen)
        cell = _first_cell(colours)
        if cell is None:
            return self._arrive(_Leaf(chosen, trace, *_form(self.edges, colours, signed=self.signed), colours))
        if self.refinement.work <= 0:
            colours = _settled(self.edges, colours)
            return self._arrive(_Leaf(chosen, trace, *_form(self.edges, colours, signed=self.signed), colours))
        explored: list[Any] = []
        reached: set[Any] = set()
        leading: Colours = {}
        for wire in cell:
            if explored and (self.left <= 0 or self.refinement.work <= 0):
                break
            if wire in reached:
                continue
            others = {w: colours[w] + 1 for w in cell if w != wire}
            refined = self.refinement.refine({**colours, **others}, [wire])
            if not (explored and self._is_image(leading, refined, colours)):
                leading = leading or refined
                explored.append(wire)
                self.left -= 1
                stand = self._explore(refined, (*chosen, wire), (*trace, _shape(refined)))
                if stand < len(chosen):
                    return stand
            reached = self._reached(explored, chosen)
        return len(chosen)

    def _reached(self, explored: Sequence[Any], chosen: Sequence[Any]) -> set[Any]:
        """Return the wires to which known symmetries that keep all choices made so far carry those explored."""
        fixed = set(chosen)
        holding = [g for g, _ in self.generators if fixed.isdisjoint(g)]
        reached = set(explored)
        frontier = list(explored)
        for wire in frontier:
            for g in holding:
                to = g.get(wire, wire)
                if to not in reached:
                    reached.add(to)
                    frontier.append(to)
        return reached

    def _is_image(self, here: Colours, there: Colours, colours: Colours) -> bool:
        """Tell whether the symmetry that two refinements suggest is one, and note it.

        Wires told apart are carried to those in the same place, chains of them are closed, all others stay.
        """
        counts = Counter(here.values())
        if counts != Counter(there.values()):
            return False
        target = {c: w for w, c in there.items() if counts[c] == 1}
        moved = {w: target[c] for w, c in here.items() if counts[c] == 1}
        back = {v: w for w, v in moved.items()}
        for end in [v for v in back if v not in moved]:
            start = end
            while start in back:
                start = back[start]
            moved[end] = start
        moved = {w: v for w, v in moved.items() if w != v}
        if any(colours[w] != colours[v] for w, v in moved.items()):
            return False
        sign = self._keeps(moved)
        if sign:
            self.generators.append((moved, sign))
        return sign != 0

    def _keeps(self, moved: Moves) -> int:
        """Return the sign with which moving wires keeps the network, or 0 where it does not."""
        touched = dict.fromkeys(k for wire in moved for k in self.at[wire])
        edges = [self.edges[k] for k in touched]
        here, sign = _form(edges, self.place, signed=self.signed)
        place = {w: self.place[moved.get(w, w)] for edge in edges for w in edge.wires}
        there, other = _form(edges, place, signed=self.signed)
        if here == there:
            return sign * other
        return -1 if not self.signed and here == _flipped(there) and len(edges) == len(self.edges) else 0

    def _arrive(self, leaf: _Leaf) -> int:
        """Keep the smallest form, note a symmetry where it is met again; return how many of the choices may stand."""
        best = self.best
        if best is None or (leaf.trace, leaf.form) < (best.trace, best.form):
            self.first = leaf.chosen if best is None else self.first
            self.best = leaf
        elif (leaf.trace, leaf.form) == (best.trace, best.form):
            there = {c: w for w, c in leaf.colours.items()}
            moved = {w: there[c] for w, c in best.colours.items() if there[c] != w}
            self.generators.append((moved, leaf.sign * best.sign))
            return next(k for k, (a, b) in enumerate(zip(leaf.chosen, best.chosen, strict=True)) if a != b)
        return len(leaf.chosen)


def _first_cell(colours: Colours) -> list[Any] | None:
    """Return the wires of the first class that has more than one."""
    cells: dict[int, list[Any]] = {}
    for wire, colour in colours.items():
        cells.setdefault(colour, []).append(wire)
    return next((cells[c] for c in sorted(cells) if len(cells[c]) > 1), None)


def _shape(colours: Colours) -> tuple[int, ...]:
    """Return how many wires each class has."""
    return tuple(count for _, count in sorted(Counter(colours.values()).items()))


def _settled(edges: Sequence[Edge], colours: Colours) -> Colours:
    """Return the classes with their wires told apart by where they come first: deterministic, but not canonical."""
    first = {w: k for k, w in enumerate(dict.fromkeys(w for e in edges for w in e.wires))}
    return by_places({w: (c, first[w]) for w, c in colours.items()})


def _slots(edge: Edge, place: Mapping[Any, int]) -> tuple[Labels, int]:
    """Return the smallest labels that the symmetries of an edge allow, with a sign that they may have."""
    labels, sign = smallest(shared(tuple([place[w] for w in edge.wires])), edge.symmetries)
    return labels, (sign or 1) * edge.sign


def _form(edges: Sequence[Edge], place: Mapping[Any, int], *, signed: bool) -> tuple[Form, int]:
    """Return the network as a sorted tuple, and its sign."""
    rows, total = [], 1
    for edge in edges:
        labels, sign = _slots(edge, place)
        total *= sign
        rows.append((edge.colour, labels, 1 if signed else sign))
    return tuple(sorted(rows)), (total if signed else 1)


def _flipped(form: Form) -> Form:
    """Return the form of a sum with all its signs changed."""
    return tuple(sorted((colour, labels, -sign) for colour, labels, sign in form))
