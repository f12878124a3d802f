"""Queries: conditions on instances, read from JSON, query strings and criteria."""
