"""Rewriting that keeps the value: the identities, the form a person would write, and the normal form."""
