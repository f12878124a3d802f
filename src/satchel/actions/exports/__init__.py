"""Exports and schedules: what a search finds, as one archive."""
