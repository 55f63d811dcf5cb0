"""Matrix forms that are checked before anyone sees them: the text is read back and compared with its entry.

The comparison is exact evaluation modulo a prime, on random tensors of pairwise different sizes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice

from einsdiff.algebra import build, walk
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Apply, Argument, Axis, Call, Count, Expr, Product, Reduce, Size, Sum, Tensor, Wire
from einsdiff.calculus.linking import evaluate
from einsdiff.elaborate.assume import with_properties
from einsdiff.elaborate.claims import elaborate_claim
from einsdiff.elaborate.kinds import infer_kinds
from einsdiff.elaborate.program import Program, resolve_sizes
from einsdiff.elaborate.scope import Symbol
from einsdiff.errors import EinsdiffError, NoMatrixForm
from einsdiff.forms.matrix import makers, tree
from einsdiff.forms.matrix.form import differences, matrix_form
from einsdiff.forms.matrix.spelling import write
from einsdiff.forms.matrix.tree import Form
from einsdiff.forms.style import PLAIN
from einsdiff.layouts import arrange_matrix
from einsdiff.simplify.normal_form import are_equal
from einsdiff.simplify.simplify import simplify
from einsdiff.simplify.softmax import as_softmax
from einsdiff.text.parser import parse_claim
from einsdiff.verify import modular

KINDS = {1: "vector", 2: "matrix"}
MANY = 1200  # parts that an entry may have and still be written in matrix notation
WORTH = 14  # characters that a part must have for a name of its own, where it stands twice
OFTEN = 4  # how often a value of a function stands that has a name if it is shorter


@dataclass(frozen=True, slots=True)
class Folded:
    """An entry with its rows and columns, each folded of wires, the last one fastest."""

    entry: Entry
    rows: tuple[Wire, ...]
    columns: tuple[Wire, ...]


def write_matrix(
    asked: Folded, program: Program, layout: str = "mixed", spelling: str = "unicode", label: str = ""
) -> str:
    """Return the matrix form of an entry; parts that stand twice have names, each on a line above.

    Derivatives of unknown functions have the rows and columns of the layout.  `label` is a name that is not to be used.

    Raises: NoMatrixForm, where there is none, or the entry has too many parts to search for one.
    """
    count = sum(len(node.below) for node in walk.ordered(asked.entry.node))
    if count > MANY:
        raise NoMatrixForm(f"no matrix form is searched for {count} parts: {MANY} are the most")
    sizes = {str(size) for size in program.sizes.values() if isinstance(size, str)}
    own = {d.name for d in program.definitions if d.name}
    taken = {*program.inputs, *own, *sizes, label, "I", "ones", "commutation"}
    names, lines = _functions(asked.entry.node, layout)
    counts, declared = _counts(asked.entry.node, program, taken)
    parts = _names(asked.entry.node, program, taken, names, counts)
    sums = tuple(dict.fromkeys(form for d in program.definitions for form in differences(d.entry.node)))
    known: Known = {}
    formulas = _formulas(asked, parts, names, counts, sums, known)
    written = _text(formulas, spelling)
    for node in _doubtful(parts, formulas, program):
        fewer = {n: name for n, name in parts.items() if n is not node}
        shorter = _text(_formulas(asked, fewer, names, counts, sums, known), spelling)
        if len(shorter) <= len(written):
            parts, written = fewer, shorter
    text = re.sub(r"\n(?=[-−])", ";\n", "\n".join([*lines, *declared, written]))
    try:
        is_right = _reads_back(text, asked, program, layout, counts)
    except EinsdiffError as error:
        raise NoMatrixForm(f"there is no matrix form that can be read back: {text} ({error.message})") from None
    if not is_right:
        raise NoMatrixForm(f"there is no matrix form that was found right: {text} is another tensor")
    return text


Known = dict[tuple[Folded, frozenset[Expr]], Form]
"""The forms of parts, by the nodes in them that have names."""


def _formulas(
    asked: Folded, parts: Mapping[Expr, Form], names: Mapping[Expr, Form], counts: Mapping[Size, str],
    sums: Collection[Form], known: Known,
) -> list[tuple[Form | None, Form]]:  # fmt: skip
    """Return the name and the formula of each part that has one, and without a name the formula in which they stand."""
    every = {**names, **parts}
    wanted: list[tuple[Form | None, Folded]] = [
        (name.parts[0], _turned(node)) if name.head == "transpose" else (name, _whole(node))
        for node, name in parts.items()
    ]
    found = []
    for left, part in [*wanted, (None, asked)]:
        own = part.entry.node if left is not None else None
        standing = _standing(part.entry.node.below if own else [part.entry.node], every)
        if (part, standing) not in known:
            others = {n: name for n, name in every.items() if n is not own}
            known[part, standing] = _form(part, others, counts, sums)
        found.append((left, known[part, standing]))
    return found


def _standing(among: Iterable[Expr], names: Container[Expr]) -> frozenset[Expr]:
    """Return the nodes with names that are some nodes or stand in them, without what stands in those."""
    seen: set[Expr] = set()
    stack = list(among)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += () if node in names else node.below
    return frozenset(n for n in seen if n in names)


def _form(asked: Folded, names: Mapping[Expr, Form], counts: Mapping[Size, str], sums: Collection[Form] = ()) -> Form:
    return matrix_form(asked.entry, asked.rows, asked.columns, names, counts, sums)


def _text(formulas: Sequence[tuple[Form | None, Form]], spelling: str) -> str:
    return "\n".join((f"{write(left, spelling)} = " if left else "") + write(form, spelling) for left, form in formulas)


def _doubtful(parts: Mapping[Expr, Form], formulas: Sequence[tuple[Form | None, Form]], program: Program) -> list[Expr]:
    """Return the parts with new names that are terms of sums, where what they hide may be like other terms: P + Pᵀ."""
    own = {d.name for d in program.definitions}
    bare = {name for _, form in formulas for name in _bare_terms(form)}
    names = {node: tree.names(form)[0] for node, form in parts.items() if node.rank and not _is_matrix_softmax(node)}
    return [node for node, name in names.items() if name in bare - own]


def _bare_terms(form: Form) -> Iterator[str]:
    """Yield the names that are terms of sums, but for a number and a transpose."""
    for t in form.parts:
        yield from _bare_terms(t)
        rest = makers.coefficient(t)[1] if form.head == "sum" else tree.ONE
        yield from tree.names(rest) if tree.degree(rest) == 1 and rest.head in ("name", "transpose") else ()


def _whole(node: Expr) -> Folded:
    """Return a node as a scalar, a column or a matrix."""
    return Folded(walk.here(node), (0,) * (node.rank > 0), (1,) * (node.rank > 1))


def _turned(node: Expr) -> Folded:
    """Return the transpose of a node as a matrix."""
    return Folded(walk.here(node), (1,), (0,))


# ---------------------------------------------------------------------------------------------------------- comparison


def _reads_back(text: str, asked: Folded, program: Program, layout: str, counts: Mapping[Size, str]) -> bool:
    """Read formulas in matrix notation and compare the last one with the entry that it was written for.

    `counts` gives the names of sizes that the text declares.
    """
    ranks = {s.name: s.rank for s in program.inputs.values() if s.role != "function"}
    declared = {n.size for n in walk.ordered(asked.entry.node) if isinstance(n, Count) and isinstance(n.size, str)}
    ranks |= dict.fromkeys(declared, 0)
    ranks |= {n.function: n.axes for n in walk.ordered(asked.entry.node) if isinstance(n, Call)}
    beside = _beside(asked, {*ranks, *text.split()})
    document = parse_claim(f"{text} = {' ⊗ '.join(beside) or 0}", notation="matrix", known=ranks | beside)
    ranks |= beside
    ranks |= dict.fromkeys(counts.values(), 0)
    sides = elaborate_claim(document, document.declarations, infer_kinds(document, ranks, claim=True), layout)
    expected, block = _with_numbers(asked.entry), sides.left
    read = resolve_sizes(evaluate(sides.program, block.entry), sides.program.sizes)
    read = resolve_sizes(read, {name: size for size, name in counts.items()})
    read = _assumed(_with_numbers(read), expected)
    if build.is_zero(expected) or build.is_zero(read):
        return build.is_zero(expected) and build.is_zero(read)
    if len(block.rows) != len(asked.rows) or len(block.columns) != len(asked.columns):
        return False
    wires: dict[Wire, Wire] = dict(zip((*block.rows, *block.columns), (*asked.rows, *asked.columns), strict=True))
    read = build.rename(read, wires)
    return _are_alike(read, expected) or _are_alike(simplify(read)[0], expected)


def _are_alike(a: Entry, b: Entry) -> bool:
    """Tell whether two entries are equal: in numbers, which takes no time, or else multiplied out."""
    try:
        return a == b or modular.agree(a, b) or are_equal(a, b)
    except modular.UndefinedError:
        return modular.agree_in_any_case(a, b) or are_equal(a, b)


def _beside(asked: Folded, taken: Collection[str]) -> dict[str, int]:
    """Return the matrices of a product P ⊗ Q … that tells a lone `I` how it is folded."""
    found: dict[str, int] = {}
    while len(asked.rows) == len(asked.columns) > max(1, len(found)):
        found[_next_name(2, {*taken, *found})] = 2
    return found


def _assumed(read: Entry, expected: Entry) -> Entry:
    """Return what was read with the properties that tensors have in what is expected."""
    properties = {t.name: t.assumed for t in walk.tensors(expected.node) if t.assumed}

    def rule(node: Expr) -> Entry | None:
        if isinstance(node, Tensor) and node.name in properties and not node.assumed:
            return with_properties(node, properties[node.name], {})
        return None

    return walk.replace(read, rule) if properties else read


def _with_numbers(entry: Entry) -> Entry:
    """Return an entry in which a declared size that stands as a number is a scalar of that name."""

    def rule(node: Expr) -> Entry | None:
        return build.tensor(node.size, ()) if isinstance(node, Count) and isinstance(node.size, str) else None

    return walk.replace(entry, rule)


# --------------------------------------------------------------------------------------------------------------- names


def _functions(root: Expr, layout: str) -> tuple[dict[Expr, Form], list[str]]:
    """Return the forms of unknown functions of whole tensors and of their derivatives, and a line for each function."""
    forms: dict[Expr, Form] = {}
    lines: dict[str, None] = {}
    for node in walk.ordered(root):
        if not isinstance(node, Call) or not all(_is_bare(a) for a in node.arguments):
            continue
        form = _function(node, layout)
        if form is not None:
            forms[node] = form
            given = ", ".join(a.node.name for a in node.arguments if isinstance(a.node, Tensor))
            lines[f"{node.function} = {node.function}({given})"] = None
    return forms, sorted(lines)


def _is_bare(argument: Argument) -> bool:
    return isinstance(argument.node, Tensor) and argument.labels == tuple(range(argument.node.rank))


def _function(node: Call, layout: str) -> Form | None:
    """Return u, or ∂u/∂x with the rows and columns of a layout; None where that is no plain matrix."""
    if node.rank > 2:
        return None
    if not node.wrt:
        return tree.name(node.function, "scm"[node.rank])
    variables = [node.arguments[k] for k in node.wrt]
    axes = iter(range(node.rank))
    y = list(islice(axes, node.axes))
    try:
        rows, columns = arrange_matrix(y, [list(islice(axes, len(v.labels))) for v in variables], layout)
    except NoMatrixForm:
        return None
    if len(rows) > 1 or len(columns) > 1:
        return None
    shape = ("m" if columns else "c") if rows else "r" if columns else "s"
    names = [v.node.name for v in variables if isinstance(v.node, Tensor)]
    form = tree.name(PLAIN.derivatives(node.function, names), shape)
    return makers.transpose(form) if ((rows or columns) and (*rows, *columns)[0] != 0) or shape == "r" else form


def _names(
    root: Expr, program: Program, taken: set[str], known: Mapping[Expr, Form], counts: Mapping[Size, str]
) -> dict[Expr, Form]:
    """Return names for the parts that stand twice and are long: the program's own where it has one."""
    nodes = walk.ordered(root)
    uses = walk.uses(nodes, [root])
    own = _definitions(program)
    order = list(program.inputs)
    names: dict[Expr, Form] = {}
    for node in nodes:
        if node is root or node.rank > 2 or not isinstance(node, Apply | Reduce | Sum | Product):
            continue
        if uses[node] < 2 and not _is_matrix_softmax(node):
            continue
        if node.rank == 0 and isinstance(node, Product):  # ‖x‖ is recognised by what stands in it
            continue
        whole = _inline(_whole(node), {**known, **names}, counts)
        is_often = isinstance(node, Apply) and uses[node] >= OFTEN
        if node not in own and (whole is None or len(write(whole)) < (WORTH // 2 if is_often else WORTH)):
            continue
        text, is_turned = own.get(node) or (_next_name(node.rank, taken), _is_turned(whole, order))
        name = tree.name(text, "scm"[node.rank])
        names[node] = makers.transpose(name) if is_turned else name
        taken.add(text)
    return names


def _is_matrix_softmax(node: Expr) -> bool:
    """Tell whether a node is the softmax of a matrix: E ./ (E 𝟏 𝟏ᵀ), in which E stands twice."""
    return isinstance(node, Apply) and node.rank == 2 and as_softmax(node) is not None


def _is_turned(form: Form | None, order: Sequence[str]) -> bool:
    """Tell whether a matrix reads better transposed: fewer transposes, and names in the order of the program."""
    if form is None or form.shape != "m":
        return False
    here, there = (
        (tree.transposes(f), [order.index(name) for name in tree.names(f) if name in order])
        for f in (form, makers.transpose(form))
    )
    return there < here


def _definitions(program: Program) -> dict[Expr, tuple[str, bool]]:
    """Return the names of the definitions of a program by what they are, and whether that is transposed."""
    from_names: dict[Expr, tuple[str, bool]] = {}
    for d in program.definitions:
        if d.name is not None:
            entry = simplify(resolve_sizes(evaluate(program, d.entry), program.sizes))[0]
            if len(entry.wires) == len(d.wires) and entry.wires in (d.wires, d.wires[::-1]):
                from_names.setdefault(entry.node, (d.name, entry.wires != d.wires))
    return from_names


def _inline(asked: Folded, names: Mapping[Expr, Form], counts: Mapping[Size, str]) -> Form | None:
    try:
        return _form(asked, names, counts)
    except NoMatrixForm:
        return None


def _next_name(rank: int, taken: Collection[str]) -> str:
    letters: Sequence[str] = ("abcdefg", "pqrstuvwz", "PQRSTUVWZ")[rank]
    return next(name for k in count() for letter in letters if (name := letter + (str(k) if k else "")) not in taken)


def _counts(root: Expr, program: Program, taken: set[str]) -> tuple[dict[Size, str], list[str]]:
    """Return names for the sizes that stand as numbers in a formula, and for each the declaration of an input."""
    sizes = dict.fromkeys(n.size for n in walk.ordered(root) if isinstance(n, Count) and isinstance(n.size, Axis))
    names: dict[Size, str] = {}
    lines: dict[str, str] = {}
    here = {t.name for t in walk.tensors(root)}
    for size in sizes:
        known = [s for s in program.inputs.values() if s.rank in KINDS and re.fullmatch(r"\w+", s.name)]
        having = [
            s for s in known if size in (program.sizes.get(a, a) for k in range(s.rank) for a in [Axis(s.name, k)])
        ]
        symbol = next((s for s in having if s.name in here), having[0] if having else None)
        if symbol is None:
            continue
        run = [_size_name(s, names, taken) for s in _sizes(symbol, program)]
        lines[symbol.name] = f"{symbol.name} : {KINDS[symbol.rank]}({', '.join(run)})"
    return names, list(lines.values())


def _sizes(symbol: Symbol, program: Program) -> list[Size]:
    axes = [Axis(symbol.name, k) for k in range(symbol.rank)]
    return [program.sizes.get(axis, axis) for axis in axes]


def _size_name(size: Size, names: dict[Size, str], taken: set[str]) -> str:
    """Return the name of a size, a new one where it has none yet."""
    if not isinstance(size, Axis):
        return str(size)
    if size not in names:
        names[size] = next(n for n in chain("nmpqk", (f"n{k}" for k in count(1))) if n not in taken)
        taken.add(names[size])
    return names[size]


__all__ = ["Folded", "Form", "write_matrix"]
