"""Results that no memory can hold."""

import pickle
import tracemalloc

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.program.run import memory


def test_a_result_that_cannot_fit_is_refused_before_it_is_allocated():
    function = ed.diff("L = (T_ij - U_ik V_jk)^2", "U", "U").compile()
    T = np.broadcast_to(np.zeros(()), (10**7, 10**7))
    with pytest.raises(ed.InputError) as found:
        function(T=T, V=np.zeros((10**7, 5)))
    message = str(found.value)
    assert "10000000 × 5 × 10000000 × 5 entries, 17.8 PiB" in message
    assert "hvp(" in message


def test_views_take_no_memory():
    f = ed.parse("y = x_i A_ij x_j").compile()
    A = np.broadcast_to(np.ones(()), (10**3, 10**3))
    assert f(A=A, x=np.ones(10**3)) == 10**6


INPUTS = {
    "not contiguous": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "fortran": np.asfortranarray,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "integer": lambda a: a.astype(np.int64),
    "small integer": lambda a: a.astype(np.int8),
    "single": lambda a: a.astype(np.float32),
    "nested lists": lambda a: a.tolist(),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("wrt", [("w",), ("w", "w")])
def test_arrays_of_every_kind_give_right_results(kind, wrt):
    random = np.random.default_rng(0)
    plain = {"X": np.round(random.standard_normal((60, 40)) * 3), "w": np.round(random.standard_normal(40) * 2)}
    plain["y"] = np.round(random.standard_normal(60))
    function = ed.diff("L = sum_n(softplus(X_ni w_i) - y_n (X_ni w_i))", *wrt).compile()
    wanted = function(**{name: a for name, a in plain.items() if name in function.inputs})
    given = {name: INPUTS[kind](a) for name, a in plain.items() if name in function.inputs}
    for a in given.values():
        if isinstance(a, np.ndarray):
            a.flags.writeable = False
    found = function(**given)
    assert found.dtype == (np.float32 if kind == "single" else np.float64)
    assert found.dtype.isnative
    assert found.flags.writeable
    tolerance = 1e-4 if kind == "single" else 1e-9
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


DISTANCES = "L = sum_{i,j}(exp(-sum_d((x_id - x_jd)^2)) a_j)"
LITTLE = 64 * 2**20


def test_arrays_of_several_dtypes_are_made_row_by_row_too(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: LITTLE)
    random = np.random.default_rng(0)
    x, a = random.standard_normal((2000, 3)), random.standard_normal(2000).astype(np.float32)
    wanted = np.exp(-((x[:, None] - x) ** 2).sum(2)).sum(0) @ a
    function = ed.parse(DISTANCES).compile()
    tracemalloc.start()
    found = function(x=x, a=a)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    assert peak < LITTLE < 2000**2 * 3 * 8


def test_what_a_framework_makes_as_a_whole_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: LITTLE)
    sizes = [2000, 3]
    function = ed.parse(DISTANCES).compile(backend="torch")
    with pytest.raises(ed.InputError, match="an array on the way has"):
        function._make(sizes, function._wanted, 8)


@pytest.mark.parametrize(
    ("text", "wrt", "offered"),
    [
        ("L = (x_i x_i)^2", ("x", "x"), "dense=False"),
        ("L = (x_i x_i)^2", ("x", "x"), "hvp(y"),
        ("y_i = x_i^2 x_j x_j", ("x",), 'jvp(y, "x", "v")'),
        ("y_i = x_i^2 x_j x_j", ("x", "x"), 'jvp(diff(y, "x"), "x", "v")'),
    ],
)
def test_what_is_offered_for_a_result_that_does_not_fit_can_be_run(monkeypatch, text, wrt, offered):
    monkeypatch.setattr(memory, "_physical", lambda: 2**20 if "diff" not in offered else 2**24)
    y, x, v = ed.parse(text), np.ones(700), np.ones(700)
    with pytest.raises(ed.InputError) as found:
        ed.diff(y, *wrt).compile()(x=x)
    assert offered in str(found.value)
    if offered == "dense=False":
        assert ed.diff(y, *wrt).compile(dense=False)(x=x).nbytes < 2**20
    elif offered == "hvp(y":
        assert ed.hvp(y, "x", "v").compile()(x=x, v=v).shape == (700,)
    elif len(wrt) == 1:
        assert ed.jvp(y, "x", "v").compile()(x=x, v=v).shape == (700,)


CHAINED = "y = sum_ij exp(A_ij x_i x_j)"


