"""Structured results: equal to whole arrays, products and solutions by their cores, memory, errors."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import replace
from itertools import product
from math import prod
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import einsdiff as ed
from einsdiff.program import compile as compile_request
from einsdiff.program.plan.pattern import Pattern
from einsdiff.program.run import solve
from einsdiff.program.run.structured import Structure, Structured
from tests.layout_entries import CASES, HESSIANS, NAMES, random
from tests.program.networks import KINDS, arrays, entries, request

FACTORISATION = "L = (T_ij - U_ik V_jk)^2"
LOGISTIC = "L = sum_n(softplus(X_ni w_i) - y_n X_ni w_i) + w_i w_i"
ATTENTION = "P_nm = softmax_m(Q_nd K_md / 4); Y_nv = P_nm V_mv"

# formula, variables, inputs, the terms as einsum writes them
DERIVATIVES = {
    "factorisation": (FACTORISATION, ("U", "U"), {"T": random(7, 6), "U": random(7, 3), "V": random(6, 3)}, "bd->abad"),
    "mixed factorisation": (
        FACTORISATION, ("U", "V"), {"T": random(11, 9), "U": random(11, 2), "V": random(9, 2)}, None,
    ),
    "logistic": (LOGISTIC, ("w", "w"), {"X": random(3, 11), "w": random(11), "y": random(3)}, "->aa + za,zb->ab"),
    "attention by Q": (ATTENTION, ("Q",), {"Q": random(7, 3), "K": random(5, 3), "V": random(5, 2)}, "abd->abad"),
    "attention by K": (ATTENTION, ("K",), {"Q": random(7, 3), "K": random(5, 3), "V": random(5, 2)}, None),
    "attention by V": (ATTENTION, ("V",), {"Q": random(7, 3), "K": random(5, 3), "V": random(5, 2)}, "ac->abcb"),
    "softmax": ("s_i = softmax_i(z_i)", ("z",), {"z": random(9)}, "a->aa + a,b->ab"),
    "rows of softmax": ("S_ni = softmax_i(Z_ni)", ("Z",), {"Z": random(4, 9)}, "ab->abab + ab,ad->abad"),
    "Kronecker": ("Y = A X B", ("X",), {"A": random(5, 4), "X": random(4, 3), "B": random(3, 7)}, "ac,db->abcd"),
    "inverse": ("Y = inv(X)", ("X",), {"X": random(5, 5) + 3 * np.eye(5)}, "ac,db->abcd"),
    "unit vector": ("y_i = x_i / (x_k x_k)^(1/2)", ("x",), {"x": random(9)}, "->aa + a,b->ab"),
    "batch norm": (
        "Z_nk = (X_nk - mean_m(X_mk)) / (mean_m((X_mk - mean_l(X_lk))^2))^(1/2)", ("X",), {"X": random(40, 30)},
        "b->abab + b->abcb + ab,cb->abcb",
    ),
    "constant sum": (
        "Y_bi = z_b + x_i / (x_k x_k)^(1/2)", ("x",), {"z": random(3), "x": random(9)}, "->abb + b,c->abc",
    ),
    "constant sum in two ways": (
        "Y_bic = z_b + y_c + x_i / (x_k x_k)^(1/2)", ("x",), {"z": random(3), "y": random(2), "x": random(9)},
        "->abcb + b,d->abcd",
    ),
    "identity": ("Y_ij = 2 X_ij", ("X",), {"X": random(3, 4)}, "->abab"),
    "transpose": ("Y_ij = X_ji", ("X",), {"X": random(3, 4)}, "->abba"),
    "constant": ("y_i = c_i x_j 1_j", ("x",), {"c": random(5), "x": random(4)}, "a->ab"),
    "components": (
        "L = x_1^2 x_2 + x_3 x_i x_i", ("x", "x"), {"x": random(9)},
        "->aa + ->11 + ->12 + ->21 + b->3b + a->a3",
    ),
    "zero": ("y_i = A_ij x_j", ("x", "x"), {"A": random(3, 4), "x": random(4)}, "->abc"),
    "dense": ("y = x_i A_ij x_j", ("x", "x"), {"A": random(4, 4), "x": random(4)}, "ab->ab"),
    "third": ("s = x_i x_i x_i c_i", ("x", "x", "x"), {"x": random(5), "c": random(5)}, "a->aaa"),
    "scalar": ("s = t t t", ("t", "t"), {"t": random()}, "->"),
    "by a scalar": ("Y_ij = A_ij t t", ("t",), {"A": random(3, 4), "t": random()}, "ab->ab"),
    "batches": ("Y_bik = A_bij X_bjk", ("X",), {"A": random(2, 3, 4), "X": random(2, 4, 5)}, "abe->abcaec"),
}  # fmt: skip


def dense_and_structured(formula, by, inputs, **options):
    g = ed.diff(formula, *by)
    needed = {name: a for name, a in inputs.items() if name in g.inputs}
    return g, g.compile(**options)(**needed), g.compile(dense=False, **options)(**needed)


def matrix_of(g, dense, layout="mixed"):
    """Return the whole array as a matrix: what is left of the axes, against the last variable."""
    order = [w for axis in g.axes(layout) for w, _ in axis]
    inside = [order.index(w) for w in g.wrt[-1].wires]
    outside = [k for k in range(len(order)) if k not in inside]
    rows, columns = [tuple(dense.shape[k] for k in axes) for axes in (outside, inside)]
    return dense.transpose([*outside, *inside]).reshape(prod(rows), prod(columns)), rows, columns


def check_products(H, matrix, rows, columns):
    v, u = random(*columns), random(*rows)
    close = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(H @ v, (matrix @ v.ravel()).reshape(rows), **close)
    np.testing.assert_allclose(H.matvec(v), H @ v)
    np.testing.assert_allclose(u @ H, (u.ravel() @ matrix).reshape(columns), **close)
    np.testing.assert_allclose(H.rmatvec(u), u @ H)
    many = random(*columns, 2, 3)
    np.testing.assert_allclose(H @ many, (matrix @ many.reshape(-1, 6)).reshape(*rows, 2, 3), **close)


@pytest.mark.parametrize("case", DERIVATIVES)
def test_a_structured_result_is_the_whole_array(case):
    formula, by, inputs, pattern = DERIVATIVES[case]
    g, dense, H = dense_and_structured(formula, by, inputs)
    assert isinstance(H, ed.Structured)
    np.testing.assert_allclose(H.to_dense(), dense, rtol=1e-12, atol=1e-12)
    assert (H.shape, H.ndim, H.size, H.dtype) == (dense.shape, dense.ndim, dense.size, dense.dtype)
    np.testing.assert_array_equal(np.asarray(H), H.to_dense())
    assert pattern is None or sorted(pattern.split(" + ")) == sorted(H.spelled().split(" + "))
    assert H.nbytes <= max(dense.nbytes, 8)
    check_products(H, *matrix_of(g, dense))


@pytest.mark.parametrize("case", DERIVATIVES)
@pytest.mark.parametrize("name", ["numerator", "denominator", "sympy"])
def test_products_take_the_shape_of_the_variable_in_every_layout(case, name):
    formula, by, inputs, _ = DERIVATIVES[case]
    g, dense, H = dense_and_structured(formula, by, inputs, layout=name)
    np.testing.assert_allclose(H.to_dense(), dense, rtol=1e-12, atol=1e-12)
    check_products(H, *matrix_of(g, dense, name))


CORPUS = {**{k: (f, (x,), i) for k, (f, x, _, i) in CASES.items()}, **HESSIANS}


@pytest.mark.parametrize(("case", "name", "as_matrix"), list(product(CORPUS, NAMES, [False, True])))
def test_matrices_are_multiplied_as_matrices(case, name, as_matrix):
    formula, by, inputs = CORPUS[case]
    try:
        _, dense, H = dense_and_structured(formula, by, inputs, layout=name, as_matrix=as_matrix)
    except ed.NoMatrixForm:
        return
    if not isinstance(H, ed.Structured):  # the gradient of a scalar
        assert isinstance(H, np.ndarray)
        assert case.startswith("s by")
        assert len(by) == 1
        return
    np.testing.assert_allclose(H.to_dense(), dense, rtol=1e-12, atol=1e-12)
    assert H.shape == dense.shape
    if as_matrix or name in ("vec", "vetter"):
        v, u = random(dense.shape[1]), random(dense.shape[0])
        np.testing.assert_allclose(H @ v, dense @ v, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(u @ H, u @ dense, rtol=1e-10, atol=1e-12)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(entries(), min_size=1, max_size=2), st.data())
def test_random_entries(found, data):
    found = [e for e in found if len(set(e.wires)) <= 4]
    if not found:
        return
    asked = request(*found)
    outputs = []
    for output in asked.outputs:
        wires = [w for w, _ in output.axes]
        columns = data.draw(st.lists(st.sampled_from(wires), unique=True)) if wires else []
        outputs.append(replace(output, columns=tuple(columns)))
    asked = replace(asked, outputs=tuple(outputs))
    inputs = arrays(data.draw(st.sampled_from([KINDS, {"i": 2, "j": 2, "k": 11}])))
    whole = compile_request(asked)(**inputs)
    kept = compile_request(replace(asked, is_dense=False))(**inputs)
    pairs = [(whole, kept)] if len(found) == 1 else list(zip(whole, kept, strict=True))
    for output, (dense, H) in zip(asked.outputs, pairs, strict=True):
        np.testing.assert_allclose(H.to_dense(), dense, rtol=1e-9, atol=1e-9)
        assert H.dtype == dense.dtype
        order = [w for w, _ in output.axes]
        inside = [order.index(w) for w in output.columns]
        outside = [k for k in range(len(order)) if k not in inside]
        v = random(*(dense.shape[k] for k in inside))
        wanted = np.tensordot(dense, v, (inside, range(len(inside))))
        np.testing.assert_allclose(H @ v, wanted, rtol=1e-9, atol=1e-9)
        u = random(*(dense.shape[k] for k in outside))
        np.testing.assert_allclose(
            u @ H, np.tensordot(u, dense.transpose([*outside, *inside]), u.ndim), rtol=1e-9, atol=1e-9
        )


# --------------------------------------------------------------------------------------------------------------- solve

# formula, variables, inputs: derivatives that are square and not singular
SQUARE = {
    "Kronecker with the identity": (FACTORISATION, ("U", "U"), {"U": random(7, 3), "V": random(6, 3)}),
    "the identity with it": (
        "L = ||A X - B||^2", ("X", "X"), {"A": random(9, 4), "X": random(4, 5), "B": random(9, 5)},
    ),
    "Kronecker": ("Y = A X B", ("X",), {"A": random(5, 5), "X": random(5, 4), "B": random(4, 4)}),
    "not symmetric": ("Y = inv(X)", ("X",), {"X": random(5, 5) + 3 * np.eye(5)}),
    "diagonal": ("L = sum_i(exp(a_i x_i)) + t", ("x", "x"), {"a": random(9), "x": random(9), "t": random()}),
    "identity": ("Y_ij = 2 X_ij", ("X",), {"X": random(3, 4)}),
    "transposed": ("Y_ij = t X_ji", ("X",), {"X": random(3, 4), "t": random()}),
    "batches": ("Y_bik = A_bij X_bjk", ("X",), {"A": random(2, 4, 4) + np.eye(4), "X": random(2, 4, 5)}),
    "blocks": (ATTENTION, ("Q",), {"Q": random(7, 3), "K": random(5, 3), "V": random(5, 3)}),
    "diagonal and rank one": ("y = logsumexp_i(x_i) + x_i x_i", ("x", "x"), {"x": random(9)}),
    "diagonal and low rank": (LOGISTIC, ("w", "w"), {"X": random(3, 11), "w": random(11), "y": random(3)}),
    "rows of these": ("S_ni = softmax_i(Z_ni) + Z_ni^2", ("Z",), {"Z": random(4, 9)}),
    "of rank one beside the identity": ("Y_ij = X_ij / (X_kl X_kl)", ("X",), {"X": random(5, 4)}),
    "ones": ("E = sum_i(x_i log(x_i/p_i)) + (sum_i(x_i) - 1)^2", ("x", "x"), {"x": random(9), "p": random(9)}),
    "components": ("L = x_1^2 x_2 + x_3 x_i x_i", ("x", "x"), {"x": random(29)}),
    "diagonal and rank one in rows": (
        "L = (X_nk c_k)^2 + d_nk X_nk^2", ("X", "X"), {"X": random(5, 7), "c": random(7), "d": random(5, 7)},
    ),
    "diagonal and rank one in columns": (
        "L = (c_n X_nk)^2 + d_nk X_nk^2", ("X", "X"), {"X": random(8, 5), "c": random(8), "d": random(8, 5)},
    ),
    "whole": ("y = x_i A_ij x_j", ("x", "x"), {"A": random(4, 4), "x": random(4)}),
    "scalar": ("s = t t t", ("t", "t"), {"t": random()}),
}  # fmt: skip


@pytest.mark.parametrize("case", SQUARE)
@pytest.mark.parametrize("name", NAMES)
def test_solutions_are_those_of_the_whole_array(case, name):
    formula, by, inputs = SQUARE[case]
    if name == "vetter" and len(by) == 1 and any(a.ndim == 3 for a in inputs.values()):
        return
    g, dense, H = dense_and_structured(formula, by, inputs, layout=name)
    matrix, rows, columns = (
        (dense, dense.shape[:1], dense.shape[1:]) if name in ("vec", "vetter") else matrix_of(g, dense, name)
    )
    if len(matrix) != len(matrix.T):  # vetter folds a derivative of a matrix by itself into other rows and columns
        return
    b = random(*rows, 2)
    if np.linalg.cond(matrix) > 1e12:
        with pytest.raises(ed.InputError, match="is singular"):
            H.solve(b)
        return
    x = np.linalg.solve(matrix, b.reshape(-1, 2))
    found = H.solve(b)
    np.testing.assert_allclose(found, x.reshape(*columns, 2), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(H.solve(b[..., 0]), x[:, 0].reshape(columns), rtol=1e-8, atol=1e-9)


SINGULAR = {
    "softmax": ("s_i = softmax_i(z_i)", ("z",), {"z": random(9)}),
    "rows of softmax": ("S_ni = softmax_i(Z_ni)", ("Z",), {"Z": random(4, 9)}),
    "unit vector": ("y_i = x_i / (x_k x_k)^(1/2)", ("x",), {"x": random(9)}),
    "a zero on the diagonal": ("L = x_i^3 c_i", ("x", "x"), {"x": np.arange(5.0), "c": random(5)}),
    "rank": ("L = sum_n(softplus(X_ni w_i))", ("w", "w"), {"X": random(3, 11), "w": random(11)}),
    "outer product": ("y_i = c_i d_j x_j", ("x",), {"c": random(7), "d": random(7), "x": random(7)}),
    "a core without inverse": (FACTORISATION, ("U", "U"), {"U": random(7, 4), "V": random(3, 4)}),
    "Kronecker": ("Y = A X B", ("X",), {"A": random(6, 4), "X": random(4, 6), "B": random(6, 4)}),
    "zero": ("y = c_i x_i", ("x", "x"), {"c": random(4), "x": random(4)}),
    "one component": ("L = x_2 x_2 x_2", ("x", "x"), {"x": random(4)}),
}


@pytest.mark.parametrize("case", SINGULAR)
def test_a_singular_result_is_refused(case):
    formula, by, inputs = SINGULAR[case]
    _, _, H = dense_and_structured(formula, by, inputs)
    with pytest.raises(ed.InputError, match="is singular"):
        H.solve(np.ones(H.structure.outside.shape))


@pytest.mark.parametrize("unit", [1e-150, 1e-30, 1e30, 1e150])
def test_entries_of_any_size_are_solved_with(unit):
    x, V, b = unit * np.array([2.0, 1.0, 3.0]), random(5, 2), random(4, 2)
    squares = ed.diff("L = sum_i(x_i^3)", "x", "x").compile(dense=False)(x=x)
    np.testing.assert_allclose(squares.solve(np.ones(3)), 1 / (6 * x), rtol=1e-14)
    blocks = ed.diff("L = a ||T - U V'||^2", "U", "U").compile(dense=False)(a=unit, U=random(4, 2), V=V)
    np.testing.assert_allclose(blocks.solve(b) * unit, np.linalg.solve(2 * V.T @ V, b.T).T, rtol=1e-10)
    zero = ed.diff("L = a ||T - U V'||^2", "U", "U").compile(dense=False)(a=0.0, U=random(4, 2), V=V)
    with pytest.raises(ed.InputError, match="is singular"):
        zero.solve(b)


def test_a_structure_that_does_not_help_is_told():
    X = random(40, 3)
    H = ed.diff("L = ||X X' - T||^2", "X", "X").compile(dense=False)(X=X, T=random(40, 40))
    with pytest.raises(ed.InputError) as found:
        H.solve(X)
    message = str(found.value)
    assert "2 of its 3 terms have full rank, and only one may" in message
    assert "np.linalg.solve(H.to_dense().reshape(120, 120), b.reshape(120))" in message


@pytest.mark.parametrize("name", NAMES[:-1])  # vetter's matrix is not square
def test_what_is_offered_in_its_place_solves(name):
    inputs = {"A": random(6, 6), "X": random(6, 5), "B": random(5, 5)}
    g, dense, H = dense_and_structured("Y = A X + X B", ("X",), inputs, layout=name)
    b = random(*H.structure.outside.shape)
    with pytest.raises(ed.InputError) as found:
        H.solve(b)
    typed = str(found.value).split("help: ")[1]
    x = eval(typed, {"np": np, "H": H, "b": b}).reshape(H.structure.inside.shape)
    np.testing.assert_allclose(H @ x, b, atol=1e-9)
    if name != "vec":
        matrix, rows, columns = matrix_of(g, dense, name)
        np.testing.assert_allclose(x, np.linalg.solve(matrix, b.ravel()).reshape(columns), rtol=1e-8)
        assert rows == b.shape


def test_a_solution_that_cancels_is_refused_or_right():
    """A diagonal that is nearly zero somewhere makes Woodbury's identity inaccurate."""
    for small in 10.0 ** -np.arange(0, 20):
        d = np.array([1.0, small, 2.0, 3.0, 4.0])
        inputs = {"x": random(5), "d": d, "a": random(5)}
        _, dense, H = dense_and_structured("L = d_i x_i^2 + (a_i x_i)^2", ("x", "x"), inputs)
        b = random(5)
        try:
            found = H.solve(b)
        except ed.InputError:
            assert small < 1e-8
        else:
            wanted = np.linalg.solve(dense, b)
            np.testing.assert_allclose(found, wanted, atol=1e-6 * abs(wanted).max())


