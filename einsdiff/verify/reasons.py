"""The sentences of a verdict: why a claim holds, and what about it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import TypeGuard

from einsdiff.algebra import build
from einsdiff.algebra.nodes import Axis, Size
from einsdiff.elaborate.blocks import Block
from einsdiff.elaborate.claims import names_below, parts_of
from einsdiff.elaborate.differentials import changing, direction, free_change
from einsdiff.elaborate.kinds import BUILTINS
from einsdiff.errors import ClaimError, EinsdiffError, Mark, SizeMismatchError
from einsdiff.functions import ALIASES, BY_NAME, REDUCTIONS, SELECTIONS, TENSOR_FUNCTIONS
from einsdiff.text.tree import Call, Name, Tree
from einsdiff.verify.diagnosis import Diagnosis, zeros
from einsdiff.verify.judge import Claim, Finding
from einsdiff.verify.sides import State

KINDS = ("scalar", "vector", "matrix", "tensor")
GRAVE = ("the sizes do not fit", "the shapes do not fit", "the left side is zero", "the right side is zero")
"""How the reason begins where a claim is false whatever a name stands for."""
BUILT_IN = frozenset([*BUILTINS, "δ", "ε", "1"])
"""Names of tensors that nobody defines."""
SIZES = "nmpqrkl"
"""Letters for the sizes of a clash."""


def why_it_holds(claim: Claim, finding: Finding) -> str:
    """Return why a claim holds."""
    assert finding.left is not None
    found = zeros(claim)
    if found and build.is_zero(finding.left.entry):
        side = min(found)
        return f"the {('left', 'right')[side]} side is zero: {found[side]}"
    return finding.grounds


def about_zero(claim: Claim, findings: Sequence[Finding]) -> str:
    """Return the sentence about a derivative that is zero."""
    for side, text in zeros(claim).items():
        for f in findings:
            block = f.right if side else f.left
            if block is not None and build.is_zero(block.entry):
                return f"the {('left', 'right')[side]} side is zero: {text}"
    return ""


def about_layout(asked: Finding, findings: Sequence[Finding]) -> str:
    """Return how the layout that was asked for and one in which the claim holds differ."""
    if asked.state is State.REFUSED and asked.error is not None:
        return asked.error.message.replace(" [^]", "")
    side = asked.left
    for f in findings:
        if f.holds and f.left is not None and side is not None and _is_transpose(side, f.left):
            return "this is the transpose"
    return "this is another layout"


def _is_transpose(a: Block, b: Block) -> bool:
    """Whether two blocks of one entry have rows and columns exchanged."""

    def places(block: Block) -> list[list[int]]:
        order = sorted(block.wires, key=lambda w: w.serial)
        return [[order.index(w) for w in axis] for axis in block[1:]]

    return a.entry.node is b.entry.node and places(a) == places(b)[::-1]


def about_sizes(findings: Sequence[Finding], asked: Finding | None) -> str:
    """Return the sentence about sizes that do not fit, where they fit in no layout."""
    if any(f.state is State.DIFFERENT for f in findings):
        return ""
    order = [asked] if asked is not None else []
    order += [f for state in (State.APART, State.SHAPES, State.REFUSED) for f in findings if f.state is state]
    first = order[0]
    if first.error is not None:
        what = "sizes" if isinstance(first.error, SizeMismatchError) else "shapes"
        return f"the {what} do not fit: {message_of(first.error)}"
    if first.sides is None or first.left is None or first.right is None:
        return ""
    names = _size_names(first)
    left, right = (_spelled(block, first, names) for block in (first.left, first.right))
    return f"the sizes do not fit: the left side is {left}, the right side {right}"


def names_in(claim: Claim, findings: Sequence[Finding], layout: str) -> dict[str, str]:
    """Return what each name of a claim in matrix notation stands for: a declaration, with the sizes that are equal."""
    judged = [f for f in findings if f.sides is not None]
    if claim.document.notation == "index" or not judged:
        return {}
    near = next((f for f in judged if f.layout == layout), judged[0])
    assert near.sides is not None
    trees = [s.body for s in claim.document.statements]
    written = {part.name for tree in trees for part in parts_of(tree) if isinstance(part, Name)}
    written |= set(map(direction, changing(claim.document)))
    letters = _size_names(near)
    found = {}
    for symbol in near.sides.program.inputs.values():
        if symbol.role == "input" and symbol.name in written:
            sizes = ", ".join(_named(Axis(symbol.name, k), near, letters) for k in range(symbol.rank))
            found[symbol.name] = KINDS[min(symbol.rank, 3)] + f"({sizes})" * bool(sizes)
    return found


def constants(claim: Claim, findings: Sequence[Finding]) -> str:
    """Return which inputs of a claim with differentials do not change: `A and B are constant`."""
    along = changing(claim.document)
    program = next((f.sides.program for f in findings if f.sides is not None), None)
    if not along or program is None:
        return ""
    moving = {*along, *map(direction, along)}
    names = [s.name for s in program.inputs.values() if s.role == "input" and s.name not in moving]
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} constant" if names else ""


def about_squares(diagnosis: Diagnosis, findings: Sequence[Finding]) -> str:
    """Return the sentence about a matrix that is square only because the doubted side makes it so."""
    for f in findings:
        alone = diagnosis.given.get(f.layout)
        if alone is None or f.sides is None:
            continue
        before, now = alone[0].program, f.sides.program
        for symbol in before.inputs.values():
            axes = [Axis(symbol.name, k) for k in range(symbol.rank)]
            sizes = [{program.sizes.get(axis, axis) for axis in axes} for program in (before, now)]
            if symbol.rank == 2 and len(sizes[0]) > len(sizes[1]):
                return f"the {('left', 'right')[diagnosis.place]} side fits only where {symbol.name} is square"
    return ""


def message_of(error: EinsdiffError) -> str:
    """Return the first line of an error with the text in the place of its marks, or without them."""
    message = error.message
    for mark in error.marks:
        text = (error.source or "")[mark.span.start : mark.span.stop]
        at_noun = rf"(?:(?<=: )|(?<=, )|(?<=and )|^)\[{re.escape(mark.sign)}\](?= (has|is)\b)"
        message = re.sub(at_noun, text.replace("\\", r"\\"), message)
    return re.sub(r"( at)? ?\[[~^]\]", "", message)


def _size_names(finding: Finding) -> dict[Size, str]:
    """Return a letter for each size that has no name of its own."""
    assert finding.sides is not None
    program = finding.sides.program
    taken = {*program.inputs, *(s for s in program.sizes.values() if isinstance(s, str))}
    letters = (c for c in chain(SIZES, (f"n{k}" for k in count(1))) if c not in taken)
    found: dict[Size, str] = {}
    for symbol in program.inputs.values():
        for k in range(symbol.rank):
            size = program.sizes.get(Axis(symbol.name, k), Axis(symbol.name, k))
            if size not in found:
                found[size] = str(size) if isinstance(size, int | str) else next(letters)
    return found


def _named(size: Size, finding: Finding, names: Mapping[Size, str]) -> str:
    assert finding.sides is not None
    called = finding.sides.program.sizes.get(size, size)
    return str(called) if isinstance(called, int) else names.get(called, "…")


def _spelled(block: Block, finding: Finding, names: Mapping[Size, str]) -> str:
    """Return the sizes of a matrix, as `n×m` or `1×nm`."""
    if not block.wires:
        return "a scalar"
    axes = [[_named(w.size, finding, names) for w in axis] for axis in block[1:]]
    if "…" in {name for axis in axes for name in axis}:
        return _in_words(block, finding)
    mark = "·" if any(len(name) > 1 or name.isdigit() for axis in axes for name in axis) else ""
    return "×".join(mark.join(axis) or "1" for axis in axes)


def _in_words(block: Block, finding: Finding) -> str:
    """Return what a matrix is of which the sizes have no names: `I` by itself, or `ones`."""
    assert finding.sides is not None
    rows, columns = ({finding.sides.program.sizes.get(w.size, w.size) for w in axis} for axis in block[1:])
    if not rows or not columns:
        return "a column" if rows else "a row"
    return "a square matrix" if rows == columns else "a matrix"


def defined_by(claim: Claim) -> Name | None:
    """Return the side that is a name and stands nowhere else in the claim; None where there is none."""
    above = {s.target.name: s.body for s in claim.above if isinstance(s.target, Name)}
    sizes = {size for d in claim.declarations for size in d.sizes}
    for place in (1, 0):
        tree, other = claim.trees[place], claim.trees[1 - place]
        if not isinstance(tree, Name) or any(isinstance(index.name, int) for index in tree.indices or ()):
            continue
        if tree.name not in {*above, *names_below(other, above), *sizes, *BUILT_IN}:
            return tree
    return None


def without_more(claim: Claim, assumption: str | None) -> str:
    """Return the reason where nothing better is known."""
    functions = [part.name for tree in claim.trees for part in parts_of(tree) if _is_unknown(part)]
    if functions:
        typed = ": write sigmoid if σ is the logistic function" if "σ" in functions else ""
        names = " and ".join(dict.fromkeys(functions))
        return f"the two sides differ for a function {names} of which nothing is known{typed}"
    return "the two sides differ in general" if assumption is not None else "the two sides differ"


def check_sign(claim: Claim) -> None:
    """Raise where a false claim says what a free df is, or has a d(…) that nobody declared: no function is meant.

    Raises: ClaimError.
    """
    above = {s.target.name for s in claim.above if isinstance(s.target, Name)}
    above |= {d.name for d in claim.declarations if "constant" in d.properties}
    for tree, other in (claim.trees, claim.trees[::-1]):
        name = free_change(tree, other, above)
        if name is not None:
            raise _refuse_free(claim, tree, name.name)
    for tree in claim.trees:
        for part in parts_of(tree):
            if isinstance(part, Call) and part.name == "d" and len(part.arguments) == 1:
                raise _refuse_sign(claim, part)


def _refuse_free(claim: Claim, tree: Tree, name: str) -> ClaimError:
    return ClaimError(
        f"this says how {name} changes [^], and nothing says what {name} is",
        claim.document.source,
        [Mark(tree.span)],
        rule="dX is independent of X, for a name X that nothing defines (spec/language.md, Differentials)",
        help=f"write a definition above:  {name} = …",
    )


def _refuse_sign(claim: Claim, tree: Call) -> ClaimError:
    source = claim.document.source
    names = [p.name for p in parts_of(tree) if isinstance(p, Name) and p.name not in BUILT_IN]
    x = next((name for name in names if claim.kinds.get(name, 1) != 0 and not name[0].isupper()), (*names, "x")[0])
    text = source[tree.span.start : tree.span.stop]
    return ClaimError(
        f"{text} [^] has no denominator, and no differential stands on the other side",
        source,
        [Mark(tree.span)],
        rule="d(…) is a differential where both sides have differentials (spec/language.md, Differentials)",
        help=f"write {text}/d{x} for the derivative, or d{x} on the other side; a function gets another name",
    )


def _is_unknown(tree: Tree) -> TypeGuard[Call]:
    known = {*BY_NAME, *ALIASES, *REDUCTIONS, *TENSOR_FUNCTIONS, *SELECTIONS}
    return isinstance(tree, Call) and tree.name not in known
