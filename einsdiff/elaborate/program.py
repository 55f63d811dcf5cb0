"""A program: its statements as entries, linked where one uses the name of another.

Statements are first elaborated one by one, with the names of earlier statements as tensors; `Program.link` puts the
definitions in the place of these names, except where one is held independent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Count, Expr, Ones, Size, Tensor, Unit
from einsdiff.elaborate import summation
from einsdiff.elaborate.deep import run
from einsdiff.elaborate.index import Elaboration, component_name
from einsdiff.elaborate.kinds import infer_kinds
from einsdiff.elaborate.matrix import elaborate as elaborate_matrix
from einsdiff.elaborate.scope import Local, Scope, SizeClass, Symbol, local
from einsdiff.errors import EinsdiffError, IndexMismatchError, Mark, ParseError, Span, UnknownNameError
from einsdiff.text.parser import parse, parse_declaration
from einsdiff.text.tree import Add, Differentiate, Document, Index, Name, Statement, Tree

LETTERS = "ijklmnpq"
Components = dict[tuple[str, tuple[int | str, ...]], "Definition"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A statement: what it defines, the names of its indices in order, and its right-hand side.

    `label` is the left-hand side as a person reads it, `y` or `∂y/∂x`; `name` is None where later statements cannot use
    it.  The wires of `entry` are `wires`, in any order, or none if it is zero.
    """

    name: str | None
    label: str
    wires: tuple[Local, ...]
    entry: Entry
    sizes: tuple[Size, ...]
    span: Span

    @property
    def indices(self) -> tuple[str, ...]:
        """The names of the indices, in the order of the axes."""
        return tuple(w.index for w in self.wires)


@dataclass(frozen=True, slots=True)
class Program:
    """An elaborated text."""

    source: str
    notation: Literal["index", "matrix"]
    definitions: tuple[Definition, ...]
    inputs: Mapping[str, Symbol]
    declared: Mapping[str, Symbol]
    classes: tuple[SizeClass, ...]
    sizes: Mapping[Size, Size]
    hints: Mapping[tuple[str, int], str]
    letters: frozenset[str]
    _linked: dict[tuple[str, frozenset[str]], Entry] = field(default_factory=dict, repr=False)

    def defined(self, name: str) -> Definition | None:
        """Return the definition of a name, if it has one."""
        return next((d for d in self.definitions if d.name == name), None)

    def link(self, entry: Entry, hold: Collection[str] = ()) -> Entry:
        """Return the entry with the definitions in place of their names, but for those that are held independent."""
        held = frozenset(hold)
        needed = self._needed(entry.node, held)
        known: dict[str, tuple[Definition, Entry]] = {}
        for d in self.definitions:
            if d.name in needed:
                key = (d.name, held)
                if key not in self._linked:
                    self._linked[key] = _replace_names(d.entry, known)
                known[d.name] = (d, self._linked[key])
        return _replace_names(entry, known)

    def _needed(self, node: Expr, held: frozenset[str]) -> set[str]:
        by_name = {d.name: d for d in self.definitions if d.name is not None}
        needed: set[str] = set()
        left = [node]
        while left:
            for t in walk.tensors(left.pop()):
                if t.name in by_name and t.name not in held and t.name not in needed:
                    needed.add(t.name)
                    left.append(by_name[t.name].entry.node)
        return needed


def _replace_names(entry: Entry, known: Mapping[str, tuple[Definition, Entry]]) -> Entry:
    """Put definitions in the place of names."""
    if not known:
        return entry

    def rule(node: Expr) -> Entry | None:
        if not isinstance(node, Tensor) or node.name not in known:
            return None
        definition, linked = known[node.name]
        axes = {wire: k for k, wire in enumerate(definition.wires)}
        return build.rename(linked, axes)

    return walk.replace(entry, rule)


def elaborate(
    source: str,
    *,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    known: Collection[str] = (),
) -> Program:
    """Return the program of a text.

    Raises: any of the errors of reading and of indices, sizes and names, with its place in `source`.
    """
    more = [parse_declaration(name, text) for name, text in (declare or {}).items()]
    document = parse(source, notation=notation, known=[*known, *(d.name for d in more)])
    if not document.statements:
        raise ParseError("there is no formula here", source, [Mark(Span(0, 1))], help="y = x_i A_ij x_j")
    scope = Scope(source, [*document.declarations, *more])
    return _Reading(document, scope).program()


