"""The index formulas of four papers as matrix formulas, with their derivatives in both layouts.

Papers on statistics and on networks write sums over indices; code is written with matrices.  Each loss below stands as
it is printed.  `Expression.matrix` gives the formula that one would write by hand, checked against the index form, and
one that has no matrix form is refused.
"""

import einsdiff as ed

PAPERS = (
    # what                       the formula in the paper                                      by   declared
    ("ridge regression",         "J = sum_n((X_ni w_i - y_n)^2) + λ w_i w_i",                  "w", {}),
    ("logistic regression",      "L = sum_n(log(1 + exp(X_ni w_i)) - y_n X_ni w_i)",           "w", {}),
    ("softmax cross-entropy",    "L = logsumexp_k(z_k) - t_k z_k",                             "z", {}),
    ("Gaussian log-likelihood",  "l = -1/2 logdet(S) - 1/2 (x_i - m_i) inv(S)_ij (x_j - m_j)", "m",
     {"S": "matrix(n, n) spd"}),
)  # fmt: skip

for title, text, by, declared in PAPERS:
    f = ed.parse(text, declare=declared)
    gradient, hessian = ed.diff(f, by), ed.diff(f, by, by)
    print(title)
    print(f"  {f}")
    print(f"  {f.left_side().label} = {f.matrix()}")
    print(f"    ∂/∂{by}, numerator    {gradient.matrix(layout='numerator')}")
    print(f"    ∂/∂{by}, denominator  {gradient.matrix(layout='denominator')}")
    print(f"    ∂²/∂{by}∂{by}ᵀ           {hessian.matrix(layout='numerator')}")
    print()

print("products of the same kind, one by one")
for text in ("A_ij = B_ik C_kj", "M_ij = x_i A_ij y_j", "R_ij = A_ik x_k x_l B_lj", "s = A_ij B_ij", "v_i = A_ij A_ij"):
    print(f"  {text:<26}{ed.parse(text).matrix()}")

print()
print("for a LaTeX file")
by_weights = ed.diff(PAPERS[1][1], "w")
print(f"  {by_weights.matrix(layout='denominator', spelling='latex')}")

print()
print("what has three indices has no matrix formula:")
try:
    ed.parse("T_ijk = A_ij B_jk").matrix()
except ed.NoMatrixForm as error:
    print(f"  {error.message}")
