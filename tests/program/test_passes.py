"""The passes over a plan, and the other requests that are tried: each alone, all, and none give the same results."""

import itertools
import re
from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import einsdiff as ed
from einsdiff.algebra import walk
from einsdiff.program.emit import chains, placed
from einsdiff.program.emit.chains import by_chains
from einsdiff.program.emit.cupy_dialect import CUPY
from einsdiff.program.emit.jax_dialect import JAX
from einsdiff.program.emit.loops import Loop
from einsdiff.program.emit.numpy_dialect import NUMPY
from einsdiff.program.emit.source import source
from einsdiff.program.emit.torch_dialect import TORCH
from einsdiff.program.passes.signs import Signs
from einsdiff.program.passes.spread import spread
from einsdiff.program.plan.cost import cost
from einsdiff.program.plan.sizes import Sizes
from einsdiff.program.plan.steps import View
from einsdiff.program.plan.table import PlanTable
from einsdiff.program.planner import ALTERNATIVES, PASSES, Planner
from tests.program.networks import KINDS, arrays, entries, request

LOGISTIC = "L = sum_n(softplus(X_ni w_i) - y_n (X_ni w_i))"
SOFTMAX = "L = sum_n(logsumexp_k(X_ni W_ik) - Y_nk X_ni W_ik)"


def planned(asked, given_arrays, passes=PASSES, alternatives=ALTERNATIVES):
    """Return the plan of a request for some arrays."""
    nodes = walk.ordered(*(o.entry.node for o in asked.outputs))
    sizes = Sizes(asked, nodes)
    present = {t.name: t.axes for t in walk.tensors(*(o.entry.node for o in asked.outputs))}
    present |= {name: np.ndim(a) for name, a in given_arrays.items() if name not in present}
    numbers = sizes.numbers({name: np.shape(a) for name, a in given_arrays.items()})
    return Planner(asked, sizes, numbers, present, passes, alternatives).plan()


def run(plan, given_arrays, large=None, block=chains.BLOCK):
    """Return the results of a plan, which leaves its inputs as they are."""
    scope = {}
    with patch.object(chains, "BLOCK", block), patch.object(placed, "LEAST", block // chains.BLOCK):
        exec(source(plan, "y = …", NUMPY, large), scope)
    inputs = {name: given_arrays[name] for name, _ in plan.inputs}
    before = {name: np.array(a) for name, a in inputs.items()}
    found = scope["program"](**inputs)
    for name, a in inputs.items():
        np.testing.assert_array_equal(a, before[name])
    return found if isinstance(found, tuple) else (found,)


def asked(text, *wrt):
    return ed.diff(text, *wrt).compile().request


def logistic(n, width):
    random = np.random.default_rng(0)
    return {
        "X": random.standard_normal((n, width)),
        "w": random.standard_normal(width),
        "y": random.standard_normal(n),
    }


def classes(n, width, count):
    random = np.random.default_rng(0)
    return {
        "X": random.standard_normal((n, width)),
        "W": random.standard_normal((width, count)),
        "Y": random.random((n, count)),
    }


def agree(found, given_arrays, **tolerance):
    """Check that all ways to plan give what no pass at all gives, and return the plan with all of them."""
    plain = run(planned(found, given_arrays, (), ()), given_arrays)
    for passes, alternatives in itertools.product([(), *((change,) for change in PASSES), PASSES], [(), ALTERNATIVES]):
        plan = planned(found, given_arrays, passes, alternatives)
        for large, block in ((None, 1), (0, chains.BLOCK), (0, 5)):
            for result, wanted in zip(run(plan, given_arrays, large, block), plain, strict=True):
                assert result.shape == wanted.shape
                assert result.dtype == wanted.dtype
                np.testing.assert_allclose(result, wanted, **{"rtol": 1e-9, "atol": 1e-9} | tolerance)
    return planned(found, given_arrays)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(entries(), min_size=1, max_size=2))
