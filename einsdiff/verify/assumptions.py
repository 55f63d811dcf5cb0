"""Under which assumption would a claim hold?  The weakest ones are tried first, on data drawn so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice
from typing import NamedTuple

from einsdiff.algebra import walk
from einsdiff.algebra.nodes import Axis, Size, Tensor
from einsdiff.elaborate.differentials import changing, direction
from einsdiff.verify.judge import Bench, Claim, Finding
from einsdiff.verify.samples import FIXED, Assumed, unite
from einsdiff.verify.sides import State
from einsdiff.verify.trials import NEEDED

SINGLES, PAIRS, INPUTS = 80, 60, 1600
"""Assumptions, and pairs of them, that are tried at most, and inputs that are drawn for all of each."""


class Assumption(NamedTuple):
    """What could be assumed: the text, what of which input, and which sizes it makes equal."""

    text: str
    assumed: tuple[Assumed, ...]
    united: tuple[tuple[Size, Size], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: what can be assumed of an input of some rank, and how it is said of a name."""

    what: str
    ranks: tuple[int, ...]
    text: str
    is_square: bool = False


# fmt: off
ROWS = (
    #    what             ranks      as it is said                    square
    Row("square",         (2,),      "{} square",                     is_square=True),
    Row("symmetric",      (2,),      "{} symmetric",                  is_square=True),
    Row("positive",       (0, 1, 2), "{} positive"),
    Row("a unit vector",  (1,),      "{} a unit vector"),
    Row("with the sum 1", (1,),      "the entries of {} sum to 1"),
    Row("skew",           (2,),      "{} skew",                       is_square=True),
    Row("orthogonal",     (2,),      "{} orthogonal",                 is_square=True),
    Row("idempotent",     (2,),      "{} idempotent",                 is_square=True),
    Row("an involution",  (2,),      "{} an involution",              is_square=True),
    Row("diagonal",       (2,),      "{} diagonal",                   is_square=True),
    Row("spd",            (2,),      "{} spd",                        is_square=True),
)
# fmt: on
ZERO = {"symmetric": "skew", "spd": "skew", "diagonal": "skew", "skew": "symmetric diagonal spd positive"}
"""What a declared property leaves nothing but zero of, so that it says nothing of a claim."""
TOGETHER = ("symmetric", "positive", "a unit vector", "orthogonal", "diagonal")
"""What is tried of two inputs at once."""


def find_assumption(claim: Claim, findings: Sequence[Finding], bench: Bench) -> tuple[str, tuple[str, ...]] | None:
    """Return the weakest assumption under which a claim would hold, and the layouts in which it would."""
    tried = [f for f in findings if f.state is State.APART or f.difference is not None]
    if not tried:
        return None
    single = list(_single(tried, changing(claim.document)))
    few = INPUTS // max(1, len(_names(tried)))
    for assumption in islice(chain(_sizes(tried), single, _commuting(tried)), min(SINGLES, few)):
        layouts = _layouts(assumption, claim, tried, bench)
        if layouts:
            return assumption.text, layouts
    paired = [a for a in single if a.assumed and a.assumed[0].what in TOGETHER]
    pairs = [(a, b) for a, b in combinations(paired, 2) if a.assumed[0].name != b.assumed[0].name]
    for a, b in pairs[: min(PAIRS, few)]:
        both = Assumption(f"{a.text}, {b.text}", a.assumed + b.assumed, a.united + b.united)
        layouts = _layouts(both, claim, tried, bench)
        if layouts:
            return both.text, layouts
    return None


