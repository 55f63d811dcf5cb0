"""Where the cores of a structured result stand: which axes are tied, constant, or fixed to a component."""

from __future__ import annotations

from dataclasses import dataclass

from einsdiff.algebra.nodes import Labels
from einsdiff.program.phrase import letters

FIRST, SUMMED = "abcdefghijklmnopqrstuvwxyz", "z"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A term: Σ Π cores, entry by entry, along the axes of the result before they are folded.

    Attributes:
        axes: for each axis, the number of the first axis that runs with it; axes with one number are tied (δ).
        cores: for each core, which array it is and, for each of its axes, the number of the axis of the result along
            which it runs; negative numbers are summed.  The term is constant along axes that no core has.
        places: axes that are zero but for one component, with the number of that component, from 1.
    """

    axes: Labels
    cores: tuple[tuple[int, Labels], ...]
    places: tuple[tuple[int, int], ...] = ()

    def spelled(self) -> str:
        """Return the pattern as einsum would have it, if the result could repeat letters and have numerals.

        >>> Pattern((0, 1, 0, 3), ((0, (1, 3)),)).spelled()
        'bd->abad'
        """
        labels = [*self.axes, *(n for _, inside in self.cores for n in inside)]
        names = letters(labels, {n: FIRST[n % len(FIRST)] if n >= 0 else SUMMED for n in labels})
        names |= {n: str(place) for n, place in self.places}
        between = "" if all(len(name) == 1 for name in names.values()) else " "
        inside = ",".join(between.join(names[n] for n in core) for _, core in self.cores)
        return f"{inside}->{between.join(names[n] for n in self.axes)}"


@dataclass(frozen=True, slots=True)
class Outline:
    """What a plan tells of a structured result, whose arrays stand in a row among the plan's results.

    Attributes:
        name: what the result is called.
        patterns: its terms.
        count: how many arrays it has.
        classes: the size class of each axis before folding.
        folds: how many of these axes are folded into each axis of the result.
        columns: which of these axes belong to the variable, in the variable's order.
        is_matrix: whether the result is a matrix with rows and columns.
    """

    name: str
    patterns: tuple[Pattern, ...]
    count: int
    classes: tuple[int, ...]
    folds: tuple[int, ...]
    columns: tuple[int, ...]
    is_matrix: bool