def test_every_way_to_plan_gives_the_same(found):
    found = [e for e in found if len(set(e.wires)) <= 4]
    if found:
        agree(request(*found), arrays(KINDS))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries(), st.sampled_from([{"i": 1, "j": 2, "k": 2}, {"i": 2, "j": 1, "k": 1}]))
def test_every_way_to_plan_gives_the_same_along_axes_of_size_one(entry, sizes):
    if len(set(entry.wires)) <= 4 and "Unit" not in repr(entry.node):
        agree(request(entry), arrays(sizes))


@pytest.mark.parametrize(
    ("text", "wrt", "given_arrays"),
    [
        (LOGISTIC, ("w",), logistic(50, 7)),
        (LOGISTIC, ("w", "w"), logistic(50, 40)),
        (LOGISTIC, ("w", "w", "w"), logistic(50, 9)),
        (SOFTMAX, ("W",), classes(40, 7, 3)),
        (SOFTMAX, ("W", "W"), classes(40, 33, 5)),
        ("L = -sum_n(softplus(X_ni w_i)) + y_n y_n", ("w", "w"), logistic(50, 40)),
    ],
)
def test_passes_keep_derivatives(text, wrt, given_arrays):
    agree(asked(text, *wrt), given_arrays)


def test_a_common_factor_is_multiplied_once():
    given_arrays = logistic(200, 100)
    plan = planned(asked(LOGISTIC, "w"), given_arrays)
    # Σ_n X_nj σ(X w)_n - Σ_n X_nj y_n = Σ_n X_nj (σ(X w) - y)_n
    assert source(plan, "", NUMPY).count(".dot(") == 2
    assert source(planned(asked(LOGISTIC, "w"), given_arrays, (), ()), "", NUMPY).count(".dot(") == 3


def test_a_common_factor_stays_where_the_sum_would_be_a_large_array():
    random = np.random.default_rng(0)
    given_arrays = {"A": random.standard_normal((90, 90)), "x": random.standard_normal(90)}
    plan = planned(asked("y = x_i A_ij x_j", "x"), given_arrays)
    assert source(plan, "", NUMPY).count(".dot(") == 2  # A x + Aᵀ x, not (A + Aᵀ) x


def test_a_hessian_with_weights_that_are_not_negative_is_exactly_symmetric():
    given_arrays = logistic(300, 60)
    found = asked(LOGISTIC, "w", "w")
    plan = planned(found, given_arrays)
    assert "np.sqrt" in source(plan, "", NUMPY)
    (hessian,) = run(plan, given_arrays)
    assert (hessian == hessian.T).all()


def test_weights_of_unknown_sign_are_not_rooted():
    given_arrays = logistic(300, 60)
    plan = planned(asked("L = y_n (X_ni w_i)^2", "w", "w"), given_arrays)
    assert "sqrt" not in source(plan, "", NUMPY)


def test_saturated_weights_have_a_root():
    given_arrays = logistic(300, 60)
    given_arrays["w"] = given_arrays["w"] * 1e4
    with np.errstate(all="raise", under="ignore"):
        (hessian,) = run(planned(asked(LOGISTIC, "w", "w"), given_arrays), given_arrays)
    assert np.isfinite(hessian).all()


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("y_i = exp(x_i)", 1),
        ("y_i = -exp(x_i)", -1),
        ("y_i = x_i", 0),
        ("y_i = x_i^2", 1),
        ("y_i = x_i^3", 0),
        ("y_i = sigmoid(x_i) (1 - sigmoid(x_i))", 1),
        ("y_i = sigmoid(x_i) (sigmoid(x_i) - 1)", -1),
        ("y_i = sigmoid(x_i) (1 - 2 sigmoid(x_i))", 0),
        ("y_i = exp(x_i) - 1", 0),
        ("y_i = exp(x_i) + x_i^2", 1),
        ("y_i = abs(x_i)/(1 + x_i^2)", 1),
        ("y_i = max_j(exp(A_ij))", 0),
    ],
)
def test_signs_are_proved(text, sign):
    given_arrays = {"x": np.ones(3), "A": np.ones((3, 4))}
    plan = planned(ed.parse(text).compile().request, given_arrays)
    signs = Signs({step.target: step for step in plan.steps})
    assert signs.of(plan.outputs[0].value) == sign


