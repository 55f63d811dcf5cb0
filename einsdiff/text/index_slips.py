"""What goes wrong with indices, one function a slip: what is wrong, where, the rule, and something to type."""

from __future__ import annotations

from itertools import pairwise

from einsdiff.errors import Mark, ParseError, Span
from einsdiff.functions import TENSOR_FUNCTIONS
from einsdiff.text.cursor import BREAKS, Cursor
from einsdiff.text.lexer import Token
from einsdiff.text.tree import Index, Name, Tree


def refuse_indexed(cursor: Cursor, span: Span) -> ParseError:
    """Return the error for `(a + b)_i` and `exp(x)_i`."""
    return ParseError(
        "indices [^] belong to a tensor, and this [~] is none",
        cursor.source,
        [Mark(cursor.token.span), Mark(span, "~")],
        rule="only names and the functions of a whole matrix, as inv(A)_ij, carry indices",
        help="give the indices to the tensors inside, as in  exp(x_i)",
    )


def refuse_indexed_numeral(cursor: Cursor, token: Token) -> ParseError:
    """Return the error for `2_i`."""
    return ParseError(
        f"{token.text} [~] carries no index [^]",
        cursor.source,
        [Mark(cursor.token.span), Mark(token.span, "~")],
        rule="of the numbers only 1_i, the tensor of ones, does",
        help=f"write {token.text} 1_i",
    )


def refuse_indexed_function(cursor: Cursor, name: Token, group: Token) -> ParseError:
    """Return the error for `inv_ij(A)` and `exp_i(x)`."""
    k = cursor.k + 2
    inside = cursor.shown(Span(cursor.tokens[k].start, cursor.tokens[cursor.partner[k]].stop))
    if name.text not in TENSOR_FUNCTIONS:
        is_name = cursor.partner[k] == k + 2 and cursor.tokens[k + 1].kind == "name"
        argument = cursor.tokens[k + 1].text if is_name else "x"
        return ParseError(
            f"{name.text} [~] goes entry by entry, so that the indices [^] are those of its argument",
            cursor.source,
            [Mark(group.span), Mark(name.span, "~")],
            help=f"write {name.text}({argument}{group.text})",
        )
    return ParseError(
        f"the indices [^] of {name.text} [~] stand behind its brackets",
        cursor.source,
        [Mark(group.span), Mark(name.span, "~")],
        help=f"write {name.text}{inside}{group.text}",
    )


def refuse_second_bracket(cursor: Cursor, span: Span, group: Token) -> ParseError:
    """Return the error for `A[i][j]`."""
    words = ",".join(str(index.name) for index in (*group.indices, *cursor.token.indices))
    name = cursor.source[span.start : group.start]
    return ParseError(
        "a tensor has one group of indices [~], and this is a second one [^]",
        cursor.source,
        [Mark(cursor.token.span), Mark(group.span, "~")],
        help=f"write {name}[{words}]",
    )


def refuse_rank(cursor: Cursor, name: str, span: Span) -> ParseError:
    """Return the error for `δ_i, δ_ijk, ε_i`."""
    many = "two indices" if name == "δ" else "two indices or more"
    typed = "δ_ij" if name == "δ" else "ε_ijk"
    return ParseError(
        f"{name} [^] has {many}", cursor.source, [Mark(span)], help=f"write {typed}, or give your tensor another name"
    )


def refuse_no_index(cursor: Cursor, sign: Token) -> ParseError:
    """Return the error for `Σ (…)`."""
    return ParseError(
        f"{sign.text} [^] does not say over which index", cursor.source, [Mark(sign.span)], help=f"write {sign.text}_i"
    )


def refuse_component(cursor: Cursor, index: Index) -> ParseError:
    """Return the error for `sum_1(…)`."""
    return ParseError(
        f"{index.name} [^] is one component: an index is needed here", cursor.source, [Mark(index.span)], help="write i"
    )


