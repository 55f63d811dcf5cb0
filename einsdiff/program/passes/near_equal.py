"""Differences of what may be nearly equal, in logarithms and divisors: 1 - σ(u) = σ(-u), which keeps all digits.

The differences that stand beside them, as in their derivatives, are spelled so, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import permutations

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Ones, Product, Sum, exact
from einsdiff.program.passes.exponentials import direction
from einsdiff.program.passes.exponents import argument, at, combined, largest, least
from einsdiff.program.passes.inside import inside_and_outside
from einsdiff.program.request import Request
from einsdiff.simplify.rules import constant_value


def _opposite(_: Entry, u: Entry) -> Entry:
    """1 - σ(u) = σ(-u)."""
    return build.apply("sigmoid", build.scale(-1, u))


def _sigmoids(u: Entry, v: Entry) -> Entry:
    """σ(u) - σ(v) = -expm1(v - u) σ(u) σ(-v)."""
    sides = build.multiply(build.apply("sigmoid", u), build.apply("sigmoid", build.scale(-1, v)))
    return build.scale(-1, build.multiply(build.apply("expm1", combined([(1, v), (-1, u)])), sides))


def _opposite_tangent(one: Entry, u: Entry) -> Entry:
    """1 - tanh(u) = 2 σ(-2 u)."""
    return build.scale(2, _opposite(one, build.scale(2, u)))


def _tangents(u: Entry, v: Entry) -> Entry:
    """tanh(u) - tanh(v) = 2 (σ(2 u) - σ(2 v))."""
    return build.scale(2, _sigmoids(build.scale(2, u), build.scale(2, v)))


def _slope(_: Entry, u: Entry) -> Entry:
    """1 - tanh(u)² = 1 / cosh(u)²."""
    return build.power(build.apply("cosh", u), -2)


def _squares(u: Entry, v: Entry) -> Entry:
    """tanh(u)² - tanh(v)² = (tanh|u| - tanh|v|) (tanh|u| + tanh|v|).

    With m the larger one of |u| and |v|, and n the other, tanh(m) - tanh(n) = -2 expm1(2 n - 2 m) σ(2 m) σ(-2 n).
    """
    a, b = build.apply("abs", u), build.apply("abs", v)
    m, n = build.scale(2, largest([a, b])), build.scale(-2, least([a, b]))
    apart = build.multiply(
        build.apply("expm1", build.scale(-1, combined([(1, m), (1, n)]))),
        build.apply("sign", combined([(1, a), (-1, b)])),
    )
    sides = build.multiply(build.apply("sigmoid", m), build.apply("sigmoid", n))
    total = combined([(1, build.apply("tanh", a)), (1, build.apply("tanh", b))])
    return build.scale(-2, build.multiply(build.multiply(apart, sides), total))


Part = tuple[str, Exact]
"""A function and its power; a number has none."""
Law = Callable[[Entry, Entry], Entry]

ONE: Part = ("", 1)
BOUNDED: dict[tuple[Part, Part], Law] = {
    # a,              b                 a - b, by what a and b are functions of
    (ONE,             ("sigmoid", 1)):  _opposite,
    (ONE,             ("tanh", 1)):     _opposite_tangent,
    (ONE,             ("tanh", 2)):     _slope,
    (("tanh", 2),     ("tanh", 2)):     _squares,
}  # fmt: skip
"""Those in which nothing can be large."""
DIFFERENCES = BOUNDED | {
    (("sigmoid", 1),  ("sigmoid", 1)):  _sigmoids,
    (("tanh", 1),     ("tanh", 1)):     _tangents,
}  # fmt: skip
FUNCTIONS = frozenset(("sigmoid", "tanh"))


def near_equal(request: Request) -> Request:
    """Return a request for the same results, of real arrays, in which such differences are spelled so."""
    roots = [output.entry.node for output in request.outputs]
    nodes = walk.ordered(*roots)
    if not any(isinstance(node, Apply) and node.function in FUNCTIONS for node in nodes):
        return request
    inside, outside = inside_and_outside(nodes, roots)
    laws = {node: BOUNDED if node in outside else DIFFERENCES for node in nodes if isinstance(node, Sum)}
    met = {u for node in laws if node in inside and _difference(node, laws[node]) for u in _directions(node)}
    if not met:
        return request
    known = walk.Rewriting()
    for node in nodes:
        found = walk.rebuild(node, known)
        if node in laws and (node in inside or met & _directions(node)):
            found = walk.place(_difference(found.node, laws[node]) or walk.here(found.node), found.wires)
        known.note(node, found)
    outputs = [replace(o, entry=walk.place(known[o.entry.node], o.entry.wires)) for o in request.outputs]
    return replace(request, outputs=tuple(outputs))


def _directions(node: Expr) -> set[Expr]:
    """Return the arguments of the functions in a sum, without the numbers in front."""
    parts = [_bare(at(t))[0].node for t in node.terms] if isinstance(node, Sum) else []
    return {direction(part) for part in parts if isinstance(part, Apply) and part.function in FUNCTIONS}


def _difference(node: Expr, laws: Mapping[tuple[Part, Part], Law]) -> Entry | None:
    """Return a sum in which the first two terms of which there is a law are spelled so."""
    if not isinstance(node, Sum):
        return None
    terms = [(t.coefficient, at(t)) for t in node.terms]
    for j, k in permutations(range(len(terms)), 2):
        found = _of_two(*terms[j], *terms[k], laws)
        if found is not None:
            rest = [term for n, term in enumerate(terms) if n not in (j, k)]
            return build.spread(combined([*rest, found]), dict(enumerate(node.sizes)))
    return None


def _of_two(
    p: Exact, a: Entry, q: Exact, b: Entry, laws: Mapping[tuple[Part, Part], Law]
) -> tuple[Exact, Entry] | None:
    """Return the number and the difference for p a + q b, where -tanh(u) = tanh(-u)."""
    number = constant_value(a)
    (f, x), (g, y) = (ONE, a) if number is not None else _part(a), _part(b)
    law = laws.get((f, g))
    p = p if number is None else exact(Fraction(p) * number)
    if p == q and g == ("tanh", 1):
        q, y = -q, build.scale(-1, y)
    return (p, law(x, y)) if law is not None and p == -q else None


def _part(entry: Entry) -> tuple[Part, Entry]:
    """Return a function with its power, and what it is a function of."""
    bare, exponent = _bare(entry)
    if isinstance(bare.node, Apply) and bare.node.function in FUNCTIONS:
        return (bare.node.function, exponent), argument(bare)
    return ("?", 0), entry


def _bare(entry: Entry) -> tuple[Entry, Exact]:
    """Return a and p for a^p, without what only repeats it."""
    node = entry.node
    if isinstance(node, Product) and node.coefficient == 1 and not node.bound and len({*node.out}) == len(node.out):
        rest = [f for f in node.factors if not isinstance(f.node, Ones)]
        if len(rest) == 1:
            (f,) = rest
            return build.rename(at(f), dict(zip(node.out, entry.wires, strict=True))), f.exponent
    return entry, 1
