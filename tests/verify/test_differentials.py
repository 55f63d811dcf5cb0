"""Claims with differentials, against central differences of NumPy formulas along random directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

import einsdiff as ed

Arrays = Mapping[str, np.ndarray]
STEP = 1e-5
SHAPES = {
    "A": (4, 3),
    "B": (5, 2),
    "C": (3, 3),
    "X": (3, 5),
    "Y": (5, 4),
    "Z": (3, 5),
    "S": (3, 3),
    "x": (3,),
    "z": (4,),
}
"""Shapes of the data: pairwise different sizes, and nothing square but C and S."""
inv, det, tr = np.linalg.inv, np.linalg.det, np.trace


def data() -> dict[str, np.ndarray]:
    """Return data for all names and, under dX, their directions; S and C are far from singular."""
    rng = np.random.default_rng(5)
    found = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    found["S"] = found["S"] / 5 + np.diag([1.0, 2.0, 3.0])
    return found | {f"d{name}": rng.normal(size=shape) for name, shape in SHAPES.items()}


def vec(a: np.ndarray) -> np.ndarray:
    """Return the columns of a matrix, one below the other."""
    return a.reshape(-1, order="F")


Law = tuple[str, str, Callable[..., object], Callable[..., object]]
"""A claim, the names that move in it, its left side, and its right side."""

LAWS: list[Law] = [
    ("d(x'C x) = x'(C + C')dx", "x", lambda v: v.x @ v.C @ v.x, lambda v: v.x @ (v.C + v.C.T) @ v.dx),
    ("d(A X) = A dX", "X", lambda v: v.A @ v.X, lambda v: v.A @ v.dX),
    ("d(X Y) = (dX) Y + X dY", "XY", lambda v: v.X @ v.Y, lambda v: v.dX @ v.Y + v.X @ v.dY),
    ("∂(X + Z) = ∂X + ∂Z", "XZ", lambda v: v.X + v.Z, lambda v: v.dX + v.dZ),
    ("∂(X ⊙ Z) = (∂X) ⊙ Z + X ⊙ ∂Z", "XZ", lambda v: v.X * v.Z, lambda v: v.dX * v.Z + v.X * v.dZ),
    (
        "d(X ⊗ Y) = (dX) ⊗ Y + X ⊗ dY",
        "XY",
        lambda v: np.kron(v.X, v.Y),
        lambda v: np.kron(v.dX, v.Y) + np.kron(v.X, v.dY),
    ),
    ("d(S^-1) = -S^-1 dS S^-1", "S", lambda v: inv(v.S), lambda v: -inv(v.S) @ v.dS @ inv(v.S)),
    ("d det(S) = det(S) tr(S^-1 dS)", "S", lambda v: det(v.S), lambda v: det(v.S) * tr(inv(v.S) @ v.dS)),
    ("d log det S = tr(S^-1 dS)", "S", lambda v: np.log(det(v.S)), lambda v: tr(inv(v.S) @ v.dS)),
    ("d tr(X Y A) = tr(A X dY)", "Y", lambda v: tr(v.X @ v.Y @ v.A), lambda v: tr(v.A @ v.X @ v.dY)),
    ("d vec(A X B) = (B' ⊗ A) d vec X", "X", lambda v: vec(v.A @ v.X @ v.B), lambda v: np.kron(v.B.T, v.A) @ vec(v.dX)),
    ("d(X') = (dX)'", "X", lambda v: v.X.T, lambda v: v.dX.T),
    (
        "d||A x - z||^2 = 2 (A x - z)'A dx",
        "x",
        lambda v: ((v.A @ v.x - v.z) ** 2).sum(),
        lambda v: 2 * (v.A @ v.x - v.z) @ v.A @ v.dx,
    ),
    ("d exp(x) = exp(x) ⊙ dx", "x", lambda v: np.exp(v.x), lambda v: np.exp(v.x) * v.dx),
    ("d(A_ij x_j) = dA_ij x_j + A_ij dx_j", "Ax", lambda v: v.A @ v.x, lambda v: v.dA @ v.x + v.A @ v.dx),
    ("d(C_ij C_jk) = dC_ij C_jk + C_ij dC_jk", "C", lambda v: v.C @ v.C, lambda v: v.dC @ v.C + v.C @ v.dC),
    ("Z = A x; d(Z'Z) = 2 Z'A dx", "x", lambda v: (v.A @ v.x) @ (v.A @ v.x), lambda v: 2 * (v.A @ v.x) @ v.A @ v.dx),
]
SECOND: list[Law] = [
    ("d²(x'C x) = 2 (dx)'C dx", "x", lambda v: v.x @ v.C @ v.x, lambda v: 2 * v.dx @ v.C @ v.dx),
    ("d² tr(X'C X) = 2 tr((dX)'C dX)", "X", lambda v: tr(v.X.T @ v.C @ v.X), lambda v: 2 * tr(v.dX.T @ v.C @ v.dX)),
    ("d²(X Y) = 2 (dX) dY", "XY", lambda v: v.X @ v.Y, lambda v: 2 * v.dX @ v.dY),
    (
        "d² log|S| = -tr(S^-1 (dS) S^-1 dS)",
        "S",
        lambda v: np.log(det(v.S)),
        lambda v: -tr(inv(v.S) @ v.dS @ inv(v.S) @ v.dS),
    ),
    (
        "d²(S^-1) = 2 S^-1 (dS) S^-1 (dS) S^-1",
        "S",
        lambda v: inv(v.S),
        lambda v: 2 * inv(v.S) @ v.dS @ inv(v.S) @ v.dS @ inv(v.S),
    ),
]


class Values:
    """Data by attribute, the moving names a little along their directions."""

    def __init__(self, moving: str, by: float) -> None:
        known = data()
        self.__dict__ |= known | {name: known[name] + by * known[f"d{name}"] for name in moving}


@pytest.mark.parametrize(("claim", "moving", "left", "right"), LAWS, ids=[row[0] for row in LAWS])
def test_a_law_is_true_and_is_the_change_along_the_directions(
    claim: str, moving: str, left: Callable[[Values], object], right: Callable[[Values], object]
) -> None:
    verdict = ed.check(claim)
    assert verdict.holds, verdict.reason
    assert verdict.layouts == ()
    change = (np.asarray(left(Values(moving, STEP))) - np.asarray(left(Values(moving, -STEP)))) / (2 * STEP)
    np.testing.assert_allclose(change, right(Values(moving, 0)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("claim", "moving", "left", "right"), SECOND, ids=[row[0] for row in SECOND])
def test_a_second_differential_is_the_second_change(
    claim: str, moving: str, left: Callable[[Values], object], right: Callable[[Values], object]
) -> None:
    assert ed.check(claim).holds
    step = 1e-3
    ends = [np.asarray(left(Values(moving, by))) for by in (-step, 0.0, step)]
    np.testing.assert_allclose((ends[0] - 2 * ends[1] + ends[2]) / step**2, right(Values(moving, 0)), rtol=1e-4)


# fmt: off
FALSE = [
    # claim                                   what the reason says                            what is right
    ("d(X^-1) = X^-1 dX X^-1",                "the sign is wrong",                            "−X⁻¹ dX X⁻¹"),
    ("d(x'x) = x'dx",                         "a factor 2 is missing",                        "2 dxᵀ x"),
    ("A : matrix(n, n); X : matrix(n, n); d(A X) = dX A", "two factors are swapped",           "A dX"),
    ("d tr(A X) = tr(A'dX)",                  "A should not be transposed",                   "tr(A dX)"),
    ("d(X Y) = (dX) Y + Y dX",                "the term Y dX is one too many; Y is constant", "dX Y"),
    ("d logdet(X) = tr(X dX)",                "an inverse is missing on X",                   "tr(dX X⁻¹)"),
    ("d max(x, z) = dx", "the two sides differ; z is constant", "dx ⊙ where(x >= z, 1, 0)"),
    ("2 d tr(X) = tr(dX)",                    "a factor 2 is missing",                        "2 tr(dX)"),
]
# fmt: on


@pytest.mark.parametrize(("claim", "reason", "right"), FALSE)
def test_a_false_claim_is_diagnosed(claim: str, reason: str, right: str | None) -> None:
    verdict = ed.check(claim)
    assert not verdict.holds
    assert reason in verdict.reason
    assert verdict.counterexample is not None
    if right is not None:
        assert set(verdict.correct.values()) == {right}


def test_a_false_claim_in_index_notation_is_told_the_right_side() -> None:
    verdict = ed.check("d(x_i x_i) = x_i dx_i")
    assert "a factor 2 is missing" in verdict.reason
    assert verdict.correct == {"index": "2 dx_i x_i"}


def test_the_answer_says_what_is_constant_and_what_each_direction_is() -> None:
    verdict = ed.check("d(A X B) = A dX B")
    assert verdict.reason.endswith("; A and B are constant")
    assert verdict.names["dX"] == verdict.names["X"]
    assert "constant" not in ed.check("d(X Y) = (dX) Y + X dY").reason


def test_of_a_name_that_is_defined_the_formula_changes() -> None:
    assert ed.check("f = x'C x; df = x'(C + C')dx").holds
    assert ed.check("Y = A X; tr(B dY) = d tr(B Y)").holds
    assert not ed.check("f = x'C x; df = 2 x'C dx").holds
    assert ed.check("f = x'C x; df = ∂f/∂x dx").layouts == ("numerator", "vec")
    assert ed.check("f = x'C x; df = (∂f/∂x)'dx").layouts == ("mixed", "denominator", "sympy", "vetter")


@pytest.mark.parametrize(
    ("declared", "claim"),
    [
        ("symmetric", "d tr(A X) = tr(A'dX)"),
        ("spd", "d log det X = tr((dX)'X^-1)"),
        ("skew", "d tr(A X) = -tr(A'dX)"),
        ("diagonal", "d(X A) = A ⊙ (diag(dX) ones')"),
    ],
)
def test_what_is_declared_of_a_name_holds_of_its_direction(declared: str, claim: str) -> None:
    kinds = {"A": "matrix(n, n)"}
    assert ed.check(claim, declare=kinds | {"X": f"matrix(n, n) {declared}"}).holds
    assert not ed.check(claim, declare=kinds | {"X": "matrix(n, n)"}).holds


def test_a_constant_does_not_change() -> None:
    assert ed.check("∂A = 0", declare={"A": "matrix(m, n) constant"}).holds
    assert ed.check("d(A X) = A dX + dA X", declare={"A": "matrix(m, n) constant"}).holds
    with pytest.raises(ed.ClaimError, match="nothing says what A is"):
        ed.check("∂A = 0")


def test_a_missing_name_is_constant_and_the_answer_says_so() -> None:
    verdict = ed.check("d(X Y) = X dY")
    assert verdict.holds
    assert verdict.reason.endswith("; X is constant")
