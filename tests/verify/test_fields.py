"""Arithmetic of residues against that of exact rationals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from einsdiff.verify.entries import eliminate
from einsdiff.verify.fields import Fields, at_labels

MODULI = (2_147_483_647, 17, 10_007)
fields = Fields(*MODULI)
numbers = np.random.default_rng(3)


def residue(value: Fraction, m: int) -> int:
    return value.numerator * pow(value.denominator, -1, m) % m


def drawn(*shape: int) -> np.ndarray:
    return np.stack([numbers.integers(1, m, size=(4, *shape)) for m in MODULI])


def entries(a: np.ndarray) -> list[tuple[int, ...]]:
    return list(np.ndindex(a.shape))


def test_entries_are_computed_modulo_each_prime() -> None:
    a, b = drawn(3, 1), drawn(1, 5)
    whole = {"times": fields.times(a, b), "plus": fields.plus(a, b), "minus": fields.minus(a, b)}
    for at in entries(whole["times"]):
        m, u, v = MODULI[at[0]], int(a[at[:3]][0]), int(b[(*at[:2], 0, at[3])])
        assert [int(w[at]) for w in whole.values()] == [u * v % m, (u + v) % m, (u - v) % m]


@pytest.mark.parametrize("exponent", [-7, -1, 0, 1, 2, 13])
def test_powers_and_reciprocals(exponent: int) -> None:
    a = drawn(11)
    power = fields.power(a, exponent)
    for at in entries(a):
        assert power[at] == pow(int(a[at]), exponent, MODULI[at[0]])


def test_numbers_are_residues_of_exact_rationals() -> None:
    assert fields.number(Fraction(-3, 5)).ravel().tolist() == [residue(Fraction(-3, 5), m) for m in MODULI]
    assert fields.number(Fraction(1, 17)).ravel().tolist()[1] == -1


def test_what_has_no_value_spreads() -> None:
    a = drawn(3)
    a[0, 0, 1] = -1
    a[1, 0, 2] = 0
    b = drawn(3)
    for whole in (fields.times(a, b), fields.plus(a, b), fields.minus(b, a), fields.power(a, 2)):
        assert (whole[0, 0] < 0).tolist() == [False, True, False]
    assert fields.total(a, 2)[0, 0] == fields.product(a, 2)[0, 0] == -1
    assert fields.reciprocal(a)[1, 0, 2] == fields.power(a, -2)[1, 0, 2] == -1
    assert fields.power(a, 3)[1, 0, 2] == 0


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_determinants_and_inverses(n: int) -> None:
    a = drawn(n, n)
    det, inverse = fields.determinant(a), fields.inverse(a)
    for part, draw in entries(det):
        rows = [[Fraction(int(v)) for v in row] for row in a[part, draw]]
        wanted, _ = eliminate(rows)
        assert det[part, draw] == residue(wanted, MODULI[part])
    regular = (det > 0)[..., None, None]
    assert (np.where(regular, fields.adjugate(a) - fields.times(det[..., None, None], inverse), 0) == 0).all()
    assert (np.where(regular, fields.matmul(a, inverse), np.eye(n)) == np.eye(n)).all()


def test_a_pivot_may_be_zero_and_a_matrix_singular() -> None:
    a = np.broadcast_to(np.array([[0, 1, 2], [1, 0, 3], [0, 2, 0]]), (3, 2, 3, 3))
    assert fields.determinant(a)[:, 0].tolist() == [4, 4, 4]
    assert (fields.matmul(a, fields.inverse(a)) == np.eye(3)).all()
    singular = np.broadcast_to(np.array([[1, 2], [2, 4]]), (3, 2, 2, 2))
    assert (fields.determinant(singular) == 0).all()
    assert (fields.inverse(singular) == -1).all()
    wanted = [[[4, m - 2], [m - 2, 1]] for m in MODULI]
    assert fields.adjugate(singular)[:, 1].tolist() == wanted


def test_axes_go_to_their_labels() -> None:
    a = drawn(2, 3, 2)
    spread = at_labels(a, (3, 1, 3), 5)
    assert spread.shape == (3, 4, 1, 3, 1, 2, 1)
    for i in range(2):
        for j in range(3):
            assert (spread[:, :, 0, j, 0, i, 0] == a[:, :, i, j, i]).all()
