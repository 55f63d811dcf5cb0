"""The systems of this environment: einsdiff, NumPy by hand, np.einsum as it is, opt_einsum."""

from __future__ import annotations

import numpy as np

from bench.problem import Arrays, Problem
from bench.systems.derived import derived
from bench.way import Call


def einsdiff(problem: Problem, n: int, inputs: Arrays) -> dict[str, Call]:
    """Return the compiled function."""
    fn, given = derived(problem, n, inputs)
    return {"": Call(fn, kwargs=given)}


def hand(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return the expert's NumPy."""
    return {"": Call(problem.by_hand, kwargs=inputs)}


def naive(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return contractions by np.einsum, one call a contraction, no order searched."""
    return {"": Call(problem.by_einsum, (np.einsum,), inputs)} if problem.by_einsum else {}


def opt_einsum(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return contractions by opt_einsum, each an expression made once with its best order."""
    if not problem.by_einsum:
        return {}
    import opt_einsum as oe  # noqa: PLC0415

    known = {}

    def contract(terms: str, *operands: np.ndarray) -> np.ndarray:
        key = (terms, *(a.shape for a in operands))
        if key not in known:
            known[key] = oe.contract_expression(terms, *key[1:], optimize="auto-hq")
        return known[key](*operands)

    return {"": Call(problem.by_einsum, (contract,), inputs)}


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    found = {"numpy": np.__version__}
    for name in ("einsdiff", "opt_einsum"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "in place"
    return found
