"""How exact numbers are written in Python, alone and as coefficients."""

from __future__ import annotations

from fractions import Fraction
from math import inf, nan

from einsdiff.algebra.nodes import Exact
from einsdiff.program.phrase import ATOM, NEGATIVE, TIMES

WHOLE = 2**53  # integers up to here are exact in double precision
DECIMALS = 4  # a fraction is written as a decimal that is exact and no longer than this


def literal(value: Exact, module: str = "np") -> tuple[str, int]:
    """Return the text of a number and how tightly it binds; `module` has nan and inf."""
    if isinstance(value, int):
        if abs(value) > WHOLE:
            return number(as_float(value), module)
        return str(value), ATOM if value >= 0 else NEGATIVE
    decimal = _decimal(abs(value))
    sign = "-" if value < 0 else ""
    if decimal:
        return sign + decimal, NEGATIVE if sign else ATOM
    if max(abs(value.numerator), value.denominator) > WHOLE:
        return number(as_float(value), module)
    return f"{value.numerator} / {value.denominator}", TIMES


def power(base: Exact, exponent: Exact) -> float:
    """Return base^exponent as a float: nan where it is not real, infinite where it is too large."""
    try:
        found = as_float(base) ** as_float(exponent)
    except OverflowError:
        return inf
    except ZeroDivisionError:
        return inf
    return nan if isinstance(found, complex) else found


def as_float(value: Exact) -> float:
    """Return the nearest float, infinite where there is none."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def number(value: float, module: str = "np") -> tuple[str, int]:
    """Return the text of a float and how tightly it binds."""
    if value != value:  # noqa: PLR0124 - nan
        return f"{module}.nan", ATOM
    if value in (inf, -inf):
        return (f"{module}.inf", ATOM) if value > 0 else (f"-{module}.inf", NEGATIVE)
    return repr(value), ATOM if value >= 0 else NEGATIVE


def _decimal(value: Fraction) -> str:
    """Return a short decimal that is exactly this fraction, or nothing."""
    text = repr(float(value)) if value.denominator < WHOLE else ""
    if text and "e" not in text and len(text.partition(".")[2]) <= DECIMALS and Fraction(text) == value:
        return text
    return ""
