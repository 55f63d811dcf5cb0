"""The last look over a formula: one sign for x − y, (A − I)ᵀ for Aᵀ − I beside others, I − W Wᵀ for projections.

The makers turn signs where one formula is made; only the whole shows that x − y and y − x both stand in it.  What is
made here no longer goes through the makers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from einsdiff.algebra.nodes import Exact, exact, magnitude
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.factoring import side_by_side
from einsdiff.forms.matrix.tree import TRANSPOSED, Form

LINEAR = frozenset(("transpose", "product", "kron", "quotient"))


def finish(form: Form, known: Collection[Form] = ()) -> Form:
    """Return a formula as it is to be written; `known` are sums as they stand in the text that was given."""
    form = _everywhere(_everywhere(form, side_by_side), _with_transposes)
    for difference, opposite in _opposites(form, known):
        form = _with(form, opposite, difference)
    for difference in known:
        opposite = _minus(difference)
        if opposite in set(_sums(form)):
            form = min(_with(form, opposite, difference), form, key=_minuses)
    return _everywhere(form, _polished)


def _minuses(form: Form) -> int:
    """Return how many minuses stand in a formula."""
    return int(form.head == "number" and form.value < 0) + sum(map(_minuses, form.parts))


def _with(form: Form, old: Form, new: Form) -> Form:
    """Return a form in which −new stands for old."""
    sign, found = _oriented(form, old, new)
    return found if sign > 0 else negative(found)


# --------------------------------------------------------------------------------------------------------------- signs


def _opposites(form: Form, known: Collection[Form]) -> list[tuple[Form, Form]]:
    """Return the sums of which the opposite stands in a formula, too, the one first that stands more often.

    Those in norms and functions count twice, since their signs are those of the text, and so does the last factor of a
    product, since the makers turn the first.
    """
    counts = Counter(_sums(form))
    alike: dict[frozenset[Form], list[Form]] = {}
    for s in counts:
        alike.setdefault(frozenset(_coefficients(s)), []).append(s)
    found = []
    for group in alike.values():
        for a, b in combinations(group, 2):
            if _are_opposite(a, b):
                order = sorted((a, b), key=lambda s: (s not in known, -counts[s], str(s)))
                found.append((order[0], order[1]))
    return found


def _minus(form: Form) -> Form:
    return makers.add([makers.multiply([tree.number(-1), t]) for t in form.parts])


def _coefficients(form: Form) -> dict[Form, Exact]:
    return {rest: c for c, rest in map(makers.coefficient, form.parts)}


def _are_opposite(a: Form, b: Form) -> bool:
    """Tell whether a and b are sums, and a = −b."""
    if (a.head, b.head, len(a.parts)) != ("sum", "sum", len(b.parts)):
        return False
    return _coefficients(a) == {rest: -c for rest, c in _coefficients(b).items()}


def _sums(form: Form) -> Iterator[Form]:
    if form.head == "sum":
        yield form
    for k, p in enumerate(form.parts):
        yield from _sums(p)
        bare = _bare(p)
        before = form.parts[:k] if form.head == "product" else ()
        if bare.head == "sum" and (form.head == "call" or any(_are_opposite(_bare(f), bare) for f in before)):
            yield bare


def _bare(form: Form) -> Form:
    return form.parts[0] if form.head == "transpose" else form


def _oriented(form: Form, old: Form, new: Form) -> tuple[int, Form]:
    """Return a sign and a form, in which −new stands for old, such that their product is the form."""
    if form == old:
        return -1, new
    found = [_oriented(p, old, new) for p in form.parts]
    if all(sign > 0 and p is own for (sign, p), own in zip(found, form.parts, strict=True)):
        return 1, form
    if form.head in LINEAR or (form.head, form.name) in makers.LINEAR:
        sign = 1
        for s, _ in found:
            sign *= s
        return sign, replace(form, parts=tuple(p for _, p in found))
    if form.name in ("norm", "normF") or _is_even_power(form):
        return 1, replace(form, parts=tuple(p for _, p in found))
    parts = [p if s > 0 else negative(p) for s, p in found]
    if form.head != "sum":
        return 1, replace(form, parts=tuple(parts))
    sign = -1 if all(makers.coefficient(p)[0] < 0 for p in parts) else 1
    parts = [negative(p) if sign < 0 else p for p in parts]
    return sign, replace(form, parts=tuple(sorted(parts, key=makers.reading_order)))


def _is_even_power(form: Form) -> bool:
    exponent = form.parts[1] if form.name == "^" or form.head == "power" else tree.ONE
    return exponent.head == "number" and isinstance(exponent.value, int) and exponent.value % 2 == 0


def negative(form: Form) -> Form:
    """Return −form; no factor is turned."""
    if form.head == "number":
        return tree.number(-form.value)
    if form.head == "quotient":
        return replace(form, parts=(negative(form.parts[0]), form.parts[1]))
    if form.head != "product":
        return Form("product", "", (tree.number(-1), form), form.shape)
    first, *rest = form.parts
    if first.head != "number":
        return replace(form, parts=(tree.number(-1), *form.parts))
    if first.value != -1:
        return replace(form, parts=(tree.number(-first.value), *rest))
    return rest[0] if len(rest) == 1 else replace(form, parts=tuple(rest))


# --------------------------------------------------------------------------------------------------------------- looks


def _everywhere(form: Form, look: Callable[[Form], Form]) -> Form:
    """Return a formula whose parts, then itself, are as a function says."""
    parts = tuple(_everywhere(p, look) for p in form.parts)
    return look(form if parts == form.parts else replace(form, parts=parts))


def _polished(form: Form) -> Form:
    match form.head:
        case "product":
            return _with_projections(form)
        case "sum":
            return _with_numbers(form)
        case "kron":
            return replace(form, parts=tuple(map(_as_transpose, form.parts)))
        case _:
            return form


def _with_projections(form: Form) -> Form:
    """(X W Wᵀ − X)(W Wᵀ − I) = (X − X W Wᵀ)(I − W Wᵀ)."""
    turned = [k for k, f in enumerate(form.parts) if _is_complement(f)]
    if len(turned) % 2:
        turned += [k for k, f in enumerate(form.parts) if k not in turned and _opposite(f) is not None][:1]
    if not turned or len(turned) % 2:
        return form
    return replace(form, parts=tuple(_opposite(f) or f if k in turned else f for k, f in enumerate(form.parts)))


def _is_complement(form: Form) -> bool:
    """Tell whether a form is S − I for a symmetric S."""
    if form.head != "sum" or form.shape != "m" or len(form.parts) != 2 or makers.transpose(form) != form:
        return False
    return makers.coefficient(form.parts[1]) == (-1, tree.IDENTITY) and makers.coefficient(form.parts[0])[0] > 0


def _opposite(form: Form) -> Form | None:
    """Return b − a for a − b and for its transpose."""
    if form.head == "transpose":
        inner = _opposite(form.parts[0])
        return None if inner is None else replace(form, parts=(inner,))
    if (
        form.head != "sum"
        or form.shape == "s"
        or 2 * sum(makers.coefficient(t)[0] < 0 for t in form.parts) < len(form.parts)
    ):
        return None
    return replace(form, parts=tuple(sorted(map(negative, form.parts), key=makers.reading_order)))


def _with_transposes(form: Form) -> Form:
    """(Aᵀ − I) x = (A − I)ᵀ x."""
    is_beside = form.head == "product" and len(tree.chain_of(form)) > 1
    return replace(form, parts=tuple(map(_turned, form.parts))) if is_beside else form


def _turned(f: Form) -> Form:
    if f.head != "sum" or f.shape == "s":
        return f
    inside = replace(f, parts=tuple(map(makers.transpose, f.parts)), shape=TRANSPOSED[f.shape])
    is_simple = all(not any(p.head == "sum" for p in t.parts) for t in inside.parts)
    is_better = is_simple and tree.transposes(inside) < tree.transposes(f)
    return Form("transpose", "", (inside,), f.shape) if is_better else f


def _as_transpose(f: Form) -> Form:
    """(Yᵀ X⁻ᵀ) ⊗ A = (X⁻¹ Y)ᵀ ⊗ A."""
    if f.head != "product" or len(f.parts) < 2 or any(p.shape != "m" or p.head != "transpose" for p in f.parts):
        return f
    inside = replace(f, parts=tuple(p.parts[0] for p in reversed(f.parts)))
    return f if tree.transposes(inside) else Form("transpose", "", (inside,), f.shape)


def _with_numbers(form: Form) -> Form:
    """A + 2 B − 2 C = A + 2 (B − C)."""
    sizes = Counter(magnitude(makers.coefficient(t)[0]) for t in form.parts if t.shape == form.shape)
    shared = next((c for c, times in sizes.items() if c != 1 and 1 < times < len(form.parts)), None)
    if shared is None or form.shape == "s" or not {*sizes} <= {1, shared}:
        return form
    terms = [t for t in form.parts if t.shape == form.shape and magnitude(makers.coefficient(t)[0]) == shared]
    sign = 1 if makers.coefficient(terms[0])[0] > 0 else -1
    inner = [makers.multiply([tree.number(exact(1 / Fraction(sign * shared))), t]) for t in terms]
    group = Form("product", "", (tree.number(sign * shared), _turned(replace(form, parts=tuple(inner)))), form.shape)
    rest = [group if t is terms[0] else t for t in form.parts if t is terms[0] or t not in terms]
    return replace(form, parts=tuple(rest))
