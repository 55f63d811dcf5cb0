"""The examples are run, and print what stands beside them; what they find agrees with independent computations.

A program `examples/*.py` has its output in the file of the same name that ends in `.out`; `embedded_source.py` prints
the module `embedded/log_loss.py`.  A file `examples/*.ein` holds its commands and their output in its own comments:
`# $ ` before a command, `# > ` before each line of output.

    python tests/test_examples.py --update

writes anew what the examples print; look at the difference before it is kept.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage, optimize

import einsdiff as ed
from einsdiff import arrays, cli
from einsdiff.verify import differences

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = {path.stem: path.with_suffix(".out") for path in sorted(EXAMPLES.glob("*.py"))}
PROGRAMS["embedded_source"] = EXAMPLES / "embedded" / "log_loss.py"
TEXTS = sorted(EXAMPLES.glob("*.ein"))
CSV = sorted(EXAMPLES.glob("data/*.csv"))

WITHOUT_EINSDIFF = """
import runpy, sys
sys.modules["einsdiff"] = sys.modules["opt_einsum"] = None
sys.path.insert(0, sys.argv[1])
runpy.run_path(sys.argv[1] + "/study.py")
"""


@functools.cache
def run_program(name: str) -> tuple[str, dict[str, Any]]:
    """Return what a program prints, and its names at the end."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    return printed.getvalue(), names


def run_study() -> str:
    """Return what the study prints where einsdiff cannot be imported."""
    command = [sys.executable, "-W", "error", "-c", WITHOUT_EINSDIFF, str(EXAMPLES / "embedded")]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False)
    return done.stdout + done.stderr


def run_text(text: str, folder: Path) -> str:
    """Return an index text with what its commands print in `folder`."""
    with contextlib.chdir(folder):
        return "".join(_answered([line for line in text.splitlines() if not line.startswith("# >")]))


