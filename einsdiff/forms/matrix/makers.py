"""The makers of formulas in matrix notation, which keep them tidy.

They flatten products and sums, carry transposes to the names, and drop factors that are one; whatever is cleverer is a
row of `patterns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from einsdiff.algebra.entries import exact_power
from einsdiff.algebra.nodes import Exact, exact, magnitude
from einsdiff.forms.matrix.tree import (
    COMMUTATION,
    IDENTITY,
    ONE,
    ONES,
    TRANSPOSED,
    WHOLE,
    ZERO,
    Form,
    chain_of,
    degree,
    is_entrywise,
    is_identity,
    is_numeric_power,
    is_ones,
    names,
    number,
    shape_of_chain,
    transposes,
)

# ---------------------------------------------------------------------------------------------------------- transpose


def transpose(form: Form) -> Form:
    """Return formᵀ, with the transposes at the names where they can be."""
    if form.transposed is None:
        object.__setattr__(form, "transposed", _transpose(form))
    assert form.transposed is not None
    return form.transposed


def _transpose(form: Form) -> Form:
    if form.shape == "s" or form.is_symmetric or form == COMMUTATION:
        return form
    match form.head:
        case "transpose":
            return form.parts[0]
        case "product":
            scalars, chain = split(form)
            return multiply([*scalars, *(transpose(f) for f in reversed(chain))])
        case "sum":
            turned = add([transpose(p) for p in form.parts])
            is_better = transposes(turned) <= transposes(form)
            return turned if is_better else Form("transpose", "", (form,), TRANSPOSED[form.shape])
        case "kron":
            return kron(*(transpose(p) for p in form.parts))
        case "quotient":
            return divide(transpose(form.parts[0]), form.parts[1])
        case _:
            wrapped = Form("transpose", "", (form,), TRANSPOSED[form.shape])
            if form.shape == "m" and (form.head in ("entrywise", "where") or is_entrywise(form)):
                sides = tuple(transpose(p) for p in form.parts)
                inside = hadamard(sides) if (form.head, form.name) == ("entrywise", "*") else replace(form, parts=sides)
                return min(wrapped, inside, key=transposes)
            return wrapped


# ------------------------------------------------------------------------------------------------------------ products


def coefficient(form: Form) -> tuple[Exact, Form]:
    """Return the number in front of a form, and the rest."""
    if form.head == "number":
        return form.value, ONE
    if form.head == "quotient":
        c, above = coefficient(form.parts[0])
        return (c, divide(above, form.parts[1])) if c != 1 else (1, form)
    if form.head == "product" and form.parts[0].head == "number":
        return form.parts[0].value, _product(form.parts[1:])
    return 1, form


def split(form: Form) -> tuple[list[Form], list[Form]]:
    """Return the scalars in front of a form, the number first, and its chain of columns, rows and matrices."""
    if form.head == "quotient" and form.shape != "s":
        scalars, chain = split(form.parts[0])
        return [*scalars, divide(ONE, form.parts[1])], chain
    if form.head != "product":
        return ([form], []) if form.shape == "s" else ([], [form])
    if form.shape == "s" and any(p.shape != "s" for p in form.parts):
        c, rest = coefficient(form)
        return ([number(c), rest] if c != 1 else [rest]), []
    scalars = [p for p in form.parts if p.shape == "s"]
    return scalars, [p for p in form.parts if p.shape != "s"]


def multiply(factors: Iterable[Form]) -> Form:
    """Return the matrix product, scalars in front."""
    c: Exact = 1
    scalars: list[Form] = []
    below: list[Form] = []
    chain: list[Form] = []
    for f in factors:
        in_front, matrices = split(f)
        for s in in_front:
            if s.head == "number":
                c = exact(Fraction(c) * s.value)
            elif s.head == "quotient":
                front, above = coefficient(s.parts[0])
                c = exact(Fraction(c) * front)
                scalars += [above] if above != ONE else []
                below.append(s.parts[1])
            else:
                scalars += list(_scalar_factors(s))
        chain += [m for m in matrices if not is_identity(m)] or (matrices[:1] if not chain else [])
    if c == 0:
        return ZERO
    if len(chain) > 1:
        chain = [m for m in chain if not is_identity(m)] or chain[:1]
    inner, chain = _closed(chain)
    scalars += inner
    scalars = _gathered(scalars)
    if not chain and len(scalars) == 1 and scalars[0].head == "product":
        scalars = list(scalars[0].parts)
    if c < 0:
        c, chain = _turned(c, chain)
    whole = _product([*([number(c)] if c != 1 else []), *scalars, *chain])
    return divide(whole, multiply(below)) if below else whole


def _turned(c: Exact, chain: list[Form]) -> tuple[Exact, list[Form]]:
    """Return −(a − b) as b − a, where a factor is such a difference."""
    for k, f in enumerate(chain):
        found = _negated(f)
        if found is not None and sum(g in (f, transpose(f)) for g in chain) == 1:
            return -c, [*chain[:k], found, *chain[k + 1 :]]
    return c, chain


def _negated(form: Form) -> Form | None:
    """Return −form where it has no more signs than the form: b − a for a − b, also deep in products and vec."""
    if form.head == "sum":
        signs = [coefficient(t)[0] for t in form.parts]
        begins_with_number = any(c > 0 and t.shape == "s" for c, t in zip(signs, form.parts, strict=True))  # 1 − p
        if 2 * sum(c < 0 for c in signs) < len(signs) or (form.shape != "s" and begins_with_number):
            return None
        return add([multiply([number(-1), t]) for t in form.parts])
    is_linear = form.head in ("transpose", "product", "kron") or (form.head, form.name) in LINEAR
    for k, part in enumerate(form.parts if is_linear else ()):
        found = _negated(part) if part.shape != "s" else None
        if found is not None:
            parts = [*form.parts[:k], found, *form.parts[k + 1 :]]
            match form.head:
                case "transpose":
                    return transpose(found)
                case "product":
                    return multiply(parts)
                case "kron":
                    return kron(*parts)
                case "entrywise":
                    return hadamard(parts)
                case _:
                    return vec(found) if form.name == "vec" else diagonal(found)
    return None


LINEAR = frozenset((("entrywise", "*"), ("call", "vec"), ("call", "diag")))
"""Forms that turn their sign with that of any part."""


def _scalar_factors(s: Form) -> Iterator[Form]:
    """The scalar factors of a scalar product; x' A y is one."""
    if s.head == "product" and all(p.shape == "s" for p in s.parts):
        yield from s.parts
    else:
        yield s


