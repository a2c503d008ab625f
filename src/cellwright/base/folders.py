"""Owns the names of folders that hold what tools made of the work, never the work."""

SKIPPED_FOLDERS = frozenset({".cellwright", ".git", ".ipynb_checkpoints", "__pycache__"})
