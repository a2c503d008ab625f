"""Makes the table of equivalence reports."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; there are no reports yet."""
    op.create_table(
        "equivalences",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("equal", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["runs.number"], name=op.f("fk_equivalences_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_equivalences")),
    )
    op.create_index(op.f("ix_equivalences_run"), "equivalences", ["run"], unique=False)
    op.create_index(op.f("ix_equivalences_snapshot"), "equivalences", ["snapshot"], unique=False)
