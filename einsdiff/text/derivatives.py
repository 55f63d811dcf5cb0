r"""Derivatives as a whole: `∂y_i/∂x_j`, `d(…)/dx`, `\frac{\partial …}{\partial …}`, `∂²(…)/∂x∂xᵀ`."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from einsdiff.text import ambiguities, reach, slips
from einsdiff.text.cursor import BREAKS, FUNCTIONS, Cursor
from einsdiff.text.expressions import Reader, Routine
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import CLOSERS, name_of
from einsdiff.text.tree import (
    Differential,
    Differentiate,
    Divide,
    Multiply,
    Name,
    Numeral,
    Transpose,
    Tree,
    children,
)

PRODUCTS = frozenset(["*", "/", "⊙", "⊘", "⊗", "×"])
"""Signs between factors."""
SIDES = BREAKS | {"="}
"""Kinds that end a side of an equation."""
ENDS = frozenset(["+", "-", "/", "⊘", ",", ">", "<", ">=", "<=", "==", "!="])
"""Kinds behind which something else begins than the next factor of a product."""


class DerivativeReader(Reader):
    """Reads derivatives; what a name may carry, and whether vec(X) is a variable, is the notation's affair."""

    stacks: ClassVar[bool] = False

    def derivative(self) -> Routine:
        """∂ Factor / ∂ name, or the operator ∂/∂ name before a factor."""
        cursor = self.cursor
        first = cursor.k
        sign = cursor.advance()
        order = self._order()
        behind_order = cursor.k
        if cursor.kind == "/":
            cursor.advance()
            wrt = self._variables(order, sign)
            body = yield self._behind(first, _is_one_product)
        else:
            body = yield self.factor()
            if cursor.kind != "/":
                loose = reach.refuse_loose(cursor, sign)
                if loose is not None or not cursor.takes_differentials:
                    raise loose or slips.refuse_loose_derivative(cursor, sign)
                return self._differential(body, sign, order, behind_order)
            cursor.advance()
            wrt = self._variables(order, sign)
        return Differentiate(body, wrt, cursor.span_from(sign.start), self._stacked_in(wrt))

    def differential(self) -> Routine:
        """Read d [order] Factor."""
        cursor = self.cursor
        sign = cursor.advance()
        order = self._order()
        behind_order = cursor.k
        body = yield self.factor()
        return self._differential(body, sign, order, behind_order)

    def _differential(self, body: Tree, sign: Token, order: int, first: int) -> Tree:
        """Return d body, or d² body = d(d body), where the factor that was read begins at token `first`."""
        reach.check_reach(self.cursor, sign, first, body, goes_on=self.starts_factor())
        for _ in range(order):
            body = Differential(body, self.cursor.span_from(sign.start))
        return body

    def fraction(self) -> Routine:
        r"""\frac{Sum}{Sum}, or a derivative where both parts begin with ∂ or with d."""
        cursor = self.cursor
        first = cursor.k
        sign = cursor.advance()
        below = cursor.partner[cursor.k] + 1 if cursor.kind == "{" else cursor.k
        if cursor.kind != "{" or cursor.tokens[below].kind != "{":
            raise slips.refuse_fraction(cursor, sign)
        if self._begins_derivative(cursor.k, below):
            return (yield self._derivative_fraction(first))
        above = yield self.group()
        return Divide(above, (yield self.group()), cursor.span_from(sign.start))

    def _begins_derivative(self, above: int, below: int) -> bool:
        r"""Whether two groups are those of \frac{\partial …}{\partial …}, \frac{d …}{dx} or \frac{dy}{dx}."""
        cursor = self.cursor
        if not _is_sign(cursor, below + 1, loose=True):
            return False
        if _is_sign(cursor, above + 1):
            return True
        length = cursor.partner[above] - above - 1
        is_name = length == 1 or (length == 2 and cursor.tokens[above + 2].kind == "indices")
        return is_name and _is_sign(cursor, above + 1, loose=True)

    def _derivative_fraction(self, first: int) -> Routine:
        r"""\frac{\partial y}{\partial x}, or the operator \frac{\partial}{\partial x}; \frac is token `first`."""
        cursor = self.cursor
        sign = cursor.tokens[first]
        cursor.advance()
        mark = cursor.advance()
        order = self._order()
        body: Tree | None = None
        if mark.kind == "name" and mark.text != "d":
            body = self.indexed(name_of(mark.text[1:]), mark.start + 1)
        elif cursor.kind != "}":
            body = yield self.product()
        self.expect("}")
        wrt = self._variables(order, mark)
        if body is None:
            body = yield self._behind(first, _is_one_product)
        return Differentiate(body, wrt, cursor.span_from(sign.start), self._stacked_in(wrt))

    def _behind(self, first: int, is_one: Callable[[Tree], bool]) -> Routine:
        """Return the factor behind the operator that begins at token `first`; a product behind it is ambiguous.

        Where operator and product are all of a side of an equation, `is_one` tells whether it reaches over the product.
        """
        cursor = self.cursor
        place, operator = cursor.k, cursor.span_from(cursor.tokens[first].start)
        if self._is_side(first):
            body = yield self.product()
            if is_one(body):
                return body
            cursor.k = place
        self.check_factor(first)
        start = cursor.token.start
        body = yield self.factor()
        span = cursor.span_from(start)
        if self.starts_factor() or cursor.kind in PRODUCTS:
            cursor.k += cursor.kind in PRODUCTS
            behind = cursor.token.start
            yield self.factor()
            stop = max(cursor.last.stop, cursor.tokens[self._end_of_product(place) - 1].stop)
            raise ambiguities.refuse_operator(cursor, operator, span, cursor.span_from(behind), stop)
        return body

    def check_factor(self, first: int) -> None:
        """Refuse the factor at the place where it can be read in two ways; its operator begins at token `first`."""

    def _is_side(self, first: int) -> bool:
        """Whether a product without derivatives, from the place on, and what begins at token `first` are one side."""
        tokens, start = self.cursor.tokens, self.cursor.k
        if first and tokens[first - 1].kind not in SIDES:
            return False
        stop = self._end_of_product(start)
        return tokens[stop].kind in SIDES and not any(map(self._differentiates, range(start, stop)))

    def _end_of_product(self, k: int) -> int:
        """Return the number of the token behind the product that begins at token k."""
        cursor, bar = self.cursor, False
        tokens = cursor.tokens
        while tokens[k].kind not in SIDES | CLOSERS:
            kind = tokens[k].kind
            bar ^= kind == "‖"
            is_numeral = kind == "/" and tokens[k - 1].kind == tokens[k + 1].kind == "number"
            is_exponent = kind == "-" and tokens[k - 1].kind == "^"
            if kind in ENDS and not (bar or is_numeral or is_exponent):
                break
            k = cursor.partner.get(k, k) + 1
        return k

    def _differentiates(self, k: int) -> bool:
        """Whether a derivative begins at token k."""
        tokens = self.cursor.tokens
        if tokens[k].kind == "frac":
            below = self.cursor.partner.get(k + 1, k) + 1
            return tokens[k + 1].kind == tokens[below].kind == "{" and self._begins_derivative(k + 1, below)
        return tokens[k].kind in ("∂", "∇") or tokens[k].text == "d"

    def is_quotient(self) -> bool:
        """Whether the `d` at the place begins d(…)/d(…), d(…)/dx or d²(…)/…."""
        cursor = self.cursor
        k = cursor.k + 1
        if cursor.tokens[k].kind == "power":
            k += 1
        elif cursor.tokens[k].kind == "^" and cursor.tokens[k + 1].kind == "number":
            k += 2
        if cursor.tokens[k].kind != "(" or cursor.tokens[k].start != cursor.tokens[k - 1].stop:
            return False
        k = cursor.partner[k] + 1
        if cursor.tokens[k].kind != "/":
            return False
        k += 1 + (cursor.tokens[k + 1].kind == "(")
        below = cursor.tokens[k]
        if below.kind != "name" or below.text[0] != "d":
            return False
        return len(below.text) > 1 or cursor.tokens[k + 1].kind in ("(", "name")

    def quotient(self) -> Routine:
        """d(Sum)/d(name), d(Sum)/dx."""
        cursor = self.cursor
        sign = cursor.advance()
        order = self._order()
        body = yield self.group()
        self.expect("/")
        wrt = self._variables(order, sign)
        return Differentiate(body, wrt, cursor.span_from(sign.start), self._stacked_in(wrt))

    def _order(self) -> int:
        """Read the order of a derivative: ², ^2, ^{2}; 1 where none stands."""
        cursor = self.cursor
        if cursor.kind == "power":
            token = cursor.advance()
        elif cursor.kind == "^":
            cursor.advance()
            braced = cursor.kind == "{"
            cursor.k += braced
            if cursor.kind != "number":
                raise slips.refuse_operand(cursor)
            token = cursor.advance()
            if braced:
                self.expect("}")
        else:
            return 1
        if not token.text.isdigit() or not 0 < int(token.text[:9]) < 100:
            raise slips.refuse_order(cursor, token)
        return int(token.text)

    def _variables(self, order: int, sign: Token) -> tuple[Name, ...]:
        """Read as many ∂x as the order says; ∂x² counts twice."""
        cursor = self.cursor
        closer = cursor.partner.get(cursor.k)
        if closer is not None:
            cursor.advance()
        names: list[Name] = []
        while len(names) < order:
            if not _is_sign(cursor, cursor.k, loose=True):
                raise slips.refuse_count(cursor, sign, order, len(names))
            name = self._variable()
            repeated = 1
            if cursor.kind in ("power", "^") and order > 1:
                repeated = self._order()
            names.extend([name] * repeated)
        if len(names) > order:
            raise slips.refuse_count(cursor, sign, order, len(names))
        if closer is not None:
            if cursor.k != closer:
                raise slips.refuse_count(cursor, sign, order, order + 1)
            cursor.advance()
        return tuple(names)

    def _variable(self) -> Name:
        """Read ∂x_k, d(x_k) or dx; a transpose behind it only says how to write the result."""
        cursor = self.cursor
        sign = cursor.advance()
        bracket = cursor.kind == "(" and (sign.kind == "∂" or sign.text == "d")
        if sign.kind == "name" and sign.text != "d":
            name = self.indexed(name_of(sign.text[1:]), sign.start + 1)
        else:
            cursor.k += bracket
            if cursor.kind != "name":
                raise slips.refuse_operand(cursor)
            if cursor.token.text in FUNCTIONS - cursor.known and cursor.peek().kind == "(" and cursor.is_adjacent():
                name = self._stacked()
            else:
                name = self.indexed(cursor.token.text, cursor.advance().start)
        self._skip_transpose()
        if bracket:
            self.expect(")")
            self._skip_transpose()
        return name

    def _stacked(self) -> Name:
        """Read vec(X)."""
        cursor = self.cursor
        is_name = cursor.peek(2).kind == "name" and cursor.peek(3).kind == ")"
        if cursor.token.text != "vec" or not is_name or not self.stacks:
            raise slips.refuse_variable(cursor)
        start = cursor.advance().start
        cursor.advance()
        name = Name(cursor.advance().text, None, cursor.span_from(start))
        cursor.advance()
        return name

    def _stacked_in(self, wrt: tuple[Name, ...]) -> frozenset[str]:
        """Return the names of variables that were written as vec(X)."""
        source = self.cursor.source
        return frozenset(name.name for name in wrt if "vec" in source[name.span.start : name.span.stop])

    def _skip_transpose(self) -> None:
        cursor = self.cursor
        if self.is_transpose():
            is_braced = cursor.peek().kind == "{"
            cursor.k = cursor.partner[cursor.k + 1] + 1 if is_braced else cursor.k + 2
        elif cursor.kind in ("ᵀ", "'"):
            cursor.advance()


