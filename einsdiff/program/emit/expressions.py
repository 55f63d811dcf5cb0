"""One expression for each step of a plan."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.emit import contract, numbers
from einsdiff.program.emit.contract import Piece, transposed
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import ATOM, NEGATIVE, PLUS, POWER, SUM, TIMES, Formula, Phrase, Symbol
from einsdiff.program.plan.steps import (
    Alternating,
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Divide,
    Evaluate,
    Fold,
    Length,
    Literal,
    Map,
    Matrix,
    Multiply,
    Operand,
    Pack,
    Power,
    View,
)


def expression(page: Page, step: AnyStep) -> Phrase:
    """Return the expression of a step; its formula has the step's labels."""
    match step:
        case Literal(base=base, exponent=exponent):
            power = numbers.power(base, exponent)
            code, bind = page.literal(base) if exponent == 1 else numbers.number(power, page.dialect.module)
            return Phrase(code, bind, (code,), TIMES if bind >= POWER else PLUS)
        case Length(range=number):
            code = page.size(number)
            return Phrase(code, ATOM, (code,), ATOM)
        case Alternating(out=out):
            code = page.spell("levi_civita", str(len(out)), dtype=page.common())
            return Phrase(code, ATOM, (Symbol("ε", out),), ATOM)
        case View():
            return _view(page, step)
        case Pack():
            return _pack(page, step)
        case Contract():
            return _contract(page, step)
        case Multiply():
            return _multiply(page, step)
        case Divide():
            return _divide(page, step)
        case Power():
            return _power(page, step)
        case Combine():
            return _combine(page, step)
        case Map():
            return _map(page, step)
        case Evaluate():
            return _evaluate(page, step)
        case Fold():
            return _fold(page, step)
        case Matrix():
            return _matrix(page, step)
        case Assemble():
            raise AssertionError("takes several statements")


def _view(page: Page, step: View) -> Phrase:
    """A part of an array: components, then a diagonal or a transposition."""
    (operand,) = step.operands
    phrase, places = page.of(operand), dict(step.places)
    code = phrase.at(ATOM)
    labels = [n for n in operand.labels if n not in places]
    if places:
        entries = [str(places[n] - 1) if n in places else ":" for n in operand.labels]
        while entries[-1] == ":":
            entries.pop()
        code = f"{code}[{', '.join(entries)}]"
    if len(set(labels)) == len(labels):
        code = transposed(page.spell, code, labels, step.out)
    elif len(labels) == 2:
        code = f"{code}.diagonal()"
    else:
        code = contract.einsum(page.spell, [Piece(code, tuple(labels))], step.out)
    return phrase.moved({n: str(place) for n, place in places.items()})._replace(code=code, bind=ATOM)


def _pack(page: Page, step: Pack) -> Phrase:
    """An array with its axes in another order, in memory too."""
    (operand,) = step.operands
    phrase = page.of(operand)
    code = page.spell("pack", transposed(page.spell, phrase.at(ATOM), operand.labels, step.out))
    return Phrase(code, ATOM, phrase.formula_at(TIMES), TIMES)


def _contract(page: Page, step: Contract) -> Phrase:
    """Σ a, or Σ a b."""
    first, *second = step.operands
    if not second:
        summed = tuple(n for n in first.labels if n not in step.out)
        by_ones = _by_ones(page, first, summed)
        formula: Formula = (Symbol("sum", summed), "(", *page.of(first).formula, ")")
        code = page.spell(by_ones, page.name(first.value)) if by_ones else ""
        return Phrase(code or contract.total(page.spell, page.piece(first), step.out), ATOM, formula, ATOM)
    if first.value == second[0].value:
        page.firm(first.value)
    a, b = page.piece(first), page.piece(second[0])
    formula = (*page.of(first).formula_at(TIMES), " ", *page.of(second[0]).formula_at(TIMES))
    return Phrase(contract.pair(page.spell, a, b, step.out, page.extent(step.operands)), ATOM, formula, TIMES)


SUMMED = 2**10  # entries of a matrix whose rows or columns BLAS sums quicker, as a product with ones
PAIRWISE = 2**12  # a longer row is summed more accurately in pairs


def _by_ones(page: Page, operand: Operand, summed: Labels) -> str:
    """Return the operation that sums a large matrix along an axis as a product with ones, if one does."""
    known = page.plan.values[operand.value]
    if not page.dialect.can_write or len(known.shape) != 2 or len(summed) != 1 or known.entries < SUMMED:
        return ""
    if summed[0] == operand.labels[0]:
        return "column sums"
    return "row sums" if known.shape[1] <= PAIRWISE else ""


