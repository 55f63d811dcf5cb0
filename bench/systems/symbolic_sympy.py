"""Symbolic times of SymPy's matrix expressions; what it cannot say is not in the table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.core.cache import clear_cache

n, m, r = sp.symbols("n m r", integer=True, positive=True)


def quadratic(k: str) -> tuple[Any, Any]:
    x, A = sp.MatrixSymbol(f"x{k}", n, 1), sp.MatrixSymbol(f"A{k}", n, n)
    return x.T * A * x, x


def least_squares(k: str) -> tuple[Any, Any]:
    X, w, y = sp.MatrixSymbol(f"X{k}", m, n), sp.MatrixSymbol(f"w{k}", n, 1), sp.MatrixSymbol(f"y{k}", m, 1)
    return (X * w - y).T * (X * w - y), w


def logistic(k: str) -> tuple[Any, Any]:
    X, w, y = sp.MatrixSymbol(f"X{k}", m, n), sp.MatrixSymbol(f"w{k}", n, 1), sp.MatrixSymbol(f"y{k}", m, 1)
    z = sp.Symbol("z")
    return sp.OneMatrix(1, m) * sp.hadamard_product(y, X * w).applyfunc(sp.Lambda(z, sp.log(1 + sp.exp(-z)))), w


def factorisation(k: str) -> tuple[Any, Any]:
    T, U, V = sp.MatrixSymbol(f"T{k}", n, m), sp.MatrixSymbol(f"U{k}", n, r), sp.MatrixSymbol(f"V{k}", m, r)
    R = T - U * V.T
    return sp.Trace(R.T * R), U


ROWS: dict[str, tuple[Callable[[str], tuple[Any, Any]], int]] = {
    "quadratic form, gradient": (quadratic, 1),
    "least squares, gradient": (least_squares, 1),
    "logistic loss, gradient": (logistic, 1),
    "quadratic form, Hessian": (quadratic, 2),
    "logistic loss, Hessian": (logistic, 2),
    "|T-UV'|^2, Hessian": (factorisation, 2),
}


def make(name: str) -> Callable[[str], dict[str, float]]:
    """Return what derives a row once and gives the seconds; SymPy's cache is emptied first."""
    build, order = ROWS[name]

    def run(k: str) -> dict[str, float]:
        clear_cache()
        start = time.perf_counter()
        f, x = build(k)
        for _ in range(order):
            f = sp.diff(f, x).doit()
        str(f)
        return {"derive": time.perf_counter() - start}

    return run


def versions() -> dict[str, str]:
    """Return the version of SymPy."""
    return {"sympy": sp.__version__}
