"""Common factors of the terms of a sum: Σ_n a_n X_ni + Σ_n b_n X_ni = Σ_n (a_n + b_n) X_ni, where that costs less."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Labels, exact
from einsdiff.program.order import contraction_order
from einsdiff.program.redraft import Draft
from einsdiff.program.steps import AnyStep, Combine, Contract, Multiply, Operand

TOUCHED = 4  # the operations that take as long as reading or writing one entry
FACTORS = 4  # a term is opened into this many and at most one more
AXES = 64  # an array has no more


class Split(NamedTuple):
    """A term of a sum as coefficient · Σ `shared` · Π `rest`; the labels are the sum's, and others that are summed.

    `cost` is what the steps cost that make the term.
    """

    place: int
    coefficient: Exact
    shared: Operand
    rest: tuple[Operand, ...]
    cost: int


class Opened(NamedTuple):
    """A term of a sum as coefficient · Σ Π factors, and what the steps cost that make it so far."""

    coefficient: Exact
    factors: tuple[Operand, ...]
    cost: int


def gather(draft: Draft, step: AnyStep) -> int | None:
    """Σ a X + Σ b X = Σ (a + b) X, also where the products are not summed."""
    if not isinstance(step, Combine) or len(step.operands) < 2:
        return None
    found = _gathered(draft, list(zip(step.coefficients, step.operands, strict=True)), step.out)
    return None if found is None else found.value


def _gathered(draft: Draft, terms: list[tuple[Exact, Operand]], out: Labels) -> Operand | None:
    """Return a sum with its common factors taken out, or None where there are none that pay."""
    changed = False
    while True:
        group = _group(draft, terms, out)
        if group is None:
            break
        changed = True
        places = {split.place for split in group}
        first = min(places)
        rest = [term for k, term in enumerate(terms) if k not in places]
        terms = [*rest[:first], (1, _product(draft, group, out)), *rest[first:]]
    if not changed:
        return None
    return terms[0][1] if len(terms) == 1 and terms[0][1].labels == out else draft.combined(terms, out)


def _group(draft: Draft, terms: list[tuple[Exact, Operand]], out: Labels) -> list[Split] | None:
    """Return terms with a common factor that is worth to be taken out."""
    groups: dict[Operand, list[Split]] = {}
    free = 1 + max((*out, *(n for _, operand in terms for n in operand.labels)), default=-1)
    for place, (coefficient, operand) in enumerate(terms):
        for split in _splits(draft, place, _opened(draft, coefficient, operand, free + AXES), free):
            groups.setdefault(split.shared, []).append(split)
    found = [g for g in groups.values() if len({s.place for s in g}) == len(g) > 1 and _pays(draft, terms, g, out)]
    return max(found, key=len, default=None)


def _opened(draft: Draft, coefficient: Exact, term: Operand, free: int) -> Opened:
    """Return a term as a product, as far as the steps that make it are used here only; its sums are from `free` on."""
    found = Opened(coefficient, (term,), 0)
    while len(found.factors) < FACTORS:
        for k, factor in enumerate(found.factors):
            inner = _factors(draft, factor, free)
            if inner is not None:
                coefficient, parts, cost = inner
                factors = (*found.factors[:k], *parts, *found.factors[k + 1 :])
                found = Opened(exact(found.coefficient * coefficient), factors, found.cost + cost)
                free = 1 + max((free - 1, *(n for part in parts for n in part.labels)))
                break
        else:
            break
    return found


def _factors(draft: Draft, factor: Operand, free: int) -> Opened | None:
    """Return the product that a step makes which is used here only, else None."""
    step = draft.steps.get(factor.value)
    if not isinstance(step, Contract | Multiply | Combine) or draft.uses[factor.value] > 1:
        return None
    if len(step.operands) != (1 if isinstance(step, Combine) else 2):
        return None
    names = dict(zip(step.out, factor.labels, strict=True))
    for op in step.operands:
        for n in op.labels:
            names.setdefault(n, free + len(names))
    parts = tuple(Operand(op.value, tuple(names[n] for n in op.labels)) for op in step.operands)
    coefficient = step.coefficients[0] if isinstance(step, Combine) else 1
    return Opened(coefficient, parts, _cost(draft.ledger.extent(list(parts)), parts, factor.labels))


def _splits(draft: Draft, place: int, term: Opened, free: int) -> list[Split]:
    """Return the ways in which a term is a product of two; `free` is the first label for the sums over both."""
    found = []
    for k, shared in enumerate(term.factors):
        rest = (*term.factors[:k], *term.factors[k + 1 :])
        if not rest or not shared.labels:
            continue
        summed = [n for n in shared.labels if n >= free]
        names = {n: free + k for k, n in enumerate(summed)}
        shared, *others = (Operand(op.value, tuple(names.get(n, n) for n in op.labels)) for op in (shared, *rest))
        found.append(Split(place, term.coefficient, shared, tuple(others), term.cost))
    return found


def _pays(draft: Draft, terms: Sequence[tuple[Exact, Operand]], group: Sequence[Split], out: Labels) -> bool:
    """Tell whether one product of a sum costs less than a sum of products."""
    sizes = draft.ledger.extent([op for split in group for op in (split.shared, *split.rest)])
    shared = group[0].shared
    rests = [_kept(split, out) for split in group]
    both = {n for rest in rests for n in rest}
    made = {n for n in (*both, *shared.labels) if n in out}
    after = prod(sizes[n] for n in both) * (len(group) + TOUCHED)
    for split, rest in zip(group, rests, strict=True):
        after += TOUCHED * prod(sizes[n] for n in rest)
        if len(split.rest) > 1:
            after += _product_cost(sizes, split.rest, rest)
    after += _cost(sizes, [shared, Operand(0, tuple(both))], tuple(made))
    before = prod(sizes[n] for n in made) * (len(group) + TOUCHED)
    before += sum(split.cost + TOUCHED * prod(sizes[n] for n in terms[split.place][1].labels) for split in group)
    return after < before


def _kept(split: Split, out: Labels) -> list[int]:
    """Return the labels that the rest of a term has when its own sums are carried out."""
    labels = dict.fromkeys(n for op in split.rest for n in op.labels)
    return [n for n in labels if n in out or n in split.shared.labels]


def _product_cost(sizes: dict[int, int], factors: Sequence[Operand], kept: Sequence[int]) -> int:
    """Return what a product of several factors costs."""
    present = dict(enumerate(factors))
    labels = [frozenset(op.labels) for op in factors]
    cost = 0
    for number, (a, b) in enumerate(contraction_order(labels, frozenset(kept), sizes), len(factors)):
        pair = [present.pop(a), present.pop(b)]
        others = {*kept, *(n for op in present.values() for n in op.labels)}
        made = tuple(dict.fromkeys(n for op in pair for n in op.labels if n in others))
        cost += _cost(sizes, pair, made)
        present[number] = Operand(0, made)
    return cost


def _cost(sizes: dict[int, int], factors: Sequence[Operand], made: Labels) -> int:
    """Return what a product costs: operations, and entries that are read and written."""
    pieces = [*(op.labels for op in factors), made]
    whole = {n for op in factors for n in op.labels}
    return len(factors) * prod(sizes[n] for n in whole) + TOUCHED * sum(prod(sizes[n] for n in p) for p in pieces)


def _product(draft: Draft, group: Sequence[Split], out: Labels) -> Operand:
    """Return Σ shared · (sum of the rests)."""
    shared = group[0].shared
    terms = [(split.coefficient, _rest(draft, split, out)) for split in group]
    order = tuple(dict.fromkeys(n for _, rest in terms for n in rest.labels))
    inside = _gathered(draft, terms, order) or draft.combined(terms, order)
    made = tuple(n for n in out if n in inside.labels or n in shared.labels)
    kind = Multiply if set(shared.labels) <= set(out) else Contract
    return Operand(draft.note(kind, (inside, shared), made), made)


def _rest(draft: Draft, split: Split, out: Labels) -> Operand:
    if len(split.rest) == 1 and set(split.rest[0].labels) <= {*out, *split.shared.labels}:
        return split.rest[0]
    return draft.product(split.rest, _kept(split, out))
