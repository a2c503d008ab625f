"""Cellwright: tag the cells, and the notebook is a pipeline."""

__version__ = "0.1.0"
