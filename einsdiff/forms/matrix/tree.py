"""Formulas in matrix notation, and what can be read off them.

A `Form` is a head with parts.  Its shape is one letter: `s` a scalar, `c` a column, `r` a row, `m` a matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from einsdiff.algebra.nodes import Exact, exact

TRANSPOSED = {"s": "s", "c": "r", "r": "c", "m": "m"}
ENTRYWISE = frozenset("*/^")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A formula: `head` says what it is, `name` which name, function, operator or number.

    Heads: number, name, product, sum, transpose, entrywise (`*`, `/`, `^`), power, quotient, kron, call, where.
    What is asked of a form again and again is found once: how many names and transposes stand in it, its text.
    """

    head: str
    name: str
    parts: tuple[Form, ...] = ()
    shape: str = "s"
    value: Exact = 0
    is_symmetric: bool = False
    is_diagonal: bool = False
    digest: int = field(init=False, repr=False)
    degree: int = field(init=False, repr=False)
    transposes: int = field(init=False, repr=False)
    text: str = field(init=False, repr=False)
    transposed: Form | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = self.parts
        learn = partial(object.__setattr__, self)
        learn("digest", hash(self._own()))
        learn("degree", (self.head == "name") + sum([p.degree for p in parts]))
        learn("transposes", (self.head == "transpose") + sum([p.transposes for p in parts]))
        learn("text", "")
        learn("transposed", None)

    def _own(self) -> tuple[object, ...]:
        return (self.head, self.name, self.parts, self.shape, self.value, self.is_symmetric, self.is_diagonal)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Form) and self.digest == other.digest and self._own() == other._own()

    def __hash__(self) -> int:
        return self.digest

    def __str__(self) -> str:
        if not self.text:
            inside = ", ".join(map(str, self.parts))
            found = f"{self.name or self.head}({inside})" if self.parts else self.name or str(self.value)
            object.__setattr__(self, "text", found)
        return self.text


# ------------------------------------------------------------------------------------------------------------- leaves


def number(value: Exact) -> Form:
    """Return an exact number."""
    return Form("number", "", (), "s", exact(value))


def name(text: str, shape: str, *, is_symmetric: bool = False, is_diagonal: bool = False) -> Form:
    """Return the name of a scalar, of a column or of a matrix; a diagonal one is symmetric, too."""
    return Form("name", text, (), shape, 0, is_symmetric or is_diagonal, is_diagonal)


ZERO = number(0)
ONE = number(1)
IDENTITY = name("I", "m", is_symmetric=True)
ONES = name("ones", "c")
COMMUTATION = name("commutation", "m")


def is_ones(form: Form) -> bool:
    """Tell whether a form is the column of ones or its transpose."""
    return form is ONES or form == ONES or (form.head == "transpose" and form.parts[0] == ONES)


def is_identity(form: Form) -> bool:
    """Tell whether a form is I, or I ⊗ I."""
    return form == IDENTITY or (form.head == "kron" and all(p == IDENTITY for p in form.parts))


# ------------------------------------------------------------------------------------------------------------ reading


WHOLE = frozenset(("diag", "vec", "inv", "adj", "tr", "det", "logdet", "norm", "normF", "sum", "softmax", "logsumexp"))
"""Functions of whole tensors; all others go entry by entry."""


def is_entrywise(form: Form) -> bool:
    """Tell whether a form is a function that goes entry by entry."""
    return form.head == "call" and form.name not in WHOLE


def is_numeric_power(form: Form) -> bool:
    """Tell whether a form is a scalar raised to a number."""
    return form.head == "power" and form.parts[1].head == "number"


def shape_of_chain(chain: Sequence[Form]) -> str:
    """Return the shape of a product."""
    if not chain:
        return "s"
    rows, columns = chain[0].shape in "cm", chain[-1].shape in "rm"
    return ("m" if columns else "c") if rows else "r" if columns else "s"


def factors_apart(form: Form) -> tuple[list[Form], list[Form]]:
    """Return the scalars and the chain of a product; a scalar x' A y is a chain."""
    if form.head == "product":
        return [p for p in form.parts if p.shape == "s"], [p for p in form.parts if p.shape != "s"]
    return ([form], []) if form.head == "number" else ([], [form])


def factors(form: Form) -> tuple[Form, ...]:
    """Return the factors of a product, scalars among them."""
    return form.parts if form.head == "product" else (form,)


def chain_of(form: Form) -> tuple[Form, ...]:
    """Return the factors of a matrix product, a scalar x' A y included."""
    return tuple(p for p in form.parts if p.shape != "s") if form.head == "product" else (form,)


def degree(form: Form) -> int:
    """Return how many names stand in a form."""
    return form.degree


def names(form: Form) -> list[str]:
    """Return the names in a form, from left to right."""
    return [form.name] if form.head == "name" else [name for p in form.parts for name in names(p)]


def transposes(form: Form) -> int:
    """Return how many transposes stand in a form."""
    return form.transposes
