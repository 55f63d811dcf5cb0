"""The single neuron of Parr and Howard, trained by gradient descent.

An affine function, cut off at zero, and the mean squared error of what it says, as in sections 5 and 6 of T. Parr and
J. Howard, "The matrix calculus you need for deep learning" (2018), arXiv:1802.01528.

How many O-rings of a space shuttle are damaged, given the temperature at launch and the pressure of the leak test?
A number of rings is never negative, which is what the cut is for.  The 23 flights before the Challenger are in
data/orings.csv; see data/README.md.
"""

from pathlib import Path

import numpy as np

import einsdiff as ed

# Weights and bias apart: a gradient for each.
cost = ed.parse("""
    a_n = max(0, w_i X_ni + b)
    C = mean_n((y_n - a_n)^2)
""")
by_w, by_b = ed.diff(cost, ["w", "b"])
print(by_w)
print(by_b)

# The augmented vector v = [w, b] meets the inputs Z = [X, 1]: one gradient.
augmented_cost = ed.parse("""
    a_n = max(0, v_i Z_ni)
    C = mean_n((y_n - a_n)^2)
""")
by_v = ed.diff(augmented_cost, "v")
print(by_v)

train = ed.compile(cost, by_w, by_b)
train_augmented = ed.compile(augmented_cost, by_v)

table = np.loadtxt(Path(__file__).parent / "data" / "orings.csv", delimiter=",", skiprows=1)
measured, y = table[:, :2], table[:, 2]
centre, spread = measured.mean(axis=0), measured.std(axis=0)
X = (measured - centre) / spread
Z = np.column_stack([X, np.ones(len(y))])

w, b = np.zeros(2), 0.5  # above zero for every flight: a neuron that is cut off everywhere never learns
v = np.append(w, b)
RATE = 0.1

print("\nstep   cost   augmented")
for step in range(1001):
    C, dw, db = train(X=X, y=y, w=w, b=b)
    augmented, dv = train_augmented(Z=Z, y=y, v=v)
    if step in {0, 1, 3, 10, 30, 100, 300, 1000}:
        print(f"{step:4}  {C:.4f}   {augmented:.4f}")
    w, b, v = w - RATE * dw, b - RATE * db, v - RATE * dv

print(f"\nw = {w.round(3)}, b = {b:.3f}")
print(f"v = {v.round(3)}")

# What the neuron says of three temperatures; at 31 °F, far outside of its data, the Challenger was launched.
for temperature in (75, 55, 31):
    x = (np.array([temperature, 200]) - centre) / spread
    print(f"{temperature} °F: {max(0, w @ x + b):.1f} rings")
