"""What one call costs at 3×3: compiled functions against hand-written NumPy that does the same operations.

Products are written by hand with `@`, as people write them, and with `.dot`, which is NumPy's quickest way.

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

CASES: tuple[tuple[str, dict[str, np.ndarray], Callable[[], object], Callable[[], object]], ...] = (
    ("y_i = A_ij x_j + b_i", {"A": A, "x": x, "b": b}, lambda: A @ x + b, lambda: A.dot(x) + b),
    ("y = x_i A_ij x_j", {"A": A, "x": x}, lambda: np.asarray(x @ (A @ x)), lambda: np.asarray(x.dot(A.dot(x)))),
    ("C_ij = A_ik B_kj", {"A": A, "B": B}, lambda: A @ B, lambda: A.dot(B)),
    ("C_ij = A_ik B_kj + A_ij", {"A": A, "B": B}, lambda: A @ B + A, lambda: A.dot(B) + A),
    ("C_ij = A_ik B_kl A_lj", {"A": A, "B": B}, lambda: A @ B @ A, lambda: A.dot(B).dot(A)),
    ("y_i = tanh(A_ij x_j + b_i)", {"A": A, "x": x, "b": b}, lambda: np.tanh(A @ x + b), lambda: np.tanh(A.dot(x) + b)),
)  # fmt: skip


def main() -> None:
    """Print a table of medians over interleaved rounds."""
    print(f"{'formula':<28} {'einsdiff':>9} {'with @':>8} {'ratio':>6} {'.dot':>8} {'ratio':>6}   (µs a call)")
    for text, inputs, *by_hand in CASES:
        fn = ed.parse(text).compile()
        times: list[list[float]] = [[], [], []]
        for call in by_hand:
            np.testing.assert_allclose(fn(**inputs), call(), rtol=1e-12)
        for _ in range(ROUNDS):
            for k, call in enumerate((lambda f=fn, i=inputs: f(**i), *by_hand)):
                times[k].append(timeit.timeit(call, number=CALLS) / CALLS * 1e6)
        ours, at, dot = times
        ratios = [statistics.median(a / b for a, b in zip(ours, theirs, strict=True)) for theirs in (at, dot)]
        row = (statistics.median(ours), statistics.median(at), ratios[0], statistics.median(dot), ratios[1])
        print(f"{text:<28} {row[0]:>9.2f} {row[1]:>8.2f} {row[2]:>6.2f} {row[3]:>8.2f} {row[4]:>6.2f}")


if __name__ == "__main__":
    main()
