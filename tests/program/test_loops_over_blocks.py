"""Long chains are carried out block by block, into buffers and over arrays of the program's own."""

import re
import warnings

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.program.emit import chains
from einsdiff.program.emit.numpy_dialect import NUMPY
from einsdiff.program.emit.reuse import LARGE
from tests.program.test_passes import agree, asked, planned, run, source

LAYER = "m_n = mean_c(x_nc); v_n = mean_c((x_nc - m_n)^2); y_nc = g_c (x_nc - m_n)/sqrt(v_n + 1/100000) + b_c"
BATCH = "m_c = mean_n(x_nc); v_c = mean_n((x_nc - m_c)^2); y_nc = g_c (x_nc - m_c)/sqrt(v_c + 1/100000) + b_c"
SQUARES = "w : vector(n) positive; L = w_n (X_ni b_i - y_n)^2"
HEADS = "P_hnm = softmax_m(Q_hne K_hme / 3); Y_hnv = P_hnm V_hmv"
LOGISTIC = "L = sum_n(log(1 + exp(-y_n X_ni w_i)))"

random = np.random.default_rng(3)
N, C = 4099, 17
NORM = {
    "x": random.standard_normal((N, C)),
    "g": random.standard_normal(C),
    "b": random.standard_normal(C),
    "U": random.standard_normal((N, C)),
}
ROWS = {
    "X": random.standard_normal((N, C)),
    "b": random.standard_normal(C),
    "y": random.standard_normal(N),
    "w": random.uniform(0.1, 1, N),
}


def vjp(text, *names):
    f = ed.parse(text)
    return ed.compile(*(ed.vjp(f, name, "U") for name in names)).request


@pytest.mark.parametrize(
    ("found", "given"),
    [
        (vjp(LAYER, "x", "g", "b"), NORM),
        (vjp(BATCH, "x", "g", "b"), NORM),
        (ed.compile(ed.diff(SQUARES, "b"), ed.diff(SQUARES, "b", "b")).request, ROWS),
        (asked(LOGISTIC, "w", "w"), {**ROWS, "w": ROWS["b"]}),
        (ed.parse("D_ij = exp(-(x_i - z_j)^2) tanh(x_i) + relu(z_j - x_i)^3").compile().request,
         {"x": random.standard_normal(601), "z": random.standard_normal(77)}),
        (ed.parse("D_ij = 1/(1 + (x_i - x_j)^4) - 2/3 x_i^2").compile().request, {"x": random.standard_normal(211)}),
        (ed.compile("D_ij = softplus(A_ij) sigmoid(A_ij - 1) - abs(A_ij)^(3/2) + sign(A_ij)/7 - A_ji^3").request,
         {"A": random.standard_normal((151, 151))}),
        (ed.parse("y_i = sum_j(exp(-(x_i - x_j)^2) where(x_i > x_j, x_j, 2 x_i))").compile().request,
         {"x": random.standard_normal(140)}),
    ],
)  # fmt: skip
def test_loops_and_arrays_written_over_keep_results(found, given):
    agree(found, given)


def test_a_loop_takes_rows_and_the_whole_of_the_same_array():
    x = random.standard_normal(1000)
    found = ed.compile("D_ij = exp(-(x_i - x_j)^2) tanh(x_i) + x_j^3")(x=x)
    np.testing.assert_allclose(
        found, np.exp(-((x[:, None] - x) ** 2)) * np.tanh(x)[:, None] + x**3, rtol=1e-13, atol=1e-14
    )


