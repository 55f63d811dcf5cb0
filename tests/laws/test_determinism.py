"""The same input gives the same bytes, whatever the hash seed."""

import os
import subprocess
import sys

SCRIPT = """
import einsdiff as ed
for text, *wrt in (
    ("L = mean_n((max(0, w_i X_ni + b) - y_n)^2)", "w", "w"),
    ("y_i = softmax_i(Q_ij k_j) + exp(x_i) / (x_k x_k)", "x"),
    ("s = ε_ijk a_i b_j c_k + tr(A B) + logdet(S)", "A"),
    ("y_1 = 3 x_1^2 x_2; y_2 = 2 x_1 + x_2^8", "x"),
):
    g = ed.diff(text, *wrt)
    print(g, g.latex(), g.einsum(), g.compile().source, g.compile().plan, sep=chr(10))
"""


def output(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, env=environment, check=True)
    return done.stdout.decode()


def test_two_hash_seeds_print_the_same_bytes() -> None:
    first = output("1")
    assert "softmax" in first
    assert output("2") == first
