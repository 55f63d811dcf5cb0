"""Whatever is typed: a document or an error of the family, soon, and with places inside the text."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_index_notation import CASES as INDEX_CASES
from test_latex import CASES as LATEX_CASES
from test_matrix_notation import CASES as MATRIX_CASES

from einsdiff.errors import EinsdiffError
from einsdiff.text.parser import parse, parse_claim, parse_declaration, parse_entry

REFUSED = Path(__file__).with_name("refused.txt").read_text(encoding="utf-8").split("\n")
TEXTS = [case[0] for case in [*INDEX_CASES, *MATRIX_CASES, *LATEX_CASES]]
TEXTS += [line for line in REFUSED if line and line[0] not in "#>"]
PIECES = sorted({piece for text in TEXTS for piece in re.findall(r"\\\w+|\w+|\s+|.", text)})

any_text = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES)).map("".join),
    st.lists(st.sampled_from(TEXTS), max_size=3).map("".join),
)


@st.composite
def edited(draw: st.DrawFn) -> str:
    """Draw a text that was nearly right."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = draw(st.integers(start, min(start + 3, len(text))))
        text = text[:start] + draw(st.sampled_from(["", *PIECES])) + text[stop:]
    return text


def check(source: str) -> None:
    """Read a text in every way; whatever is refused is refused by an error of the family, with good places."""
    for read in (
        parse,
        parse_claim,
        parse_entry,
        lambda text: parse(text, notation="index"),
        lambda text: parse(text, notation="matrix"),
        lambda text: parse_declaration("A", text),
        lambda text: parse_declaration(text, "scalar"),
    ):
        error = refusal_of(read, source)
        if error is not None:
            assert str(error)
            assert all(0 <= mark.span.start < mark.span.stop for mark in error.marks)
            assert all(mark.span.start <= len(error.source) for mark in error.marks)


def refusal_of(read: Callable[[str], object], source: str) -> EinsdiffError | None:
    """Return the error with which a text is refused, if it is."""
    try:
        read(source)
    except EinsdiffError as error:
        return error
    return None


@given(any_text)
def test_any_text_is_read_or_refused(source: str) -> None:
    check(source)


@given(edited())
def test_an_edited_formula_is_read_or_refused(source: str) -> None:
    check(source)


@given(edited())
def test_reading_twice_gives_the_same(source: str) -> None:
    assert describe(source) == describe(source)


@given(edited())
def test_blanks_before_a_text_move_its_places_only(source: str) -> None:
    plain, shifted = describe(source), describe("   " + source)
    assert re.sub(r"\d+", "", plain) == re.sub(r"\d+", "", shifted)


def describe(source: str) -> str:
    """Return what is read or why not, without the text itself."""
    try:
        document = parse(source)
    except EinsdiffError as error:
        return f"{type(error).__name__} {error.message} {error.notes}"
    return f"{document.statements} {document.declarations}"


# fmt: off
LONG = [
    "exp(" * 5_000 + "x_i" + ")" * 5_000,
    "(" * 100_000 + "x_i" + ")" * 100_000,
    "(" * 100_000,
    "(" * 300_000 + "x_i" + ")" * 300_000,
    "-" * 100_000 + "x_i",
    "^".join(["x"] * 100_000),
    "/".join(["x"] * 100_000),
    "x" + "'" * 100_000,
    "Σ_i " * 200_000 + "x_i",
    "∂_i " * 100_000 + "x_i",
    "A_i(" * 50_000 + "x_i" + ")" * 50_000,
    "||" * 200_000,
    r"\frac{" * 50_000 + "x_i" + "}{2}" * 50_000,
    r"\log" * 100_000 + " x_i",
    "d(" * 50_000 + "x_i" + ")/dx" * 50_000,
    "x_i²" * 50_000 + "!",
    "T x_i^T" * 30_000,
    "a[i" + " " * 500_000,
    "a_" * 200_000,
    "a" * 500_000 + " : ",
    "\n" * 500_000,
    "1" * 500_000,
]
# fmt: on


@pytest.mark.parametrize("source", LONG, ids=lambda source: source[:12])
def test_a_long_or_deep_text_is_read_or_refused_soon(source: str) -> None:
    start = time.process_time()
    error = refusal_of(parse, source)
    assert error is None or len(str(error)) < 1000
    assert time.process_time() - start < 30  # seconds; a text that is read in time n² takes minutes


def test_nested_functions_are_read_to_the_depth_of_thousands() -> None:
    body = parse("exp(" * 5_000 + "x_i" + ")" * 5_000).statements[0].body
    for _ in range(5_000):
        (body,) = body.arguments
    assert body.name == "x"


def test_a_line_is_read_in_well_under_a_millisecond() -> None:
    start = time.process_time()
    for _ in range(100):
        parse("y_i = exp(A_ij x_j) / sum_k(exp(A_kj x_j))")
    assert time.process_time() - start < 0.2  # seconds for 100; 20 milliseconds where it was written
