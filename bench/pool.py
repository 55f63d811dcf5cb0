"""Workers seen from the command: started with a number of threads, asked, ended when they take too long."""

from __future__ import annotations

import os
import pickle
import select
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.peers import Peer

ROOT = Path(__file__).parent.parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Slow(Exception):
    """A request took longer than it may."""


class Failed(Exception):
    """A system gave up on a request, or its process ended."""


class Worker:
    """The process of one system."""

    def __init__(self, peer: Peer, interpreter: Path, threads: int, log: Path, device: str = "cpu") -> None:
        self.peer, self.interpreter, self.threads, self.log, self.device = peer, interpreter, threads, log, device
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self.process and self.process.poll() is None:
            return
        env = os.environ | dict.fromkeys(THREADS, str(self.threads)) | {"BENCH_DEVICE": self.device}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.interpreter, "-m", "bench.worker", self.peer.module, self.peer.function],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, cwd=ROOT,
            )  # fmt: skip

    def ask(self, limit: float, method: str, *args: object) -> Any:
        """Return a method's answer.

        Raises: Slow, after `limit` seconds; Failed, where the worker says so or has died.
        """
        self.start()
        assert self.process
        assert self.process.stdin
        assert self.process.stdout
        try:
            pickle.dump((method, args), self.process.stdin)
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], limit)[0]:
                self.stop()
                raise Slow(f"more than {limit:.0f} s")
            good, answer = pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError) as error:
            self.stop()
            raise Failed("the process ended; it may have needed too much memory") from error
        if not good:
            raise Failed(answer)
        return answer

    def stop(self) -> None:
        """End the process."""
        if self.process:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                with suppress(BrokenPipeError):
                    pipe.close()
            self.process = None
