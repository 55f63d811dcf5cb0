"""What index notation and matrix notation share: sums, products, quotients, powers, brackets, calls.

Every rule of the grammar is a *routine*: a generator that yields the routine of each part and is sent its tree.  `run`
keeps the waiting routines on a list, so that nesting is limited by memory and not by Python's recursion.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from fractions import Fraction
from types import GeneratorType
from typing import ClassVar, TypeAlias, cast

from einsdiff.errors import AmbiguityError, Span
from einsdiff.text import ambiguities, slips
from einsdiff.text.bare_functions import is_written_bare
from einsdiff.text.cursor import DEPTH, FUNCTIONS, Cursor
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import OPENERS
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Divide,
    Entrywise,
    Index,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Tree,
)

Routine: TypeAlias = "Generator[Part, Tree, Tree]"
Part: TypeAlias = "Tree | Routine"

OPENING = frozenset(["name", "number", "(", "[", "{", "frac", "√", "∂", "d", "∇", "⟨", "Σ", "Π"])
RELATIONS = frozenset([">", "<", ">=", "<=", "==", "!="])
ENTRYWISE = {"⊙": "*", "⊘": "/"}
NORMS = {1: "norm1", 2: "norm2", "F": "normF"}  # ‖x‖_1
LARGEST = 400  # power of ten in a numeral
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")


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
                    raise slips.refuse_depth(cursor, cursor.token)
            else:
                tree = cast("Tree", part)
    return tree


class Reader(ABC):
    """The rules that both notations share."""

    products: ClassVar[frozenset[str]] = frozenset("*")
    entrywise: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.rules: dict[str, Callable[[], Part]] = {
            "name": self.name,
            "number": self.number,
            "frac": self.fraction,
            "√": self.root,
            **dict.fromkeys(OPENERS, self.group),
            **dict.fromkeys("∂d∇ΣΠ‖|⟨", self.operator),
        }

    @abstractmethod
    def name(self) -> Part:
        """Read what begins with a name."""

    @abstractmethod
    def operator(self) -> Part:
        """Read what begins with ∂, ∇, ⟨, Σ, Π or a bar."""

    @abstractmethod
    def ones(self) -> Tree:
        """Read 1 with indices."""

    @abstractmethod
    def indexed(self, name: str, start: int) -> Name:
        """Return a name with the indices that follow."""

    @abstractmethod
    def postfix(self, base: Tree, start: int) -> Tree | None:
        """Read a transpose, or what else stands behind a factor; None where nothing does."""

    @abstractmethod
    def fraction(self) -> Routine:
        r"""Read what begins with \frac."""

    def is_transpose(self) -> bool:
        """Whether a `^` transposes."""
        return False

    def sum(self) -> Routine:
        """Sum = [sign] Product { sign Product }."""
        cursor = self.cursor
        start = cursor.token.start
        terms = [(yield self.signed(self.product()))]
        while cursor.kind in ("+", "-"):
            terms.append((yield self.signed(self.product())))
        return terms[0] if len(terms) == 1 else Add(tuple(terms), cursor.span_from(start))

    def signed(self, body: Routine) -> Routine:
        """Return the routine of a body with its signs: -x^2 is -(x^2), -a b is -(a b)."""
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
        sides = (Span(start, start), Span(start, start))  # of that operator
        while True:
            kind = cursor.kind
            if kind in self.products and (tight is None or tight.kind == "/"):
                cursor.advance()
                factors.append((yield self.quotient_of_numerals() or self.signed(self.factor())))
                tight = None
            elif kind in self.products or self.starts_factor():
                if tight is not None:
                    raise (yield from self._refuse_reading(tight, sides))
                if kind == "number" and cursor.last.kind == "number":
                    raise slips.refuse_two_numerals(cursor)
                if self.entrywise and cursor.token.text == "1" and cursor.peek().kind != "/":
                    raise ambiguities.refuse_one(cursor, cursor.token.span)
                factors.append((yield self.factor()))
            elif kind == "/" or kind in self.entrywise:
                if tight is not None and (tight.kind == "⊗") != (kind == "⊗"):
                    raise (yield from self._refuse_reading(tight, sides))
                left = _multiply(factors, cursor.span_from(start))
                above, tight = cursor.span_from(start), cursor.advance()
                behind = cursor.token.start
                right = yield self.signed(self.factor())
                sides = (above, cursor.span_from(behind))
                factors = [_join(tight.kind, left, right, cursor.span_from(start))]
            else:
                return _multiply(factors, cursor.span_from(start))

    def _refuse_reading(self, tight: Token, sides: tuple[Span, Span]) -> Generator[Part, Tree, AmbiguityError]:
        """Return the error for `a / b c`: both readings, once the next factor is read."""
        cursor = self.cursor
        sign = None if self.starts_factor() else cursor.advance()
        start = cursor.token.start
        yield self.signed(self.factor())
        return ambiguities.refuse_quotient(cursor, sides, tight, sign, cursor.span_from(start))

    def quotient_of_numerals(self) -> Tree | None:
        """1/2 is a number: 1/2 x is (1/2) x."""
        cursor = self.cursor
        if cursor.kind != "number" or cursor.peek().kind != "/" or cursor.peek(2).kind != "number":
            return None
        behind = cursor.peek(3).kind
        if behind in ("^", "power", "indices", ".^"):
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
            behind = self.postfix(tree, start)
            if behind is not None:
                tree = behind
            elif cursor.kind == "power":
                tree = self.small_power(tree, start)
            elif cursor.kind == "^" or (cursor.kind == ".^" and self.entrywise):
                tree = yield self.power(tree, start)
            else:
                return tree

    def primary(self) -> Part:
        """Primary = name … | numeral | bracket | operator."""
        cursor = self.cursor
        rule = self.rules.get(cursor.kind)
        if rule is None:
            raise slips.refuse_operand(cursor)
        return rule()

    def number(self) -> Part:
        """Read a numeral, or 1 with indices."""
        return self.ones() if self.cursor.peek().kind == "indices" else self.numeral()

    def numeral(self) -> Numeral:
        """Numeral = digits [. digits] [e digits], exact."""
        token = self.cursor.advance()
        exponent = int(token.text.lower().partition("e")[2] or 0)
        if abs(exponent) > LARGEST:
            raise slips.refuse_numeral(self.cursor, token, LARGEST)
        return Numeral(Fraction(token.text), token.span)

    def group(self) -> Routine:
        """Group = ( Sum ), with any kind of bracket."""
        cursor = self.cursor
        closer = OPENERS[cursor.advance().kind]
        cursor.bars.append("")
        tree = yield self.sum()
        self.expect(closer)
        cursor.bars.pop()
        return tree

    def expect(self, kind: str) -> Token:
        """Step over a token of this kind; anything else is an error."""
        if self.cursor.kind != kind:
            raise slips.refuse_token(self.cursor)
        return self.cursor.advance()

    def root(self) -> Routine:
        r"""√ Primary, \sqrt[n]{…}."""
        cursor = self.cursor
        sign = cursor.advance()
        index: Numeral | None = None
        if cursor.kind == "[" and sign.text != "√":
            cursor.advance()
            if cursor.kind != "number":
                raise slips.refuse_operand(cursor)
            index = self.numeral()
            self.expect("]")
        body = yield self.primary()
        span = cursor.span_from(sign.start)
        if index is None:
            return Call("sqrt", (body,), None, span, sign.span)
        return Raise(body, Divide(Numeral(Fraction(1), index.span), index, index.span), span)

    def bars(self, inside: Reader, single: str = "abs") -> Routine:
        """|x_i| is abs, or another function; ‖x‖ a norm."""
        cursor = self.cursor
        sign = cursor.advance()
        cursor.bars.append(sign.kind)
        body = yield inside.sum()
        if cursor.kind != sign.kind:
            raise slips.refuse_open_bar(cursor, sign)
        cursor.advance()
        cursor.bars.pop()
        name = single if sign.kind == "|" else self._norm()
        return Call(name, (body,), None, cursor.span_from(sign.start), sign.span)

    def _norm(self) -> str:
        """Read the subscript of ‖x‖_F, if there is one."""
        cursor = self.cursor
        if cursor.kind != "indices":
            return "norm"
        indices = cursor.token.indices
        norm = NORMS.get(indices[0].name) if len(indices) == 1 else None
        if norm is None:
            raise slips.refuse_norm(cursor)
        cursor.advance()
        return norm

    def power(self, base: Tree, start: int) -> Routine:
        """Read `^ Exponent`; in LaTeX the indices of the base may stand behind: x^2_i, x^{2}_{i}."""
        cursor = self.cursor
        cursor.advance()
        is_loose = cursor.kind in ("number", "{")
        exponent = yield self.exponent()
        self._check_euler(base, exponent)
        if is_loose and cursor.kind == "indices" and isinstance(base, Name) and base.indices is None:
            base = self.indexed(base.name, base.span.start)
        return Raise(base, exponent, cursor.span_from(start))

    def _check_euler(self, base: Tree, exponent: Tree) -> None:
        """Raise AmbiguityError at `e^x`, unless e is declared, defined, or stands elsewhere as a name."""
        number = exponent.body if isinstance(exponent, Negative) else exponent
        if not isinstance(base, Name) or base.name != "e" or base.indices is not None or isinstance(number, Numeral):
            return
        if not self.cursor.stands_alone("e"):
            raise ambiguities.refuse_euler(self.cursor, base.span, exponent.span)

    def exponent(self) -> Routine:
        """Exponent = [sign] Primary [^ Exponent]: from the right."""
        cursor = self.cursor
        start = cursor.token.start
        if cursor.kind in ("+", "-"):
            return (yield self._signed(self.exponent()))
        tree = yield (self.numeral() if cursor.kind == "number" else self.primary())
        if cursor.kind == "power":
            return self.small_power(tree, start)
        if cursor.kind == "^" and not self.is_transpose():
            cursor.advance()
            exponent = yield self.exponent()
            return Raise(tree, exponent, cursor.span_from(start))
        return tree

    def small_power(self, base: Tree, start: int) -> Tree:
        """x², x⁻¹."""
        token = self.cursor.advance()
        if _WHOLE.fullmatch(token.text) is None:
            raise slips.refuse_small_power(self.cursor, token)
        number = int(token.text)
        exponent: Tree = Numeral(Fraction(abs(number)), token.span)
        if number < 0:
            exponent = Negative(exponent, token.span)
        return Raise(base, exponent, self.cursor.span_from(start))

    def is_call(self, ahead: int = 1) -> bool:
        """Whether the name at the place is a function: `NAME(` of no known tensor, or a function's own name."""
        cursor = self.cursor
        if cursor.token.text in cursor.known and cursor.token.text not in cursor.functions:
            return False
        kind = cursor.peek(ahead).kind
        if kind == "(" and (cursor.is_adjacent(ahead) or cursor.k in cursor.own):
            return True
        return ahead == 1 and cursor.token.text in FUNCTIONS and kind in OPENERS

    def call(self, reader: Reader, *, indices: tuple[Index, ...] | None = None, primes: int = 0) -> Routine:
        """Call = name ( Argument { , Argument } ); the place is at the name, `reader` reads the arguments."""
        cursor = self.cursor
        name = cursor.advance()
        cursor.k += primes + (indices is not None)
        arguments = yield from self.arguments(reader, name)
        span = cursor.span_from(name.start)
        return Call(name.text, arguments, indices, span, name.span, primes)

    def arguments(self, reader: Reader, name: Token) -> Generator[Part, Tree, tuple[Tree, ...]]:
        """Read ( Argument { , Argument } )."""
        cursor = self.cursor
        if name.text not in FUNCTIONS and name.text not in cursor.functions:
            slips.refuse_misspelling(cursor, name)
        closer = OPENERS[cursor.advance().kind]
        if cursor.kind == closer:
            raise slips.refuse_no_argument(cursor, name)
        cursor.bars.append("")
        trees: list[Tree] = []
        while True:
            tree = yield reader.sum()
            if cursor.kind in RELATIONS:
                if name.text != "where" or trees:
                    raise slips.refuse_token(cursor)
                relation = cursor.advance().kind
                right = yield reader.sum()
                tree = Compare(relation, tree, right, Span(tree.span.start, right.span.stop))
            trees.append(tree)
            if cursor.kind != ",":
                break
            cursor.advance()
        self.expect(closer)
        cursor.bars.pop()
        return tuple(trees)

    def apply(self, reader: Reader) -> Routine:
        r"""\log x, log det X: a function without brackets takes one factor, and more than one is ambiguous."""
        cursor = self.cursor
        name = cursor.advance()
        if not is_written_bare(cursor, name) or not reader.starts_factor():
            raise slips.refuse_bare_function(cursor, name)
        start = cursor.token.start
        body = yield reader.factor()
        body_span = cursor.span_from(start)
        if self.starts_factor():
            behind = cursor.token.start
            while self.starts_factor():
                yield self.factor()
            raise ambiguities.refuse_bare_product(cursor, name, body_span, cursor.span_from(behind))
        return Call(name.text, (body,), None, cursor.span_from(name.start), name.span)


def _multiply(factors: list[Tree], span: Span) -> Tree:
    return factors[0] if len(factors) == 1 else Multiply(tuple(factors), span)


def _join(kind: str, left: Tree, right: Tree, span: Span) -> Tree:
    """Return left / right, left ⊙ right, left ⊗ right."""
    if kind == "/":
        return Divide(left, right, span)
    if kind == "⊗":
        return Kronecker(left, right, span)
    return Entrywise(ENTRYWISE[kind], left, right, span)
