"""`einsdiff check FILE`: the table, exit codes, JSON, and files that cannot be read."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from einsdiff.cli import main
from tests import command_line

EXAMPLES = Path(__file__).parents[2] / "examples"

RIGHT = "$$\\frac{\\partial a^T x}{\\partial x} = a$$\n"
TRANSPOSED = "$$\\frac{\\partial x^T A x}{\\partial x} = x^T (A + A^T)$$\n"
WRONG = "$$\\frac{\\partial x^T x}{\\partial x} = x$$\n"
STRANGE = "$$\\nabla f = x$$\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return command_line.run(capsys, "check", *arguments)


@pytest.fixture
def paper(tmp_path: Path):
    """Return a function that writes a file and returns its name."""

    def write(content: str | bytes, name: str = "paper.md") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


# fmt: off
CODES = [
    # content                     options                      code
    (RIGHT,                       (),                          0),
    (RIGHT + TRANSPOSED,          (),                          1),
    (RIGHT + WRONG,               (),                          1),
    (RIGHT + STRANGE,             (),                          1),
    (STRANGE,                     (),                          2),
    (RIGHT,                       ("--layout", "denominator"), 0),
    (RIGHT,                       ("--layout", "numerator"),   1),
    ("$x^T S x = x^T S^T x$",     ("--declare", "S: matrix(n, n) symmetric"), 0),
]
# fmt: on


@pytest.mark.parametrize(("content", "options", "code"), CODES)
def test_the_exit_code_says_whether_all_holds(capsys, paper, content: str, options: tuple[str, ...], code: int) -> None:
    found, out, err = run(capsys, paper(content), *options)
    assert (found, err) == (code, "")
    assert out.startswith("line  verdict")


def test_the_table_says_what_is_right(capsys, paper) -> None:
    code, out, _ = run(capsys, paper(RIGHT + TRANSPOSED + WRONG))
    assert code == 1
    assert out.splitlines()[1:] == [
        "   1  true     proved          mixed, denominator, sympy, vetter  \\frac{\\partial a^T x}{\\partial x} = a",
        "        right in numerator layout:  aᵀ",
        "   2  true     proved          numerator, vec                     "
        "\\frac{\\partial x^T A x}{\\partial x} = x^T (A + A^T)",
        "   3  false    counterexample                                     \\frac{\\partial x^T x}{\\partial x} = x",
        "        a factor 2 is missing (then true in layouts mixed, denominator, sympy, vetter)",
        "        right in numerator layout:  2 xᵀ",
        "        for x : vector(n)",
        "",
        "3 claims: 2 true, 1 false, 0 not read",
        "the layouts are mixed: numerator: line 2;  denominator: line 1",
    ]


def test_the_report_as_json_can_be_put_to_the_judge_again(capsys, paper) -> None:
    file = paper(
        "<!-- einsdiff: S : matrix(n, n) symmetric -->\n$f(x) = x^T S x$, $\\frac{\\partial f(x)}{\\partial x} = 2Sx$"
    )
    code, out, _ = run(capsys, file, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["file"] == file
    assert document["holds"] is True
    claim = document["lines"][-1]
    assert claim["statement"] == "f = x^T S x; \\frac{\\partial f}{\\partial x} = 2Sx"
    declared = [f"--declare={name}: {kind}" for name, kind in claim["declare"].items()]
    assert main(["check", claim["statement"], *declared, "--layout", "denominator"]) == 0


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "paper.md", "is empty"),
        (b" \n\n", "paper.md", "is empty"),
        (b"no claims, $x$ and `a = b`", "paper.md", "has no claims"),
        (b"$y = A x$", "paper.md", "has no claims"),
        (b"\xff\xfe$\x00a\x00", "paper.tex", "is not UTF-8"),
        (b"$a = b$\x00", "paper.tex", "is not text"),
        (b"a = b\n" * 700_000, "paper.txt", "bytes"),
    ],
)
def test_a_file_that_says_nothing_is_refused(capsys, paper, content: bytes, name: str, message: str) -> None:
    code, out, err = run(capsys, paper(content, name))
    assert (code, out) == (2, "")
    assert message in err


def test_a_missing_file_and_a_folder_are_refused(capsys, tmp_path: Path) -> None:
    for name in (str(tmp_path / "nowhere.tex"), "nowhere.md", "nowhere.txt"):
        code, _, err = run(capsys, name)
        assert code == 2
        assert "there is no file" in err
    code, _, err = run(capsys, str(tmp_path))
    assert code == 2
    assert "is a folder" in err


def test_standard_input_is_a_claim_or_a_text_of_claims(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("tr(A B) = tr(B A)\n"))
    assert run(capsys, "-")[1].startswith("true:")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y = A x\n∂y/∂x = A\n"))
    code, out, _ = run(capsys, "-")
    assert code == 0
    assert "   2  true" in out


def test_a_notation_is_not_asked_of_a_file(capsys, paper) -> None:
    code, _, err = run(capsys, paper(RIGHT), "--notation", "matrix")
    assert code == 2
    assert "--notation is for one claim" in err


def test_line_ends_of_windows_change_nothing(capsys, paper) -> None:
    content = RIGHT + "\n" + TRANSPOSED + "\n```einsdiff\ny = A x\n∂y/∂x = A\n```\n"
    plain = run(capsys, paper(content))
    assert plain[0] == 1
    assert run(capsys, paper(b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode())) == plain


def test_an_appendix_of_four_hundred_claims_takes_seconds(capsys, paper) -> None:
    rows = [f"$$\\frac{{\\partial (a^T x + {k} x^T x)}}{{\\partial x}} = a + {2 * k} x$$\n" for k in range(1, 401)]
    start = time.perf_counter()
    code, out, _ = run(capsys, paper("".join(rows)))
    assert code == 0
    assert "400 claims: 400 true" in out
    assert time.perf_counter() - start < 60  # about 5


def test_a_megabyte_of_prose_is_read(capsys, paper) -> None:
    prose = "Some words about $x_i$ for $5, and `code = 1`; see [here](there).\n\n" * 14_000
    assert run(capsys, paper(prose + RIGHT))[0] == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("$" + "x = " * 20_000 + "$", "paper.tex"),
        ("\\begin{align}" + "x &= " * 50_000, "paper.tex"),
        ("y = " + " + ".join(["x"] * 50_000), "paper.txt"),
        ("(" * 100_000 + " = " + ")" * 90_000, "paper.txt"),
        ("\\newcommand{\\a}{\\a\\a}\n" + "$\\a = 1$\n" * 200, "paper.tex"),
        ("y = (a\n+ b\n" * 2_000, "paper.txt"),
        ("$" + "{" * 50_000 + "a = b" + "}" * 50_000 + " = c$", "paper.md"),
    ],
)
def test_no_file_is_too_strange_to_be_answered(capsys, paper, content: str, name: str) -> None:
    code, _, err = run(capsys, paper(content, name))
    assert code in (1, 2)
    assert "Traceback" not in err


def test_the_appendices_of_the_examples_have_one_transposed_and_one_wrong_line(capsys) -> None:
    for name, wrong, odd in (("appendix.tex", 28, 34), ("appendix.md", 14, 27)):
        code, out, _ = run(capsys, str(EXAMPLES / name), "--json")
        document = json.loads(out)
        assert code == 1
        assert [line["line"] for line in document["lines"] if line["outcome"] == "false"] == [wrong]
        assert [lines for lines in document["groups"].values() if len(lines) == 1] == [[odd]]
        assert not [line for line in document["lines"] if line["outcome"] == "not read"]