class _Reading:
    """The elaboration of a document, statement by statement."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self.document = document
        self.scope = scope
        self.definitions: list[Definition] = []
        self.components: Components = {}
        self.letters: set[str] = set()

    def program(self) -> Program:
        """Return the finished program."""
        if self.document.notation == "matrix":
            self._matrix_statements()
        else:
            for statement in self.document.statements:
                self._index_statement(statement)
        self._stack()
        sizes = self.scope.sizes()
        resolved = tuple(_resolve(d, sizes) for d in self.definitions)
        inputs = {s.name: s for s in self.scope.inputs()}
        inputs |= {n: symbol for n, symbol in self.scope.declared.items() if n not in self.scope.symbols}
        return Program(
            self.document.source,
            self.document.notation,
            resolved,
            inputs,
            self.scope.declared,
            self.scope.classes(),
            sizes,
            dict(self.scope.hints),
            frozenset(self.letters),
        )

    # ------------------------------------------------------------------------------------------------- index notation

    def _index_statement(self, statement: Statement) -> None:
        source, tree, target = self.scope.source, statement.body, statement.target
        standing = summation.standings(tree)
        self.letters |= set(standing[id(tree)]) | _all_indices(standing)
        free, label, name, places = self._target(target, tree)
        self.letters |= set(free)
        for term in tree.terms if isinstance(tree, Add) else (tree,):
            summation.check_bound(source, term, standing[id(term)], free)
        wires = {i: local(i) for i in free}
        for wire in wires.values():
            self.scope.mentions(wire)
        reading = Elaboration(self.scope, standing, self.components)
        entry = _run_located(reading.part(tree, wires), source, statement.span)
        entry = build.spread(entry, {w: w.size for w in wires.values()})
        self._define(name, label, tuple(wires.values()), entry, statement.span, places, target)

    def _target(
        self, target: Name | Differentiate | None, tree: Tree
    ) -> tuple[list[str], str, str | None, tuple[int | str, ...]]:
        """Return the free indices, the label, the name that is defined, and the indices as written."""
        if target is None:
            return summation.strict(self.scope.source, tree), "", None, ()
        if isinstance(target, Name):
            places = tuple(i.name for i in target.indices or ())
            free = [i for i in places if isinstance(i, str)]
            return free, target.name, target.name, places
        names = [target.body, *target.wrt]
        indices: list[Index] = [i for n in names if isinstance(n, Name) for i in n.indices or ()]
        return [i.name for i in indices if isinstance(i.name, str)], _derivative_label(target), None, ()

    def _define(
        self,
        name: str | None,
        label: str,
        wires: tuple[Local, ...],
        entry: Entry,
        span: Span,
        places: tuple[int | str, ...] = (),
        target: Name | Differentiate | None = None,
    ) -> None:
        sizes = tuple(w.size for w in wires)
        if name is None:
            self.definitions.append(Definition(None, label, wires, entry, sizes, span))
            return
        where = target.span if target is not None else span
        if any(isinstance(p, int) for p in places):
            self._define_component(name, places, wires, entry, span, where)
            return
        symbol = self.scope.symbols.get(name)
        if symbol is not None:
            self._defined_twice(name, symbol, where, span)
        symbol = self.scope.use(name, len(wires), where)
        symbol.role = "defined"
        for k, wire in enumerate(wires):
            self.scope.tie(wire, Axis(name, k), where)
        self.definitions.append(Definition(name, label, wires, entry, sizes, span))

    def _defined_twice(self, name: str, symbol: Symbol, where: Span, statement: Span) -> None:
        if symbol.role != "defined" and symbol.span and statement.start <= symbol.span.start < statement.stop:
            raise UnknownNameError(
                f"{name} stands on the left [^] and on the right [~] of its own definition",
                self.scope.source,
                [Mark(where), Mark(symbol.span, "~")],
                rule="a statement defines its left side by names that stand above it (spec/language.md, Programs)",
                help=f"give the left side a name of its own, for example  {name}0",
            )
        if symbol.role == "defined":
            raise UnknownNameError(
                f"{name} is defined twice: [^] and [~]",
                self.scope.source,
                [Mark(where), *([Mark(symbol.span, "~")] if symbol.span else [])],
                help="give the second one another name",
            )
        raise UnknownNameError(
            f"{name} is defined here [^], but used before [~]",
            self.scope.source,
            [Mark(where), *([Mark(symbol.span, "~")] if symbol.span else [])],
            rule="statements use names that stand above them (spec/language.md, Programs)",
            help=f"move the definition of {name} up, or rename it",
        )

    # ----------------------------------------------------------------------------------------------------- components

    def _define_component(
        self,
        name: str,
        places: tuple[int | str, ...],
        wires: tuple[Local, ...],
        entry: Entry,
        span: Span,
        where: Span,
    ) -> None:
        """Take note of `y_1 = …`; the tensor is put together before its first use as a whole, or at the end."""
        pattern = tuple(p if isinstance(p, int) else "" for p in places)
        if (name, pattern) in self.components:
            raise UnknownNameError(
                f"the component {name}[{','.join(str(p) or ':' for p in pattern)}] is defined twice [^]",
                self.scope.source,
                [Mark(where)],
                help="number the components 1, 2, 3, …",
            )
        whole = component_name(name, tuple(p for p in places if isinstance(p, int))) if "" not in pattern else None
        made = Definition(whole, name, wires, entry, tuple(w.size for w in wires), span)
        if name not in self.scope.symbols:
            symbol = self.scope.use(name, len(places), where)
            symbol.role = "defined"
        else:
            known = self.scope.symbols[name]
            if known.role != "defined" or not any(n == name for n, _ in self.components):
                self._defined_twice(name, known, where, span)
            self.scope.use(name, len(places), where)
        for k, wire in zip([k for k, p in enumerate(pattern) if p == ""], wires, strict=True):
            self.scope.tie(wire, Axis(name, k), where)
        self.components[name, pattern] = made
        self.definitions.append(made)

    def _stack(self) -> None:
        """Put the components of each tensor together: y_i = y_1 δ_1i + y_2 δ_2i + …."""
        for name in dict.fromkeys(n for n, _ in self.components):
            rows = {pattern: d for (n, pattern), d in self.components.items() if n == name}
            self._insert(name, rows)

    def _insert(self, name: str, rows: dict[tuple[int | str, ...], Definition]) -> None:
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
        wanted = _patterns(counts)
        missing = [p for p in wanted if p not in rows]
        if missing:
            shown = ",".join(str(n) if n else ":" for n in missing[0])
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
        for pattern in wanted:
            d = rows[pattern]
            open_wires = [w for w, p in zip(wires, pattern, strict=True) if p == ""]
            if d.name is not None:
                entry = build.tensor(d.name, ())
            else:
                entry = build.rename(d.entry, dict(zip(d.wires, open_wires, strict=True)))
            units = [build.unit(w, n, p) for w, n, p in zip(wires, counts, pattern, strict=True) if isinstance(p, int)]
            terms.append((1, build.multiply(entry, *units), False))
        stacked = Definition(name, name, wires, build.total(terms), tuple(w.size for w in wires), first.span)
        last = max(k for k, d in enumerate(self.definitions) if d in rows.values())
        self.definitions.insert(last + 1, stacked)

    # ------------------------------------------------------------------------------------------------- matrix notation

    def _matrix_statements(self) -> None:
        kinds = infer_kinds(self.document, self.scope.ranks())
        for statement in self.document.statements:
            value = elaborate_matrix(statement.body, self.scope, kinds)
            target = statement.target
            label, name = "", None
            if isinstance(target, Name):
                label = name = target.name
            elif target is not None:
                label = _derivative_label(target)
            named = tuple(local(LETTERS[k] if k < len(LETTERS) else f"i{k}") for k in range(len(value.wires)))
            for new, old in zip(named, value.wires, strict=True):
                self.scope.tie_wires(new, old, statement.span)
            self.letters |= {w.index for w in named}
            entry = build.rename(value.entry, dict(zip(value.wires, named, strict=True)))
            self._define(name, label, named, entry, statement.span, (), target)


def _derivative_label(target: Differentiate) -> str:
    """Return the left-hand side of an equation for a derivative, as ∂²y_i/∂x_j∂x_k."""

    def entry(name: Name) -> str:
        at = [str(i.name) for i in name.indices or ()]
        return (
            name.name
            if not at
            else f"{name.name}_{''.join(at)}"
            if max(map(len, at)) == 1
            else f"{name.name}[{','.join(at)}]"
        )

    body = entry(target.body) if isinstance(target.body, Name) else "y"
    order = "" if len(target.wrt) == 1 else str(len(target.wrt)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"∂{order}{body}/{''.join(f'∂{entry(w)}' for w in target.wrt)}"


def _run_located(task: object, source: str, span: Span) -> Entry:
    try:
        return run(task)  # type: ignore[arg-type]
    except build.DivisionByZeroError:
        raise ParseError(
            "a divisor in this statement is exactly zero [^]",
            source,
            [Mark(span)],
            rule="a quotient by zero has no value (spec/language.md, Quotients)",
            help="divide by something else",
        ) from None
    except EinsdiffError as error:
        raise error.locate(source, Mark(span)) from None


def _patterns(counts: Sequence[int]) -> list[tuple[int | str, ...]]:
    """Return every pattern of components for the numbers of components per axis (0: the axis stays open)."""
    result: list[tuple[int | str, ...]] = [()]
    for n in counts:
        result = [(*p, k) for p in result for k in (range(1, n + 1) if n else ("",))]
    return result


def _all_indices(standing: Mapping[int, summation.Standings]) -> set[str]:
    return {i for part in standing.values() for i in part}


def _resolve(definition: Definition, sizes: Mapping[Size, Size]) -> Definition:
    """Return the definition with the sizes that are known once the whole program has been read."""
    entry = resolve_sizes(definition.entry, sizes)
    ranges = tuple(sizes.get(s, s) for s in definition.sizes)
    return Definition(definition.name, definition.label, definition.wires, entry, ranges, definition.span)


def resolve_sizes(entry: Entry, sizes: Mapping[Size, Size]) -> Entry:
    """Return the entry in which every size is called as its class is."""

    def rule(node: Expr) -> Entry | None:
        match node:
            case Ones(size) if sizes.get(size, size) != size:
                return build.ones(0, sizes[size])
            case Unit(size, place) if sizes.get(size, size) != size:
                return build.unit(0, sizes[size], place)
            case Count(size) if sizes.get(size, size) != size:
                return build.size_of(sizes[size])
            case _:
                return None

    if not any(isinstance(n, Ones | Unit | Count) for n in walk.ordered(entry.node)):
        return entry
    return walk.replace(entry, rule)
