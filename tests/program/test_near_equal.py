"""Logarithms of differences of what is nearly equal, against numbers of 950 digits and central differences of those."""

from decimal import Decimal, getcontext, localcontext
from functools import cache
from itertools import product

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.program.planner import REWRITINGS

W, T = (0.5, 0.3, 0.9), (Decimal("-0.75"), Decimal("1.125"))
STEP = Decimal("1e-20")


@cache
def exp(u):
    return Decimal(u).exp()


def log(u):
    return Decimal(u).ln()


def sigmoid(u):
    return 1 / (1 + exp(-u))


def tanh(u):
    return 1 - 2 / (exp(2 * u) + 1)


def weighted(f):
    """Return x ↦ Σ_i w_i f(x_i)."""
    return lambda x: sum(Decimal(w) * f(u) for w, u in zip(W, x, strict=True))


def mixture(x):
    terms = [[Decimal(w) * (sigmoid(t - u + 1) - sigmoid(t - u - 1)) for w, u in zip(W, x, strict=True)] for t in T]
    return -sum(log(sum(row)) for row in terms)


def of_all(f):
    """Return x ↦ log(Π_i f(x_i))."""
    return lambda x: sum(log(f(u)) for u in x)


CASES = (
    ("s = w_i log(sigmoid(x_i + 1) - sigmoid(x_i - 1))",    weighted(lambda u: log(sigmoid(u + 1) - sigmoid(u - 1)))),
    ("s = w_i log(1/(1 + exp(-x_i - 2)) - 1/(1 + exp(-x_i)))", weighted(lambda u: log(sigmoid(u + 2) - sigmoid(u)))),
    ("s = w_i log(sigmoid(x_i)/(1 - sigmoid(x_i)))",        weighted(lambda u: u)),
    ("s = w_i log(1 - tanh(x_i)^2)",                        weighted(lambda u: log(1 - tanh(u) ** 2))),
    ("s = w_i log(3 - 3 tanh(x_i))",                        weighted(lambda u: log(3 - 3 * tanh(u)))),
    ("s = w_i log((1 + tanh(x_i))/2)",                      weighted(lambda u: log((1 + tanh(u)) / 2))),
    ("s = w_i log(tanh(x_i + 1) - tanh(x_i - 1))",          weighted(lambda u: log(tanh(u + 1) - tanh(u - 1)))),
    ("s = w_i log(tanh(x_i + 1) + tanh(1 - x_i))",          weighted(lambda u: log(tanh(u + 1) + tanh(1 - u)))),
    ("s = w_i sigmoid(x_i) exp(-2 abs(x_i))/(2 - 2 sigmoid(x_i))",
                                                            weighted(lambda u: exp(u - 2 * abs(u)) / 2)),
    ("s = -sum_n log(sum_k(w_k (sigmoid(t_n - x_k + 1) - sigmoid(t_n - x_k - 1))))", mixture),
    ("s = log(prod_i(1 - sigmoid(x_i)))",                   of_all(lambda u: 1 - sigmoid(u))),
    ("s = log(prod_i(sigmoid(x_i) sigmoid(x_i + 1)^2))",    of_all(lambda u: sigmoid(u) * sigmoid(u + 1) ** 2)),
)  # fmt: skip
POINTS = ((0.25, -1.5, 2.0), (31.0, -29.5, 301.5), (1000.0, -999.0, -40.0))


def slope(f, order):
    """Return the derivatives of f, by central differences."""
    if order == 0:
        return f

    def found(x):
        rows = []
        for k in range(len(x)):
            sides = [slope(f, order - 1)([v + sign * STEP * (n == k) for n, v in enumerate(x)]) for sign in (1, -1)]
            rows.append((np.array(sides[0], object) - np.array(sides[1], object)) / (2 * STEP))
        return rows

    return found


def known(f, x, order):
    """Return the value of f, its gradient or its second derivatives as an array."""
    with localcontext(getcontext()) as context:
        context.prec = 950
        return np.array(slope(f, order)([Decimal(v) for v in x]), object).astype(float)


@pytest.mark.parametrize(("text", "f"), CASES)
def test_value_gradient_and_second_derivatives(text, f):
    for order in range(3):
        function = ed.diff(text, *"x" * order).compile() if order else ed.parse(text).compile()
        for point in POINTS:
            arrays = {name: np.array({"x": point, "w": W, "t": T}[name], float) for name in function.inputs}
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                found = function(**arrays)
            wanted = known(f, point, order)
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("text", "f"), CASES)
def test_nothing_is_lost_in_single_precision(text, f):
    function = ed.parse(text).compile()
    for point in product((-3.0, 0.5, 2.0), repeat=3):
        arrays = {name: np.array({"x": point, "w": W, "t": T}[name], np.float32) for name in function.inputs}
        wanted = known(f, point, 0)
        assert function(**arrays).dtype == np.float32
        np.testing.assert_allclose(function(**arrays), wanted, rtol=3e-6, atol=3e-6)


