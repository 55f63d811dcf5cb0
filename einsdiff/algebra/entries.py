"""Entries: one scalar of a tensor at named wires, as in `A_ij`, and the makers of those that have no parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import count, pairwise, permutations
from math import isqrt
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from einsdiff.algebra.groups import even, generate
from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Count,
    Epsilon,
    Exact,
    Expr,
    Factor,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Symmetry,
    Tensor,
    Unit,
    Wire,
    exact,
    size_key,
)


class Entry(NamedTuple):
    """One scalar of a tensor: a node and a wire for each of its axes.

    A wire may stand twice (`A_ii`, not summed).  Zero has no wires, whatever it is a zero of.
    """

    node: Expr
    wires: tuple[Wire, ...]


class DivisionByZeroError(Exception):
    """A factor that is exactly zero was divided by."""


ZERO = Entry(Number(0), ())
ONE = Entry(Number(1), ())
_fresh = count()
SPLICE = 12  # factors that a product which sums nothing may have and still join the one around it unasked


class Bound(NamedTuple):
    """A wire that no one else can name."""

    serial: int


def fresh() -> Bound:
    """Return a wire that is nowhere used."""
    return Bound(next(_fresh))


# ------------------------------------------------------------------------------------------------------------- leaves


def number(value: Exact) -> Entry:
    """Return the entry of a number."""
    return Entry(Number(exact(value)), ())


def tensor(name: str, wires: Sequence[Wire], assumed: Iterable[str] = ()) -> Entry:
    """Return A_ij…."""
    return Entry(Tensor(name, len(wires), tuple(sorted(assumed))), tuple(wires))


def delta(a: Wire, b: Wire, size: Size) -> Entry:
    """Return δ_ab."""
    return Entry(_delta(size), (a, b))


def ones(wire: Wire, size: Size) -> Entry:
    """Return 1_a."""
    return Entry(Ones(size), (wire,))


def unit(wire: Wire, size: Size, place: int) -> Entry:
    """Return δ_ka for the numeral k = `place`."""
    return Entry(Unit(size, place), (wire,))


def epsilon(wires: Sequence[Wire]) -> Entry:
    """Return ε_ijk…."""
    return Entry(Epsilon(len(wires)), tuple(wires))


def size_of(size: Size) -> Entry:
    """Return the number of values that an index takes, as a scalar."""
    return number(size) if isinstance(size, int) else Entry(Count(size), ())


def sizes(entry: Entry) -> dict[Wire, Size]:
    """Return the size of each wire of an entry."""
    found: dict[Wire, Size] = {}
    for wire, size in zip(entry.wires, entry.node.sizes, strict=True):
        if wire not in found or size_key(size) < size_key(found[wire]):
            found[wire] = size
    return found


def is_zero(entry: Entry) -> bool:
    """Tell whether the entry is the number zero."""
    return entry.node is ZERO.node


def rename(entry: Entry, names: Mapping[Any, Any]) -> Entry:
    """Return the entry at other wires; all are exchanged at once."""
    return Entry(entry.node, tuple(names.get(w, w) for w in entry.wires))


def symmetries_of(node: Expr) -> tuple[Symmetry, ...]:
    """Return the permutations of a node's axes that keep it, but for a sign."""
    match node:
        case Sum() | Product() | Apply() | Reduce():
            return node.symmetries
        case Tensor(_, rank, assumed) if rank > 1 and assumed:
            if {"symmetric", "spd"} & set(assumed):
                return _all_permutations(rank, odd=1)
            return _all_permutations(rank, odd=-1) if "skew" in assumed else ()
        case Epsilon(rank):
            return _all_permutations(rank, odd=-1)
        case MatrixFunction("inv", argument):
            return symmetries_of(argument)
        case MatrixFunction("adj", argument):
            return even(symmetries_of(argument))
        case Call():
            return _exchanges(node)
        case _:
            return ()


def _exchanges(node: Call) -> tuple[Symmetry, ...]:
    """∂²f/∂x_a∂x_b = ∂²f/∂x_b∂x_a: two derivatives by one argument, side by side, may be exchanged."""
    found: list[Symmetry] = []
    start = node.axes
    for k, other in pairwise(node.wrt):
        width = len(node.arguments[k].labels)
        if k == other and width:
            first, second = range(start, start + width), range(start + width, start + 2 * width)
            behind = range(start + 2 * width, node.rank)
            found.append(Symmetry((*range(start), *second, *first, *behind), 1))
        start += width
    return tuple(found)


_permutations: dict[tuple[int, int], tuple[Symmetry, ...]] = {}


def _all_permutations(rank: int, *, odd: int) -> tuple[Symmetry, ...]:
    found = _permutations.get((rank, odd))
    if found is None:
        if rank <= 5:
            orders = [p for p in permutations(range(rank)) if p != tuple(range(rank))]
            found = tuple(Symmetry(p, odd if parity(p) else 1) for p in orders)
        else:
            swaps = [(*range(k), k + 1, k, *range(k + 2, rank)) for k in range(rank - 1)]
            found = generate([Symmetry(p, odd) for p in swaps], rank)
        _permutations[rank, odd] = found
    return found


def parity(order: Sequence[int]) -> int:
    """Return 0 for an even permutation and 1 for an odd one."""
    return sum(order[a] > order[b] for b in range(len(order)) for a in range(b)) % 2


def _delta(size: Size) -> Product:
    return Product(1, (Factor(Ones(size), (0,), 1),), (0, 0), (Symmetry((1, 0), 1),))


# ------------------------------------------------------------------------------------------------------------ numbers

BITS = 14_000  # of a number that is written out: Python writes out 4300 digits


_positive: WeakKeyDictionary[Expr, bool] = WeakKeyDictionary()


def is_positive(node: Expr) -> bool:
    """Tell whether every entry of a node is known to be positive."""
    found = _positive.get(node)
    if found is None:
        found = _positive[node] = _is_positive(node)
    return found


def _is_positive(node: Expr) -> bool:
    match node:
        case Number(value):
            return value > 0
        case Tensor(_, _, assumed):
            return "positive" in assumed
        case Count() | Ones():
            return True
        case Apply(function):
            return function in ("exp", "sigmoid", "softplus", "cosh")
        case Product(coefficient, factors):
            return coefficient > 0 and all(is_positive(f.node) for f in factors)
        case Sum(terms):
            return all(t.coefficient > 0 and is_positive(t.node) for t in terms)
        case _:
            return False


def exact_power(base: Exact, exponent: Exact) -> Exact | None:
    """Return base^exponent where it is rational and can be written out, else None."""
    if exponent == 1 or base == 1:
        return base
    if isinstance(exponent, int):
        if base == 0 and exponent < 0:
            raise DivisionByZeroError
        if abs(exponent) * max(base.numerator.bit_length(), base.denominator.bit_length()) > BITS and abs(base) != 1:
            return None
        return exact(Fraction(base) ** exponent)
    if base == 0 and exponent > 0:
        return base
    if exponent.denominator == 2 and base > 0:
        f = Fraction(base)
        top, bottom = isqrt(f.numerator), isqrt(f.denominator)
        if top * top == f.numerator and bottom * bottom == f.denominator:
            return exact(Fraction(top, bottom) ** exponent.numerator)
    return None
