"""Tokens: kinds, names and places."""

from __future__ import annotations

import pytest

from einsdiff.text.lexer import tokenize
from einsdiff.text.symbols import COMMANDS, GREEK, LATEX_LETTERS, SIGNS, name_of

# fmt: off
CASES = [
    # text                 kinds                                names and signs
    ("x_i A_ij",           "name indices name indices end",     "x _i A _ij "),
    ("2λx",                "number name name end",              "2 λ x "),
    ("lambda1 alphabet",   "name name end",                     "λ1 alphabet "),
    (r"\lambda x",         "name name end",                     "λ x "),
    ("x²ᵀ",                "name power ᵀ end",                  "x 2 ᵀ "),
    ("x⁻¹",                "name power end",                    "x -1 "),
    ("A.*B ./C .^2",       "name ⊙ name ⊘ name .^ number end",  "A .* B ./ C .^ 2 "),
    ("1.5 1. .5 1e-3 2e",  "number number number number number name end", "1.5 1. .5 1e-3 2 e "),
    ("a[i] [j]",           "name indices [ name ] end",         "a [i] [ j ] "),
    ("x_hat[i] x_hat",     "name indices name end",             "x_hat [i] x_hat "),
    ("Σ_i Σ Sigma_i",      "Σ indices name name indices end",   "Σ _i Σ Σ _i "),
    ("a\nb;c",             "name \n name ; name end",           "a  b ; c "),
    ("a +\nb",             "name + name end",                   "a + b "),
    ("(a\nb)",             "( name name ) end",                 "( a b ) "),
    ("a\u00a0b\u200bc",    "name name name end",                "a b c "),
    ("𝐱 𝟏 ϵ ϕ µ",          "name name name name name end",      "x 𝟏 ε φ μ "),
]
# fmt: on


@pytest.mark.parametrize(("source", "kinds", "texts"), CASES)
def test_a_text_falls_into_tokens(source: str, kinds: str, texts: str) -> None:
    tokens = tokenize(source)
    assert " ".join(token.kind for token in tokens) == kinds
    assert " ".join(token.text for token in tokens) == texts


@pytest.mark.parametrize("source", [case[0] for case in CASES])
def test_tokens_stand_in_order_and_inside_the_text(source: str) -> None:
    places = [place for token in tokenize(source) for place in (token.start, token.stop)]
    assert places == sorted(places)
    assert places[-1] == len(source)


@pytest.mark.parametrize(("word", "letter"), GREEK.items())
def test_a_greek_letter_has_one_name_in_every_spelling(word: str, letter: str) -> None:
    command = "epsilon" if word == "eps" else word
    assert [token.text for token in tokenize(rf"{word} {letter} \{command}")][:-1] == [letter] * 3
    assert name_of(f"{word}_hat") == f"{letter}_hat"


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_is_read(sign: str) -> None:
    assert tokenize(f"x {sign} y")[1].kind == SIGNS[sign].replace("''", "'")


@pytest.mark.parametrize("command", [*COMMANDS, *LATEX_LETTERS])
def test_every_command_is_read(command: str) -> None:
    kinds = [token.kind for token in tokenize(rf"x \{command} y")]
    assert COMMANDS.get(command, "name") in kinds[1:]
