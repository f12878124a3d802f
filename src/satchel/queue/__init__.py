"""Enqueues jobs by name and arguments inside a transaction; knows no handler."""
