"""What two shapes cannot do, and other texts of matrix notation without a meaning: one function an error."""

from __future__ import annotations

import re
from collections.abc import Sequence

from einsdiff.errors import IndexMismatchError, Mark, ParseError, Span
from einsdiff.text import tree as syntax
from einsdiff.text.tree import Transpose, Tree

WORDS = {"s": "a scalar", "c": "a vector", "r": "a row", "m": "a matrix", "t": "a tensor"}
COLUMNS = WORDS | {"c": "a column"}
PAGE = "(spec/language.md, Matrix notation)"


def source_of(source: str, *trees: Tree) -> str:
    """Return the text of one or several factors."""
    shown = []
    for tree in trees:
        text = source[tree.span.start : tree.span.stop]
        compound = isinstance(
            tree, syntax.Add | syntax.Negative | syntax.Multiply | syntax.Divide | syntax.Entrywise | syntax.Kronecker
        )
        shown.append(f"({text})" if compound and not text.startswith("(") else text)
    return " ".join(shown)


def transpose_of(source: str, *trees: Tree) -> str:
    """Return the text of the transpose of some factors."""
    if len(trees) == 1 and isinstance(trees[0], Transpose):
        return source_of(source, trees[0].body)
    text = source_of(source, *trees)
    return f"({text})'" if len(trees) > 1 else f"{text}'"


def refuse_product(source: str, trees: Sequence[Tree], shapes: str) -> IndexMismatchError:
    """Return the error of a product whose last factor does not fit those before it, as of a column and a column."""
    *left, right = trees
    a, b = source_of(source, *left), source_of(source, right)
    over, under = f"{transpose_of(source, *left)} {b}", f"{a} {transpose_of(source, right)}"
    alone = f"({a})" if len(left) > 1 else a
    typed = {"cc": f"{over},  {under}  or  {alone} .* {b}", "rr": f"{under}  or  {over}", "cm": over, "mr": under}
    return IndexMismatchError(
        f"{COLUMNS[shapes[0]]} [~] times {COLUMNS[shapes[1]]} [^] is no product",
        source,
        [Mark(right.span), Mark(left[0].span.to(left[-1].span), "~")],
        rule=f"a product joins the columns on its left with the rows on its right {PAGE}",
        help=typed[shapes],
    )


def refuse_sum(source: str, trees: tuple[Tree, Tree], shapes: str, verb: str) -> IndexMismatchError:
    """Return the error of two parts of different shapes that stand entry by entry."""
    left, right = trees
    changed = left if shapes[1] == "m" else right
    typed = transpose_of(source, right)
    if "m" in shapes:
        typed = f"{source_of(source, changed)} ones'" if "c" in shapes else f"ones {source_of(source, changed)}"
    return IndexMismatchError(
        f"{COLUMNS[shapes[0]]} [~] and {COLUMNS[shapes[1]]} [^] {verb}",
        source,
        [Mark(right.span), Mark(left.span, "~")],
        rule=f"only scalars expand, all else has one shape {PAGE}",
        help=f"write {typed} in place of {source_of(source, changed)}",
    )


def refuse_folded(source: str, span: Span) -> ParseError:
    """Return the error of an A ⊗ B or vec(A) that does not fall apart, or of ∂Y/∂X."""
    derivative = re.match(r"(?:∂|\\frac\s*\{\s*\\partial|d(?=\())\W*([A-Z]?)", source[span.start : span.stop])
    if derivative is not None:
        return ParseError(
            "the derivative of a matrix by a matrix [^] has four axes, and is no matrix here",
            source,
            [Mark(span)],
            rule=f"∂Y/∂X is read where it is all that stands on its side, or in layout vec {PAGE}",
            help=f"if it is of a scalar, declare it:  {derivative[1] or 'L'} : scalar",
        )
    return ParseError(
        "a Kronecker product or a vec [^] stands where its entries would have to be numbered anew",
        source,
        [Mark(span)],
        rule=f"A ⊗ B and vec(A) are read where they fall apart into entries of A and B {PAGE}",
        help="tr(A ⊗ B),  norm(vec(A)),  vec(A)' vec(B)  or  vec(A)' (B ⊗ C) vec(D)",
    )


def refuse_zero(source: str, span: Span) -> ParseError:
    """Return the error of a division by zero."""
    return ParseError(
        "this divisor is exactly zero [^]",
        source,
        [Mark(span)],
        rule="a quotient by zero has no value (spec/language.md, Quotients)",
        help="divide by something else",
    )
