"""Expressions and derivatives as people hold them: a formula, its program, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import chain, islice
from operator import index
from typing import SupportsIndex

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Expr, Ones, Size, Tensor, Unit, Wire
from einsdiff.algebra.steps import Steps, unrecorded
from einsdiff.calculus.compose import differentiate, pullback, pushforward
from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.assume import assume
from einsdiff.elaborate.program import Definition, Program, resolve_sizes
from einsdiff.elaborate.scope import Local, SizeClass, local
from einsdiff.errors import (
    EinsdiffError,
    IndexMismatchError,
    InputError,
    NoMatrixForm,
    NotDifferentiableError,
    ParseError,
    SizeMismatchError,
    Span,
    UnknownNameError,
)
from einsdiff.forms.einsum import einsum_terms
from einsdiff.forms.matrix.spelling import SPELLINGS
from einsdiff.forms.statement import LeftSide, default_label, write_statement
from einsdiff.forms.style import LATEX, PLAIN, Style
from einsdiff.forms.writer import Writer
from einsdiff.layouts import fold
from einsdiff.layouts import layout as find_layout
from einsdiff.program import BACKENDS, CompiledFunction
from einsdiff.program.request import Input, Output, Request
from einsdiff.simplify.normal_form import are_equal
from einsdiff.simplify.simplify import simplify
from einsdiff.text.parser import parse_entry
from einsdiff.verify.read_back import Folded, write_matrix

UNSAID = -1  # before every size in their order, so that it wins where δ makes two axes one
NEXT = "ijklmnpqrstuvwxyzabcdefgh"

Axes = tuple[tuple[tuple[Local, Size], ...], ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """What is differentiated by: a name, and the wires and sizes of its axes in the result."""

    name: str
    wires: tuple[Local, ...]
    sizes: tuple[Size, ...]


READABLE = 2_000
"""How many characters of a formula stand in a message."""


class Expression:
    """A tensor formula: `str()` is its statement, `compile()` gives a function that computes it.

    Made by `einsdiff.parse`, `einsdiff.diff` and their kin, not by hand.

    Attributes:
        indices: the names of the free indices, in the order of the axes.
        inputs: the names of all inputs of the program, in the order of their first use.

    >>> import einsdiff as ed
    >>> f = ed.parse("y_i = A_ij x_j")
    >>> f.indices, f.inputs, f == ed.parse("z_k = x_m A_km")
    (('i',), ('A', 'x'), True)
    """

    def __init__(
        self, program: Program, label: str, wires: tuple[Local, ...], sizes: tuple[Size, ...], entry: Entry
    ) -> None:
        self.program = program
        self.label = label
        self.wires = wires
        self.sizes = sizes
        self.written = entry
        self.folds: tuple[int, ...] = ()

    # ----------------------------------------------------------------------------------------------------------- value

    def evaluated(self, steps: Steps = unrecorded) -> Entry:
        """Return the entry with all names linked and all derivatives carried out, before any assumption is used."""
        return evaluate(self.program, self.written, (), steps)

    @cached_property
    def entry(self) -> Entry:
        """The simplified entry: a node and a wire for each axis."""
        return self.derive(unrecorded)

    def derive(self, steps: Steps) -> Entry:
        """Return the simplified entry, and record every law and identity on the way to it."""
        try:
            raw = assume(self.evaluated(steps), self.program)
            raw = resolve_sizes(raw, self.program.sizes)
            return simplify(raw, steps=steps)[0]
        except build.DivisionByZeroError:
            raise ParseError(
                "a divisor is exactly zero, once what is declared is used",
                rule="a quotient by zero has no value (spec/language.md, Quotients)",
                help="divide by something else",
            ) from None

    @property
    def indices(self) -> tuple[str, ...]:
        """The names of the free indices, in the order of the axes."""
        return tuple(w.index for w in self.wires)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of all inputs of the program, in the order of their first use."""
        return tuple(self.program.inputs)

    def __eq__(self, other: object) -> bool:
        """Two expressions are equal if they have one normal form, index by index in the order of their axes.

        How far an index of δ or 1 runs does not count: it follows from where it stands; nor does what a size is called.
        """
        if not isinstance(other, Expression):
            return NotImplemented
        if len(self.wires) != len(other.wires) or self.folds != other.folds:
            return False
        names: dict[Wire, Wire] = dict(zip(other.wires, self.wires, strict=True))
        here, there = (resolve_sizes(e.entry, e.program.axes_of_sizes()) for e in (self, other))
        return are_equal(without_sizes(here), without_sizes(build.rename(there, names)))

    __hash__ = object.__hash__

    # ----------------------------------------------------------------------------------------------------------- forms

    def __str__(self) -> str:
        return self.index()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.index()!r})"

    def axes(self, layout: str = "mixed", *, as_matrix: bool = False) -> Axes:
        """Return, for each axis of the array in a layout, the wires that are folded into it, with their sizes.

        A layout orders derivatives; the axes of any other expression are those of its left-hand side.
        """
        return _joined(fold(self.folded(), [], layout, as_matrix=as_matrix))

    def folded(self) -> list[tuple[tuple[Local, Size], ...]]:
        """Return the wires with their sizes, axis by axis; A ⊗ B has two axes, each folded of two wires."""
        pairs = iter(zip(self.wires, self.sizes, strict=True))
        return [tuple(islice(pairs, n)) for n in self.folds or (1,) * len(self.wires)]

    def left_side(self) -> LeftSide:
        """Return what stands on the left of the statement."""
        return LeftSide(self.label or default_label(self._names()), self.indices, folds=self.folds)

    def _names(self) -> set[str]:
        return {*self.program.inputs, *(d.name for d in self.program.definitions if d.name)}

    def _statement(self, style: Style) -> str:
        names: dict[Wire, str] = {w: w.index for w in self.wires}
        writer = Writer(style, self.program.hints, self.program.sizes)
        return write_statement(self.entry, self.left_side(), names, writer, self._names())

    def index(self) -> str:
        """Return the statement in index notation; it reads back as the same expression.

        >>> import einsdiff as ed
        >>> ed.parse("x' A x").index()
        'y = x_i A_ij x_j'
        """
        return self._statement(PLAIN)

    def latex(self, layout: str = "mixed") -> str:
        r"""Return the statement in LaTeX.

        An index form names the indices of its axes, so that it is the same in every layout.

        >>> import einsdiff as ed
        >>> print(ed.parse("y_i = A_ij x_j").latex())
        y_{i} = A_{ij} \, x_{j}
        """
        find_layout(layout)
        return self._statement(LATEX)

    def matrix(self, layout: str = "mixed", spelling: str = "unicode") -> str:
        """Return the right-hand side in matrix notation, with its rows and columns in the order of a layout.

        Parts that stand twice and are long have names, each on a line above.  `spelling` is "unicode", "plain" or
        "latex"; all three read back as the same tensor, which is checked by exact evaluation before the text is
        returned.

        Raises: NoMatrixForm, where products, transposes, traces, ⊙, ⊗, vec and their like cannot write the tensor, or
            where the layout makes no matrix of it; UnknownNameError, for an unknown layout or spelling.

        >>> import einsdiff as ed
        >>> ed.diff("y = x_i A_ij x_j", "x").matrix(layout="numerator")
        'xᵀ(A + Aᵀ)'
        """
        if spelling not in SPELLINGS:
            raise UnknownNameError(f"there is no spelling {spelling}", help=nearest(spelling, list(SPELLINGS)))
        try:
            rows, columns = self.axes(layout, as_matrix=True)
            asked = Folded(self.entry, tuple(w for w, _ in rows), tuple(w for w, _ in columns))
            return write_matrix(asked, self.program, layout, spelling, self.label)
        except NoMatrixForm as error:
            typed = next((n.text for n in error.notes if "layout" in n.text), "the index form says it")
            raise NoMatrixForm(error.message, given=self._in_indices(), help=typed) from None

    def _in_indices(self) -> str:
        """Return the index form, and the einsum terms where both are short enough to be read."""
        shown = self.index()
        if len(shown) > READABLE:
            return f"{shown[:READABLE]} … ({len(shown)} characters)"
        try:
            terms = " + ".join(f"{c} einsum('{axes}', {', '.join(names)})" for c, axes, names in self.einsum())
        except EinsdiffError:
            return shown
        return f"{shown}  or  {terms}" if len(terms) <= READABLE else shown

    def einsum(self, layout: str = "mixed") -> tuple[tuple[object, str, tuple[str, ...]], ...]:
        """Return the contraction terms: coefficient, subscripts and operand names.

        `δ` is an identity matrix, `1` a vector of ones; any other operand that is no input is written as a formula.
        The subscripts of the result have the order of the layout; those of `vec` and `vetter` are the axes of the rows,
        then those of the columns, as `reshape` takes them.

        >>> import einsdiff as ed
        >>> ed.parse("y_i = 2 A_ij x_j").einsum()
        ((2, 'ij,j->i', ('A', 'x')),)
        """
        order = [w for axis in self.axes(layout) for w, _ in axis]
        return einsum_terms(self.entry, order, self.program.hints)

    # ------------------------------------------------------------------------------------------------------------ code

    def output(self, layout: str = "mixed", *, as_matrix: bool = False) -> Output:
        """Return the request for this expression's array, its axes in the order of a layout."""
        axes = self.axes(layout, as_matrix=as_matrix)
        folds = tuple(map(len, axes))
        columns, is_matrix = self.columns(axes, layout, as_matrix=as_matrix)
        name = self.left_side().write(PLAIN)
        return Output(name, self.entry, tuple(chain.from_iterable(axes)), folds, columns, is_matrix)

    def columns(self, axes: Axes, layout: str, *, as_matrix: bool) -> tuple[tuple[Local, ...] | None, bool]:  # noqa: ARG002 - of derivatives
        """Return the wires along which the result is multiplied if its structure is kept, None where it is an array.

        Also tell whether it is a matrix.
        """
        return None, False

    def compile(
        self,
        layout: str = "mixed",
        backend: str = "numpy",
        *,
        as_matrix: bool = False,
        sizes: Mapping[str, int] | None = None,
        dense: bool = True,
        expand: bool = False,
    ) -> CompiledFunction:
        """Return a function of the inputs, as keywords, that computes the array.

        Args:
            layout: the order of the axes of a derivative: "mixed", "numerator", "denominator", "sympy", "vec",
                "vetter", or a registered one (spec/layouts.md).
            backend: "numpy", "torch", "jax" or "cupy": what runs the function, and whose arrays it takes and gives.
            as_matrix: whether the array has two axes, rows and columns; those of "vec" and "vetter" always have.
            sizes: numbers for declared sizes or indices that no input has.
            dense: whether a derivative is a whole array; otherwise Jacobians and Hessians are `Structured`
                (spec/structured-results.md), and what is no larger than a variable stays an array.
            expand: whether products with sums may be multiplied out where that costs less, as in
                (T - U Vᵀ) V = T V - U (Vᵀ V); digits are lost where the terms nearly cancel.

        Raises: SizeMismatchError, where a size is not known; UnknownNameError, for an unknown layout or backend;
            NoMatrixForm, where the layout makes no matrix of so many axes.

        >>> import numpy as np, einsdiff as ed
        >>> ed.parse("s = x_i x_i").compile()(x=np.array([3.0, 4.0]))
        array(25.)
        """
        return compile_expressions([self], layout, backend, sizes, as_matrix=as_matrix, dense=dense, expand=expand)


