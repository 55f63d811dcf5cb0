"""Random expressions, compiled and run, against loops over Python numbers."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from einsdiff import parse
from einsdiff.algebra import build, walk
from einsdiff.algebra.nodes import Axis, IndexSize
from einsdiff.errors import EinsdiffError, SizeMismatchError
from einsdiff.program import compile as compile_request
from einsdiff.program.request import Input, Output, Request
from tests.program.loops import value
from tests.program.networks import KINDS, SIZE, arrays, entries, request

ARRAYS = arrays()


def looped(output, given_arrays, sizes):
    """Return an output entry by entry."""
    shape = [sizes[wire[0]] for wire, _ in output.axes]
    found = np.zeros(shape, complex)
    for places in itertools.product(*map(range, shape)):
        at = dict(zip([wire for wire, _ in output.axes], places, strict=True))
        found[places] = value(output.entry.node, tuple(at[w] for w in output.entry.wires), given_arrays, {})
    return found


def check(*entries_, sizes=None, dtype=float, tolerance=1e-9):
    """Compile, run, compare with the loops, and return the function."""
    sizes = sizes or KINDS
    asked = request(*entries_)
    function = compile_request(asked)
    given_arrays = arrays(sizes, dtype)
    results = function(**given_arrays)
    results = results if len(entries_) > 1 else (results,)
    for result, output in zip(results, asked.outputs, strict=True):
        wanted = looped(output, given_arrays, sizes)
        assert type(result) is np.ndarray
        assert result.dtype == dtype
        assert result.flags.writeable
        assert result.shape == wanted.shape
        assert not any(np.shares_memory(result, a) for a in given_arrays.values())
        wanted = wanted if np.dtype(dtype).kind == "c" else wanted.real
        np.testing.assert_allclose(result, wanted, rtol=tolerance, atol=tolerance, err_msg=function.source)
    return function


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(entries(), min_size=1, max_size=2))
def test_a_program_computes_what_the_loops_compute(found):
    found = [e for e in found if len(set(e.wires)) <= 4]
    if found:
        check(*found)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries(), st.sampled_from([{"i": 1, "j": 0, "k": 2}, {"i": 0, "j": 1, "k": 1}, {"i": 1, "j": 1, "k": 3}]))
def test_axes_of_size_zero_and_one_are_axes(entry, sizes):
    if len(set(entry.wires)) <= 4 and not _takes_a_component(entry):
        check(entry, sizes=sizes)


def _takes_a_component(entry):
    return "Unit" in repr(entry.node)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries())
def test_single_precision_stays_single(entry):
    if len(set(entry.wires)) <= 4 and walk.tensors(entry.node):
        check(entry, dtype=np.float32, tolerance=2e-3)


def A(i="i0", j="j0"):
    return build.tensor("A", [i, j])


def B(j="j0", k="k0"):
    return build.tensor("B", [j, k])


def S(i="i0", j="i1"):
    return build.tensor("S", [i, j])


def T(i="i0", j="j0", k="k0"):
    return build.tensor("T", [i, j, k])


def x(i="i0"):
    return build.tensor("x", [i])


def y(j="j0"):
    return build.tensor("y", [j])


def delta(a="i0", b="i1"):
    return build.delta(a, b, SIZE[a[0]])


def mul(*factors, bound=""):
    return build.multiply(*factors, bound=bound.split())


def quotient(*factors, bound="", scale=1):
    """Return the product of (entry, exponent)s."""
    return build.product([(*f, False) for f in factors], bound.split(), scale)


def total(*terms):
    return build.total([(*t, False) for t in terms])


def reduced(operator, body, over):
    return build.reduce(operator, body, {w: SIZE[w[0]] for w in over.split()})


def matrix(function, body, row="i0", column="i1"):
    return build.matrix_function(function, body, row, column)


def unit(wire, place):
    return build.unit(wire, SIZE[wire[0]], place)


def ones(wire):
    return build.ones(wire, SIZE[wire[0]])


s = build.tensor("s", [])
third = Fraction(1, 3)

# fmt: off
CASES = {
    "A_ij y_j":                     lambda: mul(A(), y(), bound="j0"),
    "x_i A_ij":                     lambda: mul(x(), A(), bound="i0"),
    "A_ij B_jk":                    lambda: mul(A(), B(), bound="j0"),
    "A_ij B_jk A_lj, j in three":   lambda: mul(A(), B(), A("i1"), bound="j0"),
    "A_ij A_ij":                    lambda: mul(A(), A(), bound="i0 j0"),
    "T_ijk A_ij":                   lambda: mul(T(), A(), bound="i0 j0"),
    "T_ijk B_jk":                   lambda: mul(T(), B(), bound="j0 k0"),
    "T_ijk y_j for each i k":       lambda: mul(T(), y(), bound="j0"),
    "T_ijk T_ilk for each i":       lambda: mul(T(), T(j="j1"), bound="k0"),
    "T_ijk A_ij for each i":        lambda: mul(T(), A(), bound="j0"),
    "A_ij A_ij for each i":         lambda: mul(A(), A(), bound="j0"),
    "A_ij A_ij for each j":         lambda: mul(A(), A(), bound="i0"),
    "A_ij T_ijk for each j":        lambda: mul(A(), T(), bound="i0"),
    "S_ii":                         lambda: mul(S(j="i0"), bound="i0"),
    "S_ii for each i":              lambda: mul(S(j="i0")),
    "S_ij x_i for each i j":        lambda: mul(S(), x()),
    "x_i x_j y_k":                  lambda: mul(x(), x("i1"), y()),
    "δ_ij":                         delta,
    "x_i δ_ij":                     lambda: mul(x(), delta()),
    "A_ij δ_ik δ_jl":               lambda: mul(A(), delta(), delta("j0", "j1")),
    "δ_ii":                         lambda: mul(delta("i0", "i0"), bound="i0"),
    "S_ij + x_i δ_ij":              lambda: build.add(S(), mul(x(), delta())),
    "2 S_ij - δ_ij / 3":            lambda: total((2, S()), (-third, delta())),
    "x_2 y_j":                      lambda: mul(x("i9"), unit("i9", 2), y(), bound="i9"),
    "A_i2":                         lambda: mul(A(), unit("j0", 2), bound="j0"),
    "δ_2i y_j":                     lambda: mul(unit("i0", 2), y()),
    "A_ij + δ_2i y_j":              lambda: build.add(A(), mul(unit("i0", 2), y())),
    "A_ij + x_i 1_j":               lambda: build.add(A(), mul(x(), ones("j0"))),
    "1_i 1_j":                      lambda: mul(ones("i0"), ones("j0")),
    "x_i / y_j":                    lambda: quotient((x(), 1), (y(), -1)),
    "1 / (x_i y_j)":                lambda: quotient((x(), -1), (y(), -1)),
    "sum_j A_ij / y_j":             lambda: quotient((A(), 1), (y(), -1), bound="j0"),
    "sum_j 1 / (A_ij y_j)":         lambda: quotient((A(), -1), (y(), -1), bound="j0"),
    "A_ij y_j / (3 s x_i)":         lambda: quotient((A(), 1), (y(), 1), (s, -1), (x(), -1), bound="j0", scale=third),
    "x_i^(1/2)":                    lambda: build.power(x(), Fraction(1, 2)),
    "x_i^(-3/2)":                   lambda: build.power(x(), Fraction(-3, 2)),
    "x_i^(2/3) + x_i^5":            lambda: build.add(build.power(x(), Fraction(2, 3)), build.power(x(), 5)),
    "2^(1/2) x_i":                  lambda: quotient((build.number(2), Fraction(1, 2)), (x(), 1)),
    "x_i - x_i^3 / 3 + x_i^4":      lambda: total((1, x()), (-third, build.power(x(), 3)), (1, build.power(x(), 4))),
    "max_j A_ij":                   lambda: reduced("max", A(), "j0"),
    "min_ij A_ij":                  lambda: reduced("min", A(), "i0 j0"),
    "prod_i A_ij":                  lambda: reduced("prod", A(), "i0"),
    "logsumexp_jk T_ijk":           lambda: reduced("logsumexp", T(), "j0 k0"),
    "logsumexp_i (S_ii y_j)":       lambda: reduced("logsumexp", mul(S(j="i0"), y()), "i0"),
    "prod_j (x_i 1_j)":             lambda: reduced("prod", mul(x(), ones("j0")), "j0"),
    "inv(S)_ij x_j":                lambda: mul(matrix("inv", S()), x("i1"), bound="i1"),
    "inv(S)_ji":                    lambda: matrix("inv", S(), "i1", "i0"),
    "det(S) inv(S)_ij":             lambda: mul(matrix("det", S()), matrix("inv", S())),
    "logdet(S S')":                 lambda: matrix("logdet", mul(S(), S("i2", "i1"), bound="i1"), "i0", "i2"),
    "adj(S)_ji x_j":                lambda: mul(matrix("adj", S(), "i1", "i0"), x("i1"), bound="i1"),
    "inv(δ + S)":                   lambda: matrix("inv", build.add(S(), delta())),
    "exp(A_ij + x_i)":              lambda: build.apply("exp", build.add(A(), build.spread(x(), {"j0": SIZE["j"]}))),
    "max(x_i, y_j)":                lambda: build.apply("max", x(), y()),
    "where(x_i > y_j, A_ij, 0)":    lambda: build.apply("where", build.apply("gt", x(), y()), A(), build.number(0)),
    "exp(δ_ij)":                    lambda: build.apply("exp", delta()),
    "#i x_i":                       lambda: mul(build.size_of(SIZE["i"]), x()),
    "x_i / #j":                     lambda: quotient((x(), 1), (build.size_of(SIZE["j"]), -1)),
    "0":                            lambda: build.number(0),
    "7/3":                          lambda: build.number(Fraction(7, 3)),
    "x_i":                          x,
    "s":                            lambda: s,
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_network_is_computed(name):
    check(CASES[name]())


REAL = ("max", "min", "where", "7/3")


@pytest.mark.parametrize("name", [n for n in CASES if n != "0" and not any(f in n for f in REAL)])
def test_complex_entries_are_never_conjugated(name):
    asked = request(CASES[name]())
    given_arrays = {n: a * np.exp(0.3j * (1 + k)) for k, (n, a) in enumerate(arrays().items())}
    result = compile_request(asked)(**given_arrays)
    assert result.dtype == complex
    np.testing.assert_allclose(result, looped(asked.outputs[0], given_arrays, KINDS), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rank", [2, 3, 4])
def test_the_alternating_tensor_has_the_signs_of_permutations(rank):
    wires = [f"e{k}" for k in range(rank)]
    entry = build.epsilon(wires)
    asked = Request((Output("y", entry, tuple((w, rank) for w in wires)),), ())
    np.testing.assert_array_equal(compile_request(asked)(), looped(asked.outputs[0], {}, {"e": rank}).real)


def test_an_alternating_tensor_that_is_too_large_is_refused():
    wires = [f"e{k}" for k in range(12)]
    with pytest.raises(EinsdiffError, match="ε with 12 indices"):
        compile_request(Request((Output("y", build.epsilon(wires), tuple((w, 12) for w in wires)),), ()))()


def test_axes_come_in_the_order_that_is_asked_for():
    for order in itertools.permutations(["i0", "j0", "k0"]):
        axes = tuple((w, SIZE[w[0]]) for w in order)
        function = compile_request(Request((Output("y", T(), axes),), ()))
        wanted = ARRAYS["T"].transpose([["i0", "j0", "k0"].index(w) for w in order])
        np.testing.assert_array_equal(function(T=ARRAYS["T"]), wanted)


def test_a_zero_has_its_shape():
    axes = (("i0", Axis("A", 0)), ("j0", Axis("y", 0)))
    function = compile_request(Request((Output("y", build.ZERO, axes),), (Input("A", 2), Input("y", 1))))
    result = function(A=ARRAYS["A"].astype(np.float32), y=ARRAYS["y"].astype(np.float32))
    assert result.shape == (2, 3)
    assert result.dtype == np.float32
    assert not result.any()


def test_a_size_that_nothing_tells_is_asked_for():
    axes = (("i0", IndexSize("i")),)
    entry = build.multiply(build.number(3), build.ones("i0", IndexSize("i")))
    with pytest.raises(SizeMismatchError) as error:
        compile_request(Request((Output("y", entry, axes),), (), source="y_i = 3"))()
    assert str(error.value) == (
        'nothing tells how far i runs\n\n  1 | y_i = 3\n    | ^^^^^^^\n\n  help: give its size:  sizes={"i": 3}'
    )
    result = compile_request(Request((Output("y", entry, axes),), (), (), {"i": 4}))()
    np.testing.assert_array_equal(result, [3.0] * 4)


def test_equal_parts_of_several_results_are_computed_once():
    product = build.multiply(A(), y(), bound=["j0"])
    function = check(build.apply("exp", product), build.multiply(x(), product, bound=["i0"]), product)
    assert function.source.count(".dot(y)") == 1


def test_two_results_that_are_equal_share_no_memory():
    function = compile_request(request(build.power(x(), 2), build.power(x(), 2)))
    one, two = function(x=ARRAYS["x"])
    assert not np.shares_memory(one, two)


@pytest.mark.parametrize("first", range(6))
def test_a_sum_of_many_terms_of_which_most_lack_an_axis(first):
    names = [f"a{k}" for k in range(first, first + 14)]
    function = parse(f"y[i,j] = exp({' + '.join(f'{name}[i]' for name in names)} + b[j] + c[j])").compile()
    given_arrays = {name: (np.arange(2.0) + k) / 100 for k, name in enumerate(names)}
    b, c = np.array([0.3, -0.2, 0.7]), np.array([0.1, 0.5, -0.9])
    wanted = np.exp(sum(given_arrays.values())[:, None] + b + c)
    np.testing.assert_allclose(function(**given_arrays, b=b, c=c), wanted)


def test_a_product_of_sixty_and_more_indices_is_computed():
    count = 70
    factors = [build.tensor(f"M{k}", [k, (k + 1) % count]) for k in range(count)]
    entry = build.multiply(*factors, bound=range(count))
    given_arrays = {f"M{k}": np.eye(2) + 0.01 * k for k in range(count)}
    wanted = np.trace(np.linalg.multi_dot(list(given_arrays.values())))
    function = compile_request(Request((Output("y", entry, ()),), ()))
    np.testing.assert_allclose(function(**given_arrays), wanted)


def test_a_tensor_with_sixty_axes_is_contracted():
    entry = build.multiply(
        build.tensor("T", range(60)), *(build.tensor(f"v{k}", [k]) for k in range(60)), bound=range(60)
    )
    function = compile_request(Request((Output("y", entry, ()),), ()))
    shape = (2,) * 3 + (1,) * 57
    given_arrays = {f"v{k}": np.full(shape[k], 1.0 + k) for k in range(60)}
    result = function(T=np.ones(shape), **given_arrays)
    np.testing.assert_allclose(result, np.prod([a.sum() for a in given_arrays.values()]))


def test_more_axes_than_an_array_has_are_refused():
    entry = build.multiply(*(build.tensor(f"v{k}", [k]) for k in range(70)))
    axes = tuple((k, Axis(f"v{k}", 0)) for k in range(70))
    with pytest.raises(EinsdiffError, match="arrays end at 64"):
        compile_request(Request((Output("y", entry, axes),), ())).source  # noqa: B018


def test_deep_and_wide_programs_compile():
    deep = x()
    for k in range(5000):
        deep = build.apply("sin" if k % 2 else "tanh", deep)
    wide = build.total([(k + 1, build.apply("sin", build.scale(k + 2, x())), False) for k in range(2000)])
    value_ = ARRAYS["x"]
    for k in range(5000):
        value_ = np.sin(value_) if k % 2 else np.tanh(value_)
    total = sum((k + 1) * np.sin((k + 2) * ARRAYS["x"]) for k in range(2000))
    results = compile_request(request(deep, wide))(x=ARRAYS["x"])
    np.testing.assert_allclose(results[0], value_, rtol=1e-9)
    np.testing.assert_allclose(results[1], total, rtol=1e-9)


def test_a_chain_of_matrices_is_multiplied_in_the_cheapest_order():
    entry = build.multiply(
        build.tensor("P", ["i", "j"]), build.tensor("Q", ["j", "k"]), build.tensor("v", ["k"]), bound=["j", "k"]
    )
    function = compile_request(Request((Output("y", entry, (("i", Axis("P", 0)),)),), ()))
    function(P=np.ones((50, 60)), Q=np.ones((60, 70)), v=np.ones(70))
    assert function.plan.flops == 2 * 60 * 70 + 2 * 50 * 60
