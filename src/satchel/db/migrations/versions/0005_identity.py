"""Ceilings of storage; sign-in by account; secrets that apps are granted."""

from satchel.db.migrations.sql import run_sql

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change everything that `0005_identity.sql` says."""
    run_sql("0005_identity.sql")
