"""Layouts: the tables of spec/layouts.md, arrays against entries placed by loops, layouts of one's own."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given

import einsdiff as ed
from einsdiff.layouts import LAYOUTS, arrange, arrange_matrix, fold, layout
from tests.command_line import run
from tests.layout_entries import (
    CASES,
    COLUMNS,
    HESSIANS,
    NAMES,
    ORDERS,
    SIZES,
    M,
    N,
    P,
    Q,
    as_matrix,
    placed,
    places,
    random,
    ranges,
    second,
    slopes,
    stacked,
    unit,
)
from tests.strategies import Program, programs

PAGE = (Path(__file__).parents[1] / "spec" / "layouts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_an_array_has_each_entry_where_its_layout_puts_it(name: str, case: str) -> None:
    formula, by, function, inputs = CASES[case]
    g = ed.diff(formula, by)
    d = slopes(function, by, inputs)
    wanted = placed(name, d, inputs[by].shape)
    found = g.compile(layout=name)(**inputs)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)  # differences keep eight digits
    matrix = as_matrix(name, wanted, len(g.base.wires))
    if matrix is None:
        with pytest.raises(ed.NoMatrixForm, match=f"no matrix in layout {name}"):
            g.compile(layout=name, as_matrix=True)
    else:
        found = g.compile(layout=name, as_matrix=True)(**inputs)
        assert found.shape == matrix.shape
        np.testing.assert_allclose(found, matrix, rtol=1e-6, atol=1e-7)


# ----------------------------------------------------------------------------------------------- the tables of the page


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table of the page whose first heading is this, by their first cell."""
    found = re.search(rf"^\| {heading} \|.*\n\|[-| ]*\n((?:\|.*\n)+)", PAGE, flags=re.MULTILINE)
    assert found is not None
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in found[1].splitlines()]
    return {row[0]: row[1:] for row in rows}


