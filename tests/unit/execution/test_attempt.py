import json
from pathlib import Path

import pytest

from cellwright.base.canonical import digest_of
from cellwright.base.errors import MachineError, UsageError
from cellwright.execution.attempt import lay_out, working_directory
from cellwright.execution.plan import Due, Supplies, Supply
from cellwright.execution.request import (
    Limits,
    WorkFile,
    memory_bytes,
    new_run_id,
    stamp_of,
)
from cellwright.model.options import StepOptions
from cellwright.model.pipeline import PortName, StepName
from cellwright.model.run import Artifact
from cellwright.model.source import CellId, Position, Span
from cellwright.runtime.manifest import StepSpec, from_json
from support.pipelines import pipeline, request, step

KEY = digest_of("key")


class Objects:
    """Objects that all lie in one folder."""

    def path(self, digest):
        return Path("/objects") / digest[7:]


def due(name="train", *, held=(), absent=()):
    return Due(StepName(name), KEY, (), Supplies(tuple(held), tuple(absent)), answers=True)


def laid_out(tmp_path, component, *, decided=None, **fields):
    made = pipeline(component) if not component.inputs else fields.pop("made")
    wanted = request(tmp_path, made, **fields)
    decided = decided or due(component.step)
    return lay_out(decided, wanted, Objects(), folder=tmp_path / "attempt", number=1)


def spec_of(attempt):
    return from_json(StepSpec, (attempt.folder / "spec.json").read_bytes())


def test_the_folder_has_all_that_the_runtime_is_promised(tmp_path):
    component = step("train", "x = 1\ny = 'ü'", makes=("y",), parameters=("rate",))

    attempt = laid_out(tmp_path, component, parameters={"rate": "0.5"})

    assert sorted(path.name for path in attempt.folder.iterdir()) == [
        "inputs", "logs", "outputs", "program.py", "spec.json", "work",
    ]  # fmt: skip
    assert (attempt.folder / "program.py").read_text(encoding="utf-8") == component.program
    spec = spec_of(attempt)
    assert (spec.run, spec.step, spec.nonce) == (
        attempt.request.run, "train", attempt.request.nonce,
    )  # fmt: skip
    assert [(slot.name, slot.literal) for slot in spec.parameters] == [("rate", "0.5")]
    assert [(port.name, port.kind) for port in spec.outputs] == [("y", "value")]
    assert spec.cwd == "work"


def test_no_two_attempts_have_one_nonce(tmp_path):
    nonces = {laid_out(tmp_path / str(n), step("train", "pass")).request.nonce for n in range(20)}

    assert len(nonces) == 20


def test_artifacts_are_named_by_digest_and_say_what_is_wanted_of_them(tmp_path):
    made = pipeline(
        step("load", "pass", makes=("a", "b", "state:random")),
        step("train", "pass", reads=("a", "state:random"), makes=("b",)),
    )
    bundle = Artifact(digest_of(1), 3, "pickle", (PortName("a"), PortName("b")), meta={"k": [1]})
    decided = due(held=[Supply(bundle, (PortName("a"),))], absent=[PortName("state:random")])

    attempt = laid_out(tmp_path, made.steps["train"], decided=decided, made=made)

    inside = f"inputs/{digest_of(1)[7:]}"
    entry = spec_of(attempt).inputs[0]
    assert (entry.path, entry.members, entry.wanted, entry.meta) == (
        inside, ["a", "b"], ["a"], {"k": [1]},
    )  # fmt: skip
    assert attempt.request.mounts[inside] == Path("/objects") / digest_of(1)[7:]
    assert spec_of(attempt).absent == ["state:random"]
    assert spec_of(attempt).unchanged == ["a"]


def test_lines_lead_back_to_cells(tmp_path):
    component = step("train", "a\nb")
    span = Span(CellId("c7"), 7, Position(3, 0), Position(3, 4))
    object.__setattr__(component, "origins", (None, span))

    attempt = laid_out(tmp_path, component)

    assert spec_of(attempt).origins == [None, [7, 3]]


def test_limits_of_the_step_win_over_those_of_the_run(tmp_path):
    limits = Limits(cpus=1.0, memory=100, timeout=5.0)
    component = step("train", "pass", options=StepOptions(memory="2 GiB", timeout=9.0))

    wanted = laid_out(tmp_path, component, limits=limits).request

    assert (wanted.cpus, wanted.memory, wanted.timeout) == (1.0, 2 * 1024**3, 9.0)


