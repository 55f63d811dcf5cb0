"""An index that the summation rule cannot sum: which readings there are, each as it can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from einsdiff.errors import AmbiguityError, IndexMismatchError, Mark, Span
from einsdiff.text.tree import Add, Call, Compare, Divide, Multiply, Negative, Raise, Tree, children

ALONE = "an index that is not on the left is summed where it is repeated (spec/language.md, Summation)"
MIXED = "inside a sum either every term repeats an index or none does (spec/language.md, Summation)"
TWICE = "several factors could each close the index on their own (spec/language.md, Summation)"
SHOWN = 100
"""How many characters the readings of one message may have."""

_LETTER = re.compile(r"[^\W\d_]\d*")


def spell(indices: Sequence[str], between: str = "") -> str:
    """Return a group of indices as it stands behind a name.

    >>> spell(["i", "j"]), spell(["i", "j"], ","), spell(["i1"]), spell(["row", "j"])
    ('_ij', '_{i,j}', '_i1', '[row,j]')
    """
    if not all(_LETTER.fullmatch(i) for i in indices):
        return f"[{','.join(indices)}]"
    if len(indices) == 1 or (not between and all(len(i) == 1 for i in indices)):
        return f"_{''.join(indices)}"
    return f"_{{{','.join(indices)}}}"


def refuse_alone(source: str, term: Tree, i: str, place: Span) -> IndexMismatchError:
    """Return the error for `s = x_i`."""
    while isinstance(term, Negative):
        term = term.body
    text = _text(source, term.span)
    return IndexMismatchError(
        f"{i} stands alone in a term: it is neither on the left nor repeated [^]",
        source,
        [Mark(place)],
        rule=ALONE,
        help=f"sum{spell([i])}({text if len(text) <= SHOWN // 2 else '…'}) to sum over {i}, or name {i} on the left",
    )


def refuse_mixed(source: str, term: Tree, i: str, opened: Span, closed: Span) -> IndexMismatchError:
    """Return the error for `s = (a_i b_i + c_i)^2`."""
    sums = [p for p in _parts(term) if isinstance(p, Add | Call | Compare)]
    around = next((p for p in reversed(sums) if _holds(p, opened) and _holds(p, closed)), term)
    alone = next((p for p in children(around) if _holds(p, opened)), around)
    while isinstance(alone, Negative):
        alone = alone.body
    opening = f"sum{spell([i])}("
    readings = _wrap(source, term.span, [alone.span], opening), f"{opening}{_text(source, term.span)})"
    return IndexMismatchError(
        f"the terms of this sum disagree about {i}: it stands alone at [^] and is repeated at [~]",
        source,
        [Mark(opened), Mark(closed, "~")],
        rule=MIXED,
        help=_offer(readings) or f"say which is summed with {opening}…)",
    )


def refuse_twice(source: str, term: Tree, indices: Sequence[str], places: Sequence[Span]) -> AmbiguityError:
    """Return the error for `s = A_ii B_ii`, `s = A_ii/B_ii` and `s = A_ii^2`, where `indices` stand alike."""
    i, opening = indices[0], f"sum{spell(indices, ',')}("
    part = next((p for p in _parts(term) if _spans(p, places) == list(places)), None)
    message = f"{i} can be summed in each factor [^] [~], or over the whole product"
    readings: tuple[str, ...] = ()
    if isinstance(part, Raise):
        message = f"{i} can be summed before this power [^] or after it"
        readings = (_wrap(source, part.span, [part.base.span], f"({opening}", "))"),)
    elif part is not None:
        readings = (_wrap(source, part.span, places, opening),)
    if isinstance(part, Divide):
        message = f"{i} can be summed above [^] and below [~], or over the whole quotient"
    if part is not None:
        readings += (f"{opening}{_text(source, part.span)})",)
    marks = [Mark(places[0]), *(Mark(place, "~") for place in places[1:] if place != places[0])]
    help = _offer(readings) or f"rename one of the two {i}, or write {opening}…) around what is summed"  # noqa: A001
    return AmbiguityError(message, source, marks, rule=TWICE, help=help)


def _parts(tree: Tree) -> list[Tree]:
    """Return all parts of a tree, each before its own."""
    found = [tree]
    for part in found:
        found += children(part)
    return found


def _holds(part: Tree, place: Span) -> bool:
    return part.span.start <= place.start and place.stop <= part.span.stop


def _spans(part: Tree, places: Sequence[Span]) -> list[Span]:
    """Return the factors of a part that are among some places; a power of a bare tensor is two factors."""
    match part:
        case Multiply() | Divide():
            return [factor.span for factor in children(part) if factor.span in places]
        case Raise():
            return [part.span, part.span]
        case _:
            return []


def _offer(readings: Iterable[str]) -> str:
    """Return readings one behind the other; nothing where they are too long to be read."""
    text = "  or  ".join(readings)
    return text if len(text) <= SHOWN else ""


def _text(source: str, span: Span) -> str:
    return " ".join(source[span.start : span.stop].split())


def _wrap(source: str, whole: Span, places: Iterable[Span], opening: str, closing: str = ")") -> str:
    """Return the text of `whole` with brackets of another kind around some of its parts."""
    text, k = "", whole.start
    for place in places:
        start, stop = place.start, place.stop
        while source[whole.start : start].rstrip()[-1:] == "(" and source[stop : whole.stop].lstrip()[:1] == ")":
            start, stop = source.rindex("(", whole.start, start), source.index(")", stop) + 1
        text += source[k:start]
        blank = " " if text and (text[-1].isalnum() or text[-1] in ")]}'") else ""
        text += f"{blank}{opening}{source[place.start : place.stop]}{closing}"
        k = stop
    return " ".join((text + source[k : whole.stop]).split())
