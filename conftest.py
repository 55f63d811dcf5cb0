"""The pages are run: every example in README.md and spec/*.md is a test of its own.

A block marked `python` holds doctests.  A block marked `error` holds a call, behind `>>>`, and below it the whole
message of the error that it raises.  All examples of a page share their names.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sybil import Example, Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from einsdiff.errors import EinsdiffError

FIELDS = "the calculus of field derivatives"

AWAITED = {
    'print(ed.parse("Y_lij = ∂_l (B_ik C_kj)"))': FIELDS,
    'print(ed.parse("w_i = ε_ijk ∂_j v_k"))': FIELDS,
    'print(ed.parse("w_i = ε_ijk ∂_j ∂_k φ"))': FIELDS,
    'print(ed.parse("c : vector(n) constant; s = ∂_i (c_i φ)"))': FIELDS,
}
"""Examples that the pages show as they shall be and that do not hold yet: the call → what is missing."""

PROMPTS = (">>> ", "... ")


def evaluate_error(example: Example) -> str | None:
    """Return what is wrong with an `error` block: the call raises nothing, or its message differs."""
    lines = str(example.parsed).rstrip().split("\n")
    count = next((k for k, line in enumerate(lines) if not line.startswith(PROMPTS)), len(lines))
    call = "\n".join(line[len(PROMPTS[0]) :] for line in lines[:count])
    wanted = "\n".join(lines[count:])
    try:
        exec(compile(call, example.path, "exec"), example.namespace)
    except EinsdiffError as error:
        raised = "\n".join(line.rstrip() for line in f"{type(error).__name__}: {error}".split("\n"))
        differs = raised != wanted
        return _settle(call, f"{call}\nraises\n\n{raised}\n\nand not\n\n{wanted}" if differs else None)
    return _settle(call, f"{call}\nraises nothing; expected\n\n{wanted}")


def _settle(call: str, failure: str | None) -> str | None:
    """Return the failure of an example; one that is awaited shall fail."""
    missing = AWAITED.get(call.strip())
    if missing is None:
        return failure
    if failure is None:
        return f"this holds now; take it off AWAITED in conftest.py: {call}"
    pytest.xfail(missing)
    return None


def _awaiting(evaluate: Callable[[Example], str | None]) -> Callable[[Example], str | None]:
    def settled(example: Example) -> str | None:
        return _settle(getattr(example.parsed, "source", str(example.parsed)), evaluate(example) or None)

    return settled


class _PythonParser(PythonCodeBlockParser):
    """Reads `python` blocks; a failing doctest that is awaited is expected to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.doctest_parser.evaluator = _awaiting(self.doctest_parser.evaluator)


docstrings = Sybil(
    parsers=[DocTestParser()],
    patterns=["einsdiff/*.py", "einsdiff/**/*.py"],
    excludes=["einsdiff/verify/*.py"],
    document_types={".py": PythonDocStringDocument},
)

pages = Sybil(
    parsers=[_PythonParser(), CodeBlockParser("error", evaluate_error)],
    patterns=["README.md", "spec/*.md", "spec/decisions/*.md"],
)
pytest_collect_file = (pages + docstrings).pytest()
