"""One step as statements: arrays that are filled part by part, and what is one expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.emit import contract
from einsdiff.program.emit.contract import Piece
from einsdiff.program.emit.dialect import Core
from einsdiff.program.emit.expressions import added, expression, magnitude, scaled
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import ATOM, PLUS, TIMES, Formula, Phrase, Symbol
from einsdiff.program.plan.steps import AnyStep, Assemble, Operand


def write(page: Page, step: AnyStep) -> None:
    """Write one step on the page."""
    if isinstance(step, Assemble):
        (assemble if page.dialect.embed is None else _embed)(page, step)
    else:
        page.put(step, expression(page, step))


class Window(NamedTuple):
    """The part of an axis that a round of a loop makes: the axis, and the code of a slice."""

    axis: int
    code: str


class Term(NamedTuple):
    """One term of an assembled array: coefficient · operand, where the pattern says."""

    coefficient: Exact
    operand: Operand
    pattern: Labels
    places: tuple[tuple[int, int], ...]

    @property
    def free(self) -> Labels:
        """The labels that run in the part of the array where the term stands."""
        return tuple(dict.fromkeys(n for n in self.pattern if n not in dict(self.places)))

    def is_smooth(self, out: Labels) -> bool:
        """Tell whether the term stands on no diagonal and in no component."""
        return self.pattern == out and not self.places

    def covers(self, out: Labels) -> bool:
        """Tell whether the term is an array like the result."""
        return self.is_smooth(out) and self.operand.labels == out


def terms_of(step: Assemble) -> list[Term]:
    """Return the terms of an assembled array."""
    return [Term(*row) for row in zip(step.coefficients, step.operands, step.patterns, step.places, strict=True)]


def assemble(page: Page, step: Assemble, window: Window | None = None) -> None:
    """Zeros, and into their diagonals and components what stands there; or that added to the array that comes first.

    In a loop `window` has the axis of which each round makes a part.
    """
    terms = terms_of(step)
    is_repeated = len(terms) == 1 and terms[0].is_smooth(step.out)
    if not is_repeated:
        for operand in step.operands:
            page.firm(operand.value)
    formula = assembled_formula(page, step)
    if is_repeated:
        page.put(step, Phrase(_repeated(page, step), ATOM, formula, PLUS))
        return
    dtype = page.dtype(step.operands)
    zeros = page.spell("zeros", "", page.shape(step.target), dtype=dtype)
    if not terms:
        page.put(step, Phrase(zeros, ATOM, ("0",), ATOM))
        return
    is_alike = page.is_uniform or len({op.value for op in step.operands}) == 1
    is_covered = terms[0].covers(step.out) and (is_alike or terms[0].coefficient == 1)
    if is_covered and is_alike:
        page.needs_one_dtype |= any(not page.is_constant(op.value) for op in step.operands[1:])
    if is_covered and terms[0].coefficient != 1:
        name = page.open(step, added(page, [(terms[0].coefficient, page.of(terms[0].operand))]).code, formula)
    elif is_covered and is_alike and page.is_spent(step):
        name = page.take_over(step, formula)
    else:
        first = page.name(step.operands[0].value)
        copy = page.spell("copy", first) if is_alike else page.spell("copy as", first, dtype=dtype)
        name = page.open(step, copy if is_covered else zeros, formula)
    for k, term in enumerate(terms):
        if k or not is_covered:
            add(page, name, term, window, is_first=not k)


def _repeated(page: Page, step: Assemble) -> str:
    """Return the code of an array that is constant along some axes."""
    (operand,) = step.operands
    code, shape = page.spread(operand, step.out).code, page.shape(step.target)
    if page.is_constant(operand.value):
        return page.spell("full", code, shape, dtype=page.common())
    return page.spell("repeat", code, shape)


def add(page: Page, name: str, term: Term, window: Window | None = None, *, is_first: bool) -> None:
    """Write the statement that adds a term to an array; the first one finds zeros there."""
    target = part(page, name, term, window=window)
    if not target.endswith("]"):
        target = f"{target}[...]"
    size = magnitude(term.coefficient)
    if is_first:
        found = added(page, [(term.coefficient, page.spread(term.operand, term.free))])
        page.add(f"{target} = {found.code}")
    else:
        code, _ = scaled(page, size, page.spread(term.operand, term.free))
        page.add(f"{target} {'+' if size == term.coefficient else '-'}= {code}")


def part(page: Page, name: str, term: Term, order: Labels = (), window: Window | None = None) -> str:
    """Return the code of the part of an array where a term stands, its axes in the wanted order."""
    fixed, free = dict(term.places), term.free
    labels = [n for n in term.pattern if n not in fixed]
    entries = [str(fixed[n] - 1) if n in fixed else ":" for n in term.pattern]
    if window:
        tied = [axis for axis, n in enumerate(term.pattern) if axis != window.axis and n == window.axis]
        entries = [window.code if axis in tied else entry for axis, entry in enumerate(entries)]
    while entries and entries[-1] == ":":
        entries.pop()
    code = f"{name}[{', '.join(entries)}]" if entries else name
    if len(free) < len(labels):
        return contract.einsum(page.spell, [Piece(code, tuple(labels))], order or free)
    return contract.transposed(page.spell, code, labels, order or free)


def _embed(page: Page, step: Assemble) -> None:
    """The sum of what stands on diagonals and in components, each an array with zeros around it."""
    embed = page.dialect.embed
    assert embed is not None, "arrays of this library are not written to"
    shape = page.shape(step.target)
    sizes = [page.size(c) for c in page.plan.values[step.target].classes]
    formula = assembled_formula(page, step)
    terms: list[tuple[Exact, Phrase]] = []
    covered: set[int] = set()
    for coefficient, operand, pattern, places in terms_of(step):
        fixed = dict(places)
        covered.update(axis for axis, n in enumerate(pattern) if n in operand.labels or n in fixed)
        covered.update(axis for axis, n in enumerate(pattern) if pattern.count(n) > 1)
        if pattern == step.out and not fixed:
            terms.append((coefficient, page.spread(operand, step.out)))
            continue
        code, dtype = page.of(operand).at(ATOM), page.common()
        if page.is_constant(operand.value):
            code = page.spell("constant", code, dtype=dtype)
        made = embed(page.spell, Core(code, operand.labels, pattern, fixed, sizes, dtype))
        terms.append((coefficient, Phrase(made, ATOM, (), ATOM)))
    if not terms:
        page.put(step, Phrase(page.spell("zeros", "", shape, dtype=page.common()), ATOM, ("0",), ATOM))
        return
    found = added(page, terms)
    if len(covered) < len(pattern):
        is_constant = all(page.is_constant(op.value) for op in step.operands) and not covered
        code, operation = (found.code, "full") if is_constant else (found.at(ATOM), "repeat")
        found = Phrase(page.spell(operation, code, shape, dtype=page.common()), ATOM, formula, PLUS)
    page.put(step, found._replace(formula=formula, formula_bind=PLUS))


def assembled_formula(page: Page, step: Assemble, shown: Mapping[int, Phrase] | None = None) -> Formula:
    """Return the formula of an assembled array, with its δ; `shown` has what stands for values that have no name."""
    found: list[str | Symbol] = []
    for coefficient, operand, pattern, places in terms_of(step):
        found.append((" - " if coefficient < 0 else " + ") if found else ("-" if coefficient < 0 else ""))
        if magnitude(coefficient) != 1:
            found.append(f"{magnitude(coefficient)} ")
        known = shown and shown.get(operand.value)
        phrase = known.moved(dict(enumerate(operand.labels))) if known else page.of(operand)
        found += phrase.formula_at(TIMES)
        found += [p for axis, n in enumerate(pattern) if axis != n for p in (" ", Symbol("δ", (n, axis)))]
        found += [p for n, place in places for p in (" ", Symbol("δ", (n, str(place))))]
    return tuple(found)
