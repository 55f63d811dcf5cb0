"""Claims: whether `left = right` is true, in which layouts, how that is known, and if not, what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, NamedTuple

from einsdiff.elaborate.claims import kinds_of, parts_of
from einsdiff.elaborate.differentials import changing, may_be_factor, settle
from einsdiff.elaborate.kinds import Kind
from einsdiff.errors import (
    AmbiguityError,
    ClaimError,
    EinsdiffError,
    IndexMismatchError,
    Mark,
    SizeMismatchError,
    UnknownNameError,
)
from einsdiff.layouts import LAYOUTS
from einsdiff.layouts import layout as find_layout
from einsdiff.text.parser import parse_claim, parse_declaration
from einsdiff.text.symbols import name_of
from einsdiff.text.tree import Call, Differentiate, Name
from einsdiff.verify import reasons
from einsdiff.verify.assumptions import find_assumption
from einsdiff.verify.diagnosis import Diagnosis
from einsdiff.verify.judge import Bench, Claim, Finding
from einsdiff.verify.samples import names_of
from einsdiff.verify.sides import Difference, State
from einsdiff.verify.verdict import Counterexample, Verdict, in_layouts

LARGEST = 64
"""The largest declared size with which mistakes and assumptions are searched for."""


def check(
    source: str,
    *,
    layout: str | None = None,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Verdict:
    """Return the verdict on a claim; `verbs.check` says what the arguments are."""
    found = check_equation(source, layout=layout, declare=declare, notation=notation, sizes=sizes)
    if not found.holds:
        claim = read(source, declare=declare, notation=notation, sizes=sizes)
        reasons.check_sign(claim)
        if not found.reason.startswith(reasons.GRAVE):
            _check_defines(claim)
    return found


def check_equation(
    source: str,
    *,
    layout: str | None = None,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Verdict:
    """Return the verdict on an equation; one that defines a name is not refused, and does not hold."""
    claim = read(source, declare=declare, notation=notation, sizes=sizes)
    if layout is not None:
        find_layout(layout)
    found = _judged_by_scalars_too(claim, layout)
    if not found.holds and may_be_factor(claim.document):
        _check_names(claim, found, lambda: read(source, declare, notation, sizes, differentials=False))
    other = _as_the_derivative_tells(claim) if not found.holds else None
    found = _judged(other, layout) if other is not None else found
    other = _with_greek_vectors(claim) if not found.holds else None
    with suppress(EinsdiffError):  # a Greek letter that cannot be a vector is the scalar that it was taken for
        better = _judged(other, layout) if other is not None else found
        return better if better.holds or found.reason.startswith(reasons.GRAVE[:2]) else found
    return found


def _check_names(claim: Claim, found: Verdict, as_names: Callable[[], Claim]) -> None:
    """Raise where a claim that was found to be false of differentials is true of names d and dX."""
    try:
        other = _judged(as_names(), None)
    except EinsdiffError:
        return
    if other.holds:
        x = changing(claim.document)[0]
        raise AmbiguityError(
            f"of differentials this claim is false: {found.reason}; of names d and d{x} it is true",
            claim.document.source,
            rule="d is a sign in a claim that shows so, and a name elsewhere (spec/language.md, Differentials)",
            help=f"declare  d : scalar  or  d{x} : …  for names, or write ∂{x} for the differential",
        )


def _judged(claim: Claim, layout: str | None) -> Verdict:
    """Return the verdict on a claim that was read."""
    bench = Bench()
    findings = judge(claim, bench)
    _check_sizes(claim, findings)
    found = verdict(claim, findings, bench, layout)
    constant = reasons.constants(claim, findings)
    if constant:
        found = replace(found, reason=f"{found.reason}; {constant}")
    return replace(found, names=reasons.names_in(claim, findings, layout or "numerator"))


def _as_the_derivative_tells(claim: Claim) -> Claim | None:
    """Return a claim with the kinds that the side with the derivative tells, where those are others.

    A false claim is not made to fit: in ∂(a'Xb)/∂X = b a the names are vectors, though b could be a scalar.
    """
    if claim.document.notation == "index":
        return None
    kinds = kinds_of(claim.document, claim.declarations, first=True)
    return replace(claim, kinds=kinds) if kinds != claim.kinds else None


def _judged_by_scalars_too(claim: Claim, layout: str | None) -> Verdict:
    """Return the verdict; where the claim has no meaning, that with variables that may be scalars as scalars."""
    try:
        return _judged(claim, layout)
    except EinsdiffError:
        other = with_scalar_variables(claim)
        if other is None:
            raise
        with suppress(EinsdiffError):
            return _judged(other, layout)
        raise


def with_scalar_variables(claim: Claim) -> Claim | None:
    """Return a claim that differentiates by scalars what was differentiated by vectors, if nothing tells that they are.

    ∂Y/∂t has a place in a product with matrices where t is a scalar, whatever its letter: such a t stands nowhere but
    behind ∂ and as an argument.
    """
    trees = [part for s in claim.document.statements for part in parts_of(s.body)]
    hidden = [n for p in trees if isinstance(p, Differentiate) for n in p.wrt]
    hidden += [a for p in trees if isinstance(p, Call) for a in p.arguments if isinstance(a, Name)]
    shown = Counter(part.name for part in trees if isinstance(part, Name))
    shown.subtract(part.name for part in hidden)
    declared = {d.name for d in claim.declarations}
    names = {n.name for p in trees if isinstance(p, Differentiate) for n in p.wrt} - declared
    scalars = {n: Kind.SCALAR for n in sorted(names) if claim.kinds.get(n) == Kind.VECTOR and shown[n] == 0}
    return replace(claim, kinds={**claim.kinds, **scalars}) if scalars else None


def _with_greek_vectors(claim: Claim) -> Claim | None:
    """Return a claim in which undeclared Greek letters that are differentiated by are vectors, if they can be.

    ∂((x − μ)' (x − μ))/∂μ = 2 (μ − x) is meant so, though μ could be a scalar on the left.
    """
    parts = (part for s in claim.document.statements for part in parts_of(s.body))
    names = {name.name for part in parts if isinstance(part, Differentiate) for name in part.wrt}
    greek = [name for name in names if "α" <= name[0] <= "ω" and claim.kinds.get(name) is Kind.SCALAR]
    with suppress(IndexMismatchError):
        kinds = kinds_of(claim.document, claim.declarations, vectors=greek) if greek else claim.kinds
        return replace(claim, kinds=kinds) if kinds != claim.kinds else None
    return None


def read(
    source: str,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    sizes: Mapping[str, int] | None = None,
    *,
    differentials: bool = True,
) -> Claim:
    """Return a claim, read; without `differentials` dX and d are names.

    Raises: ClaimError, where the text is not one claim; the errors of reading.
    """
    more = tuple(parse_declaration(name, text) for name, text in (declare or {}).items())
    document = parse_claim(source, notation=notation, known=[d.name for d in more], differentials=differentials)
    declarations = (*document.declarations, *more)
    document, directions = settle(document, declarations)
    declarations += directions
    kinds = kinds_of(document, declarations) if document.notation == "matrix" else {}
    return Claim(document, declarations, kinds, {name_of(name): n for name, n in (sizes or {}).items()})


def judge(claim: Claim, bench: Bench) -> list[Finding]:
    """Return what is found out in each layout; in one alone where no derivative is arranged."""
    return [bench.judge(claim, name) for name in layouts_of(claim)]


def layouts_of(claim: Claim) -> tuple[str, ...]:
    """Return the layouts between which a claim can tell: one where there is no derivative to arrange."""
    trees = [s.body for s in claim.document.statements]
    has_derivative = any(isinstance(part, Differentiate) for tree in trees for part in parts_of(tree))
    return tuple(LAYOUTS) if has_derivative and claim.document.notation == "matrix" else ("mixed",)


def verdict(claim: Claim, findings: Sequence[Finding], bench: Bench, layout: str | None) -> Verdict:
    """Return the verdict on what was found out."""
    is_laid_out = len(findings) > 1
    true = tuple(f.layout for f in findings if f.holds)
    asked = next((f for f in findings if f.layout == layout), None) if is_laid_out else None
    _check_judged(claim, findings)
    if true and (asked is None or asked.holds):
        best = asked or next(f for f in findings if f.holds)
        reason, layouts = reasons.why_it_holds(claim, best), true if is_laid_out else ()
        return Verdict(holds=True, layouts=layouts, method=best.method, assumption=None, correct={}, reason=reason)
    diagnosis = Diagnosis(claim, layouts_of(claim), bench)
    if not true:
        return _refuted(claim, findings, diagnosis, asked)
    assert asked is not None
    reason = f"{reasons.about_layout(asked, findings)}: true {in_layouts(true)}"
    return _false(_Reasons(true, None, reason, asked), diagnosis, findings)


class _Reasons(NamedTuple):
    """Why a claim is false, in which layouts it would hold under the assumption, which one to look at; what is true."""

    layouts: tuple[str, ...]
    assumption: str | None
    reason: str
    near: Finding | None
    true_as: str = ""


def _refuted(claim: Claim, findings: Sequence[Finding], diagnosis: Diagnosis, asked: Finding | None) -> Verdict:
    """Return the verdict on a claim that holds in no layout."""
    if not diagnosis.given:
        return _without_answer(findings, asked)
    is_laid_out, is_small = len(findings) > 1, _largest(findings) <= LARGEST
    grave = reasons.about_zero(claim, findings) or reasons.about_sizes(findings, asked)
    mistake = diagnosis.mistake() if is_small else None
    may_assume = is_small and not (mistake and mistake.true_as)
    text, layouts = (find_assumption(claim, findings, diagnosis.bench) if may_assume else None) or (None, ())
    mistake = mistake or (diagnosis.missing_term() if text is None else None)
    sentences = [grave or reasons.about_squares(diagnosis, findings)]
    if mistake is not None:
        where = f" (then true {in_layouts(mistake.layouts)})" if is_laid_out else ""
        sentences.append(mistake.text + where)
    elif not grave:
        sentences.append(reasons.without_more(claim, text))
    reason = "; ".join(s for s in sentences if s)
    near = asked or _nearest(findings, (*(mistake.layouts if mistake else ()), *layouts))
    true_as = mistake.true_as if mistake else ""
    return _false(_Reasons(layouts if is_laid_out else (), text, reason, near, true_as), diagnosis, findings)


def _false(why: _Reasons, diagnosis: Diagnosis, findings: Sequence[Finding]) -> Verdict:
    example = why.near.difference if why.near is not None else None
    example = example or next((f.difference for f in findings if f.difference is not None), None)
    return Verdict(
        holds=False,
        layouts=why.layouts,
        method="numeric" if example is not None else "proof",
        assumption=why.assumption,
        correct=_answers(diagnosis),
        reason=why.reason,
        counterexample=_counterexample(example) if example is not None else None,
        true_as=why.true_as or None,
    )


def _answers(diagnosis: Diagnosis) -> dict[str, str]:
    """Return the right forms; an equality without derivatives has one, which is no news if it is what was written."""
    found = diagnosis.correct()
    claim = diagnosis.claim
    if claim.document.notation == "index" or len(diagnosis.layouts) > 1:
        return found
    if changing(claim.document) and diagnosis.is_worth_saying:
        return dict.fromkeys(LAYOUTS, next(iter(found.values()))) if found else {}
    return {}


def _counterexample(found: Difference) -> Counterexample:
    return Counterexample(found.indices, found.left, found.right, found.inputs)


def _largest(findings: Sequence[Finding]) -> int:
    """Return the largest size that is a number."""
    programs = [f.sides.program for f in findings if f.sides is not None]
    return max((size for p in programs for size in p.sizes.values() if isinstance(size, int)), default=0)


def _nearest(findings: Sequence[Finding], layouts: Sequence[str]) -> Finding | None:
    """Return the finding in the first of these layouts, or the first with numbers."""
    named = [f for name in layouts for f in findings if f.layout == name and f.difference is not None]
    return next(iter(named), next((f for f in findings if f.difference is not None), None))


# -------------------------------------------------------------------------------------------------------------- errors


def _check_judged(claim: Claim, findings: Sequence[Finding]) -> None:
    """Raise where nothing can be said: the text has no meaning, or its sides have no value."""
    if all(f.state is State.REFUSED for f in findings):
        of_sizes = SizeMismatchError if claim.document.notation == "index" else SizeMismatchError | IndexMismatchError
        first = next((f.error for f in findings if f.error is not None and not isinstance(f.error, of_sizes)), None)
        if first is not None:
            raise first
    states = {f.state for f in findings}
    if states & {State.EQUAL, State.DIFFERENT}:
        return
    if State.UNDEFINED in states:
        raise ClaimError(
            "no point was found at which both sides of this claim have a value",
            claim.document.source,
            help="declare what the names are, for example  A : matrix(n, n) spd  or  x : vector(n) positive",
        )
    if State.UNKNOWN in states:
        raise ClaimError(
            "the two sides of this claim could not be evaluated: their arrays would be too large",
            claim.document.source,
            help="give sizes that are names,  A : matrix(n, n),  or small numbers",
        )


def _check_defines(claim: Claim) -> None:
    """Raise where one side is a name that stands nowhere else: it is equal to whatever the other side is."""
    defined = reasons.defined_by(claim)
    if defined is None:
        return
    name = defined.name
    may_be_size = not defined.indices and claim.kinds.get(name, 0) == 0
    raise ClaimError(
        f"this defines {name} [^], and claims nothing",
        claim.document.source,
        [Mark(defined.span)],
        rule="a name that stands nowhere else can be anything (spec/language.md, Claims)",
        help=f"write what {name} stands for" + f", or declare it as a size:  x : vector({name})" * may_be_size,
    )


def _check_sizes(claim: Claim, findings: Sequence[Finding]) -> None:
    """Raise where a number is given for a size that the claim does not have."""
    programs = [f.sides.program for f in findings if f.sides is not None]
    known = {name for program in programs for c in program.classes for name in names_of(c)}
    strange = next((name for name in claim.numbers if name not in known), None)
    if strange is not None and programs:
        raise UnknownNameError(
            f"no index and no declared size is called {strange}", help=f"one of: {', '.join(sorted(known))}"
        )


def _without_answer(findings: Sequence[Finding], asked: Finding | None) -> Verdict:
    """Return the verdict where the side that is taken to be right has no meaning itself.

    Raises: IndexMismatchError, where its shapes do not fit.
    """
    error = asked.error if asked is not None else findings[0].error
    assert error is not None
    if not isinstance(error, SizeMismatchError):
        raise error
    reason = f"the sizes do not fit: {reasons.message_of(error)}"
    return Verdict(holds=False, layouts=(), method="proof", assumption=None, correct={}, reason=reason)
