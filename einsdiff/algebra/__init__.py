"""The expression graph: closed tensors, their makers, their canonical labels, and walks over them."""
