"""Entries as exponents: sums, largest and least ones, and products put together again from factors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Argument, Exact, Factor, Number, Product, Term, Wire

LARGE = build.number(10**30)  # a larger exponent counts as this one: its exponential is 0 or infinite all the same
NOTHING = build.scale(-1, LARGE)  # the exponent of 0


def combined(terms: Sequence[tuple[Exact, Entry]]) -> Entry:
    """Return Σ c a, each repeated along the wires that it lacks."""
    sizes = reduce(lambda all_, term: all_ | build.sizes(term[1]), terms, dict[Wire, object]())
    return build.total([(c, build.spread(e, sizes), True) for c, e in terms])  # type: ignore[arg-type]


def exponential(u: Entry) -> Entry:
    """exp(u), where exp(0) = 1."""
    return build.ONE if build.is_zero(u) else build.apply("exp", u)


def argument(entry: Entry) -> Entry:
    """Return u for f(u)."""
    assert isinstance(entry.node, Apply)
    ((u, labels),) = entry.node.arguments
    return walk.place(Entry(u, labels), entry.wires)


def where(a: Entry, chosen: Entry, other: Entry) -> Entry:
    """Return what is chosen where a is not 0."""
    return build.apply("where", build.apply("ne", a, build.ZERO), chosen, other)


def largest(entries: Sequence[Entry]) -> Entry:
    """max(a, b, …)."""
    return reduce(lambda a, b: build.apply("max", a, b), dict.fromkeys(entries))


def least(entries: Sequence[Entry]) -> Entry:
    """min(a, b, …)."""
    return reduce(lambda a, b: build.apply("min", a, b), dict.fromkeys(entries))


def clipped(u: Entry) -> Entry:
    """Return an exponent that is finite: for one that is not the value does not matter."""
    if isinstance(u.node, Number):
        return u
    return build.apply("max", build.apply("min", u, LARGE), NOTHING)


def at(part: Factor | Term | Argument) -> Entry:
    """Return a factor without its exponent, a term without its coefficient, an argument, at the labels of the whole."""
    return Entry(part.node, part.labels)


def is_within(a: Entry, b: Entry) -> bool:
    """Tell whether b has all wires of a."""
    return set(a.wires) <= set(b.wires)


def axes(node: Product) -> dict[int, int]:
    """Return an axis of a product for each label that has one."""
    return {label: axis for axis, label in reversed(list(enumerate(node.out)))}


def assembled(node: Product, factors: Sequence[tuple[Entry, Exact]]) -> Entry:
    """Return a product with other factors, given at its labels."""
    bare = [(build.power(e, p) if p != 1 else e) for e, p in factors]
    covered = {w for e in bare for w in e.wires}
    ones = [build.ones(k, size) for k, size in enumerate(node.label_sizes) if k not in covered]
    return walk.unfold(build.product([(e, 1, False) for e in (*bare, *ones)], node.bound, node.coefficient), node)
