"""Owns one container from its start to its removal: how it ends, and how it is ended.

Neither the end of a log nor the exit code of a client tells how a container ended; only
`inspect` does, asked again when the engine was away.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from cellwright.execution.docker_engine import Engine, engine_errors
from cellwright.execution.executor import Outcome
from cellwright.execution.watched import Handle, Watched

_REMOVED = "the container was removed from outside"
_AWAY = 60.0  # seconds that an engine may be away before its containers count as lost


class DockerProcess:
    """A started container."""

    def __init__(
        self,
        engine: Engine,
        container: str,
        *,
        timeout: float | None,
        ended: Callable[[], None],
    ) -> None:
        """Watch a container; `ended` is called once when nothing of it runs any more."""
        self._engine = engine
        self._container = container
        handle = Handle(f"container {container[:12]}", self._await_end, self._send, ended)
        self._watched = Watched(handle, timeout=timeout)
        self._watched.start()

    def wait(self, seconds: float | None = None) -> Outcome | None:
        """Return how the container ended, or None when it runs after so many seconds."""
        return self._watched.wait(seconds)

    def stop(self) -> None:
        """Interrupt, then terminate, then kill; within 5 s if the engine answers.

        Raises:
            EngineError: the engine does not answer.
            MachineError: the container outlives SIGKILL.
        """
        self._watched.stop()

    def release(self) -> None:
        """Remove the container; its log and state are gone after."""
        remove_container(self._engine, self._container)

    def _send(self, number: signal.Signals) -> None:
        import docker.errors

        with engine_errors(f"sending {number.name} to a container", self._engine.address):
            try:
                self._engine.client.kill(self._container, signal=number.name)
            except docker.errors.APIError as error:
                # Not found, or not running: it ended by itself just now.
                if error.status_code not in (404, 409):
                    raise

    def _await_end(self) -> Outcome:
        """Wait and inspect until the engine tells of an end, or stays away too long."""
        import docker.errors

        lost = False
        away_since: float | None = None
        pause = 0.2
        while True:
            try:
                # The answer comes when the container ends: no read timeout.
                self._engine.client.wait(self._container, timeout=None)
                state = self._engine.client.inspect_container(self._container)["State"]
                if not state["Running"]:
                    return self._describe(state, lost=lost)
                away_since, pause = None, 0.2
            except docker.errors.NotFound:
                return Outcome(-1, "removed", _REMOVED)
            except (OSError, docker.errors.DockerException) as error:
                # The connection broke: the engine stopped, was killed, or restarts. With
                # its live-restore set the container may run on.
                lost = True
                away_since = time.monotonic() if away_since is None else away_since
                if time.monotonic() - away_since > _AWAY:
                    return Outcome(
                        -1, "engine-lost", f"the engine did not come back in {_AWAY:.0f} s: {error}"
                    )
                time.sleep(pause)
                pause = min(2 * pause, 5.0)

    def _describe(self, state: dict[str, Any], *, lost: bool) -> Outcome:
        code = _with_signals(int(state["ExitCode"]))
        if code == -signal.SIGKILL and not self._watched.stopping and self._is_going():
            return Outcome(code, "removed", _REMOVED)
        if state.get("OOMKilled"):
            return Outcome(code, "out-of-memory", self._tail() if code else "")
        if lost and code != 0:
            return Outcome(code, "engine-lost", "the engine went away and took the container down")
        if code == 0:
            return Outcome(0, detail=str(state.get("Error") or ""))
        said = [str(state.get("Error") or ""), self._tail()]
        if code < 0:
            said.insert(0, f"ended by {_name(-code)}, which Cellwright did not send")
        return Outcome(code, detail="\n".join(part for part in said if part))

    def _is_going(self) -> bool:
        """Tell whether a container that was killed is being removed, as `docker rm -f` does.

        The engine first kills it, and tells of its end before it is gone.
        """
        import docker.errors

        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            try:
                state = self._engine.client.inspect_container(self._container)["State"]
            except docker.errors.NotFound:
                return True
            except (OSError, docker.errors.DockerException):
                return False
            if state.get("Dead") or state.get("Status") in ("removing", "dead"):
                return True
            time.sleep(0.05)
        return False

    def _tail(self) -> str:
        """Return the last lines of what the runtime said outside of the step's log."""
        try:
            raw = self._engine.client.logs(self._container, tail=20)
        except OSError:
            return ""
        return bytes(raw).decode(errors="replace").strip()


def remove_container(engine: Engine, container: str) -> None:
    """Remove a container, running or not, with its log and state; gone is fine."""
    import docker.errors

    with engine_errors("removing a container", engine.address):
        try:
            engine.client.remove_container(container, force=True, v=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != 409:  # its removal is under way already
                raise


def _with_signals(code: int) -> int:
    """Return the code with signals negative: the container's init adds 128 to them."""
    number = code - 128
    return -number if number in {int(known) for known in signal.valid_signals()} else code


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def give_back(folders: tuple[str, ...], uid: int, gid: int) -> None:
    """Give what a container wrote to this user; links are not followed."""
    for folder in folders:
        for root, directories, files in os.walk(folder):
            for name in (*directories, *files):
                os.chown(os.path.join(root, name), uid, gid, follow_symlinks=False)
        os.chown(folder, uid, gid, follow_symlinks=False)
