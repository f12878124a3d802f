"""The table of the forms that people submitted, which they go on seeing.

Of forms that were submitted before this step nothing is known but the names of their fields: the history has no
values. Their submitters see that they did the work, without values.
"""

from satchel.db.migrations.sql import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything in `0003_submitted_forms.sql`."""
    run_sql("0003_submitted_forms.sql")
