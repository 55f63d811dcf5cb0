"""Results that no memory can hold."""

import numpy as np
import pytest

import einsdiff as ed


def test_a_result_that_cannot_fit_is_refused_before_it_is_allocated():
    function = ed.diff("L = (T_ij - U_ik V_jk)^2", "U", "U").compile()
    T = np.broadcast_to(np.zeros(()), (10**7, 10**7))
    with pytest.raises(ed.InputError) as found:
        function(T=T, V=np.zeros((10**7, 5)))
    message = str(found.value)
    assert "10000000 × 5 × 10000000 × 5 entries, 17.8 PiB" in message
    assert "hvp(" in message


def test_views_take_no_memory():
    f = ed.parse("y = x_i A_ij x_j").compile()
    A = np.broadcast_to(np.ones(()), (10**3, 10**3))
    assert f(A=A, x=np.ones(10**3)) == 10**6


INPUTS = {
    "not contiguous": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "fortran": np.asfortranarray,
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "integer": lambda a: a.astype(np.int64),
    "small integer": lambda a: a.astype(np.int8),
    "single": lambda a: a.astype(np.float32),
    "nested lists": lambda a: a.tolist(),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("wrt", [("w",), ("w", "w")])
def test_arrays_of_every_kind_give_right_results(kind, wrt):
    random = np.random.default_rng(0)
    plain = {"X": np.round(random.standard_normal((60, 40)) * 3), "w": np.round(random.standard_normal(40) * 2)}
    plain["y"] = np.round(random.standard_normal(60))
    function = ed.diff("L = sum_n(softplus(X_ni w_i) - y_n (X_ni w_i))", *wrt).compile()
    wanted = function(**{name: a for name, a in plain.items() if name in function.inputs})
    given = {name: INPUTS[kind](a) for name, a in plain.items() if name in function.inputs}
    for a in given.values():
        if isinstance(a, np.ndarray):
            a.flags.writeable = False
    found = function(**given)
    assert found.dtype == (np.float32 if kind == "single" else np.float64)
    assert found.dtype.isnative
    assert found.flags.writeable
    tolerance = 1e-4 if kind == "single" else 1e-9
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
