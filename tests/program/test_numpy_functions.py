"""Every function of the table has a spelling in NumPy that is accurate, and quiet where it need not complain."""

import math

import numpy as np
import pytest
from scipy import special

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.nodes import Axis
from einsdiff.program import compile as compile_request
from einsdiff.program.emit.numpy_functions import HELPERS
from einsdiff.program.emit.spellings import FUNCTIONS as SPELLINGS
from einsdiff.program.request import Output, Request
from tests.program.loops import FUNCTIONS


def entrywise(name, count=1):
    """Return the compiled function of `count` vectors."""
    arguments = [build.tensor(f"x{k}", ["i"]) for k in range(count)]
    axes = (("i", Axis("x0", 0)),)
    return compile_request(Request((Output("y", build.apply(name, *arguments), axes),), ()))


def reduced(operator):
    body = build.tensor("A", ["i", "j"])
    entry = build.reduce(operator, body, {"j": Axis("A", 1)})
    return compile_request(Request((Output("y", entry, (("i", Axis("A", 0)),)),), ()))


def matrix_function(function, axes=()):
    entry = build.matrix_function(function, build.tensor("A", ["i", "j"]), "i", "j")
    return compile_request(Request((Output("y", entry, axes),), ()))


def test_every_function_of_the_table_has_a_spelling():
    assert set(SPELLINGS) == set(functions.BY_NAME)


@pytest.mark.parametrize("row", functions.ROWS, ids=lambda row: row.name)
def test_a_spelling_computes_its_function(row):
    random = np.random.default_rng(0)
    low, high = row.drawn
    given = {f"x{k}": random.uniform(low, high, 17) for k in range(len(row.arguments))}
    wanted = [FUNCTIONS[row.name](*map(complex, point)).real for point in zip(*given.values(), strict=True)]
    result = entrywise(row.name, len(row.arguments))(**given)
    np.testing.assert_allclose(result, wanted, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("row", functions.ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_spelling_keeps_the_dtype_and_takes_no_entries(row, dtype):
    count = len(row.arguments)
    function = entrywise(row.name, count)
    for shape in ((3,), (0,)):
        given = {f"x{k}": np.full(shape, 1.25, dtype) for k in range(count)}
        if row.name in ("asin", "acos", "atanh"):
            given = {"x0": np.full(shape, 0.25, dtype)}
        result = function(**given)
        assert result.dtype == dtype
        assert result.shape == shape


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "relu", "tanh", "erf"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_arguments_neither_overflow_nor_warn(name, dtype):
    large = np.array([-np.inf, -1e30, -1e4, -800, -90, 0, 90, 800, 1e4, 1e30, np.inf], dtype)
    if dtype == np.float64:
        large = np.concatenate([large, [-1e300, 1e300]])
    with np.errstate(all="raise", under="ignore"):
        result = entrywise(name)(x0=large)
    wanted = {
        "sigmoid": special.expit,
        "softplus": lambda u: np.logaddexp(0, u),
        "relu": lambda u: np.maximum(u, 0),
        "tanh": np.tanh,
        "erf": special.erf,
    }[name](large)
    tiny = np.finfo(dtype).tiny  # scipy drops what is smaller
    np.testing.assert_allclose(result, wanted, rtol=1e-6 if dtype == np.float32 else 1e-14, atol=tiny)


def test_sigmoid_is_accurate_far_below_zero():
    x = np.linspace(-700, 40, 500)
    np.testing.assert_allclose(entrywise("sigmoid")(x0=x), special.expit(x), rtol=1e-14)


def test_erf_has_full_accuracy():
    x = np.concatenate([np.linspace(-6, 6, 4001), np.logspace(-300, 0, 200)])
    wanted = [math.erf(v) for v in x]
    np.testing.assert_allclose(entrywise("erf")(x0=x), wanted, rtol=1e-15)


def test_logsumexp_survives_infinities_and_large_numbers():
    inf = np.inf
    A = np.array([[-inf, -inf], [-inf, 0], [1000, 1000], [-1000, -1000], [inf, 0]])
    with np.errstate(all="raise", under="ignore"):
        result = reduced("logsumexp")(A=A)
    np.testing.assert_allclose(result, [-inf, 0, 1000 + np.log(2), -1000 + np.log(2), inf])


@pytest.mark.parametrize(
    ("operator", "wanted"), [("max", -np.inf), ("min", np.inf), ("prod", 1.0), ("logsumexp", -np.inf)]
)
def test_a_reduction_of_nothing_is_its_neutral_element(operator, wanted):
    result = reduced(operator)(A=np.zeros((3, 0), np.float32))
    np.testing.assert_array_equal(result, [wanted] * 3)
    assert result.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64, complex])
def test_logdet_tells_singular_and_negative_matrices(dtype):
    function = matrix_function("logdet")
    np.testing.assert_allclose(function(A=np.diag([2.0, 3.0]).astype(dtype)), np.log(6), rtol=1e-6)
    if dtype is complex:
        np.testing.assert_allclose(function(A=np.diag([2.0, -3.0 + 0j])), np.log(-6 + 0j))
    else:
        assert np.isnan(function(A=np.diag([2.0, -3.0]).astype(dtype)))
        assert function(A=np.zeros((2, 2), dtype)) == -np.inf
        assert function(A=np.zeros((0, 0), dtype)) == 0
    assert function(A=np.eye(2, dtype=dtype)).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64, complex])
def test_the_adjugate_needs_no_inverse(dtype):
    function = matrix_function("adj", (("j", Axis("A", 1)), ("i", Axis("A", 0))))
    singular = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype)
    wanted = np.array([[-3, 6, -3], [6, -12, 6], [-3, 6, -3]])
    np.testing.assert_allclose(function(A=singular), wanted, rtol=1e-5)
    turned = np.array([[0, 2], [3, 0]]) * (1j if dtype is complex else 1)
    np.testing.assert_allclose(function(A=turned), -turned, atol=1e-6)
    np.testing.assert_allclose(function(A=np.array([[7]], dtype)), [[1]])
    np.testing.assert_array_equal(function(A=np.zeros((3, 3), dtype)), np.zeros((3, 3)))
    assert function(A=singular).dtype == dtype
    assert function(A=np.zeros((0, 0), dtype)).shape == (0, 0)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_the_functions_brought_along_take_complex_numbers(name):
    z = np.array([0.3 + 0.4j, -0.5 + 0.1j])
    wanted = [FUNCTIONS[name](v) for v in z]
    np.testing.assert_allclose(entrywise(name)(x0=z), wanted)


def test_a_helper_is_in_the_source_only_where_it_is_used():
    assert "def sigmoid" in entrywise("sigmoid").source
    for name in HELPERS:
        assert f"def {name}" not in entrywise("exp").source
    assert "import math" not in entrywise("exp").source
