"""What the runner makes of a child that ends, in whatever way it does."""

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cellwright.runtime.manifest import Manifest, from_json
from support.attempts import Steps, wait_for

CANARY = "s3cr3t+canary/value"


def test_a_step_that_runs_through_succeeds_and_says_who_it_is(steps: Steps) -> None:
    attempt = steps.ok("print('out')\nimport sys\nprint('err', file=sys.stderr)")

    manifest = attempt.manifest
    assert (manifest.run, manifest.step, manifest.nonce) == ("run", "train", "nonce")
    assert manifest.error is None
    assert attempt.stdout == "out\n"
    assert "out\n" in attempt.log
    assert "err\n" in attempt.log
    assert manifest.peak_memory > 1_000_000
    assert 0 < manifest.seconds < 60
    assert manifest.python.startswith("3.")


def test_an_exception_names_cell_and_line_and_shows_only_the_users_frames(steps: Steps) -> None:
    attempt = steps.run(
        "def ratio(a, b):\n    return a / b",
        "x = 1\nratio(x, 0)",
        definitions="import math",
    )

    error = attempt.manifest.error
    assert attempt.exit_code == 1
    assert error.kind == "exception"
    assert error.message == "ZeroDivisionError: division by zero"
    assert (error.cell, error.line) == (2, 2)
    assert 'File "churn.ipynb, cell 3", line 2, in <module>\n    ratio(x, 0)' in error.traceback
    assert 'File "churn.ipynb, cell 2", line 2, in ratio\n    return a / b' in error.traceback
    assert "cellwright" not in error.traceback
    assert error.traceback in attempt.log
    assert error.traceback not in attempt.stdout


def test_a_fault_in_the_definitions_names_the_cell_they_come_from(steps: Steps) -> None:
    attempt = steps.run("x = 1", definitions="a = 1\nimport no_such_module_at_all")

    assert attempt.manifest.error.cell == 1
    assert attempt.manifest.error.line == 2
    assert "no_such_module_at_all" in attempt.manifest.error.message


def test_chained_exceptions_and_groups_are_told_in_full(steps: Steps) -> None:
    attempt = steps.run(
        "try:\n    {}['k']\nexcept KeyError as error:\n    raise ValueError('outer') from error"
    )

    text = attempt.manifest.error.traceback
    assert "KeyError: 'k'" in text
    assert "direct cause" in text
    assert text.rstrip().endswith("ValueError: outer")


def test_a_syntax_error_names_its_line(steps: Steps) -> None:
    attempt = steps.run("x = 1", "y = 2\nreturn y")

    assert (attempt.manifest.error.cell, attempt.manifest.error.line) == (3, 2)
    assert "SyntaxError" in attempt.manifest.error.message


def test_endless_recursion_and_an_unprintable_exception_are_told(steps: Steps) -> None:
    deep = steps.run("def f(): return f()\nf()")
    mute = steps.run("class E(Exception):\n    def __str__(self): raise OSError\nraise E")

    assert deep.manifest.error.message.startswith("RecursionError")
    assert len(deep.manifest.error.traceback) < 70_000
    assert mute.manifest.error.message.startswith("E: <the exception has no text")


@pytest.mark.parametrize("call", ["sys.exit(0)", "sys.exit('stop')", "raise SystemExit(3)"])
def test_leaving_python_is_a_failure_as_it_stops_a_notebook(steps: Steps, call: str) -> None:
    attempt = steps.run(f"import sys\n{call}", "print('never')")

    assert attempt.manifest.state == "failed"
    assert attempt.manifest.error.kind == "exit"
    assert attempt.exit_code == 1
    assert "never" not in attempt.log


def test_a_process_that_ends_itself_with_code_0_has_failed(steps: Steps) -> None:
    attempt = steps.run("print('last words')\nx = 1", "import os\nos._exit(0)", outputs=("x",))

    assert attempt.manifest.state == "failed"
    assert attempt.manifest.error.kind == "exit"
    assert attempt.manifest.error.cell == 3
    assert attempt.exit_code == 1
    assert attempt.stdout == "last words\n"
    assert attempt.manifest.artifacts == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ("os.abort()", "SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    ],
)
def test_a_child_that_dies_of_a_signal_is_told_with_its_cell(
    steps: Steps, code: str, name: str
) -> None:
    attempt = steps.run("x = 1", f"import os\nprint('before')\n{code}")

    error = attempt.manifest.error
    assert (error.kind, error.cell) == ("killed", 3)
    assert name in error.message
    assert "before" in attempt.stdout
    assert attempt.exit_code == 1
    assert attempt.displays == []