class Derivative(Expression):
    """∂y/∂x…: an expression that knows what was differentiated, and by what.

    >>> import einsdiff as ed
    >>> g = ed.diff("y_i = A_ij x_j x_j", "x")
    >>> g, g.indices, ed.diff(g, "A").indices
    (Derivative('∂y_i/∂x_k = 2 A_ik x_k'), ('i', 'k'), ('i', 'k', 'l', 'm'))
    """

    def __init__(self, program: Program, base: Expression, wrt: tuple[Variable, ...], *, structured: bool) -> None:
        self.base = base
        self.wrt = wrt
        self.structured = structured
        wires = (*base.wires, *(w for v in wrt for w in v.wires))
        sizes = (*base.sizes, *(s for v in wrt for s in v.sizes))
        super().__init__(program, base.label, wires, sizes, base.written)

    def evaluated(self, steps: Steps = unrecorded) -> Entry:
        """Return the derivative, each variable in turn, before any assumption is used."""
        entry = self._by(self.wrt, steps)
        return evaluate(self.program, entry, (), steps) if self._held() else entry

    def _held(self) -> list[str]:
        """Return the variables that the program defines: they are held independent."""
        return [v.name for v in self.wrt if self.program.defined(v.name)]

    def _by(self, variables: Sequence[Variable], steps: Steps = unrecorded) -> Entry:
        """Return the derivative by some of the variables, all of them held independent."""
        entry = evaluate(self.program, self.written, self._held(), steps)
        for v in variables:
            entry = simplify(resolve_sizes(entry, self.program.sizes), steps=steps)[0]
            entry = differentiate(entry, build.tensor(v.name, v.wires), steps)
            if self.structured:
                entry = along_structure(entry, v, self.program)
        return entry

    def unused(self, names: Sequence[str]) -> str:
        """Return the first of some names that the program does not use."""
        program = self.program
        return next((n for n in names if n not in program.inputs and program.defined(n) is None), names[-1] * 2)

    def along(self, tangent: str) -> Output:
        """Return the request for Σ D · v over the axes of the last variable, found without the derivative D itself."""
        entry, v = self._before(), self.wrt[-1]
        found = pushforward(entry.node, _of(v), build.tensor(tangent, range(len(v.wires))))
        wires = self.wires[: -len(v.wires)] if v.wires else self.wires
        return self._product(build.rename(found, dict(enumerate(entry.wires))), wires)

    def back(self) -> Output:
        """Return the request for Σ u · D over the other axes, where u is what D is the derivative of."""
        entry, v = self._before(), self.wrt[-1]
        places = {wire: k for k, wire in enumerate(entry.wires)}
        found = pullback(entry.node, _of(v), build.rename(entry, places))
        return self._product(build.rename(found, dict(enumerate(v.wires))), v.wires)

    def _before(self) -> Entry:
        """Return what is differentiated by the last variable."""
        return simplify(resolve_sizes(self._by(self.wrt[:-1]), self.program.sizes))[0]

    def _product(self, entry: Entry, wires: Sequence[Local]) -> Output:
        size = dict(zip(self.wires, self.sizes, strict=True))
        found = simplify(resolve_sizes(evaluate(self.program, entry), self.program.sizes))[0]
        return Output("", found, tuple((w, size[w]) for w in wires))

    def axes(self, layout: str = "mixed", *, as_matrix: bool = False) -> Axes:
        """Return, for each axis of the array in a layout, the wires that are folded into it, with their sizes."""
        variables = [[(pair,) for pair in zip(v.wires, v.sizes, strict=True)] for v in self.wrt]
        return _joined(fold(self.base.folded(), variables, layout, as_matrix=as_matrix))

    def columns(self, axes: Axes, layout: str, *, as_matrix: bool) -> tuple[tuple[Local, ...] | None, bool]:
        """Return the wires of the last variable, or of a matrix its columns; the gradient of a scalar is an array."""
        if len(self.wrt) == 1 and not self.base.wires:
            return None, False
        if as_matrix or find_layout(layout).axes is None:
            return tuple(w for w, _ in axes[1]), True
        return self.wrt[-1].wires, False

    def output(self, layout: str = "mixed", *, as_matrix: bool = False) -> Output:
        """Return the request for this derivative's array, its axes in the order of a layout."""
        found = super().output(layout, as_matrix=as_matrix)
        return found if self.structured else replace(found, derivative=self)

    def left_side(self) -> LeftSide:
        """Return ∂y/∂x… with the indices of the variables."""
        wrt = tuple((v.name, tuple(w.index for w in v.wires)) for v in self.wrt)
        return LeftSide(self.label or default_label(self._names()), self.base.indices, wrt)


