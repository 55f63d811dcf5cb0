"""Tensors that are defined by components: `y_1 = …; y_2 = …`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis
from einsdiff.elaborate.definitions import Definition, refuse_redefinition
from einsdiff.elaborate.index import component_name
from einsdiff.elaborate.scope import Local, Scope, local
from einsdiff.errors import IndexMismatchError, Mark, Span, UnknownNameError

LETTERS = "ijklmnpq"
Pattern = tuple[int | str, ...]


class Components:
    """The components that the statements of a program define, by tensor and numerals; an open axis has no numeral."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.known: dict[tuple[str, Pattern], Definition] = {}

    def define(
        self,
        name: str,
        places: tuple[int | str, ...],
        wires: tuple[Local, ...],
        entry: Entry,
        span: Span,
        where: Span,
    ) -> Definition:
        """Return the definition `y_1 = …`, and take note of it."""
        pattern = tuple(p if isinstance(p, int) else "" for p in places)
        if (name, pattern) in self.known:
            raise UnknownNameError(
                f"the component {name}[{','.join(str(p) or ':' for p in pattern)}] is defined twice [^]",
                self.scope.source,
                [Mark(where)],
                help="number the components 1, 2, 3, …",
            )
        whole = component_name(name, tuple(p for p in places if isinstance(p, int))) if "" not in pattern else None
        numbers = tuple(p for p in places if isinstance(p, int)) if whole else ()
        made = Definition(whole, name, wires, entry, tuple(w.size for w in wires), span, numbers)
        if name not in self.scope.symbols:
            symbol = self.scope.use(name, len(places), where)
            symbol.role = "defined"
        else:
            known = self.scope.symbols[name]
            if known.role != "defined" or not any(n == name for n, _ in self.known):
                raise refuse_redefinition(self.scope, name, known, where, span)
            self.scope.use(name, len(places), where)
        for k, wire in zip([k for k, p in enumerate(pattern) if p == ""], wires, strict=True):
            self.scope.tie(wire, Axis(name, k), where)
        self.known[name, pattern] = made
        return made

    def stack(self, definitions: list[Definition]) -> None:
        """Put the components of each tensor together, behind the last one: y_i = y_1 δ_1i + y_2 δ_2i + …."""
        for name in dict.fromkeys(n for n, _ in self.known):
            rows = {pattern: d for (n, pattern), d in self.known.items() if n == name}
            last = max(k for k, d in enumerate(definitions) if d in rows.values())
            definitions.insert(last + 1, self._stacked(name, rows))

    def _stacked(self, name: str, rows: Mapping[Pattern, Definition]) -> Definition:
        first = next(iter(rows.values()))
        shape = [{p[k] for p in rows} for k in range(len(next(iter(rows))))]
        if any("" in s and len(s) > 1 for s in shape):
            raise IndexMismatchError(
                f"the components of {name} leave different indices open [^]",
                self.scope.source,
                [Mark(first.span)],
                help=f"name numerals at the same places of {name} in every statement",
            )
        counts = [0 if "" in s else max(n for n in s if isinstance(n, int)) for s in shape]
        missing = next((p for p in _patterns(counts) if p not in rows), None)
        if missing is not None:
            shown = ",".join(str(n) if n else ":" for n in missing)
            raise UnknownNameError(
                f"the component {name}[{shown}] is not defined [^]",
                self.scope.source,
                [Mark(first.span)],
                rule="components define a tensor together, without a gap (spec/language.md, Components)",
                help=f"{name}[{shown}] = …",
            )
        wires = tuple(local(LETTERS[k % 8]) for k in range(len(counts)))
        for wire, n, k in zip(wires, counts, range(len(counts)), strict=True):
            if n:
                self.scope.tie_size(wire, n, first.span)
            self.scope.tie(wire, Axis(name, k), first.span)
        terms = []
        for pattern in _patterns(counts):
            d = rows[pattern]
            open_wires = [w for w, p in zip(wires, pattern, strict=True) if p == ""]
            if d.name is not None:
                entry = build.tensor(d.name, ())
            else:
                entry = build.rename(d.entry, dict(zip(d.wires, open_wires, strict=True)))
            units = [build.unit(w, n, p) for w, n, p in zip(wires, counts, pattern, strict=True) if isinstance(p, int)]
            terms.append((1, build.multiply(entry, *units), False))
        return Definition(name, name, wires, build.total(terms), tuple(w.size for w in wires), first.span)


def _patterns(counts: Sequence[int]) -> Iterator[Pattern]:
    """Yield every pattern of components for the numbers of components per axis (0: the axis stays open).

    Of a component x_9999 that is defined alone there are 9⁴: they are not listed before one is missing.
    """
    return product(*(range(1, n + 1) if n else ("",) for n in counts))
