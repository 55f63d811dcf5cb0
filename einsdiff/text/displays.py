r"""Displayed formulas as they stand in papers → equations, each with its line.

A display has rows (`\\`) and cells (`&`).  A chain `a = b = c` says a = b and a = c; a row that begins with `=` goes on
with the left side above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from einsdiff.text.decorations import GAP, REMARK, TRANSPARENT, WORDS_INSIDE, clean

Shape = Literal["pairs", "row"]
"""How the cells of a row belong together: two by two as in `align`, or all of them as in `eqnarray`."""

LONGEST = 20_000  # characters of one equation


@dataclass(frozen=True, slots=True)
class Equation:
    """`left = right`, the line where the right side begins, and whether it is written as a definition, by `:=`."""

    line: int
    left: str
    right: str
    defines: bool = False

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What looks like a claim at a line and is none that can be read, and why."""

    line: int
    text: str
    reason: str


class Row(NamedTuple):
    """A row of a display, or of one column of it, cleaned; `is_open` tells that its left cell is empty."""

    line: int
    text: str
    is_open: bool


# ------------------------------------------------------------------------------------------- what stands in no brackets

_OTHERS = (
    "approx sim simeq cong propto le leq leqslant ge geq geqslant ne neq lt gt in notin ni subset subseteq supset ll "
    "gg mapsto to rightarrow longrightarrow leftarrow prec preceq succ succeq not perp mid"
)
_OPERATORS = r"(?:[+\-−–*/·⋅⊙∘⊗×]|\\(?:cdot|times|odot|circ|otimes|oslash|ast|pm|oplus)(?![A-Za-z]))"
_COMMANDS = {
    "open": "{ lbrace lbrack langle",
    "close": "} rbrace rbrack rangle",
    "<": _OTHERS,
    "=": "equiv doteq",
    ":=": "coloneqq coloneq triangleq defeq eqdef doteqdot",
    "⇒": "Rightarrow Longrightarrow implies Leftrightarrow Longleftrightarrow iff therefore",
}
COMMANDS = {name: kind for kind, names in _COMMANDS.items() for name in names.split()}
"""A LaTeX command → the kind of sign that it is; `<` stands for all relations that are no equality."""

_SIGNS = {"open": "( { [", "close": ") } ]", "<": "< > <= >= != ≤ ≥ ≠ ≈ ∝ ∼ ∈", "=": "= == ≡", ":=": ":= ≔",
          "⇒": "=> <=> ⇒ ⟹ ⇔ ⟺"}  # fmt: skip
SIGNS = {sign: kind for kind, signs in _SIGNS.items() for sign in signs.split()}
"""A sign → its kind."""

RELATIONS = frozenset(["=", ":=", "<"])

_PLAIN = "|".join(map(re.escape, sorted([*SIGNS, ",", ";", "&", GAP, REMARK], key=len, reverse=True)))
_MARK = re.compile(
    r"\\(?P<edge>begin|end)\s*\{(?P<name>[^{}]*)\}(?:\s*\[[a-z]\])?"
    r"|(?P<row>\\\\)\*?(?:\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\])?"
    rf"|\\(?P<command>[A-Za-z]+|.)|(?P<words>{WORDS_INSIDE}[^{WORDS_INSIDE}]*{WORDS_INSIDE})|(?P<plain>{_PLAIN})",
    re.DOTALL,
)
_PUNCTUATION = re.compile(rf"[\s.,;:{GAP}]+\Z")
_LEADING = re.compile(rf"\A(?:[\s{GAP}]|\{{\s*\}})+")
_ARRANGING = "|".join(map(re.escape, sorted(TRANSPARENT)))
_BEFORE = re.compile(rf"(?:[\s&]|\\begin\s*\{{(?:{_ARRANGING})\}}(?:\[[tbc]\])?|\\label\s*\{{[^{{}}]*\}})*")
_BEGINS_WITH_OPERATOR = re.compile(_OPERATORS)
_ENDS_WITH_OPERATOR = re.compile(_OPERATORS + r"\s*\Z")
_NUMBER_OF_EQUATION = re.compile(r"\(\s*[\w.*†]{1,6}\s*\)\Z")
_RANGE = re.compile(r",\s*(?:\\[lc]?dots|\.\.\.?|…)|(?:\\[lc]?dots|\.\.\.?|…)\s*,")


class Mark(NamedTuple):
    """A sign that stands in no brackets: its kind, and its place."""

    kind: str
    start: int
    stop: int


