r"""Macros of LaTeX files: `\newcommand{\x}{\mathbf{x}}` and the like are written out where they are used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

DEEPEST = 20  # macros inside the texts of macros
MOST = 50_000  # uses that are written out in one file, and characters of one use
WRITTEN = 2_000_000  # characters of macros that are written out in one file
FAR = 10_000  # characters of an argument

_COMMAND = re.compile(r"\\([A-Za-z]+)\*?|\\.", re.DOTALL)
_DEFINITION = re.compile(
    r"\\(?:(?P<new>(?:re)?newcommand|providecommand|newrobustcmd|DeclareRobustCommand)|(?P<def>def)"
    r"|(?P<operator>DeclareMathOperator)|(?P<pair>DeclarePairedDelimiter))(?![A-Za-z])\*?\s*"
    r"(?:\{\s*\\(?P<braced>[A-Za-z]+)\s*\}|\\(?P<bare>[A-Za-z]+))"
)
_COUNT = re.compile(r"\s*\[\s*([1-9])\s*\]")
_OPTIONAL = re.compile(r"\s*\[([^\[\]]*)\]")
_PARAMETERS = re.compile(r"\s*((?:#[1-9]\s*)*)(?=\{)")
_PARAMETER = re.compile(r"#([1-9])")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_ONE = re.compile(r"\\[A-Za-z]+|\\.|[^\s{}]", re.DOTALL)
_BLANKS = re.compile(r"\s*")


class Macro(NamedTuple):
    """A command that stands for a text: with so many arguments, the first of which may have a default."""

    arity: int
    default: str | None
    body: str


def take_argument(text: str, k: int) -> tuple[str, int] | None:
    r"""Return the argument that begins at `k`, `{…}` or one sign, and the offset behind it; None where there is none.

    >>> take_argument(r" {a {b}} c", 0)
    ('a {b}', 8)
    """
    first = _BLANKS.match(text, k)
    start = first.end() if first else k
    if text[start : start + 1] != "{":
        one = _ONE.match(text, start)
        return (one[0], one.end()) if one else None
    depth = 0
    for brace in _BRACE.finditer(text, start, min(start + FAR, len(text))):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return text[start + 1 : brace.start()], brace.end()
    return None


def expand_macros(text: str) -> str:
    r"""Return a text in which the macros that it defines are written out; its lines keep their numbers.

    >>> expand_macros(r"\newcommand{\x}{\mathbf{x}} $\x = 1$").strip()
    '$\\mathbf{x} = 1$'
    """
    if not _DEFINITION.search(text):
        return text
    macros: dict[str, Macro] = {}
    pieces, k = [], 0
    for found in _DEFINITION.finditer(text):
        if found.start() < k:
            continue
        read = _read_definition(text, found)
        if read is None:
            continue
        name, macro, stop = read
        macros.setdefault(name, macro) if "provide" in found[0] else macros.update({name: macro})
        pieces += [text[k : found.start()], "\n" * text.count("\n", found.start(), stop)]
        k = stop
    pieces.append(text[k:])
    return _Expansion(macros).expand("".join(pieces), DEEPEST)


def _read_definition(text: str, found: re.Match[str]) -> tuple[str, Macro, int] | None:
    """Return the name that a definition defines, what it stands for, and the offset behind it."""
    name, k = found["braced"] or found["bare"], found.end()
    count, default = 0, None
    if found["def"]:
        parameters = _PARAMETERS.match(text, k)
        if parameters is None:
            return None
        count, k = parameters[1].count("#"), parameters.end()
    elif found["new"] and (number := _COUNT.match(text, k)):
        count, k = int(number[1]), number.end()
        if given := _OPTIONAL.match(text, k):
            default, k = given[1], given.end()
    body = take_argument(text, k)
    if body is None:
        return None
    if found["operator"]:
        return name, Macro(0, None, rf"\operatorname{{{body[0]}}}"), body[1]
    if found["pair"]:
        right = take_argument(text, body[1])
        return right and (name, Macro(1, None, rf"\left{body[0]} #1 \right{right[0]}"), right[1])
    return name, Macro(count, default, body[0]), body[1]


class _Expansion:
    """What is written out, up to a limit; a macro that stands for itself, or for too long a text, is left as it is."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self.macros = macros
        self.left = MOST
        self.characters = WRITTEN
        self.within: list[str] = []

    def expand(self, text: str, depth: int) -> str:
        """Return a text with all macros written out."""
        if depth == 0 or self.is_spent:
            return text
        pieces, k = [], 0
        for command in _COMMAND.finditer(text):
            name = command[1] or ""
            macro = self.macros.get(name)
            if macro is None or command.start() < k or name in self.within or self.is_spent:
                continue
            given = _arguments(text, command.end(), macro)
            if given is None:
                continue
            arguments, stop = given
            body = _filled(macro.body, [self.expand(argument, depth - 1) for argument in arguments])
            self.left -= 1
            self.characters -= len(body)
            self.within.append(name)
            shown = self.expand(body.replace("\n", " "), depth - 1)
            self.within.pop()
            if len(shown) > MOST:
                continue
            lines = text.count("\n", command.start(), stop)
            behind = "" if shown[-1:] in "}" or not text[stop : stop + 1].isalnum() else " "
            pieces += [text[k : command.start()], shown, behind, "\n" * lines]
            k = stop
        pieces.append(text[k:])
        return "".join(pieces)

    @property
    def is_spent(self) -> bool:
        """Whether so much was written out that the rest of the file stays as it is."""
        return self.left <= 0 or self.characters <= 0


def _filled(body: str, arguments: list[str]) -> str:
    """Return the text of a macro with its arguments in their places."""
    given = dict(enumerate(arguments, 1))
    return _PARAMETER.sub(lambda place: given.get(int(place[1]), ""), body)


def _arguments(text: str, k: int, macro: Macro) -> tuple[list[str], int] | None:
    """Return the arguments of a macro that is used before `k`, and the offset behind them."""
    found: list[str] = []
    if macro.default is not None:
        given = _OPTIONAL.match(text, k)
        found, k = ([given[1]], given.end()) if given else ([macro.default], k)
    while len(found) < macro.arity:
        argument = take_argument(text, k)
        if argument is None:
            return None
        found.append(argument[0])
        k = argument[1]
    return found, k
