"""Products that stand on a diagonal of zeros, made where they stand: np.matmul(A, B, out=D), with no array before.

Only products of matrices gain: what is made entry by entry is written as quickly twice, in long rows first.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from einsdiff.program.emit import contract
from einsdiff.program.emit.assemble import Term, add, assembled_formula, part, terms_of
from einsdiff.program.emit.contract import Piece
from einsdiff.program.emit.expressions import added, expression
from einsdiff.program.emit.loops import Loop, Schedule
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import ATOM
from einsdiff.program.plan import pairing
from einsdiff.program.plan.pairing import Way
from einsdiff.program.plan.steps import AnyStep, Assemble, Contract, Plan

LEAST = 64  # entries of an array for which a copy less is worth a statement more


class Placed(NamedTuple):
    """The product that makes a term of an assembled array, the step that assembles it, and how the product is made."""

    steps: tuple[Contract, Assemble]
    term: Term
    way: Way


def placed(plan: Plan, steps: Schedule) -> list[AnyStep | Loop | Placed]:
    """Return the steps of a plan, those together of which one can write where the other wants its array."""
    uses = Counter(op.value for step in plan.steps for op in step.operands)
    uses.update([*(o.value for o in plan.outputs), *(bearer[0] for bearer in plan.bearers if bearer)])
    making = {s.target: s for s in steps if not isinstance(s, Loop)}
    once = {value: step for value, step in making.items() if isinstance(step, Contract) and uses[value] == 1}
    found: dict[int, Placed] = {}
    for step in making.values():
        if isinstance(step, Assemble):
            pair = _pair(plan, step, once)
            if pair is not None:
                found[step.target] = pair
    gone = {pair.steps[0].target for pair in found.values()}
    left = [s for s in steps if isinstance(s, Loop) or s.target not in gone]
    return [s if isinstance(s, Loop) else found.get(s.target, s) for s in left]


def _pair(plan: Plan, step: Assemble, once: dict[int, Contract]) -> Placed | None:
    """Return an assembled array with the largest of its terms that can be made where it stands."""
    terms = terms_of(step)
    if any(t.is_smooth(step.out) for t in terms):
        return None
    for term in sorted(terms, key=lambda t: -plan.values[t.operand.value].entries):
        made = once.get(term.operand.value)
        way = made and _way(plan, made, term, step)
        if made and way:
            return Placed((made, step), term, way)
    return None


def _way(plan: Plan, made: Contract, term: Term, step: Assemble) -> Way | None:
    """Return how a product is made where a term stands, if that pays and nothing large is kept longer for it."""
    names = dict(zip(term.operand.labels, made.out, strict=True))
    last = term.pattern[-1]
    is_within = set(names) == set(term.free) and last in names and term.pattern.count(last) == 1
    if not is_within or len(made.operands) < 2 or plan.values[made.target].entries < LEAST:
        return None
    inputs = {value for _, value in plan.inputs}
    kept = sum(plan.values[op.value].entries for op in made.operands if op.value not in inputs)
    if kept > plan.values[step.target].entries:
        return None
    a, b = (op.labels for op in made.operands)
    sizes = {n: s for op in made.operands for n, s in zip(op.labels, plan.values[op.value].shape, strict=True)}
    return pairing.in_place(a, b, made.out, names[last], sizes)


# ---------------------------------------------------------------------------------------------------------- its text


def write_placed(page: Page, pair: Placed) -> None:
    """Write zeros, the product that is made on their diagonal, and what is added to that."""
    (made, step), chosen = pair.steps, pair.term
    others = [term for term in terms_of(step) if term != chosen]
    operands = (*made.operands, *(term.operand for term in others))
    for operand in operands:
        page.firm(operand.value)
    zeros = page.spell("zeros", "", page.shape(step.target), dtype=page.dtype(operands))
    shown = {made.target: page.seen(made, expression(page, made))}
    name = page.open(step, zeros, assembled_formula(page, step, shown))
    names = dict(zip(made.out, chosen.operand.labels, strict=True))
    target = part(page, name, chosen, tuple(names[n] for n in pair.way.made))
    a, b = _factors(page, made, chosen)
    first, second = contract.matrices(page.spell, a, b, pair.way, page.extent(made.operands))
    page.add(f"np.matmul({first}, {second}, out={target})")
    for term in others:
        add(page, name, term, is_first=False)


def _factors(page: Page, made: Contract, term: Term) -> list[Piece]:
    """Return the factors of a product, the smaller one times the coefficient of the term."""
    smaller = min(made.operands, key=lambda op: page.plan.values[op.value].entries)
    phrases = [added(page, [(term.coefficient if op is smaller else 1, page.of(op))]) for op in made.operands]
    return [Piece(phrase.at(ATOM), op.labels) for phrase, op in zip(phrases, made.operands, strict=True)]
