r"""The `d` of differentials and of derivatives without brackets, in claims: `d tr(A X) = tr(A dX)`, `d log det(X)/dX`.

`d` is a name like any other, unless nobody declares or defines it and the claim shows that it differentiates.  There
the sign becomes a token of its own: `∂` where it has a denominator, `d` where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from einsdiff.errors import AmbiguityError, ClaimError, Mark, ParseError, Span
from einsdiff.text.cursor import BREAKS, FUNCTIONS, Cursor
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import OPENERS, name_of
from einsdiff.text.tree import Differential, Divide, Multiply, Name, Raise, Statement, Transpose, Tree, children

PAGE = "(spec/language.md, Differentials)"
_LETTERS = re.compile(r"[A-Za-zΑ-Ωα-ω][0-9]*")
_GLUED = re.compile(r"((?:[A-Z][0-9]*)*)d([A-Za-zΑ-Ωα-ω]\w*)")
_LONELY = re.compile(r"d[A-Za-zΑ-Ωα-ω][0-9]*")
_NOTHING = re.compile(r"(?:\\[,!;: ]|[\s{}~])*")
CLOSERS = frozenset(")]}")


def mark_signs(cursor: Cursor, known: Collection[str]) -> list[Token]:
    """Return the tokens of a claim in which every `d` that differentiates is a sign: `∂` over a denominator, else `d`.

    `known` are the names that are declared or defined; as such they stay names.
    """
    if "d" in known or not any(token.kind == "name" and "d" in token.text for token in cursor.tokens):
        return cursor.tokens
    plain = _without_braces(cursor.tokens)
    inner = cursor if plain is cursor.tokens else Cursor(cursor.source, plain, known)
    found = _Reading(inner, known).marked()
    return cursor.tokens if found is plain else found


def begins_with_sign(source: str, tokens: list[Token], known: Collection[str]) -> bool:
    """Whether the first token of an equation is the d of a differential."""
    try:
        return mark_signs(Cursor(source, tokens, known), known)[0].kind == "d"
    except AmbiguityError:
        return True


def names_glued(word: str) -> set[str]:
    """Return the names in a word that may be a differential.

    >>> sorted(names_glued("AdX"))
    ['A', 'X']
    """
    found = _GLUED.fullmatch(word)
    return {*_LETTERS.findall(found[1]), name_of(found[2])} if found else set()


def _without_braces(tokens: list[Token]) -> list[Token]:
    r"""Return the tokens in which {\rm d} is d."""
    kinds = [(t.kind, t.text == "d") for t in tokens]
    braced = [k for k in range(1, len(kinds) - 1) if kinds[k - 1 : k + 2] == [("{", False), ("name", True), ("}", False)]]
    braced = [k for k in braced if tokens[k - 2].kind not in ("frac", "^", "}")]
    dropped = {k + side for k in braced for side in (-1, 1)}
    return [token for k, token in enumerate(tokens) if k not in dropped] if dropped else tokens


class _Reading:
    """What each `d` of a claim can be.

    Attributes:
        over: the numbers of the `d` that stand over a denominator, as in `d log det(X)/dX`.
        signs: those that stand before a formula: `d(X Y)`, `d tr(X)`.
        glued: those right before a name: `d X`, `\\mathrm{d}X`; and the words `dX`, `AdX`.
        spaced: the d of `d X` and `d (X Y)`, a sign where another one is.
        joined: words dXY, in which d could reach over X or over both.
        lonely: words df whose f stands nowhere else.
        plain: those that are factors.
    """

    def __init__(self, cursor: Cursor, known: Collection[str]) -> None:
        self.cursor, self.tokens, self.known = cursor, cursor.tokens, known
        self.is_latex = "\\" in cursor.source
        self.over: set[int] = set()
        self.signs: set[int] = set()
        self.glued: set[int] = set()
        self.spaced: set[int] = set()
        self.joined: set[int] = set()
        self.lonely: set[int] = set()
        self.plain: set[int] = set()
        self.skipped = set(_in_fractions(cursor))
        self.counts = self._count()
        for k, token in enumerate(self.tokens):
            if token.kind == "name" and k not in self.skipped and self.tokens[k - 1].kind != "/":
                self._sort(k, token)

    def _count(self) -> dict[str, int]:
        """Return how often each name stands somewhere, but for X right behind a d."""
        found: dict[str, int] = dict.fromkeys(self.known, 1)
        for k, token in enumerate(self.tokens):
            if token.kind == "name" and not (k and self._is_d(k - 1) and self._is_near(k)):
                found[token.text] = found.get(token.text, 0) + 1
        return found

    def _is_d(self, k: int) -> bool:
        return self.tokens[k].kind == "name" and self.tokens[k].text == "d"

    def _is_near(self, k: int) -> bool:
        """Whether a token stands right behind the one before it; blanks do not count in LaTeX."""
        between = self.cursor.source[self.tokens[k - 1].stop : self.tokens[k].start]
        return _NOTHING.fullmatch(between) is not None if self.is_latex else not between

    def _sort(self, k: int, token: Token) -> None:
        if token.text != "d":
            if self._split(token) is not None and not self._is_name_quotient(k):
                self.glued.add(k)
            elif self._is_joined(token):
                self.joined.add(k)
            elif _LONELY.fullmatch(token.text) and token.text not in self.known and not self._is_name_quotient(k):
                self.lonely.add(k)
            return
        behind = self._behind_order(k + 1)
        first = self.tokens[behind]
        stop = end_of_factor(self.cursor, behind)
        if stop is not None and self._is_by_variable(stop):
            is_plain = first.kind == "name" and first.text not in FUNCTIONS
            is_group = first.kind == "(" and self.cursor.partner[behind] + 1 == stop and first.start == self._stop(behind - 1)
            (self.over if not (is_plain or is_group) else self.skipped).add(k)
            self._skip_variables(stop + 1, self._order(k + 1, behind))
        elif first.kind == "(" and not self._has_comma(behind):
            (self.signs if first.start == self._stop(behind - 1) else self.spaced).add(k)
        elif first.kind == "name" and first.text in FUNCTIONS - self.cursor.known:
            self.signs.add(k)
        elif first.kind == "‖" and self.cursor.source[first.start - 1] not in " ‖|":
            self.signs.add(k)
        elif first.kind == "name":
            (self.glued if self._is_near(behind) and behind == k + 1 else self.spaced).add(k)
        else:
            self.plain.add(k)

    def _stop(self, k: int) -> int:
        return self.tokens[k].stop

    def _behind_order(self, k: int) -> int:
        """Return the number of the token behind the ², ^2 or ^{2} that may stand at token k."""
        tokens = self.tokens
        if tokens[k].kind == "power" and tokens[k].text.isdigit():
            return k + 1
        if tokens[k].kind == "^" and tokens[k + 1].kind == "number":
            return k + 2
        if tokens[k].kind == "^" and [t.kind for t in tokens[k + 1 : k + 4]] == ["{", "number", "}"]:
            return k + 4
        return k

    def _order(self, k: int, behind: int) -> int:
        """Return the order that stands from token k on, before token `behind`."""
        number = next((t.text for t in self.tokens[k:behind] if t.text.isdigit()), "1")
        return int(number[:2])

    def _skip_variables(self, k: int, order: int) -> None:
        """Take note of the variables dx, d(x) of a derivative, the first one at token k."""
        tokens, partner = self.tokens, self.cursor.partner
        k += tokens[k].kind in OPENERS
        for _ in range(order):
            if tokens[k].kind != "name" or tokens[k].text[0] != "d":
                return
            self.skipped.add(k)
            k += 1 + (tokens[k].text == "d")
            k = partner.get(k - 1, k - 1) + 1
            while tokens[k].kind in ("indices", "'", "ᵀ", "^"):
                k += 1 + (tokens[k].kind == "^")

    def _has_comma(self, k: int) -> bool:
        """Whether the bracket that opens at token k holds several arguments."""
        stop, at = self.cursor.partner[k], k + 1
        while at < stop:
            if self.tokens[at].kind == ",":
                return True
            at = self.cursor.partner.get(at, at) + 1
        return False

    def _is_by_variable(self, k: int) -> bool:
        """Whether token k is the / of …/dx or …/d(x)."""
        sign, below, behind = (self.tokens[min(k + n, len(self.tokens) - 1)] for n in (0, 1, 2))
        if sign.kind != "/":
            return False
        if below.kind in OPENERS:
            below, behind = behind, self.tokens[min(k + 3, len(self.tokens) - 1)]
        is_loose = below.text == "d" and (behind.kind == "(" or behind.kind == "name")
        return below.kind == "∂" or (
            below.kind == "name" and below.text not in self.known and (is_loose or below.text[:1] == "d" != below.text)
        )

    def _is_name_quotient(self, k: int) -> bool:
        """Whether a word dy stands in dy/dx."""
        return self._is_by_variable(k + 1 + (self.tokens[k + 1].kind == "indices"))

    def _split(self, token: Token) -> tuple[str, str] | None:
        """Return A and X of a word AdX or dX whose names stand elsewhere, too."""
        if token.text in self.known or token.text in FUNCTIONS:
            return None
        found = _GLUED.fullmatch(token.text)
        if found is None:
            return None
        before, name = found[1], name_of(found[2])
        letters = _LETTERS.findall(before)
        return (before, name) if all(self.counts.get(n, 0) for n in (*letters, name)) else None

    def _is_joined(self, token: Token) -> bool:
        """Whether a word is dXY, of names that stand elsewhere."""
        word = re.fullmatch(r"d((?:[A-Za-z][0-9]*){2,})", token.text)
        is_free = token.text not in self.known and token.text not in FUNCTIONS
        return word is not None and is_free and all(self.counts.get(name, 0) for name in _LETTERS.findall(word[1]))

    def _refuse_joined(self, k: int) -> AmbiguityError:
        """Return the error for dXY."""
        span = self.tokens[k].span
        first = _LETTERS.match(self.cursor.source, span.start + 1)
        assert first is not None
        return _refuse_both(self.cursor, span, Span(first.start(), first.end()), Span(span.start + 1, span.stop))

    # ------------------------------------------------------------------------------------------------------- decisions

    def _differentiates(self) -> bool:
        """Whether the claim shows that `d` is the sign of a differential."""
        if self.plain:
            return False
        tokens = self.tokens
        for k in self.glued:
            if tokens[k].text != "d":
                return True
            if self.cursor.source[tokens[k].start] == "\\" or self.counts.get(tokens[k + 1].text, 0):
                return True
        sign = max((k for k, token in enumerate(tokens) if token.kind == "="), default=0)
        given = self.signs | self.spaced
        if any((one < sign) != (other < sign) for one in given for other in self.lonely):
            return True
        if given and sign and "0" in (tokens[sign - 1].text, tokens[sign + 1].text):
            return True
        is_both = len({k < sign for k in self.signs | self.glued}) > 1
        return is_both and any(map(self._is_of_a_name, self.signs))

    def _is_of_a_name(self, k: int) -> bool:
        """Whether d(X), d vec X, d vec(X) begins at token k."""
        k += 1 + (self.tokens[k + 1].text == "vec")
        is_group = self.tokens[k].kind == "("
        return self.tokens[k + is_group].kind == "name" and (not is_group or self.cursor.partner[k] == k + 2)

    def marked(self) -> list[Token]:
        """Return the tokens with their signs."""
        signs = self.signs | self.glued | self.spaced | self.lonely if self._differentiates() else set()
        if signs and self.joined:
            raise self._refuse_joined(min(self.joined))
        if not (signs or self.over):
            return self.tokens
        found: list[Token] = []
        for k, token in enumerate(self.tokens):
            if k in self.over:
                found.append(token._replace(kind="∂"))
            elif k in signs and token.text == "d":
                found.append(token._replace(kind="d"))
            elif k in signs:
                found += self._pieces(token)
            else:
                found.append(token)
        return found

    def _pieces(self, token: Token) -> Iterator[Token]:
        """Yield A, the sign, and X of the word AdX."""
        before, name = self._split(token) or ("", name_of(token.text[1:]))
        for letter in _LETTERS.finditer(before):
            yield Token("name", letter[0], token.start + letter.start(), token.start + letter.end())
        at = token.start + len(before)
        yield Token("d", "d", at, at + 1)
        yield Token("name", name, at + 1, token.stop)


def _in_fractions(cursor: Cursor) -> Iterator[int]:
    r"""Yield the numbers of the tokens that are the signs and variables of \frac{dy}{dx}."""
    tokens, partner = cursor.tokens, cursor.partner
    for k, token in enumerate(tokens):
        if token.kind == "frac" and tokens[k + 1].kind == "{":
            below = partner[k + 1] + 1
            heads = [tokens[j + 1] for j in (k + 1, below) if tokens[j].kind == "{"]
            if len(heads) == 2 and all(head.kind == "∂" or head.text[:1] == "d" for head in heads):
                yield k + 2
                yield from range(below, partner[below])


def end_of_factor(cursor: Cursor, k: int) -> int | None:
    """Return the number of the token behind the factor that begins at token k, as far as its head tells."""
    tokens, partner = cursor.tokens, cursor.partner
    while tokens[k].kind == "name" and tokens[k].text in FUNCTIONS and tokens[k + 1].kind not in OPENERS:
        k += 1
    kind = tokens[k].kind
    if kind in ("‖", "|"):
        k = next((j for j in range(k + 1, len(tokens)) if tokens[j].kind == kind), len(tokens) - 1)
    elif kind == "name" and tokens[k].text in FUNCTIONS:
        k = partner[k + 1]
    elif kind in OPENERS:
        k = partner[k]
    elif kind != "name":
        return None
    k += 1
    while tokens[k].kind in ("^", "power", "'", "ᵀ", "indices"):
        if tokens[k].kind == "^":
            k += 1 + (tokens[k + 1].kind in ("+", "-"))
            k = partner.get(k, k)
        k += 1
    return min(k, len(tokens) - 1)


# -------------------------------------------------------------------------------------------------------- how far d reaches


def check_reach(cursor: Cursor, sign: Token, first: int, body: Tree) -> None:
    """Raise where a d may reach less far than its body, or over what follows: d X^-1, d tr(X) Y, dx'Ax.

    The body begins at token `first`, and the place is behind it.
    """
    if cursor.partner.get(first) == cursor.k - 1:
        return
    inner = body
    while isinstance(inner, Transpose):
        inner = inner.body
    if isinstance(inner, Raise) and cursor.tokens[first].kind != "‖":
        raise _refuse_power(cursor, sign, body, inner)
    if cursor.kind not in ("name", "number", "(", "d", "∂", "‖", "frac", "√"):
        return
    is_name = isinstance(inner, Name)
    is_glued = "\\" in cursor.source or cursor.tokens[first].start == sign.stop
    is_joined = "\\" not in cursor.source and cursor.token.start == cursor.last.stop and cursor.kind == "name"
    if not (is_name and is_glued) or (is_joined and not _has_sign(cursor)):
        raise _refuse_product(cursor, sign, body)


def _rest(cursor: Cursor) -> Iterator[int]:
    """Yield the numbers of the tokens from the place to the end of the product, but for those in brackets."""
    tokens, k = cursor.tokens, cursor.k
    while tokens[k].kind not in (*BREAKS, *CLOSERS, "=", "+", "-", ","):
        yield k
        k = cursor.partner.get(k, k) + 1


def _has_sign(cursor: Cursor) -> bool:
    """Whether another differential stands in the rest of the product, as in dx'A dx."""
    return any(cursor.tokens[k].kind in ("d", "∂") for k in _rest(cursor))


