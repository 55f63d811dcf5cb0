"""Gradients of scalars: quadratic forms, losses, chains, networks, sums over functions of entries."""

from __future__ import annotations

from math import sqrt

import numpy as np

from bench.problem import Arrays, Problem, normal

LAYERS = 10
CHUNK = 16_384
CHAIN = "ABCDEFGHKM"


# inputs


def regression(n: int, rng: np.random.Generator) -> Arrays:
    """2n rows of n entries, labels ±1."""
    X = rng.normal(size=(2 * n, n)) / sqrt(n)
    return {"X": X, "y": np.where(rng.random(2 * n) < 0.5, -1.0, 1.0), "w": rng.normal(size=n)}


def net(n: int, rng: np.random.Generator) -> Arrays:
    """Ten square layers whose values neither grow nor vanish, one point."""
    layers = {f"W{k}": rng.normal(size=(n, n)) * sqrt(2 / n) for k in range(1, LAYERS + 1)}
    return {**layers, "x": rng.normal(size=n), "y": rng.normal(size=n)}


def batched_net(n: int, rng: np.random.Generator) -> Arrays:
    """Three square layers and n points."""
    layers = {name: rng.normal(size=(n, n)) / sqrt(n) for name in ("W1", "W2", "W3")}
    return {**layers, "X": rng.normal(size=(n, n)), "Y": rng.normal(size=(n, n))}


def chain(n: int, rng: np.random.Generator) -> Arrays:
    """Ten square matrices and the vectors at the ends."""
    matrices = {name: rng.normal(size=(n, n)) / sqrt(n) for name in CHAIN}
    return {**matrices, "u": rng.normal(size=n), "x": rng.normal(size=n)}


# texts


def net_text(_: int = 0) -> str:
    """Return the text of the ReLU net with a squared loss."""
    layers = ["h1_i = relu(W1_ij x_j)"]
    layers += [f"h{k}_i = relu(W{k}_ij h{k - 1}_j)" for k in range(2, LAYERS + 1)]
    return "\n".join([*layers, f"L = (h{LAYERS}_i - y_i)^2"])


CHAIN_TEXT = (
    "L = u_a " + " ".join(f"{m}_{i}{j}" for m, i, j in zip(CHAIN, "abcdefghij", "bcdefghijk", strict=True)) + " x_k"
)


# plain code


def logistic(xp, X, y, w):
    return xp.softplus(-y * (X @ w)).sum()


def net_loss(xp, x, y, **layers):
    h = x
    for k in range(1, LAYERS + 1):
        h = xp.relu(layers[f"W{k}"] @ h)
    return ((h - y) ** 2).sum()


def batched_loss(xp, X, Y, W1, W2, W3):
    return ((xp.tanh(xp.tanh(X @ W1) @ W2) @ W3 - Y) ** 2).sum()


def chain_as_written(_, u, x, **matrices):
    product = matrices[CHAIN[0]]
    for name in CHAIN[1:]:
        product = product @ matrices[name]
    return u @ (product @ x)


