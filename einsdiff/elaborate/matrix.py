"""Elaboration of matrix notation: each part of a tree becomes a block, an entry with its rows and columns.

A column has rows only, a row has columns only, a scalar has neither: so the product joins the columns on its left with
the rows on its right, and the transpose exchanges the two.  The rows of A ⊗ B are two wires, and so is vec(A): blocks
can hold them.  A value of a program is free of them; a side of an equation need not be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import cycle
from typing import NamedTuple

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Number, exact
from einsdiff.elaborate import clashes
from einsdiff.elaborate import kinds as shapes
from einsdiff.elaborate.blocks import Block, Joints, Wires, arranged, sizes_of
from einsdiff.elaborate.calls import RELATIONS, apply_known, check_variable, is_own_value, refuse_count
from einsdiff.elaborate.clashes import PAGE, WORDS
from einsdiff.elaborate.deep import Deep, run
from einsdiff.elaborate.differentials import differential
from einsdiff.elaborate.folds import COMMUTATION, find_widths
from einsdiff.elaborate.kinds import Kind
from einsdiff.elaborate.scope import Local, Scope, local
from einsdiff.elaborate.wholes import apply_whole, square_function
from einsdiff.errors import Mark, NoMatrixForm, NotDifferentiableError
from einsdiff.text import tree as syntax
from einsdiff.text.tree import Differentiate, Name, Tree, children

POWERS = 64
"""The largest power of a matrix that is written out as a product."""
INNER = "the inner sizes of this product differ: [~] has {} columns, [^] has {} rows"


class Value(NamedTuple):
    """An entry and its wires in order: none for a scalar, one for a vector, the row's and the column's for a matrix.

    `row` marks a vector that stands transposed.  A zero entry has no wires of its own, whatever `wires` says.  `folds`
    counts the wires of each axis where some axis is folded of several, as in A ⊗ B, the last one fastest.
    """

    entry: Entry
    wires: Wires
    row: bool
    folds: tuple[int, ...] = ()


class Letters(NamedTuple):
    """The letters of the axes of vectors and matrices, and of sizes that nothing may give."""

    axes: Sequence[str]
    sizes: Sequence[str]


LETTERS = Letters("ij", "ijklmnpq")


def elaborate(
    tree: Tree, scope: Scope, kinds: Mapping[str, Kind], *, may_fold: bool = False, letters: Letters = LETTERS
) -> Value:
    """Return the entry of a formula in matrix notation; `may_fold` says whether its axes may be folded.

    Raises: IndexMismatchError, where shapes do not fit; SizeMismatchError, where declared sizes do not; ParseError,
    where a formula has no meaning in matrix notation.
    """
    work = _Elaboration(scope, kinds, find_widths([tree], kinds, None), letters=letters)
    block = run(work.side(tree) if may_fold else work.whole(tree))
    is_folded = block.is_folded and not isinstance(tree, Differentiate)
    folds = tuple(len(axis) for axis in (block.rows, block.columns) if axis) if is_folded else ()
    return Value(block.entry, block.wires, block.shape == "r", folds)


def elaborate_block(
    tree: Tree, scope: Scope, kinds: Mapping[str, Kind], *, layout: str | None = None, rows: Collection[str] = ()
) -> Block:
    """Return a formula in matrix notation with its rows and columns, each of which may be folded of several wires.

    Args:
        tree: the formula.
        scope: what its names stand for; sizes that must be equal are tied in it.
        kinds: the kinds of its names, by `infer_kinds`.
        layout: the rows and columns of derivatives are those of this layout, also of derivatives inside; without one
            a derivative has the axes of the body, then those of the variable, and inside a formula two at most.
        rows: names of vectors that stand as rows, since a statement defines them so.

    Raises: as `elaborate`; IndexMismatchError too, where the layout makes no matrix of a derivative.
    """
    return elaborate_sides([tree], scope, kinds, layout=layout, rows=rows)[0]


def elaborate_sides(
    trees: Sequence[Tree],
    scope: Scope,
    kinds: Mapping[str, Kind],
    *,
    layout: str | None = None,
    rows: Collection[str] = (),
) -> tuple[Block, ...]:
    """Return several formulas of one shape, the sides of an equation, as `elaborate_block` does.

    `I` and `ones` on one side have as many folded wires as the other side needs.  Nothing else is compared: the blocks
    may differ in shape, and their wires are not tied.
    """
    widths = find_widths(trees, kinds, layout)
    return tuple(run(_Elaboration(scope, kinds, widths, layout, rows).side(tree)) for tree in trees)


def matrix_argument(tree: Tree, scope: Scope) -> Value:
    """Return the entry of a part in matrix notation inside index notation, where the ranks of some names are known."""
    stack: list[Tree] = [tree]
    for part in stack:
        stack += children(part)
    found = {part.name: scope.rank_of(part.name) for part in stack if isinstance(part, Name)}
    ranks = scope.ranks() | {name: rank for name, rank in found.items() if rank is not None}
    document = syntax.Document(scope.source, (syntax.Statement(None, tree, tree.span),), (), "matrix")
    return elaborate(tree, scope, shapes.infer_kinds(document, ranks), letters=_unwritten(scope.source))


def _unwritten(text: str) -> Letters:
    """Return letters that are not taken for the indices of a text."""
    axes, sizes = LETTERS
    return Letters([f"#{letter}" for letter in axes], [letter for letter in sizes if letter not in text] or sizes)


class _Elaboration:
    """The elaboration of one formula."""

    def __init__(
        self,
        scope: Scope,
        kinds: Mapping[str, Kind],
        widths: Mapping[int, int],
        layout: str | None = None,
        rows: Collection[str] = (),
        letters: Letters = LETTERS,
    ) -> None:
        self.scope = scope
        self.joints = Joints(scope)
        self.source = scope.source
        self.text = partial(clashes.source_of, scope.source)
        self.kinds = kinds
        self.widths = widths
        self.layout = layout
        self.rows = rows
        self.letters = letters
        self.sizes = cycle(letters.sizes)

    def whole(self, tree: Tree) -> Deep[Block]:
        """Return the block of a whole formula; a derivative that is one may have more than two axes."""
        if isinstance(tree, Differentiate):
            return (yield self._derivative(tree))
        block: Block = yield self._part(tree)
        self.joints.plain(block, tree.span)
        return block

    def side(self, tree: Tree) -> Deep[Block]:
        """Return the block of a whole formula, its rows and columns folded or not."""
        if isinstance(tree, Differentiate):
            return (yield self._derivative(tree))
        return (yield self._part(tree))

    def _part(self, tree: Tree) -> Deep[Block]:
        if isinstance(tree, syntax.Numeral):
            return Block(build.number(exact(tree.value)))
        if isinstance(tree, Name):
            return self._name(tree)
        if isinstance(tree, Differentiate):
            block: Block = yield self._derivative(tree)
            if len(block.wires) > 2 and self.layout is None:
                message = "a derivative with more than two indices [^] stands alone in matrix notation"
                raise self.joints.error(message, tree.span, help="write the formula in index notation")
            return block
        parts: list[Block] = []
        for part in children(tree):
            parts += [(yield self._part(part))]
        try:
            entry, rows, columns = self._combine(tree, parts)
        except build.DivisionByZeroError:
            span = tree.denominator.span if isinstance(tree, syntax.Divide) else tree.span
            raise clashes.refuse_zero(self.source, span) from None
        return Block(build.spread(entry, sizes_of(rows + columns)), rows, columns)

    def _combine(self, tree: Tree, parts: Sequence[Block]) -> Block:
        """Return the block of a tree from those of its parts."""
        match tree:
            case syntax.Negative():
                return Block(build.scale(-1, parts[0].entry), *parts[0][1:])
            case syntax.Transpose():
                return Block(parts[0].entry, parts[0].columns, parts[0].rows)
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
                return Block(build.product([(a, 1, True), (b.entry, 1, True)]), rows + b.rows, columns + b.columns)
            case syntax.Call():
                return self._call(tree, parts)
            case syntax.Differential():
                ranks = {name: int(self.kinds[name]) for name in tree.along}
                return Block(differential(self.scope, tree, parts[0].entry, ranks), *parts[0][1:])
            case syntax.Reduce() | syntax.FieldDerivative():
                raise self.joints.error("indices do not stand in matrix notation [^]", tree.span)
            case syntax.Numeral() | Name() | Differentiate():
                raise AssertionError

    def _name(self, tree: Name) -> Block:
        name, span = tree.name, tree.span
        if tree.indices is not None:
            raise self.joints.error("indices do not stand in matrix notation [^]", span)
        if name not in self.kinds and name in shapes.BUILTINS:
            return self._constant(tree)
        if self.scope.is_size(name):
            return Block(build.size_of(name))
        kind = self.kinds[name]
        if kind is Kind.TENSOR:
            raise self.joints.error(f"{name} [^] has more than two indices", span, help="index notation:  T_ijk x_k")
        self.scope.use(name, kind, span)
        wires = tuple(local(self.letters.axes[k]) for k in range(kind))
        for k, wire in enumerate(wires):
            self.scope.tie(wire, Axis(name, k), span)
        if name in self.rows:
            return Block(build.tensor(name, wires), (), wires)
        return Block(build.tensor(name, wires), wires[:1], wires[1:])

    def _constant(self, tree: Name) -> Block:
        """1_i,  I_ij = δ_ij,  K_ijkl = δ_il δ_jk, so that K vec(A) = vec(Aᵀ); I and 1 are folded as they must fit."""
        width = COMMUTATION if tree.name == "commutation" else self.widths.get(id(tree), 1)
        rows = tuple(local(next(self.sizes)) for _ in range(width))
        if tree.name in ("ones", "𝟏"):
            for i in rows:
                self.scope.mentions(i)
            return Block(build.multiply(*(build.ones(i, i.size) for i in rows)), rows)
        columns = tuple(local(i.index) for i in rows)
        for i, j in zip(rows, columns, strict=True):
            self.scope.tie_wires(i, j, tree.span)
        entry = build.multiply(*(build.delta(i, j, i.size) for i, j in zip(rows, columns, strict=True)))
        return Block(entry, rows, columns[::-1] if tree.name == "commutation" else columns)

    def _level(self, trees: Sequence[Tree], parts: Sequence[Block], verb: str) -> tuple[list[Entry], Wires, Wires]:
        """Return the entries of parts that stand entry by entry, at common wires; scalars stand beside all entries."""
        first = next((k for k, p in enumerate(parts) if p.wires), 0)
        rows, columns = parts[first].rows, parts[first].columns
        entries = []
        for tree, part in zip(trees, parts, strict=True):
            entry = part.entry
            if part.wires and part is not parts[first]:
                if part.shape != parts[first].shape:
                    both = parts[first].shape + part.shape
                    raise clashes.refuse_sum(self.source, (trees[first], tree), both, verb)
                spans, message = (trees[first].span, tree.span), "the sizes of these differ: "
                names = self.joints.join(rows, part.rows, spans, message + "[~] has {} rows, [^] has {}")
                names |= self.joints.join(columns, part.columns, spans, message + "[~] has {} columns, [^] has {}")
                entry = build.rename(entry, names)
            entries.append(entry)
        return entries, rows, columns

    def _sum(self, trees: Sequence[Tree], parts: Sequence[Block]) -> Block:
        entries, rows, columns = self._level(trees, parts, "cannot be added")
        terms = [(1, build.spread(e, sizes_of(rows + columns)), True) for e in entries]
        return Block(build.total(terms), rows, columns)

    def _product(self, trees: Sequence[Tree], parts: Sequence[Block]) -> Block:
        """Σ_j A_ij B_jk, from the left; a scalar is a factor anywhere."""
        rows, columns = parts[0].rows, parts[0].columns
        entries, bound = [parts[0].entry], list[Local]()
        for k, part in enumerate(parts[1:], 1):
            entry = part.entry
            if not rows and not columns:
                rows, columns = part.rows, part.columns
            elif part.wires:
                if bool(columns) != bool(part.rows):
                    both = Block(entry, rows, columns).shape + part.shape
                    raise clashes.refuse_product(self.source, trees[: k + 1], both)
                spans = trees[0].span.to(trees[k - 1].span), trees[k].span
                entry = build.rename(entry, self.joints.join(columns, part.rows, spans, INNER))
                bound += columns
                columns = part.columns
            entries.append(entry)
        return Block(build.product([(e, 1, True) for e in entries], bound), rows, columns)

    def _quotient(self, tree: syntax.Divide, above: Block, below: Block) -> Block:
        if below.wires:
            a, b = self.text(tree.numerator), self.text(tree.denominator)
            typed = f"{a} ./ {b}" + (f"  or  {a} {b}^-1" if below.shape == above.shape == "m" else "")
            rule = f"what is divided by is a scalar {PAGE}"
            raise self.joints.error(
                f"{WORDS[below.shape]} [^] is no divisor", tree.denominator.span, rule=rule, help=typed
            )
        return Block(build.product([(above.entry, 1, True), (below.entry, -1, True)]), *above[1:])

    def _power(self, tree: syntax.Raise, base: Block, exponent: Block) -> Block:
        """A^k = A A … A; a scalar has any power."""
        b, e, span = self.text(tree.base), self.text(tree.exponent), tree.base.span
        if exponent.wires:
            is_adjoint = isinstance(tree.exponent, Name) and tree.exponent.name == "H"
            typed = f"{b}'  as all numbers are real, or  {b} .^ {e}" if is_adjoint else f"{b} .^ {e}"
            raise self.joints.error(f"{WORDS[exponent.shape]} [^] is no exponent", tree.exponent.span, help=typed)
        if not base.wires:
            return Block(_raised(base.entry, exponent.entry))
        if base.shape != "m":
            square = f"  or  {clashes.transpose_of(self.source, tree.base)} {b}" if base.shape == "c" else ""
            rule = f"powers are those of scalars and of square matrices {PAGE}"
            raise self.joints.error(
                f"{WORDS[base.shape]} [^] has no power", span, rule=rule, help=f"{b} .^ {e}{square}"
            )
        k = exponent.entry.node.value if isinstance(exponent.entry.node, Number) else None
        if not isinstance(k, int) or abs(k) > POWERS:
            message = f"the power of a matrix [~] is a whole number up to {POWERS} [^]"
            raise self.joints.error(message, tree.exponent.span, span, help=f"{b} .^ {e}  for every entry")
        self.joints.square(base, span, "a power")
        if k == 0:
            self.joints.plain(base, span)
            return Block(build.delta(base.rows[0], base.columns[0], base.rows[0].size), *base[1:])
        if k < 0:
            base = square_function(self.joints, "inv", base, span)
        return self._product([tree.base] * abs(k), [self.joints.again(base, span) for _ in range(abs(k))])

    def _entrywise(self, tree: syntax.Entrywise, parts: Sequence[Block]) -> Block:
        (u, v), *axes = self._level(children(tree), parts, f"cannot stand around .{tree.operator}")
        if tree.operator == "^":
            return Block(_raised(u, v), *axes)
        return Block(build.product([(u, 1, True), (v, 1 if tree.operator == "*" else -1, True)]), *axes)

    def _call(self, tree: syntax.Call, parts: Sequence[Block]) -> Block:
        name = functions.ALIASES.get(tree.name, tree.name)
        if tree.name in self.scope.functions:
            return self._own_value(tree)
        if not parts or (name in shapes.CALLS and len(parts) > 1):
            raise refuse_count(self.source, name, tree, 1)
        if name in shapes.CALLS:
            return apply_whole(self.joints, name, tree, parts[0])
        if name in functions.REDUCTIONS and (name not in functions.BY_NAME or len(parts) == 1):
            raise self.joints.error(f"{name} [^] is taken over an index", tree.name_span, help=f"s = {name}_i(x_i)")
        return self._apply(name, tree, parts)

    def _own_value(self, tree: syntax.Call) -> Block:
        """u(x) is u, where u = u(x) stands above."""
        if not is_own_value(self.scope, tree):
            declared = f"{tree.name}({', '.join(self.scope.arguments[tree.name])})"
            message = f"{tree.name} is declared as {declared} [~], and stands with something else here [^]"
            typed = f"write {declared}, or give this one another name"
            known = self.scope.functions[tree.name].span
            raise self.joints.error(message, tree.span, *([known] if known else []), help=typed)
        return self._name(Name(tree.name, None, tree.span))

    def _apply(self, name: str, tree: Tree, parts: Sequence[Block]) -> Block:
        """f(u, v, …), entry by entry."""
        entries, *axes = self._level(children(tree), parts, f"cannot stand side by side in {name}")
        if name not in functions.BY_NAME and isinstance(tree, syntax.Call):
            self.scope.use(name, len(parts), tree.name_span, "function")
            orders = tree.orders or ((tree.primes,) if len(parts) == 1 else (0,) * len(parts))
            return Block(build.apply(name, *entries, orders=orders), *axes)
        return Block(apply_known(self.source, name, tree, entries), *axes)

    def _derivative(self, tree: Differentiate) -> Deep[Block]:
        """∂body/∂wrt…, arranged as the layout says, or the axes of the body and then those of each variable."""
        if self.layout is not None:
            return (yield self._laid_out(tree, self.layout))
        if tree.stacked:
            message = "a derivative by vec(…) [^] has rows and columns, and those are of a layout"
            raise self.joints.error(message, tree.wrt[0].span, help='write ∂(…)/∂X, and ask for layout="vec"')
        block: Block = yield self.whole(tree.body)
        for name in tree.wrt:
            wrt = self._variable(name)
            entry = block.entry if build.is_zero(block.entry) else build.derivative(block.entry, wrt.entry)
            axes = (block.rows + wrt.rows, block.columns + wrt.columns)
            if block.wires and wrt.wires:
                every = block.wires + wrt.wires
                axes = (every[:1], every[1:]) if len(every) == 2 else (every, ())
            block = Block(entry, *axes)
        return block

    def _variable(self, name: Name) -> Block:
        """Return the block of a name by which is differentiated."""
        if name.name not in self.kinds:
            message = f"{name.name} [^] is a constant, and nothing to differentiate by"
            raise NotDifferentiableError(message, self.source, [Mark(name.span)], help="∂…/∂x")
        check_variable(self.scope, name)
        return self._name(name)

    def _laid_out(self, tree: Differentiate, layout: str) -> Deep[Block]:
        body: Block = yield self._part(tree.body)
        entry, groups = body.entry, []
        for name in tree.wrt:
            wrt = self._variable(name)
            groups.append([wrt.columns + wrt.rows] if name.name in tree.stacked else [(wire,) for wire in wrt.wires])
            entry = entry if build.is_zero(entry) else build.derivative(entry, wrt.entry)
        try:
            return Block(entry, *arranged(body.rows, body.columns, groups, layout))
        except NoMatrixForm as error:
            typed = next((note.text for note in error.notes if note.word == "help"), "")
            raise self.joints.error(f"{error.message} [^]", tree.span, help=typed) from None


def _raised(base: Entry, exponent: Entry) -> Entry:
    """Return base^exponent, entry by entry."""
    if isinstance(exponent.node, Number):
        return build.power(base, exponent.node.value)
    return build.apply("pow", base, exponent)
