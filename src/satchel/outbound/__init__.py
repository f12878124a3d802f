"""Outbound calls: every request of Satchel to another system uses this package."""
