"""The loop oracle against values worked out by hand or by NumPy, on data that is nowhere square or symmetric."""

# ruff: noqa: PLW0108, SIM300 - the columns hold formulas as they are written

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, special

from einsdiff.errors import AmbiguityError, IndexMismatchError, ParseError, SizeMismatchError, UnknownNameError
from einsdiff.text.parser import parse
from einsdiff.verify.loops import evaluate
from tests.strategies import Program, programs, shuffled

numbers = np.random.default_rng(7)
es = np.einsum

# i runs over 2, j over 3, k over 5, l over 7; S, Q, F and L carry one size twice
SHAPES = {
    "a": (2,), "b": (2,), "c": (2,), "f": (2,), "x": (3,), "y": (3,), "z": (3,), "u": (5,), "w": (5,), "v": (7,),
    "A": (2, 3), "B": (3, 5), "C": (2, 5), "D": (5, 3), "G": (7, 3), "M": (2, 7), "S": (3, 3), "Q": (3, 3),
    "F": (2, 3, 3), "R": (2, 2), "L": (3, 2, 3), "X": (5, 3), "W": (3, 2), "N": (2, 3, 5), "p": (), "q": (),
}  # fmt: skip
DATA = {name: np.asarray(numbers.uniform(0.3, 1.5, shape)) for name, shape in SHAPES.items()}
E = SimpleNamespace(**DATA)
Want = Callable[[], Any]


def run(text: str, **more: Any) -> np.ndarray:
    sizes = more.pop("sizes", None)
    return evaluate(text, DATA | more, sizes=sizes).result


def agrees(text: str, want: Any, **more: Any) -> None:
    result = run(text, **more)
    assert result.shape == np.shape(want)
    np.testing.assert_allclose(result, want, rtol=1e-12, atol=1e-12)


