"""Programs, evaluated: definitions in the place of names, and derivatives carried out, each where it belongs.

∂y/∂u by a name u that a statement defines holds u independent: y is linked around u and differentiated, and only then
is u replaced by its definition.  So ∂y/∂u ∂u/∂x is the chain rule, and ∂(∂y/∂u)/∂x differentiates what u stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Derivative, Expr, Tensor
from einsdiff.algebra.steps import Steps, unrecorded
from einsdiff.calculus.compose import carry_out, differentiate
from einsdiff.elaborate.deep import Deep, run
from einsdiff.elaborate.program import Program
from einsdiff.errors import AmbiguityError, Mark, ParseError

Held = frozenset[str]


def evaluate(program: Program, entry: Entry, hold: Collection[str] = (), steps: Steps = unrecorded) -> Entry:
    """Return the entry with all names linked but those that are held, and with every derivative carried out.

    Raises: AmbiguityError, where a derivative by x stands inside one that holds a name independent which depends on x;
        ParseError, where a divisor turns out to be zero.
    """
    held = frozenset(hold)
    roots = [root for root in program.roots(entry.node, held) if Derivative in root.kinds]
    derivatives = [n for n in walk.ordered(*roots) if isinstance(n, Derivative)]
    try:
        if not any(held or program.defined(n.wrt.name) for n in derivatives):
            return carry_out(program.link(entry, held), steps)
        return walk.place(run(_Linking(program, steps).settle(entry.node, held)), entry.wires)
    except build.DivisionByZeroError:
        raise ParseError(
            "a divisor is exactly zero, once names are linked and derivatives carried out",
            rule="a quotient by zero has no value (spec/language.md, Quotients)",
            help="divide by something else",
        ) from None


class _Linking:
    """The linking of one program, remembered for each definition and each set of held names."""

    def __init__(self, program: Program, steps: Steps) -> None:
        self.program = program
        self.steps = steps
        self.remembered: dict[tuple[str, Held], Entry] = {}

    def settle(self, root: Expr, held: Held) -> Deep[Entry]:
        """Return a node at the wires 0, 1, …, with the names linked that it needs."""
        needed = self._needed(root, held)
        known = self.program.held_components(needed, held)
        for d in self.program.definitions:
            if d.name is None or d.name not in needed or d.name in known:
                continue
            if (d.name, held) not in self.remembered:
                found: Entry = yield self._carried_out(d.entry.node, held, known)
                at = {wire: axis for axis, wire in enumerate(d.wires)}
                self.remembered[d.name, held] = build.rename(walk.place(found, d.entry.wires), at)
            known[d.name] = self.remembered[d.name, held]
        whole: Entry = yield self._carried_out(root, held, known)
        return whole

    def _carried_out(self, root: Expr, held: Held, known: Mapping[str, Entry]) -> Deep[Entry]:
        """Return a node with what is known in place of names, and its derivatives carried out."""
        done: dict[Expr, Entry] = {}
        for node in self._outer(root):
            if isinstance(node, Tensor) and node.name in known:
                done[node] = known[node.name]
            elif isinstance(node, Derivative):
                if self._is_intermediate(node):
                    body: Entry = yield self.settle(node.body, held | {node.wrt.name})
                else:
                    body = done[node.body]
                self._check(body, node.wrt, held)
                variable = Entry(node.wrt, tuple(range(node.body.rank, node.rank)))
                found = differentiate(body, variable, self.steps)
                done[node] = _replaced(found, node.wrt, known.get(node.wrt.name))
            else:
                done[node] = walk.rebuild(node, done)
        return done[root]

    def _is_intermediate(self, node: Expr) -> bool:
        """Whether a node is a derivative by a name that a statement defines."""
        return isinstance(node, Derivative) and self.program.defined(node.wrt.name) is not None

    def _outer(self, root: Expr) -> list[Expr]:
        """Return the nodes below a root, parts first, but not those inside derivatives by defined names."""
        return walk.ordered(root, is_closed=self._is_intermediate)

    def _needed(self, root: Expr, held: Held) -> set[str]:
        """Return the names whose definitions are put in their place, outside of derivatives by defined names."""
        found: set[str] = set()
        left = [root]
        while left:
            for node in self._outer(left.pop()):
                tensor = node.wrt if isinstance(node, Derivative) else node
                definition = self.program.defined(tensor.name) if isinstance(tensor, Tensor) else None
                if definition is not None and definition.name not in held | found:
                    assert definition.name is not None
                    found.add(definition.name)
                    left.append(definition.entry.node)
        return found

    def _check(self, body: Entry, wrt: Tensor, held: Held) -> None:
        """Raise where the body holds a name that depends on the variable of this derivative."""
        for tensor in walk.tensors(body.node):
            if tensor.name in held and tensor.name != wrt.name and wrt.name in self.program.ancestors(tensor.name):
                u, x, definition = tensor.name, wrt.name, self.program.defined(tensor.name)
                assert definition is not None
                raise AmbiguityError(
                    f"{u} [^] is held independent around a derivative by {x}, on which it depends: "
                    f"it is not clear whether {u} moves with {x} there",
                    self.program.source,
                    [Mark(definition.span)],
                    help=f"differentiate by {u} first, as in ∂(∂y/∂{u})/∂{x}, or write out what {u} stands for",
                )


def _replaced(entry: Entry, name: Tensor, value: Entry | None) -> Entry:
    """Return the entry with a value in the place of a tensor, if there is one."""
    if value is None:
        return entry
    return walk.replace(entry, lambda node: value if node is name else None)
