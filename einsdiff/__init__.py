"""Differentiate tensors in index notation, as on paper, and run the result."""
