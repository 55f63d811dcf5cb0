"""`which_layout` names the layouts in which an array is the derivative, and no others."""

from __future__ import annotations

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.errors import EinsdiffError
from tests.layout_entries import CASES, HESSIANS, NAMES, N, Q, as_matrix, placed, random, second, slopes, stacked


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_a_numeric_derivative_is_recognised(name: str, case: str) -> None:
    formula, by, function, inputs = CASES[case]
    d = slopes(function, by, inputs)
    rank = ed.parse(formula).indices
    forms = {n: [placed(n, d, inputs[by].shape)] for n in NAMES}
    for n, found in forms.items():
        matrix = as_matrix(n, found[0], len(rank))
        found.extend([matrix] if matrix is not None else [])
    for array in forms[name]:
        wanted = tuple(n for n in NAMES if any(a.shape == array.shape and np.allclose(a, array) for a in forms[n]))
        assert name in wanted
        assert ed.which_layout(formula, by, array, **inputs) == wanted


def test_different_sizes_tell_the_layouts_apart() -> None:
    formula, by, function, inputs = CASES["Y by X"]
    d = slopes(function, by, inputs)
    for name in NAMES:
        assert ed.which_layout(formula, by, placed(name, d, inputs[by].shape), **inputs) == (name,)


def test_a_symmetric_derivative_is_right_in_several_layouts() -> None:
    A = random(3, 3)
    x = random(3)
    assert ed.which_layout("y_i = A_ij x_j", "x", A + A.T, A=A + A.T, x=x) == (
        "mixed", "numerator", "denominator", "sympy", "vec"
    )  # fmt: skip
    assert ed.which_layout("y_i = A_ij x_j", "x", A, A=A, x=x) == ("mixed", "numerator", "vec")


@pytest.mark.parametrize("wrong", [2.0, -1.0, 1 + 1e-5])
def test_a_wrong_derivative_is_in_no_layout(wrong: float) -> None:
    A, x = random(2, 3), random(3)
    f = ed.parse("y_i = A_ij x_j x_j")
    assert ed.which_layout(f, "x", 2 * A * x, A=A, x=x) == ("mixed", "numerator", "vec")
    assert ed.which_layout(f, "x", wrong * 2 * A * x, A=A, x=x) == ()


def test_one_wrong_entry_is_seen_and_noise_is_not() -> None:
    A, x = random(2, 3), random(3)
    right = 2 * A * x
    for by, names in ((1e-7, ("mixed", "numerator", "vec")), (1e-4, ())):
        array = right.copy()
        array[1, 2] += by
        assert ed.which_layout("y_i = A_ij x_j x_j", "x", array, A=A, x=x) == names


def test_a_shape_of_no_layout_is_in_none() -> None:
    A, x = random(2, 3), random(3)
    for shape in ((6,), (2, 3, 1), (3, 2, 1), ()):
        assert ed.which_layout("y_i = A_ij x_j", "x", np.resize(A, shape), A=A, x=x) == ()


def test_single_precision_is_compared_with_less() -> None:
    A, x = random(2, 3), random(3)
    rough = (A * (1 + 1e-4)).astype(np.float32)
    assert ed.which_layout("y_i = A_ij x_j", "x", rough, A=A, x=x) == ("mixed", "numerator", "vec")
    assert ed.which_layout("y_i = A_ij x_j", "x", rough.astype(float), A=A, x=x) == ()
    single = {"A": A.astype(np.float32), "x": x.astype(np.float32)}
    assert ed.which_layout("y_i = A_ij x_j", "x", rough.astype(float), **single) == ("mixed", "numerator", "vec")


def test_a_second_derivative_takes_a_sequence_of_names() -> None:
    formula, by, inputs = HESSIANS["s by X, X"]
    _, mixed = second(formula, by, inputs)
    H = np.array([[mixed[i + k] for k in stacked((N, Q))] for i in stacked((N, Q))])
    assert ed.which_layout(formula, ("X", "X"), H, **inputs) == ("vec",)
    assert ed.which_layout(formula, ["X", "X"], mixed.transpose(1, 0, 3, 2), **inputs) == ("numerator",)
    assert ed.which_layout(formula, ["X", "X"], mixed.transpose(0, 1, 3, 2), **inputs) == ()
    assert ed.which_layout(formula, ["X"], ed.diff(formula, "X").compile("numerator")(**inputs), **inputs) == (
        "numerator",
    )


