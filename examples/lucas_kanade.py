"""Register two images as Lucas and Kanade did, to parts of a pixel.

The method is that of B. D. Lucas and T. Kanade, "An iterative image registration technique with an application to
stereo vision" (IJCAI 1981): Gauss-Newton steps make the squared differences of the two small.  The images are two views
of one photograph of a cat, data/cat_1.csv and data/cat_2.csv.  How they were cut out tells the answer: the second is to
be read 0.75 pixels higher and 1.25 pixels further right; see data/README.md.

Between its pixels an image is read as the mean of the pixels around, with weights exp(-distance^2 / 2).  That is index
text too, and so the derivative needs no hand-made image gradients.
"""

from pathlib import Path

import numpy as np

import einsdiff as ed

DATA = Path(__file__).parent / "data"
A = np.loadtxt(DATA / "cat_1.csv", delimiter=",", skiprows=1)
B = np.loadtxt(DATA / "cat_2.csv", delimiter=",", skiprows=1)

pixels = np.arange(len(A), dtype=float)
inner = pixels[6:-6]  # where both images have pixels all around
GAIN = 2 * np.pi  # the sum of all weights


def gauss_newton(residual, jacobian, start, **arrays):
    """Return the parameters of the least squared residual, and print the way there."""
    both = ed.compile(residual, jacobian)
    parameters = start
    for step in range(5):
        r, J = both(**parameters, **arrays)
        ((name, value),) = parameters.items()
        shown = "  ".join(f"{number:6.2f}" for number in value.ravel().round(2) + 0.0)
        print(f"{step:4}      {np.sqrt(np.mean(r**2)) / GAIN:6.3f}   {shown}")
        change = np.linalg.lstsq(J.reshape(r.size, value.size), r.ravel())[0]
        parameters = {name: value - change.reshape(value.shape)}
    return parameters[name]


# A shift: the rows are read at v_y + d_1, the columns at v_x + d_2.
shifted = ed.parse("""
    P_ya = exp(-(u_a - v_y - d_1)^2 / 2)
    Q_xb = exp(-(u_b - v_x - d_2)^2 / 2)
    S_ya = exp(-(u_a - v_y)^2 / 2)
    r_yx = P_ya B_ab Q_xb - S_ya A_ab S_xb
""")
by_shift = ed.diff(shifted, "d")
print(by_shift)

print("\nstep  difference   shift")
d = gauss_newton(shifted, by_shift, {"d": np.zeros(2)}, A=A, B=B, u=pixels, v=inner)

# An affine map: the point h = (row, column, 1) is read at M h.  The middle of the image is the origin.
mapped = ed.parse("""
    P_pa = exp(-(u_a - M_1j h_pj)^2 / 2)
    Q_pb = exp(-(u_b - M_2j h_pj)^2 / 2)
    S_pa = exp(-(u_a - h[p,1])^2 / 2)
    T_pb = exp(-(u_b - h[p,2])^2 / 2)
    r_p = P_pa B_ab Q_pb - S_pa A_ab T_pb
""")
by_map = ed.diff(mapped, "M")
print()
print(by_map)

middle = pixels.mean()
rows, columns = np.meshgrid(inner - middle, inner - middle, indexing="ij")
h = np.column_stack([rows.ravel(), columns.ravel(), np.ones(rows.size)])
print("\nstep  difference   affine map, row by row")
M = gauss_newton(mapped, by_map, {"M": np.eye(2, 3)}, A=A, B=B, u=pixels - middle, h=h)
