"""The table of systems: the environment that each runs in, and the function that solves problems."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A system; `environment` names its requirements, "" is the one of this command; some run on a GPU only."""

    name: str
    environment: str
    module: str
    function: str
    needs_gpu: bool = False


# fmt: off
PEERS = (
    Peer("einsdiff",      "",           "bench.systems.here",          "einsdiff"),
    Peer("hand",          "",           "bench.systems.here",          "hand"),
    Peer("einsum",        "",           "bench.systems.here",          "naive"),
    Peer("opt_einsum",    "",           "bench.systems.here",          "opt_einsum"),
    Peer("jax",           "jax",        "bench.systems.in_jax",        "calls"),
    Peer("torch",         "torch",      "bench.systems.in_torch",      "calls"),
    Peer("torch.compile", "torch",      "bench.systems.in_torch",      "compiled"),
    Peer("to jax",        "jax",        "bench.systems.in_jax",        "emitted"),
    Peer("to torch",      "torch",      "bench.systems.in_torch",      "emitted"),
    Peer("to cupy",       "cupy",       "bench.systems.in_cupy",       "emitted", needs_gpu=True),
)
SYMBOLIC = (
    Peer("einsdiff",      "",           "bench.systems.symbolic_here",       "make"),
    Peer("tensorgrad",    "tensorgrad", "bench.systems.symbolic_tensorgrad", "make"),
    Peer("sympy",         "sympy",      "bench.systems.symbolic_sympy",      "make"),
)
# fmt: on
