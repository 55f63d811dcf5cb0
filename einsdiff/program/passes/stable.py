"""Exponentials in divisors and logarithms without overflow: exp(x_i) / (1 + Σ_k exp(x_k)), log(Σ_i w_i exp(x_i)).

A sum of exponentials N has a *scale* L, the largest of the exponents: N = exp(L) M, where M is neither large nor small.
The scale of a divisor is a debt, which the exponentials beside it pay: exp(x) / N = exp(x - L) / M.  What nobody pays
there is left to the factors further out; of the debts of several terms, or of all values of a summed index, the least
is: Σ_j exp(-L_kj) = exp(-K_k) Σ_j exp(K_k - L_kj), where K_k = min_j L_kj.  log(N) = L + log(M).  All this holds
whatever numbers L and K are.

Terms whose weight is 0 have no part in the scale.  So Σ_i A_ni exp(c_i) has one for each n, which takes as many
exponentials as A has entries: with one scale for all n, a row vanishes whose weights stand at small exponents only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import NamedTuple

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Factor, Product, Size, Sum, Term, Wire, exact, parts
from einsdiff.program.request import Request
from einsdiff.simplify.rules import constant_value

LARGE = build.number(10**30)  # a larger exponent counts as this one: its exponential is 0 or infinite all the same
DEEP = 40  # sums and products one below another in which exponentials are looked for

Debts = dict[Entry, Exact]
"""How often each scale is owed: what they belong to is to be multiplied by exp(-Σ units · scale)."""


class Owed(NamedTuple):
    """An entry and what it owes, at the wires 0, 1, … of a node's axes."""

    entry: Entry
    debts: Debts


class Payer(NamedTuple):
    """A factor of a product, at its labels, the exponentials of which it is made, and how many units it can pay."""

    entry: Entry
    exponent: Exact
    made: frozenset[Expr]
    units: Exact


def stable(request: Request) -> Request:
    """Return a request for the same results, of real arrays, in which such exponentials do not overflow."""
    roots = [output.entry.node for output in request.outputs]
    nodes = walk.ordered(*roots)
    if not any(_is_exponential(node) for node in nodes):
        return request
    directions = frozenset(_direction(node) for node in nodes if isinstance(node, Apply) and _is_exp(node))
    work = _Stable(directions, _awaited(nodes))
    for node in nodes:
        work.take(node)
    entries = [walk.place(work.settled(o.entry.node), o.entry.wires) for o in request.outputs]
    return replace(request, outputs=tuple(replace(o, entry=e) for o, e in zip(request.outputs, entries, strict=True)))


def _awaited(nodes: Sequence[Expr]) -> frozenset[Expr]:
    """Return the nodes whose debts somebody may pay: an exponential by which they are multiplied, or a logarithm."""
    scales = _Scales()
    large = {node for node in nodes if scales.has(node)}
    found: set[Expr] = set()
    for node in reversed(nodes):
        match node:
            case Product(factors=factors):
                payers = [f.node in large for f in factors]
                for f, pays in zip(factors, payers, strict=True):
                    if f.exponent > 0 and (node in found or sum(payers) > pays):
                        found.add(f.node)
            case Sum() if node in found:
                found.update(t.node for t in node.terms)
            case Apply("log", ((part, _),), None):
                found.add(part)
            case _:
                pass
    return frozenset(found)


# --------------------------------------------------------------------------------------------------- the exponentials


def _size(u: Entry) -> Entry:
    return build.apply("abs", u)


def _fallen(function: str, u: Entry) -> Entry:
    """f(-2 |u|)."""
    return build.apply(function, build.scale(-2, _size(u)))


def _one(_: Entry) -> Entry:
    return build.ONE


def _cosh(u: Entry) -> Entry:
    return build.scale(Fraction(1, 2), _combined([(1, build.ONE), (1, _fallen("exp", u))]))


def _sinh(u: Entry) -> Entry:
    return build.scale(Fraction(-1, 2), _times(build.apply("sign", u), _fallen("expm1", u)))


def _positive(u: Entry) -> Entry:
    return build.apply("max", u, build.ZERO)


def _expm1(u: Entry) -> Entry:
    """-sign(u) expm1(-|u|)."""
    return build.scale(-1, _times(build.apply("sign", u), build.apply("expm1", build.scale(-1, _size(u)))))


