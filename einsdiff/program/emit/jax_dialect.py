"""JAX: arrays that are never written to; a δ is a mask, which the compiler of JAX does not form."""

from __future__ import annotations

from collections.abc import Sequence

from einsdiff.program.emit.dialect import Dialect
from einsdiff.program.emit.embed import masked
from einsdiff.program.emit.spellings import FUNCTIONS, OPERATIONS, TRUTHS

HELPERS = {
    "logdet": '''\
def logdet(A):
    """Return log(det(A)): -inf where the determinant is 0, nan where it is negative."""
    sign, size = jnp.linalg.slogdet(A)
    if jnp.iscomplexobj(sign):
        return jnp.log(sign) + size
    return jnp.where(sign < 0, jnp.nan, size)
''',
    "adj": '''\
def adj(A):
    """Return the cofactors of A, transposed: det(A) inv(A), of singular matrices, too."""
    U, s, V = jnp.linalg.svd(A)
    others = jnp.where(jnp.eye(len(s), dtype=bool), 1, s).prod(axis=1)
    return jnp.linalg.det(U) * jnp.linalg.det(V) * (V.conj().T * others) @ U.conj().T
''',
    "levi_civita": '''\
def levi_civita(n, dtype):
    """Return the array of the signs of all permutations of n axes."""
    signs = jnp.ones((n,) * n, dtype)
    k = [jnp.arange(n).reshape([-1 if a == b else 1 for b in range(n)]) for a in range(n)]
    for b in range(n):
        for a in range(b):
            signs = signs * jnp.sign(k[b] - k[a])
    return signs
''',
}


def _dtype(names: Sequence[str], is_array: bool) -> str:  # noqa: FBT001 - a fact about the names
    return f"{names[0]}.dtype" if is_array else f"jnp.result_type({', '.join(names)})"


def _common(names: Sequence[str]) -> str:
    return f"jnp.result_type({', '.join(['float', *names])})"


JAX = Dialect(
    title="JAX",
    module="jnp",
    imports={"jax": "import jax", "jnp": "import jax.numpy as jnp"},
    functions={name: row.jax for name, row in {**FUNCTIONS, **TRUTHS}.items()},
    operations={name: row.jax for name, row in OPERATIONS.items()},
    helpers=HELPERS,
    dtype=_dtype,
    common=_common,
    embed=masked,
)
