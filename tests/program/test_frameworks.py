"""PyTorch and JAX compute what NumPy computes, and their own transforms pass through."""

from __future__ import annotations

import importlib
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import einsdiff as ed
from bench.problem import Problem
from bench.problems import PROBLEMS
from einsdiff import cli, functions
from einsdiff.algebra.nodes import Axis
from einsdiff.program import BACKENDS
from einsdiff.program import compile as compile_request
from einsdiff.program.emit.spellings import FUNCTIONS, OPERATIONS
from einsdiff.program.run import library as libraries
from tests import test_examples
from tests.layout_entries import NAMES as LAYOUTS
from tests.program.frameworks import NAMES, agree, array, mirrored, module, numbers
from tests.program.networks import KINDS, arrays, entries, request
from tests.program.test_numpy_functions import entrywise, reduced
from tests.program.test_stable import CASES, OTHERS, POINTS
from tests.test_bench import tiny

RANDOM = np.random.default_rng(4)
SIZES = {"i": 3, "j": 4, "k": 2, "l": 3, "m": 5, "n": 6, "b": 2, "c": 3}

FORMULAS = [
    # formula                                                    differentiated by
    ("y = x_i A_ij z_j",                                         ("x", "A")),
    ("y = x_i A_ij A_kj x_k",                                    ("x", "x")),
    ("L = sum_nm (T_nm - U_nk V_mk)^2",                          ("U", "U")),
    ("L = sum_nm (T_nm - U_nk V_mk)^2",                          ("U", "V")),
    ("L = sum_n(log(1 + exp(-y_n X_ni w_i)))",                   ("w", "w")),
    ("y = log(sum_i exp(x_i))",                                  ("x", "x")),
    ("P_nm = softmax_m(Q_nk K_mk); Y_nl = P_nm W_ml",            ("Q",)),
    ("y_i = x_i^3 + x_i^4 + x_i^(3/2) + relu(x_i - 1) + max(0, x_i) + sign(x_i)", ("x",)),
    ("y_i = x_1 x_i",                                            ("x",)),
    ("y_i = x_1 x_i + x_2",                                      ("x", "x")),
    ("Y_ij = A_ij + z_j + 3",                                    ("A",)),
    ("Y_ij = A_ij + sin(z_j)",                                   ("z", "z")),
    ("Y_kij = B_kij z_j^2",                                      ("z", "z")),
    ("y = prod_i(x_i)",                                          ("x", "x")),
    ("y_i = max_j(A_ij) + min_j(A_ij) + prod_j(A_ij)",           ()),
    ("y = max_ij(A_ij) - min_ij(A_ij) + prod_ij(A_ij)",          ()),
    ("M_ij = A_ij x_i z_j",                                      ("x",)),
    ("y_i = x_i x_i x_i; s = y_i y_i",                           ("x", "x")),
    ("Y_ni = X_nj B_nji",                                        ("X",)),
    ("Y_bik = C_bij D_bjk",                                      ("C",)),
    ("s_n = X_ni Z_ni",                                          ("X",)),
    ("s_n = X_in Z_in",                                          ()),
    ("y = tr(A A') + norm(x)",                                   ("x", "x")),
    ("s = mean_i(erf(x_i)) tanh(x_1)",                           ("x",)),
    ("y_i = where(x_i > 1, x_i, 2) + where(x_i < 1, 1, 0)",      ("x",)),
    ("y_i = exp(2) x_i + log(3) + sqrt(2)",                      ("x",)),
    ("s = 3",                                                    ()),
    ("y_i = 2 x_i - x_i - x_i",                                  ("x",)),
    ("y = logdet(S) + det(S)",                                   ("S",)),
    ("Y = inv(S)",                                               ("S",)),
    ("Y = adj(S)",                                               ("S",)),
    ("y = vec(S)' duplication(3) elimination(3) vec(S')",        ("S",)),
    ("c_1 = a_2; c_2 = a_1 a_1",                                 ("a",)),
]  # fmt: skip


