"""Symbolic times: every system derives each row with names that are new, in turns."""

from __future__ import annotations

import random
import statistics
from typing import Any

from bench.derivations import Derivation
from bench.pool import Failed, Slow, Worker


def row(derivation: Derivation, workers: list[Worker], rounds: int, limit: float) -> dict[str, Any]:
    """Return the medians of a derivation by system, or why there is none; one round is for warming up."""
    shuffle = random.Random(0)
    spent: dict[str, list[dict[str, float]]] = {w.peer.name: [] for w in workers}
    errors: dict[str, str] = {}
    for k in range(rounds + 1):
        for worker in shuffle.sample(workers, len(workers)):
            name = worker.peer.name
            slow = spent[name] and spent[name][-1]["derive"] > 2
            if name in errors or (slow and len(spent[name]) > 1):
                continue
            try:
                spent[name].append(worker.ask(limit, "symbolic", derivation.name, k + 10))
            except (Slow, Failed) as error:
                errors[name] = "not asked" if str(error).startswith("KeyError") else str(error)
    times = {
        name: {part: statistics.median(s[part] for s in found[1:] or found) for part in found[0]}
        for name, found in spent.items()
        if found and name not in errors
    }
    return {"name": derivation.name, "limit": derivation.limit, "times": times, "errors": errors}
