"""What a person at a terminal sees: a table that changes in place, and colours."""

import os
import pty
import re
import subprocess
import sys

from support.cli import write_notebook

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def at_a_terminal(folder, *arguments):
    """Run the command line with a terminal for all its streams; return what it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cellwright.cli.main", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "CELLWRIGHT_WORKSPACE": str(folder), "COLUMNS": "100", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            fresh = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not fresh:
            break
        shown += fresh
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_a_table_shows_every_step_and_its_end(tmp_path):
    path = write_notebook(
        tmp_path / "n.ipynb",
        ("step:load", "x = [1, 2]"),
        (["step:sum", "metrics"], "total = sum(x)\nprint('summed')"),
    )

    code, shown = at_a_terminal(
        tmp_path, "run", path, "--executor", "process", "--environment", "current", "--logs"
    )

    assert code == 0, shown
    assert "\x1b[" in shown
    plain = ESCAPES.sub("", shown)
    assert re.search(r"✔ +load +succeeded", plain)
    assert re.search(r"✔ +sum +succeeded +[\d.]+ s +total = 3", plain)
    assert "sum │ summed" in plain


def test_findings_are_coloured_and_show_the_line(tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", ("step:a", "print(missing)"))

    code, shown = at_a_terminal(tmp_path, "check", path)

    assert code == 3
    assert "\x1b[" in shown
    assert "print(missing)" in ESCAPES.sub("", shown)
