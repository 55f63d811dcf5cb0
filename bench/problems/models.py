"""Of the ten further problems those of models: Tucker, kernels, normalisations, molecules."""

from __future__ import annotations

import numpy as np

from bench.problem import Arrays, Problem, normal

RANK, FEATURES, CHANNELS, SPACE = 8, 8, 64, 3
EPS = 1e-5


def lattice(n: int, rng: np.random.Generator) -> Arrays:
    """Return n places near the points of a lattice, so that no two are close."""
    side = int(np.ceil(n ** (1 / SPACE)))
    grid = np.stack(np.meshgrid(*[np.arange(side)] * SPACE, indexing="ij"), -1).reshape(-1, SPACE)[:n]
    return {"x": 1.2 * grid + rng.uniform(-0.1, 0.1, size=grid.shape)}


# plain code


def tucker(xp, T, G, U, V, W):
    return ((T - xp.einsum("abc,ia,jb,kc->ijk", G, U, V, W)) ** 2).sum()


def kernel(xp, X, C):
    return (C * xp.exp(-0.5 * ((X[:, None, :] - X[None, :, :]) ** 2).sum(-1))).sum()


def molecules(xp, x):
    s = 1 / (((x[:, None, :] - x[None, :, :]) ** 2).sum(-1) + xp.eye(len(x)))
    return 2 * (s**6 - s**3).sum()


def normalised(axis: int):
    """Return y = g (x - mean)/√(variance + ε) + b with the mean over an axis."""

    def plain(xp, x, g, b):
        centred = x - xp.mean(x, axis)
        return g * centred / xp.sqrt(xp.mean(centred**2, axis) + EPS) + b

    return plain


# by hand


def tucker_by_hand(T, G, U, V, W):
    r, n = len(G), len(U)
    M = (np.matmul(V, G).reshape(r * n, r) @ W.T).reshape(r, n * n)
    R = U @ M
    R -= T.reshape(n, -1)
    R *= 2
    inner = (U.T @ R).reshape(r * n, n) @ W
    return np.matmul(V.T, inner.reshape(r, n, r)), R @ M.T


def squared_distances(x: np.ndarray) -> np.ndarray:
    """Return |x_i - x_j|² without cancellation."""
    total = np.zeros((len(x), len(x)))
    for column in x.T:
        d = column[:, None] - column
        d *= d
        total += d
    return total


def kernel_by_hand(X, C):
    K = squared_distances(X)
    K *= -0.5
    np.exp(K, out=K)
    K *= C
    K = K + K.T
    return (K @ X - K.sum(1)[:, None] * X,)


def slopes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 1/r² and the slope of the energy of a pair by r², both zero on the diagonal."""
    s = squared_distances(x)
    np.fill_diagonal(s, 1)
    np.divide(1, s, out=s)
    np.fill_diagonal(s, 0)
    s3 = s * s * s
    return s, (6 - 12 * s3) * s3 * s


def forces_by_hand(x):
    _, f = slopes(x)
    return (4 * (f.sum(1)[:, None] * x - f @ x),)


def molecules_by_hand(x):
    s, f = slopes(x)
    s2 = s * s
    h = (84 * s2 * s - 24) * s2 * s2 * s
    n, k = x.shape
    d = x[:, None, :] - x[None, :, :]
    H = np.empty((n, k, n, k))
    for a in range(k):
        hd = -8 * h * d[:, :, a]
        for b in range(k):
            np.multiply(hd, d[:, :, b], out=H[:, a, :, b])
        H[:, a, :, a] -= 4 * f
    np.einsum("iaib->iab", H)[...] = -H.sum(2)
    return (H,)


def normalised_by_hand(axis: int):
    """Return the products of U with the derivatives of a normalisation by x, g and b."""

    def by_hand(x, g, b, U):
        hat = x - x.mean(axis, keepdims=True)
        scale = 1 / np.sqrt(np.mean(hat * hat, axis, keepdims=True) + EPS)
        hat *= scale
        dx = U * g
        both = (dx * hat).mean(axis, keepdims=True)
        dx -= dx.mean(axis, keepdims=True)
        dx -= hat * both
        dx *= scale
        return dx, np.einsum("ij,ij->j", U, hat), U.sum(0)

    return by_hand


PAIRS = "r_ij = sum_d((x_id - x_jd)^2) + δ_ij; s_ij = 1/r_ij; L = 2 sum_{i,j}(s_ij^6 - s_ij^3)"
NORM = (
    "m_{0} = mean_{1}(x_nc); v_{0} = mean_{1}((x_nc - m_{0})^2); y_nc = g_c (x_nc - m_{0})/sqrt(v_{0} + 1/100000) + b_c"
)

# fmt: off
ROWS = (
    Problem(
        "Tucker loss, gradient", "matrix-matrix gradient", "L = (T_ijk - G_abc U_ia V_jb W_kc)^2", (("G",), ("U",)),
        (30, 60, 120),
        normal(T=lambda n: (n, n, n), G=(RANK,) * 3, **dict.fromkeys("UVW", lambda n: (n, RANK))),
        tucker, tucker_by_hand, lambda n: 6 * RANK * n**3,
    ),
    Problem(
        "RBF kernel, gradient", "functions of entries", "L = C_ij exp(-1/2 sum_d((X_id - X_jd)^2))", (("X",),),
        (100, 300, 1000), normal(X=lambda n: (n, FEATURES), C=lambda n: (n, n)),
        kernel, kernel_by_hand, lambda n: n * n * (5 * FEATURES + 22),
    ),
    Problem(
        "batch norm VJP", "functions of entries", NORM.format("c", "n"), (("x",), ("g",), ("b",)),
        (256, 1024, 4096), normal(x=lambda n: (n, CHANNELS), g=(CHANNELS,), b=(CHANNELS,), U=lambda n: (n, CHANNELS)),
        normalised(0), normalised_by_hand(0), lambda n: 14 * n * CHANNELS, seed="U",
    ),
    Problem(
        "layer norm VJP", "functions of entries", NORM.format("n", "c"), (("x",), ("g",), ("b",)),
        (64, 256, 1024), normal(x=lambda n: (512, n), g=lambda n: (n,), b=lambda n: (n,), U=lambda n: (512, n)),
        normalised(1), normalised_by_hand(1), lambda n: 14 * n * 512, seed="U",
    ),
    Problem(
        "Lennard-Jones forces", "functions of entries", PAIRS, (("x",),), (30, 100, 300, 1000), lattice, molecules,
        forces_by_hand, lambda n: 30 * n * n,
    ),
    Problem(
        "Lennard-Jones Hessian", "Hessian, general", PAIRS, (("x", "x"),), (10, 30, 100), lattice, molecules,
        molecules_by_hand, lambda n: 50 * n * n,
    ),
)
# fmt: on
