"""Moves of running instances to a later version, and apps that are retired."""

from satchel.db.migrations.sql import run_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0010_moves.sql`."""
    run_sql("0010_moves.sql")
