"""Common factors of the terms of a sum: Σ_n a_n X_ni + Σ_n b_n X_ni = Σ_n (a_n + b_n) X_ni, where that costs less."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.redraft import Draft
from einsdiff.program.steps import AnyStep, Combine, Contract, Multiply, Operand

TOUCHED = 4  # the operations that take as long as reading or writing one entry


class Split(NamedTuple):
    """A term of a sum as coefficient · Σ `shared` · `rest`; the labels are the sum's, and others that are summed."""

    place: int
    coefficient: Exact
    shared: Operand
    rest: Operand


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
    groups: dict[tuple[object, ...], list[Split]] = {}
    free = 1 + max((*out, *(n for _, operand in terms for n in operand.labels)), default=-1)
    for place, (coefficient, operand) in enumerate(terms):
        for split in _splits(draft, Split(place, coefficient, operand, operand), free):
            groups.setdefault((type(draft.steps[operand.value]), split.shared), []).append(split)
    found = [g for g in groups.values() if len({s.place for s in g}) == len(g) > 1 and _pays(draft, terms, g, out)]
    return max(found, key=len, default=None)


def _splits(draft: Draft, term: Split, free: int) -> list[Split]:
    """Return the ways in which a term that is used here only is a product; `free` is the first label for its sums."""
    operand = term.shared
    step = draft.steps.get(operand.value)
    if not isinstance(step, Contract | Multiply) or len(step.operands) != 2 or draft.uses[operand.value] > 1:
        return []
    names = dict(zip(step.out, operand.labels, strict=True))
    found = []
    for shared, rest in (step.operands, step.operands[::-1]):
        summed = [n for n in shared.labels if n not in names]
        if set(rest.labels) - set(names) - set(summed) or not shared.labels:
            continue
        at = names | {n: free + k for k, n in enumerate(summed)}
        found.append(term._replace(shared=_moved(shared, at), rest=_moved(rest, at)))
    return found


def _moved(operand: Operand, names: dict[int, int]) -> Operand:
    return Operand(operand.value, tuple(names[n] for n in operand.labels))


def _pays(draft: Draft, terms: Sequence[tuple[Exact, Operand]], group: Sequence[Split], out: Labels) -> bool:
    """Tell whether one product of a sum costs less than a sum of products."""
    sizes = draft.ledger.extent([op for split in group for op in (split.shared, split.rest)])
    values = draft.ledger.values
    shared = group[0].shared
    both = {n for split in group for n in split.rest.labels}
    made = {n for n in (*both, *shared.labels) if n in out}
    inside = prod(sizes[n] for n in both)
    after = inside * (len(group) + TOUCHED) + TOUCHED * sum(values[s.rest.value].entries for s in group)
    after += _cost(sizes, shared.labels, both, made)
    before = 0
    for split in group:
        whole = set(terms[split.place][1].labels)
        before += _cost(sizes, shared.labels, set(split.rest.labels), whole)
        before += TOUCHED * prod(sizes[n] for n in whole)
    before += prod(sizes[n] for n in made) * (len(group) + TOUCHED)
    return after < before


def _cost(sizes: dict[int, int], shared: Labels, rest: set[int], made: set[int]) -> int:
    """Return what a product costs: operations, and entries that are read and written."""
    pieces = [set(shared), rest, made]
    return 2 * prod(sizes[n] for n in {*shared, *rest}) + TOUCHED * sum(prod(sizes[n] for n in p) for p in pieces)


def _product(draft: Draft, group: Sequence[Split], out: Labels) -> Operand:
    """Return Σ shared · (sum of the rests)."""
    shared = group[0].shared
    terms = [(split.coefficient, split.rest) for split in group]
    order = tuple(dict.fromkeys(n for split in group for n in split.rest.labels))
    inside = _gathered(draft, terms, order) or draft.combined(terms, order)
    made = tuple(n for n in out if n in inside.labels or n in shared.labels)
    kind = Multiply if set(shared.labels) <= set(out) else Contract
    return Operand(draft.note(kind, (inside, shared), made), made)
