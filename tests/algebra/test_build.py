"""The makers: what is equal is one object, and the laws that need no search are applied."""

import pickle
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einsdiff.algebra import build
from einsdiff.algebra.build import add, delta, epsilon, is_zero, multiply, number, power, product, subtract, tensor
from einsdiff.algebra.nodes import Axis, Count
from einsdiff.simplify.normal_form import normal_form


def x(i):
    return tensor("x", (i,))


def A(i, j):
    return tensor("A", (i, j))


def B(i, j):
    return tensor("B", (i, j))


def test_names_of_bound_wires_and_order_of_factors_do_not_matter() -> None:
    one = multiply(x("i"), A("i", "j"), x("j"), bound={"i", "j"})
    two = multiply(A("k", "l"), x("l"), x("k"), bound={"k", "l"})
    assert one.node is two.node


def test_the_trace_of_a_cycle_is_one_object_wherever_it_begins() -> None:
    one = multiply(A(1, 2), B(2, 3), A(3, 4), B(4, 1), bound={1, 2, 3, 4})
    two = multiply(B(1, 2), A(2, 3), B(3, 4), A(4, 1), bound={1, 2, 3, 4})
    assert one == two
    assert one != multiply(A(1, 2), A(2, 3), B(3, 4), B(4, 1), bound={1, 2, 3, 4})


def test_delta_makes_two_wires_one() -> None:
    found = multiply(delta("i", "k", Axis("x", 0)), A("i", "j"), x("j"), bound={"i", "j"})
    assert found == multiply(A("k", "m"), x("m"), bound={"m"})
    trace = multiply(delta("i", "j", "n"), delta("i", "j", "n"), bound={"i", "j"})
    assert trace.node is Count("n")


def test_symmetries_of_parts_are_used() -> None:
    even, odd = add(A("i", "j"), A("j", "i")), subtract(A("i", "j"), A("j", "i"))
    assert is_zero(subtract(even, build.rename(even, {"i": "j", "j": "i"})))
    assert is_zero(multiply(odd, x("i"), x("j"), bound={"i", "j"}))
    assert is_zero(multiply(epsilon("ijk"), x("i"), x("j"), bound={"i", "j"}))
    S = [tensor("S", order, ["symmetric"]) for order in ("ij", "ji")]
    assert is_zero(subtract(*S))
    K = [tensor("K", order, ["skew"]) for order in ("ij", "ji")]
    assert is_zero(add(*K))


ORDERS = list(permutations("ijk"))
SIGNED = st.dictionaries(st.sampled_from(ORDERS), st.sampled_from([1, -1, 2]), min_size=1)


@settings(max_examples=300, deadline=None)
@given(SIGNED, st.permutations("ijk"), st.randoms())
def test_a_sum_is_one_object_whatever_its_wires_are_called(signs, names, random) -> None:
    # where exchanging wires changes the sign alone, too: A_ijk - A_jik
    one = build.total([(c, tensor("A", order), False) for order, c in signs.items()])
    new = dict(zip("ijk", names, strict=True))
    terms = [(c, tensor("A", [new[w] for w in order]), False) for order, c in signs.items()]
    random.shuffle(terms)
    two = build.total(terms)
    assert one.node is two.node
    assert is_zero(subtract(build.rename(one, new), two))


def part(kind, wires):
    """Return a factor with a symmetry or none: A_ij, A_ij - A_ji, A_ij + A_ji, (A_ij - A_ji)^2, S_ij, K_ij, ε_ijk."""
    i, j, k = wires
    match kind:
        case "epsilon":
            return epsilon(wires)
        case "tensor":
            return A(i, j)
        case "symmetric" | "skew":
            return tensor(kind[:2], (i, j), [kind])
        case "square":
            return power(subtract(A(i, k), A(k, i)), 2)
        case _:
            return {"+": add, "-": subtract}[kind](A(j, k), A(k, j))


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["epsilon", "tensor", "symmetric", "skew", "square", "+", "-"]),
        st.permutations(range(4)).map(lambda p: p[:3]),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(PARTS, st.sets(st.integers(0, 3)), st.permutations("abcd"), st.randoms())
def test_a_product_is_one_object_whatever_its_wires_are_called(kinds, bound, names, random) -> None:
    one = multiply(*(part(kind, wires) for kind, wires in kinds), bound=bound)
    again = [part(kind, [names[w] for w in wires]) for kind, wires in kinds]
    random.shuffle(again)
    two = multiply(*again, bound={names[w] for w in bound})
    assert one.node is two.node
    assert is_zero(subtract(build.rename(one, dict(enumerate(names))), two))


def test_a_bound_wire_never_captures_a_free_one() -> None:
    inner = multiply(A("i", "j"), x("j"), bound={"j"})
    outer = multiply(inner, x("j"))
    assert set(outer.wires) == {"i", "j"}
    assert build.contract(outer, ()) == outer
    assert normal_form(outer) == multiply(A("i", "k"), x("k"), x("j"), bound={"k"})


@pytest.mark.parametrize(
    ("first", "second", "joins"),
    [(2, Fraction(1, 2), False), (3, 2, True), (Fraction(1, 2), 2, True), (-1, Fraction(1, 2), True)],
)
def test_powers_of_powers_join_only_where_that_is_right(first, second, joins) -> None:
    found = power(power(x("i"), first), second)
    assert (found == power(x("i"), first * second)) is joins


def test_coefficients_are_exact() -> None:
    third = product([(number(3), -1, False), (x("i"), 1, False)])
    assert is_zero(subtract(add(third, third, third), x("i")))
    assert build.number(Fraction(4, 2)) == build.number(2)


def test_closed_factors_are_split_from_a_product() -> None:
    found = multiply(x("i"), x("i"), x("j"), x("j"), bound={"i", "j"})
    assert found == power(multiply(x("k"), x("k"), bound={"k"}), 2)


def test_division_by_an_exact_zero_is_refused() -> None:
    with pytest.raises(build.DivisionByZeroError):
        power(subtract(x("i"), x("i")), -1)


def test_entries_pickle_by_parts_and_are_interned_again() -> None:
    entry = multiply(x("i"), A("i", "j"), bound={"i"})
    assert pickle.loads(pickle.dumps(entry)).node is entry.node


def test_ones_are_left_on_a_diagonal_on_which_nothing_depends() -> None:
    sizes = {"i": Axis("x", 0), "j": Axis("x", 0)}
    far = build.apply("exp", subtract(build.spread(x("i"), sizes), build.spread(x("j"), sizes)))
    near = multiply(far, delta("i", "j", Axis("x", 0)), bound={"j"})
    assert near == multiply(build.apply("exp", number(0)), build.ones("i", Axis("x", 0)))
    assert near.wires == ("i",)