def _of(v: Variable) -> Tensor:
    return Tensor(v.name, len(v.wires), ())


def _joined(axes: tuple[tuple[tuple[tuple[Local, Size], ...], ...], ...]) -> Axes:
    """Return axes that are folded of folded axes as axes folded of wires."""
    return tuple(tuple(chain.from_iterable(axis)) for axis in axes)


# ------------------------------------------------------------------------------------------------------------- makers


def from_definition(program: Program, definition: Definition) -> Expression:
    """Return the expression of one statement of a program."""
    found = Expression(program, definition.label, definition.wires, definition.sizes, definition.entry)
    found.folds = definition.folds
    return found


def variable(program: Program, text: str, taken: Sequence[str], own: str = "") -> Variable:
    """Return the variable that a text such as `x` or `x_k` names, with indices that are not taken.

    `own` is the name of what is differentiated.

    Raises: UnknownNameError, where the program has no such name; IndexMismatchError, for a wrong number of indices.
    """
    written = parse_entry(text, known=[*program.inputs, *(d.name for d in program.definitions if d.name)])
    name = written.name
    symbol = program.inputs.get(name)
    defined = program.defined(name)
    if symbol is not None and symbol.role == "function" and defined is None:
        arguments = [s.name for s in program.inputs.values() if s.role != "function"]
        message = f"{name} is an unknown function: differentiate by one of its arguments"
        raise NotDifferentiableError(message, help=f"one of: {', '.join(arguments)}" if arguments else "")
    if symbol is None and defined is None:
        known = [*program.inputs, *(d.name for d in program.definitions if d.name)]
        raise UnknownNameError(
            f"there is nothing called {name} in the program, so nothing to differentiate by",
            help=nearest(name, known),
        )
    if name == own:
        raise UnknownNameError(
            f"{name} is what is differentiated, so it cannot be differentiated by",
            help=f"one of: {', '.join(program.inputs)}",
        )
    rank = len(defined.wires) if defined is not None else symbol.rank  # type: ignore[union-attr]
    sizes = tuple(program.sizes.get(Axis(name, k), Axis(name, k)) for k in range(rank))
    if written.indices is None:
        names = fresh_letters(program, name, rank, taken)
    else:
        names = [str(i.name) for i in written.indices]
        _check_indices(text, name, names, rank, taken)
    return Variable(name, tuple(local(n) for n in names), sizes)


