"""Owns the process executor: the same programs, in virtual environments of this machine.

What it cannot do without the rights of root: the network stays open to a step, and so do
the files of this user. It is for machines without an engine, and for tests.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import MachineError
from cellwright.execution.executor import Outcome, Process, Say, StepRequest
from cellwright.execution.leftovers import forget, kill_dead, kill_rest, note
from cellwright.execution.platform_env import PINS, passed_through
from cellwright.execution.runtime_copy import RUNTIME, Runtime, compiled_copy
from cellwright.execution.virtual_environment import IndexAccess, VirtualEnvironments
from cellwright.execution.watched import Handle, Watched
from cellwright.model.pipeline import Environment

_COPIED = 256 * 1024 * 1024  # bytes; larger files of the workspace are linked to
_RUNNER_LOG = "runner.log"


class ProcessExecutor:
    """Runs each attempt as a process of this user, in a session of its own."""

    name = "process"

    def __init__(
        self,
        folder: Path,
        *,
        index: Callable[[], IndexAccess],
        interpreter: str = "",
        runtime: Runtime = RUNTIME,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Keep environments and notes in `folder`, the `.cellwright` of a workspace.

        `interpreter` is the notebook's own Python: environments are made from it where
        they want its version.
        """
        self._folder = folder.absolute()
        self._runtime = runtime
        self._environ = environ
        self._environments = VirtualEnvironments(
            self._folder / "environments", index=index, interpreter=interpreter
        )

    def available(self) -> str | None:
        """Return None: processes there always are."""
        return None if os.name == "posix" else "the process executor needs Linux or macOS"

    def identity(self, environment: Environment) -> Digest:
        """Return what stands for an environment in a cache key; asks nobody."""
        parts = (environment.python, environment.lock, environment.interpreter)
        return digest_of(("process", 1, environment.platform, parts, PINS))

    def prepare(self, environment: Environment, say: Say) -> bool:
        """Make the virtual environment unless it is there; the current one always is.

        Raises:
            ToolError: uv failed; the message carries its last words.
        """
        if environment.interpreter:
            return False
        return self._environments.make(environment, say)

    def start(self, request: StepRequest) -> Process:
        """Start the process of an attempt.

        Raises:
            MachineError: a file or a secret is not there, or the interpreter is gone.
        """
        python = self._python(request.environment)
        environment = self._variables(request, python)
        runtime = compiled_copy(self._folder / "runtime", self._runtime, python)
        try:
            for inside, source in request.mounts.items():
                _show(inside, source, request.attempt)
            with (request.attempt / _RUNNER_LOG).open("wb") as log:
                process = subprocess.Popen(
                    [str(python), str(runtime), str(request.attempt.absolute())],
                    cwd=request.attempt,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise MachineError(f"step {request.step} cannot be started: {error}") from error
        _limit_memory(process.pid, request.memory)
        try:
            return _LocalProcess(process, request, notes=self._notes)
        except OSError as error:
            kill_rest(process.pid, request.attempt)
            process.wait()
            raise MachineError(f"step {request.step} cannot be watched: {error}") from error

    def reap(self) -> tuple[str, ...]:
        """Kill what attempts of dead runs left running."""
        return kill_dead(self._notes)

    @property
    def _notes(self) -> Path:
        return self._folder / "tmp" / "processes"

    def _python(self, environment: Environment) -> Path:
        """Return the interpreter to run; an environment that went missing is made again."""
        if environment.interpreter:
            return Path(environment.interpreter)
        found = self._environments.find(environment)
        if found is None:
            self._environments.make(environment, lambda _line: None)
            found = self._environments.find(environment)
        if found is None:
            raise MachineError("the environment is gone, right after it was made")
        return found

    def _variables(self, request: StepRequest, python: Path) -> dict[str, str]:
        missing = [name for name in request.secrets if name not in self._environ]
        if missing:
            raise MachineError(
                f"step {request.step} needs {', '.join(missing)} in the environment",
                hint=f"export {missing[0]}=… before the run; values are never written down",
            )
        path = self._environ.get("PATH", os.defpath)
        return {
            **passed_through(self._environ),
            **PINS,
            "PATH": f"{python.parent}{os.pathsep}{path}",
            **request.variables,
            **{name: self._environ[name] for name in request.secrets},
        }


class _LocalProcess:
    """A started attempt and all processes that came of it."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", request: StepRequest, *, notes: Path
    ) -> None:
        self._process = process
        self._attempt = request.attempt.absolute()
        self._note = note(notes, process.pid, self._attempt)
        handle = Handle(
            f"the process of step {request.step}",
            self._await_end,
            self._send,
            lambda: forget(self._note),
        )
        self._watched = Watched(handle, timeout=request.timeout)
        self._watched.start()

    def wait(self, seconds: float | None = None) -> Outcome | None:
        """Return how it ended, or None when it still runs after so many seconds."""
        return self._watched.wait(seconds)

    def stop(self) -> None:
        """Interrupt, then terminate, then kill; nothing of the attempt is left running."""
        self._watched.stop()

    def release(self) -> None:
        """Nothing is held: the end of a process is the end of it."""

    def _send(self, number: signal.Signals) -> None:
        """Signal the runner, who passes it on; kill goes to all."""
        if number is signal.SIGKILL:
            kill_rest(self._process.pid, self._attempt)
        else:
            self._process.send_signal(number)

    def _await_end(self) -> Outcome:
        code = self._process.wait()
        # The runner is gone, what it started may not be.
        kill_rest(self._process.pid, self._attempt)
        if code == 0:
            return Outcome(0)
        try:
            said = (self._attempt / _RUNNER_LOG).read_text(errors="replace")
        except OSError:
            said = ""
        lines = said.strip().splitlines()[-20:]
        if code < 0:
            lines.insert(0, f"ended by {signal.Signals(-code).name}")
        return Outcome(code, detail="\n".join(lines))


def _limit_memory(pid: int, memory: int | None) -> None:
    """Limit the address space (Linux only): the step gets a MemoryError, not a kill."""
    if memory is None:
        return
    import resource

    prlimit = getattr(resource, "prlimit", None)
    if prlimit is None:
        return
    try:
        prlimit(pid, resource.RLIMIT_AS, (memory, memory))
    except ProcessLookupError:
        return


def _show(inside: str, source: Path, attempt: Path) -> None:
    """Make a file or folder be seen by a step.

    Artifacts are linked to: the runtime only reads them. Files of the workspace are
    copied, so that a step that writes to one does not change the user's own; only very
    large ones are linked to.
    """
    if not source.exists():
        raise MachineError(f"{source}, which a step needs, does not exist")
    if os.path.isabs(inside):
        if not Path(inside).exists() or not os.path.samefile(inside, source):
            raise MachineError(
                f"the process executor cannot show {source} at {inside}",
                hint="an absolute path is seen as it is on this machine; or use Docker",
            )
        return
    target = attempt / inside
    if source.is_dir():
        for entry in sorted(source.iterdir()):
            _show(f"{inside}/{entry.name}", entry, attempt)
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() or target.is_symlink():
        target.unlink()
    if inside.startswith("work/") and source.stat().st_size <= _COPIED:
        shutil.copy2(source, target)
    else:
        target.symlink_to(source.resolve())