def leading(tree: Tree) -> tuple[Tree, tuple[Tree, ...]]:
    """Return the first factor of a product that is no number, and those behind it."""
    factors = tree.factors if isinstance(tree, Multiply) else (tree,)
    k = next((k for k, factor in enumerate(factors) if not _is_number(factor)), len(factors) - 1)
    return factors[k], factors[k + 1 :]


def _is_number(tree: Tree) -> bool:
    return isinstance(tree, Numeral) or (isinstance(tree, Divide) and all(map(_is_number, children(tree))))


def _is_one_product(tree: Tree) -> bool:
    """Whether a product is all that is differentiated by an operator before it: x' A x,  1/2 ‖A x - b‖²."""
    first, rest = leading(tree)
    return isinstance(tree, Multiply) and (isinstance(first, Transpose) or not rest)


def _is_sign(cursor: Cursor, k: int, *, loose: bool = False) -> bool:
    """Whether token k is a ∂ or a d that stands before a variable; `loose` allows dx."""
    token, behind = cursor.tokens[k], cursor.tokens[min(k + 1, len(cursor.tokens) - 1)]
    if token.kind == "∂":
        return behind.kind != "indices"
    if token.kind != "name" or token.text[0] != "d":
        return False
    return token.text == "d" and behind.kind != "indices" if len(token.text) == 1 else loose
