"""Differences of pairs, x_id - x_jd: passes and loops that keep them small, against loops over entries and no pass."""

from weakref import WeakSet

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import einsdiff as ed
from einsdiff.program.emit import pairs
from einsdiff.program.emit.loops import Loop
from einsdiff.program.emit.numpy_dialect import NUMPY
from einsdiff.program.emit.pairs import by_pairs
from einsdiff.program.emit.source import source
from einsdiff.program.passes import turns
from einsdiff.program.passes.mirror import Mirror
from einsdiff.program.passes.powers import MOST, powers
from einsdiff.program.passes.spread import spread
from einsdiff.program.passes.turns import turn
from einsdiff.program.plan.steps import Combine, Map, Multiply, Pack, Power
from einsdiff.program.plan.table import PlanTable
from einsdiff.program.run import memory
from einsdiff.program.run.memory import check_memory
from einsdiff.simplify import identities
from einsdiff.simplify.content import opposite_factors
from tests.program.networks import KINDS, arrays, entries, request
from tests.program.test_passes import agree, asked, planned, run

MOLECULES = "r_ij = sum_d((x_id - x_jd)^2) + δ_ij; s_ij = 1/r_ij; L = 2 sum_{i,j}(s_ij^6 - s_ij^3)"
KERNEL = "L = C_ij exp(-1/2 sum_d((X_id - X_jd)^2))"
MIXTURE = "z_nk = p_k - sum_d(s_kd) - 1/2 sum_d(((X_nd - M_kd) exp(-s_kd))^2); L = sum_n(logsumexp_k(z_nk))"


def normal(**shapes):
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape) for name, shape in shapes.items()}


PROBLEMS = [
    (MOLECULES, ("x",), normal(x=(23, 3))),
    (MOLECULES, ("x", "x"), normal(x=(12, 3))),
    (KERNEL, ("X",), normal(X=(17, 5), C=(17, 17))),
    (KERNEL, ("X", "X"), normal(X=(7, 3), C=(7, 7))),
    (KERNEL, ("C",), normal(X=(17, 5), C=(17, 17))),
    (MIXTURE, ("M",), normal(X=(41, 4), M=(7, 4), s=(7, 4), p=(7,))),
    (MIXTURE, ("s",), normal(X=(41, 4), M=(7, 4), s=(7, 4), p=(7,))),
]


@pytest.mark.parametrize(("text", "wrt", "given_arrays"), PROBLEMS)
def test_every_way_to_plan_gives_the_same(text, wrt, given_arrays):
    agree(asked(text, *wrt), given_arrays)


def test_forces_are_those_of_the_textbook():
    x = normal(x=(40, 3))["x"]
    wanted = np.zeros_like(x)
    for i, a in enumerate(x):
        for j, b in enumerate(x):
            if i != j:
                r = (a - b) @ (a - b)
                wanted[i] += 4 * (6 / r**4 - 12 / r**7) * (a - b)
    np.testing.assert_allclose(
        ed.diff(MOLECULES, "x").compile()(x=x), wanted, rtol=1e-10, atol=1e-10 * abs(wanted).max()
    )


def test_forces_do_not_depend_on_where_the_origin_is():
    x = np.round(normal(x=(40, 3))["x"] * 2**10) / 2**10
    fn = ed.diff(MOLECULES, "x").compile()
    assert (fn(x=x) == fn(x=x + 2**20)).all()  # differences of these are exact, and nothing else is taken of x


# --------------------------------------------------------------------------------------------------------- loops


def loops_of(text, wrt, given_arrays, large):
    plan = planned(asked(text, *wrt), given_arrays)
    found = by_pairs(plan, large)
    return [] if found is None else [step for step in found[1] if isinstance(step, Loop)]


@pytest.mark.parametrize(("text", "wrt", "given_arrays"), [PROBLEMS[0], PROBLEMS[2], PROBLEMS[5]])
def test_large_differences_are_made_block_by_block(text, wrt, given_arrays):
    (loop,) = loops_of(text, wrt, given_arrays, 2**9)
    assert not loops_of(text, wrt, given_arrays, 2**19)
    plan = planned(asked(text, *wrt), given_arrays)
    (wanted,) = run(plan, given_arrays)
    for large in (1, 2**7, 2**9, 2**11):
        (result,) = run(plan, given_arrays, large)
        np.testing.assert_allclose(result, wanted, rtol=1e-12, atol=1e-12)
    single = {name: a.astype(np.float32) for name, a in given_arrays.items()}
    assert run(plan, single, 2**9)[0].dtype == np.float32
    assert loop.block >= 1


def test_a_loop_over_no_rows_gives_what_no_loop_gives():
    given_arrays = PROBLEMS[0][2]
    plan = planned(asked(MOLECULES, "x"), given_arrays)
    assert run(plan, {"x": np.ones((0, 3))}, 2**9)[0].shape == (0, 3)


