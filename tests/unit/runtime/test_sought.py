"""Files that the cells look for in vain are told of, with the place; nothing else is."""

from pathlib import Path

import pytest

from cellwright.runtime import sought as module
from cellwright.runtime.faults import StepFault
from cellwright.runtime.place import Place
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
    "glob, hidden": ("import glob\nglob.glob('*', include_hidden=True)", ("glob-all", "*")),
    "os.remove": ("import os\nos.remove('a.txt')", ("file", "a.txt")),
    "os.unlink": ("import os\nos.unlink('a.txt')", ("file", "a.txt")),
    "os.rmdir": ("import os\nos.rmdir('d')", ("file", "d")),
    "os.rename": ("import os\nos.rename('a.txt', 'b.txt')", ("file", "a.txt")),
    "os.replace": ("import os\nos.replace('a.txt', 'b.txt')", ("file", "a.txt")),
    "os.link": ("import os\nos.link('a.txt', 'b.txt')", ("file", "a.txt")),
    "os.chdir": ("import os\nos.chdir('d')", ("file", "d")),
    "os.truncate": ("import os\nos.truncate('a.txt', 0)", ("file", "a.txt")),
    "os.utime": ("import os\nos.utime('a.txt')", ("file", "a.txt")),
    "os.readlink": ("import os\nos.readlink('a.txt')", ("file", "a.txt")),
    "Path.unlink": ("from pathlib import Path\nPath('a.txt').unlink()", ("file", "a.txt")),
    "resolve strictly": (
        "from pathlib import Path\nPath('a.txt').resolve(strict=True)", ("file", "a.txt")
    ),
    "shutil.rmtree": ("import shutil\nshutil.rmtree('d')", ("file", "d")),
    "shutil.move": ("import shutil\nshutil.move('a.txt', 'b.txt')", ("file", "a.txt")),
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
    "resolved": "from pathlib import Path\nPath('a.txt').resolve().write_text('a')",
    "real path": "import os\nopen(os.path.realpath('a.txt'), 'w').close()",
    "a tree removed": "import shutil\nshutil.rmtree('d', ignore_errors=True)",
    "a deep tree removed": "import os, shutil\nos.makedirs('a/b/c')\nshutil.rmtree('a')",
    "walked by folders": "import os\nos.makedirs('a/b/c')\nlist(os.fwalk('a/b', topdown=False))",
    "removed or not": "from pathlib import Path\nPath('a.txt').unlink(missing_ok=True)",
    "removed and renamed": (
        "import os\nos.rename('given.txt', 'a.txt')\nos.truncate('a.txt', 0)\nos.remove('a.txt')"
    ),
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

    assert found == []


OTHERS = sorted(Path.home().glob(".pyenv/versions/3.1[2-9]*/bin/python"))
WALKS = "from pathlib import Path\nPath('d').mkdir()\nlist(Path('d').walk())"


@pytest.mark.parametrize("python", OTHERS, ids=lambda path: path.parts[-3])
def test_other_versions_of_python_ask_in_other_ways(steps: Steps, python: Path) -> None:
    steps.python = str(python)

    for name, (source, expected) in {**IN_VAIN, "walk": (WALKS, ("folder", "d"))}.items():
        assert expected in [(each.kind, each.path) for each in sought(steps, source)], name
    for name, source in FOUND.items():
        assert sought(steps, source) == [], name


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


MANY = """
import os
for i in range(10_000): os.path.exists(f'/nowhere/{i}')
for i in range(3): os.path.exists(f'/nowhere/more/{i}')
os.path.exists('some/where/a.txt')
os.path.exists('a.txt')
"""


def test_of_very_many_files_looked_for_the_folders_of_the_last_are_told(steps: Steps) -> None:
    found = steps.ok(MANY).manifest.files_sought

    assert [(each.kind, each.path) for each in found[10_000:]] == [
        ("folder", "/nowhere/more"),
        ("folder", "some/where"),
        ("folder", "."),
    ]


@pytest.mark.parametrize(
    ("kind", "path", "wider"),
    [
        ("file", "a.txt", ("folder", ".")),
        ("file", "d/a.txt", ("folder", "d")),
        ("folder", "d/e", ("glob-all", "d/**/*")),
        ("folder", "d", ("glob-all", "**/*")),
        ("folder", ".", ("glob-all", "./**/*")),
        ("folder", "..", ("glob-all", "../**/*")),
        ("glob", "d/*/x", ("glob-all", "d/**/*")),
        ("glob-all", "**/x", ("glob-all", "**/*")),
    ],
)
def test_what_cannot_be_noted_as_it_is_is_noted_more_widely(kind, path, wider) -> None:
    assert module._wider(kind, path) == wider


def test_what_cannot_be_noted_at_all_fails_the_step(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    notes = module.Sought(str(tmp_path), str(tmp_path / "work"), {}, Place.shared())

    for number in (0, 1, 2, 3, 3):
        notes.touches(f"/nowhere/{number}/a.txt")
    notes.touches("/nowhere/3/b.txt")
    notes.check()
    notes.touches("/nowhere/5/a.txt")

    assert len(notes.records()) == 4
    with pytest.raises(StepFault, match="more files that are not there"):
        notes.check()