def _gathered(scalars: Sequence[Form]) -> list[Form]:
    """Return scalars sorted, equal ones as powers."""
    powers: dict[Form, Exact] = {}
    for s in scalars:
        base, exponent = (s.parts[0], s.parts[1].value) if is_numeric_power(s) else (s, 1)
        powers[base] = exact(Fraction(powers.get(base, 0)) + exponent)
    made = [power(base, number(e)) for base, e in powers.items() if e != 0]
    return sorted(made, key=lambda f: (f.head != "name", str(f)))


def _product(parts: Sequence[Form]) -> Form:
    if not parts:
        return ONE
    if len(parts) == 1:
        return parts[0]
    chain = [p for p in parts if p.shape != "s"]
    return Form("product", "", tuple(parts), shape_of_chain(chain))


def _closed(chain: Sequence[Form]) -> tuple[list[Form], list[Form]]:
    """Return the scalars x' A y that stand inside of a chain, and what is left of it.

    A column ends a run of factors, since it has no columns; the next run begins with a row.
    """
    runs: list[list[Form]] = [[]]
    for f in chain:
        if runs[-1] and (runs[-1][-1].shape == "c" or f.shape == "r"):
            runs.append([])
        runs[-1].append(f)
    closed = [r for r in runs if r and r[0].shape == "r" and r[-1].shape == "c"]
    if len(runs) == 1:
        return [], list(chain)
    left = [f for r in runs if r not in closed for f in r]
    return [_product(r) for r in closed], left


