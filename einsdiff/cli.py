"""The command line: `einsdiff diff`, `einsdiff matrix`, `einsdiff index`, `einsdiff eval`, `einsdiff functions`.

Exit codes: 0 done, 2 the text, the data or an option is wrong; then the message is on standard error and nothing was
written.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from einsdiff import arrays, functions, verbs
from einsdiff.arrays import Array, Given, clip, listed
from einsdiff.errors import EinsdiffError, InputError, SizeMismatchError
from einsdiff.expression import Derivative, Expression
from einsdiff.forms.matrix.spelling import SPELLINGS
from einsdiff.layouts import LAYOUTS
from einsdiff.text.papers import SUFFIXES, kind_of, read_paper
from einsdiff.verify.audit import audit

SETTINGS = {0: "1", 1: "[1,2]", 2: "[[1,2],[3,4]]"}
UTF8 = "save or type the text in UTF-8"
LONGEST = 4_000_000  # bytes that a text can have
EMIT = ("index", "matrix", "latex", "einsum", "numpy", "json")

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
        _check_encoding(options)
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
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    diff = commands.add_parser(
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
    diff.set_defaults(run=_diff)

    matrix = commands.add_parser(
        "matrix", help="a formula or its derivative in matrix notation", formatter_class=raw, epilog=MATRIX_EXAMPLES,
        allow_abbrev=False,
        description="Print a formula, or its derivative by each --wrt in turn, in matrix notation and checked.",
    )  # fmt: skip
    _text(matrix)
    matrix.add_argument("--wrt", action="append", default=[], metavar="NAME", help="the derivative by this")
    matrix.add_argument("--layout", default="mixed", choices=list(LAYOUTS), help="which axes are rows, which columns")
    matrix.add_argument("--spelling", default="unicode", choices=list(SPELLINGS), help="default: unicode")
    matrix.add_argument("--structured", action="store_true", help="along symmetric, skew or diagonal perturbations")
    matrix.set_defaults(run=_matrix)

    index = commands.add_parser(
        "index", help="a formula in index notation", formatter_class=raw, epilog=INDEX_EXAMPLES, allow_abbrev=False,
        description="Print a formula, most often one in matrix notation, as the scalar equation of its entries.",
    )  # fmt: skip
    _text(index)
    index.set_defaults(run=_index)

    evaluate = commands.add_parser(
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
    evaluate.set_defaults(run=_eval)

    check = commands.add_parser(
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
    check.set_defaults(run=_check)

    listing = commands.add_parser("functions", help="all functions with their derivatives")
    listing.set_defaults(run=_functions)
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


# ----------------------------------------------------------------------------------------------------------- commands


def _diff(options: argparse.Namespace) -> int:

    f = _expression(options)
    groups = [_names(text) for text in options.wrt]
    if len(groups) > 1 and any(len(group) > 1 for group in groups):
        raise InputError("--wrt x,b stands alone", help="--wrt x --wrt x for a second derivative, or --wrt x,b")
    if len(groups[0]) > 1:
        found = verbs.diff(f, groups[0], structured=options.structured)
        _check_distinct(found)
    else:
        found = (verbs.diff(f, *(name for (name,) in groups), structured=options.structured),)
    if options.as_matrix and options.emit != "numpy":
        raise InputError("--as-matrix is for arrays", help="--as-matrix --emit numpy, or einsdiff eval … --as-matrix")
    print(_emitted(found, options))
    return 0


def _matrix(options: argparse.Namespace) -> int:
    f = _expression(options)
    if options.wrt:
        f = verbs.diff(f, *options.wrt, structured=options.structured)
    print(f.matrix(options.layout, options.spelling))
    return 0


def _index(options: argparse.Namespace) -> int:
    print(_expression(options).index())
    return 0


def _names(text: str) -> list[str]:
    """Return the names that commas separate; those between brackets belong to an index."""
    names = [name.strip() for name in re.split(r",(?![^\[{(]*[\]})])", text)]
    if not all(names):
        raise InputError("--wrt has no name" if names == [""] else "--wrt has a comma without a name", help="--wrt x,b")
    return names


def _check_distinct(derivatives: Sequence[Derivative]) -> None:
    names = [d.wrt[0].name for d in derivatives]
    name = next((name for name in names if names.count(name) > 1), None)
    if name is not None:
        second = f"einsdiff diff … --wrt {name} --wrt {name} is the second derivative"
        raise InputError(f"--wrt names {name} twice", help=f"--wrt {name} once; {second}")


def _check(options: argparse.Namespace) -> int:
    text, declare = read_text(options.text), _declared(options.declare)
    if _is_path(options.text) or (options.text == "-" and "\n" in text.strip()):
        return _audit(text, declare, options)
    verdict = verbs.check(text, layout=options.layout, declare=declare, notation=options.notation)
    print(_json(verdict.to_json()) if options.json else verdict)
    return 0 if verdict else 1


def _audit(text: str, declare: Mapping[str, str], options: argparse.Namespace) -> int:
    """Print what comes of the claims of a file."""
    shown = "standard input" if options.text == "-" else clip(options.text)
    if "\0" in text:
        raise InputError(f"{shown} is not text", help="give a Markdown, LaTeX or text file")
    if len(text.encode()) >= LONGEST - 4:
        raise InputError(f"{shown} has more than {LONGEST} bytes", help="split it")
    if options.notation is not None:
        raise InputError("--notation is for one claim", help="leave it out: each claim of a file tells its own")
    report = audit(read_paper(text, kind_of(options.text)), verbs.check, layout=options.layout, declare=declare)
    if not report.claims:
        raise InputError(f"{shown} has no claims", help="einsdiff check --help says what counts as a claim")
    print(_json({"file": options.text, **report.to_json()}) if options.json else report)
    return 0 if report.holds else (2 if report.is_empty else 1)


def _json(document: object) -> str:
    """Return a document of JSON that standard output can show."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return json.dumps(document, ensure_ascii=not encoding.startswith("utf"), indent=2)


