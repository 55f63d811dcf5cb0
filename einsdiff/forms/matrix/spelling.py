"""How formulas in matrix notation are spelled: plain text, Unicode and LaTeX, one method a construct.

Every spelling reads back as the same formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction
from typing import ClassVar

from einsdiff.algebra.nodes import Exact, magnitude
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.tree import Form
from einsdiff.forms.style import LATEX

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Level(IntEnum):
    """How tightly a written part binds."""

    SUM = 0
    PRODUCT = 1
    POWER = 2
    ATOM = 3


class Plain:
    """Text that any keyboard can type: x' A x, kron(A, B), inv(A)."""

    minus = "-"
    times: ClassVar = {"*": ".*", "/": "./"}

    def name(self, text: str) -> str:
        """Return a name."""
        return text

    def number(self, value: Exact) -> str:
        """Return an exact number."""
        return str(value)

    def transpose(self, body: str) -> str:
        """Return A'."""
        return f"{body}'"

    def inverse(self, body: str, *, is_name: bool) -> str:  # noqa: ARG002 - the other spellings ask
        """Return the inverse, inv(A)."""
        return f"inv({body})"

    def power(self, base: str, exponent: str, *, is_whole: bool) -> str:
        """Return s^2."""
        return f"{base}^{exponent}" if is_whole else f"{base}^({exponent})"

    def entrywise_power(self, base: str, exponent: str, *, is_whole: bool) -> str:
        """Return A .^ 2."""
        return f"{base}.^{exponent}" if is_whole else f"{base}.^({exponent})"

    def kron(self, parts: Sequence[str]) -> str:
        """Return the Kronecker product."""
        whole = parts[0]
        for p in parts[1:]:
            whole = f"kron({whole}, {p})"
        return whole

    def quotient(self, above: str, below: str) -> str:
        """Return a/b."""
        return f"{above}/{below}"

    def parenthesis(self, text: str) -> str:
        """Return (text)."""
        return f"({text})"

    def norm(self, function: str, body: str) -> str:
        """Return the norm of a column or a matrix."""
        return f"{function}({body})"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """Return f(u, v)."""
        return f"{function}({', '.join(arguments)})"

    def relation(self, sign: str) -> str:
        """Return the sign of a relation."""
        return sign

    def juxtaposed(self, factors: Sequence[str]) -> str:
        """Return factors side by side."""
        return " ".join(factors)


class Unicode(Plain):
    """xᵀ A x, A ⊗ B, A⁻¹, ‖x‖²."""

    minus = "−"
    times: ClassVar = {"*": "⊙", "/": "./"}

    def name(self, text: str) -> str:
        """Return a name; the column of ones is 𝟏."""
        return "𝟏" if text == "ones" else text

    def transpose(self, body: str) -> str:
        """Return Aᵀ, A⁻ᵀ."""
        return body.removesuffix("⁻¹") + "⁻ᵀ" if body.endswith("⁻¹") else f"{body}ᵀ"

    def inverse(self, body: str, *, is_name: bool) -> str:
        """Return A⁻¹."""
        return f"{body}⁻¹" if is_name else f"({body})⁻¹"

    def power(self, base: str, exponent: str, *, is_whole: bool) -> str:
        """Return s²."""
        return base + exponent.translate(SUPERSCRIPT) if is_whole else f"{base}^({exponent})"

    def kron(self, parts: Sequence[str]) -> str:
        """Return A ⊗ B."""
        return " ⊗ ".join(parts)

    def norm(self, function: str, body: str) -> str:
        """Return ‖x‖, ‖X‖_F."""
        return f"‖{body}‖" + ("_F" if function == "normF" else "")

    def juxtaposed(self, factors: Sequence[str]) -> str:
        """Return factors side by side; behind a transpose or a bracket a bracket needs no blank."""
        text = factors[0]
        for f in factors[1:]:
            text += f if f[0] == "(" and text[-1] in "ᵀ)¹" else f" {f}"
        return text


