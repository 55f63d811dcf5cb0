"""The command line: what it prints, its exit codes, and that nothing is lost."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import run


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


def test_several_derivatives_are_one_document_and_one_module(capsys) -> None:
    text = "y_i = tanh(A_ij x_j)"
    found = json.loads(run(capsys, "diff", text, "--wrt", "x,A", "--emit", "json")[1])
    assert [d["inputs"] for d in found] == [["A", "x"], ["A", "x"]]
    assert json.loads(run(capsys, "diff", text, "--wrt", "x", "--emit", "json")[1])["layout"] == "mixed"
    source = run(capsys, "diff", text, "--wrt", "x,A", "--emit", "numpy")[1]
    assert source.count("import numpy as np") == 1
    scope: dict = {}
    exec(source, scope)
    assert [a.shape for a in scope["program"](A=np.ones((2, 3)), x=np.ones(3))] == [(2, 3), (2, 2, 3)]


X2 = "x=[1,2]"
OPTIONS = (
    # arguments                                                          what the message says
    (("eval", "y = x_i x_i", "--set", X2, "--wrt", "x", "--wrt", "x"), "names x twice"),
    (("eval", "y = x_i x_i", "--set", X2, "--wrt", "x,x_k"), "names x twice"),
    (("eval", "y = x_i x_i", "--set", X2, "--wrt", "x,"), "comma without a name"),
    (("diff", "y = x_i x_i", "--wrt", "x,x"), "names x twice"),
    (("diff", "y = x_i x_i", "--wrt", ""), "no name"),
    (("diff", "y = x_i x_i", "--wrt", "x", "--declare", "x: vector(2)", "--declare", "x: vector(3)"), "names x twice"),
    (("diff", "y = x_i x_i", "--wrt", "x", "--output", ""), "defines no"),
    (("eval", "y = x_i x_i", "--set", X2, "--out", ""), "--out has no name"),
    (("eval", "y = x_i x_i", "--set", X2, "--force"), "--force is for --out"),
    (("eval", "y = x_i x_i", "--out", "."), "is a folder"),
    (("eval", "y = x_i x_i", "--set", "z=1", "--set", X2), "inputs: x"),
    (("eval", "z_i = 2 x_i; y = x_i z_i", "--set", "z=[1]", "--set", X2), "defines z itself"),
    (("eval", "y_i = A_ij x_j", "--set", X2), "help: --set A=[[1,2],[3,4]], or --data FILE"),
    (("eval", "y_i = A_ij x_j", "--set", X2), "given: the data have x"),
    (("eval", "y = x_i g(x_i)", "--set", X2), "g is an unknown function"),
    (("eval", "y_i = 1"), "help: --declare 'y: vector(3)'"),
    (("eval", "s = δ_ii"), "help: multiply by an array"),
    (("diff", ".", "--wrt", "x"), "is a folder"),
    (("check", ""), "the text is empty"),
    (("diff", "", "--wrt", "x"), "the text is empty"),
    (("diff", "/dev/null", "--wrt", "x"), "is empty"),
    (("diff", "y = x\udcff", "--wrt", "x"), "is not UTF-8"),
    (("eval", "y = x", "--set", "x\udcff=1"), "--set is not UTF-8"),
    (("diff", "a" * 5000 + ".ein", "--wrt", "x"), "there is no file"),
)


@pytest.mark.parametrize(("arguments", "message"), OPTIONS, ids=[o[1] + str(k) for k, o in enumerate(OPTIONS)])
def test_options_that_do_not_fit_end_in_a_message(capsys, monkeypatch, tmp_path, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "help: " in err
    assert "fn(" not in err
    assert len([line for line in err.splitlines() if line]) <= 8
    assert all(len(line) < 200 for line in err.splitlines())


def test_the_help_for_an_unknown_size_can_be_typed(capsys) -> None:
    code, out, _ = run(capsys, "eval", "y_i = 1", "--declare", "y: vector(3)")
    assert (code, "shape (3,)" in out) == (0, True)
    assert "--declare 'Y: matrix(n, 3)'" in run(capsys, "eval", "Y_ij = x_i", "--set", "x=[1]")[2]


def test_a_formula_longer_than_a_file_name_is_a_formula(capsys) -> None:
    code, out, _ = run(capsys, "diff", "y = " + " + ".join(["x"] * 200), "--wrt", "x", "--notation", "index")
    assert (code, out) == (0, "∂y/∂x = 200\n")


def test_names_between_brackets_may_have_commas(capsys) -> None:
    assert run(capsys, "diff", "y = A_ij B_ij", "--wrt", "A[k,l],B")[1] == "∂y/∂A_kl = B_kl\n∂y/∂B_kl = A_kl\n"


def test_nothing_is_printed_where_the_file_cannot_be_written(capsys) -> None:
    code, out, err = run(capsys, "eval", "y = x_i x_i", "--set", X2, "--out", "/proc/x.npz")
    assert (code, out) == (2, "")
    assert "/proc/x.npz cannot be written" in err


def shell(command: str, **environment: str) -> tuple[int, str, str]:
    program = f"{sys.executable} -m einsdiff"
    done = subprocess.run(
        ["sh", "-c", command.replace("einsdiff", program, 1)],
        capture_output=True, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


FORMULA = "'y_i = A_ij x_j' --wrt x"
STREAMS = (
    # command                                             code    standard error
    (f"einsdiff diff {FORMULA} > /dev/full", 2, "standard output cannot be written: No space left on device"),
    ("einsdiff functions > /dev/full", 2, "No space left on device"),
    (f"einsdiff diff {FORMULA} >&-", 2, "standard output is closed"),
    ("einsdiff diff - --wrt x <&-", 2, "standard input cannot be read: it is closed"),
    ("einsdiff diff - --wrt x < /dev/null", 2, "standard input is empty"),
    ("einsdiff diff nothing --wrt x 2> /dev/full", 2, ""),
    ("einsdiff diff nothing --wrt x 2>&-", 2, ""),
    ("einsdiff", 2, "usage: einsdiff"),
    ("einsdiff functions | head -1", 0, ""),
)


@pytest.mark.parametrize(("command", "code", "message"), STREAMS, ids=[s[0] for s in STREAMS])
def test_streams_that_are_full_or_closed_end_quietly(command: str, code: int, message: str) -> None:
    returned, _, err = shell(command)
    assert returned == code
    assert message in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_results_print_in_every_encoding(encoding: str) -> None:
    code, out, err = shell(f"einsdiff diff {FORMULA}", PYTHONIOENCODING=encoding)
    assert (code, err) == (0, "")
    assert out == "\\u2202y_i/\\u2202x_k = A_ik\n"
    found = json.loads(shell(f"einsdiff diff {FORMULA} --emit json", PYTHONIOENCODING=encoding)[1])
    assert found["index"] == "∂y_i/∂x_k = A_ik"
    assert shell("printf 'y = \\316\\273 x' | einsdiff diff - --wrt x", PYTHONIOENCODING=encoding)[0] == 0


def test_the_version_is_printed() -> None:
    code, out, err = shell("einsdiff --version")
    assert (code, out.startswith("einsdiff "), err) == (0, True, "")


def test_the_columns_of_the_functions_are_aligned(capsys) -> None:
    lines = run(capsys, "functions")[1].splitlines()
    assert len({line.index(" for ") for line in lines if " for " in line}) == 1
