"""The table of systems: the environment that each runs in, and the function that solves problems."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """A system; `environment` names its requirements, "" is the one of this command."""

    name: str
    environment: str
    module: str
    function: str


# fmt: off
PEERS = (
    Peer("einsdiff",      "",           "bench.systems.here",          "einsdiff"),
    Peer("hand",          "",           "bench.systems.here",          "hand"),
    Peer("einsum",        "",           "bench.systems.here",          "naive"),
    Peer("opt_einsum",    "",           "bench.systems.here",          "opt_einsum"),
    Peer("jax",           "jax",        "bench.systems.in_jax",        "calls"),
    Peer("torch",         "torch",      "bench.systems.in_torch",      "calls"),
    Peer("torch.compile", "torch",      "bench.systems.in_torch",      "compiled"),
)
SYMBOLIC = (
    Peer("einsdiff",      "",           "bench.systems.symbolic_here",       "make"),
    Peer("tensorgrad",    "tensorgrad", "bench.systems.symbolic_tensorgrad", "make"),
    Peer("sympy",         "sympy",      "bench.systems.symbolic_sympy",      "make"),
)
# fmt: on
