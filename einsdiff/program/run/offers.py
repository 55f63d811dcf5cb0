"""What is offered where an array does not fit in memory: what gives the same in less, as far as its own plan fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import Axis
from einsdiff.elaborate.scope import SizeClass
from einsdiff.errors import EinsdiffError
from einsdiff.program.emit.pairs import in_blocks
from einsdiff.program.plan.sizes import Sizes
from einsdiff.program.plan.steps import Plan
from einsdiff.program.plan.table import peak
from einsdiff.program.planner import Planner
from einsdiff.program.request import Differentiated, Input, Output, Request

STRUCTURED = "its parts fit:  compile(dense=False)"
HESSIAN = 'the product with a vector fits, without the matrix:  hvp(y, "{x}", "{v}")'
SECOND = 'the product with a vector fits, without the whole array:  jvp(diff(y, {before}), "{x}", "{v}")'
FIRST = "products with a vector fit, without the whole array:  {typed}"
TANGENTS, COTANGENTS = ("v", "dx", "tangent"), ("u", "dy", "cotangent")

Shapes = Mapping[str, tuple[int, ...]]


class Offers:
    """What else a request could be: the sizes of its arrays are known, and `fits` tells whether a plan fits."""

    def __init__(
        self, request: Request, shapes: Shapes, fits: Callable[[Plan], bool], *, can_keep: bool = True
    ) -> None:
        """Take note of what is asked for; `can_keep` tells whether results can keep their structure."""
        self._request = request
        self._can_keep = can_keep and request.is_dense
        self._shapes = shapes
        self._fits = fits

    def found(self, name: str | None) -> Iterator[str]:
        """Return what fits where a result of this name does not; None stands for an array on the way."""
        other = replace(self._request, is_dense=False)
        if self._can_keep and any(map(other.keeps, other.outputs)) and self._is_within(other, self._shapes):
            yield STRUCTURED
        for output in self._request.outputs:
            if output.name == name and output.derivative is not None:
                yield from self._products(output.derivative)

    def _products(self, derivative: Differentiated) -> Iterator[str]:
        """Return the products with a vector that fit."""
        names = [v.name for v in derivative.wrt]
        x, v, u = names[-1], derivative.unused(TANGENTS), derivative.unused(COTANGENTS)
        is_along = self._fits_along(derivative, v)
        if len(names) == 1:
            typed = [f'jvp(y, "{x}", "{v}")'] * is_along
            typed += [f'vjp(y, "{x}", "{u}")'] * self._fits_output(derivative.back())
            if typed:
                yield FIRST.format(typed="  or  ".join(typed))
        elif is_along:
            is_hessian = len(names) == 2 and names[0] == x and not derivative.base.wires
            before = ", ".join(f'"{name}"' for name in names[:-1])
            yield (HESSIAN if is_hessian else SECOND).format(x=x, v=v, before=before)

    def _fits_along(self, derivative: Differentiated, tangent: str) -> bool:
        """Tell whether the product over the axes of the last variable fits."""
        x = derivative.wrt[-1]
        axes = range(len(x.wires))
        ties = tuple(SizeClass("", ((Axis(x.name, k), None), (Axis(tangent, k), None))) for k in axes)
        inputs = (*self._request.inputs, Input(tangent, len(x.wires)))
        request = replace(self._request, inputs=inputs, classes=(*self._request.classes, *ties))
        shapes = {**self._shapes, tangent: self._shapes[x.name]} if x.name in self._shapes else self._shapes
        return self._fits_output(derivative.along(tangent), request, shapes)

    def _fits_output(self, output: Output, request: Request | None = None, shapes: Shapes | None = None) -> bool:
        """Tell whether a result fits that is made alone."""
        return self._is_within(replace(request or self._request, outputs=(output,)), shapes or self._shapes)

    def _is_within(self, request: Request, shapes: Shapes) -> bool:
        """Tell whether the plan of a request fits; not where that is not known."""
        roots = [output.entry.node for output in request.outputs]
        sizes = Sizes(request, walk.ordered(*roots))
        present = {name: len(shape) for name, shape in shapes.items()}
        try:
            plan = Planner(request, sizes, sizes.numbers(shapes), present).plan()
        except EinsdiffError:
            return False
        return self._fits(plan)


def fits(itemsize: int, limit: int, *, is_looped: bool) -> Callable[[Plan], bool]:
    """Return what tells whether the arrays of a plan fit in some bytes of memory."""

    def tell(plan: Plan) -> bool:
        return itemsize * peak(plan, in_blocks(plan) if is_looped else ()) <= limit

    return tell
