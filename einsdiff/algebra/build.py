"""The makers: from entries to entries, applying only laws that need no search.

An `Entry` is one scalar of a tensor at named wires, as in `A_ij`.  Laws, identities and the elaboration of texts speak of
entries only; the makers choose the labels inside nodes, so that nothing outside this module handles axis positions.

Laws applied here: 0·a, 1·a, like factors, like terms, δ (two wires made one), ones beside anything else, components,
numbers, and the splitting of closed factors from a product.  Everything cleverer is an identity with a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import count, permutations
from math import isqrt
from typing import NamedTuple

from einsdiff.algebra.canonical import Edge, Labelling, generate, label
from einsdiff.algebra.nodes import (
    Apply,
    Argument,
    Call,
    Count,
    Derivative,
    Epsilon,
    Exact,
    Expr,
    Factor,
    Labels,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Symmetry,
    Tensor,
    Term,
    Unit,
    Wire,
    exact,
    size_key,
)


class Entry(NamedTuple):
    """One scalar of a tensor: a node and a wire for each of its axes.

    A wire may stand twice (`A_ii`, not summed).  Zero has no wires, whatever it is a zero of.
    """

    node: Expr
    wires: tuple[Wire, ...]


class DivisionByZeroError(Exception):
    """A factor that is exactly zero was divided by."""


ZERO = Entry(Number(0), ())
ONE = Entry(Number(1), ())
_fresh = count()
SPLICE = 12  # factors that a product which sums nothing may have and still join the one around it unasked


class Bound(NamedTuple):
    """A wire that no one else can name."""

    serial: int


def fresh() -> Bound:
    """Return a wire that is nowhere used."""
    return Bound(next(_fresh))


# ------------------------------------------------------------------------------------------------------------- leaves


def number(value: Exact) -> Entry:
    """Return the entry of a number."""
    return Entry(Number(exact(value)), ())


def tensor(name: str, wires: Sequence[Wire], assumed: Iterable[str] = ()) -> Entry:
    """Return A_ij…."""
    return Entry(Tensor(name, len(wires), tuple(sorted(assumed))), tuple(wires))


def delta(a: Wire, b: Wire, size: Size) -> Entry:
    """Return δ_ab."""
    return Entry(_delta(size), (a, b))


def tie(node: Expr, entry: Entry) -> Entry:
    """Return ∂A_ij/∂A_kl = δ_ik δ_jl: the wires 0, 1, … of a tensor's axes made one with those of an entry."""
    return multiply(*(delta(k, w, size) for k, (w, size) in enumerate(zip(entry.wires, node.sizes, strict=True))))


def ones(wire: Wire, size: Size) -> Entry:
    """Return 1_a."""
    return Entry(Ones(size), (wire,))


def unit(wire: Wire, size: Size, place: int) -> Entry:
    """Return δ_ka for the numeral k = `place`."""
    return Entry(Unit(size, place), (wire,))


def epsilon(wires: Sequence[Wire]) -> Entry:
    """Return ε_ijk…."""
    return Entry(Epsilon(len(wires)), tuple(wires))


def size_of(size: Size) -> Entry:
    """Return the number of values that an index takes, as a scalar."""
    return number(size) if isinstance(size, int) else Entry(Count(size), ())


def sizes(entry: Entry) -> dict[Wire, Size]:
    """Return the size of each wire of an entry."""
    found: dict[Wire, Size] = {}
    for wire, size in zip(entry.wires, entry.node.sizes, strict=True):
        if wire not in found or size_key(size) < size_key(found[wire]):
            found[wire] = size
    return found


def is_zero(entry: Entry) -> bool:
    """Tell whether the entry is the number zero."""
    return entry.node is ZERO.node


def rename(entry: Entry, names: Mapping[Wire, Wire]) -> Entry:
    """Return the entry at other wires; all are exchanged at once."""
    return Entry(entry.node, tuple(names.get(w, w) for w in entry.wires))


