"""Identities that an equation cannot say in one row: the first line of each function is the equation.

Each takes a node and returns the entry that replaces it, at the wires 0, 1, … of its axes, or None where it does not
apply.  Its name is what a derivation prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from math import factorial

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Count,
    Epsilon,
    Exact,
    Expr,
    Factor,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Sum,
    Tensor,
    Term,
    Unit,
    exact,
    magnitude,
)
from einsdiff.simplify.cancelling import inverse_cancels_inside, inverse_meets_its_argument
from einsdiff.simplify.content import content, number_in_front, number_of_shared_sums, opposite_factors
from einsdiff.simplify.differences import deviations_cancel, opposite_sigmoids
from einsdiff.simplify.inverses import (
    inverse_cancels,
    inverse_of_a_product,
    inverse_of_inverse,
    inverse_opens,
    length_is_kept,
)
from einsdiff.simplify.products import reassemble, without
from einsdiff.simplify.softmax import as_softmax

Labels = tuple[int, ...]
UNSEEN = -1  # the axis of what is summed: none
MOST_OPEN = 6
"""Indices of two ε that are not shared, with which their product is written out."""


def constant_value(entry: Entry) -> Exact | None:
    """Return the number that an entry is at every value of its wires, or None."""
    match entry.node:
        case Number(value):
            return value
        case Ones():
            return 1
        case Product(coefficient, factors, out) if len(set(out)) == len(out):
            return coefficient if all(isinstance(f.node, Ones) for f in factors) else None
        case _:
            return None


# ----------------------------------------------------------------------------------------------- functions of numbers


RELATIONS: dict[str, Callable[[object, object], bool]] = {
    "gt": lambda a, b: a > b,  # type: ignore[operator]
    "ge": lambda a, b: a >= b,  # type: ignore[operator]
    "lt": lambda a, b: a < b,  # type: ignore[operator]
    "le": lambda a, b: a <= b,  # type: ignore[operator]
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def folded(node: Apply) -> tuple[str, Entry] | None:
    """Return the exact value of a function of numbers where it is rational."""
    values = [a.node.value for a in node.arguments if isinstance(a.node, Number)]
    match node.function:
        case "abs":
            return "number", build.number(magnitude(values[0]))
        case "sign":
            return "number", build.number((values[0] > 0) - (values[0] < 0))
        case "relu":
            return "number", build.number(max(values[0], 0))
        case "max" | "min":
            return "number", build.number(max(values) if node.function == "max" else min(values))
        case "where":
            return "number", build.number(values[1] if values[0] != 0 else values[2])
        case relation if relation in RELATIONS:
            return "number", build.number(int(RELATIONS[relation](*values)))
        case _:
            return None


# -------------------------------------------------------------------------------------------- identities as functions


def log_of_a_sum_of_exp(node: Apply) -> Entry | None:
    """log(Σ_i exp(z_i)) = logsumexp_i(z_i)."""
    if node.function != "log":
        return None
    inner = node.arguments[0]
    found = _sum_of_exp(inner.node)
    if found is None:
        return None
    product, _, z = found
    over = {("bound", b): product.label_sizes[b] for b in product.bound}
    names = {k: inner.labels[axis] for axis, k in enumerate(product.out)}
    body = build.rename(z, names | {b: ("bound", b) for b in product.bound})
    total = build.reduce("logsumexp", body, over)
    if product.coefficient == 1:
        return total
    return build.add(build.spread(build.apply("log", build.number(product.coefficient)), build.sizes(total)), total)


def _sum_of_exp(node: Expr) -> tuple[Product, Factor, Entry] | None:
    """Return exp(z), and z at the labels of the product, if a node is c Σ exp(z) with c > 0 and nothing fused.

    It may be the same for all values of other indices.
    """
    if not isinstance(node, Product) or not node.bound or node.coefficient <= 0:
        return None
    factors = [f for f in node.factors if not isinstance(f.node, Ones) or f.labels[0] in node.bound]
    if len(factors) != 1:
        return None
    f = factors[0]
    if f.exponent != 1 or not isinstance(f.node, Apply) or f.node.function != "exp" or f.node.orders is not None:
        return None
    if len(set(node.out)) < node.rank or len(set(f.labels)) < len(f.labels):
        return None
    z = f.node.arguments[0]
    return node, f, Entry(z.node, tuple(f.labels[k] for k in z.labels))


def softmax(node: Product) -> Entry | None:
    """exp(z_i) / Σ_k exp(z_k) = exp(z_i − logsumexp_k(z_k))."""
    for below, divisor in enumerate(node.factors):
        found = _sum_of_exp(divisor.node)
        if not isinstance(divisor.exponent, int) or divisor.exponent > -1 or found is None:
            continue
        product, exponential, _ = found
        for above, factor in enumerate(node.factors):
            if factor.node is not exponential.node or not isinstance(factor.exponent, int) or factor.exponent < 1:
                continue
            outer = {k: divisor.labels[axis] for axis, k in enumerate(product.out)}
            if any(outer[k] != factor.labels[axis] for axis, k in enumerate(exponential.labels) if k in outer):
                continue
            assert isinstance(factor.node, Apply)
            z = factor.node.arguments[0]
            kept = {axis: factor.labels[axis] for axis, k in enumerate(exponential.labels) if k not in outer}
            body = Entry(z.node, tuple(z.labels))
            names = dict(enumerate(factor.labels))
            shifted = build.softmax(
                build.rename(body, {a: ("over", a) if a in kept else names[a] for a in names}),
                {("over", a): label for a, label in kept.items()},
            )
            rest = [f for k, f in enumerate(node.factors) if k not in (above, below)]
            rest += [factor._replace(exponent=factor.exponent - 1), divisor._replace(exponent=divisor.exponent + 1)]
            left = [f for f in rest if f.exponent != 0]
            return build.scale(1 / Fraction(product.coefficient), reassemble(node, left, [shifted]))
    return None


def epsilon_pair(node: Product) -> Entry | None:
    """ε_ijk ε_lmn = the determinant of δ, where the two share a summed index."""
    spots = [(k, f) for k, f in enumerate(node.factors) if isinstance(f.node, Epsilon)]
    bound = set(node.bound)
    for n, (a, first) in enumerate(spots):
        if isinstance(first.exponent, int) and first.exponent >= 2 and set(first.labels) & bound:
            rest = [*without(node, a), first._replace(exponent=first.exponent - 2)]
            return _epsilon_expanded(node, first.labels, first.labels, [f for f in rest if f.exponent != 0])
        for b, second in spots[n + 1 :]:
            if (
                first.node is second.node
                and set(first.labels) & set(second.labels) & bound
                and first.exponent == second.exponent == 1
            ):
                rest = [f for k, f in enumerate(node.factors) if k not in (a, b)]
                return _epsilon_expanded(node, first.labels, second.labels, rest)
    return None


def _epsilon_expanded(node: Product, left: tuple[int, ...], right: tuple[int, ...], rest: list[Factor]) -> Entry | None:
    """ε_sij ε_skl = s! (δ_ik δ_jl − δ_il δ_jk), for s indices that both have; None where too many are left."""
    elsewhere = {*node.out, *(label for f in rest for label in f.labels)}
    shared = [label for label in left if label in right and label not in elsewhere]
    orders = [_first(shared, side) for side in (left, right)]
    open_left, open_right = (
        [side[k] for k in order[len(shared) :]] for side, order in zip((left, right), orders, strict=True)
    )
    if len(open_left) > MOST_OPEN:
        return None
    count = Fraction(factorial(len(shared)), len(left) ** len(shared))  # an index that nothing has is summed, too
    odd = build.parity(tuple(orders[0])) ^ build.parity(tuple(orders[1]))
    terms = []
    for order in permutations(range(len(open_left))):
        ties = [build.delta(a, open_right[k], len(left)) for a, k in zip(open_left, order, strict=True)]
        sign = -1 if odd ^ build.parity(order) else 1
        terms.append((sign * count, reassemble(node, rest, ties), True))
    return build.total(terms)


def _first(shared: Sequence[int], side: Sequence[int]) -> list[int]:
    """Return the places of the shared indices of an ε, and behind them those of the others."""
    return [side.index(label) for label in shared] + [k for k, label in enumerate(side) if label not in shared]


def selection(node: Product) -> Entry | None:
    """where(c, u, 0) g = where(c, u g, 0), where(c, 0, u) g = where(c, 0, u g): the g not taken may have no value."""
    for k, f in enumerate(node.factors):
        case = _case(f)
        if case is None:
            continue
        condition, *branches = case
        others = [n for n, g in enumerate(node.factors) if n != k and _may_fail(g)]
        inside = [n for n in others if set(node.factors[n].labels) <= set(f.labels)]
        inside = inside or [n for n in others if set(node.factors[n].labels) > set(f.labels)][:1]
        if inside:
            taken = [node.factors[n] for n in inside]
            scaled = [(Entry(g.node, g.labels), g.exponent, False) for g in taken]
            chosen = [u if build.is_zero(u) else build.product([(u, 1, False), *scaled]) for u in branches]
            rest = [g for n, g in enumerate(node.factors) if n != k and n not in inside]
            return reassemble(node, rest, [build.apply("where", condition, *chosen)])
    return None


def _case(f: Factor) -> tuple[Entry, Entry, Entry] | None:
    """Return the condition and the branches of a factor of which one is 0; [a > b] = where([a > b], 1, 0)."""
    node = f.node
    if not isinstance(node, Apply) or f.exponent != 1 or node.orders is not None:
        return None
    if node.function in RELATIONS:
        return Entry(node, f.labels), build.ONE, build.ZERO
    if node.function != "where":
        return None
    at = [Entry(a.node, tuple(f.labels[n] for n in a.labels)) for a in node.arguments]
    zeros = [constant_value(u) == 0 for u in at[1:]]
    condition, first, second = at
    if sum(zeros) != 1:
        return None
    return (condition, build.ZERO, second) if zeros[0] else (condition, first, build.ZERO)


PARTIAL = ("log", "log1p", "tan", "asin", "acos", "acosh", "atanh", "pow", "exp", "expm1", "sinh", "cosh")
"""Functions that have no finite value everywhere."""


NESTED = 4  # functions of functions that are looked into


def _may_fail(f: Factor) -> bool:
    """Tell whether a factor may have no finite value."""
    todo: list[tuple[Expr, Exact, int]] = [(f.node, f.exponent, 0)]
    seen: set[tuple[Expr, int]] = set()
    while todo:
        node, exponent, depth = todo.pop()
        if isinstance(node, Count | Number):
            continue
        if exponent < 0 or not isinstance(exponent, int) or (isinstance(node, Apply) and node.function in PARTIAL):
            return True
        if (node, depth) in seen:
            continue
        seen.add((node, depth))
        if isinstance(node, Sum):
            todo += [(t.node, 1, depth) for t in node.terms]
        elif isinstance(node, Product):
            todo += [(g.node, g.exponent, depth) for g in node.factors]
        elif isinstance(node, Apply) and depth < NESTED:
            todo += [(a.node, 1, depth + 1) for a in node.arguments]
    return False


def common_factor(node: Sum) -> Entry | None:
    """C a + c b = c (a + b), where some factor in c is more than a bare tensor; of c^2 and c^3 it is c^2."""
    shared: dict[tuple[Expr, tuple[int, ...]], Exact] | None = None
    for t in node.terms:
        own = {(c, labels): exponent for c, labels, exponent in _outer_factors(t)}
        if shared is None:
            shared = own
        else:
            least = {key: _least(key[0], exponent, own.get(key, 0)) for key, exponent in shared.items()}
            shared = {key: exponent for key, exponent in least.items() if exponent}
        if not any(_is_worth_sharing(c, exponent) for (c, _), exponent in shared.items()):
            return None
    assert shared
    if len(shared) > SHARED or _is_of_one_sum(node, shared):
        return None
    ranges = dict(enumerate(node.sizes))
    number = content(node.terms)
    terms = []
    for t in node.terms:
        rest = _divided(t, shared)
        terms.append((Fraction(t.coefficient) / number, build.spread(rest, ranges), True))
    taken = [(Entry(c, labels), exponent, False) for (c, labels), exponent in shared.items()]
    return build.product([*taken, (build.total(terms), 1, False)], (), number)


SHARED = 12
"""How many factors may be taken out: where u + u^2 stands in itself many times, u (1 + u) would grow each time."""


def _is_of_one_sum(node: Sum, shared: Mapping[tuple[Expr, Labels], Exact]) -> bool:
    """Tell whether all terms are powers of one sum, u + u²: so it is read, and u (1 + u) would not be u any more."""
    base = next(iter(shared))[0]
    return isinstance(base, Sum) and all(
        t.node is base or (isinstance(t.node, Product) and len(t.node.factors) == 1) for t in node.terms
    )


def _least(base: Expr, a: Exact, b: Exact) -> Exact:
    """Return the power that divides two powers of one base, 0 where none does."""
    if a == b:
        return a
    divides = isinstance(a, int) and isinstance(b, int) and a > 0 and b > 0 and not _overflows(base)
    return min(a, b) if divides else 0


EXPONENTIALS = ("exp", "expm1", "sinh", "cosh")


def _overflows(node: Expr) -> bool:
    """Tell whether exponentials stand in a node: exp(x)/(exp(x) + c) has to stay together to be computed safely."""
    below = walk.ordered(node, is_closed=lambda part: not isinstance(part, Sum | Product))
    return any(isinstance(n, Apply) and n.function in EXPONENTIALS and as_softmax(n) is None for n in below)


def common_divisor(node: Sum) -> Entry | None:
    """a/u + b/u^2 = (a u + b)/u^2, multiplied out, where fewer terms are left: 1/(1 + x) - x/(1 + x)^2."""
    powers = [{(c, labels): e for c, labels, e in _outer_factors(t)} for t in node.terms]
    left = OPENED
    for c, labels in dict.fromkeys(key for own in powers for key, e in own.items() if e < 0):
        exponents = [Fraction(own.get((c, labels), 0)) for own in powers]
        least = min(exponents)
        above = [e - least for e in exponents]
        if not isinstance(c, Sum) or not any(above) or any(n.denominator > 1 or n > POWER for n in above):
            continue
        left -= sum(len(c.terms) ** int(n) for n in above)
        if left < 0:
            return None
        if _overflows(c):
            continue
        terms: list[tuple[Exact, Entry, bool]] = []
        for t, e, n in zip(node.terms, exponents, above, strict=True):
            rest = _divided(t, {(c, labels): exact(e)}) if e else Entry(t.node, t.labels)
            for k, made in _times_sum(rest, Entry(c, labels), int(n)):
                whole = build.spread(made, dict(enumerate(node.sizes)))
                terms.append((exact(Fraction(t.coefficient) * k), whole, True))
        inside = build.total(terms)
        width = len(inside.node.terms) if isinstance(inside.node, Sum) else 1
        if width < len(node.terms):
            return build.product([(Entry(c, labels), exact(least), False), (inside, 1, False)])
    return None


POWER = 3
"""To which power a divisor may be multiplied out."""
OPENED = 64
"""How many terms may be made of a sum to find its divisor."""


def _times_sum(entry: Entry, by: Entry, times: int) -> list[tuple[Exact, Entry]]:
    """Return the terms of an entry times a power of a sum."""
    assert isinstance(by.node, Sum)
    inside = [(t.coefficient, Entry(t.node, tuple(by.wires[k] for k in t.labels))) for t in by.node.terms]
    found: list[tuple[Exact, Entry]] = [(1, entry)]
    for _ in range(times):
        found = [(exact(Fraction(c) * k), build.multiply(e, term)) for c, e in found for k, term in inside]
    return found


def common_delta(node: Sum) -> Entry | None:
    """δ_ij a_i + δ_ij b_i = δ_ij (a_i + b_i)."""
    shared: set[tuple[int, int]] | None = None
    for t in node.terms:
        out = t.node.out if isinstance(t.node, Product) else ()
        tied = {
            tuple(sorted((t.labels[a], t.labels[b])))
            for a in range(len(out)) for b in range(a) if out[a] == out[b]
        }  # fmt: skip
        shared = tied if shared is None else shared & tied  # type: ignore[assignment]
        if not shared:
            return None
    assert shared
    kept, gone = min(shared)
    terms = [
        (t.coefficient, build.multiply(Entry(t.node, tuple(kept if k == gone else k for k in t.labels))), False)
        for t in node.terms
    ]
    return build.multiply(build.delta(kept, gone, node.sizes[gone]), build.total(terms))


def _outer_factors(t: Term) -> list[tuple[Expr, Labels, Exact]]:
    """Return the factors of a term that sum nothing, at the axes of the sum."""
    if not isinstance(t.node, Product):
        return [(t.node, t.labels, 1)]
    place = _places(t)
    return [
        (f.node, tuple(place[k] for k in f.labels), f.exponent)
        for f in t.node.factors
        if all(k in place for k in f.labels) and not isinstance(f.node, Ones | Unit)
    ]


def _places(t: Term) -> dict[int, int]:
    """Return the axis of the sum at which each label of a term stands that is not summed."""
    assert isinstance(t.node, Product)
    place: dict[int, int] = {}
    for axis, label in enumerate(t.node.out):
        place.setdefault(label, t.labels[axis])
    return place


def _is_worth_sharing(node: Expr, exponent: Exact) -> bool:
    return not isinstance(node, Tensor | Ones | Unit | Epsilon | Number) or exponent not in (1, 2)


def _divided(t: Term, shared: Mapping[tuple[Expr, Labels], Exact]) -> Entry:
    """Return a term without the factors that are taken out, at the axes of the sum."""
    if not isinstance(t.node, Product):
        return build.number(1)
    place = _places(t)
    left = []
    for f in t.node.factors:
        taken = shared.get((f.node, tuple(place.get(k, UNSEEN) for k in f.labels)), 0)
        if f.exponent != taken:
            left.append(f._replace(exponent=exact(Fraction(f.exponent) - Fraction(taken))))
    return build.rename(reassemble(t.node, left, []), dict(enumerate(t.labels)))


def case_of_a_relation(node: Apply) -> Entry | None:
    """where(a > b, 1, 0) = [a > b]."""
    if node.function != "where" or [constant_value(Entry(a.node, a.labels)) for a in node.arguments[1:]] != [1, 0]:
        return None
    relation = node.arguments[0]
    if not isinstance(relation.node, Apply) or relation.node.function not in RELATIONS or relation.node.orders:
        return None
    return Entry(relation.node, relation.labels)


TURNED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}


def number_on_the_right(node: Apply) -> Entry | None:
    """[c < a] = [a > c] for a number c."""
    if node.function not in TURNED or node.orders:
        return None
    left, right = (Entry(a.node, a.labels) for a in node.arguments)
    if constant_value(left) is None or constant_value(right) is not None:
        return None
    return build.apply(TURNED[node.function], right, left)


def numeric_exponent(node: Apply) -> Entry | None:
    """pow(a, p) = a^p for a number p."""
    if node.function != "pow":
        return None
    base, exponent = node.arguments
    if not isinstance(exponent.node, Number):
        return None
    return build.power(Entry(base.node, base.labels), exponent.node.value)


Rule = Callable[..., Entry | None]

# fmt: off
# What is tried at a node of each class, in this order, and the class of a node that must stand in it for that.
APPLY: dict[Rule, type | None] = {
    log_of_a_sum_of_exp: Product, case_of_a_relation: None, number_on_the_right: None, numeric_exponent: None,
}
PRODUCT: dict[Rule, type | None] = {
    softmax: Apply, epsilon_pair: Epsilon, inverse_cancels: None, inverse_opens: None,
    inverse_meets_its_argument: MatrixFunction, inverse_cancels_inside: MatrixFunction,
    length_is_kept: None, deviations_cancel: Sum, selection: Apply, number_in_front: Sum,
}
MATRIX: dict[Rule, type | None] = {inverse_of_inverse: None, inverse_of_a_product: None}
SUM: dict[Rule, type | None] = {
    common_delta: Product, opposite_sigmoids: Apply, opposite_factors: Product, common_factor: None,
    common_divisor: None, number_of_shared_sums: None,
}
# fmt: on
