"""What a problem is: one row of a table, written once for every system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Results = tuple[Any, ...]


@dataclass(frozen=True)
class Problem:
    """A function and what is wanted of it: index text for einsdiff, plain code for the others.

    Attributes:
        name: what the row is called.
        group: the class of the bar, a name of `bar.BAR`.
        text: index text, or how it is made from n.
        wrt: one result each: `()` the value, `("x",)` a first derivative, `("x", "x")` a second one.
        sizes: the values of n, in rising order.
        inputs: n and a generator → the arrays by name.
        plain: a namespace of array functions and the arrays → the value, as one writes it for automatic derivatives.
        by_hand: the arrays → the results, as an expert writes them in NumPy.
        flops: the operations without which there is no result, by n; 20 for a transcendental function.
        by_einsum: an einsum function and the arrays → the results, where contractions are all there is.
        seed: the name of the array that a vector-Jacobian product starts from.
        from_n: the smallest n at which the bar counts.
        small: the largest n that one thread is for.
        dense: whether derivatives are wanted as whole arrays.
        core: what of a structured result is compared.
    """

    name: str
    group: str
    text: str | Callable[[int], str]
    wrt: tuple[tuple[str, ...], ...]
    sizes: tuple[int, ...]
    inputs: Callable[[int, np.random.Generator], Arrays]
    plain: Callable[..., Any]
    by_hand: Callable[..., Results]
    flops: Callable[[int], float]
    by_einsum: Callable[..., Results] | None = None
    seed: str = ""
    from_n: int = 0
    small: int | None = None
    dense: bool = True
    core: Callable[[Any], np.ndarray] | None = None

    @property
    def order(self) -> str:
        """Return whether the row counts with gradients or with second-order results."""
        return "second" if max(map(len, self.wrt)) > 1 or self.is_jacobian else "first"

    @property
    def is_jacobian(self) -> bool:
        """Tell whether an array is differentiated, and not a number."""
        return self.group == "structured Jacobian"

    def source(self, n: int) -> str:
        """Return the index text for n."""
        return self.text if isinstance(self.text, str) else self.text(n)

    def make(self, n: int) -> Arrays:
        """Return the inputs for n, the same in every process."""
        return self.inputs(n, np.random.default_rng(n))


def normal(**shapes: Callable[[int], tuple[int, ...]] | tuple[int, ...]) -> Callable[..., Arrays]:
    """Return a maker of inputs with normally distributed entries, from shapes or functions of n that give them."""

    def make(n: int, rng: np.random.Generator) -> Arrays:
        return {name: rng.normal(size=shape(n) if callable(shape) else shape) for name, shape in shapes.items()}

    return make


def changed(make: Callable[..., Arrays], **changes: Callable[[Mapping[str, np.ndarray], int], np.ndarray]):
    """Return a maker of inputs in which some arrays are replaced by functions of all of them and n."""

    def altered(n: int, rng: np.random.Generator) -> Arrays:
        found = make(n, rng)
        return {**found, **{name: change(found, n) for name, change in changes.items()}}

    return altered
