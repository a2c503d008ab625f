import contextlib
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import StoreError, UsageError
from cellwright.model.pipeline import PortName, StepName
from cellwright.model.run import (
    Artifact,
    Failure,
    Run,
    RunId,
    Snapshot,
    State,
    StepRecord,
    StepRun,
)
from cellwright.store import database as database_module
from cellwright.store import schema
from cellwright.store.filesystem import filesystem_of, refuse_remote
from cellwright.store.opening import open_store

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / ".cellwright") as opened:
        yield opened


def a_run(name="20260102-030405-abcd", *, steps=("load", "train"), **fields):
    return Run(
        id=RunId(name),
        snapshot=digest_of(name),
        notebook_path=fields.pop("notebook_path", "n.ipynb"),
        parameters={"rate": "0.1"},
        executor="process",
        state=State.RUNNING,
        started=NOW,
        steps={StepName(step): StepRun(StepName(step), State.WAITING) for step in steps},
        **fields,
    )


def an_artifact(store, value, *names, **fields):
    payload = repr(value).encode()
    return Artifact(
        digest=store.objects.put_bytes(payload),
        size=len(payload),
        serializer="json",
        members=tuple(map(PortName, names)),
        **fields,
    )


def a_record(store, step, *, reads=(), makes=(), state=State.SUCCEEDED, **fields):
    """Return a record; `reads` are artifacts, `makes` are pairs of name and value."""
    inputs = {name: artifact for artifact in reads for name in artifact.members}
    outputs = {PortName(name): an_artifact(store, value, name) for name, value in makes}
    answers = fields.pop("answers", False)
    parts = fields.pop("parts", ())
    step_run = StepRun(
        step=StepName(step),
        state=state,
        inputs={name: artifact.digest for name, artifact in inputs.items()},
        outputs={name: artifact.digest for name, artifact in outputs.items()},
        **fields,
    )
    store.objects.sync()
    return StepRecord(step_run, inputs, outputs, parts, answers)


def test_a_run_comes_back_as_it_was_recorded(store):
    run = a_run()
    log = store.objects.put_bytes(b"log")
    load = a_record(
        store, "load", makes=(("b", 2), ("a", 1)), metrics={"rows": 3.5, "odd": float("inf")},
        seconds=1.25, peak_memory=1 << 40, started=NOW, environment=digest_of("env"), log=log,
        stdout=log, displays=log, absent=(PortName("c"),), cache_key=digest_of("key"),
    )  # fmt: skip
    failure = Failure("exception", "ValueError: ü", 3, 4, "Traceback…", "try this")
    train = a_record(
        store, "train", reads=load.outputs.values(), state=State.FAILED, failure=failure
    )

    store.ledger.start_run(run)
    store.ledger.record_steps(run.id, [load])
    store.ledger.finish_run(run.id, State.FAILED, NOW + timedelta(seconds=9), [train])

    found = store.ledger.run(run.id)
    assert found.state is State.FAILED
    assert found.started == NOW
    assert found.finished == NOW + timedelta(seconds=9)
    assert found.parameters == {"rate": "0.1"}
    assert found.steps == {"load": load.step_run, "train": train.step_run}


def test_steps_that_have_not_ended_are_waiting(store):
    run = a_run()
    store.ledger.start_run(run)

    assert store.ledger.run(run.id) == run
    assert store.ledger.unfinished() == (run.id,)


def test_the_last_attempt_at_a_step_is_the_one_shown(store):
    run = a_run()
    store.ledger.start_run(run)
    store.ledger.record_steps(run.id, [a_record(store, "load", state=State.FAILED)])
    second = a_record(store, "load", attempt=2, makes=(("a", 1),))
    store.ledger.record_steps(run.id, [second])

    assert store.ledger.run(run.id).steps["load"] == second.step_run


def test_an_attempt_is_recorded_once(store):
    run = a_run()
    store.ledger.start_run(run)
    record = a_record(store, "load", makes=(("a", 1),), answers=True, cache_key=digest_of("k"))
    store.ledger.record_steps(run.id, [record])

    with pytest.raises(StoreError):
        store.ledger.record_steps(run.id, [a_record(store, "train"), record])

    assert store.ledger.run(run.id).steps["train"].state is State.WAITING  # all or none


def test_steps_of_a_run_that_was_not_started_are_refused(store):
    with pytest.raises(StoreError):
        store.ledger.record_steps(RunId("none"), [a_record(store, "load")])


def test_runs_are_listed_from_the_newest_back(store):
    names = [f"2026010{day}-000000-000{day}" for day in range(1, 8)]
    for name in names:
        store.ledger.start_run(a_run(name))

    first = store.ledger.runs(limit=3)
    rest = store.ledger.runs(limit=10, before=first[-1].id)

    assert [run.id for run in (*first, *rest)] == names[::-1]


