"""What is refused, and with which words: files named `refused.txt` hold texts and whole messages, marks included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.refusals import cases, message_of

HERE = Path(__file__).parent
CASES = [case for folder in ("text", "elaborate") for case in cases(HERE / folder / "refused.txt")]
every_refusal = pytest.mark.parametrize(("source", "message"), CASES, ids=[source for source, _ in CASES])


@every_refusal
def test_a_refusal_says_what_is_wrong_and_where(source: str, message: str) -> None:
    assert message_of(source) == message


@every_refusal
def test_marks_move_with_the_formula(source: str, message: str) -> None:
    moved = re.sub(r"^(  [ 0-9]+ \| )", r"\1  ", message, flags=re.MULTILINE)
    assert message_of(re.sub(r"^", "  ", source, flags=re.MULTILINE)) == moved


@pytest.mark.parametrize("message", [message for _, message in CASES], ids=[source for source, _ in CASES])
def test_a_message_has_its_signs_a_help_and_at_most_eight_lines(message: str) -> None:
    first, *rest = message.split("\n")
    assert "[^]" in first
    assert ("[~]" in first) == any("~" in line for line in rest if line.startswith("    |"))
    assert any(line.startswith("  help: ") for line in rest)
    assert len([line for line in rest if line]) < 8
