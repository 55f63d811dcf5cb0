"""What goes wrong in a text, one function a slip: what is wrong, where, the rule, and something to type."""

from __future__ import annotations

import re

from einsdiff.errors import ClaimError, Mark, ParseError, Span, UnknownNameError
from einsdiff.text.cursor import BREAKS, FUNCTIONS, SHOWN, Cursor
from einsdiff.text.lexer import Token
from einsdiff.text.spelling import WRITTEN, find_meant
from einsdiff.text.symbols import CLOSERS, OPERATORS
from einsdiff.text.tree import Call, Name

TYPED = {
    "==": ("== [^] compares, and stands in where(…) only", "a statement has one =, as in  y = x_i x_i"),
    ">": ("a comparison [^] stands in where(…) only", "write where(x_i > 0, a_i, b_i)"),
    "'": ("there is nothing here that ' [^] could transpose", "write x' A x"),
    "ᵀ": ("there is nothing here that {text} [^] could transpose", "write xᵀ A x"),
    "<": ("{text} [^] opens no bracket", "write x' y for an inner product, with indices x_i y_i"),
    "@": ("@ [^] is no operator here", "write a product by putting the factors side by side:  A x"),
    "->": ("{text} [^] belongs to einsum, not to formulas", "name the result's indices on the left:  C_ik = A_ij B_jk"),
    ",": ("a comma [^] stands between arguments or indices only", "write max(a_i, b_i) or A_{i,j}"),
    ":": ("a declaration stands at the start of a statement, so that : [^] is misplaced", "A : matrix(n, n) symmetric"),
    ".": ("... [^] leaves something out", "write it in full"),
    "×": ("{text} [^] is not read as a product of matrices", "write A x, or c_i = ε_ijk a_j b_k for a cross product"),
    "|": ("this bar [^] closes nothing", "write abs(x_i), or ||x|| for a norm"),
    "‖": ("this bar [^] closes nothing", "write norm(x) or ||x||"),
    "⊙": (
        "{text} [^] is matrix notation, and this is index notation, where products go entry by entry",
        "c_i = a_i b_i",
    ),
    "⊘": (
        "{text} [^] is matrix notation, and this is index notation, where quotients go entry by entry",
        "c_i = a_i/b_i",
    ),
    ".^": ("{text} [^] is matrix notation, and this is index notation, where powers go entry by entry", "y_i = x_i^2"),
    "⊗": ("{text} [^] is matrix notation, and this is index notation", "name the indices:  T_ijkl = A_ij B_kl"),
    "indices": ("these indices [^] have no tensor before them", "write x_i"),
    "power": ("this power [^] has no base", "write x²"),
}
"""A token where it cannot stand → the message and what to type."""
MODULES = frozenset(["np", "numpy", "jnp", "jax", "torch", "tf", "math", "sp", "scipy", "cp", "F", "nn", "linalg"])
"""Names before a point that are libraries, and no arrays."""
ALIKE = {">=": ">", "<=": ">", "!=": ">", "…": "."}


def refuse_token(cursor: Cursor) -> ParseError:
    """Return the error for a token that no rule goes on with."""
    token = cursor.token
    if token.kind in BREAKS:
        return _refuse_gap(cursor)
    return _explain(cursor) or ParseError(
        f"{token.text} [^] cannot stand here", cursor.source, [Mark(token.span)], help="remove it"
    )


def refuse_operand(cursor: Cursor) -> ParseError:
    """Return the error where a factor should begin and none does."""
    kind = cursor.kind
    if kind == "*" and cursor.k and cursor.last.kind == "^":
        return ParseError(
            "a star above a name [^] is not read",
            cursor.source,
            [Mark(cursor.last.span.to(cursor.token.span))],
            help="give it another name, as x1 for x^*",
        )
    if kind in OPERATORS and kind not in ("==", "<") and not (kind == "=" and _find_equals(cursor)):
        return _refuse_gap(cursor)
    return _explain(cursor) or _refuse_gap(cursor)


def refuse_differential(cursor: Cursor) -> ParseError:
    r"""Return the error for `\mathrm{d} X` outside of a derivative."""
    return ParseError(
        f"{cursor.shown(cursor.token.span)} [^] is a differential, and no name",
        cursor.source,
        [Mark(cursor.token.span)],
        rule="differentials are not read; derivatives are (spec/language.md, Derivatives)",
        help=r"write ∂tr(A X)/∂X = A' for  \mathrm{d}\operatorname{tr}(A X) = \operatorname{tr}(A\,\mathrm{d}X)",
    )


