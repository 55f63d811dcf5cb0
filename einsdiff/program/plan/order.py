"""The order in which the factors of a product are contracted.

Matrices and vectors can be contracted as they lie: opt_einsum's searches find the fewest operations.  With more axes it
counts too what has to be moved: all orders of a few factors are compared, each result in the axes that it has then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce
from itertools import combinations
from math import prod
from typing import NamedTuple

from opt_einsum.paths import DynamicProgramming, greedy, optimal

from einsdiff.algebra.nodes import Labels
from einsdiff.program.plan import pairing

OPTIMAL = 5  # up to here every order is tried, outer products included
DYNAMIC = 10  # up to here dynamic programming is fast on any network
FLAT = 2  # axes that are contracted as they lie
KEPT = 3  # so many orders of axes of a part are looked at further
CHAIN = 40  # up to here it is fast on a chain


def arranged_order(
    operands: Sequence[Labels], out: Collection[int], prefer: Labels, sizes: Mapping[int, int]
) -> list[tuple[int, int]]:
    """Return the pairs to contract, as `contraction_order` does; `prefer` is a wish for the order of the result."""
    is_flat = max(len(out), *map(len, operands)) <= FLAT
    if is_flat or not 2 < len(operands) <= OPTIMAL:
        return contraction_order([frozenset(labels) for labels in operands], frozenset(out), sizes)
    found = _parts(operands, frozenset(out), sizes)[2 ** len(operands) - 1]
    entries = reduce(int.__mul__, (sizes[n] for n in found[0].labels), 1)
    best = min(found, key=lambda p: p.cost + pairing.MOVE * entries * (bool(prefer) and p.labels != _ranked(p, prefer)))
    pairs: list[tuple[int, int]] = []
    _number(best, len(operands), pairs)
    return pairs


class Part(NamedTuple):
    """The product of some operands: what it costs, the order of its axes, and the two parts that it is made of."""

    cost: float
    labels: Labels
    halves: tuple[Part, Part] | None
    number: int = -1


def _ranked(part: Part, prefer: Labels) -> Labels:
    return tuple(n for n in prefer if n in part.labels)


def _number(part: Part, count: int, pairs: list[tuple[int, int]]) -> int:
    """Note the pairs of a part and of its halves, and return its number."""
    if part.halves is None:
        return part.number
    a, b = (_number(half, count, pairs) for half in part.halves)
    pairs.append((a, b))
    return count + len(pairs) - 1


def _parts(operands: Sequence[Labels], out: frozenset[int], sizes: Mapping[int, int]) -> dict[int, list[Part]]:
    """Return the best products of each set of operands, one for each order of axes; the bits of a number are a set."""
    count = len(operands)
    parts = {1 << k: [Part(0, labels, None, k)] for k, labels in enumerate(operands)}
    for whole in range(1, 2**count):
        if whole in parts:
            continue
        others = [labels for k, labels in enumerate(operands) if not whole >> k & 1]
        kept = out.union(*others)
        found: dict[Labels, Part] = {}
        half = (whole - 1) & whole
        while half > whole ^ half:
            for a in parts[half]:
                for b in parts[whole ^ half]:
                    for cost, labels in _products(a.labels, b.labels, kept, sizes):
                        part = Part(a.cost + b.cost + cost, labels, (a, b))
                        if labels not in found or part.cost < found[labels].cost:
                            found[labels] = part
            half = (half - 1) & whole
        parts[whole] = sorted(found.values(), key=lambda p: p.cost)[:KEPT]
    return parts


def _products(a: Labels, b: Labels, kept: frozenset[int], sizes: Mapping[int, int]) -> Iterator[tuple[float, Labels]]:
    """Return what the product of two arrays costs, for each order of axes that it can have."""
    left, right = tuple(n for n in a if n not in b), tuple(n for n in b if n not in a)
    out = tuple(n for n in (*a, *right) if n in kept)
    if len(out) == len(a) + len(right):
        for order in dict.fromkeys((out, left + b, right + a, b + left)):
            yield pairing.entrywise([a, b], order, sizes), order
    elif left or right:
        for way in pairing.ways(a, b, out, sizes):
            yield way.cost, way.made
    else:
        yield pairing.cost(a, b, out, sizes), out


def contraction_order(
    operands: Sequence[frozenset[int]], out: frozenset[int], sizes: Mapping[int, int]
) -> list[tuple[int, int]]:
    """Return the pairs to contract.  Operands count from 0; the result of each pair gets the next number."""
    found = _components(operands, out) if len(operands) > OPTIMAL else []
    if len(found) <= 1:
        return _connected_order(operands, out, sizes)
    pairs: list[tuple[int, int]] = []
    made: list[tuple[int, frozenset[int]]] = []
    for members in found:
        numbers = list(members)
        for a, b in _connected_order([operands[k] for k in members], out, sizes):
            pairs.append((numbers[a], numbers[b]))
            numbers.append(len(operands) + len(pairs) - 1)
        made.append((numbers[-1], out & frozenset().union(*(operands[k] for k in members))))
    while len(made) > 1:  # what is multiplied entry by entry: the smallest product first
        left, right = min(combinations(made, 2), key=lambda two: prod(sizes[n] for n in two[0][1] | two[1][1]))
        pairs.append((left[0], right[0]))
        made = [part for part in made if part not in (left, right)]
        made.append((len(operands) + len(pairs) - 1, left[1] | right[1]))
    return pairs


def _components(operands: Sequence[frozenset[int]], out: frozenset[int]) -> list[list[int]]:
    """Return the numbers of the operands in sets between which no label is summed."""
    found: list[tuple[set[int], list[int]]] = []
    for k, labels in enumerate(operands):
        summed, members = set(labels - out), [k]
        for other in [part for part in found if part[0] & summed]:
            found.remove(other)
            summed |= other[0]
            members = sorted((*other[1], *members))
        found.append((summed, members))
    return [members for _, members in found]


def _connected_order(
    operands: Sequence[frozenset[int]], out: frozenset[int], sizes: Mapping[int, int]
) -> list[tuple[int, int]]:
    """Return the pairs to contract by the search that is fast on so many operands."""
    count = len(operands)
    if count <= 2:
        return [(0, 1)][: count - 1]
    numbers = {label: max(size, 1) for label, size in sizes.items()}
    if count <= OPTIMAL:
        path = optimal(list(operands), out, numbers)
    elif count <= DYNAMIC or (count <= CHAIN and _is_chain(operands)):
        path = DynamicProgramming(minimize="flops")(list(operands), out, numbers)
    else:
        path = greedy(list(operands), out, numbers)
    return _numbered(path, count)


def _is_chain(operands: Sequence[frozenset[int]]) -> bool:
    """Tell whether each label ties at most two operands and each operand is tied to at most two others."""
    holders: dict[int, list[int]] = {}
    for k, labels in enumerate(operands):
        for label in labels:
            holders.setdefault(label, []).append(k)
    neighbours: dict[int, set[int]] = {}
    for held in holders.values():
        for k in held:
            neighbours.setdefault(k, set()).update(other for other in held if other != k)
    return all(len(held) <= 2 for held in holders.values()) and all(len(n) <= 2 for n in neighbours.values())


def _numbered(path: Sequence[tuple[int, ...]], count: int) -> list[tuple[int, int]]:
    """Return a path of positions in a shrinking list as pairs of numbers that stay."""
    present = list(range(count))
    pairs = []
    for positions in path:
        taken = [present[k] for k in sorted(positions)]
        present = [number for number in present if number not in taken]
        while len(taken) > 1:
            pairs.append((taken[0], taken[1]))
            taken = [count + len(pairs) - 1, *taken[2:]]
        present += taken
    while len(present) > 1:
        pairs.append((present[0], present[1]))
        present = [*present[2:], count + len(pairs) - 1]
    return pairs
