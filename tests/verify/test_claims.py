"""Verdicts: true claims in their layouts, false ones with their diagnosis, and texts that cannot be judged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import einsdiff as ed
from einsdiff.errors import EinsdiffError
from einsdiff.layouts import LAYOUTS
from einsdiff.verify.claims import judge, read
from einsdiff.verify.judge import Bench

ROW, COLUMN = ("numerator", "vec"), ("mixed", "denominator", "sympy", "vetter")
BOTH = (*COLUMN[:1], "numerator", *COLUMN[1:3], "vec")

# fmt: off
TRUE = [
    # claim                                                     layouts
    ("d(x'Ax)/dx = x'(A + A')",                                 ROW),
    ("∂(x'Ax)/∂x = (A + A')x",                                  COLUMN),
    ("∂(x' A x)/∂x = xᵀ(A + Aᵀ).",                              ROW),
    ("x'(A + A') = d(x'Ax)/dx",                                 ROW),
    ("∂tr(AXB)/∂X = AᵀBᵀ",                                      COLUMN),
    ("∂tr(AXB)/∂X = BA",                                        ("numerator",)),
    ("∂tr(AXB)/∂X = vec(A'B')'",                                ("vec",)),
    ("∂²(x'Ax)/∂x∂xᵀ = A + A'",                                 BOTH),
    ("d²(x'Ax)/dxdx' = A + A'",                                 BOTH),
    ("∂(A x)/∂x = A",                                           ("mixed", "numerator", "vec")),
    ("∂(A x)/∂x = A'",                                          ("denominator", "sympy")),
    ("∂(A X B)/∂X = B' ⊗ A",                                    ("vec",)),
    ("∂(A X B)/∂X = vec(A) vec(B')'",                           ("vetter",)),
    ("∂vec(X)/∂X = I",                                          ("vec",)),
    ("∂logdet(X)/∂X = inv(X)'",                                 COLUMN),
    ("∂(a' inv(X) b)/∂X = -inv(X)' a b' inv(X)'",               COLUMN),
    ("∂‖Ax − b‖²/∂x = 2 Aᵀ(A x − b)",                           COLUMN),
    ("∂((x - μ)'(x - μ))/∂μ = 2 (μ - x)",                       COLUMN),
    ("∂‖y − X β‖²/∂β = −2 Xᵀ(y − X β)",                         COLUMN),
    ("∂(β' x)/∂β = x'",                                         ROW),
    ("∂(λ x' x)/∂λ = x' x",                                     tuple(LAYOUTS)),
    ("∂norm(x)/∂x = x'/norm(x)",                                ROW),
    ("∂softmax(x)/∂x = diag(softmax(x)) - softmax(x) softmax(x)'", BOTH),
    ("∂(a'Xb)/∂X = ab'",                                        COLUMN),
    ("∂(b x)/∂x = b I",                                         BOTH),
    ("∂(a'b)/∂x = 0",                                           tuple(LAYOUTS)),
    (r"\frac{\partial \mathbf{x}^\top \mathbf{Ax}}{\partial \mathbf{x}} = \mathbf{x}^\top(\mathbf{A} + A^T)", ROW),
    # chain rules: each derivative inside has the rows and columns of the layout
    ("y = A x; ∂y/∂x = A",                                      ("mixed", "numerator", "vec")),
    ("u = A x; y = u'u; ∂y/∂x = ∂y/∂u ∂u/∂x",                   ROW),
    ("u = A x; y = u'u; ∂y/∂x = ∂u/∂x ∂y/∂u",                   ("denominator", "sympy")),
    ("u = u(x); v = v(x); ∂(u' v)/∂x = u' ∂v/∂x + v' ∂u/∂x",    ROW),
    ("u = u(x); v = v(x); ∂(u' v)/∂x = ∂u/∂x v + ∂v/∂x u",      ("denominator", "sympy")),
    # equalities and claims in index notation are true or not, whatever the layout
    ("tr(AB) = tr(BA)",                                         ()),
    ("(AB)' = B'A'",                                            ()),
    ("vec(AXB) = (Bᵀ⊗A) vec(X)",                                ()),
    ("(A⊗B)(C⊗D) = (AC)⊗(BD)",                                  ()),
    ("tr(A)+tr(B) = tr(A+B)",                                   ()),
    ("norm(x)^2 = x'x",                                         ()),
    ("A - A = 0",                                               ()),
    ("sum(softmax(x)) = 1",                                     ()),
    ("P = X (X'X)^-1 X'; P P = P",                              ()),
    ("ε_ijk ε_klm = δ_il δ_jm − δ_im δ_jl",                     ()),
    ("∂(x_i A_ij x_j)/∂x_k = A_kj x_j + A_jk x_j",              ()),
    ("∂f(x_i)/∂x_j = δ_ij f'(x_i)",                             ()),
    ("0 = ε_ijk δ_jk",                                          ()),
    ("a_i b_i = b_j a_j",                                       ()),
    # an index runs over the same values on both sides, also where δ alone carries it
    ("∂x_i/∂x_i = δ_ii",                                        ()),
    ("δ_ii = ∂x_i/∂x_i",                                        ()),
    ("∂x_i/∂x_j δ_ij = δ_ii",                                   ()),
    ("∂A_ij/∂A_ij = δ_ii δ_jj",                                 ()),
    ("x : vector(n); ∂x_i/∂x_i = n",                            ()),
    # a row, a column, a matrix and a number are one where all sizes are 1
    ("x : vector(1); x' = x",                                   ()),
    ("x : vector(1); sum(x) = x",                               ()),
    ("x : vector(1); y : vector(n); y ⊗ x = y x'",              ()),
    ("x : vector(1); d(exp(x))/dx = exp(x)",                    tuple(LAYOUTS)),
    ("A : matrix(1, 1); d(A x)/dx = A",                         tuple(LAYOUTS)),
]
# fmt: on


@pytest.mark.parametrize(("claim", "layouts"), TRUE)
def test_a_true_claim_holds_in_its_layouts(claim: str, layouts: tuple[str, ...]) -> None:
    verdict = ed.check(claim)
    assert verdict
    assert set(verdict.layouts) == set(layouts)
    assert verdict.method == "proof"
    assert verdict.assumption is None
    assert verdict.counterexample is None


@pytest.mark.parametrize(
    "claim",
    [
        "sin(x).^2 + cos(x).^2 = 1",
        "A : matrix(1, 1); A' = A",
        "A : matrix(1, 1); A B = B A",
        "logdet(AB) = logdet(A) + logdet(B)",
        "det(AB) = det(A) det(B)",
        "log(x .* y) = log(x) + log(y)",
        "erf(-x) = -erf(x)",
        "inv(A + u v') = inv(A) - inv(A) u v' inv(A)/(1 + v' inv(A) u)",
    ],
)
def test_what_has_no_normal_form_is_established_by_numbers(claim: str) -> None:
    verdict = ed.check(claim)
    assert verdict
    assert verdict.method == "numeric"
    assert "modulo primes" in verdict.reason or "9 digits" in verdict.reason


# fmt: off
FALSE = [
    # claim                                              what the reason says
    ("∂(x'x)/∂x = x'",                                   "a factor 2 is missing"),
    ("∂(x'x)/∂x = 4 x'",                                 "a factor 2 is too much"),
    ("∂(x'x)/∂x = -2 x",                                 "the sign is wrong"),
    ("∂(x'x)/∂x = -x",                                   "a factor 2 is missing and the sign is wrong"),
    ("∂(x'Ax)/∂x = x'A - x'A'",                          "the sign of the second term is wrong"),
    ("∂(x'Ax)/∂x = x'A",                                 "a term is missing: xᵀ Aᵀ"),
    ("∂(x'Ax)/∂x = x'A + x'A' + x'",                     "the term x' is one too many"),
    ("∂(x'Ax + b'x)/∂x = x'A + x'A' + 1/2 b'",           "a factor 2 is missing in 1/2 b'"),
    ("∂tr(AXB)/∂X = AB",                                 "two factors are swapped: A and B"),
    ("(AB)' = A'B'",                                     "two factors are swapped: A' and B'"),
    ("∂‖Ax-b‖²/∂x = 2 A (A x - b)",                      "a transpose is missing on A"),
    ("a : vector(n); b : vector(m); ∂(a'Xb)/∂X = a b",   "a transpose is missing on b"),
    ("∂(y'Ax)/∂x = A'y'",                                "y should not be transposed"),
    ("tr(A B) = tr(A' B)",                               "A should not be transposed"),
    ("∂logdet(X)/∂X = X'",                               "an inverse is missing on X"),
    ("∂sum(a .* x)/∂x = diag(a)",                        "diag is too much on a"),
    ("∂(x'x/norm(y))/∂x = 2 x'/norm(y)^2",               "norm(y) should not be squared"),
    ("∂(a .* x)/∂x = a",                                 "diag(a) is meant"),
    ("∂(A X B)/∂X = A ⊗ B'",                             "two factors are swapped: A and B'"),
    ("∂(x_i A_ij x_j)/∂x_k = A_kj x_j - A_jk x_j",       "the sign of the second term is wrong"),
    ("∂(A_ij x_j)/∂x_k = A_ki",                          "two indices are swapped in A_ki"),
    ("a_i b_i = 2 a_i b_i",                              "a factor 2 is too much"),
    ("∂(a'b)/∂x = a'",                                   "the left side is zero: a'b does not depend on x"),
    ("x'x = xx'",                                        "the left side is a scalar, the right side n×n"),
    ("A = A'",                                           "the left side is n×m, the right side m×n"),
    ("∂(x'Ax)/∂x = Ax + x'A",                            "a column and a row cannot be added"),
    ("A : matrix(2,3); B: matrix(4,5); tr(A B) = tr(B A)", "A has 3 columns, B has 4 rows"),
    ("A : matrix(3,3); A = A'",                          "A should not be transposed"),
    ("S : matrix(3, 3); vech(S) = vec(S)",                  "the left side is 6×1, the right side 3·3×1"),
    ("x : vector(2); x' = x",                            "the left side is 1×2, the right side 2×1"),
    ("∂x_i/∂x_i = 2 δ_ii",                               "a factor 2 is too much"),
    ("tr(I) = A",                                        "the left side is a scalar, the right side n×m"),
    ("(x'y)^2 = x'x y'y",                                "the two sides differ"),
    ("∂σ(a)/∂a = σ(a) (1 - σ(a))",                       "known: write sigmoid if σ is the logistic function"),
    ("foo(x) = bar(x)",                                  "of which nothing is known"),
    ("det(2A) = 8 det(A)",                               "the two sides differ"),
    ("tr(AB) = tr(A) tr(B)",                             "the two sides differ"),
    ("x = 1.00001 x",                                    "the two sides differ"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "reason"), FALSE)
def test_a_false_claim_has_its_diagnosis(claim: str, reason: str) -> None:
    verdict = ed.check(claim)
    assert not verdict
    assert reason in verdict.reason


# fmt: off
ASSUMPTIONS = [
    # claim                                              the weakest assumption             layouts
    ("∂(x'Ax)/∂x = 2 x'A",                               "A symmetric",                     ROW),
    ("∂(x'Ax)/∂x = 2 A x",                               "A symmetric",                     COLUMN),
    ("A = A'",                                           "A symmetric",                     ()),
    ("A' = -A",                                          "A skew",                          ()),
    ("tr(A) = 0",                                        "A skew",                          ()),
    ("Q Q' = I",                                         "Q orthogonal",                    ()),
    ("inv(Q) = Q'",                                      "Q orthogonal",                    ()),
    ("P P = P",                                          "P idempotent",                    ()),
    ("inv(A) = A",                                       "A an involution",                 ()),
    ("A B = B A",                                        "A and B commute",                 ()),
    ("norm(x) = 1",                                      "x a unit vector",                 ()),
    ("sqrt(x.^2) = x",                                   "x positive",                      ()),
    ("∂(-y' log(softmax(z)))/∂z = softmax(z) - y",       "the entries of y sum to 1",       COLUMN),
    ("A_ij = A_ji",                                      "A symmetric",                     ()),
    ("A B = B' A'",                                      "A diagonal, B diagonal",          ()),
    ("∂(x'x)/∂x = 3 x'",                                 None,                              ()),
    ("det(Q) = 1",                                       None,                              ()),
    ("det(2A) = 2 det(A)",                               None,                              ()),
]
# fmt: on


@pytest.mark.parametrize(("claim", "assumption", "layouts"), ASSUMPTIONS)
def test_the_weakest_assumption_is_named(claim: str, assumption: str | None, layouts: tuple[str, ...]) -> None:
    verdict = ed.check(claim)
    assert not verdict
    assert verdict.assumption == assumption
    assert set(verdict.layouts) == set(layouts)


def test_two_assumptions_are_found_together() -> None:
    verdict = ed.check("tr(A B' C) = tr(A' B C)")
    assert not verdict
    assert verdict.assumption is not None
    assert verdict.assumption.count("symmetric") == 2


def test_a_square_matrix_is_an_assumption_of_its_own() -> None:
    verdict = ed.check("A : matrix(n, m); tr(A A') = tr(A' A) + 0 tr(A)")
    assert not verdict
    assert "A has n rows and m columns" in verdict.reason


def test_what_is_declared_is_used() -> None:
    assert not ed.check("∂(x'Ax)/∂x = 2 x'A")
    verdict = ed.check("∂(x'Ax)/∂x = 2 x'A", declare={"A": "matrix(n, n) symmetric"})
    assert verdict.layouts == ROW
    assert ed.check("Q : matrix(n, n) orthogonal; norm(Q x) = norm(x)")
    assert ed.check("w : vector(n) positive; sqrt(w.^2) = w")


def test_a_number_is_given_for_a_size_that_matters() -> None:
    assert not ed.check("δ_ii = 3")
    assert ed.check("δ_ii = 3", sizes={"i": 3})
    assert ed.check("A : matrix(n, n); det(2 A) = 8 det(A)", sizes={"n": 3})
    with pytest.raises(ed.UnknownNameError, match="no index and no declared size is called k"):
        ed.check("δ_ii = 3", sizes={"k": 3})


# ------------------------------------------------------------------------------------------------------------- branches


@pytest.mark.parametrize(
    "claim",
    [
        "d(max(0,a'x))/dx = a",
        "max(0,a'x) = a'x",
        "d(abs(a'x))/dx = a",
        "abs(a'x) = a'x",
        "sign(a'x) = 1",
        "sqrt((a'x)^2) = a'x",
        "where(a'x > 0,1,0) = 1",
        "abs(det(A)) = det(A)",
        "max(0, p'q - 2) = 0",
        "max(0,u'v) = u'v",
        "∂max(0, u_i v_i)/∂v_j = u_j",
        "where(x>3,1,0) = 0",
        "where(x>10,1,0) = 0",
        "max(x,-3) = x",
        "abs(100+x) = 100+x",
        "min(x,100) = x",
        "1e-12 x = 0",
        "x (1 + 1e-12) = x",
        "x + 1e-15 = x",
        "abs(x) + 1e-15 = abs(x)",
        "1/3 = 0.3333333333",
        "exp(-1000 x^2) = 0",
        "tanh(1000 x) = sign(x)",
        "sigmoid(1e6 x) = where(x>0,1,0)",
        "sign(x + 1000000) = 1",
        "sign(x + 1e15) = 1",
        "sqrt(1 + x^2/10^12) = 1",
        "sqrt(2) x = 1.4142135624 x",
        "d(x'T x)/dx = x",
        "T T = T",
    ],
)
def test_what_holds_on_one_branch_or_at_one_scale_alone_is_false(claim: str) -> None:
    assert not ed.check(claim)


@pytest.mark.parametrize(
    ("claim", "never"),
    [
        ("abs(x'A x) = x'A x", "A positive"),
        ("∂max(0,w_i x_i)/∂x_j = w_j", "the entries of w sum to 1"),
        ("max(tr(A B),0) = tr(A B)", "A and B commute"),
        ("max(0,1-y a'x) = 1-y a'x", "a positive"),
    ],
)
def test_an_assumption_must_hold_on_all_branches(claim: str, never: str) -> None:
    verdict = ed.check(claim)
    assert not verdict
    assert verdict.assumption != never


def test_a_mistake_must_be_right_on_all_branches() -> None:
    assert "a factor 2 is missing" not in ed.check("d(max(0,w'w+b))/dw = w").reason


@pytest.mark.parametrize(
    "claim",
    [
        "abs(x)^2 = x^2",
        "sqrt(x'x) = norm(x)",
        "d(relu(a'x))/dx = where(a'x > 0, 1, 0) a'",
        "max(x, y) = (x + y + abs(x - y))/2",
        "abs(exp(x)) = exp(x)",
        "d(norm1(x))/dx = sign(x)'",
        "a : vector(n); x : vector(n); d(max(x,a))/dx = diag(where(x>a,1,0))",
        "max(x'x, -1) = x'x",
        "relu(x'A'A x) = x'A'A x",
        "A : matrix(n, n) spd; abs(x'A x) = x'A x",
        "abs(exp(x) + x'x) = exp(x) + x'x",
        "abs(erf(x)) = erf(abs(x))",
    ],
)
def test_what_holds_on_all_branches_is_true(claim: str) -> None:
    assert ed.check(claim)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("tanh(x'x + 1000) = 1", "has no digits there that tell it from its limit"),
        ("exp(-1000) = 0", "has no digits there that tell it from its limit"),
        ("sinh(x'x + 50) = cosh(x'x + 50)", "has no digits there that tell it from its limit"),
        ("∂log(x)/∂x = 1/abs(x)", "was never reached"),
        ("1e400 x = 1e399 x", "could not be evaluated"),
        ("x_999999999 = 0", "could not be evaluated"),
        ("logdet(x x') = 0", "no point was found"),
        ("relu(x'x - 2 x'y + y'y) = norm(x - y)^2", "was never reached"),
    ],
)
def test_what_cannot_be_established_is_refused(claim: str, message: str) -> None:
    with pytest.raises(ed.ClaimError, match=message):
        ed.check(claim)


# ------------------------------------------------------------------------------------------------ a layout is asked for


def test_a_layout_is_asked_for() -> None:
    assert ed.check("∂(A x)/∂x = A'", layout="denominator")
    verdict = ed.check("∂(A x)/∂x = A'", layout="numerator")
    assert not verdict
    assert verdict.layouts == ("denominator", "sympy")
    assert verdict.reason == "this is the transpose: true in layouts denominator, sympy"
    assert verdict.correct["numerator"] == "A"


def test_a_derivative_that_is_no_matrix_in_the_layout_is_said_so() -> None:
    verdict = ed.check("∂(A X B)/∂X = B' ⊗ A", layout="numerator")
    assert not verdict
    assert "is no matrix in layout numerator: true in vec layout" in verdict.reason


def test_a_layout_of_the_users_own_is_tried() -> None:
    ed.register_layout("backwards", lambda y, x: [*reversed(x), *reversed(y)])
    try:
        assert "backwards" in ed.check("∂(x'Ax)/∂x = (A + A')x").layouts
    finally:
        del LAYOUTS["backwards"]


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(ed.UnknownNameError, match="there is no layout nominator"):
        ed.check("∂(A x)/∂x = A", layout="nominator")


# ---------------------------------------------------------------------------------------------------------- the answer


def test_the_right_answers_are_matrix_forms_in_each_layout() -> None:
    verdict = ed.check("∂(x'Ax)/∂x = x'A")
    assert verdict.correct["numerator"] == "xᵀ(A + Aᵀ)"
    assert verdict.correct["denominator"] == "(A + Aᵀ) x"
    assert set(verdict.correct) == set(LAYOUTS)


def test_layouts_without_a_matrix_have_no_answer() -> None:
    verdict = ed.check("∂(A X B)/∂X = A ⊗ B")
    assert set(verdict.correct) == {"vec", "vetter"}
    assert verdict.correct["vec"] == "Bᵀ ⊗ A"


def test_the_answer_of_an_index_claim_is_index_text() -> None:
    verdict = ed.check("∂(A_ij x_j)/∂x_k = A_ki")
    assert verdict.correct == {"index": "A_ik"}


def test_a_counterexample_carries_the_inputs_that_show_it() -> None:
    verdict = ed.check("∂(x'Ax)/∂x = 2 x'A", layout="numerator")
    found = verdict.counterexample
    assert found is not None
    x, A = found.inputs["x"], found.inputs["A"]
    k = found.indices[0] - 1
    assert found.left == pytest.approx((x @ (A + A.T))[k])
    assert found.right == pytest.approx((2 * x @ A)[k])
    assert found.left != pytest.approx(found.right)


def test_inputs_have_pairwise_different_sizes() -> None:
    found = ed.check("tr(A B' C) = tr(A B' C) + sum(x)").counterexample
    assert found is not None
    sizes = {n for a in found.inputs.values() for n in a.shape}
    assert len(sizes) == 4
    assert found.inputs["A"].shape[0] == found.inputs["C"].shape[1]


def test_a_verdict_is_written_in_a_few_lines() -> None:
    verdict = ed.check("∂(x'x)/∂x = x'")
    assert str(verdict).splitlines() == [
        "false: a factor 2 is missing (then true in layouts numerator, vec)",
        "  counterexample: entry 2 is 4 on the left and 2 on the right for x = [-1, 2]",
        "  right: mixed, denominator, sympy, vetter  2 x",
        "         numerator, vec                     2 xᵀ",
        "  for x : vector(n)",
    ]
    assert repr(verdict) == (
        "Verdict(False, layouts=(), 'a factor 2 is missing (then true in layouts numerator, vec)')"
    )
    assert verdict.names == {"x": "vector(n)"}
    document = json.loads(json.dumps(verdict.to_json()))
    assert document["holds"] is False
    assert document["counterexample"]["inputs"] == {"x": [-1.0, 2.0]}


def test_the_same_claim_has_the_same_verdict() -> None:
    assert str(ed.check("∂tr(AXB)/∂X = AB")) == str(ed.check("∂tr(AXB)/∂X = AB"))


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("claim", "kind", "message"),
    [
        ("tr(AB)", ed.ClaimError, "there is no = here"),
        ("", ed.ParseError, "the text is empty"),
        ("tr(AB) = tr(BA) = 0", ed.ClaimError, "there are two claims"),
        ("A B = B A; A = B", ed.ClaimError, "there are two claims"),
        ("dy/dx = A", ed.ClaimError, "are names here"),
        ("y = Ax", ed.ClaimError, "this defines y"),
        ("tr(I) = n", ed.ClaimError, "this defines n"),
        ("δ_ii = n", ed.ClaimError, "this defines n"),
        ("∂x_i/∂x_i = n", ed.ClaimError, "this defines n"),
        ("a = b ; a = c", ed.ClaimError, "this defines c"),
        ("A_ij B_jk = C_ik", ed.ClaimError, "this defines C"),
        ("d(A x)/dx = B", ed.ClaimError, "this defines B"),
        ("x = 3", ed.ClaimError, "this defines x"),
        ("δ_ii = x_i x_i + y_i y_i", ed.ClaimError, "nothing tells how far i runs"),
        ("tahn(x) = 1", ed.UnknownNameError, "there is no function tahn"),
        ("A_ij = B_ik", ed.IndexMismatchError, "stands alone in a term"),
        ("log(-x.^2) = log(-x.^2)", ed.ClaimError, "no point was found"),
        ("inv(x x') = inv(x x')", ed.ClaimError, "no point was found"),
        ("log(-x.^2) = 2 log(-x.^2)", ed.ClaimError, "no point was found"),
        ("1/(x - x) = 1", ed.ParseError, "exactly zero"),
        ("A : matrix(100000, 100000); tr(A) = det(A)", ed.ClaimError, "could not be evaluated"),
        ("x = = y", ed.EinsdiffError, "two claims"),
        ("∂(A x)/∂vec(A x) = x", ed.ParseError, "is a function"),
    ],
)
def test_what_cannot_be_judged_is_refused(claim: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        ed.check(claim)


@pytest.mark.parametrize("sizes", [{"n": 0}, {"n": 2.5}, {"n": True}])
def test_a_size_is_a_whole_number(sizes: dict[str, int]) -> None:
    with pytest.raises(ed.InputError, match="a size is a whole number"):
        ed.check("A : matrix(n, n); tr(A) = 0", sizes=sizes)


def test_a_claim_is_a_text() -> None:
    with pytest.raises(ed.InputError, match="a formula is a text"):
        ed.check(3)  # type: ignore[arg-type]


def test_a_large_declared_size_is_no_obstacle() -> None:
    assert ed.check("A : matrix(500, 400); B : matrix(400, 500); tr(A B) = tr(B A)")
    assert not ed.check("A : matrix(500, 400); B : matrix(400, 500); tr(A B) = 2 tr(B A)")


# -------------------------------------------------------------------------------------------------------- random claims

DECLARED = {
    "A": "matrix(n, m)", "B": "matrix(m, n)", "C": "matrix(n, n)", "D": "matrix(m, m)", "X": "matrix(n, m)",
    "u": "vector(n)", "v": "vector(m)", "x": "vector(m)",
}  # fmt: skip
FROM = {"n": ["A", "X", "C", "B'", "C'"], "m": ["B", "D", "A'", "X'", "D'"]}
TO = {"A": "m", "X": "m", "C": "n", "B'": "m", "C'": "n", "B": "n", "D": "m", "A'": "n", "X'": "n", "D'": "m"}
VECTORS = {"n": ["u"], "m": ["v", "x"]}


@st.composite
def chains(draw: st.DrawFn, start: str) -> tuple[str, str]:
    """Draw a product of matrices, and the size of its columns."""
    names, size = [], start
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(FROM[size]))
        names.append(name)
        size = TO[name]
    return " ".join(names), size


@st.composite
def formulas(draw: st.DrawFn) -> str:
    """Draw a scalar, or a vector that is a product."""
    start = draw(st.sampled_from("nm"))
    chain, end = draw(chains(start))
    u, v = draw(st.sampled_from(VECTORS[start])), draw(st.sampled_from(VECTORS[end]))
    kinds = [f"{u}' {chain} {v}", f"{chain} {v}", f"norm({chain} {v} - {u})^2", f"sum(sin({chain} {v}))"]
    if start == end:
        kinds += [f"tr({chain})"] * 2
    return draw(st.sampled_from(kinds))


def matrix_form(g: ed.Derivative, layout: str) -> str | None:
    try:
        return g.matrix(layout, spelling="plain")
    except ed.NoMatrixForm:
        return None


@settings(max_examples=30, deadline=None)
@given(formulas(), st.sampled_from(["x", "v", "X", "A", "C"]), st.sampled_from(["numerator", "denominator", "vec"]))
def test_the_matrix_form_of_a_derivative_is_a_true_claim_and_twice_it_is_not(f: str, wrt: str, layout: str) -> None:
    names = {name: kind for name, kind in DECLARED.items() if name in f or name == wrt}
    if wrt not in f:
        return
    g = ed.diff(ed.parse(f, declare=names), wrt)
    text = matrix_form(g, layout)
    if text is None or text == "0" or "\n" in text:
        return
    claim = read(f"∂({f})/∂{wrt} = {text}", declare=names)
    assert layout in [found.layout for found in judge(claim, Bench()) if found.holds]
    for wrong in (f"2 ({text})", f"-({text})"):
        findings = judge(read(f"∂({f})/∂{wrt} = {wrong}", declare=names), Bench())
        assert not [found.layout for found in findings if found.holds]


def test_numbers_and_the_compiled_derivative_agree() -> None:
    """The left side of a counterexample is what the compiled function computes."""
    found = ed.check("∂tr(A X' B X)/∂X = 2 A X' B", layout="numerator").counterexample
    assert found is not None
    g = ed.diff("tr(A X' B X)", "X").compile(layout="numerator")(**found.inputs)
    row, column = found.indices
    np.testing.assert_allclose(g[row - 1, column - 1], found.left)


@pytest.mark.parametrize("claim", [
    "∂²(||z a'||_F^2)/∂a∂a = A A", "f = exp(sum(a)); ∂f/∂a = B S' b", "tr(inv(I')) = (diag(a) + (I ⊙ C))",
])  # fmt: skip
def test_a_claim_whose_mistakes_do_not_fit_is_answered(claim: str) -> None:
    assert not ed.check(claim).holds


@pytest.mark.parametrize("claim", [
    "∂tanh(W x)/∂x = (1 - tanh(W x).^2) W", "∂sigmoid(W x)/∂x = sigmoid(W x)(1 - sigmoid(W x)) W",
])  # fmt: skip
def test_a_change_that_fits_other_sizes_is_tried_with_them(claim: str) -> None:
    assert not ed.check(claim).holds


# fmt: off
FOLDED = [
    # claim                          what the reason says
    ("vec(A') = vec(A)",             "a transpose is missing on A"),
    ("commutation vec(A) = vec(A)",  "a transpose is missing on A"),
    ("A ⊗ B = B ⊗ A",                "two factors are swapped: B and A"),
    ("x ⊗ y = y ⊗ x",                "two factors are swapped: y and x"),
    ("∂X'/∂X = I",                   "the two sides differ"),
    ("∂(A X B)/∂X = A ⊗ B'",         "two factors are swapped: A and B'"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "reason"), FOLDED)
def test_n_times_m_rows_are_as_many_as_m_times_n(claim: str, reason: str) -> None:
    verdict = ed.check(claim)
    assert not verdict
    assert verdict.reason.startswith(reason)
    found = verdict.counterexample
    assert found is not None
    assert found.left != found.right
    assert len({n for a in found.inputs.values() for n in a.shape}) > 1


def test_rows_that_are_folded_otherwise_may_be_equal() -> None:
    assert ed.check("vec(A - A) = vec(A' - A')")


JACOBIANS = ("mixed", "numerator", "denominator", "sympy", "vec")
# fmt: off
STACKED = [
    # claim                                                            layouts
    ("∂vec(A X B)/∂vec(X)' = B' ⊗ A",                                  ("mixed", "numerator", "vec")),
    ("∂vec(A X B)/∂vec(X) = B ⊗ A'",                                   ("denominator", "sympy")),
    ("∂tr(A X)/∂vec(X)' = vec(A')'",                                   ("numerator", "vec")),
    ("∂tr(A X)/∂vec(X) = vec(A')",                                     ("mixed", "denominator", "sympy", "vetter")),
    ("∂(X a)/∂vec(X)' = a' ⊗ I",                                       ("mixed", "numerator", "vec")),
    ("∂vec(inv(X))/∂vec(X)' = -(inv(X)' ⊗ inv(X))",                    ("mixed", "numerator", "vec")),
    ("∂vec(X X')/∂vec(X)' = (I + commutation)(X ⊗ I)",                 ("mixed", "numerator", "vec")),
    ("∂vec(A .* X)/∂vec(X)' = diag(vec(A))",                           JACOBIANS),
    ("∂²tr(X'A X)/∂vec(X)∂vec(X)' = I ⊗ (A + A')",                     JACOBIANS),
    ("∂²logdet(X)/∂vec(X)∂vec(X)' = -commutation (inv(X)' ⊗ inv(X))",  JACOBIANS),
]
# fmt: on


@pytest.mark.parametrize(("claim", "layouts"), STACKED)
def test_a_matrix_can_be_differentiated_by_as_a_vector(claim: str, layouts: tuple[str, ...]) -> None:
    verdict = ed.check(claim)
    assert verdict
    assert verdict.layouts == layouts
    for mutated in (claim.replace("= ", "= 2 (") + ")", claim.replace("= ", "= -(") + ")"):
        assert not ed.check(mutated)


def test_two_factors_of_a_derivative_by_vec_are_swapped() -> None:
    verdict = ed.check("∂vec(A X B)/∂vec(X)' = A ⊗ B'")
    assert "two factors are swapped: A and B'" in verdict.reason
    assert verdict.correct["vec"] == "Bᵀ ⊗ A"
    assert verdict.correct["denominator"] == "B ⊗ Aᵀ"


def test_a_derivative_by_vec_is_of_a_layout() -> None:
    with pytest.raises(ed.EinsdiffError, match="has rows and columns, and those are of a layout"):
        ed.parse("∂vec(A X B)/∂vec(X)'")


# fmt: off
KINDS = [
    # claim                                                what the reason says                             x is
    ("∂sum(x)/∂x = 1",                                     "left side is n×1, the right side a scalar", "vector(n)"),
    ("∂sum(x .* x)/∂x = 2 sum(x)",                         "left side is n×1, the right side a scalar", "vector(n)"),
    ("2 norm(x) = ∂norm(x)^2/∂x",                          "left side is a scalar, the right side n×1", "vector(n)"),
    ("∂norm(x - y)^2/∂x = 2 norm(x - y)",                  "left side is n×1, the right side a scalar", "vector(n)"),
    ("∂tanh(W x)/∂x = (1 - tanh(W x).^2) W",               "diag(1 - tanh(W x).^2) is meant",               None),
    ("∂tanh(W x)/∂x = diag(1 - tanh(W x)^2) W",            "tanh(W x)^2 should be taken entry by entry",    None),
    ("∂(x'A y)/∂A = x y",                                  "a transpose is missing on y",                   None),
    ("∂‖A x - b‖²/∂x = 2 (A x - b) A",                     "a transpose is missing on A x - b",             None),
    ("∂(v'sigmoid(W x))/∂W = x (v .* sigmoid(-W x))",      "a column times a column is no product",         None),
]
# fmt: on


@pytest.mark.parametrize(("claim", "reason", "x"), KINDS)
def test_the_side_with_the_derivative_tells_the_kinds_of_a_false_claim(claim: str, reason: str, x: str | None) -> None:
    verdict = ed.check(claim)
    assert not verdict
    assert reason in verdict.reason
    assert verdict.names.get("x") == x
    assert "tr(" not in verdict.correct["mixed"]


@pytest.mark.parametrize(
    "claim", ["∂sigmoid(x)/∂x = sigmoid(x)(1 - sigmoid(x))", "∂(c x)/∂x = c", "∂exp(A t)/∂t = A .* exp(A t)"]
)
def test_a_true_claim_has_the_kinds_that_both_sides_need(claim: str) -> None:
    assert ed.check(claim)


# fmt: off
SMALL_ONLY = [
    # claim                                                                            holds for
    ("A² − tr(A) A + det(A) I = 0",                                                    "2×2"),
    ("X : matrix(n, n) skew; inv(X) = −X/det(X)",                                      "2×2"),
    ("X : matrix(n, n) skew; ∂det(X)/∂X = X",                                          "2×2"),
    ("A^3 - tr(A) A^2 + 1/2 (tr(A)^2 - tr(A^2)) A = 1/6 (tr(A)^3 - 3 tr(A) tr(A^2) + 2 tr(A^3)) I", "1×1 to 3×3"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "where"), SMALL_ONLY)
def test_what_holds_for_small_matrices_alone_is_false(claim: str, where: str) -> None:
    verdict = ed.check(claim)
    assert not verdict, where
    assert verdict.assumption is None
    assert verdict.counterexample is not None


# fmt: off
LARGE = [
    # claim                                                                             is true
    ("ε_ijklmnop ε_ijklmnop = 40320",                                                   True),
    ("ε_ijklmnopqr ε_ijklmnopqr = 3628800",                                             True),
    ("ε_ijklmn ε_opklmn = 24 (δ_io δ_jp - δ_ip δ_jo)",                                  True),
    ("ε_ijkl ε_mijn = -2 (δ_km δ_ln - δ_kn δ_lm)",                                      False),
    ("1e400 = 1e400",                                                                   True),
    ("A^64 = A^63 A",                                                                   True),
    ("A^64 = A^63",                                                                     False),
    (" ".join(["A"] * 60) + " = A^60",                                                  True),
    (" ".join(f"A{k}" for k in range(60)) + " = 0",                                     False),
    (" + ".join(["x"] * 3000) + " = 3000 x",                                            True),
    ("∂(" * 50 + "x'x" + ")/∂x" * 50 + " = 0",                                          True),
]
# fmt: on


@pytest.mark.parametrize(("claim", "holds"), LARGE)
def test_a_large_claim_is_judged(claim: str, holds: bool) -> None:  # noqa: FBT001 - the expected verdict
    assert ed.check(claim).holds is holds


# fmt: off
SIZES_ONLY = [
    # claim                                                  what it is true of alone
    ("det(X'X) det(X X') = 0",                               "a matrix that is not square"),
    ("tr(X inv(X'X) X') = norm(y ./ y)^2 - 1",               "a matrix with one column less than y has entries"),
    ("tr(X inv(X'X) X') = tr(Y inv(Y'Y) Y')",                "two matrices with as many columns"),
    ("tr(X inv(X'X) X') = norm(diag(X X') ./ diag(X X'))^2 - 1", "a matrix with one row more than columns"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "where"), SIZES_ONLY)
def test_what_holds_for_some_sizes_alone_is_false(claim: str, where: str) -> None:
    verdict = ed.check(claim)
    assert not verdict, where
    assert "factor" not in verdict.reason
    assert verdict.counterexample is not None


def test_a_mistake_fits_all_sizes_that_the_claim_fits() -> None:
    """With X' X' the right side would be one of square matrices alone."""
    assert ed.check("det(X'X) = det(X X')").reason == "two factors are swapped: X and X'"


@pytest.mark.parametrize("claim", ["∂log(x'y)/∂x = 2 y", "∂logdet(X)/∂X = 2 inv(X)'", "∂atanh(α)/∂α = 1/(2 - α^2)"])
def test_at_a_counterexample_there_is_a_value_of_what_is_differentiated(claim: str) -> None:
    found = ed.check(claim).counterexample
    assert found is not None
    body = claim[1 : claim.index("/∂")]
    assert np.isfinite(ed.parse(body).compile()(**found.inputs))


def test_a_clash_of_sizes_is_told_without_its_marks() -> None:
    reason = ed.check("A : matrix(n,n) symmetric; ε_ijk A_jk = 0").reason
    assert reason == "the sizes do not fit: j runs over n and over 3"


def test_the_numbers_of_a_counterexample_have_the_digits_by_which_they_differ() -> None:
    assert "2.82842712475 on the left and 2.8284271248" in str(ed.check("sqrt(2) x = 1.4142135624 x"))


def test_a_matrix_that_is_square_in_one_layout_alone_is_assumed_square_in_all() -> None:
    assert not ed.check("∂(A a x j)/∂x k = X b")


INDICES = [
    ("∂(A_ij x_j y_i)/∂A_kl = x_k y_l", "the indices k and l are exchanged"),
    ("∂(A_ij B_jk)/∂B_lm = A_im δ_kl", "the indices m and l are exchanged"),
]


@pytest.mark.parametrize(("claim", "reason"), INDICES)
def test_indices_of_a_whole_formula_are_exchanged(claim: str, reason: str) -> None:
    assert reason in ed.check(claim).reason


def test_no_assumption_is_found_on_small_matrices_alone() -> None:
    assert ed.check("∂det(X)/∂X = X").assumption is None


def test_more_axes_than_an_array_can_have_are_answered() -> None:
    assert ed.check("∂(" * 70 + "x" + ")/∂x" * 70 + " = 0")


# ------------------------------------------------------------------------------------ variables that stand nowhere else

# fmt: off
SCALARS = [
    # claim                                                            layouts
    ("Y = Y(x); ∂inv(Y)/∂x = -Y^-1 ∂Y/∂x Y^-1",                        ("mixed", "numerator", "sympy", "vetter")),
    ("Y = Y(t); ∂(A Y B)/∂t = A ∂Y/∂t B",                              ("mixed", "numerator", "sympy", "vetter")),
    ("Y = Y(t); ∂logdet(Y)/∂t = tr(Y^-1 ∂Y/∂t)",                       ("mixed", "numerator", "sympy", "vetter")),
]
# fmt: on


@pytest.mark.parametrize(("claim", "layouts"), SCALARS)
def test_a_variable_of_which_nothing_tells_is_a_scalar_where_a_product_needs_it(
    claim: str, layouts: tuple[str, ...]
) -> None:
    verdict = ed.check(claim)
    assert verdict.layouts == layouts
    assert "scalar" in verdict.names.values()
    assert not ed.check(claim.replace("= -", "= ").replace("= A", "= -A").replace("= tr", "= -tr")).holds


def test_a_variable_that_stands_like_a_vector_stays_one() -> None:
    with pytest.raises(EinsdiffError, match=r"a derivative here .* has more than two axes"):
        ed.check("Y = Y(x); ∂inv(Y)/∂x = -Y^-1 ∂Y/∂x Y^-1 + A (x x' - x x') B")
    with pytest.raises(EinsdiffError, match=r"a derivative here .* has more than two axes"):
        ed.check("x : vector(n); Y = Y(x); ∂inv(Y)/∂x = -Y^-1 ∂Y/∂x Y^-1")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("∂(A x)/∂A' = I", "the left side is n×mn, the right side a square matrix"),
        ("∂(A x)/∂A = ones", "the left side is n×mn, the right side a column"),
        ("∂(A x)/∂A = ones'", "the left side is n×mn, the right side a row"),
    ],
)
def test_sizes_without_a_name_are_told_in_words(claim: str, words: str) -> None:
    assert ed.check(claim).reason == f"the sizes do not fit: {words}"


def test_the_adjugate_of_the_zero_matrix_is_zero_unless_it_has_one_row() -> None:
    assert ed.check("A : matrix(3, 3); adj(A - A) = 0 I").holds
    assert ed.check("A : matrix(1, 1); adj(A - A) = I").holds
    assert not ed.check("A : matrix(3, 3); adj(A - A) = I").holds


def test_a_greek_letter_that_can_be_no_vector_stays_a_scalar() -> None:
    assert not ed.check("∂(a ξ)/∂ξ = -a")