def _emitted(found: Sequence[Expression], options: argparse.Namespace) -> str:
    """Return expressions in a form: as one module, as one document of JSON, or one after the other."""
    emit, layout = options.emit, options.layout
    match emit:
        case "numpy":
            return verbs.compile(*found, layout=layout, as_matrix=options.as_matrix).source.rstrip("\n")
        case "json":
            fields = [_fields(f, layout) for f in found]
            return _json(fields if len(found) > 1 else fields[0])
        case "einsum":
            terms = [term for f in found for term in f.einsum(layout) or ((0, "", ()),)]
            return "\n".join(f"{c} * einsum('{axes}', {', '.join(names)})" if c else "0" for c, axes, names in terms)
        case "matrix":
            return "\n".join(f.matrix(layout) for f in found)
        case _:
            return "\n".join(f.latex(layout) if emit == "latex" else f.index() for f in found)


def _fields(f: Expression, layout: str) -> dict[str, object]:
    terms = f.einsum(layout)
    return {
        "index": f.index(),
        "latex": f.latex(layout),
        "layout": layout,
        "axes": [[w.index for w, _ in axis] for axis in f.axes(layout)],
        "einsum": [{"coefficient": str(c), "subscripts": s, "operands": list(names)} for c, s, names in terms],
        "inputs": list(f.inputs),
    }


def _eval(options: argparse.Namespace) -> int:

    if not options.out and (options.force or options.out == ""):
        raise InputError("--force is for --out" if options.out is None else "--out has no name", help="--out grads.npz")
    out = Path(options.out) if options.out else None
    if out is not None:
        arrays.check_target(out, may_replace=options.force)
    f = _expression(options)
    derivatives = [verbs.diff(f, name) for text in options.wrt for name in _names(text)]
    _check_distinct(derivatives)
    defined = [d.name for d in f.program.definitions if d.name]
    given = arrays.gather(options.data, options.set, f.inputs, defined)
    arrays.check_finite(given.arrays)
    found = _computed([f, *derivatives], given, options)
    label = f.left_side().label
    named = dict(zip([label, *(f"d{label}_d{d.wrt[0].name}" for d in derivatives)], found, strict=True))
    lines = []
    for expression, (name, result) in zip([f, *derivatives], named.items(), strict=True):
        numbers = np.array2string(result, precision=6, threshold=20).replace("\n", "\n  ")
        lines += [expression.index(), f"  {name}, shape {result.shape}:", f"  {numbers}"]
    if out is not None:
        arrays.save(out, named, may_replace=options.force)
        lines.append(f"wrote {out}: {', '.join(named)}")
    print("\n".join(lines))
    return 0


def _computed(expressions: Sequence[Expression], given: Given, options: argparse.Namespace) -> list[Array]:
    """Return the arrays of expressions, all of them finite."""
    try:
        with np.errstate(all="ignore"):
            results = verbs.compile(*expressions, layout=options.layout, as_matrix=options.as_matrix)(**given.arrays)
    except (InputError, SizeMismatchError) as error:
        raise _for_command_line(error, expressions[0], given) from None
    found = list(results) if isinstance(results, tuple) else [results]
    for expression, result in zip(expressions, found, strict=True):
        is_ordered = isinstance(expression, Derivative) and options.layout != "mixed"
        form = f" of the array in layout {options.layout}" if is_ordered else ""
        arrays.check_defined(expression.left_side(), result, given.arrays, form)
    return found


