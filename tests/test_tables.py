"""Every row of every table is checked: a row that exists is a row that is tested."""

import numpy as np
import pytest

import einsdiff as ed
from einsdiff import functions
from einsdiff.algebra.build import Entry
from einsdiff.algebra.walk import tensors
from einsdiff.elaborate.template import template
from einsdiff.program.emit.spellings import FUNCTIONS as SPELLINGS
from einsdiff.simplify.identities import NAMES, ROWS
from einsdiff.verify import differences, exact, loops


def draw(row: functions.Row, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return {name: float(rng.uniform(*row.drawn)) for name in row.arguments}


@pytest.mark.parametrize("row", functions.ROWS, ids=lambda row: row.call)
def test_a_slope_agrees_with_differences_of_the_loops(row: functions.Row) -> None:
    declare = dict.fromkeys(row.arguments, "scalar")
    f = ed.parse(f"s = {row.call}", declare=declare, notation="index")
    for seed in range(5):
        inputs = {name: np.array(value) for name, value in draw(row, seed).items()}
        for name in row.arguments:
            found = ed.diff(f, name).compile()(**inputs)
            wanted = differences.derivative(f"s = {row.call}", name, inputs)
            np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("row", functions.ROWS, ids=lambda row: row.call)
def test_a_function_computes_what_the_loops_compute_in_an_array(row: functions.Row) -> None:
    call = row.call
    for k, name in enumerate(row.arguments):
        call = call.replace(f"({name}", f"({name}_i").replace(f" {name}", f" {name}_i") if k >= 0 else call
    rng = np.random.default_rng(7)
    inputs = {name: rng.uniform(*row.drawn, size=5) for name in row.arguments}
    found = ed.parse(f"y_i = {call}").compile()(**inputs)
    wanted = loops.evaluate(f"y_i = {call}", inputs).result
    np.testing.assert_allclose(found, np.asarray(wanted, float), rtol=1e-13)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}: {row.left}")
def test_both_sides_of_an_identity_have_the_same_value(row) -> None:
    rng = np.random.default_rng(3)
    for _ in range(8):
        values = {name: np.array(rng.uniform(0.1, 2.0)) for name in NAMES}
        if not row.where:
            values["a"] *= rng.choice([-1, 1]) if "log(a)" not in row.left else 1
        left, right = (loops.evaluate(f"s = {side} + 0 a", values).result for side in (row.left, row.right))
        np.testing.assert_allclose(float(left), float(right), rtol=1e-12, atol=1e-14)


def scalar(text: str) -> Entry:
    return Entry(template(text, NAMES), ())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}: {row.left}")
def test_both_sides_of_an_identity_are_equal_exactly(row) -> None:
    assert exact.agree(scalar(row.left), scalar(row.right))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}: {row.left}")
def test_an_identity_with_another_right_side_is_refused(row) -> None:
    wrong = [f"({row.right}) + 1", f"({row.right}) + a", f"2 ({row.right}) + 1/3", f"({row.right}) b"]
    if row.right != "0":
        wrong += [f"-({row.right})", f"2 ({row.right})", f"exp({row.right})"]
    else:
        wrong.remove("(0) b")
    for right in wrong:
        assert not exact.agree(scalar(row.left), scalar(right)), right


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}: {row.left}")
def test_an_identity_is_applied(row) -> None:
    declare = dict.fromkeys(NAMES, "scalar")
    left, right = (ed.parse(f"s = {side}", declare=declare, notation="index") for side in (row.left, row.right))
    assert left.entry == right.entry


def test_an_identity_makes_no_name_appear() -> None:
    for row in ROWS:
        left, right = ({n.name for n in tensors(template(side, NAMES))} for side in (row.left, row.right))
        assert right <= left, row


def test_every_function_has_a_spelling_in_numpy() -> None:
    assert {row.name for row in functions.ROWS} <= set(SPELLINGS)
