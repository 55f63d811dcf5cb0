"""Matrix forms: what a person would write, in each layout and spelling, and that it reads back as the same tensor."""

from __future__ import annotations

import random

import pytest

import einsdiff as ed
from einsdiff.algebra import build
from einsdiff.elaborate.kinds import infer_kinds
from einsdiff.elaborate.matrix import elaborate_block
from einsdiff.elaborate.scope import Scope
from einsdiff.errors import EinsdiffError
from einsdiff.forms.matrix.patterns import PATTERNS, Pattern, read, tidy
from einsdiff.forms.matrix.spelling import SPELLINGS
from einsdiff.text.parser import parse
from einsdiff.verify import modular, read_back
from einsdiff.verify.read_back import Folded

# fmt: off
DERIVATIVES = (
    # formula                          by        layout          what a person writes
    ("x' A x",                         "x",      "numerator",    "xᵀ(A + Aᵀ)"),
    ("x' A x",                         "x",      "denominator",  "(A + Aᵀ) x"),
    ("x' A x",                         "x",      "mixed",        "(A + Aᵀ) x"),
    ("x' A x",                         "x x",    "numerator",    "A + Aᵀ"),
    ("||A x - y||^2",                  "x",      "denominator",  "2 Aᵀ(A x − y)"),
    ("||A x - y||^2",                  "x",      "numerator",    "2 (A x − y)ᵀ A"),
    ("||A x - y||^2",                  "x x",    "mixed",        "2 Aᵀ A"),
    ("norm(x)",                        "x",      "denominator",  "x/‖x‖"),
    ("norm(A x - y)",                  "x",      "denominator",  "Aᵀ(A x − y)/‖A x − y‖"),
    ("x/norm(x)",                      "x",      "numerator",    "I/‖x‖ − x xᵀ/‖x‖³"),
    ("log(sum(exp(x)))",               "x",      "denominator",  "softmax(x)"),
    ("log(sum(exp(x)))",               "x x",    "mixed",        "diag(softmax(x)) − softmax(x) softmax(x)ᵀ"),
    ("sum(log(1 + exp(A x)))",         "x",      "denominator",  "Aᵀ sigmoid(A x)"),
    ("sum(log(1 + exp(A x)))",         "x x",    "mixed",        "Aᵀ diag(sigmoid(A x) ⊙ (1 − sigmoid(A x))) A"),
    ("sin(A x)",                       "x",      "numerator",    "diag(cos(A x)) A"),
    ("sin(A x)",                       "x",      "denominator",  "Aᵀ diag(cos(A x))"),
    ("x .* y",                         "x",      "numerator",    "diag(y)"),
    ("exp(x) ./ y",                    "y",      "numerator",    "−diag(exp(x) ./ y.^2)"),
    ("(y' x)^3",                       "x",      "numerator",    "3 (xᵀ y)² yᵀ"),
    ("exp(-x' x/2)",                   "x",      "denominator",  "−exp(−1/2 xᵀ x) x"),
    ("tr(A X B)",                      "X",      "numerator",    "B A"),
    ("tr(A X B)",                      "X",      "denominator",  "Aᵀ Bᵀ"),
    ("tr(A X B)",                      "X",      "vec",          "vec(Aᵀ Bᵀ)ᵀ"),
    ("tr(X' A X B)",                   "X",      "denominator",  "A X B + Aᵀ X Bᵀ"),
    ("tr(X' A X B)",                   "X X",    "vec",          "B ⊗ Aᵀ + Bᵀ ⊗ A"),
    ("tr(A X' B X C)",                 "X",      "denominator",  "B X C A + Bᵀ X Aᵀ Cᵀ"),
    ("tr(X^3)",                        "X",      "numerator",    "3 X²"),
    ("tr(X .* A)",                     "X",      "denominator",  "diag(diag(A))"),
    ("tr(sin(X))",                     "X",      "denominator",  "diag(cos(diag(X)))"),
    ("logdet(X)",                      "X",      "numerator",    "X⁻¹"),
    ("logdet(X)",                      "X",      "denominator",  "X⁻ᵀ"),
    ("det(X' X)",                      "X",      "numerator",    "2 det(Xᵀ X)(Xᵀ X)⁻¹ Xᵀ"),
    ("sum(X)",                         "X",      "denominator",  "𝟏 𝟏ᵀ"),
    ("normF(X)",                       "X",      "denominator",  "X/‖X‖_F"),
    ("x' inv(X) y",                    "X",      "numerator",    "−X⁻¹ y xᵀ X⁻¹"),
    ("A X B",                          "X",      "vec",          "Bᵀ ⊗ A"),
    ("A X B",                          "X",      "vetter",       "vec(A) vec(Bᵀ)ᵀ"),
    ("X'",                             "X",      "vec",          "commutation"),
    ("X X'",                           "X",      "vec",          "(I ⊗ X) commutation + X ⊗ I"),
    ("inv(X)",                         "X",      "vec",          "−X⁻ᵀ ⊗ X⁻¹"),
    ("adj(X)",                         "X",      "vec",          "vec(adj(X)) vec(X⁻ᵀ)ᵀ − adj(X)ᵀ ⊗ X⁻¹"),
    ("exp(X)",                         "X",      "vec",          "diag(vec(exp(X)))"),
    ("X y",                            "X",      "vec",          "yᵀ ⊗ I"),
    ("x y'",                           "x",      "vec",          "y ⊗ I"),
    ("A x",                            "z",      "numerator",    "0"),
    ("tanh(A X)",                      "X",      "vec",          "diag(vec(1 − tanh(A X).^2))(I ⊗ A)"),
    ("A sin(X) B",                     "X",      "vec",          "(Bᵀ ⊗ A) diag(vec(cos(X)))"),
    ("normF(B relu(A X))^2",           "A",      "denominator",  "2 (where(A X > 0, 1, 0) ⊙ (Bᵀ B relu(A X))) Xᵀ"),
    ("norm(A x - y)",                  "x x",    "mixed",
     "Aᵀ A/‖A x − y‖ − Aᵀ(A x − y)(A x − y)ᵀ A/‖A x − y‖³"),
    ("x' (diag(A ones) - A) x",        "x",      "denominator",  "(2 diag(A 𝟏) − A − Aᵀ) x"),
    ("tr(X^20)",                       "X",      "denominator",  "20 (Xᵀ)¹⁹"),
    ("logdet(C) + z' inv(C) z",        "C",      "numerator",    "C⁻¹ − C⁻¹ z zᵀ C⁻¹"),
    ("logsumexp(A x)",                 "x x",    "mixed",
     "Aᵀ(diag(softmax(A x)) − softmax(A x) softmax(A x)ᵀ) A"),
    ("softmax(A x)",                   "x",      "numerator",
     "(diag(softmax(A x)) − softmax(A x) softmax(A x)ᵀ) A"),
    ("sum(log(cosh(A x - y)))",        "x",      "denominator",  "Aᵀ tanh(A x − y)"),
    ("y' softplus(-A x) + (1 - y)' softplus(A x)",
                                       "x",      "denominator",  "Aᵀ(sigmoid(A x) − y)"),
    ("tr(inv(X' X))",                  "X",      "denominator",  "−2 X (Xᵀ X)⁻²"),
    ("normF(A .* (B - X C'))^2",       "X",      "denominator",  "2 (A.^2 ⊙ (X Cᵀ − B)) C"),
    ("X",                              "X",      "vec",          "I"),
    ("X + A X B",                      "X",      "vec",          "Bᵀ ⊗ A + I"),
    ("3 X",                            "X",      "vec",          "3 I"),
    ("A ⊗ X",                          "X",      "vec",          "(I ⊗ commutation ⊗ I)(vec(A) ⊗ I ⊗ I)"),
    ("A ⊗ X",                          "A",      "vec",          "(I ⊗ I ⊗ commutation)(I ⊗ vec(X) ⊗ I)"),
    ("A ⊗ X",                          "A",      "vetter",       "(vec(I) vec(I)ᵀ) ⊗ X"),
    ("A ⊗ X",                          "X",      "vetter",
     "(I ⊗ commutation)((vec(I) vec(I)ᵀ) ⊗ A)(I ⊗ commutation)"),
    ("A tanh(B X)",                    "X",      "vec",          "(I ⊗ A) diag(vec(1 − tanh(B X).^2))(I ⊗ B)"),
    ("A exp(B tanh(x y') C)",          "x",      "vec",
     "(I ⊗ A) diag(vec(exp(B tanh(x yᵀ) C)))(I ⊗ B) diag(vec((1 − tanh(x yᵀ).^2) diag(y) C))(𝟏 ⊗ I)"),
    ("sum(exp(A X B))",                "X X",    "vec",          "(B ⊗ Aᵀ) diag(vec(exp(A X B)))(Bᵀ ⊗ A)"),
    ("diag(x)",                        "x",      "vec",          "diag(vec(I))(I ⊗ 𝟏)"),
    ("X inv(X' X) X'",                 "X",      "vec",
     "((I − X (Xᵀ X)⁻¹ Xᵀ) ⊗ (X (Xᵀ X)⁻¹)) commutation + (X (Xᵀ X)⁻¹) ⊗ (I − X (Xᵀ X)⁻¹ Xᵀ)"),
    ("inv(X' X) X' y",                 "X",      "vec",
     "(Xᵀ X)⁻¹ ⊗ (y − X (Xᵀ X)⁻¹ Xᵀ y)ᵀ − (yᵀ X (Xᵀ X)⁻¹) ⊗ ((Xᵀ X)⁻¹ Xᵀ)"),
)
# fmt: on


