"""The order of contractions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einsdiff.program.plan.order import contraction_order


def cost(pairs, operands, out, sizes):
    """Return how many multiplications an order takes."""
    present = dict(enumerate(operands))
    total = 0
    for number, (a, b) in enumerate(pairs, len(operands)):
        both = present.pop(a) | present.pop(b)
        steps = 1
        for label in both:
            steps *= sizes[label]
        total += steps
        rest = frozenset(out).union(*present.values())
        present[number] = both & rest
    assert len(present) == 1
    return total


def orders(count):
    """Yield every order of contracting `count` operands."""

    def below(present, number):
        if len(present) == 1:
            yield []
        for a, b in itertools.combinations(present, 2):
            rest = [*(n for n in present if n not in (a, b)), number]
            for tail in below(rest, number + 1):
                yield [(a, b), *tail]

    return below(list(range(count)), count)


@given(
    st.lists(st.frozensets(st.integers(0, 4), min_size=1, max_size=3), min_size=1, max_size=4),
    st.frozensets(st.integers(0, 4), max_size=2),
)
def test_few_operands_are_contracted_at_least_cost(operands, out):
    out &= frozenset().union(*operands)
    sizes = dict(enumerate((2, 3, 5, 7, 11)))
    best = min((cost(o, operands, out, sizes) for o in orders(len(operands))), default=0)
    assert cost(contraction_order(operands, out, sizes), operands, out, sizes) <= 2 * best


@pytest.mark.parametrize("count", [1, 2, 3, 6, 12, 30, 60, 300])
def test_a_chain_of_any_length_ends_in_one_result(count):
    operands = [frozenset((k, k + 1)) for k in range(count)]
    sizes = {k: 2 + k % 7 for k in range(count + 1)}
    pairs = contraction_order(operands, frozenset((0, count)), sizes)
    assert len(pairs) == count - 1
    cost(pairs, operands, {0, count}, sizes)


def test_a_chain_is_multiplied_from_the_side_of_the_vector():
    operands = [frozenset((k, k + 1)) for k in range(9)] + [frozenset((9,))]
    sizes = dict.fromkeys(range(10), 100)
    assert cost(contraction_order(operands, frozenset((0,)), sizes), operands, {0}, sizes) == 9 * 100**2


def test_axes_of_size_zero_do_not_disturb_the_search():
    operands = [frozenset((0, 1)), frozenset((1, 2)), frozenset((2, 3))]
    assert len(contraction_order(operands, frozenset((0, 3)), dict.fromkeys(range(4), 0))) == 2


def test_only_the_last_product_has_all_axes_of_the_result():
    # the Hessian of a net of two layers: t_i t_k x_j x_l W_mi W_nk u_m u_n V_pm V_pn
    operands = [frozenset(labels) for labels in ("i", "k", "j", "l", "mi", "nk", "m", "n", "pm", "pn")]
    sizes = dict.fromkeys("ijklmnp", 30)
    pairs = contraction_order(operands, frozenset("ijkl"), sizes)
    assert cost(pairs, operands, "ijkl", sizes) < 1.5 * 30**4
    assert len(pairs) == len(operands) - 1
