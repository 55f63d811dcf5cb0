"""The published identities of spec/identities hold in every layout they state, and slips in them are found.

Each row is put to `ed.check` as it stands there.  Then its right side is spoilt: transposed (two indices exchanged in
index notation), doubled, or its sign turned.  What comes out must be refused in the stated layouts, unless the engine
itself finds that the spoilt side equals the right one, as where it is symmetric, a scalar or zero.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import einsdiff as ed
from einsdiff.layouts import LAYOUTS
from einsdiff.text.parser import parse_claim
from einsdiff.text.tree import Call, Name, Reduce, Tree, children
from einsdiff.verify.claims import read
from einsdiff.verify.judge import Bench
from einsdiff.verify.sides import State

FOLDER = Path(__file__).parents[1] / "spec" / "identities"
KEYS = {"name", "statement", "layouts", "declare", "place"}
FEWEST_ROWS, FEWEST_PROVED = 250, 0.8
REFUSED = {State.DIFFERENT, State.APART, State.SHAPES, State.REFUSED}
INDEX_GROUP = re.compile(r"_\{[^}]*\}|_\w+|\[[^]]*\]")


@dataclass(frozen=True)
class Row:
    """An identity as it stands in its file."""

    file: str
    name: str
    statement: str
    layouts: tuple[str, ...]
    declare: tuple[tuple[str, str], ...]
    place: str
    source: str

    @property
    def sides(self) -> tuple[str, str, str]:
        """The statements before the claim, its left side and its right side."""
        before, semicolon, claim = self.statement.rpartition(";")
        left, _, right = claim.partition(" = ")
        return before + semicolon, left.strip(), right.strip()

    @functools.cached_property
    def free(self) -> list[str] | None:
        """The free indices of the left side; None in matrix notation."""
        document = parse_claim(self.statement, known=[name for name, _ in self.declare])
        if document.notation == "matrix":
            return None
        seen = Counter(index_letters(document.statements[-2].body))
        return [letter for letter, count in seen.items() if count == 1]

    def judge(self, statement: str) -> dict[str, State]:
        """Return what is found out about a statement in each layout of the row; one is enough where it has none."""
        claim, bench = read(statement, declare=dict(self.declare)), Bench()
        return {layout: bench.judge(claim, layout).state for layout in self.layouts or ("mixed",)}


def read_rows() -> list[Row]:
    """Return the rows of all files."""
    rows = []
    for path in sorted(FOLDER.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for row in table["identity"]:
            assert row.keys() <= KEYS, f"{path.name}: {row}"
            declare = tuple(row.get("declare", {}).items())
            layouts = tuple(row["layouts"])
            rows.append(Row(path.stem, row["name"], row["statement"], layouts, declare, row["place"], table["source"]))
    return rows


ROWS = read_rows()
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.file}: {row.name}")


@functools.cache
def verdict_of(row: Row) -> ed.Verdict:
    """Return the verdict on a row as it is published."""
    return ed.check(row.statement, declare=dict(row.declare))


# ----------------------------------------------------------------------------------------------------- what is spoilt


def transpose(row: Row) -> str | None:
    """Return the right side transposed; in index notation with its first two free indices exchanged."""
    right = row.sides[2]
    if row.free is None:
        return f"({right})'"
    if len(row.free) < 2:
        return None
    i, j = row.free[:2]
    exchange = str.maketrans({i: j, j: i})
    return INDEX_GROUP.sub(lambda group: group.group().translate(exchange), right)


def index_letters(tree: Tree) -> list[str]:
    """Return the indices of a formula, from left to right, as often as they stand there."""
    own = tree.indices or () if isinstance(tree, Name | Call | Reduce) else ()
    letters = [index.name for index in own if isinstance(index.name, str)]
    return letters + [letter for part in children(tree) for letter in index_letters(part)]


SLIPS: dict[str, Callable[[Row], str | None]] = {
    "transposed": transpose,
    "doubled": lambda row: None if row.sides[2] == "0" else f"2 ({row.sides[2]})",
    "negative": lambda row: None if row.sides[2] == "0" else f"-({row.sides[2]})",
}
SPOILT = [(row, slip, side) for row in ROWS for slip, spoil in SLIPS.items() if (side := spoil(row)) is not None]
NAMES = [f"{row.file}: {row.name}: {slip}" for row, slip, _ in SPOILT]
REASONS = {"doubled": "a factor 2 is too much", "negative": "the sign is wrong"}


def compare_sides(row: Row, spoilt: str) -> dict[str, State]:
    """Return what is found out about `spoilt = right side` in each layout of the row.

    The sizes of I and ones, and in index notation the free indices, come from the left side, which drops out.
    """
    before, left, right = row.sides
    if row.free is None:
        return row.judge(f"{before} {left} - {left} + {spoilt} = {left} - {left} + {right}")
    indices = f"_{{{','.join(row.free)}}}" if row.free else ""
    return row.judge(f"{before} right{indices} = {right}; right{indices} = {spoilt}")


# -------------------------------------------------------------------------------------------------------------- tests


@each_row
def test_an_identity_holds_in_the_layouts_it_states(row: Row) -> None:
    verdict = verdict_of(row)
    assert verdict.holds, verdict.reason
    assert set(row.layouts) <= set(verdict.layouts), verdict.reason
    assert verdict.method in ("proof", "numeric")


@pytest.mark.parametrize(("row", "slip", "spoilt"), SPOILT, ids=NAMES)
def test_an_identity_with_a_slip_is_refused(row: Row, slip: str, spoilt: str) -> None:
    before, left, _ = row.sides
    found = row.judge(f"{before} {left} = {spoilt}")
    if State.EQUAL in found.values():
        unchanged = compare_sides(row, spoilt)
        found = {layout: state for layout, state in found.items() if unchanged[layout] is not State.EQUAL}
    assert set(found.values()) <= REFUSED, slip


@pytest.mark.parametrize(("row", "slip", "spoilt"), SPOILT[::10], ids=NAMES[::10])
def test_the_verdict_names_the_slip(row: Row, slip: str, spoilt: str) -> None:
    before, left, _ = row.sides
    verdict = ed.check(f"{before} {left} = {spoilt}", declare=dict(row.declare))
    has_points = verdict_of(row).method == "proof"  # where little has a value, no change can be tried
    if not verdict.holds and slip in REASONS and has_points:
        assert REASONS[slip] in verdict.reason
        assert verdict.counterexample is not None


def test_most_identities_are_proved() -> None:
    proved = Counter(row.file for row in ROWS if verdict_of(row).method == "proof")
    total = Counter(row.file for row in ROWS)
    report = "\n".join(f"{file}: {proved[file]} of {total[file]} proved" for file in total)
    assert proved.total() >= FEWEST_PROVED * total.total(), report


def test_the_corpus_is_large() -> None:
    assert len(ROWS) >= FEWEST_ROWS


def test_names_are_unique_in_a_file() -> None:
    names = Counter((row.file, row.name) for row in ROWS)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_row_stands_in_a_file_twice() -> None:
    rows = Counter((row.file, row.statement, row.layouts, frozenset(row.declare)) for row in ROWS)
    assert [row for row, count in rows.items() if count > 1] == []


@each_row
def test_a_row_has_a_source_a_place_and_known_layouts(row: Row) -> None:
    assert row.source
    assert row.place
    assert " = " in row.statement
    assert set(row.layouts) <= LAYOUTS.keys()
