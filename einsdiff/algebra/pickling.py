"""Pickling of entries as flat tables, so that a deep expression needs no deep recursion."""

from __future__ import annotations

import copyreg
from typing import Any

from einsdiff.algebra.entries import Entry
from einsdiff.algebra.nodes import Node
from einsdiff.algebra.walk import ordered

Rows = tuple[tuple[type[Node], tuple[Any, ...]], ...]


class _Row(int):
    """The number of a row that stands for a node."""


def flatten(entry: Entry) -> tuple[Rows, tuple[Any, ...]]:
    """Return the nodes of an entry as rows, parts before wholes, and its wires."""
    numbers: dict[Node, _Row] = {}
    rows = []
    for node in ordered(entry.node):
        rows.append((type(node), tuple(_numbered(f, numbers) for f in node.fields())))
        numbers[node] = _Row(len(numbers))
    return tuple(rows), entry.wires


def restore(rows: Rows, wires: tuple[Any, ...]) -> Entry:
    """Return the entry of flat rows; its nodes are interned again."""
    nodes: list[Any] = []
    for cls, fields in rows:
        nodes.append(cls(*(_restored(f, nodes) for f in fields)))
    return Entry(nodes[-1], wires)


def _numbered(part: Any, numbers: dict[Node, _Row]) -> Any:
    if isinstance(part, Node):
        return numbers[part]
    if isinstance(part, tuple):
        inner = [_numbered(p, numbers) for p in part]
        return type(part)(*inner) if hasattr(part, "_fields") else tuple(inner)
    return part


def _restored(part: Any, nodes: list[Any]) -> Any:
    if isinstance(part, _Row):
        return nodes[part]
    if isinstance(part, tuple):
        inner = [_restored(p, nodes) for p in part]
        return type(part)(*inner) if hasattr(part, "_fields") else tuple(inner)
    return part


copyreg.pickle(Entry, lambda entry: (restore, flatten(entry)))