def _explain(cursor: Cursor) -> ParseError | None:
    """Return what is known about a token of this kind where it cannot stand."""
    token = cursor.token
    if token.kind == ",":
        token = next((other for other in cursor.statement_tokens() if other.kind == "->"), token)
    if token.kind == "=":
        return _refuse_second_equals(cursor)
    if token.kind == "." and cursor.peek().kind != ".":
        return _refuse_dot(cursor)
    mark = [Mark(token.span)]
    if token.kind == ":" and cursor.peek().kind == "=":
        return ParseError(":= [^] is no sign of formulas", cursor.source, mark, help="write = alone")
    if token.kind == "<" and cursor.k and cursor.last.kind not in OPERATORS:
        token = token._replace(kind=">")
    found = TYPED.get(ALIKE.get(token.kind, token.kind))
    if found is None:
        return None
    return ParseError(found[0].replace("{text}", token.text), cursor.source, mark, help=found[1])


def _find_equals(cursor: Cursor) -> Token | None:
    """Return the `=` of the statement before the place."""
    tokens = cursor.statement_tokens()
    return next((token for token in tokens if token.kind == "=" and token.start < cursor.token.start), None)


def _refuse_second_equals(cursor: Cursor) -> ParseError:
    token, first = cursor.token, _find_equals(cursor)
    marks = [Mark(token.span)]
    if first is None:
        return ParseError("= [^] stands inside a formula", cursor.source, marks, help="write y = x_i x_i")
    marks.append(Mark(first.span, "~"))
    return ParseError(
        "a statement has one = [~], and this is another [^]",
        cursor.source,
        marks,
        help="write two statements, one a line or split by ;",
    )


def _refuse_dot(cursor: Cursor) -> ParseError:
    token, before, behind = cursor.token, cursor.last, cursor.peek()
    marks = [Mark(token.span)]
    if cursor.k and before.kind == "name" and behind.kind == "name" and before.stop == token.start:
        if behind.text == "T":
            typed = f"transpose as in  {before.text}'"
        elif behind.text in WRITTEN:
            typed = f"write {WRITTEN[behind.text]}"
        elif before.text in MODULES or cursor.peek(2).kind != "(":
            typed = f"write {behind.text} without {before.text}."
        else:
            typed = f"write {behind.text}({before.text})"
        return ParseError("a name has no . [^] in it", cursor.source, marks, help=typed)
    return ParseError("this point [^] belongs to no number", cursor.source, marks, help="remove it")


def _refuse_gap(cursor: Cursor) -> ParseError:
    """Return the error where nothing stands and something should."""
    token = cursor.token
    mark = Mark(_visible(token.span))
    if cursor.k == 0 or cursor.last.kind in BREAKS:
        if token.kind in BREAKS:
            return ParseError("there is no formula here [^]", cursor.source, [mark], help="write y = x_i x_i")
        message = f"nothing stands before {token.text} [^]"
        return ParseError(message, cursor.source, [mark], help=_complete(cursor))
    before = cursor.last
    if token.kind in BREAKS:
        around = cursor.tokens[cursor.k - 2].span.to(before.span) if before.kind == "indices" else before.span
        message, marks = f"{cursor.text(around)} [^] needs something behind it", [Mark(around)]
    else:
        message = f"nothing stands between {before.text} [~] and {token.text} [^]"
        marks = [mark, Mark(before.span, "~")]
    return ParseError(message, cursor.source, marks, help=_complete(cursor))


def _complete(cursor: Cursor) -> str:
    """Return the statement at the place with an x where something is missing."""
    token, tokens = cursor.token, cursor.statement_tokens()
    ends = [tokens[0].start, token.start, token.start, tokens[-1].stop]
    left, right = (cursor.text(Span(start, stop)) for start, stop in zip(ends[::2], ends[1::2], strict=True))
    before = left + " " * (bool(left) and left[-1] not in "([{") + "x"
    typed = before + " " * (bool(right) and right[0] not in ")]},") + right
    return f"write {typed}" if len(typed) <= SHOWN else ""


def _visible(span: Span) -> Span:
    return Span(span.start, max(span.stop, span.start + 1))


