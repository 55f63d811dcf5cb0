"""Derivatives by names that statements define, and unknown functions of their own name, against the loop oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.verify.loops import evaluate

Array = np.ndarray[Any, np.dtype[np.float64]]
numbers = np.random.default_rng(11)

SHAPES = {
    "A": (2, 3), "B": (4, 2), "C": (2, 4), "X": (4, 3), "Y": (3, 4), "P": (3, 3),
    "x": (3,), "b": (2,), "w": (3,), "y": (4,), "v": (4,), "a": (), "t": (), "ξ": (),
}  # fmt: skip
DATA = {name: numbers.uniform(0.3, 1.4, shape) for name, shape in SHAPES.items()}

# fmt: off
INTERMEDIATES = [  # each derivative with the definition of the name by which is differentiated above it
    # matrix notation
    ("u = A x; s = u' u; ∂s/∂u",                            "2 A_ij x_j"),
    ("u = A x; s = u' u; ∂s/∂x",                            None),
    ("u = A x; s = u' u; ∂(∂s/∂u)/∂x",                      "2 A_ij"),
    ("u = A x; s = u' u; (∂u/∂x)' ∂s/∂u",                   None),
    ("u = A x; s = u' u; ∂²s/∂u∂uᵀ",                        "2 δ_ij"),
    ("u = A x; ∂u/∂u",                                      "δ_ij"),
    ("u = A x; s = x' x; ∂s/∂u",                            "0"),
    ("u = A x; z = B u; s = z' z + u' u; ∂s/∂u",            None),
    ("u = A x; z = B u; s = z' z + u' u; ∂s/∂z",            None),
    ("u = A x; z = tanh(B u); ∂z/∂u ∂u/∂x",                 None),
    ("u = A x; z = tanh(B u); ∂(∂z/∂u b)/∂x",               None),
    ("M = A X'; s = tr(M' M); ∂s/∂M",                       None),
    ("e = X w - y; s = e' e; ∂s/∂e",                        None),
    ("p = softmax(A x); s = b' log(p); ∂s/∂p",              None),
    ("g = ∂(x' P x)/∂x; s = g' g; ∂s/∂g",                   None),
    ("g = ∂(x' P x)/∂x; s = g' g; ∂s/∂x",                   None),
    ("u = A x; s = u' u; g = ∂s/∂u; ∂g/∂x",                 "2 A_ij"),
    ("z = w' x + a; c = max(0, z); ∂c/∂z ∂z/∂w",            None),
    ("u = A x; s = tanh(u)' tanh(u); g = ∂s/∂u; ∂(g' g)/∂u", None),
    ("u = A x; s = tanh(u)' tanh(u); g = ∂s/∂u; ∂(g' g)/∂x", None),
    ("u = A x; z = B u; s = z' z; ∂(∂s/∂z)/∂u",             None),
    ("u = A x; z = B u; s = (z' v)^3; ∂(∂((∂s/∂z)' v)/∂u)/∂x", None),
    # index notation
    ("u_i = A_ij x_j; s = u_i u_i; g_k = ∂s/∂u_k",          "2 A_kj x_j"),
    ("u_i = A_ij x_j; s = u_i u_i; H_kl = ∂(∂s/∂u_k)/∂x_l", "2 A_kl"),
    ("u_i = A_ij x_j; s = u_i u_i; H_kl = ∂²s/∂u_k∂u_l",    "2 δ_kl"),
    ("u_i = A_ij x_j; s = u_i u_i; g_l = ∂s/∂u_k ∂u_k/∂x_l", None),
    ("u_i = A_ij x_j; s = u_i u_i; g_l = ∂s/∂x_l",          None),
    ("u_i = A_ij x_j; z_k = B_ki u_i; s = z_k z_k + u_i u_i; g_i = ∂s/∂u_i", None),
    ("u_i = A_ij x_j; z_k = B_ki u_i; J_kj = ∂z_k/∂u_i ∂u_i/∂x_j", "B_ki A_ij"),
    ("U_ij = X_ij a; s = U_ij U_ij; G_kl = ∂s/∂U_kl",       "2 a X_kl"),
    ("g_1 = a^2; g_2 = 3 a; z_1 = log(g_1); z_2 = sin(g_2); s_i = ∂z_i/∂g_j ∂g_j/∂a", None),
    ("g_1 = a^2; g_2 = 3 a; s = g_1^2 g_2; h_i = ∂s/∂g_i",  "a^3 (δ_2i a + 6 δ_1i)"),
    ("g_1 = a x_1; g_2 = 3 a; s = g_i g_i; h_i = ∂s/∂g_i",  None),
]

OWN = [  # the same functions are given to both
    ("u = u(x); s = u' u",                                  None),
    ("u = u(x); s = u' u; ∂s/∂x",                           "2 ∂u_j(x)/∂x_i u_j(x)"),
    ("u = u(x); s = u' u; ∂s/∂u",                           "2 u_i(x)"),
    ("u = u(x); k = k(u); ∂k/∂x",                           None),
    ("u = u(x); k = k(u); ∂k/∂u ∂u/∂x",                     None),
    ("c = c(x); c x",                                       None),
    ("c = c(x); ∂c/∂x",                                     "∂c(x)/∂x_i"),
    ("c = c(x); ∂(c x)/∂x",                                 None),
    ("c = c(x); s = c(x) c; ∂s/∂c",                         None),
    ("e = e(a); d = d(e); ∂d/∂a",                           "d'(e(a)) e'(a)"),
    ("e = e(a, x); ∂e/∂x",                                  None),
    ("F = F(ξ); tr(F ∂(F')/∂ξ)",                            None),
    ("F = F(ξ); c = c(F); ∂c/∂ξ",                           None),
    ("F = F(ξ); c = c(F); tr((∂c/∂F)' ∂F/∂ξ)",              None),
    ("u = A x; c = c(u); ∂c/∂x",                            None),
    ("u = u(x); k = k(u, x); ∂k/∂x",                        None),
    ("u = u(x); k = k(u, x); ∂k/∂u ∂u/∂x",                  None),
    ("u_i = u_i(x); s = u_i u_i; g_j = ∂s/∂x_j",            None),
    ("u_i = u_i(x); k_j = k_j(u); J_jl = ∂k_j/∂u_i ∂u_i/∂x_l", None),
    ("c = c(x); g_i = ∂c/∂x_i",                             None),
    ("u_i = u_i(x); s = u_i(x) u_i; g_i = ∂s/∂u_i",         None),
]
# fmt: on
M1, M2 = numbers.uniform(0.3, 1.4, (2, 3)), numbers.uniform(0.3, 1.4, (5, 2))

FUNCTIONS: dict[str, Callable[..., Any]] = {  # whole arrays to whole arrays, smooth, nowhere square
    "u": lambda x: M1 @ x**2,
    "k": lambda u, x=None: M2 @ u**2 + (0 if x is None else np.sum(x) * np.ones(5) * u[0]),
    "c": lambda x: np.sum(x**3) + np.ravel(x)[0] * np.ravel(x)[-1],
    "d": lambda e: e**3,
    "e": lambda a, x=None: a**2 + 1 if x is None else a * np.sum(x**2),
    "F": lambda s: np.array([[s, s**2, 1 + s], [2 * s, 1, s**3]]),
}
STEP = 1e-4


def slopes(function: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Return the derivative of a function by one argument: the function's axes, then those of the argument."""

    def derivative(*arguments: Any) -> Any:
        given = [np.asarray(u, dtype=float) for u in arguments]
        columns = []
        for at in np.ndindex(given[place].shape):
            shift = np.zeros(given[place].shape)
            shift[at] = STEP
            up, down = ([g + s * shift if k == place else g for k, g in enumerate(given)] for s in (1, -1))
            columns.append((np.asarray(function(*up)) - np.asarray(function(*down))) / (2 * STEP))
        stacked = np.moveaxis(np.array(columns), 0, -1)
        return stacked.reshape((*stacked.shape[:-1], *given[place].shape))

    return derivative


