"""Arrays of residues modulo several primes at once.

An array has the axes (modulus, draw, axes of a tensor…).  −1 stands where an entry has no value, and whatever is
computed from it has none.  Moduli are below 2^31, so that the product of two residues fits into an int64.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra.nodes import Exact

Array = NDArray[np.int64]

FEW = 4  # so many inverses are cheaper one by one


class Fields:
    """The arithmetic of residues modulo some primes, side by side."""

    def __init__(self, *moduli: int) -> None:
        self.moduli = moduli
        self._column = np.array(moduli, dtype=np.int64)

    def along(self, rank: int) -> Array:
        """Return the moduli such that they stand against the first axis of an array of this rank."""
        return self._column.reshape(-1, *(1,) * (rank - 1))

    def number(self, value: Exact) -> Array:
        """Return the residues of an exact rational, the same in every draw."""
        f = Fraction(value)
        residues = [f.numerator * pow(f.denominator, -1, m) % m if f.denominator % m else -1 for m in self.moduli]
        return np.array(residues, dtype=np.int64)[:, None]

    def times(self, a: Array, b: Array) -> Array:
        """Return a b, entry by entry."""
        value = a * b
        return np.where((a | b) < 0, -1, value % self.along(value.ndim))

    def plus(self, a: Array, b: Array) -> Array:
        """Return a + b, entry by entry."""
        value = a + b
        return np.where((a | b) < 0, -1, value % self.along(value.ndim))

    def scaled(self, a: Array, value: Exact) -> Array:
        """Return an exact rational times a."""
        if value == 1:
            return a
        factor = self.number(value)
        return self.times(a, factor.reshape(-1, *(1,) * (a.ndim - 1)))

    def minus(self, a: Array, b: Array) -> Array:
        """Return a − b, entry by entry."""
        return self.plus(a, self.scaled(b, -1))

    def total(self, a: Array, axis: int) -> Array:
        """Return the sum along an axis."""
        value: Array = a.sum(axis=axis)
        return np.where((a < 0).any(axis=axis), -1, value % self.along(value.ndim))

    def product(self, a: Array, axis: int) -> Array:
        """Return the product along an axis."""
        result: Array = np.ones_like(a, shape=(*a.shape[:axis], *a.shape[axis + 1 :]))
        for values in np.moveaxis(a, axis, 0):
            result = self.times(result, values)
        return result

    def power(self, a: Array, exponent: int) -> Array:
        """Return a^n, entry by entry; a^0 = 1, and 0 has no negative power."""
        if exponent < 0:
            return self.power(self.reciprocal(a), -exponent)
        result: Array | None = None
        square = a
        while exponent:
            if exponent % 2:
                result = square if result is None else self.times(result, square)
            exponent //= 2
            square = self.times(square, square) if exponent else square
        return np.where(a < 0, -1, 1) if result is None else result

    def reciprocal(self, a: Array) -> Array:
        """Return 1/a, entry by entry."""
        whole = np.broadcast_to(a, (len(self.moduli), *a.shape[1:]))
        result = np.full(whole.shape, -1, dtype=np.int64)
        for row, values, m in zip(result, whole, self.moduli, strict=True):
            there = values > 0
            row[there] = _inverses(values[there], m)
        return result

    def determinant(self, a: Array) -> Array:
        """Return the determinants of the matrices in the last two axes."""
        return self._eliminated(a)[0]

    def inverse(self, a: Array) -> Array:
        """Return the inverses of the matrices in the last two axes; of a singular one no entry has a value."""
        det, inverse = self._eliminated(a)
        return np.where((det > 0)[..., None, None], inverse, -1)

    def adjugate(self, a: Array) -> Array:
        """Return the adjugates of the matrices in the last two axes: det(A) A⁻¹, and of singular ones, too.

        Faddeev and LeVerrier: M ← A M − (tr(A M)/k) I for k = 1, …, n − 1, from M = I, ends at ±adj(A).
        """
        n = a.shape[-1]
        unit = np.broadcast_to(np.eye(n, dtype=np.int64), a.shape)
        found = np.where((a < 0).any(axis=(-2, -1), keepdims=True), -1, unit)
        for k in range(1, n):
            product = self.matmul(a, found)
            trace = self.total(np.diagonal(product, axis1=-2, axis2=-1), -1)
            found = self.minus(product, self.times(self.scaled(trace, Fraction(1, k))[..., None, None], unit))
        return self.scaled(found, (-1) ** (n - 1))

    def matmul(self, a: Array, b: Array) -> Array:
        """Return the products of the matrices in the last two axes."""
        return self.total(self.times(a[..., None], b[..., None, :, :]), -2)

    def _eliminated(self, a: Array) -> tuple[Array, Array]:
        """Gauss elimination: the determinants, and the inverses of the regular matrices."""
        n = a.shape[-1]
        has_value = (a >= 0).all(axis=(-2, -1))
        wide = np.concatenate([a, np.broadcast_to(np.eye(n, dtype=np.int64), a.shape)], axis=-1)
        wide[~has_value] = 0
        det: Array = np.ones(a.shape[:2], dtype=np.int64)
        for k in range(n):
            self._pivot(wide, det, k)
            det = self.times(det, wide[..., k, k])
            scale = np.maximum(self.reciprocal(wide[..., k, k]), 0)
            row = self.times(wide[..., k, :], scale[..., None])
            others = wide[..., k].copy()
            others[..., k] = 0
            wide[..., k, :] = row
            wide = self.minus(wide, self.times(others[..., None], row[..., None, :]))
        return np.where(has_value, det, -1), wide[..., n:]

    def _pivot(self, wide: Array, det: Array, k: int) -> None:
        """Exchange row k with the first below it that does not start with 0; the determinants change their sign."""
        below = (k + (wide[..., k:, k] != 0).argmax(axis=-1))[..., None, None]
        det[below[..., 0, 0] != k] *= -1
        det %= self.along(det.ndim)
        taken = np.take_along_axis(wide, below, axis=-2)
        np.put_along_axis(wide, below, wide[..., k : k + 1, :].copy(), axis=-2)
        wide[..., k : k + 1, :] = taken


def _inverses(values: Array, m: int) -> Array:
    """1/a = b (1/(a b)): of two halves multiplied with each other, so that one inverse serves all."""
    if len(values) <= FEW:
        return np.array([pow(int(v), -1, m) for v in values], dtype=np.int64)
    half = len(values) // 2
    a, b, rest = values[:half], values[half : 2 * half], values[2 * half :]
    both = _inverses(a * b % m, m)
    return np.concatenate([both * b % m, both * a % m, _inverses(rest, m)])


def at_labels(a: Array, labels: Iterable[int], count: int) -> Array:
    """Return an array at the labels 0, 1, … of a whole, with an axis of size 1 for each label that it lacks.

    Axes with one label become their diagonal.
    """
    own = list(labels)
    while len(set(own)) < len(own):
        first = next(k for k, label in enumerate(own) if label in own[k + 1 :])
        second = own.index(own[first], first + 1)
        a = np.diagonal(a, axis1=first + 2, axis2=second + 2)
        own = [*(label for k, label in enumerate(own) if k not in (first, second)), own[first]]
    order = sorted(range(len(own)), key=own.__getitem__)
    a = a.transpose(0, 1, *(k + 2 for k in order))
    return a[(..., *(slice(None) if k in own else None for k in range(count)))]
