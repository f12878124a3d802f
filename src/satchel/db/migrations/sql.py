"""Runs a migration's SQL file as it is written."""

from importlib.resources import files

from alembic import op
from psycopg import Connection


def run_sql(name: str) -> None:
    """Run `versions/<name>` in the migration's transaction."""
    run_script((files("satchel.db.migrations") / "versions" / name).read_text(encoding="utf-8"))


def run_script(script: str) -> None:
    """Run several statements at once, past SQLAlchemy, which would read `:` and `%` as parameters."""
    connection = op.get_bind().connection.driver_connection
    if not isinstance(connection, Connection):
        raise TypeError("migrations run on a psycopg connection")
    connection.execute(script.encode())
