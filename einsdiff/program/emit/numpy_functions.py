"""The few functions that generated NumPy source has to bring along."""

from __future__ import annotations

HELPERS = {
    "sigmoid": '''\
@np.errstate(over="ignore")
def sigmoid(x, out=None):
    """Return 1 / (1 + exp(-x)); it is 0 where exp(-x) overflows, which is not told."""
    return np.reciprocal(np.add(1, np.exp(np.negative(x, out), out), out), out)
''',
    "softplus": '''\
def softplus(x):
    """Return log(1 + exp(x)) without overflow."""
    if np.iscomplexobj(x):
        return np.log1p(np.exp(x))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
''',
    "erf": '''\
def erf(x):
    """Return the error function, entry by entry."""
    return np.vectorize(math.erf, otypes=[np.result_type(x, np.float32)])(x)
''',
    "logsumexp": '''\
def logsumexp(x, axis):
    """Return log(sum(exp(x))) along the axes without overflow; -inf where there is nothing to sum."""
    top = x.real.max(axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)
''',
    "logdet": '''\
def logdet(A):
    """Return log(det(A)): -inf where the determinant is 0, nan where it is negative."""
    sign, size = np.linalg.slogdet(A)
    if np.iscomplexobj(sign):
        return np.log(sign) + size
    return np.where(np.less(sign, 0), np.nan, size)
''',
    "adj": '''\
def adj(A):
    """Return the cofactors of A, transposed: det(A) inv(A), of singular matrices, too."""
    U, s, V = np.linalg.svd(A)
    others = np.where(np.eye(len(s), dtype=bool), 1, s).prod(axis=1).astype(s.dtype)
    return np.linalg.det(U) * np.linalg.det(V) * (V.conj().T * others) @ U.conj().T
''',
    "levi_civita": '''\
def levi_civita(n, dtype):
    """Return the array of the signs of all permutations of n axes."""
    signs = np.ones((n,) * n, dtype)
    k = np.indices(signs.shape, sparse=True)
    for b in range(n):
        for a in range(b):
            signs = signs * np.sign(k[b] - k[a]).astype(dtype)
    return signs
''',
}
