"""Benchmarks: the problems, the systems that solve them, and how they are timed."""