def _check_indices(text: str, name: str, names: Sequence[str], rank: int, taken: Sequence[str]) -> None:
    if len(names) != rank:
        raise IndexMismatchError(
            f"{name} has {rank} {'index' if rank == 1 else 'indices'}, but {text} names {len(names)}",
            help=f"{name} alone lets einsdiff choose the indices",
        )
    clash = next((n for n in names if n in taken or names.count(n) > 1 or n.isdigit()), None)
    if clash is not None:
        raise IndexMismatchError(
            f"{clash} cannot be an index of {text}: the result needs an index of its own there",
            help=f"{name} alone lets einsdiff choose the indices",
        )


def fresh_letters(program: Program, name: str, rank: int, taken: Sequence[str]) -> list[str]:
    """Return letters for the axes of a variable: each the next one after the letter that the user gave to that axis."""
    used = set(taken) | program.letters
    found = []
    for k in range(rank):
        hint = program.hints.get((name, k), "i")
        start = NEXT.find(hint[0]) + 1
        letters = NEXT[start:] + NEXT[:start]
        letter = next((c for c in letters if c not in used), None)
        number = 1
        while letter is None or letter in used:
            letter = f"{hint[0]}{number}"
            number += 1
        used.add(letter)
        found.append(letter)
    return found


def nearest(name: object, known: Sequence[str]) -> str:
    """Return a sentence that offers the nearest of the known names."""
    near = get_close_matches(str(name), known, 1)
    return f"did you mean {near[0]}?" if near else (f"one of: {', '.join(known)}" if known else "")