def divide(above: Form, below: Form) -> Form:
    """Return above / below for a scalar below."""
    c, rest = coefficient(below)
    if c != 1:
        above = multiply([number(Fraction(1) / Fraction(c)), above])
    if rest == ONE:
        return above
    if above.head == "quotient":
        above, rest = above.parts[0], multiply([above.parts[1], rest])
    return Form("quotient", "", (above, rest), above.shape)


def power(base: Form, exponent: Form) -> Form:
    """Return base^exponent for scalars; a negative power is a quotient, (x' x)^½ a norm."""
    if exponent == ONE:
        return base
    if base.head == "number" and exponent.head == "number" and isinstance(exponent.value, int):
        value = exact_power(base.value, exponent.value)
        return Form("power", "", (base, exponent), "s") if value is None else number(value)
    if is_numeric_power(base) and exponent.head == "number" and base.parts[0].name in ("norm", "normF"):
        return power(base.parts[0], number(exact(Fraction(base.parts[1].value) * exponent.value)))
    if exponent.head == "number" and exponent.value < 0:
        return divide(ONE, power(base, number(magnitude(exponent.value))))
    return Form("power", "", (base, exponent), "s")


# ---------------------------------------------------------------------------------------------------------------- sums


def terms_of(form: Form) -> tuple[Form, ...]:
    """Return the terms of a sum, also of one that stands transposed."""
    if form.head == "transpose" and form.parts[0].head == "sum":
        return tuple(map(transpose, form.parts[0].parts))
    return form.parts if form.head == "sum" else (form,)


def add(terms: Iterable[Form]) -> Form:
    """Return the sum of terms of one shape; scalars beside others stand for all entries."""
    flat: list[Form] = []
    for t in terms:
        c, rest = coefficient(t)
        inner = terms_of(rest)
        flat += inner if c == 1 else [multiply([number(c), p]) for p in inner] if len(inner) > 1 else [t]
    counts: dict[Form, Exact] = {}
    for t in flat:
        c, rest = coefficient(t)
        counts[rest] = exact(Fraction(counts.get(rest, 0)) + c)
    kept = [multiply([number(c), rest]) for rest, c in counts.items() if c != 0]
    if not kept:
        return ZERO
    if len(kept) == 1:
        return kept[0]
    kept.sort(key=reading_order)
    kept = _constant_last(kept)
    shape = next((t.shape for t in kept if t.shape != "s"), "s")
    if all(coefficient(t)[0] < 0 for t in kept):
        return multiply([number(-1), add([multiply([number(-1), t]) for t in kept])])
    return Form("sum", "", tuple(kept), shape)


def _constant_last(terms: list[Form]) -> list[Form]:
    """Return log(p) − log(q) + 1 for log(p) + 1 − log(q): a number or I stands last where another term is positive."""
    is_constant = [_is_constant(t) for t in terms]
    if terms[0].shape == "s" == terms[-1].shape or is_constant[0] or not any(is_constant):
        return terms
    return [t for t, c in zip(terms, is_constant, strict=True) if not c] + [
        t for t, c in zip(terms, is_constant, strict=True) if c
    ]


def _is_constant(term: Form) -> bool:
    rest = coefficient(term)[1]
    return rest == ONE or is_identity(rest)


def reading_order(term: Form) -> tuple[object, ...]:
    """Positive terms first, then long ones; few transposes first; behind others numbers and I, unless negative."""
    c, rest = coefficient(term)
    return (c < 0, rest == ONE or any(map(is_identity, chain_of(rest))), -degree(rest), transposes(rest), str(rest))


# ------------------------------------------------------------------------------------------------------ entry by entry


