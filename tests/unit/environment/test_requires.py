"""What distributions need of each other, and which optional needs change what they do."""

import pytest

from cellwright.environment.distributions import read_installed
from cellwright.environment.memo import MemoryMemo
from cellwright.environment.requires import Needs
from support.installing import MARKERS, install, interpreter


@pytest.fixture
def needs(tmp_path):
    def read():
        return Needs(read_installed(interpreter(tmp_path), memo=MemoryMemo()), MARKERS)

    return read


def test_the_closure_follows_needs_that_hold_here(tmp_path, needs):
    install(tmp_path, "top", requires=["mid>=1", 'winonly; sys_platform == "win32"'])
    install(tmp_path, "mid", "2.0", requires=["leaf"])
    install(tmp_path, "leaf", "3.0")
    install(tmp_path, "winonly")

    assert needs().closure(["top"], extras={}).pins == {"leaf": "3.0", "mid": "2.0", "top": "1.0"}


def test_extras_count_where_they_are_asked_for(tmp_path, needs):
    install(tmp_path, "top", requires=['speed; extra == "fast"', 'inner[deep]; extra == "fast"'])
    install(tmp_path, "inner", requires=['deepest; extra == "deep"'])
    for name in ("speed", "deepest"):
        install(tmp_path, name)

    plain = needs().closure(["top"], extras={})
    fast = needs().closure(["top"], extras={"top": ("fast",)})

    assert set(plain.pins) == {"top"}
    assert set(fast.pins) == {"top", "speed", "inner", "deepest"}


def test_what_is_not_there_or_does_not_fit_is_told(tmp_path, needs):
    install(tmp_path, "top", requires=["gone", "old>=2"])
    install(tmp_path, "old", "1.5")

    found = needs().closure(["top"], extras={})

    assert found.missing == ("gone",)
    assert found.conflicts == ("old",)


def test_an_optional_dependency_counts_when_it_is_declared_present_and_imported(tmp_path, needs):
    requires = [
        'arrow; extra == "arrow"',
        'absent; extra == "all"',
        'unused; extra == "all"',
        'pytest; extra == "test"',
        'typed; extra == "all"',
        'lazy-one; extra == "all"',
    ]
    code = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import typed\n\n    from typed import x\n"
        "import pytest, absent\n"
        "def read():\n    lazy = import_optional_dependency('lazy_one.sub')\n"
        "    try:\n        import arrow\n    except ImportError:\n        pass\n"
        "import undeclared\n"
    )
    files = {"frames/__init__.py": code, "frames/tests/test_x.py": "import unused\n"}
    install(tmp_path, "frames", files=files, requires=requires)
    for name in ("arrow", "unused", "pytest", "typed", "lazy-one", "undeclared"):
        install(tmp_path, name)

    assert needs().soft("frames") == ("arrow", "lazy-one")


def test_old_metadata_tells_its_needs_too(tmp_path, needs):
    info = tmp_path / "old-1.0.egg-info"
    info.mkdir()
    (info / "top_level.txt").write_text("old\n")
    (info / "requires.txt").write_text(
        "leaf>=1\n\n[fast]\nspeed\n\n[:sys_platform == 'win32']\nwin\n"
    )
    for name in ("leaf", "speed", "win"):
        install(tmp_path, name)

    assert set(needs().closure(["old"], extras={}).pins) == {"old", "leaf"}
    assert set(needs().closure(["old"], extras={"old": ["fast"]}).pins) == {"old", "leaf", "speed"}
