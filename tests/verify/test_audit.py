"""Audits: what defines a name, what is a claim, what is not judged, and in which layouts a file stands."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import einsdiff as ed
from einsdiff.text.papers import Kind, read_paper
from einsdiff.verify.audit import audit
from einsdiff.verify.claims import check_equation
from einsdiff.verify.report import Finding, Outcome, Report
from einsdiff.verify.verdict import Verdict


def audited(text: str, kind: Kind = "text", layout: str | None = None) -> Report:
    """Return the report on a file."""
    return audit(read_paper(text, kind), check_equation, layout=layout)


def outcomes(text: str, kind: Kind = "text") -> list[str]:
    """Return what came of each line."""
    return [found.outcome.value for found in audited(text, kind).findings]


def last(text: str, kind: Kind = "text") -> Finding:
    """Return the last finding."""
    return audited(text, kind).findings[-1]


# --------------------------------------------------------------------------------------------------------- definitions

# fmt: off
CASES = [
    # text                                               what comes of its lines
    ("y = A x; ∂y/∂x = A",                               ["defines", "true"]),
    ("y_i = A_ij x_j; ∂y_i/∂x_j = A_ij",                 ["defines", "true"]),
    ("f(x) = x'A x; ∂f(x)/∂x = x'(A + A')",              ["defines", "true"]),
    ("f(x) = x'A x; ∂f/∂x = x'(A + A')",                 ["defines", "true"]),
    ("g(u, v) = u'v; ∂g(u, v)/∂u = v'",                  ["defines", "true"]),
    ("y_1 = 3 x_1; y_2 = x_1 x_2; y_2 = x_2 x_1",        ["defines", "defines", "true"]),
    ("u = u(x); v = v(x); ∂(u'v)/∂x = u' ∂v/∂x + v' ∂u/∂x", ["defines", "defines", "true"]),
    ("g = ∂(x'A x)/∂x; g = x'(A + A')",                  ["defines", "true"]),
    # a definition may stand below the one that uses it, and is no claim about what it uses
    ("h = tanh(z); z = W x; ∂h/∂x = 0",                  ["defines", "defines", "false"]),
    # a Greek letter is a vector where the claims below need it
    ("r = y - X β; ∇_β (r'r) = -2 X'r; ∇_β ||r||² = 2 X'r; d(r'r) = -2 r'X dβ", ["defines", "true", "false", "true"]),
    ("L(β) = ||y - Z β||² + λ ||β||²; ∇L(β) = 2 Z'(Z β - y) + 2 λ β", ["defines", "true"]),
    # a chain defines once
    ("f = ||A x - b||^2 = (A x - b)'(A x - b) = x'A'A x", ["defines", "true", "false"]),
    # what is given again is a claim about the first
    ("f = x'x; f = x'A x",                               ["defines", "false"]),
    ("f = x'x; f := x'A x; ∂f/∂x = x'(A + A')",          ["defines", "defines", "true"]),
    ("f = x'x\n# einsdiff: forget f\nf = x'A x; ∂f/∂x = x'(A + A')", ["defines", "declares", "defines", "true"]),
    # a name of its own formula is no definition
    ("A = A'",                                           ["false"]),
    ("A : matrix(n, n) symmetric; A = A'",               ["declares", "true"]),
    ("I = A inv(A)",                                     ["true"]),
    ("ε_ijk ε_klm = δ_il δ_jm − δ_im δ_jl",              ["true"]),
    # what was free in a claim stays free
    ("∂(x'A x)/∂x = x'(A + A'); x = inv(A) b",           ["true", "skipped"]),
    ("x = 0; ∂(x'x)/∂x = 2 x'",                          ["skipped", "true"]),
    ("A x = b; b = c",                                   ["skipped", "defines"]),
    # a typo in a derivative is no equation to be solved
    ("∂(a'x)/∂x = b",                                    ["false"]),
]
# fmt: on


GRADIENTS = [
    # the claim below  f(x) = x' A x                    it is
    (r"\nabla f(x) = (A + A') x", Outcome.TRUE),
    (r"\nabla_x f(x) = (A + A') x", Outcome.TRUE),
    (r"\nabla f = (A + A') x", Outcome.TRUE),
    (r"\nabla^2 f(x) = A + A'", Outcome.TRUE),
    (r"\nabla^{2} f = A + A'", Outcome.TRUE),
    ("∇²f(x) = A + A'", Outcome.TRUE),
    (r"(\nabla f(x))' x = 2 f(x)", Outcome.TRUE),
    (r"\nabla f(x) = 2 A x", Outcome.FALSE),
    (r"\nabla g(x) = 2 A x", Outcome.UNREAD),
    (r"\nabla f(z) = (A + A') z", Outcome.UNREAD),
    (r"\nabla f(x)' x = 2 f(x)", Outcome.TRUE),
    (r"\nabla f(x)^\top x = f(x)", Outcome.FALSE),
    (r"df = \nabla f(x)^{\top} dx", Outcome.TRUE),
    ("d²f = (dx)' ∇²f(x) dx", Outcome.TRUE),
    (r"\nabla f(x)^2 = 2 f(x)", Outcome.UNREAD),
    (r"\nabla f' x = 2 f(x)", Outcome.UNREAD),
]


@pytest.mark.parametrize(("text", "outcome"), GRADIENTS)
def test_the_gradient_of_a_function_of_one_name_is_by_that_name(text: str, outcome: Outcome) -> None:
    assert last(f"f(x) = x' A x; {text}").outcome is outcome


def test_the_gradient_of_an_unknown_function_of_the_whole_is_read() -> None:
    above = "f : scalar; f = f(x); "
    for claim in ("∇_x exp(f(x)) = exp(f) ∇f(x)", "∇_x exp(f) = exp(f(x)) ∇f", "∇ f' = f", "∂f(x)/∂x = ∇_x f(x)"):
        assert last(above + claim).outcome is (Outcome.UNREAD if "'" in claim else Outcome.TRUE)
    assert last("∇_x exp(f(x)) = exp(f(x)) ∇_x f(x)").outcome is Outcome.UNREAD


def test_what_is_declared_of_the_variable_of_a_gradient_is_used() -> None:
    found = last("w : vector(3); ∇_w (a' b) = 0")
    assert found.outcome is Outcome.TRUE
    assert found.declare == {"w": "vector(3)"}


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_definitions_and_claims_are_told_apart(text: str, wanted: list[str]) -> None:
    assert outcomes(text) == wanted


# fmt: off
UNREAD = [
    # text                                               why the last line is not read
    ("∂f/∂x = A x",                                      "nothing above defines f, which is differentiated"),
    ("f = \\nabla x; ∂f/∂x = 1",                         "f is defined in line 1, which could not be read"),
    ("f = ∮; h = f + x; ∂h/∂x = 1",                      "h is defined in line 1, which could not be read"),
    ("f(x) = x'x; f(y) = y'y",                           "f(y) stands for f(x) of line 1 with other arguments"),
    ("f(x) = x'x; f(A x) = x'A'A x",                     "f(…) stands for f(x) of line 1 with other arguments"),
    ("f(x) = x'x; f'(x) = 2 x",                          "f' is a transpose here: write a derivative as \\partial"),
    ("f = x'x; ∂f(x)/∂x = 2 x'",                         "f(x) can be a product or f of line 1: define it as f(x)"),
    ("f := f + x",                                       "the formula of f contains f"),
    ("f = h + x; h = f x",                               "the formula of h contains h"),
    ("e^{x} = exp(x)",                                   "e is a name here: write exp(…), or declare e : scalar"),
    (r"\frac{\partial}{\partial x} x x^T = 2 x",         "it is not clear whether this derivative"),
    (r"h = W^{(2)} x",                                   "a number or name in brackets above a name can be"),
    (r"P = \frac{\partial W}{\partial F} = 2 F",          "a derivative here ‘"),
    (r"h = W^{(l)} x",                                   "a number or name in brackets above a name can be"),
    (r"\frac{\partial \boldsymbol\beta A}{\partial \boldsymbol\beta} = 2 A",
     "β is bold and was taken for a scalar: declare β : vector(n)"),
    (r"A = \begin{bmatrix} a & b \\ c & d \end{bmatrix}", "what is written out entry by entry or case by case"),
]
# fmt: on


@pytest.mark.parametrize(("text", "note"), UNREAD)
def test_what_can_mean_two_things_is_not_judged(text: str, note: str) -> None:
    found = last(text)
    assert found.outcome is Outcome.UNREAD
    assert found.verdict is None
    assert found.note.startswith(note)


def test_a_declared_e_is_a_name() -> None:
    assert outcomes("e : scalar positive; x : scalar; e^{x} = e^{x}") == ["declares", "declares", "true"]


def test_a_claim_sees_the_definitions_that_it_uses_and_no_others() -> None:
    found = last("a = b + c; y = A x; z = B y; ∂(z'z)/∂x = 2 z'B A")
    assert found.statement == "y = A x; z = B y; ∂(z'z)/∂x = 2 z'B A"
    assert found.uses == (1,)
    assert ed.check(found.statement, declare=found.declare).holds


def test_declarations_hold_below_and_can_change() -> None:
    text = "∂(x'S x)/∂x = 2 x'S\nS : matrix(n, n) symmetric\n∂(x'S x)/∂x = 2 x'S\nS : matrix(n, n)\n∂(x'S x)/∂x = 2 x'S"
    assert outcomes(text) == ["false", "declares", "true", "declares", "false"]
    assert dict(audited(text).findings[2].declare) == {"S": "matrix(n, n) symmetric"}


def test_declarations_from_outside_stand_above_the_first_line() -> None:
    items = read_paper("∂(x'S x)/∂x = 2 x'S", "text")
    assert audit(items, ed.check, declare={"S": "matrix(n, n) symmetric"}).holds


def test_equal_claims_are_judged_once() -> None:
    asked: list[str] = []

    def check(claim: str, /, *, layout: str | None = None, declare: Mapping[str, str] | None = None) -> Verdict:
        asked.append(claim)
        return ed.check(claim, layout=layout, declare=declare)

    audit(read_paper("tr(A B) = tr(B A)\n\ntr(A B) = tr(B A)", "text"), check)
    assert len(asked) == 1


# ------------------------------------------------------------------------------------------------------------- layouts

NUMERATOR = "∂(a'x)/∂x = a'"
DENOMINATOR = "∂(x'A x)/∂x = (A + A')x"
NEUTRAL = "∂²(x'A x)/∂x∂x' = A + A'"
EQUALITY = "tr(A B) = tr(B A)"


def test_a_file_in_one_layout_holds() -> None:
    report = audited(f"{NUMERATOR}\n{NEUTRAL}\n{EQUALITY}")
    assert report.holds
    assert report.common == ("numerator", "vec")
    assert report.prevailing == "numerator"
    assert str(report).splitlines()[-1] == "all that hold are right in numerator layout, and in vec"


def test_a_file_of_equalities_is_in_every_layout() -> None:
    report = audited(EQUALITY)
    assert report.holds
    assert report.groups == {}
    assert str(report).splitlines()[-1] == "1 claim: 1 true, 0 false, 0 not read"


def test_a_file_that_mixes_layouts_names_the_lines() -> None:
    text = "\n".join([NUMERATOR, DENOMINATOR, NEUTRAL, EQUALITY, NUMERATOR.replace("a", "b")])
    report = audited(text)
    assert report.is_mixed
    assert not report.holds
    assert report.common == ()
    assert report.groups == {"numerator": (1, 5), "denominator": (2,)}
    assert report.prevailing == "numerator"
    odd = report.findings[1]
    assert odd.outcome is Outcome.TRUE
    assert odd.elsewhere is not None
    assert odd.elsewhere.correct["numerator"] == "xᵀ(A + Aᵀ)"
    assert "the layouts are mixed: numerator: lines 1 and 5;  denominator: line 2" in str(report)


def test_a_false_claim_says_nothing_about_the_layout_of_the_file() -> None:
    report = audited(f"{NUMERATOR}\n∂(x'A x)/∂x = A x")
    assert not report.is_mixed
    assert not report.holds
    shown = str(report)
    assert "right in numerator layout:  xᵀ(A + Aᵀ)" in shown
    assert "true if A is skew" not in shown.split("right in")[1]


def test_one_layout_can_be_asked_for() -> None:
    report = audited(f"{NUMERATOR}\n{DENOMINATOR}", layout="denominator")
    assert [found.outcome.value for found in report.findings] == ["false", "true"]
    assert str(report).splitlines()[-1] == "asked for: denominator layout"


def test_a_name_of_two_kinds_is_pointed_out() -> None:
    report = audited("∂(a x)/∂a = x\n∂(a'x)/∂a = x'")
    assert report.kinds == {"a": {"scalar": (1,), "vector": (2,)}}
    assert "a is a scalar in line 1 and a vector in line 2: declare it, if it is one" in str(report)


def test_a_file_holds_only_where_every_claim_was_read() -> None:
    assert not audited(f"{NUMERATOR}\n∂f/∂x = 2").holds
    assert audited("∂f/∂x = 2").is_empty


def test_the_table_has_a_row_for_each_line_and_the_json_the_same() -> None:
    report = audited(f"x : vector(n)\ny = A x\n{DENOMINATOR}\n∂f/∂x = 2\nx = 0")
    rows = [line.split() for line in str(report).splitlines()[1:]]
    assert [row[:2] for row in rows if row and row[0].isdigit() and row[1] not in ("claims:",)] == [
        ["1", "declares"], ["2", "defines"], ["3", "true"], ["4", "not"], ["5", "skipped"],
    ]  # fmt: skip
    document = report.to_json()
    assert [line["outcome"] for line in document["lines"]] == ["declares", "defines", "true", "not read", "skipped"]
    assert document["layouts"] == ["mixed", "denominator", "sympy", "vetter"]


# --------------------------------------------------------------------------------------------------- a paper as a whole

PAPER = r"""
\newcommand{\w}{\mathbf{w}}
\DeclareMathOperator{\Tr}{Tr}
Let $X \in \mathbb{R}^{n\times d}$, $\w \in \mathbb{R}^d$.
\begin{align}
  L(\w) &= \frac12 \| X\w - y \|_2^2, \\
  \frac{\partial L(\w)}{\partial \w} &= (X\w - y)^\top X
     = \w^\top X^\top X - y^\top X, \\
  \frac{\partial^2 L}{\partial\w\,\partial\w^T} &= X^{\mathsf T} X.
