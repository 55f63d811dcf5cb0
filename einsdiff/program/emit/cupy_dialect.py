"""CuPy: NumPy's names on a GPU; what CuPy has not is brought along, and no array is written to in parts."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.program.emit.dialect import Dialect
from einsdiff.program.emit.embed import masked
from einsdiff.program.emit.numpy_dialect import NUMPY

HELPERS = {
    "sigmoid": '''\
def sigmoid(x):
    """Return 1 / (1 + exp(-x)); 0 where the exponential overflows."""
    return 1 / (1 + cp.exp(-x))
''',
    "largest": '''\
def largest(x, axis=None):
    """Return the largest entry along the axes, -inf where there is none."""
    return x.max(axis=axis) if x.size else cp.full_like(x.sum(axis=axis), -cp.inf)
''',
    "smallest": '''\
def smallest(x, axis=None):
    """Return the smallest entry along the axes, inf where there is none."""
    return x.min(axis=axis) if x.size else cp.full_like(x.sum(axis=axis), cp.inf)
''',
    "logsumexp": '''\
def logsumexp(x, axis):
    """Return log(sum(exp(x))) along the axes without overflow; -inf where there is nothing to sum."""
    if not x.size:
        return cp.full_like(x.sum(axis=axis), -cp.inf)
    top = x.real.max(axis=axis, keepdims=True)
    top = cp.where(cp.isfinite(top), top, 0)
    return cp.log(cp.exp(x - top).sum(axis=axis)) + top.squeeze(axis)
''',
    "levi_civita": '''\
def levi_civita(n, dtype):
    """Return the array of the signs of all permutations of n axes."""
    signs = cp.ones((n,) * n, dtype)
    k = [cp.arange(n).reshape([-1 if a == b else 1 for b in range(n)]) for a in range(n)]
    for b in range(n):
        for a in range(b):
            signs = signs * cp.sign(k[b] - k[a])
    return signs
''',
}
SPELLINGS = {
    "erf": "special.erf({0})",
    "vecdot": "({0}.conj() * {1}).sum(axis=-1)",
    "max": "{largest}({0}, {axes})",
    "min": "{smallest}({0}, {axes})",
    "mask": "cp.where({0}, {1}, 0)",
    "diagonal": "cp.eye({0}, dtype=bool)",
    "component": "(cp.arange({0}) == {1})",
}
"""What CuPy spells in another way than NumPy."""


def _cupy(code: str) -> str:
    """Return code for NumPy with CuPy in its place."""
    return code.replace("np.", "cp.")


def _dtype(names: Sequence[str], is_array: bool) -> str:  # noqa: FBT001 - a fact about the names
    return _cupy(NUMPY.dtype(names, is_array))


def _common(names: Sequence[str]) -> str:
    return _cupy(NUMPY.common(names))


CUPY = Dialect(
    title="CuPy",
    module="cp",
    imports={"cp": "import cupy as cp", "special": "from cupyx.scipy import special"},
    functions={name: SPELLINGS["erf"] if name == "erf" else _cupy(code) for name, code in NUMPY.functions.items()},
    operations={name: SPELLINGS.get(name, _cupy(code)) for name, code in NUMPY.operations.items()},
    helpers={**{name: _cupy(code) for name, code in NUMPY.helpers.items() if name != "erf"}, **HELPERS},
    dtype=_dtype,
    common=_common,
    embed=masked,
)
