"""From nodes to a plan: each node's value is a form, and steps are noted as they are needed.

A form is an array without its trivial parts: an axis along which it is constant, two axes that are one (δ) and an axis
that is zero but for one component take no memory until a result or a function asks for the whole array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import (
    Apply,
    Argument,
    Axis,
    Call,
    Count,
    Derivative,
    Epsilon,
    Exact,
    Expr,
    Labels,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Tensor,
    Unit,
    exact,
    parts,
)
from einsdiff.errors import EinsdiffError, SizeMismatchError
from einsdiff.program.callables import is_unknown, keyword_of
from einsdiff.program.factors import Wired, Wiring, flatten
from einsdiff.program.ledger import Ledger
from einsdiff.program.network import Contraction, Factor, power
from einsdiff.program.request import Output, Request
from einsdiff.program.sizes import Sizes, in_formula
from einsdiff.program.steps import (
    Alternating,
    AnyStep,
    Assemble,
    Combine,
    Evaluate,
    Fold,
    Length,
    Map,
    Matrix,
    Operand,
    Plan,
    View,
)

EPSILON = 8  # ε with more indices is not formed: it has n^n entries

TERMS = 6  # a sum of more terms takes several steps

Places = tuple[tuple[int, int], ...]


class Form(NamedTuple):
    """An array: `value` has the labels `core`, and axis k of the whole runs with the label `out[k]`.

    A label that stands twice in `out` is a δ, one that is not in `core` is constant along its axis, and one in `places`
    is fixed to a component.
    """

    value: int
    core: Labels
    out: Labels
    places: Places = ()

    @property
    def is_smooth(self) -> bool:
        """Tell whether every axis is one of the array's or constant."""
        return not self.places and len(set(self.out)) == len(self.out)


