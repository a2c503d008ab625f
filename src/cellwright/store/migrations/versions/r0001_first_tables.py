"""Makes the first tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, each after what it refers to."""
    _history()
    _steps()
    _lineage()
    _memory()


def _history() -> None:
    op.create_table(
        "snapshots",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("notebook", sa.Text(), nullable=False),
        sa.Column("notebook_path", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("environments", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("modules", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_snapshots")),
        sa.UniqueConstraint("id", name=op.f("uq_snapshots_id")),
    )
    op.create_index(
        op.f("ix_snapshots_notebook_path"), "snapshots", ["notebook_path"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("notebook_path", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("executor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("finished", sa.Text(), nullable=True),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_runs")),
        sa.UniqueConstraint("id", name=op.f("uq_runs_id")),
    )
    op.create_index(op.f("ix_runs_state"), "runs", ["state"], unique=False)


def _steps() -> None:
    op.create_table(
        "step_runs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cache_key", sa.Text(), nullable=True),
        sa.Column("absent", sa.Text(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("peak_memory", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("log", sa.Text(), nullable=True),
        sa.Column("stdout", sa.Text(), nullable=True),
        sa.Column("displays", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("source_run", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"], ["runs.number"], name=op.f("fk_step_runs_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_step_runs")),
        sa.UniqueConstraint("run", "step", "attempt", name=op.f("uq_step_runs_run")),
    )
    op.create_table(
        "cache",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("step_run", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_run"], ["step_runs.number"], name=op.f("fk_cache_step_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cache")),
    )
    op.create_index("ix_cache_step_run", "cache", ["step_run"], unique=False)


def _lineage() -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("serializer", sa.Text(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("type_names", sa.Text(), nullable=False),
        sa.Column("fidelity", sa.Text(), nullable=False),
        sa.Column("meta", sa.Text(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
    )
    op.create_index(op.f("ix_artifacts_digest"), "artifacts", ["digest"], unique=False)
    op.create_table(
        "step_run_artifacts",
        sa.Column("step_run", sa.Integer(), nullable=False),
        sa.Column("output", sa.Boolean(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact"], ["artifacts.id"], name=op.f("fk_step_run_artifacts_artifact")
        ),
        sa.ForeignKeyConstraint(
            ["step_run"],
            ["step_runs.number"],
            name=op.f("fk_step_run_artifacts_step_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("step_run", "output", "port", name=op.f("pk_step_run_artifacts")),
    )
    op.create_index(
        op.f("ix_step_run_artifacts_artifact"), "step_run_artifacts", ["artifact"], unique=False
    )


def _memory() -> None:
    op.create_table(
        "memos",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("written", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "key", name=op.f("pk_memos")),
    )
    op.create_table(
        "stamps",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("verified", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_stamps")),
    )