def refuse_fraction(cursor: Cursor, sign: Token) -> ParseError:
    r"""Return the error for `\frac{a}`."""
    return ParseError(
        f"{sign.text} [^] has two groups in braces, one above and one below",
        cursor.source,
        [Mark(sign.span)],
        help=r"write \frac{a}{b}",
    )


def refuse_depth(cursor: Cursor, token: Token) -> ParseError:
    """Return the error for a text that is nested too deep."""
    return ParseError(
        "the formula is nested too deep here [^]",
        cursor.source,
        [Mark(token.span)],
        help="name its parts, in statements of their own",
    )


def refuse_two_numerals(cursor: Cursor) -> ParseError:
    """Return the error for `2 3`."""
    first, second = cursor.last, cursor.token
    return ParseError(
        "two numbers [~] [^] stand side by side",
        cursor.source,
        [Mark(second.span), Mark(first.span, "~")],
        help=f"write {first.text} * {second.text} for their product",
    )


def refuse_numeral(cursor: Cursor, token: Token, digits: int) -> ParseError:
    """Return the error for `1e999999`."""
    return ParseError(
        f"this number [^] has more than {digits} digits", cursor.source, [Mark(token.span)], help="give it a name"
    )


def refuse_small_power(cursor: Cursor, token: Token) -> ParseError:
    """Return the error for `x⁺`."""
    return ParseError("this power [^] is no number", cursor.source, [Mark(token.span)], help="write x² or x^(n)")


def refuse_bare_function(cursor: Cursor, name: Token) -> ParseError:
    """Return the error for `log x`, `log exp x` and `log |x|`."""
    argument, raised, k, heads = "x", "", cursor.k, [name.text]
    if cursor.kind == "^" and cursor.peek().kind == "number":
        raised, k = f"^{cursor.peek().text}", cursor.k + 2
    while cursor.tokens[k].kind == "name" and cursor.tokens[k].text in FUNCTIONS:
        heads.append(cursor.tokens[k].text)
        k += 1
    if cursor.tokens[k].kind == "(":
        argument = cursor.shown(Span(cursor.tokens[k].stop, cursor.tokens[cursor.partner[k]].start))
    elif cursor.tokens[k].kind == "|":
        return _refuse_bars(cursor, name, k)
    elif cursor.tokens[k].kind in ("name", "Σ", "Π", "‖"):
        argument = cursor.shown(Span(cursor.tokens[k].start, cursor.tokens[_end_of_factor(cursor, k)].stop))
    return ParseError(
        f"{name.text} [^] is a function, and its argument stands in brackets",
        cursor.source,
        [Mark(name.span)],
        help=f"write {'('.join(heads)}({argument}{')' * len(heads)}{raised}",
    )


def _refuse_bars(cursor: Cursor, name: Token, k: int) -> ParseError:
    """Return the error for `log |x|`, where the bar is token k."""
    stop = next((t.start for t in cursor.tokens[k + 1 :] if t.kind == "|"), cursor.tokens[k].stop)
    inside = cursor.shown(Span(cursor.tokens[k].stop, stop)).strip() or "x"
    return ParseError(
        f"{name.text} [^] is a function, and its argument stands in brackets",
        cursor.source,
        [Mark(name.span)],
        help=f"write {name.text}(abs({inside})), or {name.text}(det({inside})) for a matrix",
    )


def _end_of_factor(cursor: Cursor, k: int) -> int:
    """Return the number of the last token of `a b_i`, `det(K)` or `|K|`, which begins with token k."""
    tokens = cursor.tokens
    if tokens[k].kind in ("|", "‖"):
        closing = (n for n in range(k + 1, len(tokens)) if tokens[n].kind == tokens[k].kind)
        return next(closing, len(tokens) - 2)
    while tokens[k + 1].kind in ("name", "indices"):
        k += 1
    return cursor.partner[k + 1] if tokens[k + 1].kind == "(" else k


def refuse_no_argument(cursor: Cursor, name: Token) -> ParseError:
    """Return the error for `f()`."""
    return ParseError(
        f"{name.text} [^] has no argument", cursor.source, [Mark(name.span)], help=f"write {name.text}(x)"
    )


def refuse_misspelling(cursor: Cursor, name: Token) -> None:
    """Raise where a function's name is nearly a known one, tahn(x), or one that formulas do without: dot(x, y)."""
    written = WRITTEN.get(name.text)
    if written is not None:
        raise UnknownNameError(
            f"there is no function {name.text} [^]", cursor.source, [Mark(name.span)], help=f"write {written}"
        )
    meant = find_meant(name.text, FUNCTIONS)
    if meant is not None:
        raise UnknownNameError(
            f"there is no function {name.text} [^]",
            cursor.source,
            [Mark(name.span)],
            help=f"did you mean {meant}?",
        )


