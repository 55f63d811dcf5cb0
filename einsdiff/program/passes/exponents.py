"""Exponentials in divisors and logarithms, spelled as one function: exp(u)^p = exp(p u), exp(u) - 1 = expm1(u).

So each of them has one scale, of which it can pay once, and the digits of a small u are kept; log(1 - exp(u)) keeps
those of a small exp(u).  Elsewhere a power of an exponential that is needed itself costs less than a second
exponential, so that it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Factor, Product, Sum, Term, parts
from einsdiff.program.request import Request
from einsdiff.simplify.rules import constant_value


def exponents(request: Request) -> Request:
    """Return a request for the same results, of real arrays, in which such exponentials are spelled so."""
    nodes = walk.ordered(*(output.entry.node for output in request.outputs))
    if not any(isinstance(node, Apply) and node.function == "exp" for node in nodes):
        return request
    divisors = _divisors(nodes)
    raised = _raised(divisors)
    if not raised and all(_exponential_and_one(node)[1] is None for node in divisors):
        return request
    known: dict[Expr, Entry] = {}
    for node in nodes:
        found = _spelled(node, raised, known) or _logarithm(node, known) or walk.rebuild(node, known)
        known[node] = _less_one(found) if node in divisors else found
    outputs = [replace(o, entry=walk.place(known[o.entry.node], o.entry.wires)) for o in request.outputs]
    return replace(request, outputs=tuple(outputs))


def _divisors(nodes: Iterable[Expr]) -> dict[Expr, None]:
    """Return the sums by which something is divided, and those of which there is a logarithm."""
    found: dict[Expr, None] = {}
    for node in nodes:
        match node:
            case Product(factors=factors):
                found |= dict.fromkeys(f.node for f in factors if f.exponent < 0)
            case Apply("log" | "log1p", ((part, _),), None):
                found[part] = None
            case _:
                pass
    return {node: None for node in found if isinstance(node, Sum | Product)}


def _raised(divisors: Iterable[Expr]) -> frozenset[Expr]:
    """Return the exponentials that stand in a divisor with another power than 1."""
    below = walk.ordered(*divisors, is_closed=lambda node: not isinstance(node, Sum | Product))
    factors = [f for node in below if isinstance(node, Product) for f in node.factors]
    return frozenset(f.node for f in factors if _is_exp(f.node) and f.exponent != 1)


def _less_one(entry: Entry) -> Entry:
    """2 exp(u) - 2 = 2 expm1(u), and so for other numbers than 2."""
    coefficient, u = _exponential_and_one(entry.node)
    if u is None:
        return entry
    found = build.scale(coefficient, build.apply("expm1", u))
    return walk.place(build.spread(found, dict(enumerate(entry.node.sizes))), entry.wires)


def _logarithm(node: Expr, known: Mapping[Expr, Entry]) -> Entry | None:
    """log(1 - exp(u)) = log1p(-exp(u))."""
    if not isinstance(node, Apply) or node.function != "log":
        return None
    ((part, labels),) = node.arguments
    coefficient, u = _exponential_and_one(part)
    if u is None or coefficient != -1:
        return None
    power = build.apply("exp", walk.place(known[u.node], u.wires))
    found = build.apply("log1p", walk.place(build.scale(-1, power), labels))
    return build.spread(found, dict(enumerate(node.sizes)))


def _exponential_and_one(node: Expr) -> tuple[Exact, Entry | None]:
    """Return c and u for c exp(u) - c."""
    if isinstance(node, Sum) and len(node.terms) == 2:
        for power, one in (node.terms, node.terms[::-1]):
            value = constant_value(Entry(one.node, one.labels))
            if _is_exp(power.node) and value is not None and value * one.coefficient == -power.coefficient:
                return power.coefficient, _argument(power)
    return 1, None


def _spelled(node: Expr, raised: frozenset[Expr], known: Mapping[Expr, Entry]) -> Entry | None:
    """Π a exp(u)^p = Π a exp(p u), for exponentials that stand raised in divisors."""
    if not isinstance(node, Product) or not any(f.node in raised and f.exponent != 1 for f in node.factors):
        return None
    factors = [
        (build.apply("exp", build.scale(f.exponent, _argument(f, known))), 1)
        if f.node in raised
        else (walk.place(known[f.node], f.labels), f.exponent)
        for f in node.factors
    ]
    return _assembled(node, factors)


def _assembled(node: Product, factors: Sequence[tuple[Entry, Exact]]) -> Entry:
    """Return a product with other factors, which are given at its labels and have all of them."""
    body = build.product([(entry, exponent, False) for entry, exponent in factors], node.bound, node.coefficient)
    return walk.unfold(body, node)


def _is_exp(node: Expr) -> bool:
    return isinstance(node, Apply) and node.function == "exp" and node.orders is None


def _argument(part: Factor | Term, known: Mapping[Expr, Entry] | None = None) -> Entry:
    """Return u of exp(u), at the labels of a factor or term."""
    ((u, labels),) = ((p.node, p.labels) for p in parts(part.node))
    inner = walk.place(known[u], labels) if known else Entry(u, labels)
    return walk.place(inner, part.labels)