class Planner:
    """The forms of all nodes of a request at given sizes."""

    def __init__(self, request: Request, sizes: Sizes, numbers: list[int], present: frozenset[str], certain: frozenset[int]) -> None:
        self.request = request
        self.sizes = sizes
        self.numbers = numbers
        self.present = present
        self.certain = certain
        self.ledger = Ledger(numbers)
        self.zero = self.ledger.literal(0)
        self.one = self.ledger.literal(1)
        self.forms: dict[Expr, Form] = {}
        self.inputs: dict[str, int] = {}
        self.roots = [output.entry.node for output in request.outputs]
        self.nodes = walk.ordered(*self.roots)
        self.uses = walk.uses(*self.roots)
        self.functions: dict[str, None] = {}
        self.wishes: dict[Expr, Labels] = {}
        self.bearers: dict[int, tuple[int, int]] = {}

    def plan(self) -> Plan:
        """Note the steps of every node that is needed as a whole, then the outputs."""
        self._wish()
        demanded = self._demanded()
        for node in self.nodes:
            if node in demanded:
                self.forms[node] = self._form(node)
        outputs = tuple((o.name, self._output(o)) for o in self.request.outputs)
        order = {i.name: k for k, i in enumerate(self.request.inputs)}
        bearers = tuple(self.bearers.get(c) for c in range(len(self.numbers)))
        return Plan(
            tuple(self.ledger.values),
            _needed(self.ledger.steps, [v for _, v in outputs] + [b[0] for b in bearers if b]),
            tuple(sorted(self.inputs.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))),
            tuple(sorted(self.functions)),
            outputs,
            tuple(r.index for r in self.sizes.ranges),
            bearers,
            tuple(r.fixed for r in self.sizes.ranges),
        )

    # ------------------------------------------------------------------------------------------- what is asked of whom

    def _is_merged(self, node: Expr) -> bool:
        """Tell whether a product inside a product is contracted together with it."""
        if not isinstance(node, Product):
            return False
        if self.uses[node] == 1:
            return True
        if node.bound:
            return False
        whole = 1
        for label in set(node.out):
            whole *= self.numbers[self.sizes.class_of(node.label_sizes[label])]
        pieces = 0
        for f in node.factors:
            piece = 1
            for size in f.node.sizes:
                piece *= self.numbers[self.sizes.class_of(size)]
            pieces += piece
        return whole > 4 * pieces

    def _is_scaled_inside(self, node: Expr) -> bool:
        """Tell whether a product takes in the coefficient that it has as a term of a sum."""
        return isinstance(node, Product) and self.uses[node] == 1

    def _demanded(self) -> set[Expr]:
        demanded = set(self.roots)
        for node in self.nodes:
            match node:
                case Product(_, factors):
                    demanded.update(f.node for f in factors if f.exponent != 1 or not self._is_merged(f.node))
                case Sum(terms):
                    demanded.update(
                        t.node for t in terms if abs(t.coefficient) == 1 or not self._is_scaled_inside(t.node)
                    )
                case _:
                    demanded.update(p.node for p in parts(node))
        return demanded

    def _wish(self) -> None:
        """Tell the nodes in which order of axes they are used, results first."""
        for output in self.request.outputs:
            place = {wire: k for k, (wire, _) in enumerate(output.axes)}
            entry = output.entry
            if all(w in place for w in entry.wires):
                order = sorted(range(len(entry.wires)), key=lambda k: place[entry.wires[k]])  # noqa: B023
                self.wishes.setdefault(entry.node, tuple(order))
        for node in reversed(self.nodes):
            if isinstance(node, Sum | Apply):
                order = self.wishes.setdefault(node, _natural(node))
                rank = {axis: k for k, axis in enumerate(order)}
                for part, labels in parts(node):
                    self.wishes.setdefault(part, tuple(sorted(range(len(labels)), key=lambda k: rank[labels[k]])))  # noqa: B023

    # ------------------------------------------------------------------------------------------------------- sizes

    def _class(self, size: Size) -> int:
        return self.sizes.class_of(size)

    def _sized(self, size: Size) -> int:
        """Return the class of a size that the program must know, and see to it that something tells it."""
        number = self._class(size)
        if self.sizes.ranges[number].fixed is None and number not in self.bearers:
            self.bearers[number] = self._bearer(number)
        return number

    def _bearer(self, number: int) -> tuple[int, int]:
        """Return an array and its axis that has a size: an input, or else what was made so far."""
        ranks = {node.name: node.axes for node in self.nodes if isinstance(node, Tensor)}
        optional = {i.name: i.rank for i in self.request.inputs if not i.is_callable and i.name in self.present}
        for known in (ranks, optional):
            for axis, _ in self.sizes.ranges[number].axes:
                if axis.tensor in known:
                    return self._input(axis.tensor, known[axis.tensor]), axis.axis
        for value, made in enumerate(self.ledger.values):
            if number in made.classes:
                return value, made.classes.index(number)
        raise self.sizes.unknown(number)

    def _input(self, name: str, rank: int) -> int:
        if name not in self.inputs:
            self.inputs[name] = self.ledger.take(name, tuple(self._class(Axis(name, k)) for k in range(rank)))
        return self.inputs[name]

    # ------------------------------------------------------------------------------------------------------- forms

    def _form(self, node: Expr) -> Form:
        match node:
            case Number(value):
                return Form(self.ledger.literal(value), (), ())
            case Count(size):
                return Form(self.ledger.note(Length, (), (), self._sized(size)), (), ())
            case Tensor(name, rank):
                return _plain(self._input(name, rank), rank)
            case Ones():
                return Form(self.ledger.literal(1), (), (0,))
            case Unit(size, place):
                self._check_place(size, place)
                return Form(self.ledger.literal(1), (), (0,), ((0, place),))
            case Epsilon(rank):
                return _plain(self._epsilon(rank), rank)
            case Sum():
                return self._sum(node)
            case Product():
                return self._product(node)
            case Apply():
                return self._apply(node)
            case Reduce(operator, argument, axes):
                return self._reduce(operator, argument, axes)
            case MatrixFunction(function, argument):
                operand = self._straight(self._whole(Argument(argument, (0, 1))), 2)
                out = (0, 1) if function == "inv" else ()
                classes = tuple(self._class(s) for s in node.sizes)
                return _plain(self.ledger.note(Matrix, (operand,), out, function, classes=classes), node.rank)
            case Call():
                return self._call(node)
            case Derivative():
                raise EinsdiffError("a derivative that is not carried out cannot run", help="differentiate first")

    def _epsilon(self, rank: int) -> int:
        if rank > EPSILON:
            raise EinsdiffError(f"ε with {rank} indices has {rank}^{rank} entries, too many to form")
        classes = (self._class(rank),) * rank
        return self.ledger.note(Alternating, (), tuple(range(rank)), classes=classes)

    def _check_place(self, size: Size, place: int) -> None:
        number = self._class(size)
        known = self.numbers[number]
        if place > known and number in self.certain:
            index = self.sizes.ranges[number].index
            error = SizeMismatchError(f"component {place} is asked for along {index}, which runs to {known}")
            raise in_formula(error, self.request)

    # --------------------------------------------------------------------------------------------------- products

    def _product(self, node: Product, coefficient: Exact = 1) -> Form:
        """coefficient · Σ Π factors, with all that is merged into it, as one network."""
        network = flatten(node, self._is_merged)
        wiring = network.wiring
        placed: list[tuple[int, int]] = []
        scalars: list[Factor] = []
        open_factors: list[tuple[int, Labels, Exact]] = []
        for factor in network.factors:
            self._connect(factor, wiring, placed, scalars, open_factors)
        places: dict[int, int] = {}
        for wire, place in placed:
            if places.setdefault(wiring.find(wire), place) != place:
                return Form(self.ledger.literal(0), (), tuple(range(node.rank)))
        out = tuple(wiring.find(w) for w in network.out)
        found = [(self._viewed(v, wires, wiring, places), exponent) for v, wires, exponent in open_factors]
        carried = {n for operand, _ in found for n in operand.labels}
        for wire in wiring.roots():
            if wire not in carried and wire not in places and wire not in out:
                scalars.append(Factor(self.ledger.note(Length, (), (), self._sized(wiring.sizes[wire])), ()))
        wish = tuple(dict.fromkeys(out[k] for k in self.wishes.get(node, ())))
        contraction = Contraction(self.ledger, carried & set(out), wish)
        operand = contraction.carry_out(
            [*scalars, *self._powers(found, carried & set(out))], exact(network.coefficient * coefficient)
        )
        return Form(operand.value, operand.labels, out, tuple(p for p in places.items() if p[0] in out))

    def _connect(
        self,
        factor: Wired,
        wiring: Wiring,
        placed: list[tuple[int, int]],
        scalars: list[Factor],
        open_factors: list[tuple[int, Labels, Exact]],
    ) -> None:
        """Put one factor on the wires of a product."""
        node, wires, exponent = factor
        match node:
            case Ones():
                return
            case Number(value):
                scalars.append(Factor(self.ledger.literal(value, exponent), ()))
                return
            case Unit(size, place) if exponent > 0:
                self._check_place(size, place)
                placed.append((wires[0], place))
                return
            case _:
                form = self.forms[node]
        if exponent < 0 and not form.is_smooth:
            value, labels = self._dense(form, node.sizes)
            form = Form(value, labels, tuple(range(node.rank)))
        at: dict[int, int] = {}
        for label, wire in zip(form.out, wires, strict=True):
            wiring.fuse(at.setdefault(label, wire), wire)
        placed += [(at[label], place) for label, place in form.places]
        if form.value != self.one:
            open_factors.append((form.value, tuple(at[n] for n in form.core), exponent))

    def _powers(self, found: list[tuple[Operand, Exact]], out: frozenset[int] | set[int]) -> list[Factor]:
        """Return the factors to multiply; Σ a^2 is the product of a with itself."""
        arrays = [(operand, exponent) for operand, exponent in found if operand.labels]
        if len(arrays) == 1 and arrays[0][1] == 2 and not out >= set(arrays[0][0].labels):
            squared = arrays[0][0]
            return [Factor(*squared), Factor(*squared), *(power(self.ledger, o, e) for o, e in found if not o.labels)]
        return [power(self.ledger, operand, exponent) for operand, exponent in found]

    def _viewed(self, value: int, wires: Labels, wiring: Wiring, places: Mapping[int, int]) -> Operand:
        """Return a value on the roots of its wires, with diagonals and components taken."""
        return self._view(Operand(value, tuple(wiring.find(w) for w in wires)), places)

    def _view(self, operand: Operand, places: Mapping[int, int]) -> Operand:
        labels = operand.labels
        fixed = tuple((n, places[n]) for n in dict.fromkeys(labels) if n in places)
        out = tuple(n for n in dict.fromkeys(labels) if n not in places)
        if not fixed and len(out) == len(labels):
            return operand
        return Operand(self.ledger.note(View, (operand,), out, fixed), out)

    # ------------------------------------------------------------------------------------------------------- sums

    def _sum(self, node: Sum) -> Form:
        """Σ coefficient · term: terms of one pattern together, then what is left assembled."""
        rank = node.rank
        groups: dict[tuple[Labels, Places], list[tuple[Exact, Operand]]] = {}
        for coefficient, part, labels in node.terms:
            form, scale = self._term(part, coefficient)
            label_of = dict(zip(labels, form.out, strict=True))
            axis_of: dict[int, int] = {}
            for axis in range(rank):
                axis_of.setdefault(label_of[axis], axis)
            pattern = tuple(axis_of[label_of[axis]] for axis in range(rank))
            places = tuple(sorted((axis_of[n], place) for n, place in form.places))
            operand = Operand(form.value, tuple(axis_of[n] for n in form.core))
            groups.setdefault((pattern, places), []).append((scale, operand))
        if len(groups) == 1:
            (pattern, places), terms = next(iter(groups.items()))
            operand = self._combined(terms, self.wishes.get(node, range(rank)))
            return Form(operand.value, operand.labels, pattern, places)
        smooth = tuple(range(rank))
        keys = sorted(groups, key=lambda key: (key != (smooth, ()), key))
        found = []
        for key in keys:
            terms = groups[key]
            one = terms[0] if len(terms) == 1 else (1, self._combined(terms, range(rank)))
            found.append(one)
        value = self.ledger.note(
            Assemble,
            tuple(operand for _, operand in found),
            smooth,
            tuple(scale for scale, _ in found),
            tuple(pattern for pattern, _ in keys),
            tuple(places for _, places in keys),
            classes=tuple(self._sized(s) for s in node.sizes),
        )
        return _plain(value, rank)

    def _term(self, part: Expr, coefficient: Exact) -> tuple[Form, Exact]:
        if part in self.forms:
            return self.forms[part], coefficient
        assert isinstance(part, Product)
        return self._product(part, coefficient), 1

    def _combined(self, terms: Sequence[tuple[Exact, Operand]], order: Sequence[int]) -> Operand:
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        present = {n for _, operand in terms for n in operand.labels}
        out = tuple(n for n in order if n in present)
        rest = sorted(terms, key=lambda term: term[0] < 0)
        while True:
            value = self.ledger.note(
                Combine, tuple(operand for _, operand in rest[:TERMS]), out, tuple(scale for scale, _ in rest[:TERMS])
            )
            if len(rest) <= TERMS:
                return Operand(value, out)
            rest = [(1, Operand(value, out)), *rest[TERMS:]]

    # -------------------------------------------------------------------------------------------------- functions

    def _apply(self, node: Apply) -> Form:
        operands = [self._smooth(a) for a in node.arguments]
        present = {n for operand in operands for n in operand.labels}
        out = tuple(n for n in self.wishes.get(node, range(node.rank)) if n in present)
        if len(operands) == 1:
            out = operands[0].labels
        if is_unknown(node):
            keyword = keyword_of(node)
            self.functions[keyword] = None
            value = self.ledger.note(Evaluate, tuple(operands), out, keyword, True)  # noqa: FBT003 - a column
        else:
            value = self.ledger.note(Map, tuple(operands), out, node.function)
        return Form(value, out, tuple(range(node.rank)))

    def _reduce(self, operator: str, argument: Argument, axes: int) -> Form:
        operand = self._smooth(argument)
        if not {n for n in argument.labels if n >= axes} <= set(operand.labels):
            operand = self._view(self._whole(argument), {})
        out = tuple(n for n in operand.labels if n < axes)
        return Form(self.ledger.note(Fold, (operand,), out, operator), out, tuple(range(axes)))

    def _call(self, node: Call) -> Form:
        keyword = keyword_of(node)
        self.functions[keyword] = None
        operands = [self._straight(self._whole(a), len(set(a.labels))) for a in node.arguments]
        shifted = []
        start = node.rank
        for operand in operands:  # the arguments' axes are not tied to the result's
            shifted.append(Operand(operand.value, tuple(n + start for n in operand.labels)))
            start += len(operand.labels)
        classes = tuple(self._class(s) for s in node.sizes)
        value = self.ledger.note(
            Evaluate, tuple(shifted), tuple(range(node.rank)), keyword, False, classes=classes  # noqa: FBT003
        )
        return _plain(value, node.rank)

    # --------------------------------------------------------------------------------------------- whole arrays

    def _smooth(self, argument: Argument) -> Operand:
        """Return an argument without δ and components, on its labels; it may lack axes along which it is constant."""
        form = self.forms[argument.node]
        if not form.is_smooth:
            return self._view(self._whole(argument), {})
        at = dict(zip(form.out, argument.labels, strict=True))
        return self._view(Operand(form.value, tuple(at[n] for n in form.core)), {})

    def _whole(self, argument: Argument) -> Operand:
        """Return an argument as an array that has all its axes, on its labels."""
        operand = self._dense(self.forms[argument.node], argument.node.sizes)
        return Operand(operand.value, tuple(argument.labels[axis] for axis in operand.labels))

    def _dense(self, form: Form, sizes: Sequence[Size]) -> Operand:
        """Return the array that has every axis of a form; its labels are the numbers of these axes."""
        if form.is_smooth and len(form.core) == len(form.out):
            axis_of = {label: axis for axis, label in enumerate(form.out)}
            return Operand(form.value, tuple(axis_of[n] for n in form.core))
        first: dict[int, int] = {}
        for axis, label in enumerate(form.out):
            first.setdefault(label, axis)
        operand = Operand(form.value, tuple(first[n] for n in form.core))
        pattern = tuple(first[n] for n in form.out)
        places = tuple(sorted((first[n], place) for n, place in form.places))
        axes = tuple(range(len(form.out)))
        classes = tuple(self._sized(s) for s in sizes)
        is_zero = form.value == self.zero
        details = ((), (), ()) if is_zero else ((1,), (pattern,), (places,))
        return Operand(
            self.ledger.note(Assemble, () if is_zero else (operand,), axes, *details, classes=classes), axes
        )

    def _straight(self, operand: Operand, rank: int) -> Operand:
        """Return an operand whose axes are in the order of its labels."""
        viewed = self._view(operand, {})
        axes = tuple(range(rank))
        if viewed.labels == axes:
            return viewed
        return Operand(self.ledger.note(View, (viewed,), axes, ()), axes)

    def _output(self, output: Output) -> int:
        """Return the value of a result, with all its axes in order."""
        wires = [wire for wire, _ in output.axes]
        sizes = [size for _, size in output.axes]
        form = self.forms[output.entry.node]
        wiring = Wiring()
        at: dict[object, int] = {wire: wiring.fresh(size) for wire, size in output.axes}
        seen: dict[int, int] = {}
        for label, wire in zip(form.out, output.entry.wires, strict=False):
            wiring.fuse(seen.setdefault(label, at[wire]), at[wire])
        places = {wiring.find(seen[n]): place for n, place in form.places}
        core = self._viewed(form.value, tuple(seen[n] for n in form.core), wiring, places)
        out = tuple(wiring.find(at[w]) for w in wires)
        whole = Form(core.value, core.labels, out, tuple(places.items()))
        return self._straight(self._dense(whole, sizes), len(wires)).value


def _plain(value: int, rank: int) -> Form:
    axes = tuple(range(rank))
    return Form(value, axes, axes)


def _natural(node: Sum | Apply) -> Labels:
    """Return the order of axes in which a node is best made if nobody wishes another: that of an input in it."""
    for part, labels in parts(node):
        if isinstance(part, Tensor) and len(set(labels)) == len(labels) == node.rank:
            return labels
    return tuple(range(node.rank))


def _needed(steps: Sequence[AnyStep], wanted: Sequence[int]) -> tuple[AnyStep, ...]:
    """Return the steps on which some values depend."""
    needed = set(wanted)
    found = []
    for step in reversed(steps):
        if step.target in needed:
            found.append(step)
            needed.update(op.value for op in step.operands)
    return tuple(reversed(found))
