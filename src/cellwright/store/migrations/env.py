"""Owns how Alembic runs here: in the transaction that the caller has opened."""

from alembic import context

from cellwright.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction is around all of it
)
context.run_migrations()