class Latex(Plain):
    r"""x^\top A x, as one pastes it into a paper."""

    times: ClassVar = {"*": r"\odot", "/": r"\oslash"}

    def name(self, text: str) -> str:
        r"""Return a name; the column of ones is \mathbf{1}."""
        return r"\mathbf{1}" if text == "ones" else LATEX.tensor(text, ())

    def number(self, value: Exact) -> str:
        """Return an exact number."""
        return LATEX.number(value)

    def transpose(self, body: str) -> str:
        r"""Return A^\top."""
        return f"{body.removesuffix('^{-1}')}^{{-\\top}}" if body.endswith("^{-1}") else rf"{body}^\top"

    def inverse(self, body: str, *, is_name: bool) -> str:
        """Return A^{-1}."""
        return f"{body}^{{-1}}" if is_name else f"{self.parenthesis(body)}^{{-1}}"

    def power(self, base: str, exponent: str, *, is_whole: bool) -> str:  # noqa: ARG002 - braces serve both
        """Return s^{2}."""
        return f"{base}^{{{exponent}}}"

    def entrywise_power(self, base: str, exponent: str, *, is_whole: bool) -> str:  # noqa: ARG002 - braces serve both
        """Return A .^ {2}."""
        return f"{base}.^{{{exponent}}}"

    def kron(self, parts: Sequence[str]) -> str:
        r"""Return A \otimes B."""
        return r" \otimes ".join(parts)

    def quotient(self, above: str, below: str) -> str:
        r"""Return \frac{a}{b}."""
        return rf"\frac{{{above}}}{{{below}}}"

    def parenthesis(self, text: str) -> str:
        r"""Return \left(text\right)."""
        return rf"\left({text}\right)"

    def norm(self, function: str, body: str) -> str:
        r"""Return \lVert x \rVert."""
        return rf"\lVert {body} \rVert" + ("_F" if function == "normF" else "")

    def call(self, function: str, arguments: Sequence[str]) -> str:
        r"""Return f(u, v); \sum would take an index."""
        if function == "sum":
            return r"\operatorname{sum}" + self.parenthesis(arguments[0])
        return LATEX.call(function, arguments)

    def relation(self, sign: str) -> str:
        """Return the sign of a relation."""
        return LATEX.relation(sign)

    def juxtaposed(self, factors: Sequence[str]) -> str:
        """Return factors side by side."""
        return r" \, ".join(factors)


SPELLINGS = {"plain": Plain(), "unicode": Unicode(), "latex": Latex()}


def write(form: Form, spelling: str = "unicode") -> str:
    """Return a formula in one of the `SPELLINGS`.

    >>> write(makers.multiply([tree.name("A", "m"), tree.name("x", "c")]))
    'A x'
    """
    return _Writer(SPELLINGS[spelling]).at(form, Level.SUM)


