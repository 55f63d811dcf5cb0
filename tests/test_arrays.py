"""Arrays from files and options, and back: what is read, what is refused, what is kept."""

import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from einsdiff import arrays
from einsdiff.errors import EinsdiffError, InputError


def written(folder: Path, text: str) -> Path:
    file = folder / "data.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_arrays_of_every_name_are_written_and_read_again(tmp_path: Path) -> None:
    out = tmp_path / "all.npz"
    held = {name: np.full(2, k) for k, name in enumerate(("file", "allow_pickle", "stream", "kwds", "λ", "self"))}
    arrays.save(out, held, may_replace=False)
    assert {name: list(a) for name, a in arrays.load(out).items()} == {name: list(a) for name, a in held.items()}
    with np.load(out) as saved:
        assert set(saved.files) == set(held)


def test_the_same_arrays_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        arrays.save(tmp_path / name, {"x": np.arange(3.0)}, may_replace=False)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_new_file_honours_the_umask_and_a_replaced_one_keeps_its_mode(tmp_path: Path) -> None:
    out = tmp_path / "x.npz"
    before = os.umask(0o027)
    try:
        arrays.save(out, {"x": np.zeros(1)}, may_replace=False)
        assert stat.S_IMODE(out.stat().st_mode) == 0o640
        out.chmod(0o604)
        arrays.save(out, {"x": np.ones(1)}, may_replace=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(out.stat().st_mode) == 0o604
    assert [p.name for p in tmp_path.iterdir()] == ["x.npz"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "deep" / "target.npz", tmp_path / "link.npz"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    arrays.check_target(link, may_replace=True)
    arrays.save(link, {"x": np.ones(1)}, may_replace=True)
    assert link.is_symlink()
    assert list(arrays.load(target)["x"]) == [1]


def test_a_file_system_without_hard_links_is_written_to(tmp_path: Path, monkeypatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    out = tmp_path / "x.npz"
    arrays.save(out, {"x": np.ones(1)}, may_replace=False)
    with pytest.raises(InputError, match="exists and is kept"):
        arrays.save(out, {"x": np.zeros(1)}, may_replace=False)
    assert list(arrays.load(out)["x"]) == [1]


@pytest.mark.parametrize("name", ["none/x.npz", "x" * 300 + ".npz", "/proc/x.npz", "/dev/null/x.npz"])
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        arrays.save(tmp_path / name, {"x": np.ones(1)}, may_replace=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["lambda", r"\lambda", "λ"])
def test_names_are_spelled_as_in_the_program(tmp_path: Path, name: str) -> None:
    csv = written(tmp_path, f"{name}\n3\n4\n")
    npz = tmp_path / "x.npz"
    if "\\" not in name:
        np.savez(npz, **{name: np.array([3.0, 4.0])})
        assert list(arrays.load(npz)["λ"]) == [3, 4]
    assert list(arrays.load(csv)["λ"]) == [3, 4]
    assert arrays.gather([], [f"{name}=3"], ["λ"], []).arrays["λ"] == 3


SETTINGS = (
    # settings                 what the message says
    (["z=1"], "no input z"),
    (["xx=1"], "did you mean x"),
    (["y=1"], "defines y itself"),
    (["=1"], "does not set a name"),
    (["x"], "does not set a name"),
    (["x=1", "x=2"], "set twice"),
    (["λ=1", "lambda=2"], "set twice"),
    (["x=[true]"], "holds true, which is no number"),
    (["x=null"], "holds null"),
    (['x={"a": 1}'], "which is no number"),
    (["x=[[1,2],[3]]"], "different lengths"),
    (["x=[1,[3]]"], "a number and a list"),
    (["x=1e999"], "too large"),
    (["x=" + "9" * 5000], "too large"),
    (["x=1_0"], "does not set"),
    (["x=" + "[" * 40 + "]" * 40], "does not set"),
    (["x=" + "[" * 100000], "does not set"),
    (["x=" + "a" * 5000], "does not set"),
)


@pytest.mark.parametrize(("settings", "message"), SETTINGS, ids=[s[0][0][:20] for s in SETTINGS])
def test_settings_that_set_nothing_are_refused(settings: list[str], message: str) -> None:
    with pytest.raises(EinsdiffError) as caught:
        arrays.gather([], settings, ["x", "λ"], ["y"])
    assert message in str(caught.value)
    assert all(len(line) < 200 for line in str(caught.value).splitlines())


def test_a_name_in_a_file_and_in_a_setting_is_refused_but_an_unused_one_in_two_files_is_not(tmp_path: Path) -> None:
    first, second = str(written(tmp_path, "x,id\n1,a\n")), str(tmp_path / "two.csv")
    Path(second).write_text("y,id\n2,b\n", encoding="utf-8")
    given = arrays.gather([first, second], [], ["x", "y"], [])
    assert (list(given.arrays), given.names) == (["x", "y"], ("x", "id", "y"))
    with pytest.raises(InputError, match="--set gives it too"):
        arrays.gather([first], ["x=[1]"], ["x"], [])
    with pytest.raises(InputError, match="both in"):
        arrays.gather([first, first], [], ["x"], [])


def test_columns_that_are_not_used_need_not_be_numbers(tmp_path: Path) -> None:
    text = "# a comment\nname,year_2019,x,X_01,X_02,z_1\n\nAnn,yes,1,2,3,7\nBob,,4,5,6,8\n"
    given = arrays.gather([str(written(tmp_path, text))], [], ["x", "X"], []).arrays
    assert {name: a.tolist() for name, a in given.items()} == {"X": [[2, 3], [5, 6]]} | {"x": [1, 4]}


def test_a_column_whose_name_has_a_number_can_be_an_input_itself(tmp_path: Path) -> None:
    given = arrays.gather([str(written(tmp_path, "x_1,x_2\n1,2\n3,4\n"))], [], ["x_1"], []).arrays
    assert given["x_1"].tolist() == [1, 3]


CSV = (
    # content                       what the message says
    ("X\n", "has a header and no rows"),
    ("X;y\n1;2\n", "separate the cells by commas"),
    ("X\ty\n1\t2\n", "separate the cells by commas"),
    ("X\n1_0\n", "is no number"),
    ("X\n١\n", "is no number"),
    ('X\n"1,5"\n', "is no number"),
    ("X\n1e999\n", "too large"),
    ("# note\n\nX,y\n1,2\n,2\n", "line 5 of"),
    ("X,y\n,\n", "remove the row, or fill the cell"),
    ("X_0,X_1\n1,2\n", "columns count from 1"),
    ("X_2\n1\n", "no X_1"),
    ("X,X_1\n1,2\n", "rename the column X"),
    ("X_1,X_01\n1,2\n", "two columns X_1"),
    ("X,X\n1,2\n", "two columns X"),
)


@pytest.mark.parametrize(("content", "message"), CSV, ids=[repr(c[0]) for c in CSV])
def test_tables_that_are_not_clear_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        arrays.gather([str(written(tmp_path, content))], [], ["X"], [])
    assert message in str(caught.value)
    assert "help: " in str(caught.value)


def damaged(folder: Path, kind: str) -> Path:
    file = folder / "x.npz"
    np.savez(file, x=np.array([{}]) if kind == "pickled" else np.arange(1000.0))
    if kind == "empty":
        file.write_bytes(b"")
    elif kind == "truncated":
        file.write_bytes(file.read_bytes()[:500])
    elif kind == "npy":
        np.save(folder / "x.npy", np.arange(3.0))
        (folder / "x.npy").replace(file)
    elif kind == "garbled":
        content = bytearray(file.read_bytes())
        content[1000] ^= 255
        file.write_bytes(content)
    elif kind == "headless":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("x.npy", b"no header")
    return file


@pytest.mark.parametrize("kind", ["empty", "truncated", "npy", "pickled", "garbled", "headless"])
def test_archives_that_hold_no_numbers_are_refused_in_our_own_words(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        arrays.load(damaged(tmp_path, kind))
    assert "pickle" not in str(caught.value)
    assert "x.npz" in str(caught.value)


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    for name, message in (
        (tmp_path, "is a folder"),
        (Path("/dev/null"), "is no ordinary file"),
        (Path("a" * 5000 + ".npz"), "there is no file"),
        (Path("a\0b.npz"), "there is no file"),
    ):
        with pytest.raises(InputError, match=message):
            arrays.load(name)


def test_a_text_is_shown_short_and_on_one_line() -> None:
    assert arrays.clip("a\nb\udcff") == "a b�"
    assert len(arrays.clip("a" * 500)) == arrays.WIDTH
