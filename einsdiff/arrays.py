"""Arrays from files and options, and their way back to a file; nothing is overwritten unasked."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from einsdiff.errors import InputError
from einsdiff.forms.statement import LeftSide
from einsdiff.forms.style import PLAIN

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

COLUMN = re.compile(r"(?P<name>.*[^\W_])_(?P<number>[1-9][0-9]*)")


def gather(files: Sequence[str], settings: Sequence[str]) -> Arrays:
    """Return the arrays of files, then those of `NAME=JSON` settings, which win.

    Raises: InputError, where a file cannot be read, or two files hold one name.
    """
    found: Arrays = {}
    origin: dict[str, str] = {}
    for file in files:
        for name, array in load(Path(file)).items():
            if name in found:
                raise InputError(f"{name} is both in {origin[name]} and in {file}", help="keep it in one of the two")
            found[name], origin[name] = array, file
    for setting in settings:
        name, equals, text = setting.partition("=")
        try:
            array = np.asarray(json.loads(text) if equals else None)
        except (ValueError, RecursionError):
            array = np.asarray(None)
        if array.dtype.kind not in "biuf":
            raise InputError(f"{setting!r} does not set a number or an array", help="--set w=[0,0.5]")
        found[name.strip()] = array.astype(float)
    return found


def load(file: Path) -> Arrays:
    """Return the arrays of an .npz or .csv file.

    Raises: InputError, where the file is missing or is not of its kind.
    """
    if not file.is_file():
        raise InputError(f"there is no file {file}", help="--data FILE with a path to an .npz or .csv file")
    if file.suffix == ".npz":
        return _load_npz(file)
    if file.suffix == ".csv":
        return _load_csv(file)
    raise InputError(f"{file} is neither .npz nor .csv", help="numpy.savez('arrays.npz', x=x, A=A) writes one")


def _load_npz(file: Path) -> Arrays:
    try:
        with np.load(file, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{file} is no .npz file of numbers: {error}", help="numpy.savez('arrays.npz', x=x, A=A) writes one"
        ) from None


def _load_csv(file: Path) -> Arrays:
    """Columns by their headers; X_1, X_2, … are the columns of the matrix X."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.reader(stream) if row and not row[0].startswith("#")]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} is no CSV text: {error}", help="a header line and one line a sample") from None
    if not rows:
        raise InputError(f"{file} is empty", help="a header line and one line a sample")
    header = [h.strip() for h in rows[0]]
    repeated = next((h for h in header if header.count(h) > 1), None)
    if repeated is not None:
        raise InputError(f"{file} has two columns {repeated}", help="give each column a name of its own")
    columns: dict[str, list[float]] = {h: [] for h in header}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(
                f"line {number} of {file} has {len(row)} cells, the header has {len(header)}",
                help="one cell a column; a missing number is nan",
            )
        for name, cell in zip(header, row, strict=True):
            columns[name].append(_cell(cell, name, number, file))
    return _assembled({name: np.array(values) for name, values in columns.items()}, file)


def _cell(cell: str, name: str, number: int, file: Path) -> float:
    try:
        return float(cell)
    except ValueError:
        raise InputError(
            f"{cell!r} in column {name}, line {number} of {file} is no number",
            help="give only numbers; a missing one is nan",
        ) from None


def _assembled(columns: Arrays, file: Path) -> Arrays:
    """Put X_1, X_2, … together as the columns of X."""
    groups: dict[str, dict[int, str]] = {}
    for name in columns:
        found = COLUMN.fullmatch(name)
        if found:
            groups.setdefault(found["name"], {})[int(found["number"])] = name
    result: Arrays = {}
    for name, column in columns.items():
        if not COLUMN.fullmatch(name):
            result[name] = column
    for name, members in groups.items():
        missing = next((k for k in range(1, max(members) + 1) if k not in members), None)
        if missing is not None:
            raise InputError(
                f"{file} has a column {name}_{max(members)}, but no {name}_{missing}", help="number from 1"
            )
        if name in result:
            raise InputError(f"{file} has a column {name} and columns {name}_1, …", help=f"rename the column {name}")
        result[name] = np.column_stack([columns[members[k]] for k in sorted(members)])
    return result


def check_finite(arrays: Arrays) -> None:
    """Raise InputError where an array that the formula uses holds a NaN."""
    for name, array in arrays.items():
        if array.dtype.kind in "fc" and np.isnan(array).any():
            first = tuple(str(k + 1) for k in np.argwhere(np.isnan(array))[0])
            raise InputError(
                f"{name} holds NaN: {PLAIN.tensor(name, first)} is the first of {int(np.isnan(array).sum())}",
                given=f"{name}.shape == {array.shape}; components count from 1",
                help="remove or fill these samples first",
            )


def check_defined(left: LeftSide, result: np.ndarray[Any, np.dtype[Any]], used: Arrays) -> None:
    """Raise InputError where a result is not finite: the formula is undefined for these numbers."""
    finite = np.isfinite(result)
    if finite.all():
        return
    first = tuple(int(k) + 1 for k in np.argwhere(~finite)[0])
    shown = left.write(PLAIN)
    where = f" at component {', '.join(map(str, first))}" if first else ""
    raise InputError(
        f"{shown} is not finite for these numbers: {result[tuple(k - 1 for k in first)]}{where}",
        given="; ".join(f"{name} from {np.min(a):.6g} to {np.max(a):.6g}" for name, a in used.items() if a.size),
        help="look for a division by zero, a logarithm or root of a negative number, or an overflow",
    )


def check_target(out: Path, *, may_replace: bool) -> None:
    """Raise InputError where a file cannot or must not be written."""
    if out.exists() and not may_replace:
        raise InputError(f"{out} exists and is kept", help="another name for --out, or --force to overwrite it")
    if out.suffix != ".npz":
        raise InputError(
            f"--out writes an .npz file, {out} has another ending", help=f"--out {out.with_suffix('.npz')}"
        )
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent}", help="make it first")


def save(out: Path, arrays: Mapping[str, object], *, may_replace: bool) -> None:
    """Write an .npz file in one step: whole, or not at all."""
    handle, temporary = tempfile.mkstemp(dir=out.parent, suffix=".npz")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
        if may_replace:
            Path(temporary).replace(out)
        else:
            os.link(temporary, out)
    except FileExistsError:
        raise InputError(f"{out} exists and is kept", help="another name for --out, or --force") from None
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}", help="another place for --out") from None
    finally:
        Path(temporary).unlink(missing_ok=True)
