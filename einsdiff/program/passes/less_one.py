"""Exponentials less 1 in divisors and logarithms: exp(u) - 1 = expm1(u), which keeps the digits of a small u.

So they have one scale, of which they can pay.  log(1 - exp(u)) = log1p(-exp(u)) keeps the digits of a small exp(u).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Product, Sum
from einsdiff.program.passes.exponentials import is_exp
from einsdiff.program.passes.exponents import argument, at
from einsdiff.program.passes.inside import inside_and_outside
from einsdiff.program.request import Request
from einsdiff.simplify.rules import constant_value


def less_one(request: Request) -> Request:
    """Return a request for the same results, of real arrays, in which such exponentials are spelled so."""
    roots = [output.entry.node for output in request.outputs]
    nodes = walk.ordered(*roots)
    if not any(map(is_exp, nodes)):
        return request
    inside, _ = inside_and_outside(nodes, roots)
    known = walk.Rewriting()
    for node in nodes:
        found = _logarithm(node, known) or walk.rebuild(node, known)
        known.note(node, _less_one(found) if node in inside else found)
    outputs = [replace(o, entry=walk.place(known[o.entry.node], o.entry.wires)) for o in request.outputs]
    return replace(request, outputs=tuple(outputs))


def _less_one(entry: Entry) -> Entry:
    """2 exp(u) - 2 = 2 expm1(u), and so for other numbers than 2."""
    found = _exponential_and_one(entry.node)
    if found is None:
        return entry
    coefficient, u = found
    whole = build.scale(coefficient, build.apply("expm1", u))
    return walk.place(build.spread(whole, dict(enumerate(entry.node.sizes))), entry.wires)


def _logarithm(node: Expr, known: Mapping[Expr, Entry]) -> Entry | None:
    """log(1 - exp(u)) = log1p(-exp(u))."""
    match node:
        case Apply("log", ((part, labels),), None):
            found = _exponential_and_one(part)
        case _:
            return None
    if found is None or found[0] != -1:
        return None
    power = build.apply("exp", walk.place(known[found[1].node], found[1].wires))
    whole = build.apply("log1p", walk.place(build.scale(-1, power), labels))
    return build.spread(whole, dict(enumerate(node.sizes)))


def _exponential_and_one(node: Expr) -> tuple[Exact, Entry] | None:
    """Return c and u for c exp(u) - c."""
    if isinstance(node, Sum) and len(node.terms) == 2:
        for power, one in (node.terms, node.terms[::-1]):
            value, u = constant_value(at(one)), _exponent(at(power))
            if u is not None and value is not None and value * one.coefficient == -power.coefficient:
                return power.coefficient, u
    return None


def _exponent(entry: Entry) -> Entry | None:
    """Return p u for exp(u)^p."""
    match entry.node:
        case Product(1, (f,), out) if is_exp(f.node) and len({*out}) == len(out) == len(f.labels):
            bare, power = build.rename(at(f), {label: entry.wires[axis] for axis, label in enumerate(out)}), f.exponent
        case Apply():
            bare, power = entry, 1
        case _:
            return None
    return build.scale(power, argument(bare)) if is_exp(bare.node) else None
