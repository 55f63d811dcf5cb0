"""Inputs on which other systems fail (TRAPS): values by NumPy or by hand, on pairwise different sizes."""

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.verify import differences

rng = np.random.default_rng(11)
X52, A23, A34, B45 = (rng.normal(size=s) for s in ((5, 2), (2, 3), (3, 4), (4, 5)))
a3, b3, x3, x4, y2 = (rng.normal(size=n) for n in (3, 3, 3, 4, 2))
S3 = rng.normal(size=(3, 3)) + 4 * np.eye(3)
T, F233 = rng.normal(size=(3, 5, 3)), rng.normal(size=(2, 3, 3))


def run(text: str, **inputs):
    f = ed.parse(text)
    return f.compile()(**{name: inputs[name] for name in f.inputs})


VALUES = (
    # formula                                       inputs                                      expected
    ("s = a_i a_i + 1", {"a": a3}, a3 @ a3 + 1),
    ("y_ij = a_ik b_kj + c_im d_mj", {"a": A23, "b": A34, "c": X52.T, "d": B45.T}, A23 @ A34 + X52.T @ B45.T),
    ("D_i = 2 e_i + F_ikk", {"e": y2, "F": F233}, 2 * y2 + np.einsum("ikk->i", F233)),
    ("y_i = x_i x_i x_i", {"x": x3}, x3**3),
    ("M_ij = A_ij x_i x_j", {"A": S3, "x": x3}, np.diag(x3) @ S3 @ np.diag(x3)),
    ("M_ij = δ_ij x_j", {"x": x3}, np.diag(x3)),
    ("y_i = δ_ij x_j z_j", {"x": x3, "z": a3}, x3 * a3),
    ("T_ijkl = d_ij d_kl", {"d": A23}, np.einsum("ij,kl->ijkl", A23, A23)),
    ("y_k = x_k (M_jk x_j)", {"x": x3, "M": S3}, x3 * (S3.T @ x3)),
    ("out_ki = A_ij B_jk", {"A": A23, "B": A34}, (A23 @ A34).T),
    ("out_ji = x_i y_j", {"x": x3, "y": y2}, np.outer(y2, x3)),
    ("out_ij = T_iji", {"T": T}, np.einsum("iji->ij", T)),
    ("s = a_i b_i c_i", {"a": a3, "b": b3, "c": x3}, (a3 * b3 * x3).sum()),
)  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "expected"), VALUES, ids=[v[0] for v in VALUES])
def test_a_formula_means_what_it_says(text: str, inputs: dict, expected: object) -> None:
    np.testing.assert_allclose(run(text, **inputs), expected, rtol=1e-13)


def test_the_trace_of_delta_is_the_size() -> None:
    assert ed.parse("s = δ_ii").compile(sizes={"i": 7})() == 7
    assert ed.parse("x : vector(n); s = δ_ii + 0 x_i x_i").compile(sizes={"i": 4})(x=x3) == 4


def test_an_index_that_stands_alone_is_refused_with_a_hint() -> None:
    with pytest.raises(ed.IndexMismatchError, match="j stands alone") as caught:
        ed.parse("y_i = A_ij")
    assert "sum_j(A_ij)" in str(caught.value)


def test_without_a_left_side_three_of_a_kind_are_refused() -> None:
    with pytest.raises(ed.IndexMismatchError):
        ed.parse("x_i x_i x_i")


