"""The summation rule: where an index that is not free is summed, and where the text cannot be read.

For each part of a tree and each index in it the *standing* of the index is found, parts first:

    OPEN    it stands there once and is not summed there
    POWER   it stands in a whole power of a bare tensor: repetition, if nothing else holds it
    CLOSED  it is repeated inside, so that the part can sum it on its own
    MIXED   some terms of a sum repeat it and some do not
    TWICE   several factors can each sum it on their own

A product in which two factors hold the index sums it, if one of them holds it open.  spec/language.md, Summation.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from einsdiff.elaborate import readings
from einsdiff.errors import IndexMismatchError, Mark, Span
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Differential,
    Differentiate,
    Divide,
    Entrywise,
    FieldDerivative,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Reduce,
    Transpose,
    Tree,
    children,
)


class Standing(Enum):
    """How an index stands in a part of a tree."""

    OPEN = "open"
    POWER = "power"
    CLOSED = "closed"
    MIXED = "mixed"
    TWICE = "twice"


class Held(NamedTuple):
    """The standing of an index in a part, and the places that tell why."""

    standing: Standing
    places: tuple[Span, ...]


Standings = dict[str, Held]


def factors_of(tree: Multiply | Divide) -> list[tuple[Tree, int]]:
    """Return the factors of a product, each with 1, or −1 for a divisor: a quotient is a product of two."""
    if isinstance(tree, Divide):
        return [(tree.numerator, 1), (tree.denominator, -1)]
    return [(factor, 1) for factor in tree.factors]


def whole_exponent(tree: Tree) -> int | None:
    """Return the value of an exponent that is a whole number."""
    value = constant(tree)
    return value.numerator if value is not None and value.denominator == 1 else None


def constant(tree: Tree) -> Fraction | None:
    """Return the value of a tree that is a number: numerals, signs and quotients."""
    match tree:
        case Numeral(value):
            return value
        case Negative(body):
            inner = constant(body)
            return None if inner is None else -inner
        case Divide(left, right):
            a, b = constant(left), constant(right)
            return None if a is None or not b else a / b
        case _:
            return None


def standings(tree: Tree) -> dict[int, Standings]:
    """Return the standing of every index in every part of a tree, by the part's identity."""
    found: dict[int, Standings] = {}
    stack: list[tuple[Tree, bool]] = [(tree, False)]
    while stack:
        part, done = stack.pop()
        if done:
            found[id(part)] = _standing(part, found)
        elif id(part) not in found:
            stack.append((part, True))
            inner = _counted(part)
            stack += [(child, False) for child in inner]
    return found


def _counted(tree: Tree) -> list[Tree]:
    return [f for f, _ in factors_of(tree)] if isinstance(tree, Multiply | Divide) else list(_inner(tree))


def _inner(tree: Tree) -> tuple[Tree, ...]:
    """Return the parts whose indices belong to the notation around them; a matrix-notation argument has none."""
    if isinstance(tree, Call) and tree.indices is not None:
        return ()
    return children(tree)


def _standing(tree: Tree, found: dict[int, Standings]) -> Standings:
    match tree:
        case Numeral():
            return {}
        case Name(_, indices) | Call(_, _, tuple() as indices):
            return _leaf(indices, tree.span)
        case Negative(body):
            return found[id(body)]
        case Add(terms) | Call(_, terms):
            return alike([found[id(t)] for t in terms])
        case Compare(_, left, right):
            return alike([found[id(left)], found[id(right)]])
        case Multiply() | Divide():
            return together([(f.span, found[id(f)]) for f, _ in factors_of(tree)])
        case Raise(base, exponent):
            inner = raised(found[id(base)], tree.span, whole_exponent(exponent), is_bare=isinstance(base, Name))
            return alike([inner, found[id(exponent)]]) if found[id(exponent)] else inner
        case Reduce(operator, indices, body):
            inner = alike([found[id(body)]])
            kept = _leaf(indices, tree.span) if operator == "softmax" else {}
            return {i: held for i, held in inner.items() if i not in {j.name for j in indices}} | kept
        case Differential(body):
            return alike([found[id(body)]])
        case Differentiate(body, wrt):
            return together([(body.span, alike([found[id(body)]])), *((w.span, found[id(w)]) for w in wrt)])
        case FieldDerivative(index, body):
            return together([(body.span, found[id(body)]), (index.span, _leaf((index,), index.span))])
        case Transpose() | Entrywise() | Kronecker():
            return {}