@pytest.mark.parametrize(("text", "wrt", "layout", "expected"), DERIVATIVES)
def test_a_derivative_is_written_as_a_person_would(text: str, wrt: str, layout: str, expected: str) -> None:
    declare = {"y": "vector(m)", "z": "vector(p)"}
    g = ed.diff(ed.parse(text, notation="matrix", declare=declare), *wrt.split())
    assert g.matrix(layout) == expected


DECLARED_SO = (
    # formula                    by    what is declared                   what a person writes
    ("D",                        "",   "D : matrix(n, n) diagonal",       "D"),
    ("A D B",                    "",   "D : matrix(n, n) diagonal",       "A D B"),
    ("D A D x",                  "",   "D : matrix(n, n) diagonal",       "D A D x"),
    ("x' D x",                   "x",  "D : matrix(n, n) diagonal",       "2 D x"),
    ("x' inv(D) x",              "",   "D : matrix(n, n) diagonal",       "xᵀ D⁻¹ x"),
    ("x' D E x",                 "",   "D : matrix(n, n) diagonal\nE : matrix(n, n) diagonal", "xᵀ D E x"),
    ("tr(A D)",                  "",   "D : matrix(n, n) diagonal",       "tr(A D)"),
    ("normF(D X)^2",             "",   "D : matrix(n, n) diagonal",       "tr(Xᵀ D² X)"),
    ("logdet(X X' + D)",         "X",  "D : matrix(n, n) diagonal",       "2 (X Xᵀ + D)⁻¹ X"),
    ("norm(Q x)",                "x",  "Q : matrix(n, n) orthogonal",     "x/‖x‖"),
    ("normF(Q X)",               "X",  "Q : matrix(n, n) orthogonal",     "X/‖X‖_F"),
    ("norm(A x - Q x)",          "",   "Q : matrix(n, n) orthogonal",     "‖(A − Q) x‖"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "declared", "expected"), DECLARED_SO)
