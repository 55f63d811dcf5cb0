"""One row: every system prepares it, results are compared, and calls are timed in turns."""

from __future__ import annotations

import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.pool import Failed, Slow, Worker
from bench.problem import Problem

AGREE = 1e-8
BURST, BURSTS, MOST_CALLS = 0.004, 5, 5000
SETTLE = 0.003  # threads of the system that was asked before stop spinning
SLOW = 1.0


def threads(problem: Problem, n: int, most: int) -> int:
    """Return one thread for small problems, else all; small is what the row says, or what has little work."""
    if problem.small is not None:
        return 1 if n <= problem.small else most
    given = sum(a.nbytes for a in problem.make(n).values())
    return 1 if problem.flops(n) < 5e7 and given < 4e6 else most


@dataclass(frozen=True)
class Effort:
    """How often each call is measured, how many seconds an answer may take, and what counts of several times."""

    rounds: int
    limit: float
    centre: Callable[[Iterable[float]], float] = statistics.median


def row(problem: Problem, n: int, workers: list[Worker], peak: dict[str, float], effort: Effort) -> dict[str, Any]:
    """Return what was measured of a problem of one size, as it goes to the file of results."""
    limit = effort.limit
    systems: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for worker in workers:
            place = tempfile.mkdtemp(dir=folder)
            systems[worker.peer.name] = prepared(worker, limit, problem.name, n, place)
        compare(systems)
        results = [np.load(f, mmap_mode="r").nbytes for f in reference(systems)]
    by_name = {w.peer.name: w for w in workers}
    timed = [(by_name[s], w, way) for s, ways in systems.items() for w, way in ways.items() if "seconds" in way]
    take_turns(timed, effort)
    for worker, name, way in timed:
        try:
            way["memory"] = worker.ask(limit, "memory", name)
        except (Slow, Failed, OSError):
            way["memory"] = None
    best = {
        s: min((w["seconds"] for w in ways.values() if "seconds" in w), default=None) for s, ways in systems.items()
    }
    own = next(iter(systems.get("einsdiff", {}).values()), {})
    moved = own.get("reads", 0) + sum(results)
    floor = max(problem.flops(n) / peak["flops"], moved / peak["bytes"])
    for ways in systems.values():
        for way in ways.values():
            way.pop("files", None)
            if "seconds" in way:
                way["over_limit"] = way["seconds"] / floor
    return {
        "problem": problem.name, "group": problem.group, "order": problem.order, "n": n, "threads": workers[0].threads,
        "counts": n >= problem.from_n, "flops": problem.flops(n), "bytes": moved, "limit": floor, "best": best,
        "systems": systems,
    }  # fmt: skip


def prepared(worker: Worker, limit: float, name: str, n: int, folder: str) -> dict[str, Any]:
    """Return the ways of one system, each with its first estimates or with what went wrong."""
    found: dict[str, Any] = {}
    try:
        ways = worker.ask(limit, "make", name, n)
    except (Slow, Failed) as error:
        return {"": {"error": str(error)}}
    for way in ways:
        try:
            found[way] = worker.ask(limit, "ready", way, folder)
        except Failed as error:
            found[way] = {"error": str(error)}
        except Slow as error:
            found[way] = {"error": str(error)}
            again(worker, limit, (name, n, folder), found)
    return found


def again(worker: Worker, limit: float, row: tuple[str, int, str], found: dict[str, Any]) -> None:
    """Make the ways once more that were ready before the process was ended."""
    *job, folder = row
    good = [way for way, result in found.items() if "error" not in result]
    try:
        worker.ask(limit, "make", *job)
        for way in good:
            worker.ask(limit, "ready", way, folder)
    except (Slow, Failed) as error:
        found.update({way: {"error": str(error)} for way in good})


def reference(systems: dict[str, Any]) -> list[str]:
    """Return the files of einsdiff's results, or where there are none those of the hand-written program."""
    for name in ("einsdiff", "hand"):
        for way in systems.get(name, {}).values():
            if "files" in way:
                return way["files"]
    return []


def compare(systems: dict[str, Any]) -> None:
    """Compare all results with the reference; what disagrees loses its time and is marked."""
    right = reference(systems)
    for ways in systems.values():
        for way in ways.values():
            if "files" in way:
                way["differs"] = apart(way["files"], right)
                if not way["differs"] <= AGREE:
                    way["error"] = f"disagrees by {way['differs']:.1e}"
                    del way["seconds"]


def apart(files: list[str], right: list[str]) -> float:
    """Return the largest distance of two lists of arrays, relative to the largest entry of each; infinity where NaN."""
    if len(files) != len(right):
        return math.inf
    found = 0.0
    for file, other in zip(files, right, strict=True):
        a, b = np.load(file, mmap_mode="r"), np.load(other, mmap_mode="r")
        if a.shape != b.shape:
            return math.inf
        distance = float(np.max(np.abs(a - b)) / (np.max(np.abs(b)) or 1)) if a.size else 0.0
        found = max(found, distance if math.isfinite(distance) else math.inf)
    return found


def take_turns(timed: list[tuple[Worker, str, dict[str, Any]]], effort: Effort) -> None:
    """Time all calls in turns of shuffled order; put what counts of each in place of the first estimate."""
    shuffle = random.Random(0)
    spent: dict[int, list[float]] = {id(way): [] for *_, way in timed}
    for k in range(effort.rounds):
        turns = [t for t in timed if "seconds" in t[2] and (k < 3 or t[2]["seconds"] < SLOW)]
        shuffle.shuffle(turns)
        for worker, name, way in turns:
            times = max(1, min(MOST_CALLS, round(BURST / max(way["seconds"], 1e-7))))
            time.sleep(SETTLE)
            try:
                bursts = BURSTS if way["seconds"] < BURST else 1
                spent[id(way)] += worker.ask(effort.limit, "seconds", name, times, bursts)
            except (Slow, Failed) as error:
                way["error"] = str(error)
                del way["seconds"]
    for *_, way in timed:
        if "seconds" in way:
            times_of = spent[id(way)]
            way["seconds"], way["least"], way["most"] = effort.centre(times_of), min(times_of), max(times_of)
