"""The job queue's tables: Procrastinate's own schema, at the version that pyproject.toml pins.

Moving to another Procrastinate means another step here that runs its migrations, not an edit of this one.
"""

from procrastinate.schema import SchemaManager

from satchel.db.migrations.sql import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create Procrastinate's tables, types and functions."""
    run_script(SchemaManager.get_schema())
