"""Matrix notation: every formula against NumPy, on sizes that are pairwise different, and every error as a whole."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from dense import evaluate

import einsdiff as ed
from einsdiff.algebra.nodes import (
    Axis,
    Count,
    Number,
    Ones,
    Product,
)
from einsdiff.algebra.walk import ordered
from einsdiff.elaborate.kinds import RELATIONS, infer_kinds
from einsdiff.elaborate.matrix import Value, elaborate, matrix_argument
from einsdiff.elaborate.scope import Scope
from einsdiff.errors import EinsdiffError, ParseError, SizeMismatchError, Span
from einsdiff.text.parser import parse
from einsdiff.text.tree import Call, Name, Numeral, Reduce, Transpose, Tree

Array = np.ndarray[Any, np.dtype[np.float64]]
SPAN = Span(0, 1)


# ------------------------------------------------------------------------------------------------------ the evaluation


def numbers() -> dict[str, Array]:
    """Return a tensor for each name of the formulas below; a capital's shape stands behind it."""
    rng = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {
        "A": (2, 3), "B": (3, 5), "C": (2, 3), "D": (5, 2), "S": (3, 3), "Q": (3, 3), "V": (2, 2), "W": (7, 2),
        "X": (7, 3), "x": (3,), "y": (3,), "z": (5,), "u": (2,), "b": (2,), "c": (), "λ": (), "t": (7,),
    }  # fmt: skip
    drawn = {name: rng.uniform(0.2, 1.5, shape) for name, shape in shapes.items()}
    return drawn | {"S": drawn["S"] + 2 * np.eye(3)}


GIVEN = numbers()


def reading(source: str) -> tuple[Value, Scope]:
    """Return the value of a formula and its scope; declarations stand before it."""
    document = parse(source, notation="matrix")
    scope = Scope(source, document.declarations)
    kinds = infer_kinds(document, {name: symbol.rank for name, symbol in scope.declared.items()})
    return elaborate(document.statements[-1].body, scope, kinds), scope


def refused(source: str) -> str:
    with pytest.raises(EinsdiffError) as caught:
        reading(source)
    return f"{type(caught.value).__name__}: {caught.value}"


# ------------------------------------------------------------------------------------------------------------ formulas

A, B, C, D, S, Q, V, W, X = (GIVEN[name] for name in "ABCDSQVWX")
x, y, z, u, b, c, s, t = (GIVEN[name] for name in "xyzubcλt")
inv, det, norm, I3 = np.linalg.inv, np.linalg.det, np.linalg.norm, np.eye(3)

