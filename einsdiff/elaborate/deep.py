"""Recursion without a limit: a function that yields its recursive calls is run with a stack of its own."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

T = TypeVar("T")
Deep = Generator["Deep[Any]", Any, T]


def run(task: Deep[T]) -> T:
    """Return what a generator returns that yields other such generators and is sent their results."""
    stack: list[Deep[Any]] = [task]
    value: Any = None
    while stack:
        try:
            called = stack[-1].send(value)
        except StopIteration as stop:
            stack.pop()
            value = stop.value
        else:
            stack.append(called)
            value = None
    return value
