"""The notebook's own Python is found as Jupyter finds it."""

import json
import os
import sys

import pytest

from cellwright.base.errors import ToolError, UsageError
from cellwright.diagnostics.diagnostic import Report
from cellwright.environment.interpreter import describe, find_interpreter, fingerprint
from cellwright.environment.memo import FolderMemo, MemoryMemo
from support.installing import install, interpreter


@pytest.fixture
def kernels(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "nothing"))

    def add(name, argv, **spec):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, **spec}))

    return add


def wrapper(path):
    path.write_text(f'#!/bin/sh\necho started >> "{path}.log"\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
    return path


def find(kernel, memo=None, report=None, **options):
    return find_interpreter(
        kernel, memo=memo or MemoryMemo(), report=Report() if report is None else report, **options
    )


def test_the_python_of_the_kernelspec_is_taken(kernels, tmp_path):
    python = wrapper(tmp_path / "mypython")
    kernels("mine", [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    report = Report()

    found = find("Mine", report=report)

    assert found.path == str(python)
    assert found.version == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert "json" in found.stdlib
    assert not list(report)


def test_a_bare_python_is_the_one_that_jupyter_runs_on(kernels):
    kernels("bare", ["python3", "-m", "ipykernel_launcher"])

    assert find("bare").path == sys.executable


def test_a_missing_kernel_is_reported_and_the_running_python_stands_in():
    report = Report()

    found = find("no-such-kernel", report=report)

    assert found.path == sys.executable
    (diagnostic,) = report
    assert diagnostic.rule.code == "ENV404"
    assert "`no-such-kernel` is not installed here" in diagnostic.message


def test_a_kernel_whose_python_is_gone_is_reported(kernels):
    kernels("gone", ["/no/such/python", "-m", "ipykernel_launcher"])
    report = Report()

    find("gone", report=report)

    assert [one.rule.code for one in report] == ["ENV404"]


def test_variables_of_the_kernelspec_count(kernels, tmp_path):
    (tmp_path / "lib").mkdir()
    kernels("vars", [sys.executable], env={"PYTHONPATH": str(tmp_path / "lib")})

    assert str(tmp_path / "lib") in find("vars").search


def test_a_known_interpreter_is_not_started_again(tmp_path):
    python = wrapper(tmp_path / "python-wrapper")
    memo = FolderMemo(tmp_path / "memo")

    first, second = describe(str(python), memo=memo), describe(str(python), memo=memo)

    assert first == second
    assert (tmp_path / "python-wrapper.log").read_text() == "started\n"


def test_something_else_than_python_is_an_error_of_the_machine():
    with pytest.raises(ToolError, match="does not answer as a Python does"):
        describe("/bin/true", memo=MemoryMemo())


def test_a_path_may_be_asked_for():
    assert find("", python=sys.executable).path == sys.executable


def test_the_version_that_the_kernel_has_needs_no_search():
    assert find("", python=f"{sys.version_info[0]}.{sys.version_info[1]}").path == sys.executable


def test_a_version_that_is_not_here_is_the_users_mistake():
    with pytest.raises(UsageError, match=r"no Python 3\.99 here"):
        find("", python="3.99")


def test_the_fingerprint_changes_with_each_installation(tmp_path):
    python = interpreter(tmp_path)
    install(tmp_path, "alpha")
    before = fingerprint(python)
    unchanged = fingerprint(python)

    install(tmp_path, "beta")
    after = fingerprint(python)
    os.utime(tmp_path / "alpha-1.0.dist-info", ns=(1, 1))

    assert before == unchanged
    assert len({before, after, fingerprint(python)}) == 3
