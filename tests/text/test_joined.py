"""Names side by side without a blank, in matrix notation."""

from __future__ import annotations

import pytest
from sketch import read

from einsdiff.text.parser import parse, parse_claim

# fmt: off
CASES = [
    # text                       tree
    ("tr(AXB)",                  "(tr! (* A X B))"),
    ("x'Ax",                     "(* (' x) A x)"),
    ("AᵀBᵀ + AB",                "(+ (* (' A) (' B)) (* A B))"),
    ("2Ax + b",                  "(+ (* 2 A x) b)"),
    ("X^TX",                     "(* (' X) X)"),
    ("x^TAx",                    "(* (' x) A x)"),
    ("W1x1 + W2A3",              "(+ (* W1 x1) (* W2 A3))"),
    ("loss",                     "loss"),
    ("Loss",                     "Loss"),
    ("xx'",                      "(' xx)"),
    ("KL(x)",                    "(KL! x)"),
    ("AB(x + y) + A x + B x",    "(+ (* A B (+ x y)) (* A x) (* B x))"),
    ("RSS = x' x; 2 RSS",        "RSS = (* (' x) x); (* 2 RSS)"),
    ("AB : matrix(n, n); AB x",  "(* AB x)"),
    ("Xi + Pi",                  "(+ Ξ Π)"),
    ("d(x'Ax)/dx",               "(d (* (' x) A x) by x)"),
    ("d²(x'Ax)/dxdx'",           "(d (* (' x) A x) by x x)"),
    ("d(AXB)/dX",                "(d (* A X B) by X)"),
    ("det(AB) logdet(A)",        "(* (det! (* A B)) (logdet! A))"),
    ("I + AB",                   "(+ I (* A B))"),
]
# fmt: on


@pytest.mark.parametrize(("source", "tree"), CASES)
def test_a_word_is_read_as_its_names(source: str, tree: str) -> None:
    assert read(source) == tree


def test_a_known_word_stays_one_name() -> None:
    names = {"AXB"}
    assert parse("tr(AXB)", notation="matrix", known=names).statements[0].body.arguments[0].name == "AXB"


@pytest.mark.parametrize(
    ("claim", "factors"),
    [("∂(a'Xb)/∂X = ab'", 2), ("x x' = xx'", 2), ("a b c = abc", 3)],
)
def test_in_a_claim_a_word_is_a_product_of_names_that_stand_elsewhere(claim: str, factors: int) -> None:
    assert len(parse_claim(claim).statements[-1].body.factors) == factors


def test_in_a_claim_a_word_of_new_letters_is_one_name() -> None:
    assert parse_claim("loss = 2 gain").statements[0].body.name == "loss"


def test_index_notation_keeps_its_names() -> None:
    assert parse("y_n = Ix_n AB").statements[0].body.factors[1].name == "AB"


def test_places_are_those_of_the_text() -> None:
    body = parse("tr(AXB)").statements[0].body
    assert [(f.span.start, f.span.stop) for f in body.arguments[0].factors] == [(3, 4), (4, 5), (5, 6)]
