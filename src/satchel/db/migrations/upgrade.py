"""The process that migrates: `python -m satchel.db.migrations.upgrade`, with the DSN on standard input."""

import sys

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool


def upgrade(dsn: str, step: str = "head") -> None:
    """Run every step up to `step` that the database at `dsn` has not had."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", "satchel.db:migrations")
    config.set_main_option("path_separator", "os")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, step)
        connection.commit()


if __name__ == "__main__":
    upgrade(sys.stdin.read())
