"""Owns the virtual environments of the process executor: made by uv, whole or not at all."""

import json
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cellwright.base.canonical import digest_of
from cellwright.base.errors import ToolError
from cellwright.execution.executor import Say
from cellwright.execution.single_flight import single_flight
from cellwright.model.pipeline import Environment

_MARKER = "cellwright.json"
_TAIL = 30


@dataclass(frozen=True, slots=True)
class IndexAccess:
    """Where uv finds distributions: its whole environment, which may hold credentials,
    further arguments, and what takes credentials out of its words."""

    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    redact: Callable[[str], str] = lambda text: re.sub(r"(?<=://)[^/@\s]+@", "***@", text)


class VirtualEnvironments:
    """A folder of virtual environments, each named by the digest of what it holds.

    Files are links into uv's cache where the file system allows: a second environment
    with the same distributions costs little time and no space.
    """

    def __init__(
        self, folder: Path, *, index: Callable[[], IndexAccess], interpreter: str = ""
    ) -> None:
        """Keep environments in `folder`; `interpreter` is the Python to prefer, where its
        version is the one that is asked for."""
        self._folder = folder
        self._index = index
        self._interpreter = interpreter

    def find(self, environment: Environment) -> Path | None:
        """Return the interpreter of an environment that is made; some microseconds."""
        place = self._place(environment)
        python = place / "bin" / "python"
        # The link dangles when the Python that it was made from is gone.
        return python if (place / _MARKER).is_file() and python.exists() else None

    def make(self, environment: Environment, say: Say) -> bool:
        """Make an environment unless it is there; False when it was.

        Safe to call from several threads and processes.

        Raises:
            ToolError: uv is missing or failed; the message carries its last words.
        """
        if self.find(environment) is not None:
            return False
        place = self._place(environment)
        lock = self._folder / f"{place.name}.lock"
        with single_flight(lock, lambda: say("waiting: the environment is being made already")):
            if self.find(environment) is not None:
                return False
            beside = self._folder / f"{place.name}.tmp"
            for stale in (beside, place):
                shutil.rmtree(stale, ignore_errors=True)
            self._fill(beside, environment, say)
            beside.rename(place)
        return True

    def _place(self, environment: Environment) -> Path:
        content = digest_of(("venv", 1, environment.python, environment.lock, self._interpreter))
        return self._folder / content.partition(":")[2][:16]

    def _fill(self, place: Path, environment: Environment, say: Say) -> None:
        uv = _uv()
        place.parent.mkdir(parents=True, exist_ok=True)
        access = self._index()
        # Relocatable: scripts name no path, so that the folder can be renamed after.
        create = (uv, "venv", "--quiet", "--no-project", "--relocatable", "--no-python-downloads")
        python = self._python(environment.python)
        _call((*create, "--python", python, str(place)), access, say)
        if environment.lock.strip():
            lock = place / "requirements.lock"
            lock.write_text(environment.lock, encoding="utf-8")
            sync = (uv, "pip", "sync", "--require-hashes", "--compile-bytecode")
            into = ("--python", str(place / "bin" / "python"))
            _call((*sync, *into, *access.arguments, str(lock)), access, say)
        marker = {"python": environment.python, "lock": digest_of(environment.lock)}
        (place / _MARKER).write_text(json.dumps(marker, sort_keys=True) + "\n")

    def _python(self, version: str) -> str:
        """Return what uv is asked for: the preferred interpreter if it is of that version."""
        if self._interpreter:
            probe = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
            done = subprocess.run(
                [self._interpreter, "-I", "-c", probe],
                env={},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if f"{done.stdout.strip()}.".startswith(f"{version}."):
                return self._interpreter
        return version


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        found = shutil.which("uv")
        if found is None:
            raise ToolError("uv is not there", hint="install it with `pip install uv`") from error
        return found


def _call(command: tuple[str, ...], access: IndexAccess, say: Say) -> None:
    tail: deque[str] = deque(maxlen=_TAIL)
    with subprocess.Popen(
        command,
        env=dict(access.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                text = access.redact(line.rstrip())
                tail.append(text)
                if text and not text.startswith((" +", "  ")):
                    say(text)
        except BaseException:  # cancelled
            process.kill()
            raise
    if process.returncode != 0:
        raise ToolError(
            f"uv {command[1]} ended with {process.returncode}:\n" + "\n".join(tail),
            hint="check the network, and the index in the configuration of pip or uv",
        )
