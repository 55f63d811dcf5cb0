"""Hessians and Jacobians: those that collapse, those with δ, and those that are full."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from bench.problem import Arrays, Problem, normal
from bench.problems.gradients import LAYERS, logistic, net, net_loss, net_text, regression, sigmoid

RANK = 5
WIDTH, NARROW = 32, 16


def attention(width: int) -> Callable[..., Arrays]:
    """Queries, keys and values, n of each."""
    return normal(**dict.fromkeys("QKV", lambda n: (n, width)))


def factorisation_loss(_, T, U, V):
    return ((T - U @ V.T) ** 2).sum()


def attention_head(xp, Q, K, V):
    return xp.softmax(Q @ K.T / sqrt(Q.shape[1]), -1) @ V


# by hand


def factorisation_core(T, U, V):
    return (2 * V.T.dot(V),)


def factorisation_by_hand(T, U, V):
    n, k = U.shape
    H = np.zeros((n, k, n, k))
    np.einsum("ijil->ijl", H)[...] = 2 * V.T.dot(V)
    return (H,)


def attention_by_hand(Q, K, V):
    S = Q @ K.T / sqrt(Q.shape[1])
    P = np.exp(S - S.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    core = np.matmul(P[:, None, :] * V.T, K)
    core -= (P @ V)[:, :, None] * (P @ K)[:, None, :]
    core /= sqrt(Q.shape[1])
    J = np.zeros((len(Q), V.shape[1], *Q.shape))
    np.einsum("nvnd->nvd", J)[...] = core
    return (J,)


def logistic_by_hand(X, y, w):
    s = sigmoid(y * X.dot(w))
    Z = X * np.sqrt(s * (1 - s))[:, None]
    return (Z.T @ Z,)


def net_by_hand(x, y, **layers):
    h, J = x, None
    for k in range(1, LAYERS + 1):
        W = layers[f"W{k}"]
        h = np.maximum(W.dot(h), 0)
        on = (h > 0).astype(float)
        J = np.diag(on) if J is None else on[:, None] * (W @ J)
    S = 2 * (J.T @ J)
    return (S[:, None, :, None] * np.outer(x, x)[:, None, :],)


# fmt: off
ROWS = (
    Problem(
        "Hessian of a quadratic form", "Hessian that collapses", "y = x_i A_ij x_j", (("x", "x"),),
        (500, 1000, 2000), normal(A=lambda n: (n, n), x=lambda n: (n,)), lambda _, A, x: x @ A @ x,
        lambda A, x: (A + A.T,),
        lambda n: n * n, by_einsum=lambda einsum, A, x: (einsum("ij->ij", A) + einsum("ij->ji", A),),
        from_n=500, small=0,
    ),
    Problem(
        "Hessian of |T-UV'|^2", "Hessian that collapses", "L = (T_ij - U_ik V_jk)^2", (("U", "U"),),
        (30, 100, 300), normal(T=lambda n: (n, n), U=lambda n: (n, RANK), V=lambda n: (n, RANK)),
        factorisation_loss, factorisation_by_hand, lambda n: 2 * RANK * RANK * n, from_n=100, small=30,
    ),
    Problem(
        "Hessian of |T-UV'|^2, its core", "structured result", "L = (T_ij - U_ik V_jk)^2", (("U", "U"),),
        (1000,), normal(T=lambda n: (n, n), U=lambda n: (n, RANK), V=lambda n: (n, RANK)),
        factorisation_loss, factorisation_core, lambda n: 2 * RANK * RANK * n, small=1000, dense=False,
        core=lambda H: H.to_dense()[0, :, 0, :],
    ),
    *(
        Problem(
            f"Jacobian of attention by Q{of}", "structured Jacobian",
            f"P_nm = softmax_m(Q_nd K_md / sqrt({width})); Y_nv = P_nm V_mv", (("Q",),), (16, 64), attention(width),
            attention_head, attention_by_hand, lambda n, d=width: 2 * n * n * d * (d + 2), from_n=16, small=16,
        )
        for width, of in ((WIDTH, ""), (NARROW, f", {NARROW} wide"))
    ),
    Problem(
        "logistic Hessian", "logistic Hessian", "L = sum_n(log(1 + exp(-y_n X_ni w_i)))", (("w", "w"),),
        (100, 500, 1000, 2000), regression, logistic, logistic_by_hand, lambda n: 2 * n**3 + 4 * n * n, from_n=100,
    ),
    Problem(
        "10-layer net, Hessian by W1", "net Hessian", net_text, (("W1", "W1"),), (20, 50, 80), net, net_loss,
        net_by_hand, lambda n: 20 * n**3 + n**4, from_n=50, small=20,
    ),
)
# fmt: on