class _Writer:
    def __init__(self, style: Plain) -> None:
        self.style = style
        self.is_fraction = isinstance(style, Latex)

    def at(self, form: Form, level: Level) -> str:
        """Return a form, in parentheses where it binds less tightly than its place asks."""
        text, own = self.piece(form)
        return text if own >= level else self.style.parenthesis(text)

    def piece(self, form: Form) -> tuple[str, Level]:
        """Return a form and how tightly it binds."""
        style, parts = self.style, form.parts
        match form.head:
            case "number":
                whole = isinstance(form.value, int) and form.value >= 0
                return style.number(form.value), Level.ATOM if whole else Level.SUM if form.value < 0 else Level.PRODUCT
            case "name":
                return style.name(form.name), Level.POWER if "∂" in form.name else Level.ATOM
            case "sum":
                return self._sum(form), Level.SUM
            case "product":
                return self._product(form)
            case "quotient":
                return self._quotient(form)
            case "transpose":
                text = style.transpose(self.at(parts[0], Level.ATOM))
                return text, Level.POWER
            case "power":
                return self._power(parts[0], parts[1], entrywise=False)
            case "entrywise" if form.name == "^":
                return self._power(parts[0], parts[1], entrywise=True)
            case "entrywise":
                sides = [self.at(p, Level.POWER) for p in parts]
                return f" {style.times[form.name]} ".join(sides), Level.PRODUCT
            case "kron":
                whole = isinstance(style, Unicode | Latex)
                sides = [self.at(p, Level.POWER if whole else Level.SUM) for p in parts]
                return style.kron(sides), Level.PRODUCT if whole else Level.ATOM
            case "where":
                a, b, *cases = (self.at(p, Level.SUM) for p in parts)
                return style.call("where", [f"{a} {style.relation(form.name)} {b}", *cases]), Level.ATOM
            case _:
                return self._call(form)

    def _call(self, form: Form) -> tuple[str, Level]:
        sides = [self.at(p, Level.SUM) for p in form.parts]
        if form.name == "inv":
            return self.style.inverse(sides[0], is_name=form.parts[0].head == "name"), Level.ATOM
        if form.name in ("norm", "normF"):
            return self.style.norm(form.name, sides[0]), Level.ATOM
        return self.style.call(form.name, sides), Level.ATOM

    def _sum(self, form: Form) -> str:
        text = ""
        for term in form.parts:
            c, _ = makers.coefficient(term)
            positive = makers.multiply([tree.number(-1), term]) if c < 0 else term
            shown = self.at(positive, Level.PRODUCT)
            sign = self.style.minus if c < 0 else "+"
            text += f" {sign} {shown}" if text else (self.style.minus if c < 0 else "") + shown
        return text

    def _product(self, form: Form) -> tuple[str, Level]:
        style = self.style
        c, rest = makers.coefficient(form)
        if c < 0:
            positive = self.at(makers.multiply([tree.number(magnitude(c)), rest]), Level.PRODUCT)
            return f"{style.minus}{positive}", Level.SUM
        shown = []
        for p, times in _runs(form.parts):
            if times > 1 and p.name == "inv":
                shown.append(style.power(self.at(p.parts[0], Level.ATOM), str(-times), is_whole=True))
                continue
            base = self.at(p, Level.ATOM if times > 1 else Level.POWER if p.head != "number" else Level.PRODUCT)
            shown.append(base if times == 1 else style.power(base, str(times), is_whole=True))
        return style.juxtaposed(shown), Level.PRODUCT if len(shown) > 1 else Level.POWER

    def _quotient(self, form: Form) -> tuple[str, Level]:
        above, below = form.parts
        c, rest = makers.coefficient(above)
        if c < 0:
            return self.style.minus + self.at(
                makers.divide(makers.multiply([tree.number(magnitude(c)), rest]), below), Level.PRODUCT
            ), Level.SUM
        f = Fraction(c)
        if f.denominator != 1:
            above, below = (
                makers.multiply([tree.number(f.numerator), rest]),
                Form("product", "", (tree.number(f.denominator), below), "s"),
            )
        if self.is_fraction:
            return self.style.quotient(self.at(above, Level.SUM), self.at(below, Level.SUM)), Level.PRODUCT
        top = self.at(
            above,
            Level.PRODUCT if above.head != "quotient" and above.head not in ("kron", "entrywise") else Level.POWER,
        )
        return self.style.quotient(top, self.at(below, Level.POWER)), Level.PRODUCT

    def _power(self, base: Form, exponent: Form, *, entrywise: bool) -> tuple[str, Level]:
        if exponent.head == "number" and exponent.value == Fraction(1, 2):
            return self.style.call("sqrt", [self.at(base, Level.SUM)]), Level.ATOM
        whole = exponent.head == "number" and isinstance(exponent.value, int)
        spell = self.style.entrywise_power if entrywise else self.style.power
        return spell(self.at(base, Level.ATOM), self.at(exponent, Level.SUM), is_whole=whole), Level.POWER


def _runs(factors: Sequence[Form]) -> list[tuple[Form, int]]:
    """Return factors with how often each stands behind itself: A^2, (A - I)^2, A^-2, and (A')^3 from three on."""
    runs: list[tuple[Form, int]] = []
    for f in factors:
        if runs and runs[-1][0] == f and f.shape == "m":
            runs[-1] = (f, runs[-1][1] + 1)
        else:
            runs.append((f, 1))
    found: list[tuple[Form, int]] = []
    for f, times in runs:
        is_power = (
            f.head in ("name", "sum") or f.name == "inv"
            or (times > 2 and f.head == "transpose" and f.parts[0].head == "name")
        )  # fmt: skip
        found += [(f, times)] if is_power else [(f, 1)] * times
    return found
