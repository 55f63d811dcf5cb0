"""Files: what counts as a claim in Markdown, LaTeX and plain text, and on which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einsdiff.text import papers
from einsdiff.text.directives import Declared, Forgotten
from einsdiff.text.displays import Equation, Unreadable
from einsdiff.text.macros import expand_macros
from einsdiff.text.papers import Kind, kind_of, read_paper

CLOSING = papers._CLOSING


def found(text: str, kind: Kind) -> list[str]:
    """Return the items of a file with their lines."""
    return [f"{item.line} {item.reason if isinstance(item, Unreadable) else item}" for item in read_paper(text, kind)]


# fmt: off
MARKDOWN = [
    # text                                               items
    ("so $a = b$ and\n$c = d$.",                         ["1 a = b", "2 c = d"]),
    ("$$\na = b\n$$",                                    ["2 a = b"]),
    ("\\[ a = b \\] and \\( c = d \\)",                  ["1 a = b", "1 c = d"]),
    ("\\begin{align}\na &= b \\\\\n &= c\n\\end{align}", ["2 a = b", "3 a = c"]),
    ("$$\\begin{align*}\na &= b\\end{align*}$$",         ["2 a = b"]),
    ("```einsdiff\na = b  # c\n\nc = d\n```",            ["2 a = b", "4 c = d"]),
    ("~~~ claims\na = b\n~~~\n$c = d$",                  ["2 a = b", "4 c = d"]),
    ("```math\na = b\n```",                              ["2 a = b"]),
    ("```python\na = b\n$c = d$\n```",                   []),
    ("````\n```einsdiff\na = b\n```\n````",              []),
    ("`$a = b$` and ``c = `d` ``",                       []),
    ("$`a = b`$",                                        ["1 a = b"]),
    ("text\n\n    $a = b$\n    $c = d$\n\n$e = f$",      ["6 e = f"]),
    ("- item\n\n    $a = b$",                            ["3 a = b"]),
    ("> $$\n> a = b\n> $$",                              ["2 a = b"]),
    ("| $a = b$ | $c = d$ |",                            ["1 a = b", "1 c = d"]),
    ("it costs $5 = $6 or $x = y$",                      ["1 x = y"]),
    ("costs \\$a = b\\$",                                []),
    ("$a\n\n= b$",                                       []),
    ("$$ a = b",                                         ["1 this formula has no end"]),
    ("<!-- $a = b$ -->",                                 []),
    ("<!-- einsdiff: A : matrix(n, n) spd; x : vector(n) -->", ["1 A : matrix(n, n) spd", "1 x : vector(n)"]),
    ("<!--\neinsdiff: forget f, g\n-->",                 ["1 forget f, g"]),
    ("<!-- einsdiff: let A be nice -->",                 ["1 it is neither a declaration nor `forget NAME`"]),
    ("- `A : matrix(n, m)`\nand\nB: matrix(n, m) big",   ["1 A : matrix(n, m)"]),
    ("Note: x : vector(n) is a vector",                  []),
    ("$A \\in \\mathbb{R}^{m \\times n}$, $x, y ∈ ℝ^n$, $b \\in \\mathbb R$",
     ["1 A : matrix(m, n)", "1 x : vector(n)", "1 y : vector(n)", "1 b : scalar"]),
    ("$x_i \\in \\mathbb{R}^n$, $z \\in \\mathbb{R}^n_+$, $r \\in \\mathbb{R}^{1 \\times n}$", []),
    ("$c \\in \\mathbb{R}^{n \\times 1}$",               ["1 c : vector(n)"]),
]

LATEX = [
    ("a = b $c = d$ % $e = f$",                          ["1 c = d"]),
    ("5\\% of $a = b$",                                  ["1 a = b"]),
    ("$a = b$ \\\\% $c = d$\n$e = f$",                   ["1 a = b", "2 e = f"]),
    ("\\begin{equation*}\n a = b\n\\end{equation*}",     ["2 a = b"]),
    ("\\begin{equation}\n\\begin{split}\na &= b \\\\\n&= c\n\\end{split}\n\\end{equation}", ["3 a = b", "4 a = c"]),
    ("\\begin{eqnarray}\na &=& b \\\\\nc &=& d\n\\end{eqnarray}", ["2 a = b", "3 c = d"]),
    ("\\begin{alignat}{2}\na &= b\n\\end{alignat}",      ["2 a = b"]),
    ("\\begin{verbatim}\n$a = b$\n\\end{verbatim}$c = d$", ["3 c = d"]),
    ("\\verb|$a = b$|",                                  []),
    ("$a = b$ \\end{document} $c = d$",                  ["1 a = b"]),
    ("% einsdiff: A : matrix(n,n) symmetric\n$a = b$",   ["1 A : matrix(n,n) symmetric", "2 a = b"]),
    ("% einsdiff: A : matrix(n) symmetric",              ["1 a matrix has two sizes, and 1 is given ‘n’"]),
    ("%einsdiff: forget",                                ["1 forget"]),
    ("\\[ a = b \\\\[2pt] c = d \\]",                    ["1 a = b", "1 c = d"]),
    ("\\[ a = b",                                        ["1 this formula has no end"]),
]

TEXT = [
    ("a = b",                                            ["1 a = b"]),
    ("# a = b\n\nc = d # e = f",                         ["3 c = d"]),
    ("a = b; c = d",                                     ["1 a = b", "1 c = d"]),
    ("f = a\n  = b\n\n  = c",                            ["1 f = a", "2 f = b", "4 nothing stands before = c"]),
    ("f = (a\n + b)",                                    ["1 f = (a + b)"]),
    ("A : matrix(n, n) spd; y = A x",                    ["1 A : matrix(n, n) spd", "1 y = A x"]),
    ("x : vector(n, m)",                                 ["1 a vector has one size, and 2 are given ‘n, m’"]),
    ("a = b # einsdiff: x : vector(n)",                  ["1 x : vector(n)", "1 a = b"]),
    ("no claim\n$ ls",                                   []),
    ("a == b",                                           ["1 a = b"]),
]
# fmt: on


@pytest.mark.parametrize(("text", "items"), MARKDOWN)
def test_markdown_is_read(text: str, items: list[str]) -> None:
    assert found(text, "markdown") == items


@pytest.mark.parametrize(("text", "items"), LATEX)
def test_latex_is_read(text: str, items: list[str]) -> None:
    assert found(text, "latex") == items


@pytest.mark.parametrize(("text", "items"), TEXT)
def test_text_is_read(text: str, items: list[str]) -> None:
    assert found(text, "text") == items


@pytest.mark.parametrize("kind", ["markdown", "latex", "text"])
def test_line_ends_a_mark_of_order_and_strange_signs_change_nothing(kind: Kind) -> None:
    text = "intro\n\n$a = b$\n$c = d$\n" if kind != "text" else "a = b\n\nc = d\n"
    plain = read_paper(text, kind)
    assert len(plain) == 2
    assert read_paper("\ufeff" + text.replace("\n", "\r\n"), kind) == plain
    assert read_paper(text.replace("\n", "\r"), kind) == plain
    assert read_paper(text.replace("a = b", "a\x00 =\x1f b"), kind) == plain


def test_the_kind_of_a_file_is_told_by_the_end_of_its_name() -> None:
    names = ["a.md", "b.MARKDOWN", "c.tex", "d.txt", "e", "-", "f.ein"]
    assert [kind_of(name) for name in names] == ["markdown", "markdown", "latex", *["text"] * 4]


def test_items_have_their_types() -> None:
    items = read_paper("<!-- einsdiff: x : vector(n); forget A -->\n$y = A x$\n$= 3$", "markdown")
    assert [type(item) for item in items] == [Declared, Forgotten, Equation, Unreadable]


# -------------------------------------------------------------------------------------------------------------- macros

# fmt: off
MACROS = [
    # definition                                         use            written out
    (r"\newcommand{\x}{\mathbf{x}}",                     r"\x y",       r"\mathbf{x} y"),
    (r"\newcommand\x{\alpha}",                           r"\x2",        r"\alpha 2"),
    (r"\newcommand*{\d}[2]{\frac{\partial #1}{\partial #2}}", r"\d{f}x", r"\frac{\partial f}{\partial x}"),
    (r"\newcommand{\d}[2][f]{#1/#2}",                    r"\d{x} \d[g]{x}", r"f/x g/x"),
    (r"\def\y#1{#1 + #1}",                               r"\y{ab}",     r"ab + ab"),
    (r"\DeclareMathOperator*{\tr}{tr}",                  r"\tr(A)",     r"\operatorname{tr}(A)"),
    (r"\DeclarePairedDelimiter{\norm}{\lVert}{\rVert}",  r"\norm{x}",   r"\left\lVert x \right\rVert"),
    (r"\newcommand{\a}{\b}\newcommand{\b}{c}",           r"\a",         r"c"),
    (r"\newcommand{\a}{1}\renewcommand{\a}{2}\providecommand{\a}{3}", r"\a", r"2"),
    (r"\newcommand{\a}[1]{#1}",                          r"\a{x",       r"\a{x"),
]
# fmt: on


@pytest.mark.parametrize(("definition", "use", "shown"), MACROS)
def test_a_macro_is_written_out(definition: str, use: str, shown: str) -> None:
    assert expand_macros(f"{definition}\n{use}").strip() == shown


def test_lines_keep_their_numbers() -> None:
    text = "\\newcommand{\\a}[1]{long\n#1}\n\\a{x\ny}\n$b = c$"
    assert expand_macros(text).split("\n")[-1] == "$b = c$"
    assert expand_macros(text).count("\n") == text.count("\n")


def test_a_macro_that_stands_for_itself_comes_to_an_end() -> None:
    assert expand_macros(r"\newcommand{\a}{\a\a} $\a$") == r" $\a\a$"
    assert len(expand_macros(r"\newcommand{\a}{" + r"\b " * 300 + r"}\newcommand{\b}{\a}$\a$")) < 2000


def test_a_macro_may_stand_in_its_own_argument() -> None:
    assert expand_macros(r"\newcommand{\n}[1]{|#1|}$\n{\n{x} \n{y}}$") == "$||x| |y||$"


def test_a_macro_that_stands_for_too_long_a_text_is_left() -> None:
    names = ["\\" + "a" * k for k in range(1, 6)]
    chain = "".join(rf"\newcommand{{{name}}}{{{(inner + ' ') * 100}}}" for name, inner in pairwise(names))
    assert len(expand_macros(chain + r"$\a$")) < 100_000


@pytest.mark.parametrize("opening", ["\\begin{align}\n", "\\[ x = ", "$\n", "\\( x = ", "$$\n$ "])
def test_what_is_opened_many_times_is_searched_for_its_end_once(opening: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = []

    class Counted:
        def finditer(self, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
            for found in CLOSING.finditer(text, start, end):
                scanned.append(found)
                yield found

    monkeypatch.setattr(papers, "_CLOSING", Counted())
    read_paper(opening * 300, "markdown")
    assert len(scanned) <= 2 * 300


# --------------------------------------------------------------------------------------------------------------- wilds

WORDS = (
    r"\begin{align} \end{align} \begin{aligned} \end{aligned} $ $$ \[ \] = := & \\ { } ( ) \frac x f(x) ^T _{ij} "
    r"\text{if} \text{b} \quad , ; % ``` ` # \newcommand{\x}{y} \x \stackrel{def}{=} \underbrace{x}_{y} "
    r"\begin{bmatrix} <!-- --> einsdiff: A:matrix(n,n) \in \mathbb{R}^n \verb \left( | … == \label{"
)
SIGNS = ["\n", "\n\n", " ", "\\", "\x01", "\x1f", "\x00", "    ", "> ", "```einsdiff\n"]
PIECES = st.sampled_from([*WORDS.split(), *SIGNS])


@given(st.lists(PIECES, max_size=30), st.sampled_from(["markdown", "latex", "text"]))
def test_whatever_a_file_holds_is_read_and_keeps_its_lines(pieces: list[str], kind: Kind) -> None:
    text = "".join(pieces)
    lines = [item.line for item in read_paper(text, kind)]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + text.count("\r") + 1 for line in lines)