# fmt: off
VALUES = [
    # products (DESIGN 2.2)
    ("A x",                         A @ x),
    ("A B",                         A @ B),
    ("A B z",                       A @ B @ z),
    ("A (B z)",                     A @ B @ z),
    ("x' y",                        x @ y),
    ("x y'",                        np.outer(x, y)),
    ("x z'",                        np.outer(x, z)),
    ("u' A",                        u @ A),
    ("u' A x",                      u @ A @ x),
    ("x' S x",                      x @ S @ x),
    ("xᵀ S x",                      x @ S @ x),
    ("x^T S x",                     x @ S @ x),
    ("x' y z",                      (x @ y) * z),
    ("x y' S",                      np.outer(x, y) @ S),
    ("2 λ A x c",                   2 * s * c * (A @ x)),
    ("x' (A' u) z",                 (x @ A.T @ u) * z),
    ("(A + C) x",                   (A + C) @ x),
    ("x x' x",                      x * (x @ x)),
    # sums: a scalar expands, I is the identity, ones a vector
    ("A + 1",                       A + 1),
    ("x - λ",                       x - s),
    ("S + I",                       S + I3),
    ("S - 2 λ I",                   S - 2 * s * I3),
    ("A x + b",                     A @ x + b),
    ("u' A + 1",                    u @ A + 1),
    ("x' S + y'",                   x @ S + y),
    ("x' y + 1",                    x @ y + 1),
    ("x + ones",                    x + 1),
    ("ones' x",                     x.sum()),
    ("A 𝟏",                         A.sum(1)),
    ("A 𝟏 - b",                     A.sum(1) - b),
    ("A + u ones'",                 A + u[:, None]),
    ("A + ones x'",                 A + x),
    ("1 - x",                       1 - x),
    ("x - x + 1",                   np.ones(3)),
    ("A - A",                       np.zeros((2, 3))),
    ("0 A x + b",                   b),
    ("0 x'",                        np.zeros(3)),
    # transposes
    ("A'",                          A.T),
    ("(A B)'",                      (A @ B).T),
    ("A^T b",                       A.T @ b),
    ("λ : scalar; λ' x",            s * x),
    ("(A x - b)'(A x - b)",         (A @ x - b) @ (A @ x - b)),
    ("(x' S)'",                     S.T @ x),
    # inverses and powers
    ("S^-1 x",                      inv(S) @ x),
    ("S^{-1}",                      inv(S)),
    ("S^{-T} x",                    inv(S).T @ x),
    ("inv(S) Q",                    inv(S) @ Q),
    ("(S Q)^-1",                    inv(S @ Q)),
    ("S'^-1",                       inv(S).T),
    ("S^2",                         S @ S),
    ("S^3 x",                       S @ S @ S @ x),
    ("S^-2",                        inv(S) @ inv(S)),
    ("S^0",                         I3),
    ("S^1",                         S),
    ("(S + I)^2",                   (S + I3) @ (S + I3)),
    ("(x' y)^2",                    (x @ y) ** 2),
    ("λ^3 x",                       s ** 3 * x),
    ("λ^c",                         s ** c),
    ("inv(x' y)",                   1 / (x @ y)),
    ("adj(S) Q",                    det(S) * inv(S) @ Q),
    ("adj(S Q)'",                   det(S @ Q) * inv(S @ Q).T),
    ("adj(x' y) x",                 x),
    # entry by entry
    ("A .* C",                      A * C),
    ("A ⊙ C",                       A * C),
    ("A ./ C",                      A / C),
    ("x .^ 2",                      x ** 2),
    ("2 .^ x",                      2 ** x),
    ("x .^ y",                      x ** y),
    ("1 ./ x",                      1 / x),
    ("λ .* x",                      s * x),
    ("A ./ 2",                      A / 2),
    ("x' .* y'",                    x * y),
    ("(A x) .* b",                  (A @ x) * b),
    # quotients
    ("A x / 2",                     A @ x / 2),
    ("x / (y' y)",                  x / (y @ y)),
    ("λ / (x' x)",                  s / (x @ x)),
    ("A / λ",                       A / s),
    # functions of whole tensors
    ("tr(S)",                       np.trace(S)),
    ("tr(A B D)",                   np.trace(A @ B @ D)),
    ("tr(x y')",                    x @ y),
    ("tr(I + S)",                   np.trace(S) + 3),
    ("tr(x' S x)",                  x @ S @ x),
    ("det(S)",                      det(S)),
    ("logdet(S)",                   math.log(det(S))),
    ("det(0 S)",                    0.0),
    ("diag(x)",                     np.diag(x)),
    ("diag(x')",                    np.diag(x)),
    ("diag(S)",                     np.diag(S)),
    ("diag(S)' x",                  np.diag(S) @ x),
    ("diag(diag(S))",               np.diag(np.diag(S))),
    ("diag(A x + b)",               np.diag(A @ x + b)),
    ("diag(S + I)",                 np.diag(S) + 1),
    ("sum(A)",                      A.sum()),
    ("sum(x)",                      x.sum()),
    ("sum(A x)",                    (A @ x).sum()),
    ("sum(λ)",                      s),
    ("norm(x)",                     norm(x)),
    ("norm(x')",                    norm(x)),
    ("norm2(x)",                    norm(x)),
    ("norm(A)",                     norm(A)),
    ("normF(A B)",                  norm(A @ B)),
    ("norm1(x - y)",                np.abs(x - y).sum()),
    ("norm1(x - x)",                0.0),
    ("norm(x - x)",                 0.0),
    ("norm(-2)",                    2.0),
    ("||A x - b||^2",               norm(A @ x - b) ** 2),
    ("||A||^2",                     norm(A) ** 2),
    ("‖x‖_1",                       np.abs(x).sum()),
    # functions entry by entry
    ("exp(A)",                      np.exp(A)),
    ("exp(x)'",                     np.exp(x)),
    ("sqrt(x' x)",                  norm(x)),
    ("sin(x') y",                   np.sin(x) @ y),
    ("ln(λ)",                       math.log(s)),
    ("max(x, 1)",                   np.maximum(x, 1)),
    ("max(x, y, 1)",                np.maximum(np.maximum(x, y), 1)),
    ("min(A, C)",                   np.minimum(A, C)),
    ("where(x > y, x, 0)",          np.where(x > y, x, 0)),
    ("where(A <= λ, A, C)",         np.where(s >= A, A, C)),
    ("exp(x - x)",                  np.ones(3)),
    # Kronecker products and vec, where they fall apart
    ("tr(S ⊗ V)",                   np.trace(np.kron(S, V))),
    ("tr(kron(S, V) kron(Q, V))",   np.trace(np.kron(S, V) @ np.kron(Q, V))),
    ("normF(A ⊗ B)",                norm(np.kron(A, B))),
    ("sum(x ⊗ z)",                  np.kron(x, z).sum()),
    ("λ ⊗ A",                       s * A),
    ("x ⊗ z'",                      np.outer(x, z)),
    ("vec(A)' vec(C)",              np.trace(A.T @ C)),
    ("norm(vec(A))",                norm(A)),
    ("sum(exp(vec(A)))",            np.exp(A).sum()),
    ("vec(x)",                      x),
    ("vec(A)' (S ⊗ V) vec(C)",      A.T.ravel() @ np.kron(S, V) @ C.T.ravel()),
    ("tr(diag(vec(A)))",            A.sum()),
    # traps T17 to T26
    ("logdet(S)",                   math.log(det(S))),
    ("3 det(S)",                    3 * det(S)),
    ("1/det(S)",                    1 / det(S)),
    ("det(S Q)",                    det(S @ Q)),
    ("det(A X' W)",                 det(A @ X.T @ W)),
    ("log(1 + det(S))",             math.log(1 + det(S))),
    ("tr(S) + 1",                   np.trace(S) + 1),
    ("tr(A'A) + tr(B'B)",           np.trace(A.T @ A) + np.trace(B.T @ B)),
    ("(x' S x) + c",                x @ S @ x + c),
    ("tr(S)/tr(S Q)",               np.trace(S) / np.trace(S @ Q)),
    ("sin(tr(S))",                  math.sin(np.trace(S))),
    ("exp(-x' S x/2)",              math.exp(-x @ S @ x / 2)),
    ("exp(x)/sum(exp(x))",          np.exp(x) / np.exp(x).sum()),
    ("exp(x)/(ones' exp(x))",       np.exp(x) / np.exp(x).sum()),
    ("tr(S .* Q)",                  np.trace(S * Q)),
    ("tr(sin(S))",                  np.trace(np.sin(S))),
    ("tr(S^3)",                     np.trace(S @ S @ S)),
    ("sum(log(1 + exp(-t .* (X x))))", np.log(1 + np.exp(-t * (X @ x))).sum()),
    ("tanh(W tanh(A x))",           np.tanh(W @ np.tanh(A @ x))),
    ("tanh(D' tanh(B' tanh(A' tanh(V u))))", np.tanh(D.T @ np.tanh(B.T @ np.tanh(A.T @ np.tanh(V @ u))))),
    ("x'(S .* Q) x",                x @ (S * Q) @ x),
    ("diag(x) S diag(x)",           np.diag(x) @ S @ np.diag(x)),
    ("diag(b) u",                   b * u),
    # declarations
    ("A : matrix(2, 3); A x",       A @ x),
    ("A : matrix(n, k); x : vector(k); A x", A @ x),
]
# fmt: on


