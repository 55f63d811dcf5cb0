"""The pages of spec/: their examples are run (conftest.py), and what code and pages say of each other is true."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Sybil
from sybil.document import Document
from sybil.example import SybilFailure

import einsdiff as ed
from einsdiff import functions
from einsdiff.elaborate import matrix
from einsdiff.text import cursor, declarations, expressions, parser

ROOT = Path(__file__).parent.parent
LANGUAGE = (ROOT / "spec/language.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "spec/architecture.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "einsdiff").rglob("*.py"))


def conftest() -> ModuleType:
    found = importlib.util.spec_from_file_location("pages_of_spec", ROOT / "conftest.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def headings(page: str) -> set[str]:
    text = (ROOT / "spec" / page).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^#+ (.*?)\s*$", text, flags=re.MULTILINE))


def pointers() -> set[tuple[str, str]]:
    """Every `spec/page.md, Section` that the code names."""
    found = re.compile(r"spec/([\w/-]+\.md)(?:, ([A-Z][A-Za-z-]*(?: [a-z]+)*))?")
    return {pair for path in MODULES for pair in found.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(("page", "section"), sorted(pointers()))
def test_every_section_that_the_code_names_is_a_heading(page: str, section: str) -> None:
    assert (ROOT / "spec" / page).exists()
    assert not section or section in headings(page)


def test_the_language_page_names_every_function_and_every_property() -> None:
    names = [*functions.BY_NAME, *functions.ALIASES, *functions.REDUCTIONS, *functions.TENSOR_FUNCTIONS]
    names += [*declarations.RANKS, *declarations.PROPERTIES]
    spelled = set(re.findall(r"[A-Za-z0-9]+", LANGUAGE))
    implied = {"arccos", "arctan", "arccosh", "arctanh"}  # arcsin …, arcsinh …
    assert sorted(set(names) - spelled - implied) == []


def test_the_language_page_states_the_limits_of_the_code() -> None:
    numbers = (parser.LENGTH, cursor.DEPTH, expressions.LARGEST, matrix.POWERS)
    limits = LANGUAGE[LANGUAGE.index("## Limits") :]
    assert [n for n in numbers if f"| {n:,} |" not in limits] == []


def rows_of_names() -> list[tuple[list[str], str]]:
    """The rows of the tables of spec/names.md: the names of each, and what stands in its last cell."""
    lines = (ROOT / "spec/names.md").read_text(encoding="utf-8").split("\n")
    cells = [line.split("|") for line in lines if line.startswith("| `")]
    return [(re.findall(r"`(\w+)`", row[1]), row[3].strip()) for row in cells]


def test_the_page_of_names_has_every_public_name_and_no_other() -> None:
    assert {name for names, _ in rows_of_names() for name in names} == set(ed.__all__)


@pytest.mark.parametrize(("kind", "text"), [(n[0], text[1:-1]) for n, text in rows_of_names() if text[0] == "`"])
def test_the_page_of_names_has_an_example_for_each_error(kind: str, text: str) -> None:
    read = {"ClaimError": ed.check, "NoMatrixForm": lambda formula: ed.parse(formula).matrix()}
    with pytest.raises(getattr(ed, kind)):
        read.get(kind, ed.parse)(text)


@pytest.mark.parametrize("name", ed.__all__)
def test_every_public_name_has_an_example_and_tells_what_it_refuses(name: str) -> None:
    found = getattr(ed, name)
    text = inspect.getdoc(found) or ""
    is_error = isinstance(found, type) and issubclass(found, ed.EinsdiffError)
    assert is_error or ">>> " in text
    assert isinstance(found, type) or "Raises: " in text


def test_the_architecture_page_names_every_module() -> None:
    named = set(re.findall(r"`([\w./]+)`", ARCHITECTURE))
    paths = [path.relative_to(ROOT / "einsdiff") for path in MODULES]
    wanted = {
        path.as_posix() if len(path.parts) == 1 else path.name
        for path in paths
        if path.name != "__init__.py" or len(path.parts) == 1
    }
    assert sorted(wanted - named) == []


RIGHT = """ed.parse("y_i = 2_i")
ParseError: 2 [~] carries no index [^]

  1 | y_i = 2_i
    |       ~^^

  rule: of the numbers only 1_i, the tensor of ones, does
  help: write 2 1_i"""


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        (f"```error\n>>> {RIGHT}\n```", None),
        (f"```error\n>>> {RIGHT.replace('~^^', '^^^')}\n```", "and not"),
        ('```error\n>>> ed.parse("y_i = x_i")\nParseError: no\n```', "raises nothing"),
        ('```python\n>>> print(ed.parse("y_i = x_i"))\ny_i = x_i\n```', None),
        ('```python\n>>> print(ed.parse("y_i = x_i"))\ny_i = x_j\n```', "Expected"),
    ],
)
def test_an_example_of_a_page_fails_where_it_does_not_hold(block: str, complaint: str | None, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```python\n>>> import einsdiff as ed\n```\n\n{block}\n", encoding="utf-8")
    pages: Sybil = conftest().pages
    document = Document.parse(str(page), *pages.parsers)
    importing, example = document.examples()
    importing.evaluate()
    if complaint is None:
        example.evaluate()
    else:
        with pytest.raises(SybilFailure, match=complaint):
            example.evaluate()


# --------------------------------------------------------------------------------------------------------------- floors


def floors() -> dict[str, int]:
    """The floor of each package and module, counted from the top."""
    drawn = re.search(r"```floors\n(.*?)```", ARCHITECTURE, flags=re.DOTALL)
    assert drawn is not None
    return {name: k for k, line in enumerate(drawn[1].splitlines()) for name in line.split(" | ")}


def place(module: str) -> str:
    """The package or module below einsdiff that a dotted name belongs to."""
    return [*module.split("."), "__init__"][1]


def imported(path: Path) -> Iterator[str]:
    """Every module of einsdiff that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "einsdiff":
            yield from (f"einsdiff.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("einsdiff."):
            yield str(node.module)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_downward(path: Path) -> None:
    floor = floors()
    here = place(".".join(path.relative_to(ROOT).with_suffix("").parts))
    below = {there for there in map(place, imported(path)) if there != here}
    assert sorted(there for there in below if floor[there] <= floor[here]) == []
