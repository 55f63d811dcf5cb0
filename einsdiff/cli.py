"""The command line: `einsdiff diff`, `einsdiff eval`, `einsdiff functions`.

Exit codes: 0 done, 2 the text, the data or an option is wrong; then the message is on standard error and nothing was
written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from einsdiff import functions
from einsdiff.errors import EinsdiffError, InputError
from einsdiff.layouts import LAYOUTS

if TYPE_CHECKING:
    from einsdiff.expression import Expression

EMIT = ("index", "latex", "einsum", "numpy", "json")

DIFF_EXAMPLES = """examples:
  einsdiff diff "y = x_i A_ij x_j" --wrt x
  einsdiff diff "y = x_i A_ij x_j" --wrt x --wrt x
  einsdiff diff "L = sum_n(softplus(X_ni w_i) - y_n X_ni w_i)" --wrt w --emit numpy
  einsdiff diff "x' A x" --wrt A --emit latex
  echo "y_i = A_ij x_j" | einsdiff diff - --wrt x --layout denominator --emit einsum
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
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except EinsdiffError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="einsdiff", description="Differentiate tensors in index notation, as on paper, and run the result."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    diff = commands.add_parser(
        "diff", help="the derivative of a formula", formatter_class=raw, epilog=DIFF_EXAMPLES,
        description="Print the derivative of a formula: of the last statement, or of the one that --output names.",
    )  # fmt: skip
    _text(diff)
    diff.add_argument(
        "--wrt", action="append", required=True, metavar="NAME",
        help="differentiate by this; given twice, the second derivative; x,b gives one derivative for each",
    )  # fmt: skip
    diff.add_argument("--layout", default="mixed", choices=list(LAYOUTS), help="the order of the axes of arrays")
    diff.add_argument("--emit", default="index", choices=EMIT, help="what to print (default: index)")
    diff.add_argument("--structured", action="store_true", help="along symmetric, skew or diagonal perturbations")
    diff.set_defaults(run=_diff)

    evaluate = commands.add_parser(
        "eval", help="numbers from arrays", formatter_class=raw, epilog=EVAL_EXAMPLES,
        description="Compute a formula, and its derivative by each --wrt, from arrays.",
    )  # fmt: skip
    _text(evaluate)
    evaluate.add_argument("--data", action="append", default=[], metavar="FILE", help="arrays, .npz or .csv")
    evaluate.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="a number or nested list")
    evaluate.add_argument("--wrt", action="append", default=[], metavar="NAME", help="the gradient by this, too")
    evaluate.add_argument("--layout", default="mixed", choices=list(LAYOUTS), help="the order of the axes of arrays")
    evaluate.add_argument("--out", metavar="FILE.npz", help="write the arrays here; an existing file is kept")
    evaluate.add_argument("--force", action="store_true", help="overwrite an existing --out file")
    evaluate.set_defaults(run=_eval)

    listing = commands.add_parser("functions", help="all functions with their derivatives")
    listing.set_defaults(run=_functions)
    return parser


def _text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "text", metavar="TEXT", help="a formula or program, a file that holds one, or - for standard input"
    )
    parser.add_argument(
        "--declare", action="append", default=[], metavar="'A: matrix(n, n) symmetric'", help="a declaration"
    )
    parser.add_argument("--notation", choices=("index", "matrix"), help="where the text alone does not tell")
    parser.add_argument("--output", metavar="NAME", help="the statement to take instead of the last one")


# ----------------------------------------------------------------------------------------------------------- commands


def _diff(options: argparse.Namespace) -> int:
    from einsdiff.verbs import diff  # noqa: PLC0415 - --help and errors of usage need no numpy

    f = _expression(options)
    groups = [name.split(",") for name in options.wrt]
    orders = [[name for (name,) in groups]] if all(len(g) == 1 for g in groups) else groups
    if len(orders) > 1:
        raise InputError("--wrt x,b stands alone", help="--wrt x --wrt x for a second derivative, or --wrt x,b")
    several = len(groups) == 1 and len(groups[0]) > 1
    found = (
        diff(f, groups[0], structured=options.structured)
        if several
        else (diff(f, *orders[0], structured=options.structured),)
    )
    for derivative in found:
        print(_emitted(derivative, options.emit, options.layout))
    return 0


