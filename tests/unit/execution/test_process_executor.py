import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cellwright.base.errors import MachineError, ToolError
from cellwright.execution.process import ProcessExecutor
from cellwright.execution.virtual_environment import IndexAccess
from cellwright.model.pipeline import Environment
from support.bare import BARE, attempt
from support.wheels import wheel

HERE = Environment(
    python="3.11", lock="", base_image="", platform="linux/amd64", interpreter=sys.executable
)


def no_index():
    return IndexAccess({"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}, ("--no-index",))


def executor(folder, **options):
    options = {"index": no_index, "runtime": BARE, **options}
    return ProcessExecutor(folder / ".cellwright", **options)


def outcome(folder, program, **options):
    """Run a program to its end and return how it ended."""
    request = attempt(folder / "a1", program, environment=HERE, **options)
    process = executor(folder).start(request)
    ended = process.wait(60)
    process.release()
    return ended


def said(folder):
    return (folder / "a1" / "runner.log").read_text()


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_for(path, seconds=20.0):
    until = time.monotonic() + seconds
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until, f"{path} does not appear"
        time.sleep(0.01)
    return path.read_text()


def test_a_program_that_ends_well_is_told_by_code_zero(tmp_path):
    assert outcome(tmp_path, "open('made', 'w').write('x')").exit_code == 0
    assert (tmp_path / "a1" / "work" / "made").read_text() == "x"


def test_the_last_words_of_a_failed_program_are_in_the_detail(tmp_path):
    ended = outcome(tmp_path, "raise ValueError('three is not two')")

    assert ended.exit_code == 1
    assert "ValueError: three is not two" in ended.detail


def test_a_signal_is_told_as_a_negative_code(tmp_path):
    ended = outcome(tmp_path, "import os; os.kill(os.getpid(), 9)")

    assert ended.exit_code == -9
    assert "SIGKILL" in ended.detail


def test_a_step_sees_pins_and_its_variables_and_little_else(tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUD_TOKEN", "not for steps")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    program = "import os, json; print(json.dumps(dict(os.environ)))"

    outcome(tmp_path, program, variables={"TZ": "Asia/Kolkata", "STAGE": "test"})

    seen = json.loads(said(tmp_path))
    assert "CLOUD_TOKEN" not in seen
    assert seen["OMP_NUM_THREADS"] == "1"
    assert seen["PYTHONHASHSEED"] == "0"
    assert (seen["TZ"], seen["STAGE"]) == ("Asia/Kolkata", "test")
    assert seen["PATH"].startswith(str(Path(sys.executable).parent))


def test_a_secret_reaches_the_step_that_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUD_TOKEN", "canary")

    outcome(tmp_path, "import os; print(os.environ['CLOUD_TOKEN'])", secrets=("CLOUD_TOKEN",))

    assert said(tmp_path) == "canary\n"


def test_a_secret_that_is_not_set_is_the_machines_fault(tmp_path):
    with pytest.raises(MachineError, match="NOT_SET_ANYWHERE"):
        outcome(tmp_path, "", secrets=("NOT_SET_ANYWHERE",))


def test_mounts_are_seen_and_the_users_own_files_stay_as_they_are(tmp_path):
    data = tmp_path / "churn.csv"
    data.write_text("a,b\n")
    folder = tmp_path / "more"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x.txt").write_text("deep")
    stored = tmp_path / "object"
    stored.write_bytes(b"stored")
    program = """
print(open("data/churn.csv").read(), open("more/deep/x.txt").read(), open("../inputs/ab12").read())
open("data/churn.csv", "a").write("changed")
"""
    mounts = {"work/data/churn.csv": data, "work/more": folder, "inputs/ab12": stored}

    ended = outcome(tmp_path, program, mounts=mounts)

    assert ended.exit_code == 0, ended
    assert said(tmp_path) == "a,b\n deep stored\n"
    assert data.read_text() == "a,b\n"


def test_an_absolute_path_is_seen_as_it_is_on_this_machine(tmp_path):
    data = tmp_path / "x.txt"
    data.write_text("here")

    assert outcome(tmp_path, f"open({str(data)!r}).read()", mounts={str(data): data}).exit_code == 0


def test_a_mount_whose_source_is_gone_is_the_machines_fault(tmp_path):
    with pytest.raises(MachineError, match=r"gone\.csv"):
        outcome(tmp_path, "", mounts={"work/gone.csv": tmp_path / "gone.csv"})


def test_a_time_limit_ends_the_step_and_says_so(tmp_path):
    started = time.monotonic()

    ended = outcome(tmp_path, "import time; time.sleep(60)", timeout=0.5)

    assert ended.reason == "timeout"
    assert time.monotonic() - started < 4


def test_a_memory_limit_ends_the_step(tmp_path):
    ended = outcome(tmp_path, "x = bytearray(2 << 30)", memory=1 << 30)

    assert ended.exit_code == 1
    assert "MemoryError" in ended.detail


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(60)",
        "import signal, time; signal.signal(2, signal.SIG_IGN); print(1); time.sleep(60)",
        """
import signal, time
for number in (2, 15): signal.signal(number, signal.SIG_IGN)
time.sleep(60)
""",
    ],
    ids=["obedient", "deaf to SIGINT", "deaf to all but SIGKILL"],
)
def test_a_step_is_stopped_within_five_seconds(tmp_path, program):
    ready = "open('../outputs/ready', 'w').write('1')\n"
    request = attempt(tmp_path / "a1", ready + program, environment=HERE)
    process = executor(tmp_path).start(request)
    wait_for(tmp_path / "a1" / "outputs" / "ready")
    time.sleep(0.1)
    started = time.monotonic()

    process.stop()

    assert time.monotonic() - started < 5
    assert process.wait(0).reason == "cancelled"
    process.stop()  # idempotent


def test_nothing_of_a_stopped_step_is_left_running(tmp_path):
    program = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                          start_new_session=True)
