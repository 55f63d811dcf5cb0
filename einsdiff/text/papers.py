r"""What a Markdown, LaTeX or plain-text file claims: its equations, its declarations, and what cannot be read.

Each stands with the line where it was found.  spec/audit.md, Files, says what counts in which kind of file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from einsdiff.text.directives import DECLARATION, DIRECTIVE, LOOSE, Item, declared, declared_sets, read_directive
from einsdiff.text.displays import Equation, Unreadable, read_display, read_lines
from einsdiff.text.macros import expand_macros

Kind = Literal["markdown", "latex", "text"]

SUFFIXES: dict[str, Kind] = {".md": "markdown", ".markdown": "markdown", ".tex": "latex", ".latex": "latex"}
"""How the name of a file ends → its kind; all others are text."""

CLAIMS = frozenset(["einsdiff", "claims"])
"""Languages of code blocks in Markdown whose lines are claims."""
FORMULAS = frozenset(["math", "latex", "tex"])
"""Languages of code blocks in Markdown that hold one display."""


def kind_of(path: str) -> Kind:
    """Return the kind of a file by the end of its name.

    >>> kind_of("paper/appendix.TEX"), kind_of("claims.txt")
    ('latex', 'text')
    """
    return next((kind for suffix, kind in SUFFIXES.items() if path.lower().endswith(suffix)), "text")


def read_paper(text: str, kind: Kind) -> tuple[Item, ...]:
    r"""Return what a file claims, in the order of its lines.

    >>> [str(item) for item in read_paper("We have $y = A x$.\n\n<!-- einsdiff: A : matrix(n, n) -->", "markdown")]
    ['y = A x', 'A : matrix(n, n)']
    """
    text = _CONTROL.sub(" ", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    found: list[Item] = []
    match kind:
        case "text":
            found += _read_text(text.split("\n"), 1)
        case "latex":
            text, directives = _without_comments(_VERBATIM.sub(_blank, text))
            found += directives
            found += _read_formulas(expand_macros(text.partition(r"\end{document}")[0]), is_strict=False)
        case "markdown":
            text, items = _without_code(text)
            text, directives = _without_hidden(text)
            found += [*items, *directives, *_read_formulas(expand_macros(text), is_strict=True)]
    return tuple(sorted(found, key=lambda item: (item.line, isinstance(item, Equation | Unreadable))))


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _blank(found: re.Match[str]) -> str:
    """Return as many empty lines as a piece of text has."""
    return "\n" * found[0].count("\n")


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


# ---------------------------------------------------------------------------------------------------------- plain text


def _read_text(lines: list[str], first: int) -> Iterator[Item]:
    """Yield what lines of plain text claim; comments begin with #, a blank line ends a chain."""
    group: list[tuple[int, str]] = []
    for number, text in enumerate(lines, first):
        formula, hash_sign, comment = text.partition("#")
        directive = DIRECTIVE.match(comment) if hash_sign else None
        if directive:
            yield from read_directive(directive[1], number)
        parts = formula.split(";")
        declarations = [part for part in parts if LOOSE.fullmatch(part)]
        for part in declarations:
            name, _, kind = part.partition(":")
            yield declared(number, name.strip(), kind.strip())
        formula = "; ".join(part for part in parts if part not in declarations)
        if formula.strip():
            group.append((number, formula))
        elif not hash_sign and not declarations:
            yield from read_lines(group)
            group = []
    yield from read_lines(group)


# ------------------------------------------------------------------------------------------------------------ Markdown

_FENCE = re.compile(r"\s*(?:>\s?)*(`{3,}|~{3,})\s*([\w-]*)")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])\s")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n[ \t]*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
_HIDDEN = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_QUOTED = re.compile(r"^[ ]{0,3}(?:>[ ]?)+", re.MULTILINE)


def _without_code(text: str) -> tuple[str, list[Item]]:
    """Return Markdown without its blocks of code, and what those of claims say."""
    lines, items, kept = text.split("\n"), list[Item](), list[str]()
    in_list, k = False, 0
    while k < len(lines):
        fence = _FENCE.match(lines[k])
        if fence:
            stop = _end_of_fence(lines, k, fence[1])
            inside = lines[k + 1 : stop]
            if fence[2].lower() in CLAIMS:
                items += _read_text(inside, k + 2)
            shown = ["$$", *inside, "$$"] if fence[2].lower() in FORMULAS else [""] * (len(inside) + 2)
            kept += shown[: stop - k + 1]
            k = stop + 1
            continue
        line = lines[k]
        is_indented = line.startswith(("    ", "\t"))
        after_blank = not kept or not kept[-1].strip()
        if _ITEM.match(line):
            in_list = True
        elif line.strip() and not is_indented and after_blank:
            in_list = False
        is_code = is_indented and not in_list and (after_blank or kept[-1] == _CODE)
        kept.append(_CODE if is_code else line)
        k += 1
    return "\n".join(kept), items


_CODE = "\u200b"
"""What a line of indented code becomes."""


def _end_of_fence(lines: list[str], k: int, fence: str) -> int:
    """Return the number of the line that closes a block of code, or of the line behind the last."""
    for stop in range(k + 1, len(lines)):
        closing = _FENCE.match(lines[stop])
        if closing and closing[1].startswith(fence) and not lines[stop].strip(" >`~\t"):
            return stop
    return len(lines)


