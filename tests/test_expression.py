"""The face: what people call, and what comes back."""

import copy
import pickle

import numpy as np
import pytest

import einsdiff as ed

rng = np.random.default_rng(2)
A23, x3, S4, x4 = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(4, 4)), rng.normal(size=4)


def test_the_face_lists_what_it_gives() -> None:
    assert all(hasattr(ed, name) for name in ed.__all__)
    assert len(ed.__all__) <= 25


def test_one_formula_in_three_spellings_is_one_expression() -> None:
    i, j = ed.indices("i j")
    A, x = ed.tensors("A x")
    f = ed.parse("y = x_i A_ij x_j")
    assert ed.parse("x' A x") == f
    assert ed.parse(r"\mathbf{x}^\top A \mathbf{x}") == f
    assert ed.parse(x[i] * A[i, j] * x[j]) == f
    assert ed.parse("y = x_i A_ji x_j") != ed.parse("y = x_i A_ij z_j")


def test_formulas_without_text_follow_the_same_rules() -> None:
    i, j, n = ed.indices("i j n")
    A, x, b, y, f = ed.tensors("A x b y f")
    y[i] = 2 * A[i, j] * x[j] - b[i] / 3 + x[1] ** 2
    assert ed.parse(y) == ed.parse("y_i = 2 A_ij x_j - b_i/3 + x_1^2")
    assert ed.parse(f(x[n])) == ed.parse("f(x_n)")
    assert ed.parse((x[i] + 1) * x[i] * 0.5) == ed.parse("y = 1/2 (x_i + 1) x_i")
    with pytest.raises(ed.IndexMismatchError):
        x["i"]


def test_outputs_names_the_statements_to_return() -> None:
    h, y = ed.parse("h_i = A_ij x_j; y = h_i h_i", outputs=["h", "y"])
    assert (str(h), str(y)) == ("h_i = A_ij x_j", "y = (A_ij x_j)^2")
    with pytest.raises(ed.UnknownNameError, match="defines no z"):
        ed.parse("y = x_i x_i", outputs=["z"])


def test_an_intermediate_is_held_independent() -> None:
    text = "h_i = tanh(W_ij x_j); y = h_i h_i"
    assert str(ed.diff(text, "h")) == "∂y/∂h_k = 2 tanh(W_kj x_j)"
    assert str(ed.diff(text, "h", "h")) == "∂²y/∂h_k∂h_l = 2 δ_kl"


def test_the_indices_of_the_result_can_be_chosen() -> None:
    assert str(ed.diff("y_i = A_ij x_j", "A_pq")) == "∂y_i/∂A_pq = δ_ip x_q"
    with pytest.raises(ed.IndexMismatchError, match="cannot be an index"):
        ed.diff("y_i = A_ij x_j", "x_i")
    with pytest.raises(ed.IndexMismatchError, match="has 2 indices"):
        ed.diff("y_i = A_ij x_j", "A_p")


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ed.UnknownNameError, match="nothing called xx") as caught:
        ed.diff("y = x_i x_i", "xx")
    assert "did you mean x?" in str(caught.value)


def test_several_variables_at_once() -> None:
    by_w, by_b = ed.diff("L = (X_ni w_i + b - y_n)^2", ["w", "b"])
    assert str(by_b) == "∂L/∂b = 2 sum_n(X_ni w_i + b - y_n)"
    X = rng.normal(size=(5, 3))
    y = rng.normal(size=5)
    gw, gb = ed.compile(by_w, by_b)(X=X, w=x3, b=0.5, y=y)
    r = X @ x3 + 0.5 - y
    np.testing.assert_allclose(gw, 2 * X.T @ r)
    np.testing.assert_allclose(gb, 2 * r.sum())


def test_several_expressions_of_different_texts_compile_together() -> None:
    fn = ed.compile("y_i = A_ij x_j", "s = x_i x_i")
    y, s = fn(A=A23, x=x3)
    np.testing.assert_allclose(y, A23 @ x3)
    np.testing.assert_allclose(s, x3 @ x3)


def test_derivatives_inside_the_language() -> None:
    assert ed.parse("g_k = ∂(x_i A_ij x_j)/∂x_k") == ed.parse("g_k = A_kj x_j + A_jk x_j")
    assert ed.parse("y_i = x_i^3; d = ∂y_i/∂x_i") == ed.parse("d = 3 x_i^2")
    assert ed.parse("g_k = d(x_i x_i)/d(x_k)") == ed.parse("g_k = 2 x_k")
    assert ed.parse("H_kl = ∂²(x_i A_ij x_j)/∂x_k∂x_l") == ed.parse("H_kl = A_kl + A_lk")


