"""The table of derivations whose symbolic time is measured, and the time that each may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Derivation:
    """A text in which # stands for a number that makes names new; `shapes` are those it is planned for."""

    name: str
    text: str
    wrt: tuple[str, ...]
    limit: float | None
    shapes: dict[str, tuple[int, ...]]


def residual(layers: int) -> Derivation:
    """Return the gradient of a residual net of tanh layers with a squared loss."""
    lines = ["h0_i = x#_i"]
    lines += [f"h{k}_i = h{k - 1}_i + tanh(W#z{k}[i,j] h{k - 1}_j)" for k in range(1, layers + 1)]
    shapes: dict[str, tuple[int, ...]] = {f"W#z{k}": (3, 3) for k in range(1, layers + 1)}
    text = "\n".join([*lines, f"L = (h{layers}_i - y#_i)^2"])
    return Derivation(
        f"residual net of {layers} layers, gradient", text, ("W#z1",), None, {**shapes, "x#": (3,), "y#": (3,)}
    )


LOGISTIC, REGRESSION = "L = sum_n(log(1 + exp(-y#_n X#_ni w#_i)))", {"X#": (4, 3), "y#": (4,), "w#": (3,)}
LAYER, NEURON = "L = mean_n((max(0, w#_i X#_ni + b#) - y#_n)^2)", {**REGRESSION, "b#": ()}
SOFTMAX = "L = -t#_i log(softmax_i(z#_i))"

LOGITS = {"z#": (3,), "t#": (3,)}
PLAIN, PRODUCT = {"x#": (3,), "A#": (3, 3)}, {"T#": (4, 3), "U#": (4, 2), "V#": (3, 2)}

# fmt: off
DERIVATIONS = (
    #          name                              text                                wrt            limit  planned for
    Derivation("quadratic form, gradient",       "y = x#_i A#_ij x#_j",              ("x#",),       0.010, PLAIN),
    Derivation("least squares, gradient",        "L = (X#_ni w#_i - y#_n)^2",        ("w#",),       0.010, REGRESSION),
    Derivation("ReLU neuron, gradient",          LAYER,                              ("w#",),       0.010, NEURON),
    Derivation("logistic loss, gradient",        LOGISTIC,                           ("w#",),       0.010, REGRESSION),
    Derivation("quadratic form, Hessian",        "y = x#_i A#_ij x#_j",              ("x#", "x#"),  0.050, PLAIN),
    Derivation("logistic loss, Hessian",         LOGISTIC,                           ("w#", "w#"),  0.050, REGRESSION),
    Derivation("|T-UV'|^2, Hessian",             "L = (T#_ij - U#_ik V#_jk)^2",      ("U#", "U#"),  0.050, PRODUCT),
    Derivation("softmax cross-entropy, Hessian", SOFTMAX,                            ("z#", "z#"),  0.100, LOGITS),
    residual(10), residual(100), residual(1000),
)
# fmt: on
