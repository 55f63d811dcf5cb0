"""What is said never to be negative is not, and what may be is not said to be."""

from __future__ import annotations

import pytest

from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.program import elaborate
from einsdiff.verify.branches import is_nonnegative

SPD = {"S": frozenset(["spd"]), "p": frozenset(["positive"])}

# fmt: off
ROWS = [
    ("x' x",                   True),
    ("x' A' A x",              True),
    ("x' S x",                 True),
    ("x' S x + exp(a' x)",     True),
    ("tr(A A')",               True),
    ("x' inv(S) x",            True),
    ("p' abs(x)",              True),
    ("norm(A x - b)",          True),
    ("det(S)",                 True),
    ("x' y",                   False),
    ("x' A x",                 False),
    ("x' S y",                 False),
    ("tr(A A)",                False),
    ("x' A' B x",              False),
    ("-x' x",                  False),
    ("x' x - y' y",            False),
    ("sum(S)",                 False),
    ("det(A)",                 False),
    ("p' x",                   False),
]
# fmt: on


@pytest.mark.parametrize(("text", "wanted"), ROWS)
def test_what_is_never_negative_by_its_form(text: str, wanted: bool) -> None:  # noqa: FBT001
    program = elaborate(text, notation="matrix")
    entry = evaluate(program, program.definitions[-1].entry)
    assert is_nonnegative(entry.node, SPD) is wanted
