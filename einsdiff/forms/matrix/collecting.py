"""Sums of entrywise products with their common factors taken out: w ⊙ (1 − 2 p) for (1 − p) ⊙ w − p ⊙ w."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, exact
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.tree import ONE, Form

Powers = Mapping[Form, Exact]


TERMS = 12
"""How many terms one term may be multiplied out into."""


class Term(NamedTuple):
    """A term: its scalars, and the exponent of each factor that goes entry by entry."""

    scalars: tuple[Form, ...]
    powers: Powers


def collected(form: Form) -> Form | None:
    """Return a sum in which the terms that share most have their common factor in front, or None."""
    if form.head != "sum" or form.shape == "s":
        return None
    if form.shape == "r":
        turned = collected(makers.transpose(form))
        return None if turned is None else makers.transpose(turned)
    terms = [_term(t) for t in form.parts]
    opened = _multiplied_out(form, terms)
    if opened is not None:
        return opened
    shared = Counter(base for t in terms for base, e in t.powers.items() if len(t.powers) > 1 or e != 1)
    for base, times in shared.most_common():
        chosen = [k for k, t in enumerate(terms) if base in t.powers]
        is_whole = len(chosen) == len(terms)
        chosen = chosen if is_whole else [k for k in chosen if len(terms[k].powers) > 1]
        if times == 0 or len(chosen) < 2:
            continue
        common = _common([terms[k].powers for k in chosen])
        if not common or not _is_better([terms[k] for k in chosen], common):
            continue
        inside = makers.add([_without(terms[k], common) for k in chosen])
        factor = [makers.entrywise_power(b, e) for b, e in common.items() if e > 0]
        divisor = [makers.entrywise_power(b, exact(-e)) for b, e in common.items() if e < 0]
        whole = makers.hadamard([*factor, inside], divisor)
        return makers.add([whole, *(t for k, t in enumerate(form.parts) if k not in chosen)])
    return None


def _multiplied_out(form: Form, terms: Sequence[Term]) -> Form | None:
    """Return a sum without sums as factors, where that takes fewer names: 2 p ⊙ y − y for p ⊙ y − (1 − p) ⊙ y."""
    found: list[Form] = []
    for t in terms:
        pieces = [makers.multiply([*t.scalars, ONE])]
        for base, e in t.powers.items():
            is_sum = base.head == "sum" and e == 1 and len(t.powers) > 1
            inside = base.parts if is_sum else (makers.entrywise_power(base, e),)
            pieces = [makers.hadamard([p, q]) for p in pieces for q in inside]
            if len(pieces) > TERMS:
                return None
        found += pieces
    if len(found) == len(terms):
        return None
    whole = makers.add(found)
    return whole if tree.degree(whole) < tree.degree(form) else None


def _term(term: Form) -> Term:
    if term.shape == "s":
        return Term((term,), {})
    scalars, chain = makers.split(term)
    body = makers.multiply(chain)
    powers: dict[Form, Exact] = {}
    if len(chain) == 1 and body.head == "entrywise":
        for part, sign in makers.entrywise_factors(body):
            base, e = makers.split_entrywise_power(part)
            powers[base] = exact(Fraction(powers.get(base, 0)) + sign * Fraction(e))
    else:
        powers[body] = 1
    return Term(tuple(scalars), powers)


def _common(powers: Sequence[Powers]) -> dict[Form, Exact]:
    """Return the powers that all have: the least of positive ones, and negative ones that are equal."""
    found: dict[Form, Exact] = {}
    for base in powers[0]:
        exponents = [p.get(base, 0) for p in powers]
        if all(e == exponents[0] for e in exponents) or all(e > 0 for e in exponents):
            found[base] = min(exponents)
    return {b: e for b, e in found.items() if e != 0 and b.shape != "s"}


def _is_better(terms: Sequence[Term], common: Powers) -> bool:
    """Tell whether no term is left as 1 beside mere powers, x + x .^ 3, nor beside a diagonal, where 1 is read as I."""
    left = [{b for b, e in t.powers.items() if e != common.get(b, 0)} for t in terms]
    if all(left):
        return True
    return any(left) and all(not s or s - set(common) for s in left) and not any(map(_is_diagonal, set().union(*left)))


def _is_diagonal(form: Form) -> bool:
    return form.is_diagonal or form == tree.IDENTITY or (form.name == "diag" and form.shape == "m")


def _without(term: Term, common: Powers) -> Form:
    """Return a term without the common factor."""
    powers = {b: exact(Fraction(e) - Fraction(common.get(b, 0))) for b, e in term.powers.items()}
    above = [makers.entrywise_power(b, e) for b, e in powers.items() if e > 0]
    below = [makers.entrywise_power(b, exact(-e)) for b, e in powers.items() if e < 0]
    return makers.multiply([*term.scalars, makers.hadamard(above, below) if above or below else ONE])
