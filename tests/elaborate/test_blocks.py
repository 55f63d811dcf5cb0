"""Blocks: folded rows and columns, the constants that adapt to them, and derivatives in each layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from dense import rows_and_columns

import einsdiff as ed
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.kinds import Kind, infer_kinds
from einsdiff.elaborate.matrix import elaborate_block, elaborate_sides
from einsdiff.elaborate.scope import Scope
from einsdiff.errors import EinsdiffError, IndexMismatchError
from einsdiff.layouts import register_layout
from einsdiff.text.parser import parse, parse_claim

Array = np.ndarray[Any, np.dtype[np.float64]]
rng = np.random.default_rng(5)

SHAPES: dict[str, tuple[int, ...]] = {
    "A": (2, 3), "B": (4, 2), "C": (2, 3), "X": (3, 4), "Y": (3, 4), "S": (3, 3), "P": (4, 4), "Q": (2, 2),
    "x": (3,), "y": (3,), "z": (4,), "b": (2,), "c": (), "λ": (),
}  # fmt: skip
GIVEN = {name: rng.uniform(0.2, 1.5, shape) for name, shape in SHAPES.items()}
A, B, C, X, Y, S, P, Q, x, y, z, b, c, s = (GIVEN[name] for name in SHAPES)


def block(source: str, layout: str | None = None) -> tuple[Block, Scope]:
    """Return the block of a formula and its scope."""
    document = parse(source, notation="matrix")
    scope = Scope(source, document.declarations)
    kinds = infer_kinds(document, scope.ranks(), claim=layout is not None)
    return elaborate_block(document.statements[-1].body, scope, kinds, layout=layout), scope


def sides(source: str, layout: str | None = None) -> tuple[Block, Block, Scope, dict[str, Kind]]:
    """Return the two sides of an equation."""
    document = parse_claim(source, notation="matrix")
    scope = Scope(source, document.declarations)
    kinds = infer_kinds(document, scope.ranks(), claim=True)
    left, right = elaborate_sides([t.body for t in document.statements[-2:]], scope, kinds, layout=layout)
    return left, right, scope, kinds


def value(source: str, layout: str | None = None) -> Array:
    found, scope = block(source, layout)
    return rows_and_columns(found, scope, GIVEN)


def vec(u: Array) -> Array:
    """The columns, one below the other."""
    return np.ravel(u, order="F")[:, None]


def commutation(rows: int, columns: int) -> Array:
    """The matrix that takes vec(M) to vec(M'), for M of this shape."""
    K = np.zeros((rows * columns, rows * columns))
    for i, j in np.ndindex(rows, columns):
        unit = np.zeros((rows, columns))
        unit[i, j] = 1
        K += vec(unit.T) @ vec(unit).T
    return K


def vech(u: Array) -> Array:
    """The entries on and below the diagonal, column by column."""
    return u.T[np.triu_indices(len(u))][:, None]


def eliminate(n: int) -> Array:
    """The matrix that takes vec(M) to vech(M)."""
    return np.hstack([vech(unit.reshape(n, n).T) for unit in np.eye(n * n)])


def duplicate(n: int) -> Array:
    """The matrix that takes vech(M) to vec(M), for a symmetric M."""
    unit = np.eye(n * n)
    mirrored = [k for k in range(n * n) if k % n >= k // n]
    return np.stack([np.maximum(unit[k], unit[k // n + k % n * n]) for k in mirrored], axis=1)


kron, I, diag = np.kron, np.eye, np.diag

# fmt: off
FOLDED = [
    ("vec(A)",                                      vec(A)),
    ("vec(A)'",                                     vec(A).T),
    ("vec(A X B)",                                  vec(A @ X @ B)),
    ("A ⊗ B",                                       kron(A, B)),
    ("A' ⊗ B",                                      kron(A.T, B)),
    ("A ⊗ B ⊗ S",                                   kron(kron(A, B), S)),
    ("(A ⊗ B)'",                                    kron(A, B).T),
    ("x ⊗ A",                                       kron(x[:, None], A)),
    ("x' ⊗ A",                                      kron(x[None], A)),
    ("x ⊗ z",                                       kron(x, z)[:, None]),
    ("x ⊗ z'",                                      np.outer(x, z)),
    ("2 (A ⊗ B) - C ⊗ B",                           2 * kron(A, B) - kron(C, B)),
    ("(B' ⊗ A) vec(X)",                             vec(A @ X @ B)),
    ("(A ⊗ B) (S ⊗ Q)",                             kron(A @ S, B @ Q)),
    ("vec(A) vec(X)'",                              vec(A) @ vec(X).T),
    ("diag(vec(A))",                                diag(vec(A)[:, 0])),
    ("diag(vec(A)) vec(C)",                         vec(A * C)),
    ("diag(S ⊗ Q)",                                 diag(kron(S, Q))[:, None]),
    ("exp(vec(A))",                                 np.exp(vec(A))),
    ("vec(A) .* vec(C) + 1",                        vec(A * C) + 1),
    ("softmax(vec(A))",                             np.exp(vec(A)) / np.exp(A).sum()),
    ("vec(A ⊗ B)' vec(C ⊗ B)",                      vec(kron(A, B)).T @ vec(kron(C, B))),
    ("vec(λ A)/c",                                  vec(s * A) / c),
    ("A x",                                         (A @ x)[:, None]),
    ("x' S",                                        (x @ S)[None]),
    ("x' y",                                        np.array([[x @ y]])),
    ("A - A",                                       np.zeros((2, 3))),
    ("vec(A - A)",                                  np.zeros((6, 1))),
    # the commutation matrix
    ("commutation vec(A)",                          vec(A.T)),
    ("commutation' vec(A')",                        vec(A)),
    ("vec(A)' commutation",                         vec(A).T @ commutation(3, 2)),
    ("commutation vec(x)'",                         None),
    ("(A ⊗ B) commutation",                         kron(A, B) @ commutation(3, 2)),
    ("commutation (A ⊗ B)",                         commutation(4, 2) @ kron(A, B)),
    ("commutation (A ⊗ B) commutation",             kron(B, A)),
    ("commutation commutation vec(A)",              vec(A)),
    ("commutation^2 vec(S)",                        vec(S)),
    ("tr(commutation (S ⊗ (Y Y')))",                np.array([[np.trace(commutation(3, 3) @ kron(S, Y @ Y.T))]])),
    ("2 commutation vec(A) - vec(A')",              vec(A.T)),
    ("(I + commutation) vec(S)",                    vec(S + S.T)),
    ("1/2 (I ⊗ I + commutation) vec(S)",            vec(S + S.T) / 2),
    ("(I + commutation) (I ⊗ X') vec(Y)",           vec(X.T @ Y + Y.T @ X)),
    # half of a symmetric matrix
    ("S : matrix(3, 3); vech(S)",                   vech(S)),
    ("Q : matrix(2, 2); vech(Q')' vech(Q)",         vech(Q.T).T @ vech(Q)),
    ("P : matrix(4, 4); vech(P - 2 P')",            vech(P - 2 * P.T)),
    ("A : matrix(2, 3); vech(A X Y' A')",           vech(A @ X @ Y.T @ A.T)),
    ("elimination(3) vec(S)",                       vech(S)),
    ("elimination(2)",                              np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])),
    ("duplication(2)",                              np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])),
    ("S : matrix(3, 3); duplication(3) vech(S + S')", vec(S + S.T)),
    ("duplication(3)' vec(S)",                      vech(S + S.T - diag(diag(S)))),
    ("elimination(4) (P ⊗ P) duplication(4)",       eliminate(4) @ kron(P, P) @ duplicate(4)),
    ("duplication(3)' (I + commutation)",           2 * duplicate(3).T),
    ("det(duplication(3)' duplication(3))",         np.array([[8.0]])),
    ("(elimination(2) ⊗ A) ones",                   (kron(eliminate(2), A).sum(1))[:, None]),
    # I and ones take the width of what stands beside them
    ("vec(A)' I",                                   vec(A).T),
    ("I vec(A)",                                    vec(A)),
    ("(I - vec(A) vec(A)') vec(C)",                 vec(C) - vec(A) * (vec(A).T @ vec(C))),
    ("A ⊗ B + 0 (A ⊗ B)",                           kron(A, B)),
    ("S ⊗ Q + I",                                   kron(S, Q) + I(6)),
    ("S ⊗ Q - 2 λ I",                               kron(S, Q) - 2 * s * I(6)),
    ("(S ⊗ Q) I^2",                                 kron(S, Q)),
    ("(S ⊗ Q) .* I",                                kron(S, Q) * I(6)),
    ("(I + I) (S ⊗ Q)",                             2 * kron(S, Q)),
    ("ones' vec(A)",                                np.array([[A.sum()]])),
    ("(A ⊗ B) ones",                                kron(A, B).sum(1)[:, None]),
    ("vec(A) + ones",                               vec(A) + 1),
    ("vec(A) ones' x",                              vec(A) * x.sum()),
    ("(ones x') ⊗ A",                               None),
    ("(I ⊗ A) vec(X B Q')",                         None),
    ("(I ⊗ A) vec(X)",                              vec(A @ X)),
    ("(A ⊗ I) vec(X')",                             vec(X.T @ A.T)),
    ("(I ⊗ x') vec(Y)",                             (x @ Y)[:, None]),
]
# fmt: on


@pytest.mark.parametrize(("source", "wanted"), FOLDED, ids=[row[0] for row in FOLDED])
def test_a_block_may_be_folded_at_the_outside(source: str, wanted: Array | None) -> None:
    if wanted is None:
        block(source)  # a size that nothing gives, or none that fits: read all the same
        return
    np.testing.assert_allclose(value(source), wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("source", [row[0] for row in FOLDED])
def test_a_name_that_is_defined_is_not_folded(source: str) -> None:
    found, _ = block(source)
    if found.is_folded:
        with pytest.raises(EinsdiffError):
            ed.parse(f"K = {source}; x")


# ---------------------------------------------------------------------------------------------------------- derivatives


def moved(function: Callable[..., Array], name: str, shift: Array, given: dict[str, Array]) -> Array:
    return function(given | {name: given[name] + shift})


def tensor(function: Callable[..., Array], *names: str) -> Array:
    """Return ∂Y/∂X… by central differences: the axes of Y, then those of each variable."""
    if not names:
        return np.asarray(function(GIVEN))
    name, *others = names
    step, base = 1e-4, GIVEN[name]
    columns = []
    for at in np.ndindex(base.shape):
        shift = np.zeros(base.shape)
        shift[at] = step
        up, down = (partial(moved, function, name, sign * shift) for sign in (1, -1))
        columns.append((tensor(up, *others) - tensor(down, *others)) / (2 * step))
    stacked = np.array(columns).reshape((*base.shape, *columns[0].shape))
    front = stacked.ndim - base.ndim - sum(GIVEN[other].ndim for other in others)
    order = [*range(base.ndim, base.ndim + front), *range(base.ndim), *range(base.ndim + front, stacked.ndim)]
    return stacked.transpose(order)


def laid_out(T: Array, rank: int, shapes: list[tuple[int, ...]], layout: str) -> Array | None:
    """Return the derivative as a matrix, by the definitions of the layouts; None where there is none."""
    n = T.ndim - rank
    if layout == "vec":
        front = T.transpose([*range(rank)][::-1] + list(range(rank, T.ndim)))
        rows = list(T.shape[:rank])[::-1]
        for shape in shapes[:-1]:
            k = len(rows)
            front = front.transpose([*range(k), *range(k, k + len(shape))[::-1], *range(k + len(shape), T.ndim)])
            rows += shape[::-1]
        last = front.reshape(int(np.prod(rows)), *shapes[-1])
        return last.transpose(0, *range(1, last.ndim)[::-1]).reshape(last.shape[0], -1)
    if layout == "vetter":
        shape = shapes[-1]
        inner = lambda part: part if len(shapes) == 1 else laid_out(part, rank, shapes[:-1], layout)  # noqa: E731
        total = 0
        for at in np.ndindex(shape):
            unit = np.zeros((*shape, 1, 1)[:2] if len(shape) < 2 else shape)
            unit[(*at, 0, 0)[:2]] = 1
            part = inner(T[(..., *at)])
            total = total + np.kron(unit, part.reshape((*part.shape, 1, 1)[:2]))
        return total
    orders = {
        "numerator": [*range(rank), *range(rank, T.ndim)[::-1]],
        "denominator": [*range(rank, T.ndim), *range(rank)[::-1]],
        "mixed": [*range(T.ndim)],
        "sympy": [*range(rank, T.ndim), *range(rank)],
    }
    if T.ndim > 2:
        return None
    found = T.transpose(orders[layout])
    if T.ndim < 2:
        across = (layout == "numerator" and n == 1) or (layout == "denominator" and rank == 1)
        return found.reshape(1, -1) if across else found.reshape(-1, 1)
    return found


Given = dict[str, Array]

# fmt: off
BODIES: list[tuple[str, int, tuple[str, ...], Callable[[Given], Any]]] = [
    ("x' S x",          0, ("x",),      lambda g: g["x"] @ g["S"] @ g["x"]),
    ("x' S x",          0, ("x", "x"),  lambda g: g["x"] @ g["S"] @ g["x"]),
    ("x' S x",          0, ("S",),      lambda g: g["x"] @ g["S"] @ g["x"]),
    ("λ^2 c",           0, ("λ",),      lambda g: g["λ"] ** 2 * g["c"]),
    ("b' A x",          0, ("b", "x"),  lambda g: g["b"] @ g["A"] @ g["x"]),
    ("b' A x",          0, ("x", "b"),  lambda g: g["b"] @ g["A"] @ g["x"]),
    ("tr(A X B)",       0, ("X",),      lambda g: np.trace(g["A"] @ g["X"] @ g["B"])),
    ("tr(X' S X P)",    0, ("X", "X"),  lambda g: np.trace(g["X"].T @ g["S"] @ g["X"] @ g["P"])),
    ("λ^2 A x",         1, ("λ",),      lambda g: g["λ"] ** 2 * (g["A"] @ g["x"])),
    ("λ^2 x' A'",       1, ("λ",),      lambda g: g["λ"] ** 2 * (g["A"] @ g["x"])),
    ("A x",             1, ("x",),      lambda g: g["A"] @ g["x"]),
    ("x' A'",           1, ("x",),      lambda g: g["A"] @ g["x"]),
    ("(A x) .^ 2",      1, ("x", "x"),  lambda g: (g["A"] @ g["x"]) ** 2),
    ("X' x",            1, ("X",),      lambda g: g["X"].T @ g["x"]),
    ("λ^2 X",           2, ("λ",),      lambda g: g["λ"] ** 2 * g["X"]),
    ("A X",             2, ("X",),      lambda g: g["A"] @ g["X"]),
    ("A X B",           2, ("X",),      lambda g: g["A"] @ g["X"] @ g["B"]),
    ("X'",              2, ("X",),      lambda g: g["X"].T),
    ("x b'",            2, ("x",),      lambda g: np.outer(g["x"], g["b"])),
    ("x b'",            2, ("x", "b"),  lambda g: np.outer(g["x"], g["b"])),
    ("X - X",           2, ("X",),      lambda g: 0 * g["X"]),
    ("x' x",            0, ("z",),      lambda g: g["x"] @ g["x"]),
]
# fmt: on
LAYOUTS = ["numerator", "denominator", "mixed", "sympy", "vec", "vetter"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("body", "rank", "wrt", "function"), BODIES, ids=[f"{row[0]} by {row[2]}" for row in BODIES])
def test_a_derivative_has_the_rows_and_columns_of_the_layout(
    body: str, rank: int, wrt: tuple[str, ...], function: Callable[[Given], Any], layout: str
) -> None:
    order = "²" if len(wrt) == 2 else ""
    source = f"∂{order}({body})/{''.join(f'∂{name}' for name in wrt)}"
    source = source if wrt != ("z",) else f"z : vector(4); {source}"
    wanted = laid_out(tensor(function, *wrt), rank, [GIVEN[name].shape for name in wrt], layout)
    if wanted is None:
        with pytest.raises(IndexMismatchError, match="is no matrix in layout"):
            block(source, layout)
        return
    np.testing.assert_allclose(value(source, layout), wanted, rtol=1e-5, atol=1e-6)  # differences


def vec_outer() -> Array:
    """Σ E_ij ⊗ A E_ij."""
    total = np.zeros((6, 16))
    for i, j in np.ndindex(3, 4):
        unit = np.zeros((3, 4))
        unit[i, j] = 1
        total += kron(unit, A @ unit)
    return total


# fmt: off
NESTED = [  # products of derivatives with other blocks, and derivatives of derivatives, in one layout
    ("numerator",   "∂(x' S x)/∂x x",                       lambda: [[2 * x @ S @ x]]),
    ("numerator",   "∂(x' S x)/∂x + x'",                    lambda: [x @ (S + S.T) + x]),
    ("denominator", "∂(x' S x)/∂x + x",                     lambda: ((S + S.T) @ x + x)[:, None]),
    ("denominator", "x' ∂(x' S x)/∂x",                      lambda: [[2 * x @ S @ x]]),
    ("numerator",   "∂(A x)/∂x S",                          lambda: A @ S),
    ("denominator", "S' ∂(A x)/∂x",                         lambda: S.T @ A.T),
    ("numerator",   "∂(∂(x' S x)/∂x)/∂x",                   lambda: S + S.T),
    ("numerator",   "∂((∂(x' S x)/∂x)')/∂x",                lambda: S + S.T),
    ("numerator",   "∂(∂(x' S x)/∂x x)/∂x",                 lambda: [2 * x @ (S + S.T)]),
    ("denominator", "∂(x' ∂(x' S x)/∂x)/∂x",                lambda: 2 * ((S + S.T) @ x)[:, None]),
    ("vec",         "∂(A X B)/∂X vec(Y)",                   lambda: vec(A @ Y @ B)),
    ("vec",         "∂(A X)/∂X (S ⊗ I)'",                   None),
    ("vec",         "∂X/∂X - I",                            lambda: np.zeros((12, 12))),
    ("vec",         "∂(X')/∂X - commutation",               lambda: np.zeros((12, 12))),
    ("vec",         "∂(X' Y)/∂X vec(X)",                    lambda: vec(X.T @ Y)),
    ("vec",         "∂vec(A X B)/∂X",                       lambda: kron(B.T, A)),
    ("vec",         "∂(λ^2 (A ⊗ B))/∂λ",                    lambda: vec(2 * s * kron(A, B))),
    ("numerator",   "∂(λ^2 (A ⊗ B))/∂λ",                    lambda: 2 * s * kron(A, B)),
    ("denominator", "∂(λ^2 (A ⊗ B))/∂λ",                    lambda: 2 * s * kron(A, B).T),
    ("denominator", "∂(λ^2 vec(A))/∂λ",                     lambda: 2 * s * vec(A).T),
    ("numerator",   "∂vec(x y')/∂x",                        lambda: kron(y[:, None], I(3))),
    ("vetter",      "∂(A X)/∂X",                            vec_outer),
    ("numerator",   "∂(tr(A X B))/∂X X",                    lambda: (B @ A) @ X),
    ("denominator", "X' ∂(tr(A X B))/∂X",                   lambda: X.T @ (B @ A).T),
]
# fmt: on


@pytest.mark.parametrize(("layout", "source", "wanted"), NESTED, ids=[f"{row[0]}: {row[1]}" for row in NESTED])
def test_derivatives_in_a_layout_stand_inside_of_formulas(
    layout: str, source: str, wanted: Callable[[], Any] | None
) -> None:
    if wanted is None:
        block(source, layout)
        return
    np.testing.assert_allclose(value(source, layout), np.array(wanted()), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("layout", ["numerator", "denominator", "mixed", "sympy"])
def test_a_layout_that_makes_no_matrix_of_a_derivative_says_so(layout: str) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        block("x + ∂(A X)/∂X", layout)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"the derivative of a matrix by a matrix is no matrix in layout {layout} [^]"
    assert lines[3] == "    |     ^^^^^^^^^"
    assert 'layout="vec"' in lines[-1]


@pytest.mark.usefixtures("table_of_layouts")
def test_a_registered_layout_arranges_blocks_too() -> None:
    register_layout("upside_down", lambda y, x: [*reversed(x), *y])
    np.testing.assert_allclose(value("∂(A x)/∂x", "upside_down"), A.T)


# --------------------------------------------------------------------------------------------------------------- sides


@pytest.mark.parametrize(
    ("source", "layout", "shape"),
    [
        ("∂X/∂X = I", "vec", "m"),
        ("I = ∂X/∂X", "vec", "m"),
        ("∂(X')/∂X = commutation", "vec", "m"),
        ("∂sum(X)/∂X = ones'", "vec", "r"),
        ("vec(X + ones ones') = vec(X) + ones", None, "c"),
        ("∂x/∂x = I", "numerator", "m"),
    ],
)
def test_the_constants_of_one_side_have_the_width_of_the_other(source: str, layout: str | None, shape: str) -> None:
    left, right, _, _ = sides(source, layout)
    assert left.shape == right.shape == shape
    assert [len(left.rows), len(left.columns)] == [len(right.rows), len(right.columns)]


def test_a_row_stays_a_row_where_the_caller_says_so() -> None:
    tree = parse("g x", notation="matrix").statements[0].body
    kinds = {"g": Kind.VECTOR, "x": Kind.VECTOR}
    assert elaborate_block(tree, Scope("g x"), kinds, rows={"g"}).shape == "s"
    with pytest.raises(IndexMismatchError, match=r"a column \[~\] times a column"):
        elaborate_block(tree, Scope("g x"), kinds)


def kinds_of(source: str) -> str:
    *_, kinds = sides(source)
    return " ".join(f"{name}:{'svmt'[kind]}" for name, kind in sorted(kinds.items()))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("x' y = y' x", "x:v y:v"),
        ("a x = x a", "a:s x:v"),
        ("A b = c", "A:m b:v c:v"),
        ("c = A b", "A:m b:v c:v"),
        ("x' S = c", "S:m c:v x:v"),
        ("a = b", "a:s b:s"),
        ("tr(A B) = c", "A:m B:m c:s"),
        ("0 = A b", "A:m b:v"),
    ],
)
def test_the_kinds_of_the_two_sides_fit_each_other(source: str, wanted: str) -> None:
    assert kinds_of(source) == wanted


def test_sides_of_two_shapes_contradict_nothing() -> None:
    left, right, _, kinds = sides("x' x = x")
    assert (left.shape, right.shape) == ("s", "c")
    assert kinds == {"x": Kind.VECTOR}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("source", ["∂(x' S x)/∂x x = 2 x' S x", "∂(b' A x)/∂x = b' A", "∂y/∂x = ∂y/∂u ∂u/∂x"])
def test_kinds_are_the_same_in_every_layout(source: str, layout: str) -> None:
    document = parse_claim(f"u = A x; y = B u; {source}")
    kinds = infer_kinds(document, {}, claim=True)
    assert {kinds[name] for name in "xyu"} == {Kind.VECTOR}
    assert layout
