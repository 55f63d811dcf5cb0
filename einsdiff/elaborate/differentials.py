"""Differentials in claims: d tr(A X) = tr(A dX).

A differential is the derivative along directions: dX is a tensor of the shape of X, independent of X, and the
differential of a formula is Σ_X ∂formula/∂X · dX over all names X whose differential occurs in the claim.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis
from einsdiff.elaborate.kinds import BUILTINS
from einsdiff.elaborate.scope import Scope, local
from einsdiff.errors import ClaimError, Mark, Span
from einsdiff.text.tree import (
    Call,
    Declaration,
    Differential,
    Document,
    Name,
    Numeral,
    Statement,
    Transpose,
    Tree,
    children,
    with_children,
)

KEPT = {"symmetric": "symmetric", "spd": "symmetric", "skew": "skew", "diagonal": "diagonal"}
"""What is declared of X → what holds of dX, too."""
PAGE = "(spec/language.md, Differentials)"


def direction(name: str) -> str:
    """Return the name of the tensor along which a name changes.

    >>> direction("X")
    'dX'
    """
    return f"d{name}"


def differential(scope: Scope, tree: Differential, body: Entry, ranks: Mapping[str, int]) -> Entry:
    """Return Σ_X ∂body/∂X · dX, the derivatives not yet carried out; `ranks` counts the axes of each X."""
    if build.is_zero(body):
        return body
    terms = []
    for name in tree.along:
        wires = tuple(local("") for _ in range(ranks[name]))
        for tensor in (name, direction(name)):
            scope.use(tensor, ranks[name], tree.span)
            for k, wire in enumerate(wires):
                scope.tie(wire, Axis(tensor, k), tree.span)
        change = build.derivative(body, build.tensor(name, wires))
        moved = build.multiply(change, build.tensor(direction(name), wires), bound=wires)
        terms.append((1, moved, True))
    return build.total(terms)


def settle(document: Document, declarations: Iterable[Declaration]) -> tuple[Document, tuple[Declaration, ...]]:
    """Return a claim in which each differential knows along which names it is taken, and what is declared of these.

    Raises: ClaimError, where no name changes, or where one side alone has differentials.
    """
    trees = [s.body for s in document.statements]
    found = [part for tree in trees for part in differentials(tree)]
    if not found:
        return document, ()
    known = {d.name: d for d in declarations}
    names = _changing(document, found, known)
    _check_sides(document, names)
    for name in names:
        _check_kind(document, name, known.get(name.name))
    along = tuple(dict.fromkeys(name.name for name in names))
    statements = tuple(replace(s, body=_along(s.body, along)) for s in document.statements)
    directions = tuple(_declared(known[name]) for name in along if name in known)
    return replace(document, statements=statements), directions


def differentials(tree: Tree) -> Iterator[Differential]:
    """Yield the differentials in a formula, the outermost first."""
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, Differential):
            yield part
        stack += reversed(children(part))


def named(tree: Differential) -> Name | None:
    """Return the X of dX, d(X'), d vec(X); None where a formula changes."""
    body = tree.body
    while isinstance(body, Transpose) or (isinstance(body, Call) and body.name in ("vec", "vech") and body.arguments):
        body = body.body if isinstance(body, Transpose) else body.arguments[0]
    return body if isinstance(body, Name) else None


def changed(tree: Tree) -> Name | None:
    """Return the name X of a formula that is dX or d²X, and no more."""
    is_change = isinstance(tree, Differential)
    while isinstance(tree, Differential):
        tree = tree.body
    return tree if is_change and isinstance(tree, Name) else None


def free_change(side: Tree, other: Tree, defined: Collection[str]) -> Name | None:
    """Return the X of a side that is dX, where nothing says what X is: it is neither defined nor differentiated."""
    name = changed(side)
    if name is None or name.name in defined:
        return None
    formulas = [part for part in differentials(other) if changed(part) is None]
    return None if any(n.name == name.name for part in formulas for n in _names(part)) else name


def may_be_factor(document: Document) -> bool:
    """Whether each d of a claim could be a factor: d²f and dX, where no d(X Y) or d tr(X) tells."""
    found = [part for s in document.statements for part in differentials(s.body)]
    is_second = any(isinstance(part.body, Differential) for part in found)
    return bool(found) and (is_second or all(isinstance(part.body, Name) for part in found))


def changing(document: Document) -> tuple[str, ...]:
    """Return the names along which the differentials of a claim are taken."""
    return next((part.along for s in document.statements for part in differentials(s.body)), ())


def _changing(document: Document, found: list[Differential], known: Mapping[str, Declaration]) -> list[Name]:
    """Return the names that change: those of which a differential occurs, or the inputs of such as are defined.

    Raises: ClaimError, where there are none and none is declared to be constant.
    """
    above = {s.target.name: s.body for s in document.statements if isinstance(s.target, Name)}
    given = [name for part in found if (name := named(part)) is not None and name.name not in BUILTINS]
    moving = [name for name in given if not _is_constant(name.name, known)]
    inputs = [name for name in moving if name.name not in above]
    if not inputs:
        inputs = [n for n in _inputs(moving, above) if not _is_constant(n.name, known)]
    if not inputs and not given:
        raise _refuse_no_variable(document, found[0])
    return inputs


def _is_constant(name: str, known: Mapping[str, Declaration]) -> bool:
    return name in known and "constant" in known[name].properties


def _inputs(names: Iterable[Name], above: Mapping[str, Tree]) -> Iterator[Name]:
    """Yield the names, defined by nothing, by which others are defined."""
    seen: set[str] = set()
    left = [above[name.name] for name in names]
    while left:
        for name in _names(left.pop()):
            if name.name in above and name.name not in seen:
                left.append(above[name.name])
            elif name.name not in seen and name.name not in BUILTINS:
                yield name
            seen.add(name.name)


def _names(tree: Tree) -> Iterator[Name]:
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, Name):
            yield part
        stack += reversed(children(part))


