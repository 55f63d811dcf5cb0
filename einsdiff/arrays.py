"""Arrays from files and options, and their way back to a file; nothing is overwritten unasked."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from einsdiff.errors import EinsdiffError, InputError, UnknownNameError
from einsdiff.forms.statement import LeftSide
from einsdiff.forms.style import PLAIN
from einsdiff.text.parser import parse_entry
from einsdiff.text.symbols import name_of

Array = np.ndarray[Any, np.dtype[Any]]
Arrays = dict[str, Array]
Readers = dict[str, Callable[[], Array]]

COLUMN = re.compile(r"(?P<name>.*[^\W_])_(?P<number>[0-9]{1,9})", re.ASCII | re.DOTALL)
NUMBER = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)
DEPTH = 32  # axes of an array that an option gives
NAMES = 8  # names listed in one message
WIDTH = 60  # characters of a user's text shown in one message
NPZ = "numpy.savez('arrays.npz', x=x, A=A) writes one"
DAMAGE = (  # what reading a damaged or foreign archive raises
    ValueError, OSError, EOFError, KeyError, RuntimeError, SyntaxError, OverflowError, struct.error, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip


class Given(NamedTuple):
    """The arrays of the inputs of a program, and all names that the files and settings hold."""

    arrays: Arrays
    names: tuple[str, ...]


def gather(files: Sequence[str], settings: Sequence[str], inputs: Collection[str], defined: Collection[str]) -> Given:
    """Return the arrays that files and `NAME=JSON` settings give to inputs; what is not used is not read.

    Raises: InputError, where a file cannot be read, or an input is given twice; UnknownNameError, where a setting has a
    name that is no input.
    """
    origin: dict[str, str] = {}
    found: Readers = {}
    names: list[str] = []
    for file in files:
        for name, read in readers(Path(file), inputs).items():
            names.append(name)
            if name in found:
                message = f"{clip(name)} is both in {clip(origin[name])} and in {clip(file)}"
                raise InputError(message, help="keep it in one of the two")
            if name in inputs:
                found[name], origin[name] = read, file
    values = _settings(settings, inputs, defined)
    for name in values:
        if name in found:
            message = f"{clip(name)} is in {clip(origin[name])}, and --set gives it too"
            raise InputError(message, help=f"leave --set {clip(name)}=… away, or the file")
    given = {**{name: read() for name, read in found.items()}, **values}
    return Given(given, tuple(dict.fromkeys([*names, *values])))


def spell(name: str, known: Collection[str] = ()) -> str:
    r"""Return a name of a file or an option in the program's spelling: `lambda` and `\lambda` are λ."""
    if name in known or name_of(name) in known:
        return name if name in known else name_of(name)
    try:
        entry = parse_entry(name, known=known)
    except EinsdiffError:
        return name
    return entry.name if entry.indices is None else name_of(name)


