"""Holds Cellwright to notebooks that other people wrote, cut at every cell."""
