"""A place in a list of tokens, and what is known about the whole list: pairs of brackets, and names."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from einsdiff.errors import Mark, ParseError, Span
from einsdiff.functions import ALIASES, BY_NAME, REDUCTIONS, SELECTIONS, TENSOR_FUNCTIONS
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import CLOSERS, OPENERS

FUNCTIONS = frozenset([*BY_NAME, *ALIASES, *REDUCTIONS, *TENSOR_FUNCTIONS, *SELECTIONS, "kron"])
"""Names that are functions wherever nobody says otherwise."""

SHOWN = 40
"""How many characters of a part a message repeats."""

DEPTH = 100_000
"""How deep brackets may be nested."""

BREAKS = frozenset(["\n", ";", "end"])
"""Kinds that end a statement."""


class Cursor:
    """A place in the tokens of one text.

    Attributes:
        source: the text.
        tokens: its tokens, an `end` last.
        k: the place, as a number of a token.
        partner: of every bracket, the number of the token that closes it.
        carried: how many groups of indices stand before each token.
        known: the names that are tensors or scalars, so that `b(x)` is a product.
        named: those of them that are declared, defined, or were given with the text.
        own: the numbers of the tokens `u` in `u = u(x)` that are called, by which u is an unknown function of x.
        functions: the names that are functions so.
        takes_differentials: whether dX, d(X Y) and ∂tr(X) without a denominator are read: in claims.
        bars: the kind of bar, `‖` or `|`, that would close what was opened last.
    """

    def __init__(self, source: str, tokens: list[Token], known: Collection[str]) -> None:
        self.source = source
        self.tokens = tokens
        self.k = 0
        self.partner = pair_brackets(source, tokens)
        self.carried = count_groups(tokens)
        self.named = {*known, *find_targets(tokens)}
        self.known = self.named | find_names(tokens, self.named)
        self.own = find_own_calls(tokens, self.partner)
        self.functions = {tokens[k].text for k in self.own}
        self.takes_differentials = False
        self.bars = [""]

    @property
    def token(self) -> Token:
        """The token at the place."""
        return self.tokens[self.k]

    @property
    def kind(self) -> str:
        """The kind of the token at the place."""
        return self.tokens[self.k].kind

    @property
    def last(self) -> Token:
        """The token before the place."""
        return self.tokens[self.k - 1]

    def peek(self, ahead: int = 1) -> Token:
        """Return a token further on; the `end` where there is none."""
        return self.tokens[min(self.k + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Return the token at the place and step over it."""
        token = self.tokens[self.k]
        self.k += 1
        return token

    def span_from(self, start: int) -> Span:
        """Return the span from an offset to the end of the last token."""
        return Span(start, self.tokens[self.k - 1].stop)

    def is_adjacent(self, ahead: int = 1) -> bool:
        """Whether the token `ahead` stands right behind the one before it."""
        return self.peek(ahead).start == self.peek(ahead - 1).stop

    def text(self, span: Span) -> str:
        """Return a piece of the source with single blanks."""
        return " ".join(self.source[span.start : span.stop].split())

    def shown(self, span: Span) -> str:
        """Return a piece of the source for a message: … where it is long."""
        text = self.text(span)
        return text if len(text) <= SHOWN else "…"

    def stands_alone(self, name: str) -> bool:
        """Whether a name stands for itself somewhere: declared, defined, or neither above another nor below a power."""
        if name in self.named:
            return True
        kinds = [token.kind for token in self.tokens]
        return any(
            token.kind == "name"
            and token.text == name
            and "^" not in (kinds[k - 1 - (kinds[k - 1] == "{")], kinds[k + 1])
            for k, token in enumerate(self.tokens)
        )

    def statement_tokens(self) -> list[Token]:
        """Return the tokens of the statement at the place."""
        first = min(self.k, len(self.tokens) - 1)
        while first > 0 and self.tokens[first - 1].kind not in BREAKS:
            first -= 1
        stop = self.k
        while self.tokens[stop].kind not in BREAKS:
            stop += 1
        return self.tokens[first:stop]


def pair_brackets(source: str, tokens: list[Token]) -> dict[int, int]:
    """Return the number of the closing token for that of each opening one."""
    partner: dict[int, int] = {}
    opened: list[int] = []
    for k, (kind, *_) in enumerate(tokens):
        if kind in OPENERS:
            opened.append(k)
            if len(opened) > DEPTH:
                raise ParseError(
                    f"brackets are nested more than {DEPTH} deep [^]", source, [Mark(tokens[k].span)], help=NAME_PARTS
                )
        elif kind in CLOSERS:
            if not opened:
                raise ParseError(
                    f"{tokens[k].text} [^] closes a bracket that was never opened",
                    source,
                    [Mark(tokens[k].span)],
                    help="remove it",
                )
            first = tokens[opened[-1]]
            if OPENERS[first.kind] != kind:
                raise ParseError(
                    f"{tokens[k].text} [^] cannot close {first.text} [~]",
                    source,
                    [Mark(tokens[k].span), Mark(first.span, "~")],
                    help=f"close it with {OPENERS[first.kind]}",
                )
            partner[opened.pop()] = k
        elif kind in (";", "end") and opened:
            first = tokens[opened[-1]]
            raise ParseError(
                f"{first.text} [^] is never closed",
                source,
                [Mark(first.span)],
                help=f"close it with {OPENERS[first.kind]}",
            )
    return partner


