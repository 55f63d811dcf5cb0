"""What both notations share of functions and derivatives: known functions entry by entry, and variables."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.elaborate.scope import Scope, count_of
from einsdiff.errors import IndexMismatchError, Mark, ParseError, UnknownNameError
from einsdiff.text.tree import Call, Name, Tree, children

RELATIONS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "==": "eq", "!=": "ne"}
"""A comparison → the function that is 1 where it holds."""


def apply_known(source: str, name: str, tree: Tree, entries: Sequence[Entry]) -> Entry:
    """Return f(u, v, …) of a known function; `max` and `min` take two arguments or more."""
    wanted = len(functions.BY_NAME[name].arguments)
    if len(entries) != wanted and not (name in ("max", "min") and len(entries) > wanted):
        raise refuse_count(source, name, tree, wanted)
    if name == "sqrt":
        return build.power(entries[0], Fraction(1, 2))
    if name in ("max", "min"):
        return reduce(lambda u, v: build.apply(name, u, v), entries)
    return build.apply(name, *entries)


def refuse_count(source: str, name: str, tree: Tree, wanted: int) -> ParseError:
    """Return the error for `exp(x, y)`."""
    row = functions.BY_NAME.get(name)
    message = f"{name} takes {wanted} argument{'s' * (wanted > 1)}, here are {len(children(tree))} [^]"
    return ParseError(message, source, [Mark(tree.span)], help=row.call if row else f"{name}(A)")


def check_variable(scope: Scope, name: Name) -> None:
    """Raise unless a name is an input, by which can be differentiated."""
    symbol = scope.symbols.get(name.name) or scope.declared.get(name.name)
    if symbol is None or symbol.role != "input":
        message = f"there is no input {name.name} to differentiate by [^]"
        known = scope.suggest(name.name, [s.name for s in scope.inputs()])
        raise UnknownNameError(message, scope.source, [Mark(name.span)], help=known)


def refuse_rank(source: str, tree: Call, rank: int) -> IndexMismatchError:
    """Return the error for `inv(A) b_i`: the result has `rank` indices."""
    indices = tree.indices or ()
    whole = source[tree.span.start : indices[0].span.start if indices else tree.span.stop].rstrip("_{[ ")
    return IndexMismatchError(
        f"{whole} has {count_of(rank, 'index')}, here it has {count_of(len(indices), 'index')} [^]",
        source,
        [Mark(tree.span)],
        help=f"write {whole}{'_ij'[: rank + 1] if rank else ''}",
    )


def refuse_formula(source: str, tree: Call, argument: Tree) -> ParseError:
    """Return the error for `x_i(a + 1)`, an unknown function of a formula unless it is meant as a product."""
    typed = "give the formula a name in a statement of its own"
    if tree.indices is not None and len(tree.arguments) == 1:
        head, opened, rest = source[tree.span.start : tree.span.stop].partition("(")
        typed = f"write {head} {opened}{rest} for a product, or name the formula in a statement of its own"
    return ParseError(
        f"an unknown function of whole tensors takes names [^], {tree.name} is given a formula",
        source,
        [Mark(argument.span)],
        help=typed,
    )
