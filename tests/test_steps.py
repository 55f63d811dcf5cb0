"""A derivation is the computation: each step is an equation, and the steps lead to the result."""

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.algebra import build, walk
from einsdiff.algebra.steps import Steps, unrecorded
from einsdiff.calculus.compose import carry_out
from einsdiff.expression import without_sizes
from einsdiff.simplify.normal_form import are_equal
from einsdiff.verify import exact

CASES = (
    ("y = x_i A_ij x_j", "x"),
    ("y_i = exp(A_ij x_j) x_i", "x"),
    ("L = (T_ij - U_ik V_jk)^2", "U"),
    ("s_i = ε_ijk a_j ε_klm b_l c_m", "b"),
    ("y_i = x_i/(x_k x_k)^(1/2)", "x"),
    ("s = logdet(A) + det(B)", "A"),
    ("s = adj(A)_ij B_ij", "A"),
    ("y_n = log(sum_k(exp(Z_nk)))", "Z"),
    ("p_nk = exp(Z_nk)/sum_j(exp(Z_nj))", "Z"),
    ("L = sum_n(log(1 + exp(X_ni w_i)) - y_n X_ni w_i)", "w"),
    ("y_i = log(1/(1 + exp(-A_ij x_j))) b_i", "x"),
    ("y_i = where(x_i > a_i, 1, 0) log(x_i^2)", "x"),
    ("y_i = relu(relu(A_ij x_j)) + abs(abs(x_i)) + max(b_i, x_i)", "x"),
    ("k = 6/2; y_i = pow(x_i, k) exp(log(x_i))", "x"),
    ("M_ij = inv(A)_ij; s = logdet(M) + a_i M_ij A_jk b_k", "A"),
)

DECLARED = (("Q : matrix(n, n) orthogonal; L = (Q_ij Q_kj x_k - a_i)^2", "x"),)
"""What is declared is assumed of the raw derivative, between two steps."""


def record(text: str, *wrt: str) -> tuple[ed.Derivative, Steps]:
    g, steps = ed.diff(text, *wrt), Steps()
    g.derive(steps)
    return g, steps


@pytest.mark.parametrize(("text", "wrt"), [*CASES, *DECLARED], ids=str)
def test_each_step_is_an_equation(text: str, wrt: str) -> None:
    _, steps = record(text, wrt)
    assert steps.taken
    for step in steps.taken:
        before, after = carry_out(step.before), carry_out(step.after)
        assert exact.agree(before, after), step.rule


@pytest.mark.parametrize(("text", "wrt"), [*CASES, *DECLARED], ids=str)
def test_a_step_with_another_result_is_refused(text: str, wrt: str) -> None:
    _, steps = record(text, wrt)
    for step in steps.taken:
        before, after = carry_out(step.before), carry_out(step.after)
        ones = build.spread(build.number(1), build.sizes(before))
        assert not exact.agree(before, build.add(after, ones)), step.rule
        if not build.is_zero(after):
            assert not exact.agree(before, build.scale(2, after)), step.rule


@pytest.mark.parametrize(("text", "wrt"), CASES, ids=str)
def test_replaying_the_steps_gives_the_result(text: str, wrt: str) -> None:
    g, steps = record(text, wrt)
    whole = ed.parse(text).entry.node
    current = next(s.before for s in steps.taken if s.rule in LAWS and s.at.body is whole)
    for _ in range(len(steps.taken)):
        for step in steps.taken:
            current = walk.replace(current, lambda node, s=step: s.after if node is s.at else None)
    base = ed.parse(text).entry.wires
    order = [next(w for w in g.wires if w.index == b.index) for b in base] + list(g.wires[len(base) :])
    place = dict(enumerate(order))
    found = type(current)(current.node, tuple(place[w] for w in current.wires))
    assert are_equal(without_sizes(found), without_sizes(g.entry))


LAWS = {"sum", "product", "power", "chain", "inverse", "adjugate", "determinant", "log determinant", "logsumexp"}


def test_nothing_is_recorded_unasked() -> None:
    ed.diff("y = x_i A_ij x_j", "x").index()
    assert unrecorded.taken == []


def test_the_names_of_the_rules_tell_what_was_done() -> None:
    _, steps = record("y = log(sum_i(exp(A_ij x_j)))", "x")
    rules = {s.rule for s in steps.taken}
    assert "log of a sum of exp" in rules
    assert rules & LAWS


def test_gradients_of_residual_networks_have_linear_size() -> None:
    counts = []
    for n in (10, 20, 40, 80):
        lines = ["h0_i = x_i"]
        lines += [f"h{k}[i] = h{k - 1}[i] + tanh(W{k}[i,j] h{k - 1}[j] + b{k}[i])" for k in range(1, n + 1)]
        g = ed.diff("\n".join([*lines, f"L = (h{n}[i] - y_i)^2"]), "W1")
        counts.append(len(walk.ordered(g.entry.node)))
    growth = np.diff(counts) / np.diff([10, 20, 40, 80])
    assert growth.max() <= 1.2 * growth.min()
