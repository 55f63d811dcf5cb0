"""What is not chosen is not told of: no warning comes from the branch that is not taken, and its values do no harm."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.program.emit.cupy_dialect import CUPY
from einsdiff.program.emit.jax_dialect import JAX
from einsdiff.program.emit.numpy_dialect import NUMPY
from einsdiff.program.emit.quiet import HEAD, _waits_for_partial
from einsdiff.program.emit.source import source
from einsdiff.program.emit.torch_dialect import TORCH
from einsdiff.program.plan.steps import Multiply, Operand
from tests.program.test_passes import agree, asked, planned

POINTS = np.array([-1000.0, -1.5, -0.25, 0.0, 0.5, 2.0, 1500.0])
CHOICES = [
    # condition      where it holds          elsewhere
    ("x_i > 0",      "log(x_i)",             "0"),
    ("x_i > 0",      "log(x_i)^2/x_i",       "x_i^3"),
    ("x_i >= 0.1",   "sqrt(x_i)",            "exp(x_i)"),
    ("x_i < 10",     "exp(x_i) x_i",         "log(x_i - 9)"),
    ("x_i != 0",     "sin(x_i)/x_i",         "1"),
    ("x_i != 0",     "(cos(x_i) - 1)/x_i^2", "-1/2"),
    ("x_i <= -1",    "1/(1 + x_i^3)^2",      "x_i"),
    ("x_i > 0",      "x_i^(3/2)",            "-x_i^2"),
    ("abs(x_i) < 1", "atanh(x_i)",           "x_i"),
    ("x_i > 0",      "where(log(x_i) > 0, log(x_i), 0)", "x_i"),
    ("x_i > 0",      "exp(-1/x_i)",          "0"),
    ("x_i > 0",      "cos(log(x_i))",         "x_i"),
    ("x_i <= 0",     "sin(x_i)",              "tanh(log(x_i))^2"),
]  # fmt: skip


def taken(condition, first, second, order):
    """Return the value or derivative of a choice, each branch computed only where it is taken."""
    x = POINTS
    holds = eval(condition.replace("x_i", "x").replace("abs(", "np.abs("))
    found = np.zeros(len(x))
    for text, where in ((first, holds), (second, ~holds)):
        f = ed.parse(f"y_i = {text} + 0 x_i")
        function = (ed.diff(f, *["x"] * order) if order else f).compile()
        for k in np.flatnonzero(where):
            inputs = {"x": x[k : k + 1]} if function.inputs else {}
            found[k] = np.ravel(function(**inputs))[0] if order == 0 or inputs else 0
    return found


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("condition", "first", "second"), CHOICES)
@pytest.mark.parametrize("large", [1, 3000])
def test_the_branch_not_taken_gives_no_warning_and_no_nan(condition, first, second, order, large):
    f = ed.parse(f"y = sum_i (where({condition}, {first}, {second}) c_i)")
    function = (
        ed.diff(f, *["x"] * order) if order else ed.parse(f"y_i = where({condition}, {first}, {second})")
    ).compile()
    if order == 2 and large > 1:
        return
    x, c = np.tile(POINTS, large), np.arange(1.0, 7 * large + 1)
    arrays = {name: a for name, a in {"x": x, "c": c}.items() if name in function.inputs}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wanted = np.tile(taken(condition, first, second, order), large)
        found = function(**arrays)
    if order == 2:
        assert not (found - np.diag(np.diag(found))).any()
        found = np.diag(found)
    np.testing.assert_allclose(found, wanted * c if order else wanted, rtol=1e-12, atol=1e-300)


def test_sums_in_a_branch_and_conditions_along_fewer_axes():
    random = np.random.default_rng(0)
    A, x, z = random.uniform(0.5, 2, (4, 3)), np.array([1.0, -2.0, 0.0, 3.0]), np.array([0.3, 0.2, 2.0])
    f = ed.parse("y = sum_i where(x_i > 0, sum_j(log(x_i A_ij) z_j^2), x_i z_k z_k)")
    on = x > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, by_x, by_z, by_A = (
            g.compile()(**{n: a for n, a in {"A": A, "x": x, "z": z}.items() if n in g.compile().inputs})
            for g in (f, *(ed.diff(f, name) for name in "xzA"))
        )
    logs = np.log(x[on, None] * A[on])
    np.testing.assert_allclose(value, (logs @ z**2).sum() + x[~on].sum() * z @ z)
    np.testing.assert_allclose(by_x, np.where(on, 1 / np.where(on, x, 1), 1) * (z @ z))
    np.testing.assert_allclose(by_z, 2 * z * (logs.sum(0) + x[~on].sum()))
    np.testing.assert_allclose(by_A, on[:, None] * z**2 / A)


def test_what_the_condition_or_another_term_needs_is_told():
    x = np.array([-1.0, 2.0])
    with pytest.warns(RuntimeWarning, match="log"):
        ed.parse("y_i = where(log(x_i) > 0, 1/x_i, 0)").compile()(x=x)
    with pytest.warns(RuntimeWarning, match="log"):
        ed.parse("y_i = where(x_i > 0, log(x_i), 0) + log(x_i)").compile()(x=x)
    with pytest.warns(RuntimeWarning, match="log"):
        ed.compile("y_i = where(x_i > 0, log(x_i), 0)", "z_i = log(x_i)")(x=x)


@pytest.mark.parametrize("text", ["y_i = where(x_i > 0, x_i^2, 3 x_i)", "y_i = relu(x_i)", "y_i = max(x_i, z_i)"])
@pytest.mark.parametrize("order", [0, 1])
def test_what_is_defined_everywhere_needs_no_care(text, order):
    function = (ed.diff(text, "x") if order else ed.parse(text)).compile()
    assert "errstate" not in function.source


def test_every_way_to_plan_is_quiet_and_gives_the_same():
    text = "y = sum_i where(x_i > 0, log(x_i)^2/x_i, where(x_i < -1, exp(-x_i), x_i))"
    given_arrays = {"x": np.array([-1.5, -0.3, 0.0, 0.2, 5.0])}
    for wrt in (("x",), ("x", "x")):
        agree(asked(text, *wrt), given_arrays)
    plan = planned(asked(text, "x"), given_arrays)
    assert HEAD in source(plan, "", NUMPY)
    for dialect in (TORCH, JAX, CUPY):
        assert "errstate" not in source(plan, "", dialect)


def test_what_waits_is_looked_at_once_however_often_it_is_used():
    steps = {k: Multiply(k, (Operand(k - 1, (0,)),) * 2, (0,)) for k in range(1, 60)}
    assert not _waits_for_partial(SimpleNamespace(is_named=lambda value: value == 0), 59, steps)


@pytest.mark.parametrize("named", ["gC", "AgC", "BgCA"])
def test_a_loop_makes_itself_what_its_choices_read(named):
    f = ed.parse("Y_bi = sum_j(exp(relu(B_bjk C_bik g_b - A_bij)))")
    shapes = {"A": (3, 4, 5), "B": (3, 5, 2), "C": (3, 4, 2), "g": (3,), "U": (3, 4)}
    random = np.random.default_rng(2)
    given_arrays = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    agree(ed.compile(*(ed.vjp(f, name, "U") for name in named)).request, given_arrays)
