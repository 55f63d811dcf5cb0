"""What index notation and matrix notation share: sums, products, quotients, powers, brackets, calls.

Every rule of the grammar is a *routine*: a generator that yields the routine of each part and is sent its tree.  `run`
keeps the waiting routines on a list, so that nesting is limited by memory and not by Python's recursion.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from fractions import Fraction
from types import GeneratorType
from typing import ClassVar, TypeAlias, cast

from einsdiff.errors import Span
from einsdiff.text import slips
from einsdiff.text.cursor import DEPTH, FUNCTIONS, Cursor
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import OPENERS
from einsdiff.text.tree import Add, Call, Compare, Divide, Entrywise, Kronecker, Multiply, Name, Negative, Numeral, Raise
from einsdiff.text.tree import Tree

Part: TypeAlias = "Tree | Routine"
Routine: TypeAlias = Generator[Part, Tree, Tree]

OPENING = frozenset(["name", "number", "(", "[", "{", "frac", "√", "∂", "Σ", "Π"])
RELATIONS = frozenset([">", "<", ">=", "<=", "==", "!="])
DIGITS = 400  # of a numeral, and the largest power of ten in one


def run(routine: Routine, cursor: Cursor) -> Tree:
    """Return the tree that a routine makes."""
    waiting = [routine]
    tree = cast("Tree", None)  # what a generator is sent first
    while waiting:
        try:
            part = waiting[-1].send(tree)
        except StopIteration as stop:
            tree = stop.value
            waiting.pop()
        else:
            if isinstance(part, GeneratorType):
                waiting.append(part)
                tree = cast("Tree", None)
                if len(waiting) > 5 * DEPTH:
                    raise slips.refuse_depth(cursor)
            else:
                tree = cast("Tree", part)
    return tree


class Reader(ABC):
    """The rules that both notations share."""

    products: ClassVar[frozenset[str]] = frozenset("*")
    entrywise: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    @abstractmethod
    def name(self) -> Part:
        """Read what begins with a name."""

    @abstractmethod
    def operator(self) -> Part:
        """Read what begins with ∂, Σ, Π or a bar."""

    @abstractmethod
    def postfix(self, base: Tree, start: int) -> Part | None:
        """Read a transpose or what else stands behind a factor; None where nothing does."""

    def sum(self) -> Routine:
        """Sum = [sign] Product { sign Product }."""
        cursor = self.cursor
        start = cursor.token.start
        terms = [(yield self.signed(self.product()))]
        while cursor.kind in ("+", "-"):
            terms.append((yield self.signed(self.product())))
        return terms[0] if len(terms) == 1 else Add(tuple(terms), cursor.span_from(start))

    def signed(self, body: Routine) -> Part:
        """Signs bind as in mathematics: -x^2 is -(x^2), -a b is -(a b)."""
        return self._signed(body) if self.cursor.kind in ("+", "-") else body

    def _signed(self, body: Routine) -> Routine:
        cursor, signs = self.cursor, []
        while cursor.kind in ("+", "-"):
            signs.append(cursor.advance())
        tree = yield body
        for sign in reversed(signs):
            if sign.kind == "-":
                tree = Negative(tree, cursor.span_from(sign.start))
        return tree

    def product(self) -> Routine:
        """Product = Factor { [*] Factor | / Factor | ⊙ Factor }, from the left."""
        cursor = self.cursor
        start = cursor.token.start
        factors = [(yield self.quotient_of_numerals() or self.factor())]
        tight: Token | None = None  # the operator that takes one factor on its right
        while True:
            kind = cursor.kind
            if kind in self.products and (tight is None or tight.kind == "/"):
                cursor.advance()
                factors.append((yield self.quotient_of_numerals() or self.signed(self.factor())))
                tight = None
            elif kind == "/" or kind in self.entrywise:
                if tight is not None and (tight.kind == "⊗") != (kind == "⊗"):
                    raise (yield from self._refuse_reading(tight, cursor.advance(), factors[0]))
                left = self._multiply(factors, start)
                tight = cursor.advance()
                right = yield self.signed(self.factor())
                factors = [_join(tight.kind, left, right, cursor.span_from(start))]
            elif kind in self.products or self.starts_factor():
                if tight is not None:
                    sign = cursor.advance() if kind in self.products else None
                    raise (yield from self._refuse_reading(tight, sign, factors[0]))
                if kind == "number" and cursor.last.kind == "number":
                    raise slips.refuse_two_numerals(cursor)
                factors.append((yield self.factor()))
            else:
                return self._multiply(factors, start)

    def _multiply(self, factors: list[Tree], start: int) -> Tree:
        return factors[0] if len(factors) == 1 else Multiply(tuple(factors), self.cursor.span_from(start))

    def _refuse_reading(
        self, tight: Token, sign: Token | None, joined: Tree
    ) -> Generator[Part, Tree, slips.AmbiguityError]:
        """Return the error for `a / b c`: both readings, once the next factor is read."""
        start = self.cursor.token.start
        yield self.signed(self.factor())
        return slips.refuse_quotient(self.cursor, joined, tight, sign, self.cursor.span_from(start))

    def quotient_of_numerals(self) -> Tree | None:
        """1/2 is a number: 1/2 x is (1/2) x."""
        cursor = self.cursor
        if cursor.kind != "number" or cursor.peek().kind != "/" or cursor.peek(2).kind != "number":
            return None
        if cursor.peek(3).kind in ("^", "power", "indices", ".^") or cursor.peek(3).kind in self.entrywise:
            return None
        start = cursor.token.start
        above = self.numeral()
        cursor.advance()
        return Divide(above, self.numeral(), cursor.span_from(start))

    def starts_factor(self) -> bool:
        """Whether the next token begins a factor; a bar does where it does not close one."""
        kind = self.cursor.kind
        return kind in OPENING or (kind in ("‖", "|") and self.cursor.bars[-1] != kind)

    def factor(self) -> Routine:
        """Factor = Primary { power | transpose }."""
        cursor = self.cursor
        start = cursor.token.start
        tree = yield self.primary()
        while True:
            kind = cursor.kind
            if kind == "power":
                tree = self.small_power(tree, start)
            elif kind == "^":
                tree = yield (self.postfix(tree, start) or self.power(tree, start))
            else:
                part = self.postfix(tree, start)
                if part is None:
                    return tree
                tree = yield part

    def primary(self) -> Part:
        """Primary = name … | numeral | bracket | operator."""
        kind = self.cursor.kind
        if kind == "name":
            return self.name()
        if kind == "number":
            return self.numeral()
        if kind in OPENERS:
            return self.group()
        if kind == "frac":
            return self.fraction()
        if kind == "√":
            return self.root()
        if self.starts_factor() or kind in ("‖", "|"):
            return self.operator()
        raise slips.refuse_operand(self.cursor)

    def numeral(self) -> Numeral:
        """Numeral = digits [. digits] [e digits], exact."""
        token = self.cursor.advance()
        mantissa, _, exponent = token.text.lower().partition("e")
        if len(mantissa) > DIGITS or len(exponent) > len(str(DIGITS)) + 1 or abs(int(exponent or 0)) > DIGITS:
            raise slips.refuse_numeral(self.cursor, token)
        if self.cursor.kind == "indices" and token.text != "1":
            raise slips.refuse_indexed(self.cursor, token.span)
        return Numeral(Fraction(token.text.rstrip(".")), token.span)

    def group(self) -> Routine:
        """Group = ( Sum ), with any kind of bracket."""
        cursor = self.cursor
        closer = OPENERS[cursor.advance().kind]
        cursor.bars.append("")
        tree = yield self.sum()
        if cursor.kind != closer:
            raise slips.refuse_token(cursor, inside=True)
        cursor.bars.pop()
        cursor.advance()
        return tree

    def power(self, base: Tree, start: int) -> Routine:
        r"""base ^ Exponent; in LaTeX the indices of the base may stand behind: x^2_i, x^{2}_{i}."""
        cursor = self.cursor
        cursor.advance()
        is_loose = cursor.kind in ("number", "{")
        exponent = yield self.exponent()
        span = cursor.span_from(start)
        if is_loose and cursor.kind == "indices" and isinstance(base, Name) and base.indices is None:
            base = self.indexed(base)
            span = cursor.span_from(start)
        return Raise(base, exponent, span)

    def exponent(self) -> Routine:
        """Exponent = [sign] Primary [^ Exponent]: from the right."""
        return self._exponent()

    def _exponent(self) -> Routine:
        cursor = self.cursor
        start = cursor.token.start
        if cursor.kind in ("+", "-"):
            return (yield self._signed(self._exponent()))
        if cursor.kind == "number":
            token = cursor.advance()
            loose = cursor.kind == "indices" and cursor.token.text.startswith("_")
            cursor.k -= 1
            tree: Tree = self.bare_numeral() if loose and token.text != "1" else (yield self.primary())
        else:
            tree = yield self.primary()
        if cursor.kind == "power":
            tree = self.small_power(tree, start)
        elif cursor.kind == "^" and not self.is_transpose():
            cursor.advance()
            exponent = yield self._exponent()
            tree = Raise(tree, exponent, cursor.span_from(start))
        return tree
