"""Calling a compiled function: what it accepts, what it refuses and in which words, what it keeps."""

import copy
import pickle
import sys
import threading
import timeit

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.algebra import build
from einsdiff.algebra.nodes import Axis
from einsdiff.errors import EinsdiffError, InputError, SizeMismatchError, Span, UnknownNameError
from einsdiff.program import CompiledFunction
from einsdiff.program import compile as compile_request
from einsdiff.program.request import Input, Output, Request, SizeClass
from einsdiff.program.run.function import keep

TEXT = "y_i = A_ij x_j + b_i"


def affine(shift="", sizes=None, declared=None):
    """Return the function of y_i = A_ij x_j + b_i, its formula shifted."""
    A, x, b = build.tensor("A", ["i", "j"]), build.tensor("x", ["j"]), build.tensor("b", ["i"])
    entry = build.add(build.multiply(A, x, bound=["j"]), b)
    k = len(shift)
    classes = (
        SizeClass("i", ((Axis("A", 0), Span(8 + k, 9 + k)), (Axis("b", 0), Span(19 + k, 20 + k)))),
        SizeClass("j", ((Axis("A", 1), Span(9 + k, 10 + k)), (Axis("x", 0), Span(13 + k, 14 + k))), declared),
    )
    inputs = (Input("A", 2), Input("x", 1), Input("b", 1), Input("z", 3))
    outputs = (Output("y", entry, (("i", Axis("A", 0)),)),)
    return compile_request(Request(outputs, inputs, classes, sizes or {}, shift + TEXT))


GOOD = {"A": np.arange(6.0).reshape(2, 3), "x": np.array([1.0, -1.0, 2.0]), "b": np.array([10.0, 20.0])}
WANTED = GOOD["A"] @ GOOD["x"] + GOOD["b"]


def entrywise(function="f", orders=None, count=1):
    arguments = [build.tensor(name, ["i"]) for name in "xyz"[:count]]
    entry = build.apply(function, *arguments, orders=orders)
    return compile_request(Request((Output("y", entry, (("i", Axis("x", 0)),)),), (), (), {}, "y_i = f(x_i)"))


# fmt: off
REFUSED = {
    "two sizes": (
        {"x": np.ones(4)}, SizeMismatchError,
        "j is 3 in A [^] and 4 in x [~]\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    |          ^   ~\n"
        "\n"
        "  given: A.shape == (2, 3), x.shape == (4,)",
    ),
    "a rank": (
        {"x": np.ones((3, 1))}, InputError,
        "x [^] has 1 axis in the formula, and the array given has 2\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    |              ^\n"
        "\n"
        "  given: x.shape == (3, 1)\n"
        "  help: x=x.reshape(3)",
    ),
    "nothing": (
        {"x": None}, InputError,
        "the array x [^] is missing\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    |              ^\n"
        "\n"
        "  help: call it as  fn(A=A, x=x, b=b)",
    ),
    "an unknown name": (
        {"X": np.ones(3)}, UnknownNameError,
        "there is no input X\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    | ^^^^^^^^^^^^^^^^^^^^\n"
        "\n"
        "  help: did you mean x?  inputs: A, x, b, z",
    ),
    "texts": (
        {"x": ["a", "b", "c"]}, InputError,
        "x [^] is an array of numbers, and texts were given\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    |              ^\n"
        "\n"
        "  help: x=np.array([1.0, 2.0])",
    ),
    "ragged lists": (
        {"A": [[1, 2], [3]]}, InputError,
        "A [^] is an array of numbers, and objects were given\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    |         ^\n"
        "\n"
        "  help: A=np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])",
    ),
    "a function": (
        {"x": len}, InputError,
        "x is an array in the formula [^], and a function was given\n"
        "\n"
        "  1 | y_i = A_ij x_j + b_i\n"
        "    |              ^\n"
        "\n"
        "  help: x=np.array([1.0, 2.0])",
    ),
}
# fmt: on


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("shift", ["", "  "])
def test_what_does_not_fit_is_refused_with_the_place_marked(case, shift):
    changes, kind, text = REFUSED[case]
    with pytest.raises(EinsdiffError) as error:
        affine(shift)(**{**GOOD, **changes})
    assert type(error.value) is kind
    lines = []
    for line in text.split("\n"):
        head, bar, tail = line.partition("| ")
        lines.append(f"{head}{bar}{shift}{tail}" if bar else line)
    assert str(error.value) == "\n".join(lines)


