"""Of the ten further problems those of statistics: mixtures, least squares, filters, likelihoods."""

from __future__ import annotations

from math import sqrt

import numpy as np

from bench.problem import Arrays, Problem, changed, normal
from bench.problems.gradients import sigmoid

CLUSTERS, FEATURES, ROWS_OF_DATA, STATES, SEEN = 10, 16, 100_000, 8, 4


def spread(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a symmetric positive definite matrix."""
    B = rng.normal(size=(n, n)) / sqrt(n)
    return B @ B.T + np.eye(n)


def points(n: int, rng: np.random.Generator) -> Arrays:
    """4n points in n dimensions, their mean and a covariance; c is how many there are."""
    return {"X": rng.normal(size=(4 * n, n)), "m": rng.normal(size=n), "S": spread(rng, n), "c": np.array(4.0 * n)}


def weighted(n: int, rng: np.random.Generator) -> Arrays:
    """Many rows of n entries, positive weights."""
    X = rng.normal(size=(ROWS_OF_DATA, n))
    return {"X": X, "y": rng.normal(size=len(X)), "w": rng.uniform(0.1, 1, size=len(X)), "b": rng.normal(size=n)}


def labelled(n: int, rng: np.random.Generator) -> Arrays:
    """10n rows of n entries, labels ±1."""
    X = rng.normal(size=(10 * n, n)) / sqrt(n)
    return {"X": X, "y": np.where(rng.random(10 * n) < 0.5, -1.0, 1.0), "w": rng.normal(size=n)}


def tracked(steps: int, rng: np.random.Generator) -> Arrays:
    """A linear system with noise, seen at some steps."""
    F, H = np.eye(STATES) + 0.1 * rng.normal(size=(STATES, STATES)), rng.normal(size=(SEEN, STATES))
    noise = {"P0": spread(rng, STATES), "Q": spread(rng, STATES), "R": spread(rng, SEEN)}
    return {"F": F, "H": H, "m0": rng.normal(size=STATES), "Y": rng.normal(size=(steps, SEEN)), **noise}


def kalman_text(steps: int) -> str:
    """Return the log-likelihood of what was seen, without its constant."""
    lines, terms = [], []
    for t in range(1, steps + 1):
        m, P = f"m{t - 1}", f"P{t - 1}"
        lines += [
            f"S{t}_ab = H_ai {P}_ij H_bj + R_ab",
            f"V{t}_ab = inv(S{t})_ab",
            f"r{t}_a = Y[{t},a] - H_ai {m}_i",
            f"K{t}_ia = {P}_ij H_bj V{t}_ba",
        ]
        if t < steps:
            lines += [
                f"n{t}_i = {m}_i + K{t}_ia r{t}_a",
                f"m{t}_i = F_ij n{t}_j",
                f"C{t}_ij = {P}_ij - K{t}_ia H_ak {P}_kj",
                f"P{t}_ij = F_ik C{t}_kl F_jl + Q_ij",
            ]
        else:
            lines.pop()
        terms.append(f"- 1/2 logdet(S{t}) - 1/2 r{t}_a V{t}_ab r{t}_b")
    return "\n".join([*lines, f"L = {' '.join(terms)}"])


# plain code


def mixture(xp, X, M, s, p):
    d = (X[:, None, :] - M) * xp.exp(-s)
    return xp.logsumexp(p - s.sum(1) - 0.5 * (d * d).sum(-1), -1).sum()


def kalman(xp, F, H, m0, Y, P0, Q, R):
    m, P, total = m0, P0, 0.0
    for y in Y:
        S = H @ P @ H.T + R
        V, r = xp.inv(S), y - H @ m
        K = P @ H.T @ V
        total = total - 0.5 * xp.logdet(S) - 0.5 * (r @ V @ r)
        m, P = F @ (m + K @ r), F @ (P - K @ H @ P) @ F.T + Q
    return total


def likelihood(xp, X, m, S, c):
    Z = X - m
    return -0.5 * ((Z @ xp.inv(S)) * Z).sum() - 0.5 * c * xp.logdet(S)


# by hand


def mixture_by_hand(X, M, s, p):
    w = np.exp(-2 * s)
    logits = np.empty((len(M), len(X)))
    for k, centre in enumerate(M):
        d = X - centre
        d *= d
        np.dot(d, w[k], out=logits[k])
    logits *= -0.5
    logits += (p - s.sum(1))[:, None]
    logits -= logits.max(0)
    np.exp(logits, out=logits)
    logits /= logits.sum(0)
    return (w * (logits @ X - logits.sum(1)[:, None] * M),)


def weighted_by_hand(X, y, w, b):
    r = X.dot(b)
    r -= y
    r *= w
    Z = X * np.sqrt(w)[:, None]
    return 2 * r.dot(X), 2 * (Z.T @ Z)


def likelihood_by_hand(X, m, S, c):
    Z, V = X - m, np.linalg.inv(S)
    G = V.T @ (Z.T @ Z) @ V.T
    G -= c * V.T
    z = Z.sum(0)
    return G / 2, (V.dot(z) + z.dot(V)) / 2


def third_by_hand(X, y, w):
    s = sigmoid(-y * X.dot(w))
    q = -(y**3) * s * (1 - s) * (1 - 2 * s)
    n = X.shape[1]
    pairs = (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    return (((X * q[:, None]).T @ pairs).reshape(n, n, n),)


def kalman_by_hand(F, H, m0, Y, P0, Q, R):
    m, P, kept = m0, P0, []
    for y in Y:
        V, r = np.linalg.inv(H @ P @ H.T + R), y - H @ m
        K = P @ H.T @ V
        kept.append((P, V, r, K))
        m, P = F @ (m + K @ r), F @ (P - K @ H @ P) @ F.T + Q
    dm, dP, dQ = np.zeros_like(m), np.zeros_like(P), np.zeros_like(Q)
    for P, V, r, K in reversed(kept):
        dQ += dP
        dC, dn = F.T @ dP @ F, F.T @ dm
        dK = np.outer(dn, r) - dC @ P.T @ H.T
        dr = K.T @ dn - (V.dot(r) + r.dot(V)) / 2
        dV = H @ P.T @ dK - np.outer(r, r) / 2
        dS = -V.T @ dV @ V.T - V.T / 2
        dP = dC - (K @ H).T @ dC + dK @ V.T @ H + H.T @ dS @ H
        dm = dn - H.T @ dr
    return (dQ,)


LOGISTIC = "L = sum_n(log(1 + exp(-y_n X_ni w_i)))"

# fmt: off
ROWS = (
    Problem(
        "Gaussian mixture, gradient", "functions of entries",
        "z_nk = p_k - sum_d(s_kd) - 1/2 sum_d(((X_nd - M_kd) exp(-s_kd))^2); L = sum_n(logsumexp_k(z_nk))", (("M",),),
        (300, 1000, 10_000),
        changed(normal(X=lambda n: (n, FEATURES), M=(CLUSTERS, FEATURES), s=(CLUSTERS, FEATURES), p=(CLUSTERS,)),
                s=lambda found, n: 0.1 * found["s"]),
        mixture, mixture_by_hand, lambda n: n * CLUSTERS * (5 * FEATURES + 24),
    ),
    Problem(
        "weighted least squares, gradient and Hessian", "logistic Hessian",
        "w : vector(n) positive; L = w_n (X_ni b_i - y_n)^2", (("b",), ("b", "b")), (10, 50, 100), weighted,
        lambda _, X, y, w, b: (w * (X @ b - y) ** 2).sum(), weighted_by_hand,
        lambda n: ROWS_OF_DATA * (n * n + 5 * n), from_n=10**9,
    ),
    Problem(
        "Kalman log-likelihood, gradient by Q", "small", kalman_text, (("Q",),), (3, 10, 30), tracked, kalman,
        kalman_by_hand, lambda n: 40 * n * STATES**3,
    ),
    Problem(
        "Mahalanobis likelihood, gradient by S and m", "matrix-matrix gradient",
        "L = -1/2 sum_n((X_ni - m_i) inv(S)_ij (X_nj - m_j)) - 1/2 c logdet(S)", (("S",), ("m",)), (50, 200, 500),
        points, likelihood, likelihood_by_hand, lambda n: 4 * n**3 + 6 * n**3,
    ),
    Problem(
        "logistic loss, third derivative", "Hessian, general", LOGISTIC, (("w", "w", "w"),), (10, 30, 60), labelled,
        lambda xp, X, y, w: xp.softplus(-y * (X @ w)).sum(), third_by_hand, lambda n: 20 * n**4 / 6,
    ),
)
# fmt: on