def test_a_program_that_loops_takes_arrays_of_other_sizes():
    plan = planned(vjp(LAYER, "x", "g", "b"), NORM)
    for n, c in ((0, 3), (1, 1), (481, 17), (5000, 3)):
        given = {**NORM, "x": NORM["x"][:1].repeat(n, 0)[:, :1].repeat(c, 1) + random.standard_normal((n, c))}
        given |= {"U": random.standard_normal((n, c)), "g": np.arange(c) + 0.5, "b": np.ones(c)}
        for result, wanted in zip(run(plan, given, 2**14), run(plan, given), strict=True):
            assert result.shape == wanted.shape
            np.testing.assert_allclose(result, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "change", [np.asfortranarray, lambda a: a[::-1, ::-1], lambda a: np.broadcast_to(a[:1], a.shape)]
)
def test_a_loop_takes_arrays_that_lie_in_any_way(change):
    given = {**NORM, "x": change(NORM["x"]), "U": change(NORM["U"])}
    plan = planned(vjp(LAYER, "x", "g", "b"), given)
    for result, wanted in zip(run(plan, given, 2**14), run(plan, given), strict=True):
        np.testing.assert_allclose(result, wanted, rtol=1e-9, atol=1e-9)


def test_arrays_of_several_dtypes_are_not_written_over():
    f = ed.parse("y_ni = tanh(A_ni) B_ni exp(-A_ni^2) B_ni")
    A, B = random.standard_normal((2, 400, 200))
    wanted = np.tanh(A) * B * np.exp(-A * A) * B
    for a, b in ((A, B.astype(np.float32)), (A.astype(np.float32), B), (A, B + 1j * A)):
        fn = f.compile()
        found = fn(A=a, B=b)
        assert "out=" not in fn.source
        assert found.dtype == np.result_type(a, b)
        np.testing.assert_allclose(found, np.tanh(a.astype(float)) * b * np.exp(-(a.astype(float) ** 2)) * b, rtol=1e-5)
    fn = f.compile()
    np.testing.assert_allclose(fn(A=A, B=B), wanted, rtol=1e-13)
    assert "out=" in fn.source
    single = f.compile()(A=A.astype(np.float32), B=B.astype(np.float32))
    assert single.dtype == np.float32
    with_ints = f.compile()(A=np.ones((400, 200), int), B=B)
    np.testing.assert_allclose(with_ints, np.tanh(1) * np.exp(-1) * B * B, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_true_or_false_tells_no_dtype(dtype):
    given = {"x": random.standard_normal(601), "b": np.array(0.1)}
    given |= {name: random.standard_normal((601, 151)) for name in "BC"} | {"z": random.standard_normal(151)}
    given = {name: a.astype(dtype) for name, a in given.items()}
    x, b, B, C, z = (given[name] for name in "xbBCz")
    is_above = (x > b)[:, None]
    for text, wanted in (
        ("y_ij = where(x_i > b, B_ij, C_ij)^2 B_ij", np.where(is_above, B, C) ** 2 * B),
        (
            "y_ij = where(x_i > b, B_ij, C_ij)^4 - where(x_i > b, z_j, 2)",
            np.where(is_above, B, C) ** 4 - np.where(is_above, z, 2),
        ),
        ("y_ij = exp(sin(where(x_i > b, z_j, z_1))) cos(z_j)", np.exp(np.sin(np.where(is_above, z, z[0]))) * np.cos(z)),
    ):
        fn = ed.compile(text)
        found = fn(**{name: given[name] for name in fn.inputs})
        assert "for k in range" in fn.source
        assert found.dtype == dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_what_a_caller_gave_and_gets_is_no_buffer():
    fn = ed.compile("y_i = tanh(exp(-x_i^2)) x_i - 1")
    x = random.standard_normal(50_000)
    kept = x.copy()
    one = fn(x=x)
    first = one.copy()
    fn(x=2 * x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(one, first)


def test_nan_and_infinities_pass_through_a_loop():
    x = random.standard_normal(70_000)
    x[[5, 40_000, 69_999]] = np.nan, np.inf, -np.inf
    found = ed.compile("y_i = tanh(x_i) sigmoid(x_i) + exp(-x_i^2)")(x=x)
    assert np.isnan(found[5]) and found[40_000] == 1 and found[69_999] == 0  # noqa: PT018
    assert np.isfinite(np.delete(found, 5)).all()


def test_a_sigmoid_in_a_loop_does_not_overflow():
    x = np.linspace(-1000, 1000, 60_001)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ed.compile("y_i = sigmoid(x_i)^2 - 3 sigmoid(x_i) + 1")(x=x)
    s = np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))
    np.testing.assert_allclose(found, s * s - 3 * s + 1, rtol=1e-13, atol=1e-15)


