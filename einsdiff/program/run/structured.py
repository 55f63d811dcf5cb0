"""Structured results: arrays as sums of products of cores that stand on diagonals and along constant axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from math import prod
from typing import Any, NamedTuple

import numpy as np

from einsdiff.algebra.nodes import Labels
from einsdiff.errors import InputError, SizeMismatchError
from einsdiff.program.plan.pattern import Pattern
from einsdiff.program.run.arguments import first_line
from einsdiff.program.run.entry import FAILURES, reason
from einsdiff.program.run.labelled import Array, Piece, add_to, contracted, ordered
from einsdiff.program.run.memory import check_size, in_words
from einsdiff.program.run.solve import COLUMN, ROW, SIDE, Part, Singular, System, Unsolvable

PART = 1000  # labels of one term are apart by less
ACCURACY = 2 / 3  # how much of the digits a solution by several terms must have
SOLVE_ANOTHER = "H.solve(b) needs a matrix with an inverse; np.linalg.lstsq with H.to_dense() takes any"


class Side(NamedTuple):
    """Some axes before folding, their sizes, and the shape of an array along them."""

    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Structure:
    """What structured results of one function and one set of shapes have in common.

    Attributes:
        patterns: the terms: which core stands where.
        sizes: how far each axis runs before the axes are folded.
        folds: how many of these axes are folded into each axis of the array.
        columns: which of these axes belong to the variable, in the variable's order.
        is_matrix: whether the array is a matrix, with rows and columns.
        name: what the result is called in errors.
    """

    patterns: tuple[Pattern, ...]
    sizes: tuple[int, ...]
    folds: tuple[int, ...]
    columns: tuple[int, ...]
    is_matrix: bool = False
    name: str = "the result"

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        rest = iter(self.sizes)
        return tuple(prod(islice(rest, count)) for count in self.folds)

    @cached_property
    def inside(self) -> Side:
        """The axes of the variable, along which products with vectors are summed."""
        sizes = tuple(self.sizes[k] for k in self.columns)
        return Side(self.columns, sizes, (prod(sizes),) if self.is_matrix else sizes)

    @cached_property
    def left(self) -> tuple[int, ...]:
        """The axes of the array, after folding, that do not belong to the variable."""
        if self.is_matrix:
            return (0,)
        return tuple(k for k, axis in enumerate(self._axes) if not set(axis) & set(self.columns))

    @property
    def right(self) -> tuple[int, ...]:
        """The axes of the array, after folding, that belong to the variable, in its order."""
        return (1,) if self.is_matrix else tuple(self._axes.index((k,)) for k in self.columns)

    @cached_property
    def outside(self) -> Side:
        """All other axes, in the order of the array."""
        axes = tuple(k for axis in self.left for k in self._axes[axis])
        return Side(axes, tuple(self.sizes[k] for k in axes), tuple(self.shape[k] for k in self.left))

    @property
    def _axes(self) -> list[tuple[int, ...]]:
        """The axes before folding that are folded into each axis of the array."""
        rest = iter(range(len(self.sizes)))
        return [tuple(islice(rest, count)) for count in self.folds]


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a structured result: Σ Π cores, entry by entry.

    Attributes:
        cores: the arrays.
        labels: for each core, the axes of the result along which its axes run; negative numbers are summed.
        axes: for each axis of the result, the first axis that runs with it: equal numbers are tied (δ).
        places: axes that are zero but for one component, with its number, from 1.
    """

    cores: tuple[Array, ...]
    labels: tuple[Labels, ...]
    axes: Labels
    places: tuple[tuple[int, int], ...]

    @property
    def tied(self) -> tuple[tuple[int, ...], ...]:
        """The groups of axes that δ makes one."""
        groups = (tuple(k for k, n in enumerate(self.axes) if n == first) for first in dict.fromkeys(self.axes))
        return tuple(group for group in groups if len(group) > 1)

    @property
    def constant(self) -> tuple[int, ...]:
        """The axes along which all entries that are not zero are equal."""
        carried = {*(n for labels in self.labels for n in labels), *(n for n, _ in self.places)}
        return tuple(k for k, n in enumerate(self.axes) if n not in carried)

    @property
    def core(self) -> Array:
        """The core, where there is one.

        Raises: InputError, where the term is a product of several.
        """
        if len(self.cores) > 1:
            raise InputError(f"this term is a product of {len(self.cores)} cores", help="term.cores, term.labels")
        return self.cores[0]


