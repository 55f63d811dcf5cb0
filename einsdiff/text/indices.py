r"""Groups of indices: `_ij`, `_{i1 j2}`, `_{(ij)k}`, `_\alpha`, `_{i=1}^{n}`, `[row, 10]`, `ᵢⱼ`.

After `_` and in braces an index is one letter with the digits that follow it and each other digit is a component; in
brackets an index is a word and a component is a whole number.
"""

from __future__ import annotations

import re
from dataclasses import replace

from einsdiff.errors import Mark, ParseError, Span
from einsdiff.text.symbols import FONTS, LATEX_LETTERS, SUBSCRIPTS, VARIANTS, name_of
from einsdiff.text.tree import Index

Group = tuple[tuple[Index, ...], int]
"""The indices of a group and the offset behind it."""

_LETTER = "A-Za-zͰ-ϿЀ-ӿℓµ"
_PLAIN = re.compile(rf"(?:[{_LETTER}][0-9]*|[0-9])+")
_SINGLE = re.compile(rf"[{_LETTER}][0-9]*|[0-9]")
_ITEM = re.compile(
    rf"(?P<blank>[\s,&]+|\\[,;:! ])|(?P<letter>[{_LETTER}][0-9]*)|(?P<digit>[0-9])"
    r"|(?P<parenthesis>[()])|(?P<font>\\(?P<face>[A-Za-z]+)\s*\{)|(?P<close>\})|(?P<command>\\[A-Za-z]+)[0-9]*"
)
_FIRST = re.compile(r"=\s*1\s*\}")
_LAST = re.compile(r"\s*\^\s*(?:\{\s*\\?[^\W\d_]\w*\s*\}|[^\W\d_])")
_UPPER = re.compile(r"(?:\s*\\(?:no)?limits(?![A-Za-z]))?" + _LAST.pattern + r"(?=\s*_)")
_NAME = r"(?:[^\W\d_]\w*+|\\[A-Za-z]++|\d++)"
_WORDS = re.compile(rf"\[\s*+(?:(?:{_NAME}|\(\s*+{_NAME}(?:\s*+,\s*+{_NAME})++\s*+\))(?:\s*+,\s*+|\s++|(?=\])))*+\]")
_WORD = re.compile(r"[()]|[^\W\d_]\w*|\\[A-Za-z]+|\d+")
MANY = 4  # groups that a message repeats
_GROUP = re.compile(r"_(?:\{([^{}]{1,60})\}|([^\W_]{1,60}))")


def read_subscript(source: str, start: int) -> Group:
    """Read the group whose `_` stands at `start`."""
    k = start + 1
    if source.startswith("{", k):
        return _read_braces(source, start)
    if source.startswith("\\", k):
        return _read_command(source, start)
    plain = _PLAIN.match(source, k)
    if plain is None:
        raise ParseError(
            "an index is missing after _ [^]",
            source,
            [Mark(Span(start, k))],
            help="write x_i, x_{i1 j2} or x[row]",
        )
    return split_letters(plain.group(), k, source), plain.end()


def read_limits(source: str, start: int) -> Group:
    r"""Read the group of a reduction, which may carry the limits of LaTeX: `\sum_{i=1}^{n}`."""
    indices, stop = (
        read_subscript(source, start)
        if source[start + 1 : start + 2] != "{"
        else _read_braces(source, start, limits=True)
    )
    last = _LAST.match(source, stop)
    if last is None and source[stop : stop + 1] == "^":
        raise _refuse_limit(source, stop)
    return indices, last.end() if last else stop


def skip_upper_limit(source: str, stop: int) -> int:
    r"""Return the offset behind an upper limit that stands before the lower one, `\sum^{n}_{i=1}`; else `stop`."""
    last = _UPPER.match(source, stop)
    return last.end() if last else stop


def split_letters(text: str, start: int, source: str) -> tuple[Index, ...]:
    """Split `ij1` into i and j1; digits that follow no letter are components."""
    indices = []
    k = 0
    while k < len(text):
        stop = k + 1
        if not text[k].isdigit():
            while stop < len(text) and text[stop].isdigit():
                stop += 1
        indices.append(_index(text[k:stop], Span(start + k, start + stop), source))
        k = stop
    return tuple(indices)


def read_brackets(source: str, start: int) -> Group | None:
    """Read `[row, 10]` at `start`; None where the bracket holds something else than indices."""
    group = _WORDS.match(source, start)
    if group is None:
        return None
    read: list[Index | Span] = []
    for word in _WORD.finditer(source, start, group.end()):
        span = Span(*word.span())
        read.append(span if word.group() in "()" else _index(word.group(), span, source))
    return _folded(read, source), group.end()


def _folded(read: list[Index | Span], source: str) -> tuple[Index, ...]:
    """Return indices, those behind the first in a parenthesis as folded; a span is that of a parenthesis."""
    indices: list[Index] = []
    opened: int | None = None
    for part in read:
        if isinstance(part, Index):
            indices.append(replace(part, is_folded=opened is not None and len(indices) > opened))
        elif (source[part.start] == "(") == (opened is None) and opened != len(indices):
            opened = len(indices) if opened is None else None
        else:
            raise _refuse(source, part.start)
    if opened is not None:
        raise _refuse(source, next(p.start for p in reversed(read) if isinstance(p, Span)))
    return tuple(indices)