RAISES = frozenset(["^", "power", "number", "{", "}"])
"""Kinds of the tokens of a power."""

NAME_PARTS = "name the parts: a statement for each, one a line"


def count_groups(tokens: list[Token]) -> list[int]:
    """Return how many groups of indices stand before each token."""
    counts, count, last, is_gradient = [], 0, "", False
    for kind, *_ in tokens:
        counts.append(count)
        count += kind == "indices" and last not in ("‖", "⟩") and not is_gradient  # ‖x‖_F, ⟨A, B⟩_F, ∇_x
        is_gradient = kind == "∇" or (is_gradient and kind in RAISES)
        last = kind
    return counts


TARGETS = (["name"], ["name", "indices"])
"""The kinds of the tokens of a left-hand side that names a tensor or scalar."""


def find_targets(tokens: list[Token]) -> set[str]:
    """Return the names that stand on a left-hand side."""
    found = set()
    first = 0
    for k, token in enumerate(tokens):
        if token.kind in BREAKS:
            first = k + 1
        elif token.kind == "=" and [other.kind for other in tokens[first : min(k, first + 3)]] in TARGETS:
            found.add(tokens[first].text)
    return found


def find_own_calls(tokens: list[Token], partner: Mapping[int, int]) -> set[int]:
    """Return the numbers of the names that are called in statements such as `u = u(x)` and `u_i = u_i(x)`."""
    found = set()
    first = 0
    for k, token in enumerate(tokens):
        if token.kind in BREAKS:
            first = k + 1
        elif token.kind == "=" and [other.kind for other in tokens[first : min(k, first + 3)]] in TARGETS:
            opened = 2 * k - first + 1  # as many tokens behind the sign as before it
            is_call = opened in partner and tokens[opened].kind == "(" and tokens[first].text not in FUNCTIONS
            if is_call and tokens[partner[opened] + 1].kind in BREAKS:
                pairs = zip(tokens[first:k], tokens[k + 1 : opened], strict=True)
                found |= {k + 1} if all(_are_alike(a, b) for a, b in pairs) else set()
    return found


def _are_alike(a: Token, b: Token) -> bool:
    """Whether two tokens are one name, or one group of indices."""
    if a.kind != b.kind or a.kind == "name":
        return a.kind == b.kind and a.text == b.text
    return [index.name for index in a.indices] == [index.name for index in b.indices]


def find_names(tokens: list[Token], known: Collection[str]) -> set[str]:
    """Return the names that occur somewhere as a tensor or scalar: with nothing that could be an argument behind."""
    found = set()
    for k, token in enumerate(tokens):
        if token.kind != "name" or token.text in known or token.text in FUNCTIONS or token.text in found:
            continue
        before = k - 1 - (k > 1 and tokens[k - 1].kind == "power")  # ∂y and ∂²y
        if (before >= 0 and tokens[before].kind == "∂") or is_called(tokens, k) or token.text == "partial":
            continue
        if token.text == "T" and "^" in (tokens[k - 1].kind, tokens[k - 2].kind):
            continue
        found.add(token.text)
    return found


def is_called(tokens: list[Token], k: int) -> bool:
    """Whether arguments stand right behind the name at k: `f(`, `f_i(`, `f'(`, `f^(1,0)(`."""
    stop, k = tokens[k].stop, k + 1
    if tokens[k].kind == "indices" and tokens[k].start == stop:
        stop, k = tokens[k].stop, k + 1
    while tokens[k].kind == "'" and tokens[k].start == stop:
        stop, k = tokens[k].stop, k + 1
    if tokens[k].kind == "(":
        return tokens[k].start == stop
    return read_orders(tokens, k) is not None


def read_orders(tokens: list[Token], k: int) -> tuple[tuple[int, ...], int] | None:
    """Return the orders of `^(1,0)(` whose `^` is token k, and the number of the `(` of the arguments."""
    if tokens[k].kind != "^":
        return None
    k += 1
    closers: list[str] = []
    while tokens[k].kind in ("{", "(") and len(closers) < 2:
        closers.append(OPENERS[tokens[k].kind])
        k += 1
    if ")" not in closers:
        return None
    orders = []
    while tokens[k].kind == "number" and tokens[k].text.isdigit() and len(tokens[k].text) < 4:
        orders.append(int(tokens[k].text))
        k += 1
        if tokens[k].kind != ",":
            break
        k += 1
    for closer in reversed(closers):
        if tokens[k].kind != closer:
            return None
        k += 1
    return (tuple(orders), k) if len(orders) > 1 and tokens[k].kind == "(" else None