def _without_hidden(text: str) -> tuple[str, list[Item]]:
    """Return Markdown without comments and code spans, and what its comments and lines declare."""
    items: list[Item] = []
    for found in _HIDDEN.finditer(text):
        directive = DIRECTIVE.match(found[1])
        if directive:
            items += read_directive(directive[1], _line(text, found.start()))
    text = _QUOTED.sub("", _HIDDEN.sub(_blank, text))
    text, declared = _without_declarations(text)
    text = text.replace("$`", " $").replace("`$", "$ ")
    return _CODE_SPAN.sub(_blank, text), [*items, *declared]


def _without_declarations(text: str) -> tuple[str, list[Item]]:
    """Return a text without the lines that are declarations and nothing else, and these."""
    items: list[Item] = []
    if ":" not in text:
        return text, items
    lines = text.split("\n")
    for k, line in enumerate(lines):
        found = DECLARATION.fullmatch(line) if ":" in line else None
        if found:
            items.append(declared(k + 1, found["name"], found["kind"]))
            lines[k] = ""
    return "\n".join(lines), items


# --------------------------------------------------------------------------------------------------------------- LaTeX

_VERBATIM = re.compile(
    r"\\begin\{(verbatim\*?|lstlisting|minted|comment|Verbatim)\}.*?(?:\\end\{\1\}|\Z)|\\verb\*?([^\sA-Za-z*]).*?\2"
    r"|\\iffalse\b.*?(?:\\fi\b|\Z)",
    re.DOTALL,
)
_COMMENT = re.compile(r"\\.|%([^\n]*)", re.DOTALL)


def _without_comments(text: str) -> tuple[str, list[Item]]:
    """Return LaTeX without comments, and what these and its lines declare."""
    items: list[Item] = []
    pieces, k = [], 0
    for found in _COMMENT.finditer(text):
        if found[1] is None:
            continue
        directive = DIRECTIVE.match(found[1])
        if directive:
            items += read_directive(directive[1], _line(text, found.start()))
        pieces.append(text[k : found.start()])
        k = found.end()
    pieces.append(text[k:])
    text, declared = _without_declarations("".join(pieces))
    return text, [*items, *declared]


# ------------------------------------------------------------------------------------------------------------ formulas

_ENVIRONMENTS = "equation align gather multline eqnarray alignat flalign displaymath math dmath xalignat"
_OPENING = re.compile(
    rf"\\begin\s*\{{(?P<name>(?:{'|'.join(_ENVIRONMENTS.split())})\*?)\}}|\\\[|\\\(|\\.|\$\$|\$", re.DOTALL
)
_CLOSING = re.compile(r"\\end\s*\{[^{}]*\}|\\.|\$\$|\$", re.DOTALL)
_PARTNERS = {r"\[": r"\]", r"\(": r"\)", "$$": "$$", "$": "$"}
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_COUNT = re.compile(r"\s*\{\d+\}")
_ROW = frozenset(["eqnarray", "eqnarray*"])


def _read_formulas(text: str, *, is_strict: bool) -> Iterator[Item]:
    """Yield the equations of all formulas of a text; where strict, a price like $5 is no formula."""
    k, line, counted = 0, 1, 0
    closings = _Closings(text, is_strict=is_strict)
    while (opening := _OPENING.search(text, k)) is not None:
        line, counted = line + text.count("\n", counted, opening.start()), opening.start()
        k = opening.end()
        partner = rf"\end{{{opening['name']}}}" if opening["name"] else _PARTNERS.get(opening[0])
        if partner is None:
            continue
        stop = closings.find(k, partner)
        if stop is None:
            if partner not in ("$", r"\)"):
                yield Unreadable(line, opening[0], "this formula has no end")
            continue
        if "alignat" in opening[0]:
            count = _COUNT.match(text, k)
            k = count.end() if count else k
        content = text[k : stop[0]]
        if any(sign in content for sign in _SIGNS):
            yield from declared_sets(content, line)
            yield from read_display(content, line, "row" if opening["name"] in _ROW else "pairs")
        k = stop[1]


_SIGNS = ("=", "≡", "≔", r"\equiv", r"\coloneqq", r"\triangleq", r"\in", "∈")


class _Closings:
    """Where formulas end; how far a closing sign is missing is known, so that no piece is searched for it again."""

    def __init__(self, text: str, *, is_strict: bool) -> None:
        self.text = text
        self.is_strict = is_strict
        self.missing: dict[str, int] = {}
        self.paragraph = (0, -1)

    def find(self, start: int, partner: str) -> tuple[int, int] | None:
        """Return where a formula ends that begins at an offset, and the offset behind its closing sign."""
        text, may_be_price = self.text, self.is_strict and partner == "$"
        if may_be_price and text[start : start + 1].isspace():
            return None
        end = self._end_of_paragraph(start) if partner in ("$", r"\)") else len(text)
        if end <= self.missing.get(partner, 0):
            return None
        for found in _CLOSING.finditer(text, start, end):
            sign = re.sub(r"\s", "", found[0])
            is_price = text[found.start() - 1].isspace() or text[found.end() : found.end() + 1].isdigit()
            if may_be_price and sign[0] == "$" and (is_price or sign != partner):
                return None
            if sign == partner:
                return found.span()
        self.missing[partner] = end
        return None

    def _end_of_paragraph(self, start: int) -> int:
        """Return where the paragraph ends in which an offset lies."""
        first, end = self.paragraph
        if not first <= start <= end:
            found = _PARAGRAPH.search(self.text, start)
            end = found.start() if found else len(self.text)
            self.paragraph = start, end
        return end
