"""Identities of inverse and orthogonal matrices: what cancels."""

from __future__ import annotations

from fractions import Fraction

from einsdiff.algebra import build
from einsdiff.algebra.build import Entry
from einsdiff.algebra.nodes import Expr, Factor, MatrixFunction, Product, Tensor
from einsdiff.simplify.products import reassemble, without


def inverse_cancels(node: Product) -> Entry | None:
    """A⁻¹_ij A_jk = δ_ik = A_ij A⁻¹_jk;  A_ij adj(A)_jk = det(A) δ_ik;  Q_ij Q_kj = δ_ik for an orthogonal Q."""
    bound = set(node.bound)
    counts: dict[int, int] = {}
    for f in node.factors:
        for label in f.labels:
            counts[label] = counts.get(label, 0) + 1
    for a, f in enumerate(node.factors):
        if f.exponent != 1 or len(f.labels) != 2:
            continue
        for b, g in enumerate(node.factors):
            if b == a or g.exponent != 1 or len(g.labels) != 2:
                continue
            for mine, other in _cancelling(f, g):
                shared = f.labels[mine]
                if shared == g.labels[other] and shared in bound and counts[shared] == 2:
                    left, right = f.labels[1 - mine], g.labels[1 - other]
                    size = node.label_sizes[left]
                    rest = [h for k, h in enumerate(node.factors) if k not in (a, b)]
                    return reassemble(node, rest, [build.delta(left, right, size), nothing(node, shared), *_left(f)])
    for a, f in enumerate(node.factors):
        if f.exponent == 2 and _is_orthogonal(f.node):
            for mine in (0, 1):
                shared = f.labels[mine]
                if shared in bound and counts[shared] == 1:
                    left = f.labels[1 - mine]
                    rest = without(node, a)
                    one = build.ones(left, node.label_sizes[left])
                    return reassemble(node, rest, [one, nothing(node, shared)])
    return None


def _cancelling(f: Factor, g: Factor) -> list[tuple[int, int]]:
    """Return the pairs of axes over which the product of two matrices is δ."""
    if isinstance(f.node, MatrixFunction) and f.node.argument is g.node:
        is_symmetric = any(p == (1, 0) and sign == 1 for p, sign in build.symmetries_of(g.node))
        return [(0, 1), (1, 0), (0, 0), (1, 1)] if is_symmetric else [(0, 1), (1, 0)]
    if f.node is g.node and _is_orthogonal(f.node):
        return [(0, 0), (1, 1)]
    return []


def _left(f: Factor) -> list[Entry]:
    """Return what A leaves beside δ: det(A) of adj(A), nothing of A⁻¹."""
    node = f.node
    if not isinstance(node, MatrixFunction) or node.function != "adj":
        return []
    return [Entry(MatrixFunction("det", node.argument), ())]


def inverse_opens(node: Product) -> Entry | None:
    """A⁻¹_ij (A_jk x_k) = A⁻¹_ij A_jk x_k, where what stands in the parenthesis cancels."""
    for label in node.bound:
        ends = [(k, f, f.labels.index(label)) for k, f in enumerate(node.factors) if label in f.labels]
        if len(ends) != 2 or any(f.exponent != 1 or f.labels.count(label) > 1 for _, f, _ in ends):
            continue
        matrices = [_end(f, axis) for _, f, axis in ends]
        if None in matrices or not any(isinstance(f.node, Product) for _, f, _ in ends):
            continue
        (f, mine), (g, other) = (m for m in matrices if m is not None)
        if (mine, other) in _cancelling(f, g) or (other, mine) in _cancelling(g, f):
            opened = [(k, f) for k, f, _ in ends if isinstance(f.node, Product)]
            rest = [f for k, f in enumerate(node.factors) if all(k != n for n, _ in opened)]
            return reassemble(node, rest, [Entry(f.node, f.labels) for _, f in opened])
    return None


def _end(f: Factor, axis: int) -> tuple[Factor, int] | None:
    """Return the matrix whose axis is an axis of a factor, and which of its axes: the factor itself or one inside."""
    if not isinstance(f.node, Product):
        return (f, axis) if len(f.labels) == 2 else None
    label = f.node.out[axis]
    inside = [g for g in f.node.factors if label in g.labels]
    if len(inside) != 1 or f.node.out.count(label) > 1 or len(set(inside[0].labels)) != 2 or inside[0].exponent != 1:
        return None
    return inside[0], inside[0].labels.index(label)


