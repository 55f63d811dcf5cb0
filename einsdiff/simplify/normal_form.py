"""The normal form: equal polynomial expressions become one object.

Products are multiplied out, nested products and sums are joined, and exp of a sum becomes a product; what is not
polynomial is an atom with parts in normal form.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Call, Exact, Expr, Factor, MatrixFunction, Product, Sum, Tensor
from einsdiff.algebra.steps import unrecorded
from einsdiff.simplify.identities import apply_identities
from einsdiff.simplify.products import reassemble

TERMS = 4000  # terms to which one product may grow; larger ones stay as they are


def normal_form(entry: Entry) -> Entry:
    """Return the normal form of an entry, at the same wires.

    Two entries with one normal form are equal; the converse holds for polynomials.
    """
    known: dict[Expr, Entry] = {}
    for node in walk.ordered(entry.node):
        known[node] = _normal(node, known)
    return walk.place(known[entry.node], entry.wires)


def are_equal(a: Entry, b: Entry) -> bool:
    """Tell whether two entries have one normal form."""
    return a == b or normal_form(a) == normal_form(b) or build.is_zero(normal_form(build.subtract(a, b)))


def _normal(node: Expr, known: Mapping[Expr, Entry]) -> Entry:
    found = apply_identities(walk.rebuild(node, known, join=lambda _: True), unrecorded)
    return walk.place(_expanded(found.node), found.wires)


def _expanded(node: Expr) -> Entry:
    here = walk.here(node)
    if isinstance(node, Apply) and node.function == "exp" and node.orders is None:
        return _exponential(node)
    if isinstance(node, MatrixFunction) and node.function == "adj":
        return _adjugate(node)
    if not isinstance(node, Product):
        return here
    for k, f in enumerate(node.factors):
        if isinstance(f.node, Sum):
            monic, first = _monic(f.node)
            if first != 1 and isinstance(f.exponent, int):
                others = [g for m, g in enumerate(node.factors) if m != k]
                again = reassemble(node, [*others, Factor(monic, f.labels, f.exponent)], [])
                scaled = build.scale(Fraction(first) ** f.exponent, again)
                return walk.place(_expanded(scaled.node), scaled.wires)
            if isinstance(f.exponent, int) and f.exponent >= 1 and _size(node) <= TERMS:
                return _distributed(node, k, f)
    return here


def _distributed(node: Product, k: int, f: Factor) -> Entry:
    """(a + b) c = a c + b c."""
    assert isinstance(f.node, Sum)
    rest = [g for m, g in enumerate(node.factors) if m != k]
    if f.exponent != 1:
        rest.append(f._replace(exponent=f.exponent - 1))
    terms = []
    for t in f.node.terms:
        term = Entry(t.node, tuple(f.labels[axis] for axis in t.labels))
        product = reassemble(node, rest, [term])
        terms.append((t.coefficient, walk.place(_expanded(product.node), product.wires), True))
    return build.total(terms)


def _size(node: Product) -> int:
    size = 1
    for f in node.factors:
        if isinstance(f.node, Sum) and isinstance(f.exponent, int) and f.exponent > 0:
            size *= len(f.node.terms) ** min(f.exponent, 64)
    return size


def _monic(node: Sum) -> tuple[Expr, Exact]:
    """Return a sum as a number times a sum whose first coefficient is 1."""
    first = node.terms[0].coefficient
    if first == 1:
        return node, 1
    scaled = build.total([(Fraction(t.coefficient) / first, Entry(t.node, t.labels), False) for t in node.terms])
    if scaled.wires != tuple(range(node.rank)):
        return node, 1
    return scaled.node, first


def _adjugate(node: MatrixFunction) -> Entry:
    """Return det A A⁻¹ for adj A, where A is an input or a function's value: nearly all of those are regular.

    adj A is a polynomial, so that an identity that holds for all regular A holds for the others, too.  A skew A of odd
    order, and x xᵀ, are never regular.
    """
    here, A = walk.here(node), node.argument
    if not isinstance(A, Tensor | Call) or (isinstance(A, Tensor) and "skew" in A.assumed):
        return here
    det, inverse = MatrixFunction("det", A), MatrixFunction("inv", A)
    return build.multiply(Entry(det, ()), Entry(inverse, here.wires))


def _exponential(node: Apply) -> Entry:
    """exp(Σ c m) = Π exp(m)^c."""
    argument = Entry(node.arguments[0].node, node.arguments[0].labels)
    ranges = build.sizes(walk.here(node))
    if isinstance(argument.node, Sum):
        pieces = [
            (t.coefficient, Entry(t.node, tuple(argument.wires[axis] for axis in t.labels)))
            for t in argument.node.terms
        ]
    else:
        c, bare = build.split_coefficient(argument)
        if c == 1:
            return walk.here(node)
        pieces = [(c, bare)]
    factors = [(build.apply("exp", piece), c, False) for c, piece in pieces]
    return build.spread(build.product(factors), ranges)
