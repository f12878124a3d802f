"""Satchel: a self-hosted process server in which files travel with the work."""

__version__ = "0.1.0"
