"""How the array libraries spell scalar functions and operations: one row each, one column a library.

`{0}`, `{1}`, … are the arguments and `{dtype}` tells their common dtype: to PyTorch as an array that has it.  Any other
word in braces is a function that the source brings along.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One function or operation in each library."""

    numpy: str
    torch: str
    jax: str


# fmt: off
FUNCTIONS = {
    #               NumPy                                         PyTorch                                    JAX
    "exp":      Row("np.exp({0})",                                "torch.exp({0})",                          "jnp.exp({0})"),
    "expm1":    Row("np.expm1({0})",                              "torch.expm1({0})",                        "jnp.expm1({0})"),
    "log":      Row("np.log({0})",                                "torch.log({0})",                          "jnp.log({0})"),
    "log1p":    Row("np.log1p({0})",                              "torch.log1p({0})",                        "jnp.log1p({0})"),
    "sqrt":     Row("np.sqrt({0})",                               "torch.sqrt({0})",                         "jnp.sqrt({0})"),
    "sin":      Row("np.sin({0})",                                "torch.sin({0})",                          "jnp.sin({0})"),
    "cos":      Row("np.cos({0})",                                "torch.cos({0})",                          "jnp.cos({0})"),
    "tan":      Row("np.tan({0})",                                "torch.tan({0})",                          "jnp.tan({0})"),
    "asin":     Row("np.arcsin({0})",                             "torch.asin({0})",                         "jnp.arcsin({0})"),
    "acos":     Row("np.arccos({0})",                             "torch.acos({0})",                         "jnp.arccos({0})"),
    "atan":     Row("np.arctan({0})",                             "torch.atan({0})",                         "jnp.arctan({0})"),
    "sinh":     Row("np.sinh({0})",                               "torch.sinh({0})",                         "jnp.sinh({0})"),
    "cosh":     Row("np.cosh({0})",                               "torch.cosh({0})",                         "jnp.cosh({0})"),
    "tanh":     Row("np.tanh({0})",                               "torch.tanh({0})",                         "jnp.tanh({0})"),
    "asinh":    Row("np.arcsinh({0})",                            "torch.asinh({0})",                        "jnp.arcsinh({0})"),
    "acosh":    Row("np.arccosh({0})",                            "torch.acosh({0})",                        "jnp.arccosh({0})"),
    "atanh":    Row("np.arctanh({0})",                            "torch.atanh({0})",                        "jnp.arctanh({0})"),
    "sigmoid":  Row("{sigmoid}({0})",                             "torch.sigmoid({0})",                      "jax.nn.sigmoid({0})"),
    "softplus": Row("{softplus}({0})",                            "{softplus}({0})",                         "jax.nn.softplus({0})"),
    "erf":      Row("{erf}({0})",                                 "torch.erf({0})",                          "jax.scipy.special.erf({0})"),
    "abs":      Row("np.abs({0})",                                "torch.abs({0})",                          "jnp.abs({0})"),
    "sign":     Row("np.sign({0})",                               "{sign}({0})",                             "jnp.sign({0})"),
    "relu":     Row("np.maximum({0}, 0)",                         "torch.relu({0})",                         "jax.nn.relu({0})"),
    "max":      Row("np.maximum({0}, {1})",                       "torch.maximum({0}, {1})",                 "jnp.maximum({0}, {1})"),
    "min":      Row("np.minimum({0}, {1})",                       "torch.minimum({0}, {1})",                 "jnp.minimum({0}, {1})"),
    "gt":       Row("np.greater({0}, {1}).astype({dtype})",       "torch.gt({0}, {1}).to({dtype})",          "jnp.greater({0}, {1}).astype({dtype})"),
    "ge":       Row("np.greater_equal({0}, {1}).astype({dtype})", "torch.ge({0}, {1}).to({dtype})",          "jnp.greater_equal({0}, {1}).astype({dtype})"),
    "lt":       Row("np.less({0}, {1}).astype({dtype})",          "torch.lt({0}, {1}).to({dtype})",          "jnp.less({0}, {1}).astype({dtype})"),
    "le":       Row("np.less_equal({0}, {1}).astype({dtype})",    "torch.le({0}, {1}).to({dtype})",          "jnp.less_equal({0}, {1}).astype({dtype})"),
    "eq":       Row("np.equal({0}, {1}).astype({dtype})",         "torch.eq({0}, {1}).to({dtype})",          "jnp.equal({0}, {1}).astype({dtype})"),
    "ne":       Row("np.not_equal({0}, {1}).astype({dtype})",     "torch.ne({0}, {1}).to({dtype})",          "jnp.not_equal({0}, {1}).astype({dtype})"),
    "where":    Row("np.where(np.not_equal({0}, 0), {1}, {2})",   "torch.where(torch.ne({0}, 0), {1}, {2})", "jnp.where(jnp.not_equal({0}, 0), {1}, {2})"),
    "pow":      Row("np.power({0}, {1})",                         "torch.pow({0}, {1})",                     "jnp.power({0}, {1})"),
}

