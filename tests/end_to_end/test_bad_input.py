"""Whatever is wrong with the input: what, where, how to mend it, and the right exit code."""

import json
import os
import subprocess
import sys

import pytest

from support.cli import cellwright, write_notebook

HERE = ("--executor", "process", "--environment", "current")


def codes(said):
    return {row["code"] for row in said.json()["diagnostics"]}


def store_is_whole(folder):
    """Every row has its object, every object hashes to its name, and a run still works."""
    good = write_notebook(folder / "good.ipynb", ("step:a", "x = 1"), ("step:b", "print(x)"))
    said = cellwright("run", good, *HERE, "--json", folder=folder)
    assert said.code == 0, said.err
    assert said.json()["steps"]["b"]["stdout"] == "1\n"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> b\n",
        b"[" * 100_000,
        b'{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [], "nbformat": 99, "nbformat_minor": 0, "metadata": {}}',
        b'{"cells": [], "nbformat": "4", "nbformat_minor": 0, "metadata": {}}',
    ],
    ids=["empty", "cut", "list", "null", "bytes", "conflict", "deep", "cells", "99", "text"],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path, payload):
    (tmp_path / "bad.ipynb").write_bytes(payload)

    said = cellwright("run", "bad.ipynb", *HERE, "--json", folder=tmp_path)

    assert said.code == 3
    assert "NB001" in codes(said)


def test_a_notebook_of_another_language_is_refused(tmp_path):
    kernel = {"name": "ir", "display_name": "R", "language": "R"}
    info = {"name": "R"}
    path = write_notebook(
        tmp_path / "r.ipynb",
        ("step:a", "x <- 1"),
        metadata={"kernelspec": kernel, "language_info": info},
    )

    said = cellwright("check", path, "--json", folder=tmp_path)

    assert said.code == 3
    assert "NB002" in codes(said)


def test_huge_outputs_do_not_matter(tmp_path):
    path = write_notebook(tmp_path / "big.ipynb", ("step:a", "print(1)"))
    document = json.loads(path.read_text())
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    document["cells"][0]["outputs"] = [text]
    path.write_text(json.dumps(document))

    said = cellwright("check", path, folder=tmp_path, timeout=30)

    assert said.code == 0


@pytest.mark.parametrize(
    ("cells", "code", "cell", "line"),
    [
        ([("step:a", "x = 1\nx = = 1")], "NB004", 1, 2),
        ([("step:a", "x = 1"), ("step:b", "%store x")], "NB005", 2, 1),
        ([("", "x = 1")], "TAG110", None, None),
        ([("step:bad name!", "x = 1")], "TAG103", 1, None),
        ([("step:", "x = 1")], "TAG103", 1, None),
        ([("step:load", "x = 1"), ("step:Load", "y = 1")], "TAG109", 2, None),
        ([(["step:a", "skip"], "x = 1")], "TAG102", 1, None),
        ([("step:a", "x = 1"), ("step:b", "print(x)\nprint(missing)")], "FLOW201", 2, 2),
        ([("step:a", "x = 1"), (["step:b", "prev:none"], "y = 1")], "TAG105", 2, None),
        (
            [(["step:a", "prev:b"], "x = 1"), (["step:b", "prev:a"], "y = 1")],
            "PIPE301",
            None,
            None,
        ),
        ([("step:a", "import surely_not_installed_zz\nx = 1")], "ENV401", 1, 1),
    ],
    ids=[
        "syntax",
        "magic",
        "no-tags",
        "bad-name",
        "empty-name",
        "case",
        "conflict",
        "unbound",
        "no-such-step",
        "cycle",
        "distribution",
    ],
)
def test_a_mistake_in_the_notebook_is_named_at_its_place(tmp_path, cells, code, cell, line):
    path = write_notebook(tmp_path / "bad.ipynb", *cells)

    said = cellwright("run", path, *HERE, "--json", folder=tmp_path)

    assert said.code == 3
    found = [row for row in said.json()["diagnostics"] if row["code"] == code]
    assert found, said.out
    assert found[0]["severity"] == "error"
    assert cell is None or found[0]["cell"] == cell
    assert line is None or found[0]["line"] == line
    text = cellwright("check", path, folder=tmp_path)
    assert text.code == 3
    assert f"error[{code}]" in text.out


