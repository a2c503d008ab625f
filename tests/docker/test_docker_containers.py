import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cellwright.base.errors import EngineError, MachineError
from support.bare import attempt

pytestmark = pytest.mark.docker


@pytest.fixture
def run(ready, plain, tmp_path):
    """Return a function that runs a program to its end: the outcome, and what it said."""

    def run(program, **options):
        name = f"a{len(list(tmp_path.glob('a*'))) + 1}"
        process = ready.start(attempt(tmp_path / name, program, environment=plain, **options))
        ended = process.wait(60)
        said = ready.engine.client.logs(process._container).decode()
        process.release()
        return ended, said

    return run


def containers(executor):
    mine = {"label": f"cellwright.workspace={executor._workspace}"}
    return executor.engine.client.containers(all=True, filters=mine)


def wait_for(path, seconds=20.0):
    until = time.monotonic() + seconds
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until, f"{path} does not appear"
        time.sleep(0.01)
    return path.read_text()


def test_a_program_that_ends_well_is_told_by_code_zero(run, tmp_path):
    ended, said = run("open('made', 'w').write('x'); print('done')")

    assert (ended.exit_code, ended.reason, said) == (0, "", "done\n")
    assert (tmp_path / "a1" / "work" / "made").read_text() == "x"


def test_what_a_step_wrote_belongs_to_who_runs_cellwright(run, tmp_path):
    run("import os; os.mkdir('d'); open('d/made', 'w'); os.symlink('/etc/passwd', 'link')")

    for path in ("work", "work/d", "work/d/made", "work/link", "outputs", "logs", "."):
        assert os.lstat(tmp_path / "a1" / path).st_uid == os.geteuid(), path
    assert os.stat("/etc/passwd").st_uid == 0


def test_a_step_is_nobody_in_particular_and_has_no_rights(run):
    ended, said = run(
        """
import getpass, json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps([os.getuid(), getpass.getuser(), os.environ["HOME"], os.environ["HOSTNAME"],
      status["CapEff"].strip(), status["CapBnd"].strip(), status["NoNewPrivs"].strip()]))
"""
    )

    assert ended.exit_code == 0
    uid, user, home, host, effective, bounding, no_new = json.loads(said)
    assert uid == (os.geteuid() or 65532)
    assert (user, home, host, no_new) == ("cellwright", "/tmp", "cellwright", "1")
    assert int(effective, 16) == int(bounding, 16) == 0


def test_a_step_can_write_to_its_attempt_and_tmp_and_nowhere_else(run):
    ended, said = run(
        """
import os
def can(path):
    try:
        open(path, "a").close()
        return True
    except OSError:
        return False
for path in ("/x", "/opt/venv/x", "/etc/x", "/usr/x", "../spec.json", "../program.py"):
    assert not can(path), path
for path in ("/tmp/x", "x", "../outputs/x", "../logs/x", "../manifest.json", "/dev/shm/x"):
    assert can(path), path
for path in ("../spec.json", "../program.py"):
    try:
        os.replace("x", path)
    except OSError:
        continue
    raise AssertionError(path)
"""
    )

    assert ended.exit_code == 0, said


def test_a_step_has_no_network_unless_it_asks(run):
    program = """
import socket
print(sorted(name for _, name in socket.if_nameindex()))
"""
    closed = run(program)[1]
    opened = run(program, network=True)[1]

    assert "eth0" not in closed
    assert "eth0" in opened


def test_mounts_are_read_only_and_where_they_were_asked_for(run, tmp_path):
    data = tmp_path / "in" / "churn.csv"
    data.parent.mkdir()
    data.write_text("a,b\n")
    mounts = {
        "work/data/churn.csv": data,
        "inputs/ab12": data,
        "work/folder": data.parent,
        str(data): data,
        "/tmp/absolute.csv": data,
    }
    ended, said = run(
        f"""
paths = ["data/churn.csv", "../inputs/ab12", "folder/churn.csv", {str(data)!r}, "/tmp/absolute.csv"]
for path in paths:
    assert open(path).read() == "a,b\\n"
    try:
        open(path, "a").close()
    except OSError:
        continue
    raise AssertionError(path)
""",
        mounts=mounts,
    )

    assert ended.exit_code == 0, said
    assert data.read_text() == "a,b\n"


def test_a_missing_file_is_the_machines_fault_and_nothing_is_made_of_it(ready, plain, tmp_path):
    gone = tmp_path / "gone.csv"
    request = attempt(tmp_path / "a1", "", environment=plain, mounts={"work/gone.csv": gone})

    with pytest.raises(MachineError, match=r"gone\.csv"):
        ready.start(request)

    assert not gone.exists()
    assert containers(ready) == []


def test_a_step_over_its_memory_is_told_as_out_of_memory(run):
    ended, _ = run("x = bytearray(256 << 20)", memory=64 << 20)

    assert (ended.exit_code, ended.reason) == (-9, "out-of-memory")