def find_marks(text: str, *, braces_only: bool = False) -> tuple[list[Mark], bool]:
    """Return the signs of a text that divide it and stand in no brackets, and whether its brackets match.

    >>> [mark.kind for mark in find_marks("f(x = 1) = a, b < c")[0]]
    ['=', ',', '<']
    """
    marks: list[Mark] = []
    depth = 0
    for found in _MARK.finditer(text):
        kind = _kind(found)
        if kind in ("open", "close"):
            if not braces_only or found["edge"] or found["plain"] in ("{", "}"):
                depth += 1 if kind == "open" else -1
        elif depth <= 0 and kind:
            marks.append(Mark(kind, *found.span()))
    return marks, depth == 0


def _kind(found: re.Match[str]) -> str:
    """Return `open`, `close`, the kind of a sign that divides, or nothing."""
    if found["edge"]:
        return "" if found["name"] in TRANSPARENT else ("open" if found["edge"] == "begin" else "close")
    if found["row"]:
        return "row"
    if found["words"]:
        return WORDS_INSIDE
    if found["command"]:
        return COMMANDS.get(found["command"], "")
    return SIGNS.get(found["plain"], found["plain"])


def split(text: str, kinds: frozenset[str], *, braces_only: bool = False) -> list[tuple[str, int, str]]:
    """Return the pieces between signs of some kinds: the sign's kind, where the piece begins, and the piece.

    >>> split("a = b = c", RELATIONS)
    [('', 0, 'a '), ('=', 3, ' b '), ('=', 7, ' c')]
    """
    found, kind, k = [], "", 0
    for mark in find_marks(text, braces_only=braces_only)[0]:
        if mark.kind in kinds:
            found.append((kind, k, text[k : mark.start]))
            kind, k = (text[mark.start : mark.stop] if mark.kind == WORDS_INSIDE else mark.kind), mark.stop
    found.append((kind, k, text[k:]))
    return found


def is_equation(text: str) -> bool:
    """Whether a `=` stands in a text outside of brackets."""
    return any(mark.kind in ("=", ":=") for mark in find_marks(text)[0])


def has_relation(text: str) -> bool:
    """Whether a relation stands in a text outside of brackets."""
    return any(mark.kind in RELATIONS for mark in find_marks(text)[0])


# ---------------------------------------------------------------------------------------------------------------- rows


def read_display(text: str, line: int, shape: Shape = "pairs") -> list[Equation | Unreadable]:
    r"""Return the equations of a display whose text begins at a line.

    >>> [str(equation) for equation in read_display(r"y &= A x \\ &= b, \label{a}", 1)]
    ['y = A x', 'y = b']
    """
    columns: dict[int, list[Row]] = {}
    for _, start, row in split(text, frozenset(["row"]), braces_only=True):
        cells = [(start + place, cell) for _, place, cell in split(row, frozenset("&"), braces_only=True)]
        width = 2 if shape == "pairs" else len(cells)
        for k in range(0, len(cells), width):
            group = cells[k : k + width]
            cleaned = _LEADING.sub("", clean(" ".join(cell for _, cell in group)))
            if cleaned.strip():
                is_open = len(cells) > 1 and not _LEADING.sub("", clean(group[0][1])).strip()
                number = line + text.count("\n", 0, _first(text, group[0][0]))
                columns.setdefault(k, []).append(Row(number, cleaned, is_open))
    found = [equation for rows in columns.values() for equation in read_rows(rows)]
    return sorted(found, key=lambda equation: equation.line)


def _first(text: str, start: int) -> int:
    """Return the offset of the first sign of a formula behind an offset."""
    blank = _BEFORE.match(text, start)
    return blank.end() if blank else start


def read_lines(lines: list[tuple[int, str]]) -> list[Equation | Unreadable]:
    """Return the equations of lines of plain text that follow each other without a blank line."""
    rows = [Row(line, _LEADING.sub("", clean(text) if "\\" in text else text), is_open=False) for line, text in lines]
    return read_rows([row for row in rows if row.text.strip()], among_prose=True)


def read_rows(rows: list[Row], *, among_prose: bool = False) -> list[Equation | Unreadable]:
    """Return the equations of rows, some of which go on with the row above; a row of prose has no relation."""
    chain = _Chain()
    for row in _joined(rows, among_prose=among_prose):
        marks, matches = find_marks(row.text)
        is_formula = any(mark.kind in RELATIONS for mark in marks) or ("=" in row.text and not matches)
        if is_formula or not among_prose:
            chain.add(row)
        else:
            chain.left = ""
    return chain.found