def without_sizes(entry: Entry) -> Entry:
    """Return the entry in which δ and 1 do not say how far their indices run."""

    def rule(node: Expr) -> Entry | None:
        match node:
            case Ones():
                return build.ones(0, UNSAID)
            case Unit(_, place):
                return build.unit(0, UNSAID, place)
            case _:
                return None

    return walk.replace(entry, rule)


def along_structure(g: Entry, v: Variable, program: Program) -> Entry:
    """Return the derivative along perturbations of the declared kind.

    symmetric:  G_ij + G_ji − δ_ij G_ij;   skew:  G_ij − G_ji;   diagonal:  δ_ij G_ij
    """
    symbol = program.declared.get(v.name)
    properties = set(symbol.properties) if symbol else set()
    if build.is_zero(g) or not properties & {"symmetric", "spd", "skew", "diagonal"}:
        return g
    i, j = v.wires
    turned = build.rename(g, {i: j, j: i})
    tie = build.delta(i, j, v.sizes[0])
    if properties & {"symmetric", "spd"}:
        return build.total([(1, g, True), (1, turned, True), (-1, build.multiply(tie, g), True)])
    return build.subtract(g, turned) if "skew" in properties else build.multiply(tie, g)


def compile_expressions(
    expressions: Sequence[Expression],
    layout: str,
    backend: str,
    sizes: Mapping[str, int] | None,
    *,
    as_matrix: bool = False,
    dense: bool = True,
    expand: bool = False,
) -> CompiledFunction:
    """Return one function for several expressions; what they share is computed once."""
    if str(backend) not in BACKENDS:
        raise UnknownNameError(f"there is no backend {backend}", help=nearest(backend, list(BACKENDS)))
    if not dense and backend != "numpy":
        message = f"structured results are made of NumPy arrays, so that there are none on {backend}"
        raise InputError(message, help='compile(dense=False, backend="numpy"), or  hvp, jvp, vjp  on any backend')
    sizes = whole_sizes(sizes, 0)
    program = expressions[0].program
    for other in expressions[1:]:
        program = program if other.program is program else merge_programs(program, other.program)
    known = {c.index for c in program.classes} | {r.index for c in program.classes for r in c.ranges} | program.letters
    known |= {c.declared for c in program.classes if isinstance(c.declared, str)}
    strange = next((name for name in sizes if name not in known), None)
    if strange is not None:
        raise UnknownNameError(
            f"no index and no declared size is called {strange}", help=nearest(strange, sorted(known - {""}))
        )
    entries = simplify(*(e.entry for e in expressions))
    asked = [e.output(layout, as_matrix=as_matrix) for e in expressions]
    outputs = tuple(replace(output, entry=entry) for output, entry in zip(asked, entries, strict=True))
    inputs = tuple(Input(s.name, s.rank, s.role == "function") for s in program.inputs.values())
    request = Request(outputs, inputs, program.classes, sizes, program.source, is_dense=dense, may_expand=expand)
    return BACKENDS[backend](request)


