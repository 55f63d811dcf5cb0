"""Declarations: `A : matrix(n, n) symmetric`."""

from __future__ import annotations

import re
import unicodedata

from einsdiff.errors import Mark, ParseError, SizeMismatchError, Span
from einsdiff.text.lexer import tokenize
from einsdiff.text.spelling import find_meant
from einsdiff.text.symbols import LATEX_LETTERS, name_of
from einsdiff.text.tree import Declaration

RANKS = {"scalar": 0, "vector": 1, "matrix": 2, "tensor": None}
"""A kind → how many sizes it takes; a tensor takes any number."""

EXAMPLES = {"scalar": "scalar", "vector": "vector(n)", "matrix": "matrix(n, m)", "tensor": "tensor(n, m, k)"}
PROPERTIES = ("symmetric", "skew", "diagonal", "orthogonal", "spd", "positive", "constant")
SQUARE = frozenset(["symmetric", "skew", "diagonal", "orthogonal", "spd"])
"""Properties of square matrices."""
EVERY_RANK = frozenset(["symmetric", "skew"])
"""Those that a tensor with more than two axes, all of one size, can have too."""
OTHER_PROPERTIES = {
    "skewsymmetric": "skew",
    "antisymmetric": "skew",
    "pd": "spd",
    "sym": "symmetric",
    "const": "constant",
}

BEGINNING = re.compile(r"(?:\A|(?<=[\n;]))[^\S\n]*(\\?[^\W\d]\w{0,399})[^\S\n]*:(?![:=])")
"""The beginning of a declaration among the statements of a program."""

_END = re.compile(r"[\n;]")
_KIND = re.compile(r"\s*([^\W\d]\w{0,39})")
_SIZES = re.compile(r"\s*\([\w\s,]*\)")
_OPEN = re.compile(r"\s*\(")
_SIZE = re.compile(r"\s*(\w{1,99})\s*(,|\))")
_PROPERTY = re.compile(r"[\s,]*([^\W\d]\w{0,39}|\S)")


def take_declarations(source: str, text: str) -> tuple[str, tuple[Declaration, ...]]:
    """Return the text with its declarations made blank, and the declarations.

    Args:
        source: the text of the program as given, for messages.
        text: the same text, comments made blank.
    """
    if ":" not in text:
        return text, ()
    found, pieces, k = [], [], 0
    for beginning in BEGINNING.finditer(text):
        end = _END.search(text, beginning.end())
        stop = end.start() if end else len(text)
        found.append(_read(source, text, beginning, stop))
        pieces += [text[k : beginning.start()], " " * (stop - beginning.start())]
        k = stop
    pieces.append(text[k:])
    return "".join(pieces), tuple(found)


def read_declaration(name: str, text: str) -> Declaration:
    """Return the declaration of a name, `("A", "matrix(n, n) symmetric")`.

    >>> read_declaration("A", "matrix(n, 3) positive").sizes
    ('n', 3)
    """
    source = f"{name} : {text}"
    beginning = BEGINNING.match(source)
    if beginning is None or beginning.end() != len(name) + 2 or _END.search(source):
        raise ParseError(
            "this [^] is not the name of a tensor or scalar",
            source,
            [Mark(Span(0, max(len(name), 1)))],
            help='declare={"A": "matrix(n, n) symmetric"}',
        )
    return _read(source, source, beginning, len(source))


def _read(source: str, text: str, beginning: re.Match[str], stop: int) -> Declaration:
    """Read the declaration that begins at a match and ends before `stop`."""
    name_span = Span(*beginning.span(1))
    kind = _KIND.match(text, beginning.end(), stop)
    if kind is None or kind[1] not in RANKS:
        raise _refuse_kind(source, beginning, kind)
    sizes, spans, k = _read_sizes(source, text, kind.end(), stop)
    rank = RANKS[kind[1]]
    if (rank is not None and len(sizes) != rank) or (rank is None and not sizes):
        raise _refuse_sizes(source, kind, sizes, spans)
    name = _name(source, beginning[1], name_span, len(sizes))
    properties, places = _read_properties(source, text, k, stop)
    _check_square(source, kind, sizes, spans, dict(zip(properties, places, strict=True)))
    end = (places or spans or (Span(*kind.span(1)),))[-1].stop if not sizes or places else k
    return Declaration(name, kind[1], sizes, properties, Span(name_span.start, end), name_span, spans, places)


def _name(source: str, word: str, span: Span, rank: int) -> str:
    """Return the declared name; `A_ij : matrix(n, n)` names the tensor with its indices, which is a slip."""
    name = LATEX_LETTERS.get(word[1:]) if word.startswith("\\") else name_of(unicodedata.normalize("NFKC", word))
    if name is None or not _is_name(word, name):
        raise ParseError("this [^] is not one name", source, [Mark(span)], help="write A : matrix(n, n)")
    tail = re.findall(r"[^\W\d_]\d*", word.rpartition("_")[2])
    if "_" in word and rank and len(tail) == rank and "".join(tail) == word.rpartition("_")[2]:
        raise ParseError(
            f"a declaration names the tensor without its indices [^]: {word.rpartition('_')[0]}",
            source,
            [Mark(span)],
            help=f"write {word.rpartition('_')[0]} : "
            + _END.split(source[source.index(":", span.stop) + 1 :], maxsplit=1)[0].partition("#")[0].strip(),
        )
    return name


