"""The process of one system: prepares calls, times them, writes their results; asked through its input.

Run by `pool.Worker` as: python -m bench.worker MODULE FUNCTION
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import resource
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from bench.way import Call, flat

LIMIT = 14 * 2**30
WARM = 0.2


class Bench:
    """The calls of one system for the row at hand."""

    def __init__(self, module: str, function: str) -> None:
        self.module = import_module(module)
        self.system: Callable[..., Any] = getattr(self.module, function)
        self.problem: Any = None
        self.calls: dict[str, Call] = {}

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that this system needs."""
        return self.module.versions()

    def make(self, name: str, n: int) -> list[str]:
        """Make the calls of a row and return their names."""
        from bench.problems import PROBLEMS  # noqa: PLC0415 - what derives formulas may have no NumPy

        self.problem = next(p for p in PROBLEMS if p.name == name)
        self.calls = {}
        gc.collect()
        self.calls = self.system(self.problem, n, self.problem.make(n))
        return list(self.calls)

    def ready(self, way: str, folder: str) -> dict[str, Any]:
        """Run a call until it is warm and write its results.

        Returns the seconds of a call, the seconds until the first result, the bytes read, the files of the results.
        """
        import numpy as np  # noqa: PLC0415 - what derives formulas may have no NumPy

        call = self.calls[way]
        start = time.perf_counter()
        result = call.once()
        first = time.perf_counter() - start
        if self.problem.core and not isinstance(result, tuple):
            result = self.problem.core(result)
        files = []
        for k, array in enumerate(flat(result)):
            files.append(str(Path(folder) / f"{way or 'result'}-{k}.npy"))
            np.save(files[-1], on_host(array))
        del result
        spent, seconds = 0.0, first
        while spent < WARM:
            seconds = call.seconds(1)
            spent += seconds
        reads = sum(a.nbytes for a in call.kwargs.values())
        return {"seconds": seconds, "first": first, "reads": reads, "files": files}

    def seconds(self, way: str, times: int, bursts: int) -> list[float]:
        """Return the seconds of one call, once a burst of several."""
        call = self.calls[way]
        return [call.seconds(times) for _ in range(bursts)]

    def memory(self, way: str) -> int:
        """Return the bytes by which the resident set grows in one call, at most."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        self.calls[way].once()
        return max(0, resident("VmHWM") - before)

    def peaks(self) -> dict[str, float]:
        """Return the most flops per second of a product, and bytes per second of a copy."""
        import numpy as np  # noqa: PLC0415

        n = 1500
        A, a = np.random.default_rng(0).normal(size=(n, n)), np.ones(16 * 2**20)
        b = np.empty_like(a)
        product, copy = Call(np.dot, (A, A)), Call(np.copyto, (b, a))
        return {
            "flops": 2 * n**3 / min(product.seconds(1) for _ in range(8)),
            "bytes": 2 * a.nbytes / min(copy.seconds(1) for _ in range(8)),
        }

    def symbolic(self, name: str, k: int) -> dict[str, float]:
        """Return the seconds of the parts of a derivation with names that were not seen before."""
        return self.system(name)(str(k))


def on_host(array: Any) -> Any:
    """Return an array of any system as one of NumPy's."""
    import numpy as np  # noqa: PLC0415 - what derives formulas may have no NumPy

    fetch = getattr(array, "cpu", None) or getattr(array, "get", None)
    return np.asarray(fetch() if fetch else array)


def resident(key: str) -> int:
    """Return a line of /proc/self/status in bytes."""
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(key + ":"))


def serve(bench: Bench, source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests, each a method and its arguments, until there are no more."""
    while True:
        try:
            method, args = pickle.load(source)
        except EOFError:
            return
        try:
            answer = (True, getattr(bench, method)(*args))
        except Exception as error:  # noqa: BLE001 - the row shows it
            answer = (False, f"{type(error).__name__}: {str(error)[:300]}")
        pickle.dump(answer, target)
        target.flush()


def main() -> None:
    """Keep the pipes for requests and answers; whatever a system prints goes to the log."""
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):  # JAX takes as many threads as it has cores, whatever its flags say
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-int(os.environ["OMP_NUM_THREADS"]) :])
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    serve(Bench(*sys.argv[1:]), sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