@pytest.mark.parametrize("verb", ["matvec", "rmatvec", "solve"])
def test_what_is_no_array_of_numbers_is_told(verb):
    _, _, H = dense_and_structured(FACTORISATION, ("U", "U"), {"U": random(7, 3), "V": random(6, 3)})
    call = getattr(H, verb)
    masked = np.ma.array(random(7, 3), mask=np.arange(21).reshape(7, 3) % 5 == 0)
    with pytest.raises(ed.InputError, match="no value for a masked entry"):
        call(masked)
    np.testing.assert_array_equal(call(np.ma.array(masked.data)), call(masked.data))
    for wrong in ([[1, 2], [3]], "text", None):
        with pytest.raises(ed.InputError, match="an array of numbers is wanted"):
            call(wrong)


def test_shapes_that_do_not_fit_are_told():
    _, _, H = dense_and_structured(FACTORISATION, ("U", "U"), {"U": random(7, 3), "V": random(6, 3)})
    for call in (H.matvec, H.rmatvec, H.solve):
        with pytest.raises(ed.SizeMismatchError, match=r"takes an array of shape \(7, 3\) here"):
            call(random(3, 7))
    with pytest.raises(ed.SizeMismatchError):
        random(7, 3, 2) @ H
    with pytest.raises(ed.InputError, match="an array of numbers is wanted"):
        H @ np.array([["a"] * 3] * 7)
    _, _, J = dense_and_structured("y_i = A_ij x_j", ("x",), {"A": random(3, 4), "x": random(4)})
    with pytest.raises(ed.SizeMismatchError, match="is 3 by 4"):
        J.solve(random(3))