def length_is_kept(node: Product) -> Entry | None:
    """Σ_i (Q_ij v_j)^2 = v_j^2 for an orthogonal Q."""
    for k, f in enumerate(node.factors):
        if f.exponent != 2 or not isinstance(f.node, Product):
            continue
        for axis, label in enumerate(f.labels):
            if label not in node.bound or sum(g.labels.count(label) for g in node.factors) > 1:
                continue
            end = _end(f._replace(exponent=1), axis)
            if end is None or not _is_orthogonal(end[0].node):
                continue
            turned = _without_end(f.node, axis, *end)
            if turned is not None:
                squared = build.power(build.rename(turned, dict(enumerate(f.labels))), 2)
                return reassemble(node, without(node, k), [squared])
    return None


def _without_end(node: Product, axis: int, matrix: Factor, mine: int) -> Entry | None:
    """Return v_j at the axis of i, for a product Q_ij v_j; None where j is not summed."""
    other = matrix.labels[1 - mine]
    if other not in node.bound:
        return None
    out = [other if n == axis else label for n, label in enumerate(node.out)]
    rest = [(Entry(f.node, f.labels), f.exponent, False) for f in node.factors if f is not matrix]
    covered = {w for e, _, _ in rest for w in e.wires}
    rest += [(build.ones(k, node.label_sizes[k]), 1, False) for k in {*node.bound, *out} - covered - {node.out[axis]}]
    found = build.product(rest, [b for b in node.bound if b != other], node.coefficient)
    return build.rename(found, {label: n for n, label in enumerate(out)})


def _is_orthogonal(node: Expr) -> bool:
    return isinstance(node, Tensor) and "orthogonal" in node.assumed


def nothing(node: Product, label: int) -> Entry:
    """Return a factor that sums to one over a label that no factor holds any more."""
    return build.unit(label, node.label_sizes[label], 1)


def inverse_of_inverse(node: MatrixFunction) -> Entry | None:
    """(A⁻¹)⁻¹ = A;  adj A⁻¹ = A/det A;  det A⁻¹ = 1/det A;  log det A⁻¹ = −log det A."""
    inner = node.argument
    if not isinstance(inner, MatrixFunction) or inner.function != "inv":
        return None
    match node.function:
        case "inv":
            return Entry(inner.argument, (0, 1))
        case "adj":
            det = Entry(MatrixFunction("det", inner.argument), ())
            return build.multiply(Entry(inner.argument, (0, 1)), build.power(det, -1))
        case "det":
            return build.power(Entry(MatrixFunction("det", inner.argument), ()), -1)
        case _:
            return build.scale(-1, Entry(MatrixFunction("logdet", inner.argument), ()))


def inverse_of_a_product(node: MatrixFunction) -> Entry | None:
    """(A B⁻¹)⁻¹ = B A⁻¹, and (A⁻¹ B)⁻¹ = B⁻¹ A."""
    argument = node.argument
    if node.function != "inv" or not isinstance(argument, Product) or len(argument.factors) != 2:
        return None
    (f, g), out = argument.factors, argument.out
    is_chain = all(len(set(h.labels)) == len(h.labels) == 2 and h.exponent == 1 for h in (f, g))
    if not is_chain or len(set(f.labels) & set(g.labels)) != 1 or not any(map(_is_inverse, (f, g))):
        return None
    dual: dict[int, int] = {out[0]: 1, out[1]: 0}
    turned = []
    for h in (f, g):
        inverse = inverse_of_inverse(MatrixFunction("inv", h.node)) or Entry(MatrixFunction("inv", h.node), (0, 1))
        at = {1 - axis: dual.get(label, 2) for axis, label in enumerate(h.labels)}
        turned.append(build.rename(inverse, at))
    return build.scale(1 / Fraction(argument.coefficient), build.multiply(*turned, bound=[2]))


def _is_inverse(f: Factor) -> bool:
    return isinstance(f.node, MatrixFunction) and f.node.function == "inv"