def check_left(cursor: Cursor, side: Statement) -> None:
    """Raise where a whole side is dX Y, in which d could reach over both."""
    body = side.body
    if isinstance(body, Multiply) and isinstance(body.factors[0], Differential):
        head = body.factors[0]
        if head.span.start == body.span.start and cursor.source[head.span.start] != "(" and _is_bare(head):
            raise _refuse_both(cursor, head.span, head.body.span, Span(head.body.span.start, body.span.stop))


def _is_bare(tree: Differential) -> bool:
    body = tree.body
    while isinstance(body, Transpose):
        body = body.body
    return isinstance(body, Name)


def _refuse_product(cursor: Cursor, sign: Token, body: Tree) -> ClaimError:
    """Return the error for dx'A x, and for dx'A x/dx."""
    tokens, stop = cursor.tokens, cursor.k
    for k in _rest(cursor):
        if tokens[k].kind == "/" and tokens[k + 1].text[:1] in ("d", "∂"):
            above = Span(body.span.start, tokens[k - 1].stop)
            below = cursor.text(Span(tokens[k].start, tokens[(end_of_factor(cursor, k + 1) or k + 2) - 1].stop))
            return ClaimError(
                f"{sign.text} [^] reaches over one factor, and a product stands above /",
                cursor.source,
                [Mark(Span(sign.start, tokens[k - 1].stop))],
                rule="derivatives are ∂y/∂x, d(y)/dx and \\frac{dy}{dx} (spec/language.md, Derivatives)",
                help=f"write {sign.text}({cursor.text(above)}){below}",
            )
        if tokens[k].kind in ("/", "d", "∂"):
            break
        stop = cursor.partner.get(k, k)
    return _refuse_both(cursor, sign.span, body.span, Span(body.span.start, tokens[stop].stop))


