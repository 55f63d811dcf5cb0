r"""The entry to reading: a text → a `Document` of statements and declarations.

The grammar; blanks separate, brackets of any kind group, and every sign has its LaTeX and ASCII spelling:

    Program     = [Statement | Declaration] { (newline | ";") [Statement | Declaration] }     # … is a comment
    Declaration = name ":" ("scalar" | "vector" Sizes | "matrix" Sizes | "tensor" Sizes) { property }
    Statement   = [Target "="] Sum
    Target      = Name | Derivative
    Sum         = Signed { ("+" | "-") Signed }
    Signed      = { "+" | "-" } Product
    Product     = Factor { Factor | ("*" | "/" | "⊙" | "./" | "⊗") Unary }       behind / ⊙ ./ ⊗ no bare Factor
    Unary       = { "+" | "-" } Factor
    Factor      = Primary { "^" Exponent | ".^" Exponent | "²" | "'" | "ᵀ" | "^T" }
    Exponent    = { "+" | "-" } Primary ["^" Exponent]
    Primary     = numeral | Name | "1" indices | Call | Reduction | Derivative | Differential
                | "(" Sum ")"
                | "|" Sum "|" | "‖" Sum "‖" [indices] | "√" Primary | "\sqrt" ["[" numeral "]"] Primary
                | "\frac" "{" Sum "}" "{" Sum "}"
    Call        = name { "'" } ["_" indices] "(" Argument { "," Argument } ")" ["_" indices]
                | name "^(" numeral { "," numeral } ")(" Argument { "," Argument } ")" | "\name" Factor
                | ("tr" | "det" | "logdet" | "vec") Factor | ("log" | "ln") ("det" Factor | "|" Sum "|")
    Argument    = Sum [relation Sum]                                                 relation in where(…) only
    Reduction   = operator "_" indices "(" Sum ")"                                   right behind: no power may follow
                | operator "_" indices Signed                                        Σ, \sum, or a blank before it
    Differential = ("∂" | "d") [order] Factor                                        in claims only
    Derivative  = "∂" [order] Factor "/" Variables | "∂" [order] "/" Variables Factor | "∂" indices Primary
                | "d" [order] "(" Sum ")" "/" Variables
                | "\frac" "{" ("∂" | "d") [order] [Product] "}" "{" Variables "}" [Factor]
                | "∇" [order] [indices] [order] Factor                                       in matrix notation
    Variables   = Variable {Variable} | "(" Variable {Variable} ")"
    Variable    = ("∂" | "d") (Name | "(" Name ")") [order] ["ᵀ"]
    order       = "²" | "^" numeral | "^{" numeral "}"
    Name        = name [indices]
    indices     = "_" letters | "_{" letters "}" | "[" words "]"                       left of =, (ij) is one axis

Index notation knows no ' ᵀ ⊙ ./ .^ ⊗; matrix notation knows no indices, Σ and ∂_l.  The arguments of inv, det, logdet,
tr and of norms are matrix notation in both.  `name(` is a call unless the name is a known tensor or scalar.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Literal

from einsdiff.errors import Mark, ParseError, Span
from einsdiff.text import ambiguities, index_slips, slips
from einsdiff.text.cursor import BREAKS, TARGETS, Cursor, find_targets
from einsdiff.text.declarations import read_declaration, take_declarations
from einsdiff.text.derivatives import DerivativeReader
from einsdiff.text.differentials import mark_signs
from einsdiff.text.expressions import Reader, run
from einsdiff.text.index_parser import IndexReader
from einsdiff.text.joined import split_joined
from einsdiff.text.lexer import Token, tokenize
from einsdiff.text.matrix_parser import MatrixReader
from einsdiff.text.reach import check_divisors, check_left
from einsdiff.text.symbols import OPENERS, name_of
from einsdiff.text.tree import Declaration, Differentiate, Document, Index, Name, Statement, Tree

Notation = Literal["index", "matrix"]

LENGTH = 1_000_000
"""How many characters a text may have."""

_COMMENT = re.compile(r"#[^\n]*")


def parse(source: str, *, notation: Notation | None = None, known: Collection[str] = ()) -> Document:
    """Return what a text says.

    Args:
        source: statements and declarations, one a line or split by `;`.
        notation: how to read it; None finds out: a text in which some tensor carries an index is index notation.
        known: names that are tensors or scalars, so that `b(x_i + y_i)` is a product.

    Raises: ParseError, AmbiguityError, UnknownNameError, with the place.

    >>> parse("y = x_i A_ij x_j").statements[0].target.name
    'y'
    >>> parse("x' A x").notation
    'matrix'
    """
    cursor, declarations, notation = _open(source, known, notation)
    reader = _reader(cursor, notation)
    statements = []
    while not _skip_breaks(cursor):
        statements.append(_read_statement(reader))
    if not statements and not declarations:
        raise _refuse_empty(source)
    return Document(source, tuple(statements), declarations, notation)


def parse_claim(
    source: str, *, notation: Notation | None = None, known: Collection[str] = (), differentials: bool = True
) -> Document:
    """Return a claim `left = right` as its document: the last two statements, without targets, are the two sides.

    Without `differentials` dX and d are names.

    >>> [statement.target for statement in parse_claim("tr(A B) = tr(B A)").statements]
    [None, None]
    """
    cursor, declarations, notation = _open(source, known, notation, is_claim=True)
    names = {*map(name_of, known), *(d.name for d in declarations)}
    above = names | find_targets(_above(cursor.tokens))
    if differentials:
        tokens = mark_signs(cursor, above)
        cursor = cursor if tokens is cursor.tokens else Cursor(source, tokens, names)
    cursor.takes_differentials = differentials
    reader = _reader(cursor, notation)
    signs = [k for k, token in enumerate(cursor.tokens) if token.kind == "="]
    _check_claim(cursor, signs)
    _check_quotients(reader, names | find_targets(cursor.tokens))
    statements = []
    while not _skip_breaks(cursor):
        first = cursor.k
        stop = next(k for k in range(first, len(cursor.tokens)) if cursor.tokens[k].kind in BREAKS)
        statements += _read_sides(reader) if first <= signs[-1] < stop else [_read_statement(reader)]
    if not statements:
        raise _refuse_empty(source)
    check_left(cursor, statements[-2])
    check_divisors(source, statements, above)
    return Document(source, tuple(statements), declarations, notation)


def _above(tokens: list[Token]) -> list[Token]:
    """Return the tokens of the statements above a claim."""
    sign = next((k for k in reversed(range(len(tokens))) if tokens[k].kind == "="), 0)
    first = next((k for k in reversed(range(sign)) if tokens[k].kind in BREAKS), -1)
    return tokens[: first + 1]


def _drop_full_stop(tokens: list[Token]) -> None:
    """Drop the full stop or the comma with which a sentence ends that is a claim."""
    if len(tokens) > 2 and tokens[-2].kind in (".", ",") and tokens[-3].kind != ".":
        del tokens[-2]


def _check_claim(cursor: Cursor, signs: list[int]) -> None:
    """Raise ClaimError unless the last statement is a claim and all others define names; the `signs` are =."""
    tokens = cursor.tokens
    if all(token.kind in BREAKS for token in tokens):
        raise _refuse_empty(cursor.source)
    if not signs:
        raise slips.refuse_no_claim(cursor)
    last = signs[-1]
    behind = next((k for k in range(last, len(tokens)) if tokens[k].kind in BREAKS), len(tokens))
    other = next((k for k in range(behind, len(tokens)) if tokens[k].kind not in BREAKS), None)
    if other is not None:
        raise slips.refuse_two_claims(cursor, tokens[last].span, tokens[other].span)
    first = 0
    for k, token in enumerate(tokens):
        if token.kind in BREAKS:
            first = k + 1
        elif k in signs[:-1]:
            is_chain = not any(t.kind in BREAKS for t in tokens[k:last])
            if is_chain or [t.kind for t in tokens[first:k]] not in TARGETS:
                raise slips.refuse_two_claims(cursor, token.span, tokens[last].span)


def _check_quotients(reader: DerivativeReader, known: Collection[str]) -> None:
    """Raise ClaimError where a quotient is meant as a derivative and would be read as one of names: dy/dx, d tr(X)/dX.

    `known` are the names that the text declares or defines.
    """
    cursor = reader.cursor
    tokens, at = cursor.tokens, cursor.k
    for k, (sign, below) in enumerate(pairwise(tokens)):
        if sign.kind != "/" or below.kind != "name" or below.text in known:
            continue
        is_loose = below.text == "d" and tokens[k + 2].kind in ("(", "name")
        if not (_is_differential(below.text) or is_loose):
            continue
        above = k - 1 - (k > 1 and tokens[k - 1].kind == "indices")
        if tokens[above].kind == "name" and _is_differential(tokens[above].text) and tokens[above].text not in known:
            raise slips.refuse_name_quotient(cursor, above, k)
        for first in _factors_above(cursor, k):
            cursor.k = first
            if tokens[first].text == "d" and "d" not in known and not reader.is_quotient():
                raise slips.refuse_name_quotient(cursor, first, k)
        cursor.k = at


def _factors_above(cursor: Cursor, k: int) -> Iterator[int]:
    """Yield the numbers of the names in the product before the `/` that is token k, but for those in brackets."""
    opening = {closed: opened for opened, closed in cursor.partner.items()}
    k -= 1
    while k >= 0 and cursor.tokens[k].kind not in (*BREAKS, *OPENERS, "=", "+", "-", ","):
        if cursor.tokens[k].kind == "name":
            yield k
        k = opening.get(k, k) - 1


def _is_differential(name: str) -> bool:
    """Whether a name is a d with one letter behind it."""
    return re.fullmatch(r"d[A-Za-zα-ωΑ-Ω][0-9]*", name) is not None


def parse_declaration(name: str, text: str) -> Declaration:
    """Return the declaration of a name, as in `declare={"A": "matrix(n, n) symmetric"}`.

    >>> parse_declaration("lambda", "scalar positive").name
    'λ'
    """
    return read_declaration(name, text)


def parse_entry(text: str, *, known: Collection[str] = ()) -> Name:
    """Return the name, with its indices if it has some, that a `wrt` gives: x, x_k, W_{ij}, x_hat[i].

    >>> parse_entry("W_{ij}").indices[1].name
    'j'
    """
    if name_of(text.strip()) in known:
        start = len(text) - len(text.lstrip())
        return Name(name_of(text.strip()), None, Span(start, start + len(text.strip())))
    cursor = Cursor(text, tokenize(_check_length(text), known), known)
    if cursor.kind == "name":
        token = cursor.advance()
        name = IndexReader(cursor, MatrixReader(cursor)).indexed(token.text, token.start)
        if cursor.kind == "end":
            return name
    raise ParseError(
        "this [^] is not one name", text, [Mark(Span(0, max(len(text), 1)))], help="write x, x_k, W_{ij} or x_hat[i]"
    )


def find_notation(cursor: Cursor) -> Notation:
    """Return the notation of a text: index notation where some tensor carries an index."""
    return "index" if cursor.carried[-1] else "matrix"


def _check_length(source: str) -> str:
    if len(source) > LENGTH:
        raise ParseError(
            f"the text has {len(source)} characters, and at most {LENGTH} can be read",
            help="split the program and pass intermediate results as arrays",
        )
    return source


def _open(
    source: str, known: Collection[str], notation: Notation | None, *, is_claim: bool = False
) -> tuple[Cursor, tuple[Declaration, ...], Notation]:
    """Return a cursor at the first token of a text, the text's declarations, and its notation."""
    text = _check_length(source)
    if "#" in text:
        text = _COMMENT.sub(lambda comment: " " * len(comment.group()), text)
    text, declarations = take_declarations(source, text)
    names = {*map(name_of, known), *(declaration.name for declaration in declarations)}
    try:
        cursor = Cursor(source, tokenize(text, names), names)
        notation = notation or find_notation(cursor)
        if is_claim:
            _drop_full_stop(cursor.tokens)
        if notation == "matrix":
            tokens = split_joined(source, cursor.tokens, names | find_targets(cursor.tokens), is_claim=is_claim)
            cursor = cursor if tokens is cursor.tokens else Cursor(source, tokens, names)
        index_slips.check_folds(cursor, is_claim=is_claim)
    except ParseError as error:
        error.source = source
        raise
    return cursor, declarations, notation


