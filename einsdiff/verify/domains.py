"""Where the formulas have a value that a claim differentiates: log(x) has none at −1, though 1/x has one."""

from __future__ import annotations

import numpy as np

from einsdiff.algebra import walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Derivative, Expr, MatrixFunction, Product
from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.claims import Sides
from einsdiff.elaborate.program import resolve_sizes
from einsdiff.errors import EinsdiffError
from einsdiff.verify.numeric import Point, UnknownValueError, value

PARTIAL = frozenset(("log", "log1p", "sqrt", "asin", "acos", "acosh", "atanh", "pow"))
"""Functions without a value at some real numbers."""


Domain = tuple[Entry, ...]
"""What has to have a value at a point."""


def domain_of(sides: Sides) -> Domain:
    """Return what has to have a value: all that is differentiated, with names linked, where it may have none."""
    program = sides.program
    roots = [root for side in (sides.left, sides.right) for root in program.roots(side.entry.node)]
    reached = walk.ordered(*roots)
    bodies = dict.fromkeys(node.body for node in reached if isinstance(node, Derivative))
    found = []
    for body in bodies:
        try:
            entry = resolve_sizes(evaluate(program, walk.here(body)), program.sizes)
        except EinsdiffError:
            continue
        if any(_is_partial(node) for node in walk.ordered(entry.node)):
            found.append(entry)
    return tuple(found)


def is_inside(domain: Domain, point: Point) -> bool:
    """Whether all entries of a domain have a value at a point."""
    try:
        return all(np.isfinite(value(walk.here(e.node), range(e.node.rank), e.node.sizes, point)).all() for e in domain)
    except UnknownValueError:
        return False


def _is_partial(node: Expr) -> bool:
    match node:
        case Apply(function):
            return function in PARTIAL
        case MatrixFunction(function):
            return function == "logdet"
        case Product(_, factors):
            return any(not isinstance(f.exponent, int) for f in factors)
        case _:
            return False


__all__ = ["Domain", "domain_of", "is_inside"]
