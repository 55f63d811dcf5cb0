r"""Gradients, `∇_x f`, operators before a product, `\frac{\partial}{\partial x} x^\top A x`, inner products."""

from __future__ import annotations

import pytest
from sketch import sketch

import einsdiff as ed
from einsdiff.errors import EinsdiffError
from einsdiff.text.parser import parse

# fmt: off
SAME = [
    # as in a paper                                                   as a derivative
    ("∇_x (x'A x)",                                       "∂(x'A x)/∂x"),
    ("∇ₓ (xᵀ A x)",                                       "∂(x'A x)/∂x"),
    ("∇²_x (x'A x)",                                      "∂²(x'A x)/∂x∂x"),
    ("∇_x² (x'A x)",                                      "∂²(x'A x)/∂x∂x"),
    ("∇_xx (x'A x)",                                      "∂²(x'A x)/∂x∂x"),
    ("∇²_xy (x'A y)",                                     "∂²(x'A y)/∂x∂y"),
    ("∇_x ∇_y (x'A y)",                                   "∂(∂(x'A y)/∂y)/∂x"),
    ("f + 2 ∇_x f",                                       "f + 2 ∂f/∂x"),
    ("f = f(x); ∇f(x)",                                   "f = f(x); ∂(f(x))/∂x"),
    ("f = f(x); ∇²f(x)",                                  "f = f(x); ∂²(f(x))/∂x∂x"),
    ("∇_x 1/2 tr(x x')",                                  "∂(1/2 tr(x x'))/∂x"),
    ("∇_x 1/2 (a'x - b)^2",                               "∂(1/2 (a'x - b)^2)/∂x"),
    ("∇_x sum(f(x))",                                     "∂sum(f(x))/∂x"),
    (r"\nabla_{\mathbf{x}} \left( \mathbf{x}^\top A \mathbf{x} \right)", r"\frac{\partial (x^\top A x)}{\partial x}"),
    (r"\nabla^2_{x} (x^\top A x)",                        r"\frac{\partial^2 (x^\top A x)}{\partial x^2}"),
    (r"\nabla_x^{2} (x^\top A x)",                        r"\frac{\partial^2 (x^\top A x)}{\partial x^2}"),
    (r"\nabla_\theta \|\theta\|^2",                       r"\frac{\partial \|\theta\|^2}{\partial \theta}"),
    (r"\nabla_A \log\det A",                              r"\frac{\partial \log\det A}{\partial A}"),
    # all of a side
    (r"\nabla_x x^\top A x",                              r"\frac{\partial (x^\top A x)}{\partial x}"),
    (r"\nabla_x \frac12 \|A x - b\|^2",                   r"\frac{\partial (\frac12 \|A x - b\|^2)}{\partial x}"),
    ("∇_x 1/2 x'A x",                                     "∂(1/2 x'A x)/∂x"),
    ("∂/∂x b'x",                                          "∂(b'x)/∂x"),
    (r"\frac{\partial}{\partial x} (x - b)^\top (x - b)", r"\frac{\partial ((x - b)^\top (x - b))}{\partial x}"),
    (r"\frac{d}{dx} \frac12 b^\top x",                    r"\frac{d (\frac12 b^\top x)}{dx}"),
    # inner products and absolute values
    ("⟨A, B⟩",                                            "sum(A .* B)"),
    (r"2 \left\langle x, A y \right\rangle",              "2 sum(x .* (A y))"),
    (r"\langle A, B \rangle_F",                           "sum(A .* B)"),
    (r"\log|\det A|",                                     "log(abs(det(A)))"),
]

REFUSED = [
    # the claim                                                       its help says
    (r"\nabla f = A x",                           r"write \nabla_x f"),
    ("∇²(x'x) = 2 I",                             "write ∇²_x (x'x)"),
    ("∇·v = 0",                                   "write ∇_x (x' A x) or ∂(x' A x)/∂x"),
    ("∇_x' f = 0",                                "write ∇_x (x' A x) or ∂(x' A x)/∂x"),
    ("∇_1 f = 0",                                 "write ∇_x (x' A x) or ∂(x' A x)/∂x"),
    ("∇_x (x_i x_i) = 2 x_k",                     "write ∂(…)/∂x_k"),
    ("∂_x (x'x) = 2 x",                           "write ∂(…)/∂x or ∇_x (…): ∂_x is by a coordinate"),
    (r"\nabla_{\hat{x}} f = x",                   "∂f/∂x for any name"),
    ("∇_x f' = x'",                               "write ∇_x (f') or (∇_x f)'"),
    (r"\nabla_x f(x)^\top p = 0",                 r"write \nabla_x (f(x)^\top p) or (\nabla_x f(x))^\top p"),
    (r"\nabla_x (f(x) - x)^\top p = 0",           r"write \nabla_x ((f(x) - x)^\top p) or "),
    (r"\nabla_x f(x)^\top = 0",                   r"write \nabla_x (f(x)^\top) or (\nabla_x f(x))^\top"),
    ("∇_x f^2 = x",                               "write ∇_x (f^2) or (∇_x f)^2"),
    ("∇_xy (x'A y) = A",                          "write ∂²f/∂x∂y, or ∇_x f alone"),
    (r"\nabla_x b^\top x = b",                    r"write \nabla_x (b^\top x) or (\nabla_x b)^\top x"),
    (r"\nabla_x x^\top A x + b^\top x = 2 x",     r"write \nabla_x (x^\top A x) or (\nabla_x x)^\top A x"),
    (r"\frac{\partial}{\partial x} A x = A",      r"write \frac{\partial}{\partial x} (A x) or "),
    (r"\frac{\partial}{\partial u} g^\top \frac{\partial u}{\partial x} = A", r"(\frac{\partial}{\partial u} g^\top)"),
    (r"\mathrm{d}\det X = \det X",                "write ∂tr(A X)/∂X = A'"),
    ("x^* = A b",                                 "give it another name, as x1"),
    ("A^H A = I",                                 "A'  as all numbers are real"),
    (r"\frac{\partial f}{\partial x}|_{x=0} = b", "put the point in afterwards"),
    (r"\mathbb{E}[x] = A b",                      "give it a name of its own"),
    (r"A^\dagger A = I",                          "write inv(X' X) X'"),
    ("⟨x_i, y_i⟩ = 1",                            "write x_i y_i"),
    ("∇f(x) = 2 x",                               "write  f : scalar; f = f(x)  above it, or sum(f(x))"),
    ("∇_x log(p(A x)) = x",                       "write sum(p(A x))"),
    ("⟨x, y = 1",                                 "close it with ⟩"),
]

