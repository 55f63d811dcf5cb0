"""Declarations, in a program and on their own."""

from __future__ import annotations

import pytest

from einsdiff.errors import EinsdiffError
from einsdiff.text.parser import parse, parse_declaration

# fmt: off
CASES = [
    # text                              name      kind      sizes            properties
    ("A : matrix(n, n) symmetric",      "A",      "matrix", ("n", "n"),      ("symmetric",)),
    ("A:matrix(n,3)",                   "A",      "matrix", ("n", 3),        ()),
    ("x : vector(n)",                   "x",      "vector", ("n",),          ()),
    ("x : vector(10)",                  "x",      "vector", (10,),           ()),
    ("w : scalar positive",             "w",      "scalar", (),              ("positive",)),
    ("w : scalar",                      "w",      "scalar", (),              ()),
    ("T : tensor(n, m, k) constant",    "T",      "tensor", ("n", "m", "k"), ("constant",)),
    ("A : matrix(n, n) symmetric, spd", "A",      "matrix", ("n", "n"),      ("symmetric", "spd")),
    ("lambda : scalar",                 "λ",      "scalar", (),              ()),
    ("λ : scalar",                      "λ",      "scalar", (),              ()),
    (r"\lambda : scalar",               "λ",      "scalar", (),              ()),
    ("x_hat : vector(n)",               "x_hat",  "vector", ("n",),          ()),
    ("W_1 : matrix(n, m)",              "W_1",    "matrix", ("n", "m"),      ()),
]
# fmt: on


@pytest.mark.parametrize(("text", "name", "kind", "sizes", "properties"), CASES)
def test_a_declaration_is_read(
    text: str, name: str, kind: str, sizes: tuple[str | int, ...], properties: tuple[str, ...]
) -> None:
    (declaration,) = parse(text).declarations
    assert (declaration.name, declaration.kind) == (name, kind)
    assert (declaration.sizes, declaration.properties) == (sizes, properties)


@pytest.mark.parametrize("text", [case[0] for case in CASES])
def test_a_declaration_on_its_own_is_that_of_a_program(text: str) -> None:
    name, _, rest = text.partition(":")
    (declaration,) = parse(f"{name.strip()} : {rest.strip()}").declarations
    assert parse_declaration(name.strip(), rest.strip()) == declaration


def test_declarations_stand_among_statements() -> None:
    document = parse("x : vector(n)  # sizes\ny = x' A x; A : matrix(n, n)\nz = y")
    assert [declaration.name for declaration in document.declarations] == ["x", "A"]
    assert len(document.statements) == 2


def test_a_declaration_knows_its_places() -> None:
    source = "y = x; A : matrix(n, 3) positive"
    (declaration,) = parse(source).declarations
    spans = [declaration.span, declaration.name_span, *declaration.size_spans, *declaration.property_spans]
    pieces = ["A : matrix(n, 3) positive", "A", "n", "3", "positive"]
    assert [source[span.start : span.stop] for span in spans] == pieces


# fmt: off
REFUSED = [
    ("A : matrx(n, n)",        "there is no kind matrx [^]"),
    ("A : ",                   "the declaration of A [^] does not say what it is"),
    ("A : matrix(n)",          "a matrix has two sizes, and 1 is given [^]"),
    ("A : matrix",             "a matrix has two sizes, and none is given [^]"),
    ("x : vector(n, m)",       "a vector has one size, and 2 are given [^]"),
    ("w : scalar(n)",          "a scalar has no size, and 1 is given [^]"),
    ("T : tensor",             "a tensor has its sizes, and none is given [^]"),
    ("A : matrix(n, n",        "a size is a name or a number, and the sizes from ( [~] on end with ) [^]"),
    ("A : matrix(n + 1, n)",   "a size is a name or a number, and the sizes from ( [~] on end with ) [^]"),
    ("A : matrix(n, n) symetric", "there is no property symetric [^]"),
    ("A : matrix(n, n) = 3",   "there is no property = [^]"),
    ("A_ij : matrix(n, n)",    "a declaration names the tensor without its indices [^]: A"),
    (r"\foo : scalar",         "this [^] is not one name"),
    ("xλ : scalar",            "this [^] is not one name"),
    ("x² : scalar",            "this [^] is not one name"),
]
# fmt: on


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_a_declaration_is_refused(text: str, message: str) -> None:
    with pytest.raises(EinsdiffError) as caught:
        parse(text)
    assert caught.value.message == message


# fmt: off
OFFERED = [
    ("A : matrx(n, n)",           "write A : matrix(n, n)"),
    ("A : matrix(n, n) symetric", "did you mean symmetric?"),
    ("A : matrix(n, n) antisymmetric", "did you mean skew?"),
    ("A_ij : matrix(n, n)",       "write A : matrix(n, n)"),
]
# fmt: on


@pytest.mark.parametrize(("text", "help"), OFFERED)
def test_a_refused_declaration_comes_with_one_that_can_be_typed(text: str, help: str) -> None:  # noqa: A002
    with pytest.raises(EinsdiffError) as caught:
        parse(text)
    assert caught.value.notes[-1].text == help


@pytest.mark.parametrize("name", ["", "A B", "2", "A\n", "A;B", "x+"])
def test_only_a_name_is_declared(name: str) -> None:
    with pytest.raises(EinsdiffError, match="is not the name of a tensor or scalar"):
        parse_declaration(name, "scalar")
