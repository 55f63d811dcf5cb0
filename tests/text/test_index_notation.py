"""Index notation: every spelling of DESIGN 2.1, as one line of text."""

from __future__ import annotations

import pytest
from sketch import read, sketch

from einsdiff.text.parser import parse, parse_claim, parse_entry

# fmt: off
NAMES = [
    # text                            tree
    ("x_i",                           "x[i]"),
    ("A_ij",                          "A[i,j]"),
    ("A_{ij}",                        "A[i,j]"),
    ("A_{i,j}",                       "A[i,j]"),
    ("A_{i1 j2}",                     "A[i1,j2]"),
    ("A_i1j",                         "A[i1,j]"),
    ("A[i,j]",                        "A[i,j]"),
    ("A[ i , j ]",                    "A[i,j]"),
    ("A[i j]",                        "A[i,j]"),
    ("A[row,col]",                    "A[row,col]"),
    ("x_hat[i]",                      "x_hat[i]"),
    ("Ix_n",                          "Ix[n]"),
    ("x_1",                           "x[1]"),
    ("A_12",                          "A[1,2]"),
    ("A_{1j}",                        "A[1,j]"),
    ("A[1,j]",                        "A[1,j]"),
    ("A[10,j]",                       "A[10,j]"),
    ("A_{12}",                        "A[1,2]"),
    ("xᵢ Aᵢⱼ₁ x₂",                    "(* x[i] A[i,j1] x[2])"),
    ("x_α y_{μν} z_{\\alpha\\beta}",  "(* x[α] y[μ,ν] z[α,β])"),
    ("λ_i lambda_i \\lambda_i",       "(* λ[i] λ[i] λ[i])"),
    ("α1_i alpha1_i \\alpha1_i",      "(* α1[i] α1[i] α1[i])"),
    ("2λx_i",                         "(* 2 λ x[i])"),
    ("δ_ij delta_ij \\delta_{ij}",    "(* δ[i,j] δ[i,j] δ[i,j])"),
    ("ε_ijk eps_ijk epsilon_ij \\varepsilon_{ij}", "(* ε[i,j,k] ε[i,j,k] ε[i,j] ε[i,j])"),
    ("δ x_i + eps",                   "(+ (* δ x[i]) ε)"),
    ("1_i + 𝟏_i + \\mathbf{1}_i",     "(+ 1[i] 1[i] 1[i])"),
    ("Sigma_ij \\Sigma_{ij}",         "(* Σ[i,j] Σ[i,j])"),
    ("self_i np_i out_i class_i d_i", "(* self[i] np[i] out[i] class[i] d[i])"),
    ("lambda = x_i x_i",              "λ = (* x[i] x[i])"),
    ("é_i ж_i",                       "(* é[i] ж[i])"),
]

OPERATIONS = [
    ("x_i A_ij x_j",                  "(* x[i] A[i,j] x[j])"),
    ("a_i * b_i · c_i ⋅ d_i",         "(* a[i] b[i] c[i] d[i])"),
    ("3x_i",                          "(* 3 x[i])"),
    ("10 x^2 y^2 z_i",                "(* 10 (^ x 2) (^ y 2) z[i])"),
    ("a_i - b_i − c_i",               "(+ a[i] (- b[i]) (- c[i]))"),
    ("-x_i^2",                        "(- (^ x[i] 2))"),
    ("-a_i b + - c - -d",             "(+ (- (* a[i] b)) (- c) (- (- d)))"),
    ("2 * -x_i",                      "(* 2 (- x[i]))"),
    ("a_i / b_i",                     "(/ a[i] b[i])"),
    ("x_i/(s t)",                     "(/ x[i] (* s t))"),
    ("a_i b / c",                     "(/ (* a[i] b) c)"),
    ("a_i / b * c",                   "(* (/ a[i] b) c)"),
    ("a_i/b/c",                       "(/ (/ a[i] b) c)"),
    ("a_i / -b",                      "(/ a[i] (- b))"),
    ("1/2 x_i x_i",                   "(* (/ 1 2) x[i] x[i])"),
    ("-1/2 x_i",                      "(- (* (/ 1 2) x[i]))"),
    ("2 * 1/2 x_i",                   "(* 2 (/ 1 2) x[i])"),
    ("1/2^2 * x_i",                   "(* (/ 1 (^ 2 2)) x[i])"),
    ("x_i^2",                         "(^ x[i] 2)"),
    ("x_i²³ + y_i⁻¹",                 "(+ (^ x[i] 23) (^ y[i] (- 1)))"),
    ("x_i**2",                        "(^ x[i] 2)"),
    ("x_i^{2}",                       "(^ x[i] 2)"),
    ("(x_i + 1)^(1/2)",               "(^ (+ x[i] 1) (/ 1 2))"),
    ("x_i^-1 y",                      "(* (^ x[i] (- 1)) y)"),
    ("x^{-1} y_i",                    "(* (^ x (- 1)) y[i])"),
    ("x^y^z_i",                       "(^ x (^ y z[i]))"),
    ("x^-y^2 z_i",                    "(* (^ x (- (^ y 2))) z[i])"),
    ("x_i^1/2",                       "(/ (^ x[i] 1) 2)"),
    ("x_i^2 y",                       "(* (^ x[i] 2) y)"),
    ("x^2_i W^{3}_{ij}",              "(* (^ x[i] 2) (^ W[i,j] 3))"),
    ("(a_i b) c",                     "(* (* a[i] b) c)"),
    ("(a)(b)(c_i)",                   "(* a b c[i])"),
    ("2(x + 1)(a_i)",                 "(* 2 (+ x 1) a[i])"),
    ("(a_i + b_i) + c_i",             "(+ (+ a[i] b[i]) c[i])"),
    ("1.5 x_i + .5 y + 2. z",         "(+ (* 3/2 x[i]) (* 1/2 y) (* 2 z))"),
    ("1e-3 x_i + 2e3 + 2e_i",         "(+ (* 1/1000 x[i]) 2000 (* 2 e[i]))"),
    ("|x_i + y_i| |z|",               "(* (abs! (+ x[i] y[i])) (abs! z))"),
    ("√(x_i) + √y",                   "(+ (sqrt! x[i]) (sqrt! y))"),
]

