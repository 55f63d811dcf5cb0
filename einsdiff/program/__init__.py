"""From closed expressions to a contraction plan, straight-line source text, and a function that runs."""

from einsdiff.program.run.backends import BACKENDS
from einsdiff.program.run.function import CompiledFunction
from einsdiff.program.run.function import compile_request as compile  # noqa: A004 - the verb of the face

__all__ = ["BACKENDS", "CompiledFunction", "compile"]
