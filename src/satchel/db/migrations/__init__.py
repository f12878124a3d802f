"""The schema, in order: plain SQL files that Alembic runs under an advisory lock."""
