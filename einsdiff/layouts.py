"""Layouts: in which order the axes of a derivative stand.  The one place where that is decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from einsdiff.errors import UnknownNameError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Layout:
    """A row of the table: from the axes of Y and those of X to the axes of ∂Y/∂X."""

    name: str
    order: Callable[[list[object], list[object]], list[object]]
    also_known_as: str


# fmt: off
LAYOUTS = {
    row.name: row for row in (
        #      name           axes of ∂Y/∂X                     also known as
        Layout("mixed",       lambda y, x: [*y, *x],            "JAX, PyTorch, autograd"),
        Layout("numerator",   lambda y, x: [*y, *reversed(x)],  "Jacobian formulation; Parr & Howard"),
        Layout("denominator", lambda y, x: [*x, *reversed(y)],  "Hessian or gradient formulation"),
    )
}
# fmt: on


def layout(name: object) -> Layout:
    """Return the layout of a name.

    Raises: UnknownNameError, where there is none.
    """
    found = LAYOUTS.get(name) if isinstance(name, str) else None
    if found is None:
        near = get_close_matches(str(name), LAYOUTS, 1)
        known = ", ".join(LAYOUTS)
        raise UnknownNameError(
            f"there is no layout {name}",
            help=f"did you mean {near[0]}?  Layouts: {known}" if near else f"layouts: {known}",
        )
    return found


def arrange(y: Sequence[T], x: Sequence[T], name: str) -> tuple[T, ...]:
    """Return the axes of ∂Y/∂X in the order of a layout.

    >>> arrange("ij", "kl", "numerator")
    ('i', 'j', 'l', 'k')
    >>> arrange("ij", "kl", "denominator")
    ('k', 'l', 'j', 'i')
    """
    return tuple(layout(name).order(list(y), list(x)))  # type: ignore[arg-type]
