"""Which axes have the same size, and how far each index runs once arrays are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from einsdiff.algebra.nodes import (
    Apply,
    Axis,
    Count,
    Expr,
    IndexSize,
    MatrixFunction,
    Product,
    Reduce,
    Size,
    Sum,
    parts,
    size_key,
)
from einsdiff.errors import EinsdiffError, Mark, SizeMismatchError, Span
from einsdiff.program.request import Request, SizeClass

ASSUMED = 64  # plans that are made before any array is seen take sizes near this one

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Range:
    """Sizes that must be equal: the name of the index that runs over them, the axes, and the number if it is fixed.

    `fixed_by` says in the user's words what fixed the number.  Where nobody wrote an index, `index` is words for it.
    """

    index: str
    axes: tuple[tuple[Axis, Span | None], ...]
    fixed: int | None
    fixed_by: str
    is_written: bool


class Sizes:
    """The classes of equal sizes of a request, numbered in an order that depends on structure alone."""

    def __init__(self, request: Request, nodes: Iterable[Expr]) -> None:
        self.request = request
        self._above: dict[Size, Size] = {}
        self._touched: dict[Size, None] = {}
        self._tie_all(nodes)
        members: dict[Size, list[Size]] = {}
        for size in sorted(self._above, key=size_key):
            members.setdefault(self._root(size), []).append(size)
        written: dict[Size, list[SizeClass]] = {}
        for known in request.classes:
            for size in _members(known)[:1]:
                written.setdefault(self._root(size), []).append(known)
        self.ranges = tuple(self._range(sizes, written.get(root, [])) for root, sizes in members.items())
        self._numbers = {root: k for k, root in enumerate(members)}
        self.used = frozenset(map(self.class_of, self._touched))

    def class_of(self, size: Size) -> int:
        """Return the number of the class to which a size belongs."""
        return self._numbers[self._root(size)]

    def numbers(self, shapes: Shapes) -> list[int | None]:
        """Return how far each class runs when arrays of these shapes are given, None where nothing tells it."""
        return [self._number(r, shapes) for r in self.ranges]

    def assumed(self) -> list[int]:
        """Return numbers for a plan that is made before any array is seen: those not fixed differ and are near 64."""
        return [ASSUMED + k if r.fixed is None else r.fixed for k, r in enumerate(self.ranges)]

    def unknown(self, number: int) -> EinsdiffError:
        """Return the error about a class whose size nothing tells."""
        index = self.ranges[number].index
        message = f"nothing tells how far {index} runs"
        return in_formula(SizeMismatchError(message, help=f'give its size:  sizes={{"{index}": 3}}'), self.request)

    # --------------------------------------------------------------------------------------------------- equal sizes

    def _tie_all(self, nodes: Iterable[Expr]) -> None:
        for given in self.request.inputs:
            for axis in range(0 if given.is_callable else given.rank):
                self._root(Axis(given.name, axis))
        for known in self.request.classes:
            self._tie(*_members(known))
        for node in nodes:
            self._tie_each(node.sizes)
            self._tie_labels(node)
        for output in self.request.outputs:
            named = dict(output.axes)
            self._tie_each(named.values())
            for wire, size in zip(output.entry.wires, output.entry.node.sizes, strict=True):
                self._tie(size, named.setdefault(wire, size))

    def _tie_labels(self, node: Expr) -> None:
        match node:
            case Sum() | Product() | Apply() | Reduce():
                known: dict[int, Size] = {}
                for part, labels in parts(node):
                    for label, size in zip(labels, part.sizes, strict=True):
                        self._touched[size] = None
                        self._tie(known.setdefault(label, size), size)
            case MatrixFunction(_, argument):
                self._tie(*argument.sizes)
            case _:
                self._tie_each([node.size] if isinstance(node, Count) else ())

    def _tie_each(self, sizes: Iterable[Size]) -> None:
        for size in sizes:
            self._root(size)
            self._touched[size] = None

    def _root(self, size: Size) -> Size:
        root = self._above.setdefault(size, size)
        while (above := self._above[root]) is not root:
            root = above
        while (above := self._above[size]) is not root:
            self._above[size], size = root, above
        return root

    def _tie(self, *sizes: Size) -> None:
        roots = sorted({self._root(s): None for s in sizes}, key=size_key)
        for other in roots[1:]:
            self._above[other] = roots[0]

    # ------------------------------------------------------------------------------------------------------- numbers

    def _range(self, sizes: list[Size], written: list[SizeClass]) -> Range:
        spans = {axis: span for known in written for axis, span in known.axes}
        axes = [axis for known in written for axis, _ in known.axes]
        axes += [s for s in sizes if isinstance(s, Axis) and s not in spans]
        names = [known.index for known in written if known.index]
        names += [s.index for s in sizes if isinstance(s, IndexSize) and s.index[:1] not in ("", "#")]
        names += [s for s in sizes if isinstance(s, str)]
        fixed: dict[int, str] = {}
        for known in written:
            if isinstance(known.declared, int):
                fixed.setdefault(known.declared, known.reason or "as declared")
        for size in sizes:
            if isinstance(size, int):
                fixed.setdefault(size, "as declared")
        for name in names:
            if name in self.request.sizes:
                fixed.setdefault(self.request.sizes[name], f'in sizes={{"{name}": {self.request.sizes[name]}}}')
        index = names[0] if names else (f"axis {axes[0].axis + 1} of {axes[0].tensor}" if axes else "an index")
        if len(fixed) > 1:
            (a, by_a), (b, by_b) = list(fixed.items())[:2]
            message = f"{index} is {a} {by_a} and {b} {by_b}"
            raise in_formula(SizeMismatchError(message), self.request)
        number, by = next(iter(fixed.items()), (None, ""))
        return Range(index, tuple((axis, spans.get(axis)) for axis in axes), number, by, bool(names))

    def _number(self, known: Range, shapes: Shapes) -> int | None:
        seen = [(shapes[a.tensor][a.axis], a, span) for a, span in known.axes if a.tensor in shapes]
        if not seen:
            return known.fixed
        first, axis, span = seen[0]
        if known.fixed is not None:
            for size, axis, span in seen:
                if size != known.fixed:
                    raise self._clash_with_fixed(known, size, axis, span, shapes)
        for size, other, place in seen:
            if size != first:
                raise self._clash(known, (first, axis, span), (size, other, place), shapes)
        return first

    def _clash_with_fixed(
        self, known: Range, size: int, axis: Axis, span: Span | None, shapes: Shapes
    ) -> EinsdiffError:
        sign = " [^]" if span else ""
        message = f"{_said(known, size, axis)}{sign} and {known.fixed} {known.fixed_by}"
        error = SizeMismatchError(message, given=_given([axis], shapes))
        return in_formula(error, self.request, *([Mark(span)] if span else []))

    def _clash(
        self,
        known: Range,
        first: tuple[int, Axis, Span | None],
        second: tuple[int, Axis, Span | None],
        shapes: Shapes,
    ) -> EinsdiffError:
        (a, at_a, span_a), (b, at_b, span_b) = first, second
        marks = [Mark(s, sign) for s, sign in ((span_a, "^"), (span_b, "~")) if s]
        signs = (" [^]", " [~]") if len(marks) == 2 else ("", "")
        other = f"{b} in {at_b.tensor}" if known.is_written else _said(known, b, at_b)
        message = f"{_said(known, a, at_a)}{signs[0]} and {other}{signs[1]}"
        error = SizeMismatchError(message, given=_given([at_a, at_b], shapes))
        return in_formula(error, self.request, *(marks if len(marks) == 2 else []))


def _said(known: Range, size: int, axis: Axis) -> str:
    """Return in words how far an index runs at an axis."""
    name = f"axis {axis.axis + 1} of {axis.tensor}"
    return f"{known.index} is {size} in {axis.tensor}" if known.is_written else f"{name} is {size}"


def _members(known: SizeClass) -> list[Size]:
    declared: list[Size] = [known.declared] if isinstance(known.declared, str) else []
    return [*(axis for axis, _ in known.axes), *known.ranges, *declared]


def _given(axes: list[Axis], shapes: Shapes) -> str:
    return ", ".join(f"{name}.shape == {shapes[name]}" for name in dict.fromkeys(a.tensor for a in axes))


def in_formula(error: EinsdiffError, request: Request, *marks: Mark) -> EinsdiffError:
    """Add the formula to an error, marked as a whole where the place is not known."""
    source = request.source
    if not source.strip():
        return error
    if not marks:
        start = len(source) - len(source.lstrip())
        marks = (Mark(Span(start, len(source[start:].split("\n")[0].rstrip()) + start)),)
    return error.locate(source, *marks)
