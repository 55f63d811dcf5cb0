"""Common factors of the terms of a sum: Σ_n a_n X_ni + Σ_n b_n X_ni = Σ_n (a_n + b_n) X_ni, where that costs less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Labels, exact
from einsdiff.program.passes.redraft import Draft
from einsdiff.program.plan.order import contraction_order
from einsdiff.program.plan.steps import AnyStep, Combine, Contract, Multiply, Operand

TOUCHED = 16  # the operations that take as long as reading or writing one entry
FACTORS = 4  # a term is opened into this many and at most one more
AXES = 64  # an array has no more


class Split(NamedTuple):
    """A term of a sum as coefficient · Σ Π `shared` · Π `rest`; the labels are the sum's, and others that are summed.

    `cost` is what the steps cost that make the term.
    """

    place: int
    coefficient: Exact
    shared: tuple[Operand, ...]
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
    return draft.combined(terms, out) if changed else None


def _group(draft: Draft, terms: list[tuple[Exact, Operand]], out: Labels) -> list[Split] | None:
    """Return the terms with common factors that save most when they are taken out."""
    groups: dict[tuple[Operand, ...], dict[int, Split]] = {}
    free = 1 + max((*out, *(n for _, operand in terms for n in operand.labels)), default=-1)
    for place, (coefficient, operand) in enumerate(terms):
        for split in _splits(place, _opened(draft, coefficient, operand, free + AXES), free):
            groups.setdefault(split.shared, {}).setdefault(place, split)
    found = [list(group.values()) for group in groups.values() if len(group) > 1]
    saved = [_saved(draft, terms, group, out) for group in found]
    best = max(range(len(found)), key=saved.__getitem__, default=None)
    return found[best] if best is not None and saved[best] > 0 else None


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
    parts = tuple(op.renamed(names) for op in step.operands)
    coefficient = step.coefficients[0] if isinstance(step, Combine) else 1
    return Opened(coefficient, parts, _cost(draft.ledger.extent(parts), parts, factor.labels))


def _splits(place: int, term: Opened, free: int) -> Iterator[Split]:
    """Return the ways in which a term is a product of two; `free` is the first label for the sums over both."""
    count = len(term.factors)
    for size in range(1, count):
        for chosen in combinations(range(count), size):
            shared = sorted(term.factors[k] for k in chosen)
            rest = [term.factors[k] for k in range(count) if k not in chosen]
            summed = dict.fromkeys(n for op in shared for n in op.labels if n >= free)
            if any(op.labels for op in shared):
                names = {n: free + k for k, n in enumerate(summed)}
                yield Split(place, term.coefficient, _moved(shared, names), _moved(rest, names), term.cost)


def _moved(factors: Sequence[Operand], names: dict[int, int]) -> tuple[Operand, ...]:
    return tuple(op.renamed(names) for op in factors)


def _saved(draft: Draft, terms: Sequence[tuple[Exact, Operand]], group: Sequence[Split], out: Labels) -> int:
    """Return how much less one product of a sum costs than a sum of products."""
    sizes = draft.ledger.extent([op for split in group for op in (*split.shared, *split.rest)])
    shared = group[0].shared
    rests = [_kept(split, out) for split in group]
    both = tuple({n for rest in rests for n in rest})
    made = tuple({n for op in (*shared, Operand(0, both)) for n in op.labels if n in out})
    after = prod(sizes[n] for n in both) * (len(group) + TOUCHED)
    for split, rest in zip(group, rests, strict=True):
        after += TOUCHED * prod(sizes[n] for n in rest) + _product_cost(sizes, split.rest, rest)
    after += _product_cost(sizes, [*shared, Operand(0, both)], made)
    before = prod(sizes[n] for n in made) * (len(group) + TOUCHED)
    before += sum(split.cost + TOUCHED * prod(sizes[n] for n in terms[split.place][1].labels) for split in group)
    return before - after


def _kept(split: Split, out: Labels) -> list[int]:
    """Return the labels that the rest of a term has when its own sums are carried out."""
    tied = {*out, *(n for op in split.shared for n in op.labels)}
    return list(dict.fromkeys(n for op in split.rest for n in op.labels if n in tied))


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
    """Return Σ Π shared · (sum of the rests)."""
    terms = [(split.coefficient, _rest(draft, split, out)) for split in group]
    order = tuple(dict.fromkeys(n for _, rest in terms for n in rest.labels))
    inside = _gathered(draft, terms, order) or draft.combined(terms, order)
    return draft.product([inside, *group[0].shared], out, out)


def _rest(draft: Draft, split: Split, out: Labels) -> Operand:
    kept = _kept(split, out)
    if len(split.rest) == 1 and len(kept) == len(split.rest[0].labels):
        return split.rest[0]
    return draft.product(split.rest, kept)
