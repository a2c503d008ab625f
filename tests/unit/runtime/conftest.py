from pathlib import Path

import pytest

from support.attempts import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)
