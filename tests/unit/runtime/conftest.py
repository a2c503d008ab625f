import os
import sys
from pathlib import Path

import pytest

from support.attempts import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """Return steps that run on this Python, or on the one that a variable names."""
    return Steps(tmp_path, python=os.environ.get("CELLWRIGHT_STEP_PYTHON", sys.executable))
