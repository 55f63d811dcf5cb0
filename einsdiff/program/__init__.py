"""From closed expressions to a contraction plan, straight-line source text, and a function that runs."""
