"""Groups of permutations with signs, against all their members."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einsdiff.algebra.groups import WHOLE, chain, even, generate, smallest
from einsdiff.algebra.nodes import Symmetry


def swaps(rank, sign=1):
    """Exchanges of neighbours: they generate all orders, and strongly."""
    return tuple(Symmetry((*range(k), k + 1, k, *range(k + 2, rank)), sign) for k in range(rank - 1))


def pairs(count):
    """Exchanges of neighbouring pairs of axes: A_ij A_kl A_mn …"""
    blocks = [(2 * k, 2 * k + 1) for k in range(count)]
    found = []
    for k in range(count - 1):
        moved = [*blocks[:k], blocks[k + 1], blocks[k], *blocks[k + 2 :]]
        found.append(Symmetry(tuple(axis for block in moved for axis in block), 1))
    return tuple(found)


def members(generators, rank):
    """All products, by closure."""
    known = {tuple(range(rank)): 1}
    frontier = [*known]
    for p in frontier:
        for q, sign in generators:
            composed = tuple(p[k] for k in q)
            if composed not in known:
                known[composed] = known[p] * sign
                frontier.append(composed)
    return known


GROUPS = {
    "all orders of 4": (swaps(4), 4),
    "all orders of 6": (swaps(6), 6),
    "ε with 6 indices": (swaps(6, -1), 6),
    "four pairs": (pairs(4), 8),
    "six pairs": (pairs(6), 12),
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_has_as_many_members_as_its_levels_say(name: str) -> None:
    generators, rank = GROUPS[name]
    known = members(generators, rank)
    order = 1
    for _, carried in chain(generate(generators, rank)):
        order *= len(carried)
    assert order == len(known)
    assert all(known[p] == sign for p, sign in generate(generators, rank))


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_has_one_spelling(name: str) -> None:
    generators, rank = GROUPS[name]
    known = members(generators, rank)
    found = generate(generators, rank)
    assert generate([Symmetry(p, s) for p, s in known.items()], rank) == found
    assert (len(found) == len(known) - 1) == (len(known) <= WHOLE)


@given(st.sampled_from(sorted(GROUPS)), st.data())
def test_the_smallest_labels_are_those_of_all_members(name: str, data: st.DataObject) -> None:
    generators, rank = GROUPS[name]
    labels = tuple(data.draw(st.lists(st.integers(0, rank), min_size=rank, max_size=rank)))
    images = {}
    for p, sign in members(generators, rank).items():
        images.setdefault(tuple(labels[k] for k in p), set()).add(sign)
    wanted = 0 if any(len(signs) > 1 for signs in images.values()) else images[min(images)].pop()
    found, sign = smallest(labels, generate(generators, rank))
    assert sign == wanted
    assert found == min(images) or not wanted


@pytest.mark.parametrize("rank", [3, 5, 6, 7])
def test_even_members_of_a_skew_group_are_a_group(rank: int) -> None:
    found = even(generate(swaps(rank, -1), rank))
    wanted = {p for p, sign in members(swaps(rank, -1), rank).items() if sign > 0}
    assert set(members(found, rank)) == wanted


def test_orders_of_forty_axes_are_not_enumerated() -> None:
    found = generate(swaps(40), 40)
    assert found == tuple(sorted(swaps(40)))
    assert smallest(tuple(range(40, 0, -1)), found) == (tuple(range(1, 41)), 1)
    assert smallest((1,) * 40, generate(swaps(40, -1), 40))[1] == 0


def test_permutations_of_three_by_hand() -> None:
    assert generate(swaps(3), 3) == tuple(Symmetry(p, 1) for p in [*permutations(range(3))][1:])
