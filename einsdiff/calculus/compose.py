"""How the laws are composed over the graph: forward from the variable, or in reverse from the result.

Reverse accumulation visits each node once, whatever the number of paths, so that the gradient of a deep network has
linear size.  It is used where the result has fewer axes than the variable; elsewhere the tangents go forward.
Source: S. Linnainmaa, The representation of the cumulative rounding error of an algorithm as a Taylor expansion of the
local rounding errors, Master's thesis, University of Helsinki, 1970.
"""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Derivative, Expr, Tensor, Wire
from einsdiff.algebra.steps import Steps, unrecorded
from einsdiff.calculus.laws import Partial, differential


def differentiate(y: Entry, x: Entry, steps: Steps = unrecorded) -> Entry:
    """Return ∂y/∂x for one entry y and one entry x of a tensor; its wires are those of y and of x.

    Shapes: y has free wires F, x has wires W, all different; the result has F ⊎ W, or is zero.
    Raises: nothing but what the makers raise; unknown functions have unknown derivatives.
    """
    y = carry_out(build.multiply(y), steps)
    if build.is_zero(y):
        return build.ZERO
    variable = x.node
    assert isinstance(variable, Tensor)
    if y.node.rank < variable.rank:
        found = pullback(y.node, variable, None, steps)
        names: dict[Wire, Wire] = {("y", k): w for k, w in enumerate(y.wires)}
        return build.rename(found, names | dict(enumerate(x.wires)))
    found = pushforward(y.node, variable, None, steps)
    return build.rename(found, {("x", k): w for k, w in enumerate(x.wires)} | dict(enumerate(y.wires)))


def carry_out(y: Entry, steps: Steps = unrecorded) -> Entry:
    """Return the entry with every derivative in it carried out."""
    if Derivative not in y.node.kinds:
        return y
    known = walk.Rewriting()
    for node in walk.ordered(y.node):
        if isinstance(node, Derivative):
            body = known[node.body]
            wrt = Entry(node.wrt, tuple(range(node.body.rank, node.rank)))
            known[node] = differentiate(body, wrt, steps)
        else:
            known.note(node, walk.rebuild(node, known))
    return walk.place(known[y.node], y.wires)


def _depend(root: Expr, x: Tensor) -> set[Expr]:
    """Return the nodes below the root that depend on x."""
    found: set[Expr] = {x}
    for node in walk.ordered(root):
        if not found.isdisjoint(node.below):
            found.add(node)
    return found


def pushforward(y: Expr, x: Tensor, tangent: Entry | None, steps: Steps = unrecorded) -> Entry:
    """Return Σ ∂y/∂x · tangent, or ∂y/∂x with the wires ("x", k) where there is no tangent; y's wires are 0, 1, ….

    `tangent` has the wires 0, 1, … of x.
    """
    along: tuple[Wire, ...] = tuple(("x", k) for k in range(x.rank))
    depends = _depend(y, x)
    known: dict[Expr, Entry] = {}
    for node in walk.ordered(y):
        if node not in depends:
            continue
        if node is x:
            known[node] = build.tie(x, Entry(x, along)) if tangent is None else tangent
            continue
        terms = []
        partials = differential(node, depends)
        for _, c, u, bound in partials:
            du = build.rename(known[u.node], dict(enumerate(u.wires)))
            terms.append((1, build.multiply(c, du, bound=bound), False))
        known[node] = build.total(terms)
        if steps.is_recording:
            _record(steps, node, x, partials)
    return known.get(y, build.ZERO)


def pullback(y: Expr, x: Tensor, cotangent: Entry | None, steps: Steps = unrecorded) -> Entry:
    """Return Σ cotangent · ∂y/∂x, or ∂y/∂x with y's wires as ("y", k) where there is no cotangent; x's are 0, 1, ….

    `cotangent` has the wires 0, 1, … of y, which are then summed.
    """
    seed = build.multiply(*(build.delta(k, ("y", k), size) for k, size in enumerate(y.sizes)))
    depends = _depend(y, x)
    received: dict[Expr, list[Entry]] = {y: [seed if cotangent is None else cotangent]}
    for node in reversed(walk.ordered(y)):
        if node is x or node not in received or node not in depends:
            continue
        adjoint = build.add(*received.pop(node))
        if build.is_zero(adjoint):
            continue
        inner: dict[Wire, Wire] = {k: ("u", k) for k in range(node.rank)}
        own = build.rename(adjoint, inner)
        partials = differential(node, depends)
        for _, c, u, bound in partials:
            pulled = _pulled(own, build.rename(c, inner), build.rename(u, inner), (*inner.values(), *bound))
            received.setdefault(u.node, []).append(pulled)
        if steps.is_recording:
            _record(steps, node, x, partials)
    return build.add(*received.get(x, []))


def _pulled(adjoint: Entry, c: Entry, u: Entry, bound: Sequence[Wire]) -> Entry:
    """Return Σ adjoint · c at the axes 0, 1, … of u's node: each axis is tied to its wire."""
    ties = [build.delta(w, k, size) for k, (w, size) in enumerate(zip(u.wires, u.node.sizes, strict=True))]
    return build.multiply(adjoint, c, *ties, bound=bound)


def _record(steps: Steps, node: Expr, x: Tensor, partials: Sequence[Partial]) -> None:
    """Record ∂y/∂x = Σ c ∂u/∂x, the law that was applied at one node."""
    along = tuple(("x", k) for k in range(x.rank))
    names: dict[Wire, Wire] = {w: node.rank + k for k, w in enumerate(along)}
    variable = Entry(x, along)
    terms = []
    for _, c, u, bound in partials:
        du = build.tie(u.node, variable) if u.node is x else Entry(Derivative(u.node, x), (*range(u.node.rank), *along))
        placed = build.rename(du, dict(enumerate(u.wires)))
        terms.append((1, build.multiply(c, placed, bound=bound), False))
    before = Entry(Derivative(node, x), tuple(range(node.rank + x.rank)))
    steps.add(partials[0].law if partials else "constant", before, build.rename(build.total(terms), names))
