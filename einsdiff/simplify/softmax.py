"""Softmax as it stands in expressions: exp(z − logsumexp z)."""

from __future__ import annotations

from itertools import permutations

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Ones, Product, Reduce, Sum
from einsdiff.simplify.inverses import nothing
from einsdiff.simplify.products import reassemble, without


def as_softmax(node: Apply) -> tuple[Entry, tuple[int, ...]] | None:
    """Return z, at the wires 0, 1, … of the node's axes, and the axes of the softmax, where a node is softmax(z)."""
    if node.function != "exp" or node.orders is not None or not isinstance(node.arguments[0].node, Sum):
        return None
    labels_of, body_sum = node.arguments[0].labels, node.arguments[0].node
    at = dict(enumerate(labels_of))
    for n, t in enumerate(body_sum.terms):
        total = t.node
        if t.coefficient != -1:
            continue
        labels = dict(enumerate(t.labels))
        if isinstance(total, Product):
            inner = [f for f in total.factors if not isinstance(f.node, Ones)]
            if len(inner) != 1 or inner[0].exponent != 1 or total.coefficient != 1:
                continue
            place = {label: labels[axis] for axis, label in enumerate(total.out)}
            if not place.keys() >= set(inner[0].labels):  # Σ_k logsumexp_j(z_kj)
                continue
            kept = [place[k] for k in inner[0].labels]
            total = inner[0].node
        else:
            kept = [labels[axis] for axis in range(total.rank)]
        if not isinstance(total, Reduce) or total.operator != "logsumexp":
            continue
        over = tuple(k for k in range(body_sum.rank) if k not in kept)
        z = build.total(
            [(s.coefficient, Entry(s.node, s.labels), False) for m, s in enumerate(body_sum.terms) if m != n]
        )
        names: dict[object, object] = dict(enumerate(kept))
        body = build.rename(Entry(total.argument.node, total.argument.labels), {})
        bound = [k for k in body.wires if isinstance(k, int) and k >= total.rank]
        for order in permutations(over):
            trial = build.rename(body, {**names, **dict(zip(bound, order, strict=False))})
            if len(order) == len(bound) and trial == z:
                return build.rename(z, at), tuple(at[k] for k in over)
    return None


def softmax_adds_up(node: Product) -> Entry | None:
    """Σ_i softmax_i(z_i) = 1."""
    for k, f in enumerate(node.factors):
        found = as_softmax(f.node) if f.exponent == 1 and isinstance(f.node, Apply) else None
        if found is None:
            continue
        over = [f.labels[axis] for axis in found[1]]
        rest = without(node, k)
        if all(label in node.bound for label in over) and not {label for g in rest for label in g.labels} & set(over):
            return reassemble(node, rest, [nothing(node, label) for label in over])
    return None