@pytest.mark.parametrize(
    ("text", "wrt", "offered", "verb"),
    [
        ("L = (x_i x_i)^2", ("x", "x"), 'hvp(y, "x", "v")', lambda y: ed.hvp(y, "x", "v")),
        ("L = (x_i x_i)^2 v_i x_i", ("x", "x"), 'hvp(y, "x", "dx")', lambda y: ed.hvp(y, "x", "dx")),
        ("L = (x_i v_i)^2", ("x", "v"), 'jvp(diff(y, "x"), "v", "dx")', lambda y: ed.jvp(ed.diff(y, "x"), "v", "dx")),
        ("L = (x_i x_i)^2", ("x",) * 3, 'jvp(diff(y, "x", "x"), "x", "v")', None),  # an array of 700 × 700
        ("y_i = x_i^2 x_j x_j", ("x", "x"), "jvp(", None),
        ("y_i = x_i^2 x_j x_j", ("x",), 'jvp(y, "x", "v")', lambda y: ed.jvp(y, "x", "v")),
        ("y_i = x_i^2 x_j x_j", ("x",), 'vjp(y, "x", "u")', lambda y: ed.vjp(y, "x", "u")),
        (CHAINED, ("x", "x"), "hvp", None),  # an array of 700 × 700 is made by the product, too
        ("z_j = x_j^2; y = (z_i x_i)^2", ("z", "z"), 'hvp(y, "z", "v")', lambda y: ed.hvp(y, "z", "v")),
    ],
)
def test_only_what_fits_is_offered(monkeypatch, text, wrt, offered, verb):
    monkeypatch.setattr(memory, "_physical", lambda: 2**20)
    y, arrays = ed.parse(text), {"x": np.ones(700), "v": np.ones(700), "A": np.broadcast_to(1.0, (700, 700))}
    function = ed.diff(y, *wrt).compile()
    with pytest.raises(ed.InputError) as found:
        function(**{name: a for name, a in arrays.items() if name in function.inputs})
    assert (offered in str(found.value)) == (verb is not None)
    if verb is not None:
        product = verb(y).compile()
        assert product(**{name: np.ones(700) for name in product.inputs}).shape == (700,)
        assert product.plan.peak_memory < 2**20
        with pytest.raises(ed.InputError) as again:  # the same from a function that was stored
            pickle.loads(pickle.dumps(function))(**{n: a for n, a in arrays.items() if n in function.inputs})
        assert str(again.value) == str(found.value)


def test_an_array_on_the_way_is_called_so_and_no_product_is_offered(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: 2**20)
    with pytest.raises(ed.InputError) as found:
        ed.diff("L = sum_{i,j}(tanh(x_i - z_j) A_ij)", "x").compile()(
            x=np.ones(700), z=np.ones(700), A=np.broadcast_to(1.0, (700, 700))
        )
    assert "an array on the way has 700 × 700 entries" in str(found.value)
    assert "vp(" not in str(found.value)


def test_results_that_fit_one_by_one_are_refused_where_they_do_not_together(monkeypatch):
    monkeypatch.setattr(memory, "_physical", lambda: 2**20)
    first, second = ed.diff("y = x_i x_i x_j x_j", "x", "x"), ed.diff("z = x_i A_ij x_j", "x", "x")
    x, A = np.ones(300), np.ones((300, 300))
    assert first.compile()(x=x).nbytes + second.compile()(A=A).nbytes > 2**20
    with pytest.raises(ed.InputError) as found:
        ed.compile(first, second)(x=x, A=A)
    assert "all results together have 180000 entries, 1.37 MiB; the memory here is 1 MiB" in str(found.value)
    assert "fewer results in one program" in str(found.value)
    with pytest.raises(ed.InputError, match=r"compile\(dense=False\)"):
        ed.compile(first, ed.diff("z_i = x_i^2", "x"))(x=x)
    ed.compile(first, ed.diff("z_i = x_i^2", "x"), dense=False)(x=x)


@pytest.mark.parametrize("dtype", [np.int8, np.float16, np.dtype(float).newbyteorder()])
def test_a_copy_that_cannot_fit_is_refused(monkeypatch, dtype):
    monkeypatch.setattr(memory, "_physical", lambda: 2**20)
    function, A = ed.parse("y = x_i A_ij x_j").compile(), np.broadcast_to(np.ones((), dtype), (700, 700))
    with pytest.raises(ed.InputError, match=r"the copy of A in float(64|32) has 700 × 700 entries"):
        function(A=A, x=np.ones(700))
    function(A=np.broadcast_to(1.0, (700, 700)), x=np.ones(700))


def test_the_limit_of_a_container_counts(monkeypatch, tmp_path):
    told = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "LIMITS", (told, tmp_path / "missing"))
    whole = memory._physical.__wrapped__()
    for text, limit in (("1048576\n", 2**20), ("max\n", whole), (f"{2**63}\n", whole)):
        told.write_text(text)
        assert memory._physical.__wrapped__() == limit


def test_too_little_memory_on_the_way_is_told_in_words(monkeypatch):
    def without_memory(_):
        raise MemoryError

    monkeypatch.setattr(np.linalg, "slogdet", without_memory)
    with pytest.raises(ed.InputError, match="cannot be computed for these arrays: there is too little memory"):
        ed.parse("s = logdet(A)").compile()(A=np.eye(2))


def test_a_diagonal_is_added_in_the_common_dtype():
    random = np.random.default_rng(0)
    A, x = random.standard_normal((3, 3)).astype(np.float32), random.standard_normal(3)
    for text, whole in (("Y_ij = A_ij + δ_ij x_i", A), ("Y_ij = sin(A_ij) + δ_ij x_i", np.sin(A))):
        for diagonal in (x, x + 2j * x):
            function = ed.parse(text).compile()
            found = function(A=A, x=diagonal)
            assert found.dtype == diagonal.dtype
            np.testing.assert_array_equal(found, whole + np.diag(diagonal))
            scope = {}
            exec(function.source, scope)
            np.testing.assert_array_equal(scope["program"](A=A, x=diagonal), found)


@pytest.mark.parametrize("size", [0, 1, 2])
@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("y = mean_i(x_i)", (0, 1)),
        ("y = exp(mean_i(x_i))/mean_i(x_i^2)", (0, 1, 2)),
        ("m = mean_i(x_i); v = mean_i((x_i - m)^2); y = v^2", (0, 1, 2, 3)),
    ],
)
@pytest.mark.parametrize("is_dense", [True, False])
def test_means_over_nothing_have_derivatives_without_entries(text, orders, size, is_dense):
    y = ed.parse(text)
    for order in orders:
        function = (ed.diff(y, *["x"] * order) if order else y).compile(dense=is_dense)
        with np.errstate(all="ignore"):
            assert function(x=np.arange(size) + 1.0).shape == (size,) * order
