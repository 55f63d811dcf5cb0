"""Exact evaluation of expressions modulo a prime.

Every entry becomes a residue; functions, fractional powers and reductions other than sums become random functions, the
same for equal arguments, so that two forms that differ anywhere differ here, too, but for a chance of about one in the
prime.
Source: J. T. Schwartz, Fast probabilistic algorithms for verification of polynomial identities, J. ACM 27 (1980).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b
from itertools import permutations, product

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Count,
    Derivative,
    Epsilon,
    Expr,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Tensor,
    Unit,
    Wire,
    parts,
    size_key,
)
from einsdiff.algebra.walk import ordered

PRIME = 2_147_483_647
PRIMES = (2, 3, 5, 7, 11, 13)

Table = dict[tuple[int, ...], int]
"""The residue of every entry of a closed tensor."""


class UndefinedError(Exception):
    """A divisor is zero modulo the prime, or a size is not known."""


def residues(entry: Entry, axes: Sequence[Wire], sizes: Mapping[Size, int], seed: int = 0) -> tuple[int, ...]:
    """Return the residues of an entry for all values of `axes`, the last running fastest.

    `sizes` gives how far each size runs; inputs are drawn from `seed` by their names.

    Raises: UndefinedError, where a divisor vanishes or a size is missing.
    """
    known: dict[Expr, Table] = {}
    for node in ordered(entry.node):
        known[node] = _table(node, known, sizes, seed)
    place = [list(axes).index(w) for w in entry.wires]
    ranges = [0] * len(axes)
    for k, size in zip(place, entry.node.sizes, strict=True):
        ranges[k] = _range(size, sizes)
    table = known[entry.node]
    return tuple(table[tuple(at[k] for k in place)] for at in _positions(ranges))


def draw(name: str, at: tuple[int, ...], seed: int) -> int:
    """Return the residue of an entry of an input."""
    return _hashed(name, at, seed)


def _hashed(*what: object) -> int:
    digest = blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (PRIME - 1) + 1


def _range(size: Size, sizes: Mapping[Size, int]) -> int:
    if isinstance(size, int):
        return size
    if size not in sizes:
        raise UndefinedError(f"the size {size} is not known")
    return sizes[size]


def _positions(ranges: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return product(*(range(n) for n in ranges))


def _power(base: int, exponent: int | Fraction, seed: int) -> int:
    if isinstance(exponent, Fraction):
        return _power(_hashed("root", exponent.denominator, base, seed), exponent.numerator, seed)
    if exponent < 0 and base == 0:
        raise UndefinedError("division by zero")
    return pow(base, exponent, PRIME)


def _residue(value: int | Fraction) -> int:
    f = Fraction(value)
    return f.numerator * pow(f.denominator, -1, PRIME) % PRIME


def _table(node: Expr, known: Mapping[Expr, Table], sizes: Mapping[Size, int], seed: int) -> Table:
    """Return the residue of every entry of a node."""
    ranges = [_range(s, sizes) for s in node.sizes]

    match node:
        case Number(value):
            return {(): _residue(value)}
        case Count(size):
            return {(): _range(size, sizes)}
        case Tensor(name, _, assumed):
            return {at: _assumed(name, at, assumed, seed) for at in _positions(ranges)}
        case Ones():
            return dict.fromkeys(_positions(ranges), 1)
        case Unit(_, place):
            return {at: int(at[0] == place - 1) for at in _positions(ranges)}
        case Epsilon(n):
            signs = dict.fromkeys(permutations(range(n)), 1)
            for p in signs:
                signs[p] = -1 if sum(p[a] > p[b] for b in range(n) for a in range(b)) % 2 else 1
            return {at: signs.get(at, 0) % PRIME for at in _positions(ranges)}
        case Sum(terms):
            return {
                at: sum(_residue(t.coefficient) * known[t.node][tuple(at[k] for k in t.labels)] for t in terms) % PRIME
                for at in _positions(ranges)
            }
        case Product():
            return _product(node, known, sizes, seed)
        case Apply(function, arguments, orders):
            return {
                at: _applied(function, orders, [known[a.node][tuple(at[k] for k in a.labels)] for a in arguments], seed)
                for at in _positions(ranges)
            }
        case Reduce(operator, argument, axes):
            inner = [_range(s, sizes) for s in node.label_sizes[axes:]]
            return {
                at: _reduced(
                    operator,
                    [known[argument.node][tuple((*at, *b)[k] for k in argument.labels)] for b in _positions(inner)],
                    seed,
                )
                for at in _positions(ranges)
            }
        case MatrixFunction(function, argument):
            return _matrix(function, known[argument], [_range(s, sizes) for s in argument.sizes], seed)
        case Call(function, arguments):
            given = tuple(_hashed("array", sorted(known[a.node].items()), a.labels) for a in arguments)
            return {at: _hashed(function, given, node.wrt, at, seed) for at in _positions(ranges)}
        case Derivative():
            raise UndefinedError("a derivative that is not carried out")


def _assumed(name: str, at: tuple[int, ...], assumed: tuple[str, ...], seed: int) -> int:
    if {"symmetric", "spd"} & set(assumed):
        return draw(name, tuple(sorted(at)), seed)
    if "skew" in assumed:
        if at[0] == at[1]:
            return 0
        return draw(name, at, seed) if at[0] < at[1] else -draw(name, at[::-1], seed) % PRIME
    return draw(name, at, seed)


def _product(node: Product, known: Mapping[Expr, Table], sizes: Mapping[Size, int], seed: int) -> Table:
    ranges = [_range(s, sizes) for s in node.label_sizes]
    free = len(ranges) - len(node.bound)
    result = dict.fromkeys(_positions([ranges[k] for k in node.out]), 0)
    for at in _positions(ranges[:free]):
        total = 0
        for b in _positions(ranges[free:]):
            every = (*at, *b)
            value = 1
            for f in node.factors:
                value = value * _power(known[f.node][tuple(every[k] for k in f.labels)], f.exponent, seed) % PRIME
            total += value
        result[tuple(at[k] for k in node.out)] = total * _residue(node.coefficient) % PRIME
    return result


def _applied(function: str, orders: tuple[int, ...] | None, values: list[int], seed: int) -> int:
    if function == "where":
        return values[1] if values[0] != 0 else values[2]
    if function == "eq":
        return int(values[0] == values[1])
    return _hashed(function, orders, values, seed)


def _reduced(operator: str, values: list[int], seed: int) -> int:
    if operator == "prod":
        total = 1
        for v in values:
            total = total * v % PRIME
        return total
    return _hashed(operator, sorted(values), seed)


def _matrix(function: str, table: Table, shape: Sequence[int], seed: int) -> Table:
    """Gauss elimination modulo the prime; log det is a random function of det."""
    n, m = shape
    if n != m:
        raise UndefinedError("a matrix that is not square")
    rows = [[table[r, c] for c in range(n)] + [int(r == c) for c in range(n)] for r in range(n)]
    det = 1
    for k in range(n):
        pivot = next((r for r in range(k, n) if rows[r][k]), None)
        if pivot is None:
            if function == "det":
                return {(): 0}
            raise UndefinedError("a singular matrix")
        if pivot != k:
            rows[k], rows[pivot], det = rows[pivot], rows[k], -det
        det = det * rows[k][k] % PRIME
        scale = pow(rows[k][k], -1, PRIME)
        rows[k] = [v * scale % PRIME for v in rows[k]]
        for r in range(n):
            if r != k and rows[r][k]:
                rows[r] = [(a - rows[r][k] * b) % PRIME for a, b in zip(rows[r], rows[k], strict=True)]
    if function == "inv":
        return {(r, c): rows[r][n + c] for r in range(n) for c in range(n)}
    return {(): det if function == "det" else _hashed("logdet", det, seed)}


def distinct_sizes(*entries: Entry) -> dict[Size, int]:
    """Return pairwise different primes for the sizes in entries, equal where one index ties them.

    The sizes of a component's axis are at least its place.
    """
    parent: dict[Size, Size] = {}

    def find(s: Size) -> Size:
        parent.setdefault(s, s)
        while parent[s] != s:
            s = parent[s]
        return s

    def unite(a: Size, b: Size) -> None:
        if a != b:
            kept, gone = sorted((a, b), key=size_key)
            parent[gone] = kept

    least: dict[Size, int] = {}
    for node in ordered(*(e.node for e in entries)):
        for s in node.sizes:
            find(s)
        if isinstance(node, Unit):
            least[node.size] = max(least.get(node.size, 1), node.place)
        if isinstance(node, Count):
            find(node.size)
        seen: dict[object, Size] = {}
        for p in parts(node):
            for k, s in zip(p.labels, p.node.sizes, strict=True):
                a, b = find(seen.setdefault(k, s)), find(s)
                unite(a, b)
        if isinstance(node, MatrixFunction):
            unite(*(find(s) for s in node.argument.sizes))
    for first in entries:
        for second in entries:
            for w, s in zip(first.wires, first.node.sizes, strict=True):
                for v, t in zip(second.wires, second.node.sizes, strict=True):
                    if w == v:
                        unite(find(s), find(t))
    roots = sorted({find(s) for s in parent}, key=repr)
    free = iter(PRIMES * (1 + len(roots)))
    given: dict[Size, int] = {}
    for root in roots:
        wanted = max((n for s, n in least.items() if find(s) == root), default=1)
        given[root] = root if isinstance(root, int) else next(p for p in free if p >= wanted)
    return {s: given[find(s)] for s in parent}


def agree(a: Entry, b: Entry, *, seeds: Sequence[int] = (0, 1)) -> bool:
    """Tell whether two entries have the same residues, for every seed, on tensors of pairwise different sizes."""
    ranges = distinct_sizes(a, b)
    axes = a.wires if len(a.wires) >= len(b.wires) else b.wires
    if len(set(a.wires)) != len(set(b.wires)):
        zero = a if len(a.wires) < len(b.wires) else b
        other = b if zero is a else a
        assert isinstance(zero.node, Number)
        return zero.node.value == 0 and not any(v for s in seeds for v in residues(other, axes, ranges, s))
    return all(residues(a, axes, ranges, s) == residues(b, axes, ranges, s) for s in seeds)