def test_a_product_with_a_sum_of_which_one_term_has_a_delta_is_written_out_where_that_costs_less():
    given_arrays = classes(300, 50, 5)
    found = asked(SOFTMAX, "W", "W")
    assert spread(found) is not None
    best, plain = planned(found, given_arrays), planned(found, given_arrays, alternatives=())
    assert cost(best) < cost(plain)
    assert PlanTable(best).peak_memory < PlanTable(plain).peak_memory
    assert spread(asked(LOGISTIC, "w")) is None


def test_long_elementwise_chains_are_carried_out_block_by_block():
    random = np.random.default_rng(0)
    given_arrays = {"x": random.standard_normal(40_001)}
    f = ed.parse("y = sum_i(exp(-x_i^2) tanh(x_i))")
    found = ed.compile(f, ed.diff(f, "x")).request
    plan = planned(found, given_arrays)
    assert any(isinstance(s, Loop) for s in by_chains(plan, 2**14)[1])
    assert not any(isinstance(s, Loop) for s in by_chains(plan, 2**16)[1])
    assert "for k in range" in source(plan, "", NUMPY, 2**14)
    assert "for k in range" not in source(plan, "", NUMPY, None)
    for name, wanted in zip(run(plan, given_arrays, 2**14), run(plan, given_arrays), strict=True):
        np.testing.assert_allclose(name, wanted, rtol=1e-12)
    single = {"x": given_arrays["x"].astype(np.float32)}
    assert [r.dtype for r in run(plan, single, 2**14)] == [np.float32, np.float32]
    assert [r.shape for r in run(plan, {"x": np.ones(0)}, 2**14)] == [(), (0,)]


def test_blocks_take_what_is_the_same_in_every_round_from_outside():
    random = np.random.default_rng(0)
    given_arrays = {"X": random.standard_normal((3001, 7)), "b": random.standard_normal(7)}
    text = "Y_ni = exp(-(X_ni - b_i)^2) tanh(X_ni) exp(b_i) / sum_{m,k}(X_mk^2)"
    found = ed.parse(text).compile().request
    plan = planned(found, given_arrays)
    assert any(isinstance(s, Loop) for s in by_chains(plan, 2**14)[1])
    (result,), (wanted,) = run(plan, given_arrays, 2**14), run(plan, given_arrays)
    np.testing.assert_allclose(result, wanted, rtol=1e-12)


def test_softmax_takes_one_exponential_and_does_not_overflow():
    z = np.array([[1000.0, 999.0, -1000.0], [-5000.0, -5000.0, -5001.0]])
    found = ed.parse("y_ij = softmax_j(z_ij)").compile().request
    plan = agree(found, {"z": z})
    assert source(plan, "", NUMPY).count("np.exp(") == 1
    with np.errstate(all="raise", under="ignore"):
        (result,) = run(plan, {"z": z})
    np.testing.assert_allclose(result.sum(axis=1), 1, rtol=1e-15)
    assert run(plan, {"z": z[:, :0]})[0].shape == (2, 0)


def test_a_logsumexp_that_is_a_result_too_is_computed_once():
    random = np.random.default_rng(0)
    given_arrays = {"z": random.standard_normal(9)}
    f = ed.parse("y = logsumexp_i(z_i)")
    plan = agree(ed.compile(f, ed.diff(f, "z")).request, given_arrays)
    assert source(plan, "", NUMPY).count("= logsumexp(") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y_i = log(1 + x_i)",                   lambda x: x),
        ("y_i = log(1 - x_i)",                   lambda x: -x),
        ("y_i = log(x_i + 1 + 2 x_i^2)",         lambda x: x),
        ("y_ij = log(1 + x_i x_j)",              lambda x: np.outer(x, x)),
        ("y_i = exp(x_i) - 1",                   lambda x: x),
        ("y_i = x_i + 1 - exp(3 x_i)",           lambda x: -2 * x),
        ("y = log(1 + sum_i(x_i))",              np.sum),
    ],
)  # fmt: skip
def test_small_numbers_beside_one_keep_their_digits(text, value):
    x = np.array([1e-19, 3e-20, 0.0, -5e-20])
    given_arrays = {"x": x}
    plan = agree(ed.parse(text).compile().request, given_arrays)
    np.testing.assert_allclose(run(plan, given_arrays)[0], value(x), rtol=1e-15)
    agree(ed.diff(text, "x").compile().request, {"x": np.array([0.3, -0.2, 0.1])})


