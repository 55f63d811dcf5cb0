r"""Functions without brackets, where custom leaves no doubt: `\log x`, `tr A`, `log det X`, `ln|X|`."""

from __future__ import annotations

from einsdiff.text.cursor import BREAKS, Cursor
from einsdiff.text.lexer import Token

WHOLES = frozenset(["tr", "det", "logdet", "vec"])
"""Functions of a matrix that papers write before a name."""
LOGARITHMS = frozenset(["log", "ln"])
_PARTS = frozenset(["name", "number", "power", "^", "'", "ᵀ", "+", "-", "*", "/", "(", ")", "{", "}"])


def is_written_bare(cursor: Cursor, name: Token) -> bool:
    r"""Whether the function that is the last token may stand before its argument without brackets.

    Every LaTeX function may, tr, det, logdet and vec may, and a logarithm before a determinant.
    """
    if cursor.source[name.start] == "\\" or name.text in WHOLES:
        return True
    is_logarithm = name.text in LOGARITHMS and cursor.token.text in ("det", "|")
    return is_logarithm and (cursor.kind != "|" or is_determinant(cursor))


def is_determinant(cursor: Cursor) -> bool:
    """Whether the bar at the place opens |X| right behind a logarithm, around matrices alone: a determinant.

    >>> from einsdiff.text.lexer import tokenize
    >>> cursor = Cursor("log|X|", tokenize("log|X|"), [])
    >>> cursor.k = 1
    >>> is_determinant(cursor)
    True
    """
    tokens, k = cursor.tokens, cursor.k
    stop = next((j for j in range(k + 1, len(tokens)) if tokens[j].kind in ("|", *BREAKS)), k)
    inside = tokens[k + 1 : stop]
    if tokens[stop].kind != "|" or not inside or any(token.kind not in _PARTS for token in inside):
        return False
    is_call = tokens[k - 1].kind in ("(", "{") and cursor.partner.get(k - 1) == stop + 1
    head = tokens[k - 1 - is_call] if k > is_call else tokens[-1]
    return head.text in LOGARITHMS and _are_matrices([token.text for token in inside if token.kind == "name"])


def _are_matrices(names: list[str]) -> bool:
    """Whether some names are capitals, and Greek letters before them: λ I + X' X."""
    capitals = [name for name in names if name[0].isupper()]
    return any(name != "I" for name in capitals) and all(name in capitals or "α" <= name[0] <= "ω" for name in names)
