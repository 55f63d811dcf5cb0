"""Simplification: the form that a person would write.

Nested products and sums that are used once are joined, which collects like terms; then the identities are tried at
every node, until none applies.  Each lowers the size of what it rewrites, so that simplification ends.
"""

from __future__ import annotations

from collections.abc import Mapping

from einsdiff.algebra import walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr, Product, Sum
from einsdiff.algebra.steps import Steps, unrecorded
from einsdiff.simplify.identities import apply_identities

JOIN = 48  # parts that a product or sum may have and still be joined into the one around it


def simplify(*entries: Entry, steps: Steps = unrecorded, rounds: int = 8) -> tuple[Entry, ...]:
    """Return the entries in the form a person would write; what several of them share stays shared."""
    for _ in range(rounds):
        simpler = _round(entries, steps)
        if simpler == entries:
            break
        entries = simpler
    return entries


def _round(entries: tuple[Entry, ...], steps: Steps) -> tuple[Entry, ...]:
    roots = [e.node for e in entries]
    nodes = walk.ordered(*roots)
    uses = walk.uses(nodes, roots)
    known = walk.Rewriting()
    for node in nodes:
        if not node.below:
            continue
        joined = _join(node, known, uses)
        if steps.is_recording and joined != walk.rebuild(node, known):
            steps.add("join", walk.rebuild(node, known), joined)
        known.note(node, apply_identities(joined, steps))
    return tuple(walk.place(known[e.node], e.wires) for e in entries)


def _join(node: Expr, known: Mapping[Expr, Entry], uses: Mapping[Expr, int]) -> Entry:
    """Return a node with its rewritten parts, where those that stand nowhere else become part of it."""
    return walk.rebuild(node, known, join=lambda part: uses[part] == 1 and _width(known[part].node) <= JOIN)


def _width(node: Expr) -> int:
    return len(node.terms) if isinstance(node, Sum) else len(node.factors) if isinstance(node, Product) else 1
