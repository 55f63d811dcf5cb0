"""Random entries for the compiler's tests, on wires whose sizes are different primes, and arrays to evaluate them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from einsdiff.algebra import build
from einsdiff.algebra.nodes import Axis
from einsdiff.program.request import Input, Output, Request, SizeClass

KINDS = {"i": 2, "j": 3, "k": 5}
TENSORS = {"A": "ij", "B": "jk", "S": "ii", "T": "ijk", "x": "i", "y": "j", "z": "k", "D": "jj", "s": ""}
SIZE = {kind: Axis(name, 0) for kind, name in (("i", "x"), ("j", "y"), ("k", "z"))}


def arrays(sizes=None, dtype=float, seed=0):
    """Return an array for each tensor, away from zero."""
    sizes = sizes or KINDS
    random = np.random.default_rng(seed)
    return {
        name: np.asarray(random.uniform(0.5, 1.5, [sizes[kind] for kind in kinds]), dtype)
        for name, kinds in TENSORS.items()
    }


def classes(spans=None):
    """Return the size classes of the tensors."""
    found = {}
    for name, kinds in TENSORS.items():
        for axis, kind in enumerate(kinds):
            found.setdefault(kind, []).append((Axis(name, axis), (spans or {}).get((name, axis))))
    return tuple(SizeClass(kind, tuple(axes)) for kind, axes in found.items())


def request(*entries, source="y = …", sizes=None):
    """Return the request for some entries, axes in the order of their wires; wires begin with their kind."""
    outputs = []
    for k, entry in enumerate(entries):
        wires = list(dict.fromkeys(entry.wires))
        outputs.append(Output(f"y{k}", entry, tuple((w, SIZE[w[0]]) for w in wires)))
    inputs = tuple(Input(name, len(kinds)) for name, kinds in TENSORS.items())
    return Request(tuple(outputs), inputs, classes(), sizes or {}, source)


WIRES = [kind + str(k) for kind in KINDS for k in range(2)]


@st.composite
def leaves(draw):
    name = draw(st.sampled_from([*TENSORS, "1", "unit", "δ", "2"]))
    wire = draw(st.sampled_from(WIRES))
    if name == "1":
        return build.ones(wire, SIZE[wire[0]])
    if name == "unit":
        return build.unit(wire, SIZE[wire[0]], draw(st.integers(1, 2)))
    if name == "δ":
        other = draw(st.sampled_from([w for w in WIRES if w[0] == wire[0]]))
        return build.delta(wire, other, SIZE[wire[0]])
    if name == "2":
        return build.number(draw(st.sampled_from([2, Fraction(1, 2), Fraction(2, 3)])))
    kinds = TENSORS[name]
    return build.tensor(name, [draw(st.sampled_from([w for w in WIRES if w[0] == k])) for k in kinds])


@st.composite
def entries(draw, depth=3):
    """Return a random entry; every value is positive or of moderate size."""
    if depth == 0:
        return draw(leaves())
    what = draw(st.sampled_from(["product", "product", "sum", "apply", "power", "reduce", "quotient", "leaf"]))
    inner = entries(depth - 1)
    if what == "leaf":
        return draw(leaves())
    a = draw(inner)
    if what == "product":
        factors = [a, *draw(st.lists(inner, min_size=1, max_size=2))]
        wires = sorted({w for f in factors for w in f.wires})
        bound = draw(st.lists(st.sampled_from(wires), unique=True)) if wires else []
        return build.multiply(*factors, bound=bound)
    if what == "quotient":
        return build.product([(a, 1, False), (build.apply("exp", small(draw(leaves()))), -1, False)])
    if what == "sum":
        b = draw(inner)
        if build.is_zero(a) or build.is_zero(b):
            return a
        wires = {w: SIZE[w[0]] for w in (*a.wires, *b.wires)}
        c = draw(st.sampled_from([1, -1, 2, Fraction(-1, 3)]))
        return build.total(
            [(1, build.spread(build.multiply(a), wires), False), (c, build.spread(build.multiply(b), wires), False)]
        )
    if build.is_zero(a):
        return a
    if what == "apply":
        return build.apply(draw(st.sampled_from(["tanh", "sin", "relu", "sigmoid"])), build.multiply(a))
    if what == "power":
        return build.power(a, draw(st.sampled_from([2, 3, 4])))
    wires = sorted(set(a.wires))
    if not wires:
        return a
    over = draw(st.lists(st.sampled_from(wires), unique=True, min_size=1))
    return build.reduce(
        draw(st.sampled_from(["max", "min", "prod"])), small(build.multiply(a)), {w: SIZE[w[0]] for w in over}
    )


def small(entry):
    return build.apply("tanh", entry) if not build.is_zero(entry) else entry
