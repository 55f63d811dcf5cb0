"""Index notation: names with indices, reductions, field derivatives, unknown functions."""

from __future__ import annotations

from typing import ClassVar

from einsdiff.errors import Span
from einsdiff.functions import BY_NAME, REDUCTIONS, TENSOR_FUNCTIONS
from einsdiff.text import ambiguities, index_slips, slips
from einsdiff.text.cursor import FUNCTIONS, Cursor, read_orders
from einsdiff.text.derivatives import DerivativeReader
from einsdiff.text.expressions import Part, Reader, Routine
from einsdiff.text.lexer import Token
from einsdiff.text.tree import Call, FieldDerivative, Index, Name, Reduce, Tree


class IndexReader(DerivativeReader):
    """Reads index notation; `matrix` reads the arguments of inv, det, tr and norms."""

    products: ClassVar[frozenset[str]] = frozenset("*×")

    def __init__(self, cursor: Cursor, matrix: Reader) -> None:
        super().__init__(cursor)
        self.matrix = matrix

    def name(self) -> Part:
        """Read a tensor, a scalar, a call or a reduction."""
        cursor = self.cursor
        name, behind = cursor.token, cursor.peek()
        if behind.kind == "indices":
            return self._name_with_indices(name, behind)
        if name.text == "d" and self.is_quotient():
            return self.quotient()
        if self.is_call():
            if cursor.source[name.start] in "ΣΠ":
                raise index_slips.refuse_no_index(cursor, name)
            if name.text in TENSOR_FUNCTIONS:
                return self._tensor_function()
            if name.text in REDUCTIONS and name.text not in BY_NAME:
                raise index_slips.refuse_no_reduced_index(cursor)
            return self._checked_call()
        may_apply = name.text not in cursor.known or name.text in cursor.functions
        return (self._function(name) if may_apply else None) or self._bare_name()

    def _function(self, name: Token) -> Part | None:
        r"""Read f'(x), f^(1,0)(a, b), \log x; None where the name is none of them."""
        cursor = self.cursor
        primes = self._count_primes()
        if primes and cursor.peek(1 + primes).kind == "(" and cursor.is_adjacent(1 + primes):
            return self.call(self, primes=primes)
        if read_orders(cursor.tokens, cursor.k + 1) is not None:
            return self._call_with_orders()
        if name.text in FUNCTIONS:
            return self.apply(self.matrix if name.text in TENSOR_FUNCTIONS else self)
        return None

    def _bare_name(self) -> Name:
        name = self.cursor.advance()
        if self.cursor.source[name.start] in "ΣΠ" and self.starts_factor():
            raise index_slips.refuse_no_index(self.cursor, name)
        return Name("ones" if name.text == "𝟏" else name.text, None, name.span)

    def _name_with_indices(self, name: Token, behind: Token) -> Part:
        cursor = self.cursor
        if name.text not in cursor.known or name.text in cursor.functions:
            if name.text in REDUCTIONS:
                return self._reduction(name.text)
            if name.text == "partial":
                return self._field_derivative()
            if self.is_call(2) and self._holds_indices(cursor.k + 2):
                if cursor.partner[cursor.k + 2] == cursor.k + 5:
                    raise ambiguities.refuse_indexed_argument(cursor, name, behind)
            elif self.is_call(2):
                if name.text in FUNCTIONS:
                    raise index_slips.refuse_indexed_function(cursor, name, behind)
                return self.call(self, indices=behind.indices)
        cursor.advance()
        return self.indexed(name.text, name.start)

    def _holds_indices(self, k: int) -> bool:
        """Whether some tensor inside the bracket at token k carries an index."""
        carried = self.cursor.carried
        return carried[self.cursor.partner[k]] > carried[k]

    def _count_primes(self) -> int:
        cursor, count = self.cursor, 0
        while cursor.peek(1 + count).kind == "'" and cursor.is_adjacent(1 + count):
            count += 1
        return count

    def indexed(self, name: str, start: int) -> Name:
        """Return a name with the indices at the place, checked where the name is built in."""
        cursor = self.cursor
        if cursor.kind != "indices":
            return Name(name, None, cursor.span_from(start))
        group = cursor.advance()
        span = cursor.span_from(start)
        if (name == "δ" and len(group.indices) != 2) or (name == "ε" and len(group.indices) == 1):
            raise index_slips.refuse_rank(cursor, name, span)
        if cursor.kind == "indices":
            raise index_slips.refuse_second_bracket(cursor, span, group)
        indices = group.indices or None
        return Name("1" if name == "𝟏" and indices else name, indices, span)

    def ones(self) -> Tree:
        """1_i."""
        token = self.cursor.advance()
        if token.text != "1":
            raise index_slips.refuse_indexed_numeral(self.cursor, token)
        return self.indexed("1", token.start)

    def _checked_call(self) -> Routine:
        """Read a call, behind which no indices may stand."""
        cursor = self.cursor
        tree = yield self.call(self)
        if cursor.kind == "indices":
            raise index_slips.refuse_indexed(cursor, tree.span)
        return tree

    def _tensor_function(self) -> Routine:
        """inv(A)_ij: the argument is matrix notation, the indices are those of the result."""
        cursor = self.cursor
        if self._holds_indices(cursor.k + 1):
            raise index_slips.refuse_indexed_argument(cursor)
        name = cursor.advance()
        arguments = yield from self.arguments(self.matrix, name)
        indices: tuple[Index, ...] | None = None
        if cursor.kind == "indices":
            indices = cursor.advance().indices
        return Call(name.text, arguments, indices, cursor.span_from(name.start), name.span)

    def _call_with_orders(self) -> Routine:
        """f^(1,0)(a, b)."""
        cursor = self.cursor
        name = cursor.token
        found = read_orders(cursor.tokens, cursor.k + 1)
        assert found is not None  # the caller has looked
        orders, cursor.k = found
        arguments = yield from self.arguments(self, name)
        if len(arguments) != len(orders):
            raise slips.refuse_orders(cursor, name, len(orders), len(arguments))
        return Call(name.text, arguments, None, cursor.span_from(name.start), name.span, orders=orders)

    def operator(self) -> Part:
        """Read what begins with ∂, Σ, Π or a bar."""
        cursor = self.cursor
        kind = cursor.kind
        if kind == "∇":
            raise index_slips.refuse_gradient(cursor)
        if kind == "⟨":
            raise index_slips.refuse_inner_product(cursor)
        if kind == "d":
            return self.differential()
        if kind == "∂":
            return self._field_derivative() if cursor.peek().kind == "indices" else self.derivative()
        if kind in ("Σ", "Π"):
            return self._reduction("sum" if kind == "Σ" else "prod")
        return self.bars(self.matrix if kind == "‖" else self)

    def _reduction(self, operator: str) -> Routine:
        """sum_i(…) is a call; Σ_i … reaches over the product that follows."""
        cursor = self.cursor
        sign, group = cursor.advance(), cursor.token
        if group.kind != "indices" or not group.indices:
            raise index_slips.refuse_no_index(cursor, sign)
        for index in group.indices:
            if isinstance(index.name, int):
                raise index_slips.refuse_component(cursor, index)
        cursor.advance()
        is_word = sign.kind == "name" and cursor.source[sign.start] != "\\"
        if is_word and cursor.kind == "(" and cursor.is_adjacent(0):
            start = cursor.peek().start
            body = yield self.group()
            inside = Span(start, cursor.tokens[cursor.k - 2].stop)
            if cursor.kind in ("^", "power"):
                raise ambiguities.refuse_power_of_reduction(cursor, sign, group, inside)
            if cursor.kind == "indices":
                raise index_slips.refuse_indexed(cursor, cursor.span_from(sign.start))
        else:
            body = yield self.signed(self.product())
        return Reduce(operator, group.indices, body, cursor.span_from(sign.start))

    def _field_derivative(self) -> Routine:
        """∂_l Primary; ∂_lm is ∂_l ∂_m."""
        cursor = self.cursor
        sign, group = cursor.advance(), cursor.advance()
        start = cursor.token.start
        body = yield self.primary()
        if cursor.kind in ("^", "power"):
            raise ambiguities.refuse_power_of_field(cursor, sign, group, cursor.span_from(start))
        span = cursor.span_from(sign.start)
        if not group.indices:
            raise index_slips.refuse_no_index(cursor, sign)
        for index in reversed(group.indices):
            if isinstance(index.name, int):
                raise index_slips.refuse_component(cursor, index)
            body = FieldDerivative(index, body, span)
        return body

    def postfix(self, base: Tree, start: int) -> Tree | None:
        """Refuse what belongs to matrix notation, and indices of what is no tensor."""
        cursor = self.cursor
        kind = cursor.kind
        if kind == "indices":
            raise index_slips.refuse_indexed(cursor, cursor.span_from(start))
        if kind in ("'", "ᵀ") or (kind == "^" and self._is_foreign_transpose()):
            raise index_slips.refuse_transpose(cursor, base)
        return None

    def _is_foreign_transpose(self) -> bool:
        """Whether `^T` stands here where T is no name of the text, or `^⊤`."""
        cursor = self.cursor
        token = cursor.peek(2) if cursor.peek().kind == "{" else cursor.peek()
        if token.kind in ("ᵀ", "'"):
            return True
        return token.text == "T" and "T" not in cursor.known
