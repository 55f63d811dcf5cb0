"""Spellings: which word, sign or LaTeX command stands for what.

The tables here are the only place where a spelling is decided; the lexer walks them.
"""

from __future__ import annotations

_LETTERS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = dict(zip(_LETTERS.split(), "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True)) | {"eps": "ε"}
"""An ASCII word → the Greek letter that is its one name."""

VARIANTS = {"ϵ": "ε", "ϑ": "θ", "ϰ": "κ", "ϖ": "π", "ϱ": "ρ", "ς": "σ", "ϕ": "φ", "µ": "μ", "ℓ": "l"}
"""A letter form → the letter it is a form of."""

LATEX_LETTERS = GREEK | {
    "varepsilon": "ε", "vartheta": "θ", "varkappa": "κ", "varpi": "π", "varrho": "ρ", "varsigma": "σ", "varphi": "φ",
    "ell": "l",
}  # fmt: skip

# fmt: off
SIGNS = {
    "+": "+",   "-": "-",   "−": "-",   "–": "-",   "*": "*",   "∗": "*",   "·": "*",   "⋅": "*",   "∙": "*",
    "/": "/",   "∕": "/",   "÷": "/",   "^": "^",   "**": "^",  "=": "=",   ",": ",",   ":": ":",   ";": ";",
    "(": "(",   ")": ")",   "[": "[",   "]": "]",   "{": "{",   "}": "}",   "|": "|",   "||": "‖",  "‖": "‖",
    "⊙": "⊙",   "∘": "⊙",   ".*": "⊙",  "./": "⊘",  "⊘": "⊘",   ".^": ".^", "⊗": "⊗",   "×": "×",   "•": "*",
    "'": "'",   "′": "'",   "’": "'",   "″": "''",  "ᵀ": "ᵀ",   "⊤": "ᵀ",   "∂": "∂",   "√": "√",
    "∇": "∇",   "⟨": "⟨",   "⟩": "⟩",
    ">": ">",   "<": "<",   ">=": ">=", "≥": ">=",  "<=": "<=", "≤": "<=",  "==": "==", "!=": "!=", "≠": "!=",
    "∑": "Σ",   "∏": "Π",   "@": "@",   "->": "->", "→": "->",  ".": ".",   "…": "…",
}
"""A sign → the kind of its token."""

COMMANDS = {
    "cdot": "*",    "ast": "*",     "times": "×",   "odot": "⊙",    "circ": "⊙",    "oslash": "⊘",  "otimes": "⊗",
    "top": "ᵀ",     "intercal": "ᵀ", "prime": "'",  "partial": "∂", "nabla": "∇", "sum": "Σ",     "prod": "Π",
    "ge": ">=",     "geq": ">=",    "le": "<=",     "leq": "<=",    "ne": "!=",     "neq": "!=",
    "gt": ">",      "lt": "<",
    "lVert": "‖",   "rVert": "‖",   "Vert": "‖",    "|": "‖",       "lvert": "|",   "rvert": "|",   "vert": "|",
    "{": "{",       "}": "}",       "lbrace": "{",  "rbrace": "}",  "lbrack": "[",  "rbrack": "]",
    "langle": "⟨",  "rangle": "⟩",
    "frac": "frac", "dfrac": "frac", "tfrac": "frac", "sqrt": "√",  "\\": "\n",     "newline": "\n",
    "to": "->",     "rightarrow": "->", "dots": "…", "ldots": "…",  "cdots": "…",
}
"""A LaTeX command, without its backslash → the kind of its token."""
# fmt: on

_FUNCTIONS = "exp log ln max min sin cos tan arcsin arccos arctan sinh cosh tanh det tr diag erf sign"
LATEX_FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Commands that are functions."""

_BLANKS = ", ; : ! ( ) [ ] quad qquad nonumber notag displaystyle textstyle limits nolimits"
BLANK_COMMANDS = frozenset([" ", *_BLANKS.split()])
"""Commands that only space or delimit."""

_SCALERS = "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm mleft mright"
SCALERS = frozenset(_SCALERS.split())
"""Commands that size the delimiter behind them."""

_FONTS = (
    "mathbf boldsymbol bm bf mathrm rm mathit mathsf mathtt mathcal mathbb mathfrak mathscr text textbf textrm textit "
    "texttt operatorname symbf vec"
)
FONTS = frozenset(_FONTS.split())
"""Commands that only change how a name looks."""

LETTER_FONTS = frozenset(["mathbf", "boldsymbol", "bm", "bf", "symbf"])
"""Fonts in which every letter is a name of its own: `\\mathbf{Ax}` is A x."""

UPRIGHT = frozenset(["mathrm", "rm", "operatorname", "text", "textrm", "mathsf", "mathop"])
"""Fonts of functions: `\\operatorname{Tr}` is tr."""

_ENTRIES = "matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array cases"
ENTRIES = frozenset(_ENTRIES.split())
"""Environments whose rows are entries or cases of one formula."""

EXPECTATIONS = frozenset("EPV")
"""Letters that are operators where they are set in `\\mathbb` before a bracket."""

ACCENTS = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve",
}  # fmt: skip
"""An accent → what it adds to the name: `\\hat{x}` is x_hat."""

FOREIGN = {
    "½": "write 1/2",
    "¼": "write 1/4",
    "¾": "write 3/4",
    "⅓": "write 1/3",
    "dagger": "write inv(X' X) X' for the pseudoinverse of a matrix of full column rank",
    "int": "give the integral a name, and its derivative another",
    "lim": "write the limit itself",
    "star": "write another name, as x1 for x^\\star",
    "oplus": "name the blocks, and claim one by one",
    "arg": "write what the minimum is where, as an equation",
    "argmin": "write what the minimum is where, as an equation",
    "argmax": "write what the maximum is where, as an equation",
    "←": "write =",
    "≔": "write =",
    "leftarrow": "write =",
    "coloneqq": "write =",
    "≈": "write =",
    "approx": "write =",
}
"""A sign or command that formulas do not know → what to type."""

SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", "0123456789aehijklmnoprstuvxβγρφχ", strict=True))

OPENERS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩"}
CLOSERS = frozenset(OPENERS.values())
OPERATORS = frozenset(["+", "-", "*", "/", "^", "=", ",", "⊙", "⊘", ".^", "⊗", "×", ">", "<", ">=", "<=", "==", "!="])
"""Kinds after which a line may go on."""


def name_of(word: str) -> str:
    """Return the one name of a word: the Greek letter for `lambda`, `lambda1` and `lambda_hat`.

    >>> name_of("lambda"), name_of("alpha_hat"), name_of("loss")
    ('λ', 'α_hat', 'loss')
    """
    if len(word) == 1:
        return VARIANTS.get(word, word)
    head, mark, tail = word.partition("_")
    stem = head.rstrip("0123456789")
    letter = GREEK.get(stem)
    return word if letter is None else letter + head[len(stem) :] + mark + tail
