"""Steps as statements that write into buffers, which are used again when what they hold is not needed.

These are elementwise steps, and products of matrices that `np.matmul` writes where they are to stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from einsdiff.algebra.nodes import Exact
from einsdiff.program.emit import contract
from einsdiff.program.emit.expressions import expression
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import ATOM, POWER, TIMES
from einsdiff.program.plan import pairing
from einsdiff.program.plan.pairing import Way
from einsdiff.program.plan.steps import (
    AnyStep,
    Combine,
    Contract,
    Divide,
    Map,
    Multiply,
    Operand,
    Plan,
    Power,
    sizes_of,
)

WRITTEN = re.compile(r"(np\.(?!where)\w+|\{sigmoid\})\(([^()]*)\)(?:\.astype\(\{dtype\}\))?")
"""Functions that can write their values somewhere; numbers may be written where truth values would be returned."""

Argument = Operand | str | int
"""An operand of a step, the code of what is no array of that size, or the number of an instruction before."""


def way_of(plan: Plan, step: Contract) -> Way | None:
    """Return how two arrays are multiplied where their product is to stand, None where that is no gain."""
    if len(step.operands) != 2 or not step.out:
        return None
    a, b = (op.labels for op in step.operands)
    return pairing.in_place(a, b, step.out, step.out[-1], sizes_of(step.operands, plan.values))


class Instruction(NamedTuple):
    """A call of a function of NumPy's that writes into an array."""

    function: str
    arguments: tuple[Argument, ...]


class Buffers:
    """The buffers of a loop, and which value each holds; `uses` are the values that are read, each time they are."""

    def __init__(self, page: Page, uses: Iterable[int]) -> None:
        self.page = page
        self.names: list[str] = []
        self._uses = Counter(uses)
        self._free: list[str] = []
        self._held: dict[int, str] = {}

    def write(self, step: AnyStep, place: str = "") -> None:
        """Write a step; its value goes into a buffer, or to a place that is given."""
        if isinstance(step, Contract):
            self._multiply(step, place)
            return
        instructions = _instructions(self.page, step)
        read = Counter(a.value for i in instructions for a in i.arguments if isinstance(a, Operand))
        for value in [v for v, times in read.items() if times > 1]:
            self.page.firm(value)
        self._uses.subtract(op.value for op in step.operands)
        if place:
            view = self.page.namer.numbered("b")
            self.page.add(f"{view} = {place}")
            self._free.append(view)
            place = view
        formula = expression(self.page, step).formula
        lines: list[str] = []
        made: list[str] = []
        for k, (function, arguments) in enumerate(instructions):
            later = {a for i in instructions[k + 1 :] for a in i.arguments}
            ended = self._ended(arguments, later, made)
            is_last = k == len(instructions) - 1
            out = place if place and is_last else ended[0] if ended else self._take()
            self._free += [name for name in ended if name != out]
            codes = ", ".join(self._code(a, step, made) for a in arguments)
            lines.append(f"{out}[...] = {codes}" if not function else f"{function}({codes}, out={out})")
            made.append(out)
        if place and place in self._free:
            self._free.remove(place)
        if not place:
            self._held[step.target] = made[-1]
        self._release()
        self.page.comment(made[-1], step, formula)
        for line in lines:
            self.page.add(line)
        self.page.bind(step.target, made[-1])

    def _multiply(self, step: Contract, place: str) -> None:
        """Write a product of matrices; none of them stands where it is written."""
        page, way = self.page, way_of(self.page.plan, step)
        assert way is not None, "is written where it is to stand"
        name = page.namer.numbered("b") if place else self._take()
        if place:
            page.add(f"{name} = {place}")
        page.comment(name, step, expression(page, step).formula)
        a, b = (page.piece(op) for op in step.operands)
        first, second = contract.matrices(page.spell, a, b, way, page.extent(step.operands))
        page.add(f"np.matmul({first}, {second}, out={contract.transposed(page.spell, name, step.out, way.made)})")
        if not place:
            self._held[step.target] = name
        page.bind(step.target, name)
        self.read(step)

    def read(self, step: AnyStep) -> None:
        """Take note of a step that is written and reads what buffers hold."""
        self._uses.subtract(op.value for op in step.operands)
        self._release()

    def _release(self) -> None:
        """Set free the buffers of values that are not read any more."""
        for value in [v for v in self._held if self._uses[v] <= 0]:
            name = self._held.pop(value)
            if name not in self._free and name not in self._held.values():
                self._free.append(name)

    def _code(self, argument: Argument, step: AnyStep, made: list[str]) -> str:
        if isinstance(argument, Operand):
            return self.page.spread(argument, step.out).code
        return argument if isinstance(argument, str) else made[argument]

    def _ended(self, arguments: Iterable[Argument], later: set[Argument], made: list[str]) -> list[str]:
        """Return the buffers whose values are read for the last time."""
        read = {a.value for a in later if isinstance(a, Operand)}
        found: dict[str, None] = {}
        for a in arguments:
            if isinstance(a, int) and a not in later:
                found[made[a]] = None
            if isinstance(a, Operand) and a.value in self._held and self._uses[a.value] == 0 and a.value not in read:
                found[self._held[a.value]] = None
        return list(found)

    def _take(self) -> str:
        if not self._free:
            self.names.append(self.page.namer.numbered("b"))
            self._free.append(self.names[-1])
        return self._free.pop()


