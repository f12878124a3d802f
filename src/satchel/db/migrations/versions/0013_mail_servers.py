"""Mail servers of accounts."""

from satchel.db.migrations.sql import run_sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0013_mail_servers.sql`."""
    run_sql("0013_mail_servers.sql")
