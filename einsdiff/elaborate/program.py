"""The program of a text: its statements as entries, one by one, with the names of earlier ones as tensors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, permutations
from typing import Literal

from einsdiff import functions
from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Axis
from einsdiff.elaborate import summation
from einsdiff.elaborate.calls import own_function, rank_by_kind
from einsdiff.elaborate.components import LETTERS, Components
from einsdiff.elaborate.deep import run
from einsdiff.elaborate.definitions import (
    Definition,
    Program,
    derivative_label,
    refuse_redefinition,
    resolve,
    resolve_sizes,
)
from einsdiff.elaborate.index import Elaboration
from einsdiff.elaborate.kinds import Kind, infer_kinds
from einsdiff.elaborate.matrix import elaborate as elaborate_matrix
from einsdiff.elaborate.scope import Local, Scope, local
from einsdiff.errors import AmbiguityError, EinsdiffError, Mark, ParseError, SizeMismatchError, Span
from einsdiff.text.parser import parse, parse_declaration
from einsdiff.text.tree import Add, Call, Differentiate, Document, Index, Name, Statement, Tree, children, own_call

__all__ = ["LETTERS", "Definition", "Program", "Reading", "elaborate", "resolve_sizes", "written_ranks"]


def elaborate(
    source: str,
    *,
    declare: Mapping[str, str] | None = None,
    notation: Literal["index", "matrix"] | None = None,
    known: Collection[str] = (),
) -> Program:
    """Return the program of a text.

    Raises: any of the errors of reading and of indices, sizes and names, with its place in `source`.
    """
    more = [parse_declaration(name, text) for name, text in (declare or {}).items()]
    document = parse(source, notation=notation, known=[*known, *(d.name for d in more)])
    if not document.statements:
        raise ParseError("there is no formula here", source, [Mark(Span(0, 1))], help="y = x_i A_ij x_j")
    scope = Scope(source, [*document.declarations, *more])
    return Reading(document, scope).program()


class Reading:
    """The elaboration of a document, statement by statement."""

    def __init__(self, document: Document, scope: Scope) -> None:
        self.document = document
        self.scope = scope
        self.definitions: list[Definition] = []
        self.components = Components(scope)
        self.letters: set[str] = set()
        if document.notation == "index" and not scope.written:
            scope.written = written_ranks(document)

    def program(self) -> Program:
        """Return the program of the whole document."""
        self.read()
        return self.finished()

    def read(self) -> None:
        """Elaborate the statements, one after the other."""
        if self.document.notation == "matrix":
            self._matrix_statements()
        else:
            for statement in self.document.statements:
                self._index_statement(statement)

    def finished(self) -> Program:
        """Return the program of what was read so far."""
        self.components.stack(self.definitions)
        self.scope.check_components()
        sizes = self.scope.sizes()
        resolved = tuple(resolve(d, sizes) for d in self.definitions)
        inputs = {s.name: s for s in self.scope.inputs()}
        inputs |= {n: symbol for n, symbol in self.scope.declared.items() if n not in self.scope.symbols}
        return Program(
            self.document.source,
            self.document.notation,
            resolved,
            inputs,
            self.scope.declared,
            self.scope.classes(),
            sizes,
            dict(self.scope.hints),
            frozenset(self.letters),
        )

    # ------------------------------------------------------------------------------------------------- index notation

    def _check_declared(self, target: Name, body: Tree, wires: tuple[Local, ...]) -> None:
        """Refuse a left-hand side that is declared with other sizes than its right-hand side has."""
        declared = self.scope.declared.get(target.name)
        if declared is None or len(declared.sizes) != len(wires):
            return
        sizes = [self.scope.resolve(w.size) for w in wires]
        known = [self.scope.resolve(Axis(target.name, k)) for k in range(len(wires))]
        pairs = zip(sizes, known, strict=True)
        if any(a != b and isinstance(a, int | str) and isinstance(b, int | str) for a, b in pairs):
            one, two = (
                " by ".join(str(s) if isinstance(s, int | str) else "…" for s in side) for side in (known, sizes)
            )
            raise SizeMismatchError(
                f"{target.name} [^] is declared {'with size ' * (len(wires) == 1)}{one}, "
                f"and what it stands for [~] has {two}",
                self.scope.source,
                [Mark(target.span), Mark(body.span, "~")],
                sizes=self.scope.declarations(w.size for w in wires),
                help=f"change one of the declarations, or give {target.name} another name",
            )

    def _check_mixed(self, tree: Tree) -> None:
        """Refuse ∂²y/∂u∂x where u is defined by means of x: it is not clear whether u is held."""
        stack = [tree]
        for part in stack:
            stack += children(part)
            if not isinstance(part, Differentiate) or len({name.name for name in part.wrt}) == 1:
                continue
            for u, x in permutations(part.wrt, 2):
                if x.name in self._ancestors(u.name):
                    raise AmbiguityError(
                        f"{u.name} [^] is defined by means of {x.name} [~]: it is not clear whether this derivative "
                        f"holds it independent of {x.name}",
                        self.scope.source,
                        [Mark(u.span), Mark(x.span, "~")],
                        help=f"∂(∂y/∂{u.name})/∂{x.name}  differentiates what {u.name} stands for, too",
                    )

    def _ancestors(self, name: str) -> set[str]:
        """Return the names by means of which a name is defined."""
        found: set[str] = set()
        left = [name]
        while left:
            name = left.pop()
            for d in self.definitions:
                if name in (d.name, d.label):
                    new = {t.name for t in walk.tensors(d.entry.node)} - found
                    found |= new
                    left += new
        return found

    def _own_function(self, statement: Statement, call: Call) -> None:
        """u_i = u_i(x): u is an unknown function, and the tensor u its value."""
        free, label, name, places = self._target(statement.target, statement.body)
        numbered = next((i for i in call.indices or () if isinstance(i.name, int)), None)
        if numbered is not None:
            raise ParseError(
                "a component of an unknown function is not supported [^]",
                self.scope.source,
                [Mark(numbered.span)],
                help="declare the function as a whole, and take the component of its value",
            )
        self.letters |= set(free)
        wires = tuple(local(i) for i in free)
        entry = own_function(self.scope, call, wires, self.scope.known_rank)
        self._define(name, label, wires, entry, statement.span, places, statement.target)

    def _index_statement(self, statement: Statement) -> None:
        call = own_call(statement)
        if call is not None:
            self._own_function(statement, call)
            return
        source, tree, target = self.scope.source, statement.body, statement.target
        self._check_mixed(tree)
        standing = summation.standings(tree)
        self.letters |= set(standing[id(tree)]) | _all_indices(standing)
        free, label, name, places = self._target(target, tree)
        self.letters |= set(free)
        for term in tree.terms if isinstance(tree, Add) else (tree,):
            summation.check_bound(source, term, standing[id(term)], free)
        wires = {i: local(i) for i in free}
        for wire in wires.values():
            self.scope.mentions(wire)
        reading = Elaboration(self.scope, standing, self.components.known)
        entry = _run_located(reading.part(tree, wires), source, statement.span)
        entry = build.spread(entry, {w: w.size for w in wires.values()})
        self._define(name, label, tuple(wires.values()), entry, statement.span, places, target)
        indices = target.indices if isinstance(target, Name) else None
        if indices and any(i.is_folded for i in indices):
            self.definitions[-1] = replace(self.definitions[-1], folds=_folds(indices))

    def _target(
        self, target: Name | Differentiate | None, tree: Tree
    ) -> tuple[list[str], str, str | None, tuple[int | str, ...]]:
        """Return the free indices, the label, the name that is defined, and the indices as written."""
        if target is None:
            return summation.strict(self.scope.source, tree), "", None, ()
        if isinstance(target, Name):
            places = tuple(i.name for i in target.indices or ())
            free = [i for i in places if isinstance(i, str)]
            return free, target.name, target.name, places
        names = [target.body, *target.wrt]
        indices: list[Index] = [i for n in names if isinstance(n, Name) for i in n.indices or ()]
        return [i.name for i in indices if isinstance(i.name, str)], derivative_label(target), None, ()

    def _define(
        self,
        name: str | None,
        label: str,
        wires: tuple[Local, ...],
        entry: Entry,
        span: Span,
        places: tuple[int | str, ...] = (),
        target: Name | Differentiate | None = None,
    ) -> None:
        sizes = tuple(w.size for w in wires)
        if name is None:
            self.definitions.append(Definition(None, label, wires, entry, sizes, span))
            return
        where = target.span if target is not None else span
        if any(isinstance(p, int) for p in places):
            self.definitions.append(self.components.define(name, places, wires, entry, span, where))
            return
        symbol = self.scope.symbols.get(name)
        if symbol is not None:
            raise refuse_redefinition(self.scope, name, symbol, where, span)
        symbol = self.scope.use(name, len(wires), where)
        symbol.role = "defined"
        for k, wire in enumerate(wires):
            self.scope.tie(wire, Axis(name, k), where)
        self.definitions.append(Definition(name, label, wires, entry, sizes, span))

    # ------------------------------------------------------------------------------------------------- matrix notation

    def _matrix_statements(self) -> None:
        kinds = infer_kinds(self.document, self.scope.ranks())
        for statement in self.document.statements:
            target, call = statement.target, own_call(statement)
            if call is not None:
                wires = tuple(local(LETTERS[k]) for k in range(kinds[call.name]))
                entry = own_function(self.scope, call, wires, rank_by_kind(self.scope, kinds))
                self._define(call.name, call.name, wires, entry, statement.span, (), target)
                continue
            self._check_mixed(statement.body)
            is_last = statement is self.document.statements[-1]
            value = elaborate_matrix(statement.body, self.scope, kinds, may_fold=is_last)
            label, name = "", None
            if isinstance(target, Name):
                label = name = target.name
                kinds[target.name] = Kind(min(len(value.wires), Kind.TENSOR))
            elif target is not None:
                label = derivative_label(target)
            if isinstance(target, Name):
                self._check_declared(target, statement.body, value.wires)
            named = tuple(local(LETTERS[k] if k < len(LETTERS) else f"i{k}") for k in range(len(value.wires)))
            for new, old in zip(named, value.wires, strict=True):
                self.scope.tie_wires(new, old, statement.span)
            self.letters |= {w.index for w in named}
            entry = build.rename(value.entry, dict(zip(value.wires, named, strict=True)))
            self._define(name, label, named, entry, statement.span, (), target)
            if value.folds:
                self.definitions[-1] = replace(self.definitions[-1], folds=value.folds)


def _folds(indices: Sequence[Index]) -> tuple[int, ...]:
    """Return how many indices share each axis."""
    starts = [k for k, i in enumerate(indices) if not i.is_folded]
    return tuple(stop - start for start, stop in pairwise([*starts, len(indices)]))


def written_ranks(document: Document) -> dict[str, int]:
    """Return how many indices each name has where it first stands, but for the arguments of functions of a whole."""
    found: dict[str, int] = {}
    stack: list[Tree] = [part for s in reversed(document.statements) for part in (s.body, s.target) if part is not None]
    while stack:
        tree = stack.pop()
        if isinstance(tree, Call) and tree.name not in functions.BY_NAME:
            is_whole = tree.name in functions.TENSOR_FUNCTIONS
            stack += [] if is_whole else [a for a in reversed(tree.arguments) if not isinstance(a, Name) or a.indices]
        else:
            stack += reversed(children(tree))
        if isinstance(tree, Name):
            found.setdefault(tree.name, len(tree.indices or ()))
    return found


def _run_located(task: object, source: str, span: Span) -> Entry:
    try:
        return run(task)  # type: ignore[arg-type]
    except build.DivisionByZeroError:
        raise ParseError(
            "a divisor in this statement is exactly zero [^]",
            source,
            [Mark(span)],
            rule="a quotient by zero has no value (spec/language.md, Quotients)",
            help="divide by something else",
        ) from None
    except EinsdiffError as error:
        raise error.locate(source, Mark(span)) from None


def _all_indices(standing: Mapping[int, summation.Standings]) -> set[str]:
    return {i for part in standing.values() for i in part}
