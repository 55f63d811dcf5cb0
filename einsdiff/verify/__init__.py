"""Verification: a loop interpreter, finite differences, exact evaluation modulo primes, and verdicts on claims."""