\end{align}
and $\Tr(AB) = \Tr(BA)$.
"""


def test_a_paper_is_read_as_it_is_written() -> None:
    report = audited(PAPER, "latex")
    assert [(found.line, found.outcome.value) for found in report.findings] == [
        (4, "declares"), (4, "declares"), (6, "defines"), (7, "true"), (7, "true"), (9, "true"), (11, "true"),
    ]  # fmt: skip
    assert report.holds
    assert report.prevailing == "numerator"


def test_a_claim_that_the_judge_fails_on_does_not_take_the_others_with_it() -> None:
    def check(claim: str, /, *, layout: str | None = None, declare: Mapping[str, str] | None = None) -> Verdict:
        if "det" in claim:
            raise ZeroDivisionError
        return ed.check(claim, layout=layout, declare=declare)

    report = audit(read_paper("det(A) = det(A')\n\ntr(A B) = tr(B A)", "text"), check)
    assert [found.outcome.value for found in report.findings] == ["not read", "true"]


# ---------------------------------------------------------------------------------------------------------- terminals

APPENDIX = r"""
\begin{align}
  \frac{\partial \mathbf{x}^{\mathsf{T}} \mathbf{A} \mathbf{x}}{\partial \mathbf{x}} &= (\mathbf{A} + \mathbf{A}^\top) \mathbf{x} \\
  \frac{\partial \mathbf{b}^\top \mathbf{x}}{\partial \mathbf{x}} &= \mathbf{b}^\top \\
  \frac{\partial \mathbf{x}^\top \mathbf{A} \mathbf{x}}{\partial \mathbf{x}} &= 2 \mathbf{A} \mathbf{x}
