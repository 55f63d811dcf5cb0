"""Layouts: in which order the axes of a derivative stand, and which of them make rows and columns of a matrix.

The one place where that is decided; spec/layouts.md gives each layout's definition and source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice, product
from typing import TypeVar

from einsdiff.errors import InputError, NoMatrixForm, UnknownNameError

T = TypeVar("T")
Places = list[int]
Order = Callable[[Places, Places], Iterable[int]]
Fold = Callable[[Places, list[Places]], tuple[Iterable[int], Iterable[int]] | None]

RANKS = 4  # up to which a registered layout is tried
REGISTERING = 'register_layout("name", lambda y, x: [*y, *x])'


@dataclass(frozen=True, slots=True)
class Layout:
    """A row of the table: from the axes of Y and those of the variables to those of a derivative.

    Attributes:
        name: what `layout=` takes.
        axes: from Y's axes and those of all variables to those of the array; None where the array is always a matrix.
        matrix: from Y's axes and those of each variable to the axes of the rows and those of the columns, the last
            one fastest, or to None where there is no matrix; None for the axes of the array, two at most, in order.
        also_known_as: its other names, and who uses it.
    """

    name: str
    axes: Order | None
    matrix: Fold | None
    also_known_as: str


# ---------------------------------------------------------------------------------------------------- rows and columns


def two_axes(axes: Sequence[int]) -> tuple[Iterable[int], Iterable[int]] | None:
    """Return the first axis as row and the second as column; None where there are more."""
    return (axes[:1], axes[1:]) if len(axes) <= 2 else None


def jacobian(y: Places, groups: list[Places]) -> tuple[Iterable[int], Iterable[int]] | None:
    """Y goes down and x goes across."""
    x = list(chain(*groups))
    return ([], x) if len(x) == 1 and not y else two_axes([*y, *reversed(x)])


def gradient(y: Places, groups: list[Places]) -> tuple[Iterable[int], Iterable[int]] | None:
    """X goes down and y goes across."""
    x = list(chain(*groups))
    return ([], y) if len(y) == 1 and not x else two_axes([*x, *reversed(y)])


def stacked(y: Places, groups: list[Places]) -> tuple[Iterable[int], Iterable[int]] | None:
    """∂vec Y/∂(vec X)ᵀ, where vec stacks columns, so that the first axis runs fastest.

    A further derivative is that of the transposed one, D(DF)′: the earlier variables go down below y.
    """
    *before, last = groups
    return list(chain.from_iterable(reversed(axes) for axes in (y, *before))), list(reversed(last))


def kronecker(y: Places, groups: list[Places]) -> tuple[Iterable[int], Iterable[int]] | None:
    """Σ E_ij ⊗ ∂Y/∂X_ij, variable by variable; a vector has a row axis alone, a scalar none."""
    tensors = [*reversed(groups), y]
    if any(len(axes) > 2 for axes in tensors):
        return None
    return list(chain.from_iterable(a[:1] for a in tensors)), list(chain.from_iterable(a[1:] for a in tensors))


# fmt: off
LAYOUTS = {
    row.name: row for row in (
        #      name           axes of the array                 matrix      also known as
        Layout("mixed",       lambda y, x: [*y, *x],            None,       "JAX, PyTorch; matrixcalculus.org"),
        Layout("numerator",   lambda y, x: [*y, *reversed(x)],  jacobian,   "Jacobian formulation; Parr & Howard"),
        Layout("denominator", lambda y, x: [*x, *reversed(y)],  gradient,   "Hessian or gradient formulation"),
        Layout("sympy",       lambda y, x: [*x, *y],            None,       "derive_by_array"),
        Layout("vec",         None,                             stacked,    "Magnus & Neudecker"),
        Layout("vetter",      None,                             kronecker,  "Brewer, Graham"),
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


# ------------------------------------------------------------------------------------------------------- the two orders


def arrange(y: Sequence[T], x: Sequence[T], name: str) -> tuple[T, ...]:
    """Return the axes of the array ∂Y/∂X in the order of a layout; `x` has the axes of all variables in turn.

    Raises: UnknownNameError, for an unknown layout; InputError, where the layout's array is always a matrix.

    >>> arrange("ij", "kl", "numerator")
    ('i', 'j', 'l', 'k')
    >>> arrange("ij", "kl", "denominator")
    ('k', 'l', 'j', 'i')
    """
    row = layout(name)
    if row.axes is None:
        raise InputError(f"an array in layout {name} is always a matrix", help="arrange_matrix(y, [x], name)")
    axes = [*y, *x]
    places = list(range(len(axes)))
    return tuple(axes[k] for k in _checked(row.name, row.axes(places[: len(y)], places[len(y) :]), places))


def arrange_matrix(y: Sequence[T], groups: Sequence[Sequence[T]], name: str) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Return the axes of the rows and those of the columns of ∂Y/∂X… as a matrix, each with the last axis fastest.

    `groups` has the axes of each variable.  Without any, Y is itself: a matrix, or a column.

    Raises: UnknownNameError, for an unknown layout; NoMatrixForm, where the layout makes no matrix of so many axes.

    >>> arrange_matrix("ij", ["kl"], "vec")
    (('j', 'i'), ('l', 'k'))
    >>> arrange_matrix("i", ["j"], "denominator")
    (('j',), ('i',))
    >>> arrange_matrix("", ["j"], "numerator")
    ((), ('j',))
    """
    row = layout(name)
    axes = list(chain(y, *groups))
    own, parts = _numbered(len(y), list(map(len, groups)))
    found = two_axes(own) if not parts else _folded(row, own, parts)
    if found is None:
        raise _no_matrix(row, own, parts)
    rows, columns = map(list, found)
    _checked(row.name, [*rows, *columns], list(range(len(axes))))
    return tuple(axes[k] for k in rows), tuple(axes[k] for k in columns)


