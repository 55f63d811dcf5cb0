"""Results whose axes are ordered and folded by a layout: shapes, memory, source, zeros, sizes of 0 and 1."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

import einsdiff as ed
from tests.layout_entries import CASES, NAMES, Index, placed, places, random, unit


@pytest.mark.parametrize(
    ("formula", "shape"),
    [("s = a_i a_i", (1, 1)), ("y_i = 2 a_i", (5, 1)), ("Y_ij = a_i b_j", (5, 3)), ("s = 3", (1, 1))],
)
@pytest.mark.parametrize("name", NAMES)
def test_an_expression_that_is_no_derivative_is_itself(name: str, formula: str, shape: Index) -> None:
    f = ed.parse(formula)
    inputs = {"a": random(5), "b": random(3)}
    given_inputs = {n: inputs[n] for n in f.inputs}
    plain = f.compile()(**given_inputs)
    np.testing.assert_array_equal(f.compile(layout=name)(**given_inputs), plain)
    matrix = f.compile(layout=name, as_matrix=True)(**given_inputs)
    assert matrix.shape == shape
    np.testing.assert_array_equal(matrix, plain.reshape(shape))


def test_a_tensor_with_three_axes_is_no_matrix() -> None:
    f = ed.parse("T_ijk = A_ij b_k")
    with pytest.raises(ed.NoMatrixForm, match="a tensor with 3 axes is no matrix"):
        f.compile(as_matrix=True)
    assert f.compile(layout="vec")(A=random(2, 3), b=random(5)).shape == (2, 3, 5)


def test_products_with_vectors_are_expressions_like_others() -> None:
    f = ed.parse("y_i = A_ij sin(x_j)")
    inputs = {"A": random(2, 3), "x": random(3)}
    assert ed.jvp(f, "x", "v").compile(layout="vec")(**inputs, v=random(3)).shape == (2,)
    assert ed.vjp(f, "x", "u").compile(layout="numerator", as_matrix=True)(**inputs, u=random(2)).shape == (3, 1)


def test_several_results_are_folded_each_by_itself() -> None:
    f = ed.parse("y_i = A_ij sin(x_j)")
    inputs = {"A": random(2, 3), "x": random(3)}
    jacobian, hessian = ed.diff(f, "x"), ed.diff(f, "x", "x")
    y, J, again, H, by_A = ed.compile(f, jacobian, jacobian, hessian, ed.diff(f, "A"), layout="vec")(**inputs)
    assert [a.shape for a in (y, J, again, H, by_A)] == [(2,), (2, 3), (2, 3), (6, 3), (2, 6)]
    assert not np.shares_memory(J, again)
    columns = ed.compile(f, jacobian, layout="denominator", as_matrix=True)(**inputs)
    assert [a.shape for a in columns] == [(2, 1), (3, 2)]
    with pytest.raises(ed.NoMatrixForm):
        ed.compile(f, hessian, as_matrix=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("formula", ["y_i = A_ij x_j", "y_j = x_j t", "s = x_j x_j", "Y_ij = A_ij t"])
def test_a_result_never_shares_memory_with_an_input(name: str, formula: str) -> None:
    known = {"A": random(2, 3), "x": random(3), "t": random()}
    f = ed.parse(formula)
    inputs = {n: known[n] for n in f.inputs}
    for by in f.inputs:
        g = ed.diff(f, by)
        matrices = [] if len(g.wires) > 2 and name not in ("vec", "vetter") else [True]
        for as_matrix in (False, *matrices):
            result = g.compile(layout=name, as_matrix=as_matrix)(**inputs)
            assert not any(np.shares_memory(result, a) for a in inputs.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_the_source_stands_alone_and_is_told_before_any_array_is_seen(name: str, case: str) -> None:
    formula, by, _, inputs = CASES[case]
    function = ed.diff(formula, by).compile(layout=name)
    early = function.source
    found = function(**inputs)
    for text in (early, function.source):
        scope: dict[str, object] = {}
        exec(text, scope)
        program = scope["program"]
        assert callable(program)
        used = set(re.findall(r"\w+", text.split("def program(*, ")[1].split("):")[0]))
        np.testing.assert_allclose(program(**{n: a for n, a in inputs.items() if n in used}), found, rtol=1e-12)


def test_the_source_says_which_axes_are_folded() -> None:
    source = ed.diff("Y = A X B", "X").compile(layout="vec").source
    assert "∂Y_ij/∂X_kl: (l·i, k·j)" in source
    assert "∂s/∂x_j: (1, i)" in ed.diff("s = x_i x_i", "x").compile(layout="vec").source
    declared = ed.diff("A : matrix(2, 3); X : matrix(3, 5); Y_ik = A_ij X_jk", "X").compile(layout="vec").source
    assert ".reshape(5 * 2, 5 * 3)" in declared


def test_the_plan_tells_the_shape_of_the_folded_result() -> None:
    function = ed.diff("Y = A X B", "X").compile(layout="vetter")
    function(A=random(2, 3), X=random(3, 5), B=random(5, 7))
    assert str(function.plan).endswith("results:     6 × 35")


@pytest.mark.parametrize("name", NAMES)
def test_identities_and_zeros_are_laid_out(name: str) -> None:
    X = random(3, 5)
    identity = ed.diff("Y_ji = X_ij", "X").compile(layout=name)(X=X)
    d = {(i, j): unit((5, 3), (j, i)) for i, j in places((3, 5))}
    np.testing.assert_array_equal(identity, placed(name, d, (3, 5)))
    nothing = ed.diff("y_i = A_ij x_j", "x", "x").compile(layout=name)(A=random(2, 3), x=random(3))
    assert nothing.shape == {"vec": (6, 3), "vetter": (18, 1), "denominator": (3, 3, 2), "sympy": (3, 3, 2)}.get(
        name, (2, 3, 3)
    )
    assert not nothing.any()


@pytest.mark.parametrize("sizes", list(product((0, 2), (0, 3), (0, 5), (0, 7)))[:-1])
@pytest.mark.parametrize("name", NAMES)
def test_sizes_of_zero_are_kept(name: str, sizes: Index) -> None:
    m, n, q, p = sizes
    inputs = {"A": random(m, n), "X": random(n, q), "B": random(q, p)}
    wanted = {
        "mixed": (m, p, n, q), "numerator": (m, p, q, n), "denominator": (n, q, p, m), "sympy": (n, q, m, p),
        "vec": (m * p, n * q), "vetter": (n * m, q * p),
    }  # fmt: skip
    found = ed.diff("Y_il = A_ij X_jk B_kl", "X").compile(layout=name)(**inputs)
    assert found.shape == wanted[name]
    assert not found.any()


def test_sizes_of_one_are_kept() -> None:
    g = ed.diff("y_i = A_ij x_j", "x")
    for name in NAMES:
        wanted = (3, 1) if name in ("denominator", "sympy", "vetter") else (1, 3)
        assert g.compile(layout=name, as_matrix=True)(A=random(1, 3), x=random(3)).shape == wanted


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_the_dtype_stays(dtype: type) -> None:
    inputs = {"A": random(2, 3).astype(dtype), "X": random(3, 5).astype(dtype), "B": random(5, 7).astype(dtype)}
    g = ed.diff("Y_il = A_ij X_jk B_kl", "X")
    for name in NAMES:
        assert g.compile(layout=name)(**inputs).dtype == dtype


def test_the_second_call_takes_the_quick_way_and_gives_the_same() -> None:
    function = ed.diff("Y_il = A_ij X_jk B_kl", "X").compile(layout="vec")
    inputs = {"A": random(2, 3), "X": random(3, 5), "B": random(5, 7)}
    first = function(**inputs)
    np.testing.assert_array_equal(function(**inputs), first)
    other = function(A=random(4, 3), X=random(3, 2), B=random(2, 6))
    assert other.shape == (24, 6)
