"""The kinds of names: as the formula needs them, by their letter where it leaves both, or an error."""

from __future__ import annotations

from itertools import product

import pytest

import einsdiff as ed
from einsdiff.elaborate.kinds import RELATIONS, Kind, infer_kinds
from einsdiff.errors import IndexMismatchError
from einsdiff.text.parser import parse, parse_claim
from einsdiff.text.tree import Document, Multiply, Name, Span, Statement

LETTERS = {Kind.SCALAR: "s", Kind.VECTOR: "v", Kind.MATRIX: "m", Kind.TENSOR: "t"}


def kinds(source: str, **declared: int) -> str:
    """Return the kinds of the names of a text, as `A:m x:v`."""
    document = parse(source, notation="matrix", known=list(declared))
    declared |= {d.name: ["scalar", "vector", "matrix", "tensor"].index(d.kind) for d in document.declarations}
    found = infer_kinds(document, declared)
    return " ".join(f"{name}:{LETTERS[kind]}" for name, kind in sorted(found.items()))


# fmt: off
CASES = [
    # letters: capitals are matrices, Greek letters scalars, a to g scalars, h to z vectors
    ("A + 1",                           "A:m"),
    ("Σ + 1",                           "Σ:m"),
    ("exp(λ)",                          "λ:s"),
    ("exp(a)",                          "a:s"),
    ("exp(g)",                          "g:s"),
    ("exp(h)",                          "h:v"),
    ("exp(z)",                          "z:v"),
    ("exp(x1) + exp(\\hat{x})",         "x1:v x_hat:v"),
    # what is transposed is a vector
    ("b' c'",                           "b:v c:v"),
    ("(a - b)' A (a - b)",              "A:m a:v b:v"),
    # what is added to a vector is a vector
    ("A x + b",                         "A:m b:v x:v"),
    ("A x - b",                         "A:m b:v x:v"),
    ("x + a + c",                       "a:v c:v x:v"),
    ("x .* b",                          "b:v x:v"),
    ("b ./ x",                          "b:v x:v"),
    ("x .^ b",                          "b:s x:v"),
    ("||A x - b||^2",                   "A:m b:v x:v"),
    ("x' x + b",                        "b:s x:v"),
    ("A + b",                           "A:m b:s"),
    ("A + x",                           "A:m x:s"),
    ("λ x + b",                         "b:v x:v λ:s"),
    # of two in a plain product one is a scalar: the one on the left
    ("a x",                             "a:s x:v"),
    ("x a",                             "a:s x:v"),
    ("a b",                             "a:s b:s"),
    ("t v",                             "t:s v:v"),
    ("x x",                             "x:s"),
    ("x + t v",                         "t:s v:v x:v"),
    ("A x + c v",                       "A:m c:s v:v x:v"),
    # behind a row or a matrix stands a vector
    ("x' b",                            "b:v x:v"),
    ("A b",                             "A:m b:v"),
    ("A b x",                           "A:m b:s x:v"),
    ("x' A b",                          "A:m b:v x:v"),
    ("x' y z",                          "x:v y:v z:v"),
    ("1/2 x' A x - x' b",               "A:m b:v x:v"),
    # divisors, exponents and bases
    ("x / y",                           "x:v y:s"),
    ("x^2",                             "x:s"),
    ("2^x",                             "x:s"),
    ("A^k",                             "A:m k:s"),
    # functions
    ("norm(b)",                         "b:v"),
    ("||a - b||",                       "a:v b:v"),
    ("sum(a)",                          "a:v"),
    ("diag(a) x",                       "a:v x:v"),
    ("diag(A)",                         "A:m"),
    ("tr(a b')",                        "a:v b:v"),
    ("tr(x' A x)",                      "A:m x:v"),
    ("max(x, 0)",                       "x:v"),
    ("where(a > 0, x, 0)",              "a:s x:v"),
    ("vec(A)' vec(B)",                  "A:m B:m"),
    ("x ⊗ b",                           "b:s x:v"),
    ("log(1 + exp(-b .* (X w)))",       "X:m b:v w:v"),
    # I and ones are no names, unless they are defined or declared
    ("A + I",                           "A:m"),
    ("a + ones",                        "a:v"),
    ("a + 𝟏",                           "a:v"),
    ("I = A B; I x",                    "A:m B:m I:m x:v"),
    ("I : scalar; I x",                 "I:s x:v"),
    ("ones : matrix(n, m); ones x",     "ones:m x:v"),
    # declarations win
    ("b : vector(n); x : scalar; b x",  "b:v x:s"),
    ("A : scalar; A x",                 "A:s x:v"),
    ("x : scalar; x' x + x^2",          "x:s"),
    ("b : scalar; A x + b",             "A:m b:s x:v"),
    ("λ' x",                            "x:v λ:v"),
    ("A λ + λ' A",                      "A:m λ:v"),
    ("λ : vector(n); λ' x",             "x:v λ:v"),
    # a left-hand side takes its kind from the right
    ("y = A x; y' y",                   "A:m x:v y:v"),
    ("y = x' A",                        "A:m x:v y:v"),
    ("S = x' x; S A",                   "A:m S:s x:v"),
    ("m = A B; m x",                    "A:m B:m m:m x:v"),
    ("y = a b; c = x / y",              "a:s b:s c:v x:v y:s"),
    ("y = b; z = A y",                  "A:m b:v y:v z:v"),
    ("J = d(A x)/dA",                   "A:m J:t x:v"),
    # derivatives
    ("d(x' A x)/dx",                    "A:m x:v"),
    ("∂y/∂x = A",                       "A:m x:v y:v"),
    ("d(a x)/da + y",                   "a:s x:v y:v"),
]
# fmt: on


