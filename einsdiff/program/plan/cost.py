"""What a plan costs, as one number by which plans for the same results are compared."""

from __future__ import annotations

from einsdiff.program.plan.steps import AnyStep, Assemble, Contract, Length, Literal, Map, Plan, View
from einsdiff.program.plan.table import flops

TOUCHED = 16  # the operations that take as long as reading or writing one entry
FUNCTION = 20  # those that take as long as one value of a function
STEP = 25_000  # those that take as long as the call that carries out a step


def cost(plan: Plan) -> int:
    """Return what all steps cost, in operations of a large product of matrices."""
    return sum(_cost(plan, step) for step in plan.steps)


def _cost(plan: Plan, step: AnyStep) -> int:
    if isinstance(step, Literal | Length | View):
        return 0
    made = plan.values[step.target].entries
    touched = made + sum(plan.values[op.value].entries for op in step.operands)
    work = flops(plan, step)
    if isinstance(step, Contract) and len(step.operands) == 2 and step.operands[0].value == step.operands[1].value:
        work //= 2  # BLAS makes one half of a symmetric product
    if isinstance(step, Map):
        work *= FUNCTION
    if isinstance(step, Assemble):
        touched += made
    return STEP + work + TOUCHED * touched