# fmt: off
RULES: list[tuple[str, Want]] = [
    # 1. free indices, in the order of the left-hand side
    ("o_ij = a_i x_j",                          lambda: es("i,j->ij", E.a, E.x)),
    ("o_ji = a_i x_j",                          lambda: es("i,j->ji", E.a, E.x)),
    ("o_kij = N_ijk",                           lambda: es("ijk->kij", E.N)),
    ("o_i = a_i a_i a_i",                       lambda: E.a**3),
    # 2. the scope of a bound index
    ("o = x_i x_i",                             lambda: E.x @ E.x),
    ("o = S_ii",                                lambda: np.trace(E.S)),
    ("o = x_i^2",                               lambda: E.x @ E.x),
    ("o = x_i^3",                               lambda: np.sum(E.x**3)),
    ("o = x_i / y_i",                           lambda: np.sum(E.x / E.y)),
    ("o = x_i A_ji a_j",                        lambda: E.a @ E.A @ E.x),
    ("o = (a_i b_i + c_i f_i)^2",               lambda: (E.a @ E.b + E.c @ E.f) ** 2),
    ("o = (x_i y_i + u_i w_i)^2",               lambda: (E.x @ E.y + E.u @ E.w) ** 2),
    ("o = (y_n - x_n)^2",                       lambda: np.sum((E.y - E.x) ** 2)),
    ("o = (y_n - x_n)^3",                       lambda: np.sum((E.y - E.x) ** 3)),
    ("o = u_n (X_ni y_i - w_n)^2",              lambda: np.sum(E.u * (E.X @ E.y - E.w) ** 2)),
    ("o = (X_ni y_i - w_n)^2",                  lambda: np.sum((E.X @ E.y - E.w) ** 2)),
    ("o = (x_i y_i)^2",                         lambda: (E.x @ E.y) ** 2),
    ("o = (x_i^2)^3",                           lambda: (E.x @ E.x) ** 3),
    ("o = x_i (y_i z_i)",                       lambda: np.sum(E.x * E.y * E.z)),
    ("o = x_i (y_i + z_i)",                     lambda: np.sum(E.x * (E.y + E.z))),
    ("o = x_i (y_i + p)",                       lambda: np.sum(E.x * (E.y + E.p))),
    ("o = x_i exp(y_i)",                        lambda: np.sum(E.x * np.exp(E.y))),
    ("o = x_i exp(y_i z_i)",                    lambda: np.sum(E.x * np.exp(E.y * E.z))),
    ("o = exp(x_i)^2",                          lambda: np.sum(np.exp(E.x) ** 2)),
    ("o = exp(x_i y_i)",                        lambda: np.exp(E.x @ E.y)),
    ("o = sqrt(x_i y_i + a_i b_i)",             lambda: np.sqrt(E.x @ E.y + E.a @ E.b)),
    ("o = max(x_i y_i, a_i b_i)",               lambda: max(E.x @ E.y, E.a @ E.b)),
    ("o = -(x_i y_i)",                          lambda: -E.x @ E.y),
    ("o = x_i (-y_i)",                          lambda: -E.x @ E.y),
    ("o_i = a_i (-(a_i b_i))",                  lambda: -E.a * E.a * E.b),
    ("o = x_i y_i / (a_j b_j)",                 lambda: E.x @ E.y / (E.a @ E.b)),
    ("o = x_i (y_i z_i + x_i z_i)",             lambda: np.sum(E.x * (E.y * E.z + E.x * E.z))),
    # 4. a power of a bare tensor is repetition; what is open in a factor is closed outside
    ("o = x_i^2 y_i^2",                         lambda: np.sum(E.x**2 * E.y**2)),
    ("o = x_i^2 / y_i^2",                       lambda: np.sum(E.x**2 / E.y**2)),
    ("o = x_i S_ii",                            lambda: np.sum(E.x * np.diag(E.S))),
    ("o = (y_n - x_n)^2 z_n^2",                 lambda: np.sum((E.y - E.x) ** 2 * E.z**2)),
    ("o = (x_i y_i)(a_j b_j)",                  lambda: (E.x @ E.y) * (E.a @ E.b)),
    ("o_i = (a_i b_i)(c_i f_i)",                lambda: E.a * E.b * E.c * E.f),
    # 5. strict Einstein without a left-hand side, axes in order of appearance
    ("x_j A_ij",                                lambda: E.A @ E.x),
    ("x_j a_i",                                 lambda: es("j,i->ji", E.x, E.a)),
    ("A_ij B_jk",                               lambda: E.A @ E.B),
    ("B_jk A_ij",                               lambda: (E.A @ E.B).T),
    ("A_ij + a_i x_j",                          lambda: E.A + np.outer(E.a, E.x)),
    ("x_i^2",                                   lambda: E.x @ E.x),
    ("x_i y_i + a_j a_j",                       lambda: E.x @ E.y + E.a @ E.a),
    # 6. explicit operators bind and mean what they say
    ("o = sum_i(x_i)",                          lambda: E.x.sum()),
    ("o = Σ_i x_i",                             lambda: E.x.sum()),
    ("o = Σ_i (x_i - p)^2 + q",                 lambda: np.sum((E.x - E.p) ** 2) + E.q),
    ("o = log(sum_i exp(x_i))",                 lambda: special.logsumexp(E.x)),
    ("o_j = sum_i(A_ij)",                       lambda: E.A.sum(0)),
    ("o = sum_{i,j}(A_ij)",                     lambda: E.A.sum()),
    ("o = sum_i(S_ii T_ii)",                    lambda: np.sum(np.diag(E.S) * np.diag(E.Q))),
    ("o = sum_i(x_i x_i x_i)",                  lambda: np.sum(E.x**3)),
    ("o = prod_i(x_i)",                         lambda: np.prod(E.x)),
    ("o_i = max_j(A_ij)",                       lambda: E.A.max(1)),
    ("o_i = min_j(A_ij)",                       lambda: E.A.min(1)),
    ("o = mean_i(x_i y_i)",                     lambda: np.mean(E.x * E.y)),
    ("o_i = logsumexp_j(A_ij)",                 lambda: special.logsumexp(E.A, axis=1)),
    ("o_ij = softmax_j(A_ij)",                  lambda: special.softmax(E.A, axis=1)),
    ("o_ji = softmax_j(A_ij)",                  lambda: special.softmax(E.A, axis=1).T),
    ("o_i = softmax_j(A_ij) x_j",               lambda: special.softmax(E.A, axis=1) @ E.x),
    ("o_i = a_i sum_i(b_i c_i)",                lambda: E.a * (E.b @ E.c)),
    ("o = a_i b_i sum_i(x_i)",                  lambda: E.a @ E.b * E.x.sum()),
    ("o = sum_i(x_i) sum_i(a_i)",               lambda: E.x.sum() * E.a.sum()),
    ("o = sum_i(x_i sum_i(a_i))",               lambda: E.x.sum() * E.a.sum()),
    # 7. scalar expansion
    ("o_ij = A_ij + a_i",                       lambda: E.A + E.a[:, None]),
    ("o_nj = X_ni L_jki R_kk + x_j",            lambda: es("ni,jki,kk->nj", E.X, E.L, E.R) + E.x),
    ("o_ki = X_kj W_ji + b_i",                  lambda: E.X @ E.W + E.b),
    ("o_i = a_i + p",                           lambda: E.a + E.p),
    ("o_i = max(a_i, 1)",                       lambda: np.maximum(E.a, 1)),
    ("o_ij = where(A_ij > a_i, x_j, -1)",       lambda: np.where(E.A > E.a[:, None], E.x, -1)),
    ("o_i = where(a_i <= 1, log(a_i), a_i^2)",  lambda: np.where(E.a <= 1, np.log(E.a), E.a**2)),
    # what 2.4 ends with
    ("o = a_i a_i + 1",                         lambda: E.a @ E.a + 1),
    ("o_ij = A_ij a_i x_j",                     lambda: np.diag(E.a) @ E.A @ np.diag(E.x)),
    ("o_i = x_i / (x_k x_k)^(1/2)",             lambda: E.x / np.linalg.norm(E.x)),
    ("o = x_i^(-2) y_i",                        lambda: np.sum(E.x**-2.0 * E.y)),
    ("o_i = a_i^b_i",                           lambda: E.a**E.b),
    # components, built-in tensors, several statements
    ("o = x_1 + A_12 u_5",                      lambda: E.x[0] + E.A[0, 1] * E.u[4]),
    ("o_j = A_{2j} + B[j,4]",                   lambda: E.A[1] + E.B[:, 3]),
    ("o_1 = 3 x_1^2 x_2; o_2 = 2 x_1 + x_2^8",  lambda: [3 * E.x[0] ** 2 * E.x[1], 2 * E.x[0] + E.x[1] ** 8]),
    ("o_1j = x_j; o_2j = 2 y_j",                lambda: np.stack([E.x, 2 * E.y])),
    ("t_1 = p; t_2 = q; o = t_i a_i",           lambda: E.p * E.a[0] + E.q * E.a[1]),
    ("o_i = δ_ij a_j",                          lambda: E.a),
    ("o_ij = delta_ij S_ij",                    lambda: np.diag(np.diag(E.S))),
    ("o_ij = x_i 1_j u_j",                      lambda: np.outer(E.x, E.u)),
    ("o = 1_i x_i",                             lambda: E.x.sum()),
    ("o_i = ε_ijk x_j y_k",                     lambda: np.cross(E.x, E.y)),
    ("o = eps_ijk ε_ijk",                       lambda: 6),
    ("o_jk = ε_ijk x_i",                        lambda: np.array([[0, E.x[2], -E.x[1]], [-E.x[2], 0, E.x[0]],
                                                                  [E.x[1], -E.x[0], 0]])),
    ("o_il = ε_ij R_jl",                        lambda: np.array([E.R[1], -E.R[0]])),
    ("o = ε_ijk δ_ij x_k",                      lambda: 0),
    ("t_i = A_ij x_j\no = t_i t_i",             lambda: (E.A @ E.x) @ (E.A @ E.x)),
    ("t_i = A_ij x_j; o_ij = t_j a_i",          lambda: np.outer(E.a, E.A @ E.x)),
    ("o = 1/2 x_i x_i",                         lambda: E.x @ E.x / 2),
]

