"""Adds to step runs the files that were looked for, and those that were left behind."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; of earlier step runs nothing is known."""
    for name in ("sought", "left_behind"):
        op.add_column("step_runs", sa.Column(name, sa.Text(), nullable=True))
