"""The tree of a parsed text: what was written, and where.

Nothing is resolved here: a `Call` may be a function that does not exist, an index may stand alone.  Trees can be very
deep (a chain of thousands of nested functions), so that every walk over them keeps its own stack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from einsdiff.errors import Span


@dataclass(frozen=True, slots=True)
class Index:
    """An index (`i`, `i1`, `row`) or a component (`1`, counted from 1).

    `is_folded` says that it shares an axis with the one before it: j of `y_{(ij)}`.
    """

    name: str | int
    span: Span
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as written, exact: `3`, `0.5`, `1e-3`; a quotient of two numerals is a `Divide`."""

    value: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A tensor or scalar: `b`, `A_ij`; δ, ε and 1 with indices are the names `δ`, `ε`, `1`.

    `indices` is None where none were written; in matrix notation it always is.
    """

    name: str
    indices: tuple[Index, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class Negative:
    """−body."""

    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Add:
    """A sum of two or more terms; a − b is Add((a, Negative(b)))."""

    terms: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Multiply:
    """A product of two or more factors; in matrix notation the matrix product.

    Parenthesised products stay apart: `(a b) c` is Multiply((Multiply((a, b)), c)), since the summation rule looks at
    the product in which an index is repeated.
    """

    factors: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Divide:
    """numerator / denominator; entry by entry in index notation."""

    numerator: Tree
    denominator: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Raise:
    """base ^ exponent: entry by entry in index notation, the power of a square matrix in matrix notation."""

    base: Tree
    exponent: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function of arguments: `exp(u)`, `max(a, b)`, `inv(A)_ij`, `f(x_i)`, `f_i(x)`, `f'(x_i)`, `d2f_{1,2}`.

    `primes` counts the primes of an unknown function of one argument; `orders` is the tuple of `f^(1,0)(a, b)`.
    """

    name: str
    arguments: tuple[Tree, ...]
    indices: tuple[Index, ...] | None
    span: Span
    name_span: Span
    primes: int = 0
    orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reduce:
    """An operator that binds indices: sum, prod, max, min, mean, logsumexp; softmax keeps its index."""

    operator: str
    indices: tuple[Index, ...]
    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """left `relation` right with one of > < >= <= == !=; stands in `where(…)` only."""

    relation: str
    left: Tree
    right: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Differentiate:
    """∂body/∂wrt₁∂wrt₂…: each `wrt` is a name, with its new indices in index notation.

    By a name in `stacked` is differentiated as by a vector: ∂body/∂vec(X).
    """

    body: Tree
    wrt: tuple[Name, ...]
    span: Span
    stacked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Differential:
    """d body, as dX, d(X Y), ∂tr(X): the change of body as the names in `along` change; stands in claims only.

    Each name X in `along` changes by dX, which is independent of X; all else is constant.
    """

    body: Tree
    span: Span
    along: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldDerivative:
    """∂_l body: by the coordinates."""

    index: Index
    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Transpose:
    """bodyᵀ; matrix notation only."""

    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Entrywise:
    """left ⊙ right, left ./ right, left .^ right; `operator` is `*`, `/` or `^`; matrix notation only."""

    operator: str
    left: Tree
    right: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Kronecker:
    """left ⊗ right; matrix notation only."""

    left: Tree
    right: Tree
    span: Span


Tree = (
    Numeral | Name | Negative | Add | Multiply | Divide | Raise | Call | Reduce | Compare
    | Differentiate | Differential | FieldDerivative | Transpose | Entrywise | Kronecker
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = body`, or a body alone (`target` is None).

    The target of an equation with a derivative on its left (`∂y/∂x_k = …`) is a `Differentiate`.
    """

    target: Name | Differentiate | None
    body: Tree
    span: Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """`A : matrix(n, n) symmetric`.

    `kind` is scalar, vector, matrix or tensor; a size is a name or a number; `name_span`, `size_spans` and
    `property_spans` give the places.
    """

    name: str
    kind: str
    sizes: tuple[str | int, ...]
    properties: tuple[str, ...]
    span: Span
    name_span: Span
    size_spans: tuple[Span, ...]
    property_spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed text: its statements in order, its declarations, and the notation in which it was read."""

    source: str
    statements: tuple[Statement, ...]
    declarations: tuple[Declaration, ...]
    notation: Literal["index", "matrix"]


def own_call(statement: Statement) -> Call | None:
    """Return the call u(x) of `u = u(x)`, which says that u is an unknown function of the whole of x."""
    target, body = statement.target, statement.body
    if not (isinstance(target, Name) and isinstance(body, Call) and body.name == target.name):
        return None
    return body if [i.name for i in body.indices or ()] == [i.name for i in target.indices or ()] else None


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the parts of a tree, left to right; names and numerals have none."""
    match tree:
        case Numeral() | Name():
            return ()
        case Negative(body) | Transpose(body) | Differential(body) | FieldDerivative(_, body) | Reduce(_, _, body):
            return (body,)
        case Add(parts) | Multiply(parts) | Call(_, parts):
            return parts
        case Divide(left, right) | Raise(left, right) | Kronecker(left, right):
            return (left, right)
        case Compare(_, left, right) | Entrywise(_, left, right):
            return (left, right)
        case Differentiate(body, wrt):
            return (body, *wrt)


def with_children(tree: Tree, parts: tuple[Tree, ...]) -> Tree:
    """Return a tree with other parts, as many as `children` gives."""
    match tree:
        case Numeral() | Name():
            return tree
        case Negative() | Transpose() | Differential() | FieldDerivative() | Reduce():
            return replace(tree, body=parts[0])
        case Add():
            return replace(tree, terms=parts)
        case Multiply():
            return replace(tree, factors=parts)
        case Call():
            return replace(tree, arguments=parts)
        case Divide():
            return replace(tree, numerator=parts[0], denominator=parts[1])
        case Raise():
            return replace(tree, base=parts[0], exponent=parts[1])
        case Kronecker() | Compare() | Entrywise():
            return replace(tree, left=parts[0], right=parts[1])
        case Differentiate():
            return replace(tree, body=parts[0], wrt=tuple(part for part in parts[1:] if isinstance(part, Name)))
