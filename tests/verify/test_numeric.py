"""Floating-point values of entries agree with the loop oracle, and unknown functions with their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.nodes import Size
from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.program import elaborate
from einsdiff.verify import loops
from einsdiff.verify.numeric import FUNCTIONS, REDUCERS, Array, Point, UnknownValueError, value
from tests.strategies import Program, programs


def computed(text: str, inputs: dict[str, Array], notation: str = "index") -> Array:
    program = elaborate(text, notation=notation)  # type: ignore[arg-type]
    last = program.definitions[-1]
    ranges: dict[Size, int] = {}
    for symbol in program.inputs.values():
        for k in range(symbol.rank if symbol.role == "input" else 0):
            size = program.sizes[symbol.name, k]  # type: ignore[index]
            ranges[size] = inputs[symbol.name].shape[k]
    ranges |= {size: size for size in program.sizes.values() if isinstance(size, int)}
    named = dict.fromkeys(program.sizes.values(), 2) | ranges
    ranges = {size: named[name] for size, name in program.sizes.items()} | named
    entry = evaluate(program, last.entry)
    return value(entry, last.wires, last.sizes, Point(inputs, ranges))


@given(programs(is_smooth=False))
def test_the_value_is_what_the_loops_compute(program: Program) -> None:
    wanted = loops.evaluate(program.text, program.inputs).result
    np.testing.assert_allclose(computed(program.text, program.inputs), np.asarray(wanted, float), rtol=1e-9, atol=1e-9)


def test_every_function_and_every_reduction_has_a_value() -> None:
    assert set(FUNCTIONS) == set(functions.BY_NAME)
    assert set(functions.REDUCTIONS) - {"softmax"} == set(REDUCERS)


@pytest.mark.parametrize("row", functions.ROWS, ids=lambda row: row.name)
def test_a_function_is_what_its_row_says(row: functions.Row) -> None:
    """The slope of the table is the central difference of the value."""
    if row.name in ("where", "gt", "ge", "lt", "le", "eq", "ne", "sign"):
        pytest.skip("constant between its steps")
    rng = np.random.default_rng(3)
    names = row.arguments
    at = {name: np.asarray(rng.uniform(*row.drawn)) for name in names}
    for name, slope in zip(names, row.slopes, strict=True):
        f = FUNCTIONS[row.name]
        up, down = ({**at, name: at[name] + h} for h in (1e-6, -1e-6))
        difference = (f(*up.values()) - f(*down.values())) / 2e-6
        found = computed(f"s = {slope}", at) if not slope.isdigit() else float(slope)
        np.testing.assert_allclose(found, difference, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("y_i = f(x_i)", "∂y_i/∂x_j"),
        ("y_i = f(x_i, a_i)", "∂y_i/∂x_j"),
        ("u_i = u_i(x, A); v = x_i x_i; w = A_ij A_ij", "∂u_i/∂x_j"),
        ("u = u(x); v = x_i x_i", "∂²u/∂x_i∂x_j"),
    ],
)
def test_an_unknown_function_is_smooth_and_its_derivative_is_its_own(text: str, wrt: str) -> None:
    rng = np.random.default_rng(5)
    inputs = {"x": rng.normal(size=3), "a": rng.normal(size=3), "A": rng.normal(size=(2, 3))}
    if "²" in wrt:
        first = lambda x: computed(f"{text}; ∂u/∂x_i", {**inputs, "x": x})  # noqa: E731
    else:
        body = wrt[1 : wrt.index("/")]
        first = lambda x: computed(f"{text}; {body}", {**inputs, "x": x})  # noqa: E731
    step = 1e-6 * np.eye(3)
    differences = [(first(inputs["x"] + h) - first(inputs["x"] - h)) / 2e-6 for h in step]
    np.testing.assert_allclose(computed(f"{text}; {wrt}", inputs), np.stack(differences, axis=-1), rtol=1e-6, atol=1e-8)


def test_where_a_function_has_no_value_there_is_none() -> None:
    found = computed("y_i = log(x_i) + asin(a_i)", {"x": np.array([1.0, -1.0, 2.0]), "a": np.array([0.5, 0.5, 2.0])})
    assert np.isfinite(found).tolist() == [True, False, False]
    singular = {"A": np.ones((3, 3)), "x": np.ones(3)}
    assert np.isnan(computed("y_i = inv(A)_ij x_j", singular)).all()


def test_a_singular_matrix_has_an_adjugate() -> None:
    singular = {"A": np.diag([2.0, 3.0, 0.0]), "x": np.array([1.0, 2.0, 5.0])}
    np.testing.assert_allclose(computed("y_i = adj(A)_ij x_j", singular), [0, 0, 30], atol=1e-12)


def test_an_array_that_would_be_too_large_is_refused() -> None:
    wires = "ijkl"
    entry = build.multiply(*(build.ones(w, "n") for w in wires))
    with pytest.raises(UnknownValueError, match="too many entries"):
        value(entry, wires, ["n"] * 4, Point({}, {"n": 400}))
    with pytest.raises(UnknownValueError, match="not known"):
        value(entry, wires, ["n"] * 4, Point({}, {}))