@st.composite
def systems(draw):
    """Return a random structured matrix: terms with tied, constant and fixed axes, and cores with summed ones."""
    rank = draw(st.integers(1, 2))
    sizes = draw(st.permutations([2, 3, 4]))[:rank]
    order = draw(st.permutations(range(2 * rank)))
    rows, columns = order[:rank], order[rank:]
    span = dict(zip(rows, sizes, strict=True)) | dict(zip(columns, sizes, strict=True))
    shapes, patterns = [], []
    for number in range(draw(st.integers(1, 3))):
        axes = list(range(2 * rank))
        ties = [(a, b) for a in axes for b in range(a) if span[a] == span[b]]
        if number == 0:  # most often something that can be solved with
            ties = [(max(pair), min(pair)) for pair in zip(rows, columns, strict=True)]
        for a, b in ties:
            if axes[a] == a and axes[b] == b and draw(st.booleans()):
                axes[a] = b
        free = sorted(set(axes))
        places = []
        if draw(st.integers(0, 5)) == 0:
            fixed = free.pop(draw(st.integers(0, len(free) - 1)))
            places = [(fixed, draw(st.integers(1, span[fixed])))]
        extents = {n: span[n] for n in free} | {-1: 2, -2: 3}
        cores = []
        for _ in range(draw(st.integers(1, 3))):
            labels = tuple(draw(st.lists(st.sampled_from(sorted(extents)), unique=True, max_size=3)))
            cores.append((len(shapes), labels))
            shapes.append([extents[n] for n in labels])
        patterns.append(Pattern(tuple(axes), tuple(cores), tuple(places)))
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    whole = tuple(span[axis] for axis in range(2 * rank))
    structure = Structure(tuple(patterns), whole, (1,) * (2 * rank), tuple(columns))
    return Structured(structure, tuple(generator.standard_normal(shape) for shape in shapes))