def test_a_clock_that_was_set_back_does_not_reorder_runs(store):
    store.ledger.start_run(a_run("20260201-000000-aaaa"))
    store.ledger.start_run(a_run("20260101-000000-bbbb"))

    assert store.ledger.resolve("last") == "20260101-000000-bbbb"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("last", "20260103-000000-ffff"),
        ("20260102-000000-eeee", "20260102-000000-eeee"),
        ("20260102", "20260102-000000-eeee"),
        ("ffff", "20260103-000000-ffff"),
    ],
)
def test_a_run_is_found_by_what_a_person_types(store, text, found):
    store.ledger.start_run(a_run("20260102-000000-eeee"))
    store.ledger.start_run(a_run("20260103-000000-ffff"))

    assert store.ledger.resolve(text) == found


@pytest.mark.parametrize("text", ["", "2026", "x", "%", "_", "' OR 1=1 --"])
def test_what_names_no_run_or_several_is_the_users_mistake(store, text):
    store.ledger.start_run(a_run("20260102-000000-eeee"))
    store.ledger.start_run(a_run("20260103-000000-ffff"))

    with pytest.raises(UsageError):
        store.ledger.resolve(text)


def test_last_of_an_empty_ledger_is_the_users_mistake(store):
    with pytest.raises(UsageError, match="no run"):
        store.ledger.resolve("last")
    with pytest.raises(UsageError, match="no run"):
        store.ledger.run(RunId("x"))


def a_snapshot(number, path="n.ipynb", parent=None):
    return Snapshot(
        id=digest_of(("snapshot", number)),
        parent=parent,
        notebook=digest_of("notebook"),
        notebook_path=path,
        pipeline=digest_of("pipeline"),
        environments={StepName("load"): digest_of("env")},
        parameters={"rate": "0.1"},
        files={"data.csv": digest_of("data")},
        modules={"helper.py": digest_of("helper")},
        created=NOW,
    )


def test_snapshots_come_back_and_the_latest_is_of_its_notebook(store):
    first, second = a_snapshot(1), a_snapshot(2, parent=a_snapshot(1).id)
    for snapshot in (first, second, a_snapshot(3, "other.ipynb"), first):
        store.ledger.record_snapshot(snapshot)

    assert store.ledger.snapshot(first.id) == first
    assert store.ledger.latest_snapshot("n.ipynb") == second
    assert store.ledger.latest_snapshot("none.ipynb") is None
    assert store.ledger.snapshot(Digest("sha256:0")) is None


def test_a_cached_answer_has_all_that_was_recorded(store):
    run = a_run()
    key = digest_of("key")
    before = an_artifact(store, 0, "x")
    record = a_record(
        store, "load", reads=(before,), makes=(("a", 1),), answers=True, cache_key=key,
        metrics={"m": 1.0}, parts=(("code", "program", "p"), ("parameter", "rate", "0.1")),
    )  # fmt: skip
    store.ledger.start_run(run)
    store.ledger.record_steps(run.id, [record])

    found = store.cache.find(key)

    assert found.outputs == record.outputs
    assert found.inputs == record.inputs
    assert found.parts == store.cache.parts(key) == record.parts
    assert found.step_run.source_run == run.id
    assert found.step_run.metrics == {"m": 1.0}
    assert store.cache.find(digest_of("other")) is None
    assert store.cache.parts(digest_of("other")) is None


def test_ports_that_share_an_artifact_share_it_in_an_answer_too(store):
    run, key = a_run(), digest_of("key")
    bundle = an_artifact(store, [1], "a", "b", meta={"pickled": True}, preview={"a": None})
    outputs = dict.fromkeys(bundle.members, bundle)
    digests = dict.fromkeys(bundle.members, bundle.digest)
    step_run = StepRun(StepName("load"), State.SUCCEEDED, cache_key=key, outputs=digests)
    store.ledger.start_run(run)
    store.ledger.record_steps(run.id, [StepRecord(step_run, {}, outputs, (), answers=True)])

    found = store.cache.find(key).outputs

    assert found == outputs
    assert found["a"] is found["b"]


def test_the_newest_answer_to_a_key_counts(store):
    key = digest_of("key")
    for number in (1, 2):
        run = a_run(f"2026010{number}-000000-0000")
        store.ledger.start_run(run)
        record = a_record(store, "load", makes=(("a", number),), answers=True, cache_key=key)
        store.ledger.record_steps(run.id, [record])

    assert store.cache.find(key).step_run.source_run == "20260102-000000-0000"


