"""The loop oracle: a program is run by nested loops over entries, one Python number at a time.

Every statement is a scalar equation for each value of its free indices (DESIGN 2.4).  `scopes` writes out the sums,
here they are added up.  Derivatives are differences.  Elaboration, algebra, calculus and emitters share nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from einsdiff.errors import ClaimError, IndexMismatchError, SizeMismatchError, Span, UnknownNameError
from einsdiff.functions import TENSOR_FUNCTIONS
from einsdiff.text.parser import parse
from einsdiff.text.symbols import GREEK
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Differential,
    Differentiate,
    Divide,
    Document,
    Entrywise,
    FieldDerivative,
    Index,
    Kronecker,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Reduce,
    Statement,
    Transpose,
    Tree,
    own_call,
)
from einsdiff.verify.entries import (
    FUNCTIONS,
    REDUCERS,
    RELATIONS,
    STEP,
    Array,
    Number,
    Position,
    Tensor,
    central,
    epsilon,
    positions,
    power,
    slope,
    step_at,
    to_array,
    to_tensor,
)
from einsdiff.verify.matrices import Entry, evaluate_matrix
from einsdiff.verify.scopes import is_whole, own_indices, parts, write_sums

Environment = Mapping[str, int]
Shift = tuple[tuple[Entry, Number], ...]
BUILT_IN = ("δ", "ε", "1")


@dataclass(frozen=True)
class Values:
    """What a program computes: every tensor that it names, and the last statement's result with its free indices."""

    tensors: dict[str, Array]
    result: Array
    free: tuple[str, ...]

    def __getitem__(self, name: str) -> Array:
        return self.tensors[_canonical(name)]


def evaluate(
    document: Document | str,
    inputs: Mapping[str, Any],
    *,
    sizes: Mapping[str, int] | None = None,
    step: Fraction = STEP,
    shift: Mapping[Entry, Number] | None = None,
) -> Values:
    """Return what a program computes, by nested loops over entries.

    Args:
        document: a text or its tree, in index or matrix notation.
        inputs: arrays, numbers, and a callable for each unknown function: of numbers for `f(x_i)`, of whole arrays for
            `f_i(x)`.  Arrays of `Fraction` stay exact.  Under ∂_l the derivative of a field A is the input `∂A`, its
            first axis the coordinates; a tensor without one is constant.
        sizes: of indices, or of the size names in declarations, that no array gives.
        step: the widest step of the differences that stand for a derivative.
        shift: what is added to single entries, `{("x", (0,)): 1e-3}`, of inputs or of what a statement defines.

    Raises: IndexMismatchError, AmbiguityError, SizeMismatchError, UnknownNameError; ArithmeticError and ValueError
        outside a function's domain.
    """
    return evaluator(document, inputs, sizes=sizes, step=step)(shift or {})


def evaluator(
    document: Document | str,
    inputs: Mapping[str, Any],
    *,
    sizes: Mapping[str, int] | None = None,
    step: Fraction = STEP,
) -> Callable[[Mapping[Entry, Number]], Values]:
    """Return what computes a program for a shift of entries; the arguments are those of `evaluate`."""
    given = {_canonical(name): value for name, value in inputs.items()}
    if isinstance(document, str):
        document = parse(document, known=tuple(name for name, value in given.items() if not callable(value)))
    return _Program(document, given, dict(sizes or {}), step).values


