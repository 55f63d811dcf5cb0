"""Sums of matrix products as products of sums, where that takes fewer names.

A sum is a polynomial in matrices, which do not commute: a number for each monomial, its scalars and its chain.  What
divides it on one side is found by trying: sums that stand in it as factors, and sums of two pieces of its terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from einsdiff.algebra.nodes import Exact, exact
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.tree import IDENTITY, Form

Chain = tuple[Form, ...]
Monomial = tuple[Chain, Chain]
Polynomial = dict[Monomial, Exact]

MONOMIALS = 24
"""How many terms a sum may be multiplied out into and still be searched for factors."""

ORDERS = 4
"""How many terms stand side by side that have the same factors."""


def factored(form: Form) -> Form | None:
    """Return a sum with a factor taken out that leaves fewer names, or None."""
    if form.head != "sum" or form.shape == "s":
        return None
    found = [*_standing(form), *_hidden(form), *_inverted(form)]
    if found and makers.transpose(form) == form:
        found = [f for f in found if makers.transpose(f) == f]
    best = min(found, key=lambda f: (weight(f), len(str(f))), default=None)
    return best if best is not None and weight(best) < weight(form) else None


def side_by_side(form: Form) -> Form:
    """Return AᵀXᵀXᵀ + XᵀAᵀXᵀ + XᵀXᵀAᵀ for (A X + X A)ᵀXᵀ + XᵀXᵀAᵀ: a few terms of the same factors, in all orders."""
    if form.head != "sum" or form.shape == "s" or len({_monomial(t) is None for t in form.parts}) == 1:
        return form
    whole: Polynomial = {}
    for t in form.parts:
        for monomial, c in (expanded(_opened(t)) or {((), (t,)): 1}).items():
            whole[monomial] = exact(Fraction(whole.get(monomial, 0)) + c)
    factors = {(m[0], _sorted([f.parts[0] if f.head == "transpose" else f for f in m[1]])) for m in whole}
    found = _sum(whole)
    return found if len(factors) == 1 and len(whole) <= ORDERS and 4 * weight(found) <= 5 * weight(form) else form


def _opened(term: Form) -> Form:
    """Return a product in which sums are transposed term by term."""
    scalars, chain = makers.split(term)
    return _product(scalars, [_turned(f) for f in chain])


def _turned(form: Form) -> Form:
    is_sum = form.head == "transpose" and form.parts[0].head == "sum"
    return makers.add([makers.transpose(p) for p in form.parts[0].parts]) if is_sum else form


def weight(form: Form) -> int:
    """Return how many names stand in a form, I not counted."""
    return tree.degree(form) - tree.names(form).count(IDENTITY.name)


# --------------------------------------------------------------------------------------- a factor that stands as a sum


def _standing(form: Form) -> Iterator[Form]:
    """Yield (Bᵀ − I)(A x − y) for Bᵀ(A x − y) + y − A x, and what is left beside it."""
    for is_right in (True, False):
        sums = dict.fromkeys(s for t in form.parts if (s := _end(t, is_right=is_right)) is not None)
        for divisor in sums:
            found = _taken_out(form, divisor, is_right=is_right)
            if found is not None:
                yield found


def _end(term: Form, *, is_right: bool) -> Form | None:
    """Return the last or first factor of a product, where it is a sum."""
    chain = makers.split(term)[1]
    if len(chain) < 1 + (term.head != "product"):
        return None
    end = chain[-1 if is_right else 0]
    return end if len(makers.terms_of(end)) > 1 else None


def _taken_out(form: Form, divisor: Form, *, is_right: bool) -> Form | None:
    """Return q s + r, where q s is all that has the factor s or all its terms; None where q is one term."""
    negative = makers.multiply([tree.number(-1), divisor])
    quotients: list[Form] = []
    rest: list[Form] = []
    for t in form.parts:
        end = _end(t, is_right=is_right)
        if end in (divisor, negative):
            scalars, chain = makers.split(t)
            left = chain[:-1] if is_right else chain[1:]
            sign = 1 if end == divisor else -1
            quotients.append(_product([tree.number(sign), *scalars], left))
        else:
            rest.append(t)
    loose = _loose(rest)
    wanted = expanded(divisor)
    if wanted is None:
        return None
    for (front, behind), c in _multiples(loose, wanted, is_right=is_right):
        quotients.append(_product([tree.number(c), *front], behind))
    if len(quotients) < 2 or any(_hides_symmetry(q, divisor) for q in quotients):
        return None
    rest = [t for t in rest if _monomial(t) is None]
    parts = [makers.add(quotients), divisor] if is_right else [divisor, makers.add(quotients)]
    return makers.add([makers.multiply(parts), _sum(loose), *rest])


def _hides_symmetry(quotient: Form, divisor: Form) -> bool:
    """Tell whether a factor is better left in its term: S in S v vᵀ S, and in α S, where α I would be left."""
    scalars, chain = makers.split(makers.coefficient(quotient)[1])
    if not chain or not all(map(tree.is_identity, chain)):
        return divisor in chain or makers.transpose(divisor) in chain
    return any(s.head != "number" and s not in _parts(divisor) for s in scalars)


def _parts(form: Form) -> set[Form]:
    return {form}.union(*map(_parts, form.parts))


def _loose(terms: Sequence[Form]) -> Polynomial:
    """Return the terms that hold no sums, as a polynomial."""
    found: Polynomial = {}
    for t in terms:
        single = _monomial(t)
        if single is not None:
            found[single[0]] = exact(Fraction(found.get(single[0], 0)) + single[1])
    return found


def _monomial(term: Form) -> tuple[Monomial, Exact] | None:
    whole = expanded(term)
    return next(iter(whole.items())) if whole is not None and len(whole) == 1 else None


def _multiples(of: Polynomial, divisor: Polynomial, *, is_right: bool) -> Iterator[tuple[Monomial, Exact]]:
    """Yield q and c for each c q s whose terms all stand in a polynomial, and take them out of it."""
    lead = _leading(divisor)
    for monomial in list(of):
        q = _quotient(monomial, lead, is_right=is_right)
        if q is None or monomial not in of:
            continue
        c = exact(Fraction(of[monomial]) / Fraction(divisor[lead]))
        if c and all(of.get(_times(q, m, is_right=is_right)) == c * Fraction(k) for m, k in divisor.items()):
            for m in divisor:
                del of[_times(q, m, is_right=is_right)]
            yield q, c


# -------------------------------------------------------------------------------------------- a factor of a polynomial


def _hidden(form: Form) -> Iterator[Form]:
    """Yield (X A − X)(A − I) for X A A − 2 X A + X."""
    if len(form.parts) < 3 and all(t.head != "product" for t in form.parts):
        return
    whole = expanded(form)
    if whole is None or len(whole) < 3:
        return
    for is_right in (True, False):
        for divisor in _pairs(whole, is_right=is_right):
            quotient = _divided(whole, divisor, is_right=is_right)
            if quotient is None or len(quotient) < 2:
                continue
            sides = [_sum(quotient), _sum(divisor)]
            yield makers.multiply(sides if is_right else sides[::-1])


def _pairs(whole: Polynomial, *, is_right: bool) -> Iterator[Polynomial]:
    """Yield t + c r for terms p t and p r of a polynomial, where p t is its leading one."""
    lead = _leading(whole)
    seen = []
    for width in range(1, len(lead[1])):
        cut = len(lead[1]) - width
        prefix, suffix = (lead[1][:cut], lead[1][cut:]) if is_right else (lead[1][width:], lead[1][:width])
        for monomial in whole:
            q = _quotient(monomial, ((), prefix), is_right=not is_right)
            if q is None or q[1] == suffix:
                continue
            scalars = _without(monomial[0], lead[0])
            if scalars is None:
                continue
            ratio = exact(Fraction(whole[monomial]) / Fraction(whole[lead]))
            for c in dict.fromkeys((ratio, -1, 1)):
                pair: Polynomial = {((), suffix): 1, (scalars, q[1]): c}
                if pair not in seen:
                    seen.append(pair)
                    yield pair


def _divided(whole: Polynomial, divisor: Polynomial, *, is_right: bool) -> Polynomial | None:
    """Return q with q s = p, or s q = p on the left; None where there is a remainder."""
    left = dict(whole)
    lead = _leading(divisor)
    found: Polynomial = {}
    while left:
        if len(found) > MONOMIALS or len(left) > MONOMIALS:
            return None
        top = _leading(left)
        q = _quotient(top, lead, is_right=is_right)
        if q is None:
            return None
        c = exact(Fraction(left[top]) / Fraction(divisor[lead]))
        found[q] = exact(Fraction(found.get(q, 0)) + c)
        for m, k in divisor.items():
            product = _times(q, m, is_right=is_right)
            value = exact(Fraction(left.get(product, 0)) - Fraction(c) * k)
            left[product] = value
            if value == 0:
                del left[product]
    return found


# ------------------------------------------------------------------------------------------------- a factor that is M⁻¹


def _inverted(form: Form) -> Iterator[Form]:
    """Yield M⁻¹ (M − A) for I − M⁻¹ A, multiplied out."""
    chains = [makers.split(makers.coefficient(t)[1])[1] for t in form.parts]
    for is_right in (True, False):
        ends = dict.fromkeys(_inverse_ends(chains, is_right=is_right))
        for rest, inverse, body in ends:
            found = _over_inverse(form, rest, inverse, body, is_right=is_right)
            if found is not None:
                yield found


def _inverse_ends(chains: Sequence[Sequence[Form]], *, is_right: bool) -> Iterator[tuple[Chain, Form, Form]]:
    """Yield M⁻¹ with M and what stands behind it in a chain, or before it."""
    for chain in chains:
        for k, f in enumerate(chain):
            inner = f.parts[0] if f.head == "transpose" else f
            if inner.name == "inv" and inner.parts[0].head == "sum":
                body = makers.transpose(inner.parts[0]) if f.head == "transpose" else inner.parts[0]
                yield tuple(chain[k + 1 :] if is_right else chain[:k]), f, body


def _over_inverse(form: Form, rest: Chain, inverse: Form, body: Form, *, is_right: bool) -> Form | None:
    """Return q M⁻¹ rest, or rest M⁻¹ q, for a sum of which all terms end in that or in rest alone."""
    whole = (inverse, *rest) if is_right else (*rest, inverse)
    quotients: list[Form] = []
    for t in form.parts:
        scalars, chain = makers.split(t)
        q = _quotient(((), tuple(chain)), ((), whole), is_right=is_right)
        factors: Chain
        if q is not None:
            factors = q[1]
        elif (q := _quotient(((), tuple(chain)), ((), rest), is_right=is_right)) is not None:
            factors = (*q[1], body) if is_right else (body, *q[1])
        else:
            return None
        quotients.append(makers.multiply([*scalars, *factors, IDENTITY]))
    polynomial = expanded(makers.add(quotients))
    if polynomial is None:
        return None
    inside = _sum(polynomial)
    return makers.multiply([inside, *whole] if is_right else [*whole, inside])


# --------------------------------------------------------------------------------------------------------- polynomials


def expanded(form: Form) -> Polynomial | None:
    """Return a form multiplied out; None where that takes too many terms."""
    found: Polynomial = {}
    for term in makers.terms_of(form):
        if term.shape == "s":
            return None
        c, rest = makers.coefficient(term)
        scalars, chain = makers.split(rest)
        partial: Polynomial = {(_sorted(scalars), ()): c}
        for f in chain:
            partial = _multiplied(partial, f)
            if len(partial) > MONOMIALS:
                return None
        for monomial, k in partial.items():
            found[monomial] = exact(Fraction(found.get(monomial, 0)) + k)
    found = {m: c for m, c in found.items() if c != 0}
    return found if 0 < len(found) <= MONOMIALS else None


def _multiplied(left: Polynomial, factor: Form) -> Polynomial:
    """Return a polynomial with one more factor on the right."""
    if factor == IDENTITY:
        return left
    terms = makers.terms_of(factor)
    pieces: Polynomial = {((), (factor,)): 1}
    if len(terms) > 1 and all(t.shape != "s" for t in terms):
        pieces = expanded(factor) or pieces
    found: Polynomial = {}
    for first, c in left.items():
        for second, k in pieces.items():
            both = _times(first, second, is_right=True)
            found[both] = exact(Fraction(found.get(both, 0)) + Fraction(c) * k)
    return {m: c for m, c in found.items() if c != 0}


def _times(q: Monomial, m: Monomial, *, is_right: bool) -> Monomial:
    """Return q m, or m q."""
    return _sorted((*q[0], *m[0])), (*q[1], *m[1]) if is_right else (*m[1], *q[1])


def _quotient(whole: Monomial, part: Monomial, *, is_right: bool) -> Monomial | None:
    """Return q with q m = p, or m q = p on the left."""
    scalars = _without(whole[0], part[0])
    width = len(part[1])
    if scalars is None or width > len(whole[1]):
        return None
    cut = len(whole[1]) - width
    left, end = (whole[1][:cut], whole[1][cut:]) if is_right else (whole[1][width:], whole[1][:width])
    return (scalars, left) if end == part[1] else None


def _without(scalars: Chain, some: Chain) -> Chain | None:
    left = Counter(scalars)
    left.subtract(Counter(some))
    return None if any(n < 0 for n in left.values()) else _sorted(tuple(left.elements()))


def _sorted(scalars: Sequence[Form]) -> Chain:
    return tuple(sorted(scalars, key=str))


def _leading(of: Polynomial) -> Monomial:
    return max(of, key=lambda m: (len(m[1]), [str(f) for f in m[1]], -len(m[0]), [str(f) for f in m[0]]))


# ----------------------------------------------------------------------------------------------- polynomials to forms


def _sum(of: Polynomial) -> Form:
    terms = [_product([tree.number(c), *scalars], chain) for (scalars, chain), c in of.items()]
    return makers.add(terms)


def _product(scalars: Sequence[Form], chain: Sequence[Form]) -> Form:
    """Return a product; a chain of nothing is I, since no scalar stands beside matrices, columns or rows."""
    return makers.multiply([*scalars, *(chain or [IDENTITY])])
