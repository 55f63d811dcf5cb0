"""The systems: each module gives `calls`, the ways in which one system solves a problem."""