class _Program:
    """A document with its inputs; tensors are computed anew for each shift of entries, and kept."""

    def __init__(self, document: Document, given: Mapping[str, Any], sizes: dict[str, int], step: Fraction) -> None:
        self.document, self.sizes, self.step = document, sizes, step
        self.functions = {name: value for name, value in given.items() if callable(value)}
        self.inputs = {name: to_tensor(value) for name, value in given.items() if not callable(value)}
        self.is_exact = any(isinstance(u, Fraction) for x in self.inputs.values() for u in x.entries.values())
        self._size_declared()
        targets = [statement.target for statement in document.statements]
        self.labels = [t.name if isinstance(t, Name) else f"statement {k + 1}" for k, t in enumerate(targets)]
        self.meanings = [self._meaning(statement) for statement in document.statements]
        self.scopes: dict[tuple[int, Shift], _Scope] = {}

    def values(self, shift: Mapping[Entry, Number]) -> Values:
        """Return all tensors and the result."""
        scope = self.scope(len(self.meanings), tuple(sorted(shift.items())))
        arrays = {name: to_array(scope.tensors[name], is_exact=self.is_exact) for name in self.labels}
        return Values(arrays, arrays[self.labels[-1]], self.meanings[-1][0])

    def scope(self, count: int, shift: Shift) -> _Scope:
        """Return what the names stand for behind the first `count` statements, with some entries shifted."""
        if (count, shift) not in self.scopes:
            if count == 0:
                tensors = {name: _shifted(name, tensor, shift) for name, tensor in self.inputs.items()}
            else:
                before, label = self.scope(count - 1, shift), self.labels[count - 1]
                tensor = _shifted(label, self._run(count - 1, before), shift)
                if label in self.labels[: count - 1]:  # defined further, by a component
                    tensor = Tensor(tensor.shape, before.tensors[label].entries | tensor.entries)
                tensors = before.tensors | {label: tensor}
            self.scopes[count, shift] = _Scope(self, count, tensors, shift)
        return self.scopes[count, shift]

    def _meaning(self, statement: Statement) -> tuple[tuple[str, ...], Tree]:
        """Return the free indices of a statement and its body with every sum written out."""
        target, body = statement.target, statement.body
        if self.document.notation == "matrix":
            return (), body
        if isinstance(target, Name):
            names = [index.name for index in target.indices or ()]
            return write_sums(body, tuple(name for name in names if isinstance(name, str)))
        return write_sums(body, write_sums(target, None)[0] if target else None)

    def _run(self, k: int, before: _Scope) -> Tensor:
        """Return the tensor that statement k defines, or defines further by a component."""
        (free, body), target = self.meanings[k], self.document.statements[k].target
        call = own_call(self.document.statements[k])
        if call is not None:
            arrays = [to_array(before.tensor(a.name)) for a in call.arguments if isinstance(a, Name)]
            return to_tensor(self.functions[call.name](*arrays))
        if self.document.notation == "matrix":
            return evaluate_matrix(body, before)
        scope = _Scope(self, k, before.tensors, before.shift)
        scope.measure(body, target)
        axes = target.indices or () if isinstance(target, Name) else [_index(name) for name in free]
        entries = {}
        for values in positions([scope.size(name) for name in free]):
            env = dict(zip(free, values, strict=True))
            entries[scope.position(tuple(axes), env)] = scope.value(body, env)
        return Tensor(self._shape(k, tuple(axes), scope), entries)

    def _shape(self, k: int, axes: tuple[Index, ...], scope: _Scope) -> tuple[int, ...]:
        """Return the size of each axis; where components stand, the largest of the program or what is declared."""
        targets = [s.target for s in self.document.statements]
        alike = [t.indices or () for t in targets if isinstance(t, Name) and t.name == self.labels[k]]
        if any(len(other) != len(axes) for other in alike if axes):
            raise IndexMismatchError(f"{self.labels[k]} has different numbers of indices")
        shape = []
        for axis, index in enumerate(axes):
            components = [other[axis].name for other in alike]
            largest = max((name for name in components if isinstance(name, int)), default=0)
            size = largest if isinstance(index.name, int) else scope.size(index.name)
            shape.append(max(size, self.declared(self.labels[k], axis) or 0))
        return tuple(shape)

    def _size_declared(self) -> None:
        """Learn the sizes that declarations name from the arrays that were given."""
        for declaration in self.document.declarations:
            shape = self.inputs[declaration.name].shape if declaration.name in self.inputs else ()
            for axis, (name, size) in enumerate(zip(declaration.sizes, shape, strict=False)):
                known = name if isinstance(name, int) else self.sizes.setdefault(name, size)
                if known != size:
                    raise SizeMismatchError(f"axis {axis} of {declaration.name} is {size}, not {known}")

    def declared(self, name: str, axis: int) -> int | None:
        """Return the declared size of an axis, where it is known."""
        for declaration in self.document.declarations:
            if declaration.name == name and axis < len(declaration.sizes):
                size = declaration.sizes[axis]
                return size if isinstance(size, int) else self.sizes.get(size)
        return None


