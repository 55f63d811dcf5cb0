"""NumPy: arrays that can be written to."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.program.emit.dialect import Dialect
from einsdiff.program.emit.numpy_functions import HELPERS
from einsdiff.program.emit.spellings import FUNCTIONS, OPERATIONS, TRUTHS


def _dtype(names: Sequence[str], is_array: bool) -> str:  # noqa: FBT001 - a fact about the names
    """Return the code of the dtype of some values; one alone that may be a number is asked like several."""
    return f"{names[0]}.dtype" if is_array else f"np.result_type({', '.join(names)})"


def _common(names: Sequence[str]) -> str:
    return f"np.result_type({', '.join(['np.float32', *names])})" if names else "np.float64"


NUMPY = Dialect(
    title="NumPy",
    module="np",
    imports={"math": "import math", "np": "import numpy as np"},
    functions={name: row.numpy for name, row in {**FUNCTIONS, **TRUTHS}.items()},
    operations={name: row.numpy for name, row in OPERATIONS.items()},
    helpers=HELPERS,
    dtype=_dtype,
    common=_common,
)
