"""Walks over the graph of nodes: each distinct node once, parts first, with a stack of their own.

A rewriting maps a node to an entry at the wires 0, 1, … of the node's axes; `rebuild` puts rewritten parts together
again through the makers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Count,
    Derivative,
    Epsilon,
    Expr,
    Labels,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Sum,
    Tensor,
    Unit,
    Wire,
)

T = TypeVar("T")


def ordered(*roots: Expr, is_closed: Callable[[Expr], bool] | None = None) -> list[Expr]:
    """Return every node below the roots once, parts before wholes, in an order that depends on structure alone.

    Below a node that `is_closed` nothing is looked at.
    """
    seen: set[Expr] = set()
    result: list[Expr] = []
    waiting: list[Expr] = []
    stack: list[Expr | None] = [*reversed(roots)]
    while stack:
        node = stack.pop()
        if node is None:  # what is below the node that waits has been seen
            result.append(waiting.pop())
        elif node not in seen:
            seen.add(node)
            if node.below and (is_closed is None or not is_closed(node)):
                waiting.append(node)
                stack.append(None)
                stack += node.below[::-1]
            else:
                result.append(node)
    return result


def fold(roots: Iterable[Expr], rule: Callable[[Expr, Mapping[Expr, T]], T]) -> dict[Expr, T]:
    """Return the value of `rule` for every node below the roots; `rule` is given the values of the parts."""
    known: dict[Expr, T] = {}
    for node in ordered(*roots):
        known[node] = rule(node, known)
    return known


def uses(nodes: Iterable[Expr], roots: Iterable[Expr]) -> dict[Expr, int]:
    """Return how often each of the nodes below some roots stands as a part of another one or as a root."""
    return Counter(chain(roots, chain.from_iterable(node.below for node in nodes)))


def leaves(root: Expr) -> int:
    """Return how many leaves a node has where each part is written out as often as it stands."""
    found = fold([root], lambda node, known: sum(known[part] for part in node.below) or 1)
    return found[root]


def tensors(*roots: Expr) -> list[Tensor]:
    """Return the tensors that stand below the roots, sorted by name."""
    return sorted((n for n in ordered(*roots) if isinstance(n, Tensor)), key=lambda n: n.name)


def _never(_: Expr) -> bool:
    return False


def here(node: Expr) -> Entry:
    """Return the entry of a node at the wires 0, 1, …."""
    return Entry(node, tuple(range(node.rank)))


def place(found: Entry, labels: Iterable[Wire]) -> Entry:
    """Return a rewritten part at the labels that it has in the whole."""
    at = tuple(labels)
    return Entry(found.node, tuple(at[w] for w in found.wires))  # type: ignore[call-overload]


class Rewriting(dict[Expr, Entry]):
    """What nodes are rewritten to, at the wires 0, 1, … of their axes; a node that is not in it stays as it is."""

    def __missing__(self, node: Expr) -> Entry:
        return here(node)

    def note(self, node: Expr, found: Entry) -> None:
        """Take note of what a node is rewritten to."""
        if not _is_here(found, node):
            self[node] = found


def _is_here(found: Entry, node: Expr) -> bool:
    return found.node is node and found.wires == tuple(range(node.rank))


def rebuild(node: Expr, rewritten: Mapping[Expr, Entry], join: Callable[[Expr], bool] = _never) -> Entry:
    """Return the entry of a node at the wires 0, 1, … whose parts have been rewritten.

    A rewritten part is zero or has all the axes of the part.  Products in products and sums in sums become one where
    `join` holds of the part.
    """
    if _stays(node, rewritten, join):
        return here(node)

    def at(part: Expr, labels: Labels) -> Entry:
        return place(rewritten[part], labels)

    match node:
        case Number() | Count() | Tensor() | Ones() | Unit() | Epsilon():
            return here(node)
        case Sum(terms):
            return build.total([(t.coefficient, at(t.node, t.labels), join(t.node)) for t in terms])
        case Product():
            return rebuild_product(node, [rewritten[f.node] for f in node.factors], join)
        case Apply(function, arguments, orders):
            whole = dict(enumerate(node.sizes))
            applied = build.apply(function, *(at(a.node, a.labels) for a in arguments), orders=orders)
            return build.spread(applied, whole)
        case Reduce(operator, argument, axes):
            over = {k: node.label_sizes[k] for k in range(axes, len(node.label_sizes))}
            found = build.reduce(operator, at(*argument), over)
            return build.spread(found, dict(enumerate(node.sizes)))
        case MatrixFunction(function, argument):
            inner = at(argument, (0, 1))
            found = build.matrix_function(function, inner, 0, 1)
            return build.rename(found, {0: 1, 1: 0}) if node.rank else found
        case Call(function, arguments, _, wrt):
            given = [(at(a.node, a.labels), range(len(a.labels))) for a in arguments]
            return build.call(function, given, range(node.rank), wrt)
        case Derivative(body, wrt):
            inner = at(body, tuple(range(body.rank)))
            return build.derivative(inner, Entry(wrt, tuple(range(body.rank, node.rank))))


def _stays(node: Expr, rewritten: Mapping[Expr, Entry], join: Callable[[Expr], bool]) -> bool:
    """Tell whether no part of a node is rewritten, and each stays a part of its own."""
    for part in node.below:
        found = rewritten.get(part)
        if found is not None and not _is_here(found, part):
            return False
        if type(part) is type(node) and join(part):
            return False
    return True


def rebuild_product(node: Product, rewritten: Sequence[Entry], join: Callable[[Expr], bool] = _never) -> Entry:
    """Return the entry of a product at the wires 0, 1, … each factor of which has been rewritten for itself."""
    names = {label: ("bound", label) for label in node.bound}
    names |= {label: ("free", label) for label in set(node.out)}
    inside = [
        (build.rename(place(entry, f.labels), names), f.exponent, join(f.node))
        for entry, f in zip(rewritten, node.factors, strict=True)
    ]
    body = build.product(inside, [names[label] for label in node.bound], node.coefficient)
    return unfold(build.rename(body, {name: label for label, name in names.items()}), node)


def unfold(body: Entry, node: Product) -> Entry:
    """Return an entry at the labels of a product at its axes, of which two may be one label."""
    if build.is_zero(body):
        return body
    first: dict[int, int] = {}
    deltas = []
    for axis, label in enumerate(node.out):
        if label in first:
            deltas.append(build.delta(first[label], axis, node.sizes[axis]))
        else:
            first[label] = axis
    named = build.rename(body, first)
    return build.product([(named, 1, True), *((d, 1, False) for d in deltas)]) if deltas else named


def replace(root: Entry, rule: Callable[[Expr], Entry | None]) -> Entry:
    """Return the entry in which every node for which `rule` gives an entry (at wires 0, 1, …) is replaced by it."""
    nodes = ordered(root.node)
    found = {node: entry for node in nodes if (entry := rule(node)) is not None}
    if not found:
        return root
    known = Rewriting()
    for node in nodes:
        known.note(node, found.get(node) or rebuild(node, known))
    return place(known[root.node], root.wires)
