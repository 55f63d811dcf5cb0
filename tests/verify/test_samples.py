"""The data at which claims are tried: sizes differ, and what is assumed of an input is so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from einsdiff.algebra.nodes import Axis
from einsdiff.elaborate.program import elaborate
from einsdiff.verify.numeric import Array
from einsdiff.verify.samples import PROPERTIES, Assumed, Sampler

TEXT = "tr(A B) + x' C y"


def sampler(text: str = TEXT, **more: object) -> Sampler:
    return Sampler(elaborate(text, notation="matrix"), {}, **more)  # type: ignore[arg-type]


def test_sizes_are_pairwise_different_and_change_with_the_attempt() -> None:
    drawn = [sampler().point(k, {}) for k in range(4)]
    shapes = [tuple(p.arrays[name].shape for name in "ABC") for p in drawn]
    for a, b, c in shapes:
        assert a == b[::-1]
        assert len({*a, *c}) == 4
    assert len(set(shapes)) == 4
    assert {n % 2 for (a, _, _) in shapes for n in a[:1]} == {0, 1}


def test_sizes_are_small_and_large() -> None:
    sizes = {n for k in range(4) for n in sampler("tr(A)").point(k, {}).arrays["A"].shape}
    assert min(sizes) == 2
    assert max(sizes) > 5


def test_the_data_depend_on_the_name_and_the_attempt_alone() -> None:
    one = sampler().point(2, {})
    again = sampler().point(2, {})
    assert all(np.array_equal(one.arrays[name], again.arrays[name]) for name in one.arrays)


def test_a_component_has_its_place() -> None:
    program = elaborate("s = x_7 + a_i a_i", notation="index")
    point = Sampler(program, {}).point(0, {Axis("x", 0): 7})
    assert len(point.arrays["x"]) >= 7


IS_SO: dict[str, Callable[[Array], object]] = {
    "positive": lambda a: (a > 0).all(),
    "symmetric": lambda a: np.array_equal(a, a.T),
    "skew": lambda a: np.array_equal(a, -a.T),
    "diagonal": lambda a: np.array_equal(a, np.diag(np.diag(a))),
    "spd": lambda a: np.array_equal(a, a.T) and np.linalg.eigvalsh(a).min() > 0,
    "orthogonal": lambda a: np.allclose(a @ a.T, np.eye(len(a))),
    "idempotent": lambda a: np.allclose(a @ a, a),
    "an involution": lambda a: np.allclose(a @ a, np.eye(len(a))),
    "constant": np.any,
    "square": lambda a: a.shape[0] == a.shape[1],
}


@pytest.mark.parametrize("what", IS_SO)
def test_what_is_assumed_is_so(what: str) -> None:
    s = sampler("tr(A) + tr(B)", assumed=[Assumed("A", what)])
    drawn = [s.point(k, {}).arrays["A"] for k in range(6)]
    assert all(IS_SO[what](a) for a in drawn)
    if what in ("orthogonal", "an involution"):
        assert {round(np.linalg.det(a)) for a in drawn} == {1, -1}
    if what == "idempotent":
        assert len({round(np.trace(a)) for a in drawn}) > 2


def test_every_property_is_tried_here() -> None:
    vectors = {"a unit vector", "with the sum 1"}
    assert set(PROPERTIES) == {*IS_SO, *vectors}
    x = sampler("x' x", assumed=[Assumed("x", "a unit vector")]).point(0, {}).arrays["x"]
    assert np.isclose(x @ x, 1)
    y = sampler("sum(y)", assumed=[Assumed("y", "with the sum 1")]).point(1, {}).arrays["y"]
    assert np.isclose(y.sum(), 1)


def test_matrices_commute_where_that_is_assumed() -> None:
    s = sampler("tr(A) + tr(B)", assumed=[Assumed("A", "commutes", "B")], united=[(Axis("A", 0), Axis("B", 0))])
    a, b = (s.point(2, {}).arrays[name] for name in "AB")
    np.testing.assert_allclose(a @ b, b @ a)
    assert not np.allclose(a, b)


def test_far_points_are_large_and_small_and_of_both_signs() -> None:
    drawn = [sampler().far_point(k, {}).arrays["A"] for k in range(20)]
    assert min(abs(a).max() for a in drawn) < 0.1
    assert max(abs(a).max() for a in drawn) > 100
    assert {float(s) for a in drawn for s in np.sign(a).ravel()} == {1.0, -1.0}


@pytest.mark.parametrize("what", ["positive", "symmetric", "skew", "diagonal"])
def test_what_is_assumed_is_so_far_away(what: str) -> None:
    s = sampler("tr(A) + tr(B)", assumed=[Assumed("A", what)])
    assert all(IS_SO[what](s.far_point(k, {}).arrays["A"]) for k in range(20))


def test_a_matrix_with_given_eigenvalues_is_found_wherever_it_is_drawn() -> None:
    for name in "CEFGHKLMPQRSTUVWZ":
        s = sampler(f"{name} : matrix(n, n); tr({name})", assumed=[Assumed(name, "idempotent")])
        for k in range(20):
            a = s.point(k, {}).arrays[name]
            assert np.allclose(a @ a, a)
