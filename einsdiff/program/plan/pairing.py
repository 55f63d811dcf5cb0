"""How two arrays are contracted so that little is moved: classes of labels, the ways to do it, what each costs.

Every way makes its result in an order of its own.  Another order is a view, through which the next step reads slowly.
Units: nanoseconds, for arrays of double precision on one core.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import NamedTuple

from einsdiff.algebra.nodes import Labels

MOVE = 3.0  # an entry that is copied to another place, or read in an order in which it does not lie
LOOP = 0.5  # a product of two numbers in einsum
WORK = 0.04  # a product of two numbers in BLAS
SMALL = 1_000_000  # products in a product of matrices up to which BLAS takes the operands as they lie
PACK = 0.7  # an entry that BLAS lays out anew
START = 50.0  # one product of matrices among many
CALL = 500.0  # one call of the library
TURN = 100.0  # axes that are put in another order, as a view
FOLD = 200.0  # axes that are made one, or several again
ENTRY = 0.3  # an operation on an entry, and as much again where the arrays do not all run on together
JUMP = 5.0  # a jump to the next part that runs on
LONG = 10_000  # parts of this length are as good as the whole


class Roles(NamedTuple):
    """The labels of two operands by what becomes of them."""

    batch: Labels
    summed: Labels
    left: Labels
    right: Labels

    @property
    def exchanged(self) -> Roles:
        """The roles when the operands change places."""
        return Roles(self.batch, self.summed, self.right, self.left)

    @property
    def is_matrix_product(self) -> bool:
        """Tell whether each operand is a matrix or a vector, apart from the batch."""
        return len(self.summed) == 1 and len(self.left) <= 1 and len(self.right) <= 1


def roles(a: Labels, b: Labels, out: Labels) -> Roles:
    """Return what becomes of the labels of two operands, each class in the order in which they stand."""
    both = tuple(n for n in a if n in b)
    return Roles(
        tuple(n for n in both if n in out),
        tuple(n for n in both if n not in out),
        tuple(n for n in a if n not in b),
        tuple(n for n in b if n not in a),
    )


class Way(NamedTuple):
    """One way: Σ first · second, each with its axes in groups, made as `made`.

    `kind` is "product" (the groups of the first are left and summed, of the second summed and right), "stack" (one of
    them is a stack of matrices, with more labels in front), "batched" (both are, with the same labels in front) or
    "einsum".
    """

    kind: str
    is_exchanged: bool
    first: tuple[Labels, ...]
    second: tuple[Labels, ...]
    made: Labels
    cost: float

    @property
    def kept(self) -> tuple[Labels, ...]:
        """The groups of axes of the operands that are not summed, those in front of a stack left out."""
        return tuple(g for g in (*self.first[-2:], *self.second[-2:]) if not g or g[0] in self.made)


def best(a: Labels, b: Labels, out: Labels, sizes: Mapping[int, int]) -> Way:
    """Return the way that costs least, where a result in another order costs as much as moving it."""
    turned = MOVE * _entries(out, sizes)
    found = [w if w.made == out else w._replace(cost=w.cost + turned) for w in ways(a, b, out, sizes)]
    return min(found, key=lambda way: way.cost)


def ways(a: Labels, b: Labels, out: Labels, sizes: Mapping[int, int]) -> list[Way]:
    """Return the ways to contract two arrays of which one has a label that the other has not."""
    found = roles(a, b, out)
    if found.batch:
        known = [*_batched(a, b, found, sizes), *(_exchanged(w) for w in _batched(b, a, found.exchanged, sizes))]
        work = LOOP * _entries({*a, *b}, sizes)
        return known if found.is_matrix_product else [*known, Way("einsum", False, (a,), (b,), out, CALL + work)]  # noqa: FBT003 - a column
    return [*_products(a, b, found, sizes), *(_exchanged(w) for w in _products(b, a, found.exchanged, sizes))]


def in_place(a: Labels, b: Labels, out: Labels, last: int, sizes: Mapping[int, int]) -> Way | None:
    """Return the way to make a product of matrices where it is to stand; None where a copy of it costs less.

    There the entries along `last` lie side by side, and the other axes are far apart.
    """
    found = roles(a, b, out)
    if not found.left or not found.right or not found.summed:
        return None
    known = [w for w in ways(a, b, out, sizes) if w.kind != "einsum"]
    fitting = [w for w in known if w.made[-1] == last and all(len(g) == 1 for g in w.kept)]
    there = min(fitting, key=lambda way: way.cost, default=None)
    elsewhere = min(w.cost + CALL + _copied(w.made, last, sizes) for w in known)
    return there if there is not None and there.cost <= elsewhere else None


def _copied(labels: Labels, last: int, sizes: Mapping[int, int]) -> float:
    """Return what it costs to copy an array to where rows along `last` stand far apart."""
    entries = _entries(labels, sizes)
    return ENTRY * entries + JUMP * entries / max(1, sizes[last]) if labels[-1] == last else MOVE * entries


def _exchanged(way: Way) -> Way:
    return way._replace(is_exchanged=True)


def cost(a: Labels, b: Labels, out: Labels, sizes: Mapping[int, int]) -> float:
    """Return what it costs to contract two arrays."""
    found = roles(a, b, out)
    if not found.left and not found.right:
        return _dots_cost(a, b, found, sizes)
    if found.is_matrix_product and not found.batch:
        return TURN * _turns(a, b, out, found)
    return best(a, b, out, sizes).cost


def entrywise(operands: Sequence[Labels], out: Labels, sizes: Mapping[int, int]) -> float:
    """Return what an operation entry by entry costs: its loops are as long as all operands run on, or none moves."""
    made = _entries(out, sizes)
    moved = sum(out[-1:] != labels[-1:] and out[-1] in labels for labels in operands if out)
    run = 1
    for k in range(len(out) - 1, -1, -1):
        tail = out[k:]
        if any(0 < len(set(tail) & set(labels)) < len(tail) for labels in operands):
            break
        run *= sizes[out[k]]
    run = max(run, 1)
    apart = 0 if run == made else ENTRY * LONG / (LONG + run) + JUMP / run
    return CALL + made * (MOVE * moved + ENTRY + apart)


def _turns(a: Labels, b: Labels, out: Labels, found: Roles) -> int:
    """Return how many transpositions a product of two matrices takes."""
    if found.left and found.right and out[0] == found.right[0]:
        a, b, found = b, a, found.exchanged
    return (a != (*found.left, *found.summed)) + (b != (*found.summed, *found.right) and bool(found.left))


def _dots_cost(a: Labels, b: Labels, found: Roles, sizes: Mapping[int, int]) -> float:
    """Return what products of vectors cost."""
    entries = _entries(a, sizes)
    if not found.batch:
        return CALL + (MOVE * entries if a != b else 0) + WORK * entries
    if len(found.summed) == 1 and a[-1] == b[-1] == found.summed[0]:
        return CALL + (MOVE * entries if a != b else 0) + entries * LOOP
    return CALL + entries * LOOP


def _orders(b: Labels, found: Roles) -> Iterable[Labels]:
    """Return the orders in which the summed labels stand in one of the operands."""
    return dict.fromkeys((found.summed, tuple(n for n in b if n in found.summed)))


def _batched(a: Labels, b: Labels, found: Roles, sizes: Mapping[int, int]) -> Iterator[Way]:
    """Return the ways to multiply stacks of matrices."""
    batch, _, left, right = found
    apart = tuple((n,) for n in batch)
    work = _work(_entries({*a, *b}, sizes), 0, _entries(batch, sizes))
    for summed in _orders(b, found):
        moved = _stacked(a, batch, (left, summed), sizes) + _stacked(b, batch, (summed, right), sizes)
        made = (*batch, *left, *right)
        yield _way("batched", (*apart, left, summed), (*apart, summed, right), made, moved + work)


def _products(a: Labels, b: Labels, found: Roles, sizes: Mapping[int, int]) -> Iterator[Way]:
    """Return the ways to multiply two matrices, or the matrices of a stack by one."""
    _, _, left, right = found
    made = (*left, *right)
    work = _entries({*a, *b}, sizes)
    packed = PACK * (_entries(a, sizes) + _entries(b, sizes))
    for summed in _orders(b, found):
        first, second = (left, summed), (summed, right)
        moved_first = _moved(a, first, sizes)
        moved = moved_first + _moved(b, second, sizes)
        folds = FOLD * (_is_folded(*first) + _is_folded(*second) + _is_folded(left, right))
        nanoseconds = moved + folds + _work(work, packed, 1)
        yield _way("product", _filled(first), _filled(second), made, nanoseconds)
        if len(left) > 1 and right:
            folds = FOLD * (2 * _is_folded(summed) + _is_folded(right))
            nanoseconds = moved + folds + _work(work, packed, _entries(left[:-1], sizes))
            yield _way("stack", (*((n,) for n in left[:-1]), left[-1:], summed), _filled(second), made, nanoseconds)
        start = b.index(summed[0])
        before, after = b[:start], b[start + len(summed) :]
        if before and after and b == (*before, *summed, *after):
            folds = FOLD * (2 * _is_folded(summed) + _is_folded(left) + _is_folded(after))
            nanoseconds = moved_first + folds + _work(work, packed, _entries(before, sizes))
            stack = (*((n,) for n in before), summed, after)
            yield _way("stack", _filled(first), stack, (*before, *left, *after), nanoseconds)


def _way(kind: str, first: tuple[Labels, ...], second: tuple[Labels, ...], made: Labels, cost: float) -> Way:
    return Way(kind, False, first, second, made, cost)  # noqa: FBT003 - a column


def _filled(groups: tuple[Labels, ...]) -> tuple[Labels, ...]:
    """Return the groups of a matrix, or of a vector, which has one axis only."""
    return tuple(g for g in groups if g)


def _is_folded(*groups: Labels) -> bool:
    return any(len(g) > 1 for g in groups)


def _work(products: int, packed: float, count: int) -> float:
    """Return what some products of matrices of one size cost."""
    return CALL + START * count + WORK * products + (packed if products > SMALL * count else 0)


def _moved(labels: Labels, groups: Sequence[Labels], sizes: Mapping[int, int]) -> float:
    """Return what it costs to bring an array into two groups of axes, which may stand in either order."""
    one, other = groups
    if labels == (*one, *other):
        return 0
    return TURN if labels == (*other, *one) else FOLD + MOVE * _entries(labels, sizes)


def _stacked(labels: Labels, batch: Labels, groups: Sequence[Labels], sizes: Mapping[int, int]) -> float:
    """Return what it costs that an array is a stack of matrices: nothing where BLAS can step over the batch."""
    whole = [g for g in groups if g]
    is_whole = all(are_adjacent(labels, g) for g in whole)
    if is_whole and any(labels[-1] == g[-1] for g in whole):
        return 0 if labels == (*batch, *(n for g in groups for n in g)) else TURN
    return FOLD + MOVE * _entries(labels, sizes)


def are_adjacent(labels: Labels, group: Labels) -> bool:
    """Tell whether some labels stand side by side in this order."""
    places = [labels.index(n) for n in group]
    return all(q == p + 1 for p, q in pairwise(places))


def _entries(labels: Iterable[int], sizes: Mapping[int, int]) -> int:
    return prod(sizes[n] for n in labels)