TRAPS: list[tuple[str, Want]] = [
    ("s = a_i a_i + 1",                         lambda: E.a @ E.a + 1),                                           # T1
    ("o_ij = C_ik D_kj + M_im G_mj",            lambda: E.C @ E.D + E.M @ E.G),                                   # T2
    ("o_ij = C_ik D_kj + M_ik G_kj",            lambda: E.C @ E.D + E.M @ E.G),                       # T2, one letter
    ("o_i = 2 a_i + F_ikk",                     lambda: 2 * E.a + es("ikk->i", E.F)),                             # T3
    ("o_i = x_i x_i x_i",                       lambda: E.x**3),                                                  # T4
    ("o_ij = S_ij x_i x_j",                     lambda: np.diag(E.x) @ E.S @ np.diag(E.x)),                       # T5
    ("o_ij = δ_ij x_j",                         lambda: np.diag(E.x)),                                            # T6
    ("o_i = δ_ij x_j z_j",                      lambda: E.x * E.z),                                               # T7
    ("o_k = u_k (D_kj x_j)",                    lambda: E.u * (E.D @ E.x)),                                       # T11
    ("o_i = A_ij x_j / (x_k x_k)",              lambda: E.A @ E.x / (E.x @ E.x)),                                 # T13
    ("o_i = x_i / (x_i x_i)",                   lambda: 1 / E.x),                              # T13, i free throughout
    ("o_ki = A_ij B_jk",                        lambda: (E.A @ E.B).T),                                           # T15
    ("o_ji = a_i x_j",                          lambda: np.outer(E.x, E.a)),                                      # T16
    ("o_ij = L_iji a_j",                        lambda: es("iji->ij", E.L) * E.a),                                # T16
]

