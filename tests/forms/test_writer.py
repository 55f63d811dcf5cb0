"""How formulas are written: as in the book, and so that they read back."""

import pytest

import einsdiff as ed

WRITTEN = (
    # formula                                   by      written derivative, or the formula itself
    ("y = x_i A_ij x_j",                        "",     "y = x_i A_ij x_j"),
    ("y = x_i A_ij x_j",                        "x",    "∂y/∂x_k = A_kj x_j + A_jk x_j"),
    ("y = x_i A_ij x_j",                        "A",    "∂y/∂A_kl = x_k x_l"),
    ("L = (A_ij x_j - b_i)^2",                  "x",    "∂L/∂x_k = 2 A_ik (A_ij x_j - b_i)"),
    ("L = (T_ij - U_ik V_jk)^2",                "U U",  "∂²L/∂U_lm∂U_np = 2 δ_ln V_jm V_jp"),
    ("y_i = x_i/(x_k x_k)^(1/2)",               "x",    "∂y_i/∂x_l = δ_il/sqrt(x_k x_k) - x_i x_l/(x_k x_k)^(3/2)"),
    ("s = log(sum_i exp(x_i))",                 "x",    "∂s/∂x_j = softmax_j(x_j)"),
    ("c_i = ε_ijk a_j b_k",                     "",     "c_i = ε_ijk a_j b_k"),
    ("c_i = ε_ijk a_j b_k",                     "a",    "∂c_i/∂a_l = ε_ilk b_k"),
    ("s_i = ε_ijk a_j ε_klm b_l c_m",           "",     "s_i = (a_j c_j) b_i - (a_j b_j) c_i"),
    ("p = prod_i(x_i)",                         "x",    "∂p/∂x_j = prod_i(where(δ_ij, 1, x_i))"),
    ("y_n = x_n + 3",                           "",     "y_n = x_n + 3"),
    ("u_i = x_i - mean_j(x_j)",                 "",     "u_i = x_i - mean_j(x_j)"),
    ("y = mean_i(x_i)",                         "x",    "n = sum_i(x_i^0)\n∂y/∂x_j = 1/n"),
    ("s = sum_j(A_ij x_i) c",                   "x",    "∂s/∂x_k = c sum_j(A_kj)"),
    ("y_i = 3 * 1_i b",                         "",     "y_i = 3 b"),
    ("s = x_1 A_12 x_2",                        "x",    "∂s/∂x_j = A_12 (δ_1j x_2 + δ_2j x_1)"),
    ("y = inv(A B)_ij c_j c_i",                 "",     "t1_ij = A_jk B_ki\ny = c_i inv(t1)_ij c_j"),
    ("s_j = (1/(2 + a_jk)) (1/(2 + b_k))",      "",     "s_j = sum_k(1/((a_jk + 2) (b_k + 2)))"),
    ("s = sum_i(1/x_i^2)",                      "",     "s = sum_i(1/x_i^2)"),
    ("s = sum_i(a_i b_i/(x_i y_i))",            "",     "s = sum_i(a_i b_i/(x_i y_i))"),
    ("y_i = a^b_i",                             "",     "y_i = a^b_i"),
    ("y = sum_i(x_i^(a b))",                    "x",    "∂y/∂x_j = a b x_j^(a b - 1)"),
    ("y = sum_i(x_i^(a + b - 1))",              "x x",  "∂²y/∂x_j∂x_k = δ_jk (a + b - 1) (a + b - 2) x_j^(a + b - 3)"),
    ("y_i = x_i^exp(a b_i)",                    "",     "y_i = x_i^(exp(a b_i))"),
    ("y = -(a_i - b_i) c_i",                    "",     "y = -c_i (a_i - b_i)"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "written"), WRITTEN, ids=[f"{w[0]} by {w[1] or 'nothing'}" for w in WRITTEN])
def test_a_formula_is_written_as_in_the_book_and_reads_back(text: str, wrt: str, written: str) -> None:
    f = ed.parse(text, notation="index")
    g = ed.diff(f, *wrt.split()) if wrt else f
    assert str(g) == written
    assert ed.parse(str(g), notation="index") == g


LATEX = (
    ("y_i = A_ij x_j",                  r"y_{i} = A_{ij} \, x_{j}"),
    ("y = α x_i x_i / 2",               r"y = \frac{1}{2} \, \alpha \, x_{i} \, x_{i}"),
    ("y_i = exp(x_i)/(1 + x_i^2)",      r"y_{i} = \frac{\exp\left(x_{i}\right)}{{x_{i}}^{2} + 1}"),
    ("s = sum_i(x_i)",                  r"s = \sum_{i}\left(x_{i}\right)"),
    ("y_i = inv(A)_ij b_j",             r"y_{i} = \left({A}^{-1}\right)_{ij} \, b_{j}"),
    ("y_i = adj(A)_ij b_j",             r"y_{i} = \operatorname{adj}\left(A\right)_{ij} \, b_{j}"),
    ("y_i = tanh(x_i) sigmoid(x_i)",    r"y_{i} = \operatorname{sigmoid}\left(x_{i}\right) \, \tanh\left(x_{i}\right)"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "written"), LATEX, ids=[row[0] for row in LATEX])
def test_latex_is_as_one_pastes_it(text: str, written: str) -> None:
    assert ed.parse(text).latex() == written
