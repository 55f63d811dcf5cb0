"""PyTorch: arrays that are not written to, so that every transform of its own passes through."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.program.emit.dialect import Dialect
from einsdiff.program.emit.embed import on_diagonals
from einsdiff.program.emit.spellings import FUNCTIONS, OPERATIONS, TRUTHS

HELPERS = {
    "number": '''\
def number(value, like):
    """Return a number as a tensor with the dtype of another, on its device."""
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)
''',
    "softplus": '''\
def softplus(x):
    """Return log(1 + exp(x)) without overflow."""
    if x.is_complex():
        return torch.log1p(torch.exp(x))
    return -torch.nn.functional.logsigmoid(-x)
''',
    "sign": '''\
def sign(x):
    """Return the sign of each entry, nan where it is nan."""
    return torch.where(torch.isnan(x), x, torch.sign(x))
''',
    "product": '''\
def product(x, dim):
    """Return the product along the axes `dim`."""
    for axis in sorted([dim] if isinstance(dim, int) else dim, reverse=True):
        x = x.prod(dim=axis)
    return x
''',
    "largest": '''\
def largest(x, dim):
    """Return the largest entry along the axes `dim`, -inf where there is none."""
    if x.numel():
        return x.amax(dim=dim)
    return x.sum(dim=dim) - torch.inf
''',
    "smallest": '''\
def smallest(x, dim):
    """Return the smallest entry along the axes `dim`, inf where there is none."""
    if x.numel():
        return x.amin(dim=dim)
    return x.sum(dim=dim) + torch.inf
''',
    "adj": '''\
def adj(A):
    """Return the cofactors of A, transposed: det(A) inv(A), of singular matrices, too."""
    U, s, V = torch.linalg.svd(A)
    others = torch.where(torch.eye(len(s), dtype=torch.bool, device=s.device), 1, s).prod(dim=1)
    return torch.linalg.det(U) * torch.linalg.det(V) * (V.mH * others) @ U.mH
''',
    "levi_civita": '''\
def levi_civita(n, like):
    """Return the array of the signs of all permutations of n axes."""
    signs = like.new_ones((n,) * n)
    k = [torch.arange(n, device=like.device).reshape([-1 if a == b else 1 for b in range(n)]) for a in range(n)]
    for b in range(n):
        for a in range(b):
            signs = signs * torch.sign(k[b] - k[a])
    return signs
''',
}


def _dtype(names: Sequence[str], is_array: bool) -> str:  # noqa: ARG001, FBT001 - all tensors have one dtype
    """Return a tensor that has the dtype."""
    return names[0]


def _common(names: Sequence[str]) -> str:
    return names[0] if names else "torch.empty(())"


TORCH = Dialect(
    title="PyTorch",
    module="torch",
    imports={"torch": "import torch"},
    functions={name: row.torch for name, row in {**FUNCTIONS, **TRUTHS}.items()},
    operations={name: row.torch for name, row in OPERATIONS.items()},
    helpers=HELPERS,
    dtype=_dtype,
    common=_common,
    embed=on_diagonals,
)
