"""How formulas are spelled: plain index text and LaTeX, one row a construct."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction
from itertools import pairwise

from einsdiff.algebra.nodes import Exact


class Level(IntEnum):
    """How tightly a written part binds."""

    SUM = 0
    PRODUCT = 1
    POWER = 2
    CALL = 3
    ATOM = 4


def unknown_suffix(orders: Sequence[int]) -> str:
    """Return the mark of the derivative of an unknown function: f', f'', f^(1,0)."""
    if not any(orders):
        return ""
    if len(orders) == 1:
        return "'" * orders[0]
    return f"^({','.join(map(str, orders))})"


def _is_word(index: str) -> bool:
    """Tell whether an index is more than a letter with digits behind it, so that it needs brackets."""
    return len(index) > 1 and not (index[0].isalpha() and index[1:].isdigit())


def superscript(n: int) -> str:
    """Return the order of a derivative as a superscript, nothing for 1."""
    return "" if n == 1 else str(n).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _grouped(axes: Sequence[Sequence[str]], comma: str = "") -> str:
    """Return (ij)k, the indices of each axis that several share in a parenthesis."""
    comma = comma or (" " if any(len(i) > 1 for axis in axes for i in axis) else "")
    return comma.join(f"({comma.join(axis)})" if len(axis) > 1 else axis[0] for axis in axes)


class Style:
    """Plain index text, which parses back."""

    is_plain = True

    def number(self, value: Exact) -> str:
        """Return an exact number."""
        return str(value)

    def tensor(self, name: str, at: Sequence[str]) -> str:
        """Return A_ij, A_{i1 j2}, A[row,10], x_hat[i]."""
        if not at:
            return name
        if "_" in name or "[" in name or any(map(_is_word, at)):
            return f"{name}[{','.join(at)}]"
        runs_together = any(j.isdigit() and not i.isdigit() for i, j in pairwise(at))  # A_{j,1} is not A_j1
        if all(len(i) == 1 for i in at) and not runs_together:
            return f"{name}_{''.join(at)}"
        return f"{name}_{{{','.join(at)}}}"

    def folded(self, name: str, axes: Sequence[Sequence[str]]) -> str:
        """Return y_{(ij)(kl)}, y_hat[(i,j),(k,l)]."""
        every = [i for axis in axes for i in axis]
        if "_" in name or "[" in name or any(map(_is_word, every)):
            return f"{name}[{_grouped(axes, ',')}]"
        return f"{name}_{{{_grouped(axes)}}}"

    def parenthesis(self, text: str) -> str:
        """Return (text)."""
        return f"({text})"

    def juxtaposed(self, factors: Sequence[str]) -> str:
        """Return a product; a number stands apart from what begins with a numeral, 3 * 1_i."""
        text = factors[0] if factors else ""
        for factor in factors[1:]:
            text += f" * {factor}" if factor[0].isdigit() else f" {factor}"
        return text

    def quotient(self, above: str, below: str, *, is_single: bool) -> str:
        """Return above / below."""
        return f"{above}/{below if is_single else f'({below})'}"

    def power(self, base: str, exponent: str, is_whole: bool) -> str:  # noqa: FBT001 - a column of the table
        """Return base^exponent."""
        simple = is_whole or exponent.isidentifier()
        return f"{base}^{exponent if simple else f'({exponent})'}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """Return f(u, v)."""
        return f"{function}({', '.join(arguments)})"

    def relation(self, sign: str) -> str:
        """Return a relation's sign."""
        return sign

    def reduction(self, operator: str, over: Sequence[str], body: str) -> str:
        """Return sum_i(body)."""
        if any(_is_word(i) for i in over):
            return f"{operator}[{','.join(over)}]({body})"
        if all(len(i) == 1 for i in over) and len(over) == 1:
            return f"{operator}_{over[0]}({body})"
        return f"{operator}_{{{','.join(over)}}}({body})"

    def matrix_function(self, function: str, argument: str, at: Sequence[str]) -> str:
        """Return inv(A)_ij, det(A)."""
        return f"{function}({argument})" + (self.tensor("", at) if at else "")

    def unknown_name(self, function: str, orders: Sequence[int]) -> str:
        """Return f, f', f^(1,0)."""
        return function + unknown_suffix(orders)

    def unknown(
        self, function: str, arguments: Sequence[str], ranks: Sequence[int], at: Sequence[str], wrt: Sequence[int]
    ) -> str:
        """Return f_i(x) or ∂f_i(x)/∂x_j."""
        axes = len(at) - sum(ranks[k] for k in wrt)
        whole = self.tensor(function, at[:axes]) + f"({', '.join(arguments)})"
        variables = []
        for k in wrt:
            variables.append(self.tensor(arguments[k], at[axes : axes + ranks[k]]))
            axes += ranks[k]
        return self.derivatives(whole, variables)

    def derivative(self, body: str, variable: str) -> str:
        """Return ∂body/∂variable."""
        return f"∂{body}/∂{variable}"

    def derivatives(self, left: str, variables: Sequence[str]) -> str:
        """Return the left-hand side of a derivative: ∂²y/∂x_k∂x_l."""
        if not variables:
            return left
        return f"∂{superscript(len(variables))}{left}/{''.join(f'∂{v}' for v in variables)}"


