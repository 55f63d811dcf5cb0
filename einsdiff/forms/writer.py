"""From entries to formulas with named indices.

The writer decides what is written: which letters bound indices get, in which order factors and terms stand, where a
sum must be spelled out.  How it is spelled is a `Style`: plain index text, or LaTeX.  What is written in the plain
style reads back as the same expression.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, count, islice

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Argument,
    Call,
    Count,
    Derivative,
    Epsilon,
    Exact,
    Expr,
    Factor,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Tensor,
    Unit,
    exact,
    magnitude,
    parts,
)
from einsdiff.algebra.walk import here
from einsdiff.elaborate.deep import Deep, run
from einsdiff.elaborate.summation import Held, Standing, Standings, alike, raised, together
from einsdiff.errors import Span
from einsdiff.forms.matrix.form import matrix_form
from einsdiff.forms.matrix.spelling import write as write_matrix
from einsdiff.forms.style import PLAIN, Level, Style
from einsdiff.simplify.softmax import as_softmax

LETTERS = "ijklmnpqrstuvwabcdefgh"
NOWHERE = Span(0, 0)
LONG = 4000  # characters of one formula beyond which shared parts get names of their own


@dataclass(frozen=True, slots=True)
class Piece:
    """A written part: its text, how tightly it binds, how each index stands in it, and every letter it uses.

    `closes` holds the indices that it sums itself when nothing else holds them: A_kk, (a_k + b_k)^2.
    """

    text: str
    level: Level
    standing: Standings
    used: frozenset[str]
    key: tuple[object, ...] = ()
    closes: frozenset[str] = frozenset()


def needs_alias(call: Call, k: int) -> bool:
    """Tell whether an argument of an unknown function is named anew: as f receives it, or to differentiate by it alone.

    f(x, u) is differentiated by its first argument as ∂f(t, u)/∂t with t = x, where u is made of x too.
    """
    a = call.arguments[k]
    if a.labels != tuple(range(len(a.labels))):
        return True
    others = [other.node for j, other in enumerate(call.arguments) if j != k]
    return k in call.wrt and a.node in walk.ordered(*others)


class Writer:
    """Writes formulas in one style, with hints for the letters of bound indices."""

    def __init__(
        self,
        style: Style = PLAIN,
        hints: Mapping[tuple[str, int], str] | None = None,
        sizes: Mapping[Size, Size] | None = None,
    ) -> None:
        self.style = style
        self.hints = hints or {}
        self.sizes = sizes or {}
        self.names: dict[Expr, str] = {}
        self.aliases: dict[Argument, str] = {}
        self.counts: dict[Size, str] = {}
        self.counted: dict[Size, None] = {}

    def write(self, entry: Entry, free: Sequence[str]) -> str:
        """Return the formula of an entry whose wires are the names `free`."""
        piece = run(self.piece(entry, frozenset(free), frozenset(free)))
        return piece.text

    # ---------------------------------------------------------------------------------------------------------- pieces

    def piece(self, entry: Entry, taken: frozenset[str], omit: frozenset[str]) -> Deep[Piece]:
        """Return the written entry; bound indices avoid `taken`, ones over indices in `omit` are left out."""
        node, wires = entry
        at = tuple(str(w) for w in wires)
        name = self.names.get(node)
        if name is not None:
            return self._leaf(self.style.tensor(name, at), at, (name,))
        match node:
            case Number(value):
                return self._number(value)
            case Count(size):
                return self._count(size, taken)
            case Tensor(name):
                return self._leaf(self.style.tensor(name, at), at, (name,))
            case Ones():
                if at[0] in omit:
                    return self._number(1)
                return self._leaf(self.style.tensor("1", at), at, ("1",))
            case Unit(_, place):
                return self._leaf(self.style.tensor("δ", (str(place), *at)), at, ("δ",))
            case Epsilon():
                return self._leaf(self.style.tensor("ε", at), at, ("ε",))
            case Sum():
                return (yield self._sum(node, at, taken, omit))
            case Product():
                return (yield self._product(node, at, taken, omit))
            case Apply():
                return (yield self._apply(node, at, taken, omit))
            case Reduce():
                return (yield self._reduce(node, at, taken))
            case MatrixFunction(function, argument):
                inner = self.names.get(argument) or write_matrix(matrix_form(here(argument), (0,), (1,)), "plain")
                text = self.style.matrix_function(function, inner, at)
                return self._leaf(text, at, (function, inner))
            case Call(function, arguments, _, wrt):
                given = [
                    self.aliases[a] if needs_alias(node, k) else self.names.get(a.node) or getattr(a.node, "name", "?")
                    for k, a in enumerate(arguments)
                ]
                ranks = [len(a.labels) for a in arguments]
                text = self.style.unknown(function, given, ranks, _in_reading_order(node, at), wrt)
                return self._leaf(text, at, (function,))
            case Derivative(body, wrt):
                inner = yield self.piece(Entry(body, at[: body.rank]), taken | set(at), frozenset())
                variable = self.style.tensor(wrt.name, at[body.rank :])
                text = self.style.derivative(self._enclosed(inner, Level.CALL), variable)
                standing = together([(NOWHERE, alike([inner.standing])), (NOWHERE, _open(at[body.rank :]))])
                return Piece(text, Level.CALL, standing, inner.used | set(at), ("∂",))

    def _leaf(self, text: str, at: tuple[str, ...], key: tuple[object, ...]) -> Piece:
        names = frozenset(i for i in at if not i.isdigit())
        return Piece(text, Level.ATOM, _open(at), names, key, frozenset(i for i in names if at.count(i) > 1))

    def _number(self, value: Exact) -> Piece:
        level = Level.SUM if value < 0 else Level.ATOM if isinstance(value, int) else Level.PRODUCT
        return Piece(self.style.number(value), level, {}, frozenset(), ("",))

    def _count(self, size: Size, taken: frozenset[str]) -> Piece:
        if isinstance(size, str):
            return self._leaf(self.style.tensor(size, ()), (), (size,))
        if size in self.counts:
            self.counted[size] = None
            return self._leaf(self.style.tensor(self.counts[size], ()), (), (self.counts[size],))
        letter = self._letter([], taken)
        return Piece(self.style.tensor("δ", (letter, letter)), Level.ATOM, {}, frozenset((letter,)), ("δ",))

    def _enclosed(self, piece: Piece, level: Level) -> str:
        return piece.text if piece.level >= level else self.style.parenthesis(piece.text)

    # ------------------------------------------------------------------------------------------------------------ sums

    def _sum(self, node: Sum, at: tuple[str, ...], taken: frozenset[str], omit: frozenset[str]) -> Deep[Piece]:
        carried = {at[k] for t in node.terms for axis, k in enumerate(t.labels) if axis not in _spread_axes(t.node)}
        written: list[tuple[bool, Piece]] = []
        for t in node.terms:
            entry = Entry(t.node, tuple(at[k] for k in t.labels))
            scaled = build.product([(entry, 1, t.node not in self.names)], (), magnitude(t.coefficient))
            piece = yield self.piece(scaled, taken | set(at), omit | carried)
            written.append((t.coefficient < 0, piece))
        free = {name: k for k, name in enumerate(at)}
        written.sort(key=lambda term: (term[0], _order(term[1], free)))
        text = ""
        for negative, piece in written:
            shown = self._enclosed(piece, Level.PRODUCT)
            sign = ("-" if negative else "") if not text else (" - " if negative else " + ")
            text += sign + shown
        standing = alike([p.standing for _, p in written])
        used = frozenset().union(*(p.used for _, p in written))
        return Piece(text, Level.SUM, standing, used, written[0][1].key)

    # -------------------------------------------------------------------------------------------------------- products

    def _product(self, node: Product, at: tuple[str, ...], taken: frozenset[str], omit: frozenset[str]) -> Deep[Piece]:
        node = self._opened(node)
        names: dict[int, str] = {}
        ties: list[tuple[str, ...]] = []
        for axis, label in enumerate(node.out):
            if label in names:
                ties.append(tuple(sorted((names[label], at[axis]))))
            else:
                names[label] = at[axis]
        outer = taken | set(at)
        components = {f.labels[0]: f.node.place for f in node.factors if isinstance(f.node, Unit)}
        for label in set(components) & set(node.bound):
            names[label] = str(components[label])
        hinted = {label: self.hinted(node, label) for label in node.bound if label not in names}
        for label in sorted(hinted, key=lambda k: (len(set(hinted[k])), k)):  # those with one wish first
            names[label] = self._letter(hinted[label], outer)
            outer = outer | {names[label]}
        factors = [f for f in node.factors if not (isinstance(f.node, Unit) and f.labels[0] in node.bound)]
        factors, averaged = self._averaged(node, factors)
        ones = [f for f in factors if isinstance(f.node, Ones)]
        if ties:
            tied = {a for pair in ties for a in pair}
            ones = [f for f in ones if names[f.labels[0]] not in tied]
        ones = [f for f in ones if names[f.labels[0]] not in omit]
        factors = [f for f in factors if not isinstance(f.node, Ones)] + ones
        coefficient, factors = self._turned(node.coefficient, factors, names, at)
        above: list[Piece] = [self._leaf(self.style.tensor("δ", pair), pair, ("δ",)) for pair in ties]
        below: list[Piece] = []
        used = frozenset(i for pair in ties for i in pair)
        bound = [names[label] for label in node.bound if label not in components]
        for f in self._arranged(factors, names, at):
            down = f.exponent < 0
            base = yield self.piece(Entry(f.node, tuple(names[k] for k in f.labels)), outer | used, omit)
            used |= base.used
            alone = all(g is f or not set(g.labels) & set(f.labels) for g in factors)
            for piece in self._powers(base, f, magnitude(f.exponent), bound if alone and not down else ()):
                (below if down else above).append(piece)
        means = [names[label] for label in averaged]
        return self._assembled(coefficient, above, below, bound, used | set(bound), means)

    def _opened(self, node: Product) -> Product:
        """Return c (Σ …) s, one closed product among scalars, as one product."""
        inner = [
            f for f in node.factors if isinstance(f.node, Product) and f.exponent == 1 and f.node not in self.names
        ]
        if len(inner) != 1 or any(f.labels and not isinstance(f.node, Ones) for f in node.factors):
            return node
        held, shift = inner[0].node, len(node.label_sizes)
        assert isinstance(held, Product)
        others = [f for f in node.factors if f is not inner[0]]
        moved = [f._replace(labels=tuple(k + shift for k in f.labels)) for f in held.factors]
        return Product(exact(node.coefficient * held.coefficient), (*others, *moved), node.out, ())

    def _averaged(self, node: Product, factors: list[Factor]) -> tuple[list[Factor], list[int]]:
        """Return the factors without divisors that count a summed index, and these indices: their sums are means."""
        left, averaged = [], []
        for f in factors:
            if isinstance(f.node, Count) and f.exponent == -1:
                size = self.sizes.get(f.node.size, f.node.size)
                label = next(
                    (
                        k for k in node.bound
                        if k not in averaged and self.sizes.get(node.label_sizes[k], node.label_sizes[k]) == size
                    ),
                    None,
                )  # fmt: skip
                if label is not None:
                    averaged.append(label)
                    continue
            left.append(f)
        return left, averaged

    def _turned(
        self, coefficient: Exact, factors: list[Factor], names: Mapping[int, str], free: Sequence[str]
    ) -> tuple[Exact, list[Factor]]:
        """Order the indices of an ε, and exchange two rather than write a minus."""
        spot = next((k for k, f in enumerate(factors) if isinstance(f.node, Epsilon) and f.exponent == 1), None)
        if spot is None:
            return coefficient, factors
        labels = factors[spot].labels
        wanted = sorted(labels, key=lambda k: (names[k] not in free, names[k]))
        order = [labels.index(k) for k in wanted]
        if build.parity(order) != (coefficient < 0):
            wanted[-1], wanted[-2] = wanted[-2], wanted[-1]
        turned = factors[spot]._replace(labels=tuple(wanted))
        return magnitude(coefficient), [*factors[:spot], turned, *factors[spot + 1 :]]

    def _powers(self, base: Piece, f: Factor, exponent: Exact, bound: Sequence[str]) -> list[Piece]:
        """Return a factor raised to a power; x_i x_i where its index is summed."""
        if exponent == 1:
            return [base]
        if exponent == 2 and isinstance(f.node, Tensor) and set(base.standing) & set(bound):
            return [base, base]
        if exponent == Fraction(1, 2):
            text = self.style.call("sqrt", [base.text])
            return [replace(base, text=text, level=Level.ATOM, standing=alike([base.standing]), closes=frozenset())]
        if base.level is Level.ATOM and base.closes and isinstance(f.node, Product):  # A_ii^2 would be A_ii A_ii
            base = replace(base, text=self.style.reduction("sum", sorted(base.closes), base.text), level=Level.CALL)
        shown = self._enclosed(base, Level.ATOM)
        bare = isinstance(f.node, Tensor)
        whole = exponent if isinstance(exponent, int) else None
        text = self.style.power(shown, self.style.number(exponent), whole is not None)
        standing = raised(base.standing, NOWHERE, whole, is_bare=bare)
        opened = {
            i for i, h in base.standing.items() if h.standing is Standing.OPEN and whole is not None and whole > 1
        }
        return [replace(base, text=text, level=Level.POWER, standing=standing, closes=frozenset(opened))]

    def _arranged(self, factors: Sequence[Factor], names: Mapping[int, str], at: Sequence[str]) -> list[Factor]:
        """Return factors in the order of reading: signs, scalars, then along the chain of shared indices."""

        def sort_key(f: Factor) -> tuple[object, ...]:
            return (*_name_of(f.node), tuple(names[k] for k in f.labels))

        first = sorted((f for f in factors if isinstance(f.node, Epsilon | Unit)), key=sort_key)
        last = [f for f in factors if isinstance(f.node, Ones)]
        scalars = sorted((f for f in factors if not f.labels), key=sort_key)
        left = sorted((f for f in factors if f.labels and not isinstance(f.node, Epsilon | Unit | Ones)), key=sort_key)
        return [*first, *scalars, *_chained(left, [[names[k] for k in f.labels] for f in left], at), *last]

    def _assembled(
        self,
        coefficient: Exact,
        above: list[Piece],
        below: list[Piece],
        bound: Sequence[str],
        used: frozenset[str],
        means: Sequence[str],
    ) -> Piece:
        c = Fraction(coefficient)
        top, bottom = abs(c.numerator), c.denominator
        fraction = not below or not above
        if fraction and not below:
            lead = self.style.number(abs(c)) if abs(c) != 1 or not above else ""
        else:
            lead = str(top) if top != 1 or not above else ""
            if bottom != 1:
                below = [self._number(bottom), *below]
        upper = [lead] if lead else []
        alone = len(above) + len(below) + len(upper) == 1 and c > 0
        upper += [self._enclosed(p, Level.POWER if not alone else Level.SUM) for p in above]
        text = self.style.juxtaposed(upper)
        if below:
            bare = len(below) == 1 and not self.style.is_plain
            shown = [p.text if bare else self._enclosed(p, Level.POWER) for p in below]
            text = self.style.quotient(text, self.style.juxtaposed(shown), is_single=len(shown) == 1)
        sides = [_product_standing(side) for side in (above, below) if side]
        standing = together([(NOWHERE, side) for side in sides])
        explicit = [i for i in bound if i not in means and not self._closes(i, above, below, standing)]
        level = above[0].level if alone and above else Level.PRODUCT
        if explicit or means:
            outside = [] if below else [p for p in above if not p.used & set(bound)]
            held = [p for p in above if p not in outside]
            single = held[0].text if len(held) == 1 else ""
            inside = text if below else single or self.style.juxtaposed([self._enclosed(p, Level.POWER) for p in held])
            before = [lead] if lead and not below else []
            before += [self._enclosed(p, Level.POWER) for p in outside]
            if explicit:
                inside = self.style.reduction("sum", explicit, inside)
            if means:
                inside = self.style.reduction("mean", means, inside)
            text = self.style.juxtaposed([*before, inside])
            level = Level.PRODUCT if before else Level.CALL
        standing = {i: h for i, h in standing.items() if i not in explicit and i not in means}
        if c < 0:
            text, level = f"-{text}", Level.SUM
        lead_key = above[0].key if above else ()
        degree = len(above)
        closes = above[0].closes if alone and above else frozenset()
        return Piece(text, level, standing, used, (-degree, *lead_key, *(p.key for p in above[1:])), closes)

    def _closes(self, i: str, above: list[Piece], below: list[Piece], standing: Standings) -> bool:
        """Tell whether the summation rule sums an index at this very product."""
        if not any(i in p.standing for p in above):
            return False  # 1/(a_i b_i) is one over the sum
        holding = [p for p in (*above, *below) if i in p.standing]
        if len(holding) == 1:
            return i in holding[0].closes
        return standing[i].standing is Standing.CLOSED

    # ------------------------------------------------------------------------------------------------------- functions

    def _apply(self, node: Apply, at: tuple[str, ...], taken: frozenset[str], omit: frozenset[str]) -> Deep[Piece]:
        outer = taken | set(at)
        soft = as_softmax(node)
        if soft is not None and not any(at[k].isdigit() for k in soft[1]):
            body, over = soft
            inner = yield self.piece(Entry(body.node, tuple(at[int(str(w))] for w in body.wires)), outer, frozenset())
            text = self.style.reduction("softmax", [at[k] for k in over], inner.text)
            return Piece(text, Level.CALL, alike([inner.standing]), inner.used, ("softmax",))
        pieces = []
        for k, a in enumerate(node.arguments):
            others = {at[label] for m, b in enumerate(node.arguments) if m != k for label in b.labels}
            entry = Entry(a.node, tuple(at[label] for label in a.labels))
            pieces.append((yield self.piece(entry, outer, omit | others)))
        used = frozenset().union(*(p.used for p in pieces))
        standing = alike([p.standing for p in pieces])
        if node.function == "pow":
            text = self.style.power(self._enclosed(pieces[0], Level.ATOM), pieces[1].text, False)  # noqa: FBT003
            return Piece(text, Level.POWER, standing, used, ("pow",))
        condition = node.arguments[0].node
        if node.function == "where" and isinstance(condition, Apply) and condition.function in RELATIONS:
            sides = []
            for a in condition.arguments:
                labels = tuple(at[node.arguments[0].labels[label]] for label in a.labels)
                sides.append((yield self.piece(Entry(a.node, labels), outer, omit | set(at))))
            shown = f"{sides[0].text} {self.style.relation(RELATIONS[condition.function])} {sides[1].text}"
            text = self.style.call("where", [shown, *(p.text for p in pieces[1:])])
        elif node.function in RELATIONS and node.orders is None:
            sign = self.style.relation(RELATIONS[node.function])
            text = self.style.call("where", [f"{pieces[0].text} {sign} {pieces[1].text}", "1", "0"])
        elif node.orders is not None:
            text = self.style.call(self.style.unknown_name(node.function, node.orders), [p.text for p in pieces])
        else:
            text = self.style.call(node.function, [p.text for p in pieces])
        return Piece(text, Level.ATOM, standing, used, (node.function, *(p.key for p in pieces)))

    def _reduce(self, node: Reduce, at: tuple[str, ...], taken: frozenset[str]) -> Deep[Piece]:
        names = dict(enumerate(at))
        outer = taken | set(at)
        bound = []
        for label in range(node.axes, len(node.label_sizes)):
            names[label] = self._letter(self.hinted(node, label), outer)
            outer = outer | {names[label]}
            bound.append(names[label])
        entry = Entry(node.argument.node, tuple(names[k] for k in node.argument.labels))
        inner = yield self.piece(entry, outer, frozenset())
        text = self.style.reduction(node.operator, bound, inner.text)
        standing = {i: h for i, h in alike([inner.standing]).items() if i not in bound}
        return Piece(text, Level.CALL, standing, inner.used | set(bound), (node.operator,))

    # --------------------------------------------------------------------------------------------------------- letters

    def hinted(self, node: Product | Reduce, label: int) -> list[str]:
        """Return the letters that the user gave to this index, those of tensors with few axes first."""
        found: list[tuple[int, str]] = []
        stack = [(p.node, axis) for p in parts(node) for axis, k in enumerate(p.labels) if k == label]
        for _ in range(64):
            if not stack:
                break
            part, axis = stack.pop(0)
            if isinstance(part, Tensor):
                hint = self.hints.get((part.name, axis))
                if hint:
                    found.append((part.rank, hint))
                continue
            inner = part.out[axis] if isinstance(part, Product) else axis
            if not isinstance(part, MatrixFunction | Call | Derivative):
                stack += [(p.node, a) for p in parts(part) for a, k in enumerate(p.labels) if k == inner]
        return [hint for _, hint in sorted(found)]

    def _letter(self, hinted: Sequence[str], taken: Collection[str]) -> str:
        spoken = {*taken, *self.counts.values()}
        for letter in (*hinted, *LETTERS):
            if letter not in spoken:
                return letter
        return next(name for k in count(1) for letter in LETTERS if (name := f"{letter}{k}") not in taken)


def _chained(factors: Sequence[Factor], indices: Sequence[Sequence[str]], free: Sequence[str]) -> list[Factor]:
    """Return factors such that each goes on with the last index of the one before that some factor left has.

    Of several the first is taken that begins with this index, else the first that has it; a chain begins with a free
    index, or with few indices.  Each list is gone through once.
    """
    if len(factors) < 2:
        return list(factors)
    starts = iter(sorted(range(len(factors)), key=lambda k: (_beginning(factors[k], indices[k], free), k)))
    heads: dict[str, list[int]] = {}
    having: dict[str, list[int]] = {}
    for k, own in enumerate(indices):
        heads.setdefault(own[0], []).append(k)
        for name in dict.fromkeys(own):
            having.setdefault(name, []).append(k)
    left = {name: len(places) for name, places in having.items()}
    following = {name: chain(heads.get(name, ()), places) for name, places in having.items()}
    taken: dict[int, None] = {}
    end: str | None = None
    while len(taken) < len(factors):
        chosen = next(k for k in (starts if end is None else following[end]) if k not in taken)
        taken[chosen] = None
        for name in dict.fromkeys(indices[chosen]):
            left[name] -= 1
        end = next((name for name in reversed(indices[chosen]) if left[name]), None)
    return [factors[k] for k in taken]


def _beginning(f: Factor, indices: Sequence[str], free: Sequence[str]) -> tuple[object, ...]:
    """Return how badly a factor begins a chain."""
    kind = _name_of(f.node)[0]
    if indices[0] in free:
        return (0, kind, indices[0])
    return (1 if set(indices) & set(free) else 2, kind, len(indices))


RELATIONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}


def _open(at: Sequence[str]) -> Standings:
    names = [i for i in at if not i.isdigit()]
    return {i: Held(Standing.OPEN if names.count(i) == 1 else Standing.CLOSED, (NOWHERE,)) for i in names}


def _product_standing(factors: list[Piece]) -> Standings:
    return together([(NOWHERE, p.standing) for p in factors])


def _spread_axes(node: Expr) -> set[int]:
    """Return the axes along which a node is the same."""
    if isinstance(node, Ones):
        return {0}
    if not isinstance(node, Product) or len(set(node.out)) < len(node.out):
        return set()
    labels = {f.labels[0] for f in node.factors if isinstance(f.node, Ones)}
    return {axis for axis, label in enumerate(node.out) if label in labels}


def _in_reading_order(node: Call, at: Sequence[str]) -> tuple[str, ...]:
    """Return the indices of ∂²f/∂x_k∂x_j such that those of each argument are sorted, as in ∂²f/∂x_j∂x_k."""
    behind = iter(at[node.axes :])
    groups = [(k, tuple(islice(behind, len(node.arguments[k].labels)))) for k in node.wrt]
    return (*at[: node.axes], *chain.from_iterable(group for _, group in sorted(groups)))


def _name_of(node: Expr) -> tuple[int, str]:
    match node:
        case Tensor(name):
            return (0, name)
        case Apply(function) | MatrixFunction(function) | Call(function):
            return (1, function)
        case Reduce(operator):
            return (1, operator)
        case Product():
            return (2, "")
        case _:
            return (3, "")


def _order(piece: Piece, free: Mapping[str, int]) -> tuple[object, ...]:
    """Return the sort key of a term: many factors first, then by names, free indices before bound ones."""
    ranked = "".join(chr(33 + free[c]) if c in free else c for c in piece.text)
    if piece.key == ("",):
        return (1, ranked)
    degree = piece.key[0] if piece.key and isinstance(piece.key[0], int) else -1 if piece.standing else 0
    return (degree, ranked)