def _joined(rows: list[Row], *, among_prose: bool) -> Iterator[Row]:
    """Yield rows, those joined where one goes on with a sum or product of the row above."""
    last: Row | None = None
    for row in rows:
        is_formula = last is not None and (has_relation(last.text) or not among_prose)
        if last is not None and is_formula and _goes_on(last.text, row):
            last = last._replace(text=f"{last.text} {row.text}")
            continue
        if last is not None:
            yield last
        last = row
    if last is not None:
        yield last


def _goes_on(above: str, row: Row) -> bool:
    """Whether a row is the rest of the one above it."""
    marks, matches = find_marks(above)
    if not matches:
        return row.is_open or not has_relation(row.text)
    lacks_side = bool(marks) and marks[-1].kind in RELATIONS and not above[marks[-1].stop :].strip()
    if lacks_side or _ENDS_WITH_OPERATOR.search(above):
        return True
    begins = _BEGINS_WITH_OPERATOR.match(row.text)
    if begins is None:
        return False
    return row.is_open or begins[0] not in "-−–" or not has_relation(row.text)


@dataclass(slots=True)
class _Chain:
    """The equations of a display, and the left side with which a row that begins with `=` goes on."""

    found: list[Equation | Unreadable] = field(default_factory=list)
    left: str = ""

    def add(self, row: Row) -> None:
        """Take the equations of a row."""
        for text in self._formulas(row):
            pieces = split(text, frozenset(","))
            if len(pieces) > 1 and all(map(is_equation, (piece for _, _, piece in pieces))):
                for _, _, piece in pieces:
                    self._take(row.line, piece)
            elif not (len(pieces) > 1 and _RANGE.search(text)):
                self._take(row.line, text)

    def _formulas(self, row: Row) -> Iterator[str]:
        """Yield the formulas of a row, without the remarks around them."""
        current = ""
        for kind, _, text in split(row.text, frozenset([GAP, REMARK, WORDS_INSIDE, "⇒", ";"])):
            piece = _tidy(text)
            begins = piece and split(piece, RELATIONS)[0][2].strip() == "" and has_relation(piece)
            if kind.startswith(WORDS_INSIDE) and (begins or current):
                self._refuse(row.line, row.text, f"the words “{kind.strip(WORDS_INSIDE)}” stand inside the formula")
                return
            if not piece or (kind == GAP and _NUMBER_OF_EQUATION.match(piece)):
                continue
            if kind in ("⇒", ";") or not current or (has_relation(current) and has_relation(piece) and not begins):
                if current:
                    yield current
                current = piece
            elif kind != REMARK or begins or not has_relation(current):
                current = f"{current} {piece}"
        if current:
            yield current

    def _take(self, line: int, text: str) -> None:
        """Take the equations of one chain."""
        if not find_marks(text)[1]:
            if "=" in text:
                self._refuse(line, text, "its brackets do not match")
            return
        sides = [(kind, _tidy(side)) for kind, _, side in split(text, RELATIONS)]
        if len(sides) == 1:
            self.left = sides[0][1]
            if r"\begin" in text and "=" in text:
                self._refuse(line, text, "it is written out entry by entry or case by case")
            return
        if sides[0][1] or sides[1][0] == "<":
            self.left = sides[0][1]
        for (kind, side), (_, before) in zip(sides[1:], sides, strict=False):
            if kind == "<":
                self.left = side
            elif not self.left or not side:
                where = "behind" if self.left else "before"
                self._refuse(line, text, f"nothing stands {where} = {_tidy(before or side)}".rstrip())
            elif len(self.left) + len(side) > LONGEST:
                self._refuse(line, text, f"it has more than {LONGEST} characters")
            elif any(sign in self.left + side for sign in (GAP, REMARK, WORDS_INSIDE)):
                self._refuse(line, text, "words stand inside the formula")
            else:
                self.found.append(Equation(line, self.left, side, defines=kind == ":="))

    def _refuse(self, line: int, text: str, reason: str) -> None:
        shown = " ".join(re.sub(f"[{GAP}{REMARK}{WORDS_INSIDE}]+", " ", text).split())
        self.found.append(Unreadable(line, shown, reason))


def _tidy(text: str) -> str:
    """Return a formula with single blanks and without the punctuation behind it."""
    return _PUNCTUATION.sub("", " ".join(_LEADING.sub("", text).split()))