TRUTHS = {
    #                  NumPy                          PyTorch                        JAX
    "truth gt":    Row("np.greater({0}, {1})",        "torch.gt({0}, {1})",          "jnp.greater({0}, {1})"),
    "truth ge":    Row("np.greater_equal({0}, {1})",  "torch.ge({0}, {1})",          "jnp.greater_equal({0}, {1})"),
    "truth lt":    Row("np.less({0}, {1})",           "torch.lt({0}, {1})",          "jnp.less({0}, {1})"),
    "truth le":    Row("np.less_equal({0}, {1})",     "torch.le({0}, {1})",          "jnp.less_equal({0}, {1})"),
    "truth eq":    Row("np.equal({0}, {1})",          "torch.eq({0}, {1})",          "jnp.equal({0}, {1})"),
    "truth ne":    Row("np.not_equal({0}, {1})",      "torch.ne({0}, {1})",          "jnp.not_equal({0}, {1})"),
    "truth where": Row("np.where({0}, {1}, {2})",     "torch.where({0}, {1}, {2})",  "jnp.where({0}, {1}, {2})"),
}
"""Relations whose values are true or false, and what takes them; their names are those above, after a word."""

OPERATIONS = {
    #                  NumPy                               PyTorch                                                JAX
    # powers and contractions; `{1}` of `transpose` is the order of axes, and of `einsum` the operands
    "sqrt":        Row("np.sqrt({0})",                     "torch.sqrt({0})",                                     "jnp.sqrt({0})"),
    "square":      Row("np.square({0})",                   "torch.square({0})",                                   "jnp.square({0})"),
    "transpose":   Row("{0}.transpose({1})",               "{0}.permute({1})",                                    "{0}.transpose({1})"),
    "pack":        Row("{0}.copy()",                       "{0}.contiguous()",                                    "{0}"),
    "dot":         Row("{0}.dot({1})",                     "{0}.matmul({1})",                                     "{0}.dot({1})"),
    "matmul":      Row("np.matmul({0}, {1})",              "torch.matmul({0}, {1})",                              "jnp.matmul({0}, {1})"),
    "vecdot":      Row("np.vecdot({0}.conj(), {1})",       "torch.linalg.vecdot({0}.conj(), {1})",                "jnp.vecdot({0}.conj(), {1})"),
    "tensordot":   Row("np.tensordot({0}, {1}, {2})",      "torch.tensordot({0}, {1}, {2})",                      "jnp.tensordot({0}, {1}, {2})"),
    "einsum":      Row("np.einsum('{0}', {1})",            "torch.einsum('{0}', {1})",                            "jnp.einsum('{0}', {1})"),
    "column sums": Row("np.ones({0}.shape[0], {0}.dtype).dot({0})", "{0}.sum(dim=0)",                              "{0}.sum(axis=0)"),
    "row sums":    Row("{0}.dot(np.ones({0}.shape[1], {0}.dtype))", "{0}.sum(dim=1)",                              "{0}.sum(axis=1)"),
    # reductions: `{axis}` is the argument that names the axes (`{more}` with a comma), `{axes}` the axes
    "axis":        Row("axis={0}",                         "dim={0}",                                             "axis={0}"),
    "prod":        Row("{0}.prod({axis})",                 "{product}({0}, {axes})",                              "{0}.prod({axis})"),
    "max":         Row("{0}.max({more}initial=-np.inf)",   "{largest}({0}, {axes})",                              "{0}.max({more}initial=-jnp.inf)"),
    "min":         Row("{0}.min({more}initial=np.inf)",    "{smallest}({0}, {axes})",                             "{0}.min({more}initial=jnp.inf)"),
    "logsumexp":   Row("{logsumexp}({0}, {axes})",         "torch.logsumexp({0}, {axes})",                        "jax.nn.logsumexp({0}, {axes})"),
    # matrices
    "inv":         Row("np.linalg.inv({0})",               "torch.linalg.inv({0})",                               "jnp.linalg.inv({0})"),
    "adj":         Row("{adj}({0})",                       "{adj}({0})",                                          "{adj}({0})"),
    "det":         Row("np.linalg.det({0})",               "torch.linalg.det({0})",                               "jnp.linalg.det({0})"),
    "logdet":      Row("{logdet}({0})",                    "torch.logdet({0})",                                   "{logdet}({0})"),
    # a number among the arguments of a function; one where all are numbers; what the function then gives
    "argument":    Row("{0}",                              "{number}({0}, {dtype})",                              "{0}"),
    "alone":       Row("{0}",                              "{number}({0}, {dtype})",                               "jnp.asarray({0}, {dtype})"),
    "value":       Row("{0}.item()",                       "{0}",                                                 "{0}"),
    "branches":    Row("{0}.astype({dtype})",              "{0}",                                                 "{0}.astype({dtype})"),
    "called":      Row("np.asarray({0})",                  "torch.as_tensor({0})",                                "jnp.asarray({0})"),
    # whole arrays: `{1}` is a shape
    "levi_civita": Row("{levi_civita}({0}, {dtype})",      "{levi_civita}({0}, {dtype})",                         "{levi_civita}({0}, {dtype})"),
    "zeros":       Row("np.zeros({1}, {dtype})",           "{dtype}.new_zeros({1})",                              "jnp.zeros({1}, {dtype})"),
    "full":        Row("np.full({1}, {0}, {dtype})",       "{number}({0}, {dtype}).repeat({1})",                  "jnp.full({1}, {0}, {dtype})"),
    "repeat":      Row("np.broadcast_to({0}, {1}).copy()", "{0}.expand({1}).clone()",                             "jnp.broadcast_to({0}, {1})"),
    "mask":        Row("",                                 "torch.where({0}, {1}, 0)",                            "jnp.where({0}, {1}, 0)"),
    "diagonal":    Row("",                                 "torch.eye({0}, dtype=torch.bool, device={2}.device)", "jnp.eye({0}, dtype=bool)"),
    "component":   Row("",                                 "(torch.arange({0}, device={2}.device) == {1})",       "(jnp.arange({0}) == {1})"),
    # what is returned: a number, an array without axes, and a copy where memory would be shared with an input
    "constant":    Row("np.asarray({0}, {dtype})",         "{number}({0}, {dtype})",                              "jnp.asarray({0}, {dtype})"),
    "scalar":      Row("np.asarray({0})",                  "{0}",                                                 "{0}"),
    "scalar copy": Row("np.array({0})",                    "{0}.clone()",                                         "{0}"),
    "copy":        Row("{0}.copy()",                       "{0}.clone()",                                         "{0}"),
    "copy as":     Row("{0}.astype({dtype})",              "{0}.to({dtype}.dtype, copy=True)",                    "{0}.astype({dtype})"),
}
# fmt: on
