"""PyTorch: eager by torch.func and by autograd, and compiled; and what einsdiff writes for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch.nn import functional as nnf

from bench.problem import Arrays, Problem
from bench.systems.derive import wanted
from bench.systems.derived import derived
from bench.way import DEVICE, Call

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))

NAMES = ("exp", "log", "tanh", "sin", "sqrt", "einsum", "relu", "softmax", "logsumexp")
NAMESPACE = SimpleNamespace(
    **{name: getattr(torch, name) for name in NAMES},
    softplus=nnf.softplus,
    inv=torch.linalg.inv,
    logdet=lambda S: torch.linalg.slogdet(S)[1],
    eye=lambda n: torch.eye(n, dtype=torch.float64, device=DEVICE),
    mean=lambda x, axis: torch.mean(x, axis, keepdim=True),
)


def value_and_grad(f: Any, k: int) -> Any:
    """Return what gives the value and the gradient by argument k."""
    both = torch.func.grad_and_value(f, k)
    return lambda *args: both(*args)[::-1]


BY = SimpleNamespace(grad=torch.func.grad, vjp=torch.func.vjp, value_and_grad=value_and_grad)


def _put(array: Any) -> torch.Tensor:
    return torch.from_numpy(array).to(DEVICE)


def _waited(
    way: str, fn: Callable[..., Any], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
) -> dict[str, Call]:
    """Return the calls of a function: as it is, or on a GPU waited for at each call, and once for many."""
    if DEVICE == "cpu":
        return {way: Call(fn, args, kwargs or {})}
    ways = {"sync": True, "async": False}
    return {
        f"{way} {how}".strip(): Call(fn, args, kwargs or {}, wait=lambda _: torch.cuda.synchronize(), each=each)
        for how, each in ways.items()
    }


def _function(problem: Problem, names: list[str], inner: Any) -> Any:
    return wanted(problem, names, NAMESPACE, BY, inner, torch.func.jacfwd)


def _given(problem: Problem, inputs: Arrays) -> tuple[list[str], tuple[torch.Tensor, ...]]:
    names = [name for name in inputs if name != problem.seed]
    seeds = [problem.seed] if problem.seed else []
    return names, tuple(_put(inputs[name]) for name in (*names, *seeds))


def _ways(problem: Problem) -> dict[str, Any]:
    if problem.is_jacobian:
        return {"rev": torch.func.jacrev, "fwd": torch.func.jacfwd}
    return {"": torch.func.jacrev}


def calls(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return torch.func's function, and autograd's where gradients or Hessians are asked for."""
    names, args = _given(problem, inputs)
    found = {}
    for way, inner in _ways(problem).items():
        found |= _waited(f"func {way}".strip(), _function(problem, names, inner), args)
    by_tape = autograd(problem, names, args)
    return found | _waited("autograd", *by_tape) if by_tape else found


def compiled(problem: Problem, _: int, inputs: Arrays) -> dict[str, Call]:
    """Return torch.func's function, compiled."""
    names, args = _given(problem, inputs)
    torch.compiler.reset()
    found = {}
    for way, inner in _ways(problem).items():
        found |= _waited(way, torch.compile(_function(problem, names, inner), dynamic=False), args)
    return found


def emitted(problem: Problem, n: int, inputs: Arrays) -> dict[str, Call]:
    """Return the function that einsdiff writes for PyTorch, eager; none for results that keep their structure."""
    if not problem.dense:
        return {}
    fn, given = derived(problem, n, inputs, "torch")
    return _waited("", fn, kwargs={name: _put(a) for name, a in given.items()})


def autograd(
    problem: Problem, names: list[str], args: tuple[torch.Tensor, ...]
) -> tuple[Callable[..., Any], tuple[torch.Tensor, ...]] | None:
    """Return what gives first derivatives by the tape, or a Hessian by torch.autograd.functional; None for the rest."""
    leaves = [a.clone().requires_grad_() for a in args[: len(names)]]
    given = dict(zip(names, leaves, strict=True))
    orders = [len(w) for w in problem.wrt]
    if orders == [2]:
        name = problem.wrt[0][0]
        rest = {k: v.detach() for k, v in given.items() if k != name}

        def hessian(x: torch.Tensor) -> torch.Tensor:
            def f(v: torch.Tensor) -> torch.Tensor:
                return problem.plain(NAMESPACE, **{name: v}, **rest)

            return torch.autograd.functional.hessian(f, x, vectorize=True)

        return hessian, (args[names.index(name)],)
    if max(orders) != 1 or problem.is_jacobian:
        return None
    wrt = [given[w[0]] for w in problem.wrt if w]
    plain = {k: (v if any(v is x for x in wrt) else v.detach()) for k, v in given.items()}
    seed = args[-1] if problem.seed else None

    def gradient() -> tuple[torch.Tensor, ...]:
        value = problem.plain(NAMESPACE, **plain)
        slopes = torch.autograd.grad(value, wrt, seed)
        return (value.detach(), *slopes) if () in problem.wrt else slopes

    return gradient, ()


def versions() -> dict[str, str]:
    """Return the version of PyTorch."""
    return {"torch": str(torch.__version__)}