DERIVATIVES = (
    # formula                                wrt    expected
    ("s = sqrt(x_i x_i)", "x_p", "∂s/∂x_p = x_p/sqrt(x_i x_i)"),
    ("y_i = A_ij x_j / (x_k x_k)", "x_p", "∂y_i/∂x_p = A_ip/(x_k x_k) - 2 A_ik x_k x_p/(x_j x_j)^2"),
    ("s = logdet(X)", "X_ab", "∂s/∂X_ab = inv(X)_ba"),
    ("s = 3 det(X)", "X_ab", "∂s/∂X_ab = 3 det(X) inv(X)_ba"),
    ("s = 1/det(X)", "X_ab", "∂s/∂X_ab = -inv(X)_ba/det(X)"),
    ("s = log(1 + det(X))", "X_ab", "∂s/∂X_ab = det(X) inv(X)_ba/(det(X) + 1)"),
    ("s = tr(X) + 1", "X_ab", "∂s/∂X_ab = δ_ab"),
    ("s = tr(X' X) + tr(Y' Y)", "X_ab", "∂s/∂X_ab = 2 X_ab"),
    ("s = x' A x + b", "x_p", None),
    ("s = tr(X)/tr(X A)", "X", None),
    ("s = sin(tr(X))", "X_ab", None),
    ("s = exp(-x' A x/2)", "x", None),
    ("s = tr(X .* A)", "X_ab", "∂s/∂X_ab = δ_ab A_aa"),
    ("s = tr(sin(X))", "X_ab", "∂s/∂X_ab = δ_ab cos(X_aa)"),
    ("s = tr(X^3)", "X_ab", None),
    ("s = x' (A .* B) x", "x", None),
    ("Y = diag(x) A diag(x)", "x", None),
    ("y = diag(a) x", "a", None),
    ("Y_ij = inv(X)_ij", "X_kl", "∂Y_ij/∂X_kl = -inv(X)_ik inv(X)_lj"),
    ("y_i = softmax_i(x_i)", "x_p", None),
    ("y_i = exp(x_i)/sum_k(exp(x_k))", "x_p", None),
    ("s = A_ij A_ij", "A_kl", "∂s/∂A_kl = 2 A_kl"),
    ("s = A_ii", "A_kl", "∂s/∂A_kl = δ_kl"),
    ("y_i = A_ii", "A_kl", None),
    ("Y_ij = A_iij", "A", None),
)  # fmt: skip

INPUTS = {
    "x": x3, "a": a3, "b": np.array(0.7), "X": S3, "Y": A23, "B": rng.normal(size=(3, 3)), "T": T,
}  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "expected"), DERIVATIVES, ids=[d[0] for d in DERIVATIVES])
def test_a_derivative_is_right_and_as_in_the_book(text: str, wrt: str, expected: str | None) -> None:
    declare = {"a": "vector(n)", "b": "scalar"} if " b" in text or "diag(a)" in text else {}
    g = ed.diff(ed.parse(text, declare=declare), wrt)
    if expected is not None:
        assert str(g) == expected
    inputs = dict(INPUTS, A=rng.normal(size=(3, 3, 4)) if "A_iij" in text else rng.normal(size=(3, 3)))
    inputs = {name: inputs[name] for name in g.inputs}
    wanted = differences.derivative(g.base.program.source, wrt.split("_", maxsplit=1)[0], inputs)
    np.testing.assert_allclose(g.compile()(**inputs), wanted, rtol=1e-6, atol=1e-7)


def test_the_softmax_jacobian_is_one_object_whichever_way_it_is_written() -> None:
    one, two = ed.diff("y_i = softmax_i(x_i)", "x_p"), ed.diff("y_i = exp(x_i)/sum_k(exp(x_k))", "x_p")
    assert one == two
    s = np.exp(x3) / np.exp(x3).sum()
    np.testing.assert_allclose(one.compile()(x=x3), np.diag(s) - np.outer(s, s), rtol=1e-13)


def test_the_logistic_loss_of_a_tall_matrix_has_its_hessian() -> None:
    X, w, y = rng.normal(size=(7, 3)), x3, np.sign(rng.normal(size=7))
    f = ed.parse("L = sum_n(log(1 + exp(-y_n X_ni w_i)))")
    gradient, hessian = ed.compile(ed.diff(f, "w"), ed.diff(f, "w", "w"))(X=X, w=w, y=y)
    p = 1 / (1 + np.exp(y * (X @ w)))
    np.testing.assert_allclose(gradient, -X.T @ (y * p), rtol=1e-12)
    np.testing.assert_allclose(hessian, X.T @ ((p * (1 - p))[:, None] * X), rtol=1e-12)


def test_the_hessian_of_a_quadratic_form_keeps_both_terms() -> None:
    h = ed.diff("s = x_i A_ij x_j", "x", "x")
    assert str(h) == "∂²s/∂x_k∂x_l = A_kl + A_lk"
    np.testing.assert_allclose(h.compile()(A=S3, x=x3), S3 + S3.T)


def test_symmetric_variables_in_both_meanings() -> None:
    f = ed.parse("S : matrix(n, n) symmetric\ns = x_i S_ij y_j + logdet(S)")
    S = S3 + S3.T
    free, along = ed.diff(f, "S"), ed.diff(f, "S", structured=True)
    G = np.outer(x3, a3) + np.linalg.inv(S).T
    np.testing.assert_allclose(free.compile()(S=S, x=x3, y=a3), G, rtol=1e-12)
    np.testing.assert_allclose(along.compile()(S=S, x=x3, y=a3), G + G.T - np.diag(np.diag(G)), rtol=1e-12)


