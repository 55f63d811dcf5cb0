"""What the names of a program stand for, and which indices run over the same values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import count

from einsdiff.algebra.nodes import Axis, IndexSize, Size, size_key
from einsdiff.errors import IndexMismatchError, Mark, SizeMismatchError, Span, UnknownNameError
from einsdiff.text.tree import Declaration, Name

KINDS = {"scalar": 0, "vector": 1, "matrix": 2}
RULES = {
    "index": "a tensor has the same number of indices wherever it stands (spec/language.md, Tensors)",
    "argument": "a function has the same number of arguments wherever it stands (spec/language.md, Unknown functions)",
}
_serial = count()


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Axes over which one index runs, each with the place in the source where the index stands at that axis.

    `index` is the name of the index as the user wrote it, or nothing where only components stand.  `declared` is the
    size that was declared, if any: a number or a name; two classes never share a declared name.  `reason` says what
    fixed the number where that was no declaration.
    """

    index: str
    axes: tuple[tuple[Axis, Span | None], ...]
    declared: int | str | None = None
    ranges: tuple[IndexSize, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Local:
    """The wire of an index in one scope: its name and a number that no other scope has.

    A name that begins with `#` is one that nobody wrote: it is no index of the user's, and only a hint for printing.
    """

    index: str
    serial: int

    @property
    def size(self) -> IndexSize:
        """The size of the wire, until the sizes of the whole program are known."""
        return IndexSize(f"{self.index}#{self.serial}")


def local(index: str) -> Local:
    """Return a wire for an index in a new scope."""
    return Local(index, next(_serial))


@dataclass(slots=True)
class Symbol:
    """A name: an input, a definition of the program, or an unknown function."""

    name: str
    rank: int
    span: Span | None
    role: str = "input"  # input | defined | function
    properties: tuple[str, ...] = ()
    sizes: tuple[Size, ...] = ()


@dataclass(slots=True)
class _Class:
    """One class of sizes that must be equal, while it grows."""

    axes: list[tuple[Axis, Span | None]] = field(default_factory=list)
    distinct: set[Axis] = field(default_factory=set)
    ranges: list[IndexSize] = field(default_factory=list)
    declared: int | str | None = None
    origin: tuple[str, Span | None] = ("", None)


class Scope:
    """The names and sizes of one program."""

    def __init__(self, source: str, declarations: Iterable[Declaration] = ()) -> None:
        self.source = source
        self.symbols: dict[str, Symbol] = {}
        self.declared: dict[str, Symbol] = {}
        self.functions: dict[str, Symbol] = {}
        self.arguments: dict[str, tuple[str, ...]] = {}
        self.written: dict[str, int] = {}
        self.hints: dict[tuple[str, int], str] = {}
        self._parent: dict[Size, Size] = {}
        self._classes: dict[Size, _Class] = {}
        self._places: list[tuple[Size, int, str, Span]] = []
        for declaration in declarations:
            self.declare(declaration)

    # ---------------------------------------------------------------------------------------------------------- names

    def declare(self, declaration: Declaration) -> None:
        """Take note of `A : matrix(n, n) symmetric`."""
        name = declaration.name
        if name in self.declared:
            raise UnknownNameError(
                f"{name} is declared twice [^]", self.source, [Mark(declaration.name_span)], help="keep one of the two"
            )
        rank = KINDS.get(declaration.kind, len(declaration.sizes))
        self.declared[name] = Symbol(name, rank, declaration.span, "input", declaration.properties, declaration.sizes)
        spans = declaration.size_spans or (declaration.span,) * len(declaration.sizes)
        for k, (size, span) in enumerate(zip(declaration.sizes, spans, strict=True)):
            self._declare_size(Axis(name, k), size, span)

    def use(self, name: str, rank: int, span: Span, role: str = "input", counted: str = "") -> Symbol:
        """Return the symbol of a name that stands here with `rank` indices, or arguments if it is an unknown function.

        `counted` says which of the two they are, where it is not what the role says.
        """
        counted = counted or ("argument" if role == "function" else "index")
        symbol = self.functions.get(name) if role == "function" else None
        symbol = symbol or self.symbols.get(name)
        if symbol is None:
            known = self.declared.get(name)
            properties = known.properties if known else ()
            if known and known.rank != rank and role != "function":
                raise IndexMismatchError(
                    f"{name} has {count_of(rank)} at [^] and is declared with {count_of(known.rank)} at [~]",
                    self.source,
                    [Mark(span), *([Mark(known.span, "~")] if known.span else [])],
                    help=f"give {name} {count_of(known.rank)}, or change its declaration",
                )
            symbol = self.symbols[name] = Symbol(name, rank, span, role, properties)
            for k in range(rank):
                self._class_of(Axis(name, k))
        elif (symbol.role == "function") != (role == "function"):
            raise UnknownNameError(
                f"{name} is a function at one place and a tensor at another [^]",
                self.source,
                self._both(span, symbol.span),
                help="give one of the two another name",
            )
        elif symbol.rank != rank:
            raise IndexMismatchError(
                f"{name} has {count_of(rank, counted)} at [^] and {count_of(symbol.rank, counted)} at [~]",
                self.source,
                self._both(span, symbol.span),
                rule=RULES[counted],
                help=f"give {name} {count_of(symbol.rank, counted)} everywhere, or use another name",
            )
        return symbol

    def use_own(self, name: str, rank: int, span: Span, arguments: tuple[str, ...]) -> None:
        """Take note of `u = u(x)`: the function u, beside the tensor u that is its value at these arguments."""
        self.functions[name] = Symbol(name, rank, span, "function")
        self.arguments[name] = arguments

    def rank_of(self, name: str) -> int | None:
        """Return the rank of a name if it is known yet."""
        symbol = self.symbols.get(name) or self.declared.get(name)
        return None if symbol is None else symbol.rank

    def seen_rank(self, name: str) -> int | None:
        """Return the rank of a name if it is known, or if the name stands with indices anywhere in the text."""
        known = self.rank_of(name)
        return self.written.get(name) if known is None else known

    def known_rank(self, name: Name) -> int:
        """Return the rank of an argument of an unknown function.

        Raises: UnknownNameError, where nothing tells.
        """
        rank = self.seen_rank(name.name)
        if rank is None:
            raise UnknownNameError(
                f"how many indices {name.name} has is not known here [^]",
                self.source,
                [Mark(name.span)],
                help=f"declare it, for example  {name.name} : vector(n)",
            )
        return rank

    def is_size(self, name: str) -> bool:
        """Whether a name is that of a declared size and of nothing else."""
        return name in self._parent and name not in self.symbols and name not in self.declared

    def ranks(self) -> dict[str, int]:
        """Return the rank of every declared name; the name of a size is a scalar."""
        sizes = {size: 0 for size in self._parent if isinstance(size, str)}
        return sizes | {name: symbol.rank for name, symbol in self.declared.items()}

    def inputs(self) -> Iterator[Symbol]:
        """Yield the symbols that must be given, in the order of their first use."""
        for symbol in self.symbols.values():
            if symbol.role != "defined":
                yield symbol
            elif symbol.name in self.functions:
                yield self.functions[symbol.name]

    def suggest(self, name: str, among: Iterable[str]) -> str:
        """Return a sentence that offers the nearest known name, or lists the known ones."""
        names = sorted(among)
        near = get_close_matches(name, names, 1)
        if near:
            return f"did you mean {near[0]}?"
        return f"known names: {', '.join(names)}" if names else "the program has no names yet"

    def _both(self, here: Span, there: Span | None) -> list[Mark]:
        return [Mark(here), *([Mark(there, "~")] if there else [])]

    # ---------------------------------------------------------------------------------------------------------- sizes

    def tie(self, wire: Local, axis: Axis, span: Span) -> None:
        """The index `wire` stands at this axis, here in the source."""
        self._merge(wire.size, axis, span)
        root = self._find(axis)
        self._classes[root].axes.append((axis, span))
        self._classes[root].distinct.add(axis)
        letter = wire.index.removeprefix("#")
        if letter:
            self.hints[axis] = letter

    def tie_size(self, wire: Local, size: int | str, span: Span, reason: str = "") -> None:
        """The index `wire` runs over a size that is fixed by what stands here, for a `reason`."""
        self._declare_size(wire.size, size, span, reason)

    def tie_wires(self, a: Local, b: Local, span: Span) -> None:
        """Two indices run over the same values."""
        self._merge(a.size, b.size, span)

    def choose(self, size: Size, place: int, of: str, span: Span) -> None:
        """Take note that of a tensor a component is named along an axis of this size."""
        self._places.append((size, place, of, span))

    def check_components(self) -> None:
        """Refuse components that the sizes of the whole program leave no room for."""
        for size, place, of, span in self._places:
            found = self._class_of(size)
            if not isinstance(found.declared, int) or place <= found.declared:
                continue
            reason, there = found.origin
            marks = [Mark(span), *([Mark(there, "~")] if there is not None and there != span else [])]
            sign = " [~]" if len(marks) > 1 else ""
            facts = self._declarations(axis for axis, _ in found.axes)
            raise SizeMismatchError(
                f"component {place} [^] is asked for along an axis of {of} that runs to {found.declared}{sign}",
                self.source,
                marks,
                sizes=", ".join([*facts, *([f"it is {found.declared} {reason}"] if reason else [])]),
                help=f"name a component from 1 to {found.declared}",
            )

    def mentions(self, wire: Local) -> None:
        """Take note of an index, even if no axis ever carries it."""
        self._class_of(wire.size)

    def unite(self, a: Size, b: Size, span: Span) -> None:
        """Two sizes are equal, since what stands here says so."""
        self._merge(a, b, span)

    def tensors_of(self, size: Size) -> set[str]:
        """Return the names of the tensors that have an axis of a size."""
        return {axis.tensor for axis in self._class_of(size).distinct}

    def ranges(self) -> list[IndexSize]:
        """Return the sizes of all indices that were read."""
        return [size for c in self._classes.values() for size in c.ranges]

    def is_fixed(self, size: Size) -> bool:
        """Whether a declaration or an axis of an input tells a size."""
        found = self._class_of(size)
        return found.declared is not None or any(map(self._is_input, found.distinct))

    def are_one(self, a: Size, b: Size) -> bool:
        """Whether two sizes are known to be equal."""
        return self._class_of(a) is self._class_of(b)

    def sizes(self) -> dict[Size, Size]:
        """Return for every size the one by which its class is called."""
        names = {root: self._name(found, root) for root, found in self._classes.items()}
        return {size: names[self._find(size)] for size in self._parent}

    def resolve(self, size: Size) -> Size:
        """Return the size by which a class of equal sizes is called."""
        if size not in self._parent:
            return size
        root = self._find(size)
        return self._name(self._classes[root], root)

    def _name(self, found: _Class, root: Size) -> Size:
        """Return the size by which a class is called: a declared one, an axis of an input, or the range of an index."""
        if found.declared is not None:
            return found.declared
        inputs = {axis for axis in found.distinct if self._is_input(axis)}
        if inputs:
            return min(inputs, key=size_key)
        letters = [r.index.split("#")[0] for r in found.ranges]
        return min((IndexSize(letter) for letter in letters if letter), default=root)

    def classes(self) -> tuple[SizeClass, ...]:
        """Return the classes of axes that must agree when arrays are given."""
        found = []
        for c in self._classes.values():
            axes = {axis: span for axis, span in reversed(c.axes) if self._is_input(axis)}
            names = tuple(dict.fromkeys(IndexSize(r.index.split("#")[0]) for r in c.ranges if r.index[0] != "#"))
            ordered = tuple((axis, axes[axis]) for axis in sorted(axes, key=size_key))
            ranges = () if ordered or c.declared is not None else names
            if ordered or ranges or c.declared is not None:
                index = names[0].index if names else ""
                found.append(SizeClass(index, ordered, c.declared, ranges, c.origin[0]))
        return tuple(found)

    def _is_input(self, axis: Axis) -> bool:
        symbol = self.symbols.get(axis.tensor)
        return symbol is not None and symbol.role == "input"

    def _class_of(self, size: Size) -> _Class:
        if size not in self._parent:
            self._parent[size] = size
            self._classes[size] = _Class(ranges=[size] if isinstance(size, IndexSize) else [])
        return self._classes[self._find(size)]

    def _find(self, size: Size) -> Size:
        root = self._parent.setdefault(size, size)
        while (above := self._parent[root]) is not root:
            root = above
        while (above := self._parent[size]) is not root:
            self._parent[size], size = root, above
        return root

    def _declare_size(self, size: Size, declared: int | str, span: Span | None, reason: str = "") -> None:
        if isinstance(declared, str):
            known = self._class_of(declared)
            known.declared = known.declared if known.declared is not None else declared
            self._merge(size, declared, span)
            return
        found = self._class_of(size)
        if isinstance(found.declared, int) and found.declared != declared:
            self._clash(found, _Class(declared=declared, origin=(reason, span)), span, size)
        if not isinstance(found.declared, int):
            found.declared, found.origin = declared, (reason, span)

    def _merge(self, a: Size, b: Size, span: Span | None) -> None:
        first, second = self._class_of(a), self._class_of(b)
        if first is second:
            return
        if first.declared is not None and second.declared is not None and first.declared != second.declared:
            self._clash(first, second, span, b)
        kept, gone = self._find(a), self._find(b)
        if len(second.axes) + len(second.ranges) > len(first.axes) + len(first.ranges):
            first, second, kept, gone = second, first, gone, kept
        self._parent[gone] = kept
        del self._classes[gone]
        first.axes += second.axes
        first.distinct |= second.distinct
        first.ranges += second.ranges
        if first.declared is None:
            first.declared, first.origin = second.declared, second.origin

    def declarations(self, sizes: Iterable[Size]) -> str:
        """Return what is declared of the tensors that have axes of some sizes."""
        return ", ".join(self._declarations([axis for size in sizes for axis, _ in self._class_of(size).axes]))

    def _declarations(self, axes: Iterable[Axis]) -> list[str]:
        known = [self.declared[name] for name in dict.fromkeys(axis.tensor for axis in axes) if name in self.declared]
        return [f"{s.name} is declared {'with size ' * (s.rank == 1)}{' by '.join(map(str, s.sizes))}" for s in known]

    def _clash(self, first: _Class, second: _Class, span: Span | None, size: Size) -> None:
        """Raise the error of two classes that cannot be one; `size` is what joins the second to the first."""
        index = next((r.index.split("#")[0] for r in [*first.ranges, *second.ranges] if r.index[0] != "#"), "an index")
        places = [next((s for _, s in reversed(c.axes) if s), c.origin[1]) for c in (second, first)]
        here = span or places[0]
        there = places[1] if places[1] != here else places[0]
        axes = [
            *(axis for axis, _ in first.axes),
            *([size] if isinstance(size, Axis) else []),
            *(a for a, _ in second.axes),
        ]
        facts = self._declarations(axes)
        facts += [f"{index} is {c.declared} {c.origin[0]}" for c in (first, second) if c.origin[0]]
        raise SizeMismatchError(
            f"{index} runs over {second.declared} at [^] and over {first.declared} at [~]",
            self.source,
            [Mark(s, sign) for s, sign in ((here, "^"), (there, "~")) if s],
            sizes=", ".join(dict.fromkeys(facts)),
            help=f"declare the same size for both, or write another index for {index} at one of them",
        )


def count_of(number: int, what: str = "index") -> str:
    """Return a number of indices or arguments in words.

    >>> count_of(0), count_of(1), count_of(2, "argument")
    ('no index', '1 index', '2 arguments')
    """
    many = "indices" if what == "index" else f"{what}s"
    return f"no {what}" if number == 0 else f"1 {what}" if number == 1 else f"{number} {many}"
