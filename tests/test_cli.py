"""The command line: what it prints, its exit codes, and that nothing is lost."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from einsdiff.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_diff_prints_index_text(capsys) -> None:
    assert run(capsys, "diff", "y = x_i A_ij x_j", "--wrt", "x") == (0, "∂y/∂x_k = A_kj x_j + A_jk x_j\n", "")
    assert run(capsys, "diff", "y = x_i A_ij x_j", "--wrt", "x", "--wrt", "x")[1] == "∂²y/∂x_k∂x_l = A_kl + A_lk\n"
    both = run(capsys, "diff", "y_i = A_ij x_j + b_i", "--wrt", "x,b")[1]
    assert both == "∂y_i/∂x_k = A_ik\n∂y_i/∂b_k = δ_ik\n"


@pytest.mark.parametrize(
    ("emit", "expected"),
    [
        ("latex", r"\frac{\partial y_{i}}{\partial x_{k}} = A_{ik}"),
        ("einsum", "1 * einsum('ik->ki', A)"),
        ("numpy", "return A.T.copy()"),
        ("json", '"layout": "denominator"'),
    ],
)
def test_diff_emits_other_forms(capsys, emit: str, expected: str) -> None:
    code, out, _ = run(capsys, "diff", "y_i = A_ij x_j", "--wrt", "x", "--layout", "denominator", "--emit", emit)
    assert code == 0
    assert expected in out


def test_text_comes_from_standard_input_or_a_file(capsys, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y_i = A_ij x_j\n"))
    assert run(capsys, "diff", "-", "--wrt", "x")[1] == "∂y_i/∂x_k = A_ik\n"
    file = tmp_path / "program.ein"
    file.write_text("# a comment\ny_i = A_ij x_j\n", encoding="utf-8")
    assert run(capsys, "diff", str(file), "--wrt", "x")[1] == "∂y_i/∂x_k = A_ik\n"


BAD = (
    # arguments                                                   what the message says
    (("diff", "C_ij = A_ij + X_jk", "--wrt", "A"), "k stands alone"),
    (("diff", "A_ij + b_i", "--wrt", "A"), "disagree about j"),
    (("diff", "s = x_i", "--wrt", "x"), "i stands alone"),
    (("diff", "y = x_i x_i", "--wrt", "z"), "nothing called z"),
    (("diff", "y = x_i x_i", "--wrt", "x,y", "--wrt", "x"), "stands alone"),
    (("diff", "nowhere.ein", "--wrt", "x"), "no file"),
    (("eval", "y = x_i x_i", "--data", "nowhere.npz"), "no file"),
    (("eval", "y = x_i x_i", "--set", "x=[1,"), "does not set"),
    (("eval", "y = x_i x_i"), "x"),
    (("eval", "y = x_i x_i", "--set", "x=[1]", "--out", "result.txt"), ".npz"),
    (("eval", "y = log(x)", "--set", "x=-1", "--notation", "index"), "not finite"),
)


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(b[0][:2]) + str(k) for k, b in enumerate(BAD)])
def test_bad_input_ends_in_a_message_and_exit_code_2(capsys, monkeypatch, tmp_path, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "data.npz"
    np.savez(file, X=np.arange(6.0).reshape(3, 2), w=np.array([1.0, -1.0]), y=np.array([0.5, 1.0, 2.0]))
    return file


TEXT = "L = sum_n((X_ni w_i - y_n)^2)"


def test_eval_computes_values_and_gradients(capsys, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "grads.npz"
    code, printed, _ = run(capsys, "eval", TEXT, "--data", str(data), "--wrt", "w", "--out", str(out))
    assert code == 0
    assert "∂L/∂w_j" in printed
    X, w, y = np.arange(6.0).reshape(3, 2), np.array([1.0, -1.0]), np.array([0.5, 1.0, 2.0])
    with np.load(out) as saved:
        np.testing.assert_allclose(saved["L"], ((X @ w - y) ** 2).sum())
        np.testing.assert_allclose(saved["dL_dw"], 2 * X.T @ (X @ w - y))


def test_an_output_that_exists_is_kept(capsys, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "grads.npz"
    out.write_bytes(b"precious")
    code, _, err = run(capsys, "eval", TEXT, "--data", str(data), "--wrt", "w", "--out", str(out))
    assert (code, out.read_bytes()) == (2, b"precious")
    assert "exists and is kept" in err
    assert run(capsys, "eval", TEXT, "--data", str(data), "--out", str(out), "--force")[0] == 0
    assert np.load(out)["L"].shape == ()


def test_csv_columns_are_vectors_and_matrices(capsys, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("X_1,X_2,y\n0,1,0.5\n2,3,1\n4,5,2\n", encoding="utf-8")
    code, printed, _ = run(capsys, "eval", TEXT, "--data", str(file), "--set", "w=[1,-1]")
    assert code == 0
    assert "15.25" in printed


CSV = (
    # content                       what the message says
    ("", "is empty"),
    ("y,y\n1,2\n", "two columns y"),
    ("X_1,X_3,y\n1,2,3\n", "no X_2"),
    ("X_1,X_2,y\n1,2\n", "line 2"),
    ("X_1,X_2,y\n1,two,3\n", "is no number"),
    ("X_1,X_2,y\n1,nan,3\n", "holds NaN"),
    ("X_1,X_2\n1,2\n", "y"),
)


@pytest.mark.parametrize(("content", "message"), CSV, ids=[c[1] for c in CSV])
def test_bad_data_is_refused(capsys, tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(content, encoding="utf-8")
    code, out, err = run(capsys, "eval", TEXT, "--data", str(file), "--set", "w=[1,-1]")
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("name", ["data.npz", "program.ein"])
def test_binary_files_are_refused(capsys, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(bytes(range(256)) * 4)
    arguments = ("diff", str(file), "--wrt", "x") if name.endswith("ein") else ("eval", TEXT, "--data", str(file))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_help_has_examples_and_usage_errors_exit_with_2() -> None:
    shown = subprocess.run([sys.executable, "-m", "einsdiff", "eval", "--help"], capture_output=True, check=True)
    assert b"examples:" in shown.stdout
    failed = subprocess.run([sys.executable, "-m", "einsdiff", "diff"], capture_output=True, check=False)
    assert failed.returncode == 2


def test_functions_lists_every_row(capsys) -> None:
    code, out, _ = run(capsys, "functions")
    assert code == 0
    assert "tanh(u)" in out
