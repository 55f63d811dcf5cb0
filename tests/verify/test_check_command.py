"""`einsdiff check CLAIM`: what is printed, and the exit codes."""

from __future__ import annotations

import json

import pytest

from einsdiff.cli import main


def test_a_true_claim_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "d(x'Ax)/dx = x'(A + A')"]) == 0
    assert capsys.readouterr().out.startswith("true in layouts numerator, vec")


def test_a_false_claim_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "∂(x'x)/∂x = x'"]) == 1
    assert "a factor 2 is missing" in capsys.readouterr().out


def test_an_unreadable_claim_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "tr(AB)"]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("ClaimError: a claim has the form left = right")


def test_a_layout_and_declarations_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    claim = "∂(x'Ax)/∂x = 2 A x"
    assert main(["check", claim]) == 1
    declared = ["--declare", "A: matrix(n, n) symmetric"]
    assert main(["check", claim, *declared]) == 0
    assert main(["check", claim, *declared, "--layout", "numerator"]) == 1
    assert main(["check", "a b = b a", "--notation", "matrix"]) == 0
    assert "this is the transpose: true in layouts" in capsys.readouterr().out


def test_json_has_the_whole_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "∂(x'x)/∂x = x'", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["holds"] is False
    assert document["correct"]["numerator"] == "2 xᵀ"
    assert document["counterexample"]["inputs"] == {"x": [-1.0, 2.0]}
    assert document["names"] == {"x": "vector(n)"}
