"""From closed expressions to a contraction plan, straight-line source text, and a function that runs."""

from einsdiff.program.backends import BACKENDS
from einsdiff.program.function import CompiledFunction
from einsdiff.program.function import compile_request as compile  # noqa: A004 - the verb of the face

__all__ = ["BACKENDS", "CompiledFunction", "compile"]
