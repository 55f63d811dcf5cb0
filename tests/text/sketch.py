"""Trees as one line of text, so that a case fits on one line: every operator in brackets, before its parts."""

from __future__ import annotations

from collections.abc import Iterable

from einsdiff.text.parser import parse
from einsdiff.text.tree import Differentiate, Index, Name, Numeral, Statement, Tree, children

QUOTE = "'"

# fmt: off
SIGNS = {
    "Add": "+", "Negative": "-", "Multiply": "*", "Divide": "/", "Raise": "^", "Transpose": "'", "Kronecker": "⊗",
    "Differential": "d",
}
HEADS = {
    "Entrywise":       lambda tree: f".{tree.operator}",
    "Compare":         lambda tree: tree.relation,
    "FieldDerivative": lambda tree: f"∂{group([tree.index])}",
    "Reduce":          lambda tree: f"{tree.operator}{group(tree.indices)}",
    "Call":            lambda tree: f"{tree.name}{QUOTE * tree.primes}{orders(tree.orders)}{group(tree.indices)}!",
}
# fmt: on


def sketch(tree: Tree) -> str:
    """Return a tree as one line: `a b + c` is `(+ (* a b) c)`, `exp(x_i)` is `(exp! x[i])`."""
    if isinstance(tree, Numeral):
        return str(tree.value)
    if isinstance(tree, Name):
        return tree.name + group(tree.indices)
    parts = [sketch(part) for part in children(tree)]
    if isinstance(tree, Differentiate):
        return f"(d {parts[0]} by {' '.join(parts[1:])})"
    kind = type(tree).__name__
    return f"({SIGNS.get(kind) or HEADS[kind](tree)} {' '.join(parts)})"


def sketch_statement(statement: Statement) -> str:
    """Return a statement as one line."""
    body = sketch(statement.body)
    return body if statement.target is None else f"{sketch(statement.target)} = {body}"


def read(source: str, **options: object) -> str:
    """Parse and sketch a text, its statements joined by `; `."""
    return "; ".join(map(sketch_statement, parse(source, **options).statements))


def group(indices: Iterable[Index] | None) -> str:
    """Return indices in brackets; nothing where there are none."""
    return "" if indices is None else f"[{','.join(str(index.name) for index in indices)}]"


def orders(numbers: tuple[int, ...]) -> str:
    """Return the orders of a partial derivative."""
    return f"^{numbers}".replace(" ", "") if numbers else ""
