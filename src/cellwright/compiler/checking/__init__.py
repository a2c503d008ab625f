"""The rules about what was found: what stands in the way, and what to look at."""
