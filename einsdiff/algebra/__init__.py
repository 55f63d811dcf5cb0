"""The expression graph: closed tensors, their makers, their canonical labels, and walks over them."""

from einsdiff.algebra import pickling as pickling