def test_a_crash_in_compiled_code_tells_the_line(steps: Steps) -> None:
    attempt = steps.run("import ctypes\ndef f():\n    ctypes.string_at(0)\nf()")

    assert 'File "churn.ipynb, cell 2", line 3 in f' in attempt.log


def test_too_little_memory_is_told_as_that(steps: Steps) -> None:
    attempt = steps.run(
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))\n"
        "x = bytearray(2**31)"
    )

    assert attempt.manifest.error.kind == "out-of-memory"
    assert "memory" in attempt.manifest.error.hint


def test_an_interrupt_stops_the_cell_and_says_where(steps: Steps) -> None:
    attempt = steps.lay("print('go')\nimport time\ntime.sleep(60)")
    process = steps.start(attempt)
    wait_for(lambda: "go" in read(attempt / "logs" / "stdout"))

    process.send_signal(signal.SIGINT)
    done = steps.finish(attempt, process, timeout=20)

    assert done.manifest.state == "interrupted"
    assert done.manifest.error.kind == "interrupted"
    assert (done.manifest.error.cell, done.manifest.error.line) == (2, 3)
    assert done.exit_code == 1


def test_the_traceback_is_in_the_log_whatever_became_of_stderr(steps: Steps) -> None:
    attempt = steps.run("import io, sys\nsys.stderr = io.StringIO()\nsys.stdout = None\n1 / 0")

    assert "ZeroDivisionError: division by zero" in attempt.log


def test_a_fault_while_outputs_are_saved_is_not_laid_on_a_cell(steps: Steps) -> None:
    attempt = steps.run(
        "import os\nclass Bomb:\n    def __reduce__(self): os._exit(3)\nx = Bomb()",
        outputs=("x",),
    )

    assert "the saving of the outputs ended the process" in attempt.manifest.error.message
    assert attempt.manifest.error.cell is None


def test_a_second_signal_ends_a_step_that_does_not_listen(steps: Steps) -> None:
    attempt = steps.lay(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('go')\n"
        "time.sleep(60)"
    )
    process = steps.start(attempt)
    wait_for(lambda: "go" in read(attempt / "logs" / "stdout"))

    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    done = steps.finish(attempt, process, timeout=4)

    assert done.manifest.state == "interrupted"
    assert done.manifest.error.cell == 2


def test_a_step_that_swallows_the_interrupt_is_killed_after_a_grace(steps: Steps) -> None:
    attempt = steps.lay(
        "import time\nprint('go')\nwhile True:\n    try:\n        time.sleep(60)\n"
        "    except KeyboardInterrupt:\n        print('no')"
    )
    process = steps.start(attempt)
    wait_for(lambda: "go" in read(attempt / "logs" / "stdout"))

    process.send_signal(signal.SIGINT)
    done = steps.finish(attempt, process, timeout=15)

    assert done.manifest.state == "interrupted"
    assert "no" in done.stdout


def test_a_log_beyond_its_limit_keeps_start_and_end_and_says_what_is_left_out(
    steps: Steps,
) -> None:
    attempt = steps.ok(
        "print('first')\nfor i in range(20000): print('line', i)\nprint('last')", log_limit=20_000
    )

    assert attempt.stdout.startswith("first\nline 0\n")
    assert attempt.stdout.endswith("last\n")
    assert "bytes of the log left out here" in attempt.stdout
    assert len(attempt.stdout) < 45_000


def test_a_character_that_comes_in_two_pieces_stays_one(steps: Steps) -> None:
    attempt = steps.ok(
        "import os, time\nfor byte in 'é€😀'.encode():\n    os.write(1, bytes([byte]))\n"
        "    os.write(2, b'.')\n    time.sleep(0.01)"
    )

    for character in "é€😀":
        assert character in attempt.log
    assert attempt.stdout == "é€😀"


def test_bytes_that_are_no_text_are_kept(steps: Steps) -> None:
    attempt = steps.ok("import os\nos.write(1, bytes(range(256)))")

    assert (attempt.folder / "logs" / "stdout").read_bytes() == bytes(range(256))


