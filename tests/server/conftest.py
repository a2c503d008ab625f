"""A Jupyter Server with our extension, for the tests in this folder."""

import pytest

# A star import, not `pytest_plugins`: its autouse fixtures are to hold for this folder only.
# They close the event loop, which other tests' synchronous browser keeps open.
from pytest_jupyter.jupyter_server import *  # noqa: F403


@pytest.fixture
def jp_server_config():
    return {
        "ServerApp": {
            "jpserver_extensions": {"cellwright.server": True},
            "allow_unauthenticated_access": False,
        },
        "CellwrightExtension": {"max_body_bytes": 100_000},
    }