CALLS = [
    ("exp(x_i)",                      "(exp! x[i])"),
    ("exp (x_i)",                     "(exp! x[i])"),
    ("exp(x_i)^2",                    "(^ (exp! x[i]) 2)"),
    ("ln(x_i) arctan(y_i)",           "(* (ln! x[i]) (arctan! y[i]))"),
    ("max(a_i, b_i) + min(a, b)",     "(+ (max! a[i] b[i]) (min! a b))"),
    ("where(a_i > 0, b_i, c_i)",      "(where! (> a[i] 0) b[i] c[i])"),
    ("where(a_i ≠ b + 1, 1, 0)",      "(where! (!= a[i] (+ b 1)) 1 0)"),
    ("where(a == b_i, 1, 0)",         "(where! (== a b[i]) 1 0)"),
    ("b (x_i + y_i)",                 "(* b (+ x[i] y[i]))"),
    ("b(x_i + y_i)",                  "(b! (+ x[i] y[i]))"),
    ("b(x_i) + b",                    "(+ (* b x[i]) b)"),
    ("b = 2; y_i = b(x_i)",           "b = 2; y[i] = (* b x[i])"),
    ("b : scalar; y_i = b(x_i)",      "y[i] = (* b x[i])"),
    ("A_ij(x_j + b_j)",               "(* A[i,j] (+ x[j] b[j]))"),
    ("A_ij(x_j) + A_ij y_j",          "(+ (* A[i,j] x[j]) (* A[i,j] y[j]))"),
    ("f(x_i)",                        "(f! x[i])"),
    ("f_i(x)",                        "(f[i]! x)"),
    ("u_i = u_i(x); s = u_i u_i",     "u[i] = (u[i]! x); s = (* u[i] u[i])"),
    ("u_i = u_i(x, z); y_i = u_i(x)", "u[i] = (u[i]! x z); y[i] = (u[i]! x)"),
    ("c = c(x); y_i = c x_i",         "c = (c! x); y[i] = (* c x[i])"),
    ("e = e(a); y_i = e'(a) x_i",     "e = (e! a); y[i] = (* (e'! a) x[i])"),
    ("u_i = u_j(x)",                  "u[i] = (* u[j] x)"),
    ("∂²z_i(x)/∂x_j∂x_k",             "(d (z[i]! x) by x[j] x[k])"),
    ("∂²z_i/∂x_j∂x_k = ∂²z_i(x)/∂x_j∂x_k", "(d z[i] by x[j] x[k]) = (d (z[i]! x) by x[j] x[k])"),
    ("f_i(x, y) + ∂f_i/∂x_j",         "(+ (f[i]! x y) (d f[i] by x[j]))"),
    ("f'(x_i) + f′′(x_i)",            "(+ (f'! x[i]) (f''! x[i]))"),
    ("f^(1,0)(a_i, b_i)",             "(f^(1,0)! a[i] b[i])"),
    ("σ(W_ij x_j)",                   "(σ! (* W[i,j] x[j]))"),
    ("inv(A)_ij b_j",                 "(* (inv[i,j]! A) b[j])"),
    ("inv(A' A)[i,j]",                "(inv[i,j]! (* (' A) A))"),
    ("x_i det(A) + logdet(B)",        "(+ (* x[i] (det! A)) (logdet! B))"),
    ("x_i tr(A' B^-1 ⊙ C)",           "(* x[i] (tr! (.* (* (' A) (^ B (- 1))) C)))"),
    ("x_i norm(A x - b)",             "(* x[i] (norm! (+ (* A x) (- b))))"),
    ("x_i ||A x - b||^2",             "(* x[i] (^ (norm! (+ (* A x) (- b))) 2))"),
    ("exp = 2; y_i = exp(x_i)",       "exp = 2; y[i] = (* exp x[i])"),
]

