"""Indexes of uploads by user, incidents by instance, tasks by group, and of the work list."""

from satchel.db.migrations.sql import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0009_indexes.sql`."""
    run_sql("0009_indexes.sql")