@pytest.mark.parametrize("lost", ["output", "log"])
def test_an_answer_that_lacks_an_object_is_none(store, lost):
    run, key = a_run(), digest_of("key")
    log = store.objects.put_bytes(b"log")
    record = a_record(store, "load", makes=(("a", 1),), answers=True, cache_key=key, log=log)
    store.ledger.start_run(run)
    store.ledger.record_steps(run.id, [record])
    assert store.cache.find(key) is not None

    store.objects.path(log if lost == "log" else record.step_run.outputs["a"]).unlink()

    assert store.cache.find(key) is None


def recorded_chain(store):
    """Record load → a → clean → b → train → c, and a second run answered from the cache."""
    load = a_record(store, "load", makes=(("a", "A"),))
    clean = a_record(store, "clean", reads=load.outputs.values(), makes=(("b", "B"),))
    train = a_record(store, "train", reads=clean.outputs.values(), makes=(("c", "C"),))
    for number, source in (("0001", None), ("0002", RunId("20260101-000000-0001"))):
        run = a_run(f"20260101-000000-{number}", steps=("load", "clean", "train"))
        store.ledger.start_run(run)
        records = [
            StepRecord(
                StepRun(**{
                    **{f: getattr(r.step_run, f) for f in StepRun.__slots__},
                    "source_run": source,
                }),
                r.inputs, r.outputs,
            )
            for r in (load, clean, train)
        ]  # fmt: skip
        store.ledger.finish_run(run.id, State.SUCCEEDED, NOW, records)
    return load.outputs["a"], clean.outputs["b"], train.outputs["c"]


def test_lineage_goes_up_and_down_and_names_who_really_ran(store):
    a, b, c = recorded_chain(store)

    up = store.lineage.ancestors(c.digest)
    down = store.lineage.descendants(a.digest)

    assert [(use.step, use.port, use.digest) for use in up] == [
        ("clean", "b", b.digest), ("load", "a", a.digest),
    ]  # fmt: skip
    assert [(use.step, use.port) for use in down] == [("clean", "b"), ("train", "c")]
    assert {use.run for use in (*up, *down)} == {"20260101-000000-0001"}
    assert [(use.run, use.step) for use in store.lineage.made_by(b.digest)] == [
        ("20260101-000000-0001", "clean"), ("20260101-000000-0002", "clean"),
    ]  # fmt: skip
    assert {use.step for use in store.lineage.used_by(b.digest)} == {"train"}


def test_the_artifacts_of_a_run_are_told_by_step_and_port(store):
    a, b, _ = recorded_chain(store)

    held = store.lineage.artifacts(RunId("20260101-000000-0001"))

    assert held["clean"].inputs == {"a": a}
    assert held["clean"].outputs == {"b": b}
    assert list(held) == ["load", "clean", "train"]


def test_an_artifact_is_found_by_the_start_of_its_digest(store):
    a, _, _ = recorded_chain(store)

    assert store.lineage.artifact(a.digest) == a
    assert store.lineage.artifact(a.digest[:20]) == a
    assert store.lineage.artifact(a.digest[7:15]) == a
    for text in ("", "sha256:", "zz", "%"):
        with pytest.raises(UsageError):
            store.lineage.artifact(text)


def test_equal_bytes_under_two_names_are_two_artifacts(store):
    run = a_run(steps=("one", "two"))
    store.ledger.start_run(run)
    one = a_record(store, "one", makes=(("x", 1),))
    two = a_record(store, "two", makes=(("y", 1),))
    store.ledger.record_steps(run.id, [one, two])

    held = store.lineage.artifacts(run.id)

    assert held["one"].outputs["x"].members == ("x",)
    assert held["two"].outputs["y"].members == ("y",)
    assert held["one"].outputs["x"].digest == held["two"].outputs["y"].digest


def test_memos_are_kept_by_namespace_and_replaced(store):
    store.memos.put("compile", "k", b"\x00one")
    store.memos.put_all("lock", {"k": b"two", "l": b"three"})
    store.memos.put("compile", "k", b"\x00four")

    assert store.memos.get("compile", "k") == b"\x00four"
    assert store.memos.get("lock", "k") == b"two"
    assert store.memos.get("lock", "x") is None
    assert store.memos.get_all("lock") == {"k": b"two", "l": b"three"}


def _write_many(root, seed):
    with open_store(root) as store:
        for number in range(40):
            run = a_run(f"{seed}-{number}", steps=("s",))
            store.ledger.start_run(run)
            value = random.Random(number).random()
            record = a_record(
                store, "s", makes=(("a", value),), answers=True, cache_key=digest_of(number)
            )
            store.memos.put("n", f"{number}", b"%d" % seed)
            store.ledger.finish_run(run.id, State.SUCCEEDED, NOW, [record])
            assert store.cache.find(digest_of(number)) is not None


