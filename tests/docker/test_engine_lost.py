"""An engine of the test's own, which can be killed under a running step."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from cellwright.environment.image import dockerfile
from cellwright.execution.docker import DockerExecutor
from cellwright.execution.docker_engine import Engine
from cellwright.execution.ownership import started
from cellwright.model.pipeline import Environment
from support.bare import BARE, attempt

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("dockerd") or not shutil.which("unshare"),
        reason="needs root, dockerd and unshare",
    ),
]


class OwnEngine:
    """A daemon in a network namespace of its own: it must not touch another's bridge."""

    def __init__(self, folder, *flags):
        self.folder = folder
        self.environ = {**os.environ, "DOCKER_HOST": f"unix://{folder}/docker.sock"}
        self._flags = flags

    def start(self):
        for stale in ("docker.pid", "docker.sock"):
            (self.folder / stale).unlink(missing_ok=True)
        # A killed daemon takes its containerd along. Where nobody waits for orphans, the
        # new one would see its process id in use, and wait for it in vain.
        helper = self.folder / "exec" / "containerd" / "containerd.pid"
        if helper.exists() and not started(int(helper.read_text())):
            helper.unlink()
        with (self.folder / "log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [
                    *("unshare", "--net", "dockerd", "--bridge=none", "--iptables=false"),
                    *("--host", f"unix://{self.folder}/docker.sock", *self._flags),
                    *("--data-root", str(self.folder / "data")),
                    *("--exec-root", str(self.folder / "exec")),
                    *("--pidfile", str(self.folder / "docker.pid")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while Engine(self.environ).unavailable() is not None:
            assert self.daemon.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "dockerd does not come up"
            time.sleep(0.1)

    def end(self, number):
        self.daemon.send_signal(number)
        self.daemon.wait(60)


@pytest.fixture(params=[(), ("--live-restore",)], ids=["plain", "live-restore"])
def own_engine(request, engine, base_image, tmp_path):
    made = OwnEngine(tmp_path, *request.param)
    made.start()
    load = subprocess.Popen(
        ["docker", "load", "--quiet"], env=made.environ, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    for chunk in engine.client.get_image(base_image):
        load.stdin.write(chunk)
    load.stdin.close()
    assert load.wait(120) == 0
    yield made
    if made.daemon.poll() is not None:
        made.start()
    client = Engine(made.environ).client
    for row in client.containers(all=True):
        client.remove_container(row["Id"], force=True)
    made.end(signal.SIGTERM)
    # A killed daemon leaves its data folder mounted on itself.
    data = str(tmp_path / "data")
    while subprocess.run(["umount", data], capture_output=True, check=False).returncode == 0:
        pass
    shutil.rmtree(data, ignore_errors=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["terminated", "killed"])
def test_an_engine_that_goes_away_is_asked_again_when_it_is_back(
    own_engine, base_image, tmp_path, number
):
    plain = Environment("3.11", "", base_image, "linux/amd64")
    executor = DockerExecutor(
        tmp_path / ".cellwright",
        dockerfile=dockerfile,
        wheels=None,
        runtime=BARE,
        environ=own_engine.environ,
    )
    executor.prepare(plain, print)
    program = "import time\nopen('started', 'w').write('1')\ntime.sleep(6)\nprint('done')"
    process = executor.start(attempt(tmp_path / "a1", program, environment=plain))
    until = time.monotonic() + 20
    while not (tmp_path / "a1" / "work" / "started").exists():
        assert time.monotonic() < until
        time.sleep(0.02)

    own_engine.end(number)
    time.sleep(1)
    still_unknown = process.wait(0)
    own_engine.start()
    ended = process.wait(60)
    process.release()

    survives = "--live-restore" in own_engine._flags
    if number == signal.SIGKILL or survives:
        assert still_unknown is None
    if survives:
        assert (ended.exit_code, ended.reason) == (0, "")
    else:
        assert ended.exit_code != 0
        assert ended.reason == "engine-lost"
