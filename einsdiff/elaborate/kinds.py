"""The kinds of the names in matrix notation: scalar, vector or matrix, as the formula needs them.

Every part of a tree has a shape, and every operator relates the shapes of its parts to that of its result: the table
`RELATIONS`.  Shapes that no row of a relation allows are struck out until nothing changes.  Where several are left,
wishes are granted in the order of their weight, as far as they contradict nothing: a Latin name in a sum of vectors is
a vector, Greek letters are scalars, `h` to `z` are vectors, a Latin name behind a row or a matrix is a vector, `a` to
`g` are scalars.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import NamedTuple

from einsdiff.elaborate.clashes import WORDS
from einsdiff.elaborate.deep import Deep, run
from einsdiff.elaborate.forced import Doubt, find_dot, refuse_forced, refuse_greek
from einsdiff.errors import IndexMismatchError, Mark, Span
from einsdiff.text import tree as syntax
from einsdiff.text.tree import Document, Name, Transpose, Tree, children, own_call


class Kind(IntEnum):
    """What a name is, by the number of its axes; TENSOR stands for all above two."""

    SCALAR = 0
    VECTOR = 1
    MATRIX = 2
    TENSOR = 3


Shapes = frozenset[str]
ANY = frozenset("scrmt")
SHAPES = "scmt"
"""The shape of a name of each kind: scalar, column, matrix, more axes; a row (`r`) is never a name."""
BUILTINS = {"I": "m", "ones": "c", "𝟏": "c", "commutation": "m"}
"""Names that are the identity, the vector of ones and K with K vec(A) = vec(Aᵀ), unless declared or defined."""

# fmt: off
RELATIONS = {  # a word is a row: one letter for each part, and the last for the result
    "product":    "sss scc srr smm csc rsr msm mcc mmm rmr rcs crm",
    "sum":        "sss scc srr smm csc rsr msm ccc rrr mmm",
    "quotient":   "sss csc rsr msm",
    "power":      "sss msm",
    "raised":     "sss csc rsr msm",
    "transpose":  "ss cr rc mm",
    "transposed": "c",
    "same":       "ss cc rr mm tt",
    "number":     "ss cs rs ms",
    "square":     "ss mm",
    "trace":      "ss ms",
    "diagonal":   "cm rm mc",
    "column":     "ss cc rc mc",
    "half":       "ss mc",
    "selection":  "sm",
    "definition": "ss cc rc mm tt",
    "kronecker":  "sss scc srr smm csc rsr msm ccc rrr crm rcm cmm mcm rmm mrm mmm",
    "vector":     "cc rr",
    "reduced":    "cs rs",
    "derivative": "sss scc smm csc rsr msm tst ccm rcm cmt rmt mct mmt tct tmt",
    "laid out":   "sss scc scr smm smc smr csc csr rsc rsr msm msc msr " + " ".join(  # the derivative in any layout
                  y + x + found for y in "crm" for x in "cm" for found in "crm"),
    "sides":      "ss cc rr mm tt cr rc",
}

OPERATORS: dict[type[Tree], str] = {
    syntax.Negative: "same", syntax.Add: "sum", syntax.Entrywise: "sum", syntax.Compare: "sum",
    syntax.Multiply: "product", syntax.Divide: "quotient", syntax.Kronecker: "kronecker",
    syntax.Differentiate: "derivative", syntax.Differential: "same",
}

CALLS = {
    "norm": "number", "norm1": "number", "norm2": "number", "normF": "number", "sum": "number", "inv": "square",
    "adj": "square", "tr": "trace", "det": "trace", "logdet": "trace", "diag": "diagonal", "vec": "column",
    "vech": "half", "duplication": "selection", "elimination": "selection",
    "softmax": "vector", "logsumexp": "reduced",
}
"""A function of whole tensors → its relation; every other function goes entry by entry."""
# fmt: on

HELP = {
    "product": "write x' y, x y' or x .* y for the product of two vectors",
    "quotient": "write ./ to divide entry by entry",
    "power": "write .^ to raise every entry, or  x' x  for the sum of squares",
}


def infer_kinds(
    document: Document,
    declared: Mapping[str, int],
    *,
    claim: bool = False,
    given: int | None = None,
    first: bool = False,
) -> dict[str, Kind]:
    """Return the kind of every name of a program in matrix notation; `declared` gives the ranks that are known.

    The last two statements of a `claim` are the two sides of an equation: they have one shape, if that contradicts
    nothing.  There a derivative may have the rows and columns of any layout, and what is defined as a row stays one; a
    Greek letter is a vector where something needs it to be one, as θ'θ does.
    What is a vector on the side `given` (0 or 1) is one, whatever the other side needs: x in ∂sum(x)/∂x = 1.  With
    `first` it is one, too, where it only stands like one, as x in ∂(W x)/∂x, and the other side may contradict that.

    Raises: IndexMismatchError, where a name would have to be of two kinds; AmbiguityError, where names are scalars only
        since ^ is the power of a matrix, since a dot is no inner product, or since a Greek letter is a scalar.
    """
    shapes = _Shapes(document, declared, claim=claim)
    kinds = _read_all(shapes, claim=claim, given=given, first=first).settle()
    scalars = [name for name, kind in kinds.items() if kind is Kind.SCALAR and name in shapes.places]
    greek = [name for name in scalars if _is_greek(name) and name not in declared]
    is_doubtful = any(not (claim and doubt.sign == "power") for doubt in shapes.doubts)
    for mode in ["entrywise"] * bool(scalars and is_doubtful) + ["greek"] * bool(greek and not claim):
        other = _Shapes(document, declared, claim=claim, mode=mode)
        with suppress(IndexMismatchError):
            _read_all(other, claim=claim, given=given, first=first).settle()
            vectors = [name for name in scalars if other.domains[other.names[name]] == {"c"}]
            if mode == "greek":
                refuse_greek(document.source, vectors, greek, shapes.places)
            else:
                pairs = zip(shapes.told(), other.told(), strict=True)
                refuse_forced(document.source, shapes.doubts, list(pairs), vectors, powers=not claim)
    return kinds


def _read_all(shapes: _Shapes, *, claim: bool, given: int | None, first: bool) -> _Shapes:
    """Let shapes take in their whole document."""
    document = shapes.document
    count = len(document.statements)
    has_sides = claim and count > 1 and not any(side.target for side in document.statements[-2:])
    order = list(range(count))
    if has_sides and given == 1:
        order[-2:] = order[:-3:-1]
    parts: dict[int, int] = {}
    for k in order:
        if given is not None and has_sides and k == order[-1]:
            shapes.prefer(products=first)
        parts[k] = shapes.read(document.statements[k].target, document.statements[k].body)
    if has_sides:
        shapes.equate([parts[count - 2], parts[count - 1]], [side.body for side in document.statements[-2:]])
    return shapes


class _Constraint(NamedTuple):
    """The shapes of some parts are a row of a relation."""

    relation: str
    rows: tuple[str, ...]
    parts: tuple[int, ...]
    spans: tuple[Span, ...]

    def allowed(self, domains: Sequence[Shapes], free: int | None = None) -> list[str]:
        """Return the rows that fit the shapes left to the parts, where `free` may have any."""
        return [
            row
            for row in self.rows
            if all(part == free or shape in domains[part] for part, shape in zip(self.parts, row, strict=True))
            and len(set(zip(self.parts, row, strict=True))) == len(set(self.parts))
        ]


class _Wish(NamedTuple):
    """A part shall have one of the shapes `kept`, once the part `when` has only shapes of `given`."""

    part: int
    kept: Shapes
    when: int | None = None
    given: Shapes = ANY


class _Shapes:
    """The shapes that are left to each part of a program."""

    def __init__(self, document: Document, declared: Mapping[str, int], *, claim: bool, mode: str = "") -> None:
        self.document, self.source = document, document.source
        self.declared = declared
        self.operators = OPERATORS | ({syntax.Differentiate: "laid out"} if claim else {})
        self.mode = mode
        self.doubts: list[Doubt] = []
        self.places: dict[str, Span] = {}
        self.vectors = set(_transposed(document))
        self.definition, self.targets = ("same", ANY) if claim else ("definition", frozenset(SHAPES))
        self.functions = {call.name for call in map(own_call, document.statements) if call is not None}
        self.defined = {s.target.name for s in document.statements if isinstance(s.target, Name)} - self.functions
        self.domains: list[Shapes] = []
        self.names: dict[str, int] = {}
        self.is_claim = claim
        self.greek: set[int] = set()
        self.initial: dict[int, Shapes] = {}
        self.causes: dict[int, Span] = {}
        self.constraints: list[_Constraint] = []
        self.watching: list[list[int]] = []
        self.dead: set[int] = set()
        self.lenient_from: int | None = None
        self.sums: list[_Wish] = []
        self.products: list[_Wish] = []

    def read(self, target: Name | syntax.Differentiate | None, body: Tree) -> int:
        """Take in a statement, and return the part of its body; what it defines has the kind of the right-hand side."""
        found = run(self._shape(body))
        if isinstance(target, Name) and target.name in self.functions:
            return self._name(target.name)
        if isinstance(target, Name):
            self._relate(self.definition, (found, self._name(target.name)), (body.span, target.span))
        elif target is not None:
            run(self._shape(target))
        return found

    def prefer(self, *, products: bool) -> None:
        """Let what was read so far have its vectors, whatever is read below; with `products` it may be contradicted."""
        self._propagate(range(len(self.constraints)), None)
        self._hear([*self.sums, *(self.products if products else ())])
        self.lenient_from = len(self.constraints) if products else None

    def equate(self, parts: Sequence[int], sides: Sequence[Tree]) -> None:
        """Let two parts have one shape, but for rows and columns; the number 0 is a zero of any shape."""
        if not any(isinstance(side, syntax.Numeral) and side.value == 0 for side in sides):
            self._propagate(range(len(self.constraints)), None)
            self._relate("sides", tuple(parts), tuple(side.span for side in sides))
            if not self._try([len(self.constraints) - 1], []):
                self.dead.add(len(self.constraints) - 1)

    def settle(self) -> dict[str, Kind]:
        """Return the kinds, once all constraints are met and all wishes are heard."""
        self._propagate(range(len(self.constraints)), None)
        inputs = [(name, part) for name, part in self.names.items() if name not in self.defined]
        greek = [_Wish(part, frozenset("s")) for name, part in inputs if part in self.greek]
        vectors = [_Wish(part, frozenset("c")) for name, part in reversed(inputs) if not "a" <= name[0] <= "g"]
        scalars = [_Wish(part, frozenset("s")) for name, part in inputs if "a" <= name[0] <= "g"]
        self._hear([*self.sums, *greek, *vectors, *self.products, *scalars])
        return {name: self._kind(part) for name, part in self.names.items()}

    def _kind(self, part: int) -> Kind:
        return next((Kind(k) for k, shape in enumerate(SHAPES) if shape in self.domains[part]), Kind.VECTOR)

    def told(self) -> list[list[Shapes]]:
        """Return the shapes of the parts of each doubt."""
        return [[self.domains[part] for part in doubt.parts] for doubt in self.doubts]

    # --------------------------------------------------------------------------------------------------------- reading

    def _new(self, domain: Iterable[str]) -> int:
        self.domains.append(frozenset(domain))
        self.watching.append([])
        return len(self.domains) - 1

    def _name(self, name: str) -> int:
        part = self.names.get(name)
        if part is not None:
            return part
        known = name in self.declared or name in self.defined or name in self.functions
        if name in BUILTINS and not known:
            return self._new(BUILTINS[name])
        domain: Iterable[str] = _first_shapes(name)
        if _is_greek(name) and not known and (self.is_claim or self.mode == "greek" or name in self.vectors):
            domain = "sc"
        if name in self.declared:
            domain = SHAPES[min(self.declared[name], 3)]
        elif name in self.defined:
            domain = self.targets
        part = self.names[name] = self._new(domain)
        self.initial[part] = frozenset(domain)
        if not known and _is_greek(name):
            self.greek.add(part)
        return part

    def _relate(self, relation: str, parts: tuple[int, ...], spans: tuple[Span, ...]) -> None:
        for part in dict.fromkeys(parts):
            self.watching[part].append(len(self.constraints))
        self.constraints.append(_Constraint(relation, tuple(RELATIONS[relation].split()), parts, spans))

    def _shape(self, tree: Tree) -> Deep[int]:
        parts: list[int] = []
        for part in children(tree):
            parts += [(yield self._shape(part))]
        return self._combine(tree, parts)

    def _combine(self, tree: Tree, parts: list[int]) -> int:
        """Relate the shape of a tree to those of its parts."""
        match tree:
            case syntax.Numeral():
                found = self._new("s")
            case Name(name):
                self.places.setdefault(name, tree.span)
                found = self._name(name)
            case syntax.Reduce() | syntax.FieldDerivative():
                found = self._new(ANY)
            case Transpose():
                found = self._transpose(tree, parts[0])
            case syntax.Call():
                found = self._call(tree, parts)
            case syntax.Differentiate(stacked=stacked) if stacked:
                found = self._chain(self.operators[type(tree)], [parts[0], *map(self._column, parts[1:])], tree)
            case syntax.Raise():
                self.doubts.append(Doubt("power", (parts[0],), (tree.base.span, tree.exponent.span)))
                found = self._chain("raised" if self.mode == "entrywise" else "power", parts, tree)
            case _:
                found = self._chain(self.operators[type(tree)], parts, tree)
        if isinstance(tree, syntax.Add) or (isinstance(tree, syntax.Entrywise) and tree.operator != "^"):
            self.sums += [_Wish(part, ANY - {"s"}, found, ANY - {"s"}) for part in parts if part not in self.greek]
        return found

    def _chain(self, relation: str, parts: list[int], tree: Tree) -> int:
        """Relate the parts from the left, two by two; one part is related to the result."""
        spans = [part.span for part in children(tree)]
        if len(parts) == 1:
            found = self._new(ANY)
            self._relate(relation, (parts[0], found), (spans[0], tree.span))
            return found
        dot = find_dot(self.source, spans) if relation == "product" else 0
        halves = [
            self._join(relation, parts[k], spans[k])
            for k in (slice(dot), slice(dot, None))
            if self.mode == "entrywise" and dot
        ]
        if dot:
            self.doubts.append(Doubt("dot", tuple(halves), (spans[0].to(spans[dot - 1]), spans[dot].to(spans[-1]))))
        return self._new(ANY) if halves else self._join(relation, parts, spans)

    def _join(self, relation: str, parts: Sequence[int], spans: Sequence[Span]) -> int:
        """Relate the parts from the left, two by two, and return that of all; one part is all."""
        left, span = parts[0], spans[0]
        for part, here in zip(parts[1:], spans[1:], strict=True):
            found = self._new(ANY)
            self._relate(relation, (left, part, found), (span, here, span.to(here)))
            if relation == "product" and part not in self.greek:
                self.products.append(_Wish(part, ANY - {"s"}, left, frozenset("rm")))
            left, span = found, span.to(here)
        return left

    def _column(self, part: int) -> int:
        """Return the part of vec(X), for that of X."""
        found = self._new(ANY)
        self._relate("column", (part, found), (Span(0, 0), Span(0, 0)))
        return found

    def _transpose(self, tree: Transpose, body: int) -> int:
        found = self._new(ANY)
        if self.initial.get(body) == frozenset("sc"):  # a name that is transposed is a vector
            self._relate("transposed", (body,), (tree.body.span,))
        self._relate("transpose", (body, found), (tree.body.span, tree.span))
        self.sums.append(_Wish(body, ANY - {"s"}))
        return found

    def _call(self, tree: syntax.Call, parts: list[int]) -> int:
        relation = CALLS.get(tree.name)
        if tree.name in self.functions:
            return self._name(tree.name)
        if not parts or (relation and len(parts) > 1):
            return self._new(ANY)
        if relation in ("number", "column", "vector", "reduced"):
            self.sums.append(_Wish(parts[0], ANY - {"s"}))
        return self._chain(relation or ("same" if len(parts) == 1 else "sum"), parts, tree)

    # ----------------------------------------------------------------------------------------------------- propagation

    def _propagate(self, changed: Iterable[int], trail: list[tuple[int, Shapes]] | None) -> bool:
        """Strike out what the constraints forbid; with a trail tell whether all can be met, without one refuse."""
        queue = deque(changed)
        while queue:
            k = queue.popleft()
            constraint = self.constraints[k]
            rows = constraint.allowed(self.domains)
            if k in self.dead:
                continue
            if not rows:
                if trail is not None:
                    return False
                if self.lenient_from is None or k < self.lenient_from:
                    self._refuse(constraint)
                self.dead.add(k)
                continue
            for place, part in enumerate(constraint.parts):
                left = frozenset(row[place] for row in rows)
                if left != self.domains[part]:
                    if trail is not None:
                        trail.append((part, self.domains[part]))
                    self.domains[part] = left
                    self.causes[part] = constraint.spans[place]
                    queue += self.watching[part]
        return True

    def _refuse(self, constraint: _Constraint) -> None:
        """Raise the error of a name of two kinds; the elaboration finds all other clashes, operator by operator."""
        for place, part in enumerate(constraint.parts):
            needed = {row[place] for row in constraint.allowed(self.domains, free=part)} & self.initial.get(part, ANY)
            cause = self.causes.get(part)
            if part not in self.initial or not needed or cause is None:
                continue
            name = next(n for n, p in self.names.items() if p == part)
            raise IndexMismatchError(
                f"{name} must be {_spell(needed)} at [^] and {_spell(self.domains[part])} at [~]",
                self.source,
                [Mark(constraint.spans[place]), Mark(cause, "~")],
                rule="a name is of one kind in the whole program (spec/language.md, Kinds of names)",
                help=self._typed(constraint) or f"give {name} another name at one of the two places",
            )

    def _typed(self, constraint: _Constraint) -> str:
        """Return what can be typed instead."""
        if constraint.relation != "product":
            return HELP.get(constraint.relation, "")
        a, b = (self.source[span.start : span.stop] for span in constraint.spans[:2])
        if not (a + b).isalnum():
            return HELP["product"]
        is_matrix = self.domains[constraint.parts[1]] == {"m"}
        return f"write {a}' {b}" + ("" if is_matrix else f", {a} {b}' or {a} .* {b} for the product of two vectors")

    def _is_open(self, wish: _Wish) -> bool:
        """Tell whether a wish would decide something."""
        domain = self.domains[wish.part]
        due = wish.when is None or self.domains[wish.when] <= wish.given
        return due and bool(domain & wish.kept) and not domain <= wish.kept

    def _hear(self, wishes: list[_Wish]) -> None:
        """Grant wishes in their order, as far as they contradict nothing."""
        while (k := next((k for k, w in enumerate(wishes) if self._is_open(w)), None)) is not None:
            if not self._grant(wishes[k]):
                del wishes[k]

    def _grant(self, wish: _Wish) -> bool:
        """Grant a wish, unless it contradicts a constraint."""
        trail = [(wish.part, self.domains[wish.part])]
        self.domains[wish.part] &= wish.kept
        return self._try(self.watching[wish.part], trail)

    def _try(self, changed: Iterable[int], trail: list[tuple[int, Shapes]]) -> bool:
        """Propagate what was changed on trial, and take it back where a constraint cannot be met."""
        if self._propagate(changed, trail):
            return True
        for part, domain in reversed(trail):
            self.domains[part] = domain
        return False


def _transposed(document: Document) -> Iterator[str]:
    """Yield the names that are transposed: they are vectors, Greek letters too."""
    parts: list[Tree] = [tree for s in document.statements for tree in (s.target, s.body) if tree is not None]
    for part in parts:
        parts += children(part)
        if isinstance(part, Transpose) and isinstance(part.body, Name):
            yield part.body.name


def _first_shapes(name: str) -> str:
    """Return what a name can be by its first letter: capitals are matrices, Greek letters scalars."""
    if name[0].isupper():
        return "m"
    return "s" if _is_greek(name) else "sc"


def _is_greek(name: str) -> bool:
    return unicodedata.name(name[0], "").startswith("GREEK SMALL")


def _spell(shapes: Iterable[str]) -> str:
    return " or ".join(WORDS[s] for s in sorted(shapes, key="scrmt".index))