REFUSED: list[tuple[str, type[Exception]]] = [
    ("o = x_i",                           IndexMismatchError),  # 3
    ("o = exp(x_i)",                      IndexMismatchError),
    ("o = max(x_i, y_i)",                 IndexMismatchError),
    ("o_i = A_ij",                        IndexMismatchError),  # T10
    ("o = x_i + y_i",                     IndexMismatchError),
    ("o = x_i y_i + z_i",                 IndexMismatchError),  # 2: one term repeats i, the other does not
    ("o = (x_i y_i + z_i)^2",             IndexMismatchError),
    ("o = a_i (b_i c_i + f_i)",           IndexMismatchError),
    ("o = max(x_i y_i, z_i)",             IndexMismatchError),
    ("o = (a_i b_i)(c_i f_i)",            AmbiguityError),  # 4
    ("o = S_ii Q_ii",                     AmbiguityError),
    ("o = S_ii/(S_ij Q_ji)",              AmbiguityError),
    ("o = (x_i - y_i)^2 (x_i - z_i)^2",   AmbiguityError),
    ("o = S_ii^2",                        AmbiguityError),
    ("o = exp(x_i y_i) exp(x_i z_i)",     AmbiguityError),
    ("x_i x_i x_i",                       IndexMismatchError),  # 5, T4
    ("x_i^3",                             IndexMismatchError),
    ("A_ij a_i x_j a_i",                  IndexMismatchError),
    ("A_ij + a_i",                        IndexMismatchError),  # 7
    ("A_ij + X_jk",                       IndexMismatchError),  # T36
    ("o_ii = A_ij A_ij",                  ParseError),
    ("o_i = 3",                           SizeMismatchError),
    ("o = sum_i(p)",                      SizeMismatchError),
    ("o = a_i x_i",                       SizeMismatchError),
    ("o = x_4",                           SizeMismatchError),
    ("o = x_ij y_i z_j",                  IndexMismatchError),
    ("o = K_ij x_i x_j",                  UnknownNameError),
    ("o = tahn2(p) x_1",                  UnknownNameError),
]
# fmt: on


@pytest.mark.parametrize(("text", "want"), RULES, ids=[text for text, _ in RULES])
def test_every_line_of_the_summation_rule_means_what_it_says(text: str, want: Want) -> None:
    agrees(text, want(), T=DATA["Q"])


@pytest.mark.parametrize(("text", "want"), TRAPS, ids=[text for text, _ in TRAPS])
def test_what_other_systems_get_wrong_comes_out_right(text: str, want: Want) -> None:
    agrees(text, want())


@pytest.mark.parametrize(("text", "error"), REFUSED, ids=[text for text, _ in REFUSED])
def test_a_text_that_breaks_a_rule_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(text)


def test_the_trace_of_delta_is_the_size_and_not_one() -> None:
    agrees("s = δ_ii", 3, sizes={"i": 3})  # T9


def test_deltas_with_four_free_indices_have_rank_four() -> None:
    want = es("ij,kl->ijkl", np.eye(2), np.eye(3))  # T8
    agrees("o_ijkl = δ_ij δ_kl", want, sizes={"i": 2, "j": 2, "k": 3, "l": 3})


def test_the_gradient_of_a_norm_has_no_captured_index() -> None:
    norm = np.linalg.norm(E.x)  # T12
    got = run("g_p = ∂sqrt(x_i x_i)/∂x_p")
    np.testing.assert_allclose(got, E.x / norm, rtol=1e-9)


