"""Every identity that is a function fires on its formula, and each firing keeps the value."""

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.steps import Step, Steps
from einsdiff.simplify.rules import APPLY, MATRIX, PRODUCT, SUM
from einsdiff.simplify.simplify import simplify
from einsdiff.verify import exact, loops
from einsdiff.verify.distinct import distinct_sizes
from einsdiff.verify.draws import UndefinedError

RNG = np.random.default_rng(4)
Q3 = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
C3 = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
INPUTS = {
    "x": RNG.normal(size=3), "a": RNG.normal(size=3), "b": RNG.normal(size=3), "c": RNG.normal(size=3),
    "A": RNG.normal(size=(3, 3)) + 3 * np.eye(3), "B": RNG.normal(size=(3, 2)), "Q": Q3, "Z": RNG.normal(size=(3, 2)),
    "C": C3, "S": C3 + C3.T, "u": RNG.normal(size=2),
}  # fmt: skip

CASES = (
    # rule                       formula
    ("log of a sum of exp",      "y_n = log(sum_k(exp(Z_nk)))"),
    ("case of a relation",       "y_i = where(x_i > a_i, 1, 0)"),
    ("number on the right",      "y_i = where(0 < x_i, a_i, b_i)"),
    ("number on the right",      "y_i = where(1/2 >= x_i, 1, 0)"),
    ("numeric exponent",         "k = 4/2; y_i = pow(x_i, k)"),
    ("softmax",                  "y_nk = exp(Z_nk)/sum_j(exp(Z_nj))"),
    ("epsilon pair",             "s_i = ε_ijk a_j ε_klm b_l c_m"),
    ("inverse cancels",          "Y_ik = inv(A)_ij A_jl B_lk"),
    ("inverse cancels",          "Q : matrix(n, n) orthogonal; Y_ik = Q_ij Q_lj B_lk"),
    ("inverse cancels",          "Y_ik = A_ij adj(A)_jl B_lk"),
    ("inverse cancels",          "S : matrix(n, n) symmetric; Y_ik = inv(S)_ij S_kj"),
    ("inverse opens",            "v_i = A_ij x_j; y_i = inv(A)_ij v_j + v_i"),
    ("inverse meets its argument", "y_i = inv(Z' Z)_ij Z_kj Z_kl u_l"),
    ("inverse meets its argument", "M_ij = 2 Z_ki A_kl Z_lj; v_i = Z_ji c_j; y_i = inv(M)_ij Z_kj A_kl Z_lm v_m + v_i"),
    ("inverse cancels inside",   "y_i = Z_ji (a_j - Z_jk inv(Z' Z)_kl Z_ml a_m)"),
    ("inverse cancels inside",   "H_ij = Z_ik inv(Z' Z)_kl Z_jl; Y_ij = (δ_ik - H_ik) (δ_kj - H_kj)"),
    ("inverse of a product",     "M_ij = A_ik inv(C)_kj; Y_ik = inv(M)_ij B_jk"),
    ("inverse of a product",     "M_ij = 3 inv(A)_ki C_kj; Y_ik = inv(M)_ij B_jk"),
    ("inverse opens",            "Q : matrix(n, n) orthogonal; v_i = Q_ij x_j; y_i = Q_ji v_j + v_i"),
    ("length is kept",           "Q : matrix(n, n) orthogonal; v_i = Q_ij x_j; s = v_i v_i + sin(v_i v_i)"),
    ("length is kept",           "Q : matrix(n, n) orthogonal; Y_ij = Q_ki Z_kj; s = (Y_ij^2)^(1/2)"),
    ("softmax",                  "y_nk = exp(Z_nk)/(sum_j(exp(Z_nj)) 1_k)"),
    ("softmax adds up",          "s = 1 - sum_n(softmax_n(x_n))"),
    ("softmax adds up",          "y_n = u_n sum_i(softmax_i(Z_in)) a_j a_j"),
    ("selection",                "y_i = where(x_i > 0, 1, 0) log(x_i^2)"),
    ("inverse of inverse",       "M_ij = inv(A)_ij; s = logdet(M)"),
    ("inverse of inverse",       "M_ij = inv(A)_ij; s = det(M)"),
    ("inverse of inverse",       "M_ij = inv(A)_ij; Y_ij = adj(M)_ij"),
    ("common factor",            "y_i = sin(x_i) a_i + sin(x_i) b_i"),
    ("common factor",            "y_i = sin(x_i)^3 a_i + sin(x_i)^2 b_i"),
    ("common divisor",           "y_i = 1/(1 + x_i^2)^(1/2) - x_i^2/(1 + x_i^2)^(3/2)"),
    ("common divisor",           "s = 1/(1 + x_i x_i) - x_i x_i/(1 + x_k x_k)^2"),
    ("deviations cancel",        "c_i = x_i - mean_j(x_j); y_k = sin(a_k) c_i b_i - 2 a_k sum_i(c_i)"),
    ("opposite sigmoids",        "g_j = A_nj (1 - b_n) sigmoid(x_n) - A_nj b_n sigmoid(-x_n)"),
    ("opposite sigmoids",        "y_i = (1 - a_i) sigmoid(x_i) - a_i sigmoid(-x_i)"),
    ("number of shared sums",    "v_i = 2 x_i + 2 a_i; y_i = v_i + 2 tanh(v_i)"),
    ("number of shared sums",    "v_i = 4 x_i - 6 a_i; y_i = -2 exp(v_i) + 3 v_i"),
    ("opposite factors",         "y_i = sin(a_i) (x_i - c_i) + cos(b_i) (c_i - x_i)"),
    ("opposite factors",         "Y_ij = A_ij (x_i - x_j) - A_ji (x_j - x_i)"),
    ("number in front",          "y_i = sin(a_i) (2 x_i + 4 b_i)"),
    ("number in front",          "y_i = -(x_i - sin(b_i))"),
    ("number in front",          "y_i = a_i/(-1/2 x_i^2 - 3/2 b_i^2)^3"),
    ("common delta",             "Y_ij = δ_ij a_i + δ_ij b_i"),
)  # fmt: skip


