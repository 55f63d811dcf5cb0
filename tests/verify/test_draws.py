"""Random inputs are what is assumed of them, and random functions are functions."""

from __future__ import annotations

import numpy as np
import pytest

from einsdiff.verify.draws import Draws, UndefinedError
from einsdiff.verify.exact import KnownFunctions
from einsdiff.verify.fields import Fields

fields = Fields(2_147_483_647, 10_007)
draws = Draws(fields, 0, 20, 10, (-1, 0, 1, 2))


def test_a_draw_depends_on_name_seed_place_and_prime() -> None:
    a = draws.tensor("A", (2, 3), ())
    assert a.shape == (2, 30, 2, 3)
    assert (a == draws.tensor("A", (2, 3), ())).all()
    assert len(np.unique(a[:, :20])) > 0.9 * a[:, :20].size
    for other in (draws.tensor("B", (2, 3), ()), Draws(fields, 1, 20, 10, (0, 1)).tensor("A", (2, 3), ())):
        assert (a[:, :20] != other[:, :20]).mean() > 0.99


def test_special_draws_are_a_few_numbers_the_same_for_each_prime() -> None:
    a = draws.tensor("A", (2, 3), ())[:, 20:]
    signed = np.where(a > 5, a - np.array(fields.moduli)[:, None, None, None], a)
    assert set(np.unique(signed)) == {-1, 0, 1, 2}
    assert (signed[0] == signed[1]).all()
    assert (draws.tensor("A", (2, 3), ("positive",))[:, 20:] <= 2).all()


def test_symmetric_skew_and_diagonal_tensors() -> None:
    s = draws.tensor("S", (3, 3, 3), ("symmetric",))
    assert (s == s.transpose(0, 1, 4, 2, 3)).all()
    assert (s == s.swapaxes(2, 3)).all()
    k = draws.tensor("K", (4, 4, 4), ("skew",))
    assert (fields.plus(k, k.swapaxes(3, 4)) == 0).all()
    assert (fields.plus(k, k.swapaxes(2, 4)) == 0).all()
    assert (k[:, :20, 0, 1, 2] != 0).all()
    d = draws.tensor("D", (3, 3), ("diagonal",))
    assert (d[:, :20] != 0).sum() == 2 * 20 * 3
    assert ((d == 0) | (np.eye(3) == 1)).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("more", [(), ("symmetric",), ("diagonal",)])
def test_orthogonal_matrices_of_both_determinants(n: int, more: tuple[str, ...]) -> None:
    q = draws.tensor("Q", (n, n), ("orthogonal", *more))[:, :20]
    assert (fields.matmul(q, q.swapaxes(-1, -2)) == np.eye(n)).all()
    det = fields.determinant(q)
    assert {int(d) for d in det[1].ravel()} == {1, fields.moduli[1] - 1}
    assert (q == q.swapaxes(-1, -2)).all() == (bool(more) or n == 1)
    assert ("diagonal" in more or n == 1) == bool((q[:, :, 0, 1:] == 0).all())


def test_a_matrix_that_is_orthogonal_and_skew_has_an_even_size() -> None:
    q = draws.tensor("Q", (4, 4), ("orthogonal", "skew"))[:, :20]
    assert (fields.matmul(q, q) == np.eye(4) * (np.array(fields.moduli) - 1)[:, None, None, None]).all()
    with pytest.raises(UndefinedError, match="odd size"):
        draws.tensor("Q", (3, 3), ("orthogonal", "skew"))
    with pytest.raises(UndefinedError, match="different sizes"):
        draws.tensor("Q", (3, 2), ("orthogonal",))


def test_positive_numbers_and_leading_minors_of_spd_matrices_are_squares() -> None:
    known = KnownFunctions(0, 20, 10)
    x = known.draws.tensor("x", (5,), ("positive",))
    assert (known.sign(x[0]) == 1).all()
    a = known.draws.tensor("A", (4, 4), ("spd",))
    assert (a == a.swapaxes(-1, -2)).all()
    for n in range(1, 5):
        assert (known.sign(known.fields.determinant(a[..., :n, :n])[0]) == 1).all()


def test_a_random_function_is_a_function() -> None:
    x = draws.tensor("x", (7,), ())
    y = np.where(np.arange(7) % 2 == 0, x, x + 1)
    f, g = draws.random("f", x), draws.random("f", y)
    assert (f == g).mean(axis=(0, 1)).round(2).tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert (draws.random("h", x) != f).mean() > 0.99
    assert (draws.random("f", x, y) != draws.random("f", y, x))[..., 1].all()


def test_a_random_sign_is_odd() -> None:
    x = draws.tensor("x", (50,), ())[0]
    signs = draws.sign(x)
    assert (signs == -draws.sign(-x % fields.moduli[0])).all()
    assert ((signs == 0) == (x == 0)).all()
    assert abs(signs[:20].mean()) < 0.1
