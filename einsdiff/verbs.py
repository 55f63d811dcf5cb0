"""The verbs of the face: parse, diff, compile, which_layout, check, jvp, vjp, hvp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, overload

from einsdiff.algebra import build
from einsdiff.algebra.nodes import Axis, Size, Tensor, Wire
from einsdiff.calculus.compose import pullback, pushforward
from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.program import Program, elaborate, resolve_sizes
from einsdiff.elaborate.scope import SizeClass, Symbol
from einsdiff.errors import IndexMismatchError, InputError, UnknownNameError
from einsdiff.expression import (
    Derivative,
    Expression,
    Variable,
    compile_expressions,
    from_definition,
    nearest,
    variable,
    whole_sizes,
)
from einsdiff.objects import Formula, written
from einsdiff.program import CompiledFunction
from einsdiff.simplify.simplify import simplify
from einsdiff.text.parser import parse_entry
from einsdiff.verify import claims
from einsdiff.verify import which_layout as agreement
from einsdiff.verify.verdict import Verdict

Source = str | Formula | Expression


@overload
def parse(
    source: str | Formula,
    *,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    outputs: None = None,
) -> Expression: ...
@overload
def parse(
    source: str | Formula,
    *,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    outputs: Sequence[str],
) -> tuple[Expression, ...]: ...
def parse(
    source: str | Formula,
    *,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    outputs: Sequence[str] | None = None,
) -> Expression | tuple[Expression, ...]:
    """Return the expression of a text: its last statement, or a tuple of those that `outputs` names.

    Args:
        source: statements, one a line or split by `;`, in index notation, matrix notation or LaTeX.
        declare: declarations beside those in the text, as `{"A": "matrix(n, n) symmetric"}`.
        notation: "index" or "matrix", where the text alone does not tell.
        outputs: names of statements.

    Raises: ParseError, IndexMismatchError, SizeMismatchError, UnknownNameError or AmbiguityError, with the place.

    >>> parse("y_i = A_ij x_j")
    Expression('y_i = A_ij x_j')
    """
    text = written(source) if isinstance(source, Formula) else source
    _check_types(text, declare, notation, outputs)
    program = elaborate(text, declare=declare, notation=notation)
    if outputs is None:
        return from_definition(program, program.definitions[-1])
    found = []
    for name in outputs:
        definition = program.defined(name)
        if definition is None:
            known = [d.name for d in program.definitions if d.name]
            raise UnknownNameError(f"the program defines no {name}", help=nearest(name, known))
        found.append(from_definition(program, definition))
    return tuple(found)


def _check_types(text: object, declare: object, notation: object, outputs: object) -> None:
    """Raise InputError where an argument of `parse` is not of its kind."""
    if not isinstance(text, str):
        several = "one by one; as one program:  compile(*formulas)"
        typed = several if isinstance(text, list | tuple) else 'parse("y_i = A_ij x_j")'
        raise InputError(f"a formula is a text, here is {type(text).__name__}", help=typed)
    if declare is not None and not isinstance(declare, Mapping):
        raise InputError("declarations are given by name", help='declare={"A": "matrix(n, n) symmetric"}')
    if notation not in (None, "index", "matrix"):
        raise InputError(f"there is no notation {notation!r:.40}", help='notation="index" or notation="matrix"')
    if outputs is not None and not (isinstance(outputs, list | tuple) and all(isinstance(o, str) for o in outputs)):
        raise InputError("outputs is a list of names", help='outputs=["h", "y"]')


def expression(source: Source) -> Expression:
    """Return an expression, parsing a text first."""
    return source if isinstance(source, Expression) else parse(source)


def _name(value: object) -> str:
    """Return a name that was given as text or as a formula.

    Raises: InputError, for anything else.
    """
    if not isinstance(value, str | Formula):
        raise InputError(f"a name is wanted, here is {type(value).__name__}", help='diff(f, "x")')
    return str(value)


@overload
def diff(source: Source, *wrt: str, structured: bool = False) -> Derivative: ...
@overload
def diff(
    source: Source, wrt: list[str] | tuple[str, ...], /, *, structured: bool = False
) -> tuple[Derivative, ...]: ...
def diff(
    source: Source, *wrt: str | list[str] | tuple[str, ...], structured: bool = False
) -> Derivative | tuple[Derivative, ...]:
    """Return ∂y/∂x; with several names the derivative of that order, `diff(f, "x", "x")` the Hessian.

    Args:
        source: a text or an expression.
        wrt: names of inputs or of statements of the program (then held independent), with or without the indices that
            the result shall use: `"x"`, `"x_k"`.  A list of names gives a tuple of first derivatives.
        structured: whether the derivative by a variable declared symmetric, skew or diagonal is taken along
            perturbations of that kind; otherwise its entries are varied one by one.

    Shapes: the axes of y, then those of each variable in turn (layout "mixed").
    Raises: UnknownNameError, where a name is not in the program; NotDifferentiableError, where there is no derivative.

    >>> diff("y = x_i A_ij x_j", "x", "x")
    Derivative('∂²y/∂x_k∂x_l = A_kl + A_lk')
    """
    f = expression(source)
    if not wrt:
        raise UnknownNameError("diff needs a name to differentiate by", help='diff("y = x_i x_i", "x")')
    if len(wrt) == 1 and isinstance(wrt[0], list | tuple):
        return tuple(_derivative(f, (_name(name),), structured=structured) for name in wrt[0])
    return _derivative(f, tuple(map(_name, wrt)), structured=structured)


def _derivative(f: Expression, names: tuple[str, ...], *, structured: bool) -> Derivative:
    base, variables = (f.base, list(f.wrt)) if isinstance(f, Derivative) else (f, [])
    taken = [*base.indices, *(w.index for v in variables for w in v.wires)]
    for name in names:
        found = variable(f.program, name, taken, base.label)
        taken += [w.index for w in found.wires]
        variables.append(found)
    kept = structured or (isinstance(f, Derivative) and f.structured)
    return Derivative(f.program, base, tuple(variables), structured=kept)


def compile(  # noqa: A001 - the contract's name
    *expressions: Source,
    layout: str = "mixed",
    backend: str = "numpy",
    as_matrix: bool = False,
    sizes: Mapping[str, int] | None = None,
    dense: bool = True,
    expand: bool = False,
) -> CompiledFunction:
    """Return one function for several expressions, which returns a tuple; what they share is computed once.

    `layout` is the order of the axes of derivatives; with `as_matrix` every result has two axes, rows and columns.
    Without `dense`, Jacobians and Hessians are `Structured`: their δ, ones and outer products are kept
    (spec/structured-results.md).  With `expand`, products with sums may be multiplied out where that costs less; digits
    are lost where the terms nearly cancel.

    Shapes: each result has the axes of its expression, in the order of the layout (spec/layouts.md).
    Raises: SizeMismatchError, where a size is not known; UnknownNameError, for an unknown layout or backend;
        NoMatrixForm, where the layout makes no matrix of so many axes.

    >>> import numpy as np
    >>> f = parse("y = x_i x_i")
    >>> both = compile(f, diff(f, "x"))
    >>> both(x=np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """
    if not expressions:
        raise UnknownNameError("compile needs an expression", help='compile("y = x_i x_i")')
    asked = [expression(e) for e in expressions]
    return compile_expressions(asked, layout, backend, sizes, as_matrix=as_matrix, dense=dense, expand=expand)


def which_layout(source: Source, wrt: str | Sequence[str], array: object, /, **inputs: Any) -> tuple[str, ...]:
    """Return the layouts in which an array is the derivative, computed from `inputs`; `()` where it is in none.

    Args:
        source: what is differentiated.
        wrt: the variable; `("x", "x")` for a second derivative.
        array: the derivative to be judged, with the axes of a layout or as its matrix.  Where the layouts have equal
            arrays, as for a gradient or a symmetric square matrix, it is in all of them.
        inputs: the arrays from which it was computed, by name.

    Entries may differ by 10⁻⁶ of their own size and 10⁻⁶ of the largest entry; by 10⁻³ where the array or an input is
    float32.

    Shapes: with the axes of y and x in the order of a layout, or as the matrix of one.
    Raises: InputError, where an input is missing, or where a number is NaN or infinite; SizeMismatchError, where the
        sizes of the inputs do not fit, also of one on which the derivative does not depend.

    >>> import numpy as np
    >>> A, x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([1.0, 1.0, 2.0])
    >>> which_layout("y_i = A_ij x_j", "x", A.T, A=A, x=x)
    ('denominator', 'sympy')
    """
    found = agreement.numbers(array, "the array")
    g = diff(source, *(wrt if isinstance(wrt, list | tuple) else [wrt]))
    compiled = g.compile()
    compiled.check(inputs)
    mixed = agreement.numbers(compiled(**agreement.in_double_precision(inputs)), "the derivative at these inputs")
    rtol = agreement.tolerance([found, *inputs.values()])
    return agreement.agreeing(found, mixed, len(g.base.wires), [len(v.wires) for v in g.wrt], rtol)


def check(
    claim: str,
    *,
    layout: str | None = None,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Verdict:
    """Return whether a claim `left = right` is true, in which layouts, and if not, what is right.

    Args:
        claim: an equation in matrix notation, index notation or LaTeX; above it may stand definitions of names.
        layout: the one in which it shall be true; without it one is enough.
        declare: declarations beside those in the text, as `{"A": "matrix(n, n) symmetric"}`.
        notation: "index" or "matrix", where the text alone does not tell.
        sizes: numbers for declared sizes or indices, as `{"i": 3}`.

    Raises: ClaimError, where the text is not one claim, or where there is no way to tell; ParseError and its kin, where
        it cannot be read.

    >>> print(check("∂(x' A x)/∂x = x'(A + A')"))
    true in layouts numerator, vec: both sides have one normal form
      for x : vector(n), A : matrix(n, n)
    >>> verdict = check("∂(x' A x)/∂x = 2 x' A")
    >>> verdict.holds, verdict.assumption, verdict.layouts
    (False, 'A symmetric', ('numerator', 'vec'))
    """
    _check_types(claim, declare, notation, None)
    if layout is not None and not isinstance(layout, str):
        raise InputError(f"a layout has a name, here is {layout!r:.40}", help='layout="numerator"')
    known = whole_sizes(sizes, 1)
    return claims.check(claim, layout=layout, declare=declare, notation=notation, sizes=known)


def jvp(source: Source, wrt: str, tangent: str) -> Expression:
    """Return Σ ∂y/∂x · v, the change of y along v, without the derivative itself.

    Shapes: v has the axes of x; the result has those of y.
    Raises: UnknownNameError, where the program has no x, or v in use; IndexMismatchError, where axes of y are folded.
    Source: R. E. Wengert, A simple automatic derivative evaluation program, Comm. ACM 7 (1964): forward mode.

    >>> print(jvp("y_i = A_ij x_j", "x", "v"))
    jvp_i = A_ij v_j
    """
    f, v = _held(source, wrt)
    program = with_input(f.program, tangent, v.sizes, v.name)
    name = spell_name(tangent)
    body = _body(f, v)
    found = pushforward(body.node, Tensor(v.name, len(v.wires), ()), build.tensor(name, range(len(v.wires))))
    entry = build.rename(found, dict(enumerate(body.wires)))
    return Expression(program, "jvp", f.wires, f.sizes, evaluate(program, entry))


def vjp(source: Source, wrt: str, cotangent: str) -> Expression:
    """Return Σ u · ∂y/∂x, the pull-back of u, without the derivative itself.

    Shapes: u has the axes of y; the result has those of x.
    Raises: UnknownNameError, where the program has no x, or u in use; IndexMismatchError, where axes of y are folded.
    Source: S. Linnainmaa, as in calculus/compose.py: reverse mode.

    >>> print(vjp("y_i = A_ij x_j", "x", "u"))
    vjp_k = A_ik u_i
    """
    f, v = _held(source, wrt)
    program = with_input(f.program, cotangent, f.sizes)
    name = spell_name(cotangent)
    body = _body(f, v)
    places: dict[Wire, Wire] = {w: k for k, w in enumerate(body.wires)}
    u = build.rename(build.tensor(name, f.wires), places)
    found = pullback(body.node, Tensor(v.name, len(v.wires), ()), u)
    entry = build.rename(found, dict(enumerate(v.wires)))
    return Expression(program, "vjp", v.wires, v.sizes, evaluate(program, entry))


def hvp(source: Source, wrt: str, tangent: str) -> Expression:
    """Return Σ ∂²y/∂x∂x · v for a scalar y, the Hessian times v, without the Hessian itself.

    Shapes: v and the result have the axes of x.
    Raises: IndexMismatchError, where y is no scalar; UnknownNameError, where the program has no x, or v in use.
    Source: B. A. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).

    >>> print(hvp("y = x_i A_ij x_j", "x", "v"))
    hvp_k = A_kj v_j + A_jk v_j
    """
    f, v = _held(source, wrt)
    if f.indices:
        raise IndexMismatchError(
            f"hvp needs a scalar, but the expression has the indices {', '.join(f.indices)}",
            help=f"jvp of diff(…, {wrt!r}) gives the same for a tensor",
        )
    gradient = Derivative(f.program, f, (v,), structured=False)
    entry = gradient.evaluated()
    program = with_input(f.program, tangent, v.sizes, v.name)
    entry = simplify(resolve_sizes(entry, program.sizes))[0]
    found = pushforward(
        entry.node, Tensor(v.name, len(v.wires), ()), build.tensor(spell_name(tangent), range(len(v.wires)))
    )
    found = build.rename(found, dict(enumerate(entry.wires)))
    return Expression(program, "hvp", v.wires, v.sizes, evaluate(program, found))


def _held(source: Source, wrt: str) -> tuple[Expression, Variable]:
    f = expression(source)
    if f.folds:
        raise IndexMismatchError(
            "the axes of this expression are folded, as those of vec and ⊗ are",
            help="ed.diff gives the whole derivative, or write the formula in index notation",
        )
    return f, variable(f.program, _name(wrt), f.indices, f.label)


def _body(f: Expression, v: Variable) -> build.Entry:
    """Return the simplified entry of f in which the variable is held independent."""
    held = [v.name] if f.program.defined(v.name) else []
    if isinstance(f, Derivative):
        return simplify(resolve_sizes(f.evaluated(), f.program.sizes))[0]
    entry = evaluate(f.program, f.written, held)
    return simplify(resolve_sizes(entry, f.program.sizes))[0]


def spell_name(text: str) -> str:
    """Return a name in its one spelling: `lambda` is λ."""
    written_name = parse_entry(_name(text))
    if written_name.indices is not None:
        raise IndexMismatchError(f"{text} has indices; a name is wanted here", help=written_name.name)
    return written_name.name


def with_input(program: Program, name: str, sizes: tuple[Size, ...], like: str = "") -> Program:
    """Return the program with one more input, whose axes have these sizes and the letters of those of `like`.

    Raises: UnknownNameError, where the name is in use.
    """
    name = spell_name(name)
    if name in program.inputs or program.defined(name) is not None:
        raise UnknownNameError(f"{name} is in use in the program", help=f"another name, for example  {name}0")
    classes = list(program.classes)
    for k, size in enumerate(sizes):
        spot = next((n for n, c in enumerate(classes) if _holds(c, size)), None)
        mine = (Axis(name, k), None)
        if spot is not None:
            classes[spot] = replace(classes[spot], axes=(*classes[spot].axes, mine))
        elif isinstance(size, Axis):
            classes.append(SizeClass("", ((size, None), mine)))
        elif isinstance(size, int | str):
            classes.append(SizeClass("", (mine,), size))
        else:
            classes.append(SizeClass(size.index, (mine,), None, (size,)))
    inputs = {**program.inputs, name: Symbol(name, len(sizes), None)}
    hints = dict(program.hints)
    hints |= {(name, k): hints[like, k] for k in range(len(sizes)) if (like, k) in hints}
    return replace(program, inputs=inputs, classes=tuple(classes), hints=hints)


def _holds(c: SizeClass, size: Size) -> bool:
    return (c.declared is not None and c.declared == size) or any(a == size for a, _ in c.axes) or size in c.ranges