def test_an_exponential_that_is_used_beside_is_not_computed_twice():
    plan = planned(ed.diff("y_i = (exp(x_i) - 1)/x_i", "x").compile().request, {"x": np.ones(3)})
    assert source(plan, "", NUMPY).count("np.exp") == 1


def test_products_of_several_axes_are_products_of_matrices_that_need_no_copy():
    random = np.random.default_rng(0)
    sizes = {"T": (7, 11, 13), "G": (2, 3, 5), "U": (7, 2), "V": (11, 3), "W": (13, 5)}
    given_arrays = {name: random.standard_normal(shape) for name, shape in sizes.items()}
    f = ed.parse("L = (T_ijk - G_abc U_ia V_jb W_kc)^2")
    found = ed.compile(ed.diff(f, "G"), ed.diff(f, "U"), ed.diff(f, "W")).request
    plan = agree(found, given_arrays)
    text = source(plan, "", NUMPY)
    assert "einsum" not in text
    assert "tensordot" not in text
    large = {"T": (30, 31, 32), "G": (6, 7, 8), "U": (30, 6), "V": (31, 7), "W": (32, 8)}
    given_arrays = {name: random.standard_normal(shape) for name, shape in large.items()}
    agree(found, given_arrays, rtol=1e-7)


@pytest.mark.parametrize(
    "text",
    [
        "y_il = A_ijk B_jkl",
        "y_il = A_ikj B_jlk",
        "y_li = A_jik B_kjl",
        "y_ilm = A_ij B_ljm",
        "y_mil = A_ij B_ljm",
        "y_limn = A_ijk B_ljkmn",
        "y_bil = A_bijk B_bjkl",
        "y_lib = A_ijbk B_jkbl",
        "y_bl = A_bjk B_bjkl",
        "y_cbl = A_jbck B_bjklc",
        "y_i = A_ijk B_jk",
        "y_l = A_jk B_kjl",
        "y = A_ijk B_kij",
        "y_i = A_ijk B_kij",
        "y_ijkl = A_ij B_kl C_i D_l",
        "y_ljki = A_ij B_kl C_i D_l",
    ],
)
@pytest.mark.parametrize("size", [1, 17])
def test_contractions_of_many_axes_agree_with_einsum(text, size):
    random = np.random.default_rng(0)
    range_of = dict(zip("ijklmnbc", (2, 3, 5, 4, 1, 6, 7, 2), strict=True))
    range_of |= {"j": 3 * size, "k": 5 + size}
    left, right = text.split(" = ")
    terms = [factor.split("_") for factor in right.split()]
    given_arrays = {name: random.standard_normal([range_of[i] for i in index]) for name, index in terms}
    plan = agree(ed.parse(text).compile().request, given_arrays)
    out = left.partition("_")[2]
    wanted = np.einsum(f"{','.join(i for _, i in terms)}->{out}", *given_arrays.values())
    np.testing.assert_allclose(run(plan, given_arrays)[0], wanted, rtol=1e-9, atol=1e-9)
    empty = {name: np.ones([0 if i == "j" else range_of[i] for i in index]) for name, index in terms}
    wanted = np.einsum(f"{','.join(i for _, i in terms)}->{out}", *empty.values())
    np.testing.assert_array_equal(run(planned(ed.parse(text).compile().request, empty), empty)[0], wanted)


