"""The record of what was applied where: a derivation is what was computed, not a story about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr


@dataclass(frozen=True, slots=True)
class Step:
    """One law or identity applied at one place: the rule, what stood there, and what stands there now.

    `before` and `after` are entries at the wires 0, 1, … of the axes of `at`, the node that was rewritten.
    """

    rule: str
    before: Entry
    after: Entry
    at: Expr


@dataclass(slots=True)
class Steps:
    """A record of steps, in the order in which they were taken."""

    taken: list[Step] = field(default_factory=list)
    is_recording: bool = True

    def add(self, rule: str, before: Entry, after: Entry) -> None:
        """Record that an identity was applied."""
        if self.is_recording:
            self.taken.append(Step(rule, before, after, before.node))


unrecorded = Steps(is_recording=False)
