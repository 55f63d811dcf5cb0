"""The values of matrix notation, entry by entry: rows of numbers, and of which sizes they are folded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import prod

from einsdiff.verify.entries import Number

Rows = list[list[Number]]
Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Matrix:
    """Rows and what they are: scalar, column, row or matrix; `ones` is a coefficient until a size is known.

    `folds` are the sizes of which the rows, and the columns, are folded, the last one fastest: (2, 3) for 6 rows.
    """

    kind: str
    rows: Rows
    folds: tuple[Sizes, Sizes] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns."""
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    @property
    def row_sizes(self) -> Sizes:
        """The sizes of which the rows are folded."""
        return self.folds[0] if self.folds else (len(self.rows),)

    @property
    def column_sizes(self) -> Sizes:
        """The sizes of which the columns are folded."""
        return self.folds[1] if self.folds else (self.shape[1],)


@dataclass(frozen=True)
class Open(Matrix):
    """A matrix made of I and the commutation matrix: it is known once its rows or its columns are."""

    width: int = 1
    from_rows: Callable[[Sizes], Matrix] = field(kw_only=True)
    from_columns: Callable[[Sizes], Matrix] = field(kw_only=True)


def opened(from_rows: Callable[[Sizes], Matrix], from_columns: Callable[[Sizes], Matrix], width: int = 1) -> Open:
    """Return a matrix that is made from the sizes of its rows, or from those of its columns."""
    return Open("open", [[Fraction(1)]], None, width, from_rows=from_rows, from_columns=from_columns)


def unit_matrix(sizes: Sizes) -> Matrix:
    """I, over as many folded axes as there are sizes."""
    n = prod(sizes)
    return Matrix("matrix", [[Fraction(int(i == j)) for j in range(n)] for i in range(n)], (sizes, sizes))


def commutation(columns: Sizes) -> Matrix:
    """The matrix that takes vec(A) to vec(A'), where A has as many columns and rows as `columns` says."""
    n, m = columns
    rows = [[Fraction(int(row == (i, j))) for j in range(n) for i in range(m)] for row in product(range(m), range(n))]
    return Matrix("matrix", rows, ((m, n), (n, m)))
