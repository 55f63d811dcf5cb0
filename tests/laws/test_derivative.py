"""Derivatives agree with finite differences of the loops, in first and second order."""

import numpy as np
import pytest
from hypothesis import assume, given

import einsdiff as ed
from einsdiff.verify import differences
from tests.strategies import Program, programs


def close(found, wanted, rtol: float) -> None:
    assert np.shape(found) == np.shape(wanted)
    scale = max(1.0, np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(np.asarray(found, float), wanted, rtol=rtol, atol=rtol * scale)


@given(programs())
def test_a_first_derivative_agrees_with_differences(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    for name in program.names[:2]:
        if name in f.inputs:
            g = ed.diff(f, name)
            close(g.compile()(**program.inputs), differences.derivative(program.text, name, program.inputs), 1e-6)


@pytest.mark.parametrize("text", ["adj(S)", "adj(S S') x", "logdet(adj(S))", "tr(S adj(S Q)^2)"])
def test_derivatives_of_an_adjugate_agree_with_differences(text: str) -> None:
    numbers = np.random.default_rng(4)
    given = {
        "S": numbers.normal(size=(3, 3)) + 2 * np.eye(3),
        "Q": numbers.normal(size=(3, 3)),
        "x": numbers.normal(size=3),
    }
    f = ed.parse(text)
    inputs = {name: given[name] for name in f.inputs}
    close(ed.diff(f, "S").compile()(**inputs), differences.derivative(text, "S", inputs), 1e-6)


@given(programs(statements=2, depth=1, is_scalar=True))
def test_a_second_derivative_agrees_with_differences(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = [n for n in program.names if n in f.inputs and program.inputs[n].size <= 21]
    assume(names)
    pair = (names[0], names[-1])
    h = ed.diff(f, *pair)
    close(h.compile()(**program.inputs), differences.derivative(program.text, pair, program.inputs), 1e-4)


@given(programs(statements=2, is_scalar=True))
def test_products_with_vectors_agree_with_the_whole_derivative(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = [n for n in program.names if n in f.inputs and program.inputs[n].size <= 21]
    assume(names)
    x = names[0]
    v = np.random.default_rng(5).normal(size=program.inputs[x].shape)
    axes = list(range(v.ndim))
    gradient, hessian = ed.compile(ed.diff(f, x), ed.diff(f, x, x))(**program.inputs)
    given_v = {**program.inputs, "vv": v}
    close(ed.jvp(f, x, "vv").compile()(**given_v), np.tensordot(gradient, v, (axes, axes)), 1e-9)
    close(ed.hvp(f, x, "vv").compile()(**given_v), np.tensordot(hessian, v, (axes, axes)), 1e-8)


@given(programs(statements=2))
def test_a_pulled_back_covector_agrees_with_the_whole_derivative(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = [n for n in program.names if n in f.inputs]
    assume(names)
    x = names[0]
    whole = ed.diff(f, x).compile()(**program.inputs)
    rank = len(f.indices)
    u = np.random.default_rng(6).normal(size=whole.shape[:rank])
    axes = list(range(rank))
    found = ed.vjp(f, x, "uu").compile()(**program.inputs, uu=u)
    close(found, np.tensordot(u, whole, (axes, axes)), 1e-8)


@given(programs(statements=2))
def test_the_layouts_are_orders_of_the_same_array(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = [n for n in program.names if n in f.inputs]
    assume(names)
    g = ed.diff(f, names[0])
    mixed, numerator, denominator = (
        g.compile(layout=name)(**program.inputs) for name in ("mixed", "numerator", "denominator")
    )
    y, rank = len(f.indices), mixed.ndim
    turned = mixed.transpose(*range(y), *reversed(range(y, rank)))
    close(numerator, turned, 1e-13)  # each layout has a plan of its own, which rounds in its own way
    close(denominator, numerator.transpose(), 1e-13)
