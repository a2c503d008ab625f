"""Owns the tables of the ledger, and the number of their newest version."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0003"
"""The revision in `migrations/versions` that makes these tables; revisions sort as text."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# JSON is kept as text: it is read whole, never asked into, and may hold NaN. Times are
# ISO 8601 text in UTC with microseconds, which sorts as it should.

artifacts = Table(
    "artifacts",
    metadata,
    # The same bytes can be several artifacts (`1` under two names): the id covers all.
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("serializer", Text, nullable=False),
    Column("members", Text, nullable=False),
    Column("type_names", Text, nullable=False),
    Column("fidelity", Text, nullable=False),
    Column("meta", Text, nullable=False),
    Column("preview", Text, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("parent", Text),
    Column("notebook", Text, nullable=False),
    Column("notebook_path", Text, nullable=False, index=True),
    Column("pipeline", Text, nullable=False),
    Column("environments", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("modules", Text, nullable=False),
    Column("created", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    # Order is by number: a clock that is set back must not reorder history.
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("snapshot", Text, nullable=False),
    Column("notebook_path", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("executor", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("started", Text, nullable=False),
    Column("finished", Text),
    Column("steps", Text, nullable=False),
)

step_runs = Table(
    "step_runs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("runs.number", ondelete="CASCADE"), nullable=False),
    Column("step", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("cache_key", Text),
    Column("absent", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("peak_memory", BigInteger, nullable=False),
    Column("started", Text),
    Column("environment", Text),
    Column("log", Text),
    Column("stdout", Text),
    Column("displays", Text),
    Column("failure", Text),
    Column("source_run", Text),
    Column("sought", Text),
    Column("left_behind", Text),
    UniqueConstraint("run", "step", "attempt"),
)

step_run_artifacts = Table(
    "step_run_artifacts",
    metadata,
    Column(
        "step_run", Integer, ForeignKey("step_runs.number", ondelete="CASCADE"), primary_key=True
    ),
    Column("output", Boolean, primary_key=True),
    Column("port", Text, primary_key=True),
    Column("artifact", Text, ForeignKey("artifacts.id"), nullable=False, index=True),
)

cache = Table(
    "cache",
    metadata,
    Column("key", Text, primary_key=True),
    Column("step_run", Integer, ForeignKey("step_runs.number", ondelete="CASCADE"), nullable=False),
    Column("parts", Text, nullable=False),
)
Index("ix_cache_step_run", cache.c.step_run)

equivalences = Table(
    "equivalences",
    metadata,
    Column("number", Integer, primary_key=True),
    Column(
        "run", Integer, ForeignKey("runs.number", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("snapshot", Text, nullable=False, index=True),
    Column("equal", Boolean, nullable=False),
    Column("report", Text, nullable=False),
    Column("created", Text, nullable=False),
)

memos = Table(
    "memos",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("written", Float, nullable=False),
)

stamps = Table(
    "stamps",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("verified", Float, nullable=False),
)