def test_what_is_declared_is_used(text: str, wrt: str, declared: str, expected: str) -> None:
    f = ed.parse(f"{declared}\n{text}", notation="matrix")
    form = (ed.diff(f, *wrt.split()) if wrt else f).matrix()
    assert form == expected
    if not wrt:
        assert ed.parse(f"{declared}\n{form}", notation="matrix") == f


ATTENTION = "O_ij = softmax_k(Q_il K_kl) V_kj"
WEIGHTS = "P = exp(Q Kᵀ) ./ (exp(Q Kᵀ) 𝟏 𝟏ᵀ)"


@pytest.mark.parametrize(("wrt", "form"), [
    ("Q", "(P ⊙ (G Vᵀ − (G ⊙ (P V)) 𝟏 𝟏ᵀ)) K"),
    ("K", "(P ⊙ (G Vᵀ − (G ⊙ (P V)) 𝟏 𝟏ᵀ))ᵀ Q"),
    ("V", "Pᵀ G"),
])  # fmt: skip
def test_the_weights_of_attention_have_a_name(wrt: str, form: str) -> None:
    assert ed.vjp(ed.parse(ATTENTION), wrt, "G").matrix() == f"{WEIGHTS}\n{form}"


def test_the_jacobian_of_a_normalised_vector_has_no_sums_of_deviations() -> None:
    text = "c_i = x_i - mean_j(x_j); v = mean_i(c_i^2); y_i = c_i/v^(1/2)"
    form = ed.diff(text, "x").matrix("numerator").splitlines()
    assert form[:2] == ["x : vector(n)", "c = x − sum(x)/n"]
    assert "sum" not in form[2]


