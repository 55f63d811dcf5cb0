"""Exponentials in divisors and logarithms without overflow: exp(x_i) / (1 + Σ_k exp(x_k)), log(Σ_i w_i exp(x_i)).

A sum of exponentials has a scale (`scales`): N = exp(L) M.  The scale of a divisor is a debt (`debts`), which the
exponentials beside it pay (`payers`), as often as they grow with it (`growth`): exp(x)² / N = exp(x - L/2)² / M where N
grows by exp(x)².  What nobody pays there is left to the factors further out.  log(N) = L + log(M) (`logarithms`).  All
this holds whatever number L is, and whoever pays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Factor, Product, Reduce, Sum, Wire
from einsdiff.program.passes.debts import Debts, Loans, Owed, common, how_much, owe, placed, together, without
from einsdiff.program.passes.exponentials import direction, grows, is_exp
from einsdiff.program.passes.exponents import assembled, at, axes, combined, exponential
from einsdiff.program.passes.growth import Direction, directions, growth
from einsdiff.program.passes.logarithms import logarithm, logarithm_beside_one
from einsdiff.program.passes.payers import is_whole, merged, payer, repaid
from einsdiff.program.passes.scales import Scales
from einsdiff.program.request import Request

DEEP = 4  # sums one inside another into which an exponential is taken


def stable(request: Request) -> Request:
    """Return a request for the same results, of real arrays, in which such exponentials do not overflow."""
    roots = [output.entry.node for output in request.outputs]
    nodes = walk.ordered(*roots)
    scales = Scales()
    large = {node for node in nodes if scales.has(node)}
    arguments = frozenset(direction(node) for node in nodes if isinstance(node, Apply) and grows(node))
    if not any(_is_in_need(node, large, arguments) for node in nodes):
        return request
    work = _Stable(arguments, _awaited(nodes, large))
    for node in nodes:
        work.take(node)
    entries = [walk.place(work.settled(o.entry.node), o.entry.wires) for o in request.outputs]
    return replace(request, outputs=tuple(replace(o, entry=e) for o, e in zip(request.outputs, entries, strict=True)))


def _is_in_need(node: Expr, large: Collection[Expr], arguments: Collection[Expr]) -> bool:
    """Tell whether exponentials stand in a divisor, a root or a logarithm."""
    match node:
        case Product(factors=factors):
            return any(f.node in large and not is_whole(f.exponent) for f in factors)
        case Apply("log" | "log1p", ((part, _),), None):
            return part in large
        case Apply("sigmoid", _, None):
            return direction(node) in arguments
        case _:
            return False


def _awaited(nodes: Sequence[Expr], large: Collection[Expr]) -> frozenset[Expr]:
    """Return the nodes whose debts somebody may pay: an exponential by which they are multiplied, or a logarithm."""
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
            case Apply("where", (_, *branches), None) if node in found:
                found.update(part for part, _ in branches)
            case Apply("log", ((part, _),), None):
                found.add(part)
            case Reduce(operator="prod") if node in found:
                found.add(node.argument.node)
            case _:
                pass
    return frozenset(found)


class _Stable:
    """What stands for the nodes of one request, parts first.

    `arguments` are those of its exponentials; the debts of nodes that are `awaited` may be paid further out.
    """

    def __init__(self, arguments: frozenset[Expr], awaited: frozenset[Expr]) -> None:
        self.scales = Scales()
        self.loans = Loans(self.scales)
        self._arguments = arguments
        self._awaited = awaited
        self._known: dict[Expr, Owed] = {}
        self._settled: dict[Expr, Entry] = {}
        self._bare: dict[Expr, Entry | None] = {}
        self._fed_by = 0
        self._starved: dict[Expr, frozenset[Direction]] = {}  # those of divisors in a node's sums that nobody pays

    def take(self, node: Expr) -> None:
        """Find what stands for a node whose parts are known."""
        starved = [self._starved.get(part, frozenset()) for part in node.below]
        self._starved[node] = frozenset[Direction]().union(*starved) if isinstance(node, Sum | Product) else frozenset()
        match node:
            case Product():
                found = (self._fed(node) if self._fed_by < DEEP else None) or self._product(node)
            case Sum():
                found = self._sum(node)
            case Apply("where") if node in self._awaited:
                found = self._chosen(node)
            case Apply("log" | "log1p", ((part, labels),), None):
                value = self._logarithm(node.function, part, labels)
                found = Owed(build.spread(value, dict(enumerate(node.sizes))), {})
            case Apply("sigmoid", _, None) if direction(node) in self._arguments:
                found = self._sigmoid(node)
            case _:
                for part in node.below:
                    self.settled(part)
                found = Owed(walk.rebuild(node, self._settled), {})
        self.scales.has(found.entry.node)
        self._known[node] = found

    def settled(self, node: Expr) -> Entry:
        """Return what stands for a node, all debts paid."""
        if node not in self._settled:
            self._settled[node] = self._without_loans(node) or self.loans.settled(*self._known[node])
        return self._settled[node]

    def _without_loans(self, node: Expr) -> Entry | None:
        """Return what stands for a node of which nothing has been paid and only σ owes: σ has a scale of its own."""
        if node not in self._bare:
            self._bare[node] = self._found_without_loans(node)
        return self._bare[node]

    def _found_without_loans(self, node: Expr) -> Entry | None:
        if not any(self._known[node].debts.values()):
            return self._known[node].entry
        is_sigmoid = isinstance(node, Apply) and node.function == "sigmoid"
        parts = [self.settled(part) if is_sigmoid else self._without_loans(part) for part in node.below]
        if not (is_sigmoid or isinstance(node, Sum | Product)) or None in parts:
            return None
        if isinstance(node, Product) and any(f.exponent < 0 or self._is_growing(f.node) for f in node.factors):
            return None
        found = walk.rebuild(node, dict(zip(node.below, parts, strict=True)))  # type: ignore[arg-type]
        self.scales.has(found.node)
        return found

    def _placed(self, node: Expr, labels: Sequence[Wire]) -> Owed:
        """Return what stands for a part, and what it owes, at the labels that it has in the whole."""
        entry, debts = self._known[node]
        return Owed(walk.place(entry, labels), placed(debts, labels))

    def _sigmoid(self, node: Apply) -> Owed:
        """σ(u) = 1 / (1 + exp(-u)), which exponentials of multiples of u can pay."""
        ((part, labels),) = node.arguments
        u = walk.place(self.settled(part), labels)
        divisor = combined([(1, build.ONE), (1, build.apply("exp", build.scale(-1, u)))])
        self.scales.has(divisor.node)
        scale, low = self.loans.borrow(divisor)
        return Owed(build.spread(build.power(low, -1), dict(enumerate(node.sizes))), {scale: 1})

    def _logarithm(self, function: str, part: Expr, labels: Sequence[Wire]) -> Entry:
        """log(N), log(1 + N); log(Π_i a) = Σ_i log(a); log(a Π N^p) = log(a) + Σ p log(N) where some are divisors.

        Here N > 0 and a > 0.
        """
        if function == "log1p":
            return logarithm_beside_one(walk.place(self.settled(part), labels), self.scales)
        if isinstance(part, Reduce) and part.operator == "prod" and build.is_positive(part.argument.node):
            return self._logarithm_of_all(part, labels)
        if isinstance(part, Product) and not part.bound and len({*part.out}) == len(part.out):
            taken = [f for f in part.factors if build.is_positive(f.node) and self._is_large(f.node)]
            if any(f.exponent < 0 for f in taken):
                return self._logarithm_of_quotient(part, labels, taken)
        return logarithm(self._placed(part, labels), self.scales)

    def _logarithm_of_all(self, part: Reduce, labels: Sequence[Wire]) -> Entry:
        """log(Π_i a) = Σ_i log(a)."""
        over = {("over", k): part.label_sizes[k] for k in range(part.axes, len(part.label_sizes))}
        inside = [*labels, *over]
        found = self._logarithm("log", part.argument.node, [inside[k] for k in part.argument.labels])
        return build.contract(build.spread(found, over), over)

    def _is_large(self, node: Expr) -> bool:
        return self.scales.has(self._known[node].entry.node)

    def _logarithm_of_quotient(self, part: Product, labels: Sequence[Wire], taken: Sequence[Factor]) -> Entry:
        """log(a Π N^p) = log(a) + Σ p log(N) for N > 0."""
        label_at = {label: labels[axis] for label, axis in axes(part).items()}

        def inside(f: Factor) -> list[Wire]:
            return [label_at[k] for k in f.labels]

        others = [(walk.place(self.settled(f.node), inside(f)), f.exponent) for f in part.factors if f not in taken]
        rest = build.product([(e, p, False) for e, p in others], (), part.coefficient)
        terms = [(f.exponent, self._logarithm("log", f.node, inside(f))) for f in taken]
        return combined([*terms, *([] if rest == build.ONE else [(1, build.apply("log", rest))])])

    def _sum(self, node: Sum) -> Owed:
        """Σ c exp(-L) a = exp(-L) Σ c a for debts that all terms have."""
        owed = [self._placed(t.node, t.labels) for t in node.terms]
        if not any(debts for _, debts in owed):
            return Owed(walk.rebuild(node, {t.node: self._known[t.node].entry for t in node.terms}), {})
        shared = common([own for _, own in owed])
        rests = [Owed(e, without(own, shared)) for e, own in owed]
        least: Debts = {}
        if node in self._awaited:
            if not all(how_much(own) > 0 for _, own in rests):
                rests = [self.loans.paid(rest) for rest in rests]
            least = self._least([own for _, own in rests])
            for scale, units in least.items():
                owe(shared, scale, units)
        sizes = dict(enumerate(node.sizes))
        terms = []
        for t, (e, own) in zip(node.terms, rests, strict=True):
            bare = None if shared or not any(own.values()) else self._without_loans(t.node)
            entry = self.loans.less(e, own, least) if bare is None else walk.place(bare, t.labels)
            terms.append((t.coefficient, build.spread(entry, sizes), False))
        return Owed(build.total(terms), shared)

    def _chosen(self, node: Apply) -> Owed:
        """Return what is chosen of two branches, and the debts that both have; nothing is what a 0 owes."""
        condition, *branches = node.arguments
        owed = [self._placed(*b) for b in branches]
        debts = [own for e, own in owed if not build.is_zero(e)]
        shared = common(debts)
        chosen = [self.loans.settled(e, without(own, shared)) for e, own in owed]
        found = build.apply("where", walk.place(self.settled(condition.node), condition.labels), *chosen)
        return Owed(build.spread(found, dict(enumerate(node.sizes))), shared)

    def _least(self, debts: Sequence[Debts]) -> Debts:
        """Return the least of what all terms owe, if it is anything: where one owes nothing, it is 0 or less."""
        owing = [how_much(own) for own in debts]
        may_be_small = any(owing) and min(owing) == 0 and any(map(self.loans.may_be_small, debts))
        if all(units > 0 for units in owing) or may_be_small:
            scale, units = self.loans.least(debts)
            return {} if build.is_zero(scale) else {scale: units}
        return {}

    def _fed(self, node: Product) -> Owed | None:
        """Σ a/N · e = Σ a e/N for an exponential e that can pay for a divisor in that sum."""
        for f in node.factors:
            starved = self._starved.get(f.node)
            if f.exponent != 1 or not starved:
                continue
            others = [p for p in node.factors if p is not f and p.exponent > 0]
            payers = [p for p in others if starved & directions(growth(p.node, self.scales), self.scales)]
            if not payers:
                continue
            powers = [build.power(at(p), p.exponent) for p in payers]
            inner: list[tuple[Exact, Entry]] = [(1, at(f))]
            if isinstance(f.node, Sum):
                inner = [(t.coefficient, walk.place(at(t), f.labels)) for t in f.node.terms]
            whole = combined([(c, _joined(e, powers)) for c, e in inner])
            rest = [(at(g), g.exponent) for g in node.factors if g is not f and g not in payers]
            found = assembled(node, [*rest, (whole, 1)])
            self._fed_by += 1
            for new in walk.ordered(found.node):
                if new not in self._known:
                    self.take(new)
            self._fed_by -= 1
            self._starved[node] = self._starved[found.node]
            return self._placed(found.node, found.wires)
        return None

    def _product(self, node: Product) -> Owed:
        """Π N^p, where the scales of divisors are debts."""
        debts: Debts = {}
        factors: list[tuple[Entry, Exact]] = []
        large = [self._known[f.node].entry for f in node.factors if f.exponent > 0 and self._is_large(f.node)]
        for f in node.factors:
            entry, own = self._placed(f.node, f.labels)
            for scale, units in own.items():
                owe(debts, scale, Fraction(units) * f.exponent)
            if f.exponent < 0 and self._is_large(f.node) and self._borrows(node, entry, large):
                scale, entry = self.loans.borrow(entry)
                owe(debts, scale, -f.exponent)
            factors.append((entry, f.exponent))
        if not debts and all(is_whole(p) or not self.scales.has(e.node) for e, p in factors):
            return Owed(walk.rebuild(node, {f.node: self._known[f.node].entry for f in node.factors}), {})
        payers = merged([payer(e, p, self.scales) for e, p in factors])
        factors, starved = repaid(payers, debts, node.bound, self.scales, self.loans)
        self._starved[node] |= directions(self.loans.growth(starved), self.scales)
        left = self._left(node, debts, factors)
        return Owed(assembled(node, factors), {build.rename(scale, axes(node)): u for scale, u in left.items() if u})

    def _is_growing(self, node: Expr) -> bool:
        return self.scales.grows(self._known[node].entry.node)

    def _borrows(self, node: Product, divisor: Entry, others: Sequence[Entry]) -> bool:
        """Tell whether a divisor gives up its scale: somebody can pay it, or it may be too large for a number."""
        if is_exp(divisor.node):
            return node in self._awaited or not all(is_exp(e.node) for e in others)
        return node in self._awaited or bool(others) or self.scales.grows(divisor.node)

    def _left(self, node: Product, debts: Debts, factors: list[tuple[Entry, Exact]]) -> Debts:
        """Return the debts left to what stands further out; what concerns summed indices is put among the factors."""
        bound = {scale: units for scale, units in debts.items() if units and set(scale.wires) & set(node.bound)}
        left = {scale: units for scale, units in debts.items() if units and scale not in bound}
        if node in self._awaited and how_much(bound) > 0:
            least, units = self.loans.least([bound], {k: node.label_sizes[k] for k in node.bound})
            owe(left, least, units)
            factors.append((self.loans.small({least: units}, bound), 1))
        else:
            factors += [(exponential(build.scale(-1, by)), 1) for by in together(bound)]
        return left


def _joined(entry: Entry, others: Iterable[Entry]) -> Entry:
    """Return entry · Π others, the others among the factors of the entry if it is a product."""
    return build.product([(entry, 1, True), *((other, 1, False) for other in others)])
