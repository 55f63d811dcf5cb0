"""Print a module for research code that shall run without einsdiff.

    python examples/embedded_source.py > examples/embedded/log_loss.py

The module needs NumPy only, and is text that a colleague can read and a journal can print.  examples/embedded/study.py
uses it.
"""

import einsdiff as ed

loss = ed.parse("L = sum_n(softplus(X_ni w_i) - y_n X_ni w_i)")
program = ed.compile(loss, ed.diff(loss, "w"), ed.diff(loss, "w", "w"))
print(program.source, end="")