class Exponential(NamedTuple):
    """f(u) = exp(L) M, where M is neither large nor small."""

    scale: Callable[[Entry], Entry]
    rest: Callable[[Entry], Entry]


EXPONENTIALS = {
    "exp": Exponential(lambda u: u, _one),
    "cosh": Exponential(_size, _cosh),
    "sinh": Exponential(_size, _sinh),
    "expm1": Exponential(_positive, _expm1),
}


def _is_exponential(node: Expr) -> bool:
    return isinstance(node, Apply) and node.function in EXPONENTIALS and node.orders is None


def _is_exp(node: Expr) -> bool:
    return isinstance(node, Apply) and node.function == "exp"


def _direction(node: Apply) -> Expr:
    """Return the argument of a function, without the number in front."""
    ((u, labels),) = node.arguments
    return build.split_coefficient(Entry(u, labels))[1].node


def _split(node: Apply) -> tuple[Entry, Entry]:
    """Return the scale and the rest of an exponential."""
    ((u, labels),) = node.arguments
    return EXPONENTIALS[node.function].scale(Entry(u, labels)), EXPONENTIALS[node.function].rest(Entry(u, labels))


class _Scales:
    """The scales of nodes, and what is left of the nodes without them."""

    def __init__(self) -> None:
        self._scales: dict[Expr, Entry] = {}
        self._heights: dict[Expr, int] = {}
        self._sources: dict[Expr, frozenset[Expr]] = {}
        self._masks: set[Expr] = set()  # factors that may be 0 beside exponentials that are large

    def has(self, node: Expr) -> bool:
        """Tell whether a node has exponentials in its sums and products."""
        return self._height(node) > 0

    def _height(self, node: Expr) -> int:
        """Return how many nodes with exponentials stand one below another, 0 for none; its parts were asked before."""
        if node not in self._heights:
            found = int(_is_exponential(node))
            if isinstance(node, Sum | Product):
                below = max((self._height(part) for part, _ in parts(node)), default=0)
                found = below + 1 if 0 < below < DEEP else 0
            self._heights[node] = found
        return self._heights[node]

    def finish(self, entry: Entry) -> None:
        """Take note that the exponentials of an entry are not large any more."""
        for node in self.exponentials(entry.node):
            self._heights[node] = 0
        stack = [entry.node, build.split_coefficient(entry)[1].node]
        while stack:
            node = stack.pop()
            self._heights[node] = 0
            stack += [part for part, _ in parts(node)] if isinstance(node, Sum | Product) else []

    def borrow(self, entry: Entry) -> tuple[Entry, Entry]:
        """Return the scale of a divisor, and the divisor without it."""
        scale = self.of(entry)
        self._sources[scale.node] = self.exponentials(entry.node)
        low = self.lowered(entry, scale)
        self.finish(low)
        return scale, low

    def least(self, debts: Sequence[Debts], over: Mapping[int, Size] | None = None) -> tuple[Entry, Exact]:
        """Return the least of what is owed in several places, for all values of some indices: a scale and its units."""
        units = min(sum(map(Fraction, d.values())) for d in debts)
        found = _least([_combined([(exact(Fraction(-u) / units), scale) for u, scale in _negative(d)]) for d in debts])
        summed = {k: size for k, size in (over or {}).items() if k in found.wires}
        found = _clipped(build.reduce("min", found, summed) if summed else found)
        owed = [self._sources.get(scale.node, frozenset()) for d in debts for scale in d]
        self._sources[found.node] = frozenset[Expr]().union(*owed)
        return found, exact(units)

    def stand_in(self, scale: Entry, made: frozenset[Expr]) -> bool:
        """Tell whether some of these exponentials stand in the divisor that has a scale."""
        return bool(made & self.sources([scale]))

    def sources(self, scales: Iterable[Entry]) -> frozenset[Expr]:
        """Return the exponentials in the divisors that have some scales."""
        return frozenset[Expr]().union(*(self._sources.get(s.node, ()) for s in scales))

    def exponentials(self, node: Expr) -> frozenset[Expr]:
        """Return the exponentials in the sums and products of a node."""
        found: dict[Expr, None] = {}
        stack = [node]
        while stack:
            part = stack.pop()
            if self.has(part):
                found[part] = None
                stack += [] if isinstance(part, Apply) else [p for p, _ in parts(part)]
        return frozenset(n for n in found if isinstance(n, Apply))

    def of(self, entry: Entry) -> Entry:
        """Return the scale of an entry that has one."""
        node = entry.node
        if node not in self._scales:
            match node:
                case Sum(terms):
                    found = [self.of(Entry(t.node, t.labels)) if self.has(t.node) else build.ZERO for t in terms]
                    self._scales[node] = _clipped(_largest(found))
                case Product():
                    self._scales[node] = self._of_product(node)
                case _:
                    assert isinstance(node, Apply)
                    self._scales[node] = _split(node)[0]
        return walk.place(self._scales[node], entry.wires)

    def _of_product(self, node: Product) -> Entry:
        """Σ p L for Π f^p: its largest value over what is summed, where no factor is 0."""
        found = self._exponent(node)
        if set(found.wires) & set(node.bound):
            for f in node.factors:
                if f.exponent > 0 and set(f.labels) & set(node.bound) and self._may_vanish(f.node):
                    self._masks.add(f.node)
                    found = _where(Entry(f.node, f.labels), found, build.scale(-1, LARGE))
            over = {k: node.label_sizes[k] for k in node.bound if k in found.wires}
            found = _clipped(build.reduce("max", found, over))
        return build.rename(found, _axes(node))

    def _may_vanish(self, node: Expr) -> bool:
        return not build.is_positive(node) and not self.has(node)

    def _exponent(self, node: Product) -> Entry:
        """Return Σ p L for Π f^p, at the labels of the product."""
        return _combined([(f.exponent, self.of(Entry(f.node, f.labels))) for f in node.factors if self.has(f.node)])

    def lowered(self, entry: Entry, by: Entry) -> Entry:
        """Return entry · exp(-by), the exponent inside of its exponentials where it has some."""
        node, wires = entry
        if not self.has(node):
            return _times(entry, _exponential(build.scale(-1, by)))
        if not set(by.wires) <= set(wires):
            scale = self.of(entry)
            return _times(self.lowered(entry, scale), _exponential(_combined([(1, scale), (-1, by)])))
        inner = build.rename(by, {wire: axis for axis, wire in enumerate(wires)})
        match node:
            case Sum(terms):
                sizes = dict(enumerate(node.sizes))
                low = [(t.coefficient, self.lowered(Entry(t.node, t.labels), inner)) for t in terms]
                found = build.total([(c, build.spread(e, sizes), True) for c, e in low])
            case Product():
                found = self._lowered_product(node, inner)
            case _:
                assert isinstance(node, Apply)
                scale, rest = _split(node)
                found = _times(rest, _exponential(_combined([(1, scale), (-1, inner)])))
                found = build.spread(found, dict(enumerate(node.sizes)))
        return walk.place(found, wires)

    def _lowered_product(self, node: Product, by: Entry) -> Entry:
        low = build.rename(by, {axis: node.out[axis] for axis in range(node.rank)})
        large = [f for f in node.factors if self.has(f.node)]
        factors = [(Entry(f.node, f.labels), f.exponent) for f in node.factors if not self.has(f.node)]
        if len(large) == 1 and large[0].exponent == 1:
            found = self.lowered(Entry(large[0].node, large[0].labels), low)
            return _assembled(node, [*factors, (self.guarded(found, factors), 1)])
        for f in large:
            entry = Entry(f.node, f.labels)
            factors.append((self.lowered(entry, self.of(entry)), f.exponent))
        found = _exponential(_combined([(1, self._exponent(node)), (-1, low)]))
        return _assembled(node, [*factors, (self.guarded(found, factors), 1)])

    def guarded(self, entry: Entry, factors: Sequence[tuple[Entry, Exact]]) -> Entry:
        """exp(u) a = exp(where(a != 0, u, 0)) a, where u may be large for a = 0."""
        if not _is_exp(entry.node):
            return entry
        u = _argument(entry)
        for a, p in factors:
            for mask in self._vanishing(a) if p > 0 and self._masks else ():
                if _is_within(mask, u):
                    u = _where(mask, u, build.ZERO)
        return _exponential(u)

    def _vanishing(self, entry: Entry, depth: int = 0) -> list[Entry]:
        """Return the masks of which an entry is a multiple: where one of them is 0, it is 0."""
        node = entry.node
        if node in self._masks:
            return [entry]
        found: list[Entry] = []
        if depth < DEEP and isinstance(node, Product):
            masks = [m for f in node.factors if f.exponent > 0 for m in self._vanishing(_at(f), depth + 1)]
            for mask in masks:  # δ has the same mask along both of its axes
                places = [[axis for axis, label in enumerate(node.out) if label == w] for w in mask.wires]
                found += [Entry(mask.node, axes) for axes in product(*places)]
        elif depth < DEEP and isinstance(node, Sum):
            first, *rest = (self._vanishing(_at(t), depth + 1) for t in node.terms)
            found = [m for m in first if all(m in other for other in rest)]
        return [walk.place(m, entry.wires) for m in dict.fromkeys(found)]


