r"""The gradient sign: `∇_x f` is ∂f/∂x, `∇²_x f` is ∂²f/∂x∂xᵀ, `∇f(x)` is by x."""

from __future__ import annotations

from collections.abc import Collection

from einsdiff.text import ambiguities, slips
from einsdiff.text.cursor import FUNCTIONS
from einsdiff.text.derivatives import DerivativeReader, leading
from einsdiff.text.expressions import Routine
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import OPENERS
from einsdiff.text.tree import Call, Differentiate, Multiply, Name, Transpose, Tree, children

SCALARS = frozenset(["sum", "tr", "det", "logdet", "norm", "norm1", "norm2", "normF"])
"""Functions whose value is a scalar, whatever stands in them, so that |det(A)| is an absolute value."""


class GradientReader(DerivativeReader):
    """Reads gradients in matrix notation."""

    def gradient(self) -> Routine:
        """∇ [order] [_ names] [order] Factor."""
        cursor = self.cursor
        first = cursor.k
        sign = cursor.advance()
        order = self._order() if self._has_order() else 1
        group = cursor.advance() if cursor.kind == "indices" else None
        if order == 1 and self._has_order():
            order = self._order()
        wrt = self._by(sign, group, order)
        names = {name.name for name in wrt}
        body = yield self._behind(first, lambda tree: _is_one_function(tree, names))
        unknown = _unknown(body, self.cursor.functions)
        if unknown is not None:
            raise slips.refuse_gradient_by_entries(cursor, unknown)
        return Differentiate(body, wrt, cursor.span_from(sign.start))

    def _has_order(self) -> bool:
        """Whether a number stands above the sign."""
        cursor = self.cursor
        if cursor.kind == "^":
            return "number" in (cursor.peek().kind, cursor.peek(2).kind if cursor.peek().kind == "{" else "")
        return cursor.kind == "power"

    def _by(self, sign: Token, group: Token | None, order: int) -> tuple[Name, ...]:
        """Return the variables of ∇_x, ∇²_x, ∇²_xy, ∇_xx, and of ∇f(x)."""
        cursor = self.cursor
        span = cursor.span_from(sign.start)
        if not self.starts_factor():
            raise slips.refuse_gradient(cursor, span)
        if group is None:
            names = self._argument()
            if names is None:
                raise slips.refuse_bare_gradient(cursor, span)
        else:
            if any(not isinstance(index.name, str) or index.is_folded for index in group.indices):
                raise slips.refuse_gradient(cursor, span)
            names = tuple(Name(str(index.name), None, index.span) for index in group.indices)
        if len(names) == 1:
            return names * order
        is_second = len(names) == 2 and (order == 2 or (order == 1 and names[0].name == names[1].name))
        if not is_second:
            raise ambiguities.refuse_joint_gradient(cursor, span, [name.name for name in names])
        return names

    def _argument(self) -> tuple[Name, ...] | None:
        """Return the x of ∇f(x)."""
        cursor = self.cursor
        kinds = [cursor.peek(k).kind for k in range(4)]
        if kinds != ["name", "(", "name", ")"] or not self.is_call():
            return None
        x = cursor.peek(2)
        return (Name(x.text, None, x.span),)

    def check_factor(self, first: int) -> None:
        """Refuse ∇_x fᵀ and ∇_x f^2: of f, or of what is transposed or raised."""
        cursor = self.cursor
        tokens, place = cursor.tokens, cursor.k
        is_name = tokens[place].kind == "name"
        k = place + is_name
        if tokens[k].kind in OPENERS and (not is_name or tokens[k].start == tokens[k - 1].stop):
            k = cursor.partner[k] + 1
        if tokens[first].kind != "∇" or k == place:
            return
        cursor.k = k
        is_transpose = cursor.kind in ("'", "ᵀ") or self.is_transpose()
        is_power = cursor.kind in ("^", "power", ".^")
        if is_transpose or (is_power and is_name):
            last = k + (cursor.kind in ("^", ".^")) + (cursor.peek().kind == "-")
            behind = tokens[k].span.to(tokens[cursor.partner.get(last, last)].span)
            body = tokens[place].span.to(tokens[k - 1].span)
            operator = tokens[first].span.to(tokens[place - 1].span)
            stop = tokens[self._end_of_product(place) - 1].stop
            raise ambiguities.refuse_gradient(cursor, operator, body, behind, stop)
        cursor.k = place


def _is_one_function(tree: Tree, names: set[str]) -> bool:
    """Whether a product is all that a gradient is of: x' A x,  1/2 x' A x,  1/2 ‖A x - b‖²; not f(x)' p."""
    first, rest = leading(tree)
    if rest:
        return isinstance(first, Transpose) and not isinstance(first.body, Call) and bool(names & _names(first))
    return isinstance(tree, Multiply) and not isinstance(first, Transpose)


def _unknown(tree: Tree, known: Collection[str]) -> Call | None:
    """Return the f(x) in a formula, of which f would be a function of each entry: ∇ is of scalars."""
    stack = [tree]
    for part in stack:
        if isinstance(part, Call) and part.name not in FUNCTIONS and part.name not in known:
            return part
        is_done = isinstance(part, Differentiate) or (isinstance(part, Call) and part.name in SCALARS)
        stack += [] if is_done else children(part)
    return None


def _names(tree: Tree) -> set[str]:
    """Return the names in a formula; none where a function of them stands in it of which nothing is known."""
    found, stack = set(), [tree]
    for part in stack:
        stack += children(part)
        if isinstance(part, Call) and part.name not in FUNCTIONS:
            return set()
        found |= {part.name} if isinstance(part, Name) else set()
    return found
