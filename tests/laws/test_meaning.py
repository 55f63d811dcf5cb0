"""Parsing, simplification and the normal form keep the value; the compiled program computes what the loops compute."""

import numpy as np
from hypothesis import given

import einsdiff as ed
from einsdiff.algebra.steps import Steps
from einsdiff.elaborate.program import elaborate
from einsdiff.simplify.normal_form import normal_form
from einsdiff.simplify.simplify import simplify
from einsdiff.verify import exact, loops, modular
from tests.strategies import Program, programs


def last(text: str):
    program = elaborate(text, notation="index")
    return program.link(program.definitions[-1].entry)


@given(programs(is_smooth=False))
def test_a_compiled_program_computes_what_the_loops_compute(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    wanted = loops.evaluate(program.text, program.inputs).result
    found = f.compile()(**{name: a for name, a in program.inputs.items() if name in f.inputs})
    np.testing.assert_allclose(found, np.asarray(wanted, float), rtol=1e-9, atol=1e-9)


@given(programs(statements=2, is_smooth=False))
def test_simplification_keeps_every_entry_modulo_a_prime(program: Program) -> None:
    entry = last(program.text)
    steps = Steps()
    simpler = simplify(entry, steps=steps)[0]
    for before, after in [(entry, simpler), *((s.before, s.after) for s in steps.taken)]:
        assert modular.agree(before, after) or exact.agree(before, after)


@given(programs(statements=2))
def test_the_normal_form_has_the_same_value(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = {w: w for w in f.entry.wires}
    normal = normal_form(f.entry)
    assert set(normal.wires) == set(names) or not normal.wires
    wanted = f.compile()(**{n: a for n, a in program.inputs.items() if n in f.inputs})
    f.__dict__["entry"] = normal
    found = f.compile()(**{n: a for n, a in program.inputs.items() if n in f.inputs})
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7 * max(1.0, np.abs(wanted).max(initial=0)))
