"""The way into a compiled function that costs little: a call with arrays like those of the last one.

Its text is generated, so that Python itself binds the keywords; everything else is left to the careful way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from einsdiff.program.names import Namer, is_parameter

WORDS = ("self", "others", "last", "run", "kind", "array", "asarray", "dtype", "scalars", "failures", "error")
FAILURES = (np.linalg.LinAlgError, ZeroDivisionError, MemoryError, TypeError, ValueError)
"""What NumPy and Python raise where a formula cannot be computed: singular, too large, a function of reals only."""


class Entry:
    """The generated method, and what it remembers of the last call: the program, the dtype and the shapes.

    `names` may be given; the arrays in `wanted`, with their ranks, must be.  Without `wanted` every call is careful.
    """

    def __init__(self, names: Sequence[str], wanted: Mapping[str, int] | None) -> None:
        self._is_quick = wanted is not None and all(map(is_parameter, wanted))
        self._wanted = dict(wanted or {})
        namer = Namer(names)
        words = {word: namer.name(word) for word in WORDS}
        self._last = words["last"]
        self._scope: dict[str, Any] = {
            words["last"]: (None, None, (), *(None for _ in self._wanted)),
            words["array"]: np.ndarray,
            words["asarray"]: np.asarray,
            words["kind"]: type,
            words["failures"]: FAILURES,
        }
        text = _text([n for n in names if is_parameter(n)], self._wanted if self._is_quick else None, words, namer)
        exec(compile(text, "<einsdiff entry>", "exec"), self._scope)
        self.method: Callable[..., Any] = self._scope["__call__"]

    def remember(self, arrays: Mapping[str, Any], run: Callable[..., Any]) -> None:
        """Let calls with arrays of this dtype and these shapes go straight to `run`, which takes them in order."""
        dtypes = {a.dtype for a in arrays.values()}
        if self._is_quick and len(dtypes) <= 1 and set(arrays) == set(self._wanted):
            dtype = next((a.dtype for a in arrays.values()), np.dtype(float))
            shapes = [arrays[name].shape for name in self._wanted]
            self._scope[self._last] = (run, dtype, (float, int, dtype.type), *shapes)


def _text(names: list[str], wanted: Mapping[str, int] | None, words: Mapping[str, str], namer: Namer) -> str:
    """Return the text of the method; without `wanted` it has the careful way only."""
    parameters = "".join(f"{name}=None, " for name in names)
    star = "*, " if names else ""
    given = "".join(f"{name!r}: {name}, " for name in names)
    lines = [f"def __call__({words['self']}, /, {star}{parameters}**{words['others']}):"]
    if wanted is not None:
        shapes = [namer.numbered("s") for _ in wanted]
        kind, array, dtype = words["kind"], words["array"], words["dtype"]
        arrays = {name: shape for (name, rank), shape in zip(wanted.items(), shapes, strict=True) if rank}
        numbers = [name for name, rank in wanted.items() if not rank]
        tests = [f"not {words['others']}", f"{words['run']} is not None"]
        if arrays:
            tests.append(f"{' is '.join(f'{kind}({name})' for name in arrays)} is {array}")
            tests.append(f"{' is '.join(f'{name}.dtype' for name in arrays)} is {dtype}")
        tests += [f"{name}.shape == {shape}" for name, shape in arrays.items()]
        tests += [
            f"({kind}({n}) in {words['scalars']} or"
            f" {kind}({n}) is {array} and {n}.dtype is {dtype} and {n}.shape == ())"
            for n in numbers
        ]
        lines += [
            f"    {', '.join([words['run'], dtype, words['scalars'], *shapes])} = {words['last']}",
            f"    if {' and '.join(tests)}:",
            *(f"        {name} = {words['asarray']}({name}, {dtype})" for name in numbers),
            "        try:",
            f"            return {words['run']}({', '.join(wanted)})",
            f"        except {words['failures']} as {words['error']}:",
            f"            raise {words['self']}.refusal({words['error']}) from {words['error']}",
        ]
    return "\n".join([*lines, f"    return {words['self']}.carefully({{{given}**{words['others']}}})", ""])
