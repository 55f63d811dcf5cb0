"""Matching: whether an entry has the form of a template, and what the template's names then stand for."""

from __future__ import annotations

from itertools import permutations

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Expr, Number, Product, Sum, Tensor, Term
from einsdiff.simplify.rules import constant_value

Bindings = dict[str, Entry]


def match(template: Expr, entry: Entry, bound: Bindings | None = None) -> Bindings | None:
    """Return what the names of a template of scalars stand for, or None where the entry does not have its form.

    −a matches every entry, with its negative for a.
    """
    bound = dict(bound or {})
    match template:
        case Tensor(name):
            if name in bound:
                return bound if bound[name] == entry else None
            bound[name] = entry
            return bound
        case Number(value):
            return bound if constant_value(entry) == value else None
        case Apply(function, arguments):
            node = entry.node
            if not isinstance(node, Apply) or node.function != function or node.orders is not None:
                return None
            found: Bindings | None = bound
            for mine, theirs in zip(arguments, node.arguments, strict=True):
                if found is None:
                    return None
                found = match(mine.node, _at(entry, theirs.node, theirs.labels), found)
            return found
        case Product(-1, (only,), ()) if only.exponent == 1:
            return match(only.node, build.scale(-1, entry), bound)
        case Sum(terms):
            return _match_sum(terms, entry, bound)
        case _:
            return None


def _at(entry: Entry, node: Expr, labels: tuple[int, ...]) -> Entry:
    return Entry(node, tuple(entry.wires[k] for k in labels))


def _match_sum(terms: tuple[Term, ...], entry: Entry, bound: Bindings) -> Bindings | None:
    node = entry.node
    if not isinstance(node, Sum) or len(node.terms) != len(terms):
        return None
    for order in permutations(node.terms):
        found: Bindings | None = bound
        for mine, theirs in zip(terms, order, strict=True):
            if found is not None and mine.coefficient == theirs.coefficient:
                found = match(mine.node, _at(entry, theirs.node, theirs.labels), found)
            else:
                found = None
                break
        if found is not None:
            return found
    return None


def match_factors(template: Product, node: Product) -> tuple[tuple[int, ...], Bindings] | None:
    """Return which factors of a product form the template, and what its names stand for, at the product's labels."""
    return _choose(template, node, (), {})


def _choose(
    template: Product, node: Product, taken: tuple[int, ...], bound: Bindings
) -> tuple[tuple[int, ...], Bindings] | None:
    if len(taken) == len(template.factors):
        return taken, bound
    wanted = template.factors[len(taken)]
    for k, f in enumerate(node.factors):
        if k in taken or f.exponent != wanted.exponent or type(f.node) is not type(wanted.node):
            continue
        found = match(wanted.node, Entry(f.node, f.labels), bound)
        if found is not None:
            whole = _choose(template, node, (*taken, k), found)
            if whole is not None:
                return whole
    return None