\end{align}
% einsdiff: S : matrix(n, n) symmetric
\begin{equation} \frac{\partial \operatorname{tr}(S A)}{\partial S} = A + A^{\mathsf{T}} - A \odot I \end{equation}
"""  # noqa: E501 - as in a paper


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_the_table_is_as_wide_as_the_terminal(width: int) -> None:
    lines = audited(APPENDIX, "latex").text(width).split("\n")
    assert max(map(len, lines)) <= width
    assert "mathbf" not in "\n".join(line for line in lines if "true as" not in line)


def test_layouts_stand_below_a_claim_where_there_is_no_room_beside_it() -> None:
    report = audited(APPENDIX, "latex")
    assert report.text(80).split("\n")[:6] == [
        "line  verdict   known           claim",
        r"   3  true      proved          \frac{\partial xᵀ A x}{\partial x} = (A + Aᵀ) x",
        "        in mixed, denominator, sympy, vetter",
        "        right in numerator layout:  xᵀ(A + Aᵀ)",
        r"   4  true      proved          \frac{\partial bᵀ x}{\partial x} = bᵀ",
        "        in numerator, vec",
    ]
    first, second = report.text(120).split("\n")[:2]
    assert first.split() == ["line", "verdict", "known", "layouts", "claim"]
    assert "mixed, denominator, sympy, vetter" in second


def test_where_a_claim_would_hold_its_right_side_is_told_in_such_a_layout() -> None:
    report = audited("∂(b'x)/∂x = b'; ∂(A x)/∂x = A; ∂(x'C x)/∂x = 2 C x")
    assert report.prevailing == "numerator"
    assert "true if C is symmetric, in layouts mixed, denominator, sympy, vetter" in str(report)
    assert "right in denominator layout:  (C + Cᵀ) x" in str(report)


def test_a_table_that_is_no_terminals_has_one_line_for_a_claim() -> None:
    report = audited(APPENDIX, "latex")
    assert str(report) == report.text()
    assert sum(line.startswith("   3") for line in str(report).split("\n")) == 1


def test_a_claim_about_free_entries_tells_how_it_is_true() -> None:
    shown = str(audited(APPENDIX, "latex"))
    assert (
        r"true as: P : matrix(n, n); S = P + P' - P .* I; \frac{\partial \operatorname{tr}(S A)}{\partial P}" in shown
    )
