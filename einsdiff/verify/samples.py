"""Arrays at which claims are tried: sizes pairwise different, data of several kinds, with what is assumed of them.

Nothing is square or symmetric unless the claim itself makes it so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import blake2b
from itertools import count, permutations
from math import prod
from typing import NamedTuple

import numpy as np

from einsdiff.algebra.entries import parity
from einsdiff.algebra.nodes import Axis, Size, size_key
from einsdiff.elaborate.program import Program
from einsdiff.elaborate.scope import SizeClass, Symbol
from einsdiff.verify.numeric import Array, Point, check_count

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


class Assumed(NamedTuple):
    """What is assumed of an input; `other` is a second input of which it speaks, too."""

    name: str
    what: str
    other: str = ""


def _whole(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.integers(1, 4, shape) * rng.choice([-1.0, 1.0], shape))


def _mixed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.uniform(0.3, 1.3, shape) * rng.choice([-1.0, 1.0], shape))


def _fraction(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.uniform(0.15, 0.9, shape))


def _dominant(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Positive entries, those of a square matrix largest on the diagonal, so that its determinant is positive."""
    found = rng.uniform(0.1, 0.5, shape)
    return np.asarray(found + len(found) * np.eye(*shape) if len(shape) == 2 and shape[0] == shape[1] else found)


def _large(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.uniform(1.1, 2.4, shape))


KINDS_OF_DATA: tuple[Draw, ...] = (_whole, _dominant, _mixed, _fraction, _large)
"""Data in turn: whole numbers, positive definite, of both signs, between 0 and 1, above 1; then of mixed kinds."""


def _averaged(a: Array, odd: int) -> Array:
    """Return the part of a tensor that an odd permutation of the axes multiplies by 1 or by −1."""
    orders = list(permutations(range(a.ndim)))
    return np.asarray(sum(odd ** parity(p) * np.transpose(a, p) for p in orders)) / len(orders)


def _diagonal(a: Array) -> Array:
    grid = np.indices(a.shape)
    return np.asarray((grid == grid[:1]).all(axis=0), dtype=float)


def _orthogonal(a: Array, turn: int) -> Array:
    """Return an orthogonal matrix, of determinant 1 and −1 in turn; a symmetric matrix gives a symmetric one."""
    if np.array_equal(a, a.T):
        return _with_eigenvalues(a, -1.0, turn)
    found = np.asarray(np.linalg.qr(a)[0])
    wanted = -1.0 if turn % 4 in (1, 2) else 1.0
    found[:, 0] *= wanted * np.sign(np.linalg.det(found))
    return found


def _with_eigenvalues(a: Array, other: float, turn: int) -> Array:
    """Return a matrix with the eigenvalues 1 and `other`, as many of each as the turn says; symmetric if `a` is."""
    n = len(a)
    count_of_ones = (1, n, n - 1, 0, 1)[turn % 5]
    values = np.diag([1.0] * count_of_ones + [other] * (n - count_of_ones))
    if np.array_equal(a, a.T):
        vectors = np.linalg.eigh(a)[1]
        return np.asarray(vectors @ values @ vectors.T)
    change = a + (1 + np.abs(a).sum(axis=1).max(initial=0.0)) * np.eye(n)  # dominated by its diagonal: invertible
    return np.asarray(change @ values @ np.linalg.inv(change))


# fmt: off
PROPERTIES: dict[str, Callable[[Array, int], Array]] = {
    "positive":        lambda a, _: np.abs(a),
    "symmetric":       lambda a, _: _averaged(a, odd=1),
    "skew":            lambda a, _: _averaged(a, odd=-1),
    "diagonal":        lambda a, _: a * _diagonal(a),
    "spd":             lambda a, _: a @ a.T / 4 + np.eye(len(a)) / 2,
    "orthogonal":      _orthogonal,
    "idempotent":      lambda a, turn: _with_eigenvalues(a, 0.0, turn),
    "an involution":   lambda a, turn: _with_eigenvalues(a, -1.0, turn),
    "a unit vector":   lambda a, _: a / np.sqrt((a * a).sum()),
    "with the sum 1":  lambda a, _: a / a.sum(),
    "constant":        lambda a, _: a,
    "square":          lambda a, _: a,
}
# fmt: on
"""What can be assumed of an input → how data become so; of what comes in several kinds, at each turn another one."""

ORDER = list(PROPERTIES)
FIXED = {"orthogonal", "idempotent", "an involution", "a unit vector", "with the sum 1"}
"""What is lost when an input is multiplied by a number."""

