"""Folded rows and columns: what is left of a network as a formula with ⊗, vec and commutation.

(i, k) by (j, l)   M_ij N_kl      M ⊗ N
(i, k) by (j, l)   M_il N_kj      (M ⊗ N) commutation
(i, k) by (j, l)   M_ki N_lj      vec(M) vec(N)'
(i, k) by (i, k)   M_ki           diag(vec(M))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

from einsdiff.errors import NoMatrixForm
from einsdiff.forms.matrix import tree
from einsdiff.forms.matrix.network import Network, Place
from einsdiff.forms.matrix.tree import COMMUTATION, Form

Places = tuple[Place | None, ...]


class Ends(NamedTuple):
    """The places of the rows and of the columns."""

    rows: tuple[Place, ...]
    columns: tuple[Place, ...]


def folded(network: Network, ends: Ends) -> Form:
    """Return what is left of a network as a formula whose rows and columns are places, folded."""
    rows, columns = ends
    if len(rows) < 2 and len(columns) < 2:
        return network.between(rows[0] if rows else None, columns[0] if columns else None)
    if len(rows) == 2 and not columns:
        return tree.vec(network.between(rows[1], rows[0]))
    if len(columns) == 2 and not rows:
        return tree.transpose(tree.vec(network.between(columns[1], columns[0])))
    found = _paired(network, ends) or _stacked(network, ends)
    if found is not None:
        return found
    left, right = (_taken(network, pair) for pair in (rows, columns))
    found = _paired(network, ends)
    if found is None:
        raise NoMatrixForm("there is no matrix form: products, ⊗ and vec cannot order its axes so")
    return tree.multiply([*left, found, *right])


def _taken(network: Network, pair: tuple[Place, ...]) -> list[Form]:
    """Return diag(vec(M)) for the matrices M that join two rows, or two columns, and take them out."""
    if len(pair) != 2 or pair[0] == pair[1] or pair[1] not in network.neighbours(pair[0]):
        return []
    matrix = network.joining(pair[1], pair[0])
    network.edges = [e for e in network.edges if {e.row, e.column} != set(pair)]
    return [tree.diagonal(tree.vec(matrix))]


def _paired(network: Network, ends: Ends) -> Form | None:
    """Return M ⊗ N …, each factor from one row to one column, where nothing else joins them."""
    groups = network.components()
    for row, column, turned in _pairings(*ends):
        pairs = list(zip(row, column, strict=True))
        if _are_disjoint(pairs) and all(_is_apart(pair, groups) for pair in pairs):
            whole = tree.kron(*(network.between(r, c) for r, c in pairs))
            return _commuted(whole) if turned else whole
    return None


def _pairings(rows: tuple[Place, ...], columns: tuple[Place, ...]) -> Iterator[tuple[Places, Places, bool]]:
    """Yield the ways to give each row a column: in order, then two columns exchanged."""
    width = max(len(rows), len(columns))
    for r in _padded(rows, width):
        for c in _padded(columns, width):
            yield r, c, False
    if len(rows) == 2 == len(columns):
        yield rows, columns[::-1], True


def _padded(places: tuple[Place, ...], width: int) -> list[Places]:
    """Return the places with gaps: (p, None) and (None, p) for one place where two are wanted."""
    gaps = width - len(places)
    found = {
        p
        for p in permutations([*range(len(places)), *[-1] * gaps])
        if [k for k in p if k >= 0] == list(range(len(places)))
    }
    return [tuple(places[k] if k >= 0 else None for k in p) for p in sorted(found, reverse=True)]


def _are_disjoint(pairs: Sequence[tuple[Place | None, Place | None]]) -> bool:
    """Tell whether no place stands in two pairs."""
    every = [p for pair in pairs for p in set(pair) if p is not None]
    return len(every) == len(set(every))


def _is_apart(pair: tuple[Place | None, Place | None], groups: list[set[Place]]) -> bool:
    """Tell whether no matrix joins a pair with another place."""
    places = {p for p in pair if p is not None}
    return all(g <= places for g in groups if g & places)


def _commuted(whole: Form) -> Form:
    if whole.head == "kron" and all(p == tree.IDENTITY for p in whole.parts):
        return COMMUTATION
    return tree.multiply([whole, COMMUTATION])


def _stacked(network: Network, ends: Ends) -> Form | None:
    """Return vec(M) vec(N)ᵀ, or diag(vec(M))."""
    rows, columns = ends
    if len(rows) != 2 or len(columns) != 2:
        return None
    if set(rows) == set(columns) and rows[0] != rows[1]:
        whole = tree.diagonal(tree.vec(network.between(rows[1], rows[0])))
        return whole if rows == columns else tree.multiply([whole, COMMUTATION])
    groups = network.components()
    pairs = [(rows[0], rows[1]), (columns[0], columns[1])]
    if not _are_disjoint(pairs) or not all(_is_apart(pair, groups) for pair in pairs):
        return None
    left, right = network.between(rows[1], rows[0]), network.between(columns[1], columns[0])
    return tree.multiply([tree.vec(left), tree.transpose(tree.vec(right))])
