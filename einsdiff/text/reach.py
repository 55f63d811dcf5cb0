"""How far the d of a differential reaches, and slips with it: `d X^-1`, `dx'Ax`, `dAx/dx`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from einsdiff.errors import AmbiguityError, ClaimError, EinsdiffError, Mark, ParseError, Span
from einsdiff.text.cursor import BREAKS, FUNCTIONS, Cursor
from einsdiff.text.lexer import Token
from einsdiff.text.symbols import OPENERS
from einsdiff.text.tree import Differential, Divide, Multiply, Name, Raise, Statement, Transpose, Tree, children

PAGE = "(spec/language.md, Differentials)"
LETTERS = re.compile(r"[A-Za-zΑ-Ωα-ω][0-9]*")
CLOSERS = frozenset(")]}")


def end_of_factor(cursor: Cursor, k: int) -> int | None:
    """Return the number of the token behind the factor that begins at token k, as far as its head tells."""
    tokens, partner = cursor.tokens, cursor.partner
    while tokens[k].kind == "name" and tokens[k].text in FUNCTIONS and tokens[k + 1].kind not in OPENERS:
        k += 1
    if tokens[k].kind == "√":
        root = partner[k + 1] + 1 if tokens[k + 1].kind == "[" else k + 1
        return end_of_factor(cursor, root)
    if tokens[k].kind == "frac":
        k = partner.get(k + 1, k) + 1
    kind = tokens[k].kind
    if kind in ("‖", "|"):
        k = next((j for j in range(k + 1, len(tokens)) if tokens[j].kind == kind), len(tokens) - 2)
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
        k = min(k + 1, len(tokens) - 1)
    return k


# ---------------------------------------------------------------------------------------------------- how far d reaches


def check_reach(cursor: Cursor, sign: Token, first: int, body: Tree, *, goes_on: bool) -> None:
    """Raise where a d may reach less far than its body, or over what follows: d X^-1, d tr(X) Y, dx'Ax.

    The body begins at token `first`, and the place is behind it; `goes_on` says whether a factor begins there.
    """
    if cursor.partner.get(first) == cursor.k - 1:
        return
    inner = body
    while isinstance(inner, Transpose):
        inner = inner.body
    if isinstance(inner, Raise) and cursor.tokens[first].kind != "‖":
        raise _refuse_power(cursor, sign, body, inner)
    if not goes_on:
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
            raise refuse_both(cursor, head.span, head.body.span, Span(head.body.span.start, body.span.stop))


def _is_bare(tree: Differential) -> bool:
    body = tree.body
    while isinstance(body, Transpose):
        body = body.body
    return isinstance(body, Name)


def _refuse_product(cursor: Cursor, sign: Token, body: Tree) -> EinsdiffError:
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
    return refuse_both(cursor, sign.span, body.span, Span(body.span.start, tokens[stop].stop))


def refuse_both(cursor: Cursor, sign: Span, body: Span, whole: Span) -> AmbiguityError:
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


# -------------------------------------------------------------------------------------------------- slips with dx below


def check_divisors(source: str, statements: Collection[Statement], known: Collection[str]) -> None:
    """Raise where a formula is divided by a dx that nobody declared beside an x: no number is meant.

    Raises: ClaimError.
    """
    names = {part.name for s in statements for part in _parts(s.body) if isinstance(part, Name)}
    for below, quotient in (pair for s in statements for pair in _divisors(s.body)):
        if below.name not in known and below.name[0] == "d":
            x = below.name[1:]
            above = source[quotient.numerator.span.start : quotient.numerator.span.stop]
            if x and (x in names or _stands_in(above, x)):
                raise _refuse_divisor(source, quotient, above, x)


def _divisors(tree: Tree) -> Iterator[tuple[Name, Divide]]:
    """Yield the names below the line, each with its quotient."""
    stack: list[tuple[Tree, Divide | None]] = [(tree, None)]
    while stack:
        part, quotient = stack.pop()
        if isinstance(part, Name) and quotient is not None:
            yield part, quotient
        for child in reversed(children(part)):
            is_below = isinstance(part, Divide) and child is part.denominator
            stack.append((child, part if is_below and isinstance(part, Divide) else quotient))


def _stands_in(above: str, x: str) -> bool:
    """Whether x is a letter of the joined word dAx."""
    return any(word[0] == "d" and x in LETTERS.findall(word[1:]) for word in re.findall(r"\w+", above))


def _parts(tree: Tree) -> Iterator[Tree]:
    stack = [tree]
    while stack:
        part = stack.pop()
        yield part
        stack += reversed(children(part))


def _refuse_divisor(source: str, tree: Divide, above: str, x: str) -> ClaimError:
    body = above[1:].strip() if above[:1] == "d" else above
    body = " ".join(LETTERS.findall(body)) if re.fullmatch(r"(?:[A-Za-z][0-9]*){2,}", body) else body
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
    word = " ".join(LETTERS.findall(body)) if re.fullmatch(r"(?:[A-Za-z][0-9]*){2,}", body) else body
    return ParseError(
        f"{sign.text} [^] lacks its / {sign.text} [~]",
        cursor.source,
        [Mark(sign.span), Mark(cursor.token.span, "~")],
        rule="what is differentiated is one name, or stands in brackets",
        help=f"write {sign.text}({word})/{below}",
    )
