"""The benchmark from one command: python -m bench [--quick] [--only NAME] [--peers jax,torch] …; bench/README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import environments, measure, report, symbolic
from bench.derivations import DERIVATIONS
from bench.peers import PEERS, SYMBOLIC, Peer
from bench.pool import Failed, Slow, Worker
from bench.problems import PROBLEMS

HERE = Path(__file__).parent
SYMBOLIC_ROUNDS = 5


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the two smallest sizes of each problem, few rounds")
    parser.add_argument("--only", action="append", metavar="NAME", help="rows whose name or class contains this")
    parser.add_argument("--peers", help="systems to run beside einsdiff, separated by commas; default all")
    parser.add_argument("--rounds", type=int, help="times that each call is measured (default 9, quick 5)")
    parser.add_argument(
        "--least", action="store_true", help="the least of several times and not the median: busy machines"
    )
    parser.add_argument("--limit", type=float, default=120, help="seconds that one answer may take")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where JAX, PyTorch and CuPy compute")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads for large problems")
    parser.add_argument(
        "--environments", type=Path, default=HERE / ".environments", help="where those of peers are kept"
    )
    parser.add_argument("--out", type=Path, default=HERE / "out", help="folder of results.json, results.md, plots.svg")
    parser.add_argument(
        "--keep", action="store_true", help="rows of an earlier run in --out stay, unless measured again"
    )
    parser.add_argument("--record", action="store_true", help="write bench/RESULTS.md and bench/plots.svg too")
    found = parser.parse_args(arguments)
    found.rounds = found.rounds or (5 if found.quick else 9)
    return found


def is_asked(asked: argparse.Namespace, *names: str) -> bool:
    """Return whether a row is among those that --only names."""
    return not asked.only or any(part.lower() in name.lower() for part in asked.only for name in names)


def interpreters(peers: list[Peer], folder: Path, device: str = "cpu") -> dict[Peer, Path]:
    """Return the systems that can be run, with the interpreter of each."""
    known = {name: environments.python(name, folder, device) for name in dict.fromkeys(p.environment for p in peers)}
    return {p: found for p in peers if (found := known[p.environment])}


def chosen(asked: argparse.Namespace, table: tuple[Peer, ...]) -> list[Peer]:
    """Return the systems that --peers names, einsdiff always."""
    names = asked.peers.split(",") if asked.peers is not None else [p.name for p in table]
    here = [p for p in table if asked.device != "cpu" or not p.needs_gpu]
    return [p for p in here if p.name == "einsdiff" or p.name in names]


def started(
    found: dict[Peer, Path], threads: int, out: Path, results: dict[str, Any], device: str = "cpu"
) -> list[Worker]:
    """Return a worker for each system that answers; note versions, and those that are absent."""
    workers = []
    for peer, interpreter in found.items():
        worker = Worker(peer, interpreter, threads, out / "log.txt", device)
        try:
            results["versions"].update(worker.ask(120, "versions"))
            workers.append(worker)
        except (Slow, Failed) as error:
            results["absent"].append(f"{peer.name} ({error})")
            worker.stop()
    return workers


def run_problems(asked: argparse.Namespace, results: dict[str, Any], save: Any) -> None:
    """Measure all rows, first those of one thread, then those of all."""
    jobs = [
        (p, n) for p in PROBLEMS if is_asked(asked, p.name, p.group) for n in (p.sizes[:2] if asked.quick else p.sizes)
    ]
    if not jobs:
        return
    peers = chosen(asked, PEERS)
    found = interpreters(peers, asked.environments, asked.device)
    results["absent"] += [p.name for p in peers if p not in found]
    seen = {*results["systems"], *(p.name for p in found)}
    results["systems"] = [p.name for p in PEERS if p.name in seen]
    sorted_jobs: dict[int, list] = {}
    for problem, n in jobs:
        sorted_jobs.setdefault(measure.threads(problem, n, asked.threads), []).append((problem, n))
    effort = measure.Effort(asked.rounds, asked.limit, min if asked.least else statistics.median)
    for threads, part in sorted(sorted_jobs.items(), key=lambda pair: pair[0]):
        workers = started(found, threads, asked.out, results, asked.device)
        own = next(w for w in workers if w.peer.name == "einsdiff")
        results["peaks"][threads] = own.ask(120, "peaks")
        for problem, n in part:
            row = measure.row(problem, n, workers, results["peaks"][threads], effort)
            put(results["rows"], row, "problem", "n")
            told = "  ".join(
                f"{p} {report.seconds(t) if t else '✗'}" for p, t in row["best"].items() if row["systems"][p]
            )
            print(f"{problem.name}, n = {n}: {told}", flush=True)
            save()
        for worker in workers:
            worker.stop()
    order = {problem.name: k for k, problem in enumerate(PROBLEMS)}
    results["rows"].sort(key=lambda row: (order[row["problem"]], row["n"]))


def put(rows: list[dict[str, Any]], row: dict[str, Any], *keys: str) -> None:
    """Put a row in the place of the one with the same keys, or at the end."""
    rows[:] = [r for r in rows if any(r[key] != row[key] for key in keys)] + [row]


def run_derivations(asked: argparse.Namespace, results: dict[str, Any], save: Any) -> None:
    """Measure symbolic times."""
    rows = [d for d in DERIVATIONS if is_asked(asked, "symbolic", d.name)]
    if asked.quick:
        rows = [d for d in rows if "1000 " not in d.name]
    if not rows:
        return
    peers = chosen(asked, SYMBOLIC)
    found = interpreters(peers, asked.environments)
    results["absent"] += [p.name for p in peers if p not in found]
    workers = started(found, 1, asked.out, results)
    for derivation in rows:
        row = symbolic.row(derivation, workers, SYMBOLIC_ROUNDS, asked.limit)
        put(results["symbolic"], row, "name")
        told = "  ".join(f"{p} {report.seconds(t['derive'])}" for p, t in row["times"].items())
        print(f"{derivation.name}: {told}", flush=True)
        save()
    for worker in workers:
        worker.stop()


def machine(device: str) -> dict[str, str]:
    """Return what tells one machine from another."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
        **({} if device == "cpu" else {"device of JAX, PyTorch and CuPy": device}),
        "load before the start": f"{os.getloadavg()[0]:.1f}",
    }


