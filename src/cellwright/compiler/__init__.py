"""Notebook bytes to pipeline: pure passes, no file, clock, network or environment."""