def test_a_size_that_was_declared_binds_the_arrays():
    with pytest.raises(SizeMismatchError) as error:
        affine(declared=4)(**GOOD)
    assert str(error.value).split("\n")[0] == "j is 3 in A [^] and 4 as declared"
    with pytest.raises(SizeMismatchError) as error:
        affine(sizes={"j": 5})(**GOOD)
    assert str(error.value).split("\n")[0] == 'j is 3 in A [^] and 5 in sizes={"j": 5}'
    np.testing.assert_array_equal(affine(sizes={"j": 3})(**GOOD), WANTED)


@pytest.mark.parametrize("size", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_sizes_are_whole_numbers_of_python_or_numpy(size):
    np.testing.assert_array_equal(ed.parse("y_ij = δ_ij").compile(sizes={"i": size})(), np.eye(3))
    assert ed.check("δ_ii = 3", sizes={"i": size})


@pytest.mark.parametrize("size", [-1, 3.0, np.float64(3), True, np.True_, "3", None, np.array([3])])
def test_sizes_that_are_no_whole_numbers_are_refused(size):
    with pytest.raises(ed.InputError, match="a size is a whole number, 0 or more"):
        ed.parse("y_ij = δ_ij").compile(sizes={"i": size})


@pytest.mark.parametrize("wrong", [None, 3, ["numpy"], "numpi"])
def test_options_that_are_no_known_names_are_refused(wrong):
    for option in ("backend", "layout"):
        with pytest.raises(ed.UnknownNameError, match="there is no"):
            ed.parse("y_ij = δ_ij").compile(**{option: wrong})
    with pytest.raises(ed.UnknownNameError, match="no index and no declared size"):
        ed.parse("y_ij = δ_ij").compile(sizes={3: 3})


def test_two_fixed_sizes_that_differ_are_refused_at_once():
    with pytest.raises(SizeMismatchError, match=r"j is 3 as declared and 4 in sizes=\{\"j\": 4\}"):
        affine(sizes={"j": 4}, declared=3)


def test_a_wrong_call_is_refused_after_a_right_one_too():
    function = affine()
    np.testing.assert_array_equal(function(**GOOD), WANTED)
    for changes, kind, _ in REFUSED.values():
        with pytest.raises(kind):
            function(**{**GOOD, **changes})
    np.testing.assert_array_equal(function(**GOOD), WANTED)


def test_size_one_is_not_stretched():
    with pytest.raises(SizeMismatchError):
        affine()(**{**GOOD, "b": np.ones(1)})


def test_inputs_that_are_not_needed_are_ignored():
    function = affine()
    np.testing.assert_array_equal(function(**GOOD, z=np.ones((1, 2, 3))), WANTED)
    np.testing.assert_array_equal(function(**GOOD, z="anything"), WANTED)
    assert function.inputs == ("A", "x", "b", "z")


def _frozen(a):
    a = a.copy()
    a.flags.writeable = False
    return a


# fmt: off
ACCEPTED = {
    "lists":            lambda a: a.tolist(),
    "tuples":           lambda a: tuple(a.tolist()),
    "integers":         lambda a: a.astype(int),
    "small integers":   lambda a: a.astype(np.int8),
    "a transposed view": lambda a: np.ascontiguousarray(a.T).T,
    "every second entry": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "a matrix object":  lambda a: a.view(np.matrix) if a.ndim == 2 else a,
    "read-only":        _frozen,
}
# fmt: on


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_what_numpy_takes_for_an_array_is_one(case):
    function = affine()
    for _ in range(2):
        result = function(**{name: ACCEPTED[case](a) for name, a in GOOD.items()})
        assert type(result) is np.ndarray
        assert result.dtype == float
        np.testing.assert_allclose(result, WANTED)


@pytest.mark.parametrize(
    ("given", "made"),
    [(np.float32, np.float32), (np.float16, np.float32), (np.complex64, np.complex64), (np.complex128, np.complex128),
     (np.longdouble, np.longdouble), (bool, np.float64), (np.uint8, np.float64)],
)  # fmt: skip
def test_the_dtype_of_the_result_is_that_of_the_arrays(given, made):
    result = affine()(**{name: a.astype(given) for name, a in GOOD.items()})
    assert result.dtype == made


def test_calls_that_differ_in_dtype_or_shape_only_do_not_mix():
    function = affine()
    single = {name: a.astype(np.float32) for name, a in GOOD.items()}
    for _ in range(2):
        assert function(**GOOD).dtype == np.float64
        assert function(**single).dtype == np.float32
        assert function(**{**single, "x": GOOD["x"]}).dtype == np.float64
        assert function(**{name: a.astype(int) for name, a in GOOD.items()}).dtype == np.float64
        assert function(A=np.ones((4, 1)), x=np.ones(1), b=np.ones(4)).shape == (4,)


def test_numbers_take_the_dtype_of_the_arrays():
    c, x = build.tensor("c", []), build.tensor("x", ["i"])
    function = compile_request(Request((Output("y", build.multiply(c, x), (("i", Axis("x", 0)),)),), ()))
    for number in (2, 2.0, True, np.float64(2), np.array(2.0), np.int64(2)):
        for dtype in (np.float32, np.float64, np.complex64):
            x_ = np.ones(3, dtype)
            result = function(c=number, x=x_)
            np.testing.assert_allclose(result, x_ * float(number))
            if type(number) in (int, float, bool):
                assert result.dtype == dtype
    assert function(c=1j, x=np.ones(3, np.float32)).dtype == np.complex64
    exact = function(c=0.1, x=np.ones(1))
    function(c=0.1, x=np.ones(1, np.float32))
    assert function(c=0.1, x=np.ones(1)) == exact == 0.1


def test_results_are_new_writable_arrays():
    x, A = build.tensor("x", ["i"]), build.tensor("A", ["i", "j"])
    diagonal = build.multiply(build.tensor("A", ["i", "i"]))
    rows = ((x, ["i"]), (A, ["j", "i"]), (diagonal, ["i"]), (build.multiply(diagonal, bound=["i"]), []))
    given = {"x": np.ones(3), "A": np.ones((3, 3))}
    for entry, wires in rows:
        axes = tuple((w, Axis("A", 0)) for w in wires)
        function = compile_request(Request((Output("y", entry, axes), Output("z", entry, axes)), ()))
        results = function(**{t: given[t] for t in function.source.split("(*, ")[1].split(")")[0].split(", ")})
        for result in results:
            assert type(result) is np.ndarray
            result[...] = 7.0
        np.testing.assert_array_equal(given["A"], np.ones((3, 3)))
        np.testing.assert_array_equal(given["x"], np.ones(3))
        assert not np.shares_memory(*results)


def test_a_greek_name_is_also_taken_by_its_name_in_letters():
    lam, alpha = build.tensor("λ", []), build.tensor("α1", ["i"])
    function = compile_request(Request((Output("y", build.multiply(lam, alpha), (("i", Axis("α1", 0)),)),), ()))
    for name, other in (("λ", "α1"), ("lambda", "alpha1"), ("λ", "alpha1")):
        np.testing.assert_array_equal(function(**{name: 2.0, other: np.ones(2)}), [2.0, 2.0])
    with pytest.raises(InputError, match="λ is given twice"):
        function(**{"λ": 2.0, "lambda": 3.0, "α1": np.ones(2)})


def test_unknown_functions_are_given_as_callables():
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(entrywise()(x=x, f=np.square), [1.0, 4.0])
    np.testing.assert_array_equal(entrywise(orders=(1,))(x=x, df=lambda u: 3 * u), [3.0, 6.0])
    np.testing.assert_array_equal(entrywise(orders=(2,))(x=x, d2f=np.negative), [-1.0, -2.0])
    two = entrywise(orders=(1, 2), count=2)
    np.testing.assert_array_equal(two(x=x, y=x, d3f_122=lambda u, v: u * v), [1.0, 4.0])


def test_unknown_functions_of_whole_arrays_are_given_as_callables():
    A, x = build.tensor("A", ["i", "j"]), build.tensor("x", ["k"])
    arguments = [(A, ["i", "j"]), (x, ["k"])]
    value = build.call("f", arguments, ["a"])
    slope = build.call("f", arguments, ["a", "k"], [1])
    both = build.multiply(value, slope, bound=["a"])
    axes = (("k", Axis("x", 0)),)
    function = compile_request(Request((Output("y", both, axes),), (), (), {}, "y_k = f_a(A, x) …"))
    given = {"A": np.arange(6.0).reshape(2, 3), "x": np.ones(3)}
    result = function(**given, f=lambda A, x: A @ x, df_2=lambda A, _: A)
    np.testing.assert_allclose(result, given["A"].T @ (given["A"] @ given["x"]))


def test_what_a_callable_returns_is_checked():
    x = np.array([1.0, 2.0])
    with pytest.raises(InputError, match=r"f works entry by entry: for shape \(2,\) it returned shape \(\)"):
        entrywise()(x=x, f=np.sum)
    with pytest.raises(InputError, match="f returned objects, not numbers"):
        entrywise()(x=x, f=lambda _: object())
    with pytest.raises(InputError, match="f returned a masked array"):
        entrywise()(x=x, f=lambda x: np.ma.array(x, mask=[True, False]))
    with pytest.raises(InputError, match="f is a function in the formula, and an array was given"):
        entrywise()(x=x, f=x)
    with pytest.raises(InputError, match="the function f is missing"):
        entrywise()(x=x)
    whole = build.call("g", [(build.tensor("x", ["i"]), ["i"])], ["a"])
    function = compile_request(Request((Output("y", whole, (("a", Axis("g", 0)),)),), ()))
    with pytest.raises(InputError, match="g returned an array with 0 axes, and its formula has 1"):
        function(x=x, g=np.sum)


def test_the_shape_of_what_a_callable_returns_must_fit():
    g = build.call("g", [(build.tensor("x", ["i"]), ["i"])], ["a"])
    entry = build.multiply(build.tensor("A", ["a", "b"]), g, build.delta("a", "c", Axis("g", 0)))
    axes = (("a", Axis("A", 0)), ("b", Axis("A", 1)), ("c", Axis("g", 0)))
    function = compile_request(Request((Output("y", entry, axes),), ()))
    A, x = np.arange(6.0).reshape(2, 3), np.ones(4)
    result = function(A=A, x=x, g=lambda _: np.array([1.0, 2.0]))
    np.testing.assert_array_equal(result, np.einsum("ab,ac->abc", A, np.diag([1.0, 2.0])))
    with pytest.raises(SizeMismatchError, match=r"g returned shape \(1,\), and its formula needs \(2\)"):
        function(A=A, x=x, g=lambda _: np.array([1.0]))


def test_a_size_may_be_told_by_what_a_callable_returns_alone():
    g = build.call("g", [(build.tensor("x", ["i"]), ["i"])], ["a"])
    entry = build.multiply(g, build.delta("a", "c", Axis("g", 0)))
    axes = (("a", Axis("g", 0)), ("c", Axis("g", 0)))
    function = compile_request(Request((Output("y", entry, axes),), ()))
    np.testing.assert_array_equal(function(x=np.ones(4), g=lambda x: x[:3]), np.eye(3))


def test_an_array_and_a_callable_of_one_name_are_refused():
    entry = build.multiply(build.apply("f", build.tensor("x", ["i"]), orders=(1,)), build.tensor("df", ["i"]))
    with pytest.raises(InputError, match="df is an array in the formula, and the function of that name is needed too"):
        compile_request(Request((Output("y", entry, (("i", Axis("x", 0)),)),), ()))


def test_what_goes_wrong_in_a_callable_is_shown_as_it_is():
    def broken(_):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        entrywise()(x=np.ones(2), f=broken)


def test_a_result_that_is_too_large_is_told_in_words():
    wires = "ijklm"
    entry = build.multiply(*(build.delta(w, w.upper(), Axis("x", 0)) for w in wires), build.tensor("x", ["i"]))
    axes = tuple((w, Axis("x", 0)) for w in (*wires, *wires.upper()))
    function = compile_request(Request((Output("y", entry, axes),), (), (), {}, "y = …"))
    with pytest.raises(InputError, match=r"^y has 3000 × .* entries, .* the memory here is"):
        function(x=np.ones(3000))


def test_a_function_of_reals_refuses_complex_numbers_in_words():
    with pytest.raises(InputError, match="is complex, and erf is a function of real numbers"):
        entrywise("erf")(x=np.array([1j]))


def test_a_singular_matrix_is_told_in_words():
    entry = build.matrix_function("inv", build.tensor("A", ["i", "j"]), "i", "j")
    axes = (("i", Axis("A", 0)), ("j", Axis("A", 1)))
    function = compile_request(Request((Output("y", entry, axes),), (), (), {}, "y_ij = inv(A)_ij"))
    with pytest.raises(InputError, match="the formula cannot be computed for these arrays: Singular matrix"):
        function(A=np.zeros((2, 2)))
    with pytest.raises(SizeMismatchError):
        function(A=np.zeros((2, 3)))


def test_an_index_that_stands_at_components_of_delta_alone_is_sized_by_its_name():
    f = ed.parse("y = (δ_1i S_11 + δ_2i S_22)(δ_1i a_1 + δ_2i a_2)")
    arrays = {"S": np.diag([1.0, 2.0]), "a": np.array([3.0, 4.0])}
    assert f.compile(sizes={"i": 5})(**arrays) == 11
    with pytest.raises(SizeMismatchError, match="nothing tells how far i runs"):
        f.compile()(**arrays)


def test_a_component_beyond_the_axis_is_refused():
    entry = build.multiply(build.tensor("x", ["i"]), build.unit("i", Axis("x", 0), 3), bound=["i"])
    function = compile_request(Request((Output("y", entry, ()),), (), (), {}, "y = x_3"))
    assert function(x=np.arange(3.0)) == 2.0
    with pytest.raises(SizeMismatchError, match="component 3 is asked for"):
        function(x=np.arange(2.0))


def test_a_function_is_pickled_by_what_was_asked():
    function = affine()
    assert isinstance(function, CompiledFunction)
    for other in (pickle.loads(pickle.dumps(function)), copy.deepcopy(function)):
        np.testing.assert_array_equal(other(**GOOD), WANTED)
    assert repr(function) == "<compiled function of A, x, b, z>"


NAMES = ("self", "values", "others", "quick", "kind", "array", "asarray", "dtype", "scalars", "failures", "error",
         "carefully", "t1", "s1", "np", "math", "program", "softplus", "type", "__call__", "lambda")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_an_input_may_have_any_name(name):
    A, x = build.tensor("A", ["i", "j"]), build.tensor(name, ["j"])
    product = build.multiply(A, build.apply("softplus", x), bound=["j"])
    entry = build.multiply(product, product, build.apply("exp", build.contract(product, "i")))
    others = [other for other in NAMES if other != name]
    inputs = tuple(Input(n, r) for n, r in (("A", 2), (name, 1), *((other, 1) for other in others)))
    function = compile_request(Request((Output("y", entry, (("i", Axis("A", 0)),)),), inputs))
    given = {"A": np.arange(6.0).reshape(2, 3), name: np.array([1.0, -1.0, 0.5])}
    product = given["A"] @ np.logaddexp(0, given[name])
    for more in ({}, {}, dict.fromkeys(others, 7.0), {}):
        np.testing.assert_allclose(function(**given, **more), product**2 * np.exp(product.sum()))
    with pytest.raises(UnknownNameError):
        function(**given, B=1.0)
    with pytest.raises(SizeMismatchError):
        function(**{**given, name: np.ones(4)})


def test_calls_with_arrays_of_known_shapes_go_the_quick_way():
    function = affine()
    careful = []
    type(function).carefully = lambda self, given: careful.append(given) or CompiledFunction.carefully(self, given)
    for _ in range(3):
        np.testing.assert_array_equal(function(**GOOD), WANTED)
        np.testing.assert_array_equal(function(**GOOD, z=1.0), WANTED)
    assert len(careful) == 1
    for n in (4, 5, 4):
        for _ in range(2):
            assert function(A=np.ones((n, 2)), x=np.ones(2), b=np.ones(n)).shape == (n,)
    assert len(careful) == 4


def test_a_function_that_is_not_of_its_own_class_is_always_careful():
    function = CompiledFunction(affine().request)
    for _ in range(2):
        np.testing.assert_array_equal(function(**GOOD), WANTED)
    assert CompiledFunction.__call__ is type(function).__call__


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_arrays_without_names_are_refused_before_and_after_a_right_call(backend):
    if backend != "numpy":
        pytest.importorskip(backend, exc_type=ImportError)
    function = ed.parse("y_i = A_ij x_j lambda").compile(backend=backend)
    given = {"A": np.ones((2, 3)), "x": np.ones(3), "lambda": 2.0}
    for _ in range(2):
        with pytest.raises(InputError) as found:
            function(given["A"], given["x"], λ=2.0)
        assert str(found.value) == (
            "2 arrays are given without a name\n\n"
            "  1 | y_i = A_ij x_j lambda\n    | ^^^^^^^^^^^^^^^^^^^^^\n\n"
            "  help: call it as  fn(λ=λ, A=A, x=x)"
        )
        assert function(**given).tolist() == [6, 6]


def test_what_cannot_be_computed_is_told_after_a_right_call_too():
    entry = build.matrix_function("inv", build.tensor("A", ["i", "j"]), "i", "j")
    axes = (("i", Axis("A", 0)), ("j", Axis("A", 1)))
    function = compile_request(Request((Output("y", entry, axes),), (), (), {}, "y_ij = inv(A)_ij"))
    np.testing.assert_array_equal(function(A=np.eye(2)), np.eye(2))
    with pytest.raises(InputError, match="the formula cannot be computed for these arrays: Singular matrix"):
        function(A=np.zeros((2, 2)))


def test_plans_of_old_sizes_are_forgotten():
    function = affine()
    for n in range(1, 200):
        function(A=np.ones((n, 2)), x=np.ones(2), b=np.ones(n))
    assert len(function._programs) <= 64


def test_threads_may_share_a_cache():
    cache, failed = {}, []

    def fill(start):
        try:
            for k in range(start, 40_000, 4):
                keep(cache, k, str(k), 3)
        except Exception as error:  # noqa: BLE001 - whatever it is
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=fill, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failed
    assert len(cache) <= 3 + 4


def test_a_known_call_costs_little():
    function = affine()
    given = {"A": np.eye(3), "x": np.ones(3), "b": np.ones(3)}
    function(**given)

    def by_hand(A, x, b):
        return A @ x + b

    times = {"compiled": [], "by hand": []}
    for _ in range(15):
        times["compiled"].append(timeit.timeit(lambda: function(**given), number=2000))
        times["by hand"].append(timeit.timeit(lambda: by_hand(**given), number=2000))
    assert min(times["compiled"]) < 2.5 * min(times["by hand"])  # 1.2 on a quiet machine


def test_axes_that_only_components_tell_of_stay_apart():
    """u_1 and v_1 are numbers: how far u and v run does not matter, and nothing ties the two."""
    program = "u_m = det(P) + 1; v_n = det(P); y = u_1 v_1 (u_m u_m x_1 u_m)"
    found = ed.diff(program, "P", "P").compile(sizes={"m": 2})(P=np.array([[2.0, 1.0], [3.0, 5.0]]), x=np.array([7.0]))
    d, c = 7.0, np.array([[5.0, -3.0], [-1.0, 2.0]])  # det P and its gradient
    slope = 14 * (4 * (d + 1) ** 3 * d + (d + 1) ** 4)
    bend = 14 * (12 * (d + 1) ** 2 * d + 8 * (d + 1) ** 3)
    second = np.einsum("ik,jl->ijkl", [[0, 1], [-1, 0]], [[0, 1], [-1, 0]])  # of det P: ε_ik ε_jl
    np.testing.assert_allclose(found, bend * np.multiply.outer(c, c) + slope * second, rtol=1e-12)


@pytest.mark.parametrize("text", ["F_i = det(P); R = F[1] + y[2]", "F_i = tr(P P); R = F[1] + y[2]"])
def test_the_axes_inside_a_function_of_a_matrix_are_no_indices_of_the_text(text):
    random = np.random.default_rng(0)
    P, y = random.standard_normal((3, 3)), random.standard_normal(4)
    wanted = (np.linalg.det(P) if "det" in text else np.trace(P @ P)) + y[1]
    np.testing.assert_allclose(ed.parse(text).compile(sizes={"i": 2})(P=P, y=y), wanted)


def test_a_size_that_nothing_tells_has_a_letter_that_the_text_has_not():
    function = ed.parse("s_i = x_i tr(I)").compile(sizes={"j": 3})
    np.testing.assert_allclose(function(x=np.arange(4.0)), 3 * np.arange(4.0))


def test_axes_without_an_index_are_named_where_they_differ():
    with pytest.raises(ed.SizeMismatchError, match=r"axis 2 of A is 3 \[\^\] and axis 1 of B is 4 \[~\]"):
        ed.parse("s_i = x_i tr(A B)").compile()(x=np.ones(5), A=np.ones((2, 3)), B=np.ones((4, 2)))


def test_a_whole_number_that_no_array_holds_is_refused():
    f = ed.parse("y_i = a x_i^2").compile()
    for a in (10**400, 2, 10**400):
        if a == 2:
            assert f(a=a, x=np.ones(2)).tolist() == [2, 2]
            continue
        with pytest.raises(ed.InputError, match="too large"):
            f(a=a, x=np.ones(2))


@pytest.mark.parametrize(
    ("text", "given", "typed"),
    [
        ("tr(A) - k", {"A": np.eye(2), "k": 4.0}, "if k is a scalar, declare it:  k : scalar"),
        ("A x + λ", {"A": np.eye(2), "x": np.ones(2), "λ": np.ones(2)}, "if λ is a vector, declare it:  λ : vector(n)"),
        ("k : vector(n); tr(A) - k", {"A": np.eye(2), "k": 4.0}, "k=np.array([1.0, 2.0])"),
        ("y_i = A_ij k_j", {"A": np.eye(2), "k": 4.0}, "k=np.array([1.0, 2.0])"),
    ],
)
def test_a_kind_that_was_inferred_otherwise_is_to_be_declared(text: str, given: dict[str, object], typed: str) -> None:
    with pytest.raises(InputError) as caught:
        ed.parse(text).compile()(**given)
    assert str(caught.value).partition("  help: ")[2] == typed