def test_a_difference_that_is_a_result_is_not_made_block_by_block():
    given_arrays = normal(x=(40, 3))
    f = ed.parse("D_ijd = x_id - x_jd; L = exp(-D_ijd D_ijd)")
    plan = planned(ed.compile("D_ijd = x_id - x_jd", f).request, given_arrays)
    assert by_pairs(plan, 2**9) is None


def test_a_sum_that_is_needed_again_in_the_loop_is_not_in_it():
    # Σ_j over all rows stands in the exponent: the differences are wanted before and behind it
    given_arrays = normal(x=(40, 3))
    text = "D_ijd = x_id - x_jd; y_i = sum_{j,d}(exp(D_ijd - sum_{a,b,c}(D_abc^2)/10^4))"
    agree(ed.parse(text).compile().request, given_arrays)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(entries(), min_size=1, max_size=2), st.sampled_from([0, 2, 8]))
def test_loops_over_blocks_give_what_no_loop_gives(found, large):
    found = [e for e in found if len(set(e.wires)) <= 4]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "FEW", 0)
        patch.setattr(turns, "LEAST", 2)
        patch.setattr(turns, "SHORT", 4)
        given_arrays = arrays(KINDS)
        plan = planned(request(*found), given_arrays) if found else None
        if plan is None or by_pairs(plan, large) is None:
            return
        wanted = run(planned(request(*found), given_arrays, (), ()), given_arrays)
        for result, plain in zip(run(plan, given_arrays, large), wanted, strict=True):
            assert (result.shape, result.dtype) == (plain.shape, plain.dtype)
            np.testing.assert_allclose(result, plain, rtol=1e-9, atol=1e-9)


def test_what_is_made_block_by_block_need_not_fit_in_memory(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: 2**20)
    given_arrays = normal(x=(2000, 3))
    found = asked(MOLECULES, "x")
    plan = planned(found, given_arrays)
    check_memory(plan, [1] * len(plan.indices), found, 8, {})
    found = ed.parse("D_ijd = x_id - x_jd").compile().request
    plan = planned(found, given_arrays)
    with pytest.raises(ed.EinsdiffError, match="2000 × 2000"):
        check_memory(plan, [1] * len(plan.indices), found, 8, {})


# -------------------------------------------------------------------------------------------------------- powers


@pytest.mark.parametrize("exponent", [*range(1, MOST + 3), *range(-MOST - 2, 0)])
def test_whole_powers_are_products(exponent):
    x = np.array([0.5, -1.75, 3.0, -1e-3, 7e5])
    plan = planned(ed.parse(f"y_i = x_i^({exponent})").compile().request, {"x": x})
    np.testing.assert_allclose(run(plan, {"x": x})[0], x**exponent, rtol=2e-15)
    assert ("**" in source(plan, "", NUMPY)) == (abs(exponent) > MOST)


@pytest.mark.parametrize("exponent", [4, 5, 7, 8, -4, -7])
def test_products_pass_on_what_is_not_finite(exponent):
    x = np.array([0.0, np.inf, -np.inf, np.nan, 1e200, -1e-200])
    plan = planned(ed.parse(f"y_i = x_i^({exponent})").compile().request, {"x": x})
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(run(plan, {"x": x})[0], x**exponent)


def test_powers_of_an_inverse_share_their_parts():
    given_arrays = normal(x=(50,))
    found = ed.parse("y_i = 6/x_i^4 - 12/x_i^7").compile().request
    plan = agree(found, given_arrays)
    text = source(plan, "", NUMPY)
    assert text.count("/ x\n") == 1
    assert "**" not in text
    assert sum(isinstance(s, Multiply) for s in plan.steps) == 4  # s², s³, s⁴ and s⁴ (6 - 12 s³)
    assert not any(isinstance(s, Power) for s in planned(found, given_arrays, (powers,)).steps)


# ---------------------------------------------------------------------------------------------- mirrors and turns


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("y_ij = x_i - x_j", -1),
        ("y_ij = x_i + x_j", 1),
        ("y_ij = x_i - 2 x_j", 0),
        ("y_ij = x_i x_j", 1),
        ("y_ij = A_ik A_jk", 1),
        ("y_ij = A_ik B_jk", 0),
        ("y_ij = (x_i - x_j)^2", 1),
        ("y_ij = (x_i - x_j)^3", -1),
        ("y_ij = (x_i + x_j)^3", 1),
        ("y_ij = exp(x_i - x_j)", 0),
        ("y_ij = exp(x_i + x_j)", 1),
        ("y_ij = sin(x_i - x_j)", -1),
        ("y_ij = cos(x_i - x_j)", 1),
        ("y_ij = (x_i - x_j) / (x_i + x_j)", -1),
        ("y_ij = (x_i - x_j) exp(x_i x_j)", -1),
        ("y_ij = S_ij + S_ji", 1),
        ("y_ij = S_ij - S_ji", -1),
        ("y_ij = S_ij", 0),
        ("y_ij = exp(-sum_k((A_ik - A_jk)^2))", 1),
        ("y_ij = max(x_i, x_j)", 0),
    ],
)
def test_what_exchanged_axes_do_is_proved(text, sign):
    given_arrays = normal(x=(4,), A=(4, 3), B=(4, 3), S=(4, 4))
    request = ed.parse(text).compile().request
    given_arrays = {i.name: given_arrays[i.name] for i in request.inputs}
    plan = planned(request, given_arrays, (), ())
    steps = {step.target: step for step in plan.steps}
    mirror = Mirror(plan.values, steps.get)
    assert mirror.sign(plan.outputs[0].value, 0, 1) == sign


