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


@pytest.mark.parametrize("branch", ["x_i log(x_i)", "sqrt(x_i) + x_i", "x_i^2 (log(x_i) + 1/x_i)"])
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_a_branch_that_is_not_taken_has_no_slope(branch: str) -> None:
    x = np.array([0.0, 0.5, 2.0])
    slope = ed.diff(f"y_i = {branch}", "x").compile()(x=x[1:])
    found = ed.diff(f"y_i = where(x_i > 0, {branch}, 0)", "x").compile()(x=x)
    np.testing.assert_allclose(found, np.pad(slope, ((1, 0), (1, 0))))
