"""What JAX and torch.func share: the transformations that give the results that a problem asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.problem import Problem

Transform = Callable[..., Any]


def wanted(problem: Problem, names: list[str], namespace: Any, by: Any, inner: Transform, outer: Transform) -> Callable:
    """Return a function of positional arrays that gives all results of a problem.

    Args:
        problem: the row.
        names: the inputs in order, without the seed.
        namespace: the array functions for the plain code.
        by: what has `grad`, `vjp`.
        inner: the transformation for the first derivative of an array.
        outer: the transformation for each further derivative.
    """

    def plain(*args: Any) -> Any:
        return problem.plain(namespace, **dict(zip(names, args, strict=True)))

    def one(wrt: tuple[str, ...]) -> Callable:
        if not wrt:
            return plain
        scalar = not problem.is_jacobian
        found = (by.grad if scalar else inner)(plain, names.index(wrt[0]))
        for name in wrt[1:]:
            found = outer(found, names.index(name))
        return found

    if problem.seed:
        at = [names.index(w[0]) for w in problem.wrt]

        def products(*args: Any) -> Any:
            *inputs, seed = args

            def some(*chosen: Any) -> Any:
                full = list(inputs)
                for k, value in zip(at, chosen, strict=True):
                    full[k] = value
                return plain(*full)

            return by.vjp(some, *(inputs[k] for k in at))[1](seed)

        return products
    if problem.wrt[0] == () and len(problem.wrt) == 2:
        return by.value_and_grad(plain, names.index(problem.wrt[1][0]))
    if len(problem.wrt) > 1 and all(len(w) == 1 for w in problem.wrt):
        return by.grad(plain, tuple(names.index(w[0]) for w in problem.wrt))
    results = [one(wrt) for wrt in problem.wrt]
    return lambda *args: tuple(f(*args) for f in results)
