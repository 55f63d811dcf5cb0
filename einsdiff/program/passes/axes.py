"""The order of axes in which each array is made: the one in which the steps around it move the least.

What is tied entry by entry is made in one order; a result that is wanted in another is returned as a view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations, product
from math import prod

from einsdiff.algebra.nodes import Labels
from einsdiff.program.plan import pairing
from einsdiff.program.plan.steps import (
    AnyStep,
    Assemble,
    Combine,
    Contract,
    Divide,
    Elementwise,
    Fold,
    Map,
    Multiply,
    Operand,
    Plan,
    Power,
    Value,
    View,
    sizes_of,
)

FREE = Elementwise | Contract | Fold
"""Steps that can make their axes in any order."""
LABELLED = FREE | Assemble | View
"""Steps that take the axes of their operands in any order."""
SWEEPS = 3  # how often all arrays are looked at again
FLAT = 2  # arrays with so many axes are multiplied as they lie
RANK = 3  # up to this many axes every order is tried
RETURNED = 0.02  # what it costs to return an entry elsewhere than people expect it, in nanoseconds


def arranged(plan: Plan) -> Plan:
    """Return the plan with axes in the order in which least is moved."""
    if not any(isinstance(s, Contract | Assemble) and len(plan.values[s.target].shape) > 1 for s in plan.steps):
        return plan
    return Arrangement(plan).carry_out()


class Arrangement:
    """The order of axes of each value of a plan, as places in the order that it had.

    Attributes:
        order: for each value whose order changes, where its axes stood.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._turned = _turned(plan)
        self.steps = [_straightened(step, self._turned) for step in plan.steps]
        self.results = [_source(Operand(o.value, _axes(plan, o.value)), self._turned) for o in plan.outputs]
        self.order: dict[int, Labels] = {}
        self._sizes = {step.target: sizes_of(step.operands, plan.values) for step in self.steps}
        self._costs: dict[int, dict[tuple[Labels | None, ...], float]] = {}
        self._users: dict[int, list[AnyStep]] = {}
        for step in self.steps:
            for value in {step.target, *(op.value for op in step.operands)}:
                self._users.setdefault(value, []).append(step)
        self._wanted: dict[int, list[Labels]] = {}
        for value, labels in self.results:
            self._wanted.setdefault(value, []).append(labels)

    def carry_out(self) -> Plan:
        """Return the plan with the orders that cost least."""
        groups = self._groups()
        pairs = self._neighbours(groups)
        for _ in range(SWEEPS):
            changes = [self._improve([group]) for group in reversed(groups)]
            changes += [self._improve(pair) for step, pair in pairs if self._can_gain(step)]
            if not any(changes):
                break
        return self._written() if self.order or self._turned else self.plan

    # ------------------------------------------------------------------------------------------------------ groups

    def _groups(self) -> list[dict[int, Labels]]:
        """Return the arrays that are best made in one order: for each, which axis of the group each axis is."""
        groups: dict[int, dict[int, Labels]] = {}
        group_of: dict[int, int] = {}
        fixed = self._fixed()
        for step in self.steps:
            if not isinstance(step, FREE) or len(step.out) < 2 or step.target in fixed:
                continue
            groups[step.target] = {step.target: tuple(range(len(step.out)))}
            group_of[step.target] = step.target
            if not isinstance(step, Elementwise):
                continue
            for op in step.operands:
                other, here = group_of.get(op.value), group_of[step.target]
                if other is None or other == here or set(op.labels) != set(step.out):
                    continue
                at = dict(zip(step.out, groups[here][step.target], strict=True))
                names = {axis: at[n] for axis, n in zip(groups[other][op.value], op.labels, strict=True)}
                small, large = other, here
                if len(groups[other]) > len(groups[here]):
                    small, large, names = here, other, {b: a for a, b in names.items()}
                for value, axes in groups.pop(small).items():
                    groups[large][value] = tuple(names[a] for a in axes)
                    group_of[value] = large
        return list(groups.values())

    def _fixed(self) -> set[int]:
        """Return the values whose axes some step takes as they stand, or whose size is asked for by the axis."""
        found = {bearer[0] for bearer in self.plan.bearers if bearer}
        found.update(op.value for step in self.steps if not isinstance(step, LABELLED) for op in step.operands)
        return found

    # ------------------------------------------------------------------------------------------------------- search

    def _neighbours(self, groups: Sequence[Mapping[int, Labels]]) -> list[tuple[AnyStep, list[Mapping[int, Labels]]]]:
        """Return the contractions that tie groups with many axes, each with the pairs of groups."""
        group_of = {value: k for k, g in enumerate(groups) for value, axes in g.items() if len(axes) > FLAT}
        found: list[tuple[AnyStep, list[Mapping[int, Labels]]]] = []
        for step in self.steps:
            if isinstance(step, Contract) and step.target in group_of:
                here = group_of[step.target]
                others = {group_of[op.value] for op in step.operands if op.value in group_of} - {here}
                found += [(step, [groups[here], groups[other]]) for other in sorted(others)]
        return found

    def _improve(self, groups: Sequence[Mapping[int, Labels]]) -> bool:
        """Bring groups into the orders that cost least, and tell whether those are others than they had."""
        values = [value for group in groups for value in group]
        steps = list({step.target: step for value in values for step in self._users[value]}.values())
        now = {value: self.order.get(value, _axes(self.plan, value)) for value in values}
        best, least = now, self._cost(values, steps)
        for orders in product(*map(list, map(self._candidates, groups))):
            for group, order in zip(groups, orders, strict=True):
                for value, axes in group.items():
                    self.order[value] = tuple(map(axes.index, order))
            cost = self._cost(values, steps)
            if cost < least * (1 - 1e-9):
                best, least = {value: self.order[value] for value in values}, cost
        self.order.update(best)
        return best is not now

    def _can_gain(self, step: AnyStep) -> bool:
        """Tell whether a step costs more than it did in some other order."""
        known = self._costs[step.target]
        return self._step_cost(step) > min(known.values(), default=0)

    def _candidates(self, group: Mapping[int, Labels]) -> Iterator[Labels]:
        """Return the orders of a group's axes that can be the best."""
        rank = len(next(iter(group.values())))
        if rank <= RANK:
            yield from permutations(range(rank))
            return
        found: dict[Labels, None] = {}
        for value, axes in group.items():
            for step in self._users[value]:
                for labels, order in _liked(self._placed(step), value, self._sizes[step.target]):
                    at = dict(zip(self._was(labels, value), axes, strict=True))
                    found[tuple(at[n] for n in order)] = None
            for labels in self._wanted.get(value, ()):
                places = dict(zip(labels, axes, strict=True))
                found[tuple(places[n] for n in sorted(labels))] = None
        yield from found

    def _was(self, labels: Labels, value: int) -> Labels:
        """Return the labels of an array in the order in which its axes stood."""
        order = self.order.get(value)
        return labels if order is None else tuple(labels[order.index(k)] for k in range(len(order)))

    def _cost(self, values: Sequence[int], steps: Sequence[AnyStep]) -> float:
        found = sum(map(self._step_cost, steps))
        for value in values:
            for labels in self._wanted.get(value, ()):
                if self._now(labels, value) != tuple(sorted(labels)):
                    found += RETURNED * self.plan.values[value].entries
        return found

    def _step_cost(self, step: AnyStep) -> float:
        """Return what a step costs with its axes as they stand now."""
        known = self._costs.setdefault(step.target, {})
        key = (self.order.get(step.target), *(self.order.get(op.value) for op in step.operands))
        if key not in known:
            known[key] = _cost(self._placed(step), self._sizes[step.target])
        return known[key]

    # ------------------------------------------------------------------------------------------------------ results

    def _now(self, labels: Labels, value: int) -> Labels:
        order = self.order.get(value)
        return labels if order is None else tuple(labels[k] for k in order)

    def _placed(self, step: AnyStep) -> AnyStep:
        """Return a step with all axes where they stand now."""
        operands = tuple(Operand(op.value, self._now(op.labels, op.value)) for op in step.operands)
        return replace(step, operands=operands, out=self._now(step.out, step.target))

    def _written(self) -> Plan:
        values = [
            replace(v, classes=self._now(v.classes, k), shape=self._now(v.shape, k))
            for k, v in enumerate(self.plan.values)
        ]
        steps = [self._placed(step) for step in self.steps]
        outputs = []
        for output, (value, labels) in zip(self.plan.outputs, self.results, strict=True):
            axes = self._now(labels, value)
            place = value
            if axes != tuple(sorted(axes)):
                place = _view(values, steps, Operand(value, axes))
            outputs.append(output._replace(value=place))
        used = {op.value for s in steps for op in s.operands} | {o.value for o in outputs}
        used.update(bearer[0] for bearer in self.plan.bearers if bearer)
        kept = tuple(s for s in steps if s.target in used or s.target not in self._turned)
        return replace(self.plan, values=tuple(values), steps=kept, outputs=tuple(outputs))


