"""The command line: its options, and exit codes.

Exit codes: 0 done, 1 a claim is false, 2 the text, the data or an option is wrong; then the message is on standard
error and nothing was written.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence

from einsdiff import commands
from einsdiff.commands import EMIT
from einsdiff.errors import EinsdiffError
from einsdiff.forms.matrix.spelling import SPELLINGS
from einsdiff.layouts import LAYOUTS
from einsdiff.sources import check_encoding

DIFF_EXAMPLES = """examples:
  einsdiff diff "y = x_i A_ij x_j" --wrt x
  einsdiff diff "y = x_i A_ij x_j" --wrt x --wrt x
  einsdiff diff "L = sum_n(softplus(X_ni w_i) - y_n X_ni w_i)" --wrt w --emit numpy
  einsdiff diff "x' A x" --wrt A --emit latex
  echo "y_i = A_ij x_j" | einsdiff diff - --wrt x --layout denominator --emit einsum
"""

MATRIX_EXAMPLES = """examples:
  einsdiff matrix "A_ij = B_ik C_kj"
  einsdiff matrix "y = x_i A_ij x_j" --wrt x --layout numerator
  einsdiff matrix "L = sum_n((X_ni w_i - y_n)^2)" --wrt w --spelling plain
  einsdiff matrix "A X B" --wrt X --layout vec
"""

INDEX_EXAMPLES = """examples:
  einsdiff index "tr(A X' B X C)"
  einsdiff index "u = A x; y = u' u; ∂y/∂u"
  einsdiff index "x' A x" --declare "A: matrix(n, n) symmetric"
  einsdiff index "a b" --declare "a: vector(n)" --notation matrix
"""

CHECK_EXAMPLES = """examples:
  einsdiff check "d(x' A x)/dx = x'(A + A')"
  einsdiff check "∂tr(AXB)/∂X = AᵀBᵀ" --layout denominator
  einsdiff check "ε_ijk ε_klm = δ_il δ_jm − δ_im δ_jl" --json
  einsdiff check "y = A x; ∂(y' y)/∂x = 2 x' A' A"
  einsdiff check appendix.tex

files:
  .md   $$…$$, $…$ with =, and code blocks whose language is einsdiff or claims
  .tex  equation, align, gather and their like, \\[…\\], $$…$$, $…$ with =
  else  every line with =
  A name with a formula, y = A x, defines y below it.  Declarations: % einsdiff: A : matrix(n, n) symmetric in .tex,
  <!-- einsdiff: A : matrix(n, n) symmetric --> in .md, and lines of their own.  All of it: spec/audit.md.
"""

EVAL_EXAMPLES = """examples:
  einsdiff eval "y = x_i A_ij x_j" --data arrays.npz
  einsdiff eval "L = sum_n((X_ni w_i + b - y_n)^2)" --data people.csv --set w=[0,0] --set b=1 --wrt w --wrt b
  einsdiff eval loss.ein --data arrays.npz --wrt w --out grads.npz

data:
  .npz  one array a name
  .csv  a header and one row a sample: a column y is the vector y; columns X_1, X_2, … are the matrix X
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is None:
        return _refuse("standard output is closed")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        return 0
    except OSError as error:
        _abandon_output()
        return _refuse(f"standard output cannot be written: {error.strerror}")
    except (MemoryError, RecursionError):
        return _refuse("there is not enough memory for this formula and these arrays")
    except KeyboardInterrupt:
        return 130
    return code


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:  # --help and --version end so, and errors of usage
        return end.code if isinstance(end.code, int) else 2
    if options.version:
        print(f"einsdiff {_version()}")
        return 0
    if options.run is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        check_encoding(options)
        code: int = options.run(options)
    except EinsdiffError as error:
        return _refuse(f"{type(error).__name__}: {error}")
    return code


def _refuse(message: str) -> int:
    """Print a message to standard error, if there is one, and return the exit code."""
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(message, file=sys.stderr, flush=True)
    return 2


