"""Contractions with a batch index."""

from __future__ import annotations

import numpy as np

from bench.problem import Problem, normal

HEADS, WIDTH, BATCH = 8, 64, 32


def attention(xp, Q, K, V):
    return xp.softmax(Q @ K.swapaxes(1, 2) / 8, -1) @ V


def attention_by_hand(Q, K, V, G):
    P = Q @ K.swapaxes(1, 2)
    P /= 8
    P -= P.max(-1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(-1, keepdims=True)
    S = G @ V.swapaxes(1, 2)
    S -= np.vecdot(P, S)[..., None]
    S *= P
    S /= 8
    return S @ K, S.swapaxes(1, 2) @ Q, P.swapaxes(1, 2) @ G


def attention_by_einsum(einsum, Q, K, V, G):
    S = einsum("hne,hme->hnm", Q, K) / 8
    P = np.exp(S - S.max(-1, keepdims=True))
    P /= P.sum(-1, keepdims=True)
    D = einsum("hnv,hmv->hnm", G, V)
    S = P * (D - einsum("hnm,hnm->hn", P, D)[..., None]) / 8
    return einsum("hnm,hme->hne", S, K), einsum("hnm,hne->hme", S, Q), einsum("hnm,hnv->hmv", P, G)


# fmt: off
ROWS = (
    Problem(
        "attention VJP", "attention VJP",
        "P_hnm = softmax_m(Q_hne K_hme / 8); Y_hnv = P_hnm V_hmv", (("Q",), ("K",), ("V",)), (64, 256, 1024),
        normal(**dict.fromkeys("QKVG", lambda n: (HEADS, n, WIDTH))), attention, attention_by_hand,
        lambda n: HEADS * n * n * (10 * WIDTH + 30), by_einsum=attention_by_einsum, seed="G", from_n=256,
    ),
    Problem(
        "batched product of three", "batched contraction", "Y_bij = A_bik B_bkl C_blj", ((),), (32, 64, 128),
        normal(**dict.fromkeys("ABC", lambda n: (BATCH, n, n))),
        lambda _, A, B, C: A @ B @ C, lambda A, B, C: (A @ B @ C,), lambda n: 4 * BATCH * n**3,
        by_einsum=lambda einsum, A, B, C: (einsum("bik,bkl,blj->bij", A, B, C),),
    ),
    Problem(
        "batches of 3x3", "small", "C_bij = A_bik B_bkj", ((),), (1000, 100_000),
        normal(A=lambda n: (n, 3, 3), B=lambda n: (n, 3, 3)), lambda _, A, B: A @ B,
        lambda A, B: (np.einsum("bik,bkj->bij", A, B),), lambda n: 54 * n,
        by_einsum=lambda einsum, A, B: (einsum("bik,bkj->bij", A, B),),
    ),
)
# fmt: on