def test_a_parameter_that_is_not_there_is_a_usage_error(tmp_path):
    path = write_notebook(
        tmp_path / "n.ipynb", ("parameters", "rate = 0.1"), ("step:a", "print(rate)")
    )

    said = cellwright("run", path, *HERE, "-p", "rates=1", folder=tmp_path)

    assert said.code == 2
    assert "did you mean `rate`" in said.err


def test_a_step_that_is_not_there_is_a_usage_error(tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", ("step:train", "x = 1"))

    said = cellwright("run", path, *HERE, "--steps", "trian", folder=tmp_path)

    assert said.code == 2
    assert "train" in said.err


def test_a_missing_notebook_is_a_usage_error(tmp_path):
    said = cellwright("run", "nowhere.ipynb", folder=tmp_path)

    assert said.code == 2
    assert "nowhere.ipynb" in said.err


FAILING = {
    "raises": ("data = [1]\n\ndata[3]", "exception", "IndexError: list index out of range", 3),
    "helper": ("def f(v):\n    return 1 / v\nf(0)", "exception", "ZeroDivisionError", 2),
    "exits": ("import leaving\nleaving.politely()", "exit", "3", 2),
    "vanishes": ("import leaving\nleaving.at_once()", "exit", "exit code 0", None),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed", "", None),
    "output": ("import leaving\nx = {'guard': leaving.guard()}", "output", "x", None),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_step_that_fails_is_named_with_cell_and_line(tmp_path, name):
    source, kind, words, line = FAILING[name]
    (tmp_path / "leaving.py").write_text(  # in words that the compiler does not see through
        "import os, sys, threading\n"
        "def found(module, name): return vars(module)[''.join(reversed(name))]\n"
        "def politely(): found(sys, 'tixe')(3)\n"
        "def at_once(): found(os, 'tixe_')(0)\n"
        "def guard(): return found(threading, 'kcoL')()\n"
    )
    path = write_notebook(
        tmp_path / "fails.ipynb",
        ("step:first", "y = 1"),
        ("step:fails", source),
        ("step:last", "print(x)" if name == "output" else "print(y)"),
        ("step:apart", "print('still here')"),
    )

    said = cellwright("run", path, *HERE, "--json", folder=tmp_path)

    assert said.code == 1, said.out + said.err
    steps = said.json()["steps"]
    assert steps["fails"]["state"] == "failed"
    failure = steps["fails"]["failure"]
    assert failure["kind"] == kind
    assert words in failure["message"] + failure["traceback"] + failure["hint"]
    assert line is None or (failure["cell"], failure["line"]) == (2, line)
    assert steps["first"]["state"] == "succeeded"
    assert steps["apart"]["state"] == "succeeded"
    store_is_whole(tmp_path)


def test_a_step_that_runs_too_long_is_stopped(tmp_path):
    path = write_notebook(tmp_path / "slow.ipynb", ("step:slow", "import time\ntime.sleep(600)"))
    document = json.loads(path.read_text())
    document["cells"][0]["metadata"]["cellwright"] = {"timeout": 1}
    path.write_text(json.dumps(document))

    said = cellwright("run", path, *HERE, "--json", folder=tmp_path, timeout=60)

    assert said.code == 1
    failure = said.json()["steps"]["slow"]["failure"]
    assert failure["kind"] == "timeout"
    assert "1 s" in failure["message"]
    store_is_whole(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="needs to mount a tmpfs")
def test_a_full_disk_is_said_and_the_store_stays_whole(tmp_path):
    home = tmp_path / "small"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(home)]
    subprocess.run(mount, check=True)
    try:
        path = write_notebook(
            home / "fills.ipynb",
            ("step:fills", "blob = bytes(range(256)) * 400_000"),
            ("step:reads", "print(len(blob))"),
        )

        said = cellwright("run", path, *HERE, "--json", folder=home)

        assert said.code in (1, 4), said.out
        assert "space" in (said.out + said.err).lower() or "disk" in (said.out + said.err).lower()
        store_is_whole(home)
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)