LINES = [
    # as in the appendix of a paper                                                                      layouts
    (r"\nabla_{\mathbf{x}} \left( \mathbf{x}^\top \mathbf{A x} \right) = (A + \mathbf A^\top) \mathbf{x}", "mds"),
    (r"\nabla_w \frac{1}{2}\lVert Xw - y\rVert_2^2 = X^\top (Xw - y)",                      "mds"),
    (r"\nabla_{W} \lVert XW - Y\rVert_F^2 = 2X^\top (XW - Y)",                              "mds"),
    (r"\nabla^2_x (x^\top A x) = A + A^\top",                                               "mnds"),
    (r"\nabla_{A} \mathrm{tr}(A B A^\top C) = C^\top A B^\top + C A B",                     "mds"),
    (r"\nabla_A \log\lvert\det A\rvert = A^{-\top}",                                        "mds"),
    (r"\frac{\partial}{\partial \beta} (y - X\beta)^\top (y - X\beta) = -2X^\top (y - X\beta)", "mds"),
    (r"\frac{\partial}{\partial \theta} \left[ \frac12 \theta^\top H \theta \right] = \frac12 (H + H')\theta", "mds"),
    (r"\nabla_x \langle a, x \rangle = a",                                                  "mds"),
    (r"\nabla_x (x \odot y)^\top z = y \odot z",                                            "mds"),
    (r"f = x^\top A x; (\nabla_x f)^\top = x^\top (A + A^\top)",                            "mds"),
    (r"\frac{\partial^2}{\partial x \partial x^\top} x^\top A x = A + A^\top",              "mnds"),
    (r"\nabla_X \operatorname{Tr}\left[\mathbf{AXB}\right] = \mathbf{A}^{\mathsf{T}}\mathbf{B}^{\intercal}", "mds"),
]
# fmt: on


@pytest.mark.parametrize(("text", "wanted"), SAME)
def test_a_gradient_is_a_derivative(text: str, wanted: str) -> None:
    found, other = (parse(source).statements[-1].body for source in (text, wanted))
    assert sketch(found) == sketch(other)


@pytest.mark.parametrize(("text", "meant"), REFUSED)
def test_what_is_not_read_says_what_to_write(text: str, meant: str) -> None:
    with pytest.raises(EinsdiffError) as caught:
        ed.check(text)
    assert "help: " in str(caught.value)
    assert meant in str(caught.value).split("help: ")[1]


@pytest.mark.parametrize(("text", "letters"), LINES)
def test_lines_of_papers_are_judged(text: str, letters: str) -> None:
    verdict = ed.check(text)
    assert verdict.holds
    names = {"m": "mixed", "n": "numerator", "d": "denominator", "s": "sympy"}
    assert {name for name in verdict.layouts if name in names.values()} == {names[letter] for letter in letters}


@pytest.mark.parametrize(
    "text",
    [
        r"\nabla_x x^\top A x = 2 A x",
        r"\frac{\partial}{\partial x} b^\top x = 2 b",
        r"\nabla^2_x (x^\top A x) = A - A^\top",
        r"\frac{\partial}{\partial \beta} (y - X\beta)^\top (y - X\beta) = 2X^\top (y - X\beta)",
    ],
)
def test_wrong_lines_are_refuted(text: str) -> None:
    assert not ed.check(text).holds


def test_a_greek_letter_is_a_vector_where_a_claim_needs_it() -> None:
    verdict = ed.check("∂(θ'H θ)/∂θ = (H + H') θ")
    assert verdict.layouts == ("mixed", "denominator", "sympy", "vetter")
    assert verdict.names == {"θ": "vector(n)", "H": "matrix(n, n)"}
    assert ed.check("∂‖y - X β‖²/∂β = -2 X'(y - X β)").names["β"] == "vector(n)"
    assert ed.check("∂(λ x'x)/∂λ = x'x").names["λ"] == "scalar"
    assert ed.check("∂((A - λ I) x)/∂x = A - λ I").names["λ"] == "scalar"
