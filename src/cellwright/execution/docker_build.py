"""Owns the building of images: a context as one tar, a builder, and its words on failure.

The classic builder is driven through the Docker SDK, BuildKit through `docker buildx`,
which is the only client of its own that BuildKit has.
"""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cellwright.base.errors import EngineError
from cellwright.execution.docker_engine import Engine, engine_errors
from cellwright.execution.executor import Say

_TAIL = 50  # lines of a failed build that are shown
_TIME = 315532800  # 1980-01-01, the time stamp of all that enters an image


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """An image to make: `files` and `folders` are the context, by their name in it.

    `network` is true only where the text itself fetches (system packages). `proxies`
    are passed as the build arguments that engines know by themselves and record nowhere.
    """

    tag: str
    dockerfile: str
    files: Mapping[str, bytes]
    folders: Mapping[str, Path]
    network: bool = False
    proxies: Mapping[str, str] = field(default_factory=dict)


def write_context(request: BuildRequest, target: IO[bytes]) -> None:
    """Write the context as a tar: equal content gives equal bytes, whoever owns the files."""
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, payload in sorted({**request.files, "Dockerfile": _text(request)}.items()):
            entry = _entry(name, mode=0o644)
            entry.size = len(payload)
            archive.addfile(entry, io.BytesIO(payload))
        for name, folder in sorted(request.folders.items()):
            _add_folder(archive, name, folder)


def _text(request: BuildRequest) -> bytes:
    return request.dockerfile.encode()


def _add_folder(archive: tarfile.TarFile, name: str, folder: Path) -> None:
    root = _entry(name, mode=0o755)
    root.type = tarfile.DIRTYPE
    archive.addfile(root)
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        inside = f"{name}/{path.relative_to(folder).as_posix()}"
        if path.is_dir():
            entry = _entry(inside, mode=0o755)
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
            continue
        entry = _entry(inside, mode=0o644)
        entry.size = path.stat().st_size
        with path.open("rb") as source:
            archive.addfile(entry, source)


def _entry(name: str, *, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mtime, entry.mode = _TIME, mode
    entry.uname = entry.gname = "root"
    return entry


class BuildKit:
    """The `docker buildx` of this machine, if there is one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._docker = shutil.which("docker", path=environ.get("PATH", ""))

    def version(self) -> str:
        """Return what it calls itself, "" where there is none; some 50 ms."""
        if self._docker is None:
            return ""
        try:
            done = subprocess.run(
                [self._docker, "buildx", "version"],
                env=self._environment(""),
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    def build(self, request: BuildRequest, context: IO[bytes], *, engine: Engine, say: Say) -> None:
        """Build from a context on its standard input; the image is in the engine after.

        Raises:
            EngineError: with the failing step and the last lines.
        """
        assert self._docker is not None  # noqa: S101  # version() said that there is one
        command = [
            *(self._docker, "buildx", "build", "--builder", "default", "--load"),
            *("--progress", "plain", "--tag", request.tag),
            *("--network", "default" if request.network else "none"),
            *(part for name in sorted(request.proxies) for part in ("--build-arg", name)),
            "-",
        ]
        words = _Words(say)
        with subprocess.Popen(
            command,
            env={**self._environment(engine.address.url), **request.proxies},
            stdin=context,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            try:
                for line in process.stdout or ():
                    words.hear(line)
            except BaseException:  # cancelled: the build ends with its client
                process.kill()
                raise
        if process.returncode != 0:
            raise EngineError(words.failure(request.tag, f"docker buildx: {process.returncode}"))

    def _environment(self, host: str) -> dict[str, str]:
        """Return the variables of the client: it must reach the engine that we reach."""
        kept = {
            name: text
            for name, text in self._environ.items()
            if name in ("PATH", "HOME", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
        }
        return {
            **kept,
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
            **({"DOCKER_HOST": host} if host else {}),
        }


def build_classic(request: BuildRequest, context: IO[bytes], *, engine: Engine, say: Say) -> None:
    """Build with the engine's own builder.

    Intermediate containers are removed, also when the build fails.

    Raises:
        EngineError: with the failing step and the last lines.
    """
    words = _Words(say)
    with engine_errors(f"building {request.tag}", engine.address), engine.connection() as client:
        answer = client.build(
            fileobj=context,
            custom_context=True,
            tag=request.tag,
            rm=True,
            forcerm=True,
            decode=True,
            timeout=None,
            network_mode="default" if request.network else "none",
            buildargs=dict(request.proxies),
        )
        for entry in answer:
            words.hear(str(entry.get("stream") or entry.get("status") or ""))
            if "error" in entry:
                raise EngineError(words.failure(request.tag, str(entry["error"])))


class _Words:
    """What a builder says: the steps are passed on, the last lines kept."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._step = ""

    def hear(self, text: str) -> None:
        for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
            line = re.sub(r"\s+", " ", line).rstrip()  # noqa: PLW2901
            if not line or line.startswith((" --->", "Removing intermediate")):
                continue
            self._tail.append(line)
            if re.match(r"Step \d+/\d+ :|#\d+ \[", line):
                self._step = line if len(line) <= 100 else f"{line[:99]}…"
                self._say(self._step)

    def failure(self, tag: str, reason: str) -> str:
        lines = "\n".join(self._tail)
        at = f" at: {self._step}" if self._step else ""
        # The classic builder repeats the whole command between quotes.
        why = re.sub(r"(?s)^The command '.*' returned", "the command returned", reason)
        return f"building {tag} failed{at}\n{lines}\n{why}"


def remove_leftovers(engine: Engine) -> tuple[str, ...]:
    """Remove what builds that were cut off left: stopped containers of our build stages."""
    removed = []
    with engine_errors("looking for what builds left", engine.address):
        found = engine.client.containers(
            all=True, filters={"label": "cellwright.stage", "status": "exited"}
        )
        for row in found:
            if "cellwright.run" in (row.get("Labels") or {}):
                continue
            with suppress(OSError):  # another process removes it as well
                engine.client.remove_container(row["Id"], force=True)
                removed.append(f"build container {row['Id'][:12]}")
    return tuple(removed)


def proxies(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the proxy variables of this machine, in the spelling that engines know."""
    return {
        name: text
        for name, text in environ.items()
        if name.lower() in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy") and text
    }
