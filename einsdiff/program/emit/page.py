"""The page on which a program is written: which values get a name, which stand inside the next expression."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from einsdiff.algebra.nodes import Exact, Labels
from einsdiff.program.emit import numbers
from einsdiff.program.emit.contract import Extent, Piece, aligned
from einsdiff.program.emit.dialect import Dialect
from einsdiff.program.emit.names import Namer
from einsdiff.program.emit.spellings import TRUTHS
from einsdiff.program.phrase import ATOM, PLUS, Formula, Phrase, Symbol, indexed, letters, moved, spelled, symbols
from einsdiff.program.plan.steps import (
    AnyStep,
    Combine,
    Contract,
    Divide,
    Evaluate,
    Length,
    Literal,
    Map,
    Multiply,
    Operand,
    Pack,
    Plan,
    Power,
    Result,
    View,
    classes_of,
    sizes_of,
)

INLINE = 60  # an expression that is longer gets a statement of its own


class Page:
    """Statements, the names that they bind, and the expressions that wait to be used."""

    def __init__(
        self, plan: Plan, local: Mapping[str, str], namer: Namer, dialect: Dialect, *, is_uniform: bool = True
    ) -> None:
        self.plan = plan
        self.is_uniform = is_uniform  # all inputs have one dtype
        self.needs_one_dtype = False  # what is written would be wrong otherwise
        self.dialect = dialect
        self.local = local
        self.namer = namer
        self.lines: list[str] = []
        self.large: set[str] = set()
        self.helpers: set[str] = set()
        self._names = {value: local[name] for name, value in plan.inputs}
        self._waiting: dict[int, Phrase] = {}
        self._uses = Counter(op.value for step in plan.steps for op in step.operands)
        self._uses.update(o.value for o in plan.outputs)
        self._uses.update(bearer[0] for bearer in plan.bearers if bearer)
        self._borrowed = {value for _, value in plan.inputs}
        self._views = {s.target: s.operands[0].value for s in plan.steps if isinstance(s, View)}
        self._fresh = {s.target for s in plan.steps if _is_fresh(s)}
        self._making = {s.target: s for s in plan.steps}
        self._empty = {c for v in plan.values for c, size in zip(v.classes, v.shape, strict=True) if size == 0}
        self.cut: Mapping[int, int] = {}  # the axis along which there is only a block of a value now
        self.block = ""  # the code of how long that block is
        self._summed: dict[int, int] = {}  # the size class of each summed index of a formula

    # -------------------------------------------------------------------------------------------------- statements

    def put(self, step: AnyStep, found: Phrase) -> None:
        """Take the expression of a step: write it down, or keep it for the one place that uses it."""
        phrase = self.seen(step, found)
        is_diagonal = isinstance(step, View) and len(step.operands[0].labels) > len(step.out) + len(step.places)
        if isinstance(step, Evaluate) or is_diagonal:
            self._borrowed.add(step.target)
        if self.plan.values[step.target].is_constant or (self._uses[step.target] == 1 and len(phrase.code) <= INLINE):
            self._waiting[step.target] = phrase
        else:
            self._state(step.target, phrase)

    def seen(self, step: AnyStep, found: Phrase) -> Phrase:
        """Return the expression of a step, with the axes of what it makes in its formula."""
        return found.moved(self._axes(step))

    def open(self, step: AnyStep, code: str, formula: Formula) -> str:
        """Write a statement that makes the array of a step, and return its name."""
        return self._state(step.target, Phrase(code, PLUS, formula, PLUS).moved(self._axes(step)))

    def show(self, step: View, window: str) -> None:
        """Let what a view makes be a part of its operand."""
        name = self.name(step.operands[0].value)
        code = f"{name}{window}"
        if self._uses[step.target] == 1:
            self._waiting[step.target] = Phrase(code, ATOM, (Symbol(name, step.out),), ATOM)
        else:
            self._names[step.target] = self.namer.numbered("t")
            self.add(f"{self._names[step.target]} = {code}")

    def is_spent(self, step: AnyStep) -> bool:
        """Tell whether the first operand of a step can become its result: nobody else sees that array."""
        value = step.operands[0].value
        return value in self._fresh and value not in self._views.values() and self._uses[value] == 1

    def take_over(self, step: AnyStep, formula: Formula) -> str:
        """Let the array of the first operand be what a step makes, and return its name."""
        name = self.name(step.operands[0].value)
        self._names[step.target] = name
        self._comment(name, step.target, formula)
        return name

    def add(self, line: str) -> None:
        """Write one more statement."""
        self.lines.append(line)

    def _axes(self, step: AnyStep) -> dict[int, int | str]:
        """Return what a step's labels mean to its target: numbers of axes, or summed indices."""
        axes: dict[int, int | str] = {n: k for k, n in enumerate(step.out)}
        for op in step.operands:
            for n, c in zip(op.labels, self.plan.values[op.value].classes, strict=True):
                if n not in axes:
                    axes[n] = -1 - len(self._summed)
                    self._summed[-1 - len(self._summed)] = c
        return axes

    def _state(self, value: int, phrase: Phrase) -> str:
        name = self.namer.numbered("t")
        self._comment(name, value, phrase.formula)
        self.lines.append(f"{name} = {phrase.code}")
        self._names[value] = name
        if len(self.plan.values[value].classes) > 1:
            self.large.add(name)
        return name

    def comment(self, name: str, step: AnyStep, formula: Formula) -> None:
        """Write a comment that says what a name has after a step."""
        self._comment(name, step.target, moved(formula, self._axes(step)))

    def _comment(self, name: str, value: int, formula: Formula) -> None:
        classes = self.plan.values[value].classes
        labels = [*range(len(classes)), *symbols(formula)]
        wished = {n: self.plan.indices[classes[n] if n >= 0 else self._summed[n]] for n in labels}
        found = letters(labels, wished)
        left = indexed(name, [found[k] for k in range(len(classes))])
        self.lines.append(f"# {left} = {spelled(formula, found)}")

    def name(self, value: int) -> str:
        """Return the name of a value, writing its statement if there is none yet."""
        if value not in self._names:
            self._state(value, self._waiting.pop(value))
        return self._names[value]

    def is_named(self, value: int) -> bool:
        """Tell whether a value has a name by now."""
        return value in self._names

    def is_awaited(self, name: str, values: Iterable[int]) -> bool:
        """Tell whether a name stands in the expression of one of some values that wait."""
        word = re.compile(rf"\b{name}\b")
        return any(word.search(self._waiting[v].code) for v in values if v in self._waiting)

    def results(self) -> str:
        """Return the expression of what the function returns: arrays that share no memory with an input."""
        seen: set[int] = set()
        found = [self._result(result, seen) for result in self.plan.outputs]
        if len(found) == 1:
            return f"({found[0]},)" if any(self.plan.outlines) else found[0]
        return f"({', '.join(found)})"

    def _result(self, result: Result, seen: set[int]) -> str:
        name, value, _ = result
        known = self.plan.values[value]
        shaped = self._shaped(result)
        phrase = self.of(Operand(value, tuple(range(len(known.classes)))))
        if value not in self._names:
            self._comment(name if name.isalnum() else "result", value, phrase.formula)
        chain = [value]
        while chain[-1] in self._views:
            chain.append(self._views[chain[-1]])
        is_shared = chain[-1] in seen or any(v in self._borrowed for v in chain)
        seen.add(chain[-1])
        if known.is_constant:
            return f"{self.spell('constant', phrase.code, dtype=self.common())}{shaped}"
        if not known.classes:
            made = self.spell("scalar copy" if is_shared else "scalar", phrase.code)
            return f"{made if made != phrase.code else phrase.at(ATOM)}{shaped}" if shaped else made
        if is_shared:
            return f"{self.spell('copy', phrase.at(ATOM))}{shaped}"
        return f"{phrase.at(ATOM)}{shaped}" if shaped else phrase.code

    def _shaped(self, result: Result) -> str:
        """Return the code behind a value that folds its axes and adds axes of size 1."""
        if all(count == 1 for count in result.folds):
            return ""
        if all(count <= 1 for count in result.folds):
            return f"[{', '.join(':' if count else 'None' for count in result.folds)}]"
        axes = result.folded(self.plan.values[result.value].classes)
        return f".reshape({', '.join(' * '.join(map(self.size, classes)) or '1' for classes in axes)})"

    # --------------------------------------------------------------------------------------------------- operands

    def is_constant(self, value: int) -> bool:
        """Tell whether a value is a number that Python knows."""
        return self.plan.values[value].is_constant

    def is_mask(self, value: int) -> bool:
        """Tell whether the entries of a value are true or false, and no numbers."""
        step = self._making.get(value)
        return isinstance(step, Map) and step.function in TRUTHS.keys() - {"truth where"}

    def is_doubtful(self, value: int) -> bool:
        """Tell whether a number that Python computes may be 0 or negative, where Python has answers of its own."""
        step = self._making[value]
        if isinstance(step, Literal):
            return step.base <= 0
        if isinstance(step, Length):
            return step.range in self._empty
        if isinstance(step, Multiply | Divide | Power):
            return any(self.is_doubtful(op.value) for op in step.operands)
        return isinstance(step, Combine | Map) and self._is_of_python(value)

    def _is_of_python(self, value: int) -> bool:
        """Tell whether a number is one of Python's; values of functions are only where they are turned into such."""
        step = self._making[value]
        is_own = not isinstance(step, Map) or self.dialect.can_write
        return is_own and all(self._is_of_python(op.value) for op in step.operands)

    def of(self, operand: Operand) -> Phrase:
        """Return the phrase of an operand, with the step's labels in its formula."""
        value, labels = operand
        if value in self._waiting:
            return self._waiting[value].moved(dict(enumerate(labels)))
        name = self._names[value]
        return Phrase(name, ATOM, (Symbol(name, labels),), ATOM)

    def piece(self, operand: Operand) -> Piece:
        """Return an operand whose code binds like a name."""
        return Piece(self.of(operand).at(ATOM), operand.labels)

    def spread(self, operand: Operand, out: Labels) -> Phrase:
        """Return an operand with its axes where those of `out` stand."""
        phrase = self.of(operand)
        code = aligned(self.spell, phrase.at(ATOM), operand.labels, out)
        return phrase if code == phrase.at(ATOM) else phrase._replace(code=code, bind=ATOM)

    def firm(self, value: int) -> None:
        """See to it that a value that stands twice in an expression has a name."""
        if not self.is_constant(value):
            self.name(value)

    def bind(self, value: int, name: str) -> None:
        """Let a value have this name for a while."""
        self._waiting.pop(value, None)
        self._names[value] = name

    def call(self, value: int, name: str) -> None:
        """Let a value have this name from here on."""
        self.bind(value, name)
        if len(self.plan.values[value].classes) > 1 and value not in self._borrowed:
            self.large.add(name)

    # -------------------------------------------------------------------------------------------------- spellings

    def spell(self, operation: str, /, *parts: str, **named: str) -> str:
        """Return the code of an operation as the library spells it."""
        return self.fill(self.dialect.operations[operation], *parts, **named)

    def fill(self, template: str, /, *parts: str, **named: str) -> str:
        """Return a spelling with its parts; a name in it that is a helper's comes along with the source."""
        helpers = {name: name for name in self.dialect.helpers if f"{{{name}}}" in template}
        self.helpers.update(helpers)
        return template.format(*parts, **helpers, **named)

    def literal(self, value: Exact) -> tuple[str, int]:
        """Return the text of a number and how tightly it binds."""
        return numbers.literal(value, self.dialect.module)

    # ---------------------------------------------------------------------------------------------- sizes, dtypes

    def size(self, number: int) -> str:
        """Return the code of the size of a class."""
        fixed, bearer = self.plan.fixed[number], self.plan.bearers[number]
        if fixed is not None:
            return str(fixed)
        assert bearer is not None, "the planner provides what tells a size"
        return f"{self.name(bearer[0])}.shape[{bearer[1]}]"

    def extent(self, operands: Sequence[Operand]) -> Extent:
        """Return how far the labels of operands run."""
        values = self.plan.values
        numbers, classes = sizes_of(operands, values), classes_of(operands, values)
        cut = {op.labels[self.cut[op.value]] for op in operands if op.value in self.cut}
        return Extent(numbers, lambda label: self.block if label in cut else self._length(classes[label]))

    def _length(self, number: int) -> str:
        """Return the code of the size of a class that some array here has."""
        if self.plan.fixed[number] is not None or self.plan.bearers[number] is not None:
            return self.size(number)
        for value, name in self._names.items():
            classes = self.plan.values[value].classes
            if number in classes:
                return f"{name}.shape[{classes.index(number)}]"
        for value in self._waiting:
            if number in self.plan.values[value].classes:
                return f"{self.name(value)}.shape[{self.plan.values[value].classes.index(number)}]"
        raise AssertionError("an operand has it")

    def shape(self, value: int) -> str:
        """Return the code of the shape of a value."""
        found = [self.size(c) for c in self.plan.values[value].classes]
        return f"({', '.join(found)}{',' if len(found) == 1 else ''})"

    def dtype(self, operands: tuple[Operand, ...]) -> str:
        """Return the code of the dtype that some operands have together."""
        values = list(dict.fromkeys(op.value for op in operands if not self.is_constant(op.value)))
        if not values:
            return self.common()
        first = self.plan.values[values[0]]
        is_array = len(values) == 1 and bool(first.classes or not first.name)
        return self.dialect.dtype([self.name(v) for v in values], is_array)

    def common(self) -> str:
        """Return the code of the dtype of a result in which no array takes part: that of the inputs."""
        return self.dialect.common([self._names[value] for _, value in self.plan.inputs])


def _is_fresh(step: AnyStep) -> bool:
    """Tell whether a step surely makes an array in memory of its own."""
    match step:
        case Multiply() | Divide() | Power() | Map() | Pack():
            return True
        case Combine(coefficients=coefficients):
            return coefficients != (1,)
        case Contract(operands=operands, out=out):
            return len(operands) > 1 or len(out) < len(operands[0].labels)
        case _:
            return False