def by_loops(H):
    """Return the whole array, entry by entry."""
    found = np.zeros(H.shape)
    for term, at in product(H.terms, np.ndindex(*H.shape)):
        labels = {n: at[axis] for axis, n in enumerate(term.axes)}
        if any(labels[n] != at[axis] for axis, n in enumerate(term.axes)):
            continue
        if any(labels[n] != place - 1 for n, place in term.places):
            continue
        span = {}
        for a, names in zip(term.cores, term.labels, strict=True):
            span.update(zip(names, a.shape, strict=True))
        summed = [n for n in span if n < 0]
        for values in product(*(range(span[n]) for n in summed)):
            known = labels | dict(zip(summed, values, strict=True))
            found[at] += prod(
                a[tuple(known[n] for n in names)] for a, names in zip(term.cores, term.labels, strict=True)
            )
    return found


@pytest.mark.parametrize("spare", [0.5, 4])
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(H=systems())
def test_random_systems(spare, H):
    with mock.patch.object(solve, "SPARE", spare):
        inside, outside = H.structure.inside, H.structure.outside
        dense = by_loops(H)
        np.testing.assert_allclose(H.to_dense(), dense, atol=1e-10)
        n = prod(inside.sizes)
        matrix = dense.transpose([*outside.axes, *inside.axes]).reshape(n, n)
        v, u = random(*inside.shape), random(*outside.shape)
        np.testing.assert_allclose((H @ v).ravel(), matrix @ v.ravel(), atol=1e-10)
        np.testing.assert_allclose((u @ H).ravel(), u.ravel() @ matrix, atol=1e-10)
        condition = np.linalg.cond(matrix)
        try:
            x = H.solve(u)
        except ed.InputError as error:
            if "is singular" in str(error):
                assert not condition < 1e8
        else:
            wanted = np.linalg.solve(matrix, u.ravel())
            assert condition < 1e14
            np.testing.assert_allclose(x.ravel(), wanted, atol=(1e-9 + 1e-13 * condition) * max(1, abs(wanted).max()))


