"""Symbolic times of einsdiff: read, differentiate, simplify, write; then compile and plan."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import einsdiff as ed
from bench.derivations import DERIVATIONS


def make(name: str) -> Callable[[str], dict[str, float]]:
    """Return what derives a row once and gives the seconds of its parts."""
    row = next(r for r in DERIVATIONS if r.name == name)
    rng = np.random.default_rng(0)

    def run(k: str) -> dict[str, float]:
        text, wrt = row.text.replace("#", k), [w.replace("#", k) for w in row.wrt]
        arrays = {key.replace("#", k): rng.normal(size=shape) for key, shape in row.shapes.items()}
        start = time.perf_counter()
        g = ed.diff(text, *wrt)
        if "layers" not in name:
            str(g)
        derived = time.perf_counter()
        g.compile()(**arrays)
        return {"derive": derived - start, "all": time.perf_counter() - start}

    return run


def versions() -> dict[str, str]:
    """Return nothing: the environment is known."""
    return {}
