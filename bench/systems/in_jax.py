"""JAX, jitted, with and without waiting for each result: its own derivatives, and those that einsdiff writes for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

from bench.problem import Arrays, Problem
from bench.systems.derive import wanted
from bench.systems.derived import derived
from bench.way import DEVICE, Call

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


def _put(array: Any) -> jax.Array:
    return jax.device_put(array, jax.devices(DEVICE)[0])


def _waited(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
) -> dict[str, Call]:
    """Return the calls of a jitted function: waited for at each call, and once for many."""
    ways = {"sync": True, "async": False}
    return {how: Call(fn, args, kwargs or {}, wait=jax.block_until_ready, each=each) for how, each in ways.items()}


def calls(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return the jitted function; Jacobians forward and in reverse."""
    names = [name for name in inputs if name != problem.seed]
    args = tuple(_put(inputs[name]) for name in (*names, *([problem.seed] if problem.seed else [])))
    ways = {"rev": jax.jacrev, "fwd": jax.jacfwd} if problem.is_jacobian else {"": jax.jacrev}
    found = {}
    for way, inner in ways.items():
        fn = jax.jit(wanted(problem, names, NAMESPACE, jax, inner, jax.jacfwd))
        found |= {f"{way} {how}".strip(): call for how, call in _waited(fn, args).items()}
    return found


def emitted(problem: Problem, n: int, inputs: Arrays) -> dict[str, Call]:
    """Return the function that einsdiff writes for JAX, jitted; none for results that keep their structure."""
    if not problem.dense:
        return {}
    fn, given = derived(problem, n, inputs, "jax")
    return _waited(jax.jit(fn), kwargs={name: _put(a) for name, a in given.items()})


def versions() -> dict[str, str]:
    """Return the version of JAX."""
    return {"jax": jax.__version__}
