"""Laws that hold are found by exact evaluation, and forms that differ anywhere are refused."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.elaborate.template import template
from einsdiff.functions import ROWS
from einsdiff.verify import exact
from einsdiff.verify.draws import UndefinedError
from einsdiff.verify.exact import DEFINITIONS, P, Q, R
from einsdiff.verify.loops import evaluate

NAMES = ("a", "b", "c")

LAWS = (
    ("exp(a + b)",              "exp(a) exp(b)"),
    ("exp(2 log(a))",           "a^2"),
    ("exp(1/2 log(a))",         "sqrt(a)"),
    ("exp(exp(a) + b)",         "exp(exp(a)) exp(b)"),
    ("log(a b)",                "log(a) + log(b)"),
    ("pow(a, b) pow(a, c)",     "pow(a, b + c)"),
    ("sqrt(a^2)",               "abs(a)"),
    ("cosh(a)^2 - sinh(a)^2",   "1"),
    ("sinh(a + b)",             "sinh(a) cosh(b) + cosh(a) sinh(b)"),
    ("tanh(a)",                 "(exp(2 a) - 1)/(exp(2 a) + 1)"),
    ("sigmoid(a)",              "1/2 + 1/2 tanh(a/2)"),
    ("sigmoid(a) + sigmoid(-a)", "1"),
    ("softplus(a) - softplus(-a)", "a"),
    ("softplus(a) sigmoid(b)",  "log(1 + exp(a)) exp(b)/(1 + exp(b))"),
    ("asinh(sinh(a))",          "a"),
    ("atanh(tanh(a))",          "a"),
    ("sin(a)^2 + cos(a)^2",     "1"),
    ("sin(a + b)",              "sin(a) cos(b) + cos(a) sin(b)"),
    ("1 + tan(a)^2",            "1/cos(a)^2"),
    ("abs(a) sign(a)",          "a"),
    ("abs(a b)",                "abs(a) abs(b)"),
    ("max(a, b)",               "(a + b + abs(a - b))/2"),
    ("max(a, b) + min(a, b)",   "a + b"),
    ("max(a, max(a, b))",       "max(a, b)"),
    ("relu(a) - relu(-a)",      "a"),
    ("relu(a)",                 "where(a > 0, a, 0)"),
    ("gt(3 a, 3 b) + le(a, b)", "1"),
    ("where(a > 0, abs(a), 0)", "relu(a)"),
    ("abs(erf(a))",             "max(erf(a), -erf(a))"),
)  # fmt: skip

NO_LAWS = (
    ("exp(a + b)",              "exp(a) + exp(b)"),
    ("exp(1)",                  "2"),
    ("exp(-log(a))",            "a"),
    ("log(2)",                  "1"),
    ("log(a + b)",              "log(a) + log(b)"),
    ("log(1 + exp(a))",         "a"),
    ("log(sigmoid(a))",         "softplus(-a)"),
    ("pow(a, b)",               "pow(b, a)"),
    ("sqrt(a^2)",               "a"),
    ("acosh(cosh(a))",          "a"),
    ("asin(sin(a))",            "a"),
    ("atan(tan(a))",            "a"),
    ("cos(2 a)",                "2 cos(a)"),
    ("sin(a)",                  "cos(a)"),
    ("sigmoid(-a)",             "-sigmoid(a)"),
    ("softplus(a)",             "relu(a)"),
    ("abs(a)",                  "a"),
    ("abs(a)",                  "-a"),
    ("abs(a + b)",              "abs(a) + abs(b)"),
    ("relu(a)",                 "a"),
    ("relu(a)",                 "0"),
    ("max(a, b)",               "a"),
    ("ge(a, b)",                "gt(a, b)"),
    ("sign(a)^2",               "1"),
    ("where(a, b, c)",          "b"),
    ("where(a > 0, a, b)",      "a"),
    ("where(a > 0, where(b > 0, where(c > 0, a, b), a), a)", "a"),
    ("pow(gt(a, b), c)",        "1"),
    ("asinh(gt(a, b))",         "0"),
    ("relu(log(31) + a)",       "0"),
    ("erf(a)",                  "a"),
)  # fmt: skip


def scalar(text: str) -> Entry:
    return Entry(template(text, NAMES), ())


def agree(left: str, right: str) -> bool | None:
    """Whether two formulas agree; None where exact evaluation tells nothing."""
    try:
        return exact.agree(scalar(left), scalar(right))
    except UndefinedError:
        return None


@pytest.mark.parametrize(("left", "right"), LAWS)
def test_a_law_is_found(left: str, right: str) -> None:
    assert agree(left, right)


@pytest.mark.parametrize(("left", "right"), NO_LAWS)
def test_what_is_no_law_is_refused(left: str, right: str) -> None:
    assert not agree(left, right)


@pytest.mark.parametrize(("left", "right"), LAWS)
def test_a_law_with_another_right_side_is_refused(left: str, right: str) -> None:
    for wrong in (f"({right}) + 1", f"-({right})", f"2 ({right})", f"({right}) c", f"({right}) + where(c > 0, a, 0)"):
        assert agree(left, wrong) is False


SIGNS_OF_ROOTS = (
    ("relu(sqrt(2) - 1)",       "0"),
    ("relu(sqrt(3) - 1)",       "0"),
    ("gt(sqrt(2 a^2), abs(a))", "0"),
    ("sqrt(3 - 2 sqrt(2))",     "1 - sqrt(2)"),
    ("relu(exp(log(2)/2) - 1)", "0"),
    ("relu(asinh(1) + a)",      "0"),
    ("abs(31 a)",               "-31 abs(a)"),
    ("where(31 > a, a, a)",     "a"),
    ("sin(17989 a)",            "0"),
)  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SIGNS_OF_ROOTS)
def test_accidents_of_the_primes_are_no_evidence(left: str, right: str) -> None:
    assert agree(left, right) is None


TENSORS = (
    ("y_i = log(sum_j(exp(A_ij)))",     "y_i = logsumexp_j(A_ij)",                      True),
    ("y_i = log(sum_j(exp(A_ij + x_i)))", "y_i = x_i + logsumexp_j(A_ij)",              True),
    ("y_ij = softmax_j(A_ij)",          "y_ij = exp(A_ij)/sum_k(exp(A_ik))",            True),
    ("y_ij = softmax_j(A_ij)",          "y_ij = exp(A_ij)/sum_k(exp(A_kj))",            False),
    ("s = logdet(M)",                   "s = log(det(M))",                              True),
    ("s = logdet(inv(M))",              "s = -logdet(M)",                               True),
    ("s = det(M)",                      "s = tr(M)",                                    False),
    ("s = sum_i(softplus(x_i) - relu(x_i))", "s = sum_i(log(1 + exp(-abs(x_i))))",      True),
    ("s = sum_i(softplus(x_i))",        "s = sum_i(relu(x_i))",                         False),
    ("s = max_i(x_i)",                  "s = min_i(x_i)",                               False),
)  # fmt: skip


@pytest.mark.parametrize(("left", "right", "is_law"), TENSORS)
def test_laws_of_tensors(left: str, right: str, *, is_law: bool) -> None:
    a, b = (ed.parse(text, notation="index", declare={"M": "matrix(n, n)"}) for text in (left, right))
    names = {w: next(v for v in a.wires if v.index == w.index) for w in b.wires}
    assert exact.agree(a.entry, build.rename(b.entry, names)) == is_law


def test_what_is_assumed_of_a_matrix_is_used() -> None:
    for kind, left, right in (
        ("orthogonal", "Q_ij Q_ik x_j x_k", "x_i x_i"),
        ("symmetric", "Q_ij x_i u_j", "Q_ij x_j u_i"),
        ("skew", "Q_ij x_i x_j + 2", "2 + 0 x_i x_i"),
        ("diagonal", "Q_ij x_i x_j", "Q_ii x_i^2"),
    ):
        for declared in (kind, ""):
            declare = {"Q": f"matrix(n, n) {declared}", "x": "vector(n)", "u": "vector(n)"}
            a, b = (ed.parse(f"s = {text}", declare=declare).entry for text in (left, right))
            assert exact.agree(a, b) == bool(declared), kind
    declare = {"Q": "matrix(n, n) orthogonal"}
    assert not exact.agree(ed.parse("s = det(Q)", declare=declare).entry, build.number(1))


def test_shared_parts_of_which_nothing_can_be_told_stand_for_any_tensor() -> None:
    deep = "relu(sqrt(1 + sqrt(a)) - b)"
    assert agree(f"log(exp({deep}))", deep)
    assert agree(f"log(exp({deep}))", f"2 {deep}") is None


def test_every_function_of_the_table_has_laws_or_is_a_random_function() -> None:
    random_functions = {"acos"}
    conditions = {"gt", "ge", "lt", "le", "eq", "ne", "where"}
    assert set(DEFINITIONS) | random_functions | conditions == {row.name for row in ROWS}


def test_the_primes_are_what_the_laws_need() -> None:
    def is_prime(n: int) -> bool:
        return all(n % k for k in range(2, int(n**0.5) + 1))

    assert all(map(is_prime, (P, Q, R)))
    assert 2 * Q == P - 1
    assert (P + 1) % R == 0
    assert pow(-1, Q, P) == P - 1
    assert all(pow(n, Q, P) == 1 for n in range(1, 31))


def test_the_tables_of_powers_and_angles_are_homomorphisms() -> None:
    rng = np.random.default_rng(0)
    exp, log = exact._powers()
    k, n = rng.integers(0, Q, size=(2, 1000))
    assert (exp[k] * exp[n] % P == exp[(k + n) % Q]).all()
    assert (log[exp[k]] == k).all()
    assert (log >= 0).sum() == Q
    cos, sin = exact._circle()
    k, n = rng.integers(0, R, size=(2, 1000))
    assert ((cos[k] * cos[n] - sin[k] * sin[n]) % P == cos[(k + n) % R]).all()
    assert ((cos[k] * sin[n] + sin[k] * cos[n]) % P == sin[(k + n) % R]).all()
    assert len(set(zip(cos.tolist(), sin.tolist(), strict=True))) == R


ONE = "exp log log1p expm1 sqrt abs sign relu sin cos tan sinh cosh tanh asinh acosh sigmoid softplus".split()  # noqa: SIM905 - a table


def formula(rng: random.Random, depth: int) -> str:
    if depth == 0:
        return rng.choice(("a", "b", "a", "b", "1", "2"))
    inside = formula(rng, depth - 1)
    other = formula(rng, rng.randrange(depth))
    forms: list[Callable[[], str]] = [
        *[lambda: f"{rng.choice(ONE)}({inside})"] * 4,
        *[lambda: f"({inside} {rng.choice('+-*')} {other})"] * 4,
        lambda: f"{rng.choice(('max', 'min', 'gt', 'ge'))}({inside}, {other})",
        lambda: f"where({inside} > {other}, a, {other})",
    ]
    return rng.choice(forms)()


def test_random_formulas_that_agree_have_the_same_value() -> None:
    """No pair of some eighty formulas agrees exactly and differs in numbers."""
    rng = random.Random(5)
    texts = sorted({formula(rng, rng.choice((1, 2, 2))) for _ in range(80)})
    points = [
        {n: np.array(v) for n, v in zip("ab", np.random.default_rng(k).uniform(-2, 2, 2), strict=True)}
        for k in range(12)
    ]
    values = {text: [number(text, point) for point in points] for text in texts}
    found = 0
    for k, left in enumerate(texts):
        for right in texts[:k]:
            if agree(left, right):
                found += 1
                for u, v in zip(values[left], values[right], strict=True):
                    assert u is None or v is None or abs(u - v) <= 1e-9 * max(1, abs(u)), (left, right)
    assert found > 5


def number(text: str, point: dict[str, np.ndarray]) -> float | None:
    try:
        return float(evaluate(f"s = {text} + 0 a b", point).result)
    except (ArithmeticError, ValueError, ed.EinsdiffError):
        return None