def test_what_is_tied_entry_by_entry_is_made_in_the_order_of_an_input():
    random = np.random.default_rng(0)
    sizes = {"A": (40, 50), "B": (50, 60), "C": (40, 60)}
    given_arrays = {name: random.standard_normal(shape) for name, shape in sizes.items()}
    f = ed.parse("M_ki = A_ij B_jk; Y_ki = (tanh(M_ki) - C_ik) exp(M_ki + C_ik)")
    plan = agree(f.compile().request, given_arrays)
    assert source(plan, "", NUMPY).count(".T") == 1  # of the result


def test_factors_are_found_inside_products_of_products():
    random = np.random.default_rng(0)
    given_arrays = {name: random.standard_normal((3, 40, 20)) for name in "QKVG"}
    f = ed.parse("P_hnm = softmax_m(Q_hne K_hme); Y_hnv = P_hnm V_hmv")
    found = ed.compile(ed.vjp(f, "Q", "G"), ed.vjp(f, "K", "G"), ed.vjp(f, "V", "G")).request
    plan = agree(found, given_arrays)
    assert source(plan, "", NUMPY).count("np.matmul(") == 5  # as many as by hand


@pytest.mark.parametrize(
    "text",
    [
        "W_ijkp = Z_ijkp + X_jk Y_kp V_jp x_j + 2 X_jk Y_kp V_jp y_p",
        "W_ijkp = Z_ijkp + sum_l(T_jkpl X_jk x_l) + 2 sum_l(T_jkpl X_jk y_l)",
    ],
)
def test_common_factors_may_lack_axes_of_the_sum(text):
    random = np.random.default_rng(0)
    shapes = {"Z": (3,) * 4, "X": (3, 3), "Y": (3, 3), "V": (3, 3), "T": (3,) * 4, "x": (3,), "y": (3,)}
    found = ed.parse(text).compile()
    agree(found.request, {name: random.standard_normal(shapes[name]) for name in found.inputs})


def test_the_last_loop_of_an_outer_product_is_long():
    random = np.random.default_rng(0)
    given_arrays = {"S": random.standard_normal((12, 13)), "x": random.standard_normal(14)}
    plan = agree(ed.parse("H_ijkl = S_ik x_j x_l").compile().request, given_arrays)
    last = plan.steps[-1] if not isinstance(plan.steps[-1], View) else plan.steps[-2]
    assert sorted(plan.values[op.value].entries for op in last.operands) == [14, 12 * 13 * 14]


def test_a_sum_that_is_larger_than_its_terms_is_written_out_where_one_of_them_is_rounded():
    random = np.random.default_rng(0)
    given_arrays = {"Q": random.standard_normal((64, 16)), "K": random.standard_normal((64, 16))}
    given_arrays["V"] = random.standard_normal((64, 15))
    found = asked("P_nm = softmax_m(Q_nd K_md); Y_nv = P_nm V_mv", "Q")
    assert spread(found) is not None
    plan = agree(found, given_arrays)
    assert cost(plan) < cost(planned(found, given_arrays, alternatives=()))
    assert spread(ed.parse("y_id = sum_j(w_ij (x_id - x_jd))").compile().request) is None


def test_products_with_sums_are_multiplied_out_only_on_request():
    random = np.random.default_rng(0)
    shapes = {"T": (70, 60), "U": (70, 3), "V": (60, 3)}
    given_arrays = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    gradient = ed.diff("L = sum_ij (T_ij - U_ik V_jk)^2", "U")
    plain, expanded, joint = gradient.compile(), gradient.compile(expand=True), ed.compile(gradient, expand=True)
    np.testing.assert_allclose(expanded(**given_arrays), plain(**given_arrays), rtol=1e-9)
    np.testing.assert_array_equal(joint(**given_arrays), expanded(**given_arrays))
    assert expanded.plan.flops < 0.6 * plain.plan.flops
    assert "70 × 60" in str(plain.plan)  # the residual
    assert "70 × 60" not in str(expanded.plan)
    fitted = {**given_arrays, "T": given_arrays["U"] @ given_arrays["V"].T}
    assert not plain(**fitted).any()
    assert 0 < abs(expanded(**fitted)).max() < 1e-10