def _reader(cursor: Cursor, notation: Notation) -> DerivativeReader:
    matrix = MatrixReader(cursor, inside=notation == "index")
    return matrix if notation == "matrix" else IndexReader(cursor, matrix)


def _skip_breaks(cursor: Cursor) -> bool:
    """Step over the ends of statements; return whether the text is at its end."""
    while cursor.kind in ("\n", ";"):
        cursor.advance()
    return cursor.kind == "end"


def _refuse_empty(source: str) -> ParseError:
    first = len(source) - len(source.lstrip())
    if first == len(source):
        return ParseError("the text is empty", source, help="y = x_i A_ij x_j")
    return ParseError("there is no formula [^]", source, [Mark(Span(first, first + 1))], help="y = x_i A_ij x_j")


def _is_parted(cursor: Cursor) -> bool:
    """Whether a ; ends the statement above this line."""
    return next((token.kind for token in reversed(cursor.tokens[: cursor.k]) if token.kind != "\n"), "") == ";"


def _read_statement(reader: Reader) -> Statement:
    """Statement = [Target =] Sum."""
    cursor = reader.cursor
    start = cursor.token.start
    if cursor.kind in ("+", "-") and cursor.k and cursor.last.kind == "\n" and not _is_parted(cursor):
        raise ambiguities.refuse_line(cursor)
    target, body = None, run(reader.sum(), cursor)
    if cursor.kind == "=":
        target = _check_target(cursor, body, start)
        cursor.advance()
        body = run(reader.sum(), cursor)
    if cursor.kind not in BREAKS:
        raise slips.refuse_token(cursor)
    return Statement(target, body, cursor.span_from(start))


