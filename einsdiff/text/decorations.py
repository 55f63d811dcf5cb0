r"""What only decorates a formula in a paper: labels, tags, spacing, boxes, remarks in `\text`."""

from __future__ import annotations

import re

from einsdiff.text.lexer import WORDS
from einsdiff.text.macros import take_argument

_ARRANGING = "aligned alignedat split gathered equation align gather multline alignat flalign"
TRANSPARENT = frozenset(name + star for name in _ARRANGING.split() for star in ("", "*"))
"""Environments inside a display that only arrange its rows."""

_WITH_ARGUMENT = (
    "label tag phantom hphantom vphantom hspace vspace mspace ref eqref cite citep citet footnote color intertext "
    "shortintertext"
)
_WITHOUT_ARGUMENT = (
    "nonumber notag displaystyle textstyle scriptstyle normalfont small footnotesize centering qed qedhere square "
    "blacksquare Box hline noindent mathstrut strut allowbreak nobreak smallskip medskip bigskip par"
)
LEFT_OUT = dict.fromkeys(_WITH_ARGUMENT.split(), 1) | dict.fromkeys(_WITHOUT_ARGUMENT.split(), 0)
"""A command that says nothing → how many arguments go with it."""

KEPT = {
    "boxed": (1, 0), "mathrel": (1, 0), "mathbin": (1, 0), "mathop": (1, 0), "mathopen": (1, 0), "mathclose": (1, 0),
    "mathord": (1, 0), "ensuremath": (1, 0), "smash": (1, 0), "underline": (1, 0), "underbrace": (1, 0),
    "overbrace": (1, 0), "textcolor": (2, 1), "colorbox": (2, 1),
}  # fmt: skip
"""A command that decorates → how many arguments it has, and which of them is the formula."""

STACKED = frozenset(["stackrel", "overset", "underset"])
TEXTS = frozenset(["text", "textrm", "textnormal", "textit", "textbf", "textsf", "mbox", "hbox"])
SPACES = frozenset([",", ";", ":", "!", ">", " ", "/", "-"])
GAPS = frozenset(["quad", "qquad", "hfill", "enspace", "enskip"])

_REMARKS = (
    "if for when where with since because and by as provided assuming given using from due see so thus hence therefore "
    "which that is then ie eg st such or all in note here let but while on both whenever the a an any each every are "
    "again similarly likewise symmetric holds"
)
REMARKS = frozenset(_REMARKS.split())
"""Words with which a remark behind a formula begins."""

GAP, REMARK, WORDS_INSIDE = "\x01", "\x02", "\x03"
"""Signs that a cleaned formula has in place of wide blanks, of remarks, and of other words (on both sides of them)."""

_DECORATION = re.compile(r"\\([A-Za-z]+)\*?|\\(.)|[{}~\x00-\x1f]", re.DOTALL)
_OPTION = re.compile(r"\s*\[[tbc]\]")
_LABEL = re.compile(r"\s*[_^]\s*(?=\S)")
_BEHIND_NAME = re.compile(r"\s*(?:[(\[_^]|\\left|\\big|\\Big)")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")


def clean(text: str, depth: int = 0) -> str:
    r"""Return a formula without what only decorates it.

    >>> clean(r"\label{a} x \, = \boxed{y} \nonumber").split()
    ['x', '=', 'y']
    """
    pieces: list[str] = []
    k = 0
    for found in _DECORATION.finditer(text):
        if found.start() < k:
            continue
        pieces.append(text[k : found.start()])
        shown, k = _undecorated(text, found, depth)
        pieces.append(shown)
        depth += {"{": 1, "}": -1}.get(found[0], 0)
    pieces.append(text[k:])
    return "".join(pieces)


def _undecorated(text: str, found: re.Match[str], depth: int) -> tuple[str, int]:
    """Return what stays of a command or sign, and the offset behind it."""
    name, sign, k = found[1], found[2], found.end()
    if name is None:
        if sign is None:
            return (found[0] if found[0] in "{}" else " "), k
        return (" " if sign in SPACES else found[0]), k
    if name in LEFT_OUT:
        return " ", _behind(text, k, LEFT_OUT[name])
    if name in GAPS:
        return (GAP if depth == 0 else " "), k
    if name in TEXTS:
        return _text(text, found, depth)
    if name in STACKED:
        return _stacked(text, found)
    if name in KEPT:
        return _kept(text, name, k, depth)
    if name in ("begin", "end"):
        return _edge(text, found)
    return found[0], k


def _behind(text: str, k: int, count: int) -> int:
    """Return the offset behind so many arguments."""
    for _ in range(count):
        argument = take_argument(text, k)
        if argument is not None:
            k = argument[1]
    return k


def _kept(text: str, name: str, k: int, depth: int) -> tuple[str, int]:
    r"""Return what `\boxed` or `\underbrace` holds, and the offset behind it and its label."""
    count, place = KEPT[name]
    content = ""
    for number in range(count):
        argument = take_argument(text, k)
        if argument is None:
            break
        content = argument[0] if number == place else content
        k = argument[1]
    content = clean(content, depth)
    if name in ("underbrace", "overbrace"):
        label = _LABEL.match(text, k)
        k = _behind(text, label.end(), 1) if label else k
        content = f"{{{content}}}"
    return f" {content} ", k


def _stacked(text: str, found: re.Match[str]) -> tuple[str, int]:
    r"""Return `=` for `\stackrel{(a)}{=}`, `:=` where something like "def" stands above it."""
    above = take_argument(text, found.end())
    sign = take_argument(text, above[1]) if above else None
    if above is None or sign is None or sign[0].strip() not in ("=", r"\equiv"):
        return found[0], found.end()
    if "def" in above[0] or "triangle" in above[0] or "Delta" in above[0]:
        return " := ", sign[1]
    return (r" \ne " if above[0].strip() in ("!", "?") else " = "), sign[1]


def _edge(text: str, found: re.Match[str]) -> tuple[str, int]:
    """Return nothing for the edges of an environment that only arranges rows."""
    name = take_argument(text, found.end())
    if name is None or name[0] not in TRANSPARENT:
        return found[0], found.end()
    k = name[1]
    if name[0].startswith(("alignedat", "alignat")) and found[1] == "begin":
        k = _behind(text, k, 1)
    option = _OPTION.match(text, k)
    return " ", option.end() if option else k


def _text(text: str, found: re.Match[str], depth: int) -> tuple[str, int]:
    r"""Return `\text{…}` as it is where it spells a name, else a sign for a remark or for other words."""
    argument = take_argument(text, found.end())
    if argument is None:
        return found[0], found.end()
    content, k = argument
    words = content.strip()
    if not words:
        return " ", k
    if _WORD.match(content) and (depth or content in WORDS - {"where"} or _BEHIND_NAME.match(text, k)):
        return text[found.start() : k], k
    if re.fullmatch(r"[\W_]*", words):
        return f" {words} " if words in ("=", "+", "-") else REMARK, k
    first = re.sub(r"[^a-z]", "", words.split()[0].lower())
    if depth == 0 and (first in REMARKS or words[0] in "([" or words[-1] == ":"):
        return REMARK, k
    shown = re.sub(r"[\x00-\x1f]+", " ", words)
    return f"{WORDS_INSIDE}{shown}{WORDS_INSIDE}", k