# by hand


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1/(1 + exp(-z)) for arguments of moderate size."""
    return 1 / (1 + np.exp(-z))


def logistic_by_hand(X, y, w):
    return (-(y * sigmoid(-y * X.dot(w))).dot(X),)


def net_by_hand(x, y, **layers):
    values = [x]
    for k in range(1, LAYERS + 1):
        values.append(np.maximum(layers[f"W{k}"].dot(values[-1]), 0))
    back = 2 * (values[-1] - y)
    for k in range(LAYERS, 1, -1):
        back = np.where(values[k] > 0, back, 0).dot(layers[f"W{k}"])
    return (np.outer(np.where(values[1] > 0, back, 0), x),)


def batched_by_hand(X, Y, W1, W2, W3):
    a = np.tanh(X @ W1)
    b = np.tanh(a @ W2)
    r = b @ W3
    r -= Y
    r *= 2
    q = r @ W3.T
    q *= 1 - b * b
    p = q @ W2.T
    p *= 1 - a * a
    return X.T @ p, a.T @ q, b.T @ r


def chain_by_hand(u, x, **matrices):
    for name in CHAIN:
        u = u.dot(matrices[name])
    return (u,)


def chain_by_einsum(einsum, u, x, **matrices):
    return (einsum("a,ab,bc,cd,de,ef,fg,gh,hi,ij,jk->k", u, *(matrices[name] for name in CHAIN)),)


def sandwich_by_hand(A, X, B, C):
    r = A @ X @ B
    r -= C
    r *= 2
    return (A.T @ r @ B.T,)


def tanh_sum_by_hand(x):
    g = np.empty_like(x)
    total, t, e, s = 0.0, np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK)
    for start in range(0, len(x), CHUNK):
        part, out = x[start : start + CHUNK], g[start : start + CHUNK]
        th, ex, sq = (buffer[: len(part)] for buffer in (t, e, s))
        np.tanh(part, out=th)
        np.multiply(part, part, out=sq)
        np.exp(np.negative(sq, out=ex), out=ex)
        total += ex.dot(th)
        np.multiply(th, th, out=sq)
        np.subtract(1, sq, out=sq)
        np.multiply(part, th, out=out)
        out *= -2
        out += sq
        out *= ex
    return total, g


def sin_sum_by_hand(x):
    g = np.empty_like(x)
    total, t, e, c = 0.0, np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK)
    for start in range(0, len(x), CHUNK):
        part, out = x[start : start + CHUNK], g[start : start + CHUNK]
        si, ex, co = (buffer[: len(part)] for buffer in (t, e, c))
        np.sin(part, out=si)
        np.cos(part, out=co)
        np.multiply(part, part, out=ex)
        np.exp(np.negative(ex, out=ex), out=ex)
        total += ex.dot(si)
        np.multiply(part, si, out=out)
        out *= -2
        out += co
        out *= ex
    return total, g


# fmt: off
ROWS = (
    Problem(
        "gradient of a quadratic form", "matrix-vector gradient", "y = x_i A_ij x_j", (("x",),),
        (100, 500, 1000, 2000, 4000), normal(A=lambda n: (n, n), x=lambda n: (n,)),
        lambda _, A, x: x @ A @ x,
        lambda A, x: (A.dot(x) + x.dot(A),),
        lambda n: 4 * n * n,
        by_einsum=lambda einsum, A, x: (einsum("ij,j->i", A, x) + einsum("ji,j->i", A, x),), from_n=100,
    ),
    Problem(
        "logistic gradient", "matrix-vector gradient", "L = sum_n(log(1 + exp(-y_n X_ni w_i)))", (("w",),),
        (100, 500, 1000, 2000), regression, logistic, logistic_by_hand,
        lambda n: 8 * n * n + 60 * n, from_n=100,
    ),
    Problem(
        "batched net gradient", "matrix-matrix gradient",
        "A_ni = tanh(X_nj W1_ji); B_ni = tanh(A_nj W2_ji); L = sum_{n,i}((B_nj W3_ji - Y_ni)^2)",
        (("W1",), ("W2",), ("W3",)), (64, 256, 512), batched_net, batched_loss, batched_by_hand,
        lambda n: 16 * n**3 + 40 * n * n,
    ),
    Problem(
        "gradient of |AXB-C|^2", "matrix-matrix gradient", "L = (A_ij X_jk B_kl - C_il)^2", (("X",),),
        (100, 300, 1000), normal(**dict.fromkeys("AXBC", lambda n: (n, n))),
        lambda _, A, X, B, C: ((A @ X @ B - C) ** 2).sum(), sandwich_by_hand,
        lambda n: 8 * n**3,
    ),
    Problem(
        "chain of 10 matrices, bad order", "chain in a bad order", CHAIN_TEXT, (("x",),), (200, 500, 1000), chain,
        chain_as_written, chain_by_hand, lambda n: 20 * n * n, by_einsum=chain_by_einsum, from_n=200,
    ),
    Problem(
        "three operations on 3x3", "small", "C_ij = A_ik B_kl A_lj + A_ij", ((),), (3,),
        normal(A=(3, 3), B=(3, 3)), lambda _, A, B: A @ B @ A + A, lambda A, B: (A.dot(B).dot(A) + A,),
        lambda n: 4 * n**3, by_einsum=lambda einsum, A, B: (einsum("ik,kl,lj->ij", A, B, A) + A,),
    ),
    Problem(
        "sum of exp(-x^2) tanh(x), value and gradient", "functions of entries", "L = sum_i(exp(-x_i^2) tanh(x_i))",
        ((), ("x",)), (100_000, 1_000_000, 10_000_000), normal(x=lambda n: (n,)),
        lambda xp, x: (xp.exp(-x * x) * xp.tanh(x)).sum(), tanh_sum_by_hand, lambda n: 50 * n,
    ),
    Problem(
        "sum of exp(-x^2) sin(x), value and gradient", "functions of entries", "L = sum_i(exp(-x_i^2) sin(x_i))",
        ((), ("x",)), (100_000, 1_000_000, 10_000_000), normal(x=lambda n: (n,)),
        lambda xp, x: (xp.exp(-x * x) * xp.sin(x)).sum(), sin_sum_by_hand, lambda n: 70 * n,
    ),
    Problem(
        "10-layer net, gradient by W1", "small", net_text, (("W1",),), (20, 50, 100, 200), net, net_loss, net_by_hand,
        lambda n: 40 * n * n,
    ),
)
# fmt: on