# -------------------------------------------------------------------------------------------------------------- memory


def test_memory_follows_the_core_and_T_is_not_needed():
    n, k = 10**5, 5
    newton = ed.diff(FACTORISATION, "U", "U").compile(dense=False)
    U, V = np.ones((n, k)), np.random.default_rng(0).standard_normal((n, k))
    newton(U=U, V=V)
    tracemalloc.start()
    H = newton(U=U, V=V)
    made = tracemalloc.get_traced_memory()[1]
    step = H.solve(U)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert H.shape == (n, k, n, k)
    assert H.nbytes == 8 * k * k
    assert made < 3 * V.nbytes
    assert peak < 8 * V.nbytes
    np.testing.assert_allclose(step @ (2 * V.T @ V), U, rtol=1e-8)
    np.testing.assert_allclose(H @ step, U, rtol=1e-8)
    with pytest.raises(ed.InputError, match="TiB"):
        H.to_dense()


def test_outer_products_stay_factors():
    n = 10**5
    x = np.linspace(-1, 1, n)
    H = ed.diff("y = logsumexp_i(x_i) + x_i x_i", "x", "x").compile(dense=False)(x=x)
    assert H.nbytes <= 4 * x.nbytes
    np.testing.assert_allclose(H @ H.solve(x), x, atol=1e-9)
    singular = ed.diff("y = logsumexp_i(x_i)", "x", "x").compile(dense=False)(x=x)
    with pytest.raises(ed.InputError, match="singular"):
        singular.solve(x)


