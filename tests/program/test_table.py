"""What `fn.plan` shows."""

import numpy as np

from einsdiff.algebra import build
from einsdiff.algebra.nodes import Axis
from einsdiff.program import compile as compile_request
from einsdiff.program.request import Output, Request, SizeClass
from tests.program.networks import request
from tests.program.test_planner import CASES

CHAIN = build.multiply(
    build.tensor("A", ["i", "j"]), build.tensor("B", ["j", "k"]), build.tensor("x", ["k"]), bound=["j", "k"]
)
CLASSES = (
    SizeClass("i", ((Axis("A", 0), None),)),
    SizeClass("j", ((Axis("A", 1), None), (Axis("B", 0), None))),
    SizeClass("k", ((Axis("B", 1), None), (Axis("x", 0), None))),
)


def chain():
    return compile_request(Request((Output("y", CHAIN, (("i", Axis("A", 0)),)),), (), CLASSES))


def test_the_plan_is_a_table():
    function = chain()
    function(A=np.ones((2, 3)), B=np.ones((3, 5)), x=np.ones(5))
    assert str(function.plan) == (
        "value  operation  operands  shape  flops\n"
        "----------------------------------------\n"
        "t1     jk,k->j    B, x      3         30\n"
        "t2     ij,j->i    A, t1     2         12\n"
        "\n"
        "flops:       42\n"
        "peak memory: 40 bytes\n"
        "results:     2"
    )


def test_the_peak_is_told_in_bytes_of_the_dtype():
    function = chain()
    function(A=np.ones((2, 3), np.float32), B=np.ones((3, 5), np.float32), x=np.ones(5, np.float32))
    assert function.plan.peak_memory == 4 * (3 + 2)


def test_a_plan_is_shown_before_any_array_is_seen():
    plan = chain().plan
    assert plan.flops == 2 * (65 * 66 + 64 * 65)
    assert [row[1] for row in plan.rows] == ["jk,k->j", "ij,j->i"]


def test_intermediate_results_live_until_their_last_use():
    x = build.tensor("A", ["i", "j"])
    for name in ("exp", "sin", "tanh", "cos"):
        x = build.apply(name, x)
    axes = (("i", Axis("A", 0)), ("j", Axis("A", 1)))
    function = compile_request(Request((Output("y", x, axes),), (), CLASSES))
    function(A=np.ones((10, 10)))
    assert function.plan.peak_memory == 8 * 200


def test_every_kind_of_step_has_its_line():
    zero = Output("z", build.ZERO, (("i", Axis("x", 0)),))
    asked = request(*(make() for make in CASES.values()))
    function = compile_request(Request((*asked.outputs, zero), asked.inputs, asked.classes))
    table = str(function.plan)
    words = "view component multiply divide power times sum assemble zeros inv logsumexp"
    for word in words.split():
        assert word in table
    assert "->" in table