def test_lists_and_whole_numbers_are_arrays() -> None:
    found = ed.which_layout("y_i = A_ij x_j", "x", [[1, 4], [2, 5], [3, 6]], A=[[1, 2, 3], [4, 5, 6]], x=[1, 1, 1])
    assert found == ("denominator", "sympy")


@pytest.mark.usefixtures("table_of_layouts")
def test_a_registered_layout_is_named_too() -> None:
    ed.register_layout("backwards", lambda y, x: [*reversed(x), *reversed(y)])
    formula, by, _, inputs = CASES["Y by X"]
    array = ed.diff(formula, by).compile(layout="backwards")(**inputs)
    assert ed.which_layout(formula, by, array, **inputs) == ("backwards",)


def test_unknown_functions_are_given_as_callables() -> None:
    x = random(3)
    (slope,) = set(ed.diff("s = sum_i(f(x_i))", "x").compile().inputs) - {"x", "f"}
    found = ed.which_layout("s = sum_i(f(x_i))", "x", np.cos(x), x=x, f=np.sin, **{slope: np.cos})
    assert found == ("mixed", "numerator", "denominator", "sympy")


BAD_QUESTIONS = (
    # array                     inputs                             what the message says
    ([2.0, np.nan],             {"x": [1.0, 1.0]},                 "the array has 1 entry that is NaN or infinite"),
    ([np.inf, np.nan],          {"x": [1.0, 1.0]},                 "the array has 2 entries that are NaN or infinite"),
    (["a", "b"],                {"x": [1.0, 1.0]},                 "the array is no array of numbers"),
    (None,                      {"x": [1.0, 1.0]},                 "the array is no array of numbers"),
    ([[1.0], [1.0, 2.0]],       {"x": [1.0, 1.0]},                 "the array is no array of numbers"),
    (np.ma.array([2.0, 2.0], mask=[False, True]), {"x": [1.0, 1.0]}, "the array has masked entries"),
    ([2.0, 2.0],                {"x": np.ma.array([1.0, 1.0], mask=[False, True])}, "masked"),
    ([2.0, 2.0],                {"x": [[1.0], [1.0, 2.0]]},        "x"),
    ([2.0, 2.0],                {},                                "the array x .*is missing"),
    ([2.0, 2.0],                {"x": [1.0, 0.0]},                 "the derivative at these inputs has 1 entry that"),
    ([2.0, 2.0],                {"x": [[1.0, 0.0]]},               "x"),
    ([2.0, 2.0],                {"x": [1.0, 1.0], "z": 3.0},       "z"),
)  # fmt: skip


@pytest.mark.parametrize(("array", "inputs", "words"), BAD_QUESTIONS)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_question_without_an_answer_is_refused(array: object, inputs: dict[str, object], words: str) -> None:
    with pytest.raises(ed.EinsdiffError, match=words):
        ed.which_layout("s = sum_i(log(x_i))", "x", array, **inputs)


def test_a_question_names_its_variable() -> None:
    with pytest.raises(ed.UnknownNameError, match="nothing called z"):
        ed.which_layout("s = x_i x_i", "z", [1.0], x=[1.0])
    with pytest.raises(ed.UnknownNameError, match="a name to differentiate by"):
        ed.which_layout("s = x_i x_i", (), [1.0], x=[1.0])


def test_a_variable_that_is_no_name_is_refused() -> None:
    with pytest.raises(EinsdiffError, match="a name is wanted"):
        ed.which_layout("y = x' x", 3, np.ones(3))  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [np.ones(3), np.ones((2, 2))])
def test_an_input_on_which_the_derivative_does_not_depend_must_fit_too(x: np.ndarray) -> None:
    A = np.arange(6.0).reshape(3, 2)
    with pytest.raises(EinsdiffError, match=r"x \[[~^]\]"):
        ed.which_layout("A x", "x", A, A=A, x=x)
    assert ed.which_layout("A x", "x", A, A=A, x=np.ones(2)) == ("mixed", "numerator", "vec")
    assert ed.which_layout("A x", "x", A, A=A) == ("mixed", "numerator", "vec")
