"""Groups of permutations of axes, each permutation with a sign, and the smallest spelling that they allow.

A group is given by permutations that generate it strongly: those that keep the axes 0 … b−1 generate all of its members
that keep them, for every b.  Then the axis b is settled after those before it, and never all members are looked at:
x_i x_j … has as many as there are orders of its indices.

Source: C. C. Sims, Computational methods in the study of permutation groups, in Computational Problems in Abstract
Algebra (1970): base and strong generating set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import factorial, prod
from typing import NamedTuple

from einsdiff.algebra.nodes import Labels, Symmetry

WHOLE = 120  # members up to which a group is kept as a whole


class Level(NamedTuple):
    """A place, and for each axis that can come there, all axes before kept, one member that carries it."""

    place: int
    members: tuple[Symmetry, ...]


def generate(generators: Sequence[Symmetry], rank: int) -> tuple[Symmetry, ...]:
    """Return the one spelling of a group: its members but for the identity, or the few that generate a large one."""
    levels = chain(tuple(generators))
    order = prod(len(members) for _, members in levels)
    return _members(generators, rank) if order <= WHOLE else _least_generators(levels)


@lru_cache(maxsize=1 << 16)
def smallest(labels: Labels, group: tuple[Symmetry, ...]) -> tuple[Labels, int]:
    """Return the smallest labels that a group allows, and their sign; 0 where both signs lead to them."""
    found = {labels: 1}
    for place, members in chain(group):
        low = min([spelled[p[place]] for spelled in found for p, _ in members])
        moved: dict[Labels, int] = {}
        for spelled, sign in found.items():
            for p, s in members:
                if spelled[p[place]] == low:
                    new = tuple([spelled[k] for k in p])
                    if moved.setdefault(new, sign * s) != sign * s:
                        return min(moved), 0
        found = moved
    best = min(found)
    return best, found[best]


@lru_cache(maxsize=4096)
def even(group: tuple[Symmetry, ...]) -> tuple[Symmetry, ...]:
    """Return the members of a group whose sign is +, as a group."""
    if all(sign > 0 for _, sign in group):
        return group
    odd: Labels | None = None  # a member of later levels
    kept: list[Symmetry] = []
    for _, members in reversed(chain(group)):
        behind = odd
        for p, sign in members:
            if sign > 0:
                kept.append(Symmetry(p, 1))
            elif behind is not None:
                kept.append(Symmetry(tuple([p[k] for k in behind]), 1))
            else:
                odd = p
    return generate(kept, len(group[0].permutation))


@lru_cache(maxsize=4096)
def orbits(group: tuple[Symmetry, ...], rank: int) -> Labels:
    """Return for each axis the first one to which a group carries it."""
    orbit = list(range(rank))
    changed = True
    while changed:
        changed = False
        for p, _ in group:
            for k, target in enumerate(p):
                if orbit[target] != orbit[k]:
                    orbit[k] = orbit[target] = min(orbit[k], orbit[target])
                    changed = True
    return tuple(orbit)


@lru_cache(maxsize=4096)
def is_of_all_orders(group: tuple[Symmetry, ...], rank: int) -> bool:
    """Tell whether a group takes the axes of each orbit to all their orders, whatever it does to the others."""
    order = prod(len(members) for _, members in chain(group))
    return order == prod(factorial(n) for n in Counter(orbits(group, rank)).values())


@lru_cache(maxsize=4096)
def chain(group: tuple[Symmetry, ...]) -> tuple[Level, ...]:
    """Return the levels of a group at which there is a choice, the first axis first."""
    if not group:
        return ()
    identity = Symmetry(tuple(range(len(group[0].permutation))), 1)
    found: list[Level] = []
    holding = list(group)
    for place in identity.permutation:
        members = _carried(holding, place, identity)
        if len(members) > 1:
            found.append(Level(place, members))
        holding = [g for g in holding if g.permutation[place] == place]
    return tuple(found)


def _carried(holding: Sequence[Symmetry], place: int, identity: Symmetry) -> tuple[Symmetry, ...]:
    """Return one product of the permutations for each axis that they carry to a place."""
    reached = {place: identity}
    frontier = [place]
    for axis in frontier:
        p, sign = reached[axis]
        for g, s in holding:
            if g[axis] not in reached:
                reached[g[axis]] = Symmetry(tuple([g[k] for k in p]), sign * s)
                frontier.append(g[axis])
    return tuple(reached.values())


def _orbit(generators: Sequence[Symmetry], place: int) -> list[int]:
    """Return the axes that permutations carry to a place."""
    reached = {place}
    frontier = [place]
    for axis in frontier:
        for g, _ in generators:
            if g[axis] not in reached:
                reached.add(g[axis])
                frontier.append(g[axis])
    return frontier


def _members(generators: Sequence[Symmetry], rank: int) -> tuple[Symmetry, ...]:
    """Return all members of a small group, without the identity, in order."""
    identity = tuple(range(rank))
    known = {identity: 1}
    frontier = [identity]
    while frontier and len(known) < WHOLE:
        reached = []
        for p in frontier:
            for q, sign in generators:
                composed = tuple([p[k] for k in q])
                if composed not in known:
                    known[composed] = known[p] * sign
                    reached.append(composed)
        frontier = reached
    known.pop(identity)
    return tuple(Symmetry(p, sign) for p, sign in sorted(known.items()))


def _least_generators(levels: Sequence[Level]) -> tuple[Symmetry, ...]:
    """Return few members that generate a large group strongly, the same ones whatever generated it before.

    The last level first: a member joins where those that joined before do not carry its axis to its place; of all
    members that do, it is the smallest.
    """
    kept: list[Symmetry] = []
    for k, (place, members) in reversed([*enumerate(levels)]):
        reached = {place}
        for p, sign in sorted(members, key=lambda member: member.permutation[place]):
            if p[place] in reached:
                continue
            kept.append(_least_beside(Symmetry(p, sign), levels[k + 1 :]))
            reached = set(_orbit(kept, place))
    return tuple(sorted(kept))


def _least_beside(member: Symmetry, levels: Sequence[Level]) -> Symmetry:
    """Return the smallest of all products of a member with members of later levels."""
    p, sign = member
    for place, members in levels:
        q, s = min(members, key=lambda other: p[other.permutation[place]])
        if q[place] != place:
            p, sign = tuple([p[k] for k in q]), sign * s
    return Symmetry(p, sign)
