"""CuPy: what einsdiff writes for it."""

from __future__ import annotations

import cupy

from bench.problem import Arrays, Problem
from bench.systems.derived import derived
from bench.way import Call


def emitted(problem: Problem, n: int, inputs: Arrays) -> dict[str, Call]:
    """Return the function that einsdiff writes for CuPy; none for results that keep their structure."""
    if not problem.dense:
        return {}
    fn, given = derived(problem, n, inputs, "cupy")
    arrays = {name: cupy.asarray(a) for name, a in given.items()}
    ways = {"sync": True, "async": False}
    return {
        how: Call(fn, kwargs=arrays, wait=lambda _: cupy.cuda.Device().synchronize(), each=each)
        for how, each in ways.items()
    }


def versions() -> dict[str, str]:
    """Return the version of CuPy."""
    return {"cupy": cupy.__version__}