def test_a_large_array_that_is_not_read_again_is_written_over():
    given = {"x": random.standard_normal((300, 100)), "A": random.standard_normal((100, 100))}
    found = ed.parse("E_ij = exp(x_ik A_kj); y_ij = E_ij / sum_{m,n}(E_mn)").compile().request
    text = source(planned(found, given), "", NUMPY, LARGE)
    assert "/= " in text
    assert "Arrays of one dtype" in text
    agree(found, given)


@pytest.mark.parametrize(("width", "is_loop"), [(chains.BLOCK // 2, True), (chains.BLOCK // 2 + 1, False)])
def test_a_round_has_more_than_one_row(width, is_loop):
    given = {"A": random.standard_normal((23, width))}
    found = asked("L = sum_ij log(1 + exp(A_ij) A_ij^2)", "A")
    assert ("for k in range" in source(planned(found, given), "", NUMPY)) == is_loop


def heads(h, n, m, e, v, dtype=float):
    shapes = {"Q": (h, n, e), "K": (h, m, e), "V": (h, m, v), "U": (h, n, v)}
    return {name: random.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def attention(Q, K, V, U):
    """Return the VJP of attention by Q, K and V, head by head."""
    found = []
    for q, k, v, u in zip(Q, K, V, U, strict=True):
        P = np.exp(q @ k.T / 3)
        P /= P.sum(1, keepdims=True)
        S = P * (u @ v.T - np.sum(P * (u @ v.T), 1, keepdims=True)) / 3
        found.append((S @ k, S.T @ q, P.T @ u))
    return [np.stack(parts) for parts in zip(*found, strict=True)]


@pytest.mark.parametrize("sizes", [(5, 61, 47, 3, 7), (3, 190, 181, 40, 36)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_the_matrices_of_a_batch_are_multiplied_in_a_loop(sizes, dtype, tolerance):
    given = heads(*sizes, dtype)
    plan = planned(vjp(HEADS, "Q", "K", "V"), given)
    large = sizes[0] * sizes[1] * sizes[2]
    text = source(plan, "", NUMPY, large)
    assert text.index("for k in range") < text.index("np.matmul(")
    assert len(re.findall(r"np\.matmul\(.*, out=b", text)) == 2
    for result, wanted in zip(run(plan, given, large), attention(**given), strict=True):
        assert result.dtype == dtype
        np.testing.assert_allclose(result, wanted, rtol=tolerance, atol=tolerance)


def test_a_batch_whose_items_are_larger_than_a_block_goes_item_by_item():
    given = heads(3, 190, 181, 4, 2)
    plan = planned(vjp(HEADS, "Q", "K", "V"), given)
    assert ".shape[0], 1), 1):" in source(plan, "", NUMPY, 1)
    for h in (0, 1, 2):
        other = {name: a[:h] for name, a in given.items()}
        for result, wanted in zip(run(plan, other, 1), run(plan, other), strict=True):
            assert result.shape == wanted.shape
            np.testing.assert_allclose(result, wanted, rtol=1e-12, atol=1e-12)


def test_a_batch_keeps_what_it_is_given_in_any_order_of_memory_and_with_nan():
    given = {name: np.asfortranarray(a)[:, ::-1] for name, a in heads(3, 190, 181, 4, 2).items()}
    kept = {name: a.copy() for name, a in given.items()}
    fn = ed.compile(*(ed.vjp(ed.parse(HEADS), name, "U") for name in "QKV"))
    for result, wanted in zip(fn(**given), attention(**given), strict=True):
        np.testing.assert_allclose(result, wanted, rtol=1e-11, atol=1e-12)
    for name, a in given.items():
        np.testing.assert_array_equal(a, kept[name])
    given["K"] = given["K"].copy()
    given["K"][1, 7, 2] = np.nan
    by_q = fn(**given)[0]
    assert np.isnan(by_q[1]).all()
    assert np.isfinite(by_q[[0, 2]]).all()
