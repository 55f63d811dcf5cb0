"""Half of a symmetric matrix: vech(A), the duplication and the elimination matrix, component by component.

n(n + 1)/2 is how far an index runs where n is a number; so these are read where n is one.
"""

from __future__ import annotations

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Number
from einsdiff.elaborate.blocks import Block, Joints
from einsdiff.elaborate.scope import Local, local
from einsdiff.errors import Span
from einsdiff.text.tree import Call

LARGEST = 12
"""The largest n for which the n(n + 1)/2 components are written out."""
PAGE = "(spec/language.md, Matrix notation)"


def places(n: int) -> list[tuple[int, int]]:
    """Return row and column of each entry of vech: on and below the diagonal, column by column.

    >>> places(2)
    [(1, 1), (2, 1), (2, 2)]
    """
    return [(r, c) for c in range(1, n + 1) for r in range(c, n + 1)]


def half(joints: Joints, tree: Call, block: Block) -> Block:
    """Return vech(A), the entries of A on and below the diagonal, its columns stacked."""
    span = tree.arguments[0].span
    if not block.wires:
        return block
    joints.square(block, span, "vech")
    joints.plain(block, span)
    (row,), (column,) = block[1:]
    n = joints.scope.resolve(row.size)
    if not isinstance(n, int) or not 1 <= n <= LARGEST:
        message = f"how many rows [^] has must be a number up to {LARGEST} for vech [~], and is {_shown(n)}"
        rule = f"vech of n rows has n(n + 1)/2 entries {PAGE}"
        raise joints.error(message, span, tree.name_span, rule=rule, help="declare it, for example  A : matrix(3, 3)")
    along = _counted(joints, n, span)
    terms = []
    for k, (r, c) in enumerate(places(n), 1):
        chosen = build.multiply(block.entry, build.unit(row, n, r), build.unit(column, n, c), bound=(row, column))
        terms.append((1, build.multiply(chosen, build.unit(along, along_size(n), k)), False))
    return Block(build.total(terms), (along,))


def selection(joints: Joints, tree: Call, block: Block) -> Block:
    """Return duplication(n), by which vec(A) = duplication(n) vech(A) of a symmetric A, or elimination(n).

    vech(A) = elimination(n) vec(A).  Their long side is folded of two, as vec(A) is.
    """
    span, node = tree.arguments[0].span, block.entry.node
    n = node.value if isinstance(node, Number) and not block.wires else None
    if not isinstance(n, int) or not 1 <= n <= LARGEST:
        message = f"{tree.name} [~] takes a number of rows up to {LARGEST} [^]"
        raise joints.error(message, span, tree.name_span, help=f"{tree.name}(3)")
    row, column = local("i"), local("j")
    for wire in (row, column):
        joints.scope.tie_size(wire, n, span, f"in {tree.name}({n})")
    along = _counted(joints, n, span)
    terms = []
    for k, (r, c) in enumerate(places(n), 1):
        both = {(r, c), (c, r)} if tree.name == "duplication" else {(r, c)}
        for a, b in sorted(both):
            units: list[Entry] = [build.unit(row, n, a), build.unit(column, n, b), build.unit(along, along_size(n), k)]
            terms.append((1, build.multiply(*units), False))
    entry, long, short = build.total(terms), (column, row), (along,)
    return Block(entry, long, short) if tree.name == "duplication" else Block(entry, short, long)


def along_size(n: int) -> int:
    """n(n + 1)/2."""
    return n * (n + 1) // 2


def _counted(joints: Joints, n: int, span: Span) -> Local:
    wire = local("k")
    joints.scope.tie_size(wire, along_size(n), span, f"for {n} rows")
    return wire


def _shown(n: object) -> str:
    return str(n) if isinstance(n, int | str) else "not declared"