def _along(tree: Tree, along: tuple[str, ...]) -> Tree:
    """Return a formula in which each differential is taken along some names."""
    if next(differentials(tree), None) is None:
        return tree
    found: dict[int, Tree] = {}
    stack = [(tree, False)]
    while stack:
        part, is_done = stack.pop()
        if is_done:
            new = with_children(part, tuple(found[id(child)] for child in children(part)))
            found[id(part)] = replace(new, along=along) if isinstance(new, Differential) else new
        else:
            stack.append((part, True))
            stack += [(child, False) for child in children(part)]
    return found[id(tree)]


def _declared(of: Declaration) -> Declaration:
    """Return what holds of dX, if this is declared of X: its sizes, and that it is symmetric, skew or diagonal."""
    properties = tuple(dict.fromkeys(KEPT[p] for p in of.properties if p in KEPT))
    spans = of.property_spans[: len(properties)]
    return replace(of, name=direction(of.name), properties=properties, property_spans=spans)


# -------------------------------------------------------------------------------------------------------------- errors


def _refuse_no_variable(document: Document, tree: Differential) -> ClaimError:
    text = document.source[tree.span.start : tree.span.stop]
    body = text.lstrip("d∂")
    name = next((n.name for n in _names(tree) if n.name not in BUILTINS), "x")
    typed = f"({body.strip('() ')})" if not body.startswith("(") else body
    return ClaimError(
        f"nothing says what changes in {text} [^]",
        document.source,
        [Mark(tree.span)],
        rule=f"a differential is along dX for each X whose differential occurs in the claim {PAGE}",
        help=f"write ∂{typed}/∂{name} for a derivative, or d{name} where {name} changes",
    )


def _check_sides(document: Document, names: list[Name]) -> None:
    """Raise where a side without differentials, and not 0, is said to be equal to one with them."""
    *_, left, right = document.statements
    has = [next(differentials(side.body), None) for side in (left, right)]
    if (has[0] is None) == (has[1] is None) or not names:
        return
    side: Statement = left if has[0] is None else right
    if isinstance(side.body, Numeral) and side.body.value == 0:
        return
    other = has[0] or has[1]
    assert other is not None
    raise ClaimError(
        "one side [~] of this claim has differentials [^], and the other one has none",
        document.source,
        [Mark(other.span), Mark(side.span, "~")],
        rule=f"both sides of a claim with differentials have them, or one is 0 {PAGE}",
        help=f"write ∂(…)/∂{names[0].name} for a derivative, or {direction(names[0].name)} on both sides",
    )


def _check_kind(document: Document, name: Name, known: Declaration | None) -> None:
    """Raise where the declared kind of a name leaves dX no free direction."""
    if known is not None and "orthogonal" in known.properties:
        raise ClaimError(
            f"the differential of an orthogonal matrix [^] is bound to it: {name.name}'d{name.name} is skew",
            document.source,
            [Mark(_visible(name.span))],
            rule=f"dX is independent of X {PAGE}",
            help=f"leave the declaration of {name.name} out, and write what it means: {name.name}'{name.name} = I",
        )


def _visible(span: Span) -> Span:
    return Span(span.start, max(span.stop, span.start + 1))
