"""Size and time of the gradient of residual networks: both grow linearly with the number of layers.

Run: python bench/depth.py
"""

from __future__ import annotations

import math
import time

import einsdiff as ed
from einsdiff.algebra import walk

LAYERS = (10, 100, 1000)


def network(layers: int) -> str:
    """Return the text of a residual network of tanh layers with a squared loss."""
    lines = ["h0_i = x_i"]
    lines += [f"h{k}[i] = h{k - 1}[i] + tanh(W{k}[i,j] h{k - 1}[j] + b{k}[i])" for k in range(1, layers + 1)]
    return "\n".join([*lines, f"L = (h{layers}[i] - y_i)^2"])


def main() -> None:
    """Print a table, and the exponent of the growth from each row to the next."""
    ed.diff(network(3), "W1").compile()
    print(f"{'layers':>6} {'nodes':>8} {'source':>9} {'parse':>8} {'derive':>8} {'compile':>8} {'exponent':>9}")
    before = None
    for n in LAYERS:
        t0 = time.perf_counter()
        f = ed.parse(network(n))
        t1 = time.perf_counter()
        g = ed.diff(f, "W1")
        nodes = len(walk.ordered(g.entry.node))
        t2 = time.perf_counter()
        size = len(g.compile().source)
        t3 = time.perf_counter()
        exponent = f"{math.log10((t3 - t0) / before):9.2f}" if before else ""
        print(f"{n:>6} {nodes:>8} {size:>9} {t1 - t0:>7.3f}s {t2 - t1:>7.3f}s {t3 - t2:>7.3f}s {exponent}")
        before = t3 - t0


if __name__ == "__main__":
    main()