@pytest.mark.parametrize(("source", "wanted"), CASES, ids=[source for source, _ in CASES])
def test_a_name_has_the_kind_that_the_formula_needs(source: str, wanted: str) -> None:
    assert kinds(source) == wanted


def test_ranks_may_be_given_from_outside() -> None:
    assert kinds("b x", b=2) == "b:m x:v"


RULE = "a name is of one kind in the whole program (spec/language.md, Kinds of names)"

# fmt: off
ERRORS = [
    ("x' x + x^2",
     "~      ^",
     "x must be a scalar at [^] and a vector at [~]",
     "write .^ to raise every entry, or  x' x  for the sum of squares"),
    ("x y + x' y",
     "  ~      ^",
     "y must be a vector at [^] and a scalar at [~]",
     "write x' y, x y' or x .* y for the product of two vectors"),
    ("x / b + diag(b) x",
     "    ~        ^",
     "b must be a vector at [^] and a scalar at [~]",
     "give b another name at one of the two places"),
    ("diag(b) x + x / b",
     "     ~          ^",
     "b must be a scalar at [^] and a vector at [~]",
     "write ./ to divide entry by entry"),
    ("y = A ones; z = x / y",
     "~                   ^",
     "y must be a scalar at [^] and a vector at [~]",
     "write ./ to divide entry by entry"),
]
# fmt: on


@pytest.mark.parametrize("shift", ["", "  "])
@pytest.mark.parametrize(("source", "marks", "first", "typed"), ERRORS, ids=[row[0] for row in ERRORS])
def test_a_name_that_must_be_two_things_is_refused(source: str, marks: str, first: str, typed: str, shift: str) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        kinds(shift + source)
    lines = [first, "", f"  1 | {shift}{source}", f"    | {shift}{marks}", "", f"  rule: {RULE}", f"  help: {typed}"]
    assert str(caught.value) == "\n".join(lines)


def test_a_clash_that_is_not_of_names_is_left_to_the_elaboration() -> None:
    assert kinds("A / B + x' y'") == "A:m B:m x:v y:v"


def test_the_order_of_statements_does_not_matter_to_what_a_name_is() -> None:
    lines = ["p = A x", "q = b .* x", "r = b' x", "s = c x"]
    wanted = kinds("; ".join(lines))
    assert kinds("; ".join(reversed(lines))) == wanted


def test_a_long_product_and_many_names_are_no_limit() -> None:
    span = Span(0, 1)
    names = [Name(f"x{k}", None, span) for k in range(300)]
    document = Document("x", (Statement(None, Multiply(tuple(names), span), span),), (), "matrix")
    found = infer_kinds(document, {})
    assert [name for name, kind in found.items() if kind is Kind.VECTOR] == ["x299"]


