"""Linear systems with a sum of products of cores: Σ_x H[y, x] z[x] = b[y], solved by its cores.

Axes that are tied in every term are solved along one by one.  A single term is a product of its connected parts, each
of which is solved with alone.  Of several terms one may have full rank, the others are of low rank (Woodbury).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from einsdiff.program.run.labelled import Array, Piece, contracted, ordered, whole

TIED, ROW, COLUMN, RANK, SIDE = (k * 10**6 for k in range(1, 6))
"""Where the labels begin of tied axes, rows, columns, what two factors share, and right-hand sides."""
CORES = 10  # a term with more is not split
SPARE = 4  # blocks may take this many times the memory of the cores and the right-hand side


class Unsolvable(Exception):
    """The structure does not help; the argument says why."""


class Singular(Unsolvable):
    """A matrix has no inverse, to working precision."""


@dataclass(frozen=True, slots=True)
class Part:
    """A term as a matrix: Σ Π pieces, with the labels of its rows and columns."""

    pieces: tuple[Piece, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]


class Cut(NamedTuple):
    """A part as a product of two matrices: the pieces of each, and the labels between them."""

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    between: tuple[int, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class System:
    """The sum of some parts, for every value of the tied labels.

    `rows` and `columns` are the labels of b and of x; each part has labels of its own for them.  `sizes` has the size
    of each of these, and of those that are tied.
    """

    parts: tuple[Part, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    sizes: Mapping[int, int]
    tied: frozenset[int] = frozenset()

    def solve(self, b: Piece) -> Piece:
        """Return x for a b that has the labels of the rows; further labels are carried along.

        Raises: Singular; Unsolvable, where the structure does not help.
        """
        for (r, row), (c, column) in product(enumerate(self.rows), enumerate(self.columns)):
            if all(_is_tie(part, r, c) for part in self.parts):
                label = TIED + row - ROW
                x = self._along(r, c, label).solve(_renamed(b, {row: label}))
                return _renamed(x, {label: column})
        if self._count(self.rows) != self._count(self.columns):
            raise Singular(f"{self._count(self.rows)} rows stand against {self._count(self.columns)} columns")
        return self._product(self.parts[0], b) if len(self.parts) == 1 else self._sum(b)

    def _along(self, r: int, c: int, label: int) -> System:
        """Return the system for every value of a row and a column that are tied."""
        parts = []
        for part in self.parts:
            pieces = tuple(_renamed(piece, {part.rows[r]: label}) for piece in part.pieces)
            parts.append(Part(pieces, _without(part.rows, r), _without(part.columns, c)))
        sizes = {**self.sizes, label: self.sizes[self.rows[r]]}
        return System(tuple(parts), _without(self.rows, r), _without(self.columns, c), sizes, self.tied | {label})

    def _count(self, labels: Iterable[int]) -> int:
        return prod(self.sizes[n] for n in labels)

    # --------------------------------------------------------------------------------------------------- one term

    def _product(self, part: Part, b: Piece) -> Piece:
        """Return x for a product of connected parts, which are solved with one after the other."""
        for labels, pieces in self._connected(part):
            r = [k for k, n in enumerate(part.rows) if n in labels]
            c = [k for k, n in enumerate(part.columns) if n in labels]
            piece = Part(tuple(pieces), tuple(part.rows[k] for k in r), tuple(part.columns[k] for k in c))
            inner = replace(
                self,
                parts=(piece,),
                rows=tuple(self.rows[k] for k in r),
                columns=tuple(self.columns[k] for k in c),
            )
            b = inner.block(b)
        return b

    def _connected(self, part: Part) -> list[tuple[set[int], list[Piece]]]:
        """Return the parts that share no label, with their pieces."""
        found: list[tuple[set[int], list[Piece]]] = []
        alone: list[tuple[set[int], list[Piece]]] = [({n}, []) for n in dict.fromkeys([*part.rows, *part.columns])]
        for labels, pieces in [*alone, *((set(p.labels) - self.tied, [p]) for p in part.pieces)]:
            near = [other for other in found if other[0] & labels]
            found = [other for other in found if not other[0] & labels]
            both = labels.union(*(other[0] for other in near))
            found.append((both, [*(p for other in near for p in other[1]), *pieces]))
        return found

    def block(self, b: Piece) -> Piece:
        """Return x for a connected part."""
        n, rank = self._count(self.rows), self._cut(self.parts[0]).rank
        if n != self._count(self.columns) or rank < n:
            raise Singular(f"its rank is at most {min(rank, n, self._count(self.columns))}")
        return self._dense(b, f"a term connects all of {n} rows by several cores")

    # ------------------------------------------------------------------------------------------------ several terms

    def _sum(self, b: Piece) -> Piece:
        """Return x for one part D of full rank and others U Vᵀ: (D + U Vᵀ)⁻¹ = D⁻¹ - D⁻¹U (1 + Vᵀ D⁻¹U)⁻¹ Vᵀ D⁻¹."""
        n = self._count(self.rows)
        cuts = [self._cut(part) for part in self.parts]
        full = [part for part, cut in zip(self.parts, cuts, strict=True) if cut.rank >= n]
        low = [(part, cut) for part, cut in zip(self.parts, cuts, strict=True) if cut.rank < n]
        rank = sum(cut.rank for _, cut in low)
        if not full and rank < n:
            raise Singular(f"its rank is at most {rank}")
        if len(full) != 1 or rank >= n:
            return self._dense(b, _why(len(full), len(self.parts), rank, n))
        main = replace(self, parts=(full[0],))
        U, V = self._factors(low)
        try:
            y, Z = main.solve(b), main.solve(U)
        except Singular:
            return self._dense(b, "the one term of full rank has no inverse")
        return self._updated(y, Z, V)

    def _updated(self, y: Piece, Z: Piece, V: Piece) -> Piece:
        """Return (D + U Vᵀ)⁻¹ b from y = D⁻¹b, Z = D⁻¹U and V."""
        V = _renamed(V, {RANK: RANK + 1})
        tied = sorted(self.tied.intersection([*V.labels, *Z.labels]))
        square = (*tied, RANK + 1, RANK)
        inner = whole([V, Z], square, self._known(V, Z))
        rounding = 1 + whole([_magnitude(V), _magnitude(Z)], square, self._known(V, Z)).max(initial=0)
        rounding *= self._count(self.rows) ** 0.5
        t = contracted([V, y], [*tied, RANK + 1, *(n for n in y.labels if n not in (*tied, *self.columns))])
        s = _solved(inner + np.eye(inner.shape[-1], dtype=inner.dtype), t, len(tied), RANK, rounding)
        return Piece(y.array - contracted([Z, s], y.labels).array, y.labels)

    def _factors(self, low: Sequence[tuple[Part, Cut]]) -> tuple[Piece, Piece]:
        """Return U and V of the sum of some parts as U Vᵀ."""
        tied = sorted(self.tied.intersection(n for part, _ in low for p in part.pieces for n in p.labels))
        sides: tuple[list[Array], list[Array]] = [], []
        for part, cut in low:
            for side, pieces, axes in ((0, cut.left, part.rows), (1, cut.right, part.columns)):
                sizes = self._axes(part)
                found = whole(pieces, [*tied, *axes, *cut.between], sizes)
                sides[side].append(found.reshape(*found.shape[: len(tied) + len(axes)], cut.rank))
        return (
            Piece(np.concatenate(sides[0], axis=-1), (*tied, *self.rows, RANK)),
            Piece(np.concatenate(sides[1], axis=-1), (*tied, *self.columns, RANK)),
        )

    def _cut(self, part: Part) -> Cut:
        """Return a part as a product of two matrices with as few columns between them as its cores allow."""
        sizes = self._axes(part)
        best: Cut | None = None
        for sides in product((True, False), repeat=min(len(part.pieces), CORES)):
            choice = [*sides, *(True for _ in part.pieces[CORES:])]
            left = tuple(p for p, is_left in zip(part.pieces, choice, strict=True) if is_left)
            right = tuple(p for p, is_left in zip(part.pieces, choice, strict=True) if not is_left)
            near = {*part.rows, *(n for p in left for n in p.labels)}
            far = {*part.columns, *(n for p in right for n in p.labels)}
            between = tuple(sorted((near & far) - self.tied))
            rank = prod(sizes[n] for n in between)
            if best is None or rank < best.rank:
                best = Cut(left, right, between, rank)
        assert best is not None, "there is always one choice"
        return best

    # ------------------------------------------------------------------------------------------------------- blocks

    def _dense(self, b: Piece, why: str) -> Piece:
        """Return x by whole matrices, one for each value of the tied labels, where they take little memory."""
        pieces = [p for part in self.parts for p in part.pieces]
        tied = sorted(self.tied.intersection(n for p in pieces for n in p.labels))
        n = self._count(self.rows)
        if self._count(tied) * n * n > SPARE * (b.array.size + sum(p.array.size for p in pieces)):
            raise Unsolvable(why)
        axes = [self._axes(part) for part in self.parts]
        blocks = np.asarray(
            sum(whole(p.pieces, [*tied, *p.rows, *p.columns], sizes) for p, sizes in zip(self.parts, axes, strict=True))
        )
        rest = [label for label in b.labels if label not in (*tied, *self.rows)]
        lacking = [t for t in tied if t not in b.labels]
        array = b.array[(None,) * len(lacking)]
        moved = ordered(Piece(array, (*lacking, *b.labels)), [*tied, *self.rows, *rest])
        shape = moved.shape[: len(tied)]
        right = Piece(moved.reshape(*shape, n, *(moved.shape[len(tied) + len(self.rows) :])), (*tied, ROW, *rest))
        found = _solved(blocks.reshape(*blocks.shape[: len(tied)], n, n), right, len(tied), COLUMN)
        sizes = [self.sizes[c] for c in self.columns]
        labels = (*tied, *self.columns, *rest)
        shape = found.array.shape
        return Piece(found.array.reshape(*shape[: len(tied)], *sizes, *shape[len(tied) + 1 :]), labels)

    def _known(self, *pieces: Piece) -> dict[int, int]:
        return {n: size for p in pieces for n, size in zip(p.labels, p.array.shape, strict=True)}

    def _axes(self, part: Part) -> dict[int, int]:
        """Return the sizes of all labels of a part, and of what is tied."""
        pairs = [*zip(part.rows, self.rows, strict=True), *zip(part.columns, self.columns, strict=True)]
        pairs += [(t, t) for t in self.tied]
        return self._known(*part.pieces) | {own: self.sizes[label] for own, label in pairs}


def _solved(matrices: Array, b: Piece, tied: int, name: int, rounding: float | None = None) -> Piece:
    """Return A⁻¹ b for matrices with some tied axes in front; the axis behind these is the one that is solved for.

    A further right-hand side, drawn at random, tells whether A is singular to working precision: `rounding` is the
    size of the numbers that were rounded when A was made, that of A itself where it is not given.

    Raises: Singular.
    """
    n = matrices.shape[-1]
    shape = b.array.shape
    right = b.array.reshape(*shape[: tied + 1], prod(shape[tied + 1 :]))
    dtype = np.result_type(matrices, right)
    probe = np.random.default_rng(0).standard_normal((n, 1))
    probe /= np.linalg.norm(probe)
    front = np.broadcast_shapes(matrices.shape[:tied], right.shape[:tied])
    right = np.broadcast_to(right, (*front, *right.shape[tied:]))
    given = np.concatenate([right, np.broadcast_to(probe.astype(dtype), (*front, n, 1))], axis=-1)
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = given / matrices if n == 1 else np.linalg.solve(matrices, given)
    except np.linalg.LinAlgError as error:
        raise Singular("a block of it has no inverse") from error
    if np.isfinite(matrices).all():
        unit = np.abs(matrices).max(axis=(-2, -1), initial=0) if rounding is None else np.ones(matrices.shape[:tied])
        with np.errstate(all="ignore"):  # squares of large and small numbers have no place in floating point
            size = np.linalg.norm(matrices / unit[..., None, None], axis=(-2, -1)) if rounding is None else rounding
            lost = np.linalg.norm(found[..., -1] * unit[..., None], axis=-1) * size * np.finfo(dtype).eps
        if not (lost < 0.01).all():
            raise Singular("a block of it has no inverse, to working precision")
    x = found[..., :-1].reshape(*front, n, *shape[tied + 1 :])
    return Piece(x, (*b.labels[:tied], name, *b.labels[tied + 1 :]))


def _why(full: int, parts: int, rank: int, n: int) -> str:
    """Return why Woodbury's identity does not help."""
    if full > 1:
        return f"{full} of its {parts} terms have full rank, and only one may"
    main = "one of its terms has full rank" if full else "none of its terms has full rank"
    return f"{main}, and the ranks of the others add up to {rank}, where it has {n} rows"


def _is_tie(part: Part, r: int, c: int) -> bool:
    """Tell whether a row and a column of a part are one, and no other row or column is."""
    label = part.rows[r]
    return part.columns[c] == label and part.rows.count(label) == 1 == part.columns.count(label)


def _renamed(piece: Piece, names: Mapping[int, int]) -> Piece:
    return Piece(piece.array, tuple(names.get(n, n) for n in piece.labels))


def _magnitude(piece: Piece) -> Piece:
    return Piece(np.abs(piece.array), piece.labels)


def _without(labels: tuple[int, ...], place: int) -> tuple[int, ...]:
    return labels[:place] + labels[place + 1 :]
