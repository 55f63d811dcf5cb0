"""What is refused beside the texts of `refused.txt`, and with which words."""

from __future__ import annotations

import pytest

from einsdiff.errors import ClaimError, EinsdiffError, ParseError
from einsdiff.text.parser import LENGTH, parse, parse_claim, parse_entry
from einsdiff.text.tree import Differentiate
from tests.refusals import message_of


@pytest.mark.parametrize("source", ["", "   ", "\n\n", "\t"])
def test_an_empty_text_is_refused(source: str) -> None:
    assert message_of(source) == "ParseError: the text is empty\n\n  help: y = x_i A_ij x_j"


# fmt: off
STRAY = [
    ("x_i\x00",      "U+0000"),
    ("x\x1fy",       "U+001F"),
    ("x_i\u0301",    "U+0301"),
    ("x\u202ey",     "U+202E"),
    ("\ud800",       "U+D800"),
    ("x_i 漢",       "漢"),
]
# fmt: on


@pytest.mark.parametrize(("source", "sign"), STRAY)
def test_a_stray_character_is_named(source: str, sign: str) -> None:
    assert message_of(source).startswith(f"ParseError: there is no such sign in formulas: {sign} [^]\n")


def test_a_comment_alone_is_no_formula() -> None:
    assert message_of("# x_i").startswith("ParseError: there is no formula [^]\n\n  1 | # x_i\n    | ^\n")


def test_an_error_knows_its_line_and_column() -> None:
    with pytest.raises(ParseError) as caught:
        parse("y_i = x_i  # one\nz = (y_i y_i")
    assert (caught.value.line, caught.value.column) == (2, 5)
    assert caught.value.marked == "  2 | z = (y_i y_i\n    |     ^"


def test_a_text_longer_than_the_limit_is_refused() -> None:
    text = "x" * (LENGTH + 1)
    assert message_of(text).startswith(f"ParseError: the text has {LENGTH + 1} characters, and at most {LENGTH} can")


@pytest.mark.parametrize("text", ["", "x + y", "x_i y", "f(x)", "2", "x_i^2", "(x)"])
def test_an_entry_that_is_not_one_name_is_refused(text: str) -> None:
    with pytest.raises(EinsdiffError, match=r"this \[\^\] is not one name"):
        parse_entry(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tr(A B)", "a claim has the form left = right"),
        ("A ≠ B", "a claim has the form left = right"),
        ("tr(A B) = tr(B A) = 0", "there are two claims"),
        ("tr(A B) = tr(B A); tr(A C) = tr(C A)", "there are two claims"),
        ("∂y/∂x = A; ∂y/∂x = A'", "there are two claims"),
        ("tr(A B) = tr(B A); A B", "there are two claims"),
        ("dy/dx = A", "dy and dx are names here"),
    ],
)
def test_a_text_that_is_not_one_claim_is_refused(text: str, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        parse_claim(text)


# fmt: off
MEANT = [
    # claim                                     what is said to be meant
    ("dy/dx = A",                               "∂y/∂x"),
    (r"dy/dx = A^\top",                         "∂y/∂x"),
    ("dy_i/dx_j = A_ij",                        "∂y_i/∂x_j"),
    ("d y_i/dx_j = A_ij",                       "∂y_i/∂x_j"),
    (r"\mathrm{d}y/\mathrm{d}x = A",            "∂y/∂x"),
    ("d^2 y/dx^2 = A",                          "∂²y/∂x∂x"),
    ("d/dX = I",                                "∂(…)/∂X"),
]
# fmt: on


@pytest.mark.parametrize(("text", "meant"), MEANT)
def test_a_quotient_of_names_that_is_meant_as_a_derivative_is_refused(text: str, meant: str) -> None:
    with pytest.raises(ClaimError, match=r"here .*, and no derivative") as caught:
        parse_claim(text)
    assert str(caught.value).endswith(f"help: write {meant}")


@pytest.mark.parametrize(
    "text", ["dy : scalar; dx : scalar; dy/dx = a", "d : scalar; d a/dx = y", "a'b/d = c", "d(x'x)/dx = 2 x", "d = d x"]
)
def test_a_name_that_begins_with_d_is_a_name(text: str) -> None:
    assert len(parse_claim(text).statements) == 2


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("∂vec(A X B)/∂exp(X)", "exp", "∂(…)/∂X"),
        ("∂vec(A X B)/∂vec(A X)", "vec", "layout vec"),
        ("∂(A_ij x_j)/∂vec(A)", "vec", "∂(…)/∂A"),
    ],
)
def test_a_derivative_by_a_function_is_refused(text: str, name: str, meant: str) -> None:
    with pytest.raises(ParseError, match=rf"a derivative is by a name, and {name} \[\^\] is a function") as caught:
        parse(text)
    assert meant in str(caught.value)


@pytest.mark.parametrize(
    "text", ["∂y/∂vec(X)", "∂y/∂vec(X)'", "d(y)/d(vec(X)')", r"\frac{\partial y}{\partial vec(X)^\top}"]
)
def test_a_derivative_by_vec_knows_its_name(text: str) -> None:
    tree = parse(text).statements[0].body
    assert isinstance(tree, Differentiate)
    assert [name.name for name in tree.wrt] == ["X"]
    assert tree.stacked == {"X"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("∂|X|/∂X = X", "det(X) or abs(X)"),
    ],
)
def test_what_papers_write_otherwise_is_said(text: str, meant: str) -> None:
    with pytest.raises(EinsdiffError) as caught:
        parse_claim(text)
    assert str(caught.value).endswith(f"help: write {meant}")


def test_an_index_is_refused_where_matrix_notation_is_asked_for() -> None:
    with pytest.raises(ParseError, match=r"A \[~\] carries an index \[\^\]"):
        parse("A_ij", notation="matrix")


def test_a_transpose_is_refused_where_index_notation_is_asked_for() -> None:
    with pytest.raises(ParseError, match=r"a transpose \[\^\] is matrix notation"):
        parse("x' x", notation="index")
