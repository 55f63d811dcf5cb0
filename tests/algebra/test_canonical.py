"""Equal products are one node, however their factors stand and their indices are called, however much is alike."""

import random
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einsdiff.algebra import build
from einsdiff.algebra.build import add, multiply, scale, tensor

RULES = {"S": ("symmetric",), "K": ("skew",)}


def factor(name, wires):
    return build.epsilon(wires) if name == "ε" else tensor(name, wires, RULES.get(name, ()))


def shuffled(factors, bound, seed):
    """The product with its factors in another order and its indices called otherwise."""
    draw = random.Random(seed)
    wires = sorted({w for _, ws in factors for w in ws})
    names = dict(zip(wires, draw.sample(range(len(wires)), len(wires)), strict=True))
    order = draw.sample(factors, len(factors))
    return multiply(*(factor(n, tuple(names[w] for w in ws)) for n, ws in order), bound={names[w] for w in bound})


def ring(name, n):
    return [(name, (k, (k + 1) % n)) for k in range(n)]


def grid(n):
    at = {(a, b): n * a + b for a in range(n) for b in range(n)}
    down = [("S", (k, at[a + 1, b])) for (a, b), k in at.items() if a + 1 < n]
    return down + [("S", (k, at[a, b + 1])) for (a, b), k in at.items() if b + 1 < n]


def torus(steps):
    """The graph on 4 by 4 places with an edge for each of the steps: rooks, or Shrikhande's."""
    places = [(a, b) for a in range(4) for b in range(4)]
    near = [((a, b), (c, d)) for (a, b), (c, d) in combinations(places, 2) if ((c - a) % 4, (d - b) % 4) in steps]
    return [("S", (4 * a + b, 4 * c + d)) for (a, b), (c, d) in near]


ROOKS = torus({(0, k) for k in (1, 2, 3)} | {(k, 0) for k in (1, 2, 3)})
SHRIKHANDE = torus({(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)})
PETERSEN = [("S", p) for k in range(5) for p in ((k, (k + 1) % 5), (k, k + 5), (k + 5, (k + 2) % 5 + 5))]

# fmt: off
NETWORKS = {
    # A ⊗ A ⊗ …, with all indices free
    "40 matrices":             ([("A", (2 * k, 2 * k + 1)) for k in range(40)],               False),
    "40 vectors":              ([("x", (k,)) for k in range(40)],                             False),
    "20 symmetric matrices":   ([("S", (2 * k, 2 * k + 1)) for k in range(20)],               False),
    "20 skew matrices":        ([("K", (2 * k, 2 * k + 1)) for k in range(20)],               False),
    "8 ε":                     ([("ε", (3 * k, 3 * k + 1, 3 * k + 2)) for k in range(8)],     False),
    "two ε with 6 indices":    ([("ε", tuple(range(6))), ("ε", tuple(range(3, 9)))],          False),
    "15 pieces of two":        ([(n, (k, k + far)) for k in range(15) for n, far in (("A", 20), ("S", 40))], False),
    "a complete graph":        ([("S", p) for p in combinations(range(8), 2)],                False),
    "Petersen's, free":        (PETERSEN,                                                     False),
    # tr(A A …) and others without free indices
    "a ring of 20":            (ring("A", 20),                                                True),
    "a symmetric ring of 20":  (ring("S", 20),                                                True),
    "a skew ring of 20":       (ring("K", 20),                                                True),
    "a grid of 6 by 6":        (grid(6),                                                      True),
    "a complete graph, bound": ([("S", p) for p in combinations(range(9), 2)],                True),
    "Petersen's":              (PETERSEN,                                                     True),
    "rooks":                   (ROOKS,                                                        True),
    "Shrikhande's":            (SHRIKHANDE,                                                   True),
    "a cube in 5 dimensions":  ([("S", (a, a ^ 1 << k)) for a in range(32) for k in range(5) if not a & 1 << k], True),
    "a chain of 30":           ([("A", (k, k + 1)) for k in range(30)],                       True),
}
# fmt: on


@pytest.mark.parametrize("name", NETWORKS)
def test_much_that_is_alike_is_one_node_in_any_order(name: str) -> None:
    factors, closed = NETWORKS[name]
    bound = {w for _, ws in factors for w in ws} if closed else ()
    found = [shuffled(factors, bound, seed) for seed in range(3)]
    assert found[0].node is found[1].node is found[2].node


SMALL = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("ASK"), st.tuples(st.integers(0, 4), st.integers(0, 4))),
        st.tuples(st.just("x"), st.tuples(st.integers(0, 4))),
        st.tuples(st.just("ε"), st.permutations(range(5)).map(lambda p: tuple(p[:3]))),
    ),
    min_size=1,
    max_size=6,
)


@given(SMALL, st.sets(st.integers(0, 4)), st.integers(0, 2**32))
def test_any_small_product_is_one_node_in_any_order(factors: list, bound: set[int], seed: int) -> None:
    bound &= {w for _, ws in factors for w in ws}
    assert shuffled(factors, bound, seed).node is shuffled(factors, bound, seed + 1).node


def test_networks_that_refinement_cannot_tell_apart_are_told_apart() -> None:
    rooks, other = (shuffled(f, range(16), 0) for f in (ROOKS, SHRIKHANDE))
    assert rooks.node is not other.node
    six, three = ring("S", 6), ring("S", 3) + [(n, (a + 3, b + 3)) for n, (a, b) in ring("S", 3)]
    assert shuffled(six, (), 0).node is not shuffled(three, (), 0).node


@given(SMALL, st.sets(st.integers(0, 4)))
def test_symmetries_of_a_product_hold_for_numbers(factors: list, bound: set[int]) -> None:
    wires = sorted({w for _, ws in factors for w in ws})
    free = [w for w in wires if w not in bound]
    found = multiply(*(factor(n, ws) for n, ws in factors), bound=set(wires) - set(free))
    draw = np.random.default_rng(5)
    given_ = {"A": draw.integers(-9, 9, (3, 3)), "x": draw.integers(-9, 9, 3)}
    given_["S"], given_["K"] = given_["A"] + given_["A"].T, given_["A"] - given_["A"].T
    given_["ε"] = np.linalg.det(np.eye(3)[np.indices((3, 3, 3)).transpose(1, 2, 3, 0)]).round().astype(int)
    operands = [part for n, ws in factors for part in (given_[n], list(ws))]
    value = np.einsum(*operands, free)
    if build.is_zero(found):
        assert not value.any()
        return
    place = [free.index(w) for w in found.wires]
    value = value.transpose(place)
    for p, sign in build.symmetries_of(found.node):
        assert (value.transpose(p) == sign * value).all(), (p, sign)


def test_a_difference_that_an_exchange_turns_around_is_one_node() -> None:
    one = build.subtract(tensor("A", ("i", "j")), tensor("A", ("j", "i")))
    two = build.subtract(tensor("A", ("j", "i")), tensor("A", ("i", "j")))
    assert one.node is two.node
    assert one == scale(-1, two) or one.wires == two.wires[::-1]


def test_the_derivative_of_a_sum_over_all_orders_is_one_node() -> None:
    """Σ_p δ_{i p(j)} …: each term has many symmetries, and no wire stands out."""

    def found(names: str, seed: int) -> build.Entry:
        ties = [
            multiply(*(build.delta(a, b, "n") for a, b in zip(names[:4], p, strict=True)))
            for p in permutations(names[4:])
        ]
        return add(*random.Random(seed).sample(ties, len(ties)))

    assert found("ijklabcd", 0).node is found("dkabijlc", 1).node
