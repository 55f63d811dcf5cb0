"""Unknown functions: which callables a program takes, and under which keywords."""

from __future__ import annotations

from einsdiff import functions
from einsdiff.algebra.nodes import Apply, Call


def keyword_of(node: Apply | Call) -> str:
    """Return the keyword of the callable: f, its derivatives df, d2f …; by arguments df_1, d2f_12.

    The number of an argument counts from 1 and stands as often as f is differentiated by it; after the ninth argument
    numbers are separated.
    """
    if isinstance(node, Apply):
        orders = node.orders or ()
        wrt = [k for k, order in enumerate(orders, 1) for _ in range(order)]
    else:
        wrt = [k + 1 for k in node.wrt]
    if not wrt:
        return node.function
    head = "d" if len(wrt) == 1 else f"d{len(wrt)}"
    if len(node.arguments) == 1:
        return f"{head}{node.function}"
    between = "_" if max(wrt) > 9 else ""
    return f"{head}{node.function}_{between.join(map(str, wrt))}"


def is_unknown(node: Apply) -> bool:
    """Tell whether the function of a node is none of the library's."""
    return node.function not in functions.BY_NAME
