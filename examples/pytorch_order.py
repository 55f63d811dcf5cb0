"""Converting a Jacobian from PyTorch order to denominator layout.

`torch.autograd.functional.jacobian` returns an array with the axes of the result, then those of the variable.  A text
in denominator layout has the axes of the variable first and those of the result reversed.  Both shapes often fit into
the next formula, so the order is better checked than remembered.

PyTorch is not needed here: as PyTorch does it, one backward pass is made for each entry of the result, and the passes
are stacked.
"""

import numpy as np

import einsdiff as ed
from einsdiff.layouts import arrange, arrange_matrix

LAYER = "Y_st = tanh(X_si W_it + b_t)"
X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5]])  # 2 samples of 3 numbers
W = np.array([[0.1, -0.4, 0.3, 0.2, -0.1], [0.2, 0.5, -0.3, 0.4, 0.1], [-0.2, 0.1, 0.6, -0.5, 0.3]])
b = np.array([0.1, 0.0, -0.1, 0.2, 0.05])


def backward(u: np.ndarray) -> np.ndarray:
    """What `torch.autograd.grad(Y, W, u)` returns: Σ_st u_st ∂Y_st/∂W."""
    Y = np.tanh(X @ W + b)
    return X.T @ (u * (1 - Y**2))


jacobian = np.zeros((2, 5, 3, 5))
for s, t in np.ndindex(2, 5):
    one = np.zeros((2, 5))
    one[s, t] = 1
    jacobian[s, t] = backward(one)

inputs = {"X": X, "W": W, "b": b}
print("the derivative:    ", ed.diff(LAYER, "W"))
print("as from PyTorch:   ", jacobian.shape, ed.which_layout(LAYER, "W", jacobian, **inputs))

# The axes of Y are s t, those of W are i j.
order = "".join(arrange("st", "ij", "denominator"))
denominator = np.einsum(f"stij->{order}", jacobian)
print(f"stij -> {order}:     ", denominator.shape, ed.which_layout(LAYER, "W", denominator, **inputs))

# Two ways that come to mind: one is another layout, and one is none.
swapped = jacobian.transpose(2, 3, 0, 1)
print("axes of W in front:", swapped.shape, ed.which_layout(LAYER, "W", swapped, **inputs))
flat = jacobian.reshape(2 * 5, 3 * 5)
print("reshape(10, 15):   ", flat.shape, ed.which_layout(LAYER, "W", flat, **inputs))

# A matrix of Magnus and Neudecker stacks columns, and reshape stacks rows: the axes have to be turned first.
rows, columns = arrange_matrix("st", ["ij"], "vec")
vec = np.einsum(f"stij->{''.join(rows + columns)}", jacobian).reshape(2 * 5, 3 * 5)
print("∂vec Y/∂(vec W)ᵀ:  ", vec.shape, ed.which_layout(LAYER, "W", vec, **inputs))

# The chain rule in denominator layout: the inner derivative stands first, and the axes of Y meet as brackets do.
loss = "L = sum_{s,t}((Y_st - T_st)^2)"
Y, T = np.tanh(X @ W + b), np.linspace(-1, 1, 10).reshape(2, 5)
outer = ed.diff(loss, "Y").compile(layout="denominator")(Y=Y, T=T)
gradient = np.tensordot(denominator, outer, ([3, 2], [0, 1]))
wanted = ed.diff(f"{LAYER}; {loss}", "W").compile(layout="denominator")(**inputs, T=T)
print("\ngradient of a loss, by the chain rule in denominator layout:")
print(gradient.round(3))
print("the same as from one formula:", np.allclose(gradient, wanted))
