"""Deliveries that wait or were given up, which monitoring counts."""

from satchel.db.migrations.sql import run_sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0015_unfinished_deliveries.sql`."""
    run_sql("0015_unfinished_deliveries.sql")
