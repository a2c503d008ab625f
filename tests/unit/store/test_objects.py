import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.base.canonical import Digest, digest_bytes
from cellwright.base.errors import StoreError
from cellwright.store import objects as objects_module
from cellwright.store.objects import FRESH_FOR, ObjectStore
from cellwright.store.opening import open_store

MISSING = Digest("sha256:" + "0" * 64)


@pytest.fixture
def store(tmp_path):
    return ObjectStore(tmp_path / "objects")


def place(store, digest):
    return store._root / "sha256" / digest[7:9] / digest[9:]


def overwrite(path, payload):
    os.chmod(path, 0o644)
    path.write_bytes(payload)
    os.chmod(path, 0o444)


@given(payload=st.binary(max_size=5000))
def test_bytes_come_back_as_they_were(tmp_path_factory, payload):
    store = ObjectStore(tmp_path_factory.mktemp("objects"))

    digest = store.put_bytes(payload)

    assert digest == digest_bytes(payload)
    assert store.read(digest) == payload
    assert store.size(digest) == len(payload)


def test_an_object_lies_under_its_digest_and_is_read_only(store):
    digest = store.put_bytes(b"hello")

    path = store.path(digest)

    assert path == place(store, digest)
    assert path.stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("put", ["put_file", "take_file"])
def test_a_file_is_filed_under_the_digest_of_its_bytes(store, tmp_path, put):
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)

    digest = getattr(store, put)(source)

    assert digest == digest_bytes(b"x" * 3_000_000)
    assert store.read(digest) == b"x" * 3_000_000
    assert source.exists() == (put == "put_file")


@pytest.mark.parametrize("put", ["put_file", "take_file"])
def test_a_file_that_is_not_what_was_expected_is_refused(store, tmp_path, put):
    source = tmp_path / "source"
    source.write_bytes(b"x")

    with pytest.raises(StoreError, match="should be"):
        getattr(store, put)(source, expected=MISSING)

    assert source.exists()
    assert not store.has(digest_bytes(b"x"))
    assert list((store._root / "incoming").glob("*")) == []


@pytest.mark.parametrize("put", ["put_file", "take_file"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "none"])
def test_only_a_regular_file_is_filed(store, tmp_path, put, kind):
    source = tmp_path / "source"
    secret = tmp_path / "secret"
    secret.write_bytes(b"s")
    match kind:
        case "link":
            source.symlink_to(secret)
        case "folder":
            source.mkdir()
        case "pipe":
            os.mkfifo(source)

    with pytest.raises(StoreError):
        getattr(store, put)(source)

    assert secret.read_bytes() == b"s"


