"""Compares a pipeline with its notebook: both run, and everything both made is held together."""
