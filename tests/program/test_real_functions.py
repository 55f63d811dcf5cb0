"""Inputs for which a formula has no meaning are refused, not computed."""

import numpy as np
import pytest

import einsdiff as ed


@pytest.mark.parametrize(
    "text", ["y_i = max(x_i, 1)", "y_i = abs(x_i)", "y = max_i(x_i)", "y_i = where(x_i > 0, 1, 2)"]
)
def test_functions_of_real_numbers_refuse_complex_arrays(text: str) -> None:
    with pytest.raises(ed.InputError, match="is complex"):
        ed.parse(text).compile()(x=np.array([1j, 2.0]))


def test_analytic_functions_take_complex_arrays() -> None:
    x = np.array([0.5 + 1j, 2.0])
    np.testing.assert_allclose(
        ed.diff("y = sum_i(exp(x_i) / x_i)", "x").compile()(x=x), np.exp(x) / x - np.exp(x) / x**2
    )


def test_masked_entries_are_refused() -> None:
    fn = ed.parse("s = sum_i(x_i)").compile()
    with pytest.raises(ed.InputError, match="masked"):
        fn(x=np.ma.array([1.0, 2.0], mask=[0, 1]))
    assert fn(x=np.ma.array([1.0, 2.0])) == 3.0
