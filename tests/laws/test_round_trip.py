"""What is printed reads back as the same expression."""

from hypothesis import given

import einsdiff as ed
from einsdiff.algebra.nodes import Count, IndexSize
from einsdiff.algebra.walk import ordered
from tests.strategies import Program, programs


def counts(f: ed.Expression) -> bool:
    """Tell whether a formula counts an index that no tensor has: δ_kk reads back without a size."""
    return any(isinstance(node, Count) and isinstance(node.size, IndexSize) for node in ordered(f.entry.node))


@given(programs(is_smooth=False))
def test_a_printed_expression_reads_back(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    if not counts(f):
        assert ed.parse(str(f), notation="index") == f


@given(programs(statements=2))
def test_a_printed_derivative_reads_back(program: Program) -> None:
    f = ed.parse(program.text, notation="index")
    for name in program.names[:2]:
        if name in f.inputs:
            g = ed.diff(f, name)
            if not counts(g):
                assert ed.parse(str(g), notation="index") == g
