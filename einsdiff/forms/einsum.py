"""The contraction terms of an expression: coefficient, subscripts, operand names, as `numpy.einsum` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einsdiff.algebra import walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Exact, Expr, Number, Ones, Product, Sum, Tensor, Wire
from einsdiff.errors import EinsdiffError
from einsdiff.forms.style import PLAIN
from einsdiff.forms.writer import Writer

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

LONG = 4_000  # leaves of an expression whose operands are written out
EinsumTerm = tuple[Exact, str, tuple[str, ...]]


def einsum_terms(entry: Entry, axes: Sequence[Wire], hints: Mapping[tuple[str, int], str]) -> tuple[EinsumTerm, ...]:
    """Return one triple (coefficient, subscripts, operands) a term; `axes` gives the order of the result.

    An operand that is no input is written as a formula with the letters of its subscripts; `δ` stands for an identity
    matrix and `1` for a vector of ones.
    Letters follow those that the user gave, where they can; a zero has no terms.

    Raises: EinsdiffError, where operands would be too long, since no part of them has a name.
    """
    node, wires = entry
    if isinstance(node, Number) and node.value == 0:
        return ()
    if walk.leaves(node) > LONG:
        message = "the operands are too long: parts that stand many times have no names in einsum terms"
        raise EinsdiffError(message, help="the index form names them, and compile() gives a function")
    if isinstance(node, Sum):
        terms = [
            _term(t.coefficient, Entry(t.node, tuple(wires[k] for k in t.labels)), axes, hints) for t in node.terms
        ]
        return tuple(sorted(terms, key=lambda term: (term[1], term[2])))
    return (_term(1, entry, axes, hints),)


def _term(c: Exact, entry: Entry, axes: Sequence[Wire], hints: Mapping[tuple[str, int], str]) -> EinsumTerm:
    node, wires = entry
    writer = Writer(PLAIN, hints)
    if isinstance(node, Number):
        return (c * node.value, "->", ())
    letters: dict[object, str] = {}
    for axis in axes:
        wanted = getattr(axis, "index", str(axis))
        letters[axis] = _unused(wanted, letters)
    if not isinstance(node, Product):
        at = "".join(letters[w] for w in wires)
        return (c, f"{at}->{_row(axes, letters)}", (_operand(node, at, writer),))
    local: dict[int, str] = {}
    fused: dict[int, list[Wire]] = {}
    for axis, label in enumerate(node.out):
        local.setdefault(label, letters[wires[axis]])
        fused.setdefault(label, []).append(wires[axis])
    subscripts = [letters[same[0]] + letters[w] for same in fused.values() for w in same[1:]]
    operands = ["δ"] * len(subscripts)
    tied = {local[label] for label, same in fused.items() if len(same) > 1}
    for label in node.bound:
        hinted = writer.hinted(node, label)
        letters["bound", label] = local[label] = _unused(hinted[0] if hinted else "", letters)
    for f in node.factors:
        at = "".join(local[k] for k in f.labels)
        if isinstance(f.node, Ones) and at in tied:
            continue
        times, node_name = _repeated(f.exponent)
        for _ in range(times):
            subscripts.append(at)
            operands.append(_operand(f.node, at, writer, node_name))
    order = sorted(range(len(operands)), key=lambda k: (-len(subscripts[k]), operands[k], subscripts[k]))
    left = ",".join(subscripts[k] for k in order)
    return (c * node.coefficient, f"{left}->{_row(axes, letters)}", tuple(operands[k] for k in order))


def _repeated(exponent: Exact) -> tuple[int, Exact]:
    """Return how often an operand stands, and the exponent that is left for each."""
    return (exponent, 1) if isinstance(exponent, int) and 1 <= exponent <= 4 else (1, exponent)


def _operand(node: Expr, at: str, writer: Writer, exponent: Exact = 1) -> str:
    if exponent == 1:
        if isinstance(node, Tensor):
            return node.name
        if isinstance(node, Ones):
            return "1"
        return writer.write(Entry(node, tuple(at)), tuple(at))
    shown = writer.write(Entry(node, tuple(at)), tuple(at))
    shown = shown if isinstance(node, Tensor) else f"({shown})"
    return f"{shown}^{exponent}" if isinstance(exponent, int) else f"{shown}^({exponent})"


def _row(axes: Sequence[Wire], letters: Mapping[object, str]) -> str:
    return "".join(letters[a] for a in axes)


def _unused(wanted: str, letters: Mapping[object, str]) -> str:
    used = set(letters.values())
    if len(wanted) == 1 and wanted in ALPHABET and wanted not in used:
        return wanted
    preferred = "ijklmnpqrst" + ALPHABET
    return next((c for c in preferred if c not in used), chr(0x100 + len(used)))
