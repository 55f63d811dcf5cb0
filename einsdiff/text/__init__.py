"""Reading: index notation, matrix notation, LaTeX and declarations → a tree that knows its places."""