class _Stable:
    """What stands for the nodes of one request, parts first.

    `directions` are the arguments of its exponentials; the debts of nodes that are `awaited` may be paid further out.
    """

    def __init__(self, directions: frozenset[Expr], awaited: frozenset[Expr]) -> None:
        self.scales = _Scales()
        self._directions = directions
        self._awaited = awaited
        self._known: dict[Expr, Owed] = {}
        self._settled: dict[Expr, Entry] = {}
        self._starved: dict[Expr, frozenset[Expr]] = {}  # exponentials in divisors in a node's sums that nobody pays

    def take(self, node: Expr) -> None:
        """Find what stands for a node whose parts are known."""
        starved = [self._starved.get(part, frozenset()) for part, _ in parts(node)]
        self._starved[node] = frozenset[Expr]().union(*starved) if isinstance(node, Sum | Product) else frozenset()
        match node:
            case Product():
                found = self._fed(node) or self._product(node)
            case Sum():
                found = self._sum(node)
            case Apply("log" | "log1p", ((part, labels),), None):
                value = self._logarithm(node.function, part, labels)
                found = Owed(build.spread(value, dict(enumerate(node.sizes))), {})
            case Apply("sigmoid", _, None) if _direction(node) in self._directions:
                found = self._sigmoid(node)
            case _:
                for part, _ in parts(node):
                    self.settled(part)
                found = Owed(walk.rebuild(node, self._settled), {})
        self.scales.has(found.entry.node)
        self._known[node] = found

    def settled(self, node: Expr) -> Entry:
        """Return what stands for a node, all debts paid."""
        if node not in self._settled:
            self._settled[node] = self._paid_by(*self._known[node])
        return self._settled[node]

    def _paid_by(self, entry: Entry, debts: Debts) -> Entry:
        """Return an entry after it has paid its debts, by exponentials that stand in no divisor."""
        for by in _together(debts):
            entry = self.scales.lowered(entry, by)
        return entry

    def _small(self, least: Debts, debts: Debts) -> Entry:
        """Return exp(K - L) for the least K of what is owed: 1 or less, so that nobody has to pay of it."""
        found = _exponential(_combined([(units, scale) for scale, units in least.items()] + _negative(debts)))
        self.scales.has(found.node)
        self.scales.finish(found)
        return found

    def _sigmoid(self, node: Apply) -> Owed:
        """σ(u) = 1 / (1 + exp(-u)), which exponentials of multiples of u can pay."""
        for part, _ in parts(node):
            self.settled(part)
        ((part, labels),) = node.arguments
        u = walk.place(self.settled(part), labels)
        divisor = _combined([(1, build.ONE), (1, build.apply("exp", build.scale(-1, u)))])
        self.scales.has(divisor.node)
        scale, low = self.scales.borrow(divisor)
        return Owed(build.spread(build.power(low, -1), dict(enumerate(node.sizes))), {scale: 1})

    def _logarithm(self, function: str, part: Expr, labels: Sequence[int]) -> Entry:
        """log(exp(L) M) = L + log(M); log(1 + N) = L + log1p(expm1(-L) + exp(-L) N)."""
        if function == "log" and isinstance(part, Product) and not part.bound and len({*part.out}) == len(part.out):
            taken = [
                f for f in part.factors if build.is_positive(f.node) and self.scales.has(self._known[f.node].entry.node)
            ]
            if any(f.exponent < 0 for f in taken):
                return self._logarithm_of_quotient(part, labels, taken)
        entry, debts = self._known[part]
        if function == "log1p":
            entry, debts = self.settled(part), {}
        at = walk.place(entry, labels)
        owed = [(-units, walk.place(scale, labels)) for scale, units in debts.items()]
        if not self.scales.has(at.node):
            return _combined([(1, build.apply(function, at)), *owed])
        scale = self.scales.of(at)
        if function == "log1p":
            rest: Entry | None = at
            scale = _clipped(_largest([build.ZERO, scale]))
        else:
            rest = _without_one(at)
        if rest is None:
            low = self.scales.lowered(at, scale)
            left = build.ZERO if constant_value(low) == 1 else build.apply("log", low)
        else:
            near = build.apply("expm1", build.scale(-1, scale))
            left = build.apply("log1p", _combined([(1, near), (1, self.scales.lowered(rest, scale))]))
        return _combined([(1, scale), (1, left), *owed])

    def _logarithm_of_quotient(self, part: Product, labels: Sequence[int], taken: Sequence[Factor]) -> Entry:
        """log(a Π N^p) = log(a) + Σ p log(N) for N > 0."""
        at = {label: labels[axis] for label, axis in _axes(part).items()}
        others = [f for f in part.factors if f not in taken]
        rest = build.product(
            [(walk.place(self.settled(f.node), [at[k] for k in f.labels]), f.exponent, False) for f in others],
            (),
            part.coefficient,
        )
        terms = [(f.exponent, self._logarithm("log", f.node, [at[k] for k in f.labels])) for f in taken]
        return _combined([*terms, *([] if rest == build.ONE else [(1, build.apply("log", rest))])])

    def _sum(self, node: Sum) -> Owed:
        """Σ c exp(-L) a = exp(-L) Σ c a for debts that all terms have."""
        owed = [self._known[t.node] for t in node.terms]
        debts = [
            {walk.place(scale, t.labels): units for scale, units in o.debts.items()}
            for t, o in zip(node.terms, owed, strict=True)
        ]
        if not any(debts):
            return Owed(walk.rebuild(node, {t.node: o.entry for t, o in zip(node.terms, owed, strict=True)}), {})
        least = {scale: min(d.get(scale, 0) for d in debts) for scale in debts[0]}
        shared = {scale: units for scale, units in least.items() if units > 0}
        rests = [
            {scale: exact(Fraction(units) - shared.get(scale, 0)) for scale, units in own.items()} for own in debts
        ]
        common: Debts = {}
        if node in self._awaited and all(sum(map(Fraction, rest.values())) > 0 for rest in rests):
            common = dict([self.scales.least(rests)])
            _add(shared, *next(iter(common.items())))
        sizes = dict(enumerate(node.sizes))
        terms = []
        for t, o, rest in zip(node.terms, owed, rests, strict=True):
            entry = walk.place(o.entry, t.labels)
            entry = _times(entry, self._small(common, rest)) if common else self._paid_by(entry, rest)
            terms.append((t.coefficient, build.spread(entry, sizes), False))
        return Owed(build.total(terms), shared)

    def _fed(self, node: Product) -> Owed | None:
        """Σ a/N · e = Σ a e/N for an exponential e that can pay for a divisor in that sum."""
        for f in node.factors:
            starved = self._starved.get(f.node, frozenset())
            others = [p for p in node.factors if p is not f and p.exponent > 0]
            payers = [p for p in others if starved & self.scales.exponentials(p.node)]
            if f.exponent != 1 or not payers:
                continue
            powers = [build.power(_at(p), p.exponent) for p in payers]
            inner: list[tuple[Exact, Entry]] = [(1, _at(f))]
            if isinstance(f.node, Sum):
                inner = [(t.coefficient, walk.place(_at(t), f.labels)) for t in f.node.terms]
            whole = _combined([(c, _joined(e, powers)) for c, e in inner])
            rest = [(_at(g), g.exponent) for g in node.factors if g is not f and g not in payers]
            found = _assembled(node, [*rest, (whole, 1)])
            for new in walk.ordered(found.node):
                if new not in self._known:
                    self.take(new)
            entry, debts = self._known[found.node]
            self._starved[node] = self._starved[found.node]
            return Owed(walk.place(entry, found.wires), {walk.place(s, found.wires): u for s, u in debts.items()})
        return None

    def _product(self, node: Product) -> Owed:
        """Π N^p, where the scales of divisors are debts."""
        debts: Debts = {}
        payers: list[Payer] = []
        for f in node.factors:
            entry, own = self._known[f.node]
            at = walk.place(entry, f.labels)
            for scale, units in own.items():
                _add(debts, walk.place(scale, f.labels), Fraction(units) * f.exponent)
            made = self.scales.exponentials(at.node)
            if made and f.exponent < 0 and (node in self._awaited or not _is_exp(at.node)):
                scale, at = self.scales.borrow(at)
                _add(debts, scale, -f.exponent)
                made = frozenset()
            payers.append(Payer(at, f.exponent, made, f.exponent))
        if not debts and not any(p.made and p.exponent < 0 for p in payers):
            return Owed(walk.rebuild(node, {f.node: self._known[f.node].entry for f in node.factors}), {})
        factors = self._repaid(_merged(payers), debts, node.bound)
        bound = {scale: units for scale, units in debts.items() if units and set(scale.wires) & set(node.bound)}
        left = {scale: units for scale, units in debts.items() if units and scale not in bound}
        if node in self._awaited and sum(map(Fraction, bound.values())) > 0:
            least, units = self.scales.least([bound], {k: node.label_sizes[k] for k in node.bound})
            _add(left, least, units)
            factors.append((self._small({least: units}, bound), 1))
        else:
            factors += [(_exponential(build.scale(-1, by)), 1) for by in _together(bound)]
        self._starved[node] |= self.scales.sources(bound)
        return Owed(_assembled(node, factors), {build.rename(scale, _axes(node)): u for scale, u in left.items() if u})

    def _repaid(self, payers: Sequence[Payer], debts: Debts, bound: Collection[int]) -> list[tuple[Entry, Exact]]:
        """Return the factors after they have paid of the debts, those first that stand in the divisor themselves.

        The others pay what concerns summed indices, since nobody further out can.
        """
        paid: list[Debts] = [{} for _ in payers]
        for is_own in (True, False):
            for scale in debts:
                for payer, own in zip(payers, paid, strict=True):
                    free = min(Fraction(debts[scale]), payer.units - sum(own.values(), Fraction(0)))
                    if not payer.made or free <= 0:
                        continue
                    is_last = not set(scale.wires).isdisjoint(bound) and _is_within(scale, payer.entry)
                    if self.scales.stand_in(scale, payer.made) if is_own else is_last:
                        _add(own, scale, free)
                        _add(debts, scale, -free)
        others = [(p.entry, p.exponent) for p in payers]
        return [
            (self.scales.guarded(self._after(p, own), others) if own else p.entry, p.exponent)
            for p, own in zip(payers, paid, strict=True)
        ]

    def _after(self, payer: Payer, paid: Debts) -> Entry:
        """Return what a factor is after it has paid."""
        by = _combined([(Fraction(units) / payer.exponent, scale) for scale, units in paid.items()])
        found = self.scales.lowered(payer.entry, by)
        self.scales.finish(found)
        return found


