"""The scale L of a sum of exponentials N, the largest of the exponents: N = exp(L) M, M neither large nor small."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, Product, Reduce, Size, Sum
from einsdiff.program.passes.exponentials import grows, is_exponential, split
from einsdiff.program.passes.exponents import NOTHING, assembled, at, axes, clipped, combined, exponential, largest
from einsdiff.program.passes.weights import Weights
from einsdiff.simplify.rules import constant_value

DEEP = 40  # sums and products one below another in which exponentials are looked for


class Scales:
    """The scales of nodes, and what is left of the nodes without them."""

    def __init__(self) -> None:
        self._scales: dict[Expr, Entry] = {}
        self._heights: dict[Expr, int] = {}
        self._growing: dict[Expr, bool] = {}
        self._weights = Weights()

    def has(self, node: Expr) -> bool:
        """Tell whether a node has exponentials in its sums and products; its parts were asked before."""
        if node not in self._heights:
            below = [self._heights[part] for part in _terms(node) if self.has(part)]
            found = int(is_exponential(node)) or (max(below) + 1 if below and max(below) < DEEP else 0)
            if isinstance(node, Sum) and len(below) < len(node.terms) and not self.grows(node):
                found = 0  # what does not grow is nothing beside other terms
            self._heights[node] = found
        return self._heights[node] > 0

    def grows(self, node: Expr) -> bool:
        """Tell whether exponentials make a node large."""
        if node not in self._growing:
            if is_exponential(node):
                found = grows(node)
            elif isinstance(node, Product):
                found = any(f.exponent < 0 or self.grows(f.node) for f in node.factors if self.has(f.node))
            else:
                found = any(self.grows(part) for part in _terms(node) if self.has(part))
            self._growing[node] = found
        return self._growing[node]

    def finish(self, entry: Entry) -> None:
        """Take note that the exponentials of an entry are not large any more."""
        waiting = [entry.node, build.split_coefficient(entry)[1].node]
        seen: set[Expr] = set()
        while waiting:
            node = waiting.pop()
            if node not in seen and self.has(node):
                seen.add(node)
                self._heights[node] = 0
                waiting += _terms(node)

    def of(self, entry: Entry) -> Entry:
        """Return the scale of an entry that has one."""
        node = entry.node
        if node not in self._scales:
            match node:
                case Sum(terms):
                    found = [self.of(at(t)) if self.has(t.node) else build.ZERO for t in terms]
                    self._scales[node] = clipped(largest(found))
                case Product():
                    self._scales[node] = self._of_product(node)
                case Apply("where", (condition, *branches), None):
                    self._scales[node] = build.apply(
                        "where", at(condition), *(self._of_branch(at(b)) for b in branches)
                    )
                case Reduce():
                    over = _over(node)
                    self._scales[node] = build.contract(build.spread(self.of(at(node.argument)), over), over)
                case _:
                    self._scales[node] = split(walk.here(node))[0]
        return walk.place(self._scales[node], entry.wires)

    def _of_branch(self, entry: Entry) -> Entry:
        if build.is_zero(entry):
            return NOTHING
        return self.of(entry) if self.has(entry.node) else build.ZERO

    def _of_product(self, node: Product) -> Entry:
        """Σ p L for Π f^p: its largest value over what is summed, where no factor is 0."""
        found = self._exponent(node)
        if set(found.wires) & set(node.bound):
            for f in node.factors:
                if f.exponent > 0 and set(f.labels) & set(node.bound) and self._may_vanish(f.node):
                    found = self._weights.counted(at(f), found)
            over = {k: node.label_sizes[k] for k in node.bound if k in found.wires}
            found = clipped(build.reduce("max", found, over))
        return build.rename(found, axes(node))

    def _may_vanish(self, node: Expr) -> bool:
        return not build.is_positive(node) and not self.has(node)

    def _exponent(self, node: Product) -> Entry:
        """Return Σ p L for Π f^p, at the labels of the product."""
        return combined([(f.exponent, self.of(at(f))) for f in node.factors if self.has(f.node)])

    def lowered(self, entry: Entry, by: Entry) -> Entry:
        """Return entry · exp(-by), the exponent inside of its exponentials where it has some."""
        node, wires = entry
        if not self.has(node):
            return build.multiply(entry, exponential(build.scale(-1, by)))
        if not set(by.wires) <= set(wires):
            scale = self.of(entry)
            return build.multiply(self.lowered(entry, scale), exponential(combined([(1, scale), (-1, by)])))
        inner = build.rename(by, {wire: axis for axis, wire in enumerate(wires)})
        match node:
            case Sum(terms):
                sizes = dict(enumerate(node.sizes))
                low = [(t.coefficient, self.lowered(at(t), inner)) for t in terms]
                found = build.total([(c, build.spread(e, sizes), True) for c, e in low])
            case Product():
                found = self._lowered_product(node, inner)
            case _:
                scale = self.of(walk.here(node))
                found = build.multiply(self._rest(node), exponential(combined([(1, scale), (-1, inner)])))
                found = build.spread(found, dict(enumerate(node.sizes)))
        return walk.place(found, wires)

    def _rest(self, node: Expr) -> Entry:
        """Return what is left of a function, or of the product of all values, without its scale."""
        match node:
            case Apply("where", (condition, *branches), None):
                inside = [self.without_scale(at(b)) for b in branches]
                if set(map(constant_value, inside)) == {1}:
                    return build.ONE
                found = build.apply("where", at(condition), *inside)
            case Reduce(operator, argument):
                low = self.without_scale(at(argument))
                found = build.ONE if constant_value(low) == 1 else build.reduce(operator, low, _over(node))
            case _:
                return split(walk.here(node))[1]
        self.finish(found)
        return found

    def without_scale(self, entry: Entry) -> Entry:
        """Return M for exp(L) M."""
        return self.lowered(entry, self.of(entry)) if self.has(entry.node) else entry

    def _lowered_product(self, node: Product, by: Entry) -> Entry:
        low = build.rename(by, {axis: node.out[axis] for axis in range(node.rank)})
        large = [f for f in node.factors if self.has(f.node)]
        factors = [(at(f), f.exponent) for f in node.factors if not self.has(f.node)]
        if len(large) == 1 and large[0].exponent == 1:
            found = self.lowered(at(large[0]), low)
            return assembled(node, [*factors, (self.guarded(found, factors), 1)])
        factors += [(self.without_scale(at(f)), f.exponent) for f in large]
        found = exponential(combined([(1, self._exponent(node)), (-1, low)]))
        return assembled(node, [*factors, (self.guarded(found, factors), 1)])

    def guarded(self, entry: Entry, factors: Sequence[tuple[Entry, Exact]]) -> Entry:
        """Return an exponential such that it is not large where a factor beside it is 0."""
        return self._weights.guarded(entry, factors)


def _terms(node: Expr) -> list[Expr]:
    """Return the parts of which a node is the sum or the product, or between which it chooses."""
    match node:
        case Sum() | Product() | Reduce(operator="prod"):
            return [*node.below]
        case Apply("where", (_, *branches), None):
            return [part for part, *_ in branches]
        case _:
            return []


def _over(node: Reduce) -> dict[int, Size]:
    """Return the labels over which a product runs, with their sizes."""
    return {k: node.label_sizes[k] for k in range(node.axes, len(node.label_sizes))}