def chosen(n=40):
    random = np.random.default_rng(0)
    return {"x": random.standard_normal(n), "z": random.standard_normal(n), "A": random.standard_normal((n, 3))}


@pytest.mark.parametrize("relation", [">", ">=", "<", "<=", "==", "!="])
@pytest.mark.parametrize("wrt", [(), ("x",), ("x", "x")])
def test_what_a_relation_chooses_is_the_same_by_truth_values(relation, wrt):
    text = f"y = sum_i where(x_i {relation} z_i, x_i^2, 3 x_i) + sum_ij where(A_ij {relation} x_i, A_ij, x_i x_i)"
    given_arrays = chosen() | {"z": chosen()["x"].copy()} if relation in ("==", "!=") else chosen()
    agree((ed.diff(text, *wrt) if wrt else ed.parse(text)).compile().request, given_arrays)


@pytest.mark.parametrize("dialect", [NUMPY, TORCH, JAX, CUPY])
def test_a_relation_is_no_number_where_it_chooses(dialect):
    plan = planned(asked("y = sum_i where(x_i > 0, log(x_i), 3 x_i^2)", "x"), chosen(5))
    text = source(plan, "", dialect, None)
    assert "not_equal" not in text
    assert ".ne(" not in text
    assert ".where(" in text


def test_the_logarithm_of_a_determinant_that_is_too_large_for_a_number():
    A = np.random.default_rng(0).standard_normal((400, 400))
    A = A @ A.T + 400 * np.eye(400)
    with np.errstate(all="raise"):
        found = ed.parse("y_i = log(det(A)) x_i").compile()(A=A, x=np.ones(3))
    np.testing.assert_allclose(found, np.full(3, np.linalg.slogdet(A)[1]))
    agree(ed.parse("y = log(det(A)) + det(A)").compile().request, {"A": A[:5, :5]})
    assert np.isnan(ed.parse("y = log(det(A))").compile()(A=np.diag([-1.0, 2.0])))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_difference_of_deltas_that_stands_twice_is_written_out_in_each_place(order):
    random = np.random.default_rng(1)
    given_arrays = {"x": random.standard_normal(5), "A": random.standard_normal((5, 5))}
    found = asked("L = sum_{i,j}((x_i - x_j)^3 A_ij)", *["x"] * order)
    agree(found, given_arrays)
    # Σ_ij c (x_i - x_j)^(3-n) A_ij e_ij ⊗ … ⊗ e_ij, where e_ij is the slope of x_i - x_j
    x, A = given_arrays["x"], given_arrays["A"]
    e = np.eye(5)[:, None] - np.eye(5)
    c = {1: 3 * (x[:, None] - x) ** 2, 2: 6 * (x[:, None] - x), 3: 6 * np.ones((5, 5))}[order]
    wanted = np.einsum({1: "ij,ij,ijk", 2: "ij,ij,ijk,ijl", 3: "ij,ij,ijk,ijl,ijm"}[order], c, A, *[e] * order)
    (result,) = run(planned(found, given_arrays), given_arrays)
    np.testing.assert_allclose(result, wanted, rtol=1e-12, atol=1e-12)


ATTENTION = "P_nm = softmax_m(Q_nd K_md / 4); Y_nv = P_nm V_mv"


