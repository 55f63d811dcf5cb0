"""Matrix notation: transposes, inverses, entrywise and Kronecker products, norms."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from einsdiff.errors import Span
from einsdiff.text import ambiguities, index_slips, slips
from einsdiff.text.bare_functions import is_determinant
from einsdiff.text.cursor import FUNCTIONS, Cursor
from einsdiff.text.expressions import Part, Routine
from einsdiff.text.gradients import SCALARS, GradientReader
from einsdiff.text.tree import Call, Entrywise, Kronecker, Name, Negative, Numeral, Raise, Transpose, Tree


class MatrixReader(GradientReader):
    """Reads matrix notation."""

    stacks: ClassVar[bool] = True
    entrywise: ClassVar[frozenset[str]] = frozenset("⊙⊘⊗")

    def __init__(self, cursor: Cursor, *, inside: bool = True) -> None:
        """Take a cursor; `inside` says whether matrix notation stands in the arguments of index notation only."""
        super().__init__(cursor)
        self.inside = inside

    def name(self) -> Part:
        """Read a name or a call."""
        cursor = self.cursor
        name = cursor.token
        if name.text == "d" and self.is_quotient():
            return self.quotient()
        if name.text == "d" and cursor.source[name.start] == "\\":
            raise slips.refuse_differential(cursor)
        if self.is_call():
            return self._kronecker() if name.text == "kron" else self.call(self)
        if name.text in FUNCTIONS and name.text not in cursor.known and cursor.peek().kind != "indices":
            return self.apply(self)
        cursor.advance()
        return self.indexed("ones" if name.text == "𝟏" else name.text, name.start)

    def indexed(self, name: str, start: int) -> Name:
        """Return a name; indices are refused."""
        if self.cursor.kind == "indices":
            raise index_slips.refuse_index(self.cursor, Span(start, self.cursor.last.stop), inside=self.inside)
        return Name(name, None, self.cursor.span_from(start))

    def ones(self) -> Tree:
        """1 is a number here, and carries no index."""
        token = self.cursor.advance()
        raise index_slips.refuse_index(self.cursor, token.span, inside=self.inside)

    def _kronecker(self) -> Routine:
        """kron(A, B)."""
        cursor = self.cursor
        name = cursor.advance()
        arguments = yield from self.arguments(self, name)
        if len(arguments) != 2:
            raise slips.refuse_kron(cursor, name, len(arguments))
        return Kronecker(arguments[0], arguments[1], cursor.span_from(name.start))

    def operator(self) -> Part:
        """Read what begins with ∂, ∇, ⟨ or a bar."""
        kind = self.cursor.kind
        if kind == "∇":
            return self.gradient()
        if kind == "⟨":
            return self._inner_product()
        if kind == "d":
            return self.differential()
        if kind == "∂" and self.cursor.peek().kind != "indices":
            return self.derivative()
        if kind == "‖":
            return self.bars(self)
        if kind == "|" and self.cursor.peek().text in SCALARS:
            return self.bars(self)
        if kind == "|" and is_determinant(self.cursor):
            return self.bars(self, "det")
        if kind == "|":
            raise ambiguities.refuse_single_bar(self.cursor)
        raise index_slips.refuse_index_operator(self.cursor)

    def _inner_product(self) -> Routine:
        """⟨A, B⟩ = Σ_ij A_ij B_ij, for vectors, too."""
        cursor = self.cursor
        sign = cursor.advance()
        left = yield self.sum()
        self.expect(",")
        right = yield self.sum()
        self.expect("⟩")
        if cursor.kind == "indices" and [index.name for index in cursor.token.indices] == ["F"]:
            cursor.advance()
        span = cursor.span_from(sign.start)
        return Call("sum", (Entrywise("*", left, right, span),), None, span, sign.span)

    def postfix(self, base: Tree, start: int) -> Tree | None:
        """Read x', xᵀ, x^T, A^{-T}, A⁻ᵀ and begin x .^ n."""
        cursor = self.cursor
        kind = cursor.kind
        if kind in ("'", "ᵀ"):
            self._check_one(base)
            cursor.advance()
            return Transpose(base, cursor.span_from(start))
        if kind == "^":
            return self._raised_transpose(base, start)
        if kind == "power" and cursor.token.text == "-" and cursor.peek().kind == "ᵀ":
            sign = cursor.advance()
            cursor.advance()
            return self._invert(base, sign.span, start)
        if kind == "indices":
            raise index_slips.refuse_index(cursor, cursor.span_from(start), inside=self.inside)
        return None

    def is_transpose(self) -> bool:
        """Whether the `^` at the place stands before T, ⊤ or a prime, in braces or not."""
        return self.cursor.kind == "^" and self._transpose_length() > 0

    def _transpose_length(self) -> int:
        """Return how many tokens `^T`, `^{T}`, `^-T`, `^{-T}` take; 0 where it is none of them."""
        cursor, k = self.cursor, 1
        braced = cursor.peek().kind == "{"
        k += braced
        k += cursor.peek(k).kind == "-"
        if not (cursor.peek(k).kind in ("ᵀ", "'") or cursor.peek(k).text == "T"):
            return 0
        if braced and cursor.peek(k + 1).kind != "}":
            return 0
        return k + 1 + braced

    def _raised_transpose(self, base: Tree, start: int) -> Tree | None:
        cursor = self.cursor
        length = self._transpose_length()
        if not length:
            self._check_small_t(start)
            return None
        self._check_one(base)
        sign = cursor.token
        inverse = any(cursor.peek(k).kind == "-" for k in range(1, length))
        cursor.k += length
        if inverse:
            return self._invert(base, cursor.span_from(sign.start), start)
        return Transpose(base, cursor.span_from(start))

    def _check_one(self, base: Tree) -> None:
        """Raise AmbiguityError at `1'`: a number has no use for a transpose; `(1)'` is one all the same."""
        if isinstance(base, Numeral) and base.value == 1 and self.cursor.last.kind != ")":
            raise ambiguities.refuse_one(self.cursor, base.span)

    def _check_small_t(self, start: int) -> None:
        """Raise AmbiguityError at `x^t` and `x^{t}` where nothing else is called t."""
        cursor = self.cursor
        braced = cursor.peek().kind == "{"
        is_t = cursor.peek(1 + braced).text == "t" and (not braced or cursor.peek(3).kind == "}")
        if is_t and not cursor.stands_alone("t"):
            power = cursor.token.span.to(cursor.peek(1 + 2 * braced).span)
            raise ambiguities.refuse_small_t(cursor, cursor.span_from(start), power)

    def _invert(self, base: Tree, sign: Span, start: int) -> Tree:
        """(A^-1)ᵀ."""
        span = self.cursor.span_from(start)
        return Transpose(Raise(base, Negative(Numeral(Fraction(1), sign), sign), span), span)

    def power(self, base: Tree, start: int) -> Routine:
        """Read `^ Exponent` or `.^ Exponent`."""
        if self.cursor.kind == "^":
            return super().power(base, start)
        return self._entrywise_power(base, start)

    def _entrywise_power(self, base: Tree, start: int) -> Routine:
        self.cursor.advance()
        exponent = yield self.exponent()
        return Entrywise("^", base, exponent, self.cursor.span_from(start))
