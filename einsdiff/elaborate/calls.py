"""What both notations share of functions and derivatives: known functions entry by entry, and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis
from einsdiff.elaborate.scope import Local, Scope, count_of, local
from einsdiff.errors import IndexMismatchError, Mark, NotDifferentiableError, ParseError, UnknownNameError
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
    typed = row.call if row else f"{name}(A)"
    if name in ("max", "min"):
        typed = f"write {name}(u, v) for two, {name}_i(x_i) for all values of an index"
    return ParseError(message, source, [Mark(tree.span)], help=typed)


def whole_arguments(scope: Scope, tree: Call, rank_of: Callable[[Name], int]) -> list[tuple[Entry, list[Local]]]:
    """Return the arguments of an unknown function of whole tensors, each with its wires in order."""
    found = []
    for argument in tree.arguments:
        if not isinstance(argument, Name) or argument.indices is not None:
            raise refuse_formula(scope.source, tree, argument)
        rank = rank_of(argument)
        scope.use(argument.name, rank, argument.span)
        order = [local("") for _ in range(rank)]
        for k, wire in enumerate(order):
            scope.tie(wire, Axis(argument.name, k), argument.span)
        found.append((build.tensor(argument.name, order), order))
    return found


def rank_by_kind(scope: Scope, kinds: Mapping[str, int]) -> Callable[[Name], int]:
    """Return what gives the rank of an argument in matrix notation, where `kinds` has all names but the constants."""

    def rank_of(argument: Name) -> int:
        known = scope.rank_of(argument.name)
        if known is None and argument.name not in kinds:
            message = f"{argument.name} [^] is a constant, and no argument of an unknown function"
            raise ParseError(message, scope.source, [Mark(argument.span)], help="leave it out")
        return kinds[argument.name] if known is None else known

    return rank_of


def own_function(scope: Scope, tree: Call, wires: Sequence[Local], rank_of: Callable[[Name], int]) -> Entry:
    """Return u_i(x), where the statement u_i = u_i(x) says that u is an unknown function; of scalars it is applied."""
    arguments = whole_arguments(scope, tree, rank_of)
    names = tuple(a.name for a in tree.arguments if isinstance(a, Name))
    is_applied = not wires and not any(order for _, order in arguments)
    scope.use_own(tree.name, len(arguments) if is_applied else len(wires), tree.name_span, names)
    for k, wire in enumerate(wires):
        scope.tie(wire, Axis(tree.name, k), tree.name_span)
    if is_applied:
        return build.apply(tree.name, *(entry for entry, _ in arguments), orders=(0,) * len(arguments))
    return build.call(tree.name, arguments, wires)


def is_own_value(scope: Scope, tree: Call) -> bool:
    """Whether a call u(x) stands for the tensor u, since a statement u = u(x) stands above."""
    names = tuple(a.name if isinstance(a, Name) and a.indices is None else "" for a in tree.arguments)
    return not (tree.primes or tree.orders) and scope.arguments.get(tree.name) == names


def check_variable(scope: Scope, name: Name) -> None:
    """Raise unless a name is an input, or defined above, so that one can differentiate by it."""
    symbol = scope.symbols.get(name.name) or scope.declared.get(name.name)
    if symbol is None:
        message = f"there is no {name.name} to differentiate by [^]"
        known = scope.suggest(name.name, [s.name for s in scope.symbols.values() if s.role != "function"])
        raise UnknownNameError(message, scope.source, [Mark(name.span)], help=known)
    if symbol.role == "function":
        message = f"{name.name} [^] is an unknown function: differentiate by one of its arguments"
        raise NotDifferentiableError(message, scope.source, [Mark(name.span)], help=f"∂{name.name}(x)/∂x")


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


def refuse_selection(source: str, tree: Call) -> ParseError:
    """Return the error for `duplication(3)` beside tensors with indices."""
    return ParseError(
        f"{tree.name} [^] is a matrix of matrix notation, and this is index notation",
        source,
        [Mark(tree.name_span)],
        rule="its rows, or its columns, are folded of two indices (spec/language.md, Matrix notation)",
        help="write the formula in matrix notation, for example  duplication(3) vech(A)",
    )
