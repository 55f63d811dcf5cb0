"""Elaboration of matrix notation: each part of a tree becomes a block, an entry with its rows and columns.

A column has rows only, a row has columns only, a scalar has neither: so the product joins the columns on its left with
the rows on its right, and the transpose exchanges the two.  The rows of A ⊗ B are two wires, and so is vec(A): blocks
can hold them, and what comes out must be free of them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import cycle
from typing import NamedTuple

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Number, Size, Wire, exact
from einsdiff.elaborate import kinds as shapes
from einsdiff.elaborate.calls import RELATIONS, apply_known, check_variable, refuse_count
from einsdiff.elaborate.deep import Deep, run
from einsdiff.elaborate.kinds import PAGE, WORDS, Kind
from einsdiff.elaborate.scope import Local, Scope, local
from einsdiff.errors import IndexMismatchError, Mark, SizeMismatchError, Span
from einsdiff.text import tree as syntax
from einsdiff.text.tree import Differentiate, Name, Tree, children

POWERS = 64
"""The largest power of a matrix that is written out as a product."""
INNER = "the inner sizes of this product differ: [~] has {} columns, [^] has {} rows"
Wires = tuple[Local, ...]


class Value(NamedTuple):
    """An entry and its wires in order: none for a scalar, one for a vector, the row's and the column's for a matrix.

    `row` marks a vector that stands transposed.  A zero entry has no wires of its own, whatever `wires` says.
    """

    entry: Entry
    wires: Wires
    row: bool


class _Block(NamedTuple):
    """An entry with the wires of its rows and of its columns."""

    entry: Entry
    rows: Wires = ()
    columns: Wires = ()

    @property
    def wires(self) -> Wires:
        """All wires, those of the rows first."""
        return self.rows + self.columns

    @property
    def shape(self) -> str:
        """The letter of the shape, as in the relations of kinds."""
        return ("m" if self.columns else "c") if self.rows else "r" if self.columns else "s"


def elaborate(tree: Tree, scope: Scope, kinds: Mapping[str, Kind]) -> Value:
    """Return the entry of a formula in matrix notation.

    Raises: IndexMismatchError, where shapes do not fit; SizeMismatchError, where declared sizes do not; ParseError,
    where a formula has no meaning in matrix notation.
    """
    block = run(_Elaboration(scope, kinds).whole(tree))
    return Value(block.entry, block.wires, block.shape == "r")


def matrix_argument(tree: Tree, scope: Scope) -> Value:
    """Return the entry of a part in matrix notation inside index notation, where the ranks of some names are known."""
    stack: list[Tree] = [tree]
    for part in stack:
        stack += children(part)
    found = {part.name: scope.rank_of(part.name) for part in stack if isinstance(part, Name)}
    ranks = scope.ranks() | {name: rank for name, rank in found.items() if rank is not None}
    document = syntax.Document(scope.source, (syntax.Statement(None, tree, tree.span),), (), "matrix")
    return elaborate(tree, scope, shapes.infer_kinds(document, ranks))


class _Elaboration:
    """The elaboration of one formula."""

    def __init__(self, scope: Scope, kinds: Mapping[str, Kind]) -> None:
        self.scope = scope
        self.source = scope.source
        self.text = partial(shapes.source_of, scope.source)
        self.kinds = kinds
        self.letters = cycle("ijklmnpq")  # of the sizes that nothing may give

    def whole(self, tree: Tree) -> Deep[_Block]:
        """Return the block of a whole formula; a derivative that is one may have more than two axes."""
        if isinstance(tree, Differentiate):
            return (yield self._derivative(tree))
        block: _Block = yield self._part(tree)
        self._plain(block, tree.span)
        return block

    def _part(self, tree: Tree) -> Deep[_Block]:
        if isinstance(tree, syntax.Numeral):
            return _Block(build.number(exact(tree.value)))
        if isinstance(tree, Name):
            return self._name(tree)
        if isinstance(tree, Differentiate):
            block: _Block = yield self._derivative(tree)
            if len(block.wires) > 2:
                message = "a derivative with more than two indices [^] stands alone in matrix notation"
                raise self._error(message, tree.span, help="write the formula in index notation")
            return block
        parts: list[_Block] = []
        for part in children(tree):
            parts += [(yield self._part(part))]
        try:
            entry, rows, columns = self._combine(tree, parts)
        except build.DivisionByZeroError:
            span = tree.denominator.span if isinstance(tree, syntax.Divide) else tree.span
            raise shapes.refuse_zero(self.source, span) from None
        return _Block(build.spread(entry, _sizes(rows + columns)), rows, columns)

    def _combine(self, tree: Tree, parts: Sequence[_Block]) -> _Block:
        """Return the block of a tree from those of its parts."""
        match tree:
            case syntax.Negative():
                return _Block(build.scale(-1, parts[0].entry), *parts[0][1:])
            case syntax.Transpose():
                return _Block(parts[0].entry, parts[0].columns, parts[0].rows)
            case syntax.Add():
                return self._sum(tree.terms, parts)
            case syntax.Multiply():
                return self._product(tree.factors, parts)
            case syntax.Divide():
                return self._quotient(tree, *parts)
            case syntax.Raise():
                return self._power(tree, *parts)
            case syntax.Entrywise():
                return self._entrywise(tree, parts)
            case syntax.Compare():
                return self._apply(RELATIONS[tree.relation], tree, parts)
            case syntax.Kronecker():
                (a, rows, columns), b = parts  # the rows (i, k) and the columns (j, l) of A_ij B_kl
                return _Block(build.product([(a, 1, True), (b.entry, 1, True)]), rows + b.rows, columns + b.columns)
            case syntax.Call():
                return self._call(tree, parts)
            case syntax.Reduce() | syntax.FieldDerivative():
                raise self._error("indices do not stand in matrix notation [^]", tree.span)
            case syntax.Numeral() | Name() | Differentiate():
                raise AssertionError

    def _error(self, message: str, *places: Span, rule: str = "", help: str = "") -> IndexMismatchError:  # noqa: A002
        """Return the error of shapes that do not fit; the first place is the culprit."""
        marks = [Mark(span, sign) for span, sign in zip(places, "^~", strict=False)]
        return IndexMismatchError(message, self.source, marks, rule=rule, help=help)

    def _plain(self, block: _Block, span: Span) -> None:
        if len(block.rows) > 1 or len(block.columns) > 1:
            raise shapes.refuse_folded(self.source, span)

    def _join(self, kept: Wires, gone: Wires, spans: tuple[Span, Span], message: str) -> dict[Wire, Wire]:
        """Let wires run over the same values, or say the `message` with the two sizes; return the kept ones by name."""
        if len(kept) != len(gone):
            raise shapes.refuse_folded(self.source, spans[0].to(spans[1]))
        for a, b in zip(kept, gone, strict=True):
            sizes = self.scope.resolve(a.size), self.scope.resolve(b.size)
            if all(isinstance(size, int | str) for size in sizes) and sizes[0] != sizes[1]:
                marks = [Mark(spans[1]), Mark(spans[0], "~")] if spans[0] != spans[1] else [Mark(spans[0])]
                help = "declare the same size for both"  # noqa: A001 - the note
                raise SizeMismatchError(message.format(*sizes), self.source, marks, help=help)
            self.scope.tie_wires(a, b, spans[1])
        return dict(zip(gone, kept, strict=True))

    def _square(self, block: _Block, span: Span, what: str) -> dict[Wire, Wire]:
        """The rows and columns of a matrix run over the same values; return the names of the rows for the columns."""
        if block.shape != "m":
            typed = f"diag({self.source[span.start : span.stop]}) is a matrix"
            raise self._error(f"{what} needs a square matrix, and [^] is {WORDS[block.shape]}", span, help=typed)
        message = what + " needs a square matrix: [^] has {} rows and {} columns"
        return self._join(block.rows, block.columns, (span, span), message)

    def _name(self, tree: Name) -> _Block:
        name, span = tree.name, tree.span
        if tree.indices is not None:
            raise self._error("indices do not stand in matrix notation [^]", span)
        if name not in self.kinds and name in shapes.BUILTINS:
            letter = next(self.letters)
            i, j = local(letter), local(letter)
            if name != "I":
                self.scope.mentions(i)
                return _Block(build.ones(i, i.size), (i,))
            self.scope.tie_wires(i, j, span)
            return _Block(build.delta(i, j, i.size), (i,), (j,))
        if self.scope.is_size(name):
            return _Block(build.size_of(name))
        kind = self.kinds[name]
        if kind is Kind.TENSOR:
            raise self._error(f"{name} [^] has more than two indices", span, help="index notation:  T_ijk x_k")
        self.scope.use(name, kind, span)
        wires = tuple(local("ij"[k]) for k in range(kind))
        for k, wire in enumerate(wires):
            self.scope.tie(wire, Axis(name, k), span)
        return _Block(build.tensor(name, wires), wires[:1], wires[1:])

    def _level(self, trees: Sequence[Tree], parts: Sequence[_Block], verb: str) -> tuple[list[Entry], Wires, Wires]:
        """Return the entries of parts that stand entry by entry, at common wires; scalars stand beside all entries."""
        first = next((k for k, p in enumerate(parts) if p.wires), 0)
        rows, columns = parts[first].rows, parts[first].columns
        entries = []
        for tree, part in zip(trees, parts, strict=True):
            entry = part.entry
            if part.wires and part is not parts[first]:
                if part.shape != parts[first].shape:
                    both = parts[first].shape + part.shape
                    raise shapes.refuse_sum(self.source, (trees[first], tree), both, verb)
                spans, message = (trees[first].span, tree.span), "the sizes of these differ: "
                names = self._join(rows, part.rows, spans, message + "[~] has {} rows, [^] has {}")
                names |= self._join(columns, part.columns, spans, message + "[~] has {} columns, [^] has {}")
                entry = build.rename(entry, names)
            entries.append(entry)
        return entries, rows, columns

    def _sum(self, trees: Sequence[Tree], parts: Sequence[_Block]) -> _Block:
        entries, rows, columns = self._level(trees, parts, "cannot be added")
        terms = [(1, build.spread(e, _sizes(rows + columns)), True) for e in entries]
        return _Block(build.total(terms), rows, columns)

    def _product(self, trees: Sequence[Tree], parts: Sequence[_Block]) -> _Block:
        """Σ_j A_ij B_jk, from the left; a scalar is a factor anywhere."""
        rows, columns = parts[0].rows, parts[0].columns
        entries, bound = [parts[0].entry], list[Local]()
        for k, part in enumerate(parts[1:], 1):
            entry = part.entry
            if not rows and not columns:
                rows, columns = part.rows, part.columns
            elif part.wires:
                if bool(columns) != bool(part.rows):
                    both = _Block(entry, rows, columns).shape + part.shape
                    raise shapes.refuse_product(self.source, trees[: k + 1], both)
                spans = trees[0].span.to(trees[k - 1].span), trees[k].span
                entry = build.rename(entry, self._join(columns, part.rows, spans, INNER))
                bound += columns
                columns = part.columns
            entries.append(entry)
        return _Block(build.product([(e, 1, True) for e in entries], bound), rows, columns)

    def _quotient(self, tree: syntax.Divide, above: _Block, below: _Block) -> _Block:
        if below.wires:
            a, b = self.text(tree.numerator), self.text(tree.denominator)
            typed = f"{a} ./ {b}" + (f"  or  {a} {b}^-1" if below.shape == above.shape == "m" else "")
            rule = f"what is divided by is a scalar {PAGE}"
            raise self._error(f"{WORDS[below.shape]} [^] is no divisor", tree.denominator.span, rule=rule, help=typed)
        return _Block(build.product([(above.entry, 1, True), (below.entry, -1, True)]), *above[1:])

    def _power(self, tree: syntax.Raise, base: _Block, exponent: _Block) -> _Block:
        """A^k = A A … A; a scalar has any power."""
        b, e, span = self.text(tree.base), self.text(tree.exponent), tree.base.span
        if exponent.wires:
            raise self._error(f"{WORDS[exponent.shape]} [^] is no exponent", tree.exponent.span, help=f"{b} .^ {e}")
        if not base.wires:
            return _Block(_raised(base.entry, exponent.entry))
        if base.shape != "m":
            square = f"  or  {shapes.transpose_of(self.source, tree.base)} {b}" if base.shape == "c" else ""
            rule = f"powers are those of scalars and of square matrices {PAGE}"
            raise self._error(f"{WORDS[base.shape]} [^] has no power", span, rule=rule, help=f"{b} .^ {e}{square}")
        k = exponent.entry.node.value if isinstance(exponent.entry.node, Number) else None
        if not isinstance(k, int) or abs(k) > POWERS:
            message = f"the power of a matrix [~] is a whole number up to {POWERS} [^]"
            raise self._error(message, tree.exponent.span, span, help=f"{b} .^ {e}  for every entry")
        self._square(base, span, "a power")
        if k == 0:
            self._plain(base, span)
            return _Block(build.delta(base.rows[0], base.columns[0], base.rows[0].size), *base[1:])
        if k < 0:
            base = self._square_function("inv", base, span)
        return self._product([tree.base] * abs(k), [self._again(base, span) for _ in range(abs(k))])

    def _again(self, block: _Block, span: Span) -> _Block:
        """Return the block at wires of its own."""
        rows, columns = (tuple(local(w.index) for w in wires) for wires in block[1:])
        return _Block(
            build.rename(block.entry, self._join(rows + columns, block.wires, (span, span), "")), rows, columns
        )

    def _entrywise(self, tree: syntax.Entrywise, parts: Sequence[_Block]) -> _Block:
        (u, v), *axes = self._level(children(tree), parts, f"cannot stand around .{tree.operator}")
        if tree.operator == "^":
            return _Block(_raised(u, v), *axes)
        return _Block(build.product([(u, 1, True), (v, 1 if tree.operator == "*" else -1, True)]), *axes)

    def _call(self, tree: syntax.Call, parts: Sequence[_Block]) -> _Block:
        name = functions.ALIASES.get(tree.name, tree.name)
        if not parts or (name in shapes.CALLS and len(parts) > 1):
            raise refuse_count(self.source, name, tree, 1)
        if name in shapes.CALLS:
            return self._tensor_function(name, tree, parts[0])
        if name in functions.REDUCTIONS and (name not in functions.BY_NAME or len(parts) == 1):
            raise self._error(f"{name} [^] is taken over an index", tree.name_span, help=f"s = {name}_i(x_i)")
        return self._apply(name, tree, parts)

    def _apply(self, name: str, tree: Tree, parts: Sequence[_Block]) -> _Block:
        """f(u, v, …), entry by entry."""
        entries, *axes = self._level(children(tree), parts, f"cannot stand side by side in {name}")
        if name not in functions.BY_NAME and isinstance(tree, syntax.Call):
            self.scope.use(name, len(parts), tree.name_span, "function")
            orders = tree.orders or ((tree.primes,) if len(parts) == 1 else (0,) * len(parts))
            return _Block(build.apply(name, *entries, orders=orders), *axes)
        return _Block(apply_known(self.source, name, tree, entries), *axes)

    def _tensor_function(self, name: str, tree: syntax.Call, block: _Block) -> _Block:
        """Return sum, vec, diag, tr, inv, det, logdet or a norm of a block."""
        span = tree.arguments[0].span
        match name:
            case "sum":
                return _Block(build.contract(block.entry, block.wires))
            case "vec":
                return _Block(block.entry, block.columns + block.rows)
            case "diag":
                return self._diagonal(block, span)
            case "tr" | "inv" | "det" | "logdet":
                return self._square_function(name, block, span)
            case _:
                return self._norm(name, tree, block)

    def _norm(self, name: str, tree: syntax.Call, block: _Block) -> _Block:
        """(Σ x²)^½, or Σ |x| for norm1."""
        if block.shape == "m" and name in ("norm1", "norm2"):
            typed = "write sum(abs(A)) for a matrix" if name == "norm1" else "write normF(A) for a matrix"
            raise self._error(f"{name} [^] is the norm of a vector", tree.name_span, help=typed)
        if not block.wires or name == "norm1":
            absolute = build.spread(build.apply("abs", block.entry), _sizes(block.wires))
            return _Block(build.contract(absolute, block.wires))
        return _Block(build.power(build.product([(block.entry, 2, True)], block.wires), Fraction(1, 2)))

    def _diagonal(self, block: _Block, span: Span) -> _Block:
        """x_i δ_ij of a vector, A_ii of a matrix."""
        if not block.wires:
            raise self._error("diag takes a vector or a matrix, and [^] is a scalar", span, help="x : vector(n)")
        if block.shape == "m":
            entry = build.rename(block.entry, self._square(block, span, "the diagonal"))
            return _Block(build.multiply(entry), block.rows)
        columns = tuple(local(w.index) for w in block.wires)
        self._join(block.wires, columns, (span, span), "")
        deltas = [build.delta(i, j, i.size) for i, j in zip(block.wires, columns, strict=True)]
        return _Block(build.multiply(block.entry, *deltas), block.wires, columns)

    def _square_function(self, name: str, block: _Block, span: Span) -> _Block:
        """Return tr, inv, det or logdet; a scalar is a matrix of one entry."""
        if not block.wires:
            u = block.entry
            return _Block(build.power(u, -1) if name == "inv" else build.apply("log", u) if name == "logdet" else u)
        diagonal = build.rename(block.entry, self._square(block, span, name))
        if name == "tr":
            return _Block(build.contract(diagonal, block.rows))
        self._plain(block, span)
        found = build.matrix_function(name, block.entry, block.rows[0], block.columns[0])
        return _Block(found, block.columns, block.rows) if name == "inv" else _Block(found)

    def _derivative(self, tree: Differentiate) -> Deep[_Block]:
        """∂body/∂wrt…: the axes of the body, then those of each variable."""
        block: _Block = yield self.whole(tree.body)
        for name in tree.wrt:
            check_variable(self.scope, name)
            wrt = self._name(name)
            entry = block.entry if build.is_zero(block.entry) else build.derivative(block.entry, wrt.entry)
            axes = (block.rows + wrt.rows, block.columns + wrt.columns)
            if block.wires and wrt.wires:
                every = block.wires + wrt.wires
                axes = (every[:1], every[1:]) if len(every) == 2 else (every, ())
            block = _Block(entry, *axes)
        return block


def _sizes(wires: Wires) -> dict[Wire, Size]:
    return {w: w.size for w in wires}


def _raised(base: Entry, exponent: Entry) -> Entry:
    """Return base^exponent, entry by entry."""
    if isinstance(exponent.node, Number):
        return build.power(base, exponent.node.value)
    return build.apply("pow", base, exponent)