# ------------------------------------------------------------------------------------------------------------ entries


def _at(part: Factor | Term) -> Entry:
    return Entry(part.node, part.labels)


def _is_within(a: Entry, b: Entry) -> bool:
    return set(a.wires) <= set(b.wires)


def _add(debts: Debts, scale: Entry, units: Exact) -> None:
    debts[scale] = exact(Fraction(debts.get(scale, 0)) + units)


def _negative(debts: Debts) -> list[tuple[Exact, Entry]]:
    return [(-units, scale) for scale, units in debts.items() if units]


def _merged(payers: Sequence[Payer]) -> list[Payer]:
    """exp(a) exp(b) = exp(a + b), where one has all indices of the other."""
    found = [p for p in payers if not _is_plain(p)]
    groups: list[list[Payer]] = []
    for p in sorted(filter(_is_plain, payers), key=lambda p: (p.exponent < 0, -len(set(p.entry.wires)))):
        for group in groups:
            if _is_within(p.entry, group[0].entry):
                group.append(p)
                break
        else:
            groups.append([p])
    for group in groups:
        most = group[0].exponent
        if len(group) > 1 and most > 0:
            terms = [(Fraction(p.exponent) / most, _argument(p.entry)) for p in group]
            made = frozenset[Expr]().union(*(p.made for p in group))
            units = exact(sum((Fraction(p.units) for p in group if p.exponent > 0), Fraction(0)))
            found.append(Payer(_exponential(_combined(terms)), most, made, units))
        else:
            found += group
    return found