def _leaf(indices: Iterable[object] | None, span: Span) -> Standings:
    names = [i.name for i in indices or () if isinstance(i.name, str)]  # type: ignore[attr-defined]
    return {i: Held(Standing.OPEN if names.count(i) == 1 else Standing.CLOSED, (span,)) for i in names}


def raised(base: Standings, span: Span, whole: int | None, *, is_bare: bool) -> Standings:
    """Return the standings in a power; `whole` is its exponent, if that is a whole number."""
    if whole is None or whole < 2:
        return _nested(base)
    result = {}
    for i, held in base.items():
        if held.standing is Standing.OPEN:
            result[i] = Held(Standing.POWER if is_bare else Standing.CLOSED, (span,))
        elif is_bare:  # A_ii^2 is A_ii A_ii
            result[i] = Held(Standing.TWICE, (span, span))
        else:
            result[i] = _inside(held)
    return result


def _inside(held: Held) -> Held:
    """A power of a bare tensor inside something else can sum its index on its own."""
    return Held(Standing.CLOSED, held.places) if held.standing is Standing.POWER else held


def _nested(held: Standings) -> Standings:
    return {i: _inside(h) for i, h in held.items()}


def alike(terms: list[Standings]) -> Standings:
    """Terms of a sum and arguments of a function: each by itself, and all that hold an index must do so alike."""
    result: Standings = {}
    for term in terms:
        for i, held in _nested(term).items():
            known = result.get(i)
            if known is None or known.standing is Standing.MIXED:
                result[i] = known or held
            elif held.standing is Standing.MIXED:
                result[i] = held
            elif (known.standing is Standing.OPEN) != (held.standing is Standing.OPEN):
                closed, opened = (held, known) if known.standing is Standing.OPEN else (known, held)
                result[i] = Held(Standing.MIXED, (opened.places[0], closed.places[0]))
    return result


def together(factors: list[tuple[Span, Standings]]) -> Standings:
    """Factors of a product."""
    result: Standings = {}
    for i in dict.fromkeys(name for _, f in factors for name in f):
        holding = [(span, f[i]) for span, f in factors if i in f]
        if len(holding) == 1:
            only = holding[0][1]
            result[i] = only if len(factors) == 1 else _inside(only)
            continue
        places = tuple(span for span, _ in holding)
        mixed = next((h for _, h in holding if h.standing is Standing.MIXED), None)
        if mixed is not None:
            result[i] = mixed
        elif any(h.standing in (Standing.OPEN, Standing.POWER) for _, h in holding):
            result[i] = Held(Standing.CLOSED, places)
        else:
            result[i] = Held(Standing.TWICE, places)
    return result


# ------------------------------------------------------------------------------------------------------------- checks


def check_bound(source: str, term: Tree, held: Standings, free: Iterable[str]) -> None:
    """Raise unless every index of an additive term that is not free is summed at one place."""
    known = set(free)
    for i, (standing, places) in held.items():
        if i in known or standing in (Standing.CLOSED, Standing.POWER):
            continue
        if standing is Standing.OPEN:
            raise readings.refuse_alone(source, term, i, places[0])
        if standing is Standing.MIXED:
            raise readings.refuse_mixed(source, term, i, places[0], places[1])
        like = [j for j, other in held.items() if j not in known and other == held[i]]
        raise readings.refuse_twice(source, term, like, places)


