"""Products: all factors on one set of wires, trivial parts resolved into them, then contracted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact, Expr, Labels, Number, Ones, Product, Unit, exact
from einsdiff.program.plan.factors import Wired, Wiring, flatten
from einsdiff.program.plan.form import Form, Places, dense, view
from einsdiff.program.plan.network import Contraction, Factor, power
from einsdiff.program.plan.steps import Length, Operand
from einsdiff.program.plan.supply import Supply


class Factors(NamedTuple):
    """coefficient · Σ Π factors, where the labels in `kept` stay; axis k of the whole runs with the label `out[k]`."""

    coefficient: Exact
    factors: list[Factor]
    kept: frozenset[int]
    out: Labels
    places: Places


class ProductForm:
    """coefficient · Σ Π factors as one network, with the products that are merged into it."""

    def __init__(self, supply: Supply, forms: Mapping[Expr, Form]) -> None:
        self.supply = supply
        self.forms = forms
        self.places: list[tuple[int, int]] = []
        self.scalars: list[Factor] = []
        self.arrays: list[tuple[int, Labels, Exact]] = []

    def make(self, node: Product, is_merged: Callable[[Expr], bool], wish: Sequence[int], coefficient: Exact) -> Form:
        """Return the form; `wish` is the order of the node's axes that is liked best."""
        found = self.factors(node, is_merged, coefficient)
        if found is None:
            return Form(self.supply.zero, (), tuple(range(node.rank)))
        contraction = Contraction(self.supply.ledger, found.kept, tuple(dict.fromkeys(found.out[k] for k in wish)))
        operand = contraction.carry_out(found.factors, found.coefficient)
        return Form(operand.value, operand.labels, found.out, found.places)

    def factors(self, node: Product, is_merged: Callable[[Expr], bool], coefficient: Exact) -> Factors | None:
        """Return what is to be multiplied and summed; None for zero."""
        network = flatten(node, is_merged)
        wiring = network.wiring
        for factor in network.factors:
            self._connect(factor, wiring)
        places: dict[int, int] = {}
        for wire, place in self.places:
            if places.setdefault(wiring.find(wire), place) != place:  # δ_1i δ_2i = 0
                return None
        out = tuple(wiring.find(w) for w in network.out)
        found = [
            (view(self.supply, Operand(value, tuple(map(wiring.find, wires))), places), exponent)
            for value, wires, exponent in self.arrays
        ]
        carried = {n for operand, _ in found for n in operand.labels}
        for wire in wiring.roots():
            if wire not in carried and wire not in places and wire not in out:  # Σ_i 1 = n
                number = self.supply.sized(wiring.sizes[wire])
                self.scalars.append(Factor(self.supply.ledger.note(Length, (), (), number), ()))
        kept = frozenset(carried & set(out))
        factors = [*self.scalars, *self._powers(found, kept)]
        fixed = tuple(p for p in places.items() if p[0] in out)
        return Factors(exact(network.coefficient * coefficient), factors, kept, out, fixed)

    def _connect(self, factor: Wired, wiring: Wiring) -> None:
        """Put one factor on its wires."""
        node, wires, exponent = factor
        match node:
            case Ones():
                return
            case Number(value):
                self.scalars.append(Factor(self.supply.ledger.literal(value, exponent), ()))
                return
            case Unit(size, place) if exponent > 0:
                self.supply.check_place(size, place)
                self.places.append((wires[0], place))
                return
            case _:
                form = self.forms[node]
        if exponent < 0 and not form.is_smooth:
            value, labels = dense(self.supply, form, node.sizes)
            form = Form(value, labels, tuple(range(node.rank)))
        at: dict[int, int] = {}
        for label, wire in zip(form.out, wires, strict=True):
            wiring.fuse(at.setdefault(label, wire), wire)
        self.places += [(at[label], place) for label, place in form.places]
        if form.value != self.supply.one:
            self.arrays.append((form.value, tuple(at[n] for n in form.core), exponent))

    def _powers(self, found: list[tuple[Operand, Exact]], kept: Collection[int]) -> list[Factor]:
        """Return the factors to multiply; Σ a^2 is the product of a with itself."""
        ledger = self.supply.ledger
        arrays = [(operand, exponent) for operand, exponent in found if operand.labels]
        if len(arrays) == 1 and arrays[0][1] == 2 and not set(kept) >= set(arrays[0][0].labels):
            squared = arrays[0][0]
            rest = [power(ledger, o, e) for o, e in found if not o.labels]
            return [Factor(*squared), Factor(*squared), *rest]
        return [power(ledger, operand, exponent) for operand, exponent in found]