def refuse_transpose(cursor: Cursor, base: Tree) -> ParseError:
    """Return the error for `A_ij'`."""
    typed = "write A_ji for the transpose of A_ij"
    if isinstance(base, Name) and base.indices is None:
        typed = _exchange(cursor, base)
    elif isinstance(base, Name) and len(base.indices or ()) == 1:
        typed = "leave it out: the indices say what is multiplied with what"
    elif isinstance(base, Name) and len(base.indices or ()) == 2:
        first, second = base.indices or ()
        typed = f"write {base.name}[{second.name},{first.name}]"
        if len(str(first.name)) == len(str(second.name)) == 1:
            typed = f"write {base.name}_{second.name}{first.name}"
    fields = [b for a, b in pairwise(cursor.tokens) if a.kind == "∂" and b.kind == "indices" and b.indices]
    if fields:
        name = fields[0].indices[0].name
        typed = f"write ∂(…)/∂{name} or ∇_{name} (…): ∂_{name} is by a coordinate, in index notation"
    return ParseError(
        "a transpose [^] is matrix notation, and this is index notation",
        cursor.source,
        [Mark(cursor.token.span)],
        rule="a text in which some tensor carries an index is index notation",
        help=typed,
    )


def _exchange(cursor: Cursor, base: Name) -> str:
    """Return what to type for `A'_ij` and `(A^T)_ij`, where the place is at the sign behind A."""
    k = cursor.k + 1
    while cursor.tokens[k].kind in ("ᵀ", "'", "{", "}", ")") or cursor.tokens[k].text == "T":
        k += 1
    indices = cursor.tokens[k].indices
    if len(indices) != 2 or any(len(str(index.name)) > 1 for index in indices):
        return f"give {base.name} its indices too"
    return f"write {base.name}_{indices[1].name}{indices[0].name}"


def refuse_no_reduced_index(cursor: Cursor) -> ParseError:
    """Return the error for `softmax(x_i)` and `mean(x_i)`; the place is at the name."""
    name, first = cursor.token, cursor.k + 1
    inside = cursor.tokens[first : cursor.partner[first] + 1]
    index = _closed_index(cursor, inside)
    argument = cursor.shown(Span(inside[0].start, inside[-1].stop))
    if name.text == "softmax":
        index = next((str(i.name) for i in cursor.statement_tokens()[1].indices), index)
        argument = f"({inside[1].text}_{index})" if [t.kind for t in inside[1:-1]] == ["name"] else argument
    return ParseError(
        f"{name.text} [^] is taken over an index, and names none",
        cursor.source,
        [Mark(name.span)],
        help=f"write {name.text}_{index}{argument}",
    )


def _closed_index(cursor: Cursor, inside: list[Token]) -> str:
    """Return the first index of some tokens that is not on the left-hand side; else the first of them, or i."""
    tokens = cursor.statement_tokens()
    left = {i.name for i in tokens[1].indices} if len(tokens) > 2 and tokens[2].kind == "=" else set()
    names = [str(index.name) for token in inside for index in token.indices if isinstance(index.name, str)]
    return next((name for name in names if name not in left), names[0] if names else "i")


ARGUMENTS = "the arguments of inv, det, logdet, tr and of norms are matrix notation"


def refuse_index(cursor: Cursor, span: Span, *, inside: bool) -> ParseError:
    """Return the error for `A_ij` in matrix notation, or inside the argument of a tensor function."""
    return ParseError(
        f"{cursor.shown(span)} [~] carries an index [^], and this is matrix notation",
        cursor.source,
        [Mark(cursor.token.span), Mark(span, "~")],
        rule=ARGUMENTS if inside else "matrix notation names whole tensors, without indices",
        help=f"write {cursor.shown(span)}" + ("" if inside else ", or read the text as index notation"),
    )


def refuse_indexed_argument(cursor: Cursor) -> ParseError:
    """Return the error for `tr(A_ij B_jk)`; the place is at the function."""
    name, first = cursor.token, cursor.k + 1
    last = cursor.partner[first]
    inside = cursor.tokens[first : last + 1]
    group = next(token for token in inside if token.kind == "indices")
    if name.text == "sum" and inside[-3].kind == "," and inside[-2].kind == "name":  # sum(a_i, i)
        typed = f"sum_{inside[-2].text}{cursor.shown(Span(inside[0].start, inside[-4].stop))})"
    elif name.text == "sum":
        typed = f"sum_{_closed_index(cursor, inside)}{cursor.shown(Span(inside[0].start, inside[-1].stop))}"
    elif name.text in ("inv", "adj") and len([t for t in inside if t.kind == "indices"]) == 1:
        typed = f"{name.text}({''.join(t.text for t in inside[1:-1] if t.kind != 'indices')}){group.text}"
    else:
        pieces = [cursor.source[a.stop : b.start] + b.text * (b.kind != "indices") for a, b in pairwise(inside)]
        typed = f"{name.text}({''.join(pieces)}"
    return ParseError(
        f"the argument of {name.text} [~] is matrix notation, without indices [^]",
        cursor.source,
        [Mark(group.span), Mark(name.span, "~")],
        help=f"write {typed}",
    )