def test_the_jacobian_of_a_quotient_has_no_captured_index() -> None:
    square = E.x @ E.x  # T13: A_ip/|x|² − 2 A_ij x_j x_p/|x|⁴
    want = E.A / square - 2 * np.outer(E.A @ E.x, E.x) / square**2
    got = run("g_ip = ∂(A_ij x_j / (x_k x_k))/∂x_p")
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10)


def test_indices_are_substituted_all_at_once() -> None:
    agrees(
        "t_jik = L_kij; o_i = t_jij", es("jij->i", E.L)
    )  # T14: the names i and j mean another axis in each statement
    agrees("t_ij = S_ji; o_ij = t_ji", E.S)
    agrees("t_ij = S_ji; o = t_ij Q_ji", np.sum(E.S * E.Q))


def test_the_name_of_a_bound_index_in_another_statement_does_not_matter() -> None:
    agrees("t_i = A_ij x_j; o = t_j a_j", E.a @ E.A @ E.x)


def test_a_derivative_goes_through_the_program() -> None:
    got = run("t_i = A_ij x_j; o = t_i t_i; g_k = ∂o/∂x_k")
    np.testing.assert_allclose(got, 2 * E.A.T @ E.A @ E.x, rtol=1e-9)


def test_an_intermediate_name_is_held_independent() -> None:
    got = run("t_i = A_ij x_j; o = t_i t_i; g_k = ∂o/∂t_k")
    np.testing.assert_allclose(got, 2 * E.A @ E.x, rtol=1e-9)


def test_a_component_is_shifted_once() -> None:
    got = run("t_1 = p^2; t_2 = q; o = t_i t_i; g_i = ∂o/∂t_i")
    np.testing.assert_allclose(got, [2 * E.p**2, 2 * E.q], rtol=1e-9)


def test_second_derivatives_nest_and_a_repeated_index_is_summed() -> None:
    got = run("o = exp(x_i y_i); h_jk = ∂^2 o/∂x_j∂x_k")
    want = np.exp(E.x @ E.y) * np.outer(E.y, E.y)
    np.testing.assert_allclose(got, want, rtol=1e-7)
    np.testing.assert_allclose(run("t_i = S_ij x_j; o = ∂t_i/∂x_i"), np.trace(E.S), rtol=1e-9)
    np.testing.assert_allclose(run("t_i = S_ij x_j; o_i = ∂t_i/∂x_j y_j"), E.S @ E.y, rtol=1e-9)


def test_a_derivative_under_a_derivative_is_the_second() -> None:
    got = run("o = x_i^3; g_i = ∂o/∂x_i; h_ij = ∂g_i/∂x_j")
    np.testing.assert_allclose(got, np.diag(6 * E.x), rtol=1e-7, atol=1e-7)


def test_fractions_stay_exact() -> None:
    x = np.array([Fraction(1, 3), Fraction(2, 7)], dtype=object)
    assert evaluate("o = x_i x_i / 2", {"x": x}).result[()] == Fraction(85, 882)
    gradient = evaluate("g_k = ∂(x_i x_i)/∂x_k", {"x": x}).result
    assert list(gradient) == [Fraction(2, 3), Fraction(4, 7)]


def test_complex_entries_pass_through_functions() -> None:
    z = np.array([1 + 2j, 0.5 - 1j])
    np.testing.assert_allclose(evaluate("o_i = exp(z_i) z_i", {"z": z}).result, np.exp(z) * z)


def test_unknown_functions_are_callables() -> None:
    agrees("o_i = g1(a_i) b_i", np.sin(E.a) * E.b, g1=math.sin)
    agrees("o_i = f1_i(x) a_i", (E.A @ E.x) * E.a, f1=lambda x: E.A @ x)
    agrees("o = f1_i(x) a_i", (E.A @ E.x) @ E.a, f1=lambda x: E.A @ x)
    np.testing.assert_allclose(run("o_i = g1'(a_i)", g1=math.sin), np.cos(E.a), rtol=1e-9)
    np.testing.assert_allclose(run("o_ij = ∂f1_i(x)/∂x_j", f1=lambda x: E.A @ x), E.A, rtol=1e-9)