def _read_sides(reader: Reader) -> list[Statement]:
    """Sum = Sum."""
    cursor = reader.cursor
    sides = []
    for closer in ("=", ""):
        start = cursor.token.start
        body = run(reader.sum(), cursor)
        sides.append(Statement(None, body, cursor.span_from(start)))
        if closer:
            reader.expect(closer)
    if cursor.kind not in BREAKS:
        raise slips.refuse_token(cursor)
    return sides


def _check_target(cursor: Cursor, target: Tree, start: int) -> Name | Differentiate:
    """Return what stands left of the `=` at the place, if a result can be called so."""
    equals: Token = cursor.token
    if isinstance(target, Name):
        names = [target]
    elif isinstance(target, Differentiate) and isinstance(target.body, Name):
        names = [target.body, *target.wrt]
    elif isinstance(target, Differentiate):
        return target
    else:
        raise slips.refuse_target(cursor, cursor.span_from(start), equals)
    for name in names:
        if name.indices and name.name in ("δ", "ε", "1"):
            raise index_slips.refuse_built_in(cursor, name)
    repeated = find_repeated(names)
    if repeated is not None:
        raise index_slips.refuse_repeated(cursor, *repeated)
    return target


def find_repeated(names: list[Name]) -> tuple[Index, Index] | None:
    """Return the two places of the first index that stands twice."""
    seen: dict[str | int, Index] = {}
    for name in names:
        for index in name.indices or ():
            if isinstance(index.name, str) and index.name in seen:
                return seen[index.name], index
            seen[index.name] = index
    return None