def _view(values: list[Value], steps: list[AnyStep], operand: Operand) -> int:
    """Add the step that brings an array into the order of its labels, and return its value."""
    for step in steps:
        if isinstance(step, View) and step.operands == (operand,) and step.out == tuple(sorted(operand.labels)):
            return step.target
    source = values[operand.value]
    places = sorted(range(len(operand.labels)), key=operand.labels.__getitem__)
    classes, shape = (tuple(part[k] for k in places) for part in (source.classes, source.shape))
    values.append(replace(source, classes=classes, shape=shape, name=""))
    steps.append(View(len(values) - 1, (operand,), tuple(sorted(operand.labels)), ()))
    return len(values) - 1


def _axes(plan: Plan, value: int) -> Labels:
    return tuple(range(len(plan.values[value].shape)))


# ------------------------------------------------------------------------------------------------------ transpositions


def _turned(plan: Plan) -> dict[int, Operand]:
    """Return the values that are others with their axes in another order: the source, each axis with its place."""
    found: dict[int, Operand] = {}
    for step in plan.steps:
        if isinstance(step, View) and not step.places and len(step.operands[0].labels) == len(step.out):
            (operand,) = step.operands
            found[step.target] = _source(Operand(operand.value, tuple(map(step.out.index, operand.labels))), found)
    return found


