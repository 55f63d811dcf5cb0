"""f'(u): the rows of the table of functions as entries."""

from __future__ import annotations

from einsdiff import functions
from einsdiff.algebra.build import Entry
from einsdiff.elaborate.template import instantiate, template


def slope(function: str, k: int, arguments: tuple[Entry, ...]) -> Entry:
    """Return ∂f/∂u_k at the arguments."""
    row = functions.BY_NAME[function]
    return instantiate(template(row.slopes[k], row.arguments), dict(zip(row.arguments, arguments, strict=True)))
