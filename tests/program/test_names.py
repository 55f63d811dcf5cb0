"""Names of inputs, and other spellings of them."""

import pytest

from einsdiff.program.emit.names import Namer, is_parameter, other_spellings


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("λ", "lambda"), ("lambda", "λ"), ("α1", "alpha1"), ("Σ", "Sigma"), ("β_x", "beta_x"), ("ε", "eps")],
)
def test_a_greek_letter_and_its_name_are_one(name, spelling):
    assert other_spellings([name])[spelling] == name


def test_a_word_that_begins_like_a_letter_has_no_other_spelling():
    assert other_spellings(["pine", "etage", "x"]) == {}


def test_a_spelling_that_is_an_input_itself_stays_its_own():
    assert "alpha" not in other_spellings(["α", "alpha"])


@pytest.mark.parametrize(
    ("name", "wanted"), [("x", True), ("λ", True), ("class", False), ("x'", False), ("∂A", False), ("ϵ", False)]
)
def test_a_parameter_is_an_identifier_that_python_leaves_as_it_is(name, wanted):
    assert is_parameter(name) is wanted


def test_names_that_are_handed_out_collide_with_nothing():
    namer = Namer(["t1", "np"])
    assert [namer.numbered("t"), namer.numbered("t"), namer.name("np"), namer.name("np")] == ["t2", "t3", "np_", "np__"]
