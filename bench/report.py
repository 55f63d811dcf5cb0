"""Results as a page of tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.bar import judged, means, ratio

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


def seconds(t: float) -> str:
    """Return a time with three digits and its unit."""
    scale, unit = next(((s, u) for s, u in UNITS if t >= s), UNITS[-1])
    return f"{t / scale:.3g} {unit}"


def size(n: float | None) -> str:
    """Return a number of bytes with its unit."""
    if n is None:
        return "?"
    scale, unit = next(((s, u) for s, u in SIZES if n >= s), SIZES[-1])
    return f"{n / scale:.3g} {unit}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def page(results: dict[str, Any]) -> str:
    """Return the whole page."""
    parts = ["# Results", facts(results)]
    rows, peers = results["rows"], results["systems"]
    if rows:
        others = [p for p in peers if p != "einsdiff"]
        parts += ["## The bar", bar_table(rows), mean_table(rows, others)]
        parts += ["## Times, and how many times as long the others take", time_table(rows, others)]
        parts += ["## Peak memory of one call, beside its inputs", memory_table(rows, peers), notes(rows)]
    if results["symbolic"]:
        parts += ["## Symbolic times", symbolic_table(results["symbolic"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def facts(results: dict[str, Any]) -> str:
    """Return the machine, the versions, the peaks and the command."""
    lines = [f"- {key}: {value}" for key, value in results["machine"].items()]
    lines.append("- versions: " + ", ".join(f"{k} {v}" for k, v in sorted(results["versions"].items())))
    for n, peak in results["peaks"].items():
        lines.append(f"- {n} thread(s): product {peak['flops'] / 1e9:.1f} Gflop/s, copy {peak['bytes'] / 1e9:.1f} GB/s")
    if results["absent"]:
        lines.append("- absent: " + ", ".join(results["absent"]))
    lines.append(f"- command: `{results['command']}`, {results['minutes']:.0f} min")
    lines.append(f"- a time is the {results['counts']} of {results['rounds']} rounds")
    return "\n".join(lines)


def bar_table(rows: list[dict[str, Any]]) -> str:
    """Return how each class stands, by its worst row, and which rows miss."""
    lines = []
    for j in judged(rows):
        missed = [f"{at}: {x:.2g}×" for at, x in sorted(j["ratios"].items(), key=lambda p: p[1]) if x < j["goal"]]
        span = f"{j['worst']:.2g} … {max(j['ratios'].values()):.2g}"
        cells = (j["class"], j["against"], f"{j['goal']:g}×", f"{j['floor']:g}×", span, j["verdict"], "; ".join(missed))
        lines.append(cells)
    return table(("class", "against", "goal", "floor", "measured", "worst row", "rows under the goal"), lines)


def mean_table(rows: list[dict[str, Any]], peers: Sequence[str]) -> str:
    """Return geometric means of ratios."""
    lines = [(m["order"], m["peer"], str(m["rows"]), f"{m['mean']:.2f}×", m["verdict"]) for m in means(rows, peers)]
    return table(("order", "system", "rows", "geometric mean", "bar"), lines)


def time_table(rows: list[dict[str, Any]], peers: Sequence[str]) -> str:
    """Return one line a row: the time of einsdiff, how far it is from the limit, the ratios of the others."""
    lines = []
    for r in rows:
        own = r["best"].get("einsdiff")
        over = f"{own / r['limit']:.1f}×" if own else ""
        others = [cell(r, p) for p in peers]
        lines.append((r["problem"], str(r["n"]), str(r["threads"]), seconds(own) if own else "✗", over, *others))
    return table(("problem", "n", "threads", "einsdiff", "over the limit", *peers), lines)


def cell(row: dict[str, Any], peer: str) -> str:
    """Return the ratio of a system in a row, "–" where it has no such program, "✗" where it failed."""
    x = ratio(row, (peer,))
    if x:
        return f"{x:.2f}" if x < 100 else f"{x:.0f}"
    if row["best"].get(peer):
        return seconds(row["best"][peer])
    return "✗" if row["systems"].get(peer) else "–"


def memory_table(rows: list[dict[str, Any]], peers: Sequence[str]) -> str:
    """Return one line a row of the peak memory of the fastest way of each system."""
    lines = []
    for r in rows:
        cells = []
        for p in peers:
            ways = [w for w in r["systems"].get(p, {}).values() if "seconds" in w]
            cells.append(size(min(ways, key=lambda w: w["seconds"]).get("memory")) if ways else "–")
        lines.append((r["problem"], str(r["n"]), *cells))
    return table(("problem", "n", *peers), lines)


def notes(rows: list[dict[str, Any]]) -> str:
    """Return what failed, one line each."""
    lines = [
        f"- {r['problem']}, n = {r['n']}: {peer} {way}".rstrip() + f": {found['error']}"
        for r in rows
        for peer, ways in r["systems"].items()
        for way, found in ways.items()
        if "error" in found
    ]
    return "\n".join(["## What failed or disagreed", *lines]) if lines else ""


def symbolic_table(rows: list[dict[str, Any]]) -> str:
    """Return one line a derivation."""
    peers = list(dict.fromkeys(p for r in rows for p in (*r["times"], *r["errors"]) if p != "einsdiff"))
    lines = []
    for r in rows:
        own = r["times"].get("einsdiff", {})
        whole = own.get("all")
        kept = "" if not r["limit"] or not whole else "holds" if whole <= r["limit"] else "missed"
        limit = seconds(r["limit"]) if r["limit"] else ""
        others = [seconds(r["times"][p]["derive"]) if p in r["times"] else r["errors"].get(p, "–")[:40] for p in peers]
        parts = [seconds(own[part]) if part in own else "✗" for part in ("derive", "all")]
        lines.append((r["name"], *parts, limit, kept, *others))
    return table(("derivation", "derive", "with plan and source", "limit", "", *peers), lines)
