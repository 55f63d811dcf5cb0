"""`einsdiff index`: every operator and function of matrix notation as index text, against the loop oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import einsdiff as ed
from einsdiff import functions
from einsdiff.cli import main
from einsdiff.elaborate import kinds
from einsdiff.text.parser import parse
from einsdiff.text.tree import Call, Name, children
from einsdiff.verify.loops import evaluate

rng = np.random.default_rng(3)
SHAPES = {
    "A": (2, 3), "B": (3, 4), "C": (4, 2), "D": (2, 3), "X": (2, 3), "S": (3, 3), "Q": (3, 3), "V": (2, 2), "W": (5, 2),
    "x": (3,), "y": (3,), "z": (4,), "b": (2,), "u": (2,), "t": (5,), "a": (), "λ": (), "c": (),
}  # fmt: skip
DATA = {name: np.asarray(rng.uniform(0.3, 1.3, shape)) for name, shape in SHAPES.items()}
DATA["S"] += 2 * np.eye(3)

# fmt: off
CASES = [
    # the issue's own
    ("tr(A X' D Q X' V)",               None),
    ("tr(A B C)",                       "y = A_jk B_ki C_ij"),
    # products and transposes
    ("x' S x",                          "y = x_i S_ij x_j"),
    ("xᵀ S x",                          "y = x_i S_ij x_j"),
    ("x^T S x",                         "y = x_i S_ij x_j"),
    ("A^T b",                           "y_i = A_ji b_j"),
    ("A x",                             "y_i = A_ij x_j"),
    ("A * x",                           "y_i = A_ij x_j"),
    ("A B",                             "y_ij = A_ik B_kj"),
    ("x' A'",                           "y_i = A_ij x_j"),
    ("x y'",                            "f_ij = x_i y_j"),
    ("x' y",                            "f = x_i y_i"),
    ("a x",                             "y_i = a x_i"),
    ("2 A x - b",                       "y_i = 2 A_ij x_j - b_i"),
    ("(A B)'",                          "y_ij = A_jk B_ki"),
    ("x'(S + S')",                      "y_i = (S_ij + S_ji) x_j"),
    # inverses and powers
    ("S^-1 x",                          "y_i = inv(S)_ij x_j"),
    ("S^{-1}",                          "y_ij = inv(S)_ij"),
    ("inv(S) x",                        "y_i = inv(S)_ij x_j"),
    ("S^-T x",                          "y_i = inv(S)_ji x_j"),
    ("S^2",                             "y_ij = S_ik S_kj"),
    ("S^3 x",                           None),
    ("S^0",                             "y_ij = δ_ij"),
    ("λ^2",                             "y = λ^2"),
    ("λ^c",                             "y = λ^c"),
    ("(x' y)^2",                        "f = (x_i y_i)^2"),
    # entry by entry
    ("A .* D",                          "y_ij = A_ij D_ij"),
    ("A ⊙ D",                           "y_ij = A_ij D_ij"),
    ("A ./ D",                          "y_ij = A_ij/D_ij"),
    ("A .^ 2",                          "y_ij = A_ij^2"),
    ("x .^ y",                          "f_i = x_i^y_i"),
    ("2 .^ x",                          "y_i = 2^x_i"),
    ("x / (y' y)",                      "f_i = x_i/(y_j y_j)"),
    ("A / λ",                           "y_ij = A_ij/λ"),
    # Kronecker products and vec
    ("tr(S ⊗ V)",                       "y = V_ii S_jj"),
    ("sum(kron(A, B))",                 None),
    ("normF(A ⊗ B)^2",                  None),
    ("vec(A)' vec(D)",                  "y = A_ij D_ij"),
    ("vec(A)' (S ⊗ V) vec(D)",          "y = A_il S_lj D_kj V_ik"),
    ("vec(B) ' commutation vec(B')",    "y = B_ij B_ij"),
    ("vec(A)' (I ⊗ V) vec(D)",          "y = A_ij D_kj V_ik"),
    ("vec(S)' (I + commutation) vec(Q)", None),
    ("vec(A)' I vec(D)",                "y = A_ij D_ij"),
    ("tr(diag(vec(A)))",                "y = sum_{i,j}(A_ij)"),
    ("V : matrix(2, 2); vec(V)' duplication(2) vech(V)", None),  # an index of half a matrix, too, runs over 3
    ("V : matrix(2, 2); vech(V)' elimination(2) vec(V')", None),
    # functions of whole tensors
    ("tr(S)",                           "y = S_ii"),
    ("det(S)",                          "y = det(S)"),
    ("logdet(S)",                       "y = logdet(S)"),
    ("adj(S)",                          "y_ij = adj(S)_ij"),
    ("diag(x)",                         "y_ij = δ_ij x_i"),
    ("diag(S)",                         "y_i = S_ii"),
    ("sum(A)",                          "y = sum_{i,j}(A_ij)"),
    ("sum(x)",                          "y = sum_i(x_i)"),
    ("norm(x)",                         "y = sqrt(x_i x_i)"),
    ("norm1(x)",                        "y = sum_i(abs(x_i))"),
    ("norm2(x)",                        "y = sqrt(x_i x_i)"),
    ("normF(A)",                        "y = sqrt(A_ij A_ij)"),
    ("||A x - b||^2",                   "y = (A_ij x_j - b_i)^2"),
    ("‖x‖_1",                           "y = sum_i(abs(x_i))"),
    ("softmax(A x)",                    "y_i = softmax_i(A_ij x_j)"),
    ("logsumexp(x)",                    "y = logsumexp_i(x_i)"),
    ("softmax(x)' y",                   "f = y_i softmax_i(x_i)"),
    ("det(S Q)",                        None),
    ("inv(S + Q) x",                    None),
    # constants
    ("S + I",                           "y_ij = S_ij + δ_ij"),
    ("ones' x",                         "y = sum_i(x_i)"),
    ("𝟏' x",                            "y = sum_i(x_i)"),
    (r"\mathbf{1}^\top x",              "y = sum_i(x_i)"),
    ("A ones",                          "y_i = sum_j(A_ij)"),
    ("x (ones' u)",                     "y_i = sum_j(u_j) x_i"),
    ("x + 1",                           "y_i = x_i + 1"),
    # functions entry by entry, with two arguments and with three
    ("max(x, y)",                       "f_i = max(x_i, y_i)"),
    ("min(A, 1)",                       "y_ij = min(A_ij, 1)"),
    ("where(x > y, x, 0)",              "f_i = where(x_i > y_i, x_i, 0)"),
    ("pow(x, a)",                       "y_i = x_i^a"),
    ("ln(x) + arcsin(x/2)",             None),
    # derivatives
    ("d(x' S x)/dx",                    "y_i = S_ij x_j + S_ji x_j"),
    ("∂(A x)/∂x",                       "y_ij = A_ij"),
    ("∂²(x' S x)/∂x∂xᵀ",                "y_ij = S_ij + S_ji"),
    ("u = A x; s = u' u; ∂s/∂u",        "y_i = 2 A_ij x_j"),
    ("u = u(x); x' u",                  "y = x_i u_i(x)"),
    # LaTeX
    (r"\frac{1}{2} \|A x - b\|^2",      "y = 1/2 (A_ij x_j - b_i)^2"),
    (r"\mathbf{x}^\top \mathbf{S} \mathbf{x}", "y = x_i S_ij x_j"),
]
# fmt: on
GIVEN: dict[str, Any] = {**DATA, "u": lambda x: x**2}


def index(text: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what `einsdiff index` prints."""
    code = main(["index", text, *options])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return out.rstrip("\n")