def callables() -> dict[str, Callable[..., Any]]:
    """Return the functions and their first and second derivatives under the keywords of a compiled function."""
    found = dict(FUNCTIONS)
    for name, function in FUNCTIONS.items():
        first = [slopes(function, k) for k in (0, 1)]
        found |= {f"d{name}": first[0], f"d{name}_1": first[0], f"d{name}_2": first[1]}
        found |= {f"d2{name}": slopes(first[0], 0)}
    return found


def computed(text: str, declare: dict[str, str] | None = None) -> Array:
    """Return what the compiled program gives."""
    f = ed.parse(text, declare=declare)
    given = {**DATA, **callables()}
    compiled = f.compile()
    wanted = set(compiled.source.partition("def program(*, ")[2].partition(")")[0].split(", "))
    return np.asarray(compiled(**{name: given[name] for name in given if name in wanted}))


@pytest.mark.parametrize(("text", "written"), INTERMEDIATES, ids=[row[0] for row in INTERMEDIATES])
def test_a_derivative_by_a_defined_name_holds_it_independent(text: str, written: str | None) -> None:
    expected = evaluate(text, DATA).result
    found = computed(text)
    assert found.shape == expected.shape
    np.testing.assert_allclose(
        found, expected, rtol=1e-5, atol=1e-9
    )  # the oracle takes differences, of differences too
    if written is not None:
        assert str(ed.parse(text)).partition(" = ")[2] == written


