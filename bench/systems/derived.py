"""What einsdiff makes of a problem, for NumPy and for the libraries that it writes programs for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.problem import Arrays, Problem


def derived(problem: Problem, n: int, inputs: Arrays, backend: str = "numpy") -> tuple[Callable[..., Any], Arrays]:
    """Return the compiled function and its inputs: those that occur in the results."""
    import einsdiff as ed  # noqa: PLC0415 - a system of its own: the others do without it

    f = ed.parse(problem.source(n))
    asked = [f if not w else ed.vjp(f, w[0], problem.seed) if problem.seed else ed.diff(f, *w) for w in problem.wrt]
    options = {"backend": backend} | ({} if problem.dense else {"dense": False})
    fn = ed.compile(*asked, **options) if len(asked) > 1 else asked[0].compile(**options)
    needed = {name for e in asked for name in e.inputs}
    return fn, {name: a for name, a in inputs.items() if name in needed}
