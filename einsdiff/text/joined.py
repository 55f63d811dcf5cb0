"""Names written side by side without a blank: in matrix notation `x'Ax` is x' A x, and `tr(AXB)` is tr(A X B).

A word that nobody declared, defined or gave as a function is a product of one-letter names where it is made of capitals
alone (AXB) or of capitals and one small letter at the end (Ax).  In a claim it also is where each of its letters has
another place of its own (xx', ab').  A digit belongs to the letter before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from einsdiff.text.cursor import is_called
from einsdiff.text.lexer import WORDS, Token
from einsdiff.text.symbols import GREEK

_LETTER = re.compile(r"[A-Za-z][0-9]*")
_WORD = re.compile(r"(?:[A-Za-z][0-9]*){2,}")
_PRODUCT = re.compile(r"(?:[A-Z][0-9]*)+(?:[A-Z][0-9]*|[a-z][0-9]*)")
_VARIABLES = re.compile(r"(?:d[A-Za-z][0-9]*)+")


def split_joined(source: str, tokens: list[Token], known: Collection[str], *, is_claim: bool = False) -> list[Token]:
    """Return the tokens in which words that are products are one-letter names side by side.

    >>> from einsdiff.text.lexer import tokenize
    >>> [token.text for token in split_joined("x'Ax", tokenize("x'Ax"), [])]
    ['x', "'", 'A', 'x', '']
    """
    words = {k for k, token in enumerate(tokens) if _is_word(source, token, known)}
    if not words:
        return tokens
    variables = set(_variables(tokens, words))
    alone = {*known, *_alone(tokens, words, variables)}
    products: set[int] = set()
    for k in sorted(words - variables):
        letters = _LETTER.findall(tokens[k].text)
        is_product = _PRODUCT.fullmatch(tokens[k].text) is not None
        if is_called(tokens, k):
            is_product = alone.issuperset(letters)
        if is_product:
            products.add(k)
            alone.update(letters)
    if is_claim:
        products |= {k for k in words - variables if alone.issuperset(_LETTER.findall(tokens[k].text))}
    found: list[Token] = []
    for k, token in enumerate(tokens):
        if k in variables:
            found += _pieces(token, _VARIABLE)
        else:
            found += _pieces(token, _LETTER) if k in products else [token]
    return found


_VARIABLE = re.compile(r"d[A-Za-z][0-9]*")


def _is_word(source: str, token: Token, known: Collection[str]) -> bool:
    """Whether a token is a word that could be several names."""
    if token.kind != "name" or token.text in known or _WORD.fullmatch(token.text) is None:
        return False
    if source[token.start : token.stop] != token.text:  # dressed, as \mathrm{KL}
        return False
    return token.text not in WORDS and token.text.rstrip("0123456789") not in GREEK


def _variables(tokens: list[Token], words: Collection[int]) -> Iterator[int]:
    """Yield the words that are the dx, or dxdx, of a derivative `d(…)/dx`."""
    opened = False
    for k, token in enumerate(tokens):
        if k in words and opened and _VARIABLES.fullmatch(token.text):
            yield k
        elif token.kind == "/":
            opened = k > 0 and tokens[k - 1].kind in (")", "}", "]")
        elif not (opened and token.kind in ("(", "'", "ᵀ")):
            opened = False


def _alone(tokens: list[Token], words: Collection[int], variables: Collection[int]) -> Iterator[str]:
    """Yield the one-letter names of a text, those of the variables among them."""
    for k, token in enumerate(tokens):
        if k in variables:
            yield from (piece[1:] for piece in _VARIABLE.findall(token.text))
        elif token.kind == "name" and k not in words and _LETTER.fullmatch(token.text):
            behind_power = k > 0 and tokens[k - 1].kind == "^" and token.text == "T"
            if not behind_power and not is_called(tokens, k):
                yield token.text


def _pieces(token: Token, pattern: re.Pattern[str]) -> list[Token]:
    return [
        Token("name", piece[0], token.start + piece.start(), token.start + piece.end())
        for piece in pattern.finditer(token.text)
    ]
