"""The embedded PostgreSQL: its binaries, data directory and process."""