def test_unknown_functions_and_their_derivatives() -> None:
    f = ed.parse("y_i = f(x_i)")
    g = ed.diff(f, "x")
    assert str(g) == "∂y_i/∂x_j = δ_ij f'(x_i)"
    np.testing.assert_allclose(f.compile()(x=x3, f=np.sin), np.sin(x3))
    np.testing.assert_allclose(g.compile()(x=x3, df=np.cos), np.diag(np.cos(x3)))
    whole = ed.parse("x : vector(n)\ny_i = f_i(x)")
    h = ed.diff(whole, "x")
    np.testing.assert_allclose(whole.compile()(x=x3, f=lambda v: A23 @ v), A23 @ x3)
    np.testing.assert_allclose(h.compile()(x=x3, df=lambda _: A23), A23)


def test_keywords_and_odd_names_are_ordinary_names() -> None:
    f = ed.parse("y = self + np + out + class + lambda + len + None", notation="index")
    names = ("self", "np", "out", "class", "λ", "len", "None")
    assert f.compile()(**{name: float(k) for k, name in enumerate(names)}) == sum(range(7))
    assert f.compile()(**{name: float(k) for k, name in enumerate(names) if name != "λ"}, **{"lambda": 4.0}) == 21


def test_einsum_terms_name_the_operands() -> None:
    assert ed.parse("y_ij = 2 A_ik B_kj").einsum() == ((2, "ik,kj->ij", ("A", "B")),)
    assert ed.diff("y_i = A_ij x_j", "x").einsum(layout="denominator") == ((1, "ik->ki", ("A",)),)
    assert ed.diff("s = x_i A_ij x_j", "x").einsum() == ((1, "jk,j->k", ("A", "x")), (1, "kj,j->k", ("A", "x")))
    coefficient, subscripts, names = ed.diff("y_i = A_ij x_j", "A").einsum()[0]
    assert (coefficient, subscripts, names) == (1, "ik,l->ikl", ("δ", "x"))


def test_latex_of_an_index_form() -> None:
    assert ed.parse("y_i = x_i/(x_k x_k)^(1/2)").latex() == r"y_{i} = \frac{x_{i}}{\sqrt{x_{k} \, x_{k}}}"
    g = ed.diff("L = log(sum_i(exp(x_i)))", "x_k")
    assert g.latex().startswith(r"\frac{\partial L}{\partial x_{k}} = ")
    assert ed.parse(ed.diff("y = x_i A_ij x_j", "x_k").latex()) == ed.diff("y = x_i A_ij x_j", "x_k")


def test_expressions_copy_pickle_and_compare() -> None:
    f = ed.parse("y = x_i A_ij x_j")
    again = pickle.loads(pickle.dumps(f))
    assert again == f
    assert again.entry.node is f.entry.node
    assert copy.deepcopy(f) == f
    assert f != "y"


def test_an_unknown_layout_or_backend_is_refused() -> None:
    f = ed.parse("y_i = A_ij x_j")
    with pytest.raises(ed.UnknownNameError, match="no layout nummerator"):
        ed.diff(f, "x").compile(layout="nummerator")
    with pytest.raises(ed.UnknownNameError, match="no backend"):
        f.compile(backend="fortran")


def test_many_indices_are_no_limit() -> None:
    names = [f"i{k}" for k in range(30)]
    around = enumerate(zip(names, [*names[1:], names[0]], strict=True))
    text = "s = " + " ".join(f"A{k}[{a},{b}]" for k, (a, b) in around)
    inputs = {f"A{k}": rng.normal(size=(2, 2)) for k in range(30)}
    product = np.linalg.multi_dot(list(inputs.values()))
    np.testing.assert_allclose(ed.parse(text).compile()(**inputs), np.trace(product))
    wide = [f"j{k}" for k in range(60)]
    outer = f"s = {' '.join(f'x[{j}] x[{j}]' for j in wide)}"
    np.testing.assert_allclose(ed.parse(outer).compile()(x=x3), (x3 @ x3) ** 60)


