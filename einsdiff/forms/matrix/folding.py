"""Folded rows and columns: a network as a formula with ⊗, vec and commutation.

What is left after all sums falls apart into blocks, and ⊗ puts them side by side:

    i by j                     M            from a row to a column
    (i, k) by nothing          vec(M)       both are rows
    (i, k) by (i, k)           diag(vec(M))

Rows or columns that then stand in another order are exchanged by I ⊗ K ⊗ I, where K is the commutation matrix.  Where
places hang together in no such way, a matrix M that joins two of them is taken out, and what it held together becomes a
product: left · diag(vec(M)) · right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count, permutations
from typing import NamedTuple

from einsdiff.errors import NoMatrixForm
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.network import Network, Place, Stuck
from einsdiff.forms.matrix.tree import COMMUTATION, IDENTITY, Form

Pair = tuple[Place, Place]

BLOCKS = 6
"""How many blocks may stand side by side and still be tried in every order."""


class Ends(NamedTuple):
    """The places of the rows and of the columns."""

    rows: tuple[Place, ...]
    columns: tuple[Place, ...]

    @property
    def is_folded(self) -> bool:
        """Whether some row or column is folded of several places."""
        return len(self.rows) > 1 or len(self.columns) > 1


class Block(NamedTuple):
    """A formula for some of the rows and columns."""

    rows: tuple[Place, ...]
    columns: tuple[Place, ...]
    form: Form


def folded(network: Network, ends: Ends) -> Form:
    """Return a network as a formula whose rows and columns are places, folded; every other index is summed.

    Raises: Stuck, where an index that is not folded joins three others; NoMatrixForm.
    """
    ends = Ends(_apart(network, ends.rows), _apart(network, ends.columns))
    try:
        return _whole(network.copy(), ends)
    except (Stuck, NoMatrixForm):
        found = min(_cut(network, ends), key=_length, default=None) if ends.is_folded else None
        if found is None:
            raise
        return found


def _whole(network: Network, ends: Ends) -> Form:
    """Return a network of which no matrix has to be taken out."""
    network.close()
    return makers.multiply([*network.scalars, _arranged(network, ends)])


def _length(form: Form) -> tuple[int, int, int]:
    """Few exchanges, few names, a short text."""
    return _exchanged(form), tree.degree(form), len(str(form))


def _exchanged(form: Form) -> int:
    return tree.names(form).count(COMMUTATION.name)


# --------------------------------------------------------------------------------------------------------- side by side


def _arranged(network: Network, ends: Ends) -> Form:
    """Return blocks side by side, their rows and columns put in order."""
    rows, columns = ends
    if not ends.is_folded:
        return network.between(rows[0] if rows else None, columns[0] if columns else None)
    if len(rows) == 2 and not columns:
        return makers.vec(network.between(rows[1], rows[0]))
    if len(columns) == 2 and not rows:
        return makers.transpose(makers.vec(network.between(columns[1], columns[0])))
    places = [*rows, *columns]
    groups = sorted(network.components(), key=lambda group: min(map(places.index, group)))
    blocks = [_block(network, group, ends) for group in groups]
    if len(blocks) > BLOCKS:
        raise NoMatrixForm("there is no matrix form: too many vectors stand side by side")
    order = min(map(list, permutations(blocks)), key=lambda order: _cost(order, ends))
    before = _exchanges([p for b in order for p in b.rows], ends.rows)
    behind = _exchanges([p for b in order for p in b.columns], ends.columns)
    return makers.multiply([*reversed(before), makers.kron(*_factors(order)), *behind])


def _apart(network: Network, places: tuple[Place, ...]) -> tuple[Place, ...]:
    """Return places that are all different: one that stands twice is two that `I` joins."""
    found: list[Place] = []
    for p in places:
        if p in found:
            other = next(q for k in count() if (q := (p, k)) not in network.vectors)
            network.free.add(other)
            network.vectors[other] = []
            network.put_matrix(other, p, IDENTITY)
            found.append(other)
        else:
            found.append(p)
    return tuple(found)


def _block(network: Network, group: set[Place], ends: Ends) -> Block:
    """Return the formula of places that hang together."""
    rows, columns = (tuple(p for p in side if p in group) for side in ends)
    match len(group), rows, columns:
        case (1, _, _) | (2, (_,), (_,)):
            form = network.between(*(side[0] if side else None for side in (rows, columns)))
        case 2, (slow, fast), ():
            form = makers.vec(network.between(fast, slow))
        case 2, (), (slow, fast):
            form = makers.transpose(makers.vec(network.between(fast, slow)))
        case 2, (slow, fast), (_, _):
            form, columns = makers.diagonal(makers.vec(network.between(fast, slow))), rows
        case _:
            raise NoMatrixForm("there is no matrix form: products, ⊗ and vec cannot order its axes so")
    return Block(rows, columns, form)


def _cost(order: Sequence[Block], ends: Ends) -> tuple[int, int, int]:
    """Few exchanges and factors, of both the factors first, and no exchange of rows."""
    rows = len(_exchanges([p for b in order for p in b.rows], ends.rows))
    columns = len(_exchanges([p for b in order for p in b.columns], ends.columns))
    factors = len(list(_factors(order)))
    return rows + columns + factors, factors, rows


def _factors(order: Sequence[Block]) -> Iterator[Form]:
    """Yield the factors of ⊗; a column beside a row is their product."""
    rest = [b.form for b in order]
    while rest:
        first = rest.pop(0)
        if rest and {first.shape, rest[0].shape} == {"c", "r"}:
            yield makers.multiply(sorted([first, rest.pop(0)], key=lambda f: f.shape))
        else:
            yield first


def _exchanges(given: Sequence[Place], wanted: Sequence[Place]) -> list[Form]:
    """Return the exchanges I ⊗ K ⊗ I of neighbours, first to last, that bring places into the order that is wanted."""
    order = [wanted.index(p) for p in given]
    found = []
    for end in range(len(order), 1, -1):
        for k in range(end - 1):
            if order[k] > order[k + 1]:
                order[k], order[k + 1] = order[k + 1], order[k]
                found.append(makers.kron(*[IDENTITY] * k, COMMUTATION, *[IDENTITY] * (len(order) - k - 2)))
    return found


# ----------------------------------------------------------------------------------------------------------- one by one


def _cut(network: Network, ends: Ends) -> Iterator[Form]:
    """Yield left · diag(vec(M)) · right for each M that can be taken out first: in left no other has to be."""
    stuck = network.copy()
    with suppress(Stuck):
        stuck.close()
    for p, q in dict.fromkeys((e.row, e.column) for e in stuck.edges):
        found = [cut for pair in ((p, q), (q, p)) if (cut := _first(stuck, ends, pair)) is not None]
        fewest = min((_exchanged(left) for left, _, _ in found), default=0)
        for left, pair, rest in found:
            if _exchanged(left) > fewest:
                continue
            with suppress(NoMatrixForm, Stuck):
                right = folded(rest, Ends(pair, ends.columns))
                yield makers.multiply([*stuck.scalars, left, _middle(stuck, pair), right])


def _first(network: Network, ends: Ends, pair: Pair) -> tuple[Form, Pair, Network] | None:
    """Return the formula of what hangs together with the rows, and the network of what does with the columns."""
    try:
        left, right = _sides(network, ends, pair)
        return _whole(left, Ends(ends.rows, pair)), pair, right
    except (NoMatrixForm, Stuck):
        return None


def _middle(network: Network, pair: Pair) -> Form:
    """Return diag(vec(M)) for all that stands at a pair of places."""
    slow, fast = pair
    left, right = (makers.diagonal(network.weight(p)) if network.vectors[p] else IDENTITY for p in (fast, slow))
    return makers.diagonal(makers.vec(makers.multiply([left, network.joining(fast, slow), right])))


def _sides(network: Network, ends: Ends, pair: Pair) -> tuple[Network, Network]:
    """Return the part of a network that hangs together with the rows, and the part that does with the columns.

    Raises: NoMatrixForm, where a part hangs together with both without the pair.
    """
    groups = network.without(pair).components()
    right: set[Place] = set()
    for group in groups:
        if group & set(ends.columns):
            right |= group
            if group & set(ends.rows):
                raise NoMatrixForm("there is no matrix form: products, ⊗ and vec cannot order its axes so")
    left = set(network.vectors) - right - set(pair)
    return network.part(left, pair, ends.rows), network.part(right, pair, ends.columns)