@pytest.mark.parametrize(("text", "written"), OWN, ids=[row[0] for row in OWN])
def test_a_statement_of_its_own_name_declares_an_unknown_function(text: str, written: str | None) -> None:
    declare = {"x": "vector(n)", "ξ": "scalar"}
    expected = evaluate(text, {**DATA, **FUNCTIONS}).result
    found = computed(text, declare)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)  # both take differences
    if written is not None:
        assert str(ed.parse(text, declare=declare)).partition(" = ")[2] == written


@pytest.mark.parametrize("text", [row[0] for row in OWN])
def test_what_a_program_with_unknown_functions_prints_reads_back(text: str) -> None:
    declare = {"x": "vector(n)", "ξ": "scalar", "a": "scalar", "A": "matrix(m, n)"}
    f = ed.parse(text, declare=declare)
    for g in (f, ed.diff(f, "x")) if "x" in f.inputs else (f,):
        assert ed.parse(str(g), declare=declare, notation="index") == g


SECOND = [
    ("u = u(x); s = u' u", "x", "x"),
    ("u = u(x); k = k(u); s = k' k", "x", "x"),
    ("u = u(x); k = k(u, x)", "x", "x"),
    ("x : vector(n); u_i = u_i(x); z_i = z_i(u, x)", "u", "x"),
]


@pytest.mark.parametrize(("text", "first", "second"), SECOND)
def test_a_second_derivative_of_unknown_functions_reads_back(text: str, first: str, second: str) -> None:
    g = ed.diff(ed.parse(text), first, second)
    assert ed.parse(f"x : vector(n)\n{g}") == g


def test_the_second_derivative_of_unknown_functions_is_that_of_differences() -> None:
    f = ed.parse("u = u(x); k = k(u, x); s = k' k")
    g = ed.diff(f, "x", "x")
    given = callables() | {
        "d2k_11": slopes(slopes(FUNCTIONS["k"], 0), 0),
        "d2k_12": slopes(slopes(FUNCTIONS["k"], 0), 1),
    }
    given["d2k_22"] = slopes(slopes(FUNCTIONS["k"], 1), 1)
    compiled = g.compile()
    wanted = set(compiled.source.partition("def program(*, ")[2].partition(")")[0].split(", "))
    found = compiled(x=DATA["x"], **{name: given[name] for name in given if name in wanted})

    def value(x: Array) -> Array:
        return np.sum(FUNCTIONS["k"](FUNCTIONS["u"](x), x) ** 2)

    np.testing.assert_allclose(found, slopes(slopes(value, 0), 0)(DATA["x"]), rtol=1e-4)  # differences of differences


