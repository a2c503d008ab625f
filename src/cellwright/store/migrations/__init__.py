"""The versions of the ledger's tables, applied by Alembic."""
