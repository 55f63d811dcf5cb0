"""What the commands of the command line do: each takes its options, prints, and returns an exit code."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from einsdiff import arrays, functions, verbs
from einsdiff.arrays import Array, Given, clip, listed
from einsdiff.errors import EinsdiffError, InputError, SizeMismatchError
from einsdiff.expression import Derivative, Expression
from einsdiff.program import BACKENDS
from einsdiff.sources import LONGEST, declared, is_path, read_expression, read_text
from einsdiff.text.papers import kind_of, read_paper
from einsdiff.verify.audit import audit
from einsdiff.verify.claims import check_equation

SETTINGS = {0: "1", 1: "[1,2]", 2: "[[1,2],[3,4]]"}
EMIT = ("index", "matrix", "latex", "einsum", *BACKENDS, "json")


def run_diff(options: argparse.Namespace) -> int:
    """Print a derivative, or several."""
    f = read_expression(options)
    groups = [_names(text) for text in options.wrt]
    if len(groups) > 1 and any(len(group) > 1 for group in groups):
        raise InputError("--wrt x,b stands alone", help="--wrt x --wrt x for a second derivative, or --wrt x,b")
    if len(groups[0]) > 1:
        found = verbs.diff(f, groups[0], structured=options.structured)
        _check_distinct(found)
    else:
        found = (verbs.diff(f, *(name for (name,) in groups), structured=options.structured),)
    if options.as_matrix and options.emit not in BACKENDS:
        raise InputError("--as-matrix is for arrays", help="--as-matrix --emit numpy, or einsdiff eval … --as-matrix")
    print(_emitted(found, options))
    return 0


def run_matrix(options: argparse.Namespace) -> int:
    """Print a formula or its derivative in matrix notation."""
    f = read_expression(options)
    if options.wrt:
        f = verbs.diff(f, *options.wrt, structured=options.structured)
    print(f.matrix(options.layout, options.spelling))
    return 0


def run_index(options: argparse.Namespace) -> int:
    """Print a formula in index notation."""
    print(read_expression(options).index())
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


def run_check(options: argparse.Namespace) -> int:
    """Print the verdict on a claim, or the report on a file of claims."""
    text, declare = read_text(options.text), declared(options.declare)
    if is_path(options.text) or (options.text == "-" and "\n" in text.strip()):
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
    report = audit(read_paper(text, kind_of(options.text)), check_equation, layout=options.layout, declare=declare)
    if not report.claims:
        raise InputError(f"{shown} has no claims", help="einsdiff check --help says what counts as a claim")
    print(_json({"file": options.text, **report.to_json()}) if options.json else report.text(_width()))
    return 0 if report.holds else (2 if report.is_empty else 1)


def _width() -> int | None:
    """Return the columns of the terminal; None where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _json(document: object) -> str:
    """Return a document of JSON that standard output can show."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return json.dumps(document, ensure_ascii=not encoding.startswith("utf"), indent=2)


def _emitted(found: Sequence[Expression], options: argparse.Namespace) -> str:
    """Return expressions in a form: as one module, as one document of JSON, or one after the other."""
    emit, layout = options.emit, options.layout
    match emit:
        case backend if backend in BACKENDS:
            function = verbs.compile(*found, layout=layout, backend=backend, as_matrix=options.as_matrix)
            return function.source.rstrip("\n")
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


def run_eval(options: argparse.Namespace) -> int:
    """Print numbers, and write them to a file."""
    if not options.out and (options.force or options.out == ""):
        raise InputError("--force is for --out" if options.out is None else "--out has no name", help="--out grads.npz")
    out = Path(options.out) if options.out else None
    if out is not None:
        arrays.check_target(out, may_replace=options.force)
    f = read_expression(options)
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
    found = [np.asarray(a) for a in (results if isinstance(results, tuple) else [results])]
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


def run_functions(_: argparse.Namespace) -> int:
    """Print the table of functions."""
    rows = [(row.call, ",  ".join(row.slopes), f"for {row.where}" if row.where else "") for row in functions.ROWS]
    call, slopes = (max(len(row[k]) for row in rows) for k in (0, 1))
    for row in rows:
        print(f"{row[0]:<{call}}    {row[1]:<{slopes}}    {row[2]}".rstrip())
    return 0