def symmetries_of(node: Expr) -> tuple[Symmetry, ...]:
    """Return the permutations of a node's axes that keep it, but for a sign."""
    match node:
        case Sum() | Product() | Apply() | Reduce():
            return node.symmetries
        case Tensor(_, rank, assumed) if rank > 1 and assumed:
            if {"symmetric", "spd"} & set(assumed):
                return _all_permutations(rank, odd=1)
            return _all_permutations(rank, odd=-1) if "skew" in assumed else ()
        case Epsilon(rank):
            return _all_permutations(rank, odd=-1)
        case MatrixFunction("inv", argument):
            return symmetries_of(argument)
        case _:
            return ()


_permutations: dict[tuple[int, int], tuple[Symmetry, ...]] = {}


def _all_permutations(rank: int, *, odd: int) -> tuple[Symmetry, ...]:
    found = _permutations.get((rank, odd))
    if found is None:
        if rank <= 5:
            orders = [p for p in permutations(range(rank)) if p != tuple(range(rank))]
            found = tuple(Symmetry(p, odd if parity(p) else 1) for p in orders)
        else:
            swaps = [(*range(k), k + 1, k, *range(k + 2, rank)) for k in range(rank - 1)]
            found = generate([Symmetry(p, odd) for p in swaps], rank)
        _permutations[rank, odd] = found
    return found


def parity(order: Sequence[int]) -> int:
    """Return 0 for an even permutation and 1 for an odd one."""
    return sum(order[a] > order[b] for b in range(len(order)) for a in range(b)) % 2