def test_both_halves_of_a_gradient_by_pairs_are_one(monkeypatch):
    text, wrt, given_arrays = PROBLEMS[2]
    joined = planned(asked(text, *wrt), given_arrays, ())
    fewer = {rule: kind for rule, kind in identities.SUM.items() if rule is not opposite_factors}
    monkeypatch.setattr(identities, "SUM", fewer)
    monkeypatch.setattr(identities, "settled", WeakSet())
    plan = agree(asked(text, *wrt), given_arrays)
    # Σ_j (W_ij d_ij - W_ji d_ji) = Σ_j (W_ij + W_ji) d_ij
    assert sum(isinstance(s, Combine) and len(plan.values[s.target].shape) == 3 for s in plan.steps) == 1
    assert PlanTable(plan).flops < PlanTable(planned(asked(text, *wrt), given_arrays, ())).flops
    assert PlanTable(joined).flops <= PlanTable(plan).flops  # the simplifier sees it, too, where the formula shows it


@pytest.mark.parametrize("n", [40, 200])
def test_differences_have_their_short_axis_first(n):
    given_arrays = normal(x=(n, 3))
    plan = planned(asked(MOLECULES, "x"), given_arrays, (turn,))
    assert (3, n, n) in [plan.values[s.target].shape for s in plan.steps]
    assert any(isinstance(s, Pack) for s in plan.steps)
    assert "x.T.copy()" in source(plan, "", NUMPY)


def test_small_arrays_and_long_axes_stay_as_they_are():
    for given_arrays in (normal(x=(9, 3)), normal(x=(40, 33))):
        plan = planned(ed.parse("y_ijd = exp(x_id - x_jd)").compile().request, given_arrays)
        assert not any(isinstance(s, Pack) for s in plan.steps)


def test_a_result_with_its_axes_turned_is_right():
    given_arrays = normal(x=(40, 3), y=(40, 40))
    agree(ed.parse("z_ijd = exp(x_id - x_jd) y_ij + y_ji").compile().request, given_arrays)
    plan = planned(ed.parse("z_ijd = exp(x_id - x_jd) y_ij + y_ji").compile().request, given_arrays)
    assert [s for s in plan.steps if isinstance(s, Map)]


# ------------------------------------------------------------------------------------------------- δ in and beside


def test_a_sum_of_deltas_is_written_out_wherever_it_stands():
    given_arrays = normal(x=(31, 3))
    found = asked(MOLECULES, "x", "x")
    assert spread(found) is not None
    plan = planned(found, given_arrays)
    assert max(plan.values[s.target].entries for s in plan.steps) == (31 * 3) ** 2
    assert (31, 31, 31) in [v.shape for v in planned(found, given_arrays, alternatives=()).values]


def test_a_diagonal_is_added_in_place_where_nobody_else_sees_the_array():
    given_arrays = normal(A=(5, 5), B=(5, 5))
    kept = {name: a.copy() for name, a in given_arrays.items()}
    for text in ("y_ij = A_ij + δ_ij", "y_ij = A_ik B_kj + δ_ij", "y_ij = A_ji + δ_ij"):
        request = ed.parse(text).compile().request
        arrays = {i.name: given_arrays[i.name] for i in request.inputs}
        (result,) = run(planned(request, arrays), arrays)
        whole = arrays["A"] @ arrays["B"] if "B" in arrays else arrays["A"].T if "ji" in text else arrays["A"]
        np.testing.assert_allclose(result, whole + np.eye(5))
        assert all((arrays[name] == kept[name]).all() for name in arrays)


def test_an_array_that_is_a_result_too_is_not_written_to():
    given_arrays = normal(A=(5, 5), B=(5, 5))
    request = ed.compile("P_ij = A_ik B_kj", "Q_ij = A_ik B_kj + δ_ij").request
    first, second = run(planned(request, given_arrays), given_arrays)
    np.testing.assert_allclose(first, given_arrays["A"] @ given_arrays["B"])
    np.testing.assert_allclose(second, first + np.eye(5))