REDUCTIONS = [
    ("sum_i(a_i)",                    "(sum[i] a[i])"),
    ("sum_{i,j}(A_ij)",               "(sum[i,j] A[i,j])"),
    ("sum[row](A[row,j])",            "(sum[row] A[row,j])"),
    ("sum_i(a_i) b",                  "(* (sum[i] a[i]) b)"),
    ("sum_i(a_i) + b",                "(+ (sum[i] a[i]) b)"),
    ("sum_i (x_i - a)^2 + c",         "(+ (sum[i] (^ (+ x[i] (- a)) 2)) c)"),
    ("Σ_i (x_i - a)^2 + c",           "(+ (sum[i] (^ (+ x[i] (- a)) 2)) c)"),
    ("Σ_i(x_i - a)^2 + c",            "(+ (sum[i] (^ (+ x[i] (- a)) 2)) c)"),
    ("∑_i x_i y_i / 2 - c",           "(+ (sum[i] (/ (* x[i] y[i]) 2)) (- c))"),
    ("2 Σ_i a_i Σ_j b_j",             "(* 2 (sum[i] (* a[i] (sum[j] b[j]))))"),
    ("Σ_i -x_i",                      "(sum[i] (- x[i]))"),
    ("Σ_ij A_ij",                     "(sum[i,j] A[i,j])"),
    ("log(sum_i exp(x_i))",           "(log! (sum[i] (exp! x[i])))"),
    ("x_i / Σ_j x_j y",               "(/ x[i] (sum[j] (* x[j] y)))"),
    ("prod_i(a_i) ∏_i a_i",           "(* (prod[i] a[i]) (prod[i] a[i]))"),
    ("max_i(x_i) + max(a, b)",        "(+ (max[i] x[i]) (max! a b))"),
    ("min_i x_i + mean_i(x_i)",       "(+ (min[i] x[i]) (mean[i] x[i]))"),
    ("logsumexp_i(x_i)",              "(logsumexp[i] x[i])"),
    ("softmax_i(z_i)",                "(softmax[i] z[i])"),
]

DERIVATIVES = [
    ("∂y_i/∂x_j",                     "(d y[i] by x[j])"),
    ("∂(x_i A_ij x_j)/∂x_k",          "(d (* x[i] A[i,j] x[j]) by x[k])"),
    ("d(x_i A_ij x_j)/d(x_k)",        "(d (* x[i] A[i,j] x[j]) by x[k])"),
    ("d(x_i x_i)/dx_k",               "(d (* x[i] x[i]) by x[k])"),
    ("d(x_i x_i)/dα",                 "(d (* x[i] x[i]) by α)"),
    ("d(x_i x_i)/dlambda",            "(d (* x[i] x[i]) by λ)"),
    ("∂²y/∂x_i∂x_j",                  "(d y by x[i] x[j])"),
    ("d^2(y)/d(x_i)d(z_j)",           "(d y by x[i] z[j])"),
    ("∂f_i(x)/∂x_j",                  "(d (f[i]! x) by x[j])"),
    ("∂y_i/∂x_j z_j",                 "(* (d y[i] by x[j]) z[j])"),
    ("∂y/∂x_i ∂z/∂x_i",               "(* (d y by x[i]) (d z by x[i]))"),
    ("∂/∂x_k (x_i x_i)",              "(d (* x[i] x[i]) by x[k])"),
    ("∂y/∂x_k = 2 x_k",               "(d y by x[k]) = (* 2 x[k])"),
    ("d(y)/d(x_k) = 2 x_k",           "(d y by x[k]) = (* 2 x[k])"),
    ("d = 2; y_i = d(x_i)",           "d = 2; y[i] = (* d x[i])"),
    ("d x_i + d_ij y_j",              "(+ (* d x[i]) (* d[i,j] y[j]))"),
    ("∂_l A_ij",                      "(∂[l] A[i,j])"),
    ("partial_l A_ij",                "(∂[l] A[i,j])"),
    ("∂_l (B_ik C_kj)",               "(∂[l] (* B[i,k] C[k,j]))"),
    ("ε_ijk ∂_j v_k",                 "(* ε[i,j,k] (∂[j] v[k]))"),
    ("∂_t v_i + v_j ∂_j v_i",         "(+ (∂[t] v[i]) (* v[j] (∂[j] v[i])))"),
    ("∂_i ∂_j v_k w",                 "(* (∂[i] (∂[j] v[k])) w)"),
    ("∂_ij u",                        "(∂[i] (∂[j] u))"),
]

