"""Claims about the free entries of structured matrices: they are false, and the verdict says how they are true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import einsdiff as ed

MATRIX = ("mixed", "numerator", "denominator", "sympy", "vetter")
ROW = ("numerator", "vec")
GRADIENT = ("mixed", "denominator", "sympy", "vetter")
TIED = "derivative by the free entries of a {}"

# fmt: off
CASES = [
    # declared     the claim                                                     it is                      layouts
    # The Matrix Cookbook (139) to (142)
    ("symmetric", "∂tr(S A)/∂S = A + A' - A .* I",                               TIED.format("symmetric"),  MATRIX),
    ("symmetric", "∂det(S)/∂S = det(S) (2 S^-1 - S^-1 .* I)",                    TIED.format("symmetric"),  MATRIX),
    ("symmetric", "∂log(abs(det(S)))/∂S = 2 S^-1 - S^-1 .* I",                   TIED.format("symmetric"),  MATRIX),
    ("diagonal",  "∂tr(S A)/∂S = A .* I",                                        TIED.format("diagonal"),   MATRIX),
    ("spd",       "∂logdet(S)/∂S = 2 inv(S) - diag(diag(inv(S)))",               TIED.format("symmetric"),  MATRIX),
    ("symmetric", "y = x' S x; ∂y/∂S = 2 x x' - diag(x .* x)",                   TIED.format("symmetric"),  MATRIX),
    ("symmetric", "∂tr(B S C)/∂S = C B + B' C' - (C B) .* I",                    TIED.format("symmetric"),  MATRIX),
    ("skew",      "∂tr(S A)/∂S = A' - A",                                        TIED.format("skew"),       GRADIENT),
    ("skew",      "∂(x' S y)/∂S = x y' - y x'",                                  TIED.format("skew"),       GRADIENT),
    ("symmetric", "∂tr(S A)/∂S = (A + A')/2",                                    "the symmetric part",      MATRIX),
    ("symmetric", "∂tr(S A)/∂S = A + A'",                                        "diagonal counted twice",  MATRIX),
    ("skew",      "∂tr(S A)/∂S = (A' - A)/2",                                    "the skew part",           GRADIENT),
    ("diagonal",  "∂tr(S A)/∂S = diag(A)",                                       "S as a vector",           GRADIENT),
    ("",          "∂tr(S A)/∂S = A + A' - A .* I",                               TIED.format("symmetric"),  MATRIX),
    ("",          "∂tr(S A)/∂S = A .* I",                                        TIED.format("diagonal"),   MATRIX),
    ("symmetric", "∂tr(S A)/∂vec(S)' = vec(A + A' - A .* I)'",                   TIED.format("symmetric"),  ROW),
    ("symmetric", "∂(A_ij S_ji)/∂S_kl = A_lk + A_kl - δ_kl A_kk",                TIED.format("symmetric"),  ()),
    ("skew",      "∂(A_ij S_ji)/∂S_{kl} = A_lk - A_kl",                          TIED.format("skew"),       ()),
    ("diagonal",  "∂(A[a,b] S[b,a])/∂S[c,d] = δ[c,d] A[c,c]",                    TIED.format("diagonal"),   ()),
]
# fmt: on


@pytest.mark.parametrize(("declared", "claim", "text", "layouts"), CASES)
def test_the_derivative_by_free_entries_is_recognised(
    declared: str, claim: str, text: str, layouts: tuple[str, ...]
) -> None:
    source = f"S : matrix(n, n) {declared}; {claim}" if declared else claim
    verdict = ed.check(source)
    assert not verdict.holds
    assert text in verdict.reason
    assert verdict.assumption is None
    assert verdict.true_as is not None
    written = ed.check(verdict.true_as)
    assert written.holds
    assert written.layouts == layouts
    assert verdict.to_json()["true_as"] == verdict.true_as


def test_the_answer_is_that_by_each_entry() -> None:
    verdict = ed.check("S : matrix(n, n) symmetric; ∂tr(S A)/∂S = A + A' - A .* I")
    assert verdict.correct["denominator"] == "Aᵀ"
    assert verdict.correct["numerator"] == "A"
    assert "  true as: P : matrix(n, n); S = P + P' - P .* I; ∂tr(S A)/∂P" in str(verdict)


def test_the_new_name_is_one_that_the_claim_does_not_use() -> None:
    verdict = ed.check("S : matrix(n, n) symmetric; P : matrix(n, n); d(tr(S P))/dS = P + P' - P .* I")
    assert verdict.true_as is not None
    assert "d(tr(S P))/dQ = " in verdict.true_as
    assert ed.check(verdict.true_as).holds


def test_a_claim_of_a_paper_keeps_its_spelling() -> None:
    source = r"\frac{\partial \operatorname{tr}(\Sigma A)}{\partial\Sigma} = A + A^\top - A \odot I"
    verdict = ed.check(source, declare={"Sigma": "matrix(n, n) symmetric", "A": "matrix(n, n)"})
    assert verdict.true_as is not None
    assert verdict.true_as.endswith(source.replace(r"\partial\Sigma", r"\partial P"))
    assert ed.check(verdict.true_as, declare={"A": "matrix(n, n)"}).holds


@pytest.mark.parametrize(
    ("declared", "claim", "reason"),
    [
        ("symmetric", "∂(x' S x)/∂S = 2 x x'", "a factor 2 is too much"),
        ("symmetric", "∂tr(S A)/∂S = A + B", "the term B is one too many"),
        ("symmetric", "∂tr(S A)/∂S = A + A' - 2 A .* I", "the two sides differ"),
        ("skew", "∂tr(S A)/∂S = A + A' - A .* I", "A .* I should be a product of matrices"),
        ("", "∂tr(A X B)/∂X = A B", "the sizes do not fit"),
    ],
)
def test_other_mistakes_are_what_they_were(declared: str, claim: str, reason: str) -> None:
    source = f"S : matrix(n, n) {declared}; {claim}" if declared else claim
    verdict = ed.check(source)
    assert verdict.true_as is None
    assert verdict.reason.startswith(reason)


def _symmetric(i: int, j: int, n: int) -> np.ndarray:
    step = np.zeros((n, n))
    step[i, j] = step[j, i] = 1.0
    return step


def _skew(i: int, j: int, n: int) -> np.ndarray:
    step = np.zeros((n, n))
    step[i, j] += 1.0
    step[j, i] -= 1.0
    return step


@pytest.mark.parametrize(
    ("steps", "right"),
    [
        (_symmetric, lambda a: a + a.T - np.diag(np.diag(a))),
        (_skew, lambda a: a.T - a),
    ],
)
def test_the_right_sides_are_the_changes_along_tied_entries(
    steps: Callable[[int, int, int], np.ndarray], right: Callable[[np.ndarray], np.ndarray]
) -> None:
    """∂tr(S A) along E_ij + E_ji (E_ii on the diagonal), and along E_ij − E_ji, by the definition."""
    n = 4
    a = np.random.default_rng(5).normal(size=(n, n))
    found = [[np.trace(steps(i, j, n) @ a) for j in range(n)] for i in range(n)]
    assert np.allclose(found, right(a))