def clip(text: object, width: int = WIDTH) -> str:
    """Return a user's text as it is shown in a message: on one line, not too long, every character printable."""
    line = "".join(c if c.isprintable() else "�" for c in " ".join(str(text).split()))
    return line if len(line) <= width else f"{line[: width // 2]}…{line[1 - width + width // 2 :]}"


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists them."""
    shown = [clip(name, 20) for name in names]
    return ", ".join(shown[:NAMES]) + (f", … ({len(shown)} names)" if len(shown) > NAMES else "")


# ------------------------------------------------------------------------------------------------------------- options


def _settings(settings: Sequence[str], inputs: Collection[str], defined: Collection[str]) -> Arrays:
    found: Arrays = {}
    for setting in settings:
        written, equals, text = setting.partition("=")
        if not (equals and written.strip()):
            raise InputError(f"--set {clip(setting)} does not set a name", help="--set w=[0,0.5]")
        name = spell(written.strip(), [*inputs, *defined])
        if name in found:
            raise InputError(f"{clip(name)} is set twice", help="one --set for each name")
        if name in defined:
            message = f"--set {clip(name)}: the program defines {clip(name)} itself"
            raise InputError(message, help=f"set one of: {listed(inputs)}")
        if name not in inputs:
            near = get_close_matches(name, inputs, 1, 0.5)
            known = f"{f'did you mean {near[0]}?  ' if near else ''}inputs: {listed(inputs) or 'none'}"
            raise UnknownNameError(f"--set {clip(name)}: the program has no input {clip(name)}", help=known)
        found[name] = _value(name, text)
    return found


def _value(name: str, text: str) -> Array:
    """Return the number or nested list that a setting writes."""
    number = partial(_number, f"in --set {clip(name)}")
    try:
        value = json.loads(text, parse_float=number, parse_int=number)
        if len(_shape(value, name)) > DEPTH:
            raise ValueError  # noqa: TRY301 - too deep is no array, as what is not JSON
    except (ValueError, RecursionError):
        message = f"--set {clip(f'{name}={text}')} does not set a number or an array"
        raise InputError(message, help=f"--set {clip(name)}=0.5, or --set {clip(name)}=[0,0.5]") from None
    return np.array(value, dtype=float)


def _shape(value: object, name: str) -> tuple[int, ...]:
    if isinstance(value, float):
        return ()
    if not isinstance(value, list):
        message = f"--set {clip(name)} holds {clip(json.dumps(value, ensure_ascii=False))}, which is no number"
        raise InputError(message, help=f"--set {clip(name)}=[0,0.5]")
    shapes = list(dict.fromkeys(_shape(part, name) for part in value))
    if len(shapes) > 1:
        words = " and ".join(f"a list of shape {shape}" if shape else "a number" for shape in shapes[:2])
        message = f"--set {clip(name)} has lists of different lengths: {words} side by side"
        raise InputError(message, help=f"--set {clip(name)}=[[1,2],[3,4]]")
    return (len(value), *(shapes[0] if shapes else ()))


def _number(where: str, text: str) -> float:
    value = float(text)
    if math.isinf(value) and text[-1].isdigit():
        raise InputError(f"{clip(text)} {where} is too large", help="numbers go up to 1.7e308")
    return value


# --------------------------------------------------------------------------------------------------------------- files


def load(file: Path) -> Arrays:
    """Return all arrays of an .npz or .csv file."""
    return {name: read() for name, read in readers(file).items()}


def readers(file: Path, known: Collection[str] = ()) -> Readers:
    """Return for each name in an .npz or .csv file how its array is read; `known` are the names of the program.

    Raises: InputError, where the file is missing or is not of its kind.
    """
    shown = clip(file)
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError) as error:
        reason = "" if isinstance(error, FileNotFoundError | ValueError) else f": {error.strerror}"
        message = f"there is no file {shown}{reason}"
        raise InputError(message, help="--data FILE with a path to an .npz or .csv file") from None
    if not (stat.S_ISREG(mode) and os.access(file, os.R_OK)):
        kind = "a folder" if stat.S_ISDIR(mode) else "not readable" if stat.S_ISREG(mode) else "no ordinary file"
        raise InputError(f"{shown} is {kind}", help="--data FILE with a path to an .npz or .csv file")
    if file.suffix.lower() == ".npz":
        return _npz_readers(file, known)
    if file.suffix.lower() == ".csv":
        return _csv_readers(file, known)
    raise InputError(f"{shown} is neither .npz nor .csv", help=NPZ)


def _npz_readers(file: Path, known: Collection[str]) -> Readers:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.namelist() if member.endswith(".npy")]
    except DAMAGE:
        what = "is empty" if file.stat().st_size == 0 else "is no .npz file, or only a part of one"
        raise InputError(f"{clip(file)} {what}", help=NPZ) from None
    found: Readers = {}
    for member in members:
        name = spell(member.removesuffix(".npy"), known)
        if name in found:
            raise InputError(f"{clip(file)} has two arrays {clip(name)}", help="give each a name of its own")
        found[name] = partial(_read_member, file, member, name)
    return found


def _read_member(file: Path, member: str, name: str) -> Array:
    try:
        with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
            found: Array = np.lib.format.read_array(stream, allow_pickle=False)
            stream.read(1)  # the checksum is compared at the end
    except DAMAGE:
        message = f"{clip(name)} in {clip(file)} is no array of numbers, or it is damaged"
        raise InputError(message, help=NPZ) from None
    return found


class _Table(NamedTuple):
    """A CSV file: its rows as text, each with the number of its line."""

    file: Path
    rows: list[tuple[int, list[str]]]

    def column(self, name: str, places: Sequence[int]) -> Array:
        """Return a column as a vector; `places` has more than one number where the name stands twice."""
        if len(places) > 1:
            message = f"{clip(self.file)} has two columns {clip(name)}"
            raise InputError(message, help="give each column a name of its own")
        return np.array([self._cell(row[places[0]], name, line) for line, row in self.rows])

    def matrix(self, name: str, columns: Mapping[int, Sequence[int]], *, stands_alone: bool) -> Array:
        """Return X_1, X_2, … as the columns of X, which is no column itself."""
        if not stands_alone:
            message = f"{clip(self.file)} has a column {clip(name)} and columns {clip(name)}_1, …"
            raise InputError(message, help=f"rename the column {clip(name)}")
        if 0 in columns:
            message = f"{clip(self.file)} has a column {clip(name)}_0, but columns count from 1"
            raise InputError(message, help=f"rename {clip(name)}_0 to {clip(name)}_1, and so on")
        missing = next((k for k in range(1, max(columns) + 1) if k not in columns), None)
        if missing is not None:
            message = f"{clip(self.file)} has a column {clip(name)}_{max(columns)}, but no {clip(name)}_{missing}"
            raise InputError(message, help="number from 1")
        return np.column_stack([self.column(f"{name}_{k}", columns[k]) for k in sorted(columns)])

    def _cell(self, cell: str, name: str, line: int) -> float:
        text, where = cell.strip(), f"in column {clip(name)}, line {line} of {clip(self.file)}"
        if not text:
            raise InputError(f"the cell {where} is empty", help="remove the row, or fill the cell")
        if not NUMBER.fullmatch(text):
            raise InputError(f"{clip(cell)!r} {where} is no number", help="write numbers as 0.5 or 2e-3")
        return _number(where, text)


def _csv_readers(file: Path, known: Collection[str]) -> Readers:
    """Columns by their headers; X_1, X_2, … are the columns of the matrix X, too."""
    header, *rows = _rows(file)
    table = _Table(file, rows)
    columns: dict[str, list[int]] = {}
    groups: dict[str, dict[int, list[int]]] = {}
    for place, cell in enumerate(header[1]):
        name = cell.strip()
        columns.setdefault(spell(name, known), []).append(place)
        numbered = COLUMN.fullmatch(name)
        if numbered:
            group = groups.setdefault(spell(numbered["name"], known), {})
            group.setdefault(int(numbered["number"]), []).append(place)
    found: Readers = {}
    for name, places in columns.items():
        if name in known or not COLUMN.fullmatch(name):
            found[name] = partial(table.column, name, places)
    for name, group in groups.items():
        found[name] = partial(table.matrix, name, group, stands_alone=name not in columns)
    return found


def _rows(file: Path) -> list[tuple[int, list[str]]]:
    """Return the header and the rows of a CSV file, without comments and blank lines."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            rows = [(reader.line_num, row) for row in reader if len(row) > 1 or "".join(row).strip()]
    except (UnicodeDecodeError, csv.Error, OSError):
        raise InputError(f"{clip(file)} is no CSV text", help="a header line and one line a sample") from None
    rows = [row for row in rows if not row[1][0].startswith("#")]
    if not rows:
        raise InputError(f"{clip(file)} is empty", help="a header line and one line a sample")
    header = rows[0][1]
    other = next((sign for sign in ";\t|" if sign in "".join(header)), None)
    if other is not None:
        message = f"the header of {clip(file)} is separated by {other!r}: {clip(','.join(header))}"
        raise InputError(message, help="separate the cells by commas, as in  X_1,X_2,y")
    if len(rows) == 1:
        raise InputError(f"{clip(file)} has a header and no rows", help="one line a sample below the header")
    for line, row in rows[1:]:
        if len(row) != len(header):
            message = f"line {line} of {clip(file)} has {len(row)} cells, the header has {len(header)}"
            raise InputError(message, help="one cell a column, and commas only between cells")
    return rows


