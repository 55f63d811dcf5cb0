"""Products with other factors."""

from __future__ import annotations

from typing import Any

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Factor, Product


def reassemble(node: Product, factors: list[Factor], more: list[Entry]) -> Entry:
    """Return the entry, at the wires of a product's axes, of the product with other factors (at its labels)."""
    names: dict[int, Any] = {label: ("bound", label) for label in node.bound}
    ties = []
    for axis, label in enumerate(node.out):
        if label in names:
            ties.append(build.delta(names[label], axis, node.sizes[axis]))
        else:
            names[label] = axis
    inside = [(Entry(f.node, tuple(names[k] for k in f.labels)), f.exponent, False) for f in factors]
    inside += [(build.rename(e, names), 1, True) for e in more]
    inside += [(tie, 1, False) for tie in ties]
    covered = {w for e, _, _ in inside for w in e.wires}
    for label, name in names.items():
        if name not in covered:
            inside.append((build.ones(name, node.label_sizes[label]), 1, False))
    return build.product(inside, [names[b] for b in node.bound], node.coefficient)


def without(node: Product, k: int) -> list[Factor]:
    """Return the factors of a product without one of them."""
    return [f for n, f in enumerate(node.factors) if n != k]
