"""Formulas without text: `x[i] * A[i, j] * x[j]`.

The objects write the text that a person would, with brackets; it is read by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from einsdiff.errors import IndexMismatchError, InputError, ParseError

SUM, PRODUCT, POWER, ATOM = range(4)


class IndexName(NamedTuple):
    """An index, made by `indices`."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A written formula and how tightly it binds."""

    text: str
    level: int = ATOM

    def __str__(self) -> str:
        return self.text

    def at(self, level: int) -> str:
        """Return the text, in parentheses where it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"

    def __add__(self, other: Operand) -> Formula:
        return Formula(f"{self.text} + {formula(other).at(PRODUCT)}", SUM)

    def __radd__(self, other: Operand) -> Formula:
        return formula(other) + self

    def __sub__(self, other: Operand) -> Formula:
        return Formula(f"{self.text} - {formula(other).at(PRODUCT)}", SUM)

    def __rsub__(self, other: Operand) -> Formula:
        return formula(other) - self

    def __mul__(self, other: Operand) -> Formula:
        return Formula(f"{self.at(PRODUCT)} * {formula(other).at(POWER)}", PRODUCT)

    def __rmul__(self, other: Operand) -> Formula:
        return formula(other) * self

    def __truediv__(self, other: Operand) -> Formula:
        return Formula(f"({self.at(POWER)} / {formula(other).at(ATOM)})", ATOM)

    def __rtruediv__(self, other: Operand) -> Formula:
        return formula(other) / self

    def __pow__(self, other: Operand) -> Formula:
        exponent = formula(other)
        return Formula(f"{self.at(ATOM)}^{exponent.text if exponent.text.isalnum() else f'({exponent.text})'}", POWER)

    def __neg__(self) -> Formula:
        return Formula(f"-{self.at(PRODUCT)}", SUM)


Operand = Formula | int | float | Fraction


def formula(value: object) -> Formula:
    """Return a number or a name as a formula; a decimal stands for the decimal fraction that is printed."""
    if isinstance(value, TensorName):
        return Formula(value.name)
    if isinstance(value, Formula):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or value - value != 0:
        raise InputError(
            f"a formula is built from tensors, indices and finite numbers, not from {value!r:.40}",
            help="give arrays to the compiled function; write functions as  exp, = einsdiff.tensors('exp'); exp(x[i])",
        )
    exact = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    return Formula(str(exact), ATOM if exact.denominator == 1 and exact >= 0 else SUM if exact < 0 else PRODUCT)


class TensorName(Formula):
    """A tensor, made by `tensors`: `A[i, j]` is an entry, `f(x[i])` a function, `y[i] = …` a definition."""

    __slots__ = ("definition",)
    __iter__ = None  # x[0], x[1], … would never end

    def __init__(self, name: str) -> None:
        super().__init__(name)
        object.__setattr__(self, "definition", None)

    @property
    def name(self) -> str:
        """The name."""
        return self.text

    def __getitem__(self, at: IndexName | int | tuple[IndexName | int, ...]) -> Formula:
        return Formula(self._at(at))

    def __setitem__(self, at: IndexName | int | tuple[IndexName | int, ...], value: Operand) -> None:
        written = f"{self._at(at)} = {formula(value)}"
        known = self.definition  # type: ignore[attr-defined]
        object.__setattr__(self, "definition", f"{known}\n{written}" if known else written)

    def _at(self, at: IndexName | int | tuple[IndexName | int, ...]) -> str:
        parts = at if isinstance(at, tuple) and not isinstance(at, IndexName) else (at,)
        for part in parts:
            if not isinstance(part, IndexName | int):
                raise IndexMismatchError(f"{part!r} is no index of {self.name}", help='i, j = einsdiff.indices("i j")')
        return f"{self.name}[{','.join(p.name if isinstance(p, IndexName) else str(p) for p in parts)}]"

    def __call__(self, *arguments: Operand) -> Formula:
        """Return a function's value: `f(x[i])`."""
        return Formula(f"{self.name}({', '.join(formula(a).text for a in arguments)})")


def _words(names: object) -> list[str]:
    if not isinstance(names, str):
        raise InputError(f"names are given as one text, not as {type(names).__name__}", help='"i j"')
    return names.replace(",", " ").split()


def indices(names: str) -> tuple[IndexName, ...]:
    """Return indices for building formulas without text.

    >>> i, j = indices("i j")
    >>> A, x = tensors("A x")
    >>> print(x[i] * A[i, j] * x[j])
    x[i] * A[i,j] * x[j]

    Raises: ParseError, where a name cannot be an index.
    """
    return tuple(IndexName(_checked(name, "an index")) for name in _words(names))


def tensors(names: str) -> tuple[TensorName, ...]:
    """Return tensors for building formulas without text; a name can be called, too, as a function.

    Assigning to an entry defines a tensor, whose axes have the order of these indices:

    >>> i, j = indices("i j")
    >>> A, x, y = tensors("A x y")
    >>> y[i] = A[i, j] * x[j]
    >>> import einsdiff as ed
    >>> print(ed.diff(y, "x"))
    ∂y_i/∂x_k = A_ik

    Raises: ParseError, where a name cannot be a tensor.
    """
    return tuple(TensorName(_checked(name, "a tensor")) for name in _words(names))


def _checked(name: str, what: str) -> str:
    if not name.isidentifier():
        raise ParseError(f"{name!r} cannot be the name of {what}", help="letters, digits and _, a letter first")
    return name


def written(value: Formula) -> str:
    """Return the text of a formula, or the definition of a tensor that has one."""
    return getattr(value, "definition", None) or value.text
