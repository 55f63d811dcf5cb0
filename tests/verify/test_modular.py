"""Evaluation modulo a prime against exact rationals, and what it tells apart."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.walk import tensors
from einsdiff.verify import loops, modular
from einsdiff.verify.modular import PRIME, UndefinedError

POLYNOMIAL = (
    "y = x_i A_ij u_j",
    "C_ik = A_ij B_kj - 2/3 D_ik",
    "T_kij = A_ij w_k + B_kj x_i",
    "M_ij = S_ij x_i x_j",
    "s = S_ii + 4",
    "y_i = S_ii x_i^3",
    "y_i = x_i/(x_k x_k + 1)^2",
    "v_i = ε_ijk x_j S_kl x_l",
    "Y_ij = inv(S)_ij + δ_ij det(S)",
    "Y_ij = adj(S)_ij + S_ji",
    "y_i = prod_j(A_ij) + mean_j(A_ij)",
    "s = x_2 S_13",
)
SIZES = {"x": (3,), "u": (5,), "w": (7,), "A": (3, 5), "B": (7, 5), "D": (3, 7), "S": (3, 3)}


def entry(text: str, **declare: str) -> Entry:
    return ed.parse(text, declare=declare or None, notation="index").entry


def drawn(name: str) -> np.ndarray:
    """What `residues` draws for an input."""
    letters = "ijklm"[: len(SIZES[name])]
    a = entry(f"y_{letters} = {name}_{letters}")
    sizes = dict(zip(a.node.sizes, SIZES[name], strict=True))
    array = np.empty(SIZES[name], dtype=object)
    array.flat = [Fraction(v) for v in modular.residues(a, a.wires, sizes)]
    return array


@pytest.mark.parametrize("text", POLYNOMIAL)
def test_residues_are_those_of_the_exact_values(text: str) -> None:
    f = ed.parse(text, notation="index")
    inputs = {name: drawn(name) for name in f.inputs}
    wanted = np.asarray(loops.evaluate(text, inputs).result, dtype=object)
    sizes = {}
    for node in tensors(f.entry.node):
        sizes.update(zip(node.sizes, SIZES[node.name], strict=True))
    found = modular.residues(f.entry, f.wires, sizes)
    assert found == tuple(Fraction(v).numerator * pow(Fraction(v).denominator, -1, PRIME) % PRIME for v in wanted.flat)


EQUAL = (
    ("y_i = sin(x_i + a_i)", "y_i = sin(a_i + x_i)"),
    ("y_i = f(x_i a_i) + f(x_i) - f(x_i)", "y_i = f(a_i x_i)"),
    ("y_i = max_j(A_ij) + 0 x_i", "y_i = max_j(A_ij)"),
    ("s = max_{i,j}(A_ij)", "s = max_{j,i}(A_ij)"),
    ("y_i = where(x_i > a_i, b_i, b_i)", "y_i = b_i"),
    ("y_i = sqrt(x_i)^2 + x_i^(1/2) - sqrt(x_i)", "y_i = (x_i^(1/2))^2"),
)
DIFFERENT = (
    ("y_i = sin(x_i)", "y_i = cos(x_i)"),
    ("y_i = where(x_i > a_i, b_i, c_i)", "y_i = b_i"),
    ("y_i = where(x_i > a_i, b_i, c_i)", "y_i = c_i"),
    ("y_i = where(x_i > a_i, b_i, c_i)", "y_i = where(a_i > x_i, b_i, c_i)"),
    ("y_i = where(x_i, b_i, c_i)", "y_i = b_i"),
    ("y_i = where(x_i == 5, b_i, c_i)", "y_i = c_i"),
    ("y_i = where(x_i >= a_i, b_i, c_i)", "y_i = where(x_i > a_i, b_i, c_i)"),
    ("y_i = x_i^2", "y_i = x_i^3"),
    ("y_i = f(x_i, a_i)", "y_i = f(a_i, x_i)"),
)


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_forms_that_are_equal_agree(left: str, right: str) -> None:
    a, b = ed.parse(left, notation="index"), ed.parse(right, notation="index")
    assert modular.agree(a.entry, build.rename(b.entry, dict(zip(b.entry.wires, a.entry.wires, strict=True))))


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_forms_that_differ_in_some_case_do_not_agree(left: str, right: str) -> None:
    a, b = ed.parse(left, notation="index"), ed.parse(right, notation="index")
    assert not modular.agree(a.entry, build.rename(b.entry, dict(zip(b.entry.wires, a.entry.wires, strict=True))))


def test_unknown_functions_of_whole_tensors_see_the_order_of_axes() -> None:
    a = entry("y_i = f_i(A)", A="matrix(n, n)")
    b = entry("B_ij = A_ji; y_i = f_i(B)", A="matrix(n, n)")
    assert not modular.agree(a, build.rename(b, dict(zip(b.wires, a.wires, strict=True))))


def test_an_entry_without_the_axes_of_the_other_is_another_one() -> None:
    x, zero = entry("y_i = x_i"), build.number(0)
    assert not modular.agree(x, zero)
    assert modular.agree(build.add(x, build.scale(-1, x)), zero)
    assert not modular.agree(x, build.number(1))


def test_what_has_no_value_is_said() -> None:
    never = entry("s = 1/where(b > b, 1, 0)")
    with pytest.raises(UndefinedError, match="too few"):
        modular.agree(never, build.number(3))
    with pytest.raises(UndefinedError, match="division by zero"):
        modular.residues(never, (), {})
    x = entry("y_i = x_i")
    with pytest.raises(UndefinedError, match="is not known"):
        modular.residues(x, x.wires, {})
    g = ed.diff("y_i = x_i^2", "x")
    with pytest.raises(UndefinedError, match="not carried out"):
        modular.residues(build.derivative(x, x), (*x.wires, *g.wires[1:]), dict.fromkeys(x.node.sizes, 2))


def test_an_entry_may_have_no_positions_or_no_axes() -> None:
    f = ed.parse("y_ij = A_ij x_j")
    sizes = dict.fromkeys((s for t in tensors(f.entry.node) for s in t.sizes), 0)
    assert modular.residues(f.entry, f.wires, sizes) == ()
    s = entry("s = x_i x_i")
    assert modular.residues(s, (), dict.fromkeys((z for t in tensors(s.node) for z in t.sizes), 0)) == (0,)
    assert modular.residues(build.number(Fraction(-1, 3)), (), {}) == (-pow(3, -1, PRIME) % PRIME,)


def test_sizes_are_different_unless_an_index_ties_them() -> None:
    f = ed.parse("y_ij = A_ik B_kj + C_3 S_ll δ_ij", notation="index")
    sizes = modular.distinct_sizes(f.entry)
    of = {t.name: [sizes[s] for s in t.sizes] for t in tensors(f.entry.node)}
    assert of["A"][1] == of["B"][0]
    assert of["A"][0] == of["B"][1]
    assert of["S"][0] == of["S"][1]
    assert of["C"][0] >= 3
    assert len({of["A"][0], of["A"][1], of["C"][0], of["S"][0]}) == 4


def test_axes_of_a_symmetric_matrix_have_one_size() -> None:
    f = ed.parse("S : matrix(n, n) symmetric; s = x_i S_ij u_j", notation="index")
    sizes = modular.distinct_sizes(f.entry)
    assert len({sizes[s] for t in tensors(f.entry.node) for s in t.sizes}) == 1
