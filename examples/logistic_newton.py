"""Logistic regression by Newton's method: the loss is one line of index text, einsdiff does the rest.

Which tumours are malignant?  Five measurements of 569 of them are in data/cancer.csv; see data/README.md.
"""

from pathlib import Path

import numpy as np

import einsdiff as ed

# Minus the log-likelihood of labels y_n (0 or 1) whose log-odds are X_ni w_i.
loss = ed.parse("L = sum_n(softplus(X_ni w_i) - y_n X_ni w_i)")
gradient = ed.diff(loss, "w")
hessian = ed.diff(loss, "w", "w")
print(gradient)
print(hessian)

# One function for all three: what they share, such as X_ni w_i, is computed once.
loss_gradient_hessian = ed.compile(loss, gradient, hessian)

table = np.loadtxt(Path(__file__).parent / "data" / "cancer.csv", delimiter=",", skiprows=1)
measured, y = table[:, :5], table[:, 5]
standardised = (measured - measured.mean(axis=0)) / measured.std(axis=0)
X = np.column_stack([standardised, np.ones(len(y))])  # the last weight is the intercept

print("\nstep      loss    largest slope")
w = np.zeros(X.shape[1])
for step in range(20):
    L, g, H = loss_gradient_hessian(X=X, y=y, w=w)
    print(f"{step:4}  {L:8.3f}    {np.abs(g).max():13.6f}")
    if np.abs(g).max() < 1e-8:
        break
    w = w - np.linalg.solve(H, g)

# At the minimum the inverse of the Hessian is the covariance of the weights.
deviations = np.sqrt(np.diag(np.linalg.inv(H)))
print("\n              weight   deviation")
for name, weight, deviation in zip(
    ("radius", "texture", "smoothness", "concavity", "symmetry", "intercept"), w, deviations, strict=True
):
    print(f"{name:<12} {weight:7.3f}     {deviation:7.3f}")

right = np.sum((X @ w > 0) == (y == 1))
print(f"\n{right} of {len(y)} tumours are on the right side")