def drawn(fn: Any, sizes: dict[str, int] | None = None, dtype: Any = float) -> dict[str, np.ndarray]:
    """Return positive arrays of sizes that fit the inputs of a compiled function."""
    found = {}
    for i in fn.request.inputs:
        ranges = [fn._sizes.ranges[fn._sizes.class_of(Axis(i.name, k))] for k in range(i.rank)]
        shape = [r.fixed or (sizes or SIZES).get(r.index[:1], 3) for r in ranges]
        values = RANDOM.uniform(0.4, 1.6, shape)
        values = values + 3 * np.eye(3) if i.name == "S" else values
        found[i.name] = np.asarray(values, dtype)
    return found


def results(formula: str, wrt: tuple[str, ...]) -> list[Any]:
    f = ed.parse(formula)
    return [f, ed.diff(f, *wrt)] if wrt else [f]


def framed(name: str, given_arrays: dict[str, Any]) -> dict[str, Any]:
    return {key: array(name, value) for key, value in given_arrays.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("formula", "wrt"), FORMULAS)
def test_a_framework_computes_what_numpy_computes(name: str, formula: str, wrt: tuple[str, ...]) -> None:
    module(name)
    for asked in results(formula, wrt):
        plain, other = asked.compile(), asked.compile(backend=name)
        inputs = drawn(plain)
        agree(name, other(**framed(name, inputs)), plain(**inputs), 1e-6 if not plain.source.count("(*,") else 1e-8)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    found=st.lists(entries(), min_size=1, max_size=2),
    sizes=st.sampled_from([KINDS, KINDS, {"i": 2, "j": 0, "k": 2}, {"i": 2, "j": 1, "k": 3}]),
)
def test_random_programs_agree(name: str, found: list[Any], sizes: dict[str, int]) -> None:
    module(name)
    asked = request(*found)
    if any(len(o.axes) > 4 for o in asked.outputs) or (sizes is not KINDS and "Unit" in repr(found)):
        return  # too large, or with a component that an axis has not
    inputs = arrays(sizes)
    wanted = compile_request(asked)(**inputs)
    function = BACKENDS[name](asked)
    found = function(**framed(name, inputs))
    for one, other in zip(*(r if isinstance(r, tuple) else (r,) for r in (found, wanted)), strict=True):
        rtol = 1e-5 if str(one.dtype) == "torch.float32" else 1e-8  # no input takes part
        agree(name, one, other, rtol, rtol)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("row", functions.ROWS, ids=lambda row: row.name)