def test_tensor_functions_take_matrix_notation() -> None:
    agrees("o_ij = inv(S)_ij x_j", np.linalg.inv(E.S) * E.x)
    agrees("o_i = inv(S)_ij x_j", np.linalg.solve(E.S, E.x))
    agrees("o_ij = inv(S Q + I)_ji", np.linalg.inv(E.S @ E.Q + np.eye(3)).T)
    agrees("o_i = a_i det(S)", E.a * np.linalg.det(E.S))
    agrees("o_i = a_i logdet(S' S)", E.a * np.linalg.slogdet(E.S.T @ E.S)[1])
    agrees("o_i = a_i tr(S Q) / norm(x)", E.a * np.trace(E.S @ E.Q) / np.linalg.norm(E.x))
    agrees("o_i = a_i ||A x||^2", E.a * np.sum((E.A @ E.x) ** 2))


def test_the_derivative_of_an_inverse_has_its_sign_and_orientation() -> None:
    inverse = np.linalg.inv(E.S)  # ∂inv(S)_ij/∂S_kl = −inv_ik inv_lj
    got = run("o_ijkl = ∂inv(S)_ij/∂S_kl")
    np.testing.assert_allclose(got, -es("ik,lj->ijkl", inverse, inverse), rtol=1e-6, atol=1e-6)


def vec(u: Any) -> Any:
    """The columns, one below the other."""
    return np.reshape(u, -1, order="F")


def swap(rows: int, columns: int) -> Any:
    """The matrix that takes vec(M) to vec(M'), for M of this shape."""
    units = np.eye(rows * columns)  # each is vec(M) of a unit matrix M, so that its rows are the columns of M
    return np.stack([vec(np.reshape(unit, (columns, rows))) for unit in units], axis=1)


# fmt: off
MATRICES: list[tuple[str, Want]] = [
    ("a' A x",                      lambda: E.a @ E.A @ E.x),
    ("a x'",                        lambda: np.outer(E.a, E.x)),
    ("A x + b",                     lambda: E.A @ E.x + E.b),
    ("a' A",                        lambda: E.a @ E.A),
    ("A' a + 1",                    lambda: E.A.T @ E.a + 1),
    ("A .* (a x')",                 lambda: E.A * np.outer(E.a, E.x)),
    ("S^-1 x",                      lambda: np.linalg.solve(E.S, E.x)),
    ("inv(S + 2 I)",                lambda: np.linalg.inv(E.S + 2 * np.eye(3))),
    ("S^3",                         lambda: np.linalg.matrix_power(E.S, 3)),
    ("S .^ 3",                      lambda: E.S**3),
    ("x ./ y",                      lambda: E.x / E.y),
    ("A ⊗ C",                       lambda: np.kron(E.A, E.C)),
    ("tr(S' Q)",                    lambda: np.sum(E.S * E.Q)),
    ("det(S)",                      lambda: linalg.det(E.S)),
    ("logdet(S)",                   lambda: np.linalg.slogdet(E.S)[1]),
    ("adj(S)",                      lambda: linalg.det(E.S) * np.linalg.inv(E.S)),
    ("adj(a b')",                   lambda: np.outer([E.b[1], -E.b[0]], [E.a[1], -E.a[0]])),
    ("diag(a) A diag(x)",           lambda: np.diag(E.a) @ E.A @ np.diag(E.x)),
    ("diag(S)",                     lambda: np.diag(E.S)),
    ("vec(A)",                      lambda: E.A.reshape(-1, order="F")),
    ("||A x - b||^2",               lambda: np.sum((E.A @ E.x - E.b) ** 2)),
    ("norm1(A x - b)",              lambda: np.sum(np.abs(E.A @ E.x - E.b))),
    ("normF(A)",                    lambda: np.linalg.norm(E.A)),
    ("sum(exp(A x))",               lambda: np.exp(E.A @ E.x).sum()),
    ("A ones",                      lambda: E.A.sum(1)),
    ("ones' A x",                   lambda: (E.A @ E.x).sum()),
    ("M = A B\nM' a",               lambda: (E.A @ E.B).T @ E.a),
    ("exp(-x' S x / 2)",            lambda: np.exp(-E.x @ E.S @ E.x / 2)),
    ("softmax(A x)",                lambda: special.softmax(E.A @ E.x)),
    ("softmax(x') y",               lambda: special.softmax(E.x) @ E.y),
    ("logsumexp(A x)",              lambda: special.logsumexp(E.A @ E.x)),
    ("commutation vec(A)",          lambda: vec(E.A.T)),
    ("vec(A)' commutation",         lambda: vec(E.A) @ swap(3, 2)),
    ("commutation' vec(A')",        lambda: vec(E.A)),
    ("commutation commutation vec(A)", lambda: vec(E.A)),
    ("(I + commutation) vec(S)",    lambda: vec(E.S + E.S.T)),
    ("(I - 2 commutation)' vec(S)", lambda: vec(E.S - 2 * E.S.T)),
    ("(A ⊗ C) commutation",         lambda: np.kron(E.A, E.C) @ swap(3, 5)),
    ("commutation (A ⊗ M)",         lambda: swap(2, 2) @ np.kron(E.A, E.M)),
    ("vech(S)",                     lambda: E.S.T[np.triu_indices(3)]),
    ("elimination(3) vec(S)",       lambda: E.S.T[np.triu_indices(3)]),
    ("duplication(3) vech(S)",      lambda: vec(np.tril(E.S) + np.tril(E.S, -1).T)),
    ("duplication(3)' vec(S)",      lambda: (E.S + E.S.T - np.diag(np.diag(E.S))).T[np.triu_indices(3)]),
    ("vech(5)",                     lambda: 5),
    ("(I ⊗ A) vec(B)",              lambda: vec(E.A @ E.B)),
    ("(B' ⊗ I) vec(A)",             lambda: vec(E.A @ E.B)),
    ("(I ⊗ I) vec(A)",              lambda: vec(E.A)),
    ("S ⊗ Q + I",                   lambda: np.kron(E.S, E.Q) + np.eye(9)),
    ("(S ⊗ Q) (2 I)^2",             lambda: 4 * np.kron(E.S, E.Q)),
    ("tr(commutation (S ⊗ Q))",     lambda: np.sum(E.S * E.Q.T)),
    ("vec(A)' ones",                lambda: E.A.sum()),
    ("S^0",                         lambda: np.eye(3)),
]
# fmt: on


