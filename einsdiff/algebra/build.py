"""The makers: from entries to entries, applying only laws that need no search.

An `Entry` is one scalar of a tensor at named wires, as in `A_ij`.  Laws, identities and the elaboration of texts speak
of entries only; the makers choose the labels inside nodes, so that nothing outside this package handles axis positions.
Everything cleverer than these laws is an identity with a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter

from einsdiff.algebra.arithmetic import (
    add,
    apply,
    contract,
    multiply,
    power,
    product,
    reduce,
    scale,
    split_coefficient,
    spread,
    subtract,
    total,
)
from einsdiff.algebra.entries import (
    ONE,
    ZERO,
    DivisionByZeroError,
    Entry,
    delta,
    epsilon,
    fresh,
    is_positive,
    is_zero,
    number,
    ones,
    parity,
    rename,
    size_of,
    sizes,
    symmetries_of,
    tensor,
    unit,
)
from einsdiff.algebra.nodes import MATRIX_VALUED, Argument, Call, Derivative, Expr, MatrixFunction, Size, Tensor, Wire


def tie(node: Expr, entry: Entry) -> Entry:
    """Return ∂A_ij/∂A_kl = δ_ik δ_jl: the wires 0, 1, … of a tensor's axes made one with those of an entry."""
    return multiply(*(delta(k, w, size) for k, (w, size) in enumerate(zip(entry.wires, node.sizes, strict=True))))


def matrix_function(function: str, body: Entry, row: Wire, column: Wire) -> Entry:
    """Return inv, adj, det or logdet of the matrix body[row, column]; inv and adj have the wires of their argument."""
    body = multiply(body)
    if is_zero(body):
        if function in MATRIX_VALUED:
            raise DivisionByZeroError
        return ZERO if function == "det" else apply("log", ZERO)
    assert set(body.wires) == {row, column}
    node = MatrixFunction(function, body.node)
    if function not in MATRIX_VALUED:
        return Entry(node, ())
    return Entry(node, body.wires[::-1])


def call(
    function: str, arguments: Sequence[tuple[Entry, Sequence[Wire]]], wires: Sequence[Wire], wrt: Sequence[int] = ()
) -> Entry:
    """Return f_i…(x, …), or its derivative by the arguments `wrt`; each argument comes with the order of its wires.

    ∂²f/∂y∂x = ∂²f/∂x∂y: the derivatives stand in the order of the arguments.
    """
    parts = []
    for entry, order in arguments:
        place = {w: k for k, w in enumerate(order)}
        given = multiply(entry) if len(set(entry.wires)) < len(entry.wires) else entry
        parts.append(Argument(given.node, tuple(place[w] for w in given.wires)))
    axes = len(wires) - sum(len(parts[k].labels) for k in wrt)
    behind = iter(wires[axes:])
    groups = sorted(((k, tuple(islice(behind, len(parts[k].labels)))) for k in wrt), key=itemgetter(0))
    ordered = (*wires[:axes], *chain.from_iterable(group for _, group in groups))
    return Entry(Call(function, tuple(parts), axes, tuple(k for k, _ in groups)), ordered)


def derivative(body: Entry, wrt: Entry) -> Entry:
    """Return ∂body/∂wrt as an operator that is not yet carried out."""
    body = multiply(body)
    assert isinstance(wrt.node, Tensor)
    return Entry(Derivative(body.node, wrt.node), (*body.wires, *wrt.wires))


def softmax(body: Entry, kept: Mapping[Wire, Wire], ranges: Mapping[Wire, Size] | None = None) -> Entry:
    """Return exp(z − logsumexp z) over the wires `kept`, which are called by other names in the result.

    `ranges` gives their sizes, which a zero does not know.
    """
    ranges = ranges or sizes(body)
    if is_zero(body):
        return product([(size_of(ranges[w]), -1, False) for w in kept])
    total_exp = reduce("logsumexp", body, {w: ranges[w] for w in kept})
    here_body = rename(body, kept)
    return apply("exp", subtract(here_body, spread(total_exp, sizes(here_body))))


__all__ = [
    "ONE", "ZERO", "DivisionByZeroError", "Entry", "add", "apply", "call", "contract", "delta", "derivative", "epsilon",
    "fresh", "is_positive", "is_zero", "matrix_function", "multiply", "number", "ones", "parity", "power", "product",
    "reduce", "rename", "scale", "size_of", "sizes", "softmax", "split_coefficient", "spread", "subtract",
    "symmetries_of", "tensor", "tie", "total", "unit",
]  # fmt: skip
