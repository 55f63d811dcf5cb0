"""The order in which the factors of a product are contracted, chosen by opt_einsum's searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opt_einsum.paths import DynamicProgramming, greedy, optimal

OPTIMAL = 5  # up to here every order is tried, outer products included
DYNAMIC = 10  # up to here dynamic programming is fast on any network
CHAIN = 40  # up to here it is fast on a chain


def contraction_order(
    operands: Sequence[frozenset[int]], out: frozenset[int], sizes: Mapping[int, int]
) -> list[tuple[int, int]]:
    """Return the pairs to contract.  Operands count from 0; the result of each pair gets the next number."""
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