def _multiply(page: Page, step: Multiply) -> Phrase:
    a, b = step.operands
    if a.value == b.value:
        page.firm(a.value)
    if a.labels and b.labels and min(map(step.out.index, b.labels)) < min(map(step.out.index, a.labels)):
        a, b = b, a
    left, right = page.spread(a, step.out), page.spread(b, step.out)
    formula = (*left.formula_at(TIMES), " ", *right.formula_at(TIMES))
    return Phrase(f"{left.at(TIMES)} * {right.at(POWER)}", TIMES, formula, TIMES)


def _divide(page: Page, step: Divide) -> Phrase:
    above, below = (page.spread(op, step.out) for op in step.operands)
    formula = (*above.formula_at(TIMES), " / ", *below.formula_at(POWER))
    code = f"{above.at(TIMES)} / {below.at(POWER)}"
    if page.is_constant(step.target) and page.is_doubtful(step.operands[1].value):  # Python refuses to divide by 0
        code = f"({code} if {below.code} else {above.at(TIMES)} * {page.dialect.module}.inf)"
        return Phrase(code, ATOM, formula, PLUS)
    return Phrase(code, TIMES, formula, PLUS)


REPEATED: dict[Exact, str] = {
    2: "{0} * {0}",
    3: "{0} * {0} * {0}",
    4: "{square}",
    Fraction(3, 2): "{0} * {sqrt}",
}


def _power(page: Page, step: Power) -> Phrase:
    (operand,), exponent = step.operands, step.exponent
    is_number = page.is_constant(operand.value)
    shown, tight = page.literal(exponent)
    if exponent in REPEATED and not is_number:
        page.firm(operand.value)
        phrase = page.spread(operand, step.out)
        square, sqrt = page.spell("square", f"{phrase.code} * {phrase.code}"), page.spell("sqrt", phrase.code)
        code = REPEATED[exponent].format(phrase.code, square=square, sqrt=sqrt)
        bind = ATOM if exponent == 4 else TIMES
    elif exponent == Fraction(1, 2) and not is_number:
        phrase = page.spread(operand, step.out)
        code, bind = page.spell("sqrt", phrase.code), ATOM
    else:
        phrase = page.spread(operand, step.out)
        code, bind = f"{phrase.at(ATOM)} ** {shown if tight == ATOM else f'({shown})'}", POWER
        if is_number and not isinstance(exponent, int) and page.is_doubtful(operand.value):  # complex in Python
            code, bind = f"({code} if {phrase.at(PLUS)} >= 0 else {page.dialect.module}.nan)", ATOM
    text = str(exponent) if isinstance(exponent, int) else f"({exponent})"
    return Phrase(code, bind, (*phrase.formula_at(ATOM), f"^{text}"), POWER)


def _combine(page: Page, step: Combine) -> Phrase:
    """Σ coefficient · operand."""
    return added(page, [(c, page.spread(op, step.out)) for c, op in zip(step.coefficients, step.operands, strict=True)])


def added(page: Page, terms: list[tuple[Exact, Phrase]]) -> Phrase:
    """Return Σ coefficient · phrase."""
    (coefficient, phrase), *rest = terms
    code, bind = scaled(page, magnitude(coefficient), phrase)
    formula: Formula = _scaled_formula(magnitude(coefficient), phrase)
    if coefficient < 0:
        code = f"-{code if bind >= POWER else f'({code})' if bind < TIMES else code}"
        bind, formula = NEGATIVE if bind >= POWER else TIMES, ("-", *formula)
    for coefficient, phrase in rest:
        more, tight = scaled(page, magnitude(coefficient), phrase)
        sign = " - " if coefficient < 0 else " + "
        code = f"{code}{sign}{more if tight >= TIMES else f'({more})'}"
        formula = (*formula, sign, *_scaled_formula(magnitude(coefficient), phrase))
    if rest:
        return Phrase(code, PLUS, formula, SUM)
    return Phrase(code, bind, formula, PLUS if coefficient < 0 else TIMES)


def magnitude(coefficient: Exact) -> Exact:
    """Return |coefficient|."""
    return -coefficient if coefficient < 0 else coefficient


def scaled(page: Page, coefficient: Exact, phrase: Phrase) -> tuple[str, int]:
    """Return the code of coefficient · phrase for a positive coefficient."""
    if coefficient == 1:
        return phrase.code, phrase.bind
    text, bind = page.literal(coefficient)
    if phrase.code == "1":
        return text, bind
    if bind != ATOM and isinstance(coefficient, Fraction) and coefficient.numerator == 1:
        return f"{phrase.at(TIMES)} / {coefficient.denominator}", TIMES
    return f"{text} * {phrase.at(POWER)}", TIMES