def _abandon_output() -> None:
    """Let what is still to be written vanish, so that the end of Python is quiet."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - slow

    try:
        return metadata.version("einsdiff")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="einsdiff", description="Differentiate tensors in index notation, as on paper, and run the result."
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")

    diff = subparsers.add_parser(
        "diff", help="the derivative of a formula", formatter_class=raw, epilog=DIFF_EXAMPLES, allow_abbrev=False,
        description="Print the derivative of a formula: of the last statement, or of the one that --output names.",
    )  # fmt: skip
    _text(diff)
    diff.add_argument(
        "--wrt", action="append", required=True, metavar="NAME",
        help="differentiate by this; given twice, the second derivative; x,b gives one derivative for each",
    )  # fmt: skip
    _layout(diff)
    diff.add_argument("--emit", default="index", choices=EMIT, help="what to print (default: index)")
    diff.add_argument("--structured", action="store_true", help="along symmetric, skew or diagonal perturbations")
    diff.set_defaults(run=commands.run_diff)

    matrix = subparsers.add_parser(
        "matrix", help="a formula or its derivative in matrix notation", formatter_class=raw, epilog=MATRIX_EXAMPLES,
        allow_abbrev=False,
        description="Print a formula, or its derivative by each --wrt in turn, in matrix notation and checked.",
    )  # fmt: skip
    _text(matrix)
    matrix.add_argument("--wrt", action="append", default=[], metavar="NAME", help="the derivative by this")
    matrix.add_argument("--layout", default="mixed", choices=list(LAYOUTS), help="which axes are rows, which columns")
    matrix.add_argument("--spelling", default="unicode", choices=list(SPELLINGS), help="default: unicode")
    matrix.add_argument("--structured", action="store_true", help="along symmetric, skew or diagonal perturbations")
    matrix.set_defaults(run=commands.run_matrix)

    index = subparsers.add_parser(
        "index", help="a formula in index notation", formatter_class=raw, epilog=INDEX_EXAMPLES, allow_abbrev=False,
        description="Print a formula, most often one in matrix notation, as the scalar equation of its entries.",
    )  # fmt: skip
    _text(index)
    index.set_defaults(run=commands.run_index)

    evaluate = subparsers.add_parser(
        "eval", help="numbers from arrays", formatter_class=raw, epilog=EVAL_EXAMPLES, allow_abbrev=False,
        description="Compute a formula, and its derivative by each --wrt, from arrays.",
    )  # fmt: skip
    _text(evaluate)
    evaluate.add_argument("--data", action="append", default=[], metavar="FILE", help="arrays, .npz or .csv")
    evaluate.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="a number or nested list")
    evaluate.add_argument("--wrt", action="append", default=[], metavar="NAME", help="the gradient by this, too")
    _layout(evaluate)
    evaluate.add_argument("--out", metavar="FILE.npz", help="write the arrays here; an existing file is kept")
    evaluate.add_argument("--force", action="store_true", help="overwrite an existing --out file")
    evaluate.set_defaults(run=commands.run_eval)

    check = subparsers.add_parser(
        "check", help="whether a claim left = right is true", formatter_class=raw, epilog=CHECK_EXAMPLES,
        allow_abbrev=False,
        description="Print whether a claim is true, in which layouts, how that is known, and if not, what is right; of "
        "a Markdown, LaTeX or text file the same for each claim, and whether the file mixes layouts. "
        "Exit code: 0 true, 1 false, mixed or in part unreadable, 2 unreadable.",
    )  # fmt: skip
    check.add_argument(
        "text", metavar="CLAIM", help="an equation left = right, a file of claims, or - for standard input"
    )
    _reading(check)
    check.add_argument("--layout", choices=list(LAYOUTS), help="true in this layout (default: in any)")
    check.add_argument("--json", action="store_true", help="print a document of JSON")
    check.set_defaults(run=commands.run_check)

    listing = subparsers.add_parser("functions", help="all functions with their derivatives")
    listing.set_defaults(run=commands.run_functions)
    return parser


def _layout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--layout", default="mixed", choices=list(LAYOUTS), help="the order of the axes of derivatives")
    parser.add_argument("--as-matrix", action="store_true", help="arrays with two axes, rows and columns")


def _text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "text", metavar="TEXT", help="a formula or program, a file that holds one, or - for standard input"
    )
    _reading(parser)
    parser.add_argument("--output", metavar="NAME", help="the statement to take instead of the last one")


def _reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--declare", action="append", default=[], metavar="'A: matrix(n, n) symmetric'", help="a declaration"
    )
    parser.add_argument("--notation", choices=("index", "matrix"), help="where the text alone does not tell")