@pytest.mark.parametrize(("text", "written"), CASES, ids=[row[0] for row in CASES])
def test_matrix_notation_has_an_index_form(text: str, written: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    shown = index(text, capsys)
    if written is not None:
        assert shown == written
    inputs = GIVEN if "u(x)" in text else DATA
    expected = evaluate(text, inputs).result
    declare = {"x": "vector(n)", "a": "scalar", "c": "scalar", "λ": "scalar"}
    again = ed.parse(shown, declare=declare, notation="index")
    assert again == ed.parse(text, declare=declare)
    wanted = [name for name in again.inputs if name in inputs]
    found = again.compile(sizes={"i": 3} if "δ" in shown else None)(**{name: inputs[name] for name in wanted})
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)  # the oracle takes differences


@pytest.mark.parametrize("row", functions.ROWS, ids=[row.call for row in functions.ROWS])
def test_every_function_goes_entry_by_entry(row: functions.Row, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("x", "y", "z")[: len(row.arguments)]
    shown = index(f"{row.name}({', '.join(names)})", capsys, "--declare", "z: vector(n)")
    indexed = ed.parse(f"f_i = {row.name}({', '.join(f'{name}_i' for name in names)})")
    assert ed.parse(shown) == indexed


def test_the_table_holds_every_function_of_a_whole() -> None:
    used = set()
    for text, _ in CASES:
        stack = [statement.body for statement in parse(text).statements]
        for part in stack:
            stack += children(part)
            used |= {part.name} if isinstance(part, Call | Name) else set()
    assert {*kinds.CALLS, *kinds.BUILTINS} - {"𝟏"} <= used


OPTIONS = [
    (["x' A x", "--declare", "A: matrix(n, n) symmetric"], "y = x_i A_ij x_j"),
    (["a x", "--declare", "a: vector(n)"], "y_i = x a_i"),
    (["a b", "--notation", "matrix"], "y = a b"),
    (["a_i b", "--notation", "index"], "y_i = b a_i"),
    (["u = A x; s = u' u", "--output", "u"], "u_i = A_ij x_j"),
    (["u = A x\ns = u' u"], "s = (A_ij x_j)^2"),
]


@pytest.mark.parametrize(("options", "written"), OPTIONS)
def test_the_command_takes_declarations_and_a_notation(
    options: list[str], written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index(options[0], capsys, *options[1:]) == written


def test_the_command_says_what_is_wrong_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["index", "A : matrix(2, 3); B : matrix(4, 5); A B"])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "SizeMismatchError: the inner sizes of this product differ: [~] has 3 columns, [^] has 4 rows",
        "",
        "  1 | A : matrix(2, 3); B : matrix(4, 5); A B",
        "    |                                     ~ ^",
        "",
        "  sizes: A is declared 2 by 3, B is declared 4 by 5",
        "  help: declare the same size for both",
    ]