def _emitted(f: Expression, emit: str, layout: str) -> str:
    if emit == "index":
        return f.index()
    if emit == "latex":
        return f.latex(layout)
    if emit == "numpy":
        return f.compile(layout).source.rstrip("\n")
    terms = f.einsum(layout)
    if emit == "einsum":
        return "\n".join(f"{c} * einsum('{subscripts}', {', '.join(names)})" for c, subscripts, names in terms) or "0"
    fields = {
        "index": f.index(),
        "latex": f.latex(layout),
        "layout": layout,
        "einsum": [{"coefficient": str(c), "subscripts": s, "operands": list(names)} for c, s, names in terms],
        "inputs": list(f.inputs),
    }
    return json.dumps(fields, ensure_ascii=False, indent=2)


def _eval(options: argparse.Namespace) -> int:
    import numpy as np  # noqa: PLC0415 - --help and errors of usage need no numpy

    from einsdiff import arrays  # noqa: PLC0415
    from einsdiff.verbs import compile, diff  # noqa: A004, PLC0415

    out = Path(options.out) if options.out else None
    if out is not None:
        arrays.check_target(out, may_replace=options.force)
    f = _expression(options)
    derivatives = [diff(f, name) for names in options.wrt for name in names.split(",")]
    given = arrays.gather(options.data, options.set)
    used = {name: value for name, value in given.items() if name in f.inputs}
    arrays.check_finite(used)
    names = [f.left_side().label, *(f"d{f.left_side().label}_d{d.wrt[0].name}" for d in derivatives)]
    with np.errstate(all="ignore"):
        results = compile(f, *derivatives, layout=options.layout)(**used) if derivatives else (f.compile()(**used),)
    for expression, result in zip((f, *derivatives), results, strict=True):
        arrays.check_defined(expression.left_side(), result, used)
    found = dict(zip(names, results, strict=True))
    for expression, (name, result) in zip((f, *derivatives), found.items(), strict=True):
        print(expression.index())
        print(f"  {name}, shape {result.shape}:")
        print("  " + np.array2string(result, precision=6, threshold=20).replace("\n", "\n  "))
    if out is not None:
        arrays.save(out, found, may_replace=options.force)
        print(f"wrote {out}: {', '.join(found)}")
    return 0


def _functions(_: argparse.Namespace) -> int:
    width = max(len(row.call) for row in functions.ROWS)
    for row in functions.ROWS:
        condition = f"    for {row.where}" if row.where else ""
        print(f"{row.call:<{width}}    {',  '.join(row.slopes)}{condition}")
    return 0


def _expression(options: argparse.Namespace) -> Expression:
    """Return the expression that the options name."""
    from einsdiff.verbs import parse  # noqa: PLC0415 - --help and errors of usage need no numpy

    declare = {}
    for text in options.declare:
        name, colon, kind = text.partition(":")
        if not colon:
            raise InputError(f"{text!r} is no declaration", help="--declare 'A: matrix(n, n) symmetric'")
        declare[name.strip()] = kind.strip()
    source = read_text(options.text)
    if options.output:
        return parse(source, declare=declare, notation=options.notation, outputs=[options.output])[0]
    return parse(source, declare=declare, notation=options.notation)


def read_text(text: str) -> str:
    """Return a text, what standard input holds for `-`, or what the file of this name holds.

    Raises: InputError, where a file is not text.
    """
    try:
        if text == "-":
            return sys.stdin.read()
        if "\n" not in text and len(text) < 4096 and "\0" not in text and Path(text).is_file():
            return Path(text).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{text} is not a text in UTF-8", help="give a formula, or a file with formulas") from None
    except OSError as error:
        raise InputError(
            f"{text} cannot be read: {error.strerror}", help="give a formula, or a readable file"
        ) from None
    if text.endswith(".ein"):
        raise InputError(f"there is no file {text}", help="give a formula, or the path of a file that holds one")
    return text
