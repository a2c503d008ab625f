import os
import subprocess
import sys
import threading

import pytest

from cellwright.base.canonical import digest_of
from cellwright.base.errors import StoreError
from cellwright.model.run import RunId
from cellwright.store.lease import KeyClaims, RunLeases

RUN = RunId("20260101-000000-abcd")
KEY = digest_of("key")


def test_a_key_is_claimed_by_one_at_a_time(tmp_path):
    claims = KeyClaims(tmp_path / "locks")

    first = claims.claim(KEY)

    assert first is not None
    assert claims.claim(KEY) is None
    assert KeyClaims(tmp_path / "locks").claim(KEY) is None
    assert claims.claim(digest_of("other")) is not None
    first.release()
    first.release()
    assert claims.claim(KEY) is not None


def test_a_claim_ends_with_its_process(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom cellwright.store.lease import KeyClaims\n"
        f"held = KeyClaims(Path({str(tmp_path)!r})).claim({KEY!r})\n"
        "print(held is not None, flush=True)\nsys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout.readline() == b"True\n"
    claims = KeyClaims(tmp_path)
    assert claims.claim(KEY) is None

    child.kill()
    child.communicate()

    assert claims.claim(KEY) is not None


def test_claims_given_and_taken_by_many_threads_are_never_held_twice(tmp_path):
    claims = KeyClaims(tmp_path)
    held, most, taken = [], [], []

    def work():
        for _ in range(200):
            claim = claims.claim(KEY)
            if claim is not None:
                held.append(1)
                most.append(len(held))
                held.pop()
                taken.append(1)
                claim.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 1
    assert taken
    assert list(tmp_path.iterdir()) == []


def test_a_run_has_an_owner_while_it_is_held(tmp_path):
    leases = RunLeases(tmp_path)
    assert leases.owner(RUN) is None

    with leases.hold(RUN):
        assert leases.owner(RUN).pid == os.getpid()
        with pytest.raises(StoreError, match="another process"), leases.hold(RUN):
            pass
        with leases.seize(RUN) as seized:
            assert not seized

    assert leases.owner(RUN) is None
    with leases.seize(RUN) as seized:
        assert seized


def test_locks_of_the_dead_are_swept_and_those_of_the_living_kept(tmp_path):
    leases = RunLeases(tmp_path)
    (tmp_path / "key-dead.lock").write_text("")

    with leases.hold(RUN):
        leases.sweep()

        assert [path.name for path in tmp_path.iterdir()] == [f"run-{RUN}.lock"]


@pytest.mark.parametrize("text", ["../x", "a/b", ".hidden"])
def test_what_is_no_run_never_becomes_a_path(tmp_path, text):
    with pytest.raises(StoreError, match="not the id"):
        RunLeases(tmp_path).owner(RunId(text))
