"""Differentials in claims: which d is a sign, how far it reaches, and functions without brackets."""

from __future__ import annotations

import pytest
from sketch import read, sketch

import einsdiff as ed
from einsdiff.text.parser import parse_claim

# fmt: off
SIGNS = [
    # claim                                        its sides, where d u is a differential
    ("d tr(A X) = tr(A dX)",                       "(d (tr! (* A X)))", "(tr! (* A (d X)))"),
    ("d(XY) = (dX)Y + X dY",                       "(d (* X Y))",       "(+ (* (d X) Y) (* X (d Y)))"),
    ("∂(X + Y) = ∂X + ∂Y",                         "(d (+ X Y))",       "(+ (d X) (d Y))"),
    ("d(A x) = Adx",                               "(d (* A x))",       "(* A (d x))"),
    ("d vec(A X) = A d vec X",                     "(d (vec! (* A X)))", "(* A (d (vec! X)))"),
    ("d(X Y) = d(X) Y + X d(Y)",                   "(d (* X Y))",       "(+ (* (d X) Y) (* X (d Y)))"),
    ("d²(x'x) = 2 dx'dx",                          "(d (d (* (' x) x)))", "(* 2 (d (' x)) (d x))"),
    ("d^2 tr(X'X) = 2 tr((dX)'dX)",                "(d (d (tr! (* (' X) X))))", "(* 2 (tr! (* (' (d X)) (d X))))"),
    ("‖d exp(x)‖ = ‖exp(x) ⊙ dx‖",                 "(norm! (d (exp! x)))", "(norm! (.* (exp! x) (d x)))"),
    ("f = x'x; df = 2x'dx",                        "(d f)",             "(* 2 (' x) (d x))"),
    ("∂X^T = (∂X)^T",                              "(d (' X))",         "(' (d X))"),
    ("d||x||^2 = 2x'dx",                           "(d (^ (norm! x) 2))", "(* 2 (' x) (d x))"),
    ("d ||x||^2 = 2x'dx",                          "(d (^ (norm! x) 2))", "(* 2 (' x) (d x))"),
    ("d⟨X, X⟩ = 2 ⟨X, dX⟩",                        "(d (sum! (.* X X)))", "(* 2 (sum! (.* X (d X))))"),
    ("d√(x'x) = x'dx",                             "(d (sqrt! (* (' x) x)))", "(* (' x) (d x))"),
    (r"\mathrm{d}\frac{x}{s} = \frac{\mathrm{d}x}{s}", "(d (/ x s))",    "(/ (d x) s)"),
    (r"d\sum_i x_i^2 = 2 \sum_i x_i dx_i",         "(d (sum[i] (^ x[i] 2)))", "(* 2 (sum[i] (* x[i] (d x[i]))))"),
    (r"\mathrm{d}(\mathbf{Ax}) = \mathbf{A}\,\mathrm{d}\mathbf{x}", "(d (* A x))", "(* A (d x))"),
    (r"{\rm d}(A x) = A\,{\rm d} x",               "(d (* A x))",       "(* A (d x))"),
    (r"d\ln|\Sigma| = \operatorname{tr}(\Sigma^{-1}d\Sigma)",
                                                   "(d (ln! (det! Σ)))", "(tr! (* (^ Σ (- 1)) (d Σ)))"),
    ("d(x_i y_i) = dx_i y_i + x_i dy_i",           "(d (* x[i] y[i]))", "(+ (* (d x[i]) y[i]) (* x[i] (d y[i])))"),
    ("(0)' = d(A)",                                "(' 0)",             "(d A)"),
    ("d(A) = 0",                                   "(d A)",             "0"),
    # over a denominator
    ("d tr(A X)/dX = A'",                          "(d (tr! (* A X)) by X)", "(' A)"),
    ("d log det X/dX = X'",                        "(d (log! (det! X)) by X)", "(' X)"),
    ("d||A x||^2/dx = y",                          "(d (^ (norm! (* A x)) 2) by x)", "y"),
    ("d√(x'x)/dx = y",                             "(d (sqrt! (* (' x) x)) by x)", "y"),
    (r"d\sqrt[3]{x^\top x}/dx = y",                "(d (^ (* (' x) x) (/ 1 3)) by x)", "y"),
    (r"d\frac{x^\top x}{s}/dx = y",                "(d (/ (* (' x) x) s) by x)", "y"),
    ("d⟨A, X⟩/dX = A",                             "(d (sum! (.* A X)) by X)", "A"),
    ("d(x'x)^-1/dx = y",                           "(d (^ (* (' x) x) (- 1)) by x)", "y"),
    ("d²(x'x)^2/dxdx' = A",                        "(d (^ (* (' x) x) 2) by x x)", "A"),
    ("d (x'x)/dx = 2 x",                           "(d (* (' x) x) by x)", "(* 2 x)"),
    ("2 d inv(X)/d(X) = A",                        "(* 2 (d (inv! X) by X))", "A"),
    (r"d \operatorname{tr}(AX) / dX = A^\top",     "(d (tr! (* A X)) by X)", "(' A)"),
    ("d/dX tr(X) = I",                             "(d (tr! X) by X)",  "I"),
    ("d/dx (x'A x) = y",                           "(d (* (' x) A x) by x)", "y"),
    ("d²/dxdx' (x'x) = 2 I",                       "(d (* (' x) x) by x x)", "(* 2 I)"),
    ("f = x'x; df = ∂f/∂x dx",                     "(d f)",             "(* (d f by x) (d x))"),
    # names
    ("d : scalar; d(x + z) = d x + d z",           "(* d (+ x z))",     "(+ (* d x) (* d z))"),
    ("dX : matrix(n, n); tr(dX X) = tr(X dX)",     "(tr! (* dX X))",    "(tr! (* X dX))"),
    ("d(x + z) = d x + d z",                       "(* d (+ x z))",     "(+ (* d x) (* d z))"),
    ("||d x||^2 = d^2 ||x||^2",                    "(^ (norm! (* d x)) 2)", "(* (^ d 2) (^ (norm! x) 2))"),
    (r"\|dx\|^2 = d^2 \|x\|^2",                    "(^ (norm! (* d x)) 2)", "(* (^ d 2) (^ (norm! x) 2))"),
    ("d(x, z) = norm(x - z)",                      "(d! x z)",          "(norm! (+ x (- z)))"),
    ("||x - d || = d ||x||",                       "(norm! (+ x (- d)))", "(* d (norm! x))"),
    ("d = d x",                                    "d",                 "(* d x)"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "left", "right"), SIGNS)