@pytest.mark.parametrize("text", ["vec(A X B)", "A ⊗ B", "(A ⊗ B) vec(X)", "vec(A) vec(B)'", "x ⊗ A", "A ⊗ B ⊗ C"])
def test_the_index_text_of_a_folded_formula_reads_back_with_its_fold(text: str) -> None:
    f = ed.parse(text, notation="matrix")
    for back in (ed.parse(str(f)), ed.parse(f.latex())):
        assert back == f
        assert back.matrix() == f.matrix()


SPELLED = (
    # formula                      plain                               LaTeX
    ("x' A x",                     "x' A x",                           r"x^\top \, A \, x"),
    ("inv(A) .* (B' C)",           "inv(A) .* (B' C)",                 r"A^{-1} \odot \left(B^\top \, C\right)"),
    ("x/norm(x)",                  "x/norm(x)",                        r"\frac{x}{\lVert x \rVert}"),
    ("inv(A)' x",                  "inv(A)' x",                        r"A^{-\top} \, x"),
    ("adj(A B)' x",                "adj(A B)' x",
     r"\operatorname{adj}\left(A \, B\right)^\top \, x"),
    ("sum(x) ones",                "sum(x) ones",
     r"\operatorname{sum}\left(x\right) \, \mathbf{1}"),
    ("where(x > 0, x, 2 x)",       "where(x > 0, x, 2 x)",
     r"\operatorname{where}\left(x > 0, x, 2 \, x\right)"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "plain", "latex"), SPELLED)
def test_each_spelling_reads_back(text: str, plain: str, latex: str) -> None:
    f = ed.parse(text, notation="matrix")
    assert f.matrix(spelling="plain") == plain
    assert f.matrix(spelling="latex") == latex
    for spelling in SPELLINGS:
        assert ed.parse(f.matrix(spelling=spelling), notation="matrix") == f


def test_index_formulas_get_matrix_forms() -> None:
    assert ed.parse("A_ij = B_ik C_kj").matrix() == "B C"
    assert ed.parse("s = A_ij B_ji").matrix() == "tr(A B)"
    assert ed.parse("y_i = x_i A_ij z_j").matrix() == "x ⊙ (A z)"
    assert ed.parse("M_ij = A_ij x_i x_j").matrix() == "diag(x) A diag(x)"
    assert ed.parse("M_ij = δ_ij s_j - s_i s_j").matrix() == "diag(s) − s sᵀ"


def test_parts_that_stand_twice_have_names() -> None:
    program = "p_n = 1/(1 + exp(-X_ni w_i)); L = sum_n(softplus(X_ni w_i) - y_n X_ni w_i)"
    hessian = ed.diff(program, "w", "w").matrix()
    assert hessian == "p = sigmoid(X w)\nXᵀ diag(p ⊙ (1 − p)) X"
    assert ed.parse(hessian, notation="matrix") == ed.diff(program, "w", "w")


INDEX_FORMS = (
    # index formula                    matrix form
    ("s = A_ij B_ij C_ij",             "sum(A ⊙ B ⊙ C)"),
    ("s = (A_ij + A_ji)^2",            "‖A + Aᵀ‖_F²"),
    ("s = A_ij^2 B_ij^2 + (A_ij - B_ij)^2", "‖A − B‖_F² + sum(A.^2 ⊙ B.^2)"),
    ("s = (x_i^2 y_i^2)^(1/2)",        "‖x ⊙ y‖"),
    ("S_ij = softmax_i(Z_ij)",         "exp(Z) ./ (𝟏 𝟏ᵀ exp(Z))"),
    ("D_ij = (X_ik - X_jk)^2",         "X.^2 𝟏 𝟏ᵀ + 𝟏 𝟏ᵀ(X.^2)ᵀ − 2 X Xᵀ"),
    ("y_ij = softmax_k(Q_il K_kl) V_kj", "P = exp(Q Kᵀ) ./ (exp(Q Kᵀ) 𝟏 𝟏ᵀ)\nP V"),
    ("L = mean_n((X_ni w_i - y_n)^2)", "X : matrix(n, m)\n‖X w − y‖²/n"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "form"), INDEX_FORMS)
def test_an_index_formula_is_written_as_a_person_would(text: str, form: str) -> None:
    assert ed.parse(text).matrix() == form


def test_the_derivative_of_a_centred_vector_counts_what_no_longer_stands_in_it() -> None:
    assert ed.diff("y_i = x_i - mean_j(x_j)", "x").matrix() == "x : vector(n)\nI − 𝟏 𝟏ᵀ/n"


