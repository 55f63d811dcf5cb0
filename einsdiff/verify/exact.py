"""Exact evaluation where functions obey their laws: exp, log and all that follows from them, sin and cos, signs.

A value is three residues, modulo p, q and r, with 2q = p − 1 and r a divisor of p + 1.  Let g have the order q modulo
p.  Then g^x modulo p, for x modulo q, turns sums into products as exp does; its inverse is log, a table.  An element
of order r and norm 1 of the field of p² residues gives cos and sin of what is known modulo r.  As −1 is no square
modulo p, either a or −a is one: the squares stand for the positive numbers.  They have square roots and logarithms.
p is such that 2, 3, 5, … 29 are squares, so that small numbers are positive where they should be.  g and the
element of order r are drawn anew in each draw.

What is not known of a function modulo one of the primes is a random function there.  So each residue by itself is a
reading of the formula, under which every true law that is used holds: forms that agree in one of the three are equal.
Forms that do not agree may be equal all the same: no law is known here of asin, acos, atan, erf, nor of max and min
over an index, nor that a sum of positive numbers is positive.  The signs of numbers such as √2 − 1 and 31 are accidents
of p; where they matter nothing is told.  Forms that differ at single points only are told apart at points with small
coordinates and with those of numbers that stand in the forms.

Two forms that differ agree in a draw with a chance of about D/√p + D/r, where D counts the zeros and poles of what
stands under functions (A. Weil's bound for sums of characters), and of at most D/r, with D their degree, where no
function stands.  Where k conditions decide which form counts, a draw meets the case in which the forms differ with a
chance of about 2^−k or more.  At least 8 draws are compared for each entry, and at least 32 · 2^k where there are
conditions: the chance that different forms pass stays below 10^−12 for D up to 30.

Source: M. Wu et al., Mirage: a multi-level superoptimizer for tensor programs (2024), for exp by two primes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Exact, Expr, MatrixFunction, Product, Reduce, Size, magnitude
from einsdiff.algebra.walk import ordered
from einsdiff.verify.comparison import above, agreement, numbers
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.evaluation import RELATIONS, SMALL, RandomFunctions
from einsdiff.verify.fields import Array, Fields

P, Q, R = 2_158_679, 1_079_339, 17_989

LARGEST_NUMBER = 4096  # larger ones could be small modulo r

Table = NDArray[np.int64]


@cache
def _powers() -> tuple[Table, Table]:
    """Return h^k modulo p for every k, and k by h^k, −1 where there is none; h = 2 is a square, so of the order q."""
    exp: Table = np.ones(Q, dtype=np.int64)
    done = 1
    while done < Q:
        step = pow(2, done, P)
        exp[done : 2 * done] = exp[: min(done, Q - done)] * step % P
        done *= 2
    log: Table = np.full(P, -1, dtype=np.int64)
    log[exp] = np.arange(Q)
    return exp, log


@cache
def _circle() -> tuple[Table, Table]:
    """Return the real and imaginary parts of w^k for every k modulo r, where w = c + s i has norm 1 and the order r."""
    one = (1, 0)
    c, s = next(w for n in range(1, P) if (w := _turned(_on_circle(n), (P + 1) // R)) != one)
    cos: Table = np.ones(R, dtype=np.int64)
    sin: Table = np.zeros(R, dtype=np.int64)
    done = 1
    while done < R:
        a, b = cos[: min(done, R - done)], sin[: min(done, R - done)]
        cos[done : 2 * done], sin[done : 2 * done] = (a * c - b * s) % P, (a * s + b * c) % P
        c, s = (c * c - s * s) % P, 2 * c * s % P
        done *= 2
    return cos, sin


def _on_circle(n: int) -> tuple[int, int]:
    """(1 + n i)²/(1 + n²), which has norm 1."""
    scale = pow(1 + n * n, -1, P)
    return (1 - n * n) * scale % P, 2 * n * scale % P


def _turned(w: tuple[int, int], times: int) -> tuple[int, int]:
    """Return a power of an element of norm 1."""
    c, s = 1, 0
    for _ in range(times):
        c, s = (c * w[0] - s * w[1]) % P, (c * w[1] + s * w[0]) % P
    return c, s


class KnownFunctions(RandomFunctions):
    """Functions that obey their laws, for residues modulo p, q and r."""

    fields = Fields(P, Q, R)
    needed = 8
    branching = frozenset(("abs", "sign", "relu", "max", "min", *RELATIONS))

    def __init__(self, seed: object, generic: int, special: int = 0, small: Sequence[Exact] = SMALL) -> None:
        super().__init__(seed, generic, special, small)
        bases = self.draws.random("bases")
        self._base, self._angle = bases[1], bases[2]
        self._inverse = self.fields.reciprocal(bases)[1]

    def applied(self, function: str, orders: tuple[int, ...] | None, values: list[Array]) -> Array:
        """Return a function of entries."""
        whole = [np.broadcast_to(v, (len(self.fields.moduli), *v.shape[1:])) for v in values]
        if orders is None and function in DEFINITIONS:
            return DEFINITIONS[function](self, *whole)
        return super().applied(function, orders, whole)

    def sign(self, values: Array) -> Array:
        """Return 1 for squares modulo p, −1 for others, 0 for 0."""
        _, log = _powers()
        return np.where(values == 0, 0, np.where(log[values] >= 0, 1, -1))

    def root(self, values: Array, exponent: Fraction) -> Array:
        """Return a fractional power; modulo p only squares have one, which is a square."""
        exp, log = _powers()
        result = super().root(np.broadcast_to(values, (len(self.fields.moduli), *values.shape[1:])), exponent)
        logarithm = log[values[0]]
        known = exp[logarithm * (exponent.numerator * pow(exponent.denominator, -1, Q) % Q) % Q]
        result[0] = np.where(values[0] <= 0, result[0], np.where(logarithm < 0, -1, known))
        return result

    def reduced(self, operator: str, values: Array) -> Array:
        """Return a reduction over the last axis."""
        whole = np.broadcast_to(values, (len(self.fields.moduli), *values.shape[1:]))
        if operator == "logsumexp":
            return self.log(self.fields.total(self.exp(whole), whole.ndim - 1))
        return super().reduced(operator, whole)

    def logdet(self, det: Array) -> Array:
        """Return log |det|."""
        return self.log(np.where(self.sign(det[0]) < 0, self.negative(det), det))

    # ----------------------------------------------------------------------------------------- what definitions use

    def exp(self, u: Array) -> Array:
        """Return g^u modulo p, for u modulo q."""
        exp, _ = _powers()
        known = exp[u[1] * self._along(self._base, u) % Q]
        return self._with("exp", u, np.where(u[1] < 0, -1, known), part=0, at=0, value=1)

    def log(self, u: Array) -> Array:
        """Return x modulo q such that g^x = u modulo p; 0 has none."""
        _, log = _powers()
        found = log[u[0]]
        known = np.where((u[0] <= 0) | (found < 0), -1, found * self._along(self._inverse, u) % Q)
        return np.where(u[:1] == 0, -1, self._with("log", u, known, part=1, at=1, value=0))

    def cos(self, u: Array) -> Array:
        """Return the real part of w^u modulo p, for u modulo r."""
        known = _circle()[0][u[2] * self._along(self._angle, u) % R]
        return self._with("cos", u, np.where(u[2] < 0, -1, known), part=0, at=0, value=1)

    def sin(self, u: Array) -> Array:
        """Return the imaginary part of w^u modulo p, for u modulo r."""
        known = _circle()[1][u[2] * self._along(self._angle, u) % R]
        return self._with("sin", u, np.where(u[2] < 0, -1, known), part=0, at=0, value=0)

    def opaque(self, name: str, u: Array) -> Array:
        """Return a random function that is 0 at 0."""
        return np.where(u == 0, 0, self.draws.random(name, u))

    def plus(self, u: Array, number: int | Fraction) -> Array:
        """Return u + c."""
        return self.fields.plus(u, self._along(self.fields.number(number), u))

    def negative(self, u: Array) -> Array:
        """Return −u."""
        return self.fields.scaled(u, -1)

    def whole(self, u: Array, number: int) -> Array:
        """Return a number in the place of every entry."""
        return np.full_like(u, number)

    def over(self, u: Array, v: Array) -> Array:
        """Return u/v."""
        return self.fields.times(u, self.fields.reciprocal(v))

    def power_of_zero(self, v: Array) -> Array:
        """0^v = 0 for a positive v."""
        return np.where(self.sign(v[0]) * (v[0] > 0) > 0, self.whole(v, 0), -1)

    def chosen_by_sign(self, u: Array, positive: Array, negative: Array, zero: Array) -> Array:
        """Return one of three values, as the sign of u says."""
        sign = self.decided(u[0])
        chosen = np.where(sign > 0, positive, np.where(sign < 0, negative, zero))
        return np.where(u[0] < 0, -1, chosen)

    def _along(self, values: Array, u: Array) -> Array:
        """Return what depends on the draw alone such that it stands against an array or one residue of it."""
        return values.reshape(*values.shape, *(1,) * (u.ndim - 2))

    def _with(self, name: str, u: Array, known: Array, *, part: int, at: int, value: int) -> Array:
        """Return a function that is known modulo one prime; modulo the others it is random, but for one place."""
        result = np.where(u == at, value, self.draws.random(name, u))
        result[part] = known
        return result


HALF = Fraction(1, 2)

# fmt: off
DEFINITIONS: dict[str, Callable[..., Array]] = {
    "exp":      KnownFunctions.exp,
    "log":      KnownFunctions.log,
    "sin":      KnownFunctions.sin,
    "cos":      KnownFunctions.cos,
    "asin":     lambda f, u: f.opaque("asin", u),
    "atan":     lambda f, u: f.opaque("atan", u),
    "erf":      lambda f, u: f.opaque("erf", u),

    "expm1":    lambda f, u: f.plus(f.exp(u), -1),
    "log1p":    lambda f, u: f.log(f.plus(u, 1)),
    "sqrt":     lambda f, u: f.root(u, HALF),
    "pow":      lambda f, u, v: np.where(u[:1] == 0, f.power_of_zero(v), f.exp(f.fields.times(v, f.log(u)))),
    "tan":      lambda f, u: f.over(f.sin(u), f.cos(u)),
    "sinh":     lambda f, u: f.fields.scaled(f.fields.minus(f.exp(u), f.exp(f.negative(u))), HALF),
    "cosh":     lambda f, u: f.fields.scaled(f.fields.plus(f.exp(u), f.exp(f.negative(u))), HALF),
    "tanh":     lambda f, u: f.over(DEFINITIONS["sinh"](f, u), DEFINITIONS["cosh"](f, u)),
    "asinh":    lambda f, u: f.log(f.fields.plus(u, f.root(f.plus(f.fields.times(u, u), 1), HALF))),
    "acosh":    lambda f, u: f.log(f.fields.plus(u, f.root(f.plus(f.fields.times(u, u), -1), HALF))),
    "atanh":    lambda f, u: f.fields.scaled(f.log(f.over(f.plus(u, 1), f.plus(f.negative(u), 1))), HALF),
    "sigmoid":  lambda f, u: f.fields.reciprocal(f.plus(f.exp(f.negative(u)), 1)),
    "softplus": lambda f, u: f.log(f.plus(f.exp(u), 1)),

    "abs":      lambda f, u: f.chosen_by_sign(u, u, f.negative(u), u),
    "sign":     lambda f, u: f.chosen_by_sign(u, f.whole(u, 1), f.negative(f.whole(u, 1)), f.whole(u, 0)),
    "relu":     lambda f, u: f.chosen_by_sign(u, u, f.whole(u, 0), f.whole(u, 0)),
    "max":      lambda f, u, v: f.chosen_by_sign(f.fields.minus(u, v), u, v, u),
    "min":      lambda f, u, v: f.chosen_by_sign(f.fields.minus(u, v), v, u, u),
}
# fmt: on
"""What is known of each function: exp, log, sin, cos and the signs, and what follows from them."""


SIGNS = KnownFunctions.branching | {"sqrt", "asinh", "acosh"}
ROOTS = frozenset(("sqrt", "asinh", "acosh", "pow"))
LOGS = frozenset(("log", "log1p", "softplus", "asinh", "acosh", "atanh", "pow", "logsumexp", "logdet"))
EXPS = frozenset(("exp", "expm1", "sinh", "cosh", "tanh", "sigmoid", "softplus", "pow", "logsumexp"))
"""Functions in which signs matter, and functions that hold roots, logarithms and exponentials."""


def _check(nodes: Sequence[Expr], leaves: Collection[Expr]) -> None:
    """Raise UndefinedError where signs of numbers matter that the squares modulo p do not tell.

    Those of √2 − 1 and its like are accidents of p: no sign may be asked of what holds a root, or exp of a log.
    """
    logs: set[Expr] = set()
    roots: set[Expr] = set()
    has_signs = False
    for node in nodes:
        if node in leaves:
            continue
        signed = _parts_with_signs(node)
        if signed & roots:
            raise UndefinedError("the sign of a root is not known")
        inside = set(node.below)
        if (
            inside & roots
            or (isinstance(node, Product) and signed)
            or _is(ROOTS, node)
            or (inside & logs and _is(EXPS, node))
        ):
            roots.add(node)
        if inside & logs or _is(LOGS, node):
            logs.add(node)
        has_signs = has_signs or bool(signed)
    _check_numbers({n for node in nodes for n in numbers(node)}, has_signs=has_signs)


def _parts_with_signs(node: Expr) -> set[Expr]:
    """Return the parts of a node whose signs matter in it."""
    match node:
        case Product(_, factors):
            return {f.node for f in factors if isinstance(f.exponent, Fraction)}
        case MatrixFunction("logdet", argument):
            return {argument}
        case Apply(function, arguments) if function in SIGNS:
            return {a.node for a in arguments}
        case _:
            return set()


def _is(names: Collection[str], node: Expr) -> bool:
    match node:
        case Apply(function) | MatrixFunction(function) | Reduce(function):
            return function in names
        case _:
            return False


def _check_numbers(found: Collection[Exact], *, has_signs: bool) -> None:
    _, log = _powers()
    for n in found:
        if max(abs(n.numerator), n.denominator) > LARGEST_NUMBER:
            raise UndefinedError(f"the number {n} is too large")
        if has_signs and n and (log[abs(n.numerator)] < 0) != (log[n.denominator] < 0):
            raise UndefinedError(f"{magnitude(n)} is not positive modulo {P}")


def agree(a: Entry, b: Entry, *, seed: int = 0, sizes: Mapping[Size, int] | None = None) -> bool:
    """Tell whether two entries have the same value wherever both have one, by the laws of the functions in them.

    True is wrong with a chance below 10^−12; False says that no reading shows it.  `sizes` says how far each size runs,
    where more of them are equal than the entries alone tell.

    Where that cannot be found out, parts that both entries share are taken for tensors of which nothing is known.

    Raises: UndefinedError, where too few draws have a value, numbers are too large, or signs of roots matter.
    """
    try:
        return _agree(a, b, seed, sizes)
    except UndefinedError:
        shared = {n for n in ordered(a.node) if n.below}.intersection(ordered(b.node))
        if shared and _agree(a, b, seed, sizes, shared):
            return True
        raise


def _agree(
    a: Entry, b: Entry, seed: int, sizes: Mapping[Size, int] | None, leaves: Collection[Expr] = frozenset()
) -> bool:
    _check(above(leaves, a, b), leaves)
    return agreement(a, b, KnownFunctions, seed, sizes, leaves)
