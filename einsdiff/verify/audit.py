"""The audit of a paper: each claim with its verdict, and whether all hold in one common layout.

A plain `name = formula` whose name no claim has used so far defines the name for the claims below it.  `f(x) = …`
defines f, and f(x) below it is f.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple, Protocol, TypeGuard

from einsdiff.elaborate.claims import elaborate_claim, kinds_of, parts_of
from einsdiff.elaborate.differentials import direction, free_change
from einsdiff.elaborate.kinds import BUILTINS
from einsdiff.elaborate.program import elaborate
from einsdiff.errors import AmbiguityError, EinsdiffError, Span
from einsdiff.text.cursor import FUNCTIONS, RAISES
from einsdiff.text.differentials import begins_with_sign, names_glued
from einsdiff.text.directives import Declared, Forgotten, Item, one_line
from einsdiff.text.displays import Equation, Unreadable
from einsdiff.text.joined import split_joined
from einsdiff.text.lexer import Token, tokenize
from einsdiff.text.parser import parse, parse_claim, parse_declaration
from einsdiff.text.symbols import name_of
from einsdiff.text.tree import Call, Differentiate, Name, Tree
from einsdiff.verify.report import Finding, Outcome, Report
from einsdiff.verify.verdict import Verdict


class Check(Protocol):
    """`einsdiff.check`."""

    def __call__(
        self, claim: str, /, *, layout: str | None = None, declare: Mapping[str, str] | None = None
    ) -> Verdict:
        """Return the verdict on a claim."""


def audit(
    items: Iterable[Item], check: Check, *, layout: str | None = None, declare: Mapping[str, str] | None = None
) -> Report:
    """Return what comes of the items of a file.

    Args:
        items: by `read_paper`.
        check: the judge of one claim.
        layout: that in which all claims are judged; by itself each claim tells its own.
        declare: declarations above the first line.
    """
    reader = _Audit(check, layout, {name_of(name): (name, kind) for name, kind in (declare or {}).items()})
    report = Report(tuple(found for item in items for found in reader.findings(item)), layout)
    return replace(report, findings=tuple(_compared(report, check))) if report.is_mixed else report


def _compared(report: Report, check: Check) -> Iterator[Finding]:
    """Yield the findings of a file with mixed layouts, the odd ones with what would be right in the layout of most."""
    main = report.prevailing
    for found in report.findings:
        if found.layouts and main not in found.layouts:
            yield replace(found, elsewhere=check(found.statement, layout=main, declare=found.declare))
        else:
            yield found


# --------------------------------------------------------------------------------------------------------- definitions


class Target(NamedTuple):
    """A left side that can be defined: `y`, `y_i`, `f(x)`."""

    name: str
    parameters: tuple[str, ...] | None
    components: tuple[int, ...]
    spelled: str


@dataclass(slots=True)
class Definition:
    """A name that a file defines.

    Attributes:
        line: where.
        parameters: of `f(x) = …`.
        statements: what defines it; several for components.
        uses: the names in them.
        error: why it could not be read.
    """

    line: int
    parameters: tuple[str, ...] | None
    statements: list[str]
    uses: set[str]
    components: set[tuple[int, ...]] = field(default_factory=set)
    error: str = ""


_LETTERS = re.compile(r"\\?([A-Za-zΑ-Ωα-ω]+)")


class _RefusedError(Exception):
    """A claim that is not put to the judge, and why; `undefined` is the name that it would need."""

    def __init__(self, reason: str, undefined: str = "") -> None:
        super().__init__(reason)
        self.undefined = undefined


# --------------------------------------------------------------------------------------------------------------- audit


@dataclass(slots=True)
class _Audit:
    """What is known at a line of a file: declarations and definitions."""

    check: Check
    layout: str | None
    declared: dict[str, tuple[str, str]]
    defined: dict[str, Definition] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    verdicts: dict[object, Verdict] = field(default_factory=dict)

    def findings(self, item: Item) -> Iterator[Finding]:
        """Yield what comes of one item."""
        match item:
            case Unreadable(line, text, reason):
                self._spoil(text.partition("=")[0].rstrip(": "), line, reason)
                yield Finding(line, text, Outcome.UNREAD, note=reason)
            case Declared(line, name, kind):
                self.declared[name] = name, kind
                yield Finding(line, str(item), Outcome.DECLARES)
            case Forgotten(line, names):
                yield self._forget(line, names)
            case Equation():
                yield self._equation(item)

    def _is_change(self, item: Equation) -> bool:
        """Whether a left side like df is a differential, and no name that is defined."""
        source = f"{item.left} = {item.right}"
        return not item.defines and begins_with_sign(source, self._tokens(source), {*self.declared, *self.defined})

    def _forget(self, line: int, names: Sequence[str]) -> Finding:
        """Make names free again."""
        chosen = [name_of(name.lstrip("\\")) for name in names] or [*self.defined, *self.declared]
        for name in chosen:
            self.defined.pop(name, None)
            self.declared.pop(name, None)
        return Finding(line, " ".join(["forget", ", ".join(names)]).strip(), Outcome.DECLARES)

    def _equation(self, item: Equation) -> Finding:
        undefined = ""
        try:
            right = self._rewritten(item.right)
            target = self._target(item.left)
            if target is None or self._is_change(item) or not self._is_free(item, target, right):
                return self._claim(item, self._rewritten(item.left), right)
            skipped = self._skipped(item, target, right)
            return skipped or self._define(item, target, right)
        except _RefusedError as refusal:
            reason, undefined = str(refusal), refusal.undefined
        except EinsdiffError as error:
            reason = one_line(error)
        except (RecursionError, MemoryError):
            reason = "it is too large"
        except (ArithmeticError, ValueError, AssertionError):  # one claim does not take the others with it
            reason = "it could not be judged"
        self._spoil(item.left, item.line, reason)
        self._see(f"{item.left} {item.right}", item.line, {undefined})
        return Finding(item.line, str(item), Outcome.UNREAD, note=reason)

    def _spoil(self, left: str, line: int, reason: str) -> None:
        """Note that a name has a definition that could not be read, if the left side is one and free."""
        target = self._target(left)
        if target is not None and target.name not in self.defined and target.name not in self.seen:
            self.defined[target.name] = Definition(line, target.parameters, [], set(), error=reason)

    def _see(self, text: str, line: int, others: Collection[str] = ()) -> None:
        """Note which names a claim uses as free ones, except for some."""
        try:
            names = self._names(text)
        except EinsdiffError:
            names = set(map(name_of, _LETTERS.findall(text)))
        for name in names.difference(self.defined, others):
            self.seen.setdefault(name, line)

    # --------------------------------------------------------------------------------------------------------- tokens

    def _tokens(self, text: str) -> list[Token]:
        known = {*self.declared, *self.defined}
        return split_joined(text, tokenize(text, known), known, is_claim=True)

    def _names(self, text: str) -> set[str]:
        """Return the names of a text; of a word like dy or Adx the A, x and y too."""
        tokens = self._tokens(text)
        found = {token.text for token in tokens if token.kind == "name"}
        found |= {str(i.name) for sign, group in pairwise(tokens) if sign.kind == "∇" for i in group.indices}
        return found.union(*map(names_glued, found))

    def _target(self, left: str) -> Target | None:
        """Return what a left side defines, if it can define something."""
        try:
            tokens = self._tokens(left)[:-1]
        except EinsdiffError:
            return None
        if not tokens or tokens[0].kind != "name" or tokens[0].text in BUILTINS or tokens[0].text in FUNCTIONS:
            return None
        name, k = tokens[0].text, 1
        indices = tokens[1].indices if len(tokens) > 1 and tokens[1].kind == "indices" else ()
        if name in ("δ", "ε") and indices:
            return None
        k += bool(indices)
        parameters = _parameters(tokens, k)
        if parameters is None and k < len(tokens):
            return None
        names = [index.name for index in indices]
        components = tuple(n for n in names if isinstance(n, int))
        spelled = left[: tokens[k - 1].stop]
        return Target(name, parameters, components if len(components) == len(names) else (), spelled)

    def _rewritten(self, text: str) -> str:
        """Return a text in which f(x) is f wherever f(x) was defined above.

        Raises: _RefusedError, where f stands with other arguments, or where it is not clear whether y(x) is a product.
        """
        tokens = self._tokens(text)
        pieces, k = [], 0
        for place, token in enumerate(tokens):
            found = self.defined.get(token.text) if token.kind == "name" else None
            behind = place + 1 + (tokens[place + 1 : place + 2] != [] and tokens[place + 1].kind == "indices")
            if found is None or behind >= len(tokens) or token.start < k:
                continue
            closing = ""
            sign = _bare_gradient(tokens[:place])
            if sign is not None and found.parameters is not None and len(found.parameters) == 1:
                is_whole = tokens[behind].kind == "(" and not _is_raised(tokens, behind + 3)
                opening, closing = "()" if is_whole else ("", "")
                pieces += [text[k : sign.start], opening, text[sign.start : sign.stop], f"_{{{found.parameters[0]}}} "]
                k = sign.stop
            if found.parameters is not None and [t.kind for t in tokens[behind : behind + 2]] == ["'", "("]:
                raise _RefusedError(f"{token.text}' is a transpose here: write a derivative as \\partial or ∂")
            if tokens[behind].kind != "(":
                continue
            parameters = _parameters(tokens, behind, whole=False)
            shown = f"{token.text}({', '.join(parameters or ['…'])})"
            if found.parameters is None:
                if parameters and tokens[behind].start == tokens[behind - 1].stop and found.uses.issuperset(parameters):
                    raise _RefusedError(
                        f"{shown} can be a product or {token.text} of line {found.line}: define it as {shown}"
                    )
                continue
            if parameters != found.parameters:
                own = f"{token.text}({', '.join(found.parameters)})"
                raise _RefusedError(f"{shown} stands for {own} of line {found.line} with other arguments")
            pieces += [text[k : tokens[behind].start], closing]
            k = tokens[behind + 2 * len(parameters)].stop
        pieces.append(text[k:])
        return "".join(pieces)

    # ---------------------------------------------------------------------------------------------------- definitions

    def _is_free(self, item: Equation, target: Target, right: str) -> bool:
        """Whether an equation says of a name that is free what it is, so that it claims nothing."""
        if item.defines or _is_own_function(target, self._tokens(item.right)):
            return True
        known = self.defined.get(target.name)
        is_another = known is None or (bool(target.components) and target.components not in known.components)
        is_whole = known is not None and not known.components
        return is_another and not is_whole and target.name not in self._names(right)

    def _skipped(self, item: Equation, target: Target, right: str) -> Finding | None:
        """Return the finding of an equation that defines nothing, as `x = 0` and the solution of an equation."""
        name = target.name
        if item.defines:
            return None
        note = ""
        if not self._names(right):
            note = f"a value, which is not used; {name} := … defines {name}"
        elif name in self.seen:
            note = f"{name} is free in line {self.seen[name]}; {name} := … defines it from here on"
        return Finding(item.line, str(item), Outcome.SKIPPED, note=note) if note else None

    def _define(self, item: Equation, target: Target, right: str) -> Finding:
        name = target.name
        tokens = self._tokens(item.right)
        is_function = _is_own_function(target, tokens)
        parameters = _parameters(tokens[:-1], 1) if is_function else target.parameters
        statement = f"{target.spelled} = {item.right if is_function else right}"
        known = self.defined.get(name)
        if known is None or not (target.components and known.components):
            known = self.defined[name] = Definition(item.line, parameters, [], set())
        known.statements.append(statement)
        known.uses |= self._names(right) - ({name} if is_function else set())
        known.components |= {target.components} - {()}
        self.seen.pop(name, None)
        known.error = self._unreadable(name)
        outcome = Outcome.UNREAD if known.error else Outcome.DEFINES
        return Finding(item.line, str(item), outcome, note=known.error)

    def _unreadable(self, name: str) -> str:
        """Return why a definition cannot be read, or nothing."""
        try:
            above, declare = self._given({name})
            text = "; ".join(above)
            _check_powers(self._tokens(text), {*self.declared, *self.defined})
            document = parse(text, known=list(declare))
            if not any(isinstance(part, Differentiate) for s in document.statements for part in parts_of(s.body)):
                _check_definition(text, declare)
        except _RefusedError as refusal:
            return str(refusal)
        except EinsdiffError as error:
            return one_line(error)
        return ""

    def _given(self, names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
        """Return the statements that define names, each behind those that it uses, and the declarations of all.

        Raises: _RefusedError, where one of them could not be read, or where a name is defined by itself.
        """
        done: dict[str, None] = {}
        open_: dict[str, None] = {}
        left = [(name, False) for name in sorted(names)]
        while left:
            name, is_done = left.pop()
            if is_done:
                open_.pop(name)
                done[name] = None
                continue
            if name in open_:
                raise _RefusedError(f"the formula of {name} contains {name}")
            if name in done:
                continue
            definition = self.defined.get(name)
            if definition is not None and definition.error:
                raise _RefusedError(f"{name} is defined in line {definition.line}, which could not be read")
            open_[name] = None
            left.append((name, True))
            left += [(used, False) for used in sorted(definition.uses)] if definition else []
        above = [text for name in done if name in self.defined for text in self.defined[name].statements]
        return above, dict(self.declared[name] for name in done if name in self.declared)

    # --------------------------------------------------------------------------------------------------------- claims

    def _claim(self, item: Equation, left: str, right: str) -> Finding:
        names = self._names(left) | self._names(right)
        _check_powers(self._tokens(f"{left} = {right}"), {*self.declared, *self.defined})
        above, declare = self._given(names)
        text = "; ".join([*above, f"{left} = {right}"])
        key = text, tuple(declare.items())
        if key not in self.verdicts:
            self.verdicts[key] = self.check(text, layout=self.layout, declare=declare)
        verdict = self.verdicts[key]
        _check_bold(text, verdict)
        if not verdict.holds:
            free = self._check_known(text, declare)
            if free:
                return Finding(item.line, str(item), Outcome.SKIPPED, note=f"{free} is free: this claims nothing")
        self._see(f"{left} = {right}", item.line)
        note = "" if verdict.holds else self._note(item)
        outcome = Outcome.TRUE if verdict.holds else Outcome.FALSE
        uses = tuple(sorted({d.line for d in self.defined.values() if set(d.statements) & set(above)}))
        return Finding(item.line, str(item), outcome, verdict, note, text, declare, uses)

    def _note(self, item: Equation) -> str:
        """Return what is to be said of a claim about a name that was defined before."""
        target = self._target(item.left)
        definition = self.defined.get(target.name) if target else None
        if target is None or definition is None or definition.line == item.line:
            return ""
        return f"{target.name} is that of line {definition.line}; for a new one write  einsdiff: forget {target.name}"

    def _check_known(self, text: str, declare: Mapping[str, str]) -> str:
        """Return the free name that makes an equation say nothing, as b in A x = b; a typo in a derivative is no such.

        Raises: _RefusedError, where a name that nothing defines is differentiated: its derivative would be 0.
        """
        sides = [statement.body for statement in parse_claim(text, known=list(declare)).statements[-2:]]
        parts = [list(parts_of(side)) for side in sides]
        derivatives = [part for side in parts for part in side if isinstance(part, Differentiate)]
        for part in derivatives:
            name = part.body.name if isinstance(part.body, Name) or _is_unknown(part.body) else ""
            if name and name not in self.defined and name not in {variable.name for variable in part.wrt}:
                raise _RefusedError(f"nothing above defines {name}, which is differentiated", name)
        for side, other in (sides, sides[::-1]):
            change = free_change(side, other, self.defined)
            if change is not None:
                return direction(change.name)
        names = [{part.name for part in side if isinstance(part, Name)} for side in parts]
        for side, others in zip(sides, reversed(names), strict=True):
            known = {*self.defined, *BUILTINS, *others}
            if not derivatives and isinstance(side, Name) and side.name not in known:
                return side.name
        return ""


def _check_definition(text: str, declare: Mapping[str, str]) -> None:
    """Raise where definitions cannot be read in a claim, in which a Greek letter may be a vector."""
    try:
        elaborate(text, declare=declare)
    except AmbiguityError:
        document = parse_claim(f"{text}; 0 = 0", known=list(declare))
        declared = [parse_declaration(name, kind) for name, kind in declare.items()]
        declarations = (*document.declarations, *declared)
        kinds = kinds_of(document, declarations) if document.notation == "matrix" else {}
        elaborate_claim(document, declarations, kinds, "mixed")


def _is_unknown(tree: Tree) -> TypeGuard[Call]:
    """Whether a formula is f(x), f no known function."""
    return isinstance(tree, Call) and tree.name not in FUNCTIONS and not tree.primes and not tree.orders


def _parameters(tokens: Sequence[Token], k: int, *, whole: bool = True) -> tuple[str, ...] | None:
    """Return the names in the brackets that open at a place, `(x, y)`; None where something else stands there."""
    if k >= len(tokens) or tokens[k].kind != "(":
        return None
    names: list[str] = []
    for name, sign in zip(tokens[k + 1 :: 2], tokens[k + 2 :: 2], strict=False):
        if name.kind != "name" or sign.kind not in (",", ")"):
            return None
        names.append(name.text)
        if sign.kind == ")":
            return tuple(names) if not whole or k + 2 * len(names) + 1 == len(tokens) else None
    return None


def _bare_gradient(before: Sequence[Token]) -> Span | None:
    """Return where the ∇ or ∇² without a variable stands that tokens end with."""
    k = next((k for k in range(len(before) - 1, -1, -1) if before[k].kind not in RAISES), -1)
    return Span(before[k].start, before[-1].stop) if k >= 0 and before[k].kind == "∇" else None


def _is_raised(tokens: Sequence[Token], k: int) -> bool:
    """Whether a power that is no transpose stands at a place, as in ∇f(x)^2: of f, or of the gradient."""
    kinds = [token.kind for token in tokens[k : k + 3]] + [""] * 3
    return kinds[0] in ("power", ".^") or (kinds[0] == "^" and "ᵀ" not in kinds[1:3] and tokens[k + 1].text != "T")


def _is_own_function(target: Target, right: Sequence[Token]) -> bool:
    """Whether an equation is `u = u(x)`, by which u is an unknown function."""
    return (
        len(right) > 3
        and right[0].kind == "name"
        and right[0].text == target.name
        and _parameters(right[:-1], 1) is not None
    )


_BOLD = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|symbf|bf|pmb|vec)(?![A-Za-z])"
    r"\s*(?:\{\s*(?P<word>\\?[A-Za-zα-ω]+)\s*\}|(?P<one>\\[A-Za-z]+|[A-Za-zα-ω]))"
)


def _check_bold(text: str, verdict: Verdict) -> None:
    """Raise _RefusedError where a bold small letter, which is a vector in print, was taken for a scalar."""
    for found in _BOLD.finditer(text):
        word = found["word"] or found["one"]
        for letter in [name_of(word[1:])] if word[0] == "\\" else word:
            if letter.islower() and verdict.names.get(letter) == "scalar":
                raise _RefusedError(f"{letter} is bold and was taken for a scalar: declare {letter} : vector(n)")


def _check_powers(tokens: Sequence[Token], known: set[str]) -> None:
    """Raise _RefusedError for e^x, in which e would be a name like any other, and for the label of W^{(2)}."""
    for k, token in enumerate(tokens):
        if token.kind != "^":
            continue
        behind = [t.kind for t in tokens[k + 1 : k + 6]]
        if behind in (["{", "(", "number", ")", "}"], ["{", "(", "name", ")", "}"]):
            raise _RefusedError(
                "a number or name in brackets above a name can be a power or a label: write a name for it"
            )
        exponent = behind[behind[:1] == ["{"]] if behind else ""
        if tokens[k - 1].kind == "name" and tokens[k - 1].text == "e" and "e" not in known and exponent != "number":
            raise _RefusedError("e is a name here: write exp(…), or declare e : scalar")
