"""The kernel that a pipeline is compared with: what it computes, and what is seen of it."""

import sys
import threading
import time

import pytest

from cellwright.app.compilation import compile_document
from cellwright.app.verification.reference import Scene, reference_run
from cellwright.base.errors import MachineError
from support.notebooks import code, ipynb

QUIET = {"say": lambda _: None, "cancel": threading.Event()}


def scene_of(folder, *cells, chosen=None, interpreter=sys.executable):
    path = folder / "book" / "test.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(ipynb(cells))
    compiled = compile_document(path.read_bytes(), path=str(path))
    assert compiled.pipeline is not None, list(compiled.report)
    defaults = {each.name: each.default for each in compiled.pipeline.parameters}
    return Scene(
        notebook_path=path,
        notebook=compiled.notebook,
        pipeline=compiled.pipeline,
        interpreter=interpreter,
        parameters={**defaults, **(chosen or {})},
        chosen=chosen or {},
    )


def printed(scene):
    with reference_run(scene, **QUIET) as reference:
        assert reference.failure is None
        return {cell: output.stdout for cell, output in reference.outputs.items()}


def test_watching_a_kernel_changes_nothing_in_it(tmp_path):
    scene = scene_of(
        tmp_path,
        code("import random, sys\nrandom.seed(1)\nxs = [1]", "step:a"),
        code("modules = set(sys.modules)\nnames = set(dir())\nxs.append(2)", "step:b"),
        code("y = xs\nprint(sorted(set(sys.modules) - modules), random.random())", "step:c"),
        code("print(sorted(set(dir()) - names), y)", "step:d"),
    )
    import random

    expected = random.Random(1).random()

    found = printed(scene)

    assert found[3] == f"[] {expected}\n"
    assert found[4] == "['_i3', '_i4', 'names', 'y'] [1, 2]\n"


def test_a_value_is_what_it_was_when_the_step_ended(tmp_path):
    scene = scene_of(
        tmp_path,
        code("xs = [1]", "step:a"),
        code("xs.append(2)", "step:b"),
        code("print(xs)", "step:c"),
    )

    with reference_run(scene, **QUIET) as reference:
        previews = [
            reference.captured[step].artifacts[0].preview["xs"]["text"] for step in ("a", "b")
        ]

    assert previews == ["[1]", "[1, 2]"]


def test_one_value_that_cannot_be_saved_hides_no_other(tmp_path):
    scene = scene_of(
        tmp_path,
        code("import importlib\nmodule = importlib.import_module('os')", "imports"),
        code("x = 1\nhandle = getattr(module, 'popen')('true')", "step:a"),
        code("print(x, handle)", "step:b"),
    )

    with reference_run(scene, **QUIET) as reference:
        captured = reference.captured["a"]

    assert list(captured.failed) == ["handle"]
    assert [record.members for record in captured.artifacts] == [["x"]]


def test_derived_parameters_follow_those_that_are_chosen(tmp_path):
    scene = scene_of(
        tmp_path,
        code("base = 'here'\npath = base + '/x.csv'  # a comment", "parameters"),
        code("print(path)", "step:a"),
        chosen={"base": "'there'"},
    )

    assert printed(scene)[2] == "there/x.csv\n"


def test_files_are_written_beside_a_copy_of_the_notebook(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "in.txt").write_text("hello")
    (tmp_path / "above.txt").write_text("above")
    scene = scene_of(
        tmp_path,
        code("text = open('in.txt').read() + open('../above.txt').read()", "step:a"),
        code("with open('in.txt', 'w') as f:\n    f.write('changed')\nprint(text)", "step:b"),
    )

    assert printed(scene)[2] == "helloabove\n"
    assert (tmp_path / "book" / "in.txt").read_text() == "hello"


def test_the_cell_that_fails_is_named(tmp_path):
    scene = scene_of(tmp_path, code("x = 1", "step:a"), code("raise KeyError(x)", "step:b"))

    with reference_run(scene, **QUIET) as reference:
        failure = reference.failure

    assert (failure.cell, failure.name, failure.message) == (2, "KeyError", "1")


def test_a_python_without_a_kernel_is_said_to_have_none(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    scene = scene_of(tmp_path, code("x = 1", "step:a"), interpreter=str(python))

    with (
        pytest.raises(MachineError, match="has no kernel"),
        reference_run(scene, **QUIET),
    ):
        pass


def test_a_cancelled_reference_ends_at_once_and_with_its_kernel(tmp_path):
    scene = scene_of(tmp_path, code("import time\ntime.sleep(60)", "step:a"))
    cancel = threading.Event()
    begun = time.monotonic()

    def say(_text):
        threading.Timer(0.5, cancel.set).start()

    with pytest.raises(KeyboardInterrupt), reference_run(scene, say=say, cancel=cancel):
        pass

    assert time.monotonic() - begun < 40
