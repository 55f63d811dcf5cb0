"""The verdict on a claim, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from einsdiff.layouts import LAYOUTS
from einsdiff.verify.numeric import Array

DIGITS = (6, 9, 12, 17)
"""Digits of the two numbers of a counterexample: the fewest of these by which they differ."""
SMALL = 30
"""Entries of inputs that a verdict still shows."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """An entry in which the two sides of a claim differ.

    Attributes:
        indices: of the entry, counted from 1: its row and its column, or its free indices in index notation.
        left, right: the two numbers.
        inputs: the arrays at which they were found.
        text: all that as a sentence.
    """

    indices: tuple[int, ...]
    left: float
    right: float
    inputs: Mapping[str, Array]

    @property
    def text(self) -> str:
        """The entry, both numbers, and the inputs where they are few whole numbers."""
        where = f"entry {', '.join(map(str, self.indices))}" if self.indices else "the value"
        whole = all(np.array_equal(a, np.round(a)) for a in self.inputs.values())
        few = sum(a.size for a in self.inputs.values()) <= SMALL
        given = ", ".join(f"{name} = {_spell(a)}" for name, a in self.inputs.items()) if whole and few else ""
        digits = next((n for n in DIGITS if _number(self.left, n) != _number(self.right, n)), DIGITS[-1])
        left, right = (_number(number, digits) for number in (self.left, self.right))
        return f"{where} is {left} on the left and {right} on the right" + (f" for {given}" if given else "")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, repr=False)
class Verdict:
    """Whether a claim is right, in which layouts, how that is known, and if not, what is.

    Attributes:
        holds: whether the claim is right; with a layout asked for, whether it is right there.
        layouts: those in which the claim holds, or would hold under the assumption; none for an equality without
            derivatives and for a claim in index notation.
        method: "proof" or "numeric".
        assumption: the weakest one found under which a claim that does not hold would hold, as "A symmetric".
        correct: of a claim that does not hold, layout → the right matrix form; "index" → the right index form.
        reason: a sentence.
        counterexample: an entry in which the two sides differ.
        true_as: of a claim that is true of the free entries of a structured matrix, how that is written.
        names: of a claim in matrix notation, what each name stands for, as it would be declared: `matrix(n, m)`.

    >>> import einsdiff as ed
    >>> verdict = ed.check("∂tr(A X)/∂X = A")
    >>> bool(verdict), verdict.layouts, verdict.method
    (True, ('numerator',), 'proof')
    >>> ed.check("∂(x' x)/∂x = x").correct["denominator"]
    '2 x'
    """

    holds: bool
    layouts: tuple[str, ...]
    method: str
    assumption: str | None
    correct: Mapping[str, str]
    reason: str
    counterexample: Counterexample | None = None
    true_as: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        return f"Verdict({self.holds}, layouts={self.layouts}, {self.reason!r})"

    def __str__(self) -> str:
        where = f" {in_layouts(self.layouts)}" if self.layouts else ""
        lines = [f"true{where}: {self.reason}" if self.holds else f"false: {self.reason}"]
        if self.assumption is not None:
            lines.append(f"  true if {assumed(self.assumption)}{',' * bool(where)}{where}")
        if self.true_as is not None:
            lines.append(f"  true as: {self.true_as}")
        if self.counterexample is not None:
            lines.append(f"  counterexample: {self.counterexample.text}")
        lines += _answers(self.correct)
        if self.names:
            lines.append(f"  for {', '.join(f'{name} : {kind}' for name, kind in self.names.items())}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """Return the verdict as a document of JSON."""
        found = self.counterexample
        return {
            "holds": self.holds,
            "layouts": list(self.layouts),
            "method": self.method,
            "assumption": self.assumption,
            "correct": dict(self.correct),
            "reason": self.reason,
            "true_as": self.true_as,
            "names": dict(self.names),
            "counterexample": None
            if found is None
            else {
                "indices": list(found.indices),
                "left": found.left,
                "right": found.right,
                "inputs": {name: a.tolist() for name, a in found.inputs.items()},
            },
        }


def assumed(assumption: str) -> str:
    """Return an assumption as a sentence.

    >>> assumed("A symmetric"), assumed("A and B commute")
    ('A is symmetric', 'A and B commute')
    """
    return " and ".join(
        part if " and " in part or " of " in part else part.replace(" ", " is ", 1) for part in assumption.split(", ")
    )


def in_layouts(names: Sequence[str]) -> str:
    """Return where a claim holds.

    >>> in_layouts(["vec"]), in_layouts(["numerator", "vec"])
    ('in vec layout', 'in layouts numerator, vec')
    """
    return f"in {names[0]} layout" if len(names) == 1 else f"in layouts {', '.join(names)}"


def _answers(correct: Mapping[str, str]) -> list[str]:
    """Return the right answers, layouts with the same one on one line."""
    layouts: dict[str, list[str]] = {}
    for layout, text in correct.items():
        layouts.setdefault(text, []).append(layout)
    heads = {
        text: "in all layouts" if len(layouts) == 1 and set(names) == set(LAYOUTS) else ", ".join(names)
        for text, names in layouts.items()
    }
    width = max(map(len, heads.values()), default=0)
    lines: list[str] = []
    for text, head in heads.items():
        first, *rest = text.split("\n")
        lines.append(f"  {'right:' if not lines else '      '} {head:<{width}}  {first}")
        lines += [" " * (11 + width) + line for line in rest]
    return lines


def _number(number: float, digits: int) -> str:
    return f"{number:.{digits}g}".replace("-", "−")


def _spell(a: Array) -> str:
    return str(np.asarray(a, dtype=int).tolist()) if a.ndim else str(int(a))
