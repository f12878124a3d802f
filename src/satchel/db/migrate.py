"""Brings a database to this release's schema.

Safe to call from several processes at once: Alembic runs in one transaction under an advisory lock
(`migrations/env.py`), so the first migrates and the others wait and find nothing to do.
"""

import asyncio
import threading

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

_ALEMBIC = threading.Lock()
"""Alembic's `context` and `op` are one per process: two threads may not migrate at once, even different databases."""


async def migrate(dsn: str) -> None:
    """Run every step that the database at `dsn` has not had.

    Raises:
        psycopg.OperationalError: the database cannot be reached.
    """
    await asyncio.to_thread(_upgrade, dsn)


def _upgrade(dsn: str) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", "satchel.db:migrations")
    config.set_main_option("path_separator", "os")
    with _ALEMBIC, engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