def test_a_d_is_the_sign_of_a_differential_where_the_claim_shows_it(claim: str, left: str, right: str) -> None:
    sides = parse_claim(claim).statements[-2:]
    assert [sketch(side.body) for side in sides] == [left, right]


def test_places_are_those_of_the_text() -> None:
    claim = "d tr(A X) = tr(AdX)"
    change = parse_claim(claim).statements[-1].body.arguments[0].factors[1]
    assert claim[change.span.start : change.span.stop] == "dX"


def test_a_program_has_no_differentials() -> None:
    assert read("x' A dx + d x") == "(+ (* (' x) A dx) (* d x))"
    with pytest.raises(ed.ParseError, match="lacks its /"):
        ed.parse("∂(X + Y)")


# fmt: off
REFUSED = [
    # claim                                  error                what it says or what is to be written
    ("d(x'Ax) = dx'Ax + x'A dx",             ed.AmbiguityError,   "write d(x'Ax) or (dx') Ax"),
    ("∂XY = (∂X)Y + X∂Y",                    ed.AmbiguityError,   "write ∂(XY) or (∂X) Y"),
    ("dXY = (dX)Y + X dY",                   ed.AmbiguityError,   "write d(XY) or (dX) Y"),
    ("dX Y = d(X Y)",                        ed.AmbiguityError,   "write d(X Y) or (dX) Y"),
    ("d tr(X) Y = tr(dX) Y",                 ed.AmbiguityError,   "write d(tr(X) Y) or (d tr(X)) Y"),
    ("d x'x = 2 x'dx",                       ed.AmbiguityError,   "write d(x'x) or (dx') x"),
    ("d X^-1 = -X^-1 dX X^-1",               ed.AmbiguityError,   "write d(X^-1) or (dX)^-1"),
    ("∂X^-1 = -X^-1 ∂X X^-1",                ed.AmbiguityError,   "write ∂(X^-1) or (∂X)^-1"),
    ("d log(x)^2 = dx",                      ed.AmbiguityError,   "write d(log(x)^2) or (d(log(x)))^2"),
    ("d x_i^2 = 2 x_i dx_i",                 ed.AmbiguityError,   "write d(x_i^2) or (dx_i)^2"),
    ("dx'Ax/dx = x",                         ed.ClaimError,       "write d(x'Ax)/dx"),
    ("dAx/dx = A",                           ed.ClaimError,       "write d(A x)/dx"),
    ("dx_i x_i/dx_j = 2 x_j",                ed.ClaimError,       "write d(x_i x_i)/dx"),
    ("∂Ax/∂x = A",                           ed.ParseError,       "write ∂(A x)/∂x"),
    ("df/dx = 2 x",                          ed.ClaimError,       "write ∂f/∂x"),
    ("d|X| = tr(X^-1 dX)",                   ed.AmbiguityError,   "write det(X) or abs(X)"),
    ("d(x'Ax) = x'(A + A')",                 ed.ClaimError,       "write d(x'Ax)/dx for the derivative"),
    ("∂(x'Ax) = x'(A + A')",                 ed.ClaimError,       "write ∂(x'Ax)/∂x for a derivative"),
    ("x'dx = x'x",                           ed.ClaimError,       "the other one has none"),
    ("df = 2 x'dx",                          ed.ClaimError,       "nothing says what f is"),
    ("d²f = 2 dx'dx",                        ed.ClaimError,       "nothing says what f is"),
    ("dF = A dX B",                          ed.ClaimError,       "nothing says what F is"),
    ("dx = A x dt",                          ed.ClaimError,       "nothing says what x is"),
    ("dA = 0",                               ed.ClaimError,       "this defines dA"),
    ("d(A) = 0",                             ed.ClaimError,       "nothing says what A is"),
    ("d(X'X) = 0",                           ed.ClaimError,       "nothing says what changes"),
    ("Q : matrix(n, n) orthogonal; d(Q'Q) = (dQ)'Q + Q'dQ", ed.ClaimError, "Q'dQ is skew"),
    ("A : matrix(3, 3); det(dA) = d^3 det(A)", ed.AmbiguityError, "of names d and dA it is true"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "error", "message"), REFUSED)
