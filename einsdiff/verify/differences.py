"""Derivatives of arrays by arrays from central differences, of any order and rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from einsdiff.errors import UnknownNameError
from einsdiff.text.parser import parse
from einsdiff.text.symbols import GREEK
from einsdiff.text.tree import Document
from einsdiff.verify.entries import STEP, Array, Number, Position, central, positions, step_at
from einsdiff.verify.loops import evaluator


def jacobian(function: Callable[[Array], Any], at: Any, *, order: int = 1, step: Fraction = STEP) -> Array:
    """Return ∂function/∂at; `order` 2 gives the second derivative.

    Shapes: `function` takes an array of the shape of `at` and returns one of any shape; the result has the axes of the
    output, then those of the input, once for each order.

    >>> jacobian(lambda x: x[0] * x, np.array([2.0, 3.0])).round(6)
    array([[4., 0.],
           [3., 2.]])
    """
    point = np.asarray(at)
    point = point if np.iscomplexobj(point) or point.dtype == object else point.astype(float)

    def moved(shift: Mapping[Position, Number]) -> Array:
        shifted = point.copy()
        for position, h in shift.items():
            shifted[position] += h
        return np.asarray(function(shifted))

    places = [[(position, point[position]) for position in positions(point.shape)]] * order
    return _differentiate(moved, places, step).reshape(np.shape(function(point)) + point.shape * order)


def derivative(
    document: Document | str,
    wrt: str | Sequence[str],
    inputs: Mapping[str, Any],
    *,
    sizes: Mapping[str, int] | None = None,
    step: Fraction = STEP,
) -> Array:
    """Return the derivative of a program's result by `wrt`: a name, or several for a derivative of higher order.

    An intermediate name of the program is then held independent.

    Shapes: the axes of the result, then those of each name in turn (the layout `mixed`).
    """
    given = {GREEK.get(name, name): np.asarray(value) for name, value in inputs.items() if not callable(value)}
    read = parse(document, known=tuple(given)) if isinstance(document, str) else document
    names = [GREEK.get(name, name) for name in ([wrt] if isinstance(wrt, str) else wrt)]
    compute = evaluator(read, inputs, sizes=sizes, step=step)
    values = compute({})
    tensors = given | values.tensors
    for name in names:
        if name not in tensors:
            raise UnknownNameError(f"there is no tensor {name}")
    places = [[((name, at), tensors[name][at]) for at in positions(tensors[name].shape)] for name in names]
    shape = sum((tensors[name].shape for name in names), values.result.shape)
    moved = _differentiate(lambda by: compute(by).result, places, step)
    return moved.reshape(shape)


def _differentiate(
    moved: Callable[[Mapping[Any, Number]], Array], places: list[list[tuple[Any, Number]]], step: Fraction
) -> Array:
    """Return all derivatives by one entry of each list of places, the choices along the last axis."""

    def along(shift: dict[Any, Number], choice: tuple[tuple[Any, Number], ...]) -> Array:
        if not choice:
            return moved(shift)
        (entry, value), *others = choice
        return central(lambda h: along({**shift, entry: shift.get(entry, 0) + h}, tuple(others)), step_at(value, step))

    columns = [along({}, choice) for choice in product(*places)]
    return np.stack(columns, axis=-1) if columns else np.zeros((*moved({}).shape, 0))
