"""Absences with substitutes, and calendars of working time."""

from satchel.db.migrations.sql import run_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0012_absences.sql`."""
    run_sql("0012_absences.sql")
