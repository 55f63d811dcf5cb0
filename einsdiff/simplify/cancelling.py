"""What cancels only when it is opened: an inverse beside the factors of its argument, and inside a sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import prod

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, Factor, MatrixFunction, Product, Sum, exact
from einsdiff.simplify.inverses import inverse_cancels, nothing
from einsdiff.simplify.products import reassemble, without

Labels = dict[int, int]

TERMS = 16
"""How many terms a product may be multiplied out into."""

SUMS = 2
"""How many of its factors are multiplied out at most."""


def inverse_meets_its_argument(node: Product) -> Entry | None:
    """M⁻¹_ij A_jk B_kl = δ_il, where M = A B."""
    if not any(_is_inverse_of_a_product(f) for f in node.factors):
        return None
    flat = _opened(node)
    counts = Counter(label for f in flat.factors for label in f.labels)
    for k, f in enumerate(flat.factors):
        if not _is_inverse_of_a_product(f):
            continue
        rest = without(flat, k)
        for mine in (0, 1):
            found = _beside(f, mine, rest, set(flat.bound), counts)
            if found is not None:
                taken, at, argument = found
                ends = f.labels[1 - mine], at[argument.out[mine]]
                gone = [f.labels[mine], *(at[b] for b in argument.bound)]
                left = [g for n, g in enumerate(rest) if n not in taken]
                tie = build.delta(*ends, flat.label_sizes[ends[0]])
                whole = reassemble(flat, left, [tie, *(nothing(flat, label) for label in gone)])
                return build.scale(exact(1 / Fraction(argument.coefficient)), whole)
    return None


def _is_inverse_of_a_product(f: Factor) -> bool:
    node = f.node
    return f.exponent == 1 and isinstance(node, MatrixFunction) and node.function == "inv" and _is_plain(node.argument)


def _is_plain(argument: Expr) -> bool:
    return isinstance(argument, Product) and len(set(argument.out)) == 2 and len(argument.factors) > 1


def _opened(node: Product) -> Product:
    """Return a product with the products inside it opened in which an inverse stands."""
    inside = [f for f in node.factors if f.exponent == 1 and isinstance(f.node, Product) and _has_inverse(f.node)]
    if not inside:
        return node
    rest = [f for f in node.factors if f not in inside]
    found = reassemble(node, rest, [Entry(f.node, f.labels) for f in inside])
    is_alike = isinstance(found.node, Product) and found.wires == tuple(range(node.rank))
    return found.node if is_alike and isinstance(found.node, Product) else node


def _has_inverse(node: Expr) -> bool:
    parts = node.factors if isinstance(node, Product) else node.terms if isinstance(node, Sum) else ()
    return any(isinstance(p.node, MatrixFunction) and p.node.function == "inv" for p in parts)


def _beside(
    f: Factor, mine: int, rest: Sequence[Factor], bound: set[int], counts: Counter[int]
) -> tuple[tuple[int, ...], Labels, Product] | None:
    """Return which factors are the argument of an inverse, summed over one of its axes, and the labels they have."""
    assert isinstance(f.node, MatrixFunction)
    argument = f.node.argument
    assert isinstance(argument, Product)
    start, end = argument.out[1 - mine], argument.out[mine]
    for taken, at in _assigned(argument.factors, rest, {start: f.labels[mine]}):
        inner = Counter(label for k in taken for label in rest[k].labels)
        own = [f.labels[mine], *(at[b] for b in argument.bound)]
        closed = all(label in bound and counts[label] == inner[label] + (label == own[0]) for label in own)
        if closed and at[end] not in own and len(set(own)) == len(own):
            return taken, at, argument
    return None


def _assigned(
    wanted: Sequence[Factor], have: Sequence[Factor], at: Labels, taken: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Labels]]:
    """Yield the factors that are those of a product, and the label that each label of it then has."""
    if not wanted:
        yield taken, at
        return
    first = next((w for w in wanted if set(w.labels) & set(at)), wanted[0])
    others = [w for w in wanted if w is not first]
    for k, g in enumerate(have):
        if k in taken or g.node is not first.node or g.exponent != first.exponent:
            continue
        for labels in dict.fromkeys((g.labels, *_turned(g))):
            pairs = dict(zip(first.labels, labels, strict=True))
            if all(at.get(w, label) == label for w, label in pairs.items()):
                yield from _assigned(others, have, at | pairs, (*taken, k))


def _turned(g: Factor) -> Iterator[tuple[int, ...]]:
    for p, sign in build.symmetries_of(g.node):
        if sign == 1:
            yield tuple(g.labels[k] for k in p)


# ---------------------------------------------------------------------------------------------------------- inside sums


def inverse_cancels_inside(node: Product) -> Entry | None:
    """A_ij (A⁻¹_jk b_k − c_j) = b_i − A_ij c_j, where that is no longer."""
    return _opened_sum(node, SUMS)


def _opened_sum(node: Product, sums: int) -> Entry | None:
    """Return a product multiplied out by a factor where something cancels; `sums` factors may be, one after another."""
    terms = [len(f.node.terms) for f in node.factors if isinstance(f.node, Sum)]
    if sums == 0 or not terms or prod(terms) > TERMS or not _may_cancel(node):
        return None
    for k, f in enumerate(node.factors):
        if not isinstance(f.node, Sum) or f.exponent != 1 or not set(f.labels) & set(node.bound):
            continue
        rest = without(node, k)
        made: list[tuple[Exact, Entry, bool]] = []
        is_changed = False
        for t in f.node.terms:
            whole = reassemble(node, rest, [Entry(t.node, tuple(f.labels[n] for n in t.labels))])
            simpler = _cancelled(whole, sums - 1)
            is_changed |= simpler != whole
            made.append((t.coefficient, simpler, True))
        if is_changed:
            found = build.total(made)
            if _length(found.node) <= _length(node):
                return found
    return None


def _may_cancel(node: Product) -> bool:
    """Tell whether an inverse stands in a product, or in its sums, and all that its argument consists of."""
    inside = _within(node, 4)
    for n in inside:
        if isinstance(n, MatrixFunction) and n.function in ("inv", "adj"):
            argument = n.argument
            own = {f.node for f in argument.factors} if isinstance(argument, Product) else {argument}
            if argument in inside or own <= inside:
                return True
    return False


def _within(node: Expr, depth: int) -> set[Expr]:
    """Return the factors and terms that stand in a node."""
    parts = node.factors if isinstance(node, Product) else node.terms if isinstance(node, Sum) else ()
    found = {p.node for p in parts}
    return found.union(*(_within(n, depth - 1) for n in found)) if depth > 1 else found


def _cancelled(entry: Entry, sums: int) -> Entry:
    """Return a product in which every inverse that meets its argument is gone."""
    while isinstance(entry.node, Product):
        node = entry.node
        found = inverse_cancels(node) or inverse_meets_its_argument(node) or _opened_sum(node, sums)
        if found is None:
            break
        entry = Entry(found.node, tuple(entry.wires[w] for w in found.wires))  # type: ignore[call-overload]
    return entry


def _length(node: Expr, depth: int = 4) -> int:
    """Return how many factors stand in a node, those of its parts included."""
    if depth == 0:
        return 1
    match node:
        case Product(_, factors):
            return sum(_length(f.node, depth - 1) for f in factors)
        case Sum(terms):
            return sum(_length(t.node, depth - 1) for t in terms)
        case _:
            return 1