@pytest.mark.parametrize("relation", ["product", "sum", "kronecker"])
def test_a_relation_is_the_same_for_the_transposes(relation: str) -> None:
    # (A B)' = B' A', (A + B)' = A' + B', (A ⊗ B)' = A' ⊗ B'
    flip = str.maketrans("cr", "rc")
    rows = set(RELATIONS[relation].split())
    turned = {"".join(row).translate(flip) for row in rows}
    if relation == "product":
        turned = {row[1] + row[0] + row[2] for row in turned}
    assert turned == rows


def test_the_product_is_associative_up_to_scalars() -> None:
    table = {row[:2]: row[2] for row in RELATIONS["product"].split()}
    for a, b, c in product("crm", repeat=3):
        left, right = table.get(a + b, "?"), table.get(b + c, "?")
        if "s" not in (left, right) and "?" not in (left, right):
            assert table.get(left + c) == table.get(a + right), (a, b, c)


@pytest.mark.parametrize(
    ("claim", "given", "first", "wanted"),
    [
        ("∂sum(x)/∂x = 1", None, False, Kind.SCALAR),
        ("∂sum(x)/∂x = 1", 0, False, Kind.VECTOR),
        ("1 = ∂sum(x)/∂x", 1, False, Kind.VECTOR),
        ("∂(W x)/∂x = x^2 W", 0, False, Kind.SCALAR),
        ("∂(W x)/∂x = x^2 W", 0, True, Kind.VECTOR),
    ],
)
def test_one_side_of_a_claim_can_tell_the_kinds(claim: str, given: int | None, *, first: bool, wanted: Kind) -> None:
    assert infer_kinds(parse_claim(claim), {}, claim=True, given=given, first=first)["x"] is wanted


FORCED = [
    ("sum((X w - y)^2)", "this power [^] makes w and y scalar", "write (X w - y) .^ 2"),
    ("sum((X w - y)**2)", "this power [^] makes w and y scalar", "write (X w - y) .^ 2"),
    ("(X z)^2", "this power [^] makes z scalar", "write (X z) .^ 2"),
    ("u · v", "whether u · v [^] is an inner product", "write u' v"),
    (r"w \cdot x + b", "whether w · x [^] is an inner product", "write w' x"),
    ("x · A x", "whether x · A x [^] is an inner product", "write x' A x"),
    (
        "||y - X β||^2",
        "β [^] is taken for a scalar, which makes y scalar, too",
        "declare  β : vector(n)  or  y : scalar",
    ),
    ("y = u · (v + w)", "whether u · (v + w) [^] is an inner product", "write u' (v + w)"),
]


@pytest.mark.parametrize(("text", "message", "typed"), FORCED, ids=[row[0] for row in FORCED])
def test_no_vector_becomes_a_scalar_for_a_power_a_dot_or_a_greek_letter(text: str, message: str, typed: str) -> None:
    with pytest.raises(ed.AmbiguityError) as caught:
        ed.parse(text)
    assert message in str(caught.value)
    assert f"help: {typed}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("(x - m)^2/s^2", "y = (x - m)^2/s^2"),
        ("(I - l A)^2", "y_ij = (δ_ik - l A_ik) (δ_jk - l A_kj)"),
        ("a · x", "y_i = a x_i"),
        ("s · A", "y_ij = s A_ij"),
        ("u : scalar; u · v", "y_i = u v_i"),
        ("z : scalar; (X z)^2", "y_ij = z^2 X_ik X_kj"),
        ("A · x", "y_i = A_ij x_j"),
        ("exp(-(x - μ)^2/(2 σ^2))", "y = exp(-(x - μ)^2/(2 σ^2))"),
        ("λ A x + y", "f_i = λ A_ij x_j + y_i"),
        ("β : scalar; y : scalar; X β + y", "f_ij = β X_ij + y"),
    ],
)
def test_powers_dots_and_greek_letters_that_leave_no_doubt_are_read(text: str, index: str) -> None:
    assert str(ed.parse(text)) == index
