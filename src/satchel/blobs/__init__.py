"""Immutable bytes, named by account and SHA-256, behind one store contract."""
