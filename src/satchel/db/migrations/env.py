"""Alembic's entry: one connection, one transaction for all steps, under an advisory lock.

The lock is taken before Alembic reads which step the database is at, so that of several processes that start at once
one migrates and the others find the work done.
"""

from alembic import context
from sqlalchemy import Connection, text

MIGRATION_LOCK = 0x5A7C_4E11
"""The advisory lock's key: any constant that nobody else on the database uses."""


def run(connection: Connection) -> None:
    """Bring the database behind `connection` to the newest step."""
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


run(context.config.attributes["connection"])