@pytest.mark.parametrize(("source", "wanted"), VALUES, ids=[source for source, _ in VALUES])
def test_a_formula_has_the_value_that_numpy_finds(source: str, wanted: Array) -> None:
    value, scope = reading(source)
    assert len(value.wires) == np.ndim(wanted)
    found = evaluate(value, scope, GIVEN, {"n": 2, "k": 3})
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)  # rounding only


ROWS = ["x'", "x' S", "(A x)'", "2 x'", "x' + y'", "exp(x')", "ones'", "-x'", "x'/2", "0 x'", "inv(x' y) x'"]


@pytest.mark.parametrize("source", ROWS)
def test_a_transposed_vector_is_marked_as_a_row(source: str) -> None:
    assert reading(source)[0].row


@pytest.mark.parametrize("source", ["x", "x''", "(x' S)'", "A x", "x' y", "x y'", "diag(S)", "vec(x')"])
def test_all_else_is_no_row(source: str) -> None:
    assert not reading(source)[0].row


OPERANDS = {"s": "λ", "c": "x", "r": "x'", "m": "S"}
OPERATORS = {"product": "{} {}", "sum": "{} + {}", "quotient": "{} / {}"}


@pytest.mark.parametrize("relation", OPERATORS)
def test_the_elaboration_and_the_kinds_agree_which_shapes_go_together(relation: str) -> None:
    table = {row[:2]: row[2] for row in RELATIONS[relation].split()}
    for left, right in product(OPERANDS, repeat=2):
        other = OPERANDS[right].replace("x", "y")
        source = f"x : vector(n); y : vector(n); {OPERATORS[relation].format(OPERANDS[left], other)}"
        if left + right not in table:
            assert "IndexMismatchError" in refused(source), source
            continue
        value, _ = reading(source)
        shape = "sm"[len(value.wires) // 2] if len(value.wires) != 1 else "r" if value.row else "c"
        assert shape == table[left + right], source


# --------------------------------------------------------------------------------------------------------------- sizes


def test_the_identity_and_the_ones_have_the_sizes_of_their_neighbours() -> None:
    value, scope = reading("A (I + I) ones")
    np.testing.assert_allclose(evaluate(value, scope, GIVEN), 2 * A.sum(1))


def test_a_size_that_nothing_gives_keeps_its_name() -> None:
    value, scope = reading("tr(I) + sum(ones)")
    sizes = {scope.resolve(n.size) for n in ordered(value.entry.node) if isinstance(n, Count)}
    assert sorted(s.index for s in sizes) == ["i", "j"]


def test_a_declared_size_reaches_the_identity() -> None:
    value, scope = reading("A : matrix(4, 4); tr(A A - A I) + tr(I + A)")
    assert all(scope.resolve(n.size) == 4 for n in ordered(value.entry.node) if isinstance(n, Ones | Count))


def test_products_tie_the_inner_sizes_only() -> None:
    _, scope = reading("A B")
    assert scope.resolve(Axis("A", 1)) == scope.resolve(Axis("B", 0))
    assert scope.resolve(Axis("A", 0)) == Axis("A", 0)
    assert scope.resolve(Axis("B", 1)) == Axis("B", 1)


def test_powers_and_determinants_tie_rows_to_columns() -> None:
    for source in ("S^2", "S^0", "det(S)", "tr(S)", "inv(S)", "diag(S)"):
        _, scope = reading(source)
        assert scope.resolve(Axis("S", 1)) == Axis("S", 0), source


# --------------------------------------------------------------------------------------------------------- derivatives


@pytest.mark.parametrize(
    ("source", "rank"),
    [
        ("d(x' S x)/dx", 1),
        ("d(λ x)/dλ", 1),
        ("d(A x)/dx", 2),
        ("d(tr(S))/dS", 2),
        ("d(x' S)/dx", 2),
        ("d(A x)/dA", 3),
        ("d(S^-1)/dS", 4),
        ("2 x + d(x' S x)/dx", 1),
        ("u' d(A x)/dx x", 0),
    ],
)
def test_a_derivative_has_the_axes_of_its_body_and_then_of_its_variable(source: str, rank: int) -> None:
    value, _ = reading(source)
    assert len(value.wires) == rank
    assert sorted(map(str, value.entry.wires)) == sorted(map(str, value.wires))


def test_the_derivative_of_zero_is_zero() -> None:
    value, _ = reading("d(x - x)/dx")
    assert value.entry.node is Number(0)
    assert len(value.wires) == 2


# ----------------------------------------------------------------------------------------------------- index notation


def test_an_argument_inside_index_notation_uses_the_ranks_that_are_known() -> None:
    source = "inv(a)"
    scope = Scope(source)
    scope.use("a", 2, SPAN)
    value = matrix_argument(Call("inv", (Name("a", None, Span(4, 5)),), None, Span(0, 6), Span(0, 3)), scope)
    np.testing.assert_allclose(evaluate(value, scope, {"a": S}), inv(S))


def test_an_argument_inside_index_notation_falls_back_on_the_letters() -> None:
    scope = Scope("norm(x)")
    value = matrix_argument(Call("norm", (Name("x", None, Span(5, 6)),), None, Span(0, 7), Span(0, 4)), scope)
    assert scope.rank_of("x") == 1
    np.testing.assert_allclose(evaluate(value, scope, GIVEN), norm(x))


# --------------------------------------------------------------------------------------------------------------- depth


def test_a_chain_of_five_thousand_functions_is_no_limit() -> None:
    tree: Tree = Name("x", None, SPAN)
    for _ in range(5_000):
        tree = Call("tanh", (tree,), None, SPAN, SPAN)
    value = matrix_argument(tree, Scope("x"))
    assert len(value.wires) == 1


def test_a_chain_of_five_thousand_transposes_is_no_limit() -> None:
    tree: Tree = Name("x", None, SPAN)
    for _ in range(5_001):
        tree = Transpose(tree, SPAN)
    assert matrix_argument(tree, Scope("x")).row


def test_factors_of_one_product_are_one_node_however_they_are_bracketed() -> None:
    flat, nested = reading("A B z")[0].entry.node, reading("A (B z)")[0].entry.node
    assert isinstance(flat, Product)
    assert len(flat.factors) == 3
    assert flat is nested


# -------------------------------------------------------------------------------------------------------------- errors

PRODUCT = "a product joins the columns on its left with the rows on its right (spec/language.md, Matrix notation)"
SUM = "only scalars expand, all else has one shape (spec/language.md, Matrix notation)"
QUOTIENT = "what is divided by is a scalar (spec/language.md, Matrix notation)"
POWER = "powers are those of scalars and of square matrices (spec/language.md, Matrix notation)"
FOLDED = "A ⊗ B and vec(A) are read where they fall apart into entries of A and B (spec/language.md, Matrix notation)"
HALF = "vech of n rows has n(n + 1)/2 entries (spec/language.md, Matrix notation)"
ZERO = "a quotient by zero has no value (spec/language.md, Quotients)"

# fmt: off
ERRORS = [  # the formula, the line of the marks below it, the first line, the rule, the help
    ("x' y'",
     "~~ ^^",
     "IndexMismatchError: a row [~] times a row [^] is no product",
     PRODUCT, "x' y  or  x y'"),
    ("x : vector(n); y : vector(n); A x y",
     "                              ~~~ ^",
     "IndexMismatchError: a column [~] times a column [^] is no product",
     PRODUCT, "(A x)' y,  A x y'  or  (A x) .* y"),
    ("A x' y",
     "~ ^^",
     "IndexMismatchError: a matrix [~] times a row [^] is no product",
     PRODUCT, "A x"),
    ("x : vector(n); x A",
     "               ~ ^",
     "IndexMismatchError: a column [~] times a matrix [^] is no product",
     PRODUCT, "x' A"),
    ("A x + y'",
     "~~~   ^^",
     "IndexMismatchError: a column [~] and a row [^] cannot be added",
     SUM, "write y in place of y'"),
    ("x : vector(n); A + x",
     "               ~   ^",
     "IndexMismatchError: a matrix [~] and a column [^] cannot be added",
     SUM, "write x ones' in place of x"),
    ("x : vector(n); x' .* A",
     "               ~~    ^",
     "IndexMismatchError: a row [~] and a matrix [^] cannot stand around .*",
     SUM, "write ones x' in place of x'"),
    ("x : vector(n); max(x', A x)",
     "                   ~~  ^^^",
     "IndexMismatchError: a row [~] and a column [^] cannot stand side by side in max",
     SUM, "write (A x)' in place of (A x)"),
    ("x : vector(n); (A x + x)^2",
     "                ^^^^^^^",
     "IndexMismatchError: a vector [^] has no power",
     POWER, "(A x + x) .^ 2  or  (A x + x)' (A x + x)"),
    ("A^k",
     "~ ^",
     "IndexMismatchError: the power of a matrix [~] is a whole number up to 64 [^]",
     "", "A .^ k  for every entry"),
    ("A^65",
     "~ ^^",
     "IndexMismatchError: the power of a matrix [~] is a whole number up to 64 [^]",
     "", "A .^ 65  for every entry"),
    ("λ^A",
     "  ^",
     "IndexMismatchError: a matrix [^] is no exponent",
     "", "λ .^ A"),
    ("A / B",
     "    ^",
     "IndexMismatchError: a matrix [^] is no divisor",
     QUOTIENT, "A ./ B  or  A B^-1"),
    ("x / A",
     "    ^",
     "IndexMismatchError: a matrix [^] is no divisor",
     QUOTIENT, "x ./ A"),
    ("x : vector(n); λ / x",
     "                   ^",
     "IndexMismatchError: a vector [^] is no divisor",
     QUOTIENT, "λ ./ x"),
    ("tr(u')",
     "   ^^",
     "IndexMismatchError: tr needs a square matrix, and [^] is a row",
     "", "diag(u') is a matrix"),
    ("vech(S S)",
     "~~~~ ^^^",
     "IndexMismatchError: how many rows [^] has must be a number up to 12 for vech [~], and is not declared",
     HALF, "declare it, for example  A : matrix(3, 3)"),
    ("vech(u')",
     "     ^^",
     "IndexMismatchError: vech needs a square matrix, and [^] is a row",
     "", "diag(u') is a matrix"),
    ("duplication(1/2)",
     "~~~~~~~~~~~ ^^^",
     "IndexMismatchError: duplication [~] takes a number of rows up to 12 [^]",
     "", "duplication(3)"),
    ("elimination(λ)",
     "~~~~~~~~~~~ ^",
     "IndexMismatchError: elimination [~] takes a number of rows up to 12 [^]",
     "", "elimination(3)"),
    ("kron(A, B) X",
     "^^^^^^^^^^^^",
     "ParseError: a Kronecker product or a vec [^] stands where its entries would have to be numbered anew",
     FOLDED, "tr(A ⊗ B),  norm(vec(A)),  vec(A)' vec(B)  or  vec(A)' (B ⊗ C) vec(D)"),
    ("vec(A) + x",
     "^^^^^^^^^^",
     "ParseError: a Kronecker product or a vec [^] stands where its entries would have to be numbered anew",
     FOLDED, "tr(A ⊗ B),  norm(vec(A)),  vec(A)' vec(B)  or  vec(A)' (B ⊗ C) vec(D)"),
    ("1/(λ - λ)",
     "   ^^^^^",
     "ParseError: this divisor is exactly zero [^]",
     ZERO, "divide by something else"),
    ("adj(S - S)",
     "    ^^^^^",
     "IndexMismatchError: adj of a matrix that is exactly zero [^] is 0, but 1 where it has one entry",
     "", "write 0 or 1, or declare its rows:  A : matrix(3, 3)"),
    ("inv(A - A)",
     "^^^^^^^^^^",
     "ParseError: this divisor is exactly zero [^]",
     ZERO, "divide by something else"),
    ("norm2(A)",
     "^^^^^",
     "IndexMismatchError: norm2 [^] is the norm of a vector",
     "", "write normF(A) for a matrix"),
    ("norm1(A B)",
     "^^^^^",
     "IndexMismatchError: norm1 [^] is the norm of a vector",
     "", "write sum(abs(A)) for a matrix"),
    ("mean(x)",
     "^^^^",
     "IndexMismatchError: mean [^] is taken over an index",
     "", "s = mean_i(x_i)"),
    ("tr(A, B)",
     "^^^^^^^^",
     "ParseError: tr takes 1 argument, here are 2 [^]",
     "", "tr(A)"),
    ("where(x > 0, x)",
     "^^^^^^^^^^^^^^^",
     "ParseError: where takes 3 arguments, here are 2 [^]",
     "", "where(c, u, v)"),
    ("d(y' y)/dz",
     "         ^",
     "UnknownNameError: there is no z to differentiate by [^]",
     "", "known names: y"),
    ("2 d(A x)/dA",
     "  ^^^^^^^^^",
     "IndexMismatchError: a derivative with more than two indices [^] stands alone in matrix notation",
     "", "write the formula in index notation"),
    ("T : tensor(n, m, k); T x",
     "                     ^",
     "IndexMismatchError: T [^] has more than two indices",
     "", "index notation:  T_ijk x_k"),
    ("λ : scalar; diag(λ)",
     "                 ^",
     "IndexMismatchError: diag takes a vector or a matrix, and [^] is a scalar",
     "", "x : vector(n)"),
]
# fmt: on


@pytest.mark.parametrize("shift", ["", "  "])
@pytest.mark.parametrize(("source", "marks", "first", "rule", "typed"), ERRORS, ids=[row[0] for row in ERRORS])
def test_an_error_says_what_is_wrong_where_and_what_to_type(
    source: str, marks: str, first: str, rule: str, typed: str, shift: str
) -> None:
    lines = [first, "", f"  1 | {shift}{source}", f"    | {shift}{marks}", ""]
    lines += [f"  {word}: {text}" for word, text in (("rule", rule), ("help", typed)) if text]
    assert refused(shift + source) == "\n".join(lines)


# fmt: off
CLASHES = [  # the formula, the line of the marks below it, what is said, what is declared
    ("A : matrix(2, 3); B : matrix(4, 5); A B",
     "                                    ~ ^",
     "the inner sizes of this product differ: [~] has 3 columns, [^] has 4 rows",
     "A is declared 2 by 3, B is declared 4 by 5"),
    ("A : matrix(2, 3); B : matrix(3, 4); x : vector(5); A B x",
     "                                                   ~~~ ^",
     "the inner sizes of this product differ: [~] has 4 columns, [^] has 5 rows",
     "B is declared 3 by 4, x is declared with size 5"),
    ("A : matrix(2, 3); B : matrix(3, 4); A + B'",
     "                                    ~   ^^",
     "the sizes of these differ: [~] has 2 rows, [^] has 4",
     "A is declared 2 by 3, B is declared 3 by 4"),
    ("x : vector(n); y : vector(m); x - y",
     "                              ~ ^^^",
     "the sizes of these differ: [~] has n rows, [^] has m",
     "x is declared with size n, y is declared with size m"),
    ("A : matrix(n, k); det(A)",
     "                      ^",
     "det needs a square matrix: [^] has n rows and k columns",
     "A is declared n by k"),
    ("A : matrix(2, 3); diag(A)",
     "                       ^",
     "the diagonal needs a square matrix: [^] has 2 rows and 3 columns",
     "A is declared 2 by 3"),
    ("A : matrix(2, 3); A^2",
     "                  ^",
     "a power needs a square matrix: [^] has 2 rows and 3 columns",
     "A is declared 2 by 3"),
    ("A : matrix(2, 3); A + I",
     "                  ~   ^",
     "the sizes of these differ: [~] has 3 columns, [^] has 2",
     "A is declared 2 by 3"),
    ("A : matrix(2, 3); x : vector(4); diag(x) A",
     "                                 ~~~~~~~ ^",
     "the inner sizes of this product differ: [~] has 4 columns, [^] has 2 rows",
     "x is declared with size 4, A is declared 2 by 3"),
    ("A : matrix(2, 3); B : matrix(4, 5); vec(A)' vec(B)",
     "                                    ~~~~~~~ ^^^^^^",
     "the inner sizes of this product differ: [~] has 3·2 columns, [^] has 5·4 rows",
     "A is declared 2 by 3, B is declared 4 by 5"),
    ("S : matrix(3, 3); P : matrix(4, 4); duplication(3) vech(P)",
     "                                    ~~~~~~~~~~~~~~ ^^^^^^^",
     "the inner sizes of this product differ: [~] has 6 columns, [^] has 10 rows",
     ""),
    ("A : matrix(m, n); B : matrix(k, n); max(A, B)",
     "                                        ~  ^",
     "the sizes of these differ: [~] has m rows, [^] has k",
     "A is declared m by n, B is declared k by n"),
    # found through several statements
    ("A : matrix(2, 3); B : matrix(4, 5); y = A x; z = B y",
     "                                                 ~ ^",
     "the inner sizes of this product differ: [~] has 5 columns, [^] has 2 rows",
     "B is declared 4 by 5, A is declared 2 by 3"),
    ("A : matrix(2, 3); B : matrix(4, 5); y = A x; z = x' B",
     "                                                 ~~ ^",
     "the inner sizes of this product differ: [~] has 3 columns, [^] has 4 rows",
     "A is declared 2 by 3, B is declared 4 by 5"),
    ("A : matrix(2, 3); B : matrix(4, 5); y = A x; g = ∂(x' x)/∂x; z = B g",
     "                                                                 ~ ^",
     "the inner sizes of this product differ: [~] has 5 columns, [^] has 3 rows",
     "B is declared 4 by 5, A is declared 2 by 3"),
    ("A : matrix(2, 3); B : matrix(4, 5); u = u(x); y = A u; z = B u",
     "                                                           ~ ^",
     "the inner sizes of this product differ: [~] has 5 columns, [^] has 3 rows",
     "B is declared 4 by 5, A is declared 2 by 3"),
]
# fmt: on


@pytest.mark.parametrize("shift", ["", "  "])
@pytest.mark.parametrize(("source", "marks", "first", "sizes"), CLASHES, ids=[row[0] for row in CLASHES])
def test_a_clash_of_sizes_marks_both_operands_and_tells_both_sizes(
    source: str, marks: str, first: str, sizes: str, shift: str
) -> None:
    with pytest.raises(SizeMismatchError) as caught:
        ed.parse(shift + source)
    lines = [first, "", f"  1 | {shift}{source}", f"    | {shift}{marks}", ""]
    lines += [*([f"  sizes: {sizes}"] if sizes else []), "  help: declare the same size for both"]
    assert str(caught.value) == "\n".join(lines)


def test_a_left_hand_side_that_is_declared_with_another_size_says_so() -> None:
    with pytest.raises(SizeMismatchError) as caught:
        ed.parse("y : vector(7); A : matrix(2, 3); y = A x")
    lines = str(caught.value).splitlines()
    assert lines[0] == "y [^] is declared with size 7, and what it stands for [~] has 2"
    assert lines[3] == "    |                                  ^   ~~~"
    with pytest.raises(SizeMismatchError, match=r"Y .* is declared 3 by n, and what it stands for .* has 2 by n"):
        ed.parse("Y : matrix(3, n); A : matrix(2, n); Y = 2 A")


def test_folded_axes_of_one_size_in_all_would_have_to_be_numbered_anew() -> None:
    with pytest.raises(ParseError, match="numbered anew"):
        ed.parse("A : matrix(2, 6); B : matrix(3, 4); vec(A)' vec(B)")
    with pytest.raises(ParseError, match="numbered anew"):
        ed.parse("A : matrix(m, n); norm(vec(A) + commutation vec(A))")


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        (Name("x", (), SPAN), "indices do not stand in matrix notation [^]"),
        (Reduce("sum", (), Numeral(Fraction(1), SPAN), SPAN), "indices do not stand in matrix notation [^]"),
        (Call("exp", (), None, SPAN, SPAN), "exp takes 1 argument, here are 0 [^]"),
        (Call("tr", (), None, SPAN, SPAN), "tr takes 1 argument, here are 0 [^]"),
    ],
)
def test_a_tree_that_the_parser_does_not_make_is_refused(tree: Tree, wanted: str) -> None:
    with pytest.raises(EinsdiffError) as caught:
        matrix_argument(tree, Scope("x"))
    assert caught.value.message == wanted
