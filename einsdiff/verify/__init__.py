"""Verification: a loop interpreter, finite differences, and exact evaluation modulo a prime, each on its own."""
