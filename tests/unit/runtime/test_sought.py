"""Files that the cells look for in vain are told of, with the place; nothing else is."""

import pytest

from support.attempts import Steps

IN_VAIN = {
    "open": ("open('a.txt')", ("file", "a.txt")),
    "add to": ("open('a.txt', 'a')", ("file", "a.txt")),
    "make, unless it is there": ("open('a.txt', 'x')", ("file", "a.txt")),
    "os.open": ("import os\nos.open('a.txt', os.O_RDWR | os.O_CREAT)", ("file", "a.txt")),
    "bytes": ("open(b'a.txt')", ("file", "a.txt")),
    "in a folder": ("open('d/../d/a.txt')", ("file", "d/a.txt")),
    "above": ("open('../a.txt')", ("file", "../a.txt")),
    "elsewhere": ("open('/nowhere/a.txt')", ("file", "/nowhere/a.txt")),
    "after chdir": ("import os\nos.mkdir('d')\nos.chdir('d')\nopen('a.txt')", ("file", "d/a.txt")),
    "sqlite": ("import sqlite3\nsqlite3.connect('a.db')", ("file", "a.db")),
    "os.stat": ("import os\nos.stat('a.txt')", ("file", "a.txt")),
    "os.path.exists": ("import os\nos.path.exists('a.txt')", ("file", "a.txt")),
    "os.path.isdir": ("import os\nos.path.isdir('d')", ("file", "d")),
    "os.path.islink": ("import os\nos.path.islink('a.txt')", ("file", "a.txt")),
    "os.access": ("import os\nos.access('a.txt', os.R_OK)", ("file", "a.txt")),
    "within a file": ("open('f', 'w').close()\nimport os\nos.path.exists('f/a')", ("file", "f/a")),
    "Path.exists": ("from pathlib import Path\nPath('a.txt').exists()", ("file", "a.txt")),
    "Path.is_file": ("from pathlib import Path\nPath('a.txt').is_file()", ("file", "a.txt")),
    "os.listdir": ("import os\nos.listdir()", ("folder", ".")),
    "os.scandir": ("import os\nos.mkdir('d')\nlist(os.scandir('d'))", ("folder", "d")),
    "os.walk": ("import os\nlist(os.walk('.'))", ("folder", ".")),
    "Path.iterdir": ("from pathlib import Path\nlist(Path('.').iterdir())", ("folder", ".")),
    "glob": ("import glob\nglob.glob('*.csv')", ("glob", "*.csv")),
    "glob, root": ("import glob\nglob.glob('*.csv', root_dir='d')", ("glob", "d/*.csv")),
    "glob, deep": ("import glob\nglob.glob('**/a', recursive=True)", ("glob", "**/a")),
    "glob, not deep": ("import glob\nglob.glob('**/a')", ("glob", "*/a")),
    "Path.glob": ("from pathlib import Path\nlist(Path('.').glob('*.csv'))", ("glob-all", "*.csv")),
    "Path.rglob": (
        "from pathlib import Path\nlist(Path('.').rglob('*.csv'))", ("glob-all", "**/*.csv")
    ),
    "mailbox": ("import mailbox\nmailbox.mbox('a.mbox')", ("file", "a.mbox")),
    "in a thread": (
        "import threading\nt = threading.Thread(target=lambda: open('a.txt'))\nt.start()\nt.join()",
        ("file", "a.txt"),
    ),
}  # fmt: skip

FOUND = {
    "is there": "open('given.txt').read()\nimport os\nos.path.exists('given.txt')",
    "is made": "open('a.txt', 'w').close()\nopen('a.txt').read()",
    "is a folder made": "import os\nos.makedirs('a/b', exist_ok=True)\nos.path.isdir('a/b')",
    "pathlib makes": (
        "from pathlib import Path\nPath('a/b').mkdir(parents=True)\nPath('a/b/c').write_text('c')"
    ),
    "copied": "import shutil\nshutil.copy('given.txt', 'a.txt')",
    "an import": "try:\n    import not_there\nexcept ImportError:\n    pass",
    "metadata": "import importlib.metadata\nlist(importlib.metadata.distributions())[:1]",
    "an open file": "import os\nwith open('given.txt') as f:\n    os.stat(f.fileno())",
    "a warning": "import warnings\nwarnings.warn('x')",
    "a temporary file": "import tempfile\nwith tempfile.NamedTemporaryFile() as f:\n    pass",
    "json": "import json, csv, random, datetime, decimal\njson.dumps([1])",
}


def sought(steps: Steps, source: str) -> list:
    attempt = steps.run("x = 1", f"try:\n    pass\nfinally:\n    y = 1\n{_guarded(source)}",
                        files={"work/given.txt": "given"})  # fmt: skip
    assert attempt.manifest.state == "succeeded", attempt.log
    return attempt.manifest.files_sought


def _guarded(source: str) -> str:
    """Return code that goes on whatever happens, as libraries do."""
    lines = "".join(f"    {line}\n" for line in source.split("\n"))
    return f"try:\n{lines}except Exception:\n    pass"


@pytest.mark.parametrize(("source", "expected"), IN_VAIN.values(), ids=IN_VAIN)
def test_what_is_looked_for_in_vain_is_told(steps: Steps, source: str, expected: tuple) -> None:
    found = sought(steps, source)

    assert expected in [(each.kind, each.path) for each in found]
    first = next(each for each in found if (each.kind, each.path) == expected)
    assert (first.cell, 6 <= first.line <= 9) == (3, True)


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_what_is_there_and_what_is_no_part_of_the_work_is_not(steps: Steps, source: str) -> None:
    found = sought(steps, source)

    assert [each for each in found if not each.path.startswith("/")] == []


def test_the_place_is_where_the_cells_own_code_asks(steps: Steps) -> None:
    attempt = steps.run(
        "def asks(name):\n    import os\n    return os.path.exists(name)", "z = 1\nasks('a.txt')"
    )

    (found,) = attempt.manifest.files_sought
    assert (found.path, found.cell, found.line) == ("a.txt", 2, 3)


def test_a_question_behaves_as_it_does_elsewhere(steps: Steps) -> None:
    steps.ok(
        "import os, inspect, pickle, shutil\n"
        "assert os.stat in os.supports_dir_fd and os.stat in os.supports_fd\n"
        "assert {os.open, os.stat, os.unlink, os.rmdir} <= os.supports_dir_fd\n"
        "assert 'follow_symlinks' in inspect.signature(os.stat).parameters\n"
        "assert pickle.loads(pickle.dumps(os.stat)) is os.stat\n"
        "assert os.stat.__name__ == 'stat' and os.stat('.').st_mode\n"
        "assert os.stat(0) and os.lstat('.').st_ino == os.stat('.').st_ino\n"
        "assert os.access('.', os.R_OK) and not os.access('none', os.R_OK)\n"
        "try:\n    os.stat('none')\nexcept FileNotFoundError as error:\n"
        "    assert error.filename == 'none'\n"
        "os.makedirs('d/e')\nshutil.rmtree('d')\nassert not os.path.exists('d')"
    )