ONE_LESS = (
    ("s = w_i log(1 - exp(-exp(x_i)))",                     weighted(lambda u: log(1 - exp(-exp(u))))),
    ("s = w_i log(exp(-exp(x_i)) (1 - exp(-2 exp(x_i))))",  weighted(lambda u: log(exp(-exp(u)) - exp(-3 * exp(u))))),
    ("s = log(prod_i(1 - exp(-exp(x_i))))",                 of_all(lambda u: 1 - exp(-exp(u)))),
)  # fmt: skip


@pytest.mark.parametrize(("text", "f"), ONE_LESS)
def test_one_less_an_exponential_near_one_and_near_nothing(text, f):
    for order in range(2):
        function = ed.diff(text, "x").compile() if order else ed.parse(text).compile()
        for point in ((-35.0, -600.0, -1.0), (0.5, -17.0, 1.5), (6.0, -0.25, 0.0)):
            arrays = {name: np.array({"x": point, "w": W}[name]) for name in function.inputs}
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                np.testing.assert_allclose(function(**arrays), known(f, point, order), rtol=1e-13, atol=1e-200)


def test_large_arrays():
    x = np.linspace(0.01, 50, 200_000)
    wanted = np.where(x < 1, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
    np.testing.assert_allclose(ed.parse("y_i = log(1 - exp(-x_i))").compile()(x=x), wanted, rtol=1e-14)
    slope = ed.diff("s = log(1 - exp(-x_i)) log(1 - tanh(x_i)^2)", "x").compile()(x=x)
    second = np.log(4) - 2 * x - 2 * np.log1p(np.exp(-2 * x))
    np.testing.assert_allclose(slope, second / np.expm1(x) - 2 * wanted * np.tanh(x), rtol=1e-12, atol=1e-15)


def test_opposites_to_some_power_keep_their_digits():
    function = ed.parse("s = log(prod_i((1 - sigmoid(x_i))^w_i))").compile()
    wanted = known(weighted(lambda u: log(1 - sigmoid(u))), (31.0, -29.5, 45.0), 0)
    np.testing.assert_allclose(function(x=np.array([31.0, -29.5, 45.0]), w=np.array(W)), wanted, rtol=1e-14)


def test_the_logarithm_of_one_less_a_large_exponential_is_told():
    with np.errstate(all="raise", under="ignore"), pytest.raises(FloatingPointError):
        ed.parse("y_i = log(1 - exp(x_i))").compile()(x=np.array([-1.0, 1.0]))


@pytest.mark.parametrize(
    ("text", "f"),
    [
        ("y_i = 1/(tanh(x_i)^2 - tanh(b_i)^2)", lambda u, v: 1 / (tanh(u) ** 2 - tanh(v) ** 2)),
        ("y_i = 1/(tanh(x_i) - tanh(b_i))", lambda u, v: 1 / (tanh(u) - tanh(v))),
        ("y_i = 1/(tanh(x_i) + tanh(b_i))", lambda u, v: 1 / (tanh(u) + tanh(v))),
        ("y_i = 1/(sigmoid(x_i) - sigmoid(b_i))", lambda u, v: 1 / (sigmoid(u) - sigmoid(v))),
    ],
)
def test_differences_keep_their_digits_near_nothing_and_far_from_it(text, f):
    x, b = np.array([1e-5, -3e-9, 0.5, -2.0, 17.0, -21.0, 150.0]), np.array([2e-5, 1e-9, -0.75, 1.5, 16.0, 22.0, 149.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = ed.parse(text).compile()(x=x, b=b)
    with localcontext(getcontext()) as context:
        context.prec = 950
        wanted = np.array([f(Decimal(u), Decimal(v)) for u, v in zip(x, b, strict=True)]).astype(float)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


STAYS = (
    "y_i = sigmoid(x_i) - sigmoid(b_i)",
    "y_i = 1 - tanh(x_i)^2",
    "y_i = b_i/(2 - sigmoid(x_i))",
    "y_i = 1/(3 - tanh(x_i)^2)",
)


@pytest.mark.parametrize("text", STAYS)
def test_elsewhere_differences_stay_as_they_are(text):
    request = ed.parse(text).compile().request
    near_equal = REWRITINGS[1]
    assert near_equal(request) is request


def test_a_difference_that_stands_elsewhere_too_is_not_made_of_large_numbers():
    d = "(sigmoid(x_i) - sigmoid(b_i))"
    text = f"y_i = {d} exp(-{d}^2) + 1/(3 + {d})"
    x, b = np.array([-900.0, 900.0, 2.0]), np.array([900.0, -900.0, 2.5])
    with np.errstate(over="raise", invalid="raise"):
        found = ed.parse(text).compile()(x=x, b=b)
    d = 1 / (1 + np.exp(-np.clip(x, -700, 700))) - 1 / (1 + np.exp(-np.clip(b, -700, 700)))
    np.testing.assert_allclose(found, d * np.exp(-(d**2)) + 1 / (3 + d), rtol=1e-14)