def _is_plain(payer: Payer) -> bool:
    return _is_exp(payer.entry.node) and bool(payer.made)


def _argument(entry: Entry) -> Entry:
    assert isinstance(entry.node, Apply)
    ((u, labels),) = entry.node.arguments
    return walk.place(Entry(u, labels), entry.wires)


def _where(a: Entry, chosen: Entry, other: Entry) -> Entry:
    """Return what is chosen where a is not 0."""
    return build.apply("where", build.apply("ne", a, build.ZERO), chosen, other)


def _combined(terms: Sequence[tuple[Exact, Entry]]) -> Entry:
    """Return Σ c a, each repeated along the wires that it lacks."""
    sizes = reduce(lambda all_, term: all_ | build.sizes(term[1]), terms, dict[Wire, object]())
    return build.total([(c, build.spread(e, sizes), True) for c, e in terms])  # type: ignore[arg-type]


def _times(*factors: Entry) -> Entry:
    return build.multiply(*factors)


def _exponential(u: Entry) -> Entry:
    return build.ONE if build.is_zero(u) else build.apply("exp", u)


def _largest(entries: Sequence[Entry]) -> Entry:
    distinct = list(dict.fromkeys(entries))
    return reduce(lambda a, b: build.apply("max", a, b), distinct)


def _least(entries: Sequence[Entry]) -> Entry:
    distinct = list(dict.fromkeys(entries))
    return reduce(lambda a, b: build.apply("min", a, b), distinct)