def test_what_is_not_clear_is_refused(claim: str, error: type[ed.EinsdiffError], message: str) -> None:
    with pytest.raises(error) as caught:
        ed.check(claim)
    assert message in str(caught.value)


@pytest.mark.parametrize("claim", ["d/d/d(=)", "d‖x=dx", r"\frac{d}{d}=dX"])
def test_odd_texts_are_refused(claim: str) -> None:
    with pytest.raises(ed.EinsdiffError):
        parse_claim(claim)


# fmt: off
BARE = [
    # text                      tree
    ("log det X",               "(log! (det! X))"),
    ("log det(A X)",            "(log! (det! (* A X)))"),
    ("ln det X' + c",           "(+ (ln! (det! (' X))) c)"),
    ("tr A + 2 det B",          "(+ (tr! A) (* 2 (det! B)))"),
    ("log|X|",                  "(log! (det! X))"),
    ("ln |λ I + X'X|",          "(ln! (det! (+ (* λ I) (* (' X) X))))"),
    ("log(|A B|)",              "(log! (det! (* A B)))"),
    (r"\ln\lvert X\rvert",      "(ln! (det! X))"),
    (r"\log\left|\Sigma\right|", "(log! (det! Σ))"),
]

BARE_REFUSED = [
    # text                      what is to be written
    ("tr A X",                  "write tr(A X) or tr(A) X"),
    ("det A B C",               "write det(A B C) or det(A) B C"),
    ("log det(A) B",            "write log(det(A) B) or log(det(A)) B"),
    ("exp x",                   "write exp(x)"),
    ("log x",                   "write log(x)"),
    ("log exp(x)",              "write log(exp(x))"),
    ("log exp x",               "write log(exp(x))"),
    ("log |x' x|",              "write log(abs(x' x)), or log(det(x' x)) for a matrix"),
    ("|A B|",                   "write det(A B) or abs(A B)"),
    ("log(|X| + 1)",            "write det(X) or abs(X)"),
    ("|X|^2 log(2)",            "write det(X) or abs(X)"),
]
# fmt: on


@pytest.mark.parametrize(("source", "tree"), BARE)
def test_a_function_stands_without_brackets_where_custom_leaves_no_doubt(source: str, tree: str) -> None:
    assert read(source, notation="matrix") == tree


@pytest.mark.parametrize(("source", "typed"), BARE_REFUSED)
def test_elsewhere_it_is_refused_with_what_to_write(source: str, typed: str) -> None:
    with pytest.raises(ed.EinsdiffError) as caught:
        ed.parse(source, notation="matrix")
    assert str(caught.value).endswith(f"help: {typed}")