@pytest.mark.parametrize(
    "sizes", [(1, 2, 3, 1), (2, 3, 5, 7), (16, 15, 14, 13), (0, 3, 2, 4), (3, 4, 0, 2), (70, 3, 2, 4)]
)
def test_products_on_a_diagonal_are_made_where_they_stand(sizes):
    n, m, d, v = sizes
    random = np.random.default_rng(0)
    shapes = {"Q": (n, d), "K": (m, d), "V": (m, v)}
    given_arrays = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    plan = agree(asked(ATTENTION, "Q"), given_arrays)
    (found,) = run(plan, given_arrays, 2**15)
    Q, K, V = given_arrays.values()
    wanted = np.zeros((n, v, n, d))
    for k in range(n):
        p = np.exp(Q[k] @ K.T / 4)
        p /= p.sum()
        for a, b in itertools.product(range(v), range(d)):
            wanted[k, a, k, b] = sum(p[j] * (V[j, a] - p @ V[:, a]) * K[j, b] / 4 for j in range(m))
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Y_ik = (1/4 A_ij - 1/4 B_ij) x_j C_jk", 1),
        ("y_i = (-3 A_ij - 3 B_ij) x_j", 1),
        ("Y_ij = (5 A_ij + 5 B_ij) z_i", 1),
        ("Y_ij = (5 A_ij + 4 B_ij) z_i", 2),  # not one number
        ("y = 3 x_j x_j", 1),
    ],
)
def test_a_number_that_all_terms_have_is_multiplied_once(text, count):
    random = np.random.default_rng(0)
    sizes = {"A": (7, 5), "B": (7, 5), "C": (5, 3), "x": (5,), "z": (7,)}
    given_arrays = {name: random.standard_normal(shape) for name, shape in sizes.items() if f"{name}_" in text}
    plan = agree(ed.parse(text).compile().request, given_arrays)
    assert len(re.findall(r"(?<![\w.])(0\.25|[345]) \*", source(plan, "", NUMPY))) == count
    agree(ed.parse(text).compile().request, {name: a[..., :1][:1] for name, a in given_arrays.items()})


def test_such_a_product_takes_no_array_of_its_own():
    random = np.random.default_rng(0)
    given_arrays = {name: random.standard_normal((16, 16)) for name in "QKV"}
    plan = planned(asked(ATTENTION, "Q"), given_arrays)
    text = source(plan, "", NUMPY)
    assert re.search(r"np\.matmul\(.*, out=np\.einsum\('ijik->(ijk|jik)', t5\)\)", text)
    assert "out=" not in source(plan, "", NUMPY, None)
    assert "out=" not in source(plan, "", JAX)


@pytest.mark.parametrize(
    ("out", "terms"),
    [
        ("iajb", [("1/2", "δ_ij A_iac B_cb"), ("-3", "δ_ij δ_ab C_a")]),  # a number before a product
        ("iajb", [("3", "δ_ij δ_ab C_i"), ("-1", "δ_ij A_iac B_cb")]),  # not the first term
        ("aijb", [("1", "δ_ij A_iac B_cb")]),
        ("iabj", [("1", "δ_ij A_iac B_cb")]),  # no axis of the product runs on
        ("iajb", [("2", "δ_ij B_ac A_icb")]),
        ("iajb", [("1", "δ_ij A_iac B_icb")]),
        ("ija", [("1", "δ_ij A_ic B_ca")]),
        ("iajb", [("1", "δ_ij A_iac B_cb"), ("1", "C_iajb")]),
    ],
)
@pytest.mark.parametrize("dtype", [float, np.float32, complex, int])
def test_what_is_made_where_it_stands_is_the_same_elsewhere(out, terms, dtype):
    random = np.random.default_rng(0)
    range_of = {"i": 7, "j": 7, "a": 4, "b": 4, "c": 5}
    text = " ".join(f"{'-' if number[0] == '-' else '+'} {number.lstrip('-')} {product}" for number, product in terms)
    given_arrays, wanted = {"δ": np.eye(7)}, 0
    for number, product in terms:
        factors = [factor.split("_") for factor in product.split()]
        for name, index in factors:
            shape = [range_of[i] for i in index]
            given_arrays[name] = np.eye(shape[0]) if name == "δ" else (9 * random.standard_normal(shape)).astype(dtype)
        wanted = wanted + float(Fraction(number)) * np.einsum(
            f"{','.join(i for _, i in factors)}->{out}",
            *(np.eye(range_of[i[0]]) if n == "δ" else given_arrays[n] for n, i in factors),
        )
    del given_arrays["δ"]
    function = ed.parse(f"H_{out} = {text.removeprefix('+ ')}").compile()
    np.testing.assert_allclose(function(**given_arrays), wanted, rtol=1e-5, atol=1e-4)
    agree(function.request, {name: x.real.astype(float) for name, x in given_arrays.items()})
