"""Symbolic times of tensorgrad; what it was not asked is not in the table."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import sympy as sp
import tensorgrad as tg
from tensorgrad import functions as tgf

i, j, n, r = sp.symbols("i j n r")


def quadratic(k: str) -> tuple[Any, Any]:
    x = tg.Variable(f"x{k}", i)
    A = tg.Variable(f"A{k}", i=i, j=i)
    return (x @ A) @ x.rename(i="j"), x


def least_squares(k: str) -> tuple[Any, Any]:
    X, w, y = tg.Variable(f"X{k}", n, i), tg.Variable(f"w{k}", i), tg.Variable(f"y{k}", n)
    e = X @ w - y
    return e @ e, w


def neuron(k: str) -> tuple[Any, Any]:
    X, w, y = tg.Variable(f"X{k}", n, i), tg.Variable(f"w{k}", i), tg.Variable(f"y{k}", n)
    e = tgf.relu(X @ w) - y
    return e @ e, w


def logistic(k: str) -> tuple[Any, Any]:
    X, w, y = tg.Variable(f"X{k}", n, i), tg.Variable(f"w{k}", i), tg.Variable(f"y{k}", n)
    return tgf.sum(tgf.log(1 + tgf.exp(-y * (X @ w)))), w


def factorisation(k: str) -> tuple[Any, Any]:
    T, U, V = tg.Variable(f"T{k}", i, j), tg.Variable(f"U{k}", i, r), tg.Variable(f"V{k}", j, r)
    e = T - U @ V
    return e @ e, U


def cross_entropy(k: str) -> tuple[Any, Any]:
    z, t = tg.Variable(f"z{k}", i), tg.Variable(f"t{k}", i)
    e = tgf.exp(z)
    return -t @ tgf.log(e / tgf.sum(e)), z


def residual(layers: int) -> Callable[[str], tuple[Any, Any]]:
    def build(k: str) -> tuple[Any, Any]:
        h, y = tg.Variable(f"x{k}", i), tg.Variable(f"y{k}", i)
        first = None
        for layer in range(layers):
            W = tg.Variable(f"W{k}z{layer}", j=i, i=i)
            first = first or W
            h = h + tgf.tanh(W @ h).rename(j="i")
        e = h - y
        return e @ e, first

    return build


ROWS: dict[str, tuple[Callable[[str], tuple[Any, Any]], int]] = {
    "quadratic form, gradient": (quadratic, 1),
    "least squares, gradient": (least_squares, 1),
    "ReLU neuron, gradient": (neuron, 1),
    "logistic loss, gradient": (logistic, 1),
    "quadratic form, Hessian": (quadratic, 2),
    "logistic loss, Hessian": (logistic, 2),
    "|T-UV'|^2, Hessian": (factorisation, 2),
    "softmax cross-entropy, Hessian": (cross_entropy, 2),
    "residual net of 10 layers, gradient": (residual(10), 1),
    "residual net of 100 layers, gradient": (residual(100), 1),
}


def make(name: str) -> Callable[[str], dict[str, float]]:
    """Return what derives and simplifies a row once and gives the seconds."""
    build, order = ROWS[name]

    def run(k: str) -> dict[str, float]:
        start = time.perf_counter()
        f, x = build(k)
        for _ in range(order):
            f = f.grad(x)
        f.full_simplify()
        return {"derive": time.perf_counter() - start}

    return run


def versions() -> dict[str, str]:
    """Return the version of tensorgrad."""
    return {"tensorgrad": version("tensorgrad")}
