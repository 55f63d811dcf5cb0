"""Sums and products of entries.

Laws applied here: 0·a, 1·a, like terms, like factors, δ (two wires made one), ones beside anything else, components,
numbers, the diagonal of a sum, and the splitting of closed factors from a product.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from einsdiff.algebra.canonical import label
from einsdiff.algebra.entries import (
    ONE,
    ZERO,
    DivisionByZeroError,
    Entry,
    delta,
    exact_power,
    fresh,
    is_positive,
    is_zero,
    ones,
    rename,
    size_of,
    symmetries_of,
)
from einsdiff.algebra.groups import even, smallest
from einsdiff.algebra.network import (
    Groups,
    Placed,
    assemble,
    axis_symmetries,
    is_component,
    like_factors,
    size_at,
    split,
)
from einsdiff.algebra.nodes import (
    Apply,
    Argument,
    Count,
    Exact,
    Expr,
    Factor,
    Labels,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Term,
    Unit,
    Wire,
    exact,
    magnitude,
    size_key,
)
from einsdiff.algebra.refinement import Edge

SPLICE = 12  # factors that a product which sums nothing may have and still join the one around it unasked


def multiply(*factors: Entry, bound: Collection[Wire] = ()) -> Entry:
    """Return Σ_bound Π factors."""
    return product([(f, 1, False) for f in factors], bound)


def power(base: Entry, exponent: Exact) -> Entry:
    """Return base^exponent, entry by entry."""
    return product([(base, exponent, False)])


def scale(coefficient: Exact, entry: Entry) -> Entry:
    """Return coefficient · entry."""
    return product([(entry, 1, False)], (), coefficient)


def contract(body: Entry, over: Collection[Wire]) -> Entry:
    """Return Σ_over body."""
    return product([(body, 1, True)], over) if over else body


def product(
    factors: Iterable[tuple[Entry, Exact, bool]],
    bound: Collection[Wire] = (),
    coefficient: Exact = 1,
) -> Entry:
    """Return coefficient · Σ_bound Π entry^exponent, given as triples (entry, exponent, join).

    Every bound wire must stand in some factor.  A factor that is itself a product joins this one where it sums nothing,
    and with `join` also where it does.  A zero factor makes the product zero, whatever the others.
    """
    given = list(factors)
    if len(given) == 1 and given[0][1] == coefficient == 1 and not (bound or _is_open(given[0][0])):
        return given[0][0]
    network = _Network(coefficient, bound)
    for entry, exponent, join in given:
        if is_zero(entry) and exponent != 0:
            if exponent < 0:
                raise DivisionByZeroError
            network.coefficient = 0
        network.put(entry, exact(exponent), join=join)
    return network.close()


class _Network:
    """A product under construction: factors on wires, wires that were made one, a coefficient."""

    def __init__(self, coefficient: Exact, bound: Collection[Wire]) -> None:
        self.coefficient = coefficient
        self.bound: set[Wire] = set(bound)
        self.factors: list[Placed] = []
        self.fused: dict[Wire, Wire] = {}
        self.free: dict[Wire, None] = {}

    def find(self, wire: Wire) -> Wire:
        """Return the wire that stands for all that were made one with this one."""
        while wire in self.fused:
            wire = self.fused[wire]
        return wire

    def fuse(self, a: Wire, b: Wire) -> None:
        """Make two wires one: δ_ab."""
        a, b = self.find(a), self.find(b)
        if a != b:
            self.fused[b] = a

    def put(self, entry: Entry, exponent: Exact, *, join: bool) -> None:
        """Add a factor, opening it where it is a product that can join."""
        for wire in entry.wires:
            if wire not in self.bound:
                self.free[wire] = None
        self._open(entry, exponent, join=join)

    def _open(self, entry: Entry, exponent: Exact, *, join: bool) -> None:
        node, wires = entry
        if isinstance(node, Number):
            self._put_number(node, exponent)
        elif exponent != 0 and isinstance(node, Product) and self._joins(node, exponent, join=join):
            self._splice(node, wires, exponent)
        elif isinstance(node, Product) and exponent == 1 and (node.coefficient != 1 or len(set(node.out)) < node.rank):
            self._hoist(node, wires)
        else:
            self.factors.append(Placed(node, wires, exponent))

    def _put_number(self, node: Number, exponent: Exact) -> None:
        value = exact_power(node.value, exponent)
        if value is None:
            self.factors.append(Placed(node, (), exponent))
        else:
            self.coefficient *= value

    def _joins(self, node: Product, exponent: Exact, *, join: bool) -> bool:
        """Tell whether the factors of a product become factors of this one."""
        if node.bound:
            return join and exponent == 1
        if exponent == 1:
            return join or len(node.factors) <= SPLICE
        if (len(set(node.out)) < node.rank and exponent < 0) or exact_power(node.coefficient, exponent) is None:
            return False
        if isinstance(exponent, int):
            return True
        solid = [f for f in node.factors if not isinstance(f.node, Ones)]
        return len(solid) == 1 and node.coefficient > 0 and _combine(solid[0], exponent)

    def _splice(self, node: Product, wires: tuple[Wire, ...], exponent: Exact) -> None:
        at: dict[int, Wire] = {}
        for axis_label, wire in zip(node.out, wires, strict=True):
            if axis_label in at:
                self.fuse(at[axis_label], wire)
            else:
                at[axis_label] = wire
        for inner in node.bound:
            at[inner] = fresh()
            self.bound.add(at[inner])
        scaled = exact_power(node.coefficient, exponent)
        assert scaled is not None
        self.coefficient *= scaled
        for f in node.factors:
            inside = Entry(f.node, tuple(at[k] for k in f.labels))
            self._open(inside, exact(f.exponent * exponent), join=False)

    def _hoist(self, node: Product, wires: tuple[Wire, ...]) -> None:
        """Take the coefficient and the δs out of a product that stays a factor of its own."""
        at: dict[int, Wire] = {}
        for axis_label, wire in zip(node.out, wires, strict=True):
            if axis_label in at:
                self.fuse(at[axis_label], wire)
            else:
                at[axis_label] = wire
        self.coefficient *= node.coefficient
        names: dict[int, Wire] = {**at, **{k: fresh() for k in node.bound}}
        core = product(
            [(Entry(f.node, tuple(names[k] for k in f.labels)), f.exponent, False) for f in node.factors],
            [names[k] for k in node.bound],
        )
        self.factors.append(Placed(core.node, core.wires, 1))

    def close(self) -> Entry:
        """Return the entry of the finished product."""
        if len(self.factors) == 1 and (self.coefficient != 1 or self.fused):
            only = self.factors[0]
            if isinstance(only.node, Product) and only.exponent == 1 and only.node.bound:  # c (Σ …) is one product
                self.factors = []
                self._splice(only.node, only.wires, 1)
        if self.coefficient == 0:
            return ZERO
        groups: dict[Wire, list[Wire]] = {}
        for wire in self.free:
            groups.setdefault(self.find(wire), []).append(wire)
        fused = self.factors
        if self.fused:
            fused = [Placed(f.node, tuple(map(self.find, f.wires)), f.exponent) for f in fused]
        factors = [part for f in fused for part in self._diagonal(f)]
        if self.coefficient == 0:
            return ZERO
        scalars, factors = self._reduce(factors, groups)
        factors = like_factors(factors)
        if any(f.exponent == 0 for f in factors):
            more, factors = self._vanish(factors, groups)
            scalars += more
        if self.coefficient == 0:
            return ZERO
        placed = {f.wires[0]: f for f in factors if isinstance(f.node, Unit)}
        if placed and not is_component(factors, placed, groups):
            return self._placed(scalars, factors, placed, groups)
        open_parts, closed = split(factors, groups)
        if not open_parts and not groups and len(closed) == 1 and not scalars:
            return assemble(self.coefficient, closed[0], groups)
        scalars += [Placed(assemble(1, part, {}).node, (), 1) for part in closed]
        if scalars:
            open_parts = [f for f in like_factors([*scalars, *open_parts]) if f.wires or f.exponent != 0]
        return assemble(self.coefficient, open_parts, groups)

    def _diagonal(self, f: Placed) -> list[Placed]:
        """Return the factors that stand for one in which a wire comes twice."""
        if len(set(f.wires)) == len(f.wires):
            return [f]
        found = _diagonal(f.node, tuple([f.wires.index(w) for w in f.wires]), is_whole=isinstance(f.exponent, int))
        if found is None:
            return [f]
        if is_zero(found):
            if f.exponent < 0:
                raise DivisionByZeroError
            self.coefficient = 0
        names: dict[Wire, Wire] = dict(enumerate(f.wires))
        wires = tuple([names[k] for k in found.wires])
        left = dict(zip(f.wires, f.node.sizes, strict=True))
        ones = [Placed(Ones(size), (w,), 1) for w, size in left.items() if w not in wires]
        return [Placed(found.node, wires, f.exponent), *ones]

    def _placed(
        self,
        scalars: list[Placed],
        factors: list[Placed],
        placed: Mapping[Wire, Placed],
        groups: Groups,
    ) -> Entry:
        """δ_ki a_i b_i = a_k b_k, and δ_ki a_i = δ_ki a_k where i is free: give each factor its own component."""
        found: list[tuple[Entry, Exact, bool]] = [(Entry(f.node, ()), f.exponent, False) for f in scalars]
        alias = {w: fresh() for w in placed}
        for f in factors:
            if f.wires and placed.get(f.wires[0]) == f:
                if f.wires[0] in groups:
                    found.append((Entry(f.node, f.wires), 1, False))
                continue
            units = [(alias[w], placed[w].node) for w in dict.fromkeys(f.wires) if w in placed]
            found.append((_component(rename(Entry(f.node, f.wires), alias), units), f.exponent, False))
        names: dict[Wire, Wire] = {w: same[0] for w, same in groups.items()}
        inside = [(rename(e, names), x, j) for e, x, j in found]
        for w, same in groups.items():
            inside += [(delta(same[0], other, size_at(factors, w)), 1, False) for other in same[1:]]
        bound = {w for e, _, _ in inside for w in e.wires} - {w for same in groups.values() for w in same}
        return product(inside, bound, self.coefficient)

    def _vanish(self, factors: list[Placed], groups: Groups) -> tuple[list[Placed], list[Placed]]:
        """Replace a^0 by ones on its wires."""
        left = [f for f in factors if f.exponent != 0]
        for f in factors:
            if f.exponent == 0:
                left += [Placed(Ones(size), (w,), 1) for w, size in zip(f.wires, f.node.sizes, strict=True)]
        return self._reduce(left, groups)

    def _reduce(self, factors: list[Placed], groups: Groups) -> tuple[list[Placed], list[Placed]]:
        """Apply the laws of ones and components; return the scalars that arise, and the factors left."""
        solid: set[Wire] = set()
        places: dict[Wire, Placed] = {}
        ranges: dict[Wire, Size] = {}
        kept: list[Placed] = []
        for f in factors:
            if isinstance(f.node, Ones):
                w, size = f.wires[0], f.node.size
                if w not in ranges or size_key(size) < size_key(ranges[w]):
                    ranges[w] = size
            elif isinstance(f.node, Unit) and f.exponent > 0:
                other = places.get(f.wires[0])
                if other is not None and other.node.place != f.node.place:  # type: ignore[union-attr]
                    self.coefficient = 0  # δ_ka δ_la = 0
                    return [], []
                if other is None or size_key(f.node.size) < size_key(other.node.size):  # type: ignore[union-attr]
                    places[f.wires[0]] = Placed(f.node, f.wires, 1)
            else:
                solid.update(f.wires)
                kept.append(f)
        scalars: list[Placed] = []
        for w, f in places.items():
            if w in groups or w in solid:
                kept.append(f)  # Σ_a δ_ka = 1 else
        for w, size in ranges.items():
            if w in solid or w in places:
                continue  # 1_a beside b_a
            if w in groups:
                kept.append(Placed(Ones(size), (w,), 1))
            elif isinstance(size, int):
                self.coefficient *= size
            else:
                scalars.append(Placed(Count(size), (), 1))  # Σ_a 1_a
        return scalars, kept


_diagonals: WeakKeyDictionary[Expr, dict[tuple[Labels, bool], Entry | None]] = WeakKeyDictionary()


def _diagonal(node: Expr, wires: Labels, *, is_whole: bool) -> Entry | None:
    """Return a node at wires of which some come twice, spelled with diagonals of its parts; None where it has none.

    What stands in many parts of a node is looked at once.  `is_whole` says whether the node has a whole power: of a
    product the factors have their own powers then, and their own diagonals.
    """
    known = _diagonals.setdefault(node, {})
    if (wires, is_whole) not in known:
        known[wires, is_whole] = _found_diagonal(node, wires, is_whole=is_whole)
    return known[wires, is_whole]


def _found_diagonal(node: Expr, wires: Labels, *, is_whole: bool) -> Entry | None:
    """(a + b)_ii = a_ii + b_ii, f(a)_ii = f(a_ii), max_k(a_..k)_ii = max_k(a_iik): alike is seen to be alike.

    Where nothing depends on i any more, as in f(a_i - a_j)_ii = f(0) 1_i, the result lacks it.
    """

    def at(node: Expr, labels: Labels) -> Entry:
        return Entry(node, tuple(wires[k] for k in labels))

    match node:
        case Sum(terms):
            return total([(t.coefficient, at(t.node, t.labels), True) for t in terms])
        case Apply(function, arguments, orders):
            return apply(function, *(at(a.node, a.labels) for a in arguments), orders=orders)
        case Reduce(operator, argument, axes):
            over: dict[Wire, Size] = {fresh(): size for size in node.label_sizes[axes:]}
            inside = (*wires, *over)
            return reduce(operator, Entry(argument.node, tuple(inside[k] for k in argument.labels)), over)
        case Product(coefficient, factors, out) if not is_whole and len(set(out)) == len(out):
            names = {**dict(zip(out, wires, strict=True)), **{k: fresh() for k in node.bound}}
            inner = [(Entry(g.node, tuple(names[k] for k in g.labels)), g.exponent, False) for g in factors]
            return product(inner, [names[k] for k in node.bound], coefficient)
        case _:
            return None


def _combine(inner: Factor, exponent: Exact) -> bool:
    """(a^p)^q = a^(p q) where q is whole, where p is 1 or −1, or where a is positive."""
    return isinstance(exponent, int) or inner.exponent in (1, -1) or is_positive(inner.node)


def _component(entry: Entry, units: Sequence[tuple[Wire, Expr]]) -> Entry:
    """Return an entry at the components of some of its wires: (f(a))_k = f(a_k), down to the tensors."""
    here = [(w, u) for w, u in units if w in entry.wires]
    if not here:
        return entry

    def inside(node: Expr, labels: Labels, at: Mapping[int, Wire]) -> Entry:
        return _component(Entry(node, tuple(at[k] for k in labels)), units)

    at = dict(enumerate(entry.wires))
    match entry.node:
        case Sum(terms):
            return total([(t.coefficient, inside(t.node, t.labels, at), False) for t in terms])
        case Apply(function, arguments, orders):
            return apply(function, *(inside(a.node, a.labels, at) for a in arguments), orders=orders)
        case Reduce(operator, argument, axes):
            over: dict[Wire, Size] = {}
            for k in range(axes, len(entry.node.label_sizes)):
                at[k] = fresh()
                over[at[k]] = entry.node.label_sizes[k]
            return reduce(operator, inside(argument.node, argument.labels, at), over)
        case _:
            ties = [(Entry(u, (w,)), 1, False) for w, u in here]
            return product([(entry, 1, True), *ties], [w for w, _ in here])


# --------------------------------------------------------------------------------------------------------------- sums


def add(*terms: Entry) -> Entry:
    """Return Σ terms; all that are not zero have the same wires."""
    return total([(1, t, False) for t in terms])


def subtract(a: Entry, b: Entry) -> Entry:
    """Return a − b."""
    return total([(1, a, False), (-1, b, False)])


def total(terms: Iterable[tuple[Exact, Entry, bool]]) -> Entry:
    """Return Σ coefficient · entry, given as triples (coefficient, entry, join).

    With `join`, a term that is a sum becomes part of this one.  All terms that are not zero have the same wires.
    """
    collected: dict[tuple[Expr, tuple[Wire, ...]], Exact] = {}
    names: tuple[Wire, ...] | None = None
    for coefficient, entry, join in terms:
        for c, (node, wires) in _terms(coefficient, entry, join=join):
            names = wires if names is None else names
            assert set(wires) == set(names), f"terms with wires {names} and {wires}"
            spelled, sign = _spelling(node, wires, names)
            if sign:
                collected[node, spelled] = collected.get((node, spelled), 0) + sign * c
    left = [(exact(c), node, wires) for (node, wires), c in collected.items() if c != 0]
    if not left:
        return ZERO
    if len(left) == 1:
        c, node, wires = left[0]
        return Entry(node, wires) if c == 1 else scale(c, Entry(node, wires))
    common = _common_ones(left)
    if common:
        bare = [(c, _without_ones(Entry(node, wires), common), False) for c, node, wires in left]
        return multiply(total(bare), *(ones(w, size) for w, size in common.items()))
    edges, sizes_seen = [], {}
    for c, node, wires in left:
        edges.append(Edge((node.digest, str(magnitude(c))), wires, symmetries_of(node), 1 if c > 0 else -1))
        sizes_seen.update(dict.fromkeys(wires, 0))
    found = label(edges, sizes_seen, signed=False)
    rows = []
    for (c, node, _), edge, labels, sign in zip(left, edges, found.labels, found.signs, strict=True):
        rows.append((edge.colour, labels, Term(magnitude(c) * sign, node, labels)))
    rows.sort(key=lambda row: row[:2])
    groups = {w: [w] for w in found.order}
    return Entry(Sum(tuple(r[2] for r in rows), axis_symmetries(found, groups)), found.order)


def ones_in(entry: Entry) -> dict[Wire, Size]:
    """Return the wires along which an entry is the same at every value, with their sizes: 1_i beside nothing else."""
    node, wires = entry
    if isinstance(node, Ones):
        return {wires[0]: node.size}
    if not isinstance(node, Product) or not any(isinstance(f.node, Ones) for f in node.factors):
        return {}
    spreading = {f.labels[0]: f.node.size for f in node.factors if isinstance(f.node, Ones)}
    return {w: spreading[k] for k, w in zip(node.out, wires, strict=True) if k in spreading and node.out.count(k) == 1}


def _common_ones(terms: list[tuple[Exact, Expr, tuple[Wire, ...]]]) -> dict[Wire, Size]:
    """Return the wires along which every term of a sum is the same."""
    common = ones_in(Entry(terms[0][1], terms[0][2]))
    for _, node, wires in terms[1:]:
        if not common:
            break
        here = ones_in(Entry(node, wires))
        common = {w: size for w, size in common.items() if w in here}
    return common


def _without_ones(entry: Entry, lost: Mapping[Wire, Size]) -> Entry:
    """Return an entry at any one value of wires along which it is the same."""
    node, wires = entry
    if isinstance(node, Ones):
        return ONE
    assert isinstance(node, Product)
    names: dict[int, Wire] = {k: fresh() for k in node.bound}
    kept: list[tuple[Entry, Exact, bool]] = []
    for k, w in zip(node.out, wires, strict=True):
        if k in names:
            kept.append((delta(names[k], w, node.label_sizes[k]), 1, False))
        else:
            names[k] = w
    left = [f for f in node.factors if not (isinstance(f.node, Ones) and names[f.labels[0]] in lost)]
    kept += [(Entry(f.node, tuple(names[k] for k in f.labels)), f.exponent, False) for f in left]
    return product(kept, [names[k] for k in node.bound], node.coefficient)


def _terms(coefficient: Exact, entry: Entry, *, join: bool) -> list[tuple[Exact, Entry]]:
    """Return what an entry adds to a sum: coefficients and entries without one, their wires all different."""
    if coefficient == 0 or is_zero(entry):
        return []
    node, wires = entry
    if len(set(wires)) < len(wires):
        return _terms(coefficient, multiply(entry), join=join)
    if isinstance(node, Number):
        return [(exact(coefficient * node.value), ONE)]
    if isinstance(node, Sum) and join:
        inner = [(t.coefficient, Entry(t.node, tuple(wires[k] for k in t.labels))) for t in node.terms]
        return [found for c, e in inner for found in _terms(coefficient * c, e, join=False)]
    if isinstance(node, Product) and node.coefficient != 1:
        bare = split_coefficient(entry)[1]
        return _terms(coefficient * node.coefficient, bare, join=join)
    return [(exact(coefficient), entry)]


def split_coefficient(entry: Entry) -> tuple[Exact, Entry]:
    """Return the coefficient of an entry and the entry without it."""
    node, wires = entry
    if isinstance(node, Number):
        return node.value, ONE
    if not isinstance(node, Product) or node.coefficient == 1:
        return 1, entry
    only = node.factors[0]
    if len(node.factors) == 1 and only.exponent == 1 and only.labels == node.out == tuple(range(len(node.out))):
        return node.coefficient, Entry(only.node, wires)
    return node.coefficient, Entry(Product(1, node.factors, node.out, node.symmetries), wires)


def _spelling(node: Expr, wires: tuple[Wire, ...], names: tuple[Wire, ...]) -> tuple[tuple[Wire, ...], int]:
    """Return the one spelling among those that a node's symmetries allow, and its sign; 0 where it must vanish."""
    group = symmetries_of(node)
    if not group:
        return wires, 1
    place = {w: k for k, w in enumerate(names)}
    labels, sign = smallest(tuple([place[w] for w in wires]), group)
    return tuple([names[k] for k in labels]), sign


