"""Functions of whole tensors in matrix notation, one function of a block each."""

from __future__ import annotations

from fractions import Fraction

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import MATRIX_VALUED
from einsdiff.elaborate.blocks import Block, Joints, sizes_of
from einsdiff.elaborate.clashes import WORDS
from einsdiff.elaborate.scope import local
from einsdiff.elaborate.triangles import half, selection
from einsdiff.errors import Span
from einsdiff.text.tree import Call


def apply_whole(joints: Joints, name: str, tree: Call, block: Block) -> Block:
    """Return a function of a whole block, or a matrix that is made for a number."""
    span = tree.arguments[0].span
    match name:
        case "sum":
            return Block(build.contract(block.entry, block.wires))
        case "vec":
            return Block(block.entry, block.columns + block.rows)
        case "vech":
            return half(joints, tree, block)
        case "duplication" | "elimination":
            return selection(joints, tree, block)
        case "diag":
            return diagonal(joints, block, span)
        case "tr" | "inv" | "adj" | "det" | "logdet":
            return square_function(joints, name, block, span)
        case "softmax" | "logsumexp":
            return exponentials(joints, name, tree, block)
        case _:
            return norm(joints, name, tree, block)


def norm(joints: Joints, name: str, tree: Call, block: Block) -> Block:
    """(Σ x²)^½, or Σ |x| for norm1."""
    if block.shape == "m" and name in ("norm1", "norm2"):
        typed = "write sum(abs(A)) for a matrix" if name == "norm1" else "write normF(A) for a matrix"
        raise joints.error(f"{name} [^] is the norm of a vector", tree.name_span, help=typed)
    if not block.wires or name == "norm1":
        absolute = build.spread(build.apply("abs", block.entry), sizes_of(block.wires))
        return Block(build.contract(absolute, block.wires))
    return Block(build.power(build.product([(block.entry, 2, True)], block.wires), Fraction(1, 2)))


def exponentials(joints: Joints, name: str, tree: Call, block: Block) -> Block:
    """Return log Σ exp(x), or exp(x) / Σ exp(x)."""
    if block.shape not in ("c", "r"):
        rule = f"{name} of a matrix has two readings, along its rows or down its columns"
        typed = (
            f"index notation:  Y_ij = {name}_j(X_ij)"
            if name == "softmax"
            else "index notation:  y_i = logsumexp_j(X_ij)"
        )
        message = f"{name} [~] is a function of a vector, and [^] is {WORDS[block.shape]}"
        if block.shape == "s":
            rule, typed = "", f"x : vector(n); {name}(x)"
        raise joints.error(message, tree.arguments[0].span, tree.name_span, rule=rule, help=typed)
    entry = build.spread(block.entry, sizes_of(block.wires))
    if name == "logsumexp":
        return Block(build.reduce("logsumexp", entry, sizes_of(block.wires)))
    over = tuple(local(w.index) for w in block.wires)
    names = joints.join(block.wires, over, (tree.span, tree.span), "")
    inner = build.rename(entry, dict(zip(block.wires, over, strict=True)))
    return Block(build.softmax(inner, names, sizes_of(over)), *block[1:])


def diagonal(joints: Joints, block: Block, span: Span) -> Block:
    """x_i δ_ij of a vector, A_ii of a matrix."""
    if not block.wires:
        raise joints.error("diag takes a vector or a matrix, and [^] is a scalar", span, help="x : vector(n)")
    if block.shape == "m":
        entry = build.rename(block.entry, joints.square(block, span, "the diagonal"))
        return Block(build.multiply(entry), block.rows)
    columns = tuple(local(w.index) for w in block.wires)
    joints.join(block.wires, columns, (span, span), "")
    deltas = [build.delta(i, j, i.size) for i, j in zip(block.wires, columns, strict=True)]
    return Block(build.multiply(block.entry, *deltas), block.wires, columns)


def square_function(joints: Joints, name: str, block: Block, span: Span) -> Block:
    """Return tr, inv, adj, det or logdet; a scalar is a matrix of one entry."""
    if not block.wires:
        return Block(_of_one_entry(name, block.entry))
    diagonal_entry = build.rename(block.entry, joints.square(block, span, name))
    if name == "tr":
        return Block(build.contract(diagonal_entry, block.rows))
    joints.plain(block, span)
    if name == "adj" and build.is_zero(block.entry):
        return _adjugate_of_zero(joints, block, span)
    found = build.matrix_function(name, block.entry, block.rows[0], block.columns[0])
    return Block(found, block.columns, block.rows) if name in MATRIX_VALUED else Block(found)


def _adjugate_of_zero(joints: Joints, block: Block, span: Span) -> Block:
    """0 for the zero matrix of two rows or more, 1 for that of one row."""
    size = joints.scope.resolve(block.rows[0].size)
    if not isinstance(size, int):
        message = "adj of a matrix that is exactly zero [^] is 0, but 1 where it has one entry"
        raise joints.error(message, span, help="write 0 or 1, or declare its rows:  A : matrix(3, 3)")
    entry = build.ones(block.rows[0], size) if size == 1 else block.entry
    return Block(entry, block.columns, block.rows)


def _of_one_entry(name: str, u: Entry) -> Entry:
    """1/u, 1, log u, and u itself as det and tr."""
    match name:
        case "inv":
            return build.power(u, -1)
        case "adj":
            return build.ONE
        case "logdet":
            return build.apply("log", u)
        case _:
            return u
