"""The nodes: closed tensors, interned, with bare axes in place of index names.

A node is a function of its axes, `λ(0, 1, …). …`; it has no free index names, so that nothing can be captured.  Inside
a composite node each part carries *labels*, local numbers that say which of its axes are tied together.  What a person
writes as `A_ij` is an `Entry`: a node and one *wire* for each of its axes.  Wires are names chosen by whoever builds.

Equal parts make the same object (`Interned`), and the makers in `build` choose parts canonically, so that two entries
that differ in bound names, in the order of factors or terms, or by a symmetry of a part are one node.

δ is no node: an axis of a `Product` that stands twice in `out` is two indices made one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from itertools import product
from threading import Lock
from typing import Any, NamedTuple, TypeVar, cast
from weakref import WeakValueDictionary

from einsdiff.errors import EinsdiffError

Exact = int | Fraction
"""An exact rational; whole numbers are ints (`exact`)."""

Labels = tuple[int, ...]
Wire = Hashable


class Axis(NamedTuple):
    """The size of one axis of a tensor that is given as an array."""

    tensor: str
    axis: int


@dataclass(frozen=True, slots=True, order=True)
class IndexSize:
    """The size over which an index runs that no tensor carries; it is given by `sizes={…}`."""

    index: str


Size = int | str | Axis | IndexSize
"""How far an index runs: a number, a declared name such as `n`, the axis of an input, or the range of an index."""


class Symmetry(NamedTuple):
    """Axes may be permuted so, at the price of a sign: T[p] = sign · T."""

    permutation: Labels
    sign: int


def size_key(size: Size) -> tuple[int, str, int]:
    """Return the sort key of a size: numbers, declared names, axes of inputs, ranges of indices."""
    if isinstance(size, int):
        return (0, "", size)
    if isinstance(size, str):
        return (1, size, 0)
    if isinstance(size, Axis):
        return (2, size.tensor, size.axis)
    return (3, size.index, 0)


def magnitude(value: Exact) -> Exact:
    """Return the absolute value of an exact rational."""
    return value if value >= 0 else -value


def exact(value: Exact) -> Exact:
    """Return an exact rational in its one form."""
    return value.numerator if value.denominator == 1 else value


_FEW = {labels: labels for count in range(4) for labels in product(range(6), repeat=count)}


def shared(labels: Labels) -> Labels:
    """Return some labels; short ones that are equal are one object, of which nodes hold many."""
    return _FEW.get(labels, labels)


MATRIX_VALUED = frozenset(("inv", "adj"))
"""The functions of a matrix that are matrices."""

T = TypeVar("T")
_known: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()
_lock = Lock()


class Interned(type):
    """Equal parts make the same object, so that `is` is equality."""

    def __call__(cls: type[T], *parts: object) -> T:
        """Return the one node of this class with these parts."""
        key = (cls, *parts)
        with _lock:
            node = _known.get(key)
        if node is None:
            made = type.__call__(cls, *parts)
            with _lock:
                node = _known.setdefault(key, made)
        return cast("T", node)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Node(metaclass=Interned):
    """What every node knows: its rank, the sizes of its axes, the nodes that it is made of, a digest to order by.

    `kinds` are the classes of the node and of all nodes below it: what it cannot hold need not be looked for.
    """

    rank: int = field(init=False, repr=False)
    sizes: tuple[Size, ...] = field(init=False, repr=False)
    below: tuple[Expr, ...] = field(init=False, repr=False)
    kinds: frozenset[type] = field(init=False, repr=False)
    digest: bytes = field(init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by parts, so that an unpickled node is interned again."""
        return (type(self), self.fields())

    def fields(self) -> tuple[Any, ...]:
        """Return what makes a node, in the order in which its class takes it."""
        names: tuple[str, ...] = self.__match_args__
        return tuple([getattr(self, name) for name in names])

    def _learn(self, rank: int, sizes: tuple[Size, ...], below: Iterable[Expr] = ()) -> None:
        """Fill in what follows from the parts."""
        object.__setattr__(self, "rank", rank)
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "below", tuple(below))
        object.__setattr__(self, "kinds", _kinds(type(self), self.below))
        try:
            text = repr((type(self).__name__, *map(_digestible, self.fields())))
        except ValueError:  # Python writes out no longer ones
            message = "a number in this formula has more than 4300 digits"
            raise EinsdiffError(message, help="give a long number a name, and its value as an input") from None
        object.__setattr__(self, "digest", blake2b(text.encode(), digest_size=12).digest())


