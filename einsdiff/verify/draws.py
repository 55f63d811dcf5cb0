"""Random residues for inputs and random functions: the same name and the same arguments give the same values.

A draw is either generic, each entry a residue of its own for each modulus, or special: a number out of a few, the same
for every modulus, so that zeros and ties occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from math import prod

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra.nodes import Exact
from einsdiff.verify.fields import Array, Fields

Words = NDArray[np.uint64]

SQUARE = frozenset(("symmetric", "skew", "diagonal", "orthogonal", "spd"))
"""What can be assumed only of tensors whose axes have one size."""


class UndefinedError(Exception):
    """There is nothing to evaluate: a divisor is zero, a size is not known, a matrix is not square."""


@cache
def _key(what: object) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(repr(what).encode(), digest_size=8).digest(), "big"))


def _counted(count: int) -> Words:
    return np.arange(count).astype(np.uint64)


def _mixed(words: Words) -> Words:
    """Return 64-bit words that tell nothing of the given ones.

    Source: G. L. Steele, D. Lea, C. H. Flood, Fast splittable pseudorandom number generators, OOPSLA (2014).
    """
    z = words + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class Draws:
    """So many generic and special draws of whatever is asked for by a name; the latter of the numbers `small`."""

    def __init__(self, fields: Fields, seed: object, generic: int, special: int, small: Sequence[Exact]) -> None:
        self.fields = fields
        self.count = generic + special
        self._generic = generic
        self._small = np.concatenate([fields.number(n) for n in small], axis=1)
        self._positive = np.concatenate([fields.number(n) for n in small if n > 0], axis=1)
        places = _counted(len(fields.moduli) * self.count)
        self._salts = _mixed(places + _key(("seed", seed))).reshape(-1, self.count)

    def random(self, name: object, *values: Array) -> Array:
        """Return a random function of the values, entry by entry; it is nowhere 0."""
        rank = max((v.ndim for v in values), default=2)
        words = self._words(name, rank)
        bad: Array = np.zeros((1,) * rank, dtype=np.int64)
        for v in values:
            words = _mixed(words + v.astype(np.uint64))
            bad = bad | v
        return np.where(bad < 0, -1, self._residues(words))

    def whole(self, name: object, array: Array) -> Array:
        """Return a random function of an array as a whole."""
        size = prod(array.shape[2:])
        flat = np.broadcast_to(array, (*self._salts.shape, *array.shape[2:])).reshape(*self._salts.shape, size)
        words = _mixed(self._words(name, 3) + _counted(size))
        total = _mixed(words + flat.astype(np.uint64)).sum(axis=-1, dtype=np.uint64)
        return np.where((flat < 0).any(axis=-1), -1, self._residues(_mixed(total)))

    def sign(self, values: Array) -> Array:
        """Return a random sign of residues of the first modulus: that of −a is the other one, and that of 0 is 0."""
        m = self.fields.moduli[0]
        size = np.minimum(values, m - values)
        words = _mixed(self._words("sign", values.ndim + 1)[0] + size.astype(np.uint64))
        signs = np.where(words & np.uint64(1), 1, -1) * np.where(size < values, -1, 1)
        return np.where(values == 0, 0, signs)

    def tensor(self, name: str, shape: Sequence[int], assumed: Sequence[str]) -> Array:
        """Return an input of which something is assumed; entries that are positive are squares."""
        if not SQUARE & set(assumed):
            return self._entries(name, np.arange(prod(shape)).reshape(shape), is_positive="positive" in assumed)
        if len(set(shape)) > 1:
            raise UndefinedError(f"{name} is {', '.join(assumed)}, but its axes have different sizes")
        if "orthogonal" in assumed:
            return self._orthogonal(name, shape[0], assumed)
        if "spd" in assumed:
            return self._spd(name, shape[0], is_diagonal="diagonal" in assumed)
        return self._symmetric(name, shape, assumed)

    def _words(self, name: object, rank: int) -> Words:
        words = _mixed(self._salts ^ _key(name))
        return words.reshape(*words.shape, *(1,) * (rank - 2))

    def _residues(self, words: Words) -> Array:
        below = (self.fields.along(words.ndim) - 1).astype(np.uint64)
        return (words % below).astype(np.int64) + 1

    def _entries(self, name: object, place: NDArray[np.int64], *, is_positive: bool = False) -> Array:
        """Return an entry for each place, the same where the places are equal."""
        words = _mixed(self._words(name, 2 + place.ndim) + place.astype(np.uint64))
        values = self._residues(words)
        if is_positive:
            values = self.fields.times(values, values)
        if self._generic < self.count:
            small = self._positive if is_positive else self._small
            which = (words[0, self._generic :] % np.uint64(small.shape[1])).astype(np.intp)
            values[:, self._generic :] = small[:, which]
        return values

    def _symmetric(self, name: str, shape: Sequence[int], assumed: Sequence[str]) -> Array:
        """Return a tensor that is symmetric, skew or diagonal."""
        at = np.indices(shape)
        ordered = np.sort(at, axis=0) if {"symmetric", "skew"} & set(assumed) else at
        values = self._entries(
            name, np.ravel_multi_index(tuple(ordered), tuple(shape)), is_positive="positive" in assumed
        )
        same = [at[a] == at[b] for b in range(len(shape)) for a in range(b)]
        if "skew" in assumed:
            turns = sum((at[a] > at[b]).astype(np.int64) for b in range(len(shape)) for a in range(b))
            values = np.where(turns % 2, self.fields.scaled(values, -1), values)
            values = np.where(np.logical_or.reduce(same), 0, values)
        if "diagonal" in assumed:
            values = np.where(np.logical_and.reduce(same), values, 0)
        return values

    def _spd(self, name: str, n: int, *, is_diagonal: bool) -> Array:
        """L Lᵀ, whose determinant is a square, too."""
        eye = np.eye(n, dtype=np.int64)
        lower = self._entries(name, np.arange(n * n).reshape(n, n)) * (
            eye if is_diagonal else np.tri(n, dtype=np.int64)
        )
        lower = np.where((eye == 1) & (lower == 0), 1, lower)
        return self.fields.matmul(lower, lower.swapaxes(-1, -2))

    def _orthogonal(self, name: str, n: int, assumed: Sequence[str]) -> Array:
        """(1 − S)(1 + S)⁻¹ D for a skew S and signs D: every orthogonal matrix is one.

        Source: H. Liebeck, A. Osborne, The generation of all rational orthogonal matrices, Amer. Math. Monthly 98
        (1991).
        """
        if "skew" in assumed and n % 2:
            raise UndefinedError(f"{name} is skew and orthogonal, but of odd size")
        eye = np.eye(n, dtype=np.int64)
        signs = self._signs(name, n)
        core = eye if "spd" in assumed else signs[..., None] * eye
        if "skew" in assumed:
            core = np.kron(np.eye(n // 2, dtype=np.int64), np.array([[0, 1], [-1, 0]])) * signs[..., :1, None]
        core = np.broadcast_to(core, (*self._salts.shape, n, n)) % self.fields.along(4)
        if {"diagonal", "spd"} & set(assumed):
            return core
        skew = self._symmetric(f"{name}:skew", (n, n), ("skew",))
        one = eye[None, None]
        turned = self.fields.matmul(self.fields.minus(one, skew), self.fields.inverse(self.fields.plus(one, skew)))
        left = self.fields.matmul(turned, core)
        return self.fields.matmul(left, turned.swapaxes(-1, -2)) if {"symmetric", "skew"} & set(assumed) else left

    def _signs(self, name: str, n: int) -> Array:
        """Return signs for each draw, the same for every modulus."""
        words = _mixed(self._words(f"{name}:signs", 3)[:1] + _counted(n))
        return np.where(words & np.uint64(1), 1, -1)
