"""Formulas with folded rows and columns: ⊗ and vec at the outside of a text give the matrix that they say."""

from __future__ import annotations

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.errors import IndexMismatchError

RNG = np.random.default_rng(7)
A, B, X = RNG.normal(size=(2, 3)), RNG.normal(size=(5, 7)), RNG.normal(size=(3, 5))


def stacked(matrix: np.ndarray) -> np.ndarray:
    return matrix.ravel(order="F")


CASES = (
    # formula                      what it is
    ("kron(A, B)",                 lambda: np.kron(A, B)),
    ("2 kron(A, B)'",              lambda: 2 * np.kron(A, B).T),
    ("vec(A X B)",                 lambda: stacked(A @ X @ B)),
    ("vec(A)'",                    lambda: stacked(A)),
    ("commutation vec(A)",         lambda: stacked(A.T)),
    ("kron(B', A) vec(X)",         lambda: stacked(A @ X @ B)),
    ("vec(A) vec(B)'",             lambda: np.outer(stacked(A), stacked(B))),
    ("kron(A, kron(B, X))",        lambda: np.kron(A, np.kron(B, X))),
    ("Z = kron(A, B) - kron(A, B)", lambda: np.zeros((10, 21))),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[c[0] for c in CASES])
def test_a_folded_formula_gives_the_matrix_that_it_says(text: str, expected: object) -> None:
    f = ed.parse(text)
    given = {name: array for name, array in (("A", A), ("B", B), ("X", X)) if name in f.inputs}
    np.testing.assert_allclose(f.compile()(**given), expected(), rtol=1e-13)  # type: ignore[operator]


@pytest.mark.parametrize("layout", ["vec", "vetter"])
def test_a_printed_form_with_folds_compiles_to_the_array_of_its_layout(layout: str) -> None:
    g = ed.diff("A X B", "X")
    read = ed.parse(g.matrix(layout=layout))
    given = {"A": A, "B": B}
    np.testing.assert_allclose(read.compile()(**given), g.compile(layout=layout)(X=X, **given), rtol=1e-13)


def test_a_folded_column_is_one_axis_of_a_derivative() -> None:
    g = ed.diff("vec(A X B)", "X")
    expected = np.kron(B.T, A)
    np.testing.assert_allclose(g.compile(layout="vec")(A=A, B=B, X=X), expected, rtol=1e-13)
    assert g.compile(layout="denominator")(A=A, B=B, X=X).shape == (3, 5, 14)
    assert g.compile()(A=A, B=B, X=X).shape == (14, 3, 5)


def test_a_folded_formula_is_not_the_tensor_without_folds() -> None:
    assert ed.parse("kron(A, B)") == ed.parse("A ⊗ B")
    assert ed.parse("kron(A, B)") != ed.parse("y_ijkl = A_ik B_jl")


@pytest.mark.parametrize("verb", [ed.jvp, ed.vjp])
def test_products_with_a_folded_expression_are_refused(verb: object) -> None:
    with pytest.raises(IndexMismatchError, match="folded"):
        verb("vec(A X B)", "X", "V")  # type: ignore[operator]


def test_a_folded_formula_above_another_is_refused() -> None:
    with pytest.raises(ed.ParseError, match="numbered anew"):
        ed.parse("K = kron(A, B); y = K x")