def test_a_long_product_keeps_its_outer_factors():
    layers = 12
    text = "; ".join(f"h{k + 1}_i = relu(W{k}[i,j] h{k}[j])" for k in range(layers))
    g = ed.diff(f"{text}; L = h{layers}[i] h{layers}[i]", "W0", "W0")
    inputs = {f"W{k}": np.random.default_rng(k).standard_normal((9, 9)) for k in range(layers)} | {"h0": random(9)}
    H = g.compile(dense=False)(**inputs)
    assert H.nbytes <= 8 * (9 * 9 + 9 + 9)
    np.testing.assert_allclose(H.to_dense(), g.compile()(**inputs), rtol=1e-9)


def test_few_samples_leave_a_product_of_low_rank():
    X = np.random.default_rng(0).standard_normal((20, 10**5))
    H = ed.diff(LOGISTIC, "w", "w").compile(dense=False)(X=X, w=np.zeros(10**5), y=np.ones(20))
    assert H.nbytes < 3 * X.nbytes
    np.testing.assert_allclose(H @ H.solve(X[0]), X[0], atol=1e-9)


def test_a_whole_array_that_cannot_fit_offers_the_structured_one_where_it_does():
    V = np.broadcast_to(np.zeros(()), (10**7, 5))
    with pytest.raises(ed.InputError) as found:
        ed.diff(FACTORISATION, "U", "U").compile()(V=V, U=V)
    assert "compile(dense=False)" in str(found.value)
    assert "hvp(" in str(found.value)
    wide = np.broadcast_to(np.zeros(()), (10**6, 10**6))
    x = np.zeros(10**6)
    for dense in (True, False):
        with pytest.raises(ed.InputError) as found:
            ed.diff("y = x_i exp(A_ij) x_j", "x", "x").compile(dense=dense)(A=wide, x=x)
        assert "dense=False" not in str(found.value)


