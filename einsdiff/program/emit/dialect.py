"""What an array library has of its own when a plan is written: spellings, functions brought along, dtypes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from einsdiff.algebra.nodes import Labels
from einsdiff.program.emit.contract import Spell


class Core(NamedTuple):
    """The part of an array that is not zero: the code of an array with labels, and where these run.

    The label `pattern[axis]` runs along that axis; one that stands twice is a diagonal, and one in `places` is fixed to
    a component, from 1.  `shape` has the code of the size of each axis,
    `dtype` that of the dtype.
    """

    code: str
    labels: Labels
    pattern: Labels
    places: Mapping[int, int]
    shape: Sequence[str]
    dtype: str


@dataclass(frozen=True)
class Dialect:
    """An array library.

    Attributes:
        title: what it is called.
        module: the name of its module in the source.
        imports: the statements that import the names in the source.
        functions: the spelling of each scalar function.
        operations: the spelling of all else.
        helpers: functions that the source brings along, by the names that spellings have for them.
        dtype: the code of the dtype that some arrays have together; whether it is one that surely is an array.
        common: the code of the dtype of the inputs.
        embed: writes an array from its core, where arrays cannot be written to (None: zeros are made and filled).
    """

    title: str
    module: str
    imports: Mapping[str, str]
    functions: Mapping[str, str]
    operations: Mapping[str, str]
    helpers: Mapping[str, str]
    dtype: Callable[[Sequence[str], bool], str]
    common: Callable[[Sequence[str]], str]
    embed: Callable[[Spell, Core], str] | None = None

    @property
    def can_write(self) -> bool:
        """Whether arrays can be written to."""
        return self.embed is None