def _answered(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"{line}\n"
        if line.startswith("# $ einsdiff "):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                cli.main(shlex.split(line.removeprefix("# $ einsdiff ")))
            yield from (f"# > {answer}".rstrip() + "\n" for answer in printed.getvalue().splitlines())


# --------------------------------------------------------------------------------------------------- what is printed


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_stands_beside_it(name: str) -> None:
    assert run_program(name)[0] == PROGRAMS[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_the_commands_of_a_text_print_what_stands_below_them(path: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")
    text = path.read_text(encoding="utf-8")
    assert run_text(text, folder) == text


def test_the_study_runs_without_einsdiff() -> None:
    assert run_study() == (EXAMPLES / "embedded" / "study.out").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------- what it is worth


@pytest.mark.parametrize("path", CSV, ids=lambda path: path.name)
def test_data_are_small_and_have_their_source_written_down(path: Path) -> None:
    assert path.stat().st_size < 200_000
    assert f"## {path.name}\n" in (EXAMPLES / "data" / "README.md").read_text(encoding="utf-8")
    assert all(np.isfinite(array).all() for array in arrays.load(path).values())


def test_the_readme_names_every_example() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [n for n in (*(f"{p}.py" for p in PROGRAMS), *(p.name for p in TEXTS)) if f"`{n}`" not in page] == []


def log_loss(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    return float(np.sum(np.logaddexp(0, X @ w) - y * (X @ w)))


def test_newton_finds_the_weights_that_a_solver_without_derivatives_finds() -> None:
    names = run_program("logistic_newton")[1]
    X, y, w = names["X"], names["y"], names["w"]
    options = {"xtol": 1e-9, "ftol": 1e-14}
    found = optimize.minimize(log_loss, np.zeros(X.shape[1]), (X, y), method="Powell", options=options)
    np.testing.assert_allclose(w, found.x, atol=1e-4)  # the loss is flat to 1e-8 of itself that close to its minimum


def test_newton_finds_the_weights_that_reweighted_least_squares_finds() -> None:
    names = run_program("logistic_newton")[1]
    X, y = names["X"], names["y"]
    w = np.zeros(X.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-X @ w))
        root = np.sqrt(p * (1 - p))
        w = np.linalg.lstsq(root[:, None] * X, root * (X @ w) + (y - p) / root)[0]
    np.testing.assert_allclose(names["w"], w, rtol=1e-8)


def test_the_slopes_of_the_neuron_are_those_of_parr_and_howard() -> None:
    # ∂C/∂w = 2/N Σ e_n x_nᵀ and ∂C/∂b = 2/N Σ e_n over the n with w·x_n + b > 0,  e_n = w·x_n + b − y_n
    names = run_program("neuron")[1]
    X, y, w, b = names["X"], names["y"], np.array([0.3, -0.2]), 0.1
    wanted_w, wanted_b = np.zeros(2), 0.0
    for x_n, y_n in zip(X, y, strict=True):
        z = w @ x_n + b
        if z > 0:
            wanted_w += 2 / len(y) * (z - y_n) * x_n
            wanted_b += 2 / len(y) * (z - y_n)
    cost, by_w, by_b = names["train"](X=X, y=y, w=w, b=b)
    np.testing.assert_allclose(cost, np.mean((np.maximum(X @ w + b, 0) - y) ** 2), rtol=1e-12)
    np.testing.assert_allclose(by_w, wanted_w, rtol=1e-12)
    np.testing.assert_allclose(by_b, wanted_b, rtol=1e-12)


def test_the_neuron_learns_and_its_augmented_form_learns_the_same() -> None:
    text, names = run_program("neuron")
    costs = [float(line.split()[1]) for line in text.splitlines() if line[:4].strip().isdigit() and "°" not in line]
    assert len(costs) == 8
    assert costs == sorted(costs, reverse=True)
    np.testing.assert_allclose(names["v"], np.append(names["w"], names["b"]), rtol=1e-9)


def test_the_trained_neuron_is_where_a_solver_without_derivatives_stays() -> None:
    names = run_program("neuron")[1]
    Z, y = names["Z"], names["y"]

    def cost(v: np.ndarray) -> float:
        return float(np.mean((np.maximum(Z @ v, 0) - y) ** 2))

    found = optimize.minimize(cost, names["v"], method="Nelder-Mead")
    np.testing.assert_allclose(names["v"], found.x, atol=1e-3)  # where Nelder and Mead stop by default is 1e-4 wide


def test_registration_finds_the_shift_by_which_the_images_were_cut() -> None:
    names = run_program("lucas_kanade")[1]
    shift = [-0.75, 1.25]
    np.testing.assert_allclose(names["d"], shift, atol=0.01)  # pixels; averaging blocks of a photograph is not ideal
    np.testing.assert_allclose(names["M"], np.column_stack([np.eye(2), shift]), atol=0.01)


def test_registration_finds_the_shift_that_a_search_over_splines_finds() -> None:
    names = run_program("lucas_kanade")[1]
    A, B = (ndimage.gaussian_filter(names[image], 1.0) for image in "AB")

    def difference(d: np.ndarray) -> float:
        moved = ndimage.shift(B, -d, order=5)
        return float(np.mean((moved - A)[6:-6, 6:-6] ** 2))

    found = optimize.minimize(difference, np.zeros(2), method="Nelder-Mead").x
    np.testing.assert_allclose(names["d"], found, atol=0.005)


def arguments(formula: str) -> dict[str, np.ndarray]:
    """Return random arrays whose sizes differ wherever the formula allows it; matrices that are inverted are safe."""
    program = ed.parse(formula).program
    different = iter((2, 3, 4, 5))
    sizes: dict[str, dict[int, int]] = {name: {} for name in program.inputs}
    for range_ in program.classes:
        size = range_.declared if isinstance(range_.declared, int) else next(different)
        for axis, _ in range_.axes:
            sizes[axis.tensor][axis.axis] = size
    random = np.random.default_rng(3)
    found = {name: random.uniform(0.2, 1.2, [n[k] for k in sorted(n)]) for name, n in sizes.items()}
    return {name: a + 2 * np.eye(len(a)) if f"({name})" in formula else a for name, a in found.items()}


@pytest.mark.parametrize(("title", "formula", "by"), run_program("gallery")[1]["GALLERY"])
def test_a_derivative_of_the_gallery_agrees_with_differences(title: str, formula: str, by: str) -> None:
    inputs = arguments(formula)
    if "symmetric" in formula:
        inputs["S"] = (inputs["S"] + inputs["S"].T) / 2
    found = ed.diff(formula, *by.split()).compile()(**inputs)
    wanted = differences.derivative(formula, tuple(by.split()), inputs)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5, err_msg=title)  # second differences keep 6 digits


# ----------------------------------------------------------------------------------------------------------- to update


def update() -> None:
    """Write anew what the examples print."""
    for name, path in PROGRAMS.items():
        path.write_text(run_program(name)[0], encoding="utf-8")
    (EXAMPLES / "embedded" / "study.out").write_text(run_study(), encoding="utf-8")
    for path in TEXTS:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(EXAMPLES, Path(folder) / "examples")
            path.write_text(run_text(path.read_text(encoding="utf-8"), copy), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("python tests/test_examples.py --update")
    update()
