"""Exponentials in divisors and logarithms: right at ±1000 in value, gradient and Hessian, and no warning is given."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import special

import einsdiff as ed
from einsdiff.algebra import walk
from einsdiff.errors import SizeMismatchError
from einsdiff.program.passes.growth import share
from einsdiff.program.plan.sizes import Sizes
from einsdiff.program.planner import Planner
from tests.program.test_passes import run

CASES = (
    "s = log(1 + sum_i exp(x_i))",
    "s = log1p(sum_i exp(x_i))",
    "y_i = exp(x_i)/(1 + sum_k exp(x_k))",
    "y_i = 1/(1 + exp(x_i))^2",
    "y_i = x_i/(1 + exp(-x_i))^3",
    "y_i = exp(x_i)/(2 + exp(x_i))",
    "y_i = log(1 + exp(x_i) + exp(2 x_i))",
    "y_i = log(cosh(x_i))",
    "y_i = 1/cosh(x_i)",
    "y_i = sinh(x_i)/cosh(x_i)^2",
    "y_i = (exp(x_i) - exp(-x_i))/(exp(x_i) + exp(-x_i))",
    "y_i = (exp(2 x_i) - 1)/(exp(2 x_i) + 1)",
    "y_i = (1 - exp(-2 x_i))/(1 + exp(-2 x_i))",
    "y_i = log(exp(x_i) + exp(b_i))",
    "y_i = exp(x_i)/(exp(x_i) + exp(b_i))",
    "y_i = log(sigmoid(x_i))",
    "y_i = log(1 - sigmoid(x_i))",
    "s = log(w_i exp(x_i))",
    "s = log(w_i exp(x_i) + c_i exp(b_i))",
    "s = sum_n log(sum_k w_k exp(-(b_n - x_k)^2/2000))",
    "y_i = sum_j(w_j exp(-(x_i - b_j)^2))/sum_j exp(-(x_i - b_j)^2)",
    "y_i = x_i exp(x_i)/sum_j exp(x_j)",
    "s = sum_i exp(x_i) c_i/sum_j exp(x_j)",
    "s = sum_i x_i exp(x_i)/sum_j exp(x_j)",
    "s = sum_i(exp(x_i))/sum_i(exp(x_i) + exp(b_i))",
    "y_i = sqrt(1 + exp(x_i))/(1 + exp(x_i))",
    "s = sum_ij c_j (x_i - log(exp(x_i) + exp(x_j)))",
    "s = sum_ij(w_i log(exp(x_i)/(exp(x_i) + exp(x_j))))",
    "s = sum_ij(w_i exp(x_i)/(exp(x_i) + exp(x_j)))",
    "s = sum_ij(w_j log(exp(x_i) + exp(x_j) + exp((x_i + x_j)/2)))",
    "s = sum_i log(c_i exp(x_i)/(1 + exp(x_i))^2)",
    "y_i = exp(x_i)^2/(1 + exp(x_i)^2)",
    "y_i = exp(x_i)/(1 + exp(x_i)^3)",
    "s = log(sum_i(w_i (exp(x_i))^2))",
    "y_i = exp(x_i) (sum_j(w_j/(exp(x_i) + exp(x_j))) + c_i/exp(x_i))",
    "s = log(sum_i(exp(x_i)^2))",
    "s = log(sum_i(exp(x_i)^3))/3",
    "s = log(sum_i(exp(x_i) exp(t_i)))",
    "s = log(sum_i(c_i exp(x_i)^2 exp(t_i)))",
    "s = (sum_i(exp(x_i)^3))^(1/3)/sum_i(exp(x_i))",
    "s = sqrt(sum_i exp(2 x_i))/sum_i(exp(x_i))",
    "s = log(sum_i(sigmoid(x_i)))",
    "s = log(sum_i(sigmoid(x_i)^2))",
    "s = log(sum_i(sigmoid(x_i) sigmoid(t_i)))",
    "s = log(sum_i(exp(x_i) sigmoid(t_i)))",
    "s = log(sum_i(1/(1 + exp(x_i))))",
    "y_i = sigmoid(x_i)/sum_j(sigmoid(x_j))",
    "y_i = log(2 - sigmoid(x_i))",
    "s = log(prod_i(exp(x_i)))",
    "s = log(prod_i(1 + exp(x_i)))",
    "s = prod_i(exp(x_i)/(1 + exp(x_i)))",
    "y_i = log(where(x_i > 0, exp(x_i), 1))",
    "y_i = where(x_i > 0, exp(x_i), 0)/(1 + exp(x_i))",
    "y_i = exp(x_i)^(1/2)/(1 + exp(x_i))",
    "y_i = expm1(x_i)/(1 + exp(x_i))",
    "y_i = log(sigmoid(x_i) + exp(x_i))",
    "s = log(sum_i(w_i sigmoid(x_i) + c_i exp(x_i)))",
    "y_i = sigmoid(x_i)/(sigmoid(x_i) + exp(x_i))",
)
POINTS = ((1000.0, -1000.0, 3.0), (-1000.0, -1001.0, -999.0), (1000.0, 1001.0, 1002.5), (1e-9, -40.0, 40.0))
OTHERS = {"b": (-1000.0, -1000.5, 2.0), "t": (-1000.0, 1000.0, 2.0), "w": (0.5, 0.3, 0.2), "c": (2.0, 1.0, 4.0)}


def plan(request, arrays, **options):
    nodes = walk.ordered(*(o.entry.node for o in request.outputs))
    sizes = Sizes(request, nodes)
    numbers = sizes.numbers({name: np.shape(a) for name, a in arrays.items()})
    return Planner(request, sizes, numbers, {name: np.ndim(a) for name, a in arrays.items()}, **options).plan()


def exact(request, arrays):
    """Return the result as it is written, in numbers whose exponentials reach to ±11000."""
    wide = {name: np.asarray(a, np.longdouble) for name, a in arrays.items()}
    with np.errstate(all="ignore"):
        (found,) = run(plan(request, wide, rewritings=()), wide)
    return found.astype(float)


def compiled(text, order):
    return (ed.diff(text, *["x"] * order) if order else ed.parse(text)).compile()


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 16000, reason="no numbers that reach further")
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("text", CASES)
def test_values_and_derivatives_are_right_where_exponentials_overflow(text, order):
    function = compiled(text, order)
    for point in POINTS:
        arrays = {name: np.array(dict(OTHERS, x=point)[name]) for name in function.inputs}
        with np.errstate(over="raise", invalid="raise", divide="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            found = function(**arrays)
        np.testing.assert_allclose(found, exact(function.request, arrays), rtol=1e-9, atol=1e-12)


WEIGHTED = (
    "s = log(w_i exp(x_i))",
    "s = log(w_i exp(x_i))^2 + log(w_i exp(x_i))",
    "s = log(w_i c_i exp(x_i))",
    "s = log(w_i exp(x_i) + c_i exp(b_i))",
    "s = log(1 + w_i exp(x_i))",
    "s = sum_n log(sum_k w_k exp(-(b_n - x_k)^2/2000))",
    "s = sum_n log(sum_k V_nk exp(x_k))",
    "s = sum_n log(sum_k V_nk exp(b_n x_k))",
    "s = w_i c_i exp(x_i)/(w_j exp(x_j))",
    "y_i = w_i exp(x_i)/(w_j exp(x_j))",
    "s = exp(x_i) w_i x_i/(w_j exp(x_j))",
)


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 16000, reason="no numbers that reach further")
@pytest.mark.parametrize("order", [0, 1, 2, 3])
@pytest.mark.parametrize("text", WEIGHTED)
def test_terms_without_weight_do_not_count_however_large_they_are(text, order):
    function = compiled(text, order)
    for point in POINTS:
        for weight in ((0.0, 0.3, 0.2), (0.5, 0.0, 0.2), (0.0, 0.0, 0.7), (-0.0, -0.3, 0.0)):
            sign = -1 if min(weight) < 0 else 1
            arrays = dict(OTHERS, x=point, w=weight, V=np.add(np.abs(np.outer([1, 2], weight)), [[0, 0, 0], [0, 1, 2]]))
            arrays["w"] = np.multiply(weight, sign)
            arrays["b"] = (-1.0, 0.5) if "V" in text else arrays["b"]
            arrays = {name: np.array(arrays[name]) for name in function.inputs}
            wanted = exact(function.request, arrays)
            with np.errstate(over="raise", invalid="raise", divide="raise"), warnings.catch_warnings():
                warnings.simplefilter("error")
                found = function(**arrays)
            np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-11 * max(1, np.abs(wanted).max()))


def test_rows_have_scales_of_their_own():
    A, c = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0], [-1.0, 3.0, 0.0]]), np.array([1000.0, 1.0, 1000.0])
    wanted = [1000 + np.log(2), 1000.0]
    np.testing.assert_allclose(ed.parse("y_n = log(sum_i A_ni exp(c_i))").compile()(A=A[:2], c=c), wanted, rtol=1e-15)
    np.testing.assert_allclose(
        ed.parse("y_n = log(sum_i A_ni exp(c_i))").compile()(A=A, c=np.array([-1000.0, 1.0, 1000.0])),
        [1000 + np.log(2), -1000, 1 + np.log(3)],
        rtol=1e-15,
    )


def test_what_scipy_computes():
    x, w = np.array(POINTS[0]), np.array(OTHERS["w"])
    one = np.append(x, 0.0)
    wanted = special.logsumexp(one), special.softmax(one)[:-1]
    found = [compiled("s = log(1 + sum_i exp(x_i))", order)(x=x) for order in (0, 1, 2)]
    np.testing.assert_allclose(found[0], wanted[0])
    np.testing.assert_allclose(found[1], wanted[1], atol=1e-300)
    np.testing.assert_allclose(found[2], np.diag(wanted[1]) - np.outer(wanted[1], wanted[1]), atol=1e-300)
    np.testing.assert_allclose(compiled("s = log(w_i exp(x_i))", 0)(x=x, w=w), special.logsumexp(x, b=w))
    np.testing.assert_allclose(compiled("s = log(w_i exp(x_i))", 0)(x=x, w=[0, 0, 1]), 3.0)
    np.testing.assert_allclose(compiled("y_i = log(exp(x_i) + exp(b_i))", 0)(x=x, b=w), np.logaddexp(x, w))


def test_small_sums_beside_one_keep_their_digits():
    np.testing.assert_allclose(compiled("s = log(1 + sum_i exp(x_i))", 0)(x=[-40.0, -41.0]), np.exp(-40) + np.exp(-41))


BERNOULLI = (
    # formula                                  value at a small x
    ("y_i = x_i/(exp(x_i) - 1)",               lambda x: 1 - x / 2 + x**2 / 12),
    ("y_i = 3 x_i/(3 - 3 exp(x_i))",           lambda x: -1 + x / 2 - x**2 / 12),
    ("y_i = x_i/(exp(x_i)^2 - 1)",             lambda x: 0.5 - x / 2 + x**2 / 6),
    ("y_i = x_i exp(x_i)/(exp(x_i) - 1)",      lambda x: 1 + x / 2 + x**2 / 12),
    ("y_i = x_i^2 exp(x_i)/(exp(x_i) - 1)^2",  lambda x: 1 - x**2 / 12),
    ("y_i = log(exp(x_i^2) - 1) - log(x_i^2)", lambda x: x**2 / 2),
)  # fmt: skip


@pytest.mark.parametrize(("text", "near_zero"), BERNOULLI)
def test_an_exponential_less_one_keeps_its_digits_in_a_divisor_and_does_not_overflow(text, near_zero):
    function = ed.parse(text).compile()
    x = np.array([1e-20, -1e-20, 1e-9, -1e-6, 1e-4])
    np.testing.assert_allclose(function(x=x), near_zero(x), rtol=3e-14, atol=1e-13)
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for power in (1, 3, -1, -2):
            assert np.isfinite(function(x=np.array([30.0 ** (1 + 1 / power), 5.0, -20.0]))).all()
        slope = ed.diff(text, "x").compile(dense=False)(x=np.array([1000.0, -1000.0, 1.0])).to_dense()
    assert np.isfinite(slope).all()


def test_the_logarithm_of_one_less_an_exponential_keeps_the_digits_of_a_small_one():
    x = np.array([20.0, 40.0, 1000.0, 0.5])
    found = ed.compile("y_i = log(1 - exp(-x_i))", "z_i = 1/(1 - exp(-x_i))")(x=x)
    np.testing.assert_allclose(found[0], np.log1p(-np.exp(-x)), rtol=1e-14)
    np.testing.assert_allclose(found[1], -1 / np.expm1(-x), rtol=1e-14)


def test_powers_of_exponentials_stay_where_nothing_is_divided():
    text = ed.parse("y_i = exp(x_i)^2 + exp(x_i)").compile().source
    assert text.count("np.exp(") == 1


def test_scales_that_are_owed_and_paid_in_all_terms():
    text = "y_i = exp(x_i)^2 log(sum_k(w_k exp(b_k) exp(x_k))/(cosh(x_i) sum_k(sigmoid(x_k) w_k)))"
    arrays = {"x": np.array([0.5, -1.0, 2.0]), "w": np.array(OTHERS["w"]), "b": np.array([0.3, 0.1, -0.4])}
    request = compiled(text, 1).request
    (found,), (wanted,) = (run(plan(request, arrays, **o), arrays) for o in ({}, {"rewritings": ()}))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_infinite_and_missing_terms():
    value, slope = (compiled("s = log(w_i exp(x_i))", order) for order in (0, 1))
    with np.errstate(divide="ignore"):
        assert value(x=np.full(3, -np.inf), w=np.ones(3)) == -np.inf
        assert value(x=np.ones(3), w=np.zeros(3)) == -np.inf
        assert value(x=np.ones(0), w=np.ones(0)) == -np.inf
    assert value(x=[np.inf, 0.0], w=np.ones(2)) == np.inf
    assert np.isnan(value(x=[np.nan, 0.0], w=np.ones(2)))
    np.testing.assert_allclose(slope(x=[-np.inf, 5.0], w=np.ones(2)), [0, 1])


PAYMENTS = (
    # payer                 divisor                       owed   paid
    ({"x": 3},              [{"x": 2}, {}],                3,    Fraction(3, 2)),
    ({"x": 3},              [{"x": 2}, {}],                1,    1),
    ({"x": 1, "y": 1},      [{"x": 1}, {"y": 1}],          2,    2),
    ({"x": 1, "y": 1},      [{"x": 1, "y": 1}],            2,    1),
    ({"x": 1},              [{"x": 1, "y": 1}],            1,    0),
    ({"x": 1},              [{"x": 1, "y": 1}, {"x": 2}],  1,    Fraction(1, 2)),
    ({},                    [{"x": 1}],                    1,    0),
)  # fmt: skip


@pytest.mark.parametrize(("payer", "divisor", "owed", "paid"), PAYMENTS)
def test_an_exponential_pays_as_often_as_it_grows_with_a_divisor(payer, divisor, owed, paid):
    units, (left,) = share([payer], divisor, Fraction(owed))
    assert units == paid
    assert all(power >= 0 for power in left.values())
    assert (not any(left.values())) == (sum(payer.values()) == paid * sum(divisor[0].values()))


def test_complex_numbers_and_callables_take_the_formula_as_it_is():
    x = np.array([0.3 + 2j, 1 - 1j])
    np.testing.assert_allclose(compiled("s = log(1 + sum_i exp(x_i))", 0)(x=x), np.log(1 + np.exp(x).sum()))
    found = ed.parse("s = log(w_i exp(f(x_i)))").compile()(f=lambda u: 1j * u, x=np.ones(2), w=np.ones(2))
    np.testing.assert_allclose(found, np.log(2) + 1j)


def test_what_needs_no_care_stays_as_it_is():
    for text in ("s = sum_i exp(x_i) c_i", "y_i = sigmoid(x_i) c_i", "s = logsumexp_i(x_i)", "y_i = c_i/(1 + x_i^2)"):
        request = compiled(text, 0).request
        arrays = {name: np.ones(3) for name in compiled(text, 0).inputs}
        assert plan(request, arrays) == plan(request, arrays, rewritings=())


def softmax_of(u):
    """Return log(Σ exp(u)), its gradient and its second derivatives by u."""
    p = special.softmax(u)
    return special.logsumexp(u), p, np.diag(p) - np.outer(p, p)


def log_of_sigmoids(x):
    """Return log(Σ σ(x)) with derivatives: u = log(σ(x)) has the slopes σ(-x) and -σ(x) σ(-x)."""
    value, p, second = softmax_of(special.log_expit(x))
    slope = special.expit(-x)
    return value, p * slope, second * np.outer(slope, slope) - np.diag(p * slope * special.expit(x))


KNOWN = (
    #  formula                                   value, gradient, second derivatives
    ("s = log(sum_i(exp(x_i)^2))",              lambda x: [2**k * d for k, d in enumerate(softmax_of(2 * x))]),
    ("s = log(sum_i(exp(x_i)^2))/2",            lambda x: [2**k * d / 2 for k, d in enumerate(softmax_of(2 * x))]),
    ("s = log(sum_i(exp(x_i) exp(x_i/2)))",     lambda x: [1.5**k * d for k, d in enumerate(softmax_of(1.5 * x))]),
    ("s = log(sum_i(sigmoid(x_i)))",            log_of_sigmoids),
    ("s = log(sum_i(1/(1 + exp(-x_i))))",       log_of_sigmoids),
    ("s = log(prod_i(exp(x_i)))",               lambda x: (x.sum(), np.ones(4), np.zeros((4, 4)))),
    ("y_i = (exp(x_i) - 1)/exp(x_i)",           lambda x: (-np.expm1(-x), np.diag(np.exp(-x)))),
    ("y_i = exp(x_i)^(-1/2)",                   lambda x: (np.exp(-x / 2), np.diag(-np.exp(-x / 2) / 2))),
)  # fmt: skip


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("text", "known"), KNOWN)
@pytest.mark.parametrize("shift", [0, 1000, -1000])
def test_what_is_known_of_them(text, known, order, shift):
    x = np.array([0.3, -1.7, 2.5, 0.9]) + shift
    if text.startswith("y") and (shift < 0 or order == 2):
        return  # as large as exp(1000)
    wanted = known(x)[order]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = compiled(text, order)(x=x)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)


MIXED = (
    # formula                                                             derivatives
    ("s = log(sum_ij(w_i sigmoid(X_ij) exp(t_j)))",                       2),
    ("s = sum_i log(sum_j(exp(X_ij)^2 exp(t_j)))",                        2),
    ("s = sum_i log(sum_j(sigmoid(X_ij) sigmoid(t_j)^2))",                2),
    ("s = sum_i(w_i sum_j(sigmoid(X_ij) t_j)/sum_j(sigmoid(X_ij)))",      2),
    ("s = sum_i log(sum_j where(X_ij > t_j, exp(X_ij), exp(t_j)))",       2),
    ("s = sum_i(w_i log(sum_j(exp(X_ij) sigmoid(t_j))))",                 2),
    ("s = sum_i log(sum_k(exp(c_k) prod_j sigmoid(X_ij M_kj + t_j)))",    1),
    ("s = sum_i log(prod_j(exp(X_ij) + exp(t_j)))",                       1),
)  # fmt: skip


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 16000, reason="no numbers that reach further")
@pytest.mark.parametrize("wrt", ["X", "t"])
@pytest.mark.parametrize(("text", "order"), [(text, order) for text, most in MIXED for order in range(most + 1)])
def test_sizes_that_differ(text, wrt, order):
    random = np.random.default_rng(0)
    shapes = {"w": 2, "X": (2, 3), "t": 3, "M": (5, 3), "c": 5}
    function = (ed.diff(text, *[wrt] * order) if order else ed.parse(text)).compile()
    for far in (1, 30, 1000):
        arrays = {name: random.uniform(0.2, 1, shapes[name]) for name in function.inputs}
        arrays |= {name: far * random.uniform(-1, 1, shapes[name]) for name in "Xt" if name in arrays}
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            found = function(**arrays)
        wanted = exact(function.request, arrays)
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-11 * max(1, np.abs(wanted).max()))


LARGE = (
    "exp(x_i)", "exp(-x_i)", "cosh(x_i)", "w_i", "2", "1", "sum_j(exp(A_ij))", "sum_k(exp(x_k))",
    "sum_j(v_ij exp(x_j))", "sum_k(w_k exp(b_k) exp(x_k))",
)  # fmt: skip
FRAMES = (
    "({})/({})", "({})/({})^2", "({}) log({})",
    "exp(x_i) (sum_k(v_ik/(exp(x_k) + {1})) + ({0})/exp(b_i))", "exp(x_i) sum_k(v_ik (({0})/(exp(x_k) + {1})^2))",
    "log(sum_k(v_ik/(exp(x_k) + {1}))) ({0})",
)  # fmt: skip
LARGE += (
    "sigmoid(x_i)", "softplus(-x_i)", "exp(2 x_i)^(1/2)", "prod_k(exp(x_k))", "prod_k(1 + v_ik exp(x_k))",
    "where(x_i > b_i, exp(x_i), 1)", "sum_k(sigmoid(x_k) w_k)", "exp(x_i)^2",
)  # fmt: skip
SIGNED = (
    *LARGE, "expm1(x_i)", "where(x_i > b_i, 0, exp(b_i))", "sinh(b_i)", "b_i", "sum_j(B_ij exp(x_j))",
    "exp(2 x_i - b_i)",
)  # fmt: skip


def built(atoms, operators):
    def grow(inner):
        return st.builds(lambda u, op, v: f"(({u}) {op} ({v}))", inner, st.sampled_from(operators), inner)

    return st.recursive(st.sampled_from(atoms), grow, max_leaves=3)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(built(SIGNED, "+*"), built(LARGE, "+*/"), st.sampled_from(FRAMES), st.data())
def test_formulas_keep_their_values(above, below, frame, data):
    random = np.random.default_rng(0)
    shapes = {"x": 3, "b": 3, "w": 3, "A": (3, 4), "v": (3, 3), "B": (3, 3)}
    order = data.draw(st.sampled_from([0, 1, 2]))
    text = f"y_i = {frame.format(above, below)}"
    if "x_" not in text:
        return
    function = compiled(text, order)
    arrays = {name: random.uniform(0.3, 1.5, shapes[name]) for name in function.inputs}
    try:
        (found,), (wanted,) = (run(plan(function.request, arrays, **o), arrays) for o in ({}, {"rewritings": ()}))
    except SizeMismatchError:
        return  # nothing tells how far i runs
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9 * max(1, np.abs(wanted).max()))