def draw(asked: argparse.Namespace, source: Path) -> None:
    """Draw the plots, where the environment for it can be had."""
    interpreter = environments.python("plots", asked.environments)
    if interpreter:
        subprocess.run([interpreter, HERE / "plot.py", source, asked.out / "plots.svg"], check=False)


def main() -> None:
    """Run what is asked for; results are saved after every row."""
    asked = options()
    asked.out.mkdir(parents=True, exist_ok=True)
    begun = time.time()
    results: dict[str, Any] = {
        "machine": machine(asked.device), "versions": {}, "peaks": {}, "absent": [],
        "systems": [], "rows": [], "symbolic": [],
        "command": shlex.join(["python", "-m", "bench", *sys.argv[1:]]), "minutes": 0.0,
        "rounds": asked.rounds, "counts": "least" if asked.least else "median",
    }  # fmt: skip

    earlier = asked.out / "results.json"
    if asked.keep and earlier.exists():
        kept = json.loads(earlier.read_text())
        peaks = {int(n): peak for n, peak in kept["peaks"].items()}
        results |= {key: kept[key] for key in ("versions", "systems", "rows", "symbolic")} | {"peaks": peaks}

    def save() -> None:
        results["minutes"] = (time.time() - begun) / 60
        (asked.out / "results.json").write_text(json.dumps(results, indent=1))
        (asked.out / "results.md").write_text(report.page(results))

    run_problems(asked, results, save)
    run_derivations(asked, results, save)
    results["absent"] = list(dict.fromkeys(results["absent"]))
    save()
    draw(asked, asked.out / "results.json")
    if asked.record:
        (HERE / "RESULTS.md").write_text(report.page(results) + "\n![time against n](plots.svg)\n")
        if (asked.out / "plots.svg").exists():
            (HERE / "plots.svg").write_bytes((asked.out / "plots.svg").read_bytes())
    print(f"written: {asked.out / 'results.md'}")


if __name__ == "__main__":
    main()
