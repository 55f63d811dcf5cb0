"""Elaboration of index notation: each part of a tree becomes an entry at the wires of its indices.

The invariant of this module: an entry has exactly the wires of the indices that are free or bound further out and stand
in its part of the tree, or it is zero.  So nothing is lost where an index cancels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from einsdiff import functions
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis, Number, exact
from einsdiff.elaborate.calls import (
    RELATIONS,
    apply_known,
    check_variable,
    is_own_value,
    refuse_rank,
    refuse_selection,
    whole_arguments,
)
from einsdiff.elaborate.clashes import refuse_zero
from einsdiff.elaborate.deep import Deep
from einsdiff.elaborate.differentials import differential
from einsdiff.elaborate.matrix import matrix_argument
from einsdiff.elaborate.scope import Local, Scope, local
from einsdiff.elaborate.summation import Standing, Standings, constant, factors_of, whole_exponent
from einsdiff.errors import (
    IndexMismatchError,
    Mark,
    NotDifferentiableError,
    ParseError,
    Span,
)
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Differential,
    Differentiate,
    Divide,
    Entrywise,
    FieldDerivative,
    Index,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Reduce,
    Transpose,
    Tree,
)

Wires = Mapping[str, Local]


class Elaboration:
    """The elaboration of one statement: its scope, and the standing of every index in every part."""

    def __init__(
        self, scope: Scope, standing: Mapping[int, Standings], components: Collection[tuple[str, tuple[int | str, ...]]]
    ) -> None:
        self.scope = scope
        self.standing = standing
        self.components = components

    def part(self, tree: Tree, wires: Wires) -> Deep[Entry]:
        """Return the entry of a part, in which the indices of `wires` are held from outside."""
        found = yield from self._part(tree, wires)
        lacking = {w: w.size for w in self._held(tree, wires) if w not in found.wires}
        return build.spread(found, lacking)

    def _held(self, tree: Tree, wires: Wires) -> list[Local]:
        return [wires[i] for i in self.standing[id(tree)] if i in wires]

    def _part(self, tree: Tree, wires: Wires) -> Deep[Entry]:
        match tree:
            case Numeral(value):
                return build.number(exact(value))
            case Name(name, indices):
                return self._name(name, indices, wires, tree.span)
            case Negative(body):
                return build.scale(-1, (yield self.part(body, wires)))
            case Add(terms):
                return (yield from self._sum(terms, wires))
            case Multiply() | Divide():
                return (yield from self._product(tree, wires))
            case Raise():
                return (yield from self._power(tree, wires))
            case Compare(relation, left, right):
                a = yield self.part(left, wires)
                b = yield self.part(right, wires)
                return build.apply(RELATIONS[relation], a, b)
            case Reduce():
                return (yield from self._reduction(tree, wires))
            case Call():
                return (yield from self._call(tree, wires))
            case Differentiate():
                return (yield from self._derivative(tree, wires))
            case Differential(body):
                ranks = {name: self.scope.seen_rank(name) or 0 for name in tree.along}
                return differential(self.scope, tree, (yield self.part(body, wires)), ranks)
            case FieldDerivative():
                raise NotDifferentiableError(
                    "field derivatives are read, but their calculus is not built yet [^]",
                    self.scope.source,
                    [Mark(tree.span)],
                    rule="under ∂_l every tensor is a field over coordinates (spec/language.md, Field derivatives)",
                    help="give the derivative as a tensor of its own, for example  B_ikl  for  ∂_l B_ik",
                )
            case Transpose() | Entrywise() | Kronecker():
                raise ParseError(
                    "matrix operators do not stand in index notation [^]", self.scope.source, [Mark(tree.span)]
                )

    # --------------------------------------------------------------------------------------------------------- leaves

    def _name(self, name: str, indices: tuple[Index, ...] | None, wires: Wires, span: Span) -> Entry:
        if indices is None:
            rank = self.scope.rank_of(name)
            if rank is None and self.scope.is_size(name):
                return build.size_of(name)
            if rank:
                raise IndexMismatchError(
                    f"{name} stands without an index [^], elsewhere it has {rank}",
                    self.scope.source,
                    [Mark(span)],
                    help=f"give {name} its indices, for example  {name}_{'ijklmnpq'[:rank]}",
                )
            self.scope.use(name, 0, span)
            return build.tensor(name, ())
        bound, entry = self._indexed(name, indices, wires, span)
        return build.contract(entry, bound) if bound else entry

    def _indexed(self, name: str, indices: tuple[Index, ...], wires: Wires, span: Span) -> tuple[list[Local], Entry]:
        """Return the entry of a tensor at its indices, and the wires that are summed here: A_kk."""
        inside: dict[str, Local] = {}
        at: list[Local] = []
        units: list[tuple[Local, int]] = []
        for index in indices:
            if isinstance(index.name, int):
                wire = local("")
                units.append((wire, index.name))
                self.scope.choose(wire.size, index.name, name, index.span)
            else:
                wire = wires.get(index.name) or inside.setdefault(index.name, local(index.name))
            at.append(wire)
        summed = [*inside.values(), *(w for w, _ in units)]
        if name in ("δ", "ε", "1") and not self._is_declared(name):
            return summed, self._builtin(name, at, units, indices, span)
        if units and len(units) == len(indices):
            whole = (name, tuple(place for _, place in units))
            if whole in self.components:
                return [], build.tensor(component_name(*whole), ())
        self.scope.use(name, len(at), span)
        for k, (wire, index) in enumerate(zip(at, indices, strict=True)):
            self.scope.tie(wire, Axis(name, k), index.span)
        entry = build.tensor(name, at)
        if units:
            factors = [build.unit(w, Axis(name, at.index(w)), place) for w, place in units]
            entry = build.multiply(entry, *factors, bound=[w for w, _ in units])
            summed = list(inside.values())
        return summed, entry

    def _is_declared(self, name: str) -> bool:
        return name in self.scope.declared

    def _builtin(
        self, name: str, at: list[Local], units: list[tuple[Local, int]], indices: tuple[Index, ...], span: Span
    ) -> Entry:
        """Return δ, ε or 1 at its indices."""
        for wire in at:
            self.scope.mentions(wire)
        marks = [build.unit(w, w.size, place) for w, place in units]
        if name == "1":
            entry = build.multiply(*(build.ones(w, w.size) for w in at))
        elif name == "δ":
            self.scope.tie_wires(at[0], at[1], span)
            entry = build.delta(at[0], at[1], at[0].size)
        else:
            for wire, index in zip(at, indices, strict=True):
                self.scope.tie_size(
                    wire, len(at), index.span, f"in ε, whose {len(at)} indices run over {len(at)} values"
                )
            entry = build.epsilon(at)
        return build.multiply(entry, *marks, bound=[w for w, _ in units]) if marks else entry

    # ------------------------------------------------------------------------------------------ sums, products, powers

    def _sum(self, terms: tuple[Tree, ...], wires: Wires) -> Deep[Entry]:
        wanted = {wires[i]: wires[i].size for t in terms for i in self.standing[id(t)] if i in wires}
        found = []
        for term in terms:
            entry = yield self.part(term, wires)
            found.append((1, build.spread(entry, wanted), True))
        return build.total(found)

    def _product(self, tree: Multiply | Divide, wires: Wires) -> Deep[Entry]:
        """Return a product; products and quotients among its factors are opened, so that the whole is made at once."""
        bound: list[Local] = []
        found: list[tuple[Entry, int | Fraction, bool]] = []
        left: list[tuple[Tree, int, Wires]] = [(tree, 1, wires)]
        while left:
            factor, exponent, around = left.pop()
            if exponent == 1 and isinstance(factor, Multiply | Divide):
                parts = factors_of(factor)
                closed = {i: local(i) for i in self._repeated(part for part, _ in parts) if i not in around}
                bound += closed.values()
                inside = {**around, **closed} if closed else around
                left += [(part, power, inside) for part, power in reversed(parts)]
                continue
            entry = yield self.part(factor, around)
            if build.is_zero(entry) and exponent < 0:
                raise refuse_zero(self.scope.source, factor.span)
            found.append((entry, exponent, True))
        return build.product(found, bound)

    def _repeated(self, parts: Iterable[Tree]) -> list[str]:
        """Return the indices that several parts hold."""
        counts = Counter(i for part in parts for i in self.standing[id(part)])
        return [i for i, times in counts.items() if times > 1]

    def _power(self, tree: Raise, wires: Wires) -> Deep[Entry]:
        exponent = constant(tree.exponent)
        bound: dict[str, Local] = {}
        whole = whole_exponent(tree.exponent)
        if whole is not None and whole >= 2:
            for i, held in self.standing[id(tree.base)].items():
                if i not in wires and held.standing is Standing.OPEN:
                    bound[i] = local(i)
        inside = {**wires, **bound} if bound else wires
        base = yield self.part(tree.base, inside)
        if exponent is None:
            other = yield self.part(tree.exponent, wires)
            if isinstance(other.node, Number):
                exponent = Fraction(other.node.value)
            else:
                return build.apply("pow", base, other)
        if build.is_zero(base) and exponent < 0:
            raise refuse_zero(self.scope.source, tree.base.span)
        raised = build.power(base, exact(exponent))
        return build.contract(build.spread(raised, {w: w.size for w in bound.values()}), bound.values())

    # ---------------------------------------------------------------------------------------- functions and reductions

    def _reduction(self, tree: Reduce, wires: Wires) -> Deep[Entry]:
        names = [i for i in tree.indices if isinstance(i.name, str)]
        bound = {str(i.name): local(str(i.name)) for i in names}
        for wire in bound.values():
            self.scope.mentions(wire)
        body = yield self.part(tree.body, {**wires, **bound})
        whole = build.spread(body, {w: w.size for w in bound.values()})
        over = list(bound.values())
        if build.is_zero(whole) and tree.operator in ("sum", "mean", "max", "min"):
            return build.ZERO
        match tree.operator:
            case "sum":
                return build.contract(whole, over)
            case "mean":
                counts = [(build.size_of(w.size), -1, False) for w in over]
                return build.product([(build.contract(whole, over), 1, False), *counts])
            case "softmax":
                kept = {w: wires.get(w.index) for w in over}
                lacking = next((w for w, outer in kept.items() if outer is None), None)
                if lacking is not None:
                    raise IndexMismatchError(
                        f"softmax keeps its index {lacking.index}, which is neither on the left nor repeated [^]",
                        self.scope.source,
                        [Mark(tree.span)],
                        help=f"name {lacking.index} on the left",
                    )
                for w, outer in kept.items():
                    assert outer is not None
                    self.scope.tie_wires(w, outer, tree.span)
                return build.softmax(whole, {w: kept[w] for w in over}, {w: w.size for w in over})
            case operator:
                return build.reduce(operator, whole, {w: w.size for w in over})

    def _call(self, tree: Call, wires: Wires) -> Deep[Entry]:
        name = functions.ALIASES.get(tree.name, tree.name)
        if name in functions.TENSOR_FUNCTIONS:
            return self._tensor_function(tree, wires)
        if name in functions.SELECTIONS:
            raise refuse_selection(self.scope.source, tree)
        row = functions.BY_NAME.get(name)
        if is_own_value(self.scope, tree):
            return self._name(tree.name, tree.indices, wires, tree.span)
        if row is None and (tree.indices is not None or self._has_whole_argument(tree)):
            return self._whole_call(tree, wires)
        arguments: list[Entry] = []
        for argument in tree.arguments:
            given = yield self.part(argument, wires)
            arguments.append(given)
        if row is None:
            orders = tree.orders or (tree.primes,) if len(arguments) == 1 else tree.orders or (0,) * len(arguments)
            if len(orders) != len(arguments):
                raise ParseError(
                    f"{name} has {len(arguments)} arguments, but {len(orders)} orders [^]",
                    self.scope.source,
                    [Mark(tree.name_span)],
                )
            self.scope.use(name, len(arguments), tree.name_span, "function")
            return build.apply(name, *arguments, orders=orders)
        return apply_known(self.scope.source, name, tree, arguments)

    def _tensor_function(self, tree: Call, wires: Wires) -> Entry:
        """Return inv(A)_ij, det(A), logdet(A), tr(A), norm(x): the argument is matrix notation."""
        indices = tree.indices or ()
        value = matrix_argument(tree, self.scope)
        if len(value.wires) != len(indices):
            raise refuse_rank(self.scope.source, tree, len(value.wires))
        inside: dict[str, Local] = {}
        at = {}
        for wire, index in zip(value.wires, indices, strict=True):
            if isinstance(index.name, int):
                outer = local("")
                inside[f"#{outer.serial}"] = outer
                self.scope.choose(wire.size, index.name, tree.name, index.span)
                entry = build.unit(wire, wire.size, index.name)
                value = value._replace(entry=build.multiply(value.entry, entry, bound=[wire]))
                continue
            outer = wires.get(index.name) or inside.setdefault(index.name, local(index.name))
            self.scope.tie_wires(outer, wire, index.span)
            at[wire] = outer
        found = build.rename(value.entry, at)
        bound = [w for name, w in inside.items() if not name.startswith("#")]
        return build.contract(found, bound) if bound and not build.is_zero(found) else found

    def _has_whole_argument(self, tree: Call) -> bool:
        return any(isinstance(a, Name) and a.indices is None and self.scope.seen_rank(a.name) for a in tree.arguments)

    def _whole_call(self, tree: Call, wires: Wires) -> Entry:
        """Return f_i(x), an unknown function of the whole of x."""
        arguments = whole_arguments(self.scope, tree, self.scope.known_rank)
        indices = tree.indices or ()
        self.scope.use(tree.name, len(indices), tree.name_span, "function", "index")
        inside: dict[str, Local] = {}
        at: list[Local] = []
        for index in indices:
            if isinstance(index.name, int):
                raise ParseError(
                    "a component of an unknown function is not supported [^]",
                    self.scope.source,
                    [Mark(index.span)],
                    help="name the function's result in a statement of its own and take its component",
                )
            wire = wires.get(index.name) or inside.setdefault(index.name, local(index.name))
            self.scope.tie(wire, Axis(tree.name, len(at)), index.span)
            at.append(wire)
        entry = build.call(tree.name, arguments, at)
        return build.contract(entry, inside.values()) if inside else entry

    # ----------------------------------------------------------------------------------------------------- derivatives

    def _derivative(self, tree: Differentiate, wires: Wires) -> Deep[Entry]:
        """Return ∂body/∂wrt… as an operator that is carried out later."""
        counts: dict[str, int] = {}
        for part in (tree.body, *tree.wrt):
            for i in self.standing[id(part)]:
                counts[i] = counts.get(i, 0) + 1
        bound = {i: local(i) for i, times in counts.items() if times > 1 and i not in wires}
        inside = {**wires, **bound}
        body = yield self.part(tree.body, inside)
        summed = list(bound.values())
        for name in tree.wrt:
            check_variable(self.scope, name)
            own, wrt = self._variable(name, inside)
            summed += own
            body = build.derivative(body, wrt) if not build.is_zero(body) else body
        return build.contract(body, summed) if summed and not build.is_zero(body) else body

    def _variable(self, name: Name, wires: Wires) -> tuple[list[Local], Entry]:
        """Return the entry by which is differentiated, and the wires that it sums itself."""
        indices = name.indices or ()
        if any(isinstance(i.name, int) for i in indices):
            raise NotDifferentiableError(
                f"{name.name} is differentiated by as a whole, here a component is named [^]",
                self.scope.source,
                [Mark(name.span)],
                help=f"write ∂…/∂{name.name}_{'klmnpqrs'[: len(indices)]}, and take its component afterwards",
            )
        self.scope.use(name.name, len(indices), name.span)
        at = []
        inside: dict[str, Local] = {}
        for k, index in enumerate(indices):
            wire = wires.get(str(index.name)) or inside.setdefault(str(index.name), local(str(index.name)))
            self.scope.tie(wire, Axis(name.name, k), index.span)
            at.append(wire)
        return list(inside.values()), build.tensor(name.name, at)


def component_name(name: str, places: tuple[int, ...]) -> str:
    """Return the name of a component that a statement defines, as `y[1]`."""
    return f"{name}[{','.join(map(str, places))}]"