def test_a_taken_file_with_a_second_name_is_copied(store, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x")
    os.link(source, tmp_path / "other")

    digest = store.take_file(source)
    (tmp_path / "other").write_bytes(b"changed")

    assert store.read(digest) == b"x"
    assert not source.exists()


def test_a_file_of_another_filesystem_is_taken(tmp_path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second filesystem at hand")
    source = elsewhere / f"cellwright-test-{os.getpid()}"
    source.write_bytes(b"from afar")
    store = ObjectStore(tmp_path / "objects")

    digest = store.take_file(source)

    assert store.read(digest) == b"from afar"
    assert not source.exists()


def test_a_store_that_is_a_link_to_another_filesystem_works(tmp_path):
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second filesystem at hand")
    real = elsewhere / f"cellwright-objects-{os.getpid()}"
    real.mkdir()
    try:
        (tmp_path / "objects").symlink_to(real)
        store = ObjectStore(tmp_path / "objects")
        source = tmp_path / "source"
        source.write_bytes(b"x")

        assert store.read(store.take_file(source)) == b"x"
        assert store.read(store.put_bytes(b"y")) == b"y"
    finally:
        shutil.rmtree(real)


def test_a_missing_object_is_an_error_that_says_what_to_do(store):
    assert not store.has(MISSING)
    assert not store.intact([MISSING])
    with pytest.raises(StoreError, match="missing or damaged") as caught:
        store.path(MISSING)
    assert "run again" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:../../etc/passwd", "md5:00", "sha256:" + "A" * 64, "0" * 64]
)
def test_what_is_no_digest_never_becomes_a_path(store, text):
    with pytest.raises(StoreError, match="is not a digest"):
        store.path(Digest(text))


@pytest.mark.parametrize("damage", ["other", "shorter", "empty", "folder", "link", "pipe"])
def test_a_damaged_object_is_set_aside_and_can_be_made_again(store, tmp_path, damage):
    digest = store.put_bytes(b"hello")
    path = place(store, digest)
    match damage:
        case "other":
            overwrite(path, b"HELLO")
        case "shorter":
            overwrite(path, b"hell")
        case "empty":
            overwrite(path, b"")
        case _:
            path.unlink()
            if damage == "folder":
                path.mkdir()
            elif damage == "link":
                (tmp_path / "same").write_bytes(b"hello")
                path.symlink_to(tmp_path / "same")
            else:
                os.mkfifo(path)

    assert not store.intact([digest])

    assert len(list((store._root / "quarantine").iterdir())) == 1
    assert store.put_bytes(b"hello") == digest
    assert store.read(digest) == b"hello"


def test_a_change_that_restores_the_times_is_seen(store):
    digest = store.put_bytes(b"hello")
    path = place(store, digest)
    before = path.stat()

    overwrite(path, b"HELLO")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert not store.intact([digest])


def test_putting_again_what_is_damaged_mends_it(store):
    digest = store.put_bytes(b"hello")
    overwrite(place(store, digest), b"HELLO")

    store.put_bytes(b"hello")

    assert store.read(digest) == b"hello"


def test_putting_again_makes_an_object_look_new(store):
    digest = store.put_bytes(b"hello")
    path = place(store, digest)
    os.utime(path, (1, 1))
    assert store.intact([digest])

    store.put_bytes(b"hello")

    assert time.time() - path.stat().st_mtime < 60


def hashed(monkeypatch):
    """Count what is hashed from disk."""
    seen = []
    real = objects_module.hashlib.file_digest

    def counting(handle, name):
        seen.append(handle.name)
        return real(handle, name)

    monkeypatch.setattr(objects_module.hashlib, "file_digest", counting)
    return seen


def test_an_unchanged_object_is_not_hashed_again_by_the_next_process(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        digests = [store.objects.put_bytes(b"%d" % n) for n in range(20)]
        store.objects.sync()
    seen = hashed(monkeypatch)

    with open_store(tmp_path) as store:
        assert store.objects.intact(digests)

    assert seen == []


def test_an_object_is_hashed_again_after_some_days_and_then_not(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        digest = store.objects.put_bytes(b"x")
        store.objects.sync()
    later = time.time() + FRESH_FOR + 1
    monkeypatch.setattr(objects_module.time, "time", lambda: later)
    seen = hashed(monkeypatch)

    for _ in range(2):
        with open_store(tmp_path) as store:
            assert store.objects.intact([digest])
            store.objects.sync()

    assert len(seen) == 1


def test_a_clock_that_was_set_back_only_costs_a_hash(tmp_path, monkeypatch):
    store = ObjectStore(tmp_path)
    digest = store.put_bytes(b"x")
    monkeypatch.setattr(objects_module.time, "time", lambda: 1000.0)

    assert store.intact([digest])


def test_verify_finds_what_no_stamp_shows(store):
    good, bad = store.put_bytes(b"good"), store.put_bytes(b"bad")
    path = place(store, bad)
    overwrite(path, b"BAD")
    store._note(bad, path.lstat(), time.time())
    assert store.intact([bad])

    assert store.verify() == (bad,)
    assert store.intact([good])
    assert not store.has(bad)


def test_threads_may_put_the_same_and_different_bytes(store):
    failures = []

    def work(seed):
        try:
            for number in random.Random(seed).choices(range(30), k=100):
                payload = b"%d" % number
                assert store.read(store.put_bytes(payload)) == payload
                store.sync()
        except BaseException as error:  # noqa: BLE001  # shown below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert list((store._root / "incoming").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A filesystem of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small filesystem")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_leaves_nothing_torn_and_works_again_when_there_is_space(small_disk, tmp_path):
    store = ObjectStore(small_disk / "objects")
    kept = store.put_bytes(b"kept" * 1000)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 700_000)
    big = os.urandom(600_000)
    source = tmp_path / "big"
    source.write_bytes(big)

    for put in (lambda: store.put_bytes(big), lambda: store.take_file(source)):
        with pytest.raises(StoreError, match="No space left") as caught:
            put()
        assert "free some space" in caught.value.hint
    assert source.read_bytes() == big
    assert list((store._root / "incoming").iterdir()) == []
    assert store.verify() == ()
    assert store.read(kept) == b"kept" * 1000

    filler.unlink()
    assert store.read(store.take_file(source)) == big


_KILLED = """
import os, random, sys
sys.path[:0] = {path!r}
from datetime import UTC, datetime
from pathlib import Path
from cellwright.base.canonical import digest_of
from cellwright.model.run import *
from cellwright.store.opening import open_store
root = Path({root!r})
store = open_store(root)
now = datetime.now(UTC)
seed = int(sys.argv[1])
run = RunId(f"20260101-000000-{{seed:04x}}")
store.ledger.start_run(Run(run, digest_of(0), "n.ipynb", {{}}, "process", State.RUNNING, now))
numbers = random.Random(seed)
print("begun", flush=True)
attempt = 0
while True:
    attempt += 1
    source = root / f"source-{{seed}}"
    source.write_bytes(numbers.randbytes(numbers.randrange(1, 300_000)))
    taken = store.objects.take_file(source)
    put = store.objects.put_bytes(numbers.randbytes(numbers.randrange(1, 50_000)))
    outputs = {{name: Artifact(digest, store.objects.size(digest), "json", (name,))
               for name, digest in (("a", taken), ("b", put))}}
    step = StepRun("s", State.SUCCEEDED, attempt, digest_of((seed, attempt)),
                   outputs={{name: item.digest for name, item in outputs.items()}}, log=put)
    store.objects.sync()
    store.ledger.record_steps(run, [StepRecord(step, {{}}, outputs, (("code", "x", "y"),), True)])
"""


@pytest.mark.slow
def test_a_killed_process_leaves_no_torn_object_and_no_dangling_row(tmp_path):
    root = tmp_path / "store"
    open_store(root).close()
    chance = random.Random(20261121)
    code = _KILLED.format(path=[*sys.path], root=str(root))

    for seed in range(50):
        child = subprocess.Popen([sys.executable, "-c", code, str(seed)], stdout=subprocess.PIPE)
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.06))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()

    with open_store(root) as store:
        with store._database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            rows = connection.exec_driver_sql("SELECT digest FROM artifacts").scalars().all()
            logs = connection.exec_driver_sql("SELECT log FROM step_runs").scalars().all()
        assert len(rows) > 50
        assert store.objects.verify() == ()
        assert all(store.objects.has(digest) for digest in (*rows, *logs))
        assert len(store.recover()) == 50
        assert store.ledger.unfinished() == ()
