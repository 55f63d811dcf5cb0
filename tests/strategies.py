"""Well-formed random programs as text, with inputs that fit, and texts that mean the same in another order.

Every index letter has one size; two letters share each size, so that bound indices can be renamed and δ can join two.
Axes are square only where a tensor carries two indices of one size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import NDArray

from einsdiff.functions import TENSOR_FUNCTIONS
from einsdiff.text.tree import (
    Add,
    Call,
    Compare,
    Differentiate,
    Divide,
    Document,
    Index,
    Multiply,
    Name,
    Negative,
    Numeral,
    Raise,
    Reduce,
    Statement,
    Tree,
)
from einsdiff.verify.scopes import is_whole, rebuild, write_sums

SIZES = {"i": 2, "p": 2, "j": 3, "q": 3, "k": 5, "r": 5, "l": 7, "m": 7}
INPUTS = "x a A b B c C u w D g G h H M P Q R S U V W X Z".split()  # noqa: SIM905 - a table
RESULTS = ["s", "t", "y", "z", "Y", "v"]

# every wrapper is smooth and safe on the whole line, and has its argument once
SMOOTH = (
    "sin({})", "cos({})", "tanh({})", "atan({})", "exp(sin({}))", "sigmoid({})", "softplus({})", "asinh({})", "erf({})",
    "log(2 + sin({}))", "sqrt(2 + cos({}))", "(3 + sin({}))^(1/2)", "(2 + tanh({}))^(-2)", "log1p(exp({}))",
    "1/(2 + cos({}))", "acosh(3 + sin({}))", "atanh(1/2 tanh({}))", "asin(1/2 sin({}))", "expm1(tanh({}))",
)  # fmt: skip
KINKED = ("abs({})", "relu({})", "max({}, 1/3)", "min(1/4, {})", "where({} > 0, 2, 1/2)", "sign({})")


@dataclass(frozen=True)
class Program:
    """A text in index notation, arrays for its inputs, and the names by which it can be differentiated."""

    text: str
    inputs: dict[str, NDArray[np.float64]]
    names: tuple[str, ...]


@st.composite
def programs(
    draw: st.DrawFn,
    *,
    statements: int = 3,
    depth: int = 2,
    is_smooth: bool = True,
    rank: int = 2,
    is_scalar: bool = False,
) -> Program:
    """Draw a program of at most `statements` statements; `is_smooth` leaves out functions with kinks.

    `rank` bounds the rank of the results, `is_scalar` makes the last one a scalar.
    """
    writer = _Writer(draw, SMOOTH if is_smooth else SMOOTH + KINKED)
    lines: list[str] = []
    count = draw(st.integers(1, statements))
    for k in range(count):
        is_last = k == count - 1
        free = [] if is_last and is_scalar else draw(_choices("ijkl", rank))
        name = RESULTS[k]
        if not is_last and draw(_chance(4)):
            lines += [f"{name}_{n} = {writer.sum(_Place(depth=1), [])}" for n in (1, 2)]
            writer.shapes[name] = (2,)
        else:
            body = writer.sum(_Place(repeatable=frozenset(free), depth=depth), free)
            lines.append(f"{name}{_subscript(free)} = {body}")
            writer.shapes[name] = tuple(SIZES[letter] for letter in free)
    assume(any("_" in line for line in lines))  # a text without indices is matrix notation
    numbers = np.random.default_rng(draw(st.integers(0, 10_000)))
    inputs = {}
    for name in writer.inputs:
        shape = writer.shapes[name]
        inputs[name] = np.asarray(numbers.uniform(0.3, 1.2, shape) * numbers.choice([-1.0, 1.0], shape))
    text = draw(st.sampled_from(["\n", "; "])).join(lines)
    return Program(text, inputs, tuple(inputs))


@dataclass(frozen=True)
class _Place:
    """Where something is written: which indices may repeat there, which letters are taken, how deep it may go."""

    repeatable: frozenset[str] = frozenset()  # free, or bound by an explicit operator
    open: frozenset[str] = frozenset()  # closed further out: at most once in each term
    depth: int = 0


@dataclass
class _Writer:
    """Writes formulas; `taken` are the letters bound so far in the additive term that is being written."""

    draw: st.DrawFn
    wrappers: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    taken: frozenset[str] = frozenset()

    def one_of(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def fresh(self, place: _Place, largest: int = 7) -> str | None:
        """Return a letter that the additive term has not yet, of a size that nothing around has."""
        live = {SIZES[u] for u in place.repeatable | place.open}
        free = [u for u in SIZES if u not in self.taken and SIZES[u] not in live and SIZES[u] <= largest]
        if not free:
            return None
        letter = self.draw(st.sampled_from(free))
        self.taken |= {letter}
        return letter

    def sum(self, place: _Place, must: list[str], terms: int = 2) -> str:
        """Write a sum whose first term has every index of `must` once; the others may lack some."""
        before, texts, taken = self.taken, [], self.taken
        place = replace(place, open=place.open | (frozenset(must) - place.repeatable))
        for k in range(self.draw(st.integers(1, terms))):
            self.taken = before  # each term is looked at by itself
            some = must if k == 0 else [letter for letter in must if self.draw(_chance(2))]
            texts.append(self.product(place, some))
            taken |= self.taken
        self.taken = taken
        order = self.draw(st.permutations(texts))
        return order[0] + "".join(self.one_of(" + ", " - ") + text for text in order[1:])

    def product(self, place: _Place, must: list[str]) -> str:
        """Write a product that has every index of `must` exactly once, and sums some letters of its own."""
        count = self.draw(st.integers(1, 3))
        held: list[list[str]] = [[] for _ in range(count)]
        for letter in must:
            held[self.draw(st.integers(0, count - 1))].append(letter)
        if count > 1 and self.draw(_chance(2, of=3)):
            letter = self.fresh(place)
            holders = self.draw(st.permutations(range(count)))[: self.draw(st.integers(2, count))]
            for k in holders if letter else ():
                held[k].append(letter or "")
            place = replace(place, open=place.open | {letter}) if letter else place
        for letter in sorted(place.repeatable):
            if self.draw(_chance(4)):
                held[0] += [letter] if letter not in held[0] and len(held[0]) < 3 else []
        texts = [self.factor(place, letters) for letters in held]
        if self.draw(_chance(5)):
            texts.insert(0, self.one_of("2", "3", "1/2", "0.5"))
        text = " ".join(self.draw(st.permutations(texts))) if texts[0][0].isalpha() else " ".join(texts)
        if place.depth and self.draw(_chance(6)):
            text = f"{text} / (2 + sin({self.product(replace(place, depth=0), [])}))"
        return text

    def factor(self, place: _Place, letters: list[str]) -> str:
        """Write a factor that has each of `letters` open once."""
        if len(letters) > 3:
            return f"{self.tensor(letters[:2])} {self.tensor(letters[2:])}"
        inner = replace(place, depth=place.depth - 1)
        simple = replace(place, depth=0)
        is_repeatable = place.repeatable.issuperset(letters)
        kinds: list[Callable[[], str]] = [lambda: self.tensor(letters)] * 4
        if place.depth:
            kinds += [
                lambda: f"({self.sum(inner, letters)})",
                lambda: f"({self.one_of(*self.wrappers).format(self.sum(simple, letters))})",
                lambda: self.one_of(*self.wrappers[:6]).format(self.sum(simple, letters)),
                lambda: self.reduction(inner, letters),
                lambda: self.joined(letters, inner),
            ]
        if is_repeatable:
            kinds.append(lambda: f"{self.tensor(letters)}^{self.one_of('2', '3')}")
        if is_repeatable and place.depth:
            kinds.append(lambda: f"{self.base(simple, letters)}^{self.one_of('2', '3')}")
        if not letters:
            kinds += [lambda: self.closed(place), self.component]
        return self.draw(st.sampled_from(kinds))()

    def base(self, place: _Place, letters: list[str]) -> str:
        """Write what is raised to a power; a bare A_pp would be repetition, which is ambiguous."""
        written = self.sum(place, letters)
        return f"({written})" if " " in written else f"({written} + 1)"

    def tensor(self, letters: list[str]) -> str:
        """Write a tensor with these indices in some order, known already or new."""
        order = list(self.draw(st.permutations(letters)))
        shape = tuple(SIZES[letter] for letter in order)
        fitting = [name for name, known in self.shapes.items() if known == shape]
        results = [name for name in fitting if name not in self.inputs]
        if results and self.draw(_chance(2)):
            return self.draw(st.sampled_from(results)) + _subscript(order)
        if fitting and (self.draw(_chance(2, of=3)) or len(self.inputs) == len(INPUTS)):
            return self.draw(st.sampled_from(fitting)) + _subscript(order)
        return self.new(shape) + _subscript(order)

    def new(self, shape: tuple[int, ...]) -> str:
        """Return a new input."""
        name = next((name for name in INPUTS if name not in self.shapes), f"E{len(self.inputs)}")
        self.shapes[name] = shape
        self.inputs.append(name)
        return name

    def closed(self, place: _Place) -> str:
        """Write a factor that sums a letter alone: A_pp, x_p^2, (x_p - a_p)^2, (A_pp + x_p a_p)."""
        letter = self.fresh(place, 5)
        if letter is None:
            return self.tensor([])
        within = replace(place, depth=0, open=place.open | {letter})
        kinds = [
            lambda: self.tensor([letter, letter]),
            lambda: f"{self.tensor([letter])}^2",
            lambda: f"{self.base(within, [letter])}^2",
            lambda: f"({self.tensor([letter, letter])} + {self.tensor([letter])} {self.tensor([letter])})",
        ]
        return self.draw(st.sampled_from(kinds))()

    def joined(self, letters: list[str], place: _Place) -> str:
        """Write δ_ip A_pj for A_ij, or ε_ip A_pj; what stands around sees the open indices only."""
        for letter in letters:
            twin = next(u for u in SIZES if u != letter and SIZES[u] == SIZES[letter])
            if twin not in self.taken | place.repeatable | place.open:
                self.taken |= {twin}
                others = [twin if u == letter else u for u in letters]
                sign = self.one_of("δ", "ε") if SIZES[letter] == 2 else "δ"
                return f"({sign}_{letter}{twin} {self.tensor(others)})"
        return f"(1/3 {self.tensor(letters)})"

    def reduction(self, place: _Place, letters: list[str]) -> str:
        """Write sum_p(…), mean_p(…) and others; the letter may be one that is used outside."""
        live = {SIZES[u] for u in [*letters, *place.open]}
        wanted = [u for u in SIZES if SIZES[u] not in live and SIZES[u] <= 5]
        if letters and self.draw(_chance(3)):
            letter = letters[0]
            return f"softmax_{letter}({self.sum(replace(place, depth=0), letters, terms=1)})"
        if not wanted or len(letters) > 2:
            return self.tensor(letters)
        letter = self.draw(st.sampled_from(wanted))
        operators = ["sum", "mean", "logsumexp"] + ["prod"] * (SIZES[letter] < 4)
        if len(self.wrappers) > len(SMOOTH):
            operators += ["max", "min"]
        place = replace(place, repeatable=place.repeatable | {letter}, depth=0)
        before = self.taken
        text = f"{self.one_of(*operators)}_{letter}({self.sum(place, [*letters, letter])})"
        self.taken = before | self.taken
        return text

    def component(self) -> str:
        """Write one entry of a tensor, counted from 1."""
        fitting = [name for name, shape in self.shapes.items() if shape]
        name = self.draw(st.sampled_from(fitting)) if fitting else self.new((2, 3))
        return f"{name}_{''.join(str(self.draw(st.integers(1, size))) for size in self.shapes[name])}"


def _subscript(letters: list[str]) -> str:
    return "_" + "".join(letters) if letters else ""


def _chance(part: int, of: int | None = None) -> st.SearchStrategy[bool]:
    """Draw True once in `part` times, or `part` times in `of`."""
    wins, out_of = (1, part) if of is None else (part, of)
    return st.integers(1, out_of).map(lambda n: n > out_of - wins)


def _choices(letters: str, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(letters), max_size=most, unique=True)


def shuffled(document: Document, random: Random) -> str:
    """Return a text with the same meaning: terms and factors in another order, bound indices with other names.

    Of a statement without a left-hand side only the names change, since order of appearance gives it its axes.
    """
    return "\n".join(_rewritten(document, statement, random) for statement in document.statements)


def _rewritten(document: Document, statement: Statement, random: Random) -> str:
    target = statement.target
    free = None
    if isinstance(target, Name):
        free = tuple(k.name for k in target.indices or () if isinstance(k.name, str))
    order, tree = write_sums(statement.body, free)
    names = _new_names(order, random)
    body = write(_renamed(_mixed(tree, random) if target else tree, names), document.source)
    return f"{write(target, document.source)} = {body}" if target else body


def _new_names(free: tuple[str, ...], random: Random) -> Callable[[str], str]:
    """Return a function that gives each bound index a new name, always the same."""
    known = {name: name for name in free}
    numbers: Iterator[int] = iter(range(1, 10_000))

    def renamed(name: str) -> str:
        while name not in known:
            candidate = f"{random.choice('bfijknpqz')}{next(numbers)}"
            known.update({} if candidate in free else {name: candidate})
        return known[name]

    return renamed


def _mixed(tree: Tree, random: Random) -> Tree:
    """Shuffle the terms of every sum and the factors of every product."""
    tree = rebuild(tree, lambda part: _mixed(part, random))
    match tree:
        case Add(terms):
            return replace(tree, terms=tuple(random.sample(terms, len(terms))))
        case Multiply(factors):
            return replace(tree, factors=tuple(random.sample(factors, len(factors))))
        case _:
            return tree


def _renamed(tree: Tree, name_of: Callable[[str], str]) -> Tree:
    def renamed(indices: tuple[Index, ...] | None) -> tuple[Index, ...] | None:
        return indices and tuple(replace(k, name=name_of(k.name)) if isinstance(k.name, str) else k for k in indices)

    match tree:
        case Name() | Call():
            tree = replace(tree, indices=renamed(tree.indices))
        case Reduce():
            tree = replace(tree, indices=renamed(tree.indices) or ())
        case _:
            pass
    return rebuild(tree, lambda part: _renamed(part, name_of))


def write(tree: Tree, source: str) -> str:
    """Return the text of a tree, with brackets around all that is no atom; sums that nobody wrote are left out."""

    def atom(part: Tree) -> str:
        text = write(part, source)
        is_plain = isinstance(_written(part), Name | Call) or (isinstance(part, Numeral) and text.isdigit())
        return text if is_plain else f"({text})"

    tree = _written(tree)
    match tree:
        case Numeral(value):
            return str(value)
        case Name(name, indices):
            return name + _indices(indices)
        case Negative(body):
            return f"-{atom(body)}"
        case Add(terms):
            return " + ".join(atom(term) for term in terms)
        case Multiply(factors):
            return " * ".join(atom(factor) for factor in factors)
        case Divide(left, right):
            return f"{atom(left)} / {atom(right)}"
        case Raise(base, exponent):
            return f"{atom(base)}^({write(exponent, source)})"
        case Compare(relation, left, right):
            return f"{atom(left)} {relation} {atom(right)}"
        case Call(name, arguments) if is_whole(tree):
            whole = ", ".join(source[argument.span.start : argument.span.stop] for argument in arguments)
            is_known = name in TENSOR_FUNCTIONS
            return (
                f"{name}({whole}){_indices(tree.indices)}" if is_known else f"{name}{_indices(tree.indices)}({whole})"
            )
        case Call(name, arguments):
            return f"{name}{chr(39) * tree.primes}({', '.join(write(argument, source) for argument in arguments)})"
        case Reduce(operator, indices, body):
            return f"{operator}{_indices(indices)}({write(body, source)})"
        case Differentiate(body, wrt):
            above = f"∂^{len(wrt)}" if len(wrt) > 1 else "∂"
            return f"{above}({write(body, source)})/{''.join('∂' + write(name, source) for name in wrt)}"
        case _:
            raise NotImplementedError(type(tree).__name__)


def _written(tree: Tree) -> Tree:
    """Leave out the sums that nobody wrote: their indices have the place of what is summed."""
    while isinstance(tree, Reduce) and all(index.span == tree.span for index in tree.indices):
        tree = tree.body
    return tree


def _indices(indices: tuple[Index, ...] | None) -> str:
    """Write indices in braces, or in brackets where a component has several digits."""
    names = [str(index.name) for index in indices or ()]
    if any(name.isdigit() and len(name) > 1 for name in names):
        return f"[{','.join(names)}]"
    return f"_{{{' '.join(names)}}}" if names else ""