# ----------------------------------------------------------------------------------------------------------- products


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
    network = _Network(coefficient, bound)
    for entry, exponent, join in factors:
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
        self.factors: list[Factor2] = []
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
            self._splice(node, wires, exponent, join=join)
        elif isinstance(node, Product) and exponent == 1 and (node.coefficient != 1 or len(set(node.out)) < node.rank):
            self._hoist(node, wires)
        else:
            self.factors.append(Factor2(node, wires, exponent))

    def _put_number(self, node: Number, exponent: Exact) -> None:
        value = exact_power(node.value, exponent)
        if value is None:
            self.factors.append(Factor2(node, (), exponent))
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
        whole = isinstance(exponent, int)
        return whole or (len(node.factors) == 1 and node.coefficient > 0 and _combine(node.factors[0], exponent))

    def _splice(self, node: Product, wires: tuple[Wire, ...], exponent: Exact, *, join: bool) -> None:
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
        self.factors.append(Factor2(core.node, core.wires, 1))

    def close(self) -> Entry:
        """Return the entry of the finished product."""
        if self.coefficient == 0:
            return ZERO
        groups: dict[Wire, list[Wire]] = {}
        for wire in self.free:
            groups.setdefault(self.find(wire), []).append(wire)
        factors = [self._diagonal(Factor2(f.node, tuple(map(self.find, f.wires)), f.exponent)) for f in self.factors]
        if self.coefficient == 0:
            return ZERO
        scalars, factors = self._reduce(factors, groups)
        factors = _like_factors(factors)
        if any(f.exponent == 0 for f in factors):
            more, factors = self._vanish(factors, groups)
            scalars += more
        if self.coefficient == 0:
            return ZERO
        placed = {f.wires[0]: f for f in factors if isinstance(f.node, Unit) and f.wires[0] not in groups}
        if placed and not _is_component(factors, placed):
            return self._placed(scalars, factors, placed, groups)
        open_parts, closed = _split(factors, groups)
        if not open_parts and not groups and len(closed) == 1 and not scalars:
            return _assemble(self.coefficient, closed[0], groups)
        scalars += [Factor2(_assemble(1, part, {}).node, (), 1) for part in closed]
        kept = [f for f in _like_factors([*scalars, *open_parts]) if f.wires or f.exponent != 0]
        return _assemble(self.coefficient, kept, groups)

    def _diagonal(self, f: Factor2) -> Factor2:
        """(a + b)_ii = a_ii + b_ii, so that terms that become alike are collected."""
        if not isinstance(f.node, Sum) or len(set(f.wires)) == len(f.wires):
            return f
        terms = [(t.coefficient, Entry(t.node, tuple(f.wires[k] for k in t.labels)), True) for t in f.node.terms]
        found = total(terms)
        if is_zero(found):
            if f.exponent < 0:
                raise DivisionByZeroError
            self.coefficient = 0
        return Factor2(found.node, found.wires, f.exponent)

    def _placed(
        self,
        scalars: list[Factor2],
        factors: list[Factor2],
        placed: Mapping[Wire, Factor2],
        groups: Mapping[Wire, list[Wire]],
    ) -> Entry:
        """δ_ki a_i b_i = a_k b_k: give each factor its own component."""
        found: list[tuple[Entry, Exact, bool]] = [(Entry(f.node, ()), f.exponent, False) for f in scalars]
        for f in factors:
            if f.wires and placed.get(f.wires[0]) == f:
                continue
            units = [(w, placed[w].node) for w in dict.fromkeys(f.wires) if w in placed]
            found.append((_component(Entry(f.node, f.wires), units), f.exponent, False))
        names: dict[Wire, Wire] = {w: same[0] for w, same in groups.items()}
        inside = [(rename(e, names), x, j) for e, x, j in found]
        for w, same in groups.items():
            inside += [(delta(same[0], other, _size_at(factors, w)), 1, False) for other in same[1:]]
        bound = {w for e, _, _ in inside for w in e.wires} - {w for same in groups.values() for w in same}
        return product(inside, bound, self.coefficient)

    def _vanish(
        self, factors: list[Factor2], groups: Mapping[Wire, list[Wire]]
    ) -> tuple[list[Factor2], list[Factor2]]:
        """Replace a^0 by ones on its wires."""
        left = [f for f in factors if f.exponent != 0]
        for f in factors:
            if f.exponent == 0:
                left += [Factor2(Ones(size), (w,), 1) for w, size in zip(f.wires, f.node.sizes, strict=True)]
        return self._reduce(left, groups)

    def _reduce(
        self, factors: list[Factor2], groups: Mapping[Wire, list[Wire]]
    ) -> tuple[list[Factor2], list[Factor2]]:
        """Apply the laws of ones and components; return the scalars that arise, and the factors left."""
        solid: set[Wire] = set()
        places: dict[Wire, Factor2] = {}
        ranges: dict[Wire, Size] = {}
        kept: list[Factor2] = []
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
                    places[f.wires[0]] = Factor2(f.node, f.wires, 1)
            else:
                solid.update(f.wires)
                kept.append(f)
        scalars: list[Factor2] = []
        for w, f in places.items():
            if w in groups or w in solid:
                kept.append(f)  # Σ_a δ_ka = 1 else
        for w, size in ranges.items():
            if w in solid or w in places:
                continue  # 1_a beside b_a
            if w in groups:
                kept.append(Factor2(Ones(size), (w,), 1))
            elif isinstance(size, int):
                self.coefficient *= size
            else:
                scalars.append(Factor2(Count(size), (), 1))  # Σ_a 1_a
        return scalars, kept


def _size_at(factors: list[Factor2], wire: Wire) -> Size:
    return min((s for f in factors for w, s in zip(f.wires, f.node.sizes, strict=True) if w == wire), key=size_key)


def _is_component(factors: list[Factor2], placed: Mapping[Wire, Factor2]) -> bool:
    """Tell whether a product is a component of one tensor, A_1j: the tensor beside the numerals of its axes."""
    solid = [f for f in factors if not (f.wires and placed.get(f.wires[0]) == f)]
    return len(solid) == 1 and solid[0].exponent == 1 and not isinstance(solid[0].node, Sum | Product | Apply | Reduce)


def _component(entry: Entry, units: list[tuple[Wire, Expr]]) -> Entry:
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


class Factor2(NamedTuple):
    """A factor on wires."""

    node: Expr
    wires: tuple[Wire, ...]
    exponent: Exact


def _combine(inner: Factor, exponent: Exact) -> bool:
    """(a^p)^q = a^(p q) where q is whole, where p is −1, or where a is positive."""
    return isinstance(exponent, int) or inner.exponent == -1 or is_positive(inner.node)


