"""A study that does not need einsdiff: Newton's method with the generated module log_loss.py.

The flights of space shuttles with a damaged O-ring, by temperature; see ../data/README.md.
"""

from pathlib import Path

import numpy as np
from log_loss import program

table = np.loadtxt(Path(__file__).parents[1] / "data" / "orings.csv", delimiter=",", skiprows=1)
temperature, damaged = table[:, 0], (table[:, 2] > 0).astype(float)
X = np.column_stack([temperature / 10 - 7, np.ones(len(damaged))])

w = np.zeros(2)
for _ in range(10):
    loss, gradient, hessian = program(X=X, y=damaged, w=w)
    w = w - np.linalg.solve(hessian, gradient)

print(f"loss {loss:.4f}, weights {w[0]:.4f} for 10 °F and {w[1]:.4f} at 70 °F")
for fahrenheit in (80, 70, 60, 50):
    chance = 1 / (1 + np.exp(-(w[0] * (fahrenheit / 10 - 7) + w[1])))
    print(f"{fahrenheit} °F: {chance:4.0%}")
