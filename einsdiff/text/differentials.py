r"""The `d` of differentials and of derivatives without brackets, in claims: `d tr(A X) = tr(A dX)`, `d log det(X)/dX`.

`d` is a name like any other, unless nobody declares or defines it and the claim shows that it differentiates.  There
the sign becomes a token of its own: `∂` where it has a denominator, `d` where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from einsdiff.errors import AmbiguityError, Span
from einsdiff.text.cursor import BREAKS, FUNCTIONS, Cursor
from einsdiff.text.expressions import OPENING
from einsdiff.text.lexer import Token
from einsdiff.text.reach import LETTERS, end_of_factor, refuse_both
from einsdiff.text.symbols import OPENERS, name_of

_GLUED = re.compile(r"((?:[A-Z][0-9]*)*)d([A-Za-zΑ-Ωα-ω]\w*)")
FIRST = OPENING | {"‖", "|"}
"""Kinds of tokens with which a factor begins."""
_LONELY = re.compile(r"d[A-Za-zΑ-Ωα-ω][0-9]*")
_NOTHING = re.compile(r"(?:\\[,!;: ]|[\s{}~])*")


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
    return {*LETTERS.findall(found[1]), name_of(found[2])} if found else set()


def _without_braces(tokens: list[Token]) -> list[Token]:
    r"""Return the tokens in which {\rm d} is d."""
    kinds = [token.kind for token in tokens]
    alone = [k for k, token in enumerate(tokens) if token.text == "d" and kinds[k - 1 : k + 2] == ["{", "name", "}"]]
    braced = [k for k in alone if kinds[k - 2] not in ("frac", "^", "}")]
    dropped = {k + side for k in braced for side in (-1, 1)}
    return [token for k, token in enumerate(tokens) if k not in dropped] if dropped else tokens


class _Reading:
    r"""What each `d` of a claim can be.

    Attributes:
        over: the numbers of the `d` that stand over a denominator, as in `d log det(X)/dX` and `d/dx (x' x)`.
        signs: those that stand before a formula: `d(X Y)`, `d tr(X)`.
        glued: those right before a name: `d X`, `\mathrm{d}X`; and the words `dX`, `AdX`.
        spaced: the d of `d X`, `d (X Y)`, `d ‖X‖`, `d√s`, a sign where another one is.
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
        if self._is_by_variable(behind):  # the operator d/dx
            body = self._skip_variables(behind + 1, self._order(k + 1, behind))
            (self.over if self.tokens[body].kind in FIRST else self.skipped).add(k)
            return
        stop = end_of_factor(self.cursor, behind)
        if stop is not None and self._is_by_variable(stop):
            is_group = first.kind == "(" and self.cursor.partner[behind] + 1 == stop and self._is_close(behind)
            is_read = is_group or (first.kind == "name" and first.text not in FUNCTIONS)
            (self.skipped if is_read else self.over).add(k)
            self._skip_variables(stop + 1, self._order(k + 1, behind))
        elif first.kind == "(" and not self._has_comma(behind):
            (self.signs if self._is_close(behind) else self.spaced).add(k)
        elif first.text in FUNCTIONS - self.cursor.known or (first.kind == "‖" and self._is_close(behind)):
            self.signs.add(k)
        elif first.kind == "name":
            (self.glued if self._is_near(behind) and behind == k + 1 else self.spaced).add(k)
        else:
            (self.spaced if first.kind in FIRST - {"(", "|"} and behind == k + 1 else self.plain).add(k)

    def _is_close(self, k: int) -> bool:
        """Whether a token stands right behind the one before it."""
        return self.tokens[k].start == self.tokens[k - 1].stop

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

    def _skip_variables(self, k: int, order: int) -> int:
        """Take note of the variables dx, d(x) of a derivative, from token k on; return the token behind them."""
        tokens, partner = self.tokens, self.cursor.partner
        closed = partner.get(k)
        k += closed is not None
        for _ in range(order):
            if tokens[k].kind != "name" or tokens[k].text[0] != "d":
                break
            self.skipped.add(k)
            k += 1 + (tokens[k].text == "d")
            k = min(partner.get(k - 1, k - 1) + 1, len(tokens) - 1)
            while tokens[k].kind in ("indices", "'", "ᵀ", "^"):
                k += 1 + (tokens[k].kind == "^")
        return min(k if closed is None else closed + 1, len(tokens) - 1)

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
        if below.kind != "name" or below.text in self.known:
            return below.kind == "∂"
        return below.text[0] == "d" and (below.text != "d" or behind.kind in ("(", "name"))

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
        letters = LETTERS.findall(before)
        return (before, name) if all(self.counts.get(n, 0) for n in (*letters, name)) else None

    def _is_joined(self, token: Token) -> bool:
        """Whether a word is dXY, of names that stand elsewhere."""
        word = re.fullmatch(r"d((?:[A-Za-z][0-9]*){2,})", token.text)
        is_free = token.text not in self.known and token.text not in FUNCTIONS
        return word is not None and is_free and all(self.counts.get(name, 0) for name in LETTERS.findall(word[1]))

    def _refuse_joined(self, k: int) -> AmbiguityError:
        """Return the error for dXY."""
        span = self.tokens[k].span
        first = LETTERS.match(self.cursor.source, span.start + 1)
        assert first is not None
        return refuse_both(self.cursor, span, Span(first.start(), first.end()), Span(span.start + 1, span.stop))

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
        if any((one < sign) != (other < sign) for one in given | self.lonely for other in self.lonely):
            return True
        if given and any(_is_zero(side) for side in (tokens[:sign], tokens[sign + 1 :])):
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
        for letter in LETTERS.finditer(before):
            yield Token("name", letter[0], token.start + letter.start(), token.start + letter.end())
        at = token.start + len(before)
        yield Token("d", "d", at, at + 1)
        yield Token("name", name, at + 1, token.stop)


def _is_zero(side: list[Token]) -> bool:
    """Whether a side of a claim is 0, in brackets or not."""
    last = max((k for k, token in enumerate(side[:-1]) if token.kind in BREAKS), default=-1)
    return {token.text for token in side[last + 1 :]} - {"(", ")", "'", "ᵀ", "-", ""} == {"0"}


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
