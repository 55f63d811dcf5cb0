"""Plots of a file of results: time against n, both logarithmic, one line a system.

Run in the environment of requirements-plots.txt: python bench/plot.py RESULTS.json PICTURE.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

COLUMNS = 4


def main(source: str, target: str) -> None:
    """Draw one panel a problem that has several sizes."""
    rows = json.loads(Path(source).read_text())["rows"]
    problems: dict[str, list[dict]] = {}
    for row in rows:
        problems.setdefault(row["problem"], []).append(row)
    several = {name: found for name, found in problems.items() if len(found) > 1}
    if not several:
        return
    lines = -(-len(several) // COLUMNS)
    figure, axes = plt.subplots(lines, COLUMNS, figsize=(4 * COLUMNS, 3 * lines), squeeze=False)
    systems = list(dict.fromkeys(p for row in rows for p in row["best"]))
    colours = dict(zip(systems, plt.rcParams["axes.prop_cycle"].by_key()["color"] * 2, strict=False))
    for axis, (name, found) in zip(axes.flat, several.items(), strict=False):
        for system in systems:
            points = [(r["n"], r["best"][system]) for r in found if r["best"].get(system)]
            if points:
                axis.loglog(*zip(*points, strict=True), "o-", ms=3, label=system, color=colours[system])
        axis.loglog([r["n"] for r in found], [r["limit"] for r in found], "k:", lw=1, label="limit")
        axis.set_title(name, fontsize=9)
        axis.set_xticks([r["n"] for r in found], [str(r["n"]) for r in found])
        axis.xaxis.minorticks_off()
        axis.yaxis.set_minor_formatter("")
        axis.tick_params(labelsize=7)
    for axis in list(axes.flat)[len(several) :]:
        axis.axis("off")
    handles = {label: h for a in axes.flat for h, label in zip(*a.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="lower center", ncols=len(handles), fontsize=9)
    figure.supylabel("seconds")
    figure.supxlabel("n", y=0.03)
    figure.tight_layout(rect=(0.01, 0.04, 1, 1))
    figure.savefig(target)


if __name__ == "__main__":
    main(*sys.argv[1:3])
