"""A product of entries as a chain of matrices: indices are places, vectors stand at places, matrices join two.

An index that is summed goes when it joins at most two others:

    at no other place      Σ_k a_k b_k             a' b
    at one                 Σ_k M_ik a_k            M a  at i
    at two                 Σ_k M_ik a_k N_kj       M diag(a) N  from i to j
    a closed ring          Σ_ik M_ik N_ki          tr(M N)

Matrices that join the same two places are one, entry by entry.  Where every index that is left joins three places or
more, there is no chain.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import NamedTuple

from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.tree import IDENTITY, ONES, Form

Place = Hashable


class Stuck(Exception):
    """An index is shared by three matrices or more."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Edge(NamedTuple):
    """A matrix whose rows run over `row` and whose columns run over `column`."""

    row: Place
    column: Place
    matrix: Form

    def seen_from(self, row: Place) -> Form:
        """Return the matrix with its rows at a place."""
        return self.matrix if self.row == row else makers.transpose(self.matrix)

    def other(self, place: Place) -> Place:
        """Return the place at the other end."""
        return self.column if self.row == place else self.row


class Network:
    """The factors of one product."""

    def __init__(self, places: Iterable[Place], free: Iterable[Place]) -> None:
        self.free = set(free)
        self.vectors: dict[Place, list[Form]] = {p: [] for p in places}
        self.edges: list[Edge] = []
        self.scalars: list[Form] = []

    # ----------------------------------------------------------------------------------------------------------- copies

    def copy(self) -> Network:
        """Return the same network, to be worked on."""
        found = self.part(self.vectors, (), self.free)
        found.scalars = list(self.scalars)
        return found

    def without(self, places: Collection[Place]) -> Network:
        """Return the network without some places and the matrices that touch them."""
        return self.part({p for p in self.vectors if p not in places}, (), self.free)

    def part(self, inside: Collection[Place], border: Collection[Place], free: Iterable[Place]) -> Network:
        """Return the places inside, with the matrices that touch them; those of the border are bare, and free."""
        places = [*inside, *border]
        found = Network(places, [*(p for p in free if p in places), *border])
        found.vectors |= {p: list(self.vectors[p]) for p in inside}
        found.edges = [
            e for e in self.edges if {e.row, e.column} <= set(places) and not {e.row, e.column} <= set(border)
        ]
        return found

    # ------------------------------------------------------------------------------------------------------- what is in

    def put_vector(self, place: Place, column: Form) -> None:
        """Let a column stand at a place."""
        self.vectors[place].append(column)

    def put_matrix(self, row: Place, column: Place, matrix: Form) -> None:
        """Let a matrix join two places; at one place its diagonal stands."""
        if row == column:
            self.put_vector(row, makers.diagonal(matrix))
        else:
            self.edges.append(Edge(row, column, matrix))

    def at(self, place: Place) -> list[Edge]:
        """Return the matrices that touch a place."""
        return [e for e in self.edges if place in (e.row, e.column)]

    def neighbours(self, place: Place) -> list[Place]:
        """Return the places that matrices join with one."""
        return list(dict.fromkeys(e.other(place) for e in self.at(place)))

    def weight(self, place: Place) -> Form:
        """Return the product, entry by entry, of all that stands at a place."""
        return makers.hadamard(self.vectors[place]) if self.vectors[place] else ONES

    # -------------------------------------------------------------------------------------------------------- summation

    def close(self) -> None:
        """Sum every index that is not free.

        Raises: Stuck, where one joins three places or more.
        """
        while bound := [p for p in self.vectors if p not in self.free]:
            touching: dict[Place, list[Place]] = {p: [] for p in bound}
            for e in self.edges:
                for p in {e.row, e.column} & touching.keys():
                    touching[p].append(e.other(p))
            least = min(bound, key=lambda p: (len(set(touching[p])), len(touching[p])))
            if len(set(touching[least])) > 2:
                raise Stuck("one of its indices is shared by more than two matrices")
            self._sum_over(least)

    def _sum_over(self, place: Place) -> None:
        others, edges = self.neighbours(place), self.at(place)
        if not others:
            self.scalars.append(self._total(self.vectors[place]))
        elif len(others) == 1:
            self._fold(place, others[0], edges)
        else:
            first, last = others
            chain = [self.joining(first, place), *self._between(place), self.joining(place, last)]
            self.edges = [e for e in self.edges if e not in edges]
            self.put_matrix(first, last, makers.multiply(chain))
        self.edges = [e for e in self.edges if place not in (e.row, e.column)]
        del self.vectors[place]

    def _between(self, place: Place) -> list[Form]:
        return [makers.diagonal(self.weight(place))] if self.vectors[place] else []

    def _fold(self, place: Place, other: Place, edges: list[Edge]) -> None:
        """Σ_k M_ik a_k at i, or a ring of two."""
        if len(edges) == 2 and other not in self.free and not self._beyond(other, place) and not self.vectors[other]:
            first, second = edges
            chain = [first.seen_from(other), *self._between(place), second.seen_from(place)]
            self.scalars.append(makers.trace(chain))
            self.edges = [e for e in self.edges if e not in edges]
            del self.vectors[other]
            return
        self.put_vector(other, makers.multiply([self.joining(other, place), self.weight(place)]))

    def _beyond(self, place: Place, besides: Place) -> list[Place]:
        return [p for p in self.neighbours(place) if p != besides]

    def joining(self, row: Place, column: Place) -> Form:
        """Return all matrices between two places as one, entry by entry, with its rows at the first."""
        edges = [e for e in self.at(row) if e.other(row) == column]
        if len(edges) == 1:
            return edges[0].seen_from(row)
        here = makers.hadamard([e.seen_from(row) for e in edges])
        there = makers.transpose(makers.hadamard([e.seen_from(column) for e in edges]))
        return min(here, there, key=tree.transposes)

    def _total(self, vectors: list[Form]) -> Form:
        """Return Σ_k a_k b_k …."""
        if len(vectors) == 2:
            return makers.inner(*vectors)
        if not vectors:
            return makers.total(ONES)
        whole = makers.hadamard(vectors)
        scalars, chain = makers.split(whole)
        return makers.multiply([*scalars, makers.total(makers.multiply(chain))])

    # ---------------------------------------------------------------------------------------------------------- results

    def between(self, row: Place | None, column: Place | None) -> Form:
        """Return what is left at two places, or at one, as a formula; what it uses is taken out."""
        if row is None and column is None:
            return tree.ONE
        if row is None or column is None:
            place = column if row is None else row
            vector = self.weight(place)
            del self.vectors[place]
            return vector if column is None else makers.transpose(vector)
        if row == column:
            weight = makers.diagonal(self.weight(row)) if self.vectors[row] else IDENTITY
            del self.vectors[row]
            return weight
        left, right = self.vectors.pop(row), self.vectors.pop(column)
        if column not in self.neighbours(row):
            a = makers.hadamard(left) if left else ONES
            b = makers.hadamard(right) if right else ONES
            return makers.multiply([a, makers.transpose(b)])
        edge = self.joining(row, column)
        self.edges = [e for e in self.edges if {e.row, e.column} != {row, column}]
        return makers.multiply(
            [
                *([makers.diagonal(makers.hadamard(left))] if left else []),
                edge,
                *([makers.diagonal(makers.hadamard(right))] if right else []),
            ]
        )

    def components(self) -> list[set[Place]]:
        """Return the places that matrices join, group by group."""
        groups: list[set[Place]] = []
        for place in self.vectors:
            joined = {place, *self.neighbours(place)}
            apart = [g for g in groups if not g & joined]
            groups = [*apart, joined.union(*(g for g in groups if g & joined))]
        return groups
