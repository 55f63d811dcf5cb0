"""Names that are scalars only since a text was taken at its word: (X w - y)^2 as a power of matrices, u · v as u v.

A text is read once more, with powers entry by entry and a dot as the inner product of what stands on its two sides;
and once with Greek letters that may be vectors.  If names are vectors there that were scalars, it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from einsdiff.errors import AmbiguityError, Mark, Span

DOTS = ("·", "⋅", "∙", "•", "\\cdot")


MATRIX, COLUMN = frozenset("m"), frozenset("c")
Shapes = list[frozenset[str]]


class Doubt(NamedTuple):
    """A power, or two factors with a dot between them, by the parts and the places of what it joins."""

    sign: Literal["power", "dot"]
    parts: tuple[int, ...]
    spans: tuple[Span, Span]


def find_dot(source: str, factors: Sequence[Span]) -> int:
    """Return how many factors stand before the first dot; 0 where there is none."""
    gaps = (source[left.stop : right.start].strip(" ()[]{}") for left, right in pairwise(factors))
    return next((k for k, gap in enumerate(gaps, 1) if gap in DOTS), 0)


def refuse_forced(
    source: str,
    doubts: Sequence[Doubt],
    shapes: Sequence[tuple[Shapes, Shapes]],
    forced: Sequence[str],
    *,
    powers: bool,
) -> None:
    """Raise AmbiguityError where scalars would be vectors if powers went entry by entry and dots were inner products.

    Args:
        source: the text.
        doubts: the powers and dotted products.
        shapes: of each the shapes of its parts as the text is read, and where they are so.
        forced: the names that are vectors there and scalars otherwise.
        powers: whether powers are refused, too: a claim is told what is wrong with it.
    """
    for doubt, (strict, lenient) in zip(doubts, shapes, strict=True):
        first, second = (_text(source, span) for span in doubt.spans)
        if powers and forced and doubt.sign == "power" and strict == [MATRIX] and lenient[0] <= {"c", "r"}:
            raise AmbiguityError(
                f"this power [^] makes {_list(forced)} scalar, so that [~] is a matrix",
                source,
                [Mark(doubt.spans[1]), Mark(doubt.spans[0], "~")],
                rule="^ is the power of a matrix, .^ that of every entry (spec/language.md, Matrix notation)",
                help=f"write {first} .^ {second}, or declare  {forced[0]} : scalar",
            )
        if forced and doubt.sign == "dot" and lenient == [COLUMN, COLUMN]:
            raise AmbiguityError(
                f"it is not clear whether {first} · {second} [^] is an inner product",
                source,
                [Mark(doubt.spans[0].to(doubt.spans[1]))],
                help=f"write {first}' {second} for the inner product, {first} {second} for a scalar times a vector",
            )


def refuse_greek(source: str, vectors: Sequence[str], greek: Sequence[str], places: Mapping[str, Span]) -> None:
    """Raise AmbiguityError where a Greek letter makes scalars of names that are vectors beside a vector.

    Args:
        source: the text.
        vectors: the scalars that are vectors where Greek letters can be.
        greek: the Greek letters that were taken for scalars.
        places: where each name stands first.
    """
    letter = next((name for name in vectors if name in greek), None)
    forced = [name for name in vectors if name not in greek]
    if letter is None or not forced:
        return
    raise AmbiguityError(
        f"{letter} [^] is taken for a scalar, which makes {_list(forced)} scalar, too",
        source,
        [Mark(places[letter])],
        rule="Greek letters are scalars, unless declared (spec/language.md, Kinds of names)",
        help=f"declare  {letter} : vector(n)  or  {forced[0]} : scalar",
    )


def _text(source: str, span: Span) -> str:
    """Return a part with the bracket that stands around it, if one does."""
    if source[: span.start].rstrip().endswith("(") and source[span.stop :].lstrip().startswith(")"):
        span = Span(source.rindex("(", 0, span.start), source.index(")", span.stop) + 1)
    return " ".join(source[span.start : span.stop].split())


def _list(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    >>> _list(["w"]), _list(["w", "y"]), _list(["w", "x", "y"])
    ('w', 'w and y', 'w, x and y')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
