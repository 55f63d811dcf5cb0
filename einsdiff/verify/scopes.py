"""The summation rule, taken literally: a tree as written → a tree in which every sum is written out.

Afterwards every bound index is bound by a `Reduce` and has a name of its own (`i'1`, `i'2` …); the free indices keep
their names.  This is the reference reading for the tests and shares nothing with elaboration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count

from einsdiff.errors import AmbiguityError, IndexMismatchError
from einsdiff.functions import TENSOR_FUNCTIONS
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Differential,
    Differentiate,
    Divide,
    Entrywise,
    FieldDerivative,
    Index,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Reduce,
    Transpose,
    Tree,
)


def write_sums(body: Tree, free: tuple[str, ...] | None) -> tuple[tuple[str, ...], Tree]:
    """Return the free indices in order and `body` with every sum written out; `free` is None without a left side.

    >>> from einsdiff.text.parser import parse
    >>> write_sums(parse("A_ij x_j").statements[0].body, None)[0]
    ('i',)
    """
    if free is not None and len(set(free)) < len(free):
        raise IndexMismatchError("an index stands on the left once")
    rule = _Rule(strict=free is None)
    placed = rule.place(body, frozenset(free or ()))
    opened = tuple(dict.fromkeys(occurrences(placed)))
    if free is None:
        _demand_equal_terms(placed)
        free = opened
    for name in opened:
        if name not in free:
            raise IndexMismatchError(f"{name} is neither repeated nor on the left")
    numbers = count(1)
    return free, _rename(placed, {name: name for name in free}, lambda name: f"{name}'{next(numbers)}")


def parts(tree: Tree) -> tuple[Tree, ...]:
    """Return the parts in which this node's indices can occur; the argument of `inv(A)_ij` has none."""
    match tree:
        case Name() | Numeral():
            return ()
        case Call() if is_whole(tree):
            return ()
        case Call(_, arguments):
            return arguments
        case Add(several) | Multiply(several):
            return several
        case Negative(body) | Reduce(_, _, body) | FieldDerivative(_, body) | Transpose(body) | Differential(body):
            return (body,)
        case Divide(left, right) | Raise(left, right) | Kronecker(left, right):
            return (left, right)
        case Compare(_, left, right) | Entrywise(_, left, right):
            return (left, right)
        case Differentiate(body, wrt):
            return (body, *wrt)


def is_whole(call: Call) -> bool:
    """Return whether the arguments are whole tensors in matrix notation: `f_i(x)`, `det(A)`."""
    return call.indices is not None or call.name in TENSOR_FUNCTIONS


def own_indices(tree: Tree) -> tuple[Index, ...]:
    """Return the indices that stand at this very node and are open there."""
    match tree:
        case Name(_, indices) | Call(_, _, indices):
            return indices or ()
        case FieldDerivative(index, _):
            return (index,)
        case _:
            return ()


def occurrences(tree: Tree) -> Iterator[str]:
    """Yield the index names that are not bound inside `tree` by an explicit operator, left to right."""
    yield from (index.name for index in own_indices(tree) if isinstance(index.name, str))
    bound = {index.name for index in tree.indices} if isinstance(tree, Reduce) else set()
    if isinstance(tree, Reduce) and tree.operator == "softmax":
        yield from (index.name for index in tree.indices if isinstance(index.name, str))
    for part in parts(tree):
        yield from (name for name in occurrences(part) if name not in bound)


