"""What came of the claims of a file, and the table that shows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations

from einsdiff.layouts import LAYOUTS
from einsdiff.verify.verdict import Verdict, assumed, in_layouts

FIRST = ("numerator", "denominator")
"""Layouts by which a reader knows the others."""


class Outcome(Enum):
    """What came of an equation or another line."""

    TRUE = "true"
    FALSE = "false"
    UNREAD = "not read"
    DEFINES = "defines"
    DECLARES = "declares"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one line of a file.

    Attributes:
        line: where it stands.
        text: the equation or declaration.
        outcome: what it is.
        verdict: of a claim.
        note: why a claim was not read or is skipped; what else is to be said of it.
        statement: what was put to the judge, with the definitions that the claim uses.
        declare: the declarations that went with it.
        uses: the lines of the definitions.
        elsewhere: of a claim that does not hold in the layout of most others, the verdict on it in that layout.
    """

    line: int
    text: str
    outcome: Outcome
    verdict: Verdict | None = None
    note: str = ""
    statement: str = ""
    declare: Mapping[str, str] = field(default_factory=dict)
    uses: tuple[int, ...] = ()
    elsewhere: Verdict | None = None

    @property
    def layouts(self) -> tuple[str, ...]:
        """The layouts in which a claim holds that does not hold in all."""
        if self.outcome is not Outcome.TRUE or self.verdict is None or set(self.verdict.layouts) >= set(LAYOUTS):
            return ()
        return self.verdict.layouts


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a file.

    Attributes:
        findings: of each line that says something, in order.
        layout: the one that was asked for.
    """

    findings: tuple[Finding, ...]
    layout: str | None = None

    def of(self, outcome: Outcome) -> tuple[Finding, ...]:
        """Return the findings of one outcome."""
        return tuple(found for found in self.findings if found.outcome is outcome)

    @property
    def claims(self) -> tuple[Finding, ...]:
        """The claims, those among them that could not be read too."""
        return tuple(f for f in self.findings if f.outcome in (Outcome.TRUE, Outcome.FALSE, Outcome.UNREAD))

    @property
    def common(self) -> tuple[str, ...]:
        """The layouts in which all claims hold that hold; all of them where no claim tells."""
        telling = [found.layouts for found in self.findings if found.layouts]
        return tuple(name for name in LAYOUTS if all(name in layouts for layouts in telling))

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """As few layouts as will do, each with the lines that hold in it and not in all of the others."""
        telling = [found for found in self.findings if found.layouts]
        names = _cover([found.layouts for found in telling])
        if len(names) > 1:
            telling = [found for found in telling if not set(names) <= set(found.layouts)]
        return {name: tuple(dict.fromkeys(found.line for found in telling if name in found.layouts)) for name in names}

    @property
    def is_mixed(self) -> bool:
        """Whether no layout is common to all claims that hold."""
        return not self.common

    @property
    def prevailing(self) -> str | None:
        """The layout that was asked for, or the one in which most claims hold; None where no claim tells."""
        return self.layout or next(iter(self.groups), None)

    @property
    def kinds(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """The names that are of different kinds in different claims: kind → lines."""
        seen: dict[str, dict[str, list[int]]] = {}
        for found in self.findings:
            for name, declared in found.verdict.names.items() if found.verdict else ():
                lines = seen.setdefault(name, {}).setdefault(declared.partition("(")[0], [])
                lines += [] if found.line in lines else [found.line]
        return {
            name: {kind: tuple(lines) for kind, lines in kinds.items()}
            for name, kinds in seen.items()
            if len(kinds) > 1
        }

    @property
    def holds(self) -> bool:
        """Whether every claim was read and holds, all in one common layout."""
        return all(found.outcome is Outcome.TRUE for found in self.claims) and not self.is_mixed

    @property
    def is_empty(self) -> bool:
        """Whether no claim was read."""
        return not self.of(Outcome.TRUE) and not self.of(Outcome.FALSE)

    def to_json(self) -> dict[str, object]:
        """Return the report as a document of JSON."""
        return {
            "holds": self.holds,
            "mixed": self.is_mixed,
            "layouts": list(self.common),
            "groups": {name: list(lines) for name, lines in self.groups.items()},
            "kinds": {name: {kind: list(lines) for kind, lines in kinds.items()} for name, kinds in self.kinds.items()},
            "lines": [_fields(found) for found in self.findings],
        }

    def text(self, width: int | None = None) -> str:
        """Return the table and its summary for a terminal of so many columns; without, lines are as long as need be."""
        lines = [*(_table(self) if width is None else _narrow_table(self, width)), "", *_summary(self)]
        return "\n".join(lines if width is None else (part for line in lines for part in _wrapped(line, width)))

    def __str__(self) -> str:
        return self.text()


def _cover(sets: Sequence[Sequence[str]]) -> list[str]:
    """Return as few layouts as will do that every set has one of, those that most sets have first.

    >>> _cover([["numerator", "vec"], ["mixed", "denominator"], ["numerator"]])
    ['numerator', 'denominator']
    """
    names = sorted(LAYOUTS, key=lambda name: name not in FIRST)
    count = next(n for n in range(len(names) + 1) if any(_covers(c, sets) for c in combinations(names, n)))
    found = next(c for c in combinations(names, count) if _covers(c, sets))
    return sorted(found, key=lambda name: -sum(name in layouts for layouts in sets))


def _covers(names: Sequence[str], sets: Sequence[Sequence[str]]) -> bool:
    return all(any(name in layouts for name in names) for layouts in sets)


def _fields(found: Finding) -> dict[str, object]:
    return {
        "line": found.line,
        "text": found.text,
        "outcome": found.outcome.value,
        "note": found.note,
        "statement": found.statement,
        "declare": dict(found.declare),
        "uses": list(found.uses),
        "verdict": None if found.verdict is None else found.verdict.to_json(),
    }


# --------------------------------------------------------------------------------------------------------------- table

WIDTH = 90
"""Characters of a claim that the table shows."""

ROOM = 36
"""Columns that a claim needs beside those of the layouts; with less, layouts stand below it."""

HEADS = ("line", "verdict", "known", "layouts", "claim")


def _table(report: Report) -> Iterator[str]:
    """Yield the lines of the table: one for each finding, and below it what is to be said of it."""
    rows = [HEADS, *(_row(found) for found in report.findings)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADS) - 1)]
    for found, row in zip([None, *report.findings], rows, strict=True):
        cells = [row[0].rjust(widths[0]), *(cell.ljust(n) for cell, n in zip(row[1:-1], widths[1:], strict=True))]
        yield "  ".join([*cells, row[-1]]).rstrip()
        for remark in _remarks(found, report) if found else ():
            yield " " * (widths[0] + 4) + remark


def _narrow_table(report: Report, width: int) -> Iterator[str]:
    """Yield the lines of the table for a terminal: claims go on below themselves, layouts too where room is short."""
    rows = [HEADS, *((*_row(found)[:-1], _plain(found.text)) for found in report.findings)]
    columns = [0, 1, 2, 3]
    widths = [max(len(row[k]) for row in rows) for k in columns]
    if width - sum(widths) - 2 * len(widths) < ROOM:
        columns.remove(3)
    indent = sum(widths[k] + 2 for k in columns)
    for found, row in zip([None, *report.findings], rows, strict=True):
        cells = [row[k].rjust(widths[k]) if k == 0 else row[k].ljust(widths[k]) for k in columns]
        first, *rest = textwrap.wrap(row[-1], max(width - indent, 20), break_on_hyphens=False) or [""]
        yield "  ".join([*cells, first]).rstrip()
        yield from (" " * indent + line for line in rest)
        if found is not None and 3 not in columns and row[3]:
            yield " " * (widths[0] + 4) + ("in all layouts" if row[3] == "all" else f"in {row[3]}")
        for remark in _remarks(found, report) if found else ():
            yield " " * (widths[0] + 4) + remark


def _wrapped(line: str, width: int) -> list[str]:
    """Return a line as several that fit, those below the first further in."""
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    width = max(width, len(indent) + 20)
    return textwrap.wrap(
        line.lstrip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


_FONT = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|mathrm|mathsf|mathcal|operatorname|text|mathbb)\*?\s*\{\s*(\\?[A-Za-z]+)\s*\}"
)
_SIZE = re.compile(r"\\(?:left|right|bigl|bigr|Bigl|Bigr|big|Big|,|!|;|:)(?![A-Za-z])")
_TRANSPOSE = re.compile(r"\^\s*(?:\{\s*(?:\\top|\\intercal|T)\s*\}|\\top(?![A-Za-z])|\\intercal(?![A-Za-z])|T\b)")


def _plain(text: str) -> str:
    r"""Return a formula without what only makes it look well in print.

    >>> _plain(r"\mathbf{x}^{\mathsf{T}} \left( A \right)")
    'xᵀ ( A )'
    """
    return " ".join(_TRANSPOSE.sub("ᵀ", _SIZE.sub(" ", _FONT.sub(r"\1", text))).split())


def _row(found: Finding) -> tuple[str, ...]:
    """Return the cells of a finding."""
    text = found.text if len(found.text) <= WIDTH else found.text[: WIDTH - 1] + "…"
    return str(found.line), found.outcome.value, _known(found.verdict), _layouts(found), text


def _known(verdict: Verdict | None) -> str:
    """Return how a verdict is known."""
    if verdict is None:
        return ""
    if verdict.counterexample is not None:
        return "counterexample"
    return "proved" if verdict.method == "proof" else "numerically"


def _layouts(found: Finding) -> str:
    """Return the layouts in which a claim holds."""
    if found.outcome is not Outcome.TRUE or found.verdict is None or not found.verdict.layouts:
        return ""
    return ", ".join(found.layouts) or "all"


def _remarks(found: Finding, report: Report) -> Iterator[str]:
    """Yield what is to be said of a finding: why it was not read, what is wrong, and what is right instead."""
    verdict = found.verdict
    if verdict is not None and found.outcome is Outcome.FALSE:
        yield verdict.reason
        if verdict.assumption is not None:
            tells = verdict.layouts and not set(verdict.layouts) >= set(LAYOUTS)
            where = f", {in_layouts(verdict.layouts)}" if tells else ""
            yield f"true if {assumed(verdict.assumption)}{where}"
        if verdict.true_as is not None:
            yield f"true as: {verdict.true_as}"
        yield from _answers(verdict, report.prevailing)
        if verdict.names:
            yield f"for {', '.join(f'{name} : {kind}' for name, kind in verdict.names.items())}"
    if found.elsewhere is not None and not found.elsewhere.holds:
        yield from _answers(found.elsewhere, report.prevailing)
    if found.note:
        yield found.note


def _answers(verdict: Verdict, layout: str | None) -> Iterator[str]:
    """Yield the right answer in a layout; where none is named, that in each of the two main ones."""
    correct = verdict.correct
    if verdict.assumption is not None and verdict.layouts and layout not in verdict.layouts:  # where it would hold
        layout = next((name for name in (*FIRST, *verdict.layouts) if name in verdict.layouts), layout)
    names = [layout] if layout is not None and layout in correct else [name for name in FIRST if name in correct]
    texts: dict[str, list[str]] = {}
    for name in names or correct:
        texts.setdefault(correct[name], []).append(name)
    for text, layouts in texts.items():
        is_alone = len(set(correct.values())) == 1 and len(correct) != 1
        where = "" if is_alone or layouts == ["index"] else f" {in_layouts(layouts)}"
        yield f"right{where}:  {'; '.join(text.splitlines())}"


def _summary(report: Report) -> Iterator[str]:
    """Yield how many claims hold, and in which layout, or which lines are in which."""
    counts = [f"{len(report.of(outcome))} {outcome.value}" for outcome in (Outcome.TRUE, Outcome.FALSE, Outcome.UNREAD)]
    total = len(report.claims)
    yield f"{total} claim{'s' * (total != 1)}: {', '.join(counts)}"
    if report.layout is not None:
        yield f"asked for: {report.layout} layout"
    elif report.is_mixed:
        yield f"the layouts are mixed: {';  '.join(f'{name}: {_lines(n)}' for name, n in report.groups.items())}"
    elif report.groups:
        main = report.prevailing
        others = [name for name in report.common if name != main]
        yield f"all that hold are right in {main} layout" + (f", and in {listed(others)}" if others else "")
    for name, kinds in report.kinds.items():
        yield f"{name} is {listed([f'a {kind} in {_lines(n)}' for kind, n in kinds.items()])}: declare it, if it is one"


def _lines(numbers: Sequence[int]) -> str:
    """Return `line 3`, `lines 3, 4 and 7`."""
    return f"line{'s' * (len(numbers) > 1)} {listed(numbers)}"


def listed(parts: Sequence[object]) -> str:
    """Return parts as a list in words.

    >>> listed(["numerator", "vec", "mixed"])
    'numerator, vec and mixed'
    """
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last
