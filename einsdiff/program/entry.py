"""The way into a compiled function that costs little: a call with the types and shapes of the last one.

Its text is generated, so that Python itself binds the keywords; all else is left to the careful way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from einsdiff.program.names import Namer, is_parameter

Careful = Callable[[Any, dict[str, Any]], Any]


class Entry:
    """The generated method, and what it remembers of the last call."""

    def __init__(self, names: Sequence[str], wanted: Sequence[str], careful: Careful, refusal: Callable[..., Any]) -> None:
        self._scope: dict[str, Any] = {}
        self._wanted = tuple(wanted)
        self.is_quick = all(map(is_parameter, wanted))
        namer = Namer(names)
        words = {w: namer.name(w) for w in ("self", "others", "last", "run", "array", "careful", "refused", "error")}
        kinds = [namer.name(f"d{k}") for k in range(len(wanted))]
        shapes = [namer.name(f"s{k}") for k in range(len(wanted))]
        text = _text([n for n in names if is_parameter(n)], self._wanted if self.is_quick else (), words, kinds, shapes)
        self._last = words["last"]
        self._scope |= {
            words["last"]: None,
            words["array"]: np.ndarray,
            words["careful"]: careful,
            words["refused"]: (np.linalg.LinAlgError, ZeroDivisionError),
            "refusal": refusal,
        }
        exec(compile(text, "<einsdiff entry>", "exec"), self._scope)
        self.method: Callable[..., Any] = self._scope["__call__"]

    def remember(self, arrays: Mapping[str, Any], run: Callable[..., Any]) -> None:
        """Let the next call with arrays of these types and shapes go straight to `run`, which takes them in order."""
        if self.is_quick:
            facts = [fact for name in self._wanted for fact in (arrays[name].dtype, arrays[name].shape)]
            self._scope[self._last] = (run, *facts)