def hadamard(factors: Sequence[Form], divisors: Sequence[Form] = ()) -> Form:
    """Return the product entry by entry, over that of the divisors; ones are left out."""
    scalars: list[Form] = []
    above: dict[Form, Exact] = {}
    for f, sign in [*((f, 1) for f in factors), *((f, -1) for f in divisors)]:
        in_front, chain = split(f)
        scalars += in_front if sign > 0 else [power(s, number(-1)) for s in in_front]
        body = _product(chain)
        if is_ones(body) or not chain:
            continue
        for part, side in entrywise_factors(body):
            base, e = split_entrywise_power(part)
            above[base] = exact(Fraction(above.get(base, 0)) + sign * side * Fraction(e))
    scaling = [_diagonal_power(b, e) for b, e in above.items()]
    if None in scaling and any(scaling):
        rest = [entrywise_power(b, e) for (b, e), s in zip(above.items(), scaling, strict=True) if s is None and e != 0]
        return multiply([*scalars, *(m for s in scaling for m in s or ()), hadamard(rest)])
    upper = [entrywise_power(b, e) for b, e in above.items() if e > 0]
    lower = [entrywise_power(b, magnitude(e)) for b, e in above.items() if e < 0]
    shape = next((f.shape for f in (*factors, *divisors) if f.shape != "s"), "s")
    upper = sorted(upper, key=lambda f: (degree(f), _kinship(f, upper), f.head != "name", len(str(f)), str(f)))
    top = Form("entrywise", "*", tuple(upper), shape) if len(upper) > 1 else upper[0] if upper else None
    if not lower:
        whole = top if top is not None else _ones_of(shape)
    else:
        bottom = hadamard(lower)
        whole = Form("entrywise", "/", (top if top is not None else ONE, bottom), shape)
    return multiply([*scalars, whole])


def _kinship(form: Form, factors: Sequence[Form]) -> int:
    """Return 0 for a name that stands in no other factor, 1 where some name does, 2 else: w ⊙ p ⊙ (1 − p) ⊙ exp(z)."""
    own = set(names(form))
    if any(f != form and not own.isdisjoint(names(f)) for f in factors):
        return 1
    return 0 if split_entrywise_power(form)[0].head == "name" else 2


def entrywise_factors(form: Form) -> Iterator[tuple[Form, int]]:
    """Yield the factors of an entrywise product with 1, its divisors with −1."""
    if form.head == "entrywise" and form.name in "*/":
        for k, part in enumerate(form.parts):
            sign = -1 if form.name == "/" and k else 1
            yield from ((f, sign * side) for f, side in entrywise_factors(part))
    elif form != ONE:
        yield form, 1


def _diagonal_power(base: Form, exponent: Exact) -> list[Form] | None:
    """Return D D … or D⁻¹ D⁻¹ …, the diagonal matrices whose entries are a power of diag(D), or None."""
    if base.head != "call" or base.name != "diag" or not base.parts[0].is_diagonal or not isinstance(exponent, int):
        return None
    return [base.parts[0] if exponent > 0 else inverse(base.parts[0])] * abs(exponent)


def root(form: Form) -> Form | None:
    """Return the form whose square, entry by entry, a form is, or None."""
    powers = [
        (base, Fraction(e) * side / 2) for f, side in entrywise_factors(form) for base, e in [split_entrywise_power(f)]
    ]
    if any(e.denominator > 1 for _, e in powers):
        return None
    upper = [entrywise_power(base, exact(e)) for base, e in powers if e > 0]
    return hadamard(upper, [entrywise_power(base, exact(-e)) for base, e in powers if e < 0])


def _ones_of(shape: str) -> Form:
    return {"c": ONES, "r": transpose(ONES), "m": multiply([ONES, transpose(ONES)])}.get(shape, ONE)


def split_entrywise_power(form: Form) -> tuple[Form, Exact]:
    """Return x and 2 of x .^ 2, and 1 of what is no power."""
    if form.head == "entrywise" and form.name == "^" and form.parts[1].head == "number":
        return form.parts[0], form.parts[1].value
    return form, 1


def _unpowered(form: Form) -> list[Form]:
    """Return the factors x, x of x .^ 2."""
    base, e = split_entrywise_power(form)
    return [base] * e if isinstance(e, int) and e > 0 else [form]