def test_four_processes_write_at_once_and_none_is_turned_away(tmp_path):
    root = tmp_path / ".cellwright"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(root, seed)) for seed in range(4)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    with open_store(root) as store:
        found = store.ledger.runs(limit=1000)
        assert len(found) == 160
        assert all(run.steps["s"].outputs for run in found)


def test_the_migrations_make_the_tables_of_the_schema(store):
    config = Config()
    config.set_main_option("script_location", str(database_module._MIGRATIONS))
    config.set_main_option("path_separator", "os")

    heads = ScriptDirectory.from_config(config).get_heads()
    with store._database.read() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)

    assert heads == [schema.HEAD]
    assert found == []


def test_a_store_of_a_newer_version_is_left_alone(tmp_path):
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match="newer Cellwright") as caught:
        open_store(tmp_path)
    assert "upgrade" in caught.value.hint


def test_opening_a_store_that_is_up_to_date_does_not_import_alembic(tmp_path):
    open_store(tmp_path).close()
    code = (
        "import sys\nfrom pathlib import Path\nfrom cellwright.store.opening import open_store\n"
        f"open_store(Path({str(tmp_path)!r}))\nassert 'alembic' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_ledger_is_an_error_that_says_what_to_do(tmp_path, content):
    (tmp_path / "ledger.sqlite").write_bytes(content)

    with pytest.raises(StoreError, match="damaged") as caught:
        open_store(tmp_path)
    assert "ledger.sqlite" in caught.value.hint
    assert (tmp_path / "ledger.sqlite").read_bytes() == content


def test_two_processes_may_make_the_store_at_once(tmp_path):
    code = (
        "from pathlib import Path\nfrom cellwright.store.opening import open_store\n"
        f"open_store(Path({str(tmp_path / 'new')!r}))"
    )

    children = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]

    assert [child.wait() for child in children] == [0, 0, 0, 0]


def fill(path):
    with path.open("wb", buffering=0) as handle, contextlib.suppress(OSError):
        while True:
            handle.write(b"x" * 4096)


def test_a_full_disk_keeps_what_was_committed_and_recovers(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a small filesystem")
    try:
        with open_store(folder / ".cellwright") as store:
            store.ledger.start_run(a_run())
            filler = folder / "filler"
            fill(filler)

            with pytest.raises(StoreError, match="disk is full") as caught:
                store.memos.put_all("n", {str(n): b"x" * 1000 for n in range(1000)})
            assert "free some space" in caught.value.hint
            assert store.ledger.runs()[0].id == a_run().id

            filler.unlink()
            store.memos.put("n", "after", b"y")
            assert store.memos.get("n", "after") == b"y"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_store_can_be_read_and_not_written(tmp_path):
    folder = tmp_path / "mounted"
    folder.mkdir()
    with open_store(folder / ".cellwright") as store:
        store.ledger.start_run(a_run())
        digest = store.objects.put_bytes(b"x")
        store.objects.sync()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    bind = ["mount", "--bind", str(folder), str(folder)]
    if subprocess.run(bind, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        with open_store(folder / ".cellwright") as store:
            assert store.read_only
            assert store.ledger.runs()[0].id == a_run().id
            assert store.objects.read(digest) == b"x"
            store.memos.put("n", "k", b"v")
            with pytest.raises(StoreError, match="read-only"):
                store.ledger.start_run(a_run("other"))
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


_MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 254:1 / /home/me/local\\040disk rw - xfs /dev/vdb rw
32 22 0:41 / /homework rw master:1 shared:2 - fuse.sshfs me@there: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/data", "ext4"),
        ("/home/me/project", "nfs4"),
        ("/home/me/local disk/project", "xfs"),
        ("/homework/x", "fuse.sshfs"),
        ("/homework2", "ext4"),
    ],
)
def test_the_filesystem_of_a_folder_is_that_of_the_deepest_mount(folder, kind):
    assert filesystem_of(folder, _MOUNTS) == kind


def test_a_network_filesystem_is_refused_by_name(tmp_path, monkeypatch):
    mounts = tmp_path / "mounts"
    mounts.write_text("22 1 0:40 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr("cellwright.store.filesystem._MOUNTS", mounts)

    with pytest.raises(StoreError, match="nfs4") as caught:
        open_store(tmp_path / ".cellwright")
    assert "local disk" in caught.value.hint
    with pytest.raises(StoreError):
        refuse_remote(tmp_path)
