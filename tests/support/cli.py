"""Calls the command line as a user does: another process, a folder, arguments."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict:
        """Return the one JSON document on its standard output."""
        return json.loads(self.out)


def cellwright(*arguments: object, folder: Path, timeout: float = 300, **variables: str) -> Said:
    """Run `cellwright` in a folder and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "cellwright.cli.main", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "CELLWRIGHT_WORKSPACE": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert "Traceback (most recent call last)\n  File" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def write_notebook(
    path: Path, *cells: tuple[str | list[str], str], metadata: dict | None = None
) -> Path:
    """Write a notebook of code cells, each a tag (or several) and a source."""
    rows = []
    for index, (tags, source) in enumerate(cells, start=1):
        names = [tags] if isinstance(tags, str) else list(tags)
        rows.append(
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "execution_count": None,
                "metadata": {"tags": [name for name in names if name]},
                "outputs": [],
                "source": source,
            }
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {
        "cells": rows,
        "metadata": {"kernelspec": kernel, **(metadata or {})},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
