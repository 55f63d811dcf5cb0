"""The way into a compiled function that costs little: a call with arrays like those of the last one.

Its text is generated.  Python itself binds the keywords, and the statements of the program stand right behind the
checks of the arrays, so that there is one call and no more.  Everything else is left to the careful way.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from einsdiff.program.emit.names import Namer, is_parameter

Method = Callable[..., Any]

WORDS = (
    "self",
    "values",
    "others",
    "quick",
    "kind",
    "array",
    "asarray",
    "dtype",
    "scalars",
    "failures",
    "error",
    "made",
)
FAILURES = (np.linalg.LinAlgError, ZeroDivisionError, OverflowError, MemoryError, TypeError, ValueError)
"""What NumPy and Python raise where a formula cannot be computed: singular, too large, a function of reals only."""


def reason(error: Exception) -> str:
    """Return what such an error tells."""
    return str(error) or ("there is too little memory" if isinstance(error, MemoryError) else type(error).__name__)


def careful_method(names: Sequence[str]) -> Method:
    """Return the method of a call that may give some names: all of them go the careful way."""
    words = _words(names)
    scope: dict[str, Any] = {}
    exec("\n".join([*_head(names, words), *_tail(names, words)]), scope)
    found: Method = scope["__call__"]
    return found


class Entry:
    """A program with a quick way in; its arrays must be given, in the order and with the ranks of `wanted`."""

    def __init__(
        self,
        text: str,
        name: str,
        names: Sequence[str],
        wanted: Mapping[str, int],
        absent: Sequence[str] = (),
        *,
        is_made: bool = False,
    ) -> None:
        """Run the text of a program.

        Args:
            text: a module whose last definition is the function `name` of keywords.
            name: what it is called.
            names: all that a call may give.
            wanted: the arrays that are given, with their ranks: the keywords of the function, and what tells sizes.
            absent: what could tell sizes and is not given.
            is_made: whether something is made of what the function returns.
        """
        tree = ast.parse(text)
        used = set(re.findall(r"[^\W\d]\w*", text))
        words = _words([*names, *used])
        definition = tree.body[-1]
        assert isinstance(definition, ast.FunctionDef)
        *body, last = definition.body[1:]
        assert isinstance(last, ast.Return), "a program ends with its results"
        body.append(_made(last, words["made"]) if is_made else last)
        tree.body.append(_maker(body, names, wanted, absent, words, Namer([*names, *used, *words.values()])))
        self._scope: dict[str, Any] = {
            words["array"]: np.ndarray,
            words["asarray"]: np.asarray,
            words["kind"]: type,
            words["failures"]: FAILURES,
        }
        exec(compile(tree, "<einsdiff program>", "exec"), self._scope)
        self.function: Callable[..., Any] = self._scope[name]
        self._make: Callable[..., Method] = self._scope[words["quick"]]

    def method(
        self, dtype: np.dtype[Any], shapes: Sequence[tuple[int, ...]], made: Callable[[Any], Any] | None = None
    ) -> Method:
        """Return the method of a call with arrays of this dtype and these shapes; `made` makes its results."""
        return self._make(dtype, (float, int, dtype.type), made, *shapes)


def can_be_quick(names: Sequence[str], wanted: Mapping[str, int], taken: frozenset[str]) -> bool:
    """Tell whether the names of a program's arrays can be parameters beside those that its text has taken."""
    return all(map(is_parameter, wanted)) and not taken.intersection(names)


def _made(last: ast.Return, name: str) -> ast.stmt:
    """Return `return made(…)` for `return …`."""
    return ast.parse(f"return {name}({ast.unparse(last.value)})").body[0] if last.value else last


def _maker(
    body: list[ast.stmt],
    names: Sequence[str],
    wanted: Mapping[str, int],
    absent: Sequence[str],
    words: Mapping[str, str],
    namer: Namer,
) -> ast.stmt:
    """Return the function that makes the quick method for a dtype and shapes."""
    shapes = {name: namer.numbered("s") for name in wanted}
    parameters = ", ".join([words["dtype"], words["scalars"], words["made"], *shapes.values()])
    numbers = [name for name, rank in wanted.items() if not rank]
    lines = [
        *_head(names, words),
        f"    if {' and '.join([*_tests(wanted, shapes, words), *(f'{name} is None' for name in absent)])}:",
        "        try:",
        *(f"            {name} = {words['asarray']}({name}, {words['dtype']})" for name in numbers),
        "            pass",
        f"        except {words['failures']} as {words['error']}:",
        f"            raise {words['self']}.refusal({words['error']}) from {words['error']}",
        *_tail(names, words),
        "return __call__",
    ]
    tree = ast.parse("\n".join([f"def {words['quick']}({parameters}):", *(f"    {line}" for line in lines)]))
    place: Any = tree
    for _ in range(4):  # the module, the function, the method in it, the statement under its condition
        place = place.body[0]
    place.body[-1:] = body
    return tree.body[0]


def _tests(wanted: Mapping[str, int], shapes: Mapping[str, str], words: Mapping[str, str]) -> list[str]:
    """Return the conditions under which a call is like the last one."""
    kind, array, dtype = words["kind"], words["array"], words["dtype"]
    arrays = [name for name, rank in wanted.items() if rank]
    tests = [f"not {words['others']}", f"not {words['values']}"]
    if arrays:
        tests.append(f"{' is '.join(f'{kind}({name})' for name in arrays)} is {array}")
        tests.append(f"{' is '.join(f'{name}.dtype' for name in arrays)} is {dtype}")
    tests += [f"{name}.shape == {shapes[name]}" for name in arrays]
    tests += [
        f"({kind}({n}) in {words['scalars']} or"
        f" {kind}({n}) is {array} and {n}.dtype is {dtype} and {n}.shape == {shapes[n]})"
        for n, rank in wanted.items()
        if not rank
    ]
    return tests


def _words(taken: Sequence[str]) -> dict[str, str]:
    namer = Namer(taken)
    return {word: namer.name(word) for word in WORDS}


def _head(names: Sequence[str], words: Mapping[str, str]) -> list[str]:
    parameters = "".join(f"{name}=None, " for name in names if is_parameter(name))
    return [f"def __call__({words['self']}, /, *{words['values']}, {parameters}**{words['others']}):"]


def _tail(names: Sequence[str], words: Mapping[str, str]) -> list[str]:
    given = "".join(f"{name!r}: {name}, " for name in names if is_parameter(name))
    return [
        f"    if {words['values']}:",
        f"        raise {words['self']}.unnamed({words['values']})",
        f"    return {words['self']}.carefully({{{given}**{words['others']}}})",
    ]
