"""Differences against derivatives known in closed form, on data that is nowhere square or symmetric."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from einsdiff.errors import UnknownNameError
from einsdiff.functions import ROWS
from einsdiff.verify.differences import derivative, jacobian
from einsdiff.verify.entries import FUNCTIONS
from einsdiff.verify.loops import evaluate
from tests.strategies import Program, programs

numbers = np.random.default_rng(11)
A, B = numbers.normal(size=(2, 3)), numbers.normal(size=(3, 5))
x, S = numbers.normal(size=3), numbers.normal(size=(3, 3))

# Richardson's scheme leaves about 1e-12 for a first derivative and 1e-9 for a second, which divides by the step twice
FIRST = {"rtol": 1e-9, "atol": 1e-10}
SECOND = {"rtol": 1e-7, "atol": 1e-7}


def test_axes_of_the_output_come_before_axes_of_the_input() -> None:
    got = jacobian(lambda X: A @ X, B)  # ∂(A X)_ij/∂X_kl = A_ik δ_jl
    assert got.shape == (2, 5, 3, 5)
    np.testing.assert_allclose(got, np.einsum("ik,jl->ijkl", A, np.eye(5)), **FIRST)


def test_the_hessian_of_a_quadratic_form_is_not_that_of_its_symmetric_half() -> None:
    got = jacobian(lambda u: u @ S @ u, x, order=2)
    np.testing.assert_allclose(got, S + S.T, **SECOND)


def test_second_derivatives_of_a_vector_have_three_axes() -> None:
    got = jacobian(lambda u: np.sin(A @ u), x, order=2)
    want = -np.einsum("i,ij,ik->ijk", np.sin(A @ x), A, A)
    assert got.shape == (2, 3, 3)
    np.testing.assert_allclose(got, want, **SECOND)


def test_a_scalar_by_a_scalar_has_no_axes() -> None:
    got = jacobian(np.exp, 0.5)
    assert got.shape == ()
    np.testing.assert_allclose(got, np.exp(0.5), **FIRST)


def test_polynomials_of_fractions_have_exact_derivatives() -> None:
    at = np.array([Fraction(1, 3), Fraction(2, 7)], dtype=object)
    assert list(jacobian(lambda u: (u**4).sum(), at)) == [4 * u**3 for u in at]


def test_complex_points_have_complex_derivatives() -> None:
    z = np.array([1 + 2j, 0.5 - 1j])
    np.testing.assert_allclose(jacobian(lambda u: u**3, z), np.diag(3 * z**2), **FIRST)


def test_an_empty_input_gives_an_empty_derivative() -> None:
    assert jacobian(lambda u: A + u.sum(), np.zeros(0)).shape == (2, 3, 0)


def test_a_program_is_differentiated_by_an_input() -> None:
    got = derivative("y_i = A_ij x_j", "A", {"A": A, "x": x})
    np.testing.assert_allclose(got, np.einsum("ik,l->ikl", np.eye(2), x), **FIRST)


def test_a_program_is_differentiated_twice_by_two_inputs_in_their_order() -> None:
    got = derivative("y = a_i A_ij x_j", ("x", "A"), {"A": A, "x": x, "a": A[:, 0]})
    assert got.shape == (3, 2, 3)
    np.testing.assert_allclose(got, np.einsum("k,jl->jkl", A[:, 0], np.eye(3)), **SECOND)


def test_an_intermediate_name_is_held_independent() -> None:
    inputs = {"A": A, "x": x}
    got = derivative("t_i = A_ij x_j; y = t_i t_i", "t", inputs)
    np.testing.assert_allclose(got, 2 * A @ x, **FIRST)


def test_matrix_notation_is_differentiated_as_well() -> None:
    np.testing.assert_allclose(derivative("x' S x", "x", {"S": S, "x": x}), (S + S.T) @ x, **FIRST)
    np.testing.assert_allclose(derivative("logdet(S' S)", "S", {"S": S}), 2 * np.linalg.inv(S).T, rtol=1e-7)
    T = np.linalg.inv(S)
    adjugate = np.linalg.det(S) * (np.einsum("ij,lk->ijkl", T, T) - np.einsum("ik,lj->ijkl", T, T))
    np.testing.assert_allclose(derivative("adj(S)", "S", {"S": S}), adjugate, rtol=1e-6, atol=1e-8)


def test_what_does_not_depend_on_wrt_has_a_derivative_of_zeros() -> None:
    np.testing.assert_array_equal(derivative("y_i = A_ij x_j", "B", {"A": A, "x": x, "B": B}), np.zeros((2, 3, 5)))


def test_greek_names_are_accepted_in_either_spelling() -> None:
    inputs = {"lambda": 2.0, "x": x}
    np.testing.assert_allclose(derivative("y_i = λ^2 x_i", "lambda", inputs), 4 * x, **FIRST)
    np.testing.assert_allclose(derivative("y_i = λ^2 x_i", "λ", inputs), 4 * x, **FIRST)


def test_a_name_that_is_nowhere_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        derivative("y_i = A_ij x_j", "z", {"A": A, "x": x})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_function_of_the_table_is_known_and_has_the_slopes_it_states(row) -> None:  # type: ignore[no-untyped-def]
    low, high = row.drawn
    for _ in range(5):
        point = dict(zip(row.arguments, numbers.uniform(low, high, len(row.arguments)), strict=True))
        got = jacobian(lambda u: FUNCTIONS[row.name](*map(float, u)), np.array(list(point.values())))
        stated = [evaluate(f"s = {slope} + 0 o_1", point | {"o": np.zeros(1)}).result for slope in row.slopes]
        np.testing.assert_allclose(got, stated, rtol=1e-7, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(programs(statements=2, depth=1, rank=1))
def test_a_directional_derivative_is_the_jacobian_applied(program: Program) -> None:
    name = program.names[0]
    point, slope = program.inputs[name], numbers.normal(size=program.inputs[name].shape) / 8
    along = jacobian(lambda t: evaluate(program.text, program.inputs | {name: point + t * slope}).result, 0.0)
    full = derivative(program.text, name, program.inputs)
    np.testing.assert_allclose(along, np.tensordot(full, slope, axes=slope.ndim), rtol=1e-6, atol=1e-7)
