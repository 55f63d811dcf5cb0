"""Texts that are refused, and the whole message with which they are."""

from __future__ import annotations

from pathlib import Path

import pytest

import einsdiff as ed


def cases(path: Path) -> list[tuple[str, str]]:
    """Return the texts of a file with their messages, the lines that begin with `>`; `#` begins a comment."""
    found = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.strip("\n").split("\n") if not line.startswith("#")]
        text, said = ([line for line in lines if line.startswith(">") == is_said] for is_said in (False, True))
        if said:
            found.append(("\n".join(text), "\n".join(line[2:] for line in said)))
    return found


def message_of(source: str) -> str:
    """Return the whole message with which a text is refused."""
    with pytest.raises(ed.EinsdiffError) as caught:
        ed.parse(source)
    return f"{type(caught.value).__name__}: {caught.value}"
