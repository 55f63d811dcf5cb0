"""What is large, deep or much alike is answered soon, or refused by name."""

import pytest

import einsdiff as ed


def nest(layers: int) -> str:
    """u + u² in itself, so many times."""
    lines = ["x : vector(n)", *(f"u{k + 1} = u{k} + u{k} .* u{k}" for k in range(layers)), f"s = sum(u{layers})"]
    return "; ".join(lines).replace("u0", "x")


@pytest.mark.parametrize("count", [12, 20, 30])
def test_the_kronecker_product_of_many_equal_matrices_is_read_and_written(count: int) -> None:
    f = ed.parse(" ⊗ ".join(["A"] * count))
    assert len(f.indices) == 2 * count
    assert f.index().count("A") == count
    if count == 12:
        assert f == ed.parse(" ⊗ ".join(["A"] * count))


def test_a_trace_of_many_equal_matrices_is_the_same_wherever_it_begins() -> None:
    f = ed.parse("tr(" + " ".join(["A"] * 20) + ")")
    assert f.matrix() == "tr(A²⁰)" or f.matrix().count("A") == 20
    ring = [f"A_{{i{k} i{(k + 1) % 20}}}" for k in range(20)]
    assert ed.parse("y = " + " ".join(ring[7:] + ring[:7])) == ed.parse("y = " + " ".join(ring[::-1]))


@pytest.mark.parametrize(("layers", "length"), [(5, 900), (8, 1500), (16, 4000)])
def test_the_hessian_of_a_nest_grows_with_its_layers_and_not_faster(layers: int, length: int) -> None:
    h = ed.diff(nest(layers), "x", "x")
    assert len(h.index()) < length
    assert len(h.matrix()) < length


def test_a_nest_and_its_expansion_are_one_formula() -> None:
    assert ed.parse(nest(3)) == ed.parse("x : vector(n); v = x + x.^2; w = v + v.*v; s = sum(w) + sum((w.*w))")


# fmt: off
HUGE = (
    # text                      its matrix form
    ("y_i = 2^(10^9) x_i",       "2^1000000000 x"),
    ("y_i = 3^100000 x_i",       "3^100000 x"),
    ("y_i = x_i^(10^6)",         "x.^1000000"),
)
# fmt: on


@pytest.mark.parametrize(("text", "wanted"), HUGE)
def test_a_huge_power_stays_a_power(text: str, wanted: str) -> None:
    assert ed.parse(text).matrix(spelling="plain") == wanted


def test_powers_of_powers_of_long_numbers_stay_powers() -> None:
    base = "9" * 300
    assert ed.parse(f"y = (({base})^4000)^4000 x").index() == f"y_i = {base}^16000000 x_i"


def test_a_number_that_cannot_be_written_out_is_refused() -> None:
    numbers = " * ".join(f"{k}{'7' * 390}" for k in range(1, 13))
    with pytest.raises(ed.EinsdiffError, match="more than 4300 digits"):
        ed.parse(f"y = {numbers} x + z")


def test_terms_of_einsum_do_not_write_out_parts_that_stand_exponentially_often() -> None:
    text = "u0_i = x_i; " + "; ".join(f"u{k + 1}_i = u{k}_i + sin(u{k}_i)" for k in range(30)) + "; s = sum_i(u30_i)"
    f = ed.parse(text)
    assert len(f.index()) < 1000
    with pytest.raises(ed.EinsdiffError, match="operands are too long"):
        f.einsum()


def test_a_matrix_form_is_not_searched_for_thousands_of_parts() -> None:
    layers = [f"u{k + 1}_i = u{k}_i sin(u{k}_i)" for k in range(12)]
    h = ed.diff("; ".join(["u0_i = x_i", *layers, "s = sum_i(u12_i)"]), "x", "x")
    with pytest.raises(ed.NoMatrixForm, match="no matrix form is searched for"):
        h.matrix()


def test_products_of_more_factors_than_numpy_takes_are_compared() -> None:
    product = " ".join(f"(x + {k})" for k in range(70))
    assert ed.check(f"{product} = {product}").holds
    assert not ed.check(f"{product} = 2 ({product})").holds
