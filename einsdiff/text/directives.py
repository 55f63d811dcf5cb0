r"""What a file says of the names in its claims: `A : matrix(n, n)`, `forget f`, `x \in \mathbb{R}^n`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from einsdiff.errors import EinsdiffError
from einsdiff.text.declarations import PROPERTIES, RANKS, read_declaration
from einsdiff.text.displays import Equation, Unreadable
from einsdiff.text.lexer import tokenize


@dataclass(frozen=True, slots=True)
class Declared:
    """`name : kind`, for all claims from this line on."""

    line: int
    name: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name} : {self.kind}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """From this line on these names are free again; all of them where none is named."""

    line: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"forget {', '.join(self.names)}".rstrip()


Item = Equation | Declared | Forgotten | Unreadable

DIRECTIVE = re.compile(r"\s*einsdiff\s*:\s*(.*)", re.DOTALL)
DECLARATION = re.compile(
    r"\s*(?:[-*+]\s+)?`?(?P<name>\\?[^\W\d]\w*)\s*:\s*"
    rf"(?P<kind>(?:{'|'.join(RANKS)})\b\s*(?:\([\w\s,]*\))?(?:[\s,]+(?:{'|'.join(PROPERTIES)})\b)*)\s*`?[.,;]?\s*"
)
LOOSE = re.compile(rf"\s*(?P<name>\\?[^\W\d]\w*)\s*:\s*(?P<kind>(?:{'|'.join(RANKS)})\b.*)", re.DOTALL)


def read_directive(text: str, line: int) -> Iterator[Item]:
    """Yield what `einsdiff: …` says: declarations and names to forget, split by `;`."""
    for part in re.split(r"[;\n]", text):
        words = part.split()
        if not words:
            continue
        if words[0] == "forget":
            yield Forgotten(line, tuple(word.strip(",") for word in words[1:] if word.strip(",")))
        elif ":" in part:
            name, _, kind = part.partition(":")
            yield declared(line, name.strip(), kind.strip())
        else:
            yield Unreadable(line, " ".join(words), "it is neither a declaration nor `forget NAME`")


def declared(line: int, name: str, kind: str) -> Item:
    """Return a declaration, or why it cannot be read."""
    try:
        declaration = read_declaration(name, kind)
    except EinsdiffError as error:
        return Unreadable(line, f"{name} : {kind}", one_line(error))
    return Declared(line, declaration.name, " ".join(kind.split()))


def one_line(error: EinsdiffError) -> str:
    """Return what an error says in one line, with what it marks in place of `[^]`."""
    shown = error.message
    for mark in error.marks:
        piece = (error.source or "")[mark.span.start : mark.span.stop]
        sign = f"[{mark.sign}]"
        before, found, after = shown.partition(f" {sign}")
        if found:
            quoted = "" if not piece.strip() or piece in before.split() else f" ‘{' '.join(piece.split())[:40]}’"
            shown = before + quoted + after
    return " ".join(re.sub(r" ?\[[\^~]\]", "", shown).split())


_NAME = r"(?:\\[A-Za-z]+\s*\{\s*\\?[A-Za-z]+\s*\}|\\[A-Za-z]+|[A-Za-zΑ-Ωα-ω])"
_SET = re.compile(
    rf"(?<![\\\w{{}}^]){_NAME}(?:\s*,\s*{_NAME})*\s*(?:\\in(?![A-Za-z])|∈)\s*"
    r"(?:\\(?:mathbb|mathbf|mathrm|Bbb|bb)\s*(?:\{\s*R\s*\}|R)|\\R(?![A-Za-z])|\\Re(?![A-Za-z])|ℝ)"
    r"(?:\s*\^\s*(?:\{(?P<sizes>[^{}]*)\}|(?P<size>[A-Za-z0-9])))?+(?!\s*[_^+])"
)
_SIZE = re.compile(r"[A-Za-z]\w{0,9}|[1-9]\d{0,8}")


def declared_sets(text: str, line: int) -> Iterator[Item]:
    r"""Yield declarations for `x \in \mathbb{R}^n` and `A, B ∈ ℝ^{m×n}`."""
    for found in _SET.finditer(text):
        sizes = re.split(r"\\times|×|\*", found["sizes"] or found["size"] or "")
        sizes = [size.strip() for size in sizes if size.strip()]
        if not all(map(_SIZE.fullmatch, sizes)) or len(sizes) > 2 or sizes[:1] == ["1"]:
            continue
        if sizes[1:] == ["1"]:
            sizes = sizes[:1]
        kind = ("scalar", "vector", "matrix")[len(sizes)] + (f"({', '.join(sizes)})" if sizes else "")
        names = re.split(r"\\in(?![A-Za-z])|∈", found[0])[0]
        for piece in names.split(","):
            name = _one_name(piece)
            if name:
                yield Declared(line + text.count("\n", 0, found.start()), name, kind)


def _one_name(text: str) -> str | None:
    """Return the name that a piece of a formula is, if it is one."""
    try:
        tokens = tokenize(text)
    except EinsdiffError:
        return None
    return tokens[0].text if [token.kind for token in tokens] == ["name", "end"] else None
