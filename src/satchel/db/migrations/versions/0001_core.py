"""The core schema: accounts, apps, instances, tasks, files, uploads, history."""

from satchel.db.migrations.sql import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0001_core.sql`."""
    run_sql("0001_core.sql")