def _source(operand: Operand, turned: Mapping[int, Operand]) -> Operand:
    """Return an operand as what it is a transposition of."""
    if operand.value not in turned:
        return operand
    source, places = turned[operand.value]
    return Operand(source, tuple(operand.labels[k] for k in places))


def _straightened(step: AnyStep, turned: Mapping[int, Operand]) -> AnyStep:
    if not isinstance(step, LABELLED):
        return step
    return replace(step, operands=tuple(_source(op, turned) for op in step.operands))


# --------------------------------------------------------------------------------------------------------------- costs


def _cost(step: AnyStep, sizes: Mapping[int, int]) -> float:
    """Return what the order of axes of a step costs."""
    operands = [op.labels for op in step.operands]
    match step:
        case Contract() if len(operands) == 2:
            return pairing.cost(operands[0], operands[1], step.out, sizes)
        case Combine() | Divide() | Map() | Multiply() | Power():
            return pairing.entrywise(operands, step.out, sizes)
        case Contract() | Fold():
            return 0 if _is_within(step.out, operands[0]) else pairing.MOVE * prod(sizes[n] for n in step.out)
        case Assemble(patterns=patterns):
            moved = [
                op for op, p in zip(operands, patterns, strict=True) if not _is_within(op, tuple(dict.fromkeys(p)))
            ]
            return pairing.MOVE * sum(prod(sizes[n] for n in labels) for labels in moved)
        case _:
            return 0


def _is_within(labels: Labels, order: Labels) -> bool:
    """Tell whether some labels stand in the order in which others do."""
    return tuple(n for n in order if n in labels) == labels


def _liked(step: AnyStep, value: int, sizes: Mapping[int, int]) -> Iterator[tuple[Labels, Labels]]:
    """Return the labels of an array in a step, each time with an order in which the step would like to have them."""
    operands = [op.labels for op in step.operands]
    if step.target == value:
        if isinstance(step, Contract) and len(operands) == 2 and (set(operands[0]) ^ set(operands[1])):
            for way in pairing.ways(operands[0], operands[1], step.out, sizes):
                yield step.out, way.made
        for labels in operands:
            inside = tuple(n for n in labels if n in step.out)
            outside = tuple(n for n in step.out if n not in labels)
            yield step.out, inside + outside
            yield step.out, outside + inside
    for k, op in enumerate(step.operands):
        if op.value != value:
            continue
        wanted: Labels = step.patterns[k] if isinstance(step, Assemble) else step.out
        inside = tuple(dict.fromkeys(n for n in wanted if n in op.labels))
        outside = tuple(n for n in op.labels if n not in inside)
        if isinstance(step, Contract) and len(operands) == 2:
            other = operands[1 - k]
            batch, left = (tuple(n for n in inside if (n in other) is is_in) for is_in in (True, False))
            for summed in (outside, tuple(n for n in other if n in outside)):
                yield op.labels, batch + left + summed
                yield op.labels, batch + summed + left
        else:
            yield op.labels, inside + outside
