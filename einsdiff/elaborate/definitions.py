"""Definitions and programs: what the statements of a text say, linked where one uses the name of another.

Statements are elaborated one by one, with the names of earlier statements as tensors; `Program.link` puts the
definitions in the place of these names, except where one is held independent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Count, Derivative, Expr, Ones, Size, Tensor, Unit, size_key
from einsdiff.elaborate.scope import Local, Scope, SizeClass, Symbol
from einsdiff.errors import Mark, Span, UnknownNameError
from einsdiff.text.tree import Differentiate, Name


@dataclass(frozen=True, slots=True)
class Definition:
    """A statement: what it defines, the names of its indices in order, and its right-hand side.

    `label` is the left-hand side as a person reads it, `y` or `∂y/∂x`; `name` is None where later statements cannot use
    it.  The wires of `entry` are `wires`, in any order, or none if it is zero.  `places` numbers a component.  `folds`
    counts the wires of each axis where several are folded into one, as in A ⊗ B.
    """

    name: str | None
    label: str
    wires: tuple[Local, ...]
    entry: Entry
    sizes: tuple[Size, ...]
    span: Span
    places: tuple[int, ...] = ()
    folds: tuple[int, ...] = ()

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
    _by_name: dict[str, Definition] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {d.name: d for d in reversed(self.definitions) if d.name is not None}
        object.__setattr__(self, "_by_name", known)

    def defined(self, name: str) -> Definition | None:
        """Return the definition of a name, if it has one."""
        return self._by_name.get(name)

    def axes_of_sizes(self) -> dict[Size, Size]:
        """Return, for each size that is no number, the first axis of an input that has it, whatever it is called."""
        first: dict[Size, Size] = {}
        for axis in sorted((s for s in self.sizes if isinstance(s, Axis) and s.tensor in self.inputs), key=size_key):
            if not isinstance(self.sizes[axis], int):
                first.setdefault(self.sizes[axis], axis)
        return first

    def link(self, entry: Entry, hold: Collection[str] = ()) -> Entry:
        """Return the entry with the definitions in place of their names, but for those that are held independent.

        Derivatives by names that are defined are the affair of `calculus.linking.evaluate`.
        """
        held = frozenset(hold)
        needed = self._needed(entry.node, held)
        known = self.held_components(needed, held)
        for d in self.definitions:
            if d.name in needed and d.name not in known:
                key = (d.name, held)
                if key not in self._linked:
                    axes = {wire: k for k, wire in enumerate(d.wires)}
                    self._linked[key] = build.rename(_replace_names(d.entry, known), axes)
                known[d.name] = self._linked[key]
        return _replace_names(entry, known)

    def roots(self, node: Expr, hold: Collection[str] = ()) -> list[Expr]:
        """Return a node and those of the definitions that its names need."""
        return [node, *(self._by_name[name].entry.node for name in self._needed(node, frozenset(hold)))]

    def ancestors(self, name: str) -> set[str]:
        """Return the names on which a name depends by its definition."""
        definition = self.defined(name)
        return {t.name for t in walk.tensors(*self.roots(definition.entry.node))} if definition is not None else set()

    def held_components(self, names: Collection[str], held: Collection[str]) -> dict[str, Entry]:
        """Return each component y_1 among some names whose tensor is held: as an entry of y."""
        found: dict[str, Entry] = {}
        for d in self.definitions:
            if d.name is not None and d.name in names and d.places and d.label in held:
                axes = [Axis(d.label, k) for k in range(len(d.places))]
                units = [build.unit(k, self.sizes.get(axis, axis), d.places[k]) for k, axis in enumerate(axes)]
                tensor = build.tensor(d.label, range(len(d.places)))
                found[d.name] = build.multiply(tensor, *units, bound=range(len(d.places)))
        return found

    def _needed(self, node: Expr, held: frozenset[str]) -> set[str]:
        needed: set[str] = set()
        left = [node]
        while left:
            for t in walk.tensors(left.pop()):
                if t.name in self._by_name and t.name not in held and t.name not in needed:
                    needed.add(t.name)
                    left.append(self._by_name[t.name].entry.node)
        return needed


def _replace_names(entry: Entry, known: Mapping[str, Entry]) -> Entry:
    """Put what is known, at the wires 0, 1, …, in the place of names."""
    if not known:
        return entry

    def rule(node: Expr) -> Entry | None:
        assert not isinstance(node, Derivative) or node.wrt.name not in known, "derivatives by names are for evaluate"
        return known.get(node.name) if isinstance(node, Tensor) else None

    return walk.replace(entry, rule)


def resolve(definition: Definition, sizes: Mapping[Size, Size]) -> Definition:
    """Return the definition with the sizes that are known once the whole program has been read."""
    entry = resolve_sizes(definition.entry, sizes)
    ranges = tuple(sizes.get(s, s) for s in definition.sizes)
    return replace(definition, entry=entry, sizes=ranges)


def resolve_sizes(entry: Entry, sizes: Mapping[Size, Size]) -> Entry:
    """Return the entry in which every size is called as its class is."""

    def rule(node: Expr) -> Entry | None:
        if not isinstance(node, Ones | Unit | Count) or sizes.get(node.size, node.size) == node.size:
            return None
        size = sizes[node.size]
        match node:
            case Ones():
                return build.ones(0, size)
            case Unit(_, place):
                return build.unit(0, size, place)
            case Count():
                return build.size_of(size)

    return entry if entry.node.kinds.isdisjoint((Ones, Unit, Count)) else walk.replace(entry, rule)


def derivative_label(target: Differentiate) -> str:
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


def refuse_redefinition(scope: Scope, name: str, symbol: Symbol, where: Span, statement: Span) -> UnknownNameError:
    """Return the error of a left-hand side whose name is in use."""
    if symbol.role != "defined" and symbol.span and statement.start <= symbol.span.start < statement.stop:
        return UnknownNameError(
            f"{name} stands on the left [^] and on the right [~] of its own definition",
            scope.source,
            [Mark(where), Mark(symbol.span, "~")],
            rule="a statement defines its left side by names that stand above it (spec/language.md, Programs)",
            help=f"give the left side a name of its own, for example  {name}0",
        )
    if symbol.role == "defined":
        return UnknownNameError(
            f"{name} is defined twice: [^] and [~]",
            scope.source,
            [Mark(where), *([Mark(symbol.span, "~")] if symbol.span else [])],
            help="give the second one another name",
        )
    return UnknownNameError(
        f"{name} is defined here [^], but used before [~]",
        scope.source,
        [Mark(where), *([Mark(symbol.span, "~")] if symbol.span else [])],
        rule="statements use names that stand above them (spec/language.md, Programs)",
        help=f"move the definition of {name} up, or rename it",
    )
