r"""LaTeX as pasted from a paper."""

from __future__ import annotations

import pytest
from sketch import read

from einsdiff.errors import ParseError

# fmt: off
CASES = [
    # text                                                    tree
    (r"A_{ij} x_{j}",                                         "(* A[i,j] x[j])"),
    (r"\alpha_{i} \beta",                                     "(* α[i] β)"),
    (r"\frac{a_i}{b_i} c_i",                                  "(* (/ a[i] b[i]) c[i])"),
    (r"\frac12 x_i x_i",                                      "(* (/ 1 2) x[i] x[i])"),
    (r"\tfrac{1}{2}\,x_i\;y_i\quad z~w",                      "(* (/ 1 2) x[i] y[i] z w)"),
    (r"\sum_i x_i^2 + c",                                     "(+ (sum[i] (^ x[i] 2)) c)"),
    (r"\sum_{i}(x_i - a)^2",                                  "(sum[i] (^ (+ x[i] (- a)) 2))"),
    (r"\sum_{i=1}^{n} x_i",                                   "(sum[i] x[i])"),
    (r"\sum_{i=1}^n x_i",                                     "(sum[i] x[i])"),
    (r"\sum\limits_{i,j} A_{ij}",                             "(sum[i,j] A[i,j])"),
    (r"\max_i x_i + \max(a, b)",                              "(+ (max[i] x[i]) (max! a b))"),
    (r"\log \sum_i \exp(x_i)",                                "(log! (sum[i] (exp! x[i])))"),
    (r"\log x_i^2 + \ln y_i",                                 "(+ (log! (^ x[i] 2)) (ln! y[i]))"),
    (r"\exp\left(x_i\right) f\left(x_i\right)",               "(* (exp! x[i]) (f! x[i]))"),
    (r"\exp\{x_i\} \exp\left[x_i\right]",                     "(* (exp! x[i]) (exp! x[i]))"),
    (r"\left( x_i + 1 \right)^2",                             "(^ (+ x[i] 1) 2)"),
    (r"\bigl[ a_i + b_i \bigr] c_i",                          "(* (+ a[i] b[i]) c[i])"),
    (r"\sqrt{x_i} + \sqrt[3]{y_i}",                           "(+ (sqrt! x[i]) (^ y[i] (/ 1 3)))"),
    (r"\delta_{ij} \varepsilon_{ijk} \epsilon_{ijk}",         "(* δ[i,j] ε[i,j,k] ε[i,j,k])"),
    (r"y_{i} = \sigma(W_{ij} x_j)",                           "y[i] = (σ! (* W[i,j] x[j]))"),
    (r"a_i \cdot b_i \times c_i",                             "(* a[i] b[i] c[i])"),
    (r"\hat{x}_i \bar{\alpha} \tilde y",                      "(* x_hat[i] α_bar y_tilde)"),
    (r"\hat{\mathbf{x}}_i \mathbf{\hat{y}}_i",                "(* x_hat[i] y_hat[i])"),
    (r"\mathbf{x}_i \boldsymbol{\alpha}_i \mathrm{loss}",     "(* x[i] α[i] loss)"),
    (r"{x_i}^2",                                              "(^ x[i] 2)"),
    (r"b^{-x_i^2/2}",                                         "(^ b (- (/ (^ x[i] 2) 2)))"),
    (r"|x_i| \lvert y \rvert",                                "(* (abs! x[i]) (abs! y))"),
    (r"where(x_i \geq 0, x_i, 0)",                            "(where! (>= x[i] 0) x[i] 0)"),
    (r"\frac{\partial y}{\partial x_k} = 2 x_k",              "(d y by x[k]) = (* 2 x[k])"),
    (r"\frac{\partial x_i A_{ij} x_j}{\partial x_k}",         "(d (* x[i] A[i,j] x[j]) by x[k])"),
    (r"\frac{\partial}{\partial x_k} (x_i x_i)",              "(d (* x[i] x[i]) by x[k])"),
    (r"\frac{\partial^2 f}{\partial x_i \partial x_j}",       "(d f by x[i] x[j])"),
    (r"\frac{\partial^2 f}{\partial x^2}",                    "(d f by x x)"),
    (r"\frac{\mathrm{d} y_i}{\mathrm{d} x_j}",                "(d y[i] by x[j])"),
    (r"\frac{d}{dx}(x^\top x)",                               "(d (* (' x) x) by x)"),
    (r"\partial_j v_k",                                       "(∂[j] v[k])"),
    (r"\mathbf{x}^\top \mathbf{A} \mathbf{x}",                "(* (' x) A x)"),
    (r"\mathbf{x}^{\top}\mathbf{Ax}",                         "(* (' x) A x)"),
    (r"x^T \left( A + A^{\mathsf{T}} \right) x",              "(* (' x) (+ A (' A)) x)"),
    (r"\boldsymbol{\Sigma}^{-1} \mathbf x",                   "(* (^ Σ (- 1)) x)"),
    (r"A^{-\top} x^\prime",                                   "(* (' (^ A (- 1))) (' x))"),
    (r"\operatorname{tr}(A^\top B) + \log\det A",             "(+ (tr! (* (' A) B)) (log! (det! A)))"),
    (r"\mathrm{tr}\left(A B\right)",                          "(tr! (* A B))"),
    (r"\operatorname{Tr}(A) + \mathrm{trace}(B)",             "(+ (tr! A) (tr! B))"),
    (r"\Tr(A) + \trace(B) + \logdet(A) + \sgn(a)",            "(+ (tr! A) (tr! B) (logdet! A) (sign! a))"),
    (r"\frac{\partial^2 f}{\partial x\,\partial x^T}",         "(d f by x x)"),
    (r"\frac{\partial^2 f}{\partial x \partial x^{\mathsf T}}", "(d f by x x)"),
    (r"\|A x - b\|^2 + \lVert x \rVert_1",                    "(+ (^ (norm! (+ (* A x) (- b))) 2) (norm1! x))"),
    (r"\left\| X \right\|_F^2",                               "(^ (normF! X) 2)"),
    (r"A \odot B + A \otimes B",                              "(+ (.* A B) (⊗ A B))"),
    (r"\mathbf{1}^\top x",                                    "(* (' ones) x)"),
    (r"\mathcal{L} = \frac{1}{2}\|\mathbf{w}\|^2",            "L = (* (/ 1 2) (^ (norm! w) 2))"),
    (r"\frac{1}{2}\|Ax-b\|^2",                                "(* (/ 1 2) (^ (norm! (+ (* A x) (- b))) 2))"),
    (r"\alpha \mathrm{loss} + exp(x) + \operatorname{tr}(AB)",  "(+ (* α loss) (exp! x) (tr! (* A B)))"),
    (r"loss = \frac12 x_i x_i; s = 2 \lambda loss",            "loss = (* (/ 1 2) x[i] x[i]); s = (* 2 λ loss)"),
    (r"\frac{dy}{dx}",                                        "(d y by x)"),
    (r"\frac{dy_i}{dx_j}",                                    "(d y[i] by x[j])"),
    (r"\frac{ab}{dx_j}",                                      "(/ (* a b) dx[j])"),
    (r"\sum^{n}_{i=1} x_i",                                   "(sum[i] x[i])"),
    (r"\prod\limits^n_{i=1} x_i",                             "(prod[i] x[i])"),
    (r"y_i = A_{ij} x_j.",                                    "y[i] = (* A[i,j] x[j])"),
    (r"\[ y = \alpha x_i x_i, \]",                            "y = (* α x[i] x[i])"),
    (r"2 \mathit{x\_hat}_{i}",                                 "(* 2 x_hat[i])"),
    (r"\mathbf{A}\ b",                                        "(* A b)"),
    (r"$y = x_i x_i$",                                        "y = (* x[i] x[i])"),
    (r"\[ y = x_i x_i \]",                                    "y = (* x[i] x[i])"),
    (r"\begin{align} y_i &= A_{ij} x_j \\ z &= y_i \end{align}", "y[i] = (* A[i,j] x[j]); z = y[i]"),
]
# fmt: on


@pytest.mark.parametrize(("source", "tree"), CASES)
def test_a_pasted_formula_is_read_as_its_tree(source: str, tree: str) -> None:
    assert read(source) == tree


def test_a_backslash_alone_is_no_operator() -> None:
    with pytest.raises(ParseError, match="no operator"):
        read("A \\ b")