def _refuse_both(cursor: Cursor, sign: Span, body: Span, whole: Span) -> AmbiguityError:
    """Return the error for dX Y: d(X Y) or (dX) Y."""
    d = "∂" if "∂" in cursor.source[sign.start : body.start] or "partial" in cursor.text(sign) else "d"
    both, one = cursor.text(whole), cursor.text(body)
    rest = cursor.source[body.stop : whole.stop].strip()
    apart = d == "d" and re.match(r"\w{2,}|\\", one) is not None
    return AmbiguityError(
        f"it is not clear whether {d} [^] reaches over the factors behind it, too",
        cursor.source,
        [Mark(Span(sign.start, whole.stop))],
        rule=f"dX is one factor; what is longer stands in brackets {PAGE}",
        help=f"write {d}({both}) or ({d}{' ' * apart}{one}) {rest}",
    )


def _refuse_power(cursor: Cursor, sign: Token, body: Tree, power: Raise) -> AmbiguityError:
    whole, base = cursor.text(body.span), cursor.text(power.base.span)
    d = "∂" if sign.kind == "∂" else "d"
    bare = base[1:-1] if base.startswith("(") and base.endswith(")") else base
    rest = cursor.source[power.base.span.stop : body.span.stop].lstrip(") ")
    return AmbiguityError(
        f"it is not clear whether {d} [^] reaches over the power, too",
        cursor.source,
        [Mark(Span(sign.start, body.span.stop))],
        rule=f"dX is one factor; what is longer stands in brackets {PAGE}",
        help=f"write {d}({whole}) or ({d}{bare if isinstance(power.base, Name) else f'({bare})'}){rest}",
    )


