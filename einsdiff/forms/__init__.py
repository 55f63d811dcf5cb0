"""Writing: index text and LaTeX of expressions, and the terms of their contractions."""
