"""The function that a request becomes: arguments are checked, a plan is made for their sizes, its source is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import Apply, Axis, Call, Expr
from einsdiff.errors import EinsdiffError, InputError
from einsdiff.program import numpy_source
from einsdiff.program.arguments import Arguments
from einsdiff.program.callables import is_unknown, keyword_of
from einsdiff.program.names import Namer, is_parameter
from einsdiff.program.planner import Planner
from einsdiff.program.request import Input, Request
from einsdiff.program.sizes import Sizes, in_formula
from einsdiff.program.table import PlanTable

Array = NDArray[Any]
Result = Array | tuple[Array, ...]

SIGNATURES = 64  # plans that are kept; the oldest goes first


class Program(NamedTuple):
    """A generated function and the names of the arrays that it takes."""

    function: Callable[..., Result]
    inputs: tuple[str, ...]


class CompiledFunction:
    """Expressions as a function of arrays, given by keyword; it returns an array, or a tuple of arrays.

    Attributes:
        request: what was compiled.
        inputs: the names that a call may give.
        source: standalone text of the function, for the sizes last planned.
        plan: its steps with their costs, for the same sizes.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self._nodes = walk.ordered(*(o.entry.node for o in request.outputs))
        self._sizes = Sizes(request, self._nodes)
        self._arguments = Arguments(request, _ranks(self._nodes), _callables(self._nodes))
        self._wanted = {**self._arguments.ranks, **self._size_givers()}
        self._programs: dict[tuple[Any, ...], Program] = {}
        self._texts: dict[str, Program] = {}
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

    def __reduce__(self) -> tuple[Any, ...]:
        return (compile_request, (self.request,))

    def __call__(self, /, **given: Any) -> Result:
        """Return the result for some arrays."""
        named = self._arguments.named(given)
        arrays = self._arguments.arrays(named, self._wanted)
        functions = self._arguments.functions(named)
        key = tuple((name, a.shape, a.dtype) for name, a in arrays.items())
        program = self._programs.get(key) or self._program(key, arrays)
        try:
            return program.function(**{name: arrays[name] for name in program.inputs}, **functions)
        except (np.linalg.LinAlgError, ZeroDivisionError) as error:
            raise self.refusal(error) from error

    def refusal(self, error: Exception) -> EinsdiffError:
        """Return what is told instead of an error of NumPy's."""
        return in_formula(InputError(f"the formula has no value for these arrays: {error}"), self.request)

    # --------------------------------------------------------------------------------------------------- programs

    def _program(self, key: tuple[Any, ...], arrays: Mapping[str, Array]) -> Program:
        shapes = {name: a.shape for name, a in arrays.items()}
        known = self._sizes.numbers(shapes)
        dtype = np.result_type(*(a.dtype for a in arrays.values())) if arrays else np.dtype(np.float64)
        text, table = self._make(known, frozenset(arrays), dtype.itemsize)
        program = self._texts.get(text) or Program(_executed(text), tuple(name for name, _ in table.plan.inputs))
        _keep(self._texts, text, program)
        _keep(self._programs, key, program)
        return program

    def _make(self, known: list[int | None], present: frozenset[str], itemsize: int) -> tuple[str, PlanTable]:
        assumed = self._sizes.assumed()
        numbers = [a if k is None else k for k, a in zip(known, assumed, strict=True)]
        certain = frozenset(k for k, number in enumerate(known) if number is not None)
        plan = Planner(self.request, self._sizes, numbers, present, certain).plan()
        text = numpy_source.source(plan, self.request.source)
        self._planned = (text, PlanTable(plan, itemsize))
        return self._planned

    def _current(self) -> tuple[str, PlanTable]:
        return self._planned or self._make([r.fixed for r in self._sizes.ranges], frozenset(self._wanted), 8)

    def _size_givers(self) -> dict[str, int]:
        """Return the inputs that no entry needs, but whose axes tell how far an index runs."""
        ranks = {i.name: i.rank for i in self.request.inputs if not i.is_callable}
        needed = self._arguments.ranks
        told = {self._sizes.class_of(Axis(n, k)) for n, rank in needed.items() for k in range(rank)}
        found: dict[str, int] = {}
        for number, known in enumerate(self._sizes.ranges):
            if number in self._sizes.used and number not in told and known.fixed is None:
                for axis, _ in known.axes:
                    if axis.tensor in ranks and axis.tensor not in needed:
                        found[axis.tensor] = ranks[axis.tensor]
        return found


def _keep(cache: dict[Any, Any], key: Any, value: Any) -> None:
    """Put a value into a cache of limited size."""
    cache[key] = value
    while len(cache) > SIGNATURES:
        del cache[next(iter(cache))]


def _executed(text: str) -> Callable[..., Result]:
    scope: dict[str, Any] = {}
    exec(compile(text, "<einsdiff program>", "exec"), scope)
    return cast("Callable[..., Result]", scope[numpy_source.NAME])


def _ranks(nodes: list[Expr]) -> dict[str, int]:
    return {t.name: t.axes for t in walk.tensors(*nodes)}


def _callables(nodes: list[Expr]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for node in nodes:
        if isinstance(node, Apply) and is_unknown(node):
            found[keyword_of(node)] = None
        elif isinstance(node, Call):
            found[keyword_of(node)] = node.rank
    return found


def compile_request(request: Request) -> CompiledFunction:
    """Return the function that computes what a request asks for."""
    return CompiledFunction(request)
