"""The command line as tests call it."""

from __future__ import annotations

import pytest

from einsdiff.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return the exit code of a command, what it prints, and what it prints as errors."""
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err
