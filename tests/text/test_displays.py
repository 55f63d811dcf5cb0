"""Displays: rows, cells, chains and decoration, each with the equations that are found in it."""

from __future__ import annotations

import pytest

from einsdiff.text.decorations import clean
from einsdiff.text.displays import LONGEST, Equation, Unreadable, find_marks, read_display, read_lines

# fmt: off
CASES = [
    # display                                            equations
    (r"y = A x",                                         ["y = A x"]),
    (r"y &= A x \\ z &= B y",                            ["y = A x", "z = B y"]),
    (r"y &= A x, \\[2pt] z &= B y.",                     ["y = A x", "z = B y"]),
    # a chain: the first side against each other one; a row may go on with either side
    (r"a = b = c",                                       ["a = b", "a = c"]),
    (r"f &= a \\ &= b \\ &= c",                          ["f = a", "f = b", "f = c"]),
    (r"f &= a \\ &\quad + b \\ &= c",                    ["f = a + b", "f = c"]),
    (r"f &= a \\ & - b \\ -c &= d",                      ["f = a - b", "-c = d"]),
    (r"f = a \\ + b = c",                                ["f = a + b", "f = c"]),
    (r"f = \\ a",                                        ["f = a"]),
    (r"f &= a + \\ & b",                                 ["f = a + b"]),
    (r"f &= (a \\ & b)",                                 ["f = (a b)"]),
    (r"& \frac{a}{b} \\ &= c",                           [r"\frac{a}{b} = c"]),
    (r"a \le b = c",                                     ["b = c"]),
    (r"a = b \approx c",                                 ["a = b"]),
    (r"a = b \ge c = d",                                 ["a = b", "c = d"]),
    # several equations in a row
    (r"y &= A x, & z &= B y && \text{(two)}",            ["y = A x", "z = B y"]),
    (r"y = A x, \quad z = B y \quad (3)",                ["y = A x", "z = B y"]),
    (r"y = A x \quad + b",                               ["y = A x + b"]),
    (r"a = 1, b = 2",                                    ["a = 1", "b = 2"]),
    (r"f(a, b) = c",                                     ["f(a, b) = c"]),
    (r"y = A x \implies z = B y",                        ["y = A x", "z = B y"]),
    (r"y = A x \text{ and } z = B y",                    ["y = A x", "z = B y"]),
    (r"y = A x \text{ if } A \text{ is symmetric}",      ["y = A x"]),
    (r"y = A x \text{ where } x > 0",                    ["y = A x"]),
    # what only decorates
    (r"\label{e} y = \boxed{A x} \tag{1} \nonumber",     ["y = A x"]),
    (r"y \,=\; A\!x~z",                                  ["y = A x z"]),
    (r"y = \underbrace{A x}_{= z} b",                    ["y = {A x} b"]),
    (r"y \stackrel{(a)}{=} z",                           ["y = z"]),
    (r"y = \textcolor{red}{x}",                          ["y = x"]),
    (r"s = \text{tr}(A) + L_{\text{reg}}",               [r"s = \text{tr}(A) + L_{\text{reg}}"]),
    (r"\begin{aligned}[t] f &= a \\ g &= b \end{aligned}", ["f = a", "g = b"]),
    (r"s = \sum_{i=1}^n x_i",                            [r"s = \sum_{i=1}^n x_i"]),
    # no claims
    (r"x \in A",                                         []),
    (r"i = 1, \dots, n",                                 []),
    (r"p(x = 1)",                                        []),
    (r"",                                                []),
]

UNREADABLE = [
    # display                                            why
    (r"= c",                                             "nothing stands before = c"),
    (r"a = ",                                            "nothing stands behind = a"),
    (r"\left( a = b",                                    "its brackets do not match"),
    (r"y = A \text{ times } b",                          "the words “times” stand inside the formula"),
    (r"\text{gradient} = A",                             "the words “gradient” stand inside the formula"),
    (r"\begin{array}{rcl} a & = & b \end{array}",        "it is written out entry by entry or case by case"),
    ("a = " + "b" * LONGEST,                             f"it has more than {LONGEST} characters"),
]
# fmt: on


@pytest.mark.parametrize(("display", "equations"), CASES)
def test_a_display_has_its_equations(display: str, equations: list[str]) -> None:
    assert [str(found) for found in read_display(display, 1)] == equations


@pytest.mark.parametrize(("display", "reason"), UNREADABLE, ids=[row[0][:40] for row in UNREADABLE])
def test_what_is_no_equation_says_why(display: str, reason: str) -> None:
    (found,) = read_display(display, 7)
    assert isinstance(found, Unreadable)
    assert (found.line, found.reason) == (7, reason)


def test_an_equation_has_the_line_where_it_begins() -> None:
    display = "\n\\begin{aligned}\n f &= a\n  + b \\\\\n\n &= c, &\n g &= d\n\\end{aligned}"
    assert [(found.line, str(found)) for found in read_display(display, 10)] == [
        (12, "f = a + b"),
        (15, "f = c"),
        (16, "g = d"),
    ]


def test_a_definition_sign_defines() -> None:
    for sign in (":=", "≔", r"\coloneqq", r"\triangleq", r"\stackrel{\text{def}}{=}"):
        assert read_display(f"y {sign} A x", 1) == [Equation(1, "y", "A x", defines=True)]


def test_the_cells_of_eqnarray_are_one_row() -> None:
    assert [str(found) for found in read_display(r"a &=& b \\ c &=& d", 1, "row")] == ["a = b", "c = d"]


def test_lines_of_prose_are_no_formulas_and_end_a_chain() -> None:
    lines = [(1, "we see (look"), (2, "f = a"), (3, "  = b"), (4, "so that"), (5, "= c")]
    found = read_lines(lines)
    assert [str(equation) for equation in found[:2]] == ["f = a", "f = b"]
    assert isinstance(found[2], Unreadable)


def test_marks_stand_outside_of_brackets() -> None:
    marks, matches = find_marks(r"f(a = b) = \{c = d\} < [e = f]")
    assert [mark.kind for mark in marks] == ["=", "<"]
    assert matches


def test_cleaning_keeps_what_it_does_not_know() -> None:
    assert clean(r"\frac{a}{b} \unknown{c}") == r"\frac{a}{b} \unknown{c}"
