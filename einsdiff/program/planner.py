"""From nodes to a plan: each node's form is made once, parts first, and steps are noted as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from einsdiff.algebra.nodes import (
    Apply,
    Argument,
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
    Sum,
    Tensor,
    Unit,
)
from einsdiff.errors import EinsdiffError
from einsdiff.program.passes.axes import arranged
from einsdiff.program.passes.determinants import determinants
from einsdiff.program.passes.distribute import distribute
from einsdiff.program.passes.early import early
from einsdiff.program.passes.gather import gather
from einsdiff.program.passes.halves import halves
from einsdiff.program.passes.less_one import less_one
from einsdiff.program.passes.masks import masks
from einsdiff.program.passes.near_equal import near_equal
from einsdiff.program.passes.near_one import near_one
from einsdiff.program.passes.numbers import numbers
from einsdiff.program.passes.outer import outer
from einsdiff.program.passes.powers import powers
from einsdiff.program.passes.redraft import Draft, Guarded, Pass, Whole
from einsdiff.program.passes.softmaxes import softmax
from einsdiff.program.passes.spread import expanded, spread
from einsdiff.program.passes.squares import symmetric
from einsdiff.program.passes.stable import stable
from einsdiff.program.passes.sums import contracted
from einsdiff.program.passes.turns import turn
from einsdiff.program.plan.callables import is_unknown, keyword_of
from einsdiff.program.plan.cost import cost
from einsdiff.program.plan.demand import Demand, needed, wishes
from einsdiff.program.plan.factors import Wiring
from einsdiff.program.plan.form import Form, Places, dense, plain, smooth, straight, view, whole
from einsdiff.program.plan.parts import Opener
from einsdiff.program.plan.pattern import Outline
from einsdiff.program.plan.products import ProductForm
from einsdiff.program.plan.sizes import Sizes
from einsdiff.program.plan.steps import Assemble, Evaluate, Fold, Length, Map, Matrix, Operand, Plan, Result
from einsdiff.program.plan.supply import Supply
from einsdiff.program.request import Output, Request

ROUNDS = 3  # a pass that changes something is carried out again, as often at most
PASSES: tuple[Pass | Whole, ...] = (
    softmax, near_one, determinants, powers, early, halves, gather, contracted, symmetric, numbers, outer,
    Whole(arranged), turn, masks,
)  # fmt: skip
"""What is done to the steps once they are noted, in this order; each keeps the results."""
REWRITINGS: tuple[Callable[[Request], Request], ...] = (less_one, near_equal, stable)
"""What is done to a request before, where all arrays are real."""
ALTERNATIVES: tuple[Callable[[Request], Request | None], ...] = (spread, distribute, expanded)
"""Other requests for the same results; the one whose plan costs least is carried out."""


class Planner:
    """The forms of all nodes of a request at given sizes."""

    def __init__(
        self,
        request: Request,
        sizes: Sizes,
        given: list[int | None],
        present: Mapping[str, int],
        passes: Sequence[Pass | Whole] = PASSES,
        alternatives: Sequence[Callable[[Request], Request | None]] = ALTERNATIVES,
        rewritings: Sequence[Callable[[Request], Request]] = REWRITINGS,
    ) -> None:
        for rewriting in rewritings:
            request = rewriting(request)
        self.passes = passes
        self.alternatives = alternatives
        self._given = given, present
        self.request = request
        self.sizes = sizes
        roots = [output.entry.node for output in request.outputs]
        self.supply = Supply(request, sizes, given, present)
        self.ledger = self.supply.ledger
        opened = [output.entry.node for output in request.outputs if request.keeps(output)]
        dense = [output.entry.node for output in request.outputs if not request.keeps(output)]
        self.demand = Demand(roots, self.supply.extent, frozenset(opened).difference(dense))
        self.wishes = wishes(request.outputs, self.demand.nodes)
        self.forms: dict[Expr, Form] = {}
        self.functions: set[str] = set()

    def plan(self) -> Plan:
        """Return the plan that costs least: of the request as it is, and of others for the same results."""
        plans = [self._plan()]
        for other in self.alternatives:
            found = other(self.request)
            if found is not None:
                plans.append(Planner(found, self.sizes, *self._given, self.passes, (), ()).plan())
        return min(plans, key=cost) if len(plans) > 1 else plans[0]

    def _plan(self) -> Plan:
        """Note the steps of every node that is needed as a whole, then the results."""
        for node in self.demand.wanted():
            self.forms[node] = self._form(node)
        outputs, outlines = self._outputs()
        order = {i.name: k for k, i in enumerate(self.request.inputs)}
        bearers = self.supply.bearers
        plan = Plan(
            tuple(self.ledger.values),
            needed(self.ledger.steps, [*(o.value for o in outputs), *(v for v, _ in bearers.values())]),
            tuple(sorted(self.supply.inputs.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))),
            tuple(sorted(self.functions)),
            outputs,
            tuple(r.index for r in self.sizes.ranges),
            tuple(bearers.get(k) for k in range(len(self.sizes.ranges))),
            tuple(r.fixed for r in self.sizes.ranges),
            outlines,
        )
        for change in self.passes:
            plan = change.carry_out(plan) if isinstance(change, Whole) else self._changed(plan, change)
        return plan

    def _changed(self, plan: Plan, change: Pass) -> Plan:
        """Return the plan with a pass carried out as long as it changes something, within bounds."""
        for _ in range(ROUNDS):
            if isinstance(change, Guarded) and not change.finds(plan):
                break
            draft = Draft(self.supply.numbers, plan)
            plan = draft.carry_out(change)
            if not draft.changes:
                break
        return plan

    def _form(self, node: Expr) -> Form:
        match node:
            case Number(value):
                return Form(self.ledger.literal(value), (), ())
            case Count(size):
                return Form(self.ledger.note(Length, (), (), self.supply.sized(size)), (), ())
            case Tensor(name, rank):
                return plain(self.supply.input(name, rank), rank)
            case Ones():
                return Form(self.supply.one, (), (0,))
            case Unit(size, place):
                self.supply.check_place(size, place)
                return Form(self.supply.one, (), (0,), ((0, place),))
            case Epsilon(rank):
                return plain(self.supply.epsilon(rank), rank)
            case Sum():
                return self._sum(node)
            case Product():
                return self._product(node)
            case Apply():
                return self._apply(node)
            case Reduce():
                return self._reduce(node)
            case MatrixFunction():
                return self._matrix(node)
            case Call():
                return self._call(node)
            case Derivative():
                raise EinsdiffError("a derivative that is not carried out cannot run", help="differentiate first")

    def _product(self, node: Product, coefficient: Exact = 1) -> Form:
        """Σ Π factors, times the coefficient that it has in a sum."""
        network = ProductForm(self.supply, self.forms)
        return network.make(node, self.demand.is_merged, self.wishes.get(node, ()), coefficient)

    # ------------------------------------------------------------------------------------------------------- sums

    def _sum(self, node: Sum) -> Form:
        """Σ coefficient · term: terms of one pattern together, then what is left assembled."""
        groups: dict[tuple[Labels, Places], list[tuple[Exact, Operand]]] = {}
        for coefficient, part, labels in node.terms:
            form, scale = self._term(part, coefficient)
            label_of = dict(zip(labels, form.out, strict=True))
            axis_of: dict[int, int] = {}
            for axis in range(node.rank):
                axis_of.setdefault(label_of[axis], axis)
            pattern = tuple(axis_of[label_of[axis]] for axis in range(node.rank))
            places = tuple(sorted((axis_of[n], place) for n, place in form.places))
            operand = Operand(form.value, tuple(axis_of[n] for n in form.core))
            groups.setdefault((pattern, places), []).append((scale, operand))
        order = self.wishes.get(node, range(node.rank))
        if len(groups) == 1:
            (pattern, places), terms = next(iter(groups.items()))
            operand = self.ledger.sum(terms, order)
            return Form(operand.value, operand.labels, pattern, places)
        return self._assembled(node, groups, order)

    def _assembled(
        self, node: Sum, groups: dict[tuple[Labels, Places], list[tuple[Exact, Operand]]], order: Sequence[int]
    ) -> Form:
        """A sum whose terms stand on diagonals and components, as one whole array."""
        smooth_key = (tuple(range(node.rank)), ())
        keys = sorted(groups, key=lambda key: (key != smooth_key, key))
        found = [groups[k][0] if len(groups[k]) == 1 else (1, self.ledger.sum(groups[k], order)) for k in keys]
        value = self.ledger.note(
            Assemble,
            tuple(operand for _, operand in found),
            smooth_key[0],
            tuple(scale for scale, _ in found),
            tuple(pattern for pattern, _ in keys),
            tuple(places for _, places in keys),
            classes=tuple(self.supply.sized(s) for s in node.sizes),
        )
        return plain(value, node.rank)

    def _term(self, part: Expr, coefficient: Exact) -> tuple[Form, Exact]:
        """Return the form of a term and the coefficient that is left to it."""
        if part in self.forms:
            return self.forms[part], coefficient
        assert isinstance(part, Product), "other terms are made before the sum"
        return self._product(part, coefficient), 1

    # -------------------------------------------------------------------------------------------------- functions

    def _apply(self, node: Apply) -> Form:
        """f(u, v, …), entry by entry."""
        operands = tuple(smooth(self.supply, self.forms[a.node], a) for a in node.arguments)
        present = {n for operand in operands for n in operand.labels}
        out = tuple(n for n in self.wishes.get(node, range(node.rank)) if n in present)
        if len(operands) == 1:
            out = operands[0].labels
        if is_unknown(node):
            self.functions.add(keyword_of(node))
            value = self.ledger.note(Evaluate, operands, out, keyword_of(node), True)  # noqa: FBT003 - a column
        else:
            value = self.ledger.note(Map, operands, out, node.function)
        return Form(value, out, tuple(range(node.rank)))

    def _reduce(self, node: Reduce) -> Form:
        """prod, max, min or logsumexp over the labels of the argument from `axes` on."""
        argument, axes = node.argument, node.axes
        form = self.forms[argument.node]
        operand = smooth(self.supply, form, argument)
        if not {n for n in argument.labels if n >= axes} <= set(operand.labels):
            operand = view(self.supply, whole(self.supply, form, argument), {})
        out = tuple(n for n in operand.labels if n < axes)
        return Form(self.ledger.note(Fold, (operand,), out, node.operator), out, tuple(range(axes)))

    def _matrix(self, node: MatrixFunction) -> Form:
        """inv, adj, det or logdet."""
        argument = Argument(node.argument, (0, 1))
        operand = straight(self.supply, whole(self.supply, self.forms[node.argument], argument), 2)
        out = tuple(range(node.rank))
        classes = tuple(self.sizes.class_of(s) for s in node.sizes)
        return plain(self.ledger.note(Matrix, (operand,), out, node.function, classes=classes), node.rank)

    def _call(self, node: Call) -> Form:
        """f_i…(x, …), whole arrays to whole arrays; the axes of the arguments are not tied to those of the result."""
        self.functions.add(keyword_of(node))
        operands: list[Operand] = []
        start = node.rank
        for a in node.arguments:
            rank = len(set(a.labels))
            value, labels = straight(self.supply, whole(self.supply, self.forms[a.node], a), rank)
            operands.append(Operand(value, tuple(n + start for n in labels)))
            start += rank
        value = self.ledger.note(
            Evaluate,
            tuple(operands),
            tuple(range(node.rank)),
            keyword_of(node),
            False,  # noqa: FBT003 - a column
            classes=tuple(self.sizes.class_of(s) for s in node.sizes),
        )
        return plain(value, node.rank)

    # ---------------------------------------------------------------------------------------------------- results

    def _outputs(self) -> tuple[tuple[Result, ...], tuple[Outline | None, ...]]:
        """Return the arrays of all results, and how those that keep their structure consist of theirs."""
        opener = Opener(self.supply, self.demand, self.forms)
        arrays: list[Result] = []
        outlines: list[Outline | None] = []
        for output in self.request.outputs:
            if self.request.keeps(output):
                found, outline = opener.open(output)
            else:
                found, outline = [self._result(output)], None
            arrays += found
            outlines.append(outline)
        return tuple(arrays), tuple(outlines)

    def _result(self, output: Output) -> Result:
        """Return the value of a result, and how its axes are folded; what tells their sizes is seen to."""
        value = self._output(output)
        folds = (1,) * len(output.axes) if output.folds is None else output.folds
        if any(count > 1 for count in folds):
            for _, size in output.axes:
                self.supply.sized(size)
        return Result(output.name, value, folds)

    def _output(self, output: Output) -> int:
        """Return the value of a result, with all its axes in order."""
        form = self.forms[output.entry.node]
        wiring = Wiring()
        at: dict[object, int] = {wire: wiring.fresh(size) for wire, size in output.axes}
        seen: dict[int, int] = {}
        for label, wire in zip(form.out, output.entry.wires, strict=False):  # a zero has no wires
            wiring.fuse(seen.setdefault(label, at[wire]), at[wire])
        places = {wiring.find(seen[n]): place for n, place in form.places}
        core = view(self.supply, Operand(form.value, tuple(wiring.find(seen[n]) for n in form.core)), places)
        out = tuple(wiring.find(at[wire]) for wire, _ in output.axes)
        found = Form(core.value, core.labels, out, tuple(places.items()))
        sizes = [size for _, size in output.axes]
        return straight(self.supply, dense(self.supply, found, sizes), len(sizes)).value