# ------------------------------------------------------------------------------------------------------------ results


def test_values_and_gradients_stay_arrays():
    f = ed.parse("y = logsumexp_i(x_i) + x_i x_i")
    x = random(9)
    y, g, H = ed.compile(f, ed.diff(f, "x"), ed.diff(f, "x", "x"), dense=False)(x=x)
    assert isinstance(y, np.ndarray)
    assert isinstance(g, np.ndarray)
    assert isinstance(H, ed.Structured)
    np.testing.assert_allclose(H @ (x - H.solve(g)), H @ x - g)
    again = ed.compile(ed.diff(f, "x", "x"), ed.diff(f, "x", "x"), dense=False)(x=x)
    for other in again:
        np.testing.assert_allclose(other.to_dense(), H.to_dense(), rtol=1e-12)
    assert isinstance(f.compile(dense=False)(x=x), np.ndarray)


def test_the_source_stands_alone_and_returns_the_cores():
    for formula, by, inputs, _ in DERIVATIVES.values():
        fn = ed.diff(formula, *by).compile(dense=False)
        early = fn.source
        H = fn(**{name: a for name, a in inputs.items() if name in fn.inputs})
        for text in (early, fn.source):
            scope = {}
            exec(text, scope)
            needed = {name: inputs[name] for name, _ in fn.plan.plan.inputs}
            if text == fn.source:
                found = scope["program"](**needed)
                assert isinstance(found, tuple)
                for a, b in zip(found, H.cores, strict=True):
                    np.testing.assert_array_equal(a, b)
                assert all(pattern in text for pattern in H.spelled().split(" + "))


def test_cores_share_no_memory_with_inputs():
    X = random(9, 2)
    H = ed.diff("L = ||X X' - T||^2", "X", "X").compile(dense=False)(X=X, T=random(9, 9))
    before = H.to_dense()
    X[...] = 0
    np.testing.assert_array_equal(H.to_dense(), before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", DERIVATIVES)
def test_dtypes_are_those_of_the_inputs(case, dtype):
    formula, by, inputs, _ = DERIVATIVES[case]
    given_arrays = {name: a.astype(dtype) for name, a in inputs.items()}
    _, dense, H = dense_and_structured(formula, by, given_arrays)
    assert H.dtype == dense.dtype == H.to_dense().dtype == dtype
    assert (H @ np.ones(H.structure.inside.shape, dtype)).dtype == dtype


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (0, 0), (1, 1), (1, 3)])
def test_sizes_of_zero_and_one(shape):
    U, V = random(*shape), random(2, shape[1])
    _, dense, H = dense_and_structured(FACTORISATION, ("U", "U"), {"U": U, "V": V})
    assert H.shape == dense.shape
    np.testing.assert_allclose(H.to_dense(), dense)
    assert (H @ U).shape == U.shape
    if 0 in shape:
        assert H.solve(U).shape == U.shape


def test_terms_of_rank_zero_leave_the_others_to_be_solved_with():
    ridge = ed.diff("L = sum_n(softplus(X_ni w_i)) + 2 w_i w_i", "w", "w").compile(dense=False)
    H = ridge(X=np.zeros((0, 4)), w=np.ones(4))
    np.testing.assert_array_equal(H.solve(np.ones((4, 2))), np.full((4, 2), 0.25))


def test_sizes_that_no_array_tells_are_asked_for():
    f = ed.diff("y_i = 2 x_i", "x")
    H = f.compile(dense=False, sizes={"i": 10**6})()
    assert H.shape == (10**6, 10**6)
    assert H.nbytes == 8
    with pytest.raises(ed.SizeMismatchError, match="nothing tells how far i runs"):
        f.compile(dense=False)()