def is_positive(node: Expr) -> bool:
    """Tell whether every entry of a node is known to be positive."""
    match node:
        case Number(value):
            return value > 0
        case Tensor(_, _, assumed):
            return "positive" in assumed
        case Count() | Ones():
            return True
        case Apply(function):
            return function in ("exp", "sigmoid", "softplus", "cosh")
        case Product(coefficient, factors):
            return coefficient > 0 and all(is_positive(f.node) for f in factors)
        case Sum(terms):
            return all(t.coefficient > 0 and is_positive(t.node) for t in terms)
        case _:
            return False


def exact_power(base: Exact, exponent: Exact) -> Exact | None:
    """Return base^exponent where it is rational, else None."""
    if isinstance(exponent, int):
        if base == 0 and exponent < 0:
            raise DivisionByZeroError
        if abs(exponent) > 4096 and base not in (0, 1, -1):
            return None
        return exact(Fraction(base) ** exponent)
    if base in (0, 1) and exponent > 0:
        return base
    if base == 1:
        return 1
    if exponent.denominator == 2 and base > 0:
        f = Fraction(base)
        top, bottom = isqrt(f.numerator), isqrt(f.denominator)
        if top * top == f.numerator and bottom * bottom == f.denominator:
            return exact(Fraction(top, bottom) ** exponent.numerator)
    return None


def _split(
    factors: list[Factor2], groups: Mapping[Wire, list[Wire]]
) -> tuple[list[Factor2], list[list[Factor2]]]:
    """Separate the closed parts of a product: those that no chain of wires ties to a free one."""
    wired = [f for f in factors if f.wires]
    lone = [f for f in factors if not f.wires]
    if all(any(w in groups for w in f.wires) for f in wired):
        return lone + wired, []
    piece_of: dict[Wire, int] = {}
    pieces: list[set[Wire]] = []
    for f in wired:
        joined = {piece_of[w] for w in f.wires if w in piece_of}
        merged: set[Wire] = set(f.wires).union(*(pieces[k] for k in joined))
        pieces.append(merged)
        for w in merged:
            piece_of[w] = len(pieces) - 1
    closed: dict[int, list[Factor2]] = {}
    open_parts = lone
    for f in wired:
        piece = piece_of[f.wires[0]]
        if any(w in groups for w in pieces[piece]):
            open_parts.append(f)
        else:
            closed.setdefault(piece, []).append(f)
    return open_parts, list(closed.values())


def _like_factors(factors: list[Factor2]) -> list[Factor2]:
    """a^p a^q = a^(p+q)."""
    seen: dict[tuple[Expr, tuple[Wire, ...]], Exact] = {}
    spelled: dict[tuple[Expr, frozenset[Wire]], list[tuple[Wire, ...]]] = {}
    for f in factors:
        wires = f.wires
        group = symmetries_of(f.node) if len(wires) > 1 else ()
        if group:
            known = spelled.setdefault((f.node, frozenset(wires)), [])
            even = [tuple(wires[k] for k in p) for p, sign in group if sign > 0]
            wires = next((w for w in known if w == wires or w in even), wires)
            if wires not in known:
                known.append(wires)
        key = (f.node, wires)
        seen[key] = exact(seen.get(key, 0) + f.exponent)
    return [Factor2(node, wires, exponent) for (node, wires), exponent in seen.items()]


def _assemble(coefficient: Exact, factors: list[Factor2], groups: Mapping[Wire, list[Wire]]) -> Entry:
    """Return the entry of a product whose laws have all been applied."""
    if not factors:
        return number(coefficient)
    whole = all(len(g) == 1 for g in groups.values())
    if len(factors) == 1 and coefficient == 1 and whole:
        only = factors[0]
        if only.exponent == 1 and len(set(only.wires)) == len(only.wires) == len(groups):
            return Entry(only.node, tuple(groups[w][0] for w in only.wires))
    if len(factors) == 1 and not factors[0].wires and factors[0].exponent == 1 and coefficient != 1:
        inner = factors[0].node
        if isinstance(inner, Product):  # c (Σ …) is one product
            return product([(Entry(inner, ()), 1, True)], (), coefficient)
    edges = [_edge(f.node, f.wires, f.exponent) for f in factors]
    kinds = {w: len(groups[w]) if w in groups else 1_000_000 for f in factors for w in f.wires}
    missing = [w for w in groups if w not in kinds]
    assert not missing, f"wires without a factor: {missing}"
    found = label(edges, kinds, signed=True)
    if _vanishes(found, edges, groups):
        return ZERO
    rows = sorted(
        zip(edges, found.labels, factors, strict=True),
        key=lambda row: (row[0].colour, row[1]),
    )
    out: list[int] = []
    wires: list[Wire] = []
    for k, w in enumerate(found.order):
        for name in groups.get(w, ()):
            out.append(k)
            wires.append(name)
    symmetries = _axis_symmetries(found, groups)
    node = Product(
        exact(coefficient * found.sign),
        tuple(Factor(f.node, labels, f.exponent) for _, labels, f in rows),
        tuple(out),
        symmetries,
    )
    return Entry(node, tuple(wires))


