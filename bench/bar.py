"""The bar: how far ahead of which system each class of problems has to be, and whether it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log
from typing import Any


@dataclass(frozen=True)
class Bar:
    """A class of problems, "" for all; the fastest of `against` takes `goal` times as long, `floor` at least."""

    group: str
    against: tuple[str, ...]
    goal: float
    floor: float


# fmt: off
BAR = (
    Bar("Hessian that collapses",  ("jax",),                            30.0,  10.0),
    Bar("structured Jacobian",     ("jax",),                            15.0,   8.0),
    Bar("logistic Hessian",        ("jax",),                             2.5,   1.8),
    Bar("net Hessian",             ("jax",),                             3.0,   2.0),
    Bar("matrix-vector gradient",  ("jax",),                             1.2,   0.9),
    Bar("matrix-matrix gradient",  ("jax", "torch", "torch.compile"),    1.0,   0.7),
    Bar("attention VJP",           ("jax",),                             1.3,   0.9),
    Bar("chain in a bad order",    ("jax",),                            10.0,   5.0),
    Bar("batched contraction",     ("opt_einsum",),                      5.0,   3.0),
    Bar("attention VJP",           ("opt_einsum",),                      5.0,   3.0),
    Bar("",                        ("hand",),                            0.95,  0.8),
)
MEANS = (
    #   order      goal  floor
    ("first",      1.4,  1.2),
    ("second",     6.0,  4.0),
)
# fmt: on


def verdict(ratio: float, goal: float, floor: float) -> str:
    """Return in words where a ratio stands."""
    return "goal" if ratio >= goal else "floor" if ratio >= floor else "below the floor"


def ratio(row: dict[str, Any], peers: Iterable[str]) -> float | None:
    """Return the time of the fastest of some systems over that of einsdiff; None where one of them has no time."""
    times = [t for p in peers if (t := row["best"].get(p))]
    own = row["best"].get("einsdiff")
    return min(times) / own if times and own else None


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every row of the bar with its worst ratio, where that is, and the verdict on each size."""
    found = []
    for bar in BAR:
        ratios = {
            f"{r['problem']}, n = {r['n']}": x
            for r in rows
            if (not bar.group or r["group"] == bar.group) and r["counts"] and (x := ratio(r, bar.against))
        }
        if ratios:
            at = min(ratios, key=ratios.__getitem__)
            found.append(
                {
                    "class": bar.group or "every row",
                    "against": ", ".join(bar.against),
                    "goal": bar.goal,
                    "floor": bar.floor,
                    "ratios": ratios,
                    "worst": ratios[at],
                    "at": at,
                    "verdict": verdict(ratios[at], bar.goal, bar.floor),
                }
            )
    return found


def means(rows: list[dict[str, Any]], peers: Iterable[str]) -> list[dict[str, Any]]:
    """Return the geometric means of the ratios of each system, for gradients and for second-order results."""
    found = []
    for order, goal, floor in MEANS:
        for peer in peers:
            ratios = [x for r in rows if r["order"] == order and (x := ratio(r, (peer,)))]
            if ratios:
                mean = exp(sum(map(log, ratios)) / len(ratios))
                judgement = verdict(mean, goal, floor) if peer == "jax" else ""
                found.append({"order": order, "peer": peer, "rows": len(ratios), "mean": mean, "verdict": judgement})
    return found
