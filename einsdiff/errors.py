"""The error family, spans of source text, and the drawing of carets.

An error says what is wrong, marks the place with `^` (and what it clashes with, with `~`), gives the rule or the facts,
and ends with something that can be typed.  Inner code raises *what*; whoever knows the text adds *where*
(`EinsdiffError.locate`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

LINES = 3  # marked source lines shown in one message
WIDTH = 96  # characters of one source line shown in a message


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of offsets into one source text."""

    start: int
    stop: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(min(self.start, other.start), max(self.stop, other.stop))


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the source and the sign that is drawn under it: `^` the culprit, `~` what it clashes with."""

    span: Span
    sign: str = "^"


@dataclass(frozen=True, slots=True)
class Note:
    """One of the closing lines of a message: `rule:`, `sizes:`, `given:` or `help:`."""

    word: str
    text: str


class EinsdiffError(Exception):
    """What is wrong, where, why, and what to type instead.

    Attributes:
        message: the first line, without the class name.
        source: the text in which the places are, or None where there is no text.
        marks: the places, the culprit first.
        notes: the closing lines.

    >>> error = ParseError("a factor is missing [^]", "y = 3 *", [Mark(Span(6, 7))], help="y = 3 * x")
    >>> print(error)
    a factor is missing [^]
    <BLANKLINE>
      1 | y = 3 *
        |       ^
    <BLANKLINE>
      help: y = 3 * x
    """

    def __init__(
        self,
        message: str,
        source: str | None = None,
        marks: list[Mark] | tuple[Mark, ...] = (),
        *,
        rule: str = "",
        sizes: str = "",
        given: str = "",
        help: str = "",  # noqa: A002 - the word that the user reads
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.marks = tuple(marks)
        words = {"rule": rule, "sizes": sizes, "given": given, "help": help}
        self.notes = tuple(Note(word, text) for word, text in words.items() if text)

    def locate(self, source: str, *marks: Mark) -> EinsdiffError:
        """Add the place, where none is known yet, and return the error itself."""
        if self.source is None:
            self.source, self.marks = source, marks
        return self

    @property
    def line(self) -> int | None:
        """The line of the culprit, counted from 1."""
        if self.source is None or not self.marks:
            return None
        return self.source.count("\n", 0, self.marks[0].span.start) + 1

    @property
    def column(self) -> int | None:
        """The column of the culprit, counted from 1."""
        if self.source is None or not self.marks:
            return None
        start = self.marks[0].span.start
        return start - (self.source.rfind("\n", 0, start) + 1) + 1

    @property
    def marked(self) -> str:
        """The source lines with their marker lines, without the message around them."""
        return "" if self.source is None else draw(self.source, self.marks)

    def __str__(self) -> str:
        parts = [self.message]
        if self.marked:
            parts.append(self.marked)
        if self.notes:
            parts.append("\n".join(f"  {note.word}: {note.text}" for note in self.notes))
        return "\n\n".join(parts)


class ParseError(EinsdiffError):
    """The text does not follow the grammar."""


class IndexMismatchError(EinsdiffError):
    """Indices do not agree: one stands alone, is lost, or appears in one term only."""


class AmbiguityError(EinsdiffError):
    """The text can be read in two ways."""


class SizeMismatchError(EinsdiffError):
    """Two sizes that must be equal are not, or a size is not known."""


class UnknownNameError(EinsdiffError):
    """A name stands for nothing that is known here."""


class NotDifferentiableError(EinsdiffError):
    """There is no derivative, or none that is known."""


class NoMatrixForm(EinsdiffError):
    """There is no matrix form, or none that is known."""


class ClaimError(EinsdiffError):
    """The text is not one claim left = right, or there is no way to tell whether it is right."""


class InputError(EinsdiffError):
    """An array, a file or an option that was given does not fit the program."""


def draw(source: str, marks: tuple[Mark, ...]) -> str:
    """Return the lines that carry marks, numbered, each with a marker line below it."""
    lines = source.split("\n")
    starts = [0]
    for text in lines:
        starts.append(starts[-1] + len(text) + 1)
    chosen: dict[int, list[Mark]] = {}
    for mark in marks:
        line = max(k for k in range(len(lines)) if starts[k] <= mark.span.start)
        chosen.setdefault(line, []).append(mark)
    shown = sorted(list(chosen)[:LINES])
    gutter = len(str(shown[-1] + 1)) if shown else 1
    drawn = []
    for k in shown:
        text, below = _draw_line(lines[k], starts[k], chosen[k])
        drawn.append(f"  {k + 1:>{gutter}} | {text}")
        drawn.append(f"  {'':>{gutter}} | {below}")
    return "\n".join(drawn)


def _draw_line(line: str, start: int, marks: list[Mark]) -> tuple[str, str]:
    """Return a printable window of `line` around its marks, and the marker line."""
    first = min(mark.span.start for mark in marks) - start
    left = 0 if len(line) <= WIDTH else max(0, min(first - WIDTH // 3, len(line) - WIDTH))
    window = line[left : left + WIDTH]
    signs = [" "] * (len(window) + 1)
    for mark in reversed(marks):  # the culprit, first in the list, is drawn last and wins
        begin = min(max(mark.span.start - start - left, 0), len(window))
        end = min(max(mark.span.stop - start - left, begin + 1), max(len(window), begin + 1))
        signs[begin:end] = mark.sign * (end - begin)
    text = "".join(c if c.isprintable() else "�" for c in window)
    below = "".join(sign * _cells(c) for c, sign in zip([*window, " "], signs, strict=True))
    cut = ("…" if left else "", "…" if left + WIDTH < len(line) else "")
    return cut[0] + text + cut[1], (" " if cut[0] else "") + below.rstrip()


def _cells(character: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