# ---------------------------------------------------------------------------------------------------------- functions


def apply(function: str, *arguments: Entry, orders: tuple[int, ...] | None = None) -> Entry:
    """Return f(u, v, …), entry by entry; along wires on which no argument depends the result is the same."""
    lost: dict[Wire, Size] = {}
    arguments = tuple(multiply(a) if _is_open(a) else a for a in arguments)
    for k, a in enumerate(arguments):
        spreading = ones_in(a)
        if spreading:
            lost |= spreading
            arguments = (*arguments[:k], _without_ones(a, spreading), *arguments[k + 1 :])
    if lost:
        return spread(apply(function, *arguments, orders=orders), lost)
    edges = [Edge((a.node.digest, k), a.wires, even(symmetries_of(a.node))) for k, a in enumerate(arguments)]
    kinds = {w: 0 for a in arguments for w in a.wires}
    found = label(edges, kinds, signed=True)
    groups = {w: [w] for w in found.order}
    parts = tuple(Argument(a.node, labels) for a, labels in zip(arguments, found.labels, strict=True))
    return Entry(Apply(function, parts, orders, axis_symmetries(found, groups)), found.order)


def _is_open(a: Entry) -> bool:
    """Whether a product of one factor has another form: a_ii, too, so that f(a)_ii is f(a_ii)."""
    return isinstance(a.node, Product) or len(set(a.wires)) < len(a.wires)


def reduce(operator: str, body: Entry, over: Mapping[Any, Size]) -> Entry:
    """Return prod, max, min or logsumexp of an entry over some wires, given with their sizes."""
    if is_zero(body):
        counts = multiply(*(size_of(s) for s in over.values()))
        return apply("log", counts) if operator == "logsumexp" else ZERO
    body = spread(multiply(body), over)
    edges = [Edge(body.node.digest, body.wires, even(symmetries_of(body.node)))]
    found = label(edges, {w: int(w in over) for w in body.wires}, signed=True)
    free = tuple(w for w in found.order if w not in over)
    groups = {w: [w] for w in free}
    argument = Argument(body.node, found.labels[0])
    return Entry(Reduce(operator, argument, len(free), axis_symmetries(found, groups)), free)


def spread(entry: Entry, wanted: Mapping[Any, Size]) -> Entry:
    """Return the entry with ones for the wires it lacks; a zero stays a zero."""
    if is_zero(entry):
        return entry
    lacking = [ones(w, size) for w, size in wanted.items() if w not in entry.wires]
    return multiply(entry, *lacking) if lacking else entry