def refuse_open_bar(cursor: Cursor, sign: Token) -> ParseError:
    """Return the error for `‖x + y`."""
    if cursor.kind not in BREAKS and cursor.kind not in CLOSERS:
        return refuse_token(cursor)
    return ParseError(
        f"{sign.text} [^] is never closed", cursor.source, [Mark(sign.span)], help=f"close it with {sign.text}"
    )


def refuse_norm(cursor: Cursor) -> ParseError:
    """Return the error for `‖x‖_3`."""
    return ParseError(
        "there is no such norm [^]",
        cursor.source,
        [Mark(cursor.token.span)],
        help="write ||x||_1, ||x||_2, ||A||_F, or norm1(x), norm2(x), normF(A)",
    )


def refuse_kron(cursor: Cursor, name: Token, count: int) -> ParseError:
    """Return the error for `kron(A)`."""
    return ParseError(
        f"kron [^] takes two matrices, and {count} {'is' if count == 1 else 'are'} given",
        cursor.source,
        [Mark(name.span)],
        help="write kron(A, B) or A ⊗ B",
    )


def refuse_orders(cursor: Cursor, name: Token, orders: int, arguments: int) -> ParseError:
    """Return the error for `f^(1,0)(a)`."""
    return ParseError(
        f"{name.text} [^] is differentiated by {orders} arguments and has {arguments}",
        cursor.source,
        [Mark(name.span)],
        help=f"write {name.text}^(1,0)(a, b)",
    )


def refuse_loose_derivative(cursor: Cursor, sign: Token) -> ParseError:
    """Return the error for `∂x A y / ∂x`."""
    return ParseError(
        f"{sign.text} [^] lacks its / {sign.text} [~]",
        cursor.source,
        [Mark(sign.span), Mark(_visible(cursor.token.span), "~")],
        rule="what is differentiated is one name, or stands in brackets",
        help="write ∂y_i/∂x_j or ∂(x_i A_ij x_j)/∂x_k",
    )


def refuse_gradient(cursor: Cursor, sign: Span) -> ParseError:
    """Return the error for `∇·v`, `∇_x^T f`, `∇_1 f`."""
    return ParseError(
        f"{cursor.shown(sign)} [^] is read as a gradient by a name, before what is differentiated",
        cursor.source,
        [Mark(sign)],
        rule="∇_x f is ∂f/∂x, ∇²_x f is ∂²f/∂x∂xᵀ (spec/language.md, Derivatives)",
        help="write ∇_x (x' A x) or ∂(x' A x)/∂x",
    )


def refuse_gradient_by_entries(cursor: Cursor, call: Call) -> ParseError:
    """Return the error for `∇_x f(x)`, where nothing says what f is."""
    f, x = call.name, cursor.shown(Span(call.name_span.stop, call.span.stop))
    is_name = len(call.arguments) == 1 and isinstance(call.arguments[0], Name)
    return ParseError(
        f"{f} [^] is a function of each entry, and a gradient is of a scalar",
        cursor.source,
        [Mark(call.span)],
        rule="f(x) goes entry by entry unless f = f(x) stands above it (spec/language.md, Unknown functions)",
        help=f"write  {f} : scalar; {f} = {f}{x}  above it, or sum({f}{x})" if is_name else f"write sum({f}{x})",
    )


def refuse_bare_gradient(cursor: Cursor, sign: Span) -> ParseError:
    """Return the error for `∇f`."""
    start, k = cursor.token.start, cursor.partner.get(cursor.k, cursor.k)
    body = cursor.shown(Span(start, cursor.tokens[k].stop))
    return ParseError(
        f"{cursor.text(sign)} [^] does not say by what",
        cursor.source,
        [Mark(sign)],
        rule="∇f(x) is by x; every other gradient names its variable (spec/language.md, Derivatives)",
        help=f"write {cursor.text(sign)}_x {body}",
    )


def refuse_order(cursor: Cursor, token: Token) -> ParseError:
    """Return the error for `∂⁻¹y/∂x`."""
    return ParseError(
        f"there is no derivative of order {token.text} [^]", cursor.source, [Mark(token.span)], help="write ∂²y/∂x∂x"
    )