def test_every_function_is_spelled_and_keeps_the_dtype(name: str, row: Any) -> None:
    module(name)
    plain = entrywise(row.name, len(row.arguments))
    other = BACKENDS[name](plain.request)
    low, high = row.drawn
    inputs = {f"x{k}": RANDOM.uniform(low, high, 17) for k in range(len(row.arguments))}
    agree(name, other(**framed(name, inputs)), plain(**inputs), 1e-12, 1e-14)
    single = {key: value.astype(np.float32) for key, value in inputs.items()}
    found = other(**framed(name, single))
    assert str(found.dtype).endswith("float32")
    agree(name, found, plain(**single), 2e-5, 2e-6)
    none = {key: value[:0] for key, value in inputs.items()}
    assert tuple(other(**framed(name, none)).shape) == (0,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("function", ["sigmoid", "softplus", "relu", "tanh", "erf", "sign", "exp", "abs"])
def test_infinities_and_nan_pass_as_in_numpy(name: str, function: str) -> None:
    module(name)
    large = np.array([-np.inf, -1e300, -800, -90, 0, 90, 800, 1e300, np.inf, np.nan])
    plain = entrywise(function)
    with np.errstate(all="ignore"):
        wanted = plain(x0=large)
    agree(name, BACKENDS[name](plain.request)(x0=array(name, large)), wanted, 1e-12, 1e-300)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("operator", ["max", "min", "prod", "logsumexp"])
def test_reductions_of_nothing_and_of_infinities(name: str, operator: str) -> None:
    module(name)
    plain = reduced(operator)
    other = BACKENDS[name](plain.request)
    inf = np.inf
    for A in (np.zeros((3, 0)), np.array([[-inf, -inf], [-inf, 0], [1000, 1000], [inf, 0]])):
        with np.errstate(all="ignore"):
            agree(name, other(A=array(name, A)), plain(A=A))


def test_every_row_has_every_library() -> None:
    assert set(FUNCTIONS) == set(functions.BY_NAME)
    assert all(row.torch and row.jax for row in [*FUNCTIONS.values(), *OPERATIONS.values()])


@pytest.mark.parametrize("name", NAMES)
def test_layouts_and_matrices(name: str) -> None:
    module(name)
    f = ed.parse("Y_ij = A_ik x_k B_kj")
    for layout in LAYOUTS:
        for as_matrix in (False, True):
            try:
                plain = ed.compile(f, ed.diff(f, "A"), layout=layout, as_matrix=as_matrix)
            except ed.NoMatrixForm:
                continue
            inputs = drawn(plain)
            other = ed.compile(f, ed.diff(f, "A"), layout=layout, as_matrix=as_matrix, backend=name)
            agree(name, other(**framed(name, inputs)), plain(**inputs))


@pytest.mark.parametrize("name", NAMES)
def test_sizes_of_zero_and_one(name: str) -> None:
    module(name)
    for formula, wrt in FORMULAS[:6]:
        for asked in results(formula, wrt):
            plain, other = asked.compile(), asked.compile(backend=name)
            for sizes in (dict.fromkeys(SIZES, 1), {**SIZES, "k": 1, "j": 1}, {**SIZES, "n": 0, "i": 4}):
                inputs = drawn(plain, sizes)
                with np.errstate(all="ignore"):
                    agree(name, other(**framed(name, inputs)), plain(**inputs))


@pytest.mark.parametrize("name", NAMES)
def test_dtypes(name: str) -> None:
    xp = module(name)
    fn = ed.diff("y = b x_i A_ij x_j", "x").compile(backend=name)
    ones = np.ones((2, 2)), np.ones(2)

    def made(dtype: Any, other: Any, b: Any = 2) -> str:
        A, x = (array(name, a) for a in ones)
        cast = (lambda a, d: a.to(d)) if name == "torch" else (lambda a, d: a.astype(d))
        return str(fn(A=cast(A, dtype), x=cast(x, other), b=b).dtype).removeprefix("torch.")

    assert made(xp.float32, xp.float32) == "float32"
    assert made(xp.float16, xp.float16) == "float16"
    assert name == "cupy" or made(xp.bfloat16, xp.bfloat16, 0.5) == "bfloat16"
    assert made(xp.float32, xp.float64) == "float64"
    assert made(xp.int32, xp.float32) == "float32"
    assert made(xp.float32, xp.float32, 1j) == "complex64"
    assert made(xp.int32, xp.int32) == ("float32" if name == "torch" else "float64")


FOREIGN = {
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "reversed":     lambda a: a[::-1].copy()[::-1],
    "read-only":    lambda a: np.broadcast_to(a, a.shape),
    "repeated":     lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "lists":        lambda a: a.tolist(),
    "tuples":       lambda a: tuple(a.tolist()),
    "integers":     lambda a: (10 * a).astype(np.int16),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", NAMES)
def test_arrays_of_numpy_and_lists_of_every_kind_are_taken(name: str, kind: str) -> None:
    module(name)
    A, x = np.array([[0.1, 0.2, 0.7], [1.3, -0.4, 0.9]]), np.array([0.1, 0.3, 0.6])
    f = ed.parse("y_i = A_ij x_j^2")
    agree(name, f.compile(backend=name)(A=array(name, A), x=FOREIGN[kind](x)), f.compile()(A=A, x=FOREIGN[kind](x)))


@pytest.mark.parametrize("name", NAMES)
def test_lists_take_the_dtype_of_the_arrays_as_numbers_do(name: str) -> None:
    xp = module(name)
    fn = ed.parse("b : scalar; y_i = b A_ij x_j").compile(backend=name)
    A = array(name, np.eye(2, dtype=np.float32))
    assert str(fn(A=A, x=[0.1, 0.2], b=2).dtype).removeprefix("torch.") == "float32"
    assert str(fn(A=A, x=[0.1, 0.2j], b=2).dtype).removeprefix("torch.") == "complex64"
    assert fn(A=[[1, 0], [0, 1]], x=[1, 2], b=2).dtype == xp.ones(1).dtype


@pytest.mark.parametrize("name", NAMES)
def test_what_no_framework_has_is_refused_in_words(name: str) -> None:
    xp = module(name)
    fn = ed.parse("b : scalar; y_i = b A_ij x_j").compile(backend=name)
    refused = {
        "is of .*, which NumPy alone has": {"x": np.ones(2, np.longdouble)},
        "and objects were given": {"x": np.array([1, None])},
        "^b .*is too large for a floating-point number": {"b": 10**400},
    }
    for message, changes in refused.items():
        if name == "cupy" and "NumPy alone" in message:
            continue  # the stand-in is NumPy
        with pytest.raises(ed.InputError, match=message):
            fn(**{"A": xp.eye(2), "x": xp.ones(2), "b": 2, **changes})


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_function_of_arrays_names_the_backend_for_what_a_framework_traces(name: str) -> None:
    module(name)
    fn = ed.diff("y = x_i x_i", "x").compile()
    called = {
        "torch": lambda: fn(x=module("torch").ones(2, requires_grad=True)),
        "jax": lambda: importlib.import_module("jax").jit(lambda x: fn(x=x))(np.ones(2)),
    }
    with pytest.raises(ed.InputError, match=rf'help: compile\(backend="{name}"\)'):
        called[name]()


@pytest.mark.parametrize(("formula", "wrt"), FORMULAS)
def test_tensors_stay_on_their_device(formula: str, wrt: tuple[str, ...]) -> None:
    torch = module("torch")
    for asked in results(formula, wrt):
        fn = asked.compile(backend="torch")
        inputs = {k: v.to("meta") for k, v in framed("torch", drawn(fn)).items()}
        found, wanted = fn(**inputs), fn(**framed("torch", drawn(fn)))
        taken = fn.plan.plan.inputs
        assert found.shape == wanted.shape
        assert found.device.type == ("meta" if taken else torch.empty(()).device.type)
        assert found.dtype == (torch.float64 if taken else torch.float32)


def test_tensors_on_two_devices_are_refused() -> None:
    torch = module("torch")
    fn = ed.parse("y_i = b A_ij x_j").compile(backend="torch")
    A, x = torch.ones((2, 2), device="meta"), torch.ones(2)
    assert fn(A=A, x=x.to("meta"), b=torch.tensor(2.0)).device.type == "meta"
    with pytest.raises(ed.InputError) as caught:
        fn(A=A, x=x, b=1)
    assert str(caught.value) == ("the tensors are on different devices\n\n  given: A.device == meta, x.device == cpu")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("problem", [p for p in PROBLEMS if p.dense], ids=lambda p: p.name)
def test_the_programs_of_the_benchmark_agree(name: str, problem: Problem) -> None:
    module(name)
    system = importlib.import_module(f"bench.systems.in_{name}")
    n = tiny(problem)
    inputs = problem.make(n)
    right = importlib.import_module("bench.systems.here").einsdiff(problem, n, inputs)[""].once()
    call = next(iter(system.emitted(problem, n, inputs).values()))
    agree(name, call.fn(**call.kwargs), right)


@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_emits_the_source(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", "y = x_i A_ij x_j", "--wrt", "x", "--emit", name, "--as-matrix"]) == 0
    source = ed.diff("y = x_i A_ij x_j", "x").compile(backend=name, as_matrix=True).source
    assert capsys.readouterr().out == source


@pytest.mark.parametrize("name", NAMES)
def test_results_are_no_views_of_inputs(name: str) -> None:
    if name == "jax":
        return  # arrays of JAX cannot be written to
    torch = module(name)
    x = torch.ones(3)
    found = ed.parse("y_i = x_i").compile(backend=name)(x=x)
    found += 1
    assert x.tolist() == [1, 1, 1]


# ------------------------------------------------------------------------------------------------------- transforms


@pytest.mark.parametrize(("formula", "wrt"), FORMULAS)
def test_jax_traces_and_differentiates(formula: str, wrt: tuple[str, ...]) -> None:
    module("jax")
    import jax  # noqa: PLC0415 - optional

    for asked in results(formula, wrt):
        fn = asked.compile(backend="jax")
        inputs = framed("jax", drawn(fn))
        agree("jax", jax.jit(fn)(**inputs), numbers(fn(**inputs)))
        if inputs:
            many = jax.vmap(lambda given, fn=fn: fn(**given))({k: v[None] for k, v in inputs.items()})
            agree("jax", many[0], numbers(fn(**inputs)))
    if len(wrt) == 1:
        (variable,), f = wrt, results(formula, ())[0].compile(backend="jax")
        inputs = framed("jax", drawn(f))
        slope = jax.jacfwd(lambda x: f(**{**inputs, variable: x}))(inputs[variable])
        backward = jax.jacrev(lambda x: f(**{**inputs, variable: x}))(inputs[variable])
        wanted = fn(**inputs)
        agree("jax", slope, numbers(wanted), 1e-7, 1e-9)
        agree("jax", backward, numbers(wanted), 1e-7, 1e-9)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # PyTorch's own, in forward mode
@pytest.mark.parametrize(("formula", "wrt"), FORMULAS)
def test_torch_differentiates(formula: str, wrt: tuple[str, ...]) -> None:
    torch = module("torch")
    for asked in results(formula, wrt):
        fn = asked.compile(backend="torch")
        inputs = {k: v.double().requires_grad_() for k, v in framed("torch", drawn(fn)).items()}
        used = [k for k in inputs if k in fn._wanted and k in fn.source]
        out = fn(**inputs)
        if used and out.requires_grad and "sign" not in formula:
            values = tuple(inputs[k] for k in used)
            assert torch.autograd.gradcheck(
                lambda *v, fn=fn, i=inputs, u=used: fn(**{**i, **dict(zip(u, v, strict=True))}), values
            )
    if len(wrt) == 1:
        (variable,), f = wrt, results(formula, ())[0].compile(backend="torch")
        plain = {k: v.detach() for k, v in inputs.items()}
        for transform in (torch.func.jacrev, torch.func.jacfwd):
            slope = transform(lambda x: f(**{**plain, variable: x}))(plain[variable])
            agree("torch", slope, numbers(fn(**plain)), 1e-7, 1e-9)


def test_torch_compiles_without_breaks_for_any_shapes() -> None:
    torch = module("torch")
    torch._dynamo.reset()
    f = ed.parse("L = sum_n(log(1 + exp(-y_n X_ni w_i)))")
    fn = ed.compile(f, ed.diff(f, "w"), ed.diff(f, "w", "w"), backend="torch")
    other = ed.diff("L = sum_nm (T_nm - U_nk V_mk)^2", "U", "U").compile(backend="torch")
    compiled = torch.compile(fn, fullgraph=True, backend="aot_eager")
    mixed = torch.compile(
        lambda T, U, **given: (other(T=T, U=U, V=U), *fn(**given)), fullgraph=True, backend="aot_eager"
    )
    for n, i in ((5, 3), (6, 4), (7, 4), (1, 1), (5, 3)):
        inputs = framed("torch", drawn(fn, {"n": n, "i": i}))
        agree("torch", compiled(**inputs), tuple(map(numbers, fn(**inputs))))
        U = torch.rand(n, i, dtype=torch.float64)
        found = mixed(T=U @ U.T, U=U, **inputs)
        agree("torch", found, tuple(map(numbers, (other(T=U @ U.T, U=U, V=U), *fn(**inputs)))))
    scaled = ed.parse("y_i = b x_i").compile(backend="torch")
    for b in (0.5, 2, 3.5):
        found = torch.compile(scaled, fullgraph=True, backend="eager")(x=inputs["w"], b=b)
        agree("torch", found, numbers(inputs["w"] * b))
    w = inputs["w"].clone().requires_grad_()
    value, slope, _ = compiled(**{**inputs, "w": w})
    agree("torch", torch.autograd.grad(value, w)[0], numbers(slope))


@pytest.mark.parametrize(("formula", "wrt"), FORMULAS)
def test_torch_traces_every_formula_whole(formula: str, wrt: tuple[str, ...]) -> None:
    torch = module("torch")
    torch._dynamo.reset()
    fn = ed.compile(*results(formula, wrt), backend="torch")
    inputs = framed("torch", drawn(fn))
    found, wanted = torch.compile(fn, fullgraph=True, backend="eager")(**inputs), fn(**inputs)
    agree("torch", found, tuple(map(numbers, wanted)) if wrt else numbers(wanted))


@pytest.mark.parametrize("name", NAMES)
def test_callables_are_those_of_the_framework(name: str) -> None:
    xp = module(name)
    fn = ed.diff("y_i = f(x_i) A_ij x_j + f(2)", "x").compile(backend=name)
    plain = ed.diff("y_i = f(x_i) A_ij x_j + f(2)", "x").compile()
    inputs = {"A": RANDOM.normal(size=(3, 3)), "x": RANDOM.normal(size=3)}
    wanted = plain(**inputs, f=np.sin, df=np.cos)
    given_arrays = framed(name, inputs)
    agree(name, fn(**given_arrays, f=xp.sin, df=xp.cos), wanted)
    with pytest.raises(ed.InputError, match="works entry by entry"):
        fn(**given_arrays, f=lambda x: x[:1], df=xp.cos)
    if name == "torch":
        xp._dynamo.reset()
        compiled = xp.compile(lambda A, x: fn(A=A, x=x, f=xp.sin, df=xp.cos), fullgraph=True, backend="eager")
        agree(name, compiled(**given_arrays), wanted)
    whole = ed.parse("y_i = g_i(x) x_i").compile(backend=name)
    agree(name, whole(x=given_arrays["x"], g=lambda x: x * 2), 2 * inputs["x"] ** 2)
    with pytest.raises(ed.SizeMismatchError, match="returned shape"):
        whole(x=given_arrays["x"], g=lambda x: x[:1])


# ----------------------------------------------------------------------------------------------- sources and errors


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("formula", "wrt"), FORMULAS)
def test_the_source_stands_alone(name: str, formula: str, wrt: tuple[str, ...]) -> None:
    module(name)
    fn = ed.compile(*results(formula, wrt), backend=name)
    inputs = framed(name, drawn(fn))
    wanted = fn(**inputs)
    scope: dict[str, Any] = {}
    exec(fn.source, scope)
    taken = {k: v for k, v in inputs.items() if k in {n for n, _ in fn.plan.plan.inputs}}
    found = scope["program"](**taken)
    found = found if isinstance(found, tuple) else (found,)
    agree(name, found, tuple(map(numbers, wanted if isinstance(wanted, tuple) else (wanted,))))
    assert "np." not in fn.source.replace("jnp.", "")
    assert "import numpy" not in fn.source.replace("jax.numpy", "")


@pytest.mark.parametrize(("name", "title"), [("torch", "PyTorch"), ("jax", "JAX"), ("cupy", "CuPy")])
def test_a_missing_framework_is_told_at_the_call(name: str, title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str) -> Any:
        raise ImportError(module)

    monkeypatch.setattr(libraries, "import_module", missing)
    fn = ed.parse("y_i = A_ij x_j").compile(backend=name)
    assert fn.source.startswith(f'"""Generated by einsdiff; needs {title} only.')
    assert "flops" in str(fn.plan)
    with pytest.raises(ed.InputError) as caught:
        fn(A=np.ones((2, 2)), x=np.ones(2))
    assert str(caught.value) == (
        f"{title} is not installed, and this function runs on it\n\n  help: pip install 'einsdiff[{name}]'"
    )


def test_the_frameworks_are_not_loaded_unasked() -> None:
    loaded = "{'torch', 'jax', 'cupy'} & set(sys.modules)"
    code = f"import sys, einsdiff as ed; ed.parse('y_i = x_i').compile(); print({loaded})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_fit_is_refused(name: str) -> None:
    xp = module(name)
    fn = ed.parse("y_i = A_ij x_j").compile(backend=name)
    with pytest.raises(ed.SizeMismatchError, match=r"j is 3 in A \[\^\] and 4 in x"):
        fn(A=xp.ones((2, 3)), x=xp.ones(4))
    with pytest.raises(ed.InputError, match="has 1 axis in the formula, and the array given has 2"):
        fn(A=xp.ones((2, 3)), x=xp.ones((3, 1)))
    with pytest.raises(ed.InputError, match=r"the array x .* is missing"):
        fn(A=xp.ones((2, 3)))
    with pytest.raises(ed.UnknownNameError, match="no input z"):
        fn(A=xp.ones((2, 3)), z=xp.ones(3))
    with pytest.raises(ed.InputError, match="an array of numbers"):
        fn(A=xp.ones((2, 3)), x=["a", "b", "c"])
    with pytest.raises(ed.InputError, match="is complex, and abs is a function of real numbers"):
        ed.parse("y_i = abs(x_i)").compile(backend=name)(x=xp.ones(3) * 1j)


def test_a_singular_matrix_is_told_in_words() -> None:
    torch = module("torch")
    with pytest.raises(ed.InputError, match="cannot be computed"):
        ed.parse("B = inv(A)").compile(backend="torch")(A=torch.zeros(2, 2))


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_for_which_the_framework_has_no_kernel_is_told_in_words(name: str) -> None:
    xp = module(name)
    with pytest.raises(ed.InputError, match="cannot be computed"):
        ed.parse("B = inv(A)").compile(backend=name)(A=xp.eye(2, dtype=xp.float16))


@pytest.mark.parametrize("name", NAMES)
def test_plans_are_kept_by_shapes_and_forgotten(name: str) -> None:
    xp = module(name)
    fn = ed.parse("y_i = A_ij x_j").compile(backend=name)
    for n in range(1, 70):
        assert fn(A=xp.ones((n, n)), x=xp.ones(n)).shape == (n,)
    assert len(fn._places) == 64
    assert len(vars(fn._shelf)) == 64


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_pickled_by_what_was_asked(name: str) -> None:
    xp = module(name)
    fn = pickle.loads(pickle.dumps(ed.parse("y_i = 2 x_i").compile(backend=name)))
    assert fn(x=xp.ones(3)).tolist() == [2, 2, 2]


# --------------------------------------------------------------------------------------------------------- examples


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_run_on_every_backend(name: str, tmp_path: Path) -> None:
    module(name)
    folder = shutil.copytree(test_examples.EXAMPLES, tmp_path / "examples")
    with mirrored(name) as compared:
        for stem in test_examples.PROGRAMS:
            test_examples.run_program.__wrapped__(stem)
        for path in test_examples.TEXTS:
            test_examples.run_text(path.read_text(encoding="utf-8"), folder)
    assert len(set(compared)) > 10


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("formula", CASES)
def test_exponentials_in_divisors_and_logarithms_do_not_overflow(name: str, formula: str) -> None:
    module(name)
    for asked in [ed.parse(formula), ed.diff(formula, "x"), ed.diff(formula, "x", "x")]:
        plain, other = asked.compile(), asked.compile(backend=name)
        for point in POINTS:
            inputs = {key: np.array({**OTHERS, "x": point}[key]) for key in plain.inputs}
            wanted = plain(**inputs)
            assert np.isfinite(wanted).all()
            agree(name, other(**framed(name, inputs)), wanted, 1e-9, 1e-12)
            single = {key: value.astype(np.float32) for key, value in inputs.items()}
            assert np.isfinite(numbers(other(**framed(name, single)))).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrt", [(), ("x",), ("x", "x")])
def test_what_a_relation_chooses(name: str, wrt: tuple[str, ...]) -> None:
    module(name)
    formula = "y = sum_i where(x_i > z_i, log(x_i), 3 x_i^2) + sum_i where(x_i <= s, x_i, 2)"
    asked = ed.diff(formula, *wrt) if wrt else ed.parse(formula)
    inputs = {"x": np.array([0.3, 1.0, 2.5, 4.0]), "z": np.array([1.0, 0.5, 2.5, 3.0]), "s": np.array(2.5)}
    inputs = {key: inputs[key] for key in asked.compile().inputs}
    agree(name, asked.compile(backend=name)(**framed(name, inputs)), asked.compile()(**inputs))


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_the_logarithm_of_a_large_determinant(name: str) -> None:
    module(name)
    A = 1e3 * np.eye(300) + 1.0
    found = ed.parse("y = log(det(A))").compile(backend=name)(A=array(name, A))
    agree(name, found, np.asarray(np.linalg.slogdet(A)[1]))