def agree(before: Entry, after: Entry) -> bool:
    """Compare exactly, where ZᵀZ is to have an inverse with as many rows as columns, or more."""
    try:
        return exact.agree(before, after)
    except UndefinedError:
        return exact.agree(before, after, sizes=distinct_sizes(before, after, turn=-1))


def fired(rule: str, text: str) -> list[Step]:
    f, steps = ed.parse(text, notation="index"), Steps()
    f.derive(steps)
    assert rule in {s.rule for s in steps.taken}
    return [s for s in steps.taken if s.rule == rule]


@pytest.mark.parametrize(("rule", "text"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_a_rule_fires_and_keeps_the_value(rule: str, text: str) -> None:
    assert all(agree(s.before, s.after) for s in fired(rule, text))
    f = ed.parse(text, notation="index")
    inputs = {name: INPUTS[name] for name in f.inputs}
    wanted = np.asarray(loops.evaluate(text, inputs).result, float)
    np.testing.assert_allclose(f.compile()(**inputs), wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("rule", "text"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES])
def test_another_result_than_that_of_a_rule_is_refused(rule: str, text: str) -> None:
    for s in fired(rule, text):
        ones = build.spread(build.number(1), build.sizes(s.after))
        wrongs = (build.scale(2, s.after), build.scale(-1, s.after), build.add(s.after, ones), build.number(0))
        for wrong in (ones,) if build.is_zero(s.after) else wrongs:
            assert not agree(s.before, wrong)


def test_every_rule_has_a_case() -> None:
    names = {rule.__name__.replace("_", " ") for rule in (*APPLY, *MATRIX, *PRODUCT, *SUM)}
    assert names == {case[0] for case in CASES}


NESTS = (
    "u{k}_i = u{p}_i + u{p}_i^2", "u{k}_i = (1 + u{p}_i) (2 - u{p}_i)", "u{k}_i = u{p}_i/(1 + u{p}_i^2) + u{p}_i",
    "u{k}_i = u{p}_i sigmoid(u{p}_i) + sigmoid(-u{p}_i)", "u{k}_i = u{p}_i + tanh(A_ij u{p}_j)",
    "u{k}_i = exp(u{p}_i)/(2 + exp(u{p}_i)) + u{p}_i",
)  # fmt: skip


@pytest.mark.parametrize("step", NESTS)
def test_gradients_of_nested_formulas_have_no_more_nodes_than_layers_need(step: str) -> None:
    sizes = [len(walk.ordered(ed.diff(ed.parse(nested(step, n), notation="index"), "x").entry.node)) for n in (8, 16)]
    assert sizes[1] < 3 * sizes[0]


@pytest.mark.parametrize("step", NESTS)
def test_few_rounds_simplify_nested_formulas(step: str) -> None:
    gradient = ed.diff(ed.parse(nested(step, 16), notation="index"), "x").entry
    assert simplify(gradient, rounds=1) == (gradient,)


def nested(step: str, layers: int) -> str:
    """Return a text in which a step is applied many times."""
    lines = ["u0_i = x_i", *(step.format(p=k - 1, k=k) for k in range(1, layers + 1))]
    return "\n".join([*lines, f"L = (u{layers}_i - c_i)^2"])