def test_stable_forms_do_not_overflow() -> None:
    x = np.array([1000.0, 999.0, -1000.0])
    f = ed.parse("y = log(sum_i(exp(x_i)))")
    value, gradient, hessian = ed.compile(f, ed.diff(f, "x"), ed.diff(f, "x", "x"))(x=x)
    s = np.exp(x - 1000) / np.exp(x - 1000).sum()
    np.testing.assert_allclose(value, 1000 + np.log1p(np.exp(-1)))
    np.testing.assert_allclose(gradient, s)
    np.testing.assert_allclose(hessian, np.diag(s) - np.outer(s, s), atol=1e-15)


def test_a_deep_expression_pickles_and_copies() -> None:
    f = ed.parse("s = sum_i(" + "sin(" * 1000 + "x_i" + ")" * 1000 + ")")
    assert pickle.loads(pickle.dumps(f)).entry.node is f.entry.node
    assert copy.deepcopy(f).entry.node is f.entry.node
    fn = pickle.loads(pickle.dumps(f.compile()))
    np.testing.assert_array_equal(fn(x=x3), f.compile()(x=x3))


@pytest.mark.parametrize(
    "call",
    [
        lambda: ed.parse(None),
        lambda: ed.parse(b"y = x"),
        lambda: ed.parse("y = x_i x_i", declare="x : vector(n)"),
        lambda: ed.parse("y = x_i x_i", notation="Matrix"),
        lambda: ed.parse("y = x_i x_i", outputs=3),
        lambda: ed.diff("y = x_i x_i", None),
        lambda: ed.diff("y = x_i x_i", b"x"),
        lambda: ed.diff("y = x_i x_i"),
        lambda: ed.jvp("y = x_i x_i", "x", None),
        lambda: ed.parse("y_i = 3").compile(sizes={"i": -2}),
        lambda: ed.parse("y_i = 3").compile(sizes={"i": 2.5}),
        lambda: ed.parse("y_i = 3").compile(sizes={"q": 2}),
        lambda: ed.diff("y = x_i x_i", "x").compile(layout=None),
        lambda: ed.indices(["i"]),
        lambda: ed.tensors("A-b"),
        lambda: ed.tensors("x")[0][ed.indices("i")[0]] * float("nan"),
        lambda: ed.tensors("x")[0][ed.indices("i")[0]] + None,
    ],
)
def test_wrong_kinds_of_arguments_are_refused_by_the_family(call) -> None:
    with pytest.raises(ed.EinsdiffError):
        call()


def test_a_tensor_name_is_not_iterated_for_ever() -> None:
    with pytest.raises(TypeError):
        list(ed.tensors("x")[0])


def test_a_size_that_nothing_tells_is_asked_for() -> None:
    fn = ed.parse("y_i = 3").compile()
    with pytest.raises(ed.SizeMismatchError, match="sizes="):
        fn()
    np.testing.assert_array_equal(ed.parse("y_i = 3").compile(sizes={"i": 2})(), [3.0, 3.0])
    with pytest.raises(ed.EinsdiffError):
        ed.compile()


def test_a_definition_by_itself_is_refused() -> None:
    with pytest.raises(ed.UnknownNameError) as caught:
        ed.parse("x_i = 2 x_i + b_i")
    lines = str(caught.value).splitlines()
    assert lines[0] == "x stands on the left [^] and on the right [~] of its own definition"
    assert lines[2:4] == ["  1 | x_i = 2 x_i + b_i", "    | ^^^     ~~~"]
    assert lines[-1] == "  help: give the left side a name of its own, for example  x0"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("F_ij = exp(x_i - x_j); y_i = F_ii + x_i", "y_i = x_i + 1"),
        ("F_ij = sigmoid(x_i - x_j) + x_i; s = sum_i F_ii", "s = sum_i(x_i + 1/2)"),
        ("F_ij = exp(x_i - x_j); y_ij = F_ii F_ij", "y_ij = exp(x_i - x_j)"),
    ],
)
def test_a_diagonal_may_depend_on_nothing(text, wanted):
    assert str(ed.parse(text)) == wanted


def test_several_formulas_are_given_one_by_one():
    gradients = ed.diff("y = x_i A_ij x_j", ["x", "A"])
    for called in (ed.compile, lambda given: ed.diff(given, "x")):
        with pytest.raises(ed.InputError) as found:
            called(gradients)
        assert str(found.value) == (
            "a formula is a text, here is tuple\n\n  help: one by one; as one program:  compile(*formulas)"
        )