def _is_name(word: str, name: str) -> bool:
    """Whether a word is read as one name among formulas."""
    try:
        return [token.kind for token in tokenize(word, [name])] == ["name", "end"]
    except ParseError:
        return False


def _read_sizes(source: str, text: str, k: int, stop: int) -> tuple[tuple[str | int, ...], tuple[Span, ...], int]:
    """Read `(n, 3)`; nothing where no bracket opens."""
    opened = _OPEN.match(text, k, stop)
    if opened is None:
        return (), (), k
    sizes: list[str | int] = []
    spans: list[Span] = []
    k, closed = opened.end(), False
    while not closed:
        size = _SIZE.match(text, k, stop)
        if size is None or (size[1][0].isdigit() and not re.fullmatch("[0-9]{1,15}", size[1])):
            raise ParseError(
                "a size is a name or a number, and the sizes from ( [~] on end with ) [^]",
                source,
                [Mark(Span(min(k, stop - 1), min(k, stop - 1) + 1)), Mark(Span(opened.end() - 1, opened.end()), "~")],
                help="A : matrix(n, 3)",
            )
        sizes.append(int(size[1]) if size[1].isdigit() else size[1])
        spans.append(Span(*size.span(1)))
        k, closed = size.end(), size[2] == ")"
    return tuple(sizes), tuple(spans), k


def _read_properties(source: str, text: str, k: int, stop: int) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """Read `symmetric positive`."""
    properties, places = [], []
    while (word := _PROPERTY.match(text, k, stop)) is not None:
        if word[1] not in PROPERTIES:
            raise _refuse_property(source, word)
        properties.append(word[1])
        places.append(Span(*word.span(1)))
        k = word.end()
    return tuple(properties), tuple(places)


def _refuse_kind(source: str, beginning: re.Match[str], kind: re.Match[str] | None) -> ParseError:
    name = beginning[1]
    if kind is None:
        return ParseError(
            f"the declaration of {name} [^] does not say what it is",
            source,
            [Mark(Span(*beginning.span(1)))],
            help=f"write {name} : vector(n)",
        )
    meant = find_meant(kind[1], RANKS) or "vector"
    behind = _SIZES.match(source, kind.end())
    if behind is not None and RANKS[meant] in (None, behind[0].count(",") + 1):
        meant += behind[0].strip()
    elif meant != "scalar":
        meant = EXAMPLES[meant]
    return ParseError(
        f"there is no kind {kind[1]} [^]",
        source,
        [Mark(Span(*kind.span(1)))],
        rule="a name is a scalar, a vector(n), a matrix(n, m) or a tensor(n, m, k)",
        help=f"write {name} : {meant}",
    )


def _refuse_sizes(
    source: str, kind: re.Match[str], sizes: tuple[str | int, ...], spans: tuple[Span, ...]
) -> ParseError:
    rank = RANKS[kind[1]]
    wanted = {0: "no size", 1: "one size", 2: "two sizes", None: "its sizes"}[rank]
    found = "none is" if not sizes else "1 is" if len(sizes) == 1 else f"{len(sizes)} are"
    place = spans[0].to(spans[-1]) if spans else Span(*kind.span(1))
    return ParseError(
        f"a {kind[1]} has {wanted}, and {found} given [^]", source, [Mark(place)], help=f"write {EXAMPLES[kind[1]]}"
    )


def _check_square(
    source: str, kind: re.Match[str], sizes: tuple[str | int, ...], spans: tuple[Span, ...], found: dict[str, Span]
) -> None:
    """Raise where a property that needs a square matrix, or axes of one size, is given to something else."""
    for name, place in found.items():
        if name not in SQUARE or (
            len(set(sizes)) == 1 and (len(sizes) == 2 or (name in EVERY_RANK and len(sizes) > 2))
        ):
            continue
        square = f"{name} [^] needs a square matrix"
        if len(sizes) < 2 or (len(sizes) > 2 and name not in EVERY_RANK):
            message, marks = f"{square}, and this is a {kind[1]} [~]", [Mark(place), Mark(Span(*kind.span(1)), "~")]
            raise ParseError(message, source, marks, help=f"leave {name} out, or declare a matrix(n, n)")
        shown = " by ".join(map(str, sizes))
        needs = square if len(sizes) == 2 else f"{name} [^] needs axes of one size"
        typed = f"write {kind[1]}({', '.join([str(sizes[0])] * len(sizes))}) {name}"
        marks = [Mark(place), Mark(spans[0].to(spans[-1]), "~")]
        raise SizeMismatchError(f"{needs}, and this is {shown} [~]", source, marks, help=typed)


def _refuse_property(source: str, word: re.Match[str]) -> ParseError:
    meant = OTHER_PROPERTIES.get(word[1].lower().replace("-", "")) or find_meant(word[1], PROPERTIES)
    return ParseError(
        f"there is no property {word[1]} [^]",
        source,
        [Mark(Span(*word.span(1)))],
        rule=f"properties are {', '.join(PROPERTIES)}",
        help=f"did you mean {meant}?" if meant else "",
    )