# -------------------------------------------------------------------------------------------------------------- checks


def check_finite(arrays: Mapping[str, Array]) -> None:
    """Raise InputError where an array that the formula uses holds a NaN."""
    for name, array in arrays.items():
        if array.dtype.kind in "fc" and np.isnan(array).any():
            first = tuple(str(k + 1) for k in np.argwhere(np.isnan(array))[0])
            raise InputError(
                f"{name} holds NaN: {PLAIN.tensor(name, first)} is the first of {int(np.isnan(array).sum())}",
                given=f"{name}.shape == {array.shape}; components count from 1",
                help="remove or fill these samples first",
            )


def check_defined(left: LeftSide, result: Array, used: Mapping[str, Array], form: str = "") -> None:
    """Raise InputError where a result is not finite: the formula is undefined for these numbers.

    `form` says which array it is, where its axes are not those of the left-hand side.
    """
    finite = np.isfinite(result)
    if finite.all():
        return
    first = tuple(int(k) + 1 for k in np.argwhere(~finite)[0])
    shown = left.write(PLAIN)
    where = f" at component {', '.join(map(str, first))}{form}" if first else ""
    ranges = [
        f"{clip(n, 20)} from {a.min():.6g} to {a.max():.6g}" for n, a in used.items() if a.size and a.dtype != bool
    ]
    raise InputError(
        f"{shown} is not finite for these numbers: {result[tuple(k - 1 for k in first)]}{where}",
        given="; ".join(ranges[:4]) + ("; …" if len(ranges) > 4 else ""),
        help="look for a division by zero, a logarithm or root of a negative number, or an overflow",
    )