_all_kinds: dict[frozenset[type], frozenset[type]] = {}


def _kinds(own: type, below: tuple[Expr, ...]) -> frozenset[type]:
    """Return a class and those of some nodes and of all below them; equal sets are one object."""
    found = frozenset((own,)).union(*[node.kinds for node in below])
    return _all_kinds.setdefault(found, found)


def _digestible(part: object) -> object:
    if isinstance(part, tuple):
        return tuple([p if type(p) is int else p.digest if isinstance(p, Node) else _digestible(p) for p in part])
    return part.digest if isinstance(part, Node) else part


class Factor(NamedTuple):
    """An entry of a node raised to a power, inside a product."""

    node: Expr
    labels: Labels
    exponent: Exact


class Term(NamedTuple):
    """An entry of a node times a number, inside a sum."""

    coefficient: Exact
    node: Expr
    labels: Labels


class Argument(NamedTuple):
    """An entry of a node, inside a function."""

    node: Expr
    labels: Labels


# ------------------------------------------------------------------------------------------------------------- leaves


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Number(Node):
    """An exact rational.  Zero stands for a zero of any rank."""

    value: Exact

    def __post_init__(self) -> None:
        self._learn(0, ())


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Count(Node):
    """How many values an index of this size takes: Σ_i 1."""

    size: Size

    def __post_init__(self) -> None:
        self._learn(0, ())


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Tensor(Node):
    """A_ij…: an input, with what is assumed of it (sorted: `positive`, `symmetric`, `skew`, …)."""

    name: str
    axes: int
    assumed: tuple[str, ...]

    def __post_init__(self) -> None:
        self._learn(self.axes, tuple(Axis(self.name, k) for k in range(self.axes)))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Ones(Node):
    """1_i."""

    size: Size

    def __post_init__(self) -> None:
        self._learn(1, (self.size,))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Unit(Node):
    """δ_ki for a numeral k: 1 at component `place`, counted from 1, and 0 elsewhere."""

    size: Size
    place: int

    def __post_init__(self) -> None:
        self._learn(1, (self.size,))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Epsilon(Node):
    """ε with n indices that run over n values: the sign of a permutation."""

    axes: int

    def __post_init__(self) -> None:
        self._learn(self.axes, (self.axes,) * self.axes)