PROGRAMS = [
    ("y_i = x_i; z = y_i y_i",        "y[i] = x[i]; z = (* y[i] y[i])"),
    ("y_i = x_i\n\nz = y_i y_i\n",    "y[i] = x[i]; z = (* y[i] y[i])"),
    ("y_i = x_i # z = 2; w\nz = y_i", "y[i] = x[i]; z = y[i]"),
    ("y_i = x_i +\n  z_i",            "y[i] = (+ x[i] z[i])"),
    ("y_i =\n  x_i",                  "y[i] = x[i]"),
    ("y_i = (x_i\n + z_i)",           "y[i] = (+ x[i] z[i])"),
    ("y_1 = 3 x_1^2 x_2; y_2 = 2 x_1", "y[1] = (* 3 (^ x[1] 2) x[2]); y[2] = (* 2 x[1])"),
    ("y[i,j] = x_ij",                 "y[i,j] = x[i,j]"),
    ("A : matrix(n, n)\ny_i = A_ii",  "y[i] = A[i,i]"),
]
# fmt: on

CASES = NAMES + OPERATIONS + CALLS + REDUCTIONS + DERIVATIVES + PROGRAMS


@pytest.mark.parametrize(("source", "tree"), CASES)
def test_a_text_is_read_as_its_tree(source: str, tree: str) -> None:
    assert read(source, notation="index") == tree


@pytest.mark.parametrize("source", [source for source, tree in CASES if "[" in tree])
def test_a_text_in_which_a_tensor_carries_an_index_is_index_notation(source: str) -> None:
    assert parse(source).notation == "index"


@pytest.mark.parametrize("source", ["b(x_i)", "b(x_i + y_i)"])
def test_a_name_that_is_said_to_be_known_is_no_function(source: str) -> None:
    assert read(source, known=["b"]).startswith("(* b")


def test_a_known_name_may_contain_an_underscore() -> None:
    assert read("x_hat y_i", known=["x_hat"]) == "(* x_hat y[i])"
    assert read("x_hat[i] + inv(A x_hat)_ij") == "(+ x_hat[i] (inv[i,j]! (* A x_hat)))"


# fmt: off
ENTRIES = [
    ("x",          "x"),
    (" x_k ",      "x[k]"),
    ("W_{ij}",     "W[i,j]"),
    ("x_hat[i]",   "x_hat[i]"),
    ("lambda",     "λ"),
    (r"\lambda_i", "λ[i]"),
]
# fmt: on


@pytest.mark.parametrize(("text", "name"), ENTRIES)
def test_an_entry_is_one_name(text: str, name: str) -> None:
    assert sketch(parse_entry(text)) == name


def test_an_entry_may_be_a_known_name_with_an_underscore() -> None:
    assert sketch(parse_entry("x_hat", known=["x_hat"])) == "x_hat"


def test_a_claim_has_two_sides_without_targets() -> None:
    claim = parse_claim("ε_ijk ε_ilm = δ_jl δ_km - δ_jm δ_kl")
    assert [statement.target for statement in claim.statements] == [None, None]
    assert sketch(claim.statements[0].body) == "(* ε[i,j,k] ε[i,l,m])"


def test_a_claim_may_follow_statements() -> None:
    claim = parse_claim("A : matrix(n, n) symmetric\ny = x' A x\nd(y)/dx = 2 A x")
    assert [statement.target is None for statement in claim.statements] == [False, True, True]


def test_spans_refer_to_the_text_as_given() -> None:
    source = r"y = \lambda x_{i} + \exp(x_i)"
    statement = parse(source).statements[0]
    spans = [statement.span, statement.body.span, *(term.span for term in statement.body.terms)]
    pieces = [source[span.start : span.stop] for span in spans]
    assert pieces == [source, r"\lambda x_{i} + \exp(x_i)", r"\lambda x_{i}", r"\exp(x_i)"]


def test_the_span_of_an_index_is_its_own_letter() -> None:
    name = parse("y + A_{i1 j}").statements[0].body.terms[1]
    assert [(index.span.start, index.span.stop) for index in name.indices] == [(7, 9), (10, 11)]