def test_a_child_over_its_memory_is_told_though_the_step_ends_well(run):
    ended, said = run(
        """
import subprocess, sys
child = subprocess.run([sys.executable, "-c", "x = bytearray(256 << 20)"])
print(child.returncode)
""",
        memory=64 << 20,
    )

    assert said == "-9\n"
    assert (ended.exit_code, ended.reason) == (0, "out-of-memory")


def test_too_many_processes_fail_in_the_step_and_not_on_the_machine(run):
    ended, said = run(
        """
import os, time
made = 0
try:
    for made in range(5000):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
except OSError as error:
    print("refused", made < 2100)
"""
    )

    assert said == "refused True\n", ended


def test_a_time_limit_ends_the_step_and_says_so(ready, plain, tmp_path):
    started = time.monotonic()
    process = ready.start(
        attempt(tmp_path / "a1", "import time; time.sleep(60)", environment=plain, timeout=1)
    )

    ended = process.wait(20)
    process.release()

    assert ended.reason == "timeout"
    assert time.monotonic() - started < 6


DEAF = """
import signal, time
for number in (2, 15): signal.signal(number, signal.SIG_IGN)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("program", "limit"),
    [
        ("import time; time.sleep(60)", 2.0),
        (DEAF, 5.0),
    ],
    ids=["obedient", "deaf to all but SIGKILL"],
)
def test_a_step_is_stopped_in_time(ready, plain, tmp_path, program, limit):
    ready_line = "open('../outputs/ready', 'w').write('1')\n"
    process = ready.start(attempt(tmp_path / "a1", ready_line + program, environment=plain))
    wait_for(tmp_path / "a1" / "outputs" / "ready")
    time.sleep(0.2)
    started = time.monotonic()

    process.stop()

    assert time.monotonic() - started < limit
    assert process.wait(0).reason == "cancelled"
    process.stop()  # idempotent
    assert [row["State"] for row in containers(ready)] == ["exited"]
    process.release()
    process.release()
    assert containers(ready) == []


def test_the_last_words_and_the_signal_of_a_failed_step_are_in_the_detail(run):
    failed, _ = run("raise ValueError('three is not two')")
    killed, _ = run("import os; os.kill(os.getpid(), 11)")

    assert failed.exit_code == 1
    assert "three is not two" in failed.detail
    assert killed.exit_code == -11
    assert "SIGSEGV" in killed.detail


def test_a_container_that_someone_removed_is_told_as_removed(ready, plain, tmp_path):
    process = ready.start(
        attempt(tmp_path / "a1", "import time; time.sleep(60)", environment=plain)
    )

    ready.engine.client.remove_container(process._container, force=True)

    assert process.wait(20).reason == "removed"
    process.release()


def test_a_step_whose_output_is_large_does_not_fill_the_engines_log(run):
    ended, said = run("for _ in range(200_000): print('x' * 99)")

    assert ended.exit_code == 0
    assert len(said) < 4 << 20


def test_secrets_are_read_at_start_and_a_missing_one_is_named(
    ready, plain, tmp_path, make_executor
):
    executor = make_executor(environ={**os.environ, "CLOUD_TOKEN": "canary"})
    program = "import os; print(os.environ['CLOUD_TOKEN'])"
    asked = attempt(tmp_path / "a1", program, environment=plain, secrets=("CLOUD_TOKEN",))
    process = executor.start(asked)
    process.wait(20)

    assert ready.engine.client.logs(process._container) == b"canary\n"
    assert b"canary" not in b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )
    with pytest.raises(MachineError, match="NOT_SET_ANYWHERE"):
        executor.start(
            attempt(tmp_path / "a2", "", environment=plain, secrets=("NOT_SET_ANYWHERE",))
        )


def test_a_command_that_cannot_start_leaves_no_container(ready, plain, tmp_path):
    request = attempt(tmp_path / "a1", "", environment=plain, memory=1)

    with pytest.raises(EngineError, match="memory"):
        ready.start(request)

    assert containers(ready) == []


ORPHAN = """
import os, sys
from pathlib import Path
from cellwright.environment.image import dockerfile
from cellwright.execution.docker import DockerExecutor
from cellwright.model.pipeline import Environment
from support.bare import BARE, attempt
folder, base = Path(sys.argv[1]), sys.argv[2]
plain = Environment(python="3.11", lock="", base_image=base, platform="linux/amd64")
executor = DockerExecutor(folder / ".cellwright", dockerfile=dockerfile, wheels=None, runtime=BARE)
program = "import time; open('running', 'w').write('1'); time.sleep(60)"
executor.start(attempt(folder / "a1", program, environment=plain)).wait()
"""


def test_a_container_whose_run_was_killed_is_reaped_at_the_next_start(ready, base_image, tmp_path):
    tests = str(Path(__file__).parents[1])
    run = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(tmp_path), base_image],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])},
    )
    try:
        wait_for(tmp_path / "a1" / "work" / "running")
        assert ready.reap() == ()  # its run is alive
        assert len(containers(ready)) == 1

        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        reaped = ready.reap()
    finally:
        run.kill()
        run.wait()

    assert reaped == ("container of step train of run run-1",)
    assert containers(ready) == []
    assert ready.reap() == ()
