"""Owns how much the properties try: fixed seeds and about a minute, or chance and hours."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("CELLWRIGHT_EXAMPLES", "0"))
"""Examples of each property, drawn by chance; 0 for the fixed few that every run tries."""


def budget(examples: int) -> settings:
    """Return the settings of a property that tries so many examples in an ordinary run."""
    return settings(
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
