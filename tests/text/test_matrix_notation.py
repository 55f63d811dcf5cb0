"""Matrix notation: every spelling of DESIGN 2.2, as one line of text."""

from __future__ import annotations

import pytest
from sketch import read

from einsdiff.text.parser import parse

# fmt: off
CASES = [
    # text                         tree
    ("x' A x",                     "(* (' x) A x)"),
    ("xᵀ A x",                     "(* (' x) A x)"),
    ("x^T A x",                    "(* (' x) A x)"),
    ("x^⊤ A x",                    "(* (' x) A x)"),
    ("x′ A x’",                    "(* (' x) A (' x))"),
    ("x'(A + A')",                 "(* (' x) (+ A (' A)))"),
    ("A''",                        "(' (' A))"),
    ("(A B)'",                     "(' (* A B))"),
    ("A^-1",                       "(^ A (- 1))"),
    ("A^{-1} B",                   "(* (^ A (- 1)) B)"),
    ("A⁻¹ x",                      "(* (^ A (- 1)) x)"),
    ("A^-1'",                      "(' (^ A (- 1)))"),
    ("A^-1^T",                     "(' (^ A (- 1)))"),
    ("A'^-1",                      "(^ (' A) (- 1))"),
    ("A^T^-1",                     "(^ (' A) (- 1))"),
    ("A^-T + A^{-T} + A⁻ᵀ",        "(+ (' (^ A (- 1))) (' (^ A (- 1))) (' (^ A (- 1))))"),
    ("A^3 + A^n",                  "(+ (^ A 3) (^ A n))"),
    ("A .* B",                     "(.* A B)"),
    ("A ⊙ B ∘ C",                  "(.* (.* A B) C)"),
    ("A B ⊙ C",                    "(.* (* A B) C)"),
    ("a ./ b ./ c",                "(./ (./ a b) c)"),
    ("a .^ 2 + b.^-1",             "(+ (.^ a 2) (.^ b (- 1)))"),
    ("2.*x",                       "(.* 2 x)"),
    ("A ⊗ B ⊗ C",                  "(⊗ (⊗ A B) C)"),
    ("kron(A, B)",                 "(⊗ A B)"),
    ("(B' ⊗ A) vec(X)",            "(* (⊗ (' B) A) (vec! X))"),
    ("tr(A' B) det(A)",            "(* (tr! (* (' A) B)) (det! A))"),
    ("logdet(A) + inv(A)",         "(+ (logdet! A) (inv! A))"),
    ("diag(x) A diag(x)",          "(* (diag! x) A (diag! x))"),
    ("sum(x) + norm1(x)",          "(+ (sum! x) (norm1! x))"),
    ("||A x - b||^2",              "(^ (norm! (+ (* A x) (- b))) 2)"),
    ("‖T − U Vᵀ‖²",                "(^ (norm! (+ T (- (* U (' V))))) 2)"),
    ("‖x‖ ‖y‖",                    "(* (norm! x) (norm! y))"),
    ("|| ||x|| y ||",              "(norm! (* (norm! x) y))"),
    ("||x||_1 + ||x||_2²",         "(+ (norm1! x) (^ (norm2! x) 2))"),
    ("||A||_F ||A||_{F}",          "(* (normF! A) (normF! A))"),
    ("exp(A x)",                   "(exp! (* A x))"),
    ("A x + 1",                    "(+ (* A x) 1)"),
    ("I + ones ones' + 𝟏 x'",      "(+ I (* ones (' ones)) (* ones (' x)))"),
    ("x' A x / (x' x)",            "(/ (* (' x) A x) (* (' x) x))"),
    ("1/2 x' x",                   "(* (/ 1 2) (' x) x)"),
    ("λ x' x + lambda",            "(+ (* λ (' x) x) λ)"),
    ("x' Σ^-1 x",                  "(* (' x) (^ Σ (- 1)) x)"),
    ("𝐱ᵀ𝐀𝐱",                       "(* (' x) A x)"),
    ("d(x' A x)/dx",               "(d (* (' x) A x) by x)"),
    ("∂(x' A x)/∂x",               "(d (* (' x) A x) by x)"),
    ("∂²(x' A x)/∂x∂xᵀ",           "(d (* (' x) A x) by x x)"),
    ("∂²(x' A x)/(∂x ∂x')",        "(d (* (' x) A x) by x x)"),
    ("∂²(x' A x)/∂x²",             "(d (* (' x) A x) by x x)"),
    ("d(y)/dx = A' + A",           "(d y by x) = (+ (' A) A)"),
    ("y = A x; z = y' y",          "y = (* A x); z = (* (' y) y)"),
    ("x_hat : vector(n); x_hat' x_hat", "(* (' x_hat) x_hat)"),
    ("a b",                        "(* a b)"),
    # a statement whose own name is called declares an unknown function; no other name that is defined is one
    ("u = u(x); u' u",             "u = (u! x); (* (' u) u)"),
    ("u = u(x, z); v = v(u)",      "u = (u! x z); v = (v! u)"),
    ("u = u (x)",                  "u = (u! x)"),
    ("u = u(x); y = u(x)' u",      "u = (u! x); y = (* (' (u! x)) u)"),
    (r"\mathbf{u} = \mathbf{u}\left(\mathbf{x}\right)", "u = (u! x)"),
    ("u = u(x) + 1",               "u = (+ (* u x) 1)"),
    ("u = 2 u(x)",                 "u = (* 2 u x)"),
    ("exp = exp(x)",               "exp = (* exp x)"),
    ("softmax(A x)' logsumexp(x)", "(* (' (softmax! (* A x))) (logsumexp! x))"),
    ("commutation vec(A)",         "(* commutation (vec! A))"),
]
# fmt: on


@pytest.mark.parametrize(("source", "tree"), CASES)
def test_a_text_is_read_as_its_tree(source: str, tree: str) -> None:
    assert read(source) == tree
    assert parse(source).notation == "matrix"


def test_a_transpose_is_one_although_T_is_a_name_too() -> None:
    assert read("T - U V^T") == "(+ T (- (* U (' V))))"
