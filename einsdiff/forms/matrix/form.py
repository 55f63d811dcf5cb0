"""From an entry with rows and columns to a formula in matrix notation.

Rows and columns are sequences of wires; a sequence of two is two axes folded into one, as ⊗ and vec fold them.  What is
found is a `Form`; `patterns` gives it the look that a person would give it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction

from einsdiff.algebra import walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import (
    Apply,
    Call,
    Count,
    Derivative,
    Epsilon,
    Exact,
    Expr,
    MatrixFunction,
    Number,
    Ones,
    Product,
    Reduce,
    Size,
    Sum,
    Tensor,
    Unit,
    Wire,
    exact,
)
from einsdiff.errors import NoMatrixForm
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.factors import Flat, Joined, Part, flatten, reading_order
from einsdiff.forms.matrix.folding import Ends, folded
from einsdiff.forms.matrix.network import Network, Stuck
from einsdiff.forms.matrix.patterns import tidy
from einsdiff.forms.matrix.tree import ONE, ONES, ZERO, Form
from einsdiff.simplify.softmax import as_softmax

RELATIONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
SHAPES = "scm"
DEPTH = 100
"""How deep the parts of a formula may be nested."""

DIFFERENCE = 3
"""How many terms a difference has whose signs are kept."""

TERMS = 64
"""How many terms a product of sums may be multiplied out into."""


def matrix_form(
    entry: Entry, rows: Sequence[Wire], columns: Sequence[Wire], names: Mapping[Expr, Form] | None = None,
    counts: Mapping[Size, str] | None = None, sums: Collection[Form] = (),
) -> Form:  # fmt: skip
    """Return the formula of an entry whose rows and columns are these wires, each folded with its last the fastest.

    `names` gives the forms of parts that have a name, `counts` those of sizes; of `sums` the signs are kept.

    Raises: NoMatrixForm, with the reason.
    """
    _check_depth(entry.node)
    return tidy(_Translation(names or {}, counts or {}).whole(entry, tuple(rows), tuple(columns)), sums)


def differences(root: Expr) -> Iterator[Form]:
    """Yield the forms of the differences that stand in an expression."""
    translation = _Translation({}, {})
    for node, depth in _depths(root).items():
        if depth > DEPTH:
            return
        if isinstance(node, Sum) and 0 < node.rank <= 2 and len(node.terms) <= DIFFERENCE:
            with suppress(NoMatrixForm):
                form = translation.node(node)
                if form.head == "sum" and any(makers.coefficient(t)[0] < 0 for t in form.parts):
                    yield form


def _check_depth(root: Expr) -> None:
    depth = _depths(root)[root]
    if depth > DEPTH:
        raise NoMatrixForm(f"there is no matrix form: the formula is nested {depth} deep, and {DEPTH} is the limit")


def _depths(root: Expr) -> dict[Expr, int]:
    """Return how deep each node is nested, parts before wholes."""
    depth: dict[Expr, int] = {}
    for node in walk.ordered(root):
        depth[node] = 1 + max((depth[part] for part in node.below), default=0)
    return depth


class _Translation:
    """The translation of one entry and of its parts, each node once."""

    def __init__(self, names: Mapping[Expr, Form], counts: Mapping[Size, str]) -> None:
        self.names = names
        self.counts = counts
        self.known: dict[Expr, Form] = {}

    # ----------------------------------------------------------------------------------------------------------- wholes

    def whole(self, entry: Entry, rows: tuple[Wire, ...], columns: tuple[Wire, ...]) -> Form:
        """Return the formula of an entry with folded rows and columns."""
        if isinstance(entry.node, Number) and entry.node.value == 0:
            return ZERO
        if isinstance(entry.node, Sum) and entry.node not in self.names:
            terms = []
            for t in entry.node.terms:
                found = self.whole(Entry(t.node, tuple(entry.wires[k] for k in t.labels)), rows, columns)
                terms.append(makers.multiply([tree.number(t.coefficient), found]))
            return makers.add(_level(terms))
        missing = [w for w in (*rows, *columns) if w not in entry.wires]
        spread = [Part(Ones(1), (w,), 1) for w in missing]
        return self._product(flatten([Part(entry.node, entry.wires, 1), *spread], self.names), Ends(rows, columns))

    def _product(self, flat: Flat, ends: Ends) -> Form:
        """Return the formula of a product; a sum that no matrix can hold is multiplied out."""
        flat = flat._replace(factors=[g for f in flat.factors for g in self._singly(f)])
        wide = next((f for f in flat.factors if self._is_wide(f, flat.joined)), None)
        if wide is not None:
            return self._multiplied_out(flat, wide, ends)
        find = flat.joined.find
        places = {find(p) for f in flat.factors for p in f.places}
        network = Network(sorted(places, key=reading_order(flat)), [find(w) for w in (*ends.rows, *ends.columns)])
        for f in flat.factors:
            self._put(network, f, flat.joined)
        try:
            found = folded(network, Ends(tuple(map(find, ends.rows)), tuple(map(find, ends.columns))))
        except Stuck as stuck:
            raise NoMatrixForm(f"there is no matrix form: {stuck.reason}") from None
        return makers.multiply([tree.number(flat.coefficient), found])

    def _singly(self, f: Part) -> list[Part]:
        """Return (u - v)^2 with more than two indices as two factors, so that it can be multiplied out."""
        if isinstance(f.node, Sum) and f.node.rank > 2 and f.exponent in (2, 3) and f.node not in self.names:
            return [f._replace(exponent=1) for _ in range(int(f.exponent))]
        return [f]

    def _is_wide(self, f: Part, joined: Joined) -> bool:
        if not isinstance(f.node, Sum) or f.exponent != 1 or f.node in self.names:
            return False
        apart = {joined.find(p) for p in f.places}
        return len(f.places) > 2 or len(apart) < len(f.places) or (len(apart) == 2 and _is_mixed(f.node))

    def _multiplied_out(self, flat: Flat, wide: Part, ends: Ends) -> Form:
        """Return the sum of the products with each term of a factor."""
        assert isinstance(wide.node, Sum)
        if len(wide.node.terms) > TERMS:
            raise NoMatrixForm("there is no matrix form: the formula has too many terms")
        rest = [f for f in flat.factors if f is not wide]
        terms = []
        for t in wide.node.terms:
            part = Part(t.node, tuple(wide.places[k] for k in t.labels), 1)
            one = flatten([part], self.names, flat.joined.copy())
            scale = exact(Fraction(flat.coefficient) * Fraction(t.coefficient) * Fraction(one.coefficient))
            terms.append(self._product(Flat(scale, [*rest, *one.factors], one.joined), ends))
        return makers.add(_level(terms))

    def _put(self, network: Network, f: Part, joined: Joined) -> None:
        """Let a factor stand in a network."""
        places = [joined.find(p) for p in f.places]
        if isinstance(f.node, Ones):
            return
        form = self.node(f.node)
        if not places:
            network.scalars.append(scalar_power(form, f.exponent))
        elif len(places) == 1:
            network.put_vector(places[0], makers.entrywise_power(form, f.exponent))
        elif f.exponent == 2 and places[0] != places[1] and isinstance(f.node, Tensor):
            network.put_matrix(places[0], places[1], form)
            network.put_matrix(places[0], places[1], form)
        else:
            network.put_matrix(places[0], places[1], makers.entrywise_power(form, f.exponent))

    # ------------------------------------------------------------------------------------------------------------ nodes

    def node(self, node: Expr) -> Form:
        """Return the formula of a node: of rank 1 a column, of rank 2 a matrix with its first axis as the rows."""
        if node not in self.known:
            self.known[node] = self._node(node)
        return self.known[node]

    def _node(self, node: Expr) -> Form:
        shape = SHAPES[min(node.rank, 2)]
        if node in self.names:
            return self.names[node]
        if node.rank > 2:
            raise NoMatrixForm(f"there is no matrix form: {_described(node)} has {node.rank} indices")
        match node:
            case Number(value):
                return tree.number(value)
            case Count(size):
                return self._count(size)
            case Tensor(text, _, assumed):
                is_symmetric = shape == "m" and bool({"symmetric", "spd"} & set(assumed))
                return tree.name(text, shape, is_symmetric=is_symmetric, is_diagonal="diagonal" in assumed)
            case Ones():
                return ONES
            case Unit(_, place):
                raise NoMatrixForm(f"there is no matrix form: component {place} stands alone")
            case Epsilon():
                raise NoMatrixForm("there is no matrix form: ε has none")
            case Sum() | Product():
                return self.whole(Entry(node, tuple(range(node.rank))), (0,) * (node.rank > 0), (1,) * (node.rank > 1))
            case Apply():
                return self._apply(node, shape)
            case Reduce():
                return self._reduce(node)
            case MatrixFunction("inv", argument):
                return makers.inverse(self.node(argument))
            case MatrixFunction("adj", argument):
                return makers.adjugate(self.node(argument))
            case MatrixFunction(function, argument):
                return makers.determinant(function, self.node(argument))
            case Call(function):
                raise NoMatrixForm(f"there is no matrix form: {function} is an unknown function of whole tensors")
            case Derivative():
                raise NoMatrixForm("there is no matrix form: a derivative is not carried out")

    def _count(self, size: Size) -> Form:
        if isinstance(size, str):
            return tree.name(size, "s")
        if size not in self.counts:
            raise NoMatrixForm("there is no matrix form: how many values an index has stands in it, and has no name")
        return tree.name(self.counts[size], "s")

    def _apply(self, node: Apply, shape: str) -> Form:
        soft = as_softmax(node)
        if soft is not None and len(soft[1]) == 1:
            return self._softmax(node, soft[0], soft[1][0])
        sides = [self._argument(a.node, a.labels, node.rank) for a in node.arguments]
        if node.function == "pow":
            return makers.power(*sides) if shape == "s" else Form("entrywise", "^", tuple(sides), shape)
        condition = node.arguments[0]
        if node.function == "where" and isinstance(condition.node, Apply) and condition.node.function in RELATIONS:
            labels = condition.labels
            compared = [
                self._argument(a.node, tuple(labels[k] for k in a.labels), node.rank) for a in condition.node.arguments
            ]
            return Form("where", RELATIONS[condition.node.function], (*compared, *sides[1:]), shape)
        if node.function in RELATIONS and node.orders is None:
            return Form("where", RELATIONS[node.function], (*sides, ONE, ZERO), shape)
        if node.orders is None:
            return makers.call(node.function, sides, shape)
        if len(node.orders) > 1 and any(node.orders):
            raise NoMatrixForm(f"there is no matrix form: {node.function} is differentiated by one of its arguments")
        return makers.call(node.function + "'" * sum(node.orders), sides, shape)

    def _softmax(self, node: Apply, z: Entry, over: int) -> Form:
        """Return softmax(z), or of a matrix E ./ (E 𝟏 𝟏ᵀ), each row or each column over its sum."""
        if node.rank == 1:
            return makers.call("softmax", [self.node(z.node)], "c")
        exponential = makers.call("exp", [self._argument(z.node, z.wires, 2)], "m")
        sums = [exponential, ONES, makers.transpose(ONES)]
        return makers.hadamard([exponential], [makers.multiply(sums if over == 1 else [*sums[1:], exponential])])

    def _argument(self, node: Expr, labels: tuple[Wire, ...], rank: int) -> Form:
        """Return an argument at the axes of its function; a scalar stands for all entries."""
        if not labels:
            return self.node(node)
        found = self.whole(Entry(node, labels), (0,) * (rank > 0), (1,) * (rank > 1))
        return _unspread(found) or found

    def _reduce(self, node: Reduce) -> Form:
        if node.operator != "logsumexp" or node.argument.node.rank > 2:
            raise NoMatrixForm(f"there is no matrix form: {node.operator} over an index has none")
        body = self.node(node.argument.node)
        if node.axes == 0:
            return (
                makers.call("logsumexp", [body], "s")
                if body.shape == "c"
                else makers.call("log", [makers.call("sum", [makers.call("exp", [body], "m")], "s")], "s")
            )
        if node.argument.labels == (1, 0):
            body = makers.transpose(body)
        return makers.call("log", [makers.multiply([makers.call("exp", [body], "m"), ONES])], "c")


def scalar_power(base: Form, exponent: Exact) -> Form:
    """Return base^exponent; (x' x)^½ is ‖x‖, and tr(X' X)^½ is ‖X‖."""
    if isinstance(exponent, Fraction) and exponent.denominator == 2:
        of = _square_root(base)
        if of is not None:
            return makers.power(of, tree.number(exact(exponent * 2)))
    return makers.power(base, tree.number(exponent))


def _square_root(base: Form) -> Form | None:
    chain = tree.chain_of(base.parts[0] if base.head == "call" and base.name == "tr" else base)
    if base.head == "call" and base.name == "sum" and (of := makers.root(base.parts[0])) is not None:
        return makers.call("norm" if of.shape == "c" else "normF", [of], "s")
    if [f.shape for f in chain] == ["r", "c"] and len(chain) == len(tree.factors(base)):
        of = makers.root(makers.hadamard([makers.transpose(chain[0]), chain[1]]))
        if of is not None:
            return makers.call("norm", [of], "s")
    half = len(chain) // 2
    if len(chain) % 2 or not half or (base.head == "product" and len(chain) < len(base.parts)):
        return None
    right = makers.multiply(chain[half:])
    if makers.transpose(right) != makers.multiply(chain[:half]):
        return None
    if base.head == "product" and right.shape == "c":
        return makers.call("norm", [right], "s")
    return makers.call("normF", [right], "s") if base.name == "tr" else None


def _is_mixed(node: Sum) -> bool:
    """Tell whether a sum adds a diagonal matrix and one whose rows or columns are all alike."""
    terms = [t.node for t in node.terms if isinstance(t.node, Product)]
    has_delta = any(len(set(t.out)) < len(t.out) for t in terms)
    return has_delta and any(
        isinstance(f.node, Ones) and t.out.count(f.labels[0]) == 1 for t in terms for f in t.factors
    )


def _described(node: Expr) -> str:
    return node.name if isinstance(node, Tensor) else "a part of it"


# --------------------------------------------------------------------------------------------------------------- sums


def _unspread(form: Form) -> Form | None:
    """Return c for c 𝟏 and c 𝟏𝟏ᵀ, which stand as numbers beside other terms."""
    scalars, chain = makers.split(form)
    return makers.multiply(scalars) if chain and all(tree.is_ones(f) for f in chain) else None


def _is_diagonal(form: Form) -> bool:
    """Tell whether a form is I or diag(x), or a multiple: beside those, 1 would be read as I."""
    _, chain = makers.split(form)
    return len(chain) == 1 and (chain[0] == tree.IDENTITY or (chain[0].name == "diag" and form.shape == "m"))


def _level(terms: list[Form]) -> list[Form]:
    """Return terms in which those that are the same for all entries are scalars, unless all are."""
    level = [_unspread(t) for t in terms]
    if all(f is not None for f in level) or any(_is_diagonal(t) for t in terms):
        return terms
    return [t if f is None else f for t, f in zip(terms, level, strict=True)]
