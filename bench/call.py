"""What one call costs at 3×3: compiled functions against hand-written NumPy that does the same operations.

Run: python bench/call.py
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable

import numpy as np

import einsdiff as ed

ROUNDS, CALLS = 15, 20_000

rng = np.random.default_rng(0)
A, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
x, b = rng.normal(size=3), rng.normal(size=3)

CASES: tuple[tuple[str, dict[str, np.ndarray], Callable[[], object]], ...] = (
    ("y_i = A_ij x_j + b_i", {"A": A, "x": x, "b": b}, lambda: A.dot(x) + b),
    ("y = x_i A_ij x_j", {"A": A, "x": x}, lambda: np.asarray(x.dot(A.dot(x)))),
    ("C_ij = A_ik B_kj", {"A": A, "B": B}, lambda: A.dot(B)),
    ("C_ij = A_ik B_kj + A_ij", {"A": A, "B": B}, lambda: A.dot(B) + A),
    ("y_i = tanh(A_ij x_j + b_i)", {"A": A, "x": x, "b": b}, lambda: np.tanh(A.dot(x) + b)),
    ("s = (A_ij x_j - b_i)^2", {"A": A, "x": x, "b": b}, lambda: _square(A.dot(x) - b)),
)  # fmt: skip


def _square(r: np.ndarray) -> np.ndarray:
    return np.asarray(r.dot(r))


def main() -> None:
    """Print a table of medians over interleaved rounds."""
    print(f"{'formula':<30} {'einsdiff':>9} {'NumPy':>9} {'ratio':>6}   (µs a call)")
    for text, inputs, by_hand in CASES:
        fn = ed.parse(text).compile()
        np.testing.assert_allclose(fn(**inputs), by_hand(), rtol=1e-12)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(timeit.timeit(lambda f=fn, i=inputs: f(**i), number=CALLS) / CALLS * 1e6)
            theirs.append(timeit.timeit(by_hand, number=CALLS) / CALLS * 1e6)
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(f"{text:<30} {statistics.median(ours):>9.2f} {statistics.median(theirs):>9.2f} {ratio:>6.2f}")


if __name__ == "__main__":
    main()
