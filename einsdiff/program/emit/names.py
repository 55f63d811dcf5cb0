"""Names of inputs in Python and in the ASCII spelling of Greek letters; names for what the source needs besides."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable
from itertools import takewhile

# fmt: off
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "varepsilon": "ε", "vartheta": "ϑ", "varphi": "ϕ", "varrho": "ϱ", "varsigma": "ς", "eps": "ε",
}
# fmt: on

_OTHERS: dict[str, list[str]] = {}
"""The words for each letter, and the letter for each word."""
for _word, _letter in GREEK.items():
    _OTHERS.setdefault(_word, []).append(_letter)
    _OTHERS.setdefault(_letter, []).append(_word)


def other_spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the spellings, other than the names themselves, under which inputs are also accepted."""
    known = dict.fromkeys(names)
    found: dict[str, str] = {}
    for name in known:
        head = "".join(takewhile(str.isalpha, name))
        spellings = [unicodedata.normalize("NFKC", name)]
        spellings += [other + name[len(head) :] for other in _OTHERS.get(head, ())]
        for spelling in spellings:
            if spelling not in known:
                found.setdefault(spelling, name)
    return found


def is_parameter(name: str) -> bool:
    """Tell whether a name can be that of a parameter in Python, spelled just so."""
    return name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name


class Namer:
    """Hands out names that collide with nothing."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)
        self._next: dict[str, int] = {}

    def name(self, wish: str) -> str:
        """Return the wished name, with underscores behind it where it is taken."""
        while wish in self.taken:
            wish += "_"
        self.taken.add(wish)
        return wish

    def numbered(self, stem: str) -> str:
        """Return stem1, stem2, …, leaving out those that are taken."""
        while True:
            number = self._next[stem] = self._next.get(stem, 0) + 1
            found = f"{stem}{number}"
            if found not in self.taken:
                self.taken.add(found)
                return found
