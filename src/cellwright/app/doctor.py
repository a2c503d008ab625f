"""Owns the look at this machine: what Cellwright needs, whether it is there, how to mend it."""

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cellwright.app.workspace import Workspace
from cellwright.base.errors import CellwrightError

if TYPE_CHECKING:
    from cellwright.execution.docker_engine import Engine

Status = Literal["ok", "missing", "broken"]

_GIGABYTE = 1 << 30
_SCANT = 5 * _GIGABYTE  # an image with pandas and scikit-learn takes 0.7 GB, its making 2 GB
_INDEX_SECONDS = 20
_OLD_ENGINE = (20, 10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `missing` is in the way of something, `broken` of much.

    `text` says what there is and what it means, `mend` what to do about it ("" where
    nothing need be done).
    """

    subject: str
    status: Status
    text: str
    mend: str = ""

    def row(self) -> dict[str, str]:
        """Return the finding as plain JSON."""
        return asdict(self)


def examine(workspace: Workspace) -> tuple[Finding, ...]:
    """Return all there is to say about this machine and a workspace on it.

    Takes a second or two: the engine and the package index are asked. Changes nothing.
    """
    return tuple(_Examination(workspace).findings())


class _Examination:
    """The findings, in the order in which a reader wants them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def findings(self) -> Iterator[Finding]:
        yield self._python()
        yield from self._container_engine()
        yield self._uv()
        yield self._pip()
        yield self._index()
        yield self._folder()
        yield self._filesystem()
        yield self._disk()
        yield self._sqlite()
        yield self._node()

    @cached_property
    def _engine(self) -> "Engine":
        from cellwright.execution.docker_engine import Engine

        return Engine(os.environ)

    def _python(self) -> Finding:
        from cellwright.diagnostics.diagnostic import Report
        from cellwright.environment.interpreter import NATIVE_KERNEL, describe_kernel
        from cellwright.environment.memo import MemoryMemo

        try:
            found = describe_kernel(NATIVE_KERNEL, memo=MemoryMemo(), report=Report())
        except CellwrightError as error:
            return Finding("kernel", "broken", str(error), error.hint or "")
        return Finding(
            "kernel",
            "ok",
            f"Python {found.full_version} at {found.path}: notebooks without a kernel of their "
            "own get what is installed there",
        )

    def _container_engine(self) -> Iterator[Finding]:
        reason = self._engine.unavailable()
        if reason is not None:
            where = self._engine.address.socket
            there = bool(where) and os.path.exists(where)
            yield Finding(
                "engine",
                "broken" if there else "missing",
                f"{reason.partition(';')[0]}; steps run as processes",
                reason.partition(";")[2].strip(),
            )
            return
        try:
            yield from self._engine_parts()
        except CellwrightError as error:
            yield Finding("engine", "broken", str(error), error.hint or "")

    def _engine_parts(self) -> Iterator[Finding]:
        from cellwright.execution.docker_engine import engine_errors

        with engine_errors("asking the engine about itself", self._engine.address):
            about = self._engine.client.info()
        version = str(about.get("ServerVersion", "?"))
        text = (
            f"{version} at {self._engine.address.url}, storage {about.get('Driver')}, "
            f"cgroup v{about.get('CgroupVersion', '1')}, {about.get('NCPU')} CPUs, "
            f"{int(about.get('MemTotal', 0)) / _GIGABYTE:.0f} GB"
        )
        if _number(version) < _OLD_ENGINE:
            yield Finding("engine", "broken", f"{text}: too old", "install Docker 20.10 or newer")
        else:
            yield Finding("engine", "ok", text)
        yield self._buildx()
        yield self._base_image()
        root = str(about.get("DockerRootDir", ""))
        if self._engine.address.socket and os.path.isdir(root):
            yield _space("engine's disk", Path(root))

    def _buildx(self) -> Finding:
        from cellwright.execution.docker_build import BuildKit

        version = BuildKit(os.environ).version()
        if version:
            return Finding("buildx", "ok", version)
        return Finding(
            "buildx",
            "missing",
            "not installed: images are built by the engine's classic builder, which is slower",
            "install Docker's buildx plugin (Debian 13: apt-get install docker-buildx)",
        )

    def _base_image(self) -> Finding:
        from cellwright.execution.docker_image import default_bases

        python = self._workspace.settings.python or platform.python_version()
        minor = ".".join(python.split(".")[:2])
        wanted = self._workspace.settings.base_image
        names = (wanted,) if wanted else default_bases(minor)
        for name in names:
            facts = self._engine.image(name)
            if facts is not None:
                return Finding("base image", "ok", f"{name} ({facts.platform})")
        for name in names:
            if self._engine.registry_digest(name):
                return Finding("base image", "ok", f"{name} will be pulled from its registry")
        return Finding(
            "base image",
            "broken",
            f"{' and '.join(names)} not here, and no registry answers: no image can be built",
            f"sudo cellwright base-image --python {minor}",
        )

    def _uv(self) -> Finding:
        try:
            from uv import find_uv_bin

            return Finding("uv", "ok", _said([find_uv_bin(), "--version"]))
        except (ImportError, FileNotFoundError):
            return Finding(
                "uv", "broken", "not there: no environment can be locked", "pip install uv"
            )

    def _pip(self) -> Finding:
        said = _said([sys.executable, "-m", "pip", "--version"])
        if said.startswith("pip "):
            return Finding("pip", "ok", said.partition(" from ")[0])
        return Finding(
            "pip",
            "broken",
            f"{sys.executable} has none: no wheels can be fetched for images",
            f"{sys.executable} -m ensurepip",
        )

    def _index(self) -> Finding:
        """Ask as locking will: with uv, all its settings, and this machine's certificates."""
        from cellwright.environment.index_config import read_index_config, uv_environment

        config = read_index_config(os.environ, folder=self._workspace.root)
        if config.no_index:
            places = ", ".join(config.find_links) or "nowhere"
            return Finding("package index", "ok", f"none wanted: wheels come from {places}")
        asking = ("pip", "compile", "-", "--quiet", "--no-deps", "--no-cache")
        try:
            from uv import find_uv_bin

            done = subprocess.run(
                [find_uv_bin(), *asking, "--python", sys.executable],
                input="pip\n",
                env={**uv_environment(config, os.environ), "UV_HTTP_RETRIES": "0"},
                cwd=self._workspace.root if self._workspace.root.is_dir() else None,
                capture_output=True,
                text=True,
                timeout=_INDEX_SECONDS,
                check=False,
            )
        except (ImportError, OSError):
            return Finding("package index", "missing", "not asked, as there is no uv")
        except subprocess.TimeoutExpired:
            return Finding(
                "package index",
                "broken",
                f"does not answer within {_INDEX_SECONDS} s",
                "check network and proxy (http_proxy, https_proxy)",
            )
        if done.returncode == 0 or "not found in the package registry" in done.stderr:
            return Finding("package index", "ok", "answers")
        words = " ".join(config.redact(done.stderr).split())
        return Finding(
            "package index",
            "broken",
            f"cannot be used: {words[-400:]}",
            "check the network, pip.conf or uv.toml, and the certificates (SSL_CERT_FILE); "
            "without a network, name a folder of wheels as find-links",
        )

    def _folder(self) -> Finding:
        folder = self._workspace.folder
        nearest = next(at for at in (folder, *folder.parents) if at.is_dir())
        if os.access(nearest, os.W_OK | os.X_OK):
            return Finding("workspace", "ok", f"{self._workspace.root}")
        return Finding(
            "workspace",
            "broken",
            f"{nearest} cannot be written to by this user",
            f"sudo chown -R $USER {nearest}, or take another folder: --workspace",
        )

    def _filesystem(self) -> Finding:
        from cellwright.base.errors import StoreError
        from cellwright.store.filesystem import filesystem_of, refuse_remote

        folder = self._workspace.folder
        try:
            refuse_remote(folder)
            kind = filesystem_of(folder, Path("/proc/self/mountinfo").read_text(errors="replace"))
        except StoreError as error:
            return Finding("filesystem", "broken", str(error), error.hint or "")
        except OSError:
            kind = ""
        return Finding("filesystem", "ok", kind or "local, as far as this system tells")

    def _disk(self) -> Finding:
        return _space("disk", self._workspace.root)

    def _sqlite(self) -> Finding:
        version = sqlite3.sqlite_version
        if _number(version) < (3, 35):
            return Finding("sqlite", "broken", f"{version}: too old", "use a newer Python")
        return Finding("sqlite", "ok", version)

    def _node(self) -> Finding:
        path = shutil.which("node")
        if path is not None:
            return Finding("node", "ok", _said([path, "--version"]))
        return Finding(
            "node",
            "missing",
            "not installed: only changing the JupyterLab extension needs it",
        )


def _space(subject: str, folder: Path) -> Finding:
    nearest = next(at for at in (folder, *folder.parents) if at.is_dir())
    free = shutil.disk_usage(nearest).free
    text = f"{free / _GIGABYTE:.0f} GB free at {nearest}"
    if free < _GIGABYTE:
        return Finding(subject, "broken", f"{text}: runs will fail", "make room")
    if free < _SCANT:
        return Finding(subject, "missing", f"{text}: building images may fail", "make room")
    return Finding(subject, "ok", text)


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot be started: {error}"
    return (done.stdout.strip() or done.stderr.strip()).partition("\n")[0]


def _number(version: str) -> tuple[int, ...]:
    parts = version.split("+", maxsplit=1)[0].split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())
