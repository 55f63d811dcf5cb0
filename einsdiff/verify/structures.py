"""Derivatives by the free entries of a structured matrix: the claims that are true where S is written by them.

`∂f/∂S` varies every entry of S by itself, whatever is declared of S.  Where the entries of a symmetric S are tied, S is
P + P' - P .* I, and what is printed as ∂f/∂S is ∂f/∂P.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from einsdiff.elaborate.claims import kinds_of, parts_of
from einsdiff.elaborate.kinds import BUILTINS, Kind
from einsdiff.errors import EinsdiffError, Span
from einsdiff.text.parser import parse_claim
from einsdiff.text.tree import Call, Declaration, Differentiate, Entrywise, Name, Tree
from einsdiff.verify.judge import Claim

BOOK = "(Matrix Cookbook, section 2.8)"
_COMMENT = re.compile(r"#[^\n]*")
_COMMAND = re.compile(r"\\[A-Za-z]+\Z")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: a kind of matrix, how it is written by entries that are free, and what ∂/∂P is then.

    Attributes:
        properties: those declared of S; without a declaration a row with `by_itself` is tried.
        matrix, index: S by P, in either notation; "" where the notation cannot say so.
        text: what the derivative by P is.
        letters: names for P.
        before_factor: whether this is nearer than a number that is missing.
    """

    properties: tuple[str, ...]
    matrix: str
    index: str
    text: str
    letters: str = "PQRTUVWZ"
    before_factor: bool = True
    by_itself: bool = False

    @property
    def kind(self) -> str:
        """What P is."""
        return "matrix" if self.letters.isupper() else "vector"


SYMMETRIC = ("symmetric", "spd")
# fmt: off
ROWS = (
    Row(SYMMETRIC, "{P} + {P}' - {P} .* I", "{P}_ij + {P}_ji - δ_ij {P}_ij", by_itself=True, text=
        f"this is the derivative by the free entries of a symmetric {{S}}, with {{S}}_ij and {{S}}_ji tied {BOOK}, "
        "and not that by each entry of {S}"),
    Row(SYMMETRIC, "({P} + {P}')/2", "1/2 ({P}_ij + {P}_ji)", before_factor=False, text=
        "this is the symmetric part of the derivative by each entry of {S}, its gradient among symmetric matrices"),
    Row(SYMMETRIC, "{P} + {P}'", "{P}_ij + {P}_ji", before_factor=False, text=
        "this is the derivative by the entries of a symmetric {S} with the diagonal counted twice"),
    Row(("skew",), "{P} - {P}'", "{P}_ij - {P}_ji", text=
        "this is the derivative by the free entries of a skew {S}, with {S}_ji = -{S}_ij, and not that by each entry "
        "of {S}"),
    Row(("skew",), "({P} - {P}')/2", "1/2 ({P}_ij - {P}_ji)", before_factor=False, text=
        "this is the skew part of the derivative by each entry of {S}, its gradient among skew matrices"),
    Row(("diagonal",), "{P} .* I", "δ_ij {P}_ij", by_itself=True, text=
        f"this is the derivative by the free entries of a diagonal {{S}}, those on the diagonal {BOOK}, and not that "
        "by each entry of {S}"),
    Row(("diagonal",), "diag({P})", "", letters="pqruvwz", text=
        "this is the derivative by the diagonal of {S} as a vector, and not that by each entry of {S}"),
)
# fmt: on


class Tied(NamedTuple):
    """A claim about the free entries of a matrix: what it is, its text, and the claim that the text is."""

    sentence: str
    text: str
    claim: Claim


def tied(claim: Claim, *, before_factor: bool) -> Iterator[Tied]:
    """Yield the claims in which a matrix that a claim differentiates by is written by its free entries."""
    trees = [s.body for s in claim.document.statements]
    given = {s.target.name for s in claim.above if isinstance(s.target, Name)}
    parts = [part for tree in trees for part in parts_of(tree)]
    variables = dict.fromkeys(name.name for part in parts if isinstance(part, Differentiate) for name in part.wrt)
    has_diagonal = any(map(_tells_diagonal, parts))
    for name in variables:
        if name in given or not _is_matrix(claim, name, parts):
            continue
        declared = {p for d in claim.declarations if d.name == name for p in d.properties}
        for row in ROWS:
            is_meant = declared.intersection(row.properties) or (row.by_itself and has_diagonal and not declared)
            if is_meant and row.before_factor == before_factor:
                yield from _rewritten(claim, name, row, parts)


