"""The function that a request becomes: arguments are checked, a plan is made for their sizes, its source is run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import Apply, Axis, Call, Expr, Reduce, Size, Tensor
from einsdiff.errors import EinsdiffError, InputError
from einsdiff.program.emit.chains import LARGE
from einsdiff.program.emit.dialect import Dialect
from einsdiff.program.emit.numpy_dialect import NUMPY
from einsdiff.program.emit.source import NAME, reserved, source
from einsdiff.program.plan.callables import is_unknown, keyword_of
from einsdiff.program.plan.pattern import Outline
from einsdiff.program.plan.sizes import Sizes, in_formula
from einsdiff.program.plan.table import PlanTable
from einsdiff.program.planner import REWRITINGS, Planner
from einsdiff.program.request import Request
from einsdiff.program.run.arguments import Arguments, Array
from einsdiff.program.run.entry import FAILURES, Entry, can_be_quick, careful_method, reason
from einsdiff.program.run.memory import check_memory
from einsdiff.program.run.structured import Structure, Structured, maker

Result = Array | Structured | tuple[Array | Structured, ...]

SIGNATURES = 64  # programs that are kept; the oldest goes first


class Program(NamedTuple):
    """A generated function, the names of the arrays that it takes, and the quick way into it, where there is one.

    `numbers` has the number of each size class, where the arrays tell it; `made` makes the results of the arrays that
    the function returns, where some keep their structure.
    """

    function: Callable[..., Any]
    inputs: tuple[str, ...]
    entry: Entry | None
    numbers: tuple[int | None, ...] = ()
    made: Callable[[Any], Result] | None = None


class CompiledFunction:
    """Expressions as a function of arrays, given by keyword; it returns an array, or a tuple of arrays.

    Attributes:
        request: what was compiled.
        inputs: the names that a call may give.
        source: standalone text of the function, for the sizes and dtypes last planned.
        plan: its steps with their costs, for the same sizes.
    """

    dialect: Dialect = NUMPY
    arguments: type[Arguments] = Arguments

    def __init__(self, request: Request) -> None:
        self.request = request
        nodes = walk.ordered(*(o.entry.node for o in request.outputs))
        self._sizes = Sizes(request, nodes)
        self._arguments = self.arguments(request, _ranks(nodes), _callables(nodes), _real(nodes))
        wanted = {**self._arguments.ranks, **self._size_givers()}
        order = {i.name: k for k, i in enumerate(request.inputs)}
        names = sorted(wanted, key=lambda name: (order.get(name, len(order)), name))
        self._wanted = {name: wanted[name] for name in names}
        self._programs: dict[tuple[Any, ...], Program] = {}
        self._texts: dict[tuple[str, ...], Program] = {}
        self._planned: tuple[str, PlanTable] | None = None
        self._last: tuple[Any, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that a call may give."""
        return tuple(self._arguments.names)

    @property
    def source(self) -> str:
        """Standalone Python text: a module whose last definition is the function."""
        return self._current()[0]

    @property
    def plan(self) -> PlanTable:
        """The contractions with their costs."""
        return self._current()[1]

    def __repr__(self) -> str:
        return f"<compiled function of {', '.join(self.inputs) or 'nothing'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (compile_request, (self.request,))

    def __call__(self, /, *values: Any, **given: Any) -> Result:
        """Return the result for some arrays."""
        if values:
            raise self.unnamed(values)
        return self.carefully(given)

    def carefully(self, given: Mapping[str, Any]) -> Result:
        """Return the result for what is given, after checking all of it."""
        named = self._arguments.named(given)
        arrays = self._arguments.arrays(named, self._wanted)
        key = tuple((name, a.shape, a.dtype) for name, a in arrays.items())
        program = self._programs.get(key) or self._program(key, arrays)
        if program.entry is not None:
            self._remember(program.entry, arrays, program.made)
        taken = {name: arrays[name] for name in program.inputs}
        if self._arguments.callables:  # what goes wrong in them is shown as it is
            found = program.function(**taken, **self._arguments.functions(named, self._shapes(program.numbers)))
            return program.made(found) if program.made else found
        try:
            found = program.function(**taken)
            return program.made(found) if program.made else found
        except FAILURES as error:
            raise self.refusal(error) from error

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise SizeMismatchError where arrays that are given disagree, those that the result does not need, too."""
        named = self._arguments.named(given)
        ranks = {i.name: i.rank for i in self.request.inputs if i.name in named and not i.is_callable}
        arrays = self._arguments.arrays(named, ranks)
        self._sizes.numbers({name: a.shape for name, a in arrays.items()})

    def _remember(self, entry: Entry, arrays: Mapping[str, Array], made: Callable[[Any], Result] | None) -> None:
        """Let calls with arrays of these shapes and of this one dtype go the quick way from now on."""
        dtypes = {a.dtype for a in arrays.values()} or {np.dtype(float)}
        if type(self) is CompiledFunction or len(dtypes) > 1:
            return
        dtype, shapes = dtypes.pop(), [a.shape for a in arrays.values()]
        last = (entry, dtype, *shapes)
        if last != self._last:
            type(self).__call__ = entry.method(dtype, shapes, made)  # type: ignore[method-assign]
            self._last = last

    def _shapes(self, numbers: Sequence[int | None]) -> dict[str, tuple[int | None, ...]]:
        """Return the shapes that whole-array functions must return, with None for what nothing else tells."""
        return {
            name: tuple(numbers[self._sizes.class_of(size)] for size in sizes)
            for name, sizes in self._arguments.callables.items()
            if sizes is not None
        }

    def unnamed(self, values: Sequence[Any]) -> EinsdiffError:
        """Return the error for arrays that are given without their names."""
        return self._arguments.unnamed(values)

    def refusal(self, error: Exception) -> EinsdiffError:
        """Return what is told instead of an error of NumPy's."""
        message = f"the formula cannot be computed for these arrays: {reason(error)}"
        return in_formula(InputError(message), self.request)

    # --------------------------------------------------------------------------------------------------- programs

    def _program(self, key: tuple[Any, ...], arrays: Mapping[str, Array]) -> Program:
        """Return the program for arrays of these shapes, planning it where none is kept."""
        known = self._sizes.numbers({name: a.shape for name, a in arrays.items()})
        dtype = np.result_type(*(a.dtype for a in arrays.values())) if arrays else np.dtype(np.float64)
        is_uniform = len({a.dtype for a in arrays.values()}) < 2
        is_real = dtype.kind != "c"
        text, table = self._make(known, arrays, dtype.itemsize, is_uniform=is_uniform, is_real=is_real)
        known_as = (text, *arrays)
        program = self._texts.get(known_as) or self._executed(
            text, tuple(n for n, _ in table.plan.inputs), list(arrays)
        )
        keep(self._texts, known_as, program, SIGNATURES)
        program = program._replace(numbers=tuple(known), made=self._maker(table.plan.outlines, known))
        keep(self._programs, key, program, SIGNATURES)
        return program

    def _executed(self, text: str, inputs: tuple[str, ...], given: Sequence[str]) -> Program:
        """Return the program that a source text defines, with a quick way in where these arrays are given."""
        names, callables = self._arguments.names, self._arguments.callables
        taken = reserved(self.dialect)
        if not callables and can_be_quick(names, self._wanted, taken):
            wanted = {name: self._wanted[name] for name in given}
            absent = [name for name in self._wanted if name not in wanted]
            entry = Entry(text, NAME, names, wanted, absent, is_made=not self.request.is_dense)
            return Program(entry.function, inputs, entry)
        return Program(executed(text), inputs, None)

    def _make(
        self,
        known: list[int | None],
        given: Collection[str],
        itemsize: int,
        *,
        is_uniform: bool = True,
        is_real: bool = True,
    ) -> tuple[str, PlanTable]:
        """Plan for sizes, those not known assumed; `is_uniform` tells whether all arrays have one dtype."""
        needed = self._arguments.ranks
        present = {**needed, **{name: rank for name, rank in self._wanted.items() if name in given}}
        if self._arguments.callables:  # nothing tells the dtype of what they return
            is_uniform = is_real = False
        rewritings = REWRITINGS if is_real else ()
        plan = Planner(self.request, self._sizes, known, present, rewritings=rewritings).plan()
        is_looped = self.dialect.can_write
        check_memory(plan, known, self.request, itemsize, self._known_shapes(known), is_looped=is_looped)
        text = source(plan, self.request.source, self.dialect, LARGE, is_uniform=is_uniform)
        self._planned = (text, PlanTable(plan, itemsize))
        return self._planned

    def _known_shapes(self, known: Sequence[int | None]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all inputs, given or not, whose sizes are known."""
        found = {}
        for i in self.request.inputs:
            sizes = [known[self._sizes.class_of(Axis(i.name, k))] for k in range(0 if i.is_callable else i.rank)]
            if not i.is_callable and None not in sizes:
                found[i.name] = tuple(size for size in sizes if size is not None)
        return found

    def _maker(self, outlines: Sequence[Outline | None], known: Sequence[int | None]) -> Callable[[Any], Result] | None:
        """Return what makes the results of the arrays that a program returns."""
        if self.request.is_dense:
            return None
        return maker([None if outline is None else self._structure(outline, known) for outline in outlines])

    def _structure(self, outline: Outline, known: Sequence[int | None]) -> tuple[Structure, int]:
        """Return how a result consists of its arrays, and their number."""
        sizes = [known[c] for c in outline.classes]
        unknown = next((c for c, size in zip(outline.classes, sizes, strict=True) if size is None), None)
        if unknown is not None:
            raise self._sizes.unknown(unknown)
        shape = tuple(size for size in sizes if size is not None)
        found = Structure(outline.patterns, shape, outline.folds, outline.columns, outline.is_matrix, outline.name)
        return found, outline.count

    def _current(self) -> tuple[str, PlanTable]:
        return self._planned or self._make([r.fixed for r in self._sizes.ranges], self._wanted, 8)

    def _size_givers(self) -> dict[str, int]:
        """Return the inputs that no entry needs, but whose axes tell how far an index runs."""
        ranks = {i.name: i.rank for i in self.request.inputs if not i.is_callable}
        needed = self._arguments.ranks
        told = {self._sizes.class_of(Axis(n, k)) for n, rank in needed.items() for k in range(rank)}
        found: dict[str, int] = {}
        for number, known in enumerate(self._sizes.ranges):
            if number in self._sizes.used and number not in told and known.fixed is None:
                givers = (axis.tensor for axis, _ in known.axes if axis.tensor in ranks and axis.tensor not in needed)
                found.update((name, ranks[name]) for name in givers)
        return found


def keep(cache: dict[Any, Any], key: Any, value: Any, limit: int) -> list[Any]:
    """Put a value into a cache of limited size, and return what had to go; other threads may do the same."""
    cache[key] = value
    gone = [cache.pop(old, None) for old in list(cache)[: max(0, len(cache) - limit)]]
    return [value for value in gone if value is not None]


def executed(text: str) -> Callable[..., Any]:
    """Return the function that a source text defines."""
    scope: dict[str, Any] = {}
    exec(compile(text, "<einsdiff program>", "exec"), scope)
    found: Callable[..., Any] = scope[NAME]
    return found


def _ranks(nodes: list[Expr]) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in nodes:
        if isinstance(node, Tensor) and found.setdefault(node.name, node.axes) != node.axes:
            raise EinsdiffError(f"{node.name} stands with {found[node.name]} and with {node.axes} indices")
    return found


def _callables(nodes: list[Expr]) -> dict[str, tuple[Size, ...] | None]:
    """Return the keywords of unknown functions, with the sizes of what they return; None for entry by entry."""
    found: dict[str, tuple[Size, ...] | None] = {}
    for node in nodes:
        if isinstance(node, Apply) and is_unknown(node):
            found[keyword_of(node)] = None
        elif isinstance(node, Call):
            found[keyword_of(node)] = node.sizes
    return found


REAL = frozenset(("abs", "sign", "relu", "max", "min", "gt", "ge", "lt", "le", "erf"))
"""Functions of real numbers: of complex ones they have no derivative, or no meaning."""


def _real(nodes: list[Expr]) -> tuple[str, ...]:
    """Return the functions in a program that are functions of real numbers."""
    names = [n.function if isinstance(n, Apply) else n.operator for n in nodes if isinstance(n, Apply | Reduce)]
    return tuple(sorted(REAL.intersection(names)))


def compile_request(request: Request) -> CompiledFunction:
    """Return the function that computes what a request asks for."""
    kind = type("CompiledFunction", (CompiledFunction,), {"__doc__": CompiledFunction.__doc__})
    function: CompiledFunction = kind(request)
    kind.__call__ = careful_method(function.inputs)  # type: ignore[method-assign] # with the inputs' names
    return function
