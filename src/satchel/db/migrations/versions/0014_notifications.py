"""Notifications of people, their choices, reminders of tasks and mails."""

from satchel.db.migrations.sql import run_sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0014_notifications.sql`."""
    run_sql("0014_notifications.sql")
