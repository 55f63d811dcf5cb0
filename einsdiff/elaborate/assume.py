"""What is declared of the inputs, in the entries where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr, Size, Tensor
from einsdiff.elaborate.program import Program


def assume(entry: Entry, program: Program) -> Entry:
    """Use what was declared of the inputs: symmetric, skew, diagonal, orthogonal, spd, positive."""
    declared = {
        name: symbol.properties
        for name, symbol in program.declared.items()
        if symbol.properties and name in program.inputs
    }
    if not declared:
        return entry

    def rule(node: Expr) -> Entry | None:
        if not isinstance(node, Tensor) or node.name not in declared or node.assumed:
            return None
        properties = [p for p in declared[node.name] if p != "constant"]
        return with_properties(node, properties, program.sizes)

    return walk.replace(entry, rule)


def with_properties(node: Tensor, properties: Sequence[str], sizes: Mapping[Size, Size]) -> Entry:
    """Return a tensor of which something is assumed; D_ij = δ_ij D_ii where it is diagonal.

    `sizes` says what the sizes are called.
    """
    if "diagonal" in properties:
        size = sizes.get(node.sizes[0], node.sizes[0])
        return build.multiply(build.delta(0, 1, size), build.tensor(node.name, (0, 0), ["diagonal"]))
    return build.tensor(node.name, range(node.rank), properties)