# ------------------------------------------------------------------------------------------------------------- results


def check_target(out: Path, *, may_replace: bool) -> None:
    """Raise InputError where a file cannot or must not be written."""
    shown = clip(out)
    try:
        if out.is_dir():
            raise InputError(f"{shown} is a folder", help=f"--out {clip(out / 'result.npz')}")
        if out.suffix.lower() != ".npz":
            message = f"--out writes an .npz file, {shown} has another ending"
            raise InputError(message, help=f"--out {clip(out.with_suffix('.npz'))}")
        if os.path.lexists(out) and not may_replace:
            raise InputError(f"{shown} exists and is kept", help="another name for --out, or --force to overwrite it")
        folder = Path(os.path.realpath(out)).parent
        if not folder.is_dir():
            raise InputError(f"there is no folder {clip(folder)}", help=f"mkdir -p '{clip(folder)}'")
    except (OSError, ValueError) as error:
        raise _refusal(out, error) from None


def save(out: Path, arrays: Mapping[str, Array], *, may_replace: bool) -> None:
    """Write an .npz file in one step, whole or not at all; a link is followed, the mode of what is replaced is kept."""
    target = Path(os.path.realpath(out)) if may_replace else out
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            _write(stream, arrays)
        Path(temporary).chmod(_mode(target))
        _put(Path(temporary), target, may_replace=may_replace)
    except FileExistsError:
        raise InputError(f"{clip(out)} exists and is kept", help="another name for --out, or --force") from None
    except (OSError, ValueError) as error:
        raise _refusal(out, error) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _write(stream: IO[bytes], arrays: Mapping[str, Array]) -> None:
    """Write arrays as numpy.savez does, but under any name, and the same bytes for the same arrays."""
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def _put(temporary: Path, target: Path, *, may_replace: bool) -> None:
    if may_replace:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except OSError:  # it exists; or the file system has no hard links, and the name is taken first
        os.close(os.open(target, os.O_CREAT | os.O_EXCL))
        temporary.replace(target)


def _mode(target: Path) -> int:
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def _refusal(out: Path, error: OSError | ValueError) -> InputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or "the name or the data do not fit a file"
    return InputError(f"{clip(out)} cannot be written: {reason}", help="another place for --out")
