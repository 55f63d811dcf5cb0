"""Results that keep their structure: sums of products whose factors stay apart where that takes less memory.

Σ_k U_ik V_jk is kept as U and V where both take less memory than the product; δ, ones and components take none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Expr, Labels, Product, Size, Sum
from einsdiff.program.plan.demand import Demand, repeated_sum
from einsdiff.program.plan.factors import Wiring
from einsdiff.program.plan.form import Form, Places, view
from einsdiff.program.plan.network import Contraction, Factor
from einsdiff.program.plan.pattern import Outline, Pattern
from einsdiff.program.plan.products import Factors, ProductForm
from einsdiff.program.plan.steps import Assemble, Operand, Result, View
from einsdiff.program.plan.supply import Supply
from einsdiff.program.request import Output

MANY = 16  # of a product of more factors, neighbours are multiplied first


class Part(NamedTuple):
    """scale · Σ Π operands: axis k runs with the label `out[k]`; labels that are not in `out` are summed."""

    operands: tuple[Operand, ...]
    out: Labels
    places: Places = ()
    scale: Exact = 1


class Opener:
    """Opens the nodes of results; their factors and the terms that are no products have their forms."""

    def __init__(self, supply: Supply, demand: Demand, forms: Mapping[Expr, Form]) -> None:
        self.supply = supply
        self.ledger = supply.ledger
        self.demand = demand
        self.forms = forms

    def open(self, output: Output) -> tuple[list[Result], Outline]:
        """Return the arrays of a result, and how it consists of them."""
        parts = [self._placed(part, output) for part in self._parts(output.entry.node)]
        classes = tuple(self.supply.sizes.class_of(size) for _, size in output.axes)
        parts = sorted(self._together(parts, output.axes), key=lambda part: (part.out, part.places))
        arrays: dict[int, int] = {}
        patterns = []
        for part in parts:
            alone = len(part.operands) == 1
            cores = [self._core(part)] if alone else sorted(part.operands, key=_first)
            found = tuple((arrays.setdefault(op.value, len(arrays)), op.labels) for op in cores)
            patterns.append(Pattern(part.out, found, part.places))
        if any(self.ledger.values[value].is_constant for value in arrays):  # its dtype is that of the inputs
            for _, size in output.axes:
                self.supply.sized(size)
        results = [Result(f"a core of {output.name}", v, (1,) * len(self.ledger.values[v].classes)) for v in arrays]
        place = {wire: k for k, (wire, _) in enumerate(output.axes)}
        columns = tuple(place[wire] for wire in output.columns or ())
        folds = (1,) * len(classes) if output.folds is None else output.folds
        outline = Outline(output.name, tuple(patterns), len(arrays), classes, folds, columns, output.is_matrix)
        return results, outline

    # ---------------------------------------------------------------------------------------------------------- terms

    def _parts(self, node: Expr) -> list[Part]:
        """Return the terms of a node on its axes."""
        inner = repeated_sum(node)
        if inner is not None and self.demand.is_opened(inner.node):
            assert isinstance(node, Product)
            found = self._parts(inner.node)
            return [part._replace(out=_repeated(part, inner.labels, node.out)) for part in found]
        if not isinstance(node, Sum):
            return [self._part(node, 1)]
        found = []
        for coefficient, term, labels in node.terms:
            part = self._part(term, coefficient)
            label_of = dict(zip(labels, part.out, strict=True))
            found.append(part._replace(out=tuple(label_of[axis] for axis in range(node.rank))))
        return found

    def _part(self, node: Expr, coefficient: Exact) -> Part:
        if not isinstance(node, Product):
            form = self.forms[node]
            return Part((Operand(form.value, form.core),), form.out, form.places, coefficient)
        factors = ProductForm(self.supply, self.forms).factors(node, self.demand.is_merged, coefficient)
        if factors is None:
            return Part((Operand(self.supply.zero, ()),), tuple(range(node.rank)))
        return Part(self._split(factors), factors.out, factors.places)

    def _split(self, found: Factors) -> tuple[Operand, ...]:
        """Return the factors that stay apart; the number is multiplied into the smallest."""
        sizes = self.ledger.extent([f.operand for f in found.factors])
        groups = apart([f for f in found.factors if f.labels], found.kept, sizes)
        scalars = [f for f in found.factors if not f.labels]
        cores = []
        for k, group in enumerate(groups):
            labels = _seen({k}, [_labels(g) for g in groups], found.kept)
            if labels:
                cores.append((_size(labels, sizes), labels, group))
            else:
                scalars.append(Factor(*Contraction(self.ledger, ()).carry_out(group, 1)))
        if not cores:
            return (Contraction(self.ledger, ()).carry_out(scalars, found.coefficient),)
        least = min(range(len(cores)), key=lambda k: cores[k][0])
        return tuple(
            Contraction(self.ledger, labels, tuple(dict.fromkeys(found.out))).carry_out(
                [*group, *(scalars if k == least else ())], found.coefficient if k == least else 1
            )
            for k, (_, labels, group) in enumerate(cores)
        )

    def _placed(self, part: Part, output: Output) -> Part:
        """Return a term on the axes of the result: a label is the first axis along which it runs, or negative."""
        wiring = Wiring()
        at: dict[object, int] = {wire: wiring.fresh(size) for wire, size in output.axes}
        seen: dict[int, int] = {}
        for label, wire in zip(part.out, output.entry.wires, strict=False):  # a zero has no wires
            wiring.fuse(seen.setdefault(label, at[wire]), at[wire])
        out = tuple(wiring.find(at[wire]) for wire, _ in output.axes)
        places = {wiring.find(seen[n]): place for n, place in part.places}
        summed = dict.fromkeys(n for op in part.operands for n in op.labels if n not in seen)
        number = {n: -1 - k for k, n in enumerate(summed)} | {n: wiring.find(wire) for n, wire in seen.items()}
        operands = [
            view(self.supply, Operand(op.value, tuple(number[n] for n in op.labels)), places) for op in part.operands
        ]
        return part._replace(operands=tuple(operands), out=out, places=tuple(sorted(places.items())))

    # --------------------------------------------------------------------------------------------------------- sums

    def _together(self, parts: list[Part], axes: Sequence[tuple[object, Size]]) -> list[Part]:
        """Add terms where their sum takes no more memory than they do; at last, all of them."""
        groups: dict[tuple[Labels, Places], list[Part]] = {}
        for part in [p for p in parts if p.operands[0].value != self.supply.zero] or parts[:1]:
            groups.setdefault((part.out, part.places), []).append(part)
        found = [part for group in groups.values() for part in self._group(group)]
        if prod(self.supply.extent(size) for _, size in axes) >= sum(map(self._entries, found)):
            return found
        labels = tuple(range(len(axes)))
        sums = [self._sum(groups[key]) for key in sorted(groups, key=lambda key: (key != (labels, ()), key))]
        if len(sums) == 1 and set(sums[0].operands[0].labels) == set(labels):
            return sums
        value = self.ledger.note(
            Assemble,
            tuple(part.operands[0] for part in sums),
            labels,
            tuple(part.scale for part in sums),
            tuple(part.out for part in sums),
            tuple(part.places for part in sums),
            classes=tuple(self.supply.sized(size) for _, size in axes),
        )
        return [Part((Operand(value, labels),), labels)]

    def _group(self, parts: list[Part]) -> list[Part]:
        """Return terms of one pattern, added where that takes no more memory, as for cores on the same axes."""
        if len(parts) == 1 or self._entries(self._sum(parts)) <= sum(map(self._entries, parts)):
            return [self._sum(parts)] if len(parts) > 1 else parts
        alike: dict[object, list[Part]] = {}
        for k, part in enumerate(parts):
            key = frozenset(part.operands[0].labels) if len(part.operands) == 1 else k
            alike.setdefault(key, []).append(part)
        return [self._sum(same) if len(same) > 1 else same[0] for same in alike.values()]

    def _sum(self, parts: list[Part]) -> Part:
        """Return the sum of terms of one pattern as a term with one core."""
        terms = [(part.scale, self._single(part)) for part in parts]
        if len(terms) == 1:
            return parts[0]._replace(operands=(terms[0][1],))
        out = tuple(sorted({n for _, op in terms for n in op.labels}))
        return parts[0]._replace(operands=(self.ledger.sum(terms, out),), scale=1)

    def _single(self, part: Part) -> Operand:
        """Return Π cores as one array."""
        if len(part.operands) == 1:
            return part.operands[0]
        labels = sorted({n for op in part.operands for n in op.labels if n >= 0})
        return Contraction(self.ledger, labels, labels).carry_out([Factor(*op) for op in part.operands], 1)

    def _core(self, part: Part) -> Operand:
        """Return the one core of a term, scaled, its axes in the order of those of the result."""
        operand = self.ledger.sum([(part.scale, part.operands[0])], part.operands[0].labels)
        order = tuple(sorted(operand.labels))
        if operand.labels == order:
            return operand
        return Operand(self.ledger.note(View, (operand,), order, ()), order)

    def _entries(self, part: Part) -> int:
        return sum(self.ledger.values[op.value].entries for op in part.operands)


def _repeated(part: Part, labels: Labels, out: Labels) -> Labels:
    """Return the labels of the axes `out`, of which the term has those in `labels`; along the rest it is constant."""
    at = dict(zip(labels, part.out, strict=True))
    above = 1 + max([0, *part.out, *(n for op in part.operands for n in op.labels)])
    return tuple(at[n] if n in at else above + n for n in out)


def _first(core: Operand) -> list[tuple[bool, int]]:
    """Return what puts cores in the order of the axes along which they run."""
    return sorted((n < 0, n) for n in core.labels)


# ------------------------------------------------------------------------------------------------------------ factors


def apart(factors: Sequence[Factor], kept: Collection[int], sizes: Mapping[int, int]) -> list[list[Factor]]:
    """Return factors in groups: those whose product takes no more memory than they do, summed, are multiplied.

    >>> u, v = Factor(0, (0, 2)), Factor(1, (1, 2))
    >>> apart([u, v], {0, 1}, {0: 9, 1: 8, 2: 3}), apart([u, v], {0, 1}, {0: 9, 1: 8, 2: 5}) == [[u, v]]
    ([[Factor(value=0, labels=(0, 2), is_divisor=False)], [Factor(value=1, labels=(1, 2), is_divisor=False)]], True)
    """
    groups = [[f] for f in factors] if len(factors) <= MANY else _chained(factors, kept, sizes)
    if len(groups) > MANY:
        return [list(factors)]
    while True:
        labels = [_labels(group) for group in groups]
        costs = [_size(_seen({k}, labels, kept), sizes) for k in range(len(groups))]
        joined = _unions(labels)
        gains = [(sum(costs[k] for k in u) - _size(_seen(u, labels, kept), sizes), u) for u in joined]
        gain, union = max(gains, key=lambda g: (g[0], [-k for k in sorted(g[1])]), default=(-1, frozenset()))
        if gain < 0:
            return groups
        merged = [f for k in sorted(union) for f in groups[k]]
        groups = [*(g for k, g in enumerate(groups) if k not in union), merged]


def _chained(factors: Sequence[Factor], kept: Collection[int], sizes: Mapping[int, int]) -> list[list[Factor]]:
    """Return factors in groups, each made of two as soon as their product takes no more memory: for long products."""
    holders = Counter(n for f in factors for n in f.labels)
    found: list[tuple[frozenset[int], list[Factor]]] = []
    for f in factors:
        labels, group = frozenset(f.labels), [f]
        while True:
            for other in found:
                both, shared = labels | other[0], labels & other[0]
                stay = frozenset(n for n in both if n in kept or holders[n] > 1 + (n in shared))
                if shared and _size(stay, sizes) <= _size(labels, sizes) + _size(other[0], sizes):
                    break
            else:
                break
            found.remove(other)
            holders.subtract(shared)
            labels, group = stay, [*other[1], *group]
        found.append((labels, group))
    return [group for _, group in found]


def _size(labels: Iterable[int], sizes: Mapping[int, int]) -> int:
    return prod(sizes[n] for n in labels)


def _unions(labels: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """Return the groups that may be multiplied: two that share a label, with all on their labels; and all at once."""
    count = range(len(labels))
    found = {frozenset(count)} if len(labels) > 1 else set()
    for a in count:
        for b in range(a):
            if not labels[a].isdisjoint(labels[b]):
                both = labels[a] | labels[b]
                found.add(frozenset(k for k in count if labels[k] <= both))
    return sorted(found, key=sorted)


def _labels(group: Sequence[Factor]) -> frozenset[int]:
    return frozenset(n for f in group for n in f.labels)


def _seen(union: Collection[int], labels: Sequence[frozenset[int]], kept: Collection[int]) -> frozenset[int]:
    """Return the labels of some groups that stay when they are multiplied: kept, or shared with another group."""
    others = frozenset(kept).union(*(inside for k, inside in enumerate(labels) if k not in union))
    return frozenset(n for k in union for n in labels[k] if n in others)