def strict(source: str, tree: Tree) -> list[str]:
    """Return the free indices of a text without a left-hand side, in order of appearance.

    Strict Einstein: in a term an index seen twice is summed, once is free, three times or more is an error.
    """
    terms = tree.terms if isinstance(tree, Add) else (tree,)
    found = [(term, _strict_standings(source, term)) for term in terms]
    free = [[i for i, closed in standing.items() if not closed] for _, standing in found]
    for (term, _), here in zip(found[1:], free[1:], strict=True):
        lacking = sorted(set(free[0]) ^ set(here))
        if lacking:
            i = lacking[0]
            having, without = (found[0][0], term) if i in free[0] else (term, found[0][0])
            body = source[tree.span.start : tree.span.stop]
            left = readings.spell(list(dict.fromkeys([*free[0], *here])))
            shown = body if len(body) <= 60 else "…"
            raise IndexMismatchError(
                f"the terms of this sum disagree about {i}: [^] has it, [~] has not",
                source,
                [Mark(having.span), Mark(without.span, "~")],
                rule="without a left-hand side all terms have the same free indices (spec/language.md, Summation)",
                help=f"to repeat a term along {i}, name the result's indices:  Y{left} = {shown}",
            )
    return free[0]


def _strict_standings(source: str, tree: Tree) -> dict[str, bool]:
    """Return the indices of a term in order of appearance, each with whether it is summed in it."""
    found: dict[int, dict[str, bool]] = {}
    stack: list[tuple[Tree, bool]] = [(tree, False)]
    while stack:
        part, done = stack.pop()
        if not done:
            if id(part) not in found:
                stack.append((part, True))
                inner = _counted(part)
                stack += [(child, False) for child in inner]
            continue
        found[id(part)] = _strict_standing(source, part, found)
    return found[id(tree)]


def _strict_standing(source: str, tree: Tree, found: dict[int, dict[str, bool]]) -> dict[str, bool]:
    match tree:
        case Name(_, indices) | Call(_, _, tuple() as indices):
            names = [i.name for i in indices or () if isinstance(i.name, str)]
            return _strict_product(source, tree, [{i: False} for i in names])
        case Multiply() | Divide():
            return _strict_product(source, tree, [found[id(f)] for f, _ in factors_of(tree)])
        case Raise(base, exponent):
            whole = whole_exponent(exponent)
            if whole is None or whole < 2:
                return _strict_sum(source, [(base, found[id(base)]), (exponent, found[id(exponent)])])
            opened = {i: False for i, closed in found[id(base)].items() if not closed}
            closed = {i: True for i, closed in found[id(base)].items() if closed}
            return closed | _strict_product(source, tree, [opened] * whole)
        case Differentiate(body, wrt):
            return _strict_product(source, tree, [found[id(body)], *(found[id(w)] for w in wrt)])
        case FieldDerivative(index, body):
            return _strict_product(source, tree, [{str(index.name): False}, found[id(body)]])
        case Reduce(operator, indices, body):
            names = [str(i.name) for i in indices]
            inner = {i: closed for i, closed in found[id(body)].items() if i not in names}
            return inner | dict.fromkeys(names, False) if operator == "softmax" else inner
        case _:
            return _strict_sum(source, [(child, found[id(child)]) for child in _inner(tree)])


def _strict_product(source: str, tree: Tree, factors: list[dict[str, bool]]) -> dict[str, bool]:
    counts: dict[str, int] = {}
    for f in factors:
        for i, closed in f.items():
            counts[i] = counts.get(i, 0) + (2 if closed else 1)
    for i, times in counts.items():
        if times > 2:
            body = source[tree.span.start : tree.span.stop]
            raise IndexMismatchError(
                f"{i} is seen {times} times in a term [^]",
                source,
                [Mark(tree.span)],
                rule="without a left-hand side an index is seen once or twice in a term (spec/language.md, Summation)",
                help=f"name the result's indices:  y{readings.spell([i])} = {body}   or   s = {body}",
            )
    return {i: times == 2 for i, times in counts.items()}


def _strict_sum(source: str, terms: list[tuple[Tree, dict[str, bool]]]) -> dict[str, bool]:
    result: dict[str, bool] = {}
    first: dict[str, Tree] = {}
    for tree, standing in terms:
        for i, closed in standing.items():
            if result.setdefault(i, closed) != closed:
                raise IndexMismatchError(
                    f"the terms of this sum disagree about {i}: it is repeated at one of [^] [~] only",
                    source,
                    [Mark(tree.span), Mark(first[i].span, "~")],
                    rule="inside a sum either every term repeats an index or none does (spec/language.md, Summation)",
                    help=f"say which is summed with sum{readings.spell([i])}(…)",
                )
            first.setdefault(i, tree)
    return result
