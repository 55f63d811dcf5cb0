"""The pages are run: every example in README.md and spec/*.md is a test of its own.

A block marked `python` holds doctests.  A block marked `error` holds a call, behind `>>>`, and below it the whole
message of the error that it raises.  All examples of a page share their names.  What stands between
`<!-- skip: start if(…) -->` and `<!-- skip: end -->` is left out where something optional is not installed.
"""

from __future__ import annotations

from sybil import Example, Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from einsdiff.errors import EinsdiffError
from einsdiff.layouts import LAYOUTS, Layout

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
        return f"{call}\nraises\n\n{raised}\n\nand not\n\n{wanted}" if differs else None
    return f"{call}\nraises nothing; expected\n\n{wanted}"


docstrings = Sybil(
    parsers=[DocTestParser()],
    patterns=["einsdiff/*.py", "einsdiff/**/*.py"],
    document_types={".py": PythonDocStringDocument},
)


def keep_layouts(namespace: dict[str, dict[str, Layout]]) -> None:
    namespace["layouts before this page"] = dict(LAYOUTS)


def forget_layouts(namespace: dict[str, dict[str, Layout]]) -> None:
    """Take out of the table what a page has registered."""
    LAYOUTS.clear()
    LAYOUTS.update(namespace["layouts before this page"])


pages = Sybil(
    parsers=[PythonCodeBlockParser(), CodeBlockParser("error", evaluate_error), SkipParser()],
    patterns=["README.md", "spec/*.md", "spec/decisions/*.md", "spec/identities/*.md"],
    setup=keep_layouts,
    teardown=forget_layouts,
)
pytest_collect_file = (pages + docstrings).pytest()