def test_an_argument_that_depends_on_another_one_gets_a_name_to_differentiate_by() -> None:
    g = ed.diff("x : vector(n); u_i = u_i(x); s = f(x, u)", "x")
    assert str(g).splitlines() == [
        "t2_i = x_i",
        "t1_i = u_i(x)",
        "∂s/∂x_j = ∂u_i(x)/∂x_j ∂f(x, t1)/∂t1_i + ∂f(t2, t1)/∂t2_j",
    ]


def test_an_argument_whose_axes_are_exchanged_gets_a_name() -> None:
    g = ed.diff("X : matrix(n, m); U_ij = X_ji; s = f(U)", "X")
    assert str(g) == "t1_ij = X_ji\n∂s/∂X_kl = ∂f(t1)/∂t1_lk"


def test_second_derivatives_of_an_unknown_function_are_symmetric() -> None:
    declare = {"x": "vector(n)", "z": "vector(m)"}
    one, other = "∂²f_i(x)/∂x_j∂x_k a_j b_k", "∂²f_i(x)/∂x_k∂x_j a_j b_k"
    assert ed.parse(f"y_i = {one}", declare=declare) == ed.parse(f"y_i = {other}", declare=declare)
    one, other = "∂²f_i(x, z)/∂x_j∂z_k", "∂²f_i(x, z)/∂z_k∂x_j"
    assert ed.parse(f"T_ijk = {one}", declare=declare) == ed.parse(f"T_ijk = {other}", declare=declare)


def test_a_body_that_stands_inside_and_outside_of_a_derivative_is_read_for_each() -> None:
    f = ed.parse("x : vector(n); u_i = u_i(x); H_jk = ∂²u_i(x)/∂x_j∂x_k ∂k_l(u)/∂u_i k_l(u)")
    assert str(f).endswith("H_jk = ∂²u_l(x)/∂x_j∂x_k ∂k_i(t1)/∂t1_l k_i(t1)")


def test_the_rank_of_an_argument_may_follow_from_where_it_stands_elsewhere() -> None:
    assert str(ed.parse("y_ij = ∂f_i(x)/∂x_j")) == "y_ij = ∂f_i(x)/∂x_j"
    assert str(ed.parse("y_i = f(x) x_i")) == "y_i = f(x) x_i"
    assert str(ed.parse("y_i = f_i(t) t")) == "y_i = t f_i(t)"


def test_a_kind_may_be_declared_for_an_unknown_function() -> None:
    assert str(ed.diff("c : vector(m); c = c(x); s = c' c", "x")) == "∂s/∂x_j = 2 ∂c_i(x)/∂x_j c_i(x)"
    assert str(ed.diff("u : scalar; u = u(x); s = u^2", "x")) == "∂s/∂x_j = 2 u(x) ∂u(x)/∂x_j"


def test_other_unknown_functions_still_go_entry_by_entry_in_matrix_notation() -> None:
    assert str(ed.parse("u = u(x); y = f(u)")) == "y_i = f(u_i(x))"


@pytest.mark.parametrize(
    "text", [r"\mathbf{u} = \mathbf{u}\left(\mathbf{x}\right); \mathbf{u}^\top \mathbf{u}", "u = u ( x ); u' u"]
)
def test_the_spelling_of_the_statement_is_free(text: str) -> None:
    assert ed.parse(text) == ed.parse("u = u(x); u' u")


def test_the_api_differentiates_by_the_value_of_an_unknown_function() -> None:
    assert str(ed.diff("u = u(x); v = v(x); s = u' v", "u")) == "∂s/∂u_j = v_j(x)"
    assert str(ed.diff("u = u(x); v = v(x); s = u' v", "x", "u").wrt[1].name) == "u"