def refuse_gradient(cursor: Cursor) -> ParseError:
    """Return the error for `∇_x (x_i x_i)`."""
    group = cursor.peek()
    name = group.indices[0].name if group.kind == "indices" and group.indices else "x"
    return ParseError(
        f"{cursor.token.text} [^] is matrix notation, and this is index notation",
        cursor.source,
        [Mark(cursor.token.span)],
        rule="a text in which some tensor carries an index is index notation",
        help=f"write ∂(…)/∂{name}_k",
    )


def refuse_inner_product(cursor: Cursor) -> ParseError:
    """Return the error for `⟨x_i, y_i⟩`."""
    return ParseError(
        f"{cursor.token.text} [^] is matrix notation, and this is index notation",
        cursor.source,
        [Mark(cursor.token.span)],
        rule="a text in which some tensor carries an index is index notation",
        help="write x_i y_i",
    )


def refuse_index_operator(cursor: Cursor) -> ParseError:
    """Return the error for Σ_i and ∂_i in matrix notation."""
    token = cursor.token
    return ParseError(
        f"{token.text} [^] with an index is index notation, and this is matrix notation",
        cursor.source,
        [Mark(token.span)],
        help="write sum(x), or give every tensor its indices",
    )


def refuse_built_in(cursor: Cursor, target: Name) -> ParseError:
    """Return the error for `δ_ij = …`."""
    return ParseError(
        f"{target.name} [^] with indices is built in and cannot be defined",
        cursor.source,
        [Mark(target.span)],
        help="give your tensor another name",
    )


def refuse_repeated(cursor: Cursor, first: Index, second: Index) -> ParseError:
    """Return the error for `y_ii = …`, and for `loss_total = …`, which was meant as a name."""
    typed = f"write another letter and δ:  y_{first.name}j = δ_{first.name}j …"
    word = next(token for token in cursor.tokens if token.start <= first.span.start < token.stop)
    if word.text.startswith("_") and len(word.indices) > 3:
        name = cursor.tokens[cursor.tokens.index(word) - 1].text
        typed = f"if it is one name, write it without _:  {name}{word.text[1:]}"
    return ParseError(
        f"{first.name} stands on the left twice [~] [^]",
        cursor.source,
        [Mark(second.span), Mark(first.span, "~")],
        rule="the left-hand side names the axes of the result, each once",
        help=typed,
    )


def check_folds(cursor: Cursor, *, is_claim: bool) -> None:
    """Raise ParseError where indices share an axis elsewhere than on the left of the last equation."""
    tokens = cursor.tokens
    first = last = 0  # the beginnings of the statement and of the last one
    for k, token in enumerate(tokens):
        if k and tokens[k - 1].kind in BREAKS and token.kind not in BREAKS:
            last = k
    for k, token in enumerate(tokens):
        first = k + 1 if token.kind in BREAKS else first
        folded = next((index for index in token.indices if index.is_folded), None)
        if folded is None:
            continue
        if k != first + 1 or first != last or tokens[k + 1].kind != "=" or is_claim:
            raise ParseError(
                "an index [^] shares its axis with another one where it has to stand alone",
                cursor.source,
                [Mark(folded.span)],
                rule="(ij) is one axis of the result, j running fastest (spec/language.md, Folded axes)",
                help="y_{(ij)} = A_ij on the last line, and A_ij everywhere else",
            )
        if any(isinstance(index.name, int) for index in token.indices):
            raise ParseError(
                "a component [^] stands beside indices that share an axis",
                cursor.source,
                [Mark(next(index.span for index in token.indices if isinstance(index.name, int)))],
                help="y_{(ij)} = A_ij",
            )
