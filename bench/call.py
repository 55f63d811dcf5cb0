"""What one call costs at 3×3: compiled functions against hand-written NumPy that does the same operations.

By hand the products are written with `@`, as people write them, and with `.dot`, which is NumPy's quickest way; the
latter also as a function that is called with the same keywords, as a compiled function is.  That function checks
nothing; what is left are the checks of the arguments, and what Python takes for calling an object.

Run: python bench/call.py
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable

import numpy as np

import einsdiff as ed

ROUNDS, CALLS = 60, 4_000

rng = np.random.default_rng(0)
A, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
x, b = rng.normal(size=3), rng.normal(size=3)

Call = Callable[..., object]

# fmt: off
CASES: tuple[tuple[str, dict[str, np.ndarray], Call, Call, Call], ...] = (
    ("y_i = A_ij x_j + b_i", {"A": A, "x": x, "b": b},
     lambda: A @ x + b, lambda: A.dot(x) + b, lambda A, x, b: A.dot(x) + b),
    ("y = x_i A_ij x_j", {"A": A, "x": x},
     lambda: np.asarray(x @ (A @ x)), lambda: np.asarray(x.dot(A.dot(x))), lambda A, x: np.asarray(x.dot(A.dot(x)))),
    ("C_ij = A_ik B_kj", {"A": A, "B": B},
     lambda: A @ B, lambda: A.dot(B), lambda A, B: A.dot(B)),
    ("C_ij = A_ik B_kj + A_ij", {"A": A, "B": B},
     lambda: A @ B + A, lambda: A.dot(B) + A, lambda A, B: A.dot(B) + A),
    ("C_ij = A_ik B_kl A_lj", {"A": A, "B": B},
     lambda: A @ B @ A, lambda: A.dot(B).dot(A), lambda A, B: A.dot(B).dot(A)),
    ("y_i = tanh(A_ij x_j + b_i)", {"A": A, "x": x, "b": b},
     lambda: np.tanh(A @ x + b), lambda: np.tanh(A.dot(x) + b), lambda A, x, b: np.tanh(A.dot(x) + b)),
)
# fmt: on


def main() -> None:
    """Print a table of medians over interleaved rounds."""
    heads = "".join(f"{head:>10} {'ratio':>6}" for head in ("with @", "with .dot", "function"))
    print(f"{'formula':<27} {'einsdiff':>9}{heads}   (µs a call)")
    for text, inputs, at, dot, function in CASES:
        fn = ed.parse(text).compile()
        calls = (lambda f=fn, i=inputs: f(**i), at, dot, lambda f=function, i=inputs: f(**i))
        for call in calls:
            np.testing.assert_allclose(fn(**inputs), call(), rtol=1e-12)
        times: list[list[float]] = [[] for _ in calls]
        for _ in range(ROUNDS):
            for k, call in enumerate(calls):
                times[k].append(timeit.timeit(call, number=CALLS) / CALLS * 1e6)
        ours, *by_hand = times
        print(f"{text:<27} {statistics.median(ours):>9.2f}{''.join(cell(ours, theirs) for theirs in by_hand)}")


def cell(ours: list[float], theirs: list[float]) -> str:
    """Return the median time and the median ratio to it."""
    ratio = statistics.median(u / v for u, v in zip(ours, theirs, strict=True))
    return f"{statistics.median(theirs):>10.2f} {ratio:>6.2f}"


if __name__ == "__main__":
    main()
