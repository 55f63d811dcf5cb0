"""The benchmark: its tables are well formed, its programs agree, and what disagrees is marked and not timed."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import einsdiff as ed
from bench import bar, measure, report
from bench.derivations import DERIVATIONS, Derivation
from bench.peers import PEERS, SYMBOLIC
from bench.pool import Worker
from bench.problem import Problem
from bench.problems import PROBLEMS
from bench.systems import here, symbolic_here
from bench.way import flat

BENCH = Path(__file__).parent.parent / "bench"
WITHOUT_BAR = {"small", "functions of entries", "structured result", "Hessian, general"}
TINY = {"10-layer net, gradient by W1": 12, "10-layer net, Hessian by W1": 12}


def named(problem: object) -> str:
    return problem.name if isinstance(problem, Problem | Derivation) else ""


@pytest.fixture(params=PROBLEMS, ids=named)
def problem(request: pytest.FixtureRequest) -> Problem:
    return request.param


def tiny(problem: Problem) -> int:
    return TINY.get(problem.name, 3 if problem.name == "three operations on 3x3" else 5)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    assert np.shape(a) == np.shape(b)
    return float(np.max(np.abs(np.asarray(a) - b)) / np.max(np.abs(b)))


def test_names_are_different() -> None:
    assert len({p.name for p in PROBLEMS}) == len(PROBLEMS)
    assert len({d.name for d in DERIVATIONS}) == len(DERIVATIONS)


def test_a_class_is_one_of_the_bar_or_has_none(problem: Problem) -> None:
    assert problem.group in {b.group for b in bar.BAR} | WITHOUT_BAR


def test_every_class_of_the_bar_has_rows_that_count() -> None:
    for row in bar.BAR:
        assert row.goal > row.floor > 0
        assert any(not row.group or (p.group == row.group and p.sizes[-1] >= p.from_n) for p in PROBLEMS)
        assert set(row.against) <= {p.name for p in PEERS}


def test_sizes_rise_and_work_grows_with_them(problem: Problem) -> None:
    work = [problem.flops(n) for n in problem.sizes]
    assert list(problem.sizes) == sorted(set(problem.sizes))
    assert work == sorted(work)
    assert work[0] > 0


def test_inputs_are_the_same_each_time_in_double_precision(problem: Problem) -> None:
    n = tiny(problem)
    once, again = problem.make(n), problem.make(n)
    for name, array in once.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, again[name])


def test_every_program_takes_the_inputs_by_name(problem: Problem) -> None:
    inputs = problem.make(tiny(problem))
    inspect.signature(problem.by_hand).bind(**inputs)
    inspect.signature(problem.plain).bind(None, **{k: v for k, v in inputs.items() if k != problem.seed})
    if problem.by_einsum:
        inspect.signature(problem.by_einsum).bind(np.einsum, **inputs)


def test_einsdiff_agrees_with_numpy_by_hand(problem: Problem) -> None:
    n = tiny(problem)
    inputs = problem.make(n)
    ways = here.einsdiff(replace(problem, dense=True), n, inputs)
    ours, right = flat(ways[""].once()), flat(problem.by_hand(**inputs))
    assert any(np.any(r) for r in right)
    if problem.core:
        ours = [ours[0][0, :, 0, :]]
    for a, b in zip(ours, right, strict=True):
        assert apart(a, b) < 1e-10


@pytest.mark.parametrize("system", [here.naive, here.opt_einsum])
def test_contractions_agree_with_numpy_by_hand(problem: Problem, system: object) -> None:
    n = tiny(problem)
    inputs = problem.make(n)
    ways = system(problem, n, inputs)
    assert bool(ways) == bool(problem.by_einsum)
    for way in ways.values():
        for a, b in zip(way.once(), problem.by_hand(**inputs), strict=True):
            assert apart(a, b) < 1e-12


@pytest.mark.parametrize("row", [d for d in DERIVATIONS if "00 layers" not in d.name], ids=named)
def test_derivations_run_with_new_names(row: Derivation) -> None:
    names = ed.diff(row.text.replace("#", "7"), *(w.replace("#", "7") for w in row.wrt)).inputs
    assert set(names) <= {name.replace("#", "7") for name in row.shapes}
    times = symbolic_here.make(row.name)("8")
    assert 0 < times["derive"] < times["all"]


def test_every_system_has_its_requirements() -> None:
    for peer in (*PEERS, *SYMBOLIC):
        assert not peer.environment or (BENCH / f"requirements-{peer.environment}.txt").exists()
        assert (BENCH.parent / (peer.module.replace(".", "/") + ".py")).exists()


@pytest.fixture
def workers(tmp_path: Path) -> list[Worker]:
    chosen = [p for p in PEERS if p.name in ("einsdiff", "hand", "einsum")]
    found = [Worker(p, Path(sys.executable), 1, tmp_path / "log.txt") for p in chosen]
    yield found
    for worker in found:
        worker.stop()


def test_a_row_is_measured_in_processes_of_their_own(workers: list[Worker]) -> None:
    problem = next(p for p in PROBLEMS if p.name == "three operations on 3x3")
    peak = {"flops": 1e10, "bytes": 1e10}
    row = measure.row(problem, 3, workers, peak, measure.Effort(rounds=2, limit=60))
    assert set(row["best"]) == {"einsdiff", "hand", "einsum"}
    assert all(0 < t < 1 for t in row["best"].values())
    assert row["limit"] == max(108 / 1e10, 3 * 9 * 8 / 1e10)
    assert all("files" not in way for ways in row["systems"].values() for way in ways.values())


def test_what_disagrees_has_no_time(tmp_path: Path) -> None:
    for name, values in zip("abcd", ([1, 1, 1], [1, 1, 1.1], [1, np.nan, 1], [1, 1]), strict=True):
        np.save(tmp_path / f"{name}.npy", np.array(values))
    ways = {name: {"": {"seconds": 1.0, "files": [str(tmp_path / f"{name}.npy")]}} for name in "abcd"}
    systems = {"einsdiff": ways["a"], "hand": ways["a"], "b": ways["b"], "c": ways["c"], "d": ways["d"]}
    measure.compare(systems)
    assert [name for name, found in systems.items() if "seconds" in found[""]] == ["einsdiff", "hand"]
    assert systems["b"][""]["error"] == "disagrees by 1.0e-01"


def measured(name: str, group: str, n: int, **best: float) -> dict:
    systems = {p: {"": {"seconds": t, "memory": 2048}} for p, t in best.items()} | {"torch": {"": {"error": "no"}}}
    facts = {"problem": name, "group": group, "order": "first", "n": n, "threads": 1, "counts": True}
    return {**facts, "limit": 1e-6, "best": best, "systems": systems}


def test_the_bar_takes_the_worst_row_of_a_class() -> None:
    rows = [
        measured("f", "net Hessian", 3, einsdiff=1e-6, jax=5e-6),
        measured("f", "net Hessian", 4, einsdiff=1, jax=2.5),
    ]
    (found,) = bar.judged(rows)
    assert (found["worst"], found["at"], found["verdict"]) == (2.5, "f, n = 4", "floor")
    (mean,) = bar.means(rows, ["jax"])
    assert mean["mean"] == pytest.approx(12.5**0.5)


def test_the_page_shows_times_ratios_memory_and_failures() -> None:
    rows = [measured("f | g", "net Hessian", 3, einsdiff=2e-6, jax=5e-6)]
    times = {"einsdiff": {"derive": 0.001, "all": 0.02}, "sympy": {"derive": 0.5}}
    page = report.page(
        {
            "machine": {"processor": "one"}, "versions": {"jax": "1"}, "peaks": {1: {"flops": 1e9, "bytes": 1e9}},
            "absent": ["tensorgrad"], "systems": ["einsdiff", "jax", "torch"], "rows": rows,
            "symbolic": [{"name": "h", "limit": 0.01, "times": times, "errors": {"tensorgrad": "not asked"}}],
            "command": "python -m bench", "minutes": 1.0, "rounds": 3, "counts": "median",
        }
    )  # fmt: skip
    assert "| f \\| g | 3 | 1 | 2 µs | 2.0× | 2.50 | ✗ |" in page
    assert "| f \\| g | 3 | 2 KiB | 2 KiB | – |" in page
    assert "- f | g, n = 3: torch: no" in page
    assert "| h | 1 ms | 20 ms | 10 ms | missed | 500 ms | not asked |" in page
    assert "- absent: tensorgrad" in page