def _layouts(assumption: Assumption, claim: Claim, tried: Sequence[Finding], bench: Bench) -> tuple[str, ...]:
    """Return the layouts in which the claim holds under an assumption."""
    known: dict[object, bool] = {}
    found = []
    for f in tried:
        assert f.sides is not None
        assert f.left is not None
        assert f.right is not None
        sizes = f.sides.program.sizes
        if any(
            len({n for n in (sizes.get(a, a), sizes.get(b, b)) if isinstance(n, int)}) > 1 for a, b in assumption.united
        ):
            continue
        one = unite(sizes, assumption.united)
        if any(one.get(a, a) != one.get(b, b) for a, b in f.sides.apart):
            continue
        key = f.arrangement
        if key not in known:
            known[key] = all(
                bench.trials.compare(
                    f.sides, f.left, f.right, claim.numbers,
                    united=assumption.united, assumed=assumption.assumed, needed=needed, enough=needed,
                ).state is State.EQUAL
                for needed in (1, NEEDED)
            )  # fmt: skip
        if known[key]:
            found.append(f.layout)
    return tuple(found)


def _sizes(tried: Sequence[Finding]) -> Iterator[Assumption]:
    """Yield what makes the sizes of the sides equal: `A square`, or two names of one size."""
    for f in tried:
        assert f.sides is not None
        if f.sides.apart:
            texts = dict.fromkeys(_one_size(f, pair) for pair in f.sides.apart)
            yield Assumption(", ".join(texts), (), f.sides.apart)


def _one_size(f: Finding, pair: tuple[Size, Size]) -> str:
    assert f.sides is not None
    sizes = f.sides.program.sizes
    ranks = {s.name: s.rank for s in f.sides.program.inputs.values() if s.role == "input"}
    axes = {name: [sizes.get(Axis(name, k)) for k in range(rank)] for name, rank in ranks.items()}
    square = next((name for name, has in axes.items() if len(has) == 2 and set(has) == set(pair)), None)
    if square is not None:
        return f"{square} square"
    a, b = (next((name for name, has in axes.items() if size in has), str(size)) for size in pair)
    return f"{a} and {b} of one size"


def _names(tried: Sequence[Finding]) -> dict[str, int]:
    """Return the inputs that the sides need, with their ranks."""
    found: dict[str, int] = {}
    for f in tried:
        assert f.left is not None
        assert f.right is not None
        nodes = walk.ordered(f.left.entry.node, f.right.entry.node)
        found |= {n.name: n.rank for n in nodes if isinstance(n, Tensor)}
    return dict(sorted(found.items()))


def _squared(tried: Sequence[Finding], name: str) -> tuple[tuple[Size, Size], ...]:
    """Return the axes that a square matrix makes equal, unless they are so in each layout."""
    a, b = Axis(name, 0), Axis(name, 1)
    programs = [f.sides.program for f in tried if f.sides is not None]
    return () if all(p.sizes.get(a, a) == p.sizes.get(b, b) for p in programs) else ((a, b),)


def _single(tried: Sequence[Finding], moving: Collection[str]) -> Iterator[Assumption]:
    """Yield what can be assumed of one input; the names that are `moving` in differentials, and dX, stay free."""
    names = {name: rank for name, rank in _names(tried).items() if name not in map(direction, moving)}
    assert tried[0].sides is not None
    declared = tried[0].sides.program.declared
    for row in ROWS:
        for name, rank in names.items():
            has = declared[name].properties if name in declared else ()
            is_bound = name in moving and row.what in FIXED
            if rank in row.ranks and not is_bound and not any(row.what in (p, *ZERO.get(p, "").split()) for p in has):
                united = _squared(tried, name) if row.is_square else ()
                if row.what != "square" or united:
                    yield Assumption(row.text.format(name), (Assumed(name, row.what),), united)


def _commuting(tried: Sequence[Finding]) -> Iterator[Assumption]:
    matrices = [name for name, rank in _names(tried).items() if rank == 2]
    for a, b in combinations(matrices, 2):
        first, *others = (Axis(name, k) for name in (a, b) for k in (0, 1))
        united = tuple((first, axis) for axis in others)
        yield Assumption(f"{a} and {b} commute", (Assumed(a, "commutes", b),), united)
