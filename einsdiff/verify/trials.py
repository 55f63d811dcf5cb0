"""Two sides compared in numbers: at points near and far, of sizes that differ and that are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Derivative, Expr, MatrixFunction, Product, Reduce, Size, Tensor, magnitude
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.claims import Sides
from einsdiff.simplify.simplify import simplify
from einsdiff.verify import comparison
from einsdiff.verify.branches import Coverage, at_limit
from einsdiff.verify.domains import Domain, domain_of
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.evaluation import RandomFunctions
from einsdiff.verify.numeric import Point, UnknownValueError
from einsdiff.verify.samples import SCALES, Assumed, Sampler
from einsdiff.verify.sides import Comparison, Pair, State, as_left

ATTEMPTS = 15
"""Points that are tried at most, since a formula has no value at some."""
NEEDED = 4
"""Points at which all entries must have a value and agree, where there are so many."""
ENOUGH = 2
"""Points that do where a formula has no value at the others."""
ALIKE = (2, 3, 4)
"""The attempts at which all sizes are the same: with entries that are no whole numbers, so that nothing ties."""
FAR_AT_LEAST, FAR_AT_MOST = 20, 60
"""Points of other scales: tried at least, where the sides have branches, and at most, until all branches are met."""
MORE_SCALES = 3
"""Numbers of a claim that give scales of their own."""
SLIGHTLY = 3
"""At so many points, and equal at none, sides that are less far apart differ, too."""


@dataclass(slots=True)
class Trials:
    """Where sides are compared: the points of one layout or variant of a claim serve the others."""

    points: dict[object, Point] = field(default_factory=dict)
    domains: dict[object, Domain] = field(default_factory=dict)

    def point(self, sampler: Sampler, attempt: int, least: Mapping[Size, int]) -> Point:
        """Return the arrays of one attempt."""
        key = sampler.key, attempt, tuple(least.items())
        if key not in self.points:
            self.points[key] = sampler.point(attempt, least)
        return self.points[key]

    def far_point(self, sampler: Sampler, attempt: int, least: Mapping[Size, int], scales: Sequence[float]) -> Point:
        """Return the arrays of one attempt at another scale."""
        key = sampler.key, attempt, tuple(least.items()), scales
        if key not in self.points:
            self.points[key] = sampler.far_point(attempt, least, scales)
        return self.points[key]

    def compare(  # noqa: PLR0913 - what is compared, and where
        self,
        sides: Sides,
        left: Block,
        right: Block,
        numbers: Mapping[str, int],
        *,
        united: Sequence[tuple[Size, Size]] = (),
        assumed: Sequence[Assumed] = (),
        needed: int = NEEDED,
        enough: int = ENOUGH,
        near: bool = False,
    ) -> Comparison:
        """Compare two finished sides in numbers, at points where the sizes `united` are equal.

        `needed` points are asked for, and `enough` must do if there are no more.  Unless one point does or `near` ones
        do, functions are tried at other scales, too, until all their branches are met.
        """
        sampler = Sampler(sides.program, numbers, united, assumed)
        pair = Pair(sides, left, right, self.domain(sides))
        found = self._near(sampler, pair, needed, enough)
        if found.state is State.UNDEFINED and pair.domain:
            pair = replace(pair, domain=())
            found = self._near(sampler, pair, needed, enough)
        if found.state is not State.EQUAL or needed == 1:
            return found
        pairs = sampler.all_alike()
        if pairs:
            found = self._also_alike(Sampler(sides.program, numbers, (*united, *pairs), assumed), pair, found)
        if found.state is not State.EQUAL or near:
            return found
        if not (united or assumed) and _differ_exactly(left.entry, as_left(left, right), found.ranges):
            return replace(found, state=State.DIFFERENT)
        return self._far(sampler, pair, found)

    def domain(self, sides: Sides) -> Domain:
        """Return what is differentiated in two sides and may have no value."""
        key = sides.left.entry.node, sides.right.entry.node, tuple(d.entry.node for d in sides.program.definitions)
        if key not in self.domains:
            self.domains[key] = domain_of(sides)
        return self.domains[key]

    def _near(self, sampler: Sampler, pair: Pair, needed: int, enough: int) -> Comparison:
        """Compare two sides at points with entries about 1."""
        coverage = Coverage(pair.nodes)
        may_tie = _has_derivative(pair.sides)
        complete, slight = 0, 0
        ranges: Mapping[Size, int] = {}
        limits: set[str] = set()
        for attempt in range(ATTEMPTS):
            try:
                point = self.point(sampler, attempt, pair.least)
                found, a, b = pair.at(point)
            except UnknownValueError:
                if complete:  # the sizes are too large at this attempt only
                    continue
                return Comparison(State.UNKNOWN)
            if found is not State.EQUAL and may_tie and _is_whole(point) and coverage.is_tied(point):
                continue
            slight += found is State.APART
            if found is State.DIFFERENT or (slight == SLIGHTLY and not complete):
                return pair.apart(Comparison(found, complete), a, b, point)
            if found is State.EQUAL:
                complete += 1
                limits.add(at_limit(pair.nodes, point))
                ranges = max(ranges, point.ranges, key=lambda found: sum(found.values()))
            if complete == needed:
                break
        if complete == 0:
            return Comparison(State.UNDEFINED)
        state = State.EQUAL if complete >= min(needed, enough) else State.UNKNOWN
        return Comparison(state, complete, ranges, limit="" if "" in limits else min(limits))

    def _also_alike(self, alike: Sampler, pair: Pair, near: Comparison) -> Comparison:
        """Compare two sides that agree where sizes differ where all of them are the same, which they may be, too."""
        for attempt in ALIKE:
            try:
                point = self.point(alike, attempt, pair.least)
                found, a, b = pair.at(point)
            except UnknownValueError:
                break
            if found is State.DIFFERENT:
                return pair.apart(near, a, b, point)
        return near

    def _far(self, sampler: Sampler, pair: Pair, near: Comparison) -> Comparison:
        """Compare two sides that agree at near points at small and large ones, until all branches are met."""
        nodes = pair.nodes
        if not any(_is_curved(node) for node in nodes):
            return near
        coverage = Coverage(nodes, sampler.properties)
        scales = _scales(nodes)
        at_least = len(scales)
        if coverage.branching or any(_has_root(node) for node in nodes):
            at_least = max(at_least, FAR_AT_LEAST)
        limit = near.limit
        for attempt in range(FAR_AT_MOST):
            try:
                point = self.far_point(sampler, attempt, pair.least, scales)
                found, a, b = pair.at(point)
            except UnknownValueError:
                break
            if found is State.DIFFERENT:
                return pair.apart(near, a, b, point)
            if found is not State.UNDEFINED and (np.isfinite(a) & np.isfinite(b)).any():
                coverage.note(point)
            limit = limit and (at_limit(nodes, point) if found is State.EQUAL else limit)
            if attempt + 1 >= at_least and coverage.missed() is None and not limit:
                return near
        missed = coverage.missed()
        unmet = missed.function if missed is not None else ""
        return replace(near, state=State.UNMET, unmet=unmet, limit=limit) if unmet or limit else near


def _has_derivative(sides: Sides) -> bool:
    """Whether a derivative is taken, so that single points do not count in which there is none."""
    roots = [sides.left.entry, sides.right.entry, *(d.entry for d in sides.program.definitions)]
    return any(isinstance(node, Derivative) for node in walk.ordered(*(e.node for e in roots)))


def _is_whole(point: Point) -> bool:
    """Whether some input has whole numbers for entries, so that ties are accidents."""
    return any(bool((array == np.round(array)).all()) for array in point.arrays.values())


def _scales(nodes: Sequence[Expr]) -> tuple[float, ...]:
    """Return how large the data are: also such that they meet large and small numbers of the claim."""
    found = {float(magnitude(n)) for node in nodes for n in comparison.numbers(node) if n}
    extreme = sorted(n for n in found if not 0.1 <= n <= 10)[:MORE_SCALES]
    return (*SCALES, *(scale for n in extreme for scale in (3 * n, 1 / n)))


def _has_root(node: Expr) -> bool:
    return isinstance(node, Product) and any(not isinstance(f.exponent, int) for f in node.factors)


def _is_curved(node: Expr) -> bool:
    """Whether a node may be otherwise far away: functions, roots and largest entries."""
    return isinstance(node, Apply | Reduce) or _has_root(node)


def _differ_exactly(a: Entry, b: Entry, ranges: Mapping[Size, int]) -> bool:
    """Whether two entries in whose difference no function stands differ modulo a prime."""
    rest = simplify(build.subtract(a, b))[0] if set(a.wires) == set(b.wires) else a
    for left, right in ((a, b), (rest, build.number(0))):
        if any(_is_opaque(node) for node in walk.ordered(left.node, right.node)):
            continue
        try:
            if not comparison.agreement(left, right, RandomFunctions, 0, ranges or None):
                return True
        except UndefinedError:
            pass
    return False


def _is_opaque(node: Expr) -> bool:
    """Whether exact evaluation need not show that two equal expressions with this node are equal."""
    match node:
        case Apply() | Reduce() | MatrixFunction("logdet"):
            return True
        case Tensor(_, _, assumed):
            return bool(assumed)
        case Product(_, factors):
            return any(not isinstance(f.exponent, int) for f in factors)
        case _:
            return False