def test_a_diagonal_embedding_is_emitted() -> None:
    g = ed.diff("y_i = sin(x_i)", "x")
    np.testing.assert_allclose(g.compile()(x=x4), np.diag(np.cos(x4)))


@pytest.mark.parametrize("order", ["a_i b_i c_i", "c_i a_i b_i", "b_i c_i a_i"])
def test_three_tensors_share_one_summed_index_in_any_order(order: str) -> None:
    assert ed.parse(f"s = {order}") == ed.parse("s = a_i b_i c_i")


def test_a_scalar_beside_a_function_never_runs_into_its_name() -> None:
    assert str(ed.parse("z = a sin(y)", declare={"a": "scalar", "y": "scalar"}, notation="index")) == "z = a sin(y)"


def test_layouts_order_the_axes() -> None:
    g = ed.diff("y_i = A_ij x_j", "x")
    assert g.compile(layout="numerator")(A=A23, x=x3).shape == (2, 3)
    assert g.compile(layout="denominator")(A=A23, x=x3).shape == (3, 2)
    s = ed.diff("s = X_ij X_ij", "X")
    assert s.compile(layout="numerator")(X=X52.T).shape == (5, 2)
    assert s.compile(layout="denominator")(X=X52.T).shape == (2, 5)


def test_an_index_typo_marks_both_places() -> None:
    with pytest.raises(ed.IndexMismatchError) as caught:
        ed.parse("A_ij + X_jk")
    assert "^^^^   ~~~~" in str(caught.value)


def test_declared_and_given_sizes_give_the_same_verdict() -> None:
    with pytest.raises(ed.SizeMismatchError):
        ed.parse("A : matrix(2, 3); x : vector(4); y_i = A_ij x_j")
    with pytest.raises(ed.SizeMismatchError):
        ed.parse("A : matrix(m, n); x : vector(k); y_i = A_ij x_j")
    with pytest.raises(ed.SizeMismatchError):
        run("y_i = A_ij x_j", A=A23, x=x4)


@pytest.mark.parametrize("n", [0, 1])
def test_axes_of_size_zero_and_one_are_ordinary(n: int) -> None:
    A, x = np.ones((2, n)), np.full(n, 3.0)
    g = ed.diff("s_i = A_ij x_j x_j", "x")
    np.testing.assert_allclose(g.compile()(A=A, x=x), 2 * A * x)
    assert run("s = x_i x_i", x=x) == 9.0 * n


def test_mixed_derivatives_have_the_axes_of_the_first_variable_first() -> None:
    f = ed.parse("s = x_i A_ij y_j")
    assert ed.diff(f, "x", "y").compile()(A=A23, x=y2, y=x3).shape == (2, 3)
    assert ed.diff(f, "y", "x").compile()(A=A23, x=y2, y=x3).shape == (3, 2)
    np.testing.assert_array_equal(ed.diff(f, "y", "x").compile()(A=A23, x=y2, y=x3), A23.T)


def test_what_does_not_depend_on_the_variable_has_a_zero_of_the_right_shape() -> None:
    f = ed.parse("y_i = A_ij x_j; z = b_k b_k", outputs=["y"])[0]
    g = ed.diff(f, "b")
    assert str(g) == "∂y_i/∂b_l = 0"
    assert g.compile()(A=A23, x=x3, b=np.ones(5)).shape == (2, 5)
    h = ed.diff("s = a_i x_i", "x", "x")
    np.testing.assert_array_equal(h.compile()(a=a3, x=x3), np.zeros((3, 3)))


def test_deep_networks_by_their_first_weights() -> None:
    sizes = [3, 5, 2, 4, 7]
    W = {f"W{k}": rng.normal(size=(sizes[k], sizes[k - 1])) for k in range(1, 5)}
    for depth in (2, 3, 4):
        lines = ["h0_i = x_i", *(f"h{k}[i] = tanh(W{k}[i,j] h{k - 1}[j])" for k in range(1, depth + 1))]
        text = "\n".join([*lines, f"L = h{depth}[i] h{depth}[i]"])
        inputs = {name: W[name] for name in list(W)[:depth]} | {"x": x3}
        found = ed.diff(text, "W1").compile()(**inputs)
        np.testing.assert_allclose(found, differences.derivative(text, "W1", inputs), rtol=1e-6, atol=1e-8)
