"""Findings about a notebook: what they are, which there are, how they print."""