LATEX_FUNCTIONS = {
    "exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh",
    "cosh": r"\cosh", "tanh": r"\tanh", "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan",
    "max": r"\max", "min": r"\min", "det": r"\det", "sum": r"\sum", "prod": r"\prod",
}  # fmt: skip
"""Functions that LaTeX has a command for; all others are set as operator names."""

LATEX_LETTERS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip

LATEX_RELATIONS = {">=": r"\ge", "<=": r"\le", "==": "=", "!=": r"\ne"}


class Latex(Style):
    """LaTeX, as one pastes it into a paper."""

    is_plain = False

    def number(self, value: Exact) -> str:
        """Return an exact number."""
        f = Fraction(value)
        sign = "-" if f < 0 else ""
        return str(f) if f.denominator == 1 else rf"{sign}\frac{{{abs(f.numerator)}}}{{{f.denominator}}}"

    def tensor(self, name: str, at: Sequence[str]) -> str:
        """Return A_{ij}."""
        shown = self._name(name)
        spread = any(len(i) > 1 for i in at)
        return shown + (f"_{{{(', ' if spread else '').join(map(self._name, at))}}}" if at else "")

    def folded(self, name: str, axes: Sequence[Sequence[str]]) -> str:
        """Return y_{(ij)(kl)}."""
        return f"{self._name(name)}_{{{_grouped([[*map(self._name, axis)] for axis in axes])}}}"

    def _name(self, name: str) -> str:
        if name in LATEX_LETTERS:
            return "\\" + LATEX_LETTERS[name]
        if len(name) <= 1 or name.isdigit():
            return name
        escaped = name.replace("_", r"\_")
        return rf"\mathit{{{escaped}}}" if name[0].isalpha() and not name[1:].isdigit() else escaped

    def parenthesis(self, text: str) -> str:
        r"""Return \left(text\right)."""
        return rf"\left({text}\right)"

    def juxtaposed(self, factors: Sequence[str]) -> str:
        """Return a product."""
        return r" \, ".join(factors)

    def quotient(self, above: str, below: str, *, is_single: bool) -> str:  # noqa: ARG002 - a fraction needs no brackets
        r"""Return \frac{above}{below}."""
        return rf"\frac{{{above}}}{{{below}}}"

    def power(self, base: str, exponent: str, is_whole: bool) -> str:  # noqa: ARG002, FBT001 - a column of the table
        """Return base^{exponent}."""
        return f"{{{base}}}^{{{exponent}}}"

    def call(self, function: str, arguments: Sequence[str]) -> str:
        """Return f(u, v)."""
        if function == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        return self._function(function) + self.parenthesis(", ".join(arguments))

    def _function(self, name: str) -> str:
        if name in LATEX_FUNCTIONS:
            return LATEX_FUNCTIONS[name]
        return (
            name if not name[0].isalpha() or len(name.rstrip("'")) == 1 or "^" in name else rf"\operatorname{{{name}}}"
        )

    def relation(self, sign: str) -> str:
        """Return a relation's sign."""
        return LATEX_RELATIONS.get(sign, sign)

    def reduction(self, operator: str, over: Sequence[str], body: str) -> str:
        r"""Return \sum_{i} (body)."""
        return f"{self._function(operator)}_{{{', '.join(over)}}}" + self.parenthesis(body)

    def matrix_function(self, function: str, argument: str, at: Sequence[str]) -> str:
        r"""Return A^{-1}_{ij} as \left(A^{-1}\right)_{ij}, \det\left(A\right)."""
        if function == "inv":
            return rf"\left({{{self._name(argument)}}}^{{-1}}\right)" + self.tensor("", at)
        called = self._function(function) + self.parenthesis(self._name(argument))
        return called + (self.tensor("", at) if at else "")

    def unknown(
        self, function: str, arguments: Sequence[str], ranks: Sequence[int], at: Sequence[str], wrt: Sequence[int]
    ) -> str:
        """Return f_i(x) or its derivative."""
        axes = len(at) - sum(ranks[k] for k in wrt)
        given = self.parenthesis(", ".join(map(self._name, arguments)))
        variables, start = [], axes
        for k in wrt:
            variables.append(self.tensor(arguments[k], at[start : start + ranks[k]]))
            start += ranks[k]
        return self.derivatives(self.tensor(function, at[:axes]), variables) + given

    def derivative(self, body: str, variable: str) -> str:
        r"""Return \frac{\partial body}{\partial variable}."""
        return rf"\frac{{\partial {body}}}{{\partial {variable}}}"

    def derivatives(self, left: str, variables: Sequence[str]) -> str:
        r"""Return \frac{\partial^2 y}{\partial x_k \partial x_l}."""
        order = f"^{{{len(variables)}}}" if len(variables) > 1 else ""
        below = r" \, ".join(rf"\partial {v}" for v in variables)
        return rf"\frac{{\partial{order} {left}}}{{{below}}}"


PLAIN = Style()
LATEX = Latex()