def _edge(node: Expr, wires: tuple[Wire, ...], exponent: Exact = 1) -> Edge:
    even = isinstance(exponent, int) and exponent % 2 == 0
    group = symmetries_of(node) if len(wires) > 1 else ()
    if group and exponent != 1:
        group = tuple(Symmetry(p, 1) for p, _ in group) if even else tuple(s for s in group if s.sign > 0)
    return Edge((node.digest, str(exponent)), wires, group)


def _vanishes(found: Labelling, edges: list[Edge], groups: Mapping[Wire, list[Wire]]) -> bool:
    """A product that an exchange of bound wires turns into its negative is zero: Σ A_ij x_i x_j, A skew."""
    if any(sign < 0 and all(old == new for old, new in g.items() if old in groups) for g, sign in found.symmetries):
        return True
    for edge in edges:
        if edge.symmetries and len(set(edge.wires)) < len(edge.wires):
            for p, sign in edge.symmetries:
                if sign < 0 and tuple(edge.wires[k] for k in p) == edge.wires:
                    return True
    return False


def _axis_symmetries(found: Labelling, groups: Mapping[Wire, list[Wire]]) -> tuple[Symmetry, ...]:
    """Return the symmetries of a network as permutations of the axes of its node."""
    first: dict[Wire, int] = {}
    rank = 0
    for w in found.order:
        if w in groups:
            first[w] = rank
            rank += len(groups[w])
    if rank < 2:
        return ()
    generators: list[Symmetry] = []
    for w, start in first.items():
        for k in range(start, start + len(groups[w]) - 1):  # axes made one by δ
            generators.append(Symmetry((*range(k), k + 1, k, *range(k + 2, rank)), 1))
    for g, sign in found.symmetries:
        p = list(range(rank))
        for w, start in first.items():
            for k in range(len(groups[w])):
                p[start + k] = first[g.get(w, w)] + k
        if p != list(range(rank)):
            generators.append(Symmetry(tuple(p), sign))
    return generate(generators, rank) if generators else ()


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
    edges, sizes_seen = [], {}
    for c, node, wires in left:
        edges.append(Edge((node.digest, str(abs(c))), wires, symmetries_of(node), 1 if c > 0 else -1))
        sizes_seen.update(dict.fromkeys(wires, 0))
    found = label(edges, sizes_seen, signed=False)
    rows = []
    for (c, node, wires), edge in zip(left, edges, strict=True):
        place = {w: k for k, w in enumerate(found.order)}
        labels, sign = _smallest(edge, place)
        rows.append((edge.colour, labels, Term(abs(c) * sign, node, labels)))
    rows.sort(key=lambda row: row[:2])
    groups = {w: [w] for w in found.order}
    return Entry(Sum(tuple(r[2] for r in rows), _axis_symmetries(found, groups)), found.order)


def _smallest(edge: Edge, place: Mapping[Wire, int]) -> tuple[Labels, int]:
    labels = tuple(place[w] for w in edge.wires)
    best, sign = labels, 1
    for p, s in edge.symmetries:
        moved = tuple(labels[k] for k in p)
        if moved < best:
            best, sign = moved, s
    return best, sign * edge.sign


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
    best, sign = wires, 1
    for p, s in group:
        moved = tuple(wires[k] for k in p)
        if moved == wires and s < 0:
            return wires, 0
        if [place[w] for w in moved] < [place[w] for w in best]:
            best, sign = moved, s
    return best, sign