@pytest.mark.parametrize("text", ["y_i = " + "exp(" * 60 + "x_i" + ")" * 60, "s = tr(A^64)"])
def test_deep_and_long_formulas_are_written_soon(text: str) -> None:
    assert len(ed.parse(text).matrix()) < 400


def test_a_formula_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(ed.NoMatrixForm, match="3000 parts: 1200 are the most"):
        ed.parse("y_i = " + "exp(" * 3000 + "x_i" + ")" * 3000).matrix()


UNKNOWN = (
    # definitions                     result            layout           form
    ("u = u(x); v = v(x)",            "s = u' v",       "numerator",     "uᵀ ∂v/∂x + vᵀ ∂u/∂x"),
    ("u = u(x); v = v(x)",            "s = u' v",       "denominator",   "∂u/∂x v + ∂v/∂x u"),
    ("u = u(x)",                      "y = A u",        "numerator",     "A ∂u/∂x"),
    ("u = u(x)",                      "y = A u",        "denominator",   "∂u/∂x Aᵀ"),
    ("a = a(x); u = u(x)",            "y = a u",        "numerator",     "a ∂u/∂x + u ∂a/∂x"),
    ("a = a(x); u = u(x)",            "y = a u",        "denominator",   "a ∂u/∂x + ∂a/∂x uᵀ"),
    ("u = u(x)",                      "s = sum(sin(u))", "numerator",    "cos(u)ᵀ ∂u/∂x"),
)  # fmt: skip


@pytest.mark.parametrize(("given", "result", "layout", "form"), UNKNOWN)
def test_unknown_functions_keep_their_derivatives(given: str, result: str, layout: str, form: str) -> None:
    text = ed.diff(f"{given}; {result}", "x").matrix(layout)
    assert text.splitlines() == [*given.split("; "), form]


def test_a_size_that_stands_as_a_number_is_declared() -> None:
    f = ed.parse("m = mean_i(x_i)")
    assert f.matrix() == "x : vector(n)\nsum(x)/n"
    assert ed.parse(f.matrix(), notation="matrix") == f
    assert ed.parse("n : scalar\nx : vector(k)\ny_i = x_i k").matrix() == "k x"


@pytest.mark.parametrize(("text", "reason"), [
    ("T_ijk = A_ij B_jk", "3 axes"),
    ("y_i = S_ijk x_j x_k", "S has 3 indices"),
    ("y = x_1 A_1j x_j", "component 1"),
    ("s = A_ij B_ik C_il D_jk E_jl F_kl", "shared by more than two"),
    ("p = prod_i(x_i)", "prod"),
    ("v_i = ε_ijk a_j b_k", "ε"),
    ("x : vector(n); u_i = 2 x_i; v_i = g_i(u)", "unknown function"),
])  # fmt: skip
def test_where_there_is_no_matrix_form_the_error_says_why_and_shows_the_others(text: str, reason: str) -> None:
    f = ed.parse(text)
    with pytest.raises(ed.NoMatrixForm) as caught:
        f.matrix()
    assert reason in str(caught.value)
    assert text.rsplit("; ", maxsplit=1)[-1].split(" = ", maxsplit=1)[0] in str(caught.value)


def test_a_wrong_form_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    f = ed.parse("y_i = A_ij x_j")
    monkeypatch.setattr(read_back, "write", lambda *_: "A' x")
    with pytest.raises(ed.NoMatrixForm, match="another tensor"):
        f.matrix()


# ----------------------------------------------------------------------------------------------------------- the table


def _block(text: str) -> Folded:
    ranks = dict.fromkeys("xyz", 1) | dict.fromkeys("ABCD", 2) | dict.fromkeys("αβ", 0)
    document = parse(text, notation="matrix", known=ranks)
    block = elaborate_block(document.statements[0].body, Scope(text), infer_kinds(document, ranks))
    return Folded(block.entry, block.rows, block.columns)


@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: f"{row.left} = {row.right}")
def test_both_sides_of_a_pattern_are_equal(row: Pattern) -> None:
    left, right = _block(row.left), _block(row.right)
    names = dict(zip((*right.rows, *right.columns), (*left.rows, *left.columns), strict=True))
    assert modular.agree(left.entry, build.rename(right.entry, names))


@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: f"{row.left} = {row.right}")
def test_a_pattern_fires(row: Pattern) -> None:
    assert tidy(read(row.left)) == tidy(read(row.right))


