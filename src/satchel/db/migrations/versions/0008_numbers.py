"""Numbers of instances from sequences, in place of a counter that is locked."""

from satchel.db.migrations.sql import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Turn each counter into a sequence that continues from it."""
    run_sql("0008_numbers.sql")
