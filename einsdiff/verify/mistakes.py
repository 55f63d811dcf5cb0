"""The nearest mistake: small changes of a formula are tried, the simplest first, until the claim holds.

Each row of `ROWS` says in words what is wrong, and yields the formula in which it is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, pairwise
from typing import NamedTuple

from einsdiff.elaborate.kinds import Kind
from einsdiff.text.tree import (
    Add,
    Call,
    Differential,
    Differentiate,
    Divide,
    Entrywise,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Transpose,
    Tree,
    children,
    with_children,
)

MOST, PARTS, PAIRS = 160, 6000, 100_000
"""Changes that are tried at most, and parts, and pairs of parts, of all changed formulas together."""
LETTERS = 6
"""Indices of a formula that are exchanged at most."""
WHOLES = frozenset(["inv", "adj", "diag"])
"""Functions whose value is a matrix that can be transposed."""


class Change(NamedTuple):
    """What is wrong with a formula, and the formula in which it is not."""

    text: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Context:
    """What a change must know of the claim: its text, and the kinds of its names in matrix notation."""

    source: str
    kinds: Mapping[str, Kind]
    is_index: bool

    def text(self, tree: Tree) -> str:
        """Return a part as it was written."""
        text = " ".join(self.source[tree.span.start : tree.span.stop].split())
        while isinstance(tree, Add | Multiply) and text.startswith("(") and text.endswith(")"):
            text = text[1:-1]
        return text

    def is_name(self, tree: Tree, *kinds: Kind) -> bool:
        """Whether a part is a name of one of these kinds."""
        return isinstance(tree, Name) and self.kinds.get(tree.name) in kinds

    def can_turn(self, tree: Tree) -> bool:
        """Whether a part can be transposed: a vector or a matrix, as far as its head tells."""
        if self.is_index or isinstance(tree, Transpose):
            return False
        if isinstance(tree, Call):
            return tree.name in WHOLES
        if isinstance(tree, Raise):
            return self.can_turn(tree.base)
        if isinstance(tree, Differential):
            return self.can_turn(tree.body)
        return self.is_name(tree, Kind.VECTOR, Kind.MATRIX) or isinstance(tree, Add | Multiply | Kronecker | Entrywise)


Rule = Callable[[Tree, Context], Iterator[Change]]

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _terms(tree: Tree) -> tuple[Tree, ...]:
    return tree.terms[: len(ORDINALS)] if isinstance(tree, Add) else ()


def _with(parts: tuple[Tree, ...], k: int, part: Tree) -> tuple[Tree, ...]:
    return (*parts[:k], part, *parts[k + 1 :])


def negated(tree: Tree) -> Tree:
    """Return −tree."""
    return tree.body if isinstance(tree, Negative) else Negative(tree, tree.span)


def scaled(tree: Tree, factor: Fraction) -> Tree:
    """Return a number times a formula."""
    if factor == -1:
        return negated(tree)
    number: Tree = Numeral(abs(factor), tree.span)
    whole = Multiply((number, tree), tree.span)
    return Negative(whole, tree.span) if factor < 0 else whole


# --------------------------------------------------------------------------------------------------------------- rules


def sign_of_a_term(tree: Tree, _: Context) -> Iterator[Change]:
    """A − b for a + b."""
    for k, term in enumerate(_terms(tree)):
        assert isinstance(tree, Add)
        whole = replace(tree, terms=_with(tree.terms, k, negated(term)))
        yield Change(f"the sign of the {ORDINALS[k]} term is wrong", whole)


def factor_of_a_term(tree: Tree, context: Context) -> Iterator[Change]:
    """2 a + b for a + b, and a + b for 2 a + b."""
    for k, term in enumerate(_terms(tree)):
        assert isinstance(tree, Add)
        name = context.text(term.body if isinstance(term, Negative) else term)
        for factor in (Fraction(2), Fraction(1, 2)):
            whole = replace(tree, terms=_with(tree.terms, k, scaled(term, factor)))
            yield Change(f"a factor {factor} is missing in {name}", whole)


def term_too_many(tree: Tree, context: Context) -> Iterator[Change]:
    """A for a + b."""
    terms = _terms(tree)
    for k, term in enumerate(terms):
        assert isinstance(tree, Add)
        rest = tree.terms[:k] + tree.terms[k + 1 :]
        whole = rest[0] if len(rest) == 1 else replace(tree, terms=rest)
        name = context.text(term.body if isinstance(term, Negative) else term)
        yield Change(f"the term {name} is one too many", whole)


def transpose(tree: Tree, context: Context) -> Iterator[Change]:
    """A' for A, and A for A'."""
    if isinstance(tree, Transpose):
        yield Change(f"{context.text(tree.body)} should not be transposed", tree.body)
    elif context.can_turn(tree):
        yield Change(f"a transpose is missing on {context.text(tree)}", Transpose(tree, tree.span))


def swapped_factors(tree: Tree, context: Context) -> Iterator[Change]:
    """B A for A B."""
    if isinstance(tree, Kronecker):
        text = f"two factors are swapped: {context.text(tree.left)} and {context.text(tree.right)}"
        yield Change(text, replace(tree, left=tree.right, right=tree.left))
    if not isinstance(tree, Multiply) or context.is_index:
        return
    places = [k for k, f in enumerate(tree.factors) if not isinstance(f, Numeral | Divide)]
    for a, b in combinations(places, 2):
        first, second = tree.factors[a], tree.factors[b]
        if b > a + 1 and _are_alike(first, second, context):  # x'x y'y for x'y x'y: of two products, not of one
            continue
        factors = _with(_with(tree.factors, a, second), b, first)
        text = f"two factors are swapped: {context.text(first)} and {context.text(second)}"
        yield Change(text, replace(tree, factors=factors))


def _are_alike(a: Tree, b: Tree, context: Context) -> bool:
    """Whether two factors are two vectors, or two vectors transposed."""
    if isinstance(a, Transpose) and isinstance(b, Transpose):
        a, b = a.body, b.body
    return all(isinstance(f, Name) and context.kinds.get(f.name) == Kind.VECTOR for f in (a, b))


def swapped_indices(tree: Tree, context: Context) -> Iterator[Change]:
    """A_ji for A_ij."""
    if not isinstance(tree, Name | Call) or not tree.indices:
        return
    for a, b in combinations(range(len(tree.indices)), 2):
        order = list(tree.indices)
        order[a], order[b] = order[b], order[a]
        yield Change(f"two indices are swapped in {context.text(tree)}", replace(tree, indices=tuple(order)))


def exchanged(tree: Tree, letters: tuple[str, str]) -> Tree:
    """Return a formula in index notation with two letters exchanged."""
    a, b = letters
    parts = tuple(exchanged(part, letters) for part in children(tree))
    tree = with_children(tree, parts) if parts else tree
    if not isinstance(tree, Name | Call) or not tree.indices:
        return tree
    other = {a: b, b: a}
    return replace(tree, indices=tuple(replace(i, name=other.get(str(i.name), i.name)) for i in tree.indices))


def exchanged_letters(tree: Tree, context: Context) -> Iterator[Change]:
    """x_l y_k for x_k y_l, of a whole formula."""
    if not context.is_index:
        return
    letters = dict.fromkeys(
        i.name for p in _places(tree) if isinstance(part := _part(tree, p), Name | Call) for i in part.indices or ()
    )
    named = [name for name in letters if isinstance(name, str)][:LETTERS]
    for a, b in combinations(named, 2):
        yield Change(f"the indices {a} and {b} are exchanged", exchanged(tree, (a, b)))


def inverse(tree: Tree, context: Context) -> Iterator[Change]:
    """inv(A) for A, and A for inv(A)."""
    if isinstance(tree, Call) and tree.name == "inv":
        yield Change(f"{context.text(tree.arguments[0])} should not be inverted", tree.arguments[0])
    elif context.is_name(tree, Kind.MATRIX):
        yield Change(f"an inverse is missing on {context.text(tree)}", Call("inv", (tree,), None, tree.span, tree.span))


def square(tree: Tree, context: Context) -> Iterator[Change]:
    """‖x‖² for ‖x‖, and x for x²."""
    if isinstance(tree, Raise) and tree.exponent == Numeral(Fraction(2), tree.exponent.span):
        yield Change(f"{context.text(tree.base)} should not be squared", tree.base)
    elif (isinstance(tree, Call) and tree.name.startswith("norm")) or context.is_name(tree, Kind.SCALAR):
        two = Numeral(Fraction(2), tree.span)
        yield Change(f"a square is missing on {context.text(tree)}", Raise(tree, two, tree.span))


def power_of_entries(tree: Tree, context: Context) -> Iterator[Change]:
    """A.^2 for A^2."""
    if isinstance(tree, Raise) and not context.is_index:
        whole = Entrywise("^", tree.base, tree.exponent, tree.span)
        yield Change(f"{context.text(tree)} should be taken entry by entry, with .^", whole)


def kind_of_product(tree: Tree, context: Context) -> Iterator[Change]:
    """A .* B for A B, and A B for A .* B."""
    if context.is_index:
        return
    if isinstance(tree, Entrywise) and tree.operator == "*":
        text = f"{context.text(tree)} should be a product of matrices"
        yield Change(text, Multiply((tree.left, tree.right), tree.span))
    elif isinstance(tree, Multiply):
        kinds = Transpose | Multiply | Call
        places = [k for k, f in enumerate(tree.factors) if context.can_turn(f) or isinstance(f, kinds)]
        for a, b in pairwise(places):
            if b == a + 1:
                first, second = tree.factors[a], tree.factors[b]
                both = Entrywise("*", first, second, first.span.to(second.span))
                factors = (*tree.factors[:a], both, *tree.factors[b + 1 :])
                whole = replace(tree, factors=factors) if len(factors) > 1 else both
                names = f"{context.text(first)} and {context.text(second)}"
                yield Change(f"the product of {names} should go entry by entry", whole)


def diagonal(tree: Tree, context: Context) -> Iterator[Change]:
    """diag(x) for x, and x for diag(x)."""
    if isinstance(tree, Call) and tree.name == "diag" and len(tree.arguments) == 1:
        yield Change(f"diag is too much on {context.text(tree.arguments[0])}", tree.arguments[0])
    elif context.is_name(tree, Kind.VECTOR) or (isinstance(tree, Call | Add | Entrywise) and not context.is_index):
        yield Change(f"diag({context.text(tree)}) is meant", Call("diag", (tree,), None, tree.span, tree.span))


ROWS: tuple[Rule, ...] = (
    sign_of_a_term,
    transpose,
    swapped_indices,
    exchanged_letters,
    swapped_factors,
    factor_of_a_term,
    term_too_many,
    square,
    inverse,
    power_of_entries,
    diagonal,
    kind_of_product,
)
"""What can be wrong with a part of a formula, the simplest first."""


def changes(tree: Tree, context: Context) -> Iterator[Change]:
    """Yield the formulas in which one small thing is changed, the simplest changes first, `MOST` at most."""
    count, places = 0, list(_places(tree))
    most = min(MOST, PARTS // len(places), PAIRS // len(places) ** 2)
    for rule in ROWS:
        for place in places if rule is not exchanged_letters else [()]:
            part = _part(tree, place)
            if rule is transpose and place and isinstance(_part(tree, place[:-1]), Transpose):
                continue
            for text, changed in rule(part, context):
                yield Change(text, _replaced(tree, place, changed))
                count += 1
                if count >= most:
                    return


def _places(tree: Tree, here: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield the place of every part that is not inside a derivative: the numbers of the children on the way to it."""
    stack: list[tuple[Tree, tuple[int, ...]]] = [(tree, here)]
    while stack:
        part, place = stack.pop()
        yield place
        if not isinstance(part, Differentiate | Differential) and len(place) < 40:
            stack += [(child, (*place, k)) for k, child in reversed(list(enumerate(children(part))))]


def _part(tree: Tree, place: tuple[int, ...]) -> Tree:
    for k in place:
        tree = children(tree)[k]
    return tree


def _replaced(tree: Tree, place: tuple[int, ...], by: Tree) -> Tree:
    """Return a tree with another part at a place."""
    if not place:
        return by
    inner = _replaced(children(tree)[place[0]], place[1:], by)
    return with_children(tree, _with(children(tree), place[0], inner))
