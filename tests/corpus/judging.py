"""Owns the long look at a notebook: `cellwright verify`, called as a user calls it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Row = dict[str, Any]

OUTCOMES = {
    "equal": "equal",
    "different": "different",
    "pipeline-fails": "different",
    "refused": "refused",
    "notebook-fails": "does not run",
}


def verified_row(path: Path, *, seconds: float, python: str = "") -> Row:
    """Return what a verification says of a notebook whose cells are all steps.

    `python` is the interpreter of the notebooks' environment, this one where it is "".
    After so many seconds it is broken off: that says nothing about Cellwright.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="corpus-") as workspace:
        command = [
            *(sys.executable, "-m", "cellwright.cli.main", "verify", str(path)),
            *("--split", "cells", "--environment", "current", "--executor", "process"),
            *("--python", python or sys.executable, "--workspace", workspace, "--json"),
        ]
        process = subprocess.Popen(
            command,
            env={**os.environ, "MPLBACKEND": "Agg", "CELLWRIGHT_DEBUG": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return {"outcome": "no time", "seconds": seconds}
    row: Row = {"seconds": round(time.monotonic() - begun, 1)}
    try:
        document = json.loads(out)
    except ValueError:
        return {**row, "outcome": "crashed", "detail": err[-4000:]}
    outcome = OUTCOMES[document["verdict"]]
    failed = document["failed_steps"] if document["verdict"] == "pipeline-fails" else []
    if failed and all(step["kind"] == "output" for step in failed):
        outcome = "refused"  # at the end of the step that made what cannot travel
    return {**row, "outcome": outcome, **_told(document)}


def _told(document: Row) -> Row:
    """Return what is worth keeping of the document, by what it is about."""
    report = document["reports"][0] if document["reports"] else {"comparisons": [], "counts": {}}
    found = {
        "counts": report["counts"],
        "failure": document["failure"],
        "failed_steps": document["failed_steps"],
        "differences": [
            each
            for each in report["comparisons"]
            if each["likeness"] in ("different", "unstable", "unknown")
        ],
        "findings": [
            {
                "rule": each["code"],
                "message": each["message"],
                "cell": each["cell"],
                "line": each["line"],
                "source": "",
            }
            for each in document["diagnostics"]
            if each["severity"] == "error"
        ],
    }
    return {key: value for key, value in found.items() if value}


def _end(process: "subprocess.Popen[str]") -> None:
    """Stop in order, as Ctrl-C does: steps and kernels have sessions of their own."""
    process.send_signal(signal.SIGINT)
    for patience in (5, 10):
        try:
            process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        else:
            return
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
