"""What cannot be elaborated beside the texts of `refused.txt`, and with which words."""

from __future__ import annotations

import numpy as np
import pytest

import einsdiff as ed

AMBIGUOUS = [
    "s = A_ii/B_ii",
    "s = (a_i b_i)(c_i d_i)",
    "s = (a_ij b_ij)(c_ij d_ij)",
    "s = A_ii^2",
    "s = A_ii²",
    "s = 2A_ii B_ii",
    "s = (A_ii)(B_ii)",
    "s = X_ii/(X_ij A_ji)",
    "s = A_ii/B_ii * C_ii",
    "s = A[row,row] B[row,row]",
    "s = (a_i b_i + 2 c_i)^2",
    r"s = \frac{A_{ii}}{B_{ii}}",
]


@pytest.mark.parametrize("source", AMBIGUOUS)
def test_each_reading_that_is_offered_is_accepted(source: str) -> None:
    with pytest.raises(ed.EinsdiffError) as caught:
        ed.parse(source)
    offered = next(note.text for note in caught.value.notes if note.word == "help")
    first, second = (ed.parse(f"s = {reading}") for reading in offered.split("  or  "))
    assert first != second


def test_matrix_notation_asked_for_says_so_of_an_index() -> None:
    with pytest.raises(ed.ParseError, match="carries an index") as caught:
        ed.parse("x_i x_i", notation="matrix")
    assert [note.text for note in caught.value.notes] == [
        "matrix notation names whole tensors, without indices",
        "write x, or read the text as index notation",
    ]


def test_a_component_beyond_the_axis_names_tensor_and_axis() -> None:
    with pytest.raises(ed.SizeMismatchError, match="component 3 is asked for along axis 1 of x, which runs to 2"):
        ed.parse("s = x_3").compile()(x=np.zeros(2))


def test_the_size_that_epsilon_fixes_is_explained() -> None:
    two = np.zeros(2)
    with pytest.raises(ed.SizeMismatchError, match="and 3 in ε, whose 3 indices run over 3 values"):
        ed.parse("ε_ijk a_i b_j c_k").compile()(a=two, b=two, c=two)


@pytest.mark.parametrize("text", ["y = n^2 x_i x_i", "y = n^2 x' x"])
def test_the_name_of_a_declared_size_is_that_size(text: str) -> None:
    assert ed.parse(f"x : vector(n); {text}").compile()(x=np.ones(3)) == 27
    assert ed.parse(text, declare={"x": "vector(n)"}).compile()(x=np.ones(3)) == 27


def test_a_tensor_with_the_name_of_a_size_stays_a_tensor() -> None:
    f = ed.parse("n : scalar; x : vector(n); y = x_i x_i/n")
    assert f.compile()(x=np.ones(2), n=4.0) == 0.5


def test_nested_products_are_made_at_once() -> None:
    nested = "(" * 300 + "a_i b_i" + "".join(f" c{k})" for k in range(300))
    flat = "a_i b_i" + "".join(f" c{k}" for k in range(300))
    assert ed.parse(f"s = {nested}") == ed.parse(f"s = {flat}")
