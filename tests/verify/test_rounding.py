"""The bound on rounding is above the error that is there, and not far above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from einsdiff.elaborate.program import elaborate
from einsdiff.verify.numeric import Point, value
from einsdiff.verify.rounding import error_of
from einsdiff.verify.samples import Sampler

# fmt: off
ROWS: list[tuple[str, Callable[..., Any], float | None]] = [
    # formula                                    the same with more digits                                     at most
    ("s = x_i A_ij y_j + 1/3 sum_i(x_i)",        lambda A, x, y: x @ A @ y + x.sum() / np.longdouble(3),       1e-12),
    ("s = exp(x_i A_ij y_j) + sum_i(1/x_i)",     lambda A, x, y: np.exp(x @ A @ y) + (1 / x).sum(),            None),
    ("s = x_i A_ij y_j + 1000000",               lambda A, x, y: x @ A @ y + 1000000,                          1e-8),
    ("s = (x_i A_ij y_j + 1000000) - 999999",    lambda A, x, y: (x @ A @ y + 1000000) - 999999,               1e-8),
    ("s = sign(x_i A_ij y_j + 1000000)",         lambda A, x, y: np.sign(x @ A @ y + 1000000),                 1e-13),
    ("s = (1 + (x_i A_ij y_j)^2/10^12)^(1/2)",   lambda A, x, y: np.sqrt(1 + (x @ A @ y) ** 2 / 10**12),       1e-13),
    ("s = sin(1000 x_i A_ij y_j)",               lambda A, x, y: np.sin(1000 * (x @ A @ y)),                   1e-8),
    ("s = max_i(A_ij y_j) prod_i(x_i)",          lambda A, x, y: (A @ y).max() * x.prod(),                     1e-11),
    ("s = logsumexp_i(A_ij y_j) + x_i x_i",      lambda A, x, y: np.log(np.exp(A @ y).sum()) + x @ x,          1e-12),
    ("s = det(A'A) tr(inv(A'A + I)) x_i A_ij y_j", lambda A, x, y: _det(A.T @ A) * _tr(A.T @ A) * (x @ A @ y), None),
]
# fmt: on


def _det(a: Any) -> Any:
    """Return a determinant by Laplace's expansion, in whatever precision the entries have."""
    if len(a) == 1:
        return a[0, 0]
    minors = (np.delete(a[1:], k, axis=1) for k in range(len(a)))
    return sum((-1) ** k * a[0, k] * _det(minor) for k, minor in enumerate(minors))


def _tr(a: Any) -> Any:
    """Return tr((A + I)⁻¹) by cofactors."""
    b = a + np.eye(len(a), dtype=np.longdouble)
    return sum(_det(np.delete(np.delete(b, k, 0), k, 1)) for k in range(len(b))) / _det(b)


@pytest.mark.parametrize(("formula", "precise", "at_most"), ROWS)
@pytest.mark.parametrize("attempt", [0, 1, 2, 5])
def test_the_bound_is_above_the_error_and_not_far_above(
    formula: str, precise: Callable[..., Any], at_most: float | None, attempt: int
) -> None:
    program = elaborate(f"A : matrix(n, m); x : vector(n); y : vector(m); {formula}", notation="index")
    point = Sampler(program, {}).point(attempt, {})
    entry = program.definitions[-1].entry
    found = value(entry, (), (), point)
    wanted = precise(**{name: a.astype(np.longdouble) for name, a in point.arrays.items()})
    bound = error_of(entry.node, point)
    assert abs(np.longdouble(found) - wanted) <= bound
    assert at_most is None or bound <= at_most


def test_a_function_that_may_have_left_its_domain_has_no_bound() -> None:
    program = elaborate("s = sqrt(x^2 - y)", notation="index")
    x = np.asarray(1e8 + 1)
    point = Point({"x": x, "y": x**2}, {})
    entry = program.definitions[-1].entry
    value(entry, (), (), point)
    assert error_of(entry.node, point) == np.inf