@pytest.mark.parametrize(
    ("notebook", "paths", "expected"),
    [
        ("n.ipynb", [], "work"),
        ("n.ipynb", ["data/x.csv", "./y.csv", "/abs/z.csv", "a/../b.csv"], "work"),
        ("a/b/n.ipynb", ["../x.csv"], "work/b"),
        ("a/b/n.ipynb", ["../../x.csv", "../y.csv"], "work/a/b"),
        ("a/n.ipynb", ["../../../x.csv"], "work/_/_/a"),
        ("n.ipynb", ["../x.csv"], "work/_"),
        ("/abs/a/n.ipynb", ["../x.csv"], "work/a"),
    ],
)
def test_the_working_directory_is_as_deep_as_the_files_reach_up(notebook, paths, expected):
    files = [WorkFile(path, Path("/x"), KEY) for path in paths]

    assert working_directory(notebook, files) == expected


def test_files_are_seen_where_the_program_looks_for_them(tmp_path):
    files = tuple(
        WorkFile(path, Path("/source"), KEY)
        for path in ("data/x.csv", "../lib/h.py", "../y.csv", "/abs/z.csv")
    )

    attempt = laid_out(
        tmp_path,
        step("train", "pass"),
        notebook_path="a/b/n.ipynb",
        files={"train": files[:1]},
        modules={"train": files[1:]},
    )

    assert set(attempt.request.mounts) == {
        "work/b/data/x.csv", "work/lib/h.py", "work/y.csv", "/abs/z.csv",
    }  # fmt: skip
    assert spec_of(attempt).cwd == "work/b"
    assert (attempt.folder / "work" / "b" / "data").is_dir()
    assert (attempt.folder / "work" / "lib").is_dir()


@pytest.mark.parametrize("path", ["..", ".", "../..", "data/.."])
def test_a_path_that_names_no_file_is_refused(tmp_path, path):
    with pytest.raises(MachineError, match="names no file"):
        laid_out(
            tmp_path, step("train", "pass"), files={"train": (WorkFile(path, Path("/x"), KEY),)}
        )


def test_folders_that_the_notebook_finds_for_its_files_are_there(tmp_path):
    (tmp_path / "out").mkdir()
    component = step(
        "train", "pass", makes=("file:out/part.csv", "file:new/part.csv", "file:../x/part.csv")
    )

    attempt = laid_out(tmp_path, component)

    assert (attempt.folder / "work" / "out").is_dir()
    assert not (attempt.folder / "work" / "new").exists()
    assert not (attempt.folder / "x").exists()


def test_a_disk_that_refuses_is_the_machines_fault(tmp_path):
    (tmp_path / "attempt").write_text("in the way")

    with pytest.raises(MachineError, match="cannot make"):
        laid_out(tmp_path, step("train", "pass"))


def test_what_is_written_is_json_with_defined_order(tmp_path):
    attempt = laid_out(tmp_path, step("train", "pass"))

    raw = json.loads((attempt.folder / "spec.json").read_bytes())

    assert list(raw) == sorted(raw)


@pytest.mark.parametrize(
    ("text", "found"),
    [("512", 512), ("1K", 1024), ("512M", 512 << 20), ("1.5 GiB", 3 << 29), ("2GB", 2 << 30)],
)
def test_amounts_of_memory_are_read(text, found):
    assert memory_bytes(text) == found


@pytest.mark.parametrize("text", ["", "lots", "-1", "1P", "1 G B", "1e3"])
def test_other_texts_are_no_amounts(text):
    with pytest.raises(UsageError):
        memory_bytes(text)


def test_a_stamp_shows_a_write_that_restores_the_times(tmp_path):
    import os

    path = tmp_path / "x"
    path.write_text("a")
    before = stamp_of(path)
    path.write_text("b")
    os.utime(path, ns=(before[2], before[2]))

    assert stamp_of(path) != before


def test_the_stamp_of_a_folder_shows_a_write_below_it(tmp_path):
    path = tmp_path / "data" / "deep" / "x"
    path.parent.mkdir(parents=True)
    path.write_text("a")
    before = stamp_of(tmp_path / "data")

    assert stamp_of(tmp_path / "data") == before
    (tmp_path / "data" / "more").write_text("b")
    after = stamp_of(tmp_path / "data")
    path.write_text("changed")

    assert len({before, after, stamp_of(tmp_path / "data")}) == 3


def test_run_ids_read_as_times_in_utc_and_differ():
    from datetime import datetime, timedelta, timezone

    kolkata = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=kolkata)

    ids = {new_run_id(moment) for _ in range(20)}

    assert all(run.startswith("20260101-213405-") for run in ids)
    assert len(ids) > 1