def _instructions(page: Page, step: AnyStep) -> list[Instruction]:
    """Return the calls that carry out a step one after the other; one without a function is any expression."""
    match step:
        case Multiply() | Divide():
            return [Instruction("np.multiply" if isinstance(step, Multiply) else "np.divide", step.operands)]
        case Power():
            return _power(page, step)
        case Combine():
            return _combine(page, step)
        case Map(function=function):
            return _map(page, step, page.dialect.functions[function])
        case _:
            raise AssertionError("is not elementwise")


def _power(page: Page, step: Power) -> list[Instruction]:
    (a,), exponent = step.operands, step.exponent
    square = Instruction("np.multiply", (a, a))
    known: dict[Exact, list[Instruction]] = {
        2: [square],
        3: [square, Instruction("np.multiply", (0, a))],
        4: [square, Instruction("np.multiply", (0, 0))],
        Fraction(1, 2): [Instruction("np.sqrt", (a,))],
        Fraction(3, 2): [Instruction("np.sqrt", (a,)), Instruction("np.multiply", (0, a))],
    }
    return known.get(exponent) or [Instruction("np.power", (a, page.literal(exponent)[0]))]


def _combine(page: Page, step: Combine) -> list[Instruction]:
    """Σ coefficient · operand, the terms one after the other."""
    found: list[Instruction] = []
    total: Argument | None = None
    for coefficient, operand in zip(step.coefficients, step.operands, strict=True):
        size, is_whole = -coefficient if coefficient < 0 else coefficient, len(operand.labels) == len(step.out)
        term: Argument = operand
        if not is_whole:
            term = _scaled(page, size if total is not None else coefficient, operand, step)
        elif size != 1:
            term = len(found)
            found.append(_times(page, size if total is not None else coefficient, operand))
        elif total is None and coefficient < 0:
            term = len(found)
            found.append(Instruction("np.negative", (operand,)))
        if total is not None:
            found.append(Instruction("np.add" if coefficient > 0 else "np.subtract", (total, term)))
            term = len(found) - 1
        total = term
    if not found:
        assert total is not None, "a sum has terms"
        found.append(Instruction("", (total,)))
    return found


def _times(page: Page, coefficient: Exact, operand: Operand) -> Instruction:
    """Return coefficient · operand."""
    if isinstance(coefficient, Fraction) and abs(coefficient.numerator) == 1 and page.literal(coefficient)[1] < POWER:
        return Instruction("np.divide", (operand, str(coefficient.denominator * coefficient.numerator)))
    return Instruction("np.multiply", (operand, page.literal(coefficient)[0]))


def _scaled(page: Page, coefficient: Exact, operand: Operand, step: Combine) -> str:
    """Return the code of a term that lacks axes."""
    phrase = page.spread(operand, step.out)
    text, bind = page.literal(coefficient)
    if coefficient == 1:
        return phrase.code
    return f"{text if bind >= TIMES else f'({text})'} * {phrase.at(ATOM)}"


def _map(page: Page, step: Map, spelling: str) -> list[Instruction]:
    found = WRITTEN.fullmatch(spelling)
    if found is None:
        return [Instruction("", (expression(page, step).code,))]
    places = {f"{{{k}}}": operand for k, operand in enumerate(step.operands)}
    arguments = tuple(places.get(text, text) for text in found[2].split(", "))
    return [Instruction(page.fill(found[1]), arguments)]