@pytest.mark.parametrize(("text", "want"), MATRICES, ids=[text for text, _ in MATRICES])
def test_matrix_notation_is_run_entry_by_entry(text: str, want: Want) -> None:
    result = evaluate(parse(text, notation="matrix", known=tuple(DATA)), DATA).result
    assert result.shape == np.shape(want())
    np.testing.assert_allclose(result, want(), rtol=1e-9)


def test_matrices_that_cannot_be_multiplied_are_refused() -> None:
    with pytest.raises(IndexMismatchError):
        run("x y")
    with pytest.raises(SizeMismatchError):
        run("A B'")


def test_fields_follow_the_product_rule() -> None:
    fields = {"∂B": numbers.normal(size=(2, 2, 3)), "∂C": numbers.normal(size=(2, 3, 5))}
    base = {"B": E.A, "C": E.B}
    got = evaluate("o_lik = ∂_l (B_ij C_jk)", base | fields).result
    want = es("lij,jk->lik", fields["∂B"], E.B) + es("ij,ljk->lik", E.A, fields["∂C"])
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)
    v = {"v": E.x, "∂v": numbers.normal(size=(3, 3))}
    np.testing.assert_allclose(evaluate("o = ∂_j v_j", v).result, np.trace(v["∂v"]), rtol=1e-9)


def test_declarations_give_sizes() -> None:
    agrees("x : vector(n)\no : vector(n)\no_i = 3", [3, 3, 3])
    with pytest.raises(SizeMismatchError):
        run("x : vector(n); a : vector(n)\no = x_i x_i")


def test_greek_names_are_one_name_in_every_spelling() -> None:
    agrees("o_i = λ a_i", 2 * E.a, **{"lambda": 2.0})
    agrees("o_i = lambda a_i", 2 * E.a, λ=2.0)


def test_every_statement_can_be_asked_for() -> None:
    values = evaluate("t_i = A_ij x_j; o_ji = t_i y_j", DATA)
    np.testing.assert_allclose(values["t"], E.A @ E.x)
    assert values.free == ("j", "i")


@settings(max_examples=60, deadline=None)
@given(programs(is_smooth=False), st.randoms(use_true_random=False))
def test_order_of_terms_and_factors_and_names_of_bound_indices_do_not_matter(program: Program, random: Any) -> None:
    document = parse(program.text, known=program.names)
    other = shuffled(document, random)
    first, second = evaluate(document, program.inputs).result, evaluate(other, program.inputs).result
    assert np.all(np.isfinite(first))
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-9)