def entrywise_power(base: Form, exponent: Exact) -> Form:
    """Return base .^ exponent."""
    if base.shape == "s":
        return power(base, number(exponent))
    inner, e = split_entrywise_power(base)
    if e != 1 and isinstance(exponent, int):
        base, exponent = inner, exact(Fraction(e) * exponent)
    if exponent == 1:
        return base
    if base.head == "transpose":
        return transpose(entrywise_power(base.parts[0], exponent))
    if exponent < 0:
        return Form("entrywise", "/", (ONE, entrywise_power(base, -exponent)), base.shape)
    return Form("entrywise", "^", (base, number(exponent)), base.shape)


# --------------------------------------------------------------------------------------------------------------- calls


def call(function: str, parts: Sequence[Form], shape: str) -> Form:
    """Return f(u, …); f(Aᵀ) is f(A)ᵀ where f goes entry by entry."""
    if function not in WHOLE and len(parts) == 1 and parts[0].head == "transpose" and parts[0].parts[0].head != "sum":
        return transpose(call(function, parts[0].parts, TRANSPOSED[shape]))
    return Form("call", function, tuple(parts), shape)


def inverse(body: Form) -> Form:
    """Return body⁻¹, the transpose outside where it is better there."""
    if body.head == "transpose" or transposes(body) > transposes(transpose(body)):
        return transpose(inverse(transpose(body)))
    if body == IDENTITY:
        return body
    if body.head == "call" and body.name == "inv":
        return body.parts[0]
    return Form("call", "inv", (body,), "m", 0, body.is_symmetric or transpose(body) == body)


def adjugate(body: Form) -> Form:
    """Return adj(body), the transpose outside where it is better there."""
    if body.head == "transpose" or transposes(body) > transposes(transpose(body)):
        return transpose(adjugate(transpose(body)))
    return Form("call", "adj", (body,), "m", 0, body.is_symmetric or transpose(body) == body)


def determinant(function: str, body: Form) -> Form:
    """Return det or logdet, of a matrix or of its transpose, whichever reads best."""
    return call(function, (min(body, transpose(body), key=transposes),), "s")


def diagonal(body: Form) -> Form:
    """Return diag of a column, or the diagonal of a matrix as a column."""
    scalars, chain = split(body)
    if body.shape == "c" and len(chain) == 1 and is_ones(chain[0]):
        return multiply([*scalars, IDENTITY])
    if body.shape == "m" and len(chain) == 1 and chain[0].head == "transpose":
        chain = [chain[0].parts[0]]
    if body.shape == "m" and len(chain) == 1 and chain[0].head == "entrywise" and chain[0].name in "^/":
        sides = tuple(p if p.shape == "s" else diagonal(p) for p in chain[0].parts)
        return multiply([*scalars, replace(chain[0], parts=sides, shape="c")])
    if len(chain) == 1 and chain[0] == IDENTITY:
        return multiply([*scalars, ONES])
    shape = "m" if body.shape in "cr" else "c"
    if body.shape == "r":
        chain = list(chain_of(transpose(_product(chain))))
    if shape == "m":
        matrices, chain = _diagonals(chain)
        if matrices:
            return multiply([*scalars, *matrices, diagonal(_product(chain))] if chain else [*scalars, *matrices])
    found = Form("call", "diag", (_product(chain),), shape, 0, shape == "m")
    return multiply([*scalars, found])


def _diagonals(chain: list[Form]) -> tuple[list[Form], list[Form]]:
    """Return the diagonal matrices D of a column D x, or of diag(D), and what is left of it."""
    if len(chain) != 1:
        width = next((k for k, f in enumerate(chain) if not _is_scaling(f)), len(chain))
        return chain[:width], chain[width:]
    found: list[Form] = []
    for part, side in entrywise_factors(chain[0]):
        base, e = split_entrywise_power(part)
        matrices = _diagonal_power(base, exact(side * Fraction(e)))
        if matrices is None:
            return [], chain
        found += matrices
    return found, []


