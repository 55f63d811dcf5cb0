"""A form is an array without its trivial parts; here they are taken out of arrays and put back.

An axis along which an array is constant, two axes that are one (δ), and an axis that is zero but for one component take
no memory until a result or a function asks for the whole array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from einsdiff.algebra.nodes import Argument, Labels, Size
from einsdiff.program.plan.steps import Assemble, Operand, View
from einsdiff.program.plan.supply import Supply

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


def plain(value: int, rank: int) -> Form:
    """Return the form of an array without trivial parts."""
    axes = tuple(range(rank))
    return Form(value, axes, axes)


def view(supply: Supply, operand: Operand, places: Mapping[int, int]) -> Operand:
    """Return an operand with the diagonals of repeated labels, and with components, taken."""
    labels = operand.labels
    fixed = tuple((n, places[n]) for n in dict.fromkeys(labels) if n in places)
    out = tuple(n for n in dict.fromkeys(labels) if n not in places)
    if not fixed and len(out) == len(labels):
        return operand
    return Operand(supply.ledger.note(View, (operand,), out, fixed), out)


def smooth(supply: Supply, form: Form, argument: Argument) -> Operand:
    """Return an argument without δ and components, on its labels; it may lack axes along which it is constant."""
    if not form.is_smooth:
        return view(supply, whole(supply, form, argument), {})
    at = dict(zip(form.out, argument.labels, strict=True))
    return view(supply, Operand(form.value, tuple(at[n] for n in form.core)), {})


def whole(supply: Supply, form: Form, argument: Argument) -> Operand:
    """Return an argument as an array that has all its axes, on its labels."""
    operand = dense(supply, form, argument.node.sizes)
    return Operand(operand.value, tuple(argument.labels[axis] for axis in operand.labels))


def dense(supply: Supply, form: Form, sizes: Sequence[Size]) -> Operand:
    """Return the array that has every axis of a form; its labels are the numbers of these axes."""
    if form.is_smooth and len(form.core) == len(form.out):
        axis_of = {label: axis for axis, label in enumerate(form.out)}
        return Operand(form.value, tuple(axis_of[n] for n in form.core))
    first: dict[int, int] = {}
    for axis, label in enumerate(form.out):
        first.setdefault(label, axis)
    axes = tuple(range(len(form.out)))
    classes = tuple(supply.sized(s) for s in sizes)
    if form.value == supply.zero:
        return Operand(supply.ledger.note(Assemble, (), axes, (), (), (), classes=classes), axes)
    operand = Operand(form.value, tuple(first[n] for n in form.core))
    pattern = tuple(first[n] for n in form.out)
    places = tuple(sorted((first[n], place) for n, place in form.places))
    value = supply.ledger.note(Assemble, (operand,), axes, (1,), (pattern,), (places,), classes=classes)
    return Operand(value, axes)


def straight(supply: Supply, operand: Operand, rank: int) -> Operand:
    """Return an operand whose axes are in the order of its labels."""
    viewed = view(supply, operand, {})
    axes = tuple(range(rank))
    if viewed.labels == axes:
        return viewed
    return Operand(supply.ledger.note(View, (viewed,), axes, ()), axes)
