"""The texts that a command line names: a formula, a file or standard input, with the declarations of its options."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from einsdiff import verbs
from einsdiff.arrays import clip
from einsdiff.errors import InputError
from einsdiff.expression import Expression
from einsdiff.text.papers import SUFFIXES

UTF8 = "save or type the text in UTF-8"
LONGEST = 4_000_000  # bytes that a text can have


def read_expression(options: argparse.Namespace) -> Expression:
    """Return the expression that the options name."""
    source, declare = read_text(options.text), declared(options.declare)
    if options.output is not None:
        return verbs.parse(source, declare=declare, notation=options.notation, outputs=[options.output])[0]
    return verbs.parse(source, declare=declare, notation=options.notation)


def declared(texts: Sequence[str]) -> Mapping[str, str]:
    """Return the declarations of the options by name."""
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


def check_encoding(options: argparse.Namespace) -> None:
    """Raise InputError where an argument has bytes that are no text; names of files may have them."""
    for option in ("text", "declare", "output", "set", "wrt"):
        held = getattr(options, option, None) or []
        for text in [held] if isinstance(held, str) else held:
            if re.search("[\ud800-\udfff]", text) and not (option == "text" and is_path(text)):
                raise InputError(f"{'TEXT' if option == 'text' else f'--{option}'} is not UTF-8", help=UTF8)


def is_path(text: str) -> bool:
    """Tell whether a file or folder has this name; a long formula cannot be one."""
    try:
        return text != "" and "\n" not in text and len(text) < 4096 and Path(text).exists()
    except (OSError, ValueError):
        return False


def read_text(text: str) -> str:
    """Return a text, what standard input holds for `-`, or what the file of this name holds.

    Raises: InputError, where a file or standard input is closed, empty or not text.
    """
    if text != "-" and not is_path(text):
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
