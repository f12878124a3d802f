"""Service tasks: each kind of call, its attempts and its record."""
