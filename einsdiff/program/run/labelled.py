"""Arrays with labelled axes at run time: products that are summed, and parts of arrays that are added to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Piece(NamedTuple):
    """An array with a label for each axis; a label that stands twice means a diagonal."""

    array: Array
    labels: tuple[int, ...]


def contracted(pieces: Sequence[Piece], keep: Sequence[int]) -> Piece:
    """Return Σ Π pieces over the labels that are not kept, its axes in the order of those that are."""
    present = {n for piece in pieces for n in piece.labels}
    out = tuple(n for n in dict.fromkeys(keep) if n in present)
    number = {n: k for k, n in enumerate(sorted(present))}
    arguments: list[Any] = []
    for array, labels in pieces:
        arguments += [array, [number[n] for n in labels]]
    found = np.einsum(*arguments, [number[n] for n in out], optimize=len(pieces) > 1)
    return Piece(np.asarray(found), out)


def add_to(target: Array, labels: Sequence[int], places: Mapping[int, int], piece: Piece) -> None:
    """Add a piece to the part of an array that is not zero: on its diagonals, and at components from 1."""
    part = target[(*(places[n] - 1 if n in places else slice(None) for n in labels), ...)]
    kept = [n for n in labels if n not in places]
    free = list(dict.fromkeys(kept))
    if len(free) < len(kept):
        number = {n: k for k, n in enumerate(free)}
        part = np.einsum(part, [number[n] for n in kept], [number[n] for n in free])
    order = [n for n in free if n in piece.labels]
    array = piece.array.transpose([piece.labels.index(n) for n in order])
    part += array[tuple(slice(None) if n in piece.labels else None for n in free)]


def whole(pieces: Sequence[Piece], labels: Sequence[int], sizes: Mapping[int, int]) -> Array:
    """Return Π pieces, summed, as an array with these axes: equal labels tied, constant along those without a piece."""
    dtype = np.result_type(*(piece.array for piece in pieces)) if pieces else np.dtype(np.float64)
    found = np.zeros([sizes[n] for n in labels], dtype)
    if pieces:
        add_to(found, labels, {}, contracted(pieces, labels))
    else:
        add_to(found, labels, {}, Piece(np.ones((), dtype), ()))
    return found


def ordered(piece: Piece, labels: Sequence[int]) -> Array:
    """Return the array with its axes in the order of some labels."""
    return piece.array.transpose([piece.labels.index(n) for n in labels])