SMALLEST = (2, 5)
"""The smallest size at the first two attempts, at the next two, and so on."""
TURNED = 2
"""From which attempt on the order of the sizes is another one each time."""
SCALES = (1.0, 0.1, 10.0, 0.01, 3.0, 100.0, 0.001, 30.0, 1000.0)
"""How large the data are where a claim is tried near and far."""


def _anywhere(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return numbers about 1 or of very different size, no whole ones: of both signs half of the time, else of one."""
    signs = rng.choice([-1.0, 1.0], shape)
    one_sign = rng.choice([0.0, 0.0, 1.0, -1.0])
    return np.asarray(np.exp(rng.normal(0.0, rng.choice([0.7, 3.0]), shape)) * (one_sign or signs))


def _unevenly(scale: float) -> Draw:
    """Return how numbers are drawn half of which are so large, relative to the others."""
    return lambda rng, shape: _anywhere(rng, shape) * np.where(rng.random(shape) < 1 / 2, scale, 1.0)


@dataclass(frozen=True, slots=True)
class Given:
    """An input: its name, the classes of its axes, and what is declared of it."""

    name: str
    sizes: tuple[Size, ...]
    properties: tuple[str, ...]


class Sampler:
    """Draws points for one claim: which inputs there are, and which sizes are equal.

    `numbers` says how far some sizes run, by their names.  `united` are pairs of sizes that are taken to be equal,
    beside those that the program makes so, and `assumed` is what is taken to hold of the inputs.
    """

    def __init__(
        self,
        program: Program,
        numbers: Mapping[str, int],
        united: Sequence[tuple[Size, Size]] = (),
        assumed: Sequence[Assumed] = (),
    ) -> None:
        self.sizes = unite(program.sizes, united)
        self.numbers = {
            self._class(c): numbers[name] for c in program.classes for name in names_of(c) if name in numbers
        }
        self.assumed = assumed
        self.inputs = [self._given(program, s) for s in program.inputs.values() if s.role == "input"]

    def _class(self, c: SizeClass) -> Size:
        places: list[Size] = [*(axis for axis, _ in c.axes), *c.ranges]
        size = c.declared if c.declared is not None else places[0]
        return self.sizes.get(size, size)

    def _given(self, program: Program, symbol: Symbol) -> Given:
        axes = [Axis(symbol.name, k) for k in range(symbol.rank)]
        declared = program.declared.get(symbol.name)
        properties = declared.properties if declared is not None else ()
        return Given(symbol.name, tuple(self.sizes.get(axis, axis) for axis in axes), properties)

    @property
    def key(self) -> object:
        """Tell apart what makes points different."""
        return tuple(self.inputs), tuple(self.assumed), tuple(self.classes())

    @property
    def properties(self) -> dict[str, frozenset[str]]:
        """Return what is declared and assumed of each input."""
        return {g.name: frozenset(self._wanted(g)) for g in self.inputs}

    def classes(self) -> list[Size]:
        """Return the different sizes, in order."""
        found = {*self.sizes.values(), *(size for g in self.inputs for size in g.sizes)}
        return sorted(found, key=size_key)

    def ranges(self, attempt: int, least: Mapping[Size, int]) -> dict[Size, int]:
        """Return how far each size runs: pairwise different, and other ones at each attempt, even and odd.

        Small sizes and larger ones come in turn: A² = tr(A) A − det(A) holds for 2×2 alone, and what is of a degree d
        and holds for d×d holds for all sizes.  `least` says how far some sizes run at least.
        """
        classes = self.classes()
        chosen: dict[Size, int] = {c: c for c in classes if isinstance(c, int)} | self.numbers
        free = [c for c in classes if c not in chosen]
        needed = {
            self.sizes.get(size, size): number for size, number in sorted(least.items(), key=lambda item: item[1])
        }
        first = SMALLEST[attempt // 2 % len(SMALLEST)]
        pool = (number for number in count(first) if number not in chosen.values())
        window = [next(pool) for _ in range(len(free) + 1)]
        left_out = (attempt + attempt // 3) % len(window)
        turned = window[attempt:] + window[:attempt] if attempt < TURNED else window[:left_out] + window[left_out + 1 :]
        for c, number in zip(self._smallest_first(free, attempt), turned, strict=False):
            least_one = max(number, needed.get(c, 1))
            chosen[c] = next(n for n in count(least_one) if n not in chosen.values())
        return {size: chosen[c] for size, c in self.sizes.items()} | chosen

    def _smallest_first(self, free: Sequence[Size], attempt: int) -> list[Size]:
        """Return sizes in an order of the attempt: by chance, and at each third one such that matrices are tall.

        Where X has more rows than columns, and Y too, inv(X'X) and inv(Y'Y) have a value.
        """
        if attempt < TURNED:
            return list(free)
        shapes = [g.sizes for g in self.inputs if len(g.sizes) == 2]
        rows, columns = ([shape[k] for shape in shapes] for k in (0, 1))
        rng = _generator("sizes", str(attempt))
        turned: list[Size] = [free[k] for k in rng.permutation(len(free))]
        return sorted(turned, key=lambda c: rows.count(c) - columns.count(c)) if attempt % 3 == TURNED else turned

    def all_alike(self) -> list[tuple[Size, Size]]:
        """Return the pairs of sizes that make all sizes one, but for those that are numbers."""
        free = [c for c in self.classes() if not isinstance(c, int) and c not in self.numbers]
        return [(free[0], c) for c in free[1:]]

    def point(self, attempt: int, least: Mapping[Size, int]) -> Point:
        """Return the arrays of one attempt.

        Raises: UnknownValueError, where one has too many entries.
        """
        ranges = self.ranges(attempt, least)
        drawn: dict[str, Array] = {}
        for g in self.inputs:
            rng = _generator(g.name, str(attempt))
            kind = attempt if attempt < len(KINDS_OF_DATA) else int(rng.integers(len(KINDS_OF_DATA)))
            drawn[g.name] = self._made(g, KINDS_OF_DATA[kind], rng, ranges, attempt)
        return Point(self._related(drawn), ranges)

    def far_point(self, attempt: int, least: Mapping[Size, int], scales: Sequence[float] = SCALES) -> Point:
        """Return arrays of both signs, small and large: the scales in turn, then one by chance for each input.

        Raises: UnknownValueError, where one has too many entries.
        """
        ranges = self.ranges(attempt, least)
        drawn: dict[str, Array] = {}
        for g in self.inputs:
            rng = _generator(g.name, f"far {attempt}")
            scale = scales[attempt] if attempt < len(scales) else rng.choice(scales)
            if FIXED & set(self._wanted(g)):
                drawn[g.name] = self._made(g, _unevenly(scale), rng, ranges, attempt)
            else:
                drawn[g.name] = self._made(g, _anywhere, rng, ranges, attempt) * scale
        return Point(self._related(drawn), ranges)

    def _wanted(self, g: Given) -> list[str]:
        """Return what is declared and assumed of an input, in the order in which data become so."""
        more = [a.what for a in self.assumed if a.name == g.name and not a.other]
        return sorted({*g.properties, *more}, key=ORDER.index)

    def _made(self, g: Given, draw: Draw, rng: np.random.Generator, ranges: Mapping[Size, int], attempt: int) -> Array:
        """Return data for an input of which all holds that is declared and assumed of it alone."""
        shape = tuple(ranges[size] for size in g.sizes)
        check_count(prod(shape))
        with np.errstate(all="ignore"):
            return reduce(lambda array, p: PROPERTIES[p](array, attempt), self._wanted(g), draw(rng, shape))

    def _related(self, drawn: dict[str, Array]) -> dict[str, Array]:
        """Return data for which that holds, too, which is assumed of two inputs."""
        for a in self.assumed:
            if a.other:
                first = drawn[a.name]
                drawn[a.other] = 2 * np.eye(len(first)) - first + first @ first
        return drawn


def unite(sizes: Mapping[Size, Size], pairs: Sequence[tuple[Size, Size]]) -> dict[Size, Size]:
    """Return the sizes where those of each pair are called by one name."""
    found = {name: name for name in sizes.values()} | dict(sizes)
    for a, b in pairs:
        kept, gone = sorted((found.get(a, a), found.get(b, b)), key=size_key)
        found = {size: kept if name == gone else name for size, name in found.items()}
        found[a] = found[b] = kept
    return found


def names_of(c: SizeClass) -> set[str]:
    """Return the names by which a size is called: the declared one, and those of its indices."""
    return {str(name) for name in (c.declared, c.index, *(r.index for r in c.ranges)) if name}


def _generator(name: str, attempt: str) -> np.random.Generator:
    seed = int.from_bytes(blake2b(f"{name} {attempt}".encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed)
