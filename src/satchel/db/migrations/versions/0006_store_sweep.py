"""How far the sweep of the store came."""

from satchel.db.migrations.sql import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0006_store_sweep.sql`."""
    run_sql("0006_store_sweep.sql")
