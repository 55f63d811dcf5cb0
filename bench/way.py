"""One way of solving a problem, and how long it takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
"""Where systems that can compute elsewhere do: "cpu" or "cuda"."""


@dataclass(frozen=True)
class Call:
    """A function with its arguments.

    Attributes:
        wait: blocks until a result is there; None where results are there at once.
        each: whether to wait for each result, or once for many.
    """

    fn: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    wait: Callable[[Any], Any] | None = None
    each: bool = True

    def once(self) -> Any:
        """Return the result."""
        result = self.fn(*self.args, **self.kwargs)
        if self.wait:
            self.wait(result)
        return result

    def seconds(self, times: int) -> float:
        """Return the seconds of one call, the mean of several in a row."""
        fn, args, kwargs, result = self.fn, self.args, self.kwargs, None
        start = time.perf_counter()
        if self.wait and self.each:
            for _ in range(times):
                self.wait(fn(*args, **kwargs))
        else:
            for _ in range(times):
                result = fn(*args, **kwargs)
            if self.wait:
                self.wait(result)
        return (time.perf_counter() - start) / times


def flat(result: Any) -> list[Any]:
    """Return the arrays of a result, one tuple in another or not."""
    if isinstance(result, tuple | list):
        return [array for part in result for array in flat(part)]
    return [result]