def _scaled_formula(coefficient: Exact, phrase: Phrase) -> Formula:
    if coefficient == 1:
        return phrase.formula_at(PLUS)
    if phrase.formula == ("1",):
        return (str(coefficient),)
    return (f"{coefficient} ", *phrase.formula_at(TIMES))


def _map(page: Page, step: Map) -> Phrase:
    """f(u, v, …), entry by entry."""
    spelling = page.dialect.functions[step.function]
    branches = step.operands[1:] if step.function == "where" else ()
    if branches and all(page.is_constant(op.value) for op in branches):
        spelling = page.dialect.operations["branches"].replace("{0}", spelling)
    dtype = page.dtype(_numbers(step)) if "{dtype}" in spelling else ""
    code = page.fill(spelling, *_arguments(page, step), dtype=dtype)
    if all(page.is_constant(op.value) for op in step.operands):
        code = page.spell("value", code)
    phrases = [page.spread(op, step.out) for op in step.operands]
    return Phrase(code, ATOM, _called(step.function.removeprefix("truth "), phrases), ATOM)


def _numbers(step: Map | Evaluate) -> tuple[Operand, ...]:
    """Return the operands that are numbers, and not true or false."""
    return step.operands[1:] if isinstance(step, Map) and step.function == "truth where" else step.operands


def _arguments(page: Page, step: Map | Evaluate) -> list[str]:
    """Return the code of each argument, to stand alone between commas."""
    number = _number(page, step)
    if isinstance(step, Evaluate) and not step.is_entrywise:
        codes = _wholes(page, step)
    else:
        codes = [page.spread(op, step.out).code for op in step.operands]
    return [number(code) if page.is_constant(op.value) else code for op, code in zip(step.operands, codes, strict=True)]


def _number(page: Page, step: Map | Evaluate) -> Callable[[str], str]:
    """Return what writes a number among the arguments as the library takes it."""
    are_numbers = [page.is_constant(op.value) for op in step.operands]
    spelling = page.dialect.operations["alone" if all(are_numbers) else "argument"]
    dtype = page.dtype(_numbers(step)) if any(are_numbers) and "{dtype}" in spelling else ""
    return lambda code: page.fill(spelling, code, dtype=dtype)


def _called(function: str, phrases: list[Phrase]) -> Formula:
    inside: list[str | Symbol] = []
    for phrase in phrases:
        inside += [*((", ",) if inside else ()), *phrase.formula]
    return (f"{function}(", *inside, ")")


def _evaluate(page: Page, step: Evaluate) -> Phrase:
    """A callable that is given: entry by entry, or of whole arrays."""
    name = page.local[step.function]
    code = page.spell("called", f"{name}({', '.join(_arguments(page, step))})")
    if step.is_entrywise:
        phrases = [page.spread(op, step.out) for op in step.operands]
        return Phrase(code, ATOM, _called(step.function, phrases), ATOM)
    shown = ", ".join(_wholes(page, step))
    return Phrase(code, ATOM, (Symbol(step.function, step.out), f"({shown})"), ATOM)


def _wholes(page: Page, step: Evaluate) -> list[str]:
    """Return the code of whole arrays."""
    return [page.name(op.value) if op.labels else page.of(op).code for op in step.operands]


def _fold(page: Page, step: Fold) -> Phrase:
    """prod, max, min or logsumexp over the axes that the result has not."""
    (operand,) = step.operands
    piece = page.piece(operand)
    reduced = tuple(n for n in operand.labels if n not in step.out)
    axis = contract.axis_argument(page.spell, operand.labels, reduced)
    axes = tuple(operand.labels.index(n) for n in reduced)
    is_method = page.dialect.operations[step.operator].startswith("{0}.")
    code = page.spell(
        step.operator,
        piece.code if is_method else piece.inside,
        axis=axis,
        more=axis and f"{axis}, ",
        axes=str(axes[0] if len(axes) == 1 else axes),
    )
    kept = [n for n in operand.labels if n in step.out]
    formula = (Symbol(step.operator, reduced), "(", *page.of(operand).formula, ")")
    return Phrase(transposed(page.spell, code, kept, step.out), ATOM, formula, ATOM)


def _matrix(page: Page, step: Matrix) -> Phrase:
    """The inverse of a matrix, its adjugate, its determinant, or the logarithm of that."""
    name = page.name(step.operands[0].value)
    return Phrase(page.spell(step.function, name), ATOM, (Symbol(f"{step.function}({name})", step.out),), ATOM)