def refuse_count(cursor: Cursor, sign: Token, order: int, count: int) -> ParseError:
    """Return the error for `∂²y/∂x`."""
    names = "one variable" if order == 1 else f"{order} variables"
    found = "there are more" if count > order else "there is none" if count == 0 else f"there is {count}"
    return ParseError(
        f"this derivative [~] is by {names}, and {found} here [^]",
        cursor.source,
        [Mark(_visible(cursor.token.span)), Mark(sign.span, "~")],
        help="write ∂y/∂x_i or ∂²y/∂x_i∂x_j",
    )


def refuse_variable(cursor: Cursor) -> ParseError:
    """Return the error for `∂y/∂vec(X)`."""
    stop = cursor.tokens[cursor.partner[cursor.k + 1]].stop
    inside = cursor.text(Span(cursor.peek(2).start, stop - 1))
    where = "; layout vec gives the derivative of vec(Y) by vec(X)'" if cursor.token.text == "vec" else ""
    return ParseError(
        f"a derivative is by a name, and {cursor.token.text} [^] is a function",
        cursor.source,
        [Mark(Span(cursor.token.start, stop))],
        help=f"write ∂(…)/∂{inside}{where}",
    )


def refuse_two_claims(cursor: Cursor, first: Span, second: Span) -> ClaimError:
    """Return the error for two claims in one text; the places are their signs, or what makes them claims."""
    return ClaimError(
        "there are two claims [^] [~] in this text",
        cursor.source,
        [Mark(first), Mark(second, "~")],
        rule="above a claim stand definitions, name = formula, and nothing else (spec/language.md, Claims)",
        help="check them one by one",
    )


def refuse_no_claim(cursor: Cursor) -> ClaimError:
    """Return the error for a formula without `=`."""
    return ClaimError(
        "a claim has the form left = right, and there is no = here [^]",
        cursor.source,
        [Mark(_visible(Span(cursor.tokens[0].start, cursor.tokens[-1].stop)))],
        help="write = for ==" if "==" in cursor.source else "tr(A B) = tr(B A)",
    )


def refuse_name_quotient(cursor: Cursor, above: int, sign: int) -> ClaimError:
    """Return the error for `dy/dx` and `d tr(X)/dX`, read as quotients of names; the tokens `above` and `sign`."""
    tokens, source = cursor.tokens, cursor.source
    d, below = tokens[above], tokens[sign + 1]
    below_names = (k for k in range(sign + 1, len(tokens)) if tokens[k].kind == "name" and tokens[k].text != "d")
    last = next(below_names, sign + 1)
    x = tokens[last].text[below.text != "d" :]
    if tokens[last + 1].kind == "indices":
        x += source[tokens[last + 1].start : tokens[last + 1].stop]
    start = tokens[above + 1].start if d.text == "d" else d.start + 1
    y = source[start : tokens[sign - 1].stop] if start < tokens[sign].start else "(…)"
    is_one = re.fullmatch(r"\w+|\w*\([^()]*\)", y) is not None
    is_higher = tokens[above + 1].kind in ("^", "power")
    typed = f"∂²y/∂{x}∂{x}" if is_higher else f"∂{y}/∂{x}" if is_one else f"∂({y})/∂{x}"
    names = "d is a name" if below.text == d.text else f"{d.text} and {below.text} are names"
    return ClaimError(
        f"{names} here [^], and no derivative",
        source,
        [Mark(d.span.to(below.span))],
        rule="derivatives are ∂y/∂x, d(y)/dx and \\frac{dy}{dx} (spec/language.md, Derivatives)",
        help=f"write {typed}",
    )


def refuse_target(cursor: Cursor, target: Span, equals: Token) -> ParseError:
    """Return the error for `a + b = c` and `f(x) = x' x`."""
    typed, tokens = "write y = …, y_i = … or ∂y/∂x_k = …", cursor.statement_tokens()
    k = 1 + (tokens[1].kind == "indices")
    if tokens[0].kind == "name" and tokens[k].kind == "(" and cursor.partner[cursor.tokens.index(tokens[k])] < cursor.k:
        typed = f"write {cursor.text(tokens[0].span.to(tokens[k - 1].span))} = …, without its arguments"
    return ParseError(
        "what stands on the left [^] of = [~] is not the name of a result",
        cursor.source,
        [Mark(target), Mark(equals.span, "~")],
        rule="on the left stands a name, with its free indices, or a derivative",
        help=typed,
    )
