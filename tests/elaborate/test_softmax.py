"""softmax_i keeps its index, whatever stands in it: it is open outside."""

import re

import numpy as np
import pytest

import einsdiff as ed
from einsdiff.verify.loops import evaluate

X, B, C, V = np.array([0.3, 0.7, -0.2]), np.array([1.0, 2.0, 5.0]), np.array([2.0, -1.0, 0.5]), np.array([1.0, 3.0])


def p(z):
    return np.exp(z) / np.exp(z).sum()


CASES = [
    ("R_ik = V_i + softmax_k(V_i) b_k",        V[:, None] + B / 3),
    ("R_ik = V_i softmax_k(2) b_k + V_i",      V[:, None] * B / 3 + V[:, None]),
    ("R_i = softmax_i(1) + b_i",               B + 1 / 3),
    ("R_i = softmax_i(sum_i(b_i)) b_i + 1",    B / 3 + 1),
    ("s = softmax_i(x_i^2) softmax_i(b_i^2)",  p(X * X) @ p(B * B)),
    ("s = (softmax_i(x_i^2) + b_i) c_i",       (p(X * X) + B) @ C),
    ("s = (softmax_i(x_i x_i) + b_i)^2",       ((p(X * X) + B) ** 2).sum()),
    ("s = softmax_i(x_i x_i) c_i",             p(X * X) @ C),
    ("softmax_i(x_i x_i)",                     p(X * X)),
    ("softmax_i(x_i) softmax_i(b_i)",          p(X) @ p(B)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_softmax_keeps_its_index(text, wanted):
    given = {
        name: a for name, a in (("x", X), ("b", B), ("c", C), ("V", V)) if re.search(rf"\b{name}_", text.split("=")[-1])
    }
    np.testing.assert_allclose(evaluate(text, given).result, wanted)
    np.testing.assert_allclose(ed.parse(text).compile()(**given), wanted)


def test_softmax_alone_on_the_right_needs_its_index_on_the_left():
    with pytest.raises(ed.EinsdiffError, match="i stands alone"):
        ed.parse("s = softmax_i(x_i x_i)")