def test_components_are_held_with_their_tensor() -> None:
    assert str(ed.diff("y_1 = 3 x; y_2 = x; s = y_1^2 + y_2", "y")) == "∂s/∂y_j = 6 δ_1j x + δ_2j"


def test_a_gradient_that_is_defined_can_be_differentiated_by() -> None:
    assert str(ed.diff("s = x_i x_i; u_k = ∂s/∂x_k; y = u_k u_k", "u")) == "∂y/∂u_l = 4 x_l"


def test_jvp_and_vjp_go_through_derivatives_by_intermediates() -> None:
    text = "u_i = A_ij x_j; s = u_i u_i; g_k = ∂s/∂u_k"
    assert str(ed.jvp(text, "x", "v")) == "jvp_k = 2 A_kj v_j"
    assert str(ed.vjp(text, "x", "v")) == "vjp_l = 2 A_il v_i"


MIXED = "u [^] is defined by means of x [~]: it is not clear whether this derivative holds it independent of x"

# fmt: off
REFUSED = [
    ("u_i = A_ij x_j; y = u_i u_i; H_kl = ∂²y/∂u_k∂x_l",
     f"AmbiguityError: {MIXED}",
     "                                         ^^^ ~~~"),
    ("u = A x; y = u' u; ∂²y/∂u∂x",
     f"AmbiguityError: {MIXED}",
     "                        ^ ~"),
    ("u = u(A x)",
     "ParseError: an unknown function of whole tensors takes names [^], u is given a formula",
     "      ^^^"),
    ("c = c(x); y = c(z)",
     "IndexMismatchError: c is declared as c(x) [~], and stands with something else here [^]",
     "    ~         ^^^^"),
    ("u = u(u)",
     "UnknownNameError: u stands on the left [^] and on the right [~] of its own definition",
     "^     ~"),
    ("y_1 = y_1(x)",
     "ParseError: a component of an unknown function is not supported [^]",
     "        ^"),
    ("u_i = u_i(x)",
     "UnknownNameError: how many indices x has is not known here [^]",
     "          ^"),
    ("y = f(x); g = ∂y/∂f",
     "UnknownNameError: there is no f to differentiate by [^]",
     None),
]
# fmt: on


@pytest.mark.parametrize(("text", "first", "marks"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_clear_is_refused_with_its_place(text: str, first: str, marks: str | None) -> None:
    with pytest.raises(ed.EinsdiffError) as caught:
        str(ed.parse(text))
    lines = f"{type(caught.value).__name__}: {caught.value}".splitlines()
    if marks is None:
        return
    assert lines[0] == first
    assert lines[3] == f"    | {marks}"


@pytest.mark.parametrize(
    "text",
    [
        "u = x - x; y = 1/u",
        "u_i = x_i - x_i; s = 1/(u_i u_i)",
        "s = x' x; g = inv((∂b/∂x)' A)",
        "u = A x; y = 1/(b' ∂(x' x)/∂u)",
        "S : matrix(n, n) skew; s = 1/(x_i S_ij x_j)",
    ],
)
def test_a_divisor_that_turns_out_to_be_zero_is_refused(text: str) -> None:
    f = ed.parse(text, declare={"b": "vector(m)"} if "b" in text else None)
    with pytest.raises(ed.ParseError, match="a divisor is exactly zero, once"):
        str(f)


def test_a_derivative_inside_one_that_holds_what_depends_on_its_variable_is_ambiguous() -> None:
    f = ed.parse("u_i = A_ij x_j; y = u_i u_i; H_kl = ∂(∂y/∂x_l)/∂u_k")
    with pytest.raises(ed.AmbiguityError, match="it is not clear whether u moves with x there"):
        str(f)
    g = ed.diff("u_i = A_ij x_j; g_k = ∂(u_i u_i)/∂x_k", "u")
    with pytest.raises(ed.AmbiguityError, match="differentiate by u first"):
        str(g)
