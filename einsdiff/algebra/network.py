"""The network of a product: factors on wires, put in order, and made into one node."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import NamedTuple

from einsdiff.algebra.canonical import Labelling, label
from einsdiff.algebra.entries import ZERO, Entry, number, symmetries_of
from einsdiff.algebra.groups import even, generate, smallest
from einsdiff.algebra.nodes import (
    Apply,
    Exact,
    Expr,
    Factor,
    Labels,
    Product,
    Reduce,
    Size,
    Sum,
    Symmetry,
    Wire,
    exact,
    shared,
    size_key,
)
from einsdiff.algebra.refinement import Edge

Groups = Mapping[Wire, list[Wire]]
"""For each free wire of a network the names that were made one with it: δ."""


class Placed(NamedTuple):
    """A factor on wires."""

    node: Expr
    wires: tuple[Wire, ...]
    exponent: Exact


def split(factors: list[Placed], groups: Groups) -> tuple[list[Placed], list[list[Placed]]]:
    """Separate the closed parts of a product: those that no chain of wires ties to a free one."""
    wired = [f for f in factors if f.wires]
    lone = [f for f in factors if not f.wires]
    if all(any(w in groups for w in f.wires) for f in wired):
        return lone + wired, []
    piece_of: dict[Wire, int] = {}
    pieces: list[set[Wire]] = []
    for f in wired:
        joined = {piece_of[w] for w in f.wires if w in piece_of}
        merged: set[Wire] = set(f.wires).union(*(pieces[k] for k in joined))
        pieces.append(merged)
        for w in merged:
            piece_of[w] = len(pieces) - 1
    closed: dict[int, list[Placed]] = {}
    open_parts = lone
    for f in wired:
        piece = piece_of[f.wires[0]]
        if any(w in groups for w in pieces[piece]):
            open_parts.append(f)
        else:
            closed.setdefault(piece, []).append(f)
    return open_parts, list(closed.values())


def like_factors(factors: list[Placed]) -> list[Placed]:
    """a^p a^q = a^(p+q)."""
    if len(factors) < 2:
        return factors
    place: dict[Wire, int] = {}
    for f in factors:
        for w in f.wires:
            place.setdefault(w, len(place))
    seen: dict[tuple[Expr, tuple[Wire, ...]], Exact] = {}
    spelled: dict[tuple[Expr, Labels], tuple[Wire, ...]] = {}
    for f in factors:
        wires = f.wires
        group = symmetries_of(f.node) if len(wires) > 1 else ()
        if group:
            least, _ = smallest(tuple([place[w] for w in wires]), even(group))
            wires = spelled.setdefault((f.node, least), wires)
        key = (f.node, wires)
        seen[key] = exact(seen.get(key, 0) + f.exponent)
    return [Placed(node, wires, exponent) for (node, wires), exponent in seen.items()]


def size_at(factors: list[Placed], wire: Wire) -> Size:
    """Return the size of a wire."""
    return min((s for f in factors for w, s in zip(f.wires, f.node.sizes, strict=True) if w == wire), key=size_key)


def is_component(factors: list[Placed], units: Mapping[Wire, Placed], groups: Groups) -> bool:
    """Tell whether nothing is left to do for the components of a product.

    On a free wire a component stands alone; on a bound one beside a single tensor and nothing else, as in A_1j.
    """
    solid = [f for f in factors if not (f.wires and units.get(f.wires[0]) == f)]
    touched = {w for f in solid for w in f.wires if w in units}
    if not touched:
        return True
    if touched & set(groups) or len(solid) != 1 or len(units) > len(touched):
        return False
    return solid[0].exponent == 1 and not isinstance(solid[0].node, Sum | Product | Apply | Reduce)


def assemble(coefficient: Exact, factors: list[Placed], groups: Groups) -> Entry:
    """Return the entry of a product whose laws have all been applied."""
    if not factors:
        return number(coefficient)
    whole = all(len(g) == 1 for g in groups.values())
    if len(factors) == 1 and coefficient == 1 and whole:
        only = factors[0]
        if only.exponent == 1 and len(set(only.wires)) == len(only.wires) == len(groups):
            return Entry(only.node, tuple(groups[w][0] for w in only.wires))
    edges = [_edge(f.node, f.wires, f.exponent) for f in factors]
    kinds = {w: len(groups[w]) if w in groups else 1_000_000 for f in factors for w in f.wires}
    missing = [w for w in groups if w not in kinds]
    assert not missing, f"wires without a factor: {missing}"
    found = label(edges, kinds, signed=True)
    if _vanishes(found, edges, groups):
        return ZERO
    rows = sorted(
        zip(edges, found.labels, factors, strict=True),
        key=lambda row: (row[0].colour, row[1]),
    )
    out: list[int] = []
    wires: list[Wire] = []
    for k, w in enumerate(found.order):
        for name in groups.get(w, ()):
            out.append(k)
            wires.append(name)
    symmetries = axis_symmetries(found, groups)
    node = Product(
        exact(coefficient * prod(found.signs)),
        tuple(Factor(f.node, labels, f.exponent) for _, labels, f in rows),
        shared(tuple(out)),
        symmetries,
    )
    return Entry(node, tuple(wires))


def _edge(node: Expr, wires: tuple[Wire, ...], exponent: Exact = 1) -> Edge:
    group = symmetries_of(node) if len(wires) > 1 else ()
    if group and exponent != 1:
        squared = isinstance(exponent, int) and exponent % 2 == 0
        group = tuple(Symmetry(p, 1) for p, _ in group) if squared else even(group)
    return Edge((node.digest, str(exponent)), wires, group)


def _vanishes(found: Labelling, edges: list[Edge], groups: Groups) -> bool:
    """A product that an exchange of bound wires turns into its negative is zero: Σ A_ij x_i x_j, A skew."""
    if any(sign < 0 and all(old == new for old, new in g.items() if old in groups) for g, sign in found.symmetries):
        return True
    return any(smallest(labels, edge.symmetries)[1] == 0 for edge, labels in zip(edges, found.labels, strict=True))


def axis_symmetries(found: Labelling, groups: Groups) -> tuple[Symmetry, ...]:
    """Return the symmetries of a network as permutations of the axes of its node."""
    first: dict[Wire, int] = {}
    rank = 0
    for w in found.order:
        if w in groups:
            first[w] = rank
            rank += len(groups[w])
    if rank < 2:
        return ()
    generators: list[Symmetry] = []
    for w, start in first.items():  # axes made one by δ
        ends = range(start, start + len(groups[w]) - 1)
        generators += [Symmetry((*range(k), k + 1, k, *range(k + 2, rank)), 1) for k in ends]
    for g, sign in found.symmetries:
        p = list(range(rank))
        for w, start in first.items():
            for k in range(len(groups[w])):
                p[start + k] = first[g.get(w, w)] + k
        if p != list(range(rank)):
            generators.append(Symmetry(tuple(p), sign))
    return generate(generators, rank) if generators else ()
