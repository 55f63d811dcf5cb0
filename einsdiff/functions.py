"""The table of scalar functions: one row, one function, its derivative in the library's own language.

The rows are text, so that they can be parsed, printed, checked by numbers and proof-read.  Spellings in other languages
(NumPy, LaTeX) stand in the tables of the emitters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """f(u), its derivatives by each argument, the condition under which they hold, and where tests draw from."""

    call: str
    slopes: tuple[str, ...]
    where: str = ""
    drawn: tuple[float, float] = (-2.0, 2.0)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.call[: self.call.index("(")]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments, in order."""
        return tuple(self.call[self.call.index("(") + 1 : -1].split(", "))


# fmt: off
ROWS = (
    #   f(u)              f'(u)                                where it holds        drawn from
    Row("exp(u)",        ("exp(u)",)),
    Row("expm1(u)",      ("exp(u)",)),
    Row("log(u)",        ("1/u",),                             "u > 0",              (0.2, 3.0)),
    Row("log1p(u)",      ("1/(1 + u)",),                       "u > -1",             (-0.8, 3.0)),
    Row("sqrt(u)",       ("1/(2 sqrt(u))",),                   "u > 0",              (0.2, 3.0)),
    Row("sin(u)",        ("cos(u)",)),
    Row("cos(u)",        ("-sin(u)",)),
    Row("tan(u)",        ("1 + tan(u)^2",),                    "cos(u) != 0",        (-1.2, 1.2)),
    Row("asin(u)",       ("1/sqrt(1 - u^2)",),                 "-1 < u < 1",         (-0.9, 0.9)),
    Row("acos(u)",       ("-1/sqrt(1 - u^2)",),                "-1 < u < 1",         (-0.9, 0.9)),
    Row("atan(u)",       ("1/(1 + u^2)",)),
    Row("sinh(u)",       ("cosh(u)",)),
    Row("cosh(u)",       ("sinh(u)",)),
    Row("tanh(u)",       ("1 - tanh(u)^2",)),
    Row("asinh(u)",      ("1/sqrt(1 + u^2)",)),
    Row("acosh(u)",      ("1/sqrt(u^2 - 1)",),                 "u > 1",              (1.2, 3.0)),
    Row("atanh(u)",      ("1/(1 - u^2)",),                     "-1 < u < 1",         (-0.9, 0.9)),
    Row("sigmoid(u)",    ("sigmoid(u) (1 - sigmoid(u))",)),
    Row("softplus(u)",   ("sigmoid(u)",)),
    Row("erf(u)",        ("2 exp(-u^2)/sqrt(acos(-1))",)),      # acos(-1) is π

    # kinks: at the kink the derivative is the stated value
    Row("abs(u)",        ("sign(u)",),                         "u != 0; at 0: 0",    (0.2, 3.0)),
    Row("sign(u)",       ("0",),                               "u != 0; at 0: 0",    (0.2, 3.0)),
    Row("relu(u)",       ("gt(u, 0)",),                        "u != 0; at 0: 0",    (0.2, 3.0)),
    Row("max(u, v)",     ("ge(u, v)", "lt(u, v)"),             "u != v; at u = v: 1 and 0"),
    Row("min(u, v)",     ("le(u, v)", "gt(u, v)"),             "u != v; at u = v: 1 and 0"),

    # relations are 1 where they hold and 0 where not; where(c, u, v) is u where c is not 0
    Row("gt(u, v)",      ("0", "0"),                           "u != v; at u = v: 0"),
    Row("ge(u, v)",      ("0", "0"),                           "u != v; at u = v: 0"),
    Row("lt(u, v)",      ("0", "0"),                           "u != v; at u = v: 0"),
    Row("le(u, v)",      ("0", "0"),                           "u != v; at u = v: 0"),
    Row("eq(u, v)",      ("0", "0"),                           "u != v; at u = v: 0"),
    Row("ne(u, v)",      ("0", "0"),                           "u != v; at u = v: 0"),
    Row("where(c, u, v)", ("0", "where(c, 1, 0)", "where(c, 0, 1)")),

    # a power whose exponent is not a number
    Row("pow(u, v)",     ("v pow(u, v - 1)", "log(u) pow(u, v)"), "u > 0",           (0.2, 3.0)),
)
# fmt: on

BY_NAME = {row.name: row for row in ROWS}

ALIASES = {
    "ln": "log",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}
"""Other spellings of a function's name, as people write them."""

REDUCTIONS = ("sum", "prod", "max", "min", "mean", "logsumexp", "softmax")
"""Operators that bind an index when they carry one: `sum_i(…)`; `softmax` keeps it."""

TENSOR_FUNCTIONS = (
    "inv", "adj", "det", "logdet", "tr", "norm", "norm1", "norm2", "normF", "diag", "vec", "vech", "sum"
)  # fmt: skip
"""Functions whose argument is written in matrix notation."""

SELECTIONS = ("duplication", "elimination")
"""Matrices of zeros and ones, made for a number of rows: `duplication(3)`."""
