"""Enqueues jobs by name and arguments inside a transaction; imports no handler."""