def size(text: str) -> int:
    """`np` is n times p."""
    return int(np.prod([SIZES.get(letter) or int(letter) for letter in text]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", COLUMNS)
def test_the_page_tells_the_shapes_of_arrays(name: str, case: str) -> None:
    formula, by, _, inputs = CASES[case]
    told = table("array")[name][COLUMNS.index(case)]
    assert ed.diff(formula, by).compile(layout=name)(**inputs).shape == tuple(map(size, told.split(",")))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", COLUMNS)
def test_the_page_tells_the_shapes_of_matrices(name: str, case: str) -> None:
    formula, by, _, inputs = CASES[case]
    told = table("matrix")[name][COLUMNS.index(case)]
    g = ed.diff(formula, by)
    if told == "–":
        with pytest.raises(ed.NoMatrixForm):
            g.compile(layout=name, as_matrix=True)
    else:
        assert g.compile(layout=name, as_matrix=True)(**inputs).shape == tuple(map(size, told.split("×")))


@pytest.mark.parametrize("name", NAMES)
def test_the_page_tells_the_order_of_the_axes(name: str) -> None:
    axes, matrix, _ = table("layout")[name]
    groups = [tuple(group.strip("()").replace(" ", "")) for group in re.findall(r"\([^)]*\)|\w", axes)]
    assert fold("st", ["ij"], name) == tuple(groups)
    if matrix != "–":
        rows, columns = (tuple(part.strip(" ()").replace(" ", "")) for part in matrix.split(";"))
        assert arrange_matrix("st", ["ij"], name) == (rows, columns)
    else:
        assert arrange("st", "ij", name) == tuple(a for group in groups for a in group)


def test_the_page_names_every_layout_in_the_order_of_the_table() -> None:
    assert tuple(table("layout")) == tuple(table("array")) == tuple(table("matrix")) == tuple(LAYOUTS) == NAMES


# --------------------------------------------------------------------------------------------------- second derivatives


@pytest.mark.parametrize("case", HESSIANS)
def test_a_second_derivative_in_vec_is_the_derivative_of_the_transposed_first(case: str) -> None:
    # D(DF)': vec of the transposed (DF) runs over the entries of X first, then over those of Y
    formula, by, inputs = HESSIANS[case]
    h, mixed = second(formula, by, inputs)
    y, x1, x2 = (mixed.shape[a:b] for a, b in ranges(h))
    first_transposed = [(s, i) for s in stacked(y) for i in stacked(x1)]
    wanted = np.array([[mixed[s + i + k] for k in stacked(x2)] for s, i in first_transposed])
    found = h.compile(layout="vec")(**inputs)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("case", HESSIANS)
def test_a_second_derivative_in_vetter_is_the_derivative_of_the_first(case: str) -> None:
    formula, by, inputs = HESSIANS[case]
    h, mixed = second(formula, by, inputs)
    y, x1, x2 = (mixed.shape[a:b] for a, b in ranges(h))
    wanted = 0
    for k in places(x2):
        first = {i: mixed[(*(slice(None) for _ in y), *i, *k)] for i in places(x1)}
        wanted = wanted + np.kron(unit(x2, k), placed("vetter", first, x1))
    found = h.compile(layout="vetter")(**inputs)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("case", HESSIANS)
@pytest.mark.parametrize("name", ORDERS)
def test_the_axes_of_two_variables_stand_in_turn(name: str, case: str) -> None:
    formula, by, inputs = HESSIANS[case]
    h, mixed = second(formula, by, inputs)
    y = len(h.base.wires)
    wanted = np.zeros(ORDERS[name](mixed.shape[:y], mixed.shape[y:]))
    for place in places(mixed.shape):
        wanted[ORDERS[name](place[:y], place[y:])] = mixed[place]
    np.testing.assert_allclose(h.compile(layout=name)(**inputs), wanted, rtol=1e-12)


def test_the_hessian_of_a_scalar_by_a_matrix_is_square_and_symmetric() -> None:
    formula, by, inputs = HESSIANS["s by X, X"]
    h = ed.diff(formula, *by).compile(layout="vec")(**inputs)
    assert h.shape == (N * Q, N * Q)
    np.testing.assert_allclose(h, h.T)


def test_a_third_derivative_in_vec_goes_down_below_the_second() -> None:
    assert arrange_matrix("ab", ["cd", "ef", "gh"], "vec") == (tuple("badcfe"), tuple("hg"))
    assert arrange_matrix("ab", ["cd", "ef", "gh"], "vetter") == (tuple("geca"), tuple("hfdb"))


@pytest.mark.parametrize("by", [("x", "z"), ("x", "x")])
def test_a_scalar_by_two_vectors_is_a_matrix_in_every_layout_but_vetter(by: tuple[str, str]) -> None:
    inputs = {"x": random(5), "z": random(2), "A": random(5, 2)}
    h = ed.diff("s = exp(x_i A_ij z_j)", *by)
    mixed = h.compile()(**inputs)
    n, k = mixed.shape
    for name in ("mixed", "sympy", "vec"):
        np.testing.assert_allclose(h.compile(layout=name, as_matrix=True)(**inputs), mixed)
    np.testing.assert_allclose(h.compile(layout="denominator", as_matrix=True)(**inputs), mixed)
    np.testing.assert_allclose(h.compile(layout="numerator", as_matrix=True)(**inputs), mixed.T)
    np.testing.assert_allclose(h.compile(layout="vetter")(**inputs), mixed.T.reshape(n * k, 1))


# ------------------------------------------------------------------------------------------------------ random programs


@given(programs(statements=2))
def test_every_layout_has_the_entries_of_the_mixed_array(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = [n for n in program.names if n in f.inputs]
    assume(names)
    g = ed.diff(f, names[0])
    mixed = g.compile()(**program.inputs)
    assume(mixed.size < 2000)
    y, x = mixed.shape[: len(f.indices)], mixed.shape[len(f.indices) :]
    assume(max(len(y), len(x)) <= 2)
    d = {i: mixed[(*(slice(None) for _ in y), *i)] for i in places(x)}
    for name in NAMES:
        found = g.compile(layout=name)(**program.inputs)
        wanted = placed(name, d, x)
        assert found.shape == wanted.shape
        scale = np.abs(wanted).max(initial=1)
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12 * scale)  # another order of contraction


# -------------------------------------------------------------------------------------------------------- written forms


@pytest.mark.parametrize("name", NAMES)
def test_contraction_terms_have_the_order_of_the_arrays(name: str) -> None:
    inputs = {"A": random(2, 3), "X": random(3, 5), "B": random(5, 7)}
    g = ed.diff("Y_il = A_ij X_jk B_kl", "X")
    ((coefficient, subscripts, operands),) = g.einsum(layout=name)
    array = g.compile(layout=name)(**inputs)
    found = coefficient * np.einsum(subscripts, *(inputs[n] for n in operands))
    np.testing.assert_allclose(found.reshape(array.shape), array)


@pytest.mark.parametrize("name", NAMES)
def test_index_text_and_latex_are_the_same_in_every_layout(name: str) -> None:
    g = ed.diff("Y_il = A_ij X_jk B_kl", "X")
    assert g.latex(layout=name) == g.latex()
    assert set(g.einsum(layout=name)[0][1].split("->")[1]) == set(g.einsum()[0][1].split("->")[1])
    with pytest.raises(ed.UnknownNameError):
        g.latex(layout=name + "x")


# ------------------------------------------------------------------------------------------------- layouts of one's own


@pytest.mark.usefixtures("table_of_layouts")
def test_a_registered_layout_orders_arrays_and_makes_matrices() -> None:
    ed.register_layout("backwards", lambda y, x: [*reversed(x), *reversed(y)], also_known_as="nobody")
    formula, by, _, inputs = CASES["Y by X"]
    g = ed.diff(formula, by)
    found = g.compile(layout="backwards")(**inputs)
    np.testing.assert_allclose(found, g.compile()(**inputs).transpose(3, 2, 1, 0))
    assert layout("backwards").also_known_as == "nobody"
    row = CASES["s by x"]
    assert ed.diff(row[0], row[1]).compile(layout="backwards", as_matrix=True)(**row[3]).shape == (N, 1)
    with pytest.raises(ed.NoMatrixForm):
        g.compile(layout="backwards", as_matrix=True)


@pytest.mark.usefixtures("table_of_layouts")
def test_a_registered_layout_can_fold() -> None:
    ed.register_layout("rows", None, lambda y, x: ([*y], [k for group in x for k in group]))
    formula, by, _, inputs = CASES["Y by X"]
    g = ed.diff(formula, by)
    np.testing.assert_allclose(g.compile(layout="rows")(**inputs), g.compile()(**inputs).reshape(M * P, N * Q))
    with pytest.raises(ed.InputError, match="always a matrix"):
        arrange("ij", "kl", "rows")


@pytest.mark.usefixtures("table_of_layouts")
def test_a_registered_layout_can_say_where_there_is_no_matrix() -> None:
    def pairs(y: list[int], x: list[list[int]]) -> tuple[list[int], list[int]] | None:
        return (y, x[0]) if len(x) == 1 and len(y) == len(x[0]) == 1 else None

    ed.register_layout("pairs", lambda y, x: [*y, *x], pairs)
    assert arrange_matrix("i", ["j"], "pairs") == (("i",), ("j",))
    with pytest.raises(ed.NoMatrixForm, match="the derivative of a matrix by a vector is no matrix in layout pairs"):
        arrange_matrix("ij", ["k"], "pairs")


BAD_LAYOUTS = (
    # name          axes                                 matrix                            what the message says
    ("vec",         lambda y, x: [*y, *x],               None,                             "a layout vec already"),
    ("my layout",   lambda y, x: [*y, *x],               None,                             "letters, digits and _"),
    ("",            lambda y, x: [*y, *x],               None,                             "letters, digits and _"),
    (3,             lambda y, x: [*y, *x],               None,                             "letters, digits and _"),
    ("mine",        "st ij",                             None,                             "is a function of the axes"),
    ("mine",        None,                                None,                             "is a function of the axes"),
    ("mine",        None,                                "rows",                           "is a function of the axes"),
    ("mine",        lambda y, _: y,                      None,                             "each axis of y and x once"),
    ("mine",        lambda y, x: [*y, *x, *y],           None,                             "each axis of y and x once"),
    ("mine",        lambda y, x: [*y, *x][:3],           None,                             "each axis of y and x once"),
    ("mine",        lambda y, x: [k + 1 for k in y + x], None,                             "each axis of y and x once"),
    ("mine",        lambda y, x: [str(k) for k in y + x], None,                            "each axis of y and x once"),
    ("mine",        lambda *_: None,                     None,                             "fails for y and x"),
    ("mine",        lambda y: y,                         None,                             "fails for y and x"),
    ("mine",        lambda y, x: [y[0], *y[1:], *x],     None,                             "fails for y and x with 0"),
    ("mine",        lambda y, x: [*y, *x],               lambda y, x: (y, x),              "each axis of y and x once"),
    ("mine",        lambda y, x: [*y, *x],               lambda y, x: (y, x[0]),           "each axis of y and x once"),
    ("mine",        lambda y, x: [*y, *x],               lambda y, _: y,                   "fails for y and x"),
)  # fmt: skip


@pytest.mark.usefixtures("table_of_layouts")
@pytest.mark.parametrize(("name", "axes", "matrix", "words"), BAD_LAYOUTS)
def test_a_layout_that_loses_axes_is_not_registered(name: str, axes: object, matrix: object, words: str) -> None:
    with pytest.raises(ed.InputError, match=words):
        ed.register_layout(name, axes, matrix)
    assert tuple(LAYOUTS) == NAMES


@pytest.mark.usefixtures("table_of_layouts")
def test_a_layout_that_changes_its_mind_is_caught() -> None:
    is_good = [True]
    ed.register_layout("fickle", lambda y, x: [*y, *x] if is_good else [])
    is_good.clear()
    with pytest.raises(ed.InputError, match="layout fickle does not return each axis"):
        ed.diff("y_i = A_ij x_j", "x").compile(layout="fickle")


def test_an_unknown_layout_is_refused_with_the_nearest() -> None:
    with pytest.raises(ed.UnknownNameError) as caught:
        ed.diff("y_i = A_ij x_j", "x").compile(layout="veter")
    assert str(caught.value) == (
        "there is no layout veter\n\n"
        "  help: did you mean vetter?  Layouts: mixed, numerator, denominator, sympy, vec, vetter"
    )


# ----------------------------------------------------------------------------------------------------- the command line


@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_takes_every_layout(capsys, name: str) -> None:
    code, out, _ = run(capsys, "diff", "Y = A X B", "--wrt", "X", "--layout", name, "--emit", "numpy")
    assert code == 0
    assert out.rstrip("\n") == ed.diff("Y = A X B", "X").compile(layout=name).source.rstrip("\n")
    assert run(capsys, "diff", "Y = A X B", "--wrt", "X", "--layout", name, "--emit", "json")[0] == 0


def test_the_command_line_makes_matrices(capsys) -> None:
    text = ("diff", "s = x_i A_ij y_j", "--wrt", "x", "--layout", "numerator", "--as-matrix")
    assert "[None, :]" in run(capsys, *text, "--emit", "numpy")[1]
    code, _, err = run(capsys, *text)
    assert (code, "--as-matrix is for arrays" in err) == (2, True)
    data = ("--set", "x=[1,2]", "--set", "A=[[1,2,3],[4,5,6]]", "--set", "y=[1,0,1]")
    out = run(capsys, "eval", text[1], *data, "--wrt", "x", "--wrt", "A", "--layout", "numerator", "--as-matrix")[1]
    assert "s, shape (1, 1)" in out
    assert "ds_dx, shape (1, 2)" in out
    assert "ds_dA, shape (3, 2)" in out
    code, _, err = run(capsys, "diff", "Y = A X B", "--wrt", "X", "--as-matrix", "--emit", "numpy")
    assert code == 2
    assert "no matrix in layout mixed" in err
