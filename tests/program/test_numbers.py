"""Exact numbers in Python's spelling."""

from fractions import Fraction
from math import inf, isnan

import pytest

from einsdiff.program.emit.numbers import literal, power


@pytest.mark.parametrize(("value", "text"), [
    (2,                      "2"),
    (-3,                     "-3"),
    (Fraction(1, 2),         "0.5"),
    (Fraction(-3, 8),        "-0.375"),
    (Fraction(1, 10),        "0.1"),
    (Fraction(1, 3),         "1 / 3"),
    (Fraction(-2, 7),        "-2 / 7"),
    (10**30,                 "1e+30"),
    (10**400,                "np.inf"),
    (-10**400,               "-np.inf"),
    (Fraction(1, 10**400),   "0.0"),
])  # fmt: skip
def test_a_number_is_written_as_by_hand(value, text):
    assert literal(value)[0] == text


def test_a_power_that_is_not_real_is_not_a_number():
    assert isnan(power(-2, Fraction(1, 2)))
    assert power(0, -1) == inf
    assert power(10, 400) == inf
    assert power(2, Fraction(1, 2)) == 2**0.5