def _tells_diagonal(part: Tree) -> bool:
    """Whether a part singles out a diagonal, as that of a derivative by free entries does."""
    if isinstance(part, Call):
        return part.name == "diag"
    return isinstance(part, Entrywise) or (isinstance(part, Name) and part.name == "δ")


def _is_matrix(claim: Claim, name: str, parts: list[Tree]) -> bool:
    if claim.document.notation == "matrix":
        return claim.kinds.get(name) == Kind.MATRIX
    return any(isinstance(part, Name) and part.name == name and len(part.indices or ()) == 2 for part in parts)


def _rewritten(claim: Claim, name: str, row: Row, parts: list[Tree]) -> Iterator[Tied]:
    """Yield a claim with S defined by P, and with ∂/∂P in the place of ∂/∂S, if it can be read."""
    formula = row.matrix if claim.document.notation == "matrix" else row.index
    taken = {part.name for part in parts if isinstance(part, Name | Call)} | set(BUILTINS)
    taken |= {d.name for d in claim.declarations} | {str(size) for d in claim.declarations for size in d.sizes}
    letter = next((c for c in row.letters if c not in taken), None)
    own = next((d for d in claim.declarations if d.name == name), None)
    if not formula or letter is None:
        return
    places = [n for part in parts if isinstance(part, Differentiate) for n in part.wrt if n.name == name]
    edits = dict(_edit(claim.document.source, place, letter) for place in places)
    head = f"{name}_ij" if claim.document.notation == "index" else name
    sizes = own.sizes[: 2 if row.kind == "matrix" else 1] if own else ()
    pieces = [f"{letter} : {row.kind}({', '.join(map(str, sizes))})"] if own else []
    pieces += [_slice(claim, d.span, {}) for d in claim.document.declarations if d is not own]
    pieces += [f"{head} = {formula.format(P=letter)}"]
    pieces += [_slice(claim, s.span, edits) for s in claim.above]
    left, right = (_slice(claim, s.span, edits) for s in claim.document.statements[-2:])
    text = "; ".join([*pieces, f"{left} = {right}"])
    found = _read(text, claim, name)
    if found is not None:
        yield Tied(row.text.format(S=name), text, found)


def _edit(source: str, name: Name, letter: str) -> tuple[Span, str]:
    """Return where a variable stands without its indices, and what is put there."""
    start, stop = name.span.start, name.span.stop
    written = source[start:stop]
    if name.indices:
        stop = start + max(0, written.find("[" if written.endswith("]") else "_"))
    elif "(" in written:  # vec(S, with its bracket behind it
        start += written.index("(") + 1
    return Span(start, stop), " " * bool(_COMMAND.search(source[:start])) + letter


def _slice(claim: Claim, span: Span, edits: dict[Span, str]) -> str:
    """Return a piece of the text of a claim, changed in some places, on one line."""
    source = _COMMENT.sub(lambda found: " " * len(found.group()), claim.document.source)
    pieces, k = [], span.start
    for place, letter in sorted(edits.items(), key=lambda edit: edit[0].start):
        if span.start <= place.start and place.stop <= span.stop:
            pieces += [source[k : place.start], letter]
            k = place.stop
    return " ".join("".join([*pieces, source[k : span.stop]]).split())


def _read(text: str, claim: Claim, name: str) -> Claim | None:
    """Return the claim that a text is, with the declarations that were given beside the text of another."""
    more: list[Declaration] = [d for d in claim.declarations if d not in claim.document.declarations and d.name != name]
    try:
        document = parse_claim(text, notation=claim.document.notation, known=[d.name for d in more])
        declarations = (*document.declarations, *more)
        kinds = kinds_of(document, declarations) if document.notation == "matrix" else {}
    except EinsdiffError:
        return None
    return Claim(document, declarations, kinds, claim.numbers)