def _is_scaling(form: Form) -> bool:
    """Tell whether a form is a matrix that is declared diagonal, or the inverse of one."""
    return form.is_diagonal or (form.head == "call" and form.name == "inv" and form.parts[0].is_diagonal)


def vec(body: Form) -> Form:
    """Return the columns of a matrix, stacked."""
    if body.shape in "cs":
        return body
    if body.shape == "r":
        return transpose(body)
    scalars, chain = split(body)
    return multiply([*scalars, call("vec", (_product(chain),), "c")])


def kron(*factors: Form) -> Form:
    """Return A ⊗ B ⊗ …; scalars stand in front."""
    scalars: list[Form] = []
    parts: list[Form] = []
    for f in factors:
        in_front, chain = split(f)
        scalars += in_front
        body = _product(chain)
        parts += body.parts if body.head == "kron" else [body] if chain else []
    if len(parts) < 2:
        return multiply([*scalars, *parts])
    return multiply([*scalars, Form("kron", "", tuple(parts), _shape_of_kron([p.shape for p in parts]))])


def _shape_of_kron(shapes: Sequence[str]) -> str:
    rows, columns = any(s in "cm" for s in shapes), any(s in "rm" for s in shapes)
    return "m" if rows and columns else "c" if rows else "r"


def trace(chain: Sequence[Form]) -> Form:
    """Return tr of a product: of its rotations and its transpose the one that reads best."""
    whole = multiply(chain)
    scalars, factors = split(whole)
    if not factors:
        return whole
    turned = [factors[k:] + factors[:k] for k in range(len(factors))]
    turned += [[transpose(f) for f in reversed(t)] for t in turned]
    best = min(turned, key=lambda t: (sum(map(transposes, t)), t[0].head != "transpose", [str(f) for f in t]))
    return multiply([*scalars, call("tr", (_product(best),), "s")])


def inner(left: Form, right: Form) -> Form:
    """Return left' right for two columns: of the two ways to write it the one that reads best."""
    for one, other in ((left, right), (right, left)):
        matrices, rest = _diagonals([one])
        if matrices and not rest:
            return total(multiply([*matrices, other]))
    if left == right and left.head in ("sum", "entrywise"):
        return power(call("norm", [left], "s"), number(2))
    both = [multiply([transpose(left), right]), multiply([transpose(right), left])]
    return min(both, key=lambda f: (transposes(f), _ends(f)))


def _ends(form: Form) -> tuple[str, ...]:
    return tuple(str(f) for f in chain_of(form))


def total(column: Form) -> Form:
    """Return the sum of the entries of a column; of a square x .^ 2 it is x' x."""
    base, exponent = split_entrywise_power(column)
    if exponent == 2:
        return inner(base, base)
    matrices, rest = _diagonals(list(chain_of(column)))
    if matrices and len(rest) == 1 and rest[0].head == "call" and rest[0].name == "diag":
        return trace([*matrices, *chain_of(rest[0].parts[0])])
    if matrices and len(rest) == 1 and rest[0].head == "entrywise" and rest[0].name in "*^":
        first, *others = [p for f, side in entrywise_factors(rest[0]) for p in _unpowered(f) if side > 0]
        return multiply([transpose(first), *matrices, hadamard(others)])
    if column.head == "call" and column.name == "diag":
        return trace(chain_of(column.parts[0]))
    if column.head == "entrywise" and column.name == "*":
        last = max(range(len(column.parts)), key=lambda k: (degree(column.parts[k]), k))
        rest = [p for k, p in enumerate(column.parts) if k != last]
        return inner(hadamard(rest), column.parts[last])
    if column.head == "product" and column.parts[-1] == ONES:
        whole = _product(column.parts[:-1])
        whole = min(whole, transpose(whole), key=transposes)
        square, exponent = split_entrywise_power(whole)
        return power(call("normF", [square], "s"), number(2)) if exponent == 2 else call("sum", (whole,), "s")
    return call("sum", (column,), "s")
