"""A formula from Wikipedia, a gradient from NumPy, and a square matrix that hides that one of them is transposed.

A reader takes ∂(aᵀXb)/∂X = b aᵀ from the table "Scalar-by-matrix identities" of Wikipedia's page on matrix calculus,
puts it into gradient descent, and the loss hardly falls.  X is square, so no shape tells.  Is the formula wrong, or the
code?
"""

import numpy as np

import einsdiff as ed

FORMULA = "∂(a' X b)/∂X = b a'"
LOSS = "s = (a_i X_ij b_j - 1)^2"
X = np.array([[0.5, -1.0, 0.25], [2.0, 0.75, -0.5], [1.0, 0.25, 1.5]])
inputs = {"a": np.array([1.0, -0.5, 0.25]), "b": np.array([0.5, 1.0, -1.0])}


def loss(X: np.ndarray) -> float:
    """(aᵀ X b − 1)²."""
    return float((inputs["a"] @ X @ inputs["b"] - 1) ** 2)


def by_formula(X: np.ndarray) -> np.ndarray:
    """The gradient of the loss, with b aᵀ from the table."""
    return 2 * (inputs["a"] @ X @ inputs["b"] - 1) * np.outer(inputs["b"], inputs["a"])


def by_differences(X: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """The gradient of the loss, entry by entry."""
    gradient = np.zeros_like(X)
    for i, j in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[i, j] = h
        gradient[i, j] = (loss(X + step) - loss(X - step)) / (2 * h)
    return gradient


print("1. The formula is right, in the layout of its column of the table:")
print(ed.check(FORMULA))

print()
print("2. The layouts of the two arrays:")
print("   by the formula:    ", ed.which_layout(LOSS, "X", by_formula(X), X=X, **inputs))
print("   by differences:    ", ed.which_layout(LOSS, "X", by_differences(X), X=X, **inputs))

print()
print("3. What can be subtracted from X has the shape of X, entry by entry: denominator layout.  There it is")
print("   ", ed.diff("s = a_i X_ij b_j", "X").matrix(layout="denominator"))
print(ed.check(FORMULA, layout="denominator"))

print()
print("4. Ten steps of gradient descent, with the formula as it was and transposed:")
for name, gradient in (("b aᵀ", by_formula), ("a bᵀ", lambda X: by_formula(X).T)):
    Y = X.copy()
    for _ in range(10):
        Y = Y - 0.1 * gradient(Y)
    print(f"   {name}: the loss goes from {loss(X):.4f} to {loss(Y):.4f}")
