"""The types of the page are those of the server."""

from pathlib import Path

import pytest

from cellwright.server.typescript import typescript

SCHEMA = Path(__file__).parents[2] / "labextension" / "src" / "api" / "schema.ts"


def test_the_typescript_types_are_current():
    if not SCHEMA.is_file():
        pytest.skip("the front end's sources are not here")

    assert SCHEMA.read_text(encoding="utf-8") == typescript(), (
        "run: python -m cellwright.server.typescript labextension/src/api/schema.ts"
    )
