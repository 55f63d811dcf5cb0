"""The loop over a block: parts of arrays go in, buffers are filled again in every round."""

from __future__ import annotations

from dataclasses import replace

from einsdiff.program.emit.blocks import Block, row
from einsdiff.program.emit.buffers import Buffers
from einsdiff.program.emit.expressions import expression, write
from einsdiff.program.emit.page import Page
from einsdiff.program.phrase import PLUS
from einsdiff.program.plan.steps import AnyStep, Operand


def write_block(page: Page, block: Block) -> None:
    """Write a loop over blocks."""
    Loop(page, block).write()


class Loop:
    """A block on a page.

    Attributes:
        parts: the arrays of which each round takes a part, with that part.
        others: those that are the same in every round.
    """

    def __init__(self, page: Page, block: Block) -> None:
        self.page = page
        self.block = block
        self.parts: dict[int, int] = {}
        self.others: dict[int, None] = {}
        self.steps = [self._parted(step) for step in block.steps]
        for value in (*self.others, *self.parts):
            page.firm(value)
        self.first = page.name(next(iter(self.parts)))
        self.sizes = self._sizes()
        uses = [op.value for step in self.steps for op in step.operands]
        self.buffers = Buffers(page, [v for v in uses if v in block.whole])

    def write(self) -> None:
        """Write the loop; what it makes has names behind it."""
        page, block = self.page, self.block
        k = page.namer.name("k")
        part = f"[{k}:{k} + {block.rows}]"
        totals = {value: page.namer.numbered("t") for value in sorted(block.totals)}
        wholes = {value: page.namer.numbered("t") for value in block.results}
        outside, page.lines = page.lines, []
        page.cut = dict.fromkeys((*self.parts.values(), *(s.target for s in self.steps if s.target not in totals)), 0)
        page.rows = f"len({page.name(next(iter(self.parts.values())))})"
        for step in self.steps:
            self._write(step, totals, wholes, part)
        page.cut = {}
        inside, page.lines = page.lines, outside
        head = []
        for value, new in self.parts.items():
            head.append(f"{page.name(new)} = {page.name(value)}{part}")
        for name in totals.values():
            page.add(f"{name} = 0")
        for value, name in wholes.items():
            page.add(f"{name} = {self._empty(value)}")
        head += self._make_buffers(head[0].split(" ")[0])
        loop = [f"for {k} in range(0, max({self.first}.shape[0], 1), {block.rows}):"]
        page.add("\n".join([*loop, *(f"    {line}" for line in [*head, *inside])]))
        for value, name in {**wholes, **totals}.items():
            page.call(value, name)

    def _parted(self, step: AnyStep) -> AnyStep:
        """Return a step of each round, on parts of arrays."""
        rows = row(step, is_total=step.target in self.block.totals)
        made = {s.target for s in self.block.steps}
        operands = []
        for value, labels in step.operands:
            if value in made or rows not in labels:
                operands.append(Operand(value, labels))
                if value not in made and not self.page.is_constant(value):
                    self.others[value] = None
                continue
            if value not in self.parts:
                self.parts[value] = self.page.part(value)
            operands.append(Operand(self.parts[value], labels))
        return replace(step, operands=tuple(operands))

    def _write(self, step: AnyStep, totals: dict[int, str], wholes: dict[int, str], part: str) -> None:
        page, value = self.page, step.target
        if value in totals:
            page.add(f"{totals[value]} += {expression(page, step).at(PLUS)}")
            self.buffers.read(step)
        elif value in self.block.whole:
            self.buffers.write(step, f"{wholes[value]}{part}" if value in wholes else "")
        else:
            write(page, step)
            name = page.name(value)
            self.buffers.read(step)
            if value in wholes:
                page.add(f"{wholes[value]}{part} = {name}")

    def _make_buffers(self, first: str) -> list[str]:
        """Write the statement that makes the buffers; return those that cut them for the last round."""
        names = self.buffers.names
        if not names:
            return []
        several = len(names) > 1
        sizes = [*([str(len(names))] if several else []), str(self.block.rows)]
        sizes += [self.sizes[c] for c in self.block.classes[1:]]
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        self.page.add(f"{', '.join(names)} = np.empty({shape}, {self._dtype()})")
        cut = ", ".join(f"{name}[:len({first})]" for name in names)
        return [f"if len({first}) < {self.block.rows}:", f"    {', '.join(names)} = {cut}"]

    def _empty(self, value: int) -> str:
        """Return the code of an array for a result of all rounds."""
        sizes = [self.sizes[c] for c in self.page.plan.values[value].classes]
        return f"np.empty(({', '.join(sizes)}{',' if len(sizes) == 1 else ''}), {self._dtype()})"

    def _dtype(self) -> str:
        """Return the code of the dtype of numbers: that of an array that the loop reads and that is no mask."""
        page = self.page
        read = [v for v in (*self.parts, *self.others) if page.plan.values[v].classes and not page.is_mask(v)]
        return f"{page.name(read[0])}.dtype" if read else page.common()

    def _sizes(self) -> dict[int, str]:
        """Return the code of the size of each class, from the arrays that the loop reads."""
        page = self.page
        found: dict[int, str] = {}
        for value in (*self.parts, *self.others):
            for axis, c in enumerate(page.plan.values[value].classes):
                found.setdefault(c, f"{page.name(value)}.shape[{axis}]")
        return found