@dataclass
class _Scope:
    """What names and indices stand for at one place of a program."""

    program: _Program
    count: int
    tensors: dict[str, Tensor]
    shift: Shift
    ranges: dict[str, int] = field(default_factory=dict)
    wholes: dict[Tree, Tensor] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Return whether a tensor is known."""
        return name in self.tensors

    def tensor(self, name: str) -> Tensor:
        """Return the entries of a tensor."""
        if name not in self.tensors:
            raise UnknownNameError(f"there is no tensor {name}")
        return self.tensors[name]

    def function(self, name: str) -> Callable[..., Any] | None:
        """Return the callable given for an unknown function."""
        return self.program.functions.get(name)

    def size(self, index: str) -> int:
        """Return how far an index runs."""
        if index not in self.ranges:
            name = index.partition("'")[0]
            if name not in self.program.sizes:
                raise SizeMismatchError(f"nothing gives {name} a size")
            return self.program.sizes[name]
        return self.ranges[index]

    def measure(self, body: Tree, target: Name | Differentiate | None = None) -> None:
        """Give every index the size of the axes on which it stands; δ makes two indices one."""
        equal = [[k.name for k in name.indices or ()] for name in _names(body) if name.name == "δ" and name.indices]
        places = list(self._places(body))
        if isinstance(target, Name):
            sizes = [self.program.declared(target.name, axis) for axis in range(len(target.indices or ()))]
            places += [(k, size) for k, size in zip(target.indices or (), sizes, strict=True) if size is not None]
        for _ in range(len(equal) + 1):
            for index, size in places:
                if isinstance(index.name, int):
                    if index.name > size:
                        raise SizeMismatchError(f"component {index.name} of {size}")
                elif self.ranges.setdefault(index.name, size) != size:
                    raise SizeMismatchError(f"{index.name} runs over {self.ranges[index.name]} and over {size}")
            spans = [(pair, [self.ranges[k] for k in pair if k in self.ranges]) for pair in equal]
            places = [(_index(k), known[0]) for pair, known in spans if known for k in pair if isinstance(k, str)]

    def _places(self, tree: Tree) -> Iterator[tuple[Index, int]]:
        """Yield every index with the size of the axis on which it stands."""
        indices = own_indices(tree)
        if isinstance(tree, FieldDerivative):
            fields = [tensor.shape[0] for name, tensor in self.tensors.items() if name.startswith("∂")]
            yield from ((tree.index, size) for size in fields[:1])
        elif isinstance(tree, Name) and tree.name == "ε" and indices:
            yield from ((index, len(indices)) for index in indices)
        elif not (isinstance(tree, Name) and tree.name in BUILT_IN and indices) and isinstance(tree, Name | Call):
            shape = self.whole(tree).shape if isinstance(tree, Name) or is_whole(tree) else ()
            if len(shape) != len(indices):
                raise IndexMismatchError(f"{tree.name} has {len(shape)} axes and {len(indices)} indices")
            yield from zip(indices, shape, strict=False)
        if isinstance(tree, Call) and self.takes_whole(tree):
            return
        for part in parts(tree):
            yield from self._places(part)

    def takes_whole(self, tree: Call) -> bool:
        """Return whether an unknown function is applied to whole tensors: `f_i(x)`, `f(x)` of a vector x."""
        bare = [a for a in tree.arguments if isinstance(a, Name) and a.indices is None and self.has(a.name)]
        if tree.name in self.program.functions and self.has(tree.name) and not (tree.primes or tree.orders):
            return True
        return is_whole(tree) or (tree.name in self.program.functions and any(self.tensors[a.name].shape for a in bare))

    def whole(self, tree: Name | Call) -> Tensor:
        """Return a tensor, or the value of a function of whole tensors, computed once."""
        if isinstance(tree, Name):
            if tree.name == "π" and not self.has("π"):
                return to_tensor(np.pi)
            return self.tensor(tree.name)
        if tree not in self.wholes:
            if tree.name in TENSOR_FUNCTIONS:
                self.wholes[tree] = evaluate_matrix(Call(tree.name, tree.arguments, None, tree.span, tree.span), self)
            elif self.function(tree.name) is None:
                raise UnknownNameError(f"there is no function {tree.name}")
            elif self.has(tree.name):  # u(x) where u = u(x) stands above
                self.wholes[tree] = self.tensor(tree.name)
            else:
                arguments = [to_array(evaluate_matrix(argument, self)) for argument in tree.arguments]
                self.wholes[tree] = to_tensor(self.program.functions[tree.name](*arguments))
        return self.wholes[tree]

    def position(self, indices: tuple[Index, ...], env: Environment) -> Position:
        """Return the position of an entry; components count from 1."""
        return tuple(k.name - 1 if isinstance(k.name, int) else env[k.name] for k in indices)

    def value(self, tree: Tree, env: Environment) -> Number:
        """Return one entry of a formula in which every sum is written out."""
        match tree:
            case Numeral(value):
                return value
            case Name(name, indices) if indices and name in BUILT_IN:
                at = self.position(indices, env)
                return {"1": 1, "δ": int(len(set(at)) == 1), "ε": epsilon(at)}[name]
            case Name(name, indices):
                return self._entry(self.whole(tree), name, self.position(indices or (), env))
            case Negative(body):
                return -self.value(body, env)
            case Add(terms):
                return REDUCERS["sum"]([self.value(term, env) for term in terms])
            case Multiply(factors):
                return REDUCERS["prod"]([self.value(factor, env) for factor in factors])
            case Divide(left, right):
                return self.value(left, env) / self.value(right, env)
            case Raise(base, exponent):
                return power(self.value(base, env), self.value(exponent, env))
            case Compare(relation, left, right):
                return FUNCTIONS[RELATIONS[relation]](self.value(left, env), self.value(right, env))
            case Call():
                return self._call(tree, env)
            case Reduce():
                return self._reduce(tree, env)
            case Differentiate(body, wrt):
                entries = tuple((name.name, self.position(name.indices or (), env)) for name in wrt)
                return self.derivative(entries, lambda scope: scope.value(body, env))
            case FieldDerivative(index, body):
                return self._along(self.position((index,), env)[0], body, env)
            case Transpose() | Entrywise() | Kronecker():
                raise IndexMismatchError("a sign of matrix notation stands in index notation")
            case Differential():
                raise ClaimError("a differential stands in claims only")

    def _entry(self, tensor: Tensor, name: str, at: Position) -> Number:
        if at not in tensor.entries:
            raise UnknownNameError(f"the entry {at} of {name} is not defined")
        return tensor.entries[at]

    def _call(self, tree: Call, env: Environment) -> Number:
        if self.takes_whole(tree):
            return self._entry(self.whole(tree), tree.name, self.position(tree.indices or (), env))
        if tree.name == "where":
            condition, yes, no = tree.arguments
            return self.value(yes if self.value(condition, env) else no, env)
        function = FUNCTIONS.get(tree.name) or self.function(tree.name)
        if function is None:
            raise UnknownNameError(f"there is no function {tree.name}")
        orders = tree.orders or (tree.primes,) + (0,) * (len(tree.arguments) - 1)
        arguments = [self.value(argument, env) for argument in tree.arguments]
        return slope(
            function, arguments, [k for k, order in enumerate(orders) for _ in range(order)], self.program.step
        )

    def _reduce(self, tree: Reduce, env: Environment) -> Number:
        names = [index.name for index in tree.indices if isinstance(index.name, str)]
        choices = positions([self.size(name) for name in names])
        values = [self.value(tree.body, {**env, **dict(zip(names, at, strict=True))}) for at in choices]
        if tree.operator == "softmax":
            own = values[choices.index(tuple(env[name] for name in names))]
            return FUNCTIONS["exp"](own - REDUCERS["logsumexp"](values))
        return REDUCERS[tree.operator](values)

    def derivative(self, wrt: tuple[Entry, ...], body: Callable[[_Scope], Any]) -> Any:
        """Return the derivative of `body` by these entries, the rest of the program computed anew for each shift."""
        if not wrt:
            return body(self)
        (name, at), *others = wrt
        entry = self._entry(self.tensor(name), name, at)
        step = step_at(entry, self.program.step)
        return central(lambda h: self.moved({(name, at): h}).derivative(tuple(others), body), step)

    def moved(self, by: Mapping[Entry, Number]) -> _Scope:
        """Return the same place of the program with some entries shifted."""
        shifts = dict(self.shift)
        for entry, h in by.items():
            shifts[entry] = shifts.get(entry, 0) + h
        ordered = tuple(sorted(shifts.items(), key=lambda shift: shift[0]))
        return _Scope(self.program, self.count, self.program.scope(self.count, ordered).tensors, ordered, self.ranges)

    def _along(self, coordinate: int, body: Tree, env: Environment) -> Number:
        """∂_l body: every field A moves along its derivative `∂A` at once."""
        slopes = {
            (name[1:], at[1:]): slope
            for name, tensor in self.tensors.items() if name.startswith("∂")
            for at, slope in tensor.entries.items() if at[0] == coordinate
        }  # fmt: skip
        step = self.program.step
        return central(lambda h: self.moved({at: h * u for at, u in slopes.items()}).value(body, env), step)


def _shifted(name: str, tensor: Tensor, shift: Shift) -> Tensor:
    moved = {at: tensor.entries[at] + h for (owner, at), h in shift if owner == name and at in tensor.entries}
    return Tensor(tensor.shape, tensor.entries | moved)


def _names(tree: Tree) -> Iterator[Name]:
    if isinstance(tree, Name):
        yield tree
    for part in parts(tree):
        yield from _names(part)


def _index(name: str) -> Index:
    return Index(name, Span(0, 0))


def _canonical(name: str) -> str:
    return GREEK.get(name, name)