def whole_sizes(sizes: object, least: int) -> dict[str, int]:
    """Return sizes by name as whole numbers; those of NumPy are whole numbers, too.

    Raises: InputError, where they are no numbers by name, of `least` and more.
    """
    if sizes is not None and not isinstance(sizes, Mapping):
        raise InputError("sizes are given by name", given=f"sizes={sizes!r:.40}", help='sizes={"i": 3}')
    found = {name: _whole(n) for name, n in (sizes or {}).items()}
    if any(n is None or n < least for n in found.values()):
        message = f"a size is a whole number, {least} or more"
        raise InputError(message, given=f"sizes={sizes}", help='sizes={"i": 3}')
    return {name: n for name, n in found.items() if n is not None}


def _whole(number: object) -> int | None:
    """Return a whole number as one of Python's, None for what is none."""
    if isinstance(number, bool) or not isinstance(number, SupportsIndex):
        return None
    try:
        return index(number)
    except TypeError:
        return None


def merge_programs(a: Program, b: Program) -> Program:
    """Return a program with the inputs of both, for expressions that are compiled together.

    Raises: SizeMismatchError, where a name has different ranks in the two.
    """
    for name in a.inputs.keys() & b.inputs.keys():
        if a.inputs[name].rank != b.inputs[name].rank:
            raise SizeMismatchError(
                f"{name} has {a.inputs[name].rank} indices in one expression and {b.inputs[name].rank} in another",
                help="rename one of the two",
            )
    source = a.source if a.source == b.source else f"{a.source}\n{b.source}"
    moved = tuple(_moved(c, len(a.source) + 1) for c in b.classes) if a.source != b.source else b.classes
    return Program(
        source, a.notation, (*a.definitions, *b.definitions), {**a.inputs, **b.inputs}, {**a.declared, **b.declared},
        (*a.classes, *moved), {**a.sizes, **b.sizes}, {**b.hints, **a.hints}, a.letters | b.letters,
    )  # fmt: skip


def _moved(c: SizeClass, by: int) -> SizeClass:
    """Return a class whose places are further down in a joined source."""
    axes = tuple((axis, Span(s.start + by, s.stop + by) if s else None) for axis, s in c.axes)
    return SizeClass(c.index, axes, c.declared, c.ranges)
