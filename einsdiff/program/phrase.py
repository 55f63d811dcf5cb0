"""Pieces of source text that know how tightly they bind, with the index formula that they compute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

SUM, PLUS, TIMES, NEGATIVE, POWER, ATOM = range(6)
"""How tightly a text binds, from a sum to a name."""

SPARE = "ijklmnpqrstuvwabcdefghoxyz"  # letters for indices that have no name of their own


class Symbol(NamedTuple):
    """A name with indices: axes of the value (from 0), summed indices (below 0), or components (texts)."""

    name: str
    labels: tuple[int | str, ...]


Formula = tuple[str | Symbol, ...]


class Phrase(NamedTuple):
    """An expression in Python and as an index formula, each with how tightly it binds."""

    code: str
    bind: int
    formula: Formula
    formula_bind: int

    def at(self, level: int) -> str:
        """Return the code, in parentheses where it binds less tightly than `level`."""
        return self.code if self.bind >= level else f"({self.code})"

    def formula_at(self, level: int) -> Formula:
        """Return the formula, in parentheses where it binds less tightly than `level`."""
        return self.formula if self.formula_bind >= level else ("(", *self.formula, ")")

    def moved(self, labels: Mapping[int, int | str]) -> Phrase:
        """Return the phrase with other labels for the axes of its value."""
        return Phrase(self.code, self.bind, moved(self.formula, labels), self.formula_bind)


def moved(formula: Formula, labels: Mapping[int, int | str]) -> Formula:
    """Return a formula with other labels; those not named stay."""
    return tuple([p if isinstance(p, str) else Symbol(p.name, _renamed(p.labels, labels)) for p in formula])


def _renamed(own: tuple[int | str, ...], labels: Mapping[int, int | str]) -> tuple[int | str, ...]:
    return tuple([n if isinstance(n, str) else labels.get(n, n) for n in own])


def spelled(formula: Formula, names: Mapping[int, str]) -> str:
    """Return a formula as text, with names for its indices."""
    return "".join(p if isinstance(p, str) else indexed(p.name, [_index(n, names) for n in p.labels]) for p in formula)


def _index(label: int | str, names: Mapping[int, str]) -> str:
    return label if isinstance(label, str) else names[label]


def indexed(name: str, indices: list[str]) -> str:
    """Return a name with indices: A_ij, or A[i1,j]."""
    if not indices:
        return name
    if all(len(i) == 1 for i in indices) and "_" not in name:
        return f"{name}_{''.join(indices)}"
    return f"{name}[{','.join(indices)}]"


def letters(labels: Iterable[int], wished: Mapping[int, str]) -> dict[int, str]:
    """Return a name for each label: the wished one where it is free, else a spare letter, else i1, i2 …."""
    order = list(dict.fromkeys(labels))
    found: dict[int, str] = {}
    used: set[str] = set()
    for label in order:
        name = wished.get(label, "")
        if name and name.isalnum() and name not in used:
            found[label] = name
            used.add(name)
    spare = (s for s in _spare() if s not in used)
    for label in order:
        if label not in found:
            found[label] = next(spare)
    return found


def _spare() -> Iterable[str]:
    yield from SPARE
    number = 1
    while True:
        yield f"i{number}"
        number += 1


def symbols(formula: Formula) -> list[int]:
    """Return the labels of a formula in the order in which they stand."""
    return [n for p in formula if isinstance(p, Symbol) for n in p.labels if isinstance(n, int)]
