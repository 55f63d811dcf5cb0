"""Identities of differences: deviations from a mean that add up to zero, σ(u) beside σ(−u)."""

from __future__ import annotations

from collections import Counter

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Product, Sum
from einsdiff.simplify.products import reassemble, without

TERMS = 32
"""How many terms a product may be multiplied out into, with what is multiplied out again."""


def opposite_sigmoids(node: Sum) -> Entry | None:
    """A σ(u) + b σ(−u) = (a − b) σ(u) + b, multiplied out, where no more terms come of it."""
    factors = [f.node for t in node.terms if isinstance(t.node, Product) for f in t.node.factors if f.exponent == 1]
    held = dict.fromkeys([*factors, *(t.node for t in node.terms)])
    sizes = dict(enumerate(node.sizes))
    found = []
    for f in held:
        if not isinstance(f, Apply) or f.function != "sigmoid" or f.orders is not None:
            continue
        (u,) = f.arguments
        opposite = build.apply("sigmoid", build.scale(-1, Entry(u.node, u.labels)))
        if opposite.node not in held or opposite.wires != tuple(range(f.rank)):
            continue
        terms = []
        for t in node.terms:
            parts = _turned(Entry(t.node, tuple(range(t.node.rank))), opposite.node, f)
            if not parts:
                break
            at = dict(enumerate(t.labels))
            terms += [(t.coefficient, build.spread(build.rename(p, at), sizes), True) for p in parts]
        else:
            found.append(build.total(terms))
    best = min(found, key=lambda e: (_terms(e), len(walk.ordered(e.node))), default=None)
    return best if best is not None and _terms(best) <= len(node.terms) else None


def _turned(entry: Entry, old: Expr, new: Expr) -> list[Entry]:
    """Return the terms of a product in which 1 − new stands for old, multiplied out where either stands.

    Nothing comes back where there are too many.
    """
    waiting, found = [entry], list[Entry]()
    while waiting:
        part = waiting.pop()
        opened = _opened(part, old, new)
        if opened is None:
            found.append(part)
        else:
            waiting += reversed(opened)
        if len(waiting) + len(found) > TERMS:
            return []
    return found


def _opened(entry: Entry, old: Expr, new: Expr) -> list[Entry] | None:
    """Return the terms of an entry of which one factor is opened: old, or a sum beside old or new."""
    node = entry.node
    if node is old:
        return [build.number(1), build.scale(-1, Entry(new, entry.wires))]
    if not isinstance(node, Product) or all(f.node is not old and f.node is not new for f in node.factors):
        return None
    for k, f in enumerate(node.factors):
        if f.exponent != 1 or not (f.node is old or isinstance(f.node, Sum)):
            continue
        rest = without(node, k)
        terms: list[tuple[Exact, list[Entry]]] = [(1, []), (-1, [Entry(new, f.labels)])]
        if isinstance(f.node, Sum):
            terms = [(t.coefficient, [Entry(t.node, tuple(f.labels[n] for n in t.labels))]) for t in f.node.terms]
        return [build.scale(c, reassemble(node, rest, more)) for c, more in terms]
    return None


def _terms(entry: Entry) -> int:
    return len(entry.node.terms) if isinstance(entry.node, Sum) else int(not build.is_zero(entry))


def deviations_cancel(node: Product) -> Entry | None:
    """Σ_i (x_i − Σ_j x_j/n) = 0, also in Σ_i (x_i − Σ_j x_j/n)(δ_ik + b_k) = x_k − Σ_j x_j/n."""
    if _vanishes(node):
        return build.number(0)
    for k, f in enumerate(node.factors):
        if not isinstance(f.node, Sum) or f.exponent != 1 or not set(f.labels) & set(node.bound):
            continue
        if not any(isinstance(t.node, Product) and len(set(t.node.out)) < t.node.rank for t in f.node.terms):
            continue
        rest = without(node, k)
        made = [
            (t.coefficient, reassemble(node, rest, [Entry(t.node, tuple(f.labels[n] for n in t.labels))]), False)
            for t in f.node.terms
        ]
        kept = [m for m in made if not (isinstance(m[1].node, Product) and _vanishes(m[1].node))]
        if len(kept) < len(made):
            return build.total(kept)
    return None


def _vanishes(node: Product) -> bool:
    """Tell whether a factor of a product is a sum of deviations from a mean."""
    counts = Counter(k for f in node.factors for k in f.labels)
    for f in node.factors:
        if isinstance(f.node, Product) and f.exponent == 1 and _vanishes(f.node):
            return True
        if not isinstance(f.node, Sum) or f.exponent != 1:
            continue
        for axis, label in enumerate(f.labels):
            if label in node.bound and counts[label] == 1:
                summed = [(t.coefficient, build.contract(Entry(t.node, t.labels), {axis}), True) for t in f.node.terms]
                if build.is_zero(build.total(summed)):
                    return True
    return False
