"""Values of each account's environment."""

from satchel.db.migrations.sql import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0011_environment.sql`."""
    run_sql("0011_environment.sql")