def _for_command_line(error: EinsdiffError, f: Expression, given: Given) -> EinsdiffError:
    """Return an error whose help can be typed in a shell, where the library's is for Python."""
    about = re.match(r"the (?P<kind>array|function) (?P<name>\S+).* is missing", error.message)
    if about and about["kind"] == "function":
        message = f"{about['name']} is an unknown function, and the command line takes arrays only"
        help_text = f"write what {about['name']} does in its place, or give it in Python: einsdiff.parse(…).compile()"
        return InputError(message, error.source, error.marks, help=help_text)
    if about:
        example = SETTINGS.get(f.program.inputs[about["name"]].rank, "[…]")
        data = f"the data have {listed(given.names)}" if given.names else "no array"
        help_text = f"--set {about['name']}={example}, or --data FILE with {about['name']} in it"
        return type(error)(error.message, error.source, error.marks, given=data, help=help_text)
    about = re.match(r"nothing tells how far (?P<index>.+) runs", error.message)
    if about:
        return type(error)(error.message, error.source, error.marks, help=_size_help(f, about["index"]))
    return error


def _size_help(f: Expression, index: str) -> str:
    """Return how the size of an index is said on the command line."""
    if index not in f.indices or not f.label:
        return f"multiply by an array that has the index {index}"
    sizes = ", ".join("3" if name == index else letter for name, letter in zip(f.indices, "nmpqrstuvw", strict=False))
    return f"--declare '{f.label}: {('vector', 'matrix', 'tensor')[min(len(f.indices), 3) - 1]}({sizes})'"


def _functions(_: argparse.Namespace) -> int:
    rows = [(row.call, ",  ".join(row.slopes), f"for {row.where}" if row.where else "") for row in functions.ROWS]
    call, slopes = (max(len(row[k]) for row in rows) for k in (0, 1))
    for row in rows:
        print(f"{row[0]:<{call}}    {row[1]:<{slopes}}    {row[2]}".rstrip())
    return 0


# --------------------------------------------------------------------------------------------------------------- texts


def _expression(options: argparse.Namespace) -> Expression:
    """Return the expression that the options name."""
    source, declare = read_text(options.text), _declared(options.declare)
    if options.output is not None:
        return verbs.parse(source, declare=declare, notation=options.notation, outputs=[options.output])[0]
    return verbs.parse(source, declare=declare, notation=options.notation)


def _declared(texts: Sequence[str]) -> Mapping[str, str]:

    declare: dict[str, str] = {}
    for text in texts:
        name, colon, kind = (part.strip() for part in text.partition(":"))
        if not (colon and name and kind):
            raise InputError(
                f"--declare {clip(text)!r} is no declaration", help="--declare 'A: matrix(n, n) symmetric'"
            )
        if name in declare:
            raise InputError(f"--declare names {clip(name)} twice", help=f"--declare '{clip(name)}: {clip(kind)}' once")
        declare[name] = kind
    return declare


def _check_encoding(options: argparse.Namespace) -> None:
    """Raise InputError where an argument has bytes that are no text; names of files may have them."""
    for option in ("text", "declare", "output", "set", "wrt"):
        held = getattr(options, option, None) or []
        for text in [held] if isinstance(held, str) else held:
            if re.search("[\ud800-\udfff]", text) and not (option == "text" and _is_path(text)):
                raise InputError(f"{'TEXT' if option == 'text' else f'--{option}'} is not UTF-8", help=UTF8)


def _is_path(text: str) -> bool:
    """Tell whether a file or folder has this name; a long formula cannot be one."""
    try:
        return text != "" and "\n" not in text and len(text) < 4096 and Path(text).exists()
    except (OSError, ValueError):
        return False


def read_text(text: str) -> str:
    """Return a text, what standard input holds for `-`, or what the file of this name holds.

    Raises: InputError, where a file or standard input is closed, empty or not text.
    """
    if text != "-" and not _is_path(text):
        if text.endswith((".ein", ".txt", *SUFFIXES)):
            help_text = "give a formula, or the path of a file that holds one"
            raise InputError(f"there is no file {clip(text)}", help=help_text)
        return text
    shown = "standard input" if text == "-" else clip(text)
    if text != "-" and Path(text).is_dir():
        raise InputError(f"{shown} is a folder", help="give a formula, or the path of a file that holds one")
    try:
        found = _read(text).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{shown} is not UTF-8", help=UTF8) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is closed"
        raise InputError(f"{shown} cannot be read: {reason}", help="give a formula, or a readable file") from None
    if not found.strip():
        raise InputError(f"{shown} is empty", help="give a formula such as  y = x_i A_ij x_j")
    return found.replace("\r\n", "\n")


def _read(name: str) -> bytes:
    """Return the bytes of a file, or of standard input for `-`."""
    if name != "-":
        with Path(name).open("rb") as stream:
            return stream.read(LONGEST)
    if sys.stdin is None:
        raise ValueError
    return sys.stdin.buffer.read(LONGEST) if hasattr(sys.stdin, "buffer") else sys.stdin.read().encode()