# --------------------------------------------------------------------------------------------------------- composites


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Sum(Node):
    """Σ coefficient · node[labels]: the labels of each term are an order of all axes of the sum."""

    terms: tuple[Term, ...]
    symmetries: tuple[Symmetry, ...] = field(repr=False)

    def __post_init__(self) -> None:
        rank = len(self.terms[0].labels)
        below = [t.node for t in self.terms]
        self._learn(rank, _label_sizes(rank, below, [t.labels for t in self.terms]), below)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Product(Node):
    """coefficient · Σ_bound Π node[labels]^exponent; axis k of the product is the label `out[k]`.

    A label that stands twice in `out` fuses two axes: δ.  Labels not in `out` are bound.
    """

    coefficient: Exact
    factors: tuple[Factor, ...]
    out: Labels
    symmetries: tuple[Symmetry, ...] = field(repr=False)
    label_sizes: tuple[Size, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        below = [f.node for f in self.factors]
        labels = [f.labels for f in self.factors]
        sizes = _label_sizes(_count(labels), below, labels)
        object.__setattr__(self, "label_sizes", sizes)
        whole = self.out == tuple(range(len(sizes)))
        self._learn(len(self.out), sizes if whole else tuple([sizes[label] for label in self.out]), below)

    @property
    def bound(self) -> range:
        """The labels that are summed."""
        return range(1 + max(self.out, default=-1), len(self.label_sizes))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Apply(Node):
    """f(u, v, …), entry by entry.  `orders` counts the derivatives by each argument of an unknown function."""

    function: str
    arguments: tuple[Argument, ...]
    orders: tuple[int, ...] | None
    symmetries: tuple[Symmetry, ...] = field(repr=False)

    def __post_init__(self) -> None:
        below = [a.node for a in self.arguments]
        labels = [a.labels for a in self.arguments]
        rank = _count(labels)
        self._learn(rank, _label_sizes(rank, below, labels), below)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Reduce(Node):
    """prod, max, min or logsumexp of an argument over its labels ≥ `axes`."""

    operator: str
    argument: Argument
    axes: int
    symmetries: tuple[Symmetry, ...] = field(repr=False)
    label_sizes: tuple[Size, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        node, labels = self.argument
        sizes = _label_sizes(_count([labels]), [node], [labels])
        object.__setattr__(self, "label_sizes", sizes)
        self._learn(self.axes, sizes[: self.axes], [node])


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class MatrixFunction(Node):
    """inv, adj, det or logdet of a node of rank 2; the axes of inv(A) and adj(A) are those of A exchanged."""

    function: str
    argument: Expr

    def __post_init__(self) -> None:
        if self.function in MATRIX_VALUED:
            self._learn(2, self.argument.sizes[::-1], [self.argument])
        else:
            self._learn(0, (), [self.argument])


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Call(Node):
    """f_i…(x, …), an unknown function of whole tensors, or its derivative by the arguments at `wrt`, in order.

    Axes: the `axes` of f, then those of the arguments in `wrt`.  Each argument's labels say where its axes stand in the
    array that f receives.
    """

    function: str
    arguments: tuple[Argument, ...]
    axes: int
    wrt: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes: list[Size] = [Axis(self.function, k) for k in range(self.axes)]
        for k in self.wrt:
            sizes += sizes_of_argument(self.arguments[k])
        self._learn(len(sizes), tuple(sizes), [a.node for a in self.arguments])


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Derivative(Node):
    """∂body/∂wrt, not yet carried out.  Axes: those of the body, then those of the variable."""

    body: Expr
    wrt: Tensor

    def __post_init__(self) -> None:
        self._learn(self.body.rank + self.wrt.rank, (*self.body.sizes, *self.wrt.sizes), [self.body])


Expr = (
    Number | Count | Tensor | Ones | Unit | Epsilon
    | Sum | Product | Apply | Reduce | MatrixFunction | Call | Derivative
)  # fmt: skip


def sizes_of_argument(argument: Argument) -> tuple[Size, ...]:
    """Return the sizes of the axes of the array that an unknown function receives."""
    return _label_sizes(len(argument.labels), [argument.node], [argument.labels])


def _count(labels: Iterable[Labels]) -> int:
    """Return how many labels there are, which are numbered from 0."""
    return 1 + max(map(max, filter(None, labels)), default=-1)


def _label_sizes(count: int, below: Iterable[Expr], labels_of: Iterable[Labels]) -> tuple[Size, ...]:
    """Return the size of each label: of all that are tied to it the first by `size_key`."""
    sizes: list[Size | None] = [None] * count
    for node, labels in zip(below, labels_of, strict=True):
        for label, size in zip(labels, node.sizes, strict=True):
            known = sizes[label]
            if known is None or (known != size and size_key(size) < size_key(known)):
                sizes[label] = size
    assert None not in sizes, "every label stands in some part"
    found = cast("tuple[Size, ...]", tuple(sizes))
    return next((node.sizes for node in below if node.sizes == found), found)


def parts(node: Expr) -> tuple[Argument, ...]:
    """Return the parts of a node with their labels, in order; leaves have none."""
    match node:
        case Number() | Count() | Tensor() | Ones() | Unit() | Epsilon():
            return ()
        case Sum(terms):
            return tuple(Argument(t.node, t.labels) for t in terms)
        case Product(_, factors):
            return tuple(Argument(f.node, f.labels) for f in factors)
        case Apply(_, arguments) | Call(_, arguments):
            return arguments
        case Reduce(_, argument):
            return (argument,)
        case MatrixFunction(_, argument):
            return (Argument(argument, (0, 1)),)
        case Derivative(body):
            return (Argument(body, tuple(range(body.rank))),)
