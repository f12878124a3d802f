"""The identity of the store, and the constant that the key of secrets is checked against."""

from satchel.db.migrations.sql import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0007_store.sql`."""
    run_sql("0007_store.sql")