class Structured:
    """A derivative whose δ, ones and outer products are kept; what it takes in memory is its cores.

    Attributes:
        structure: what does not depend on the numbers in the arrays.
        cores: the arrays of all terms.

    >>> import numpy as np, einsdiff as ed
    >>> hessian = ed.diff("L = (T_ij - U_ik V_jk)^2", "U", "U").compile(dense=False)
    >>> H = hessian(U=np.zeros((1000, 2)), V=np.array([[1.0, 2.0], [0.0, 3.0]]))
    >>> H
    <Structured 1000 × 2 × 1000 × 2: bd->abad, 32 bytes>
    >>> H.terms[0].core
    array([[ 2.,  4.],
           [ 4., 26.]])
    >>> H.solve(np.ones((1000, 2)))[0]
    array([ 0.61111111, -0.05555556])
    """

    __slots__ = ("cores", "structure")
    __array_ufunc__ = None  # arrays leave products to this class instead of making it an array

    def __init__(self, structure: Structure, cores: tuple[Array, ...]) -> None:
        self.structure = structure
        self.cores = cores

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        return self.structure.shape

    @property
    def ndim(self) -> int:
        """The number of axes of the whole array."""
        return len(self.structure.shape)

    @property
    def size(self) -> int:
        """The number of entries of the whole array."""
        return prod(self.structure.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the whole array."""
        return np.result_type(*self.cores)

    @property
    def nbytes(self) -> int:
        """The memory that the cores take."""
        return sum(core.nbytes for core in self.cores)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms whose sum is the array; axes are counted before they are folded (layouts `vec` and `vetter`)."""
        return tuple(
            Term(tuple(self.cores[k] for k, _ in p.cores), tuple(labels for _, labels in p.cores), p.axes, p.places)
            for p in self.structure.patterns
        )

    def __repr__(self) -> str:
        shape = " × ".join(map(str, self.shape)) or "scalar"
        return f"<Structured {shape}: {self.spelled()}, {in_words(self.nbytes)}>"

    def spelled(self) -> str:
        """Return the terms as einsum would write them: `bd->abad` has axes 0 and 2 tied, `a->ab` axis 1 constant."""
        return " + ".join(p.spelled() for p in self.structure.patterns)

    # ------------------------------------------------------------------------------------------------- whole arrays

    def to_dense(self) -> Array:
        """Return the whole array.

        Raises: InputError, where no memory can hold it.

        >>> import numpy as np, einsdiff as ed
        >>> J = ed.diff("y_i = sin(x_i)", "x").compile(dense=False)(x=np.zeros(2))
        >>> J, J.to_dense()
        (<Structured 2 × 2: a->aa, 16 bytes>, array([[1., 0.],
               [0., 1.]]))
        """
        structure = self.structure
        check_size(structure.name, self.shape, self.dtype.itemsize, "H @ v, H.solve(b) and H.terms need no whole array")
        found = np.zeros(structure.sizes, self.dtype)
        for pattern in structure.patterns:
            add_to(found, pattern.axes, dict(pattern.places), contracted(self._pieces(pattern), pattern.axes))
        return found.reshape(structure.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: FBT001 - as NumPy calls it
        if copy is False:
            message = "a structured result has no array that could be shared; copy=False asks for it"
            raise ValueError(message)
        found = self.to_dense()
        return found if dtype is None else found.astype(dtype, copy=False)

    # ---------------------------------------------------------------------------------------------- linear algebra

    def matvec(self, v: Any) -> Array:
        """Return Σ_x H[…x…] v[x], the product with an array of the shape of the variable; also `H @ v`.

        The result has the axes of the array that are left, in their order.  A matrix (`as_matrix`, layouts `vec` and
        `vetter`) is multiplied as a matrix, by an array of its columns.  Further axes of `v` stay, as the last ones.

        Raises: SizeMismatchError, where the shapes do not fit.

        >>> import numpy as np, einsdiff as ed
        >>> J = ed.diff("y_i = A_ij sin(x_j)", "x").compile(dense=False)(A=np.array([[1.0, 2.0]]), x=np.zeros(2))
        >>> J @ np.array([1.0, 1.0])
        array([3.])
        """
        return self._product(v, self.structure.inside, self.structure.outside, further=True)

    def rmatvec(self, u: Any) -> Array:
        """Return Σ_y u[y] H[…y…], the product from the left with an array of the shape that `matvec` returns.

        The result has the shape of the variable; also `u @ H`.

        Raises: SizeMismatchError, where the shapes do not fit.
        """
        return self._product(u, self.structure.outside, self.structure.inside, further=False)

    def __matmul__(self, v: Any) -> Array:
        return self.matvec(v)

    def __rmatmul__(self, u: Any) -> Array:
        return self.rmatvec(u)

    def solve(self, b: Any) -> Array:
        """Return the x of the variable's shape with H @ x = b: a Newton step is `x - H.solve(g)`.

        The cores alone are solved with: axes that are tied in all terms are solved along one by one, a product of
        cores that share no axis core by core, and one invertible term plus terms of low rank by Woodbury's identity.

        Raises: SizeMismatchError, where the shapes do not fit or H is not square; InputError, where H is singular to
            working precision, or where the structure does not help.

        >>> import numpy as np, einsdiff as ed
        >>> H = ed.diff("L = d_i x_i^2 + (c_i x_i)^2", "x", "x").compile(dense=False)
        >>> H = H(d=np.ones(3), c=np.array([1.0, 2.0, 3.0]))
        >>> H
        <Structured 3 × 3: a->aa + a,b->ab, 72 bytes>
        >>> H.solve(np.array([0.0, 2.0, 0.0])).round(3)
        array([-0.133,  0.733, -0.4  ])
        """
        inside, outside, name = self.structure.inside, self.structure.outside, self.structure.name
        if prod(inside.sizes) != prod(outside.sizes):
            rows, columns = prod(outside.sizes), prod(inside.sizes)
            raise SizeMismatchError(
                f"{name} is {rows} by {columns} as a matrix, so that it cannot be solved with",
                given=f"shape == {self.shape}",
                help="a square one, or  np.linalg.lstsq  with H.to_dense()",
            )
        right, further = self._given(b, outside, further=True)
        self._check_size("the solution", (*inside.shape, *further), right.dtype)
        try:
            found = self._solve(right)
        except FAILURES as error:
            raise InputError(f"{name} cannot be solved with: {reason(error)}", given=f"{self!r}") from error
        except Singular as error:
            raise InputError(f"{name} is singular: {error}", given=f"{self!r}", help=SOLVE_ANOTHER) from None
        except Unsolvable as error:
            message = f"{name} cannot be solved with by its cores: {error}"
            raise InputError(message, given=f"{self!r}", help=self._by_whole_array()) from None
        return found.reshape((*inside.shape, *further))

    def _by_whole_array(self) -> str:
        """Return what solves with the whole array."""
        n, structure = prod(self.structure.inside.sizes), self.structure
        order = (*structure.left, *structure.right)
        turned = "" if order == tuple(range(self.ndim)) else f".transpose{order}"
        folded = "" if self.ndim == 2 else f".reshape({n}, {n})"
        right = "b" if len(structure.outside.shape) == 1 else f"b.reshape({n})"
        return f"np.linalg.solve(H.to_dense(){turned}{folded}, {right})"

    def _solve(self, b: Array) -> Array:
        """Return x for a b that has one axis of further right-hand sides; refined once where there are several terms.

        Raises: Singular; Unsolvable, also where the result is not accurate.
        """
        inside, outside = self.structure.inside, self.structure.outside
        if not prod(inside.sizes):
            return np.zeros((*inside.sizes, b.shape[-1]), np.result_type(self.dtype, b))
        system = self._system()
        rows, columns = system.rows, system.columns

        def solve(right: Array) -> Array:
            return ordered(system.solve(Piece(right, (*rows, SIDE))), (*columns, SIDE))

        x = solve(b)
        if len(self.structure.patterns) == 1:
            return x
        left = b - sum(self._products(x, inside, outside))
        x = x + solve(left)
        products = self._products(x, inside, outside)
        axes = tuple(range(len(outside.sizes)))
        scale = sum(np.abs(part).max(axes, initial=0) for part in [b, *products])
        error = np.abs(b - sum(products)).max(axes, initial=0)
        if np.any(error > scale * np.finfo(x.dtype).eps ** ACCURACY):
            raise Unsolvable("the result would not be accurate, because a term is nearly singular alone")
        return x

    def _system(self) -> System:
        """Return the terms as matrices; components are cores that are zero but for one entry."""
        inside, outside = self.structure.inside, self.structure.outside
        parts = []
        for k, pattern in enumerate(self.structure.patterns):
            pieces, axes, places = self._pieces(pattern), list(pattern.axes), dict(pattern.places)
            for axis, n in enumerate(axes):
                if n in places:
                    unit = np.zeros(self.structure.sizes[axis], self.dtype)
                    unit[places[n] - 1] = 1
                    axes[axis] = len(axes) + axis
                    pieces.append(Piece(unit, (axes[axis],)))
            start = PART * (k + 1)
            parts.append(
                Part(
                    tuple(Piece(p.array, tuple(start + n for n in p.labels)) for p in pieces),
                    tuple(start + axes[axis] for axis in outside.axes),
                    tuple(start + axes[axis] for axis in inside.axes),
                )
            )
        rows = {ROW + k: size for k, size in enumerate(outside.sizes)}
        columns = {COLUMN + k: size for k, size in enumerate(inside.sizes)}
        return System(tuple(parts), tuple(rows), tuple(columns), rows | columns)

    # ---------------------------------------------------------------------------------------------------- products

    def _product(self, v: Any, inside: Side, outside: Side, *, further: bool) -> Array:
        given, more = self._given(v, inside, further=further)
        self._check_size("the product", (*outside.shape, *more), given.dtype)
        found = sum(self._products(given, inside, outside))
        assert isinstance(found, np.ndarray)
        return found.reshape((*outside.shape, *more))

    def _check_size(self, title: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Refuse a product or a solution that no memory can hold."""
        itemsize = np.result_type(self.dtype, dtype).itemsize
        check_size(f"{title} with {self.structure.name}", shape, itemsize, "fewer further axes at once")

    def _products(self, v: Array, inside: Side, outside: Side) -> list[Array]:
        """Return the product of each term with an array of the axes inside and one more."""
        found = []
        for pattern in self.structure.patterns:
            places = dict(pattern.places)
            labels = [pattern.axes[axis] for axis in inside.axes]
            part = v[tuple(places[n] - 1 if n in places else slice(None) for n in labels)]
            piece = Piece(part, (*(n for n in labels if n not in places), SIDE))
            out = [*(pattern.axes[axis] for axis in outside.axes), SIDE]
            result = np.zeros((*outside.sizes, v.shape[-1]), np.result_type(self.dtype, v))
            add_to(result, out, places, contracted([*self._pieces(pattern), piece], out))
            found.append(result)
        return found

    def _given(self, v: Any, side: Side, *, further: bool) -> tuple[Array, tuple[int, ...]]:
        """Return an array on the axes of a side and one more, and the shape of its further axes.

        Raises: SizeMismatchError, where the shape does not fit; InputError, where it is no array of numbers.
        """
        array = _numbers(v, f"as np.zeros({side.shape})")
        rank = len(side.shape)
        if array.shape[:rank] != side.shape or (array.ndim > rank and not further):
            more = ", or with further axes behind it" if further else ""
            raise SizeMismatchError(
                f"{self.structure.name} takes an array of shape {side.shape} here{more}",
                given=f"shape == {array.shape}",
                help=_arranged(array.shape, side.shape),
            )
        behind = array.shape[rank:]
        return array.reshape((*side.sizes, prod(behind))), behind

    def _pieces(self, pattern: Pattern) -> list[Piece]:
        return [Piece(self.cores[k], labels) for k, labels in pattern.cores]


def _arranged(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Return how an array of one shape is brought into another, where its entries stay what they are."""
    if len(given) > 1 and given[::-1] == wanted:
        return "its transpose, b.T"
    if prod(given) == prod(wanted) and (len(given) == 1 or [n for n in given if n > 1] == [n for n in wanted if n > 1]):
        return f"np.reshape(b, {wanted})"
    return f"as np.zeros({wanted})"


def _numbers(v: Any, example: str) -> Array:
    """Return what is given as an array of numbers.

    Raises: InputError, where it is none, and where a mask hides some of its entries.
    """
    if np.ma.is_masked(v):
        raise InputError("a product or a solution has no value for a masked entry", help="v.filled(0), as you mean it")
    try:
        array = np.asarray(v)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"an array of numbers is wanted, not this: {first_line(error)}", help=example) from error
    if array.dtype.kind not in "biufc":
        raise InputError(f"an array of numbers is wanted, and {array.dtype} was given", help=example)
    return array


def maker(parts: Sequence[tuple[Structure, int] | None]) -> Callable[[tuple[Array, ...]], Any]:
    """Return a function of the arrays of all results that returns the results: structures with how many each takes."""
    if len(parts) == 1 and parts[0]:
        structure = parts[0][0]
        return lambda arrays: Structured(structure, arrays)

    def made(arrays: Any) -> Any:
        rest = iter(arrays if isinstance(arrays, tuple) else (arrays,))
        found = tuple(next(rest) if p is None else Structured(p[0], tuple(islice(rest, p[1]))) for p in parts)
        return found if len(found) > 1 else found[0]

    return made
