"""Functions of entries commute with the diagonal, with transposition, with components, and with what only repeats."""

from __future__ import annotations

import numpy as np
import pytest

import einsdiff as ed

FUNCTIONS = ["exp({})", "log({})", "sigmoid({})", "abs({})", "sqrt({})", "{} .^ 3", "1 ./ {}", "f({})", "exp({}) + {}"]
PAIRS = [
    # of a matrix            of its entries
    ("diag(F(C))", "F(diag(C))"),
    ("diag(F(C'))", "F(diag(C))"),
    ("diag(F(A B))", "F(diag(A B))"),
    ("diag(F(C + D))", "F(diag(C) + diag(D))"),
    ("diag(F(x y'))", "F(x .* y)"),
    ("diag(F(x ones'))", "F(x)"),
    ("F(C')", "F(C)'"),
    ("F(A B)'", "F(B' A')"),
    ("F(x ones')", "F(x) ones'"),
    ("tr(F(C))", "sum(F(diag(C)))"),
    ("F(C) .* I", "diag(F(diag(C)))"),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_a_function_of_entries_is_one_of_the_entries_that_are_left(function: str, left: str, right: str) -> None:
    one, other = (_with(text, function) for text in (left, right))
    assert ed.parse(one) == ed.parse(other)
    verdict = ed.check(f"{one} = {other}")
    assert verdict.holds
    assert verdict.method == "proof"


def _with(text: str, function: str) -> str:
    """Return a text in which F(…) is a function of what stands in its brackets."""
    before, _, behind = text.partition("F(")
    depth, k = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(behind[k], 0)
        k += 1
    return f"{before}({function.replace('{}', f'({behind[: k - 1]})')}){behind[k:]}"


# fmt: off
INDEXED = [
    ("y_i = δ_ij max(A_ij, B_ji)",                 "y_i = max(A_ii, B_ii)"),
    ("y_i = δ_ij logsumexp_k(T_ijk)",              "y_i = logsumexp_k(T_iik)"),
    ("y_i = δ_ij max_k(T_ijk)",                    "y_i = max_k(T_iik)"),
    ("y_ik = δ_ij softmax_k(T_ijk)",               "y_ik = softmax_k(T_iik)"),
    ("y_i = δ_ij prod_k(T_ijk A_kj)",              "y_i = prod_k(T_iik A_ki)"),
    ("y_i = δ_ij f(A_ij, x_j)",                    "y_i = f(A_ii, x_i)"),
    ("y_i = δ_ij where(A_ij > 0, B_ij, x_i)",      "y_i = where(A_ii > 0, B_ii, x_i)"),
    ("Z_ij = exp(A_ij); y = Z_12",                 "y = exp(A_12)"),
    ("Z_ij = max(A_ij, 0); y_i = Z_1i",            "y_i = max(A_1i, 0)"),
]
# fmt: on


@pytest.mark.parametrize(("left", "right"), INDEXED)
def test_so_are_functions_of_several_entries_and_reductions(left: str, right: str) -> None:
    assert ed.parse(left) == ed.parse(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("exp(diag(x))", "diag(exp(x))"),  # 1 off the diagonal
        ("diag(exp(C))", "exp(C) ones"),
        ("tr(exp(C))", "exp(tr(C))"),
        ("sqrt(A .* A)", "A"),
        ("y_i = δ_ij max_k(T_ijk)", "y_i = δ_ij max_k(T_ikj)"),
    ],
)
def test_what_is_not_equal_stays_apart(left: str, right: str) -> None:
    assert ed.parse(left) != ed.parse(right)


def test_the_values_are_those_of_the_diagonal() -> None:
    C, T = np.random.default_rng(3).normal(size=(4, 4)), np.random.default_rng(4).normal(size=(3, 3, 5))
    found = ed.parse("diag(exp(C))").compile()(C=C)
    assert np.allclose(found, np.exp([C[i, i] for i in range(4)]))
    found = ed.parse("y_i = δ_ij logsumexp_k(T_ijk)").compile()(T=T)
    assert np.allclose(found, [np.log(sum(np.exp(T[i, i, k]) for k in range(5))) for i in range(3)])
    slope = ed.diff("tr(sigmoid(C))", "C").compile()(C=C)
    assert np.allclose(slope, np.diag(1 / (2 + np.exp(-np.diag(C)) + np.exp(np.diag(C)))))
