r"""Text → tokens that know their places.

Index notation, matrix notation and LaTeX share one lexer; a token's kind is the canonical sign (`*` for `·` and
`\cdot`, `Σ` for `\sum` and `∑`), and a group of indices is one token.  Spans refer to the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

from einsdiff.errors import Mark, ParseError, Span
from einsdiff.functions import ALIASES, BY_NAME, REDUCTIONS, TENSOR_FUNCTIONS
from einsdiff.text.indices import (
    Group,
    read_brackets,
    read_limits,
    read_small_letters,
    read_subscript,
    refuse_second_group,
    skip_upper_limit,
)
from einsdiff.text.spelling import OTHER_NAMES
from einsdiff.text.symbols import (
    ACCENTS,
    BLANK_COMMANDS,
    CLOSERS,
    COMMANDS,
    ENTRIES,
    EXPECTATIONS,
    FONTS,
    FOREIGN,
    GREEK,
    LATEX_FUNCTIONS,
    LATEX_LETTERS,
    LETTER_FONTS,
    OPENERS,
    OPERATORS,
    SCALERS,
    SIGNS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    UPRIGHT,
    VARIANTS,
    name_of,
)
from einsdiff.text.tree import Index


class Token(NamedTuple):
    """A piece of text: `name`, `number`, `indices`, `power` (², ⁻¹), `end`, or a sign that is its own kind."""

    kind: str
    text: str
    start: int
    stop: int
    indices: tuple[Index, ...] = ()

    @property
    def span(self) -> Span:
        """The place of the token."""
        return Span(self.start, self.stop)


_TOKEN = re.compile(
    r"(?P<blank>[ \t\r&$~\u00a0\u2000-\u200b\u202f\u205f\u2061-\u2064\u3000\ufeff]+)"
    r"|(?P<word>[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u04ff]"
    r"[A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u04ff]*|[Α-Ωα-ωϑϕϖϱϵϰµℓ][0-9]*)"
    r"|(?P<number>(?:[0-9]+(?:\.(?![*/^])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<sign>{'|'.join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True))})"
    r"|(?P<newline>\n)"
    r"|(?P<group>_)"
    r"|(?P<command>\\(?:[A-Za-z]+\*?|[^\n]))"
)
_RAW = re.compile(r"[A-Za-z0-9_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u04ff]+")
_BRACKETED = re.compile(r"\b[^\W\d_]\w*+(?=\[)")
_ARGUMENT = re.compile(
    r"\s*\{\s*(\\?[A-Za-zΑ-ω]+[0-9]*(?:\\_[A-Za-z0-9]+)*|[0-9])\s*\}"  # {x}, {\alpha}, {x\_hat}
    r"|\s*(\\[A-Za-z]+|[A-Za-z0-9Α-ω])"
)
_TWICE_DRESSED = re.compile(r"\s*\{\s*\\([A-Za-z]+)\s*\{\s*(\\?[A-Za-zΑ-ω]+[0-9]*)\s*\}\s*\}")
_SKIPPED_ARGUMENT = re.compile(r"\s*\{([^{}\n]*)\}")
_FRACTION_DIGIT = re.compile(r"\s*([A-Za-z0-9])")
DIGITS = "0123456789"
LONGEST = 400  # characters of a token
_GROUPING = frozenset([*BY_NAME, *ALIASES, *TENSOR_FUNCTIONS])
_COMMANDS_OF_FUNCTIONS = _GROUPING.union(OTHER_NAMES, REDUCTIONS) - FONTS
_COMMAND = re.compile(r"\\[A-Za-z]")
_LETTERED = re.compile(r"(?:[A-Za-z][0-9]*){2,}")
_LETTER = re.compile(r"[A-Za-z][0-9]*")
_TARGET = re.compile(
    r"(?:\A|[\n;&]|\\\\)[^\S\n]*+([A-Za-z][A-Za-z0-9]++)[^\S\n]*+"
    r"(?:_\w++|_\{[^{}]{0,99}+\}|\[[^\[\]]{0,99}+\])?+[^\S\n]*+&?+[^\S\n]*+="
)
_UPRIGHT = re.compile(r"\\(?:math(?:rm|it|sf|tt)|operatorname|text[a-z]*)\*?\s*\{\s*([A-Za-z][A-Za-z0-9]*)\s*\}")
_POINT = re.compile(r"_\{[^{}\n]*=[^{}\n]*\}")
WORDS = frozenset([*_GROUPING, *REDUCTIONS, *OTHER_NAMES, *GREEK, "kron", "ones", "partial"])
"""Words that LaTeX, too, means as one name."""


def tokenize(source: str, names: Collection[str] = ()) -> list[Token]:
    r"""Return the tokens of a text, an `end` last; `names` are known names that may contain `_`.

    >>> [token.text for token in tokenize(r"2\lambda x_i^2")]
    ['2', 'λ', 'x', '_i', '^', '2', '']
    """
    known = {name for name in names if "_" in name}
    if "_" in source and "[" in source:
        known.update(name_of(word) for word in _BRACKETED.findall(source) if "_" in word)
    whole = None
    if _COMMAND.search(source):
        whole = WORDS.union(names, _TARGET.findall(source), _UPRIGHT.findall(source))
    return _Lexer(source, known, whole).read()


class _Lexer:
    """One pass over a text.

    Attributes:
        known: the names that contain `_`.
        is_latex: whether the text has commands or braces.
        whole: in a text with LaTeX commands, the words that are one name; all others are one-letter names side by side.
    """

    def __init__(self, source: str, known: set[str], whole: Collection[str] | None) -> None:
        self.source = source
        self.known = known
        self.whole = whole
        self.is_latex = whole is not None or "{" in source
        self.tokens: list[Token] = []
        self.open: list[Token] = []

    def read(self) -> list[Token]:
        """Return all tokens."""
        source, match, k = self.source, _TOKEN.match, 0
        length = len(source)
        readers = {
            "word": self._read_word,
            "number": self._read_number,
            "sign": self._read_sign,
            "newline": self._read_newline,
            "group": self._read_group,
            "command": self._read_command,
        }
        while k < length:
            found = match(source, k)
            if found is None:
                k = self._read_letter(k)
            elif found.lastgroup == "blank" or found.lastgroup is None:
                k = found.end()
            else:
                k = readers[found.lastgroup](k, found.end())
        self._drop_full_stop()
        self._add("end", "", length, length)
        return self.tokens

    def _add(self, kind: str, text: str, start: int, stop: int, indices: tuple[Index, ...] = ()) -> int:
        if stop - start > LONGEST:
            raise self._refuse_long(start, stop)
        self.tokens.append(Token(kind, text, start, stop, indices))
        return stop

    def _add_group(self, start: int, group: Group) -> int:
        indices, stop = group
        return self._add("indices", self.source[start:stop], start, stop, indices)

    def _refuse_long(self, start: int, stop: int) -> ParseError:
        return ParseError(
            f"a name, a number or a group of indices has at most {LONGEST} characters, and this [^] has {stop - start}",
            self.source,
            [Mark(Span(start, stop))],
            help="give it a shorter name",
        )

    def _read_word(self, start: int, stop: int) -> int:
        """Read a name: `x`, `x_hat` before `[` or where it is known, else up to the first `_`."""
        source = self.source
        following = source[stop : stop + 1]
        if following == "_" and self.known:
            raw = _RAW.match(source, start)
            if raw is not None and not raw.group().endswith("_"):
                name = name_of(unicodedata.normalize("NFKC", raw.group()))
                if name in self.known:
                    return self._read_after_name(self._add("name", name, start, raw.end()))
        word = source[start:stop]
        if word[0] in "ΣΠ" and (following == "_" or following in SUBSCRIPTS) and following:
            return self._add(word[0], word, start, stop)
        if self._is_product(word):
            return self._read_letters(word, start)
        name = name_of(word if word.isascii() else unicodedata.normalize("NFKC", word))
        return self._read_after_name(self._add("name", name, start, stop))

    def _is_product(self, word: str) -> bool:
        """Whether a word is one-letter names side by side, as TeX sets it."""
        if self.whole is None or word in self.whole or word.rstrip("0123456789") in GREEK:
            return False
        return _LETTERED.fullmatch(word) is not None and not self._is_variable(word)

    def _is_variable(self, word: str) -> bool:
        r"""Whether a word is the dx of a derivative: `\frac{dy}{dx}`, `d(…)/dx`."""
        kinds = [token.kind for token in self.tokens[-2:]]
        opened = kinds in (["frac", "{"], ["}", "{"], ["/", "("]) or kinds[-1:] == ["/"]
        return word[0] == "d" and opened and len(_LETTER.findall(word)) == 2

    def _read_letters(self, word: str, start: int) -> int:
        """Read a word as one-letter names side by side: Ax is A x."""
        stop = start
        for letter in _LETTER.finditer(word):
            stop = self._add("name", letter[0], start + letter.start(), start + letter.end())
        return self._read_after_name(stop)

    def _read_after_name(self, k: int) -> int:
        """Read the bracket that stands right behind a name, if it holds indices."""
        if self.source[k : k + 1] != "[":
            return k
        group = read_brackets(self.source, k)
        if group is not None:
            return self._add_group(k, group)
        if self.tokens[-1].text in _GROUPING:
            return k
        raise ParseError(
            "a bracket right behind a name [~] holds indices, and this one [^] holds something else",
            self.source,
            [Mark(Span(k, k + 1)), Mark(self.tokens[-1].span, "~")],
            rule="an index is a name or a number that counts from 1",
            help="write A[i,j] or A[1,j]; for a product put a blank before the bracket",
        )

    def _read_number(self, start: int, stop: int) -> int:
        return self._add("number", self.source[start:stop], start, stop)

    def _read_sign(self, start: int, stop: int) -> int:
        text = self.source[start:stop]
        kind = SIGNS[text]
        if kind == "[" and self._is_behind_bracket(start):
            group = read_brackets(self.source, start)
            if group is not None:
                return self._add_group(start, group)
        if kind == "''":
            self._add("'", "'", start, stop)
            kind = "'"
        return self._add_sign(kind, start, stop)

    def _is_behind_bracket(self, k: int) -> bool:
        return bool(self.tokens) and self.tokens[-1].stop == k and self.tokens[-1].kind in (")", "indices")

    def _add_sign(self, kind: str, start: int, stop: int) -> int:
        token = Token(kind, self.source[start:stop], start, stop)
        if kind in OPENERS:
            self.open.append(token)
        elif kind in CLOSERS and self.open:
            self.open.pop()
        elif kind == "\n":
            return self._read_newline(start, stop)
        self.tokens.append(token)
        return skip_upper_limit(self.source, stop) if kind in ("Σ", "Π") else stop

    def _read_newline(self, start: int, stop: int) -> int:
        """End a statement, unless a bracket is open or the line ends in an operator."""
        self._drop_full_stop()
        if not self.open and (not self.tokens or self.tokens[-1].kind not in OPERATORS):
            self._add("\n", "", start, stop)
        return stop

    def _drop_full_stop(self) -> None:
        """Drop the full stop or the comma with which a displayed formula ends."""
        tokens = self.tokens
        if not self.is_latex or self.open or len(tokens) < 2 or tokens[-1].kind not in (".", ","):
            return
        if tokens[-2].kind != "." and tokens[-2].kind not in OPERATORS:
            self.tokens.pop()

    def _read_group(self, start: int, _: int) -> int:
        last = self.tokens[-1] if self.tokens else None
        if last is not None and last.kind == "∇":
            return self._read_variable(start)
        if last is not None and last.kind == "|" and (point := _POINT.match(self.source, start)):
            raise ParseError(
                "a value at a point [^] is not read",
                self.source,
                [Mark(Span(start, point.end()))],
                help="check the derivative itself, and put the point in afterwards",
            )
        reduces = last is not None and last.kind in ("Σ", "Π")
        indices, stop = (read_limits if reduces else read_subscript)(self.source, start)
        if last is not None and last.kind == "name" and self.source[stop : stop + 1] == "_":
            raise refuse_second_group(self.source, self.source[last.start : last.stop], start, stop)
        return self._add_group(start, (indices, stop))

    def _read_variable(self, start: int) -> int:
        """Read the group behind ∇, which names a variable."""
        try:
            return self._add_group(start, read_subscript(self.source, start))
        except ParseError as error:
            raise ParseError(
                "a gradient is by a name of one letter, and this [^] is none",
                self.source,
                list(error.marks),
                help="write ∇_x f, or ∂f/∂x for any name",
            ) from None

    def _read_letter(self, k: int) -> int:
        """Read a mathematical letter (𝐱), a small index (ᵢ) or a small number (²)."""
        source, c = self.source, self.source[k]
        if c in SUBSCRIPTS:
            return self._add_group(k, read_small_letters(source, k))
        if c in SUPERSCRIPTS:
            stop = k
            while stop < len(source) and source[stop] in SUPERSCRIPTS:
                stop += 1
            return self._add("power", "".join(SUPERSCRIPTS[d] for d in source[k:stop]), k, stop)
        plain = unicodedata.normalize("NFKC", c)
        if c in "𝟏𝟙":
            return self._add("name", "𝟏", k, k + 1)
        if 0x1D400 <= ord(c) <= 0x1D7FF and plain.isalpha():
            return self._read_after_name(self._add("name", VARIANTS.get(plain, plain), k, k + 1))
        first = k - bool(k and unicodedata.combining(c))  # a mark is seen on the letter before it
        raise ParseError(
            f"there is no such sign in formulas: {_describe(c)} [^]",
            source,
            [Mark(Span(first, k + 1))],
            help=FOREIGN.get(c, "remove it"),
        )

    def _read_command(self, start: int, stop: int) -> int:
        """Read a LaTeX command."""
        command = self.source[start + 1 : stop].rstrip("*") or "*"
        if command in LATEX_LETTERS:
            return self._read_letter_command(command, start, stop)
        if command in COMMANDS:
            stop = self._add_sign(COMMANDS[command], start, stop)
            return self._read_fraction_digits(stop) if COMMANDS[command] == "frac" else stop
        if command in LATEX_FUNCTIONS or command in _COMMANDS_OF_FUNCTIONS:
            return self._add("name", OTHER_NAMES.get(command, command), start, stop)
        return self._read_form(command, start, stop)

    def _read_letter_command(self, command: str, start: int, stop: int) -> int:
        source = self.source
        while source[stop : stop + 1] in DIGITS and stop < len(source):
            stop += 1
        name = LATEX_LETTERS[command] + source[start + 1 + len(command) : stop]
        return self._read_after_name(self._add("name", name, start, stop))

    def _read_form(self, command: str, start: int, stop: int) -> int:
        """Read a command that says how something looks."""
        if command in SCALERS:
            return self._read_scaled(start, stop)
        if command in BLANK_COMMANDS:
            if command.isspace() and not _COMMAND.search(self.source):
                help_text = "write inv(A) b for the solution of A x = b"
                raise ParseError("\\ [^] is no operator here", self.source, [Mark(Span(start, stop))], help=help_text)
            return stop
        if command in FONTS or command in ACCENTS:
            return self._read_twice_dressed(command, start, stop) or self._read_dressed(command, start, stop)
        if command in ("begin", "end", "label", "tag"):
            skipped = _SKIPPED_ARGUMENT.match(self.source, stop)
            if skipped is not None and command == "begin" and skipped[1].strip(" *") in ENTRIES:
                raise self._refuse_entries(Span(start, skipped.end()))
            return skipped.end() if skipped else stop
        typed = FOREIGN.get(command, "remove it")
        raise ParseError(
            f"formulas know no command \\{command} [^]", self.source, [Mark(Span(start, stop))], help=typed
        )

    def _refuse_entries(self, span: Span) -> ParseError:
        return ParseError(
            "what is written out entry by entry or case by case [^] is not read",
            self.source,
            [Mark(span)],
            help="give the matrix a name; for cases write where(x_i > 0, a_i, b_i)",
        )

    def _read_scaled(self, start: int, stop: int) -> int:
        r"""Read the delimiter of `\left(` as one token; `\left.` is nothing."""
        found = _TOKEN.match(self.source, stop)
        while found is not None and found.lastgroup == "blank":
            found = _TOKEN.match(self.source, found.end())
        if found is None:
            return stop
        if found.lastgroup == "sign" and found.group() == ".":
            return found.end()
        kind = None
        if found.lastgroup == "sign":
            kind = SIGNS[found.group()]
        elif found.lastgroup == "command":
            kind = COMMANDS.get(found.group()[1:])
        return stop if kind is None or kind == "\n" else self._add_sign(kind, start, found.end())

    def _read_twice_dressed(self, command: str, start: int, stop: int) -> int | None:
        r"""Read `\hat{\mathbf{x}}`; None where there is one dress only."""
        found = _TWICE_DRESSED.match(self.source, stop)
        if found is None or (found[1] not in FONTS and found[1] not in ACCENTS):
            return None
        accents = [ACCENTS[accent] for accent in (found[1], command) if accent in ACCENTS]
        name = "_".join([name_of(found[2].lstrip("\\")), *accents])
        return self._read_after_name(self._add("name", name, start, found.end()))

    def _read_dressed(self, command: str, start: int, stop: int) -> int:
        r"""Read `\mathbf{x}`, `\hat{x}`; where more than a name is dressed, the dress is dropped."""
        found = _ARGUMENT.match(self.source, stop)
        word = (found[1] or found[2]) if found is not None else ""
        if found is None or (word[0] == "\\" and word[1:] not in LATEX_LETTERS):
            return stop
        stop = found.end()
        if word == "1":
            return self._add("name", "𝟏", start, stop)
        if word in ("T", "top") and self.tokens and self.tokens[-1].kind in ("^", "{"):
            return self._add("ᵀ", word, start, stop)
        if command in LETTER_FONTS and len(word) > 1 and word.isalpha() and word not in _GROUPING:
            first = stop - len(word) - bool(found[1])
            self._read_letters(word, first)
            return self._read_after_name(stop)
        if command == "mathbb" and word in EXPECTATIONS and self.source[stop:].lstrip()[:1] in ("[", "(", "_", "\\"):
            raise ParseError(
                "expectations and probabilities [^] are not read",
                self.source,
                [Mark(Span(start, stop))],
                help="give it a name of its own, as  m  for the mean of x",
            )
        name = name_of(word.lstrip("\\").replace("\\_", "_"))
        if command in UPRIGHT:
            name = OTHER_NAMES.get(name, name)
        if word.isdigit():
            return self._add("number", word, start, stop)
        if command in ACCENTS:
            name = f"{name}_{ACCENTS[command]}"
        return self._read_after_name(self._add("name", name, start, stop))

    def _read_fraction_digits(self, k: int) -> int:
        r"""Read `\frac12` as `\frac{1}{2}`."""
        for _ in range(2):
            found = _FRACTION_DIGIT.match(self.source, k)
            if found is None:
                break
            k = found.end()
            self._add("{", "", k - 1, k - 1)
            if found[1].isdigit():
                self._add("number", found[1], k - 1, k)
            else:
                self._add("name", found[1], k - 1, k)
            self._add("}", "", k, k)
        return k


def _describe(c: str) -> str:
    """Return a sign so that it can be read: itself where it prints, else its code."""
    return c if c.isprintable() and not unicodedata.combining(c) else f"U+{ord(c):04X}"