# ---------------------------------------------------------------------------------------------------------- functions


def apply(function: str, *arguments: Entry, orders: tuple[int, ...] | None = None) -> Entry:
    """Return f(u, v, …), entry by entry."""
    edges = [Edge((a.node.digest, k), a.wires, _even(a.node)) for k, a in enumerate(arguments)]
    kinds = {w: 0 for a in arguments for w in a.wires}
    found = label(edges, kinds, signed=True)
    groups = {w: [w] for w in found.order}
    parts = tuple(Argument(a.node, labels) for a, labels in zip(arguments, found.labels, strict=True))
    return Entry(Apply(function, parts, orders, _axis_symmetries(found, groups)), found.order)


def _even(node: Expr) -> tuple[Symmetry, ...]:
    return tuple(s for s in symmetries_of(node) if s.sign > 0)


def reduce(operator: str, body: Entry, over: Mapping[Wire, Size]) -> Entry:
    """Return prod, max, min or logsumexp of an entry over some wires, given with their sizes."""
    if is_zero(body):
        counts = multiply(*(size_of(s) for s in over.values()))
        return apply("log", counts) if operator == "logsumexp" else ZERO
    body = spread(multiply(body), over)
    edges = [Edge(body.node.digest, body.wires, _even(body.node))]
    found = label(edges, {w: int(w in over) for w in body.wires}, signed=True)
    free = tuple(w for w in found.order if w not in over)
    groups = {w: [w] for w in free}
    argument = Argument(body.node, found.labels[0])
    return Entry(Reduce(operator, argument, len(free), _axis_symmetries(found, groups)), free)


def matrix_function(function: str, body: Entry, row: Wire, column: Wire) -> Entry:
    """Return inv, det or logdet of the matrix body[row, column]; inv has the wires of its argument."""
    body = multiply(body)
    if is_zero(body):
        if function == "inv":
            raise DivisionByZeroError
        return ZERO if function == "det" else apply("log", ZERO)
    assert set(body.wires) == {row, column}
    node = MatrixFunction(function, body.node)
    if function != "inv":
        return Entry(node, ())
    return Entry(node, body.wires[::-1])


def call(
    function: str, arguments: Sequence[tuple[Entry, Sequence[Wire]]], wires: Sequence[Wire], wrt: Sequence[int] = ()
) -> Entry:
    """Return f_i…(x, …), or its derivative by the arguments `wrt`; each argument comes with the order of its wires."""
    parts = []
    for entry, order in arguments:
        place = {w: k for k, w in enumerate(order)}
        parts.append(Argument(entry.node, tuple(place[w] for w in entry.wires)))
    axes = len(wires) - sum(len(parts[k].labels) for k in wrt)
    return Entry(Call(function, tuple(parts), axes, tuple(wrt)), tuple(wires))


def derivative(body: Entry, wrt: Entry) -> Entry:
    """Return ∂body/∂wrt as an operator that is not yet carried out."""
    body = multiply(body)
    assert isinstance(wrt.node, Tensor)
    return Entry(Derivative(body.node, wrt.node), (*body.wires, *wrt.wires))


def spread(entry: Entry, wanted: Mapping[Wire, Size]) -> Entry:
    """Return the entry with ones for the wires it lacks; a zero stays a zero."""
    if is_zero(entry):
        return entry
    lacking = [ones(w, size) for w, size in wanted.items() if w not in entry.wires]
    return multiply(entry, *lacking) if lacking else entry


def _delta(size: Size) -> Product:
    return Product(1, (Factor(Ones(size), (0,), 1),), (0, 0), (Symmetry((1, 0), 1),))



def softmax(body: Entry, kept: Mapping[Wire, Wire]) -> Entry:
    """Return exp(z − logsumexp z) over the wires `kept`, which are called by other names in the result."""
    ranges = sizes(body)
    total_exp = reduce("logsumexp", body, {w: ranges[w] for w in kept})
    here_body = rename(body, kept)
    return apply("exp", subtract(here_body, spread(total_exp, sizes(here_body))))