def rebuild(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """Return `tree` with each of its `parts` changed."""
    new = [change(part) for part in parts(tree)]
    match tree:
        case Name() | Numeral():
            return tree
        case Call():
            return replace(tree, arguments=tuple(new)) if new else tree
        case Add():
            return replace(tree, terms=tuple(new))
        case Multiply():
            return replace(tree, factors=tuple(new))
        case Negative() | Reduce() | FieldDerivative() | Transpose() | Differential():
            return replace(tree, body=new[0])
        case Divide():
            return replace(tree, numerator=new[0], denominator=new[1])
        case Raise():
            return replace(tree, base=new[0], exponent=new[1])
        case Compare() | Entrywise() | Kronecker():
            return replace(tree, left=new[0], right=new[1])
        case Differentiate():
            names = tuple(part for part in new[1:] if isinstance(part, Name))
            return replace(tree, body=new[0], wrt=names)


def whole_exponent(tree: Tree) -> int | None:
    """Return n for a power `base^n` with a whole number n ≥ 2, else None."""
    value = constant(tree.exponent) if isinstance(tree, Raise) else None
    return int(value) if value is not None and value.denominator == 1 and value >= 2 else None


def constant(tree: Tree) -> Fraction | None:
    """Return the number that a tree of numerals is, or None."""
    match tree:
        case Numeral(value):
            return value
        case Negative(body):
            inner = constant(body)
            return None if inner is None else -inner
        case Divide(left, right):
            above, below = constant(left), constant(right)
            return above / below if above is not None and below else None
        case _:
            return None


@dataclass(frozen=True)
class _Rule:
    """DESIGN 2.4: `sums` says whether an index is summed at a node, `closes` whether somewhere in a part."""

    strict: bool

    def place(self, tree: Tree, closed: frozenset[str]) -> Tree:
        """Write out the sums of all indices of `tree` that are not in `closed` (free, or bound further out)."""
        here = [name for name in dict.fromkeys(occurrences(tree)) if name not in closed and self.sums(tree, name)]
        for name in here:
            if self.strict and times(tree, name) > 2:
                raise IndexMismatchError(f"{name} is there three times or more, and there is no left-hand side")
        inner = closed | set(here)
        if isinstance(tree, Reduce):
            inner |= {index.name for index in tree.indices if isinstance(index.name, str)}
        placed = rebuild(tree, lambda part: self.place(part, inner))
        return Reduce("sum", tuple(Index(name, tree.span) for name in here), placed, tree.span) if here else placed

    def sums(self, tree: Tree, name: str) -> bool:
        """Return whether this very node is the smallest product or power that holds `name` twice."""
        match tree:
            case Name() | Call() if own_indices(tree):
                return times(tree, name) >= 2
            case Multiply() | Divide() | Differentiate() | FieldDerivative():
                return self._repeats(factors(tree), name)
            case Raise(base, _) if whole_exponent(tree):
                if is_bare(base):
                    return self._repeats([base, base], name)
                return name in occurrences(base) and not self.closes(base, name)
            case Reduce() | Negative():
                return False
            case _:
                self._agree(tree, name)
                return False

    def closes(self, tree: Tree, name: str) -> bool:
        """Return whether `tree`, standing alone, would sum `name`."""
        if name not in occurrences(tree):
            return False
        if isinstance(tree, Reduce) and name in {index.name for index in tree.indices}:
            return False  # softmax keeps its index
        verdicts = [self.closes(part, name) for part in parts(tree)]  # all of them: each may raise
        return self.sums(tree, name) or any(verdicts)

    def _repeats(self, several: list[Tree], name: str) -> bool:
        """Return whether two factors hold `name`; rule 4 where each of them could sum it alone."""
        holders = [factor for factor in several if name in occurrences(factor)]
        if len(holders) < 2:
            return False
        verdicts = [self.closes(factor, name) for factor in holders]  # all of them: each may raise
        if all(verdicts):
            raise AmbiguityError(f"every factor could sum {name} alone: sum_{name}(…) says which sum is meant")
        return True

    def _agree(self, tree: Tree, name: str) -> None:
        """Rule 2: of the terms of a sum that have an index all repeat it, or none does."""
        verdicts = {self.closes(part, name) for part in parts(tree) if name in occurrences(part)}
        if len(verdicts) > 1:
            raise IndexMismatchError(f"one term of the sum repeats {name}, another has it once")


def factors(tree: Tree) -> list[Tree]:
    """Return the factors of a product, in which a power of a bare tensor is repetition."""
    if isinstance(tree, FieldDerivative):
        return [Name("∂", (tree.index,), tree.span), tree.body]
    repeated = []
    for part in parts(tree):
        is_repetition = isinstance(part, Raise) and whole_exponent(part) and is_bare(part.base)
        repeated += [part.base, part.base] if isinstance(part, Raise) and is_repetition else [part]
    return repeated


def is_bare(tree: Tree) -> bool:
    """Return whether `tree` is one tensor with its indices."""
    return isinstance(tree, Name) or (isinstance(tree, Call) and tree.indices is not None)


def times(tree: Tree, name: str) -> int:
    """Return how often a term has an index, for strict Einstein; of a sum the term that has it most often counts."""
    own = sum(index.name == name for index in own_indices(tree))
    if isinstance(tree, Reduce) and name in {index.name for index in tree.indices}:
        return int(tree.operator == "softmax")
    inner = [times(part, name) for part in parts(tree)]
    power = whole_exponent(tree)
    if power:
        return power * inner[0]
    is_product = isinstance(tree, Multiply | Divide | Differentiate | FieldDerivative)
    return own + (sum(inner) if is_product else max(inner, default=0))


def _demand_equal_terms(tree: Tree) -> None:
    """Rule 7: without a left-hand side all terms have the same free indices."""
    while isinstance(tree, Negative):
        tree = tree.body
    if isinstance(tree, Add):
        for term in tree.terms:
            _demand_equal_terms(term)
        if len({frozenset(occurrences(term)) for term in tree.terms}) > 1:
            raise IndexMismatchError("the terms of this sum have different free indices")


def _rename(tree: Tree, names: dict[str, str], fresh: Callable[[str], str]) -> Tree:
    """Give every bound index a name of its own."""

    def renamed(indices: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(replace(k, name=names[k.name]) if isinstance(k.name, str) else k for k in indices)

    match tree:
        case Reduce(operator, indices, body) if operator != "softmax":
            names = names | {k.name: fresh(k.name) for k in indices if isinstance(k.name, str)}
            return replace(tree, indices=renamed(indices), body=_rename(body, names, fresh))
        case Reduce(_, indices):
            tree = replace(tree, indices=renamed(indices))
        case Name(_, indices) | Call(_, _, indices) if indices is not None:
            return replace(tree, indices=renamed(indices))
        case FieldDerivative(index, _):
            tree = replace(tree, index=renamed((index,))[0])
        case _:
            pass
    return rebuild(tree, lambda part: _rename(part, names, fresh))