def read_small_letters(source: str, start: int) -> Group:
    """Read Unicode subscripts, `ᵢⱼ`."""
    stop = start
    while stop < len(source) and source[stop] in SUBSCRIPTS:
        stop += 1
    return split_letters("".join(SUBSCRIPTS[c] for c in source[start:stop]), start, source), stop


def refuse_second_group(source: str, name: str, first: int, second: int) -> ParseError:
    """Return the error for `x_hat_i`: the groups behind the name begin at `first` and `second`."""
    groups: list[str] = []
    k = first
    while len(groups) < MANY and (group := _GROUP.match(source, k)) is not None:
        groups.append(group[1] or group[2])
        k = group.end()
    typed = "write x_ij, or x_hat[i]"
    if any(not text.isalnum() for text in groups):
        groups = []
    if groups and all(_SINGLE.fullmatch(text) for text in groups):
        typed = f"write {name}_{''.join(groups)}"
    elif groups:
        whole = "_".join([name, *groups[:-1]])
        typed = f"write {whole}[{', '.join(_SINGLE.findall(groups[-1]))}], if the name is {whole}"
    return ParseError(
        "a name ends at its first _ [~], so that the second _ [^] has no name before it",
        source,
        [Mark(Span(second, second + 1)), Mark(Span(first, first + 1), "~")],
        help=typed,
    )


def _read_command(source: str, start: int) -> Group:
    r"""Read `_\alpha` or `_\mathrm{F}`."""
    item = _ITEM.match(source, start + 1)
    if item is not None and item["font"] and item["face"] in FONTS:
        indices, stop = _read_braces(source, item.end() - 2)
        return indices, stop
    if item is None or not item["command"]:
        raise _refuse(source, start + 1)
    return (_command_index(source, item),), item.end()


def _read_braces(source: str, start: int, *, limits: bool = False) -> Group:
    """Read the group whose brace stands at `start + 1`; `limits` allows `=1` at its end."""
    indices: list[Index | Span] = []
    k, depth = start + 2, 1
    while depth:
        item = _ITEM.match(source, k)
        if item is None:
            end = _FIRST.match(source, k) if limits and indices else None
            if end is not None:
                return _folded(indices, source), end.end()
            raise _refuse_limit(source, k) if limits else _refuse(source, k, start + 1)
        if item["command"] or item["letter"] or item["digit"]:
            indices.append(_command_index(source, item))
        elif item["parenthesis"]:
            indices.append(Span(*item.span()))
        elif item["font"] and item["face"] not in FONTS:
            raise _refuse(source, k, start + 1)
        depth += bool(item["font"]) - bool(item["close"])
        k = item.end()
    if not indices:
        raise ParseError(
            "there is no index between these braces [^]",
            source,
            [Mark(Span(start + 1, k))],
            help="write x_{i}, or x without braces for a scalar",
        )
    return _folded(indices, source), k


def _command_index(source: str, item: re.Match[str]) -> Index:
    r"""Return the index that a letter, a digit or a command such as `\alpha` stands for."""
    if not item["command"]:
        return _index(item.group(), Span(*item.span()), source)
    letter = LATEX_LETTERS.get(item["command"][1:])
    if letter is None:
        raise _refuse(source, item.start())
    return Index(letter + item.group()[len(item["command"]) :], Span(*item.span()))


def _index(text: str, span: Span, source: str) -> Index:
    """Return the index, or the component, that a word or a numeral stands for."""
    if not text[0].isdigit():
        return Index(VARIANTS.get(text[0], text[0]) + text[1:] if len(text) < 2 else name_of(text.lstrip("\\")), span)
    if not text.isascii() or len(text) > 9:
        raise ParseError(
            "this component is not a number that an axis can have [^]", source, [Mark(span)], help="write x_1"
        )
    if int(text) == 0:
        raise ParseError(
            "components count from 1: there is no component 0 [^]",
            source,
            [Mark(span)],
            rule="after _ and in braces each digit is one component, in brackets a whole number is",
            help="the first component is x_1, the tenth is x[10]",
        )
    return Index(int(text), span)


def _refuse(source: str, k: int, opened: int | None = None) -> ParseError:
    """Return the error for what cannot stand in a group of indices."""
    if k >= len(source) and opened is not None:
        return ParseError("{ [^] is never closed", source, [Mark(Span(opened, opened + 1))], help="close it with }")
    if source[k : k + 1] in ("+", "-", "−") and opened is not None:
        return ParseError(
            "indices know no arithmetic [^]",
            source,
            [Mark(Span(k, k + 1))],
            rule="an index is a letter, and every tensor that has it is taken at the same place",
            help="give the shifted tensor a name of its own, such as z_i for x_{i+1}",
        )
    return ParseError(
        "this is not an index [^]",
        source,
        [Mark(Span(k, k + 1))],
        rule="an index is one letter, with digits behind it if you like; a numeral is a component",
        help="write A_ij, A_{i1 j2}, A_{1j} or A[row, col]",
    )


def _refuse_limit(source: str, k: int) -> ParseError:
    """Return the error for a sum with other limits than `i=1` and `n`."""
    return ParseError(
        "a sum runs over all values of its index: it cannot have this limit [^]",
        source,
        [Mark(Span(min(k, max(len(source) - 1, 0)), k + 1))],
        help=r"write \sum_{i} or \sum_{i=1}^{n}",
    )
