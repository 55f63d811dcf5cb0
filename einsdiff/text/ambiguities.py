"""Texts that can be read in two ways: each error shows both readings as they could be typed."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.errors import AmbiguityError, Mark, Span
from einsdiff.text.cursor import Cursor
from einsdiff.text.lexer import Token


def refuse_quotient(
    cursor: Cursor, sides: tuple[Span, Span], tight: Token, sign: Token | None, behind: Span
) -> AmbiguityError:
    """Return the error for `a / b c`."""
    a, b, c = (cursor.shown(span) for span in (*sides, behind))
    between = f" {sign.text} " if sign is not None else " "
    mark = "/" if tight.kind == "/" else f" {tight.text} "
    typed = f"write {a}{mark}({b}{between}{c}) or ({a}{mark}{b}){between}{c}"
    if a in ("d", "∂") and b.startswith(a) and b != a:
        typed = f"write {a}({c.strip('()')})/{b}" if c.startswith("(") else f"write {a}({c})/{b}"
    return AmbiguityError(
        f"it is not clear whether {tight.text} [~] reaches over this factor [^] too",
        cursor.source,
        [Mark(behind), Mark(tight.span, "~")],
        help=typed,
    )


def refuse_one(cursor: Cursor, place: Span) -> AmbiguityError:
    """Return the error for `1' x` and `A 1`: in print that 1 is the vector of ones."""
    return AmbiguityError(
        "it is not clear whether this 1 [^] is the number or the vector of ones",
        cursor.source,
        [Mark(place)],
        rule="the numeral 1 is a number, and ones is the vector (spec/language.md, Matrix notation)",
        help="write ones for the vector; leave a factor 1 away, or put it in front",
    )


def refuse_power_of_reduction(cursor: Cursor, sign: Token, group: Token, body: Span) -> AmbiguityError:
    """Return the error for `sum_i(…)^2`."""
    power = cursor.token
    word = sign.text + group.text
    inner = cursor.shown(body)
    raised = _text_of_power(cursor)
    return AmbiguityError(
        f"it is not clear whether this power [^] belongs to the {sign.text} [~] or to what stands in its brackets",
        cursor.source,
        [Mark(power.span), Mark(Span(sign.start, group.stop), "~")],
        help=f"write ({word}({inner})){raised} or {word}(({inner}){raised})",
    )


def _text_of_power(cursor: Cursor) -> str:
    """Return the power at the place as it was written: `^2`, `^(1/2)`, `²`."""
    k = cursor.k
    if cursor.tokens[k].kind != "power":
        k += 1
        k += cursor.tokens[k].kind in ("+", "-")
        k = cursor.partner.get(k, k)
    return cursor.text(Span(cursor.token.start, cursor.tokens[k].stop))


def refuse_power_of_field(cursor: Cursor, sign: Token, group: Token, body: Span) -> AmbiguityError:
    """Return the error for `∂_i x_j^2`."""
    operator, inner, raised = sign.text + group.text, cursor.shown(body), _text_of_power(cursor)
    return AmbiguityError(
        f"it is not clear whether this power [^] is differentiated by {operator} [~] too",
        cursor.source,
        [Mark(cursor.token.span), Mark(Span(sign.start, group.stop), "~")],
        help=f"write {operator} ({inner}{raised}) or ({operator} {inner}){raised}",
    )


def refuse_bare_product(cursor: Cursor, name: Token, body: Span, behind: Span) -> AmbiguityError:
    r"""Return the error for `\log a b`."""
    function, a, b = name.text, cursor.shown(body), cursor.shown(behind)
    return AmbiguityError(
        f"it is not clear whether {function} [~] reaches over this factor [^] too",
        cursor.source,
        [Mark(behind), Mark(name.span, "~")],
        help=f"write {function}({a} {b}) or {function}({a}) {b}",
    )


def refuse_operator(cursor: Cursor, operator: Span, body: Span, behind: Span, stop: int) -> AmbiguityError:
    """Return the error for `∂/∂x a b …`, a product that ends at `stop`."""
    sign, a = cursor.text(operator), cursor.shown(body)
    product, between = cursor.shown(Span(body.start, stop)), cursor.text(Span(body.stop, behind.start))
    between = f" {between}" if between else ""
    return AmbiguityError(
        "it is not clear whether this derivative [~] reaches over this factor [^] too",
        cursor.source,
        [Mark(behind), Mark(operator, "~")],
        help=f"write {sign} ({product}) or ({sign} {a}){between} {cursor.shown(Span(behind.start, stop))}",
    )


def refuse_gradient(cursor: Cursor, operator: Span, body: Span, behind: Span, stop: int) -> AmbiguityError:
    """Return the error for `∇_x fᵀ …`, a product that ends at `stop`."""
    sign, inner, mark = cursor.text(operator), cursor.shown(body), cursor.shown(behind)
    whole, rest = cursor.shown(Span(body.start, stop)), cursor.shown(Span(behind.start, stop))
    return AmbiguityError(
        f"it is not clear whether {mark} [^] belongs to the gradient [~] or to what it is of",
        cursor.source,
        [Mark(behind), Mark(operator, "~")],
        help=f"write {sign} ({whole}) or ({sign} {inner}){rest}",
    )


def refuse_joint_gradient(cursor: Cursor, sign: Span, names: Sequence[str]) -> AmbiguityError:
    """Return the error for `∇_{xy} f`."""
    return AmbiguityError(
        f"{cursor.shown(sign)} [^] can be a derivative by {' and '.join(names)}, or by each of them",
        cursor.source,
        [Mark(sign)],
        help=f"write ∂²f/{''.join(f'∂{name}' for name in names)}, or ∇_{names[0]} f alone",
    )


def refuse_single_bar(cursor: Cursor) -> AmbiguityError:
    """Return the error for `|A|`."""
    start = cursor.token.stop
    stop = next((t.start for t in cursor.tokens[cursor.k + 1 :] if t.kind == "|"), start)
    inside = cursor.shown(Span(start, stop)).strip() or "A"
    return AmbiguityError(
        "in matrix notation | [^] can be a determinant or an absolute value",
        cursor.source,
        [Mark(cursor.token.span)],
        help=f"write det({inside}) or abs({inside})",
    )


def refuse_indexed_argument(cursor: Cursor, name: Token, group: Token) -> AmbiguityError:
    """Return the error for `f_i(x_j)`."""
    function = name.text + group.text
    first, last = cursor.peek(3), cursor.peek(4)
    return AmbiguityError(
        f"it is not clear whether {function} [^] is a function of {first.text} [~] or a factor",
        cursor.source,
        [Mark(name.span.to(group.span)), Mark(first.span.to(last.span), "~")],
        help=f"write {function}({first.text}) for a function, {function} {first.text}{last.text} for a product",
    )


def refuse_small_t(cursor: Cursor, base: Span, power: Span) -> AmbiguityError:
    """Return the error for `x^t`, where nothing else is called t."""
    x = cursor.shown(base)
    return AmbiguityError(
        f"it is not clear whether {x}{cursor.text(power)} [^] is a power or a transpose",
        cursor.source,
        [Mark(base.to(power))],
        help=f"write {x}' for the transpose, {x}^(t) for the power",
    )


def refuse_euler(cursor: Cursor, base: Span, exponent: Span) -> AmbiguityError:
    """Return the error for `e^x`, where e is not declared."""
    x = cursor.shown(exponent)
    while x[:1] + x[-1:] in ("{}", "()"):
        x = x[1:-1]
    return AmbiguityError(
        "it is not clear whether e [^] is the base of exp or a name",
        cursor.source,
        [Mark(base)],
        help=f"write exp({x}), or declare  e : scalar",
    )


def refuse_line(cursor: Cursor) -> AmbiguityError:
    """Return the error for a line that begins with a sign."""
    sign = cursor.token
    return AmbiguityError(
        f"it is not clear whether {sign.text} [^] goes on from the line before",
        cursor.source,
        [Mark(sign.span)],
        help=f"end the line before with {sign.text}, or split the statements by ;",
    )