# ---------------------------------------------------------------------------------------------------- slips with dx below


def check_divisors(source: str, statements: Collection[Statement], known: Collection[str]) -> None:
    """Raise where a formula is divided by a dx that nobody declared beside an x: no number is meant.

    Raises: ClaimError.
    """
    parts = [part for s in statements for part in _parts(s.body)]
    names = {part.name for part in parts if isinstance(part, Name)}
    for part in parts:
        for below in _parts(part.denominator) if isinstance(part, Divide) else ():
            if isinstance(below, Name) and below.name not in known and below.name[0] == "d":
                x = below.name[1:]
                above = source[part.numerator.span.start : part.numerator.span.stop]
                if x and (x in names or _stands_in(above, x)):
                    raise _refuse_divisor(source, part, above, x)


def _stands_in(above: str, x: str) -> bool:
    """Whether x is a letter of the joined word dAx."""
    return any(word[0] == "d" and x in _LETTERS.findall(word[1:]) for word in re.findall(r"\w+", above))


def _parts(tree: Tree) -> Iterator[Tree]:
    stack = [tree]
    while stack:
        part = stack.pop()
        yield part
        stack += reversed(children(part))


def _refuse_divisor(source: str, tree: Divide, above: str, x: str) -> ClaimError:
    body = above[1:].strip() if above[:1] == "d" else above
    body = " ".join(_LETTERS.findall(body)) if re.fullmatch(r"(?:[A-Za-z][0-9]*){2,}", body) else body
    while body.startswith("(") and body.endswith(")") and "(" not in body[1:-1]:
        body = body[1:-1]
    return ClaimError(
        f"a formula is divided by d{x} here [^], and this is no derivative",
        source,
        [Mark(tree.span)],
        rule="derivatives are ∂y/∂x, d(y)/dx and \\frac{dy}{dx} (spec/language.md, Derivatives)",
        help=f"write d({body})/d{x}",
    )


def refuse_loose(cursor: Cursor, sign: Token) -> ParseError | None:
    """Return the error for ∂A x/∂x, where the / of the ∂ stands behind a product; None where there is no such /."""
    tokens, k = cursor.tokens, cursor.k
    while tokens[k].kind not in (*BREAKS, *CLOSERS, "=", "+", "-", ","):
        if tokens[k].kind == "/":
            break
        k = cursor.partner.get(k, k) + 1
    if tokens[k].kind != "/" or tokens[k + 1].kind != "∂":
        return None
    body = cursor.shown(Span(sign.stop, tokens[k].start))
    stop = end_of_factor(cursor, k + 2)
    below = cursor.text(Span(tokens[k + 1].start, tokens[(stop or k + 3) - 1].stop))
    word = " ".join(_LETTERS.findall(body)) if re.fullmatch(r"(?:[A-Za-z][0-9]*){2,}", body) else body
    return ParseError(
        f"{sign.text} [^] lacks its / {sign.text} [~]",
        cursor.source,
        [Mark(sign.span), Mark(cursor.token.span, "~")],
        rule="what is differentiated is one name, or stands in brackets",
        help=f"write {sign.text}({word})/{below}",
    )