def test_unknown_functions_and_repeated_calls():
    f = ed.diff("y_i = f(x_i) c_i", "x")
    fn = f.compile(dense=False)
    for n in (3, 5, 3, 3, 5):
        x, c = random(n), random(n)
        J = fn(x=x, c=c, df=np.cos)
        np.testing.assert_allclose(J.to_dense(), np.diag(np.cos(x) * c))
    plain = ed.diff("y_i = sin(x_i) c_i", "x").compile(dense=False)
    for n in (3, 5, 3, 3, 5, 5, 1, 0):
        x, c = random(n), random(n)
        np.testing.assert_allclose(plain(x=x, c=c).to_dense(), np.diag(np.cos(x) * c))


def test_what_only_tells_sizes_is_checked_whenever_it_is_given():
    newton = ed.diff(FACTORISATION, "U", "U").compile(dense=False)
    U, V, T = random(7, 3), random(6, 3), random(7, 6)
    for _ in range(3):
        assert newton(U=U, V=V).shape == (7, 3, 7, 3)
    for _ in range(3):
        assert newton(T=T, V=V).shape == (7, 3, 7, 3)
    for _ in range(3):
        with pytest.raises(ed.SizeMismatchError, match="i is"):
            newton(U=U, V=V, T=random(8, 6))
        assert newton(U=U, V=V).shape == (7, 3, 7, 3)
        assert newton(U=U, V=V, T=T).shape == (7, 3, 7, 3)
    with pytest.raises(ed.SizeMismatchError, match="nothing tells how far i runs"):
        newton(V=V)


def test_terms_tell_their_axes():
    _, _, H = dense_and_structured(*DERIVATIVES["components"][:3])
    tied = next(t for t in H.terms if t.tied)
    assert (tied.tied, tied.constant, tied.places) == (((0, 1),), (0, 1), ())
    corner = next(t for t in H.terms if t.places == ((0, 1), (1, 2)))
    assert (corner.axes, corner.tied, corner.constant) == ((0, 1), (), ())
    _, _, K = dense_and_structured(*DERIVATIVES["Kronecker"][:3])
    (term,) = K.terms
    assert term.labels == ((0, 2), (3, 1))
    with pytest.raises(ed.InputError, match="a product of 2 cores"):
        _ = term.core


def test_a_result_can_be_pickled_and_copied():
    _, dense, H = dense_and_structured(*DERIVATIVES["softmax"][:3])
    np.testing.assert_allclose(pickle.loads(pickle.dumps(H)).to_dense(), dense)
    fn = ed.diff(FACTORISATION, "U", "U").compile(dense=False)
    again = pickle.loads(pickle.dumps(fn))
    assert again(U=random(3, 2), V=random(4, 2)).spelled() == "bd->abad"


@pytest.mark.parametrize("backend", ["torch", "jax", "cupy"])
def test_other_backends_refuse(backend):
    with pytest.raises(ed.InputError, match="structured results are made of NumPy arrays"):
        ed.diff(FACTORISATION, "U", "U").compile(backend=backend, dense=False)


def test_what_numpy_cannot_solve_or_hold_is_told():
    U, V = random(6, 2), random(5, 2)
    H = ed.diff(FACTORISATION, "U", "U").compile(dense=False)(U=U, V=V)
    if np.dtype(np.longdouble).itemsize > 8:
        with pytest.raises(ed.InputError, match=r"cannot be solved with: array type .* is unsupported in linalg"):
            H.solve(U.astype(np.longdouble))
    many = np.broadcast_to(1.0, (6, 2, 10**12))
    for called, title in ((H.solve, "the solution"), (H.matvec, "the product")):
        with pytest.raises(ed.InputError, match=rf"{title} with ∂²L/∂U_lm∂U_np has 6 × 2 × {10**12} entries, 87.3 TiB"):
            called(many)


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ((2, 6), "its transpose, b.T"),  # np.reshape would mix the entries
        ((12,), "np.reshape(b, (6, 2))"),
        ((6, 1, 2), "np.reshape(b, (6, 2))"),
        ((4, 3), "as np.zeros((6, 2))"),
    ],
)
def test_another_shape_is_offered_only_where_the_entries_stay_what_they_are(given, offered):
    H = ed.diff(FACTORISATION, "U", "U").compile(dense=False)(U=random(6, 2), V=random(5, 2))
    with pytest.raises(ed.SizeMismatchError) as found:
        H.solve(random(*given))
    assert str(found.value).endswith(f"help: {offered}")
