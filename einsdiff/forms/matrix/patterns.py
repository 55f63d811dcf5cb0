"""The look that a person would give a formula: a table of equations, applied from left to right.

In a row `x y z` are columns, `A B C D` matrices and `α β` scalars; in a product a letter is one factor or several.
Scalars in front of a product, further factors on both sides and further terms of a sum stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import permutations, product
from math import gcd

from einsdiff.algebra.nodes import exact, magnitude
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.collecting import collected
from einsdiff.forms.matrix.factoring import factored
from einsdiff.forms.matrix.finishing import finish
from einsdiff.forms.matrix.tree import Form
from einsdiff.text import tree as syntax
from einsdiff.text.parser import parse


@dataclass(frozen=True, slots=True)
class Pattern:
    """left = right, for all columns, matrices and scalars that fit."""

    name: str
    left: str
    right: str


# fmt: off
PATTERNS = (
    #       name                           left                       right
    Pattern("sum of a column",             "ones' x",                 "sum(x)"),
    Pattern("sum of a column",             "x' ones",                 "sum(x)"),
    Pattern("sum of a diagonal",           "sum(diag(A))",            "tr(A)"),
    Pattern("scaled rows",                 "diag(x) y",               "x .* y"),
    Pattern("scaled columns",              "x' diag(y)",              "(x .* y)'"),
    Pattern("scaled rows of ones",         "diag(x) (A + ones y')",   "diag(x) A + x y'"),
    Pattern("scaled columns of ones",      "(A + y ones') diag(x)",   "A diag(x) + y x'"),
    Pattern("product of diagonals",        "diag(x) diag(y)",         "diag(x .* y)"),
    Pattern("sum of diagonals",            "diag(x) + diag(y)",       "diag(x + y)"),
    Pattern("trace of an outer product",   "tr(x y')",                "y' x"),
    Pattern("trace of a scaled matrix",    "tr(diag(x) A)",           "x' diag(A)"),
    Pattern("common factor on the right",  "A x + B x",               "(A + B) x"),
    Pattern("common factor on the right",  "A C + B C",               "(A + B) C"),
    Pattern("common factor on the right",  "x' A + y' A",             "(x + y)' A"),
    Pattern("common factor on the right",  "x y' + z y'",             "(x + z) y'"),
    Pattern("common factor on the left",   "x' A + x' B",             "x' (A + B)"),
    Pattern("common factor on the left",   "C A + C B",               "C (A + B)"),
    Pattern("common factor on the left",   "C x + C y",               "C (x + y)"),
    Pattern("common factor on the left",   "x y' + x z'",             "x (y + z)'"),
    Pattern("common factor in the middle", "x' A y + x' B y",         "x' (A + B) y"),
    Pattern("common factor in the middle", "x' A z + y' A z",         "(x + y)' A z"),
    Pattern("sum of stacked columns",      "vec(A) + vec(B)",         "vec(A + B)"),
    Pattern("sum of stacked columns",      "vec(A)' + vec(B)'",       "vec(A + B)'"),
    Pattern("common factor in ⊗",          "kron(A, C) + kron(B, C)", "kron(A + B, C)"),
    Pattern("common factor in ⊗",          "kron(C, A) + kron(C, B)", "kron(C, A + B)"),
    Pattern("common factor in ⊗",          "kron(x, C) + kron(y, C)", "kron(x + y, C)"),
    Pattern("common factor in ⊗",          "kron(C, x) + kron(C, y)", "kron(C, x + y)"),
    Pattern("common factor in ⊗",          "kron(x', C) + kron(y', C)", "kron((x + y)', C)"),
    Pattern("common factor in ⊗",          "kron(C, x') + kron(C, y')", "kron(C, (x + y)')"),
    Pattern("common difference in ⊗",      "kron(A - B, C) + kron(B - A, D)", "kron(A - B, C - D)"),
    Pattern("common difference in ⊗",      "kron(C, A - B) + kron(D, B - A)", "kron(C - D, A - B)"),
)
# fmt: on

TERMS = 16
"""How many terms a sum may have and still be searched for common factors."""

COLUMN, MATRIX, SCALAR = "xyz", "ABCD", "αβ"
Bound = dict[str, Form]


def tidy(form: Form, sums: Collection[Form] = ()) -> Form:
    """Return a formula after the patterns, parts first, until none applies.

    Of `sums`, which stand in the text that was given, the signs are kept where they can be.
    """
    known: dict[Form, Form] = {}
    return finish(_unfolded(_tidied(form, known)), sums)


def _unfolded(form: Form) -> Form:
    """Return a form in which I ⊗ I is I, alone or beside other terms, which tell how it is folded."""
    if tree.is_identity(form):
        return tree.IDENTITY
    if form.head in ("sum", "product", "quotient"):
        return remade(form, [_unfolded(p) for p in form.parts])
    return form


def _tidied(form: Form, known: dict[Form, Form]) -> Form:
    found = known.get(form)
    if found is None:
        found = remade(form, [_tidied(p, known) for p in form.parts])
        after = _once(found)
        known[form] = found if after is None else _tidied(after, known)
        found = known[form]
    return found


def remade(form: Form, parts: Sequence[Form]) -> Form:
    """Return a form with other parts, through the makers."""
    if tuple(parts) == form.parts:
        return form
    match form.head:
        case "product":
            return makers.multiply(parts)
        case "sum":
            return makers.add(parts)
        case "transpose":
            return makers.transpose(parts[0])
        case "quotient":
            return makers.divide(*parts)
        case "power":
            return makers.power(*parts)
        case "kron":
            return makers.kron(*parts)
        case "entrywise" if form.name == "*":
            return makers.hadamard(parts)
        case "call" if form.name in _MAKERS:
            return _MAKERS[form.name](parts[0])
        case _:
            return Form(form.head, form.name, tuple(parts), form.shape, form.value)


_MAKERS: dict[str, Callable[[Form], Form]] = {
    "diag": makers.diagonal,
    "vec": makers.vec,
    "inv": makers.inverse,
    "adj": makers.adjugate,
    "tr": lambda body: makers.trace(tree.factors(body)),
    "sum": lambda body: makers.total(body) if body.shape == "c" else makers.call("sum", (body,), "s"),
}


def _once(form: Form) -> Form | None:
    """Return a form after the first pattern that applies at its head."""
    for rule in (_cleared, _row_sums, _common_scalar, collected, factored):
        shared = rule(form)
        if shared is not None:
            return shared
    for left, right in _rules().get(form.head, ()):
        for bound, around in _whole(left, form):
            after = around(_filled(right, bound))
            if after != form:
                return after
    return _common_number(form)


def _cleared(form: Form) -> Form | None:
    """Return u + α for α (u/α + 1)."""
    if form.head != "product":
        return None
    for s in form.parts:
        for k, t in enumerate(form.parts if s.shape == "s" else ()):
            if t.head == "sum" and t.shape == "s" and any(_is_over(u, s) for u in t.parts):
                terms = [u.parts[0] if _is_over(u, s) else makers.multiply([s, u]) for u in t.parts]
                rest = [p for n, p in enumerate(form.parts) if n != k and p is not s]
                return makers.multiply([*rest, makers.add(terms)])
    return None


def _is_over(form: Form, divisor: Form) -> bool:
    return form.head == "quotient" and form.parts[1] == divisor


def _row_sums(form: Form) -> Form | None:
    """Return diag(A B) for (A ⊙ Bᵀ) 𝟏, where that has fewer transposes."""
    chain = tree.chain_of(form)
    if form.head != "product" or len(chain) != 2 or chain[1] != tree.ONES:
        return None
    inner = chain[0]
    if (inner.head, inner.name, len(inner.parts)) != ("entrywise", "*", 2):
        return None
    left, right = inner.parts
    made = [makers.diagonal(makers.multiply([a, makers.transpose(b)])) for a, b in ((left, right), (right, left))]
    best = min(made, key=tree.transposes)
    scalars = [p for p in form.parts if p.shape == "s"]
    return makers.multiply([*scalars, best]) if tree.transposes(best) < tree.transposes(inner) else None


def _common_scalar(form: Form) -> Form | None:
    """Return α (u + v) for α u + α v, where α is no number."""
    if form.head != "sum" or form.shape == "s":
        return None
    groups: dict[Form, list[Form]] = {}
    for term in form.parts:
        c, rest = makers.coefficient(term)
        scalars, chain = makers.split(rest)
        groups.setdefault(makers.multiply(scalars), []).append(makers.multiply([tree.number(c), *chain]))
    alike = next((s for s, terms in groups.items() if s != tree.ONE and len(terms) > 1 and s.shape == "s"), None)
    if alike is None or any(t.shape != form.shape for t in groups[alike]):
        return None
    others = [makers.multiply([s, t]) for s, terms in groups.items() if s != alike for t in terms]
    return makers.add([makers.multiply([alike, makers.add(groups[alike])]), *others])


def _common_number(form: Form) -> Form | None:
    """Return c (u + v) for c u + c v, where c is a number, or c (a u + b v) for whole numbers."""
    if form.head != "sum":
        return None
    numbers = {magnitude(makers.coefficient(t)[0]) for t in form.parts}
    c = gcd(*map(int, numbers)) if all(isinstance(n, int) for n in numbers) else numbers.pop()
    if c == 1 or (numbers and not isinstance(c, int)):
        return None
    inner = makers.add([makers.multiply([tree.number(Fraction(1) / Fraction(c)), t]) for t in form.parts])
    return Form("product", "", (tree.number(exact(c)), inner), form.shape)


# ------------------------------------------------------------------------------------------------------------ matching


def _whole(left: Form, form: Form) -> Iterator[tuple[Bound, Callable[[Form], Form]]]:
    """Yield the ways in which a pattern fits a form or a part of it beside others, and what puts the rest around."""
    if left.head == "sum":
        if form.head != "sum" or len(form.parts) > TERMS:
            return
        fitting = [[k for k, t in enumerate(form.parts) if _may_be(p, t)] for p in left.parts]
        for chosen in product(*fitting):
            if len(set(chosen)) < len(chosen):
                continue
            rest = [t for k, t in enumerate(form.parts) if k not in chosen]
            terms = [form.parts[k] for k in chosen]
            for bound in _terms(left.parts, terms, {}):
                yield bound, partial(_among, rest)
    elif left.head == "product":
        scalars, chain = tree.factors_apart(form)
        if not _may_fit(left, chain):
            return
        for start in range(len(chain)):
            for stop in range(len(chain), start, -1):
                for bound in _chain(left.parts, chain[start:stop], {}):
                    yield bound, partial(_between, [*scalars, *chain[:start]], chain[stop:])
    else:
        for bound in _match(left, form, {}):
            yield bound, partial(_between, [], [])


def _may_fit(left: Form, chain: Sequence[Form]) -> bool:
    """Tell whether every factor of a pattern that is no letter has one of its kind in a chain."""
    kinds = {(f.head, f.name) for f in chain} | {(f.parts[0].head, f.parts[0].name) for f in chain if f.parts}
    wanted = (p.parts[0] if p.head == "transpose" else p for p in left.parts if not _is_letter(p))
    return all((p.head, p.name) in kinds for p in wanted)


def _may_be(pattern: Form, term: Form) -> bool:
    """Tell whether a term of a pattern fits a term, whatever its letters stand for in others."""
    parts = _parts(makers.coefficient(pattern)[1])
    return any(True for _ in _chain(parts, tree.factors_apart(term)[1], {}))


def _parts(pattern: Form) -> tuple[Form, ...]:
    return pattern.parts if pattern.head == "product" else (pattern,)


def _among(rest: Sequence[Form], new: Form) -> Form:
    return makers.add([new, *rest])


def _between(before: Sequence[Form], behind: Sequence[Form], new: Form) -> Form:
    return makers.multiply([*before, new, *behind])


def _terms(patterns: Sequence[Form], terms: Sequence[Form], bound: Bound) -> Iterator[Bound]:
    """Match terms; the scalars in front of a term go with the first letter that stands in no other term."""
    if not patterns:
        yield bound
        return
    scalars, chain = tree.factors_apart(terms[0])
    c, pattern = makers.coefficient(patterns[0])
    if c != 1:
        scalars = [s for s in tree.factors(makers.multiply([tree.number(Fraction(1) / c), *scalars])) if s != tree.ONE]
    own = {v for v in _letters(patterns[0]) if v not in bound and all(v not in _letters(p) for p in patterns[1:])}
    for found in _chain(_parts(pattern), chain, bound):
        named = found
        if scalars:
            absorber = next((v for v in sorted(own) if v in found), None)
            if absorber is None:
                continue
            named = found | {absorber: makers.multiply([*scalars, found[absorber]])}
        yield from _terms(patterns[1:], terms[1:], named)


def _chain(patterns: Sequence[Form], chain: Sequence[Form], bound: Bound) -> Iterator[Bound]:
    """Match a product factor by factor; a letter takes one factor or several."""
    if not patterns:
        if not chain:
            yield bound
        return
    first, rest = patterns[0], patterns[1:]
    most = len(chain) - len(rest)
    longest = most if _is_letter(first) else min(1, most)
    for width in range(1, longest + 1):
        piece = makers.multiply(chain[:width])
        for found in _match(first, piece, bound):
            yield from _chain(rest, chain[width:], found)


def _is_letter(pattern: Form) -> bool:
    inner = pattern.parts[0] if pattern.head == "transpose" else pattern
    return inner.head == "name" and inner.name in COLUMN + MATRIX + SCALAR


def _match(pattern: Form, form: Form, bound: Bound) -> Iterator[Bound]:
    """Match one factor, one argument or a whole."""
    if pattern.head == "name":
        if pattern.name not in COLUMN + MATRIX + SCALAR:
            if pattern == form:
                yield bound
        elif pattern.shape == form.shape and bound.get(pattern.name, form) == form:
            yield bound | {pattern.name: form}
        return
    if pattern.head == "transpose":
        if form.shape in "rm":
            yield from _match(pattern.parts[0], makers.transpose(form), bound)
        return
    if pattern.head == "product":
        scalars, chain = tree.factors_apart(form)
        if scalars and pattern.parts[0].shape == "s":
            yield from _chain(pattern.parts[1:], chain, bound | {pattern.parts[0].name: makers.multiply(scalars)})
        elif not scalars:
            yield from _chain(pattern.parts, chain, bound)
        return
    if pattern.head == "sum":
        every = makers.terms_of(form)
        if pattern.shape == form.shape and len(every) == len(pattern.parts):
            for terms in permutations(every):
                yield from _terms(pattern.parts, terms, bound)
        return
    if (pattern.head, pattern.name, len(pattern.parts)) != (form.head, form.name, len(form.parts)):
        return
    if pattern.shape != form.shape:
        return
    found = [bound]
    for p, f in zip(pattern.parts, form.parts, strict=True):
        found = [new for old in found for new in _match(p, f, old)]
    yield from found


def _letters(pattern: Form) -> list[str]:
    if _is_letter(pattern) and pattern.head == "name":
        return [pattern.name]
    return [letter for p in pattern.parts for letter in _letters(p)]


def _filled(right: Form, bound: Bound) -> Form:
    if right.head == "name":
        return bound.get(right.name, right)
    return remade(right, [_filled(p, bound) for p in right.parts])


# ------------------------------------------------------------------------------------------------------------- reading


@cache
def _rules() -> dict[str, list[tuple[Form, Form]]]:
    """Return both sides of the rows, by the head of the left one."""
    found: dict[str, list[tuple[Form, Form]]] = {}
    for row in PATTERNS:
        left = read(row.left)
        found.setdefault(left.head, []).append((left, read(row.right)))
    return found


def read(text: str) -> Form:
    """Return the form of a text in matrix notation with the letters of the table."""
    known = [*COLUMN, *MATRIX, *SCALAR]
    return _read(parse(text, notation="matrix", known=known).statements[0].body)


def _read(part: syntax.Tree) -> Form:
    match part:
        case syntax.Name(text):
            return tree.name(text, "c" if text in (*COLUMN, "ones") else "s" if text in SCALAR else "m")
        case syntax.Transpose(body):
            return makers.transpose(_read(body))
        case syntax.Multiply(factors):
            return makers.multiply(map(_read, factors))
        case syntax.Add(terms):
            return makers.add(map(_read, terms))
        case syntax.Negative(body):
            return makers.multiply([tree.number(-1), _read(body)])
        case syntax.Entrywise("*", left, right):
            return makers.hadamard([_read(left), _read(right)])
        case syntax.Kronecker(left, right):
            return makers.kron(_read(left), _read(right))
        case syntax.Call("diag", (body,)):
            return makers.diagonal(_read(body))
        case syntax.Call("vec", (body,)):
            return makers.vec(_read(body))
        case syntax.Call(function, (body,)) if function in ("sum", "tr"):
            return makers.call(function, (_read(body),), "s")
        case _:
            raise AssertionError(f"a pattern holds {type(part).__name__}")
