"""Classes of wires are those that rounds over everything would find, in the same order, for less work."""

import random
from collections import Counter

import pytest

from einsdiff.algebra.groups import generate
from einsdiff.algebra.nodes import Symmetry
from einsdiff.algebra.refinement import WORK, Edge, Refinement, by_places

SYMMETRIC = generate([Symmetry((1, 0), 1)], 2)
CYCLIC = generate([Symmetry((1, 2, 0), 1)], 3)
PARTS = (("x", 1, ()), ("A", 2, ()), ("S", 2, SYMMETRIC), ("T", 3, ()), ("C", 3, CYCLIC))


def in_rounds(edges, colours):
    """Refinement as it is defined: every wire by its class and all it is attached to, until no class splits."""
    while True:
        seen = {w: [] for w in colours}
        for edge in edges:
            for wire in set(edge.wires):
                turned = [[edge.wires[p] for p in s.permutation] for s in edge.symmetries] or [edge.wires]
                orders = [tuple((colours[w], w == wire) for w in order) for order in [edge.wires, *turned]]
                seen[wire].append((edge.colour, sorted(orders)))
        finer = by_places({w: (colours[w], repr(sorted(seen[w]))) for w in colours})
        if len(set(finer.values())) == len(set(colours.values())):
            return colours
        colours = finer


def classes(colours):
    return sorted(sorted(w for w, c in colours.items() if c == colour) for colour in set(colours.values()))


@pytest.mark.parametrize("seed", range(200))
def test_classes_are_those_of_rounds_over_everything(seed: int) -> None:
    draw = random.Random(seed)
    pool = draw.sample(PARTS, 2)
    edges = []
    for _ in range(draw.randint(1, 14)):
        colour, rank, symmetries = draw.choice(pool)
        edges.append(Edge((colour,), tuple(draw.randrange(9) for _ in range(rank)), symmetries))
    kinds = {w: 0 for e in edges for w in e.wires}
    refinement = Refinement(edges)
    found = refinement.refine(by_places(kinds))
    assert classes(found) == classes(in_rounds(edges, by_places(kinds)))
    assert all(c == sum(other < c for other in found.values()) for c in found.values())
    wide = [c for c, count in Counter(found.values()).items() if count > 1]
    if wide:
        cell = [w for w in found if found[w] == wide[0]]
        split = found | {w: found[w] + 1 for w in cell[1:]}
        assert classes(refinement.refine(split, cell[:1])) == classes(in_rounds(edges, split))


@pytest.mark.parametrize("count", [50, 100, 200])
def test_a_chain_is_refined_with_work_that_grows_with_its_length(count: int) -> None:
    refinement = Refinement([Edge(("A",), (k, k + 1)) for k in range(count)])
    found = refinement.refine(by_places(dict.fromkeys(range(count + 1), 0)))
    assert len(set(found.values())) == count + 1
    assert WORK - refinement.work < 6 * count
