"""What is large, deep or much alike is answered soon, or refused by name."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.algebra import arithmetic, walk
from einsdiff.calculus.laws import differential
from einsdiff.forms import writer
from einsdiff.simplify import content, normal_form
from einsdiff.verify import modular, read_back


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


def test_only_factors_that_vary_are_differentiated() -> None:
    product = ed.parse("y = " + " ".join(f"a{k}[i]" for k in range(100))).entry.node
    first = next(n for n in walk.ordered(product) if not n.below)
    assert len(differential(product, {first, product})) == 1
    assert len(differential(product, set(walk.ordered(product)))) == 100


def test_factors_that_cannot_be_opposite_are_not_subtracted(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    compared = content._sign_between
    monkeypatch.setattr(content, "_sign_between", lambda a, b: tried.append(1) or compared(a, b))
    g = ed.diff("y_i = " + " ".join(f"(a{k}[i] + x_i)" for k in range(30)), "x")
    assert g.index().count("(") == 1 + 29 * 30
    assert not tried
    opposite = ed.parse("y_i = a_i (u_i - v_i) + b_i (v_i - u_i)")
    assert opposite.index() in ("y_i = (a_i - b_i) (u_i - v_i)", "y_i = (u_i - v_i) (a_i - b_i)")


def test_a_long_chain_of_factors_is_arranged_by_looking_at_each_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[object] = []
    name_of = writer._name_of
    monkeypatch.setattr(writer, "_name_of", lambda node: names.append(node) or name_of(node))
    text = "y = x_{i0} " + " ".join(f"A_{{i{k},i{k + 1}}}" for k in range(100)) + " x_{i100}"
    assert ed.parse(text).index().count("A_") == 100
    assert len(names) < 10 * 100


def conditions(layers: int) -> str:
    """where(u > 0, u, x u) in itself, so many times."""
    steps = [f"u{k + 1} = where(u{k} > 0, u{k}, x .* u{k})" for k in range(layers)]
    return "; ".join(["x : vector(n)", *steps, f"s = sum(u{layers})"]).replace("u0", "x")


def test_many_conditions_are_no_obstacle_to_a_matrix_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_back, "are_equal", lambda _a, _b: pytest.fail("multiplied out"))
    assert ed.diff(conditions(12), "x").matrix().count("where") > 12


@pytest.mark.parametrize(
    ("left", "right", "agrees"),
    [
        ("where(a > b, c, f)", "where(a <= b, f, c)", True),
        ("where(a > b, c, f)", "where(b > a, f, c)", False),
        ("where(a > b, c, f)", "f + where(a > b, 1, 0) (c - f)", True),
        ("where(a > b, c, f)", "c + where(a > b, 1, 0) (c - f)", False),
        ("where(a == b, c, f) + where(a != b, c, f)", "c + f", True),
        ("where(a > b, c, 0) / where(a > b, 1, 0)", "c", False),
    ],
)
def test_entries_agree_in_any_case(left: str, right: str, agrees: bool) -> None:  # noqa: FBT001
    scalars = dict.fromkeys("abcf", "scalar")
    one, other = (ed.parse(f"y = {text}", declare=scalars).written for text in (left, right))
    assert modular.agree_in_any_case(one, other) is agrees


def test_the_forms_of_parts_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[object] = Counter()
    found = read_back._form

    def counted(part: read_back.Folded, *given: Any) -> object:
        asked[part] += 1
        return found(part, *given)

    monkeypatch.setattr(read_back, "_form", counted)
    ed.diff(conditions(8), "x").matrix()
    assert asked.total() < 4 * len(asked)


def test_a_formula_nested_too_deep_has_no_matrix_form() -> None:
    deep = "y_i = " + "1/(1 + " * 400 + "x_i" + ")" * 400
    with pytest.raises(ed.NoMatrixForm, match="the formula is nested 801 deep, and 100 is the limit"):
        ed.parse(deep).matrix()


def test_the_normal_form_writes_out_so_much_and_keeps_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal_form, "WORK", 40)
    entry = ed.parse("y = (a + b)^5 + (a + 2 b)^5 + (a + 3 b)^5").written
    found = normal_form.normal_form(entry)
    assert modular.agree(found, entry)
    assert found == normal_form.normal_form(entry)


def test_an_exponential_beside_a_sum_of_logsumexp_is_no_softmax() -> None:
    form = ed.parse("y_n = exp(x_n - sum_k(log(sum_j(exp(Z_kj)))))").matrix(spelling="plain")
    assert form == "exp(x - sum(log(exp(Z) ones)))"


def test_the_diagonal_of_a_nest_is_looked_at_once_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, seen = 16, Counter[object]()
    found = arithmetic._found_diagonal

    def counted(node: Any, wires: Any, **given: Any) -> Any:
        seen[node] += 1
        return found(node, wires, **given)

    monkeypatch.setattr(arithmetic, "_found_diagonal", counted)
    steps = [f"A{k + 1}_ij = exp(-A{k}_ij^2) + A{k}_ij z_i" for k in range(1, layers)]
    text = "; ".join(["A1_ij = tanh(x_i - y_j)", *steps, f"L = sum_i(A{layers}_ii)"])
    point = {"x": np.array([0.5, -0.25, 1.0]), "y": np.array([0.25, 0.75, -0.5]), "z": np.array([0.25, -0.5, 0.125])}
    found = ed.diff(text, "x", "y").compile()(**point)
    wanted = ed.diff(text.replace("_ij", "_i").replace("_ii", "_i").replace("y_j", "y_i"), "x", "y").compile()(**point)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    assert layers <= seen.total() < 5 * layers
