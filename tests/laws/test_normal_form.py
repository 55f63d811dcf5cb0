"""Order of terms and factors, names of bound indices and order of work do not matter: the object is the same."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

import einsdiff as ed
from einsdiff.algebra import build
from einsdiff.simplify.normal_form import normal_form
from einsdiff.text.parser import parse as read
from tests.strategies import Program, programs, shuffled


@given(programs(is_smooth=False), st.integers(0, 2**32))
def test_shuffled_and_renamed_text_gives_the_same_object(program: Program, seed: int) -> None:
    text = shuffled(read(program.text, notation="index"), Random(seed))
    f, g = ed.parse(program.text, notation="index"), ed.parse(text, notation="index")
    assert f == g, text


@given(programs(statements=1, is_smooth=False), st.integers(0, 2**32))
def test_one_statement_shuffled_is_the_same_node(program: Program, seed: int) -> None:
    text = shuffled(read(program.text, notation="index"), Random(seed))
    f, g = ed.parse(program.text, notation="index"), ed.parse(text, notation="index")
    names = dict(zip(g.wires, f.wires, strict=True))
    assert normal_form(build.rename(g.entry, names)) == normal_form(f.entry), text


@given(programs(statements=2, depth=1))
def test_mixed_second_derivatives_are_transposes_of_each_other(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    names = [n for n in program.names if n in f.inputs]
    if len(names) < 2:
        return
    a, b = names[:2]
    ab, ba = ed.diff(f, a, b), ed.diff(f, b, a)
    y = len(f.indices)
    p, q = len(ab.wrt[0].wires), len(ab.wrt[1].wires)
    order = [*range(y), *range(y + q, y + q + p), *range(y, y + q)]
    found = ab.compile()(**program.inputs)
    wanted = ba.compile()(**program.inputs).transpose(order)
    assert abs(found - wanted).max(initial=0) <= 1e-7 * max(1.0, abs(found).max(initial=0))