open("pids.tmp", "w").write(f"{os.getpid()} {child.pid} {daemon.pid}")
os.rename("pids.tmp", "pids")
time.sleep(60)
"""
    process = executor(tmp_path).start(attempt(tmp_path / "a1", program, environment=HERE))
    pids = [int(pid) for pid in wait_for(tmp_path / "a1" / "work" / "pids").split()]

    process.stop()

    assert not any(alive(pid) for pid in pids)


def test_what_a_finished_step_left_running_is_ended(tmp_path):
    program = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("pid", "w").write(str(child.pid))
"""
    assert outcome(tmp_path, program).exit_code == 0
    assert not alive(int((tmp_path / "a1" / "work" / "pid").read_text()))


def test_cancelling_from_two_threads_gives_one_outcome(tmp_path):
    process = executor(tmp_path).start(
        attempt(tmp_path / "a1", "import time; time.sleep(60)", environment=HERE)
    )
    threads = [threading.Thread(target=process.stop) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert process.wait(0).reason == "cancelled"


ORPHAN = """
import sys, time
from pathlib import Path
from support.bare import BARE, attempt
from cellwright.execution.process import ProcessExecutor
from cellwright.model.pipeline import Environment
here = Environment("3.11", "", "", "", interpreter=sys.executable)
folder = Path(sys.argv[1])
program = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
process = ProcessExecutor(folder / ".cellwright", index=None, runtime=BARE).start(
    attempt(folder / "a1", program, environment=here)
)
process.wait()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_step_whose_run_was_killed_is_reaped_at_the_next_start(tmp_path):
    tests = str(Path(__file__).parents[2])
    run = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])},
    )
    try:
        pid = int(wait_for(tmp_path / "a1" / "work" / "pid"))
        assert executor(tmp_path).reap() == ()  # its run is alive
        assert alive(pid)

        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        reaped = executor(tmp_path).reap()
    finally:
        run.kill()
        run.wait()

    assert len(reaped) == 1
    assert not alive(pid)
    assert executor(tmp_path).reap() == ()


@pytest.fixture
def tiny(tmp_path):
    lock = wheel(tmp_path / "wheels")
    links = ("--no-index", "--find-links", str(tmp_path / "wheels"))
    variables = {**no_index().environment, "UV_CACHE_DIR": str(tmp_path / "uv-cache")}
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    environment = Environment(python=python, lock=lock, base_image="", platform="linux/amd64")
    made = executor(
        tmp_path, index=lambda: IndexAccess(variables, links), interpreter=sys.executable
    )
    return made, environment


def test_an_environment_is_made_once_and_used(tmp_path, tiny):
    made, environment = tiny

    first = made.prepare(environment, lambda _line: None)
    again = made.prepare(environment, lambda _line: None)
    process = made.start(
        attempt(tmp_path / "a1", "import tiny; print(tiny.ANSWER)", environment=environment)
    )

    assert (first, again) == (True, False)
    assert process.wait(60).exit_code == 0
    assert said(tmp_path) == "42\n"


def test_many_threads_that_want_an_environment_make_it_once(tiny):
    made, environment = tiny
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(made.prepare(environment, lambda _: None)))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(results) == [False, False, False, True]


def test_an_environment_that_was_deleted_is_made_again_at_start(tmp_path, tiny):
    import shutil

    made, environment = tiny
    made.prepare(environment, lambda _line: None)
    shutil.rmtree(tmp_path / ".cellwright" / "environments")

    process = made.start(attempt(tmp_path / "a1", "import tiny", environment=environment))

    assert process.wait(60).exit_code == 0


def test_an_environment_whose_making_is_cancelled_is_made_by_the_next_who_wants_it(tmp_path, tiny):
    made, environment = tiny

    def cancel(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.prepare(environment, cancel)

    assert made.prepare(environment, lambda _line: None)
    process = made.start(attempt(tmp_path / "a1", "import tiny", environment=environment))
    assert process.wait(60).exit_code == 0


def test_a_wheel_with_other_bytes_than_the_lock_says_is_refused(tmp_path, tiny):
    made, environment = tiny
    wheel(tmp_path / "wheels", body="ANSWER = 666\n")

    with pytest.raises(ToolError, match=r"(?i)hash"):
        made.prepare(environment, lambda _line: None)

    folder = tmp_path / ".cellwright" / "environments"
    assert not [path for path in folder.iterdir() if (path / "cellwright.json").exists()]


def test_credentials_of_an_index_are_in_no_word_of_uv(tmp_path):
    url = "http://user:CANARY@127.0.0.1:9/simple"
    access = IndexAccess(
        {**no_index().environment, "UV_DEFAULT_INDEX": url, "UV_HTTP_RETRIES": "0"}
    )
    made = executor(tmp_path, index=lambda: access)
    lock = f"nothing-here==1.0 --hash=sha256:{'0' * 64}\n"
    environment = Environment(python="3.11", lock=lock, base_image="", platform="linux/amd64")
    words = []

    with pytest.raises(ToolError) as caught:
        made.prepare(environment, words.append)

    assert "CANARY" not in str(caught.value) + "".join(words)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"CANARY" in payload for payload in kept)


def test_identity_changes_with_lock_python_and_platform_and_asks_nobody(tmp_path):
    made = executor(tmp_path, index=None)
    base = Environment(python="3.11", lock="a==1", base_image="x", platform="linux/amd64")
    others = [
        Environment(python="3.12", lock="a==1", base_image="x", platform="linux/amd64"),
        Environment(python="3.11", lock="a==2", base_image="x", platform="linux/amd64"),
        Environment(python="3.11", lock="a==1", base_image="x", platform="linux/arm64"),
    ]

    identities = {made.identity(environment) for environment in (base, *others)}

    assert len(identities) == 4
    assert made.identity(base) == executor(tmp_path / "elsewhere").identity(base)
