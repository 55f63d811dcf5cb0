"""The laws: for one entry y the differential dy = Σ_k c_k du_k in its parts u_k, one case a node.

Wires are the axes 0, 1, … of y.  No layout, no transpose and no shape occurs here.
"""

from __future__ import annotations

from collections.abc import Container, Hashable
from functools import partial
from typing import NamedTuple

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Count,
    Derivative,
    Epsilon,
    Expr,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Tensor,
    Unit,
    Wire,
)
from einsdiff.algebra.walk import here, place
from einsdiff.calculus.slopes import slope


class Partial(NamedTuple):
    """One term Σ_bound c du of a differential: c, and the entry u with its bound wires."""

    law: str
    c: Entry
    u: Entry
    bound: tuple[Hashable, ...] = ()


def differential(y: Expr, varying: Container[Expr]) -> list[Partial]:
    """Return the terms of dy, those with a du that is not 0: of all parts u only some nodes vary."""
    return [p for p in _terms(y, varying) if p.u.node in varying]


def _terms(y: Expr, varying: Container[Expr]) -> list[Partial]:
    """Return the terms of dy; of sums and products, which may have many, only those whose part varies."""
    match y:
        case Number() | Count() | Tensor() | Ones() | Unit() | Epsilon():  # dc = 0; a variable is for the caller
            return []
        case Sum(terms):  # d(a + b) = da + db
            return [
                Partial("sum", build.number(t.coefficient), Entry(t.node, t.labels)) for t in terms if t.node in varying
            ]
        case Product():  # d Σ_j a b = Σ_j (da b + a db);  d u^n = n u^(n-1) du
            return _product(y, varying)
        case Apply(f, arguments, orders):  # d f(u, v) = ∂f/∂u du + ∂f/∂v dv
            at = tuple(Entry(a.node, a.labels) for a in arguments)
            every = dict(enumerate(y.sizes))
            found = [_slope(f, orders, k, at) for k in range(len(at))]
            pairs = zip(found, at, strict=True)
            return [Partial("chain", build.spread(c, every), u) for c, u in pairs if not build.is_zero(c)]
        case Reduce(operator, argument):
            over: list[Wire] = [("over", k) for k in range(y.rank, len(y.label_sizes))]
            u = place(here(argument.node), [[*range(y.rank), *over][k] for k in argument.labels])
            return [Partial(operator, _reduction(y, u, over), u, tuple(over))]
        case MatrixFunction("inv", A):  # d A⁻¹_ab = −A⁻¹_ar dA_rc A⁻¹_cb
            c = build.scale(-1, build.multiply(Entry(y, (0, "r")), Entry(y, ("c", 1))))
            return [Partial("inverse", c, Entry(A, ("r", "c")), ("r", "c"))]
        case MatrixFunction("adj", A):  # d adj A_ab = (adj A_ab A⁻¹_cr − A⁻¹_ar adj A_cb) dA_rc
            u, adjugate, inverse = Entry(A, ("r", "c")), partial(Entry, y), partial(Entry, MatrixFunction("inv", A))
            beside = build.multiply(adjugate((0, 1)), inverse(("c", "r")))
            around = build.scale(-1, build.multiply(inverse((0, "r")), adjugate(("c", 1))))
            return [Partial("adjugate", c, u, ("r", "c")) for c in (beside, around)]
        case MatrixFunction("det", A):  # d det A = det A A⁻¹_cr dA_rc
            c = build.multiply(here(y), Entry(MatrixFunction("inv", A), ("c", "r")))
            return [Partial("determinant", c, Entry(A, ("r", "c")), ("r", "c"))]
        case MatrixFunction(_, A):  # d log det A = A⁻¹_cr dA_rc
            c = Entry(MatrixFunction("inv", A), ("c", "r"))
            return [Partial("log determinant", c, Entry(A, ("r", "c")), ("r", "c"))]
        case Call(_, arguments):  # d f(x) = ∂f/∂x_a dx_a
            return [_call(y, k) for k in range(len(arguments))]
        case Derivative():
            raise AssertionError("derivatives are carried out before they are differentiated")


def _product(y: Product, varying: Container[Expr]) -> list[Partial]:
    """Σ_j a b: each factor that varies in turn, the others beside it; axes that are one label are tied by δ."""
    at: dict[int, Wire] = {label: ("bound", label) for label in y.bound}
    deltas = []
    for axis, label in enumerate(y.out):
        if label in at:
            deltas.append((build.delta(at[label], axis, y.sizes[axis]), 1, False))
        else:
            at[label] = axis
    entries = [place(here(f.node), [at[k] for k in f.labels]) for f in y.factors]
    found = []
    for factor, u in zip(y.factors, entries, strict=True):
        if factor.node not in varying:
            continue
        n = factor.exponent
        beside = [(e, f.exponent, False) for e, f in zip(entries, y.factors, strict=True) if f is not factor]
        own = [(u, n - 1, False)] if n != 1 else []
        c = build.product([*beside, *own, *deltas], (), y.coefficient * n)
        found.append(Partial("product" if len(entries) > 1 else "power", c, u, tuple(at[b] for b in y.bound)))
    return found


def _slope(f: str, orders: tuple[int, ...] | None, k: int, at: tuple[Entry, ...]) -> Entry:
    if orders is None:
        return slope(f, k, at)
    return build.apply(f, *at, orders=tuple(n + (m == k) for m, n in enumerate(orders)))


def _reduction(y: Reduce, u: Entry, over: list[Wire]) -> Entry:
    """∂y/∂u at one entry.

    logsumexp:  exp(u_j − y)
    max, min:   [u_j = y] / Σ_k [u_k = y], so that entries that tie share the slope equally
    prod:       Π_k where(δ_kj, 1, u_k), which holds where entries are 0, too
    """
    ranges: dict[Wire, Size] = dict(zip([*range(y.rank), *over], y.label_sizes, strict=True))
    whole = build.spread(here(y), ranges)
    if y.operator == "logsumexp":
        return build.apply("exp", build.subtract(build.multiply(u), whole))
    other: dict[Wire, Wire] = {w: ("other", k) for k, w in enumerate(over)}
    if y.operator in ("max", "min"):
        hit = build.apply("eq", u, whole)
        hits = build.contract(build.rename(hit, other), other.values())
        return build.product([(hit, 1, False), (hits, -1, False)])
    tie = build.multiply(*(build.delta(w, other[w], ranges[w]) for w in over))
    rest = build.apply("where", tie, build.number(1), build.rename(u, other))
    return build.reduce("prod", rest, {other[w]: ranges[w] for w in over})


def _call(y: Call, k: int) -> Partial:
    argument = y.arguments[k]
    given = [(Entry(a.node, a.labels), range(len(a.labels))) for a in y.arguments]
    new = [("arg", label) for label in range(len(argument.labels))]
    c = build.call(y.function, given, [*range(y.rank), *new], (*y.wrt, k))
    u = place(here(argument.node), [new[label] for label in argument.labels])
    return Partial("unknown function", c, u, tuple(new))
