"""JAX, jitted, with and without waiting for each result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from bench.problem import Arrays, Problem
from bench.systems.derive import wanted
from bench.way import Call

jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - jax's own signature

NAMES = ("exp", "log", "tanh", "sin", "sqrt", "mean", "einsum", "eye")
NAMESPACE = SimpleNamespace(
    **{name: getattr(jnp, name) for name in NAMES},
    relu=jax.nn.relu,
    softplus=jax.nn.softplus,
    softmax=jax.nn.softmax,
    logsumexp=logsumexp,
    inv=jnp.linalg.inv,
    logdet=lambda S: jnp.linalg.slogdet(S)[1],
)


def mean(x: Any, axis: int) -> Any:
    """Return the mean over an axis, which stays with size 1."""
    return jnp.mean(x, axis, keepdims=True)


NAMESPACE.mean = mean


def calls(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return the jitted function: waited for at each call, and once for many; Jacobians forward and in reverse."""
    names = [name for name in inputs if name != problem.seed]
    args = tuple(jax.device_put(inputs[name]) for name in (*names, *([problem.seed] if problem.seed else [])))
    found = {}
    ways = {"rev": jax.jacrev, "fwd": jax.jacfwd} if problem.is_jacobian else {"": jax.jacrev}
    for way, inner in ways.items():
        fn = jax.jit(wanted(problem, names, NAMESPACE, jax, inner, jax.jacfwd))
        for how, each in (("sync", True), ("async", False)):
            found[f"{way} {how}".strip()] = Call(fn, args, wait=jax.block_until_ready, each=each)
    return found


def versions() -> dict[str, str]:
    """Return the version of JAX."""
    return {"jax": jax.__version__}