def _clipped(u: Entry) -> Entry:
    """Return an exponent that is finite: for one that is not the value does not matter."""
    return build.apply("max", build.apply("min", u, LARGE), build.scale(-1, LARGE))


def _together(debts: Debts) -> list[Entry]:
    """Return Σ units · scale, one for scales on the same wires each."""
    groups: dict[frozenset[Wire], list[tuple[Exact, Entry]]] = {}
    for scale, units in debts.items():
        if units:
            groups.setdefault(frozenset(scale.wires), []).append((units, scale))
    return [_combined(terms) for terms in groups.values()]


def _axes(node: Product) -> dict[int, int]:
    """Return an axis of a product for each label that has one."""
    return {label: axis for axis, label in reversed(list(enumerate(node.out)))}


def _assembled(node: Product, factors: Sequence[tuple[Entry, Exact]]) -> Entry:
    """Return a product with other factors, given at its labels."""
    bare = [(build.power(e, p) if p != 1 else e) for e, p in factors]
    covered = {w for e in bare for w in e.wires}
    ones = [build.ones(k, size) for k, size in enumerate(node.label_sizes) if k not in covered]
    return walk.unfold(build.product([(e, 1, False) for e in (*bare, *ones)], node.bound, node.coefficient), node)


def _joined(entry: Entry, others: Sequence[Entry]) -> Entry:
    """Return entry · Π others, the others among the factors of the entry if it is a product."""
    return build.product([(entry, 1, True), *((other, 1, False) for other in others)])


def _without_one(entry: Entry) -> Entry | None:
    """Return a for 1 + a, else None."""
    node = entry.node
    if not isinstance(node, Sum):
        return None
    values = [(constant_value(Entry(t.node, t.labels)) or 0) * t.coefficient for t in node.terms]
    if values.count(1) != 1:
        return None
    rest = [t for t, value in zip(node.terms, values, strict=True) if value != 1]
    return build.total([(t.coefficient, walk.place(Entry(t.node, t.labels), entry.wires), False) for t in rest])