# ----------------------------------------------------------------------------------------------------------- at random

DECLARED = """
A : matrix(n, m); B : matrix(m, p); C : matrix(n, n); X : matrix(n, m)
x : vector(n); y : vector(m); z : vector(p); u : vector(n); a : scalar
"""
NAMED = {
    "nm": ["A", "X", "x y'"], "mp": ["B", "y z'"], "nn": ["C", "x u'", "diag(x)", "I", "inv(C)"],
    "mm": ["X' A", "diag(y)"], "pp": ["B' B", "diag(z)"], "np": ["X B"], "mn": ["X'"], "pm": ["B'"], "pn": ["z x'"],
}  # fmt: skip


def matrix(rows: str, columns: str, depth: int, draw: random.Random) -> str:
    """Return a random matrix formula."""
    if depth <= 0 or draw.random() < 0.2:
        return f"({draw.choice(NAMED[rows + columns])})"
    again = lambda r=rows, c=columns: matrix(r, c, depth - 1, draw)  # noqa: E731
    inner = draw.choice("nmp")
    return "(" + draw.choice([
        lambda: f"{again(rows, inner)} {again(inner, columns)}",
        lambda: f"{again()} - {again()}",
        lambda: f"{again()} .* {again()}",
        lambda: f"{again(columns, rows)}'",
        lambda: f"{draw.choice(['exp', 'sin'])}{again()}",
        lambda: f"{scalar(depth - 1, draw)} {again()}",
    ])() + ")"  # fmt: skip


def vector(size: str, depth: int, draw: random.Random) -> str:
    """Return a random vector formula."""
    if depth <= 0 or draw.random() < 0.2:
        return {"n": "u", "m": "y", "p": "z"}[size] if draw.random() < 0.5 or size != "n" else "x"
    again = lambda: vector(size, depth - 1, draw)  # noqa: E731
    inner = draw.choice("nmp")
    return "(" + draw.choice([
        lambda: f"{matrix(size, inner, depth - 1, draw)} {vector(inner, depth - 1, draw)}",
        lambda: f"{again()} + {again()}",
        lambda: f"{again()} .* {again()}",
        lambda: f"sigmoid({again()})",
        lambda: f"diag({matrix(size, size, depth - 1, draw)})",
    ])() + ")"  # fmt: skip


def scalar(depth: int, draw: random.Random) -> str:
    """Return a random scalar formula."""
    if depth <= 0:
        return draw.choice(["a", "(x' u)"])
    size = draw.choice("nmp")
    return "(" + draw.choice([
        lambda: f"{vector(size, depth - 1, draw)}' {vector(size, depth - 1, draw)}",
        lambda: f"tr({matrix(size, size, depth - 1, draw)})",
        lambda: f"sum({vector(size, depth - 1, draw)})",
        lambda: f"norm({vector(size, depth - 1, draw)})",
        lambda: f"{scalar(depth - 1, draw)} + {scalar(depth - 1, draw)}",
        lambda: f"{scalar(depth - 1, draw)}^2",
    ])() + ")"  # fmt: skip


HONEST = (
    "there is no matrix form: products, ⊗ and vec cannot order its axes so",
    "there is no matrix form: one of its indices is shared by more than two matrices",
)


def _form_or_reason(g: ed.Derivative, layout: str, spelling: str) -> str:
    try:
        return g.matrix(layout, spelling)
    except ed.NoMatrixForm as error:
        return error.message


@pytest.mark.parametrize("seed", range(60))
def test_random_derivatives_have_a_form_that_was_checked_or_an_honest_reason(seed: int) -> None:
    draw = random.Random(seed)
    size = draw.choice("nmp")
    body = draw.choice([
        lambda: scalar(2, draw), lambda: vector(size, 2, draw), lambda: matrix(size, "n", 2, draw),
    ])()  # fmt: skip
    f = ed.parse(f"{DECLARED}\nr = {body}", notation="matrix")
    for wrt in draw.sample(["x", "X", "C", "y"], 2):
        for layout in ("numerator", "denominator", "vec", "vetter"):
            spelling = draw.choice(list(SPELLINGS))
            said = _form_or_reason(ed.diff(f, wrt), layout, spelling)
            assert said in HONEST or not said.startswith("there is no matrix form"), said


def test_an_unknown_spelling_is_refused() -> None:
    with pytest.raises(EinsdiffError, match="spelling"):
        ed.parse("y = x' x").matrix(spelling="html")
