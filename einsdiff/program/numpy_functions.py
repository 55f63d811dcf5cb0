"""How NumPy spells the scalar functions, and the few functions that the generated source has to bring along."""

from __future__ import annotations

# fmt: off
SPELLINGS = {
    # `{0}`, `{1}`, … are the arguments, `{dtype}` is their common dtype, `{helper}` a function below of the same name
    "exp":      "np.exp({0})",
    "expm1":    "np.expm1({0})",
    "log":      "np.log({0})",
    "log1p":    "np.log1p({0})",
    "sqrt":     "np.sqrt({0})",
    "sin":      "np.sin({0})",
    "cos":      "np.cos({0})",
    "tan":      "np.tan({0})",
    "asin":     "np.arcsin({0})",
    "acos":     "np.arccos({0})",
    "atan":     "np.arctan({0})",
    "sinh":     "np.sinh({0})",
    "cosh":     "np.cosh({0})",
    "tanh":     "np.tanh({0})",
    "asinh":    "np.arcsinh({0})",
    "acosh":    "np.arccosh({0})",
    "atanh":    "np.arctanh({0})",
    "sigmoid":  "{helper}({0})",
    "softplus": "{helper}({0})",
    "erf":      "{helper}({0})",
    "abs":      "np.abs({0})",
    "sign":     "np.sign({0})",
    "relu":     "np.maximum({0}, 0)",
    "max":      "np.maximum({0}, {1})",
    "min":      "np.minimum({0}, {1})",
    "gt":       "np.greater({0}, {1}).astype({dtype})",
    "ge":       "np.greater_equal({0}, {1}).astype({dtype})",
    "lt":       "np.less({0}, {1}).astype({dtype})",
    "le":       "np.less_equal({0}, {1}).astype({dtype})",
    "eq":       "np.equal({0}, {1}).astype({dtype})",
    "ne":       "np.not_equal({0}, {1}).astype({dtype})",
    "where":    "np.where(np.not_equal({0}, 0), {1}, {2})",
    "pow":      "np.power({0}, {1})",
}
# fmt: on

HELPERS = {
    "sigmoid": '''\
def {name}(x):
    """Return 1 / (1 + exp(-x)) without overflow."""
    if np.iscomplexobj(x):
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(np.less(x, 0), small, 1) / (1 + small)
''',
    "softplus": '''\
def {name}(x):
    """Return log(1 + exp(x)) without overflow."""
    if np.iscomplexobj(x):
        return np.log1p(np.exp(x))
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
''',
    "erf": '''\
def {name}(x):
    """Return the error function, entry by entry."""
    return np.vectorize(math.erf, otypes=[np.result_type(x, np.float32)])(x)
''',
    "logsumexp": '''\
def {name}(x, axis):
    """Return log(sum(exp(x))) along the axes without overflow; -inf where there is nothing to sum."""
    top = x.real.max(axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)
''',
    "logdet": '''\
def {name}(A):
    """Return log(det(A)): -inf where the determinant is 0, nan where it is negative."""
    sign, size = np.linalg.slogdet(A)
    if np.iscomplexobj(sign):
        return np.log(sign) + size
    return np.where(np.less(sign, 0), np.nan, size)
''',
    "adj": '''\
def {name}(A):
    """Return the cofactors of A, transposed: det(A) inv(A), of singular matrices, too."""
    U, s, V = np.linalg.svd(A)
    others = np.where(np.eye(len(s), dtype=bool), 1, s).prod(axis=1).astype(s.dtype)
    return np.linalg.det(U) * np.linalg.det(V) * (V.conj().T * others) @ U.conj().T
''',
    "levi_civita": '''\
def {name}(n, dtype):
    """Return the array of the signs of all permutations of n axes."""
    signs = np.ones((n,) * n, dtype)
    k = np.indices(signs.shape, sparse=True)
    for b in range(n):
        for a in range(b):
            signs = signs * np.sign(k[b] - k[a]).astype(dtype)
    return signs
''',
}