def fold(
    y: Sequence[T], groups: Sequence[Sequence[T]], name: str, *, as_matrix: bool = False
) -> tuple[tuple[T, ...], ...]:
    """Return, for each axis of the array ∂Y/∂X…, the axes that are folded into it, the last one fastest.

    Without variables, Y is itself in every layout.

    >>> fold("ij", ["k"], "denominator")
    (('k',), ('j',), ('i',))
    >>> fold("i", ["kl"], "vec")
    (('i',), ('l', 'k'))
    """
    if as_matrix or (groups and layout(name).axes is None):
        return arrange_matrix(y, groups, name)
    layout(name)
    return tuple((axis,) for axis in (arrange(y, list(chain(*groups)), name) if groups else y))


def _numbered(y: int, groups: Sequence[int]) -> tuple[Places, list[Places]]:
    """Return the places of Y's axes and those of each variable's, in turn."""
    places = iter(range(y + sum(groups)))
    return list(islice(places, y)), [list(islice(places, rank)) for rank in groups]


def _folded(row: Layout, y: Places, groups: list[Places]) -> tuple[Iterable[int], Iterable[int]] | None:
    if row.matrix is not None:
        return row.matrix(list(y), [list(group) for group in groups])
    return two_axes(arrange(y, list(chain(*groups)), row.name))


def _no_matrix(row: Layout, y: Places, groups: list[Places]) -> NoMatrixForm:
    """Return the error that names what is too much, and the layouts that fold."""
    if not groups:
        return NoMatrixForm(f"a tensor with {len(y)} axes is no matrix", help="leave out as_matrix=True")
    shape = f"{_counted(len(y))} by {' and '.join(_counted(len(group)) for group in groups)}"
    high = any(len(axes) > 2 for axes in (y, *groups))
    return NoMatrixForm(
        f"the derivative of {shape} is no matrix in layout {row.name}",
        help=f'layout="vec" folds its axes into rows and columns{"" if high else ", and so does vetter"}',
    )


def _counted(rank: int) -> str:
    return ("a scalar", "a vector", "a matrix")[rank] if rank <= 2 else f"a tensor with {rank} axes"


def _checked(name: str, order: Iterable[int], places: Places) -> Places:
    """Return an order of axes in which each stands once.

    Raises: InputError, where one is lost, doubled or made up.
    """
    found = list(order)
    if any(type(k) is not int for k in found) or sorted(found) != places:
        raise InputError(f"layout {name} does not return each axis of y and x once", help=REGISTERING)
    return found


# ------------------------------------------------------------------------------------------------------- registration


def register_layout(name: str, axes: Order | None, matrix: Fold | None = None, also_known_as: str = "") -> None:
    """Add a layout to the table.

    Args:
        name: what `layout=` takes: letters, digits and `_`.
        axes: a function of the axes of Y and those of all variables in turn, two lists, that returns all of them in the
            order of the array; None for a layout whose arrays are always matrices.
        matrix: a function of the axes of Y and those of each variable, a list and a list of lists, that returns the
            axes of the rows and those of the columns, the last one fastest, or None where there is no matrix.  Left
            out, an array of at most two axes is the matrix, and one axis is a column.
        also_known_as: other names, for people.

    Raises: InputError, where the name is taken or is no name, or where a function does not return each axis once.

    >>> register_layout("reversed_mixed", lambda y, x: [*reversed(x), *reversed(y)])
    >>> arrange("ij", "kl", "reversed_mixed")
    ('l', 'k', 'j', 'i')
    >>> del LAYOUTS["reversed_mixed"]
    """
    _check_row(name, axes, matrix)
    row = Layout(name, axes, matrix, str(also_known_as))
    for y, x, z in product(range(RANKS), range(RANKS), range(RANKS)):
        _try(row, y, [x, z] if z else [x])
    LAYOUTS[name] = row


def _check_row(name: object, axes: object, matrix: object) -> None:
    """Raise InputError where the name of a new layout cannot be used, or where its functions are none."""
    if not (isinstance(name, str) and name.isidentifier()):
        raise InputError(f"a layout's name has letters, digits and _, not {name!r:.40}", help=REGISTERING)
    if name in LAYOUTS:
        raise InputError(f"there is a layout {name} already", help="another name, for example  my_" + name)
    if not (callable(axes) if matrix is None else callable(matrix) and (axes is None or callable(axes))):
        raise InputError(f"a layout is a function of the axes of y and of x, here is {axes!r:.40}", help=REGISTERING)


def _try(row: Layout, y: int, groups: Sequence[int]) -> None:
    """Ask a layout for its orders of so many axes.

    Raises: InputError, where its functions fail, or do not return each axis once.
    """
    own, parts = _numbered(y, groups)
    everything = [*own, *chain(*parts)]
    try:
        orders = [list(row.axes(own, list(chain(*parts))))] if row.axes is not None else []
        found = row.matrix(own, parts) if row.matrix is not None else None
        if found is not None:
            rows, columns = found
            orders.append([*rows, *columns])
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        raise InputError(f"layout {row.name} fails for y and x with {y} and {groups[0]} axes: {words}") from error
    for order in orders:
        _checked(row.name, order, everything)