def test_a_secret_is_masked_wherever_the_step_says_it(steps: Steps) -> None:
    quoted = "s3cr3t%2Bcanary%2Fvalue"
    attempt = steps.run(
        "import os, sys, time, base64\ns = os.environ['TOKEN']\nprint('a', s)\n"
        "for c in s:\n    sys.stdout.write(c)\n    sys.stdout.flush()\n    time.sleep(0.005)\n"
        "print(base64.b64encode(('user:' + s).encode()).decode())\n"
        f"print('{quoted}')\nprint(s, file=sys.stderr)\ns",
        "raise ValueError(s)",
        secrets=["TOKEN"],
        variables={"TOKEN": CANARY},
    )

    whole = b"".join(path.read_bytes() for path in files_below(attempt.folder))
    for form in (CANARY, quoted, base64.b64encode(CANARY.encode())[4:-4].decode()):
        assert form.encode() not in whole
    assert "***" in attempt.stdout
    assert attempt.manifest.error.message == "ValueError: ***"


def test_a_grandchild_that_holds_the_streams_does_not_hold_up_the_step(steps: Steps) -> None:
    attempt = steps.ok(
        "import subprocess\np = subprocess.Popen(['sleep', '60'])\nprint(p.pid)", timeout=20
    )

    assert attempt.manifest.seconds < 15
    assert not alive(int(attempt.stdout))


def test_the_runner_can_be_process_1_of_a_container(steps: Steps) -> None:
    """Not every engine puts an `init` before it; what is left over must end there, too."""
    unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("this system gives a process no process ids of its own")
    alone = steps.lay("import os\nprint(os.getppid())\nx = 1", outputs=("x",))
    leaving = steps.lay("import subprocess\np = subprocess.Popen(['sleep', '60'])\nx = 2")

    for attempt in (alone, leaving):
        done = subprocess.run(
            [*unshare, sys.executable, str(steps.runtime), str(attempt)],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

        assert (done.returncode, done.stderr) == (0, "")
        manifest = from_json(Manifest, (attempt / "manifest.json").read_bytes())
        assert manifest.state == "succeeded"
    assert read(alone / "logs" / "stdout") == "1\n"


def test_outputs_are_saved_before_what_runs_at_exit(steps: Steps) -> None:
    first = steps.ok(
        "import atexit\nstate = {'open': True}\n"
        "atexit.register(lambda: (state.update(open=False), print('closed')))",
        outputs=("state",),
    )
    second = steps.ok("print(state)", inputs=((first, "state"),))

    assert second.stdout == "{'open': True}\n"
    assert "closed" in first.stdout


def test_a_thread_that_never_ends_does_not_hold_up_the_step(steps: Steps) -> None:
    attempt = steps.ok(
        "import threading, time\n"
        "threading.Thread(target=lambda: time.sleep(100), name='sleeper').start()\nx = 1",
        outputs=("x",),
        timeout=20,
    )

    assert attempt.manifest.seconds < 15
    assert "sleeper" in attempt.log


def test_what_a_thread_does_within_moments_is_in_the_outputs(steps: Steps) -> None:
    first = steps.ok(
        "import threading, time\nfound = []\n"
        "def work():\n    time.sleep(0.3)\n    found.append(1)\nthreading.Thread(target=work).start()",
        outputs=("found",),
    )

    assert steps.ok("print(found)", inputs=((first, "found"),)).stdout == "[1]\n"


def test_a_fork_of_the_cells_reports_nothing(steps: Steps) -> None:
    attempt = steps.ok("import os\npid = os.fork()\nx = pid == 0\nif pid: os.waitpid(pid, 0)")

    assert attempt.manifest.state == "succeeded"


def test_an_old_manifest_is_gone_when_the_attempt_starts(steps: Steps) -> None:
    attempt = steps.lay("import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(5)")
    (attempt / "manifest.json").write_text("{}")

    process = steps.start(attempt)
    process.wait(20)
    os.killpg(process.pid, signal.SIGKILL)

    assert not (attempt / "manifest.json").exists()


def test_killing_the_group_of_the_runner_ends_all_of_the_step(steps: Steps) -> None:
    attempt = steps.lay(
        "import os, subprocess, time\np = subprocess.Popen(['sleep', '60'])\n"
        "print(os.getpid(), p.pid, '.')\ntime.sleep(60)"
    )
    process = steps.start(attempt)
    wait_for(lambda: "." in read(attempt / "logs" / "stdout"))
    pids = [int(word) for word in read(attempt / "logs" / "stdout").split()[:2]]

    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)

    wait_for(lambda: not any(map(alive, pids)))


def test_an_unusable_spec_is_told_and_leaves_no_manifest(steps: Steps) -> None:
    attempt = steps.lay("x = 1")
    (attempt / "spec.json").write_text('{"format": 99}')

    done = subprocess.run(
        [sys.executable, str(steps.runtime), str(attempt)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "format 99" in done.stderr
    assert not (attempt / "manifest.json").exists()


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "program.py"]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
