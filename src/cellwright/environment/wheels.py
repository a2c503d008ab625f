"""Owns the wheelhouse: the locked wheels on this machine, by the hash of their bytes.

Images are built from it without a network. pip fetches what is missing, with the host's
configuration and credentials, and verifies it; so do we before a file is filed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from cellwright.base.errors import MachineError, UsageError
from cellwright.environment.index_config import IndexConfig, pip_environment
from cellwright.environment.interpreter import Interpreter
from cellwright.environment.lock import Locked, Say, lock_text, read_lock
from cellwright.model.pipeline import Environment, Pin

_SECONDS = 3600
_TOGETHER = 4
_OLDEST_GLIBC, _NEWEST_GLIBC = 5, 45
_MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
_LEGACY = {
    "x86_64": ("manylinux2014", "manylinux2010", "manylinux1"),
    "aarch64": ("manylinux2014",),
}
# A wheel built here is to have the same bytes each time: zip cannot tell an earlier time.
_EPOCH = "315532800"


class Wheelhouse:
    """A folder of wheels, each filed under its SHA-256; several processes may share it."""

    def __init__(self, folder: Path, config: IndexConfig, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._config = config
        self._environ = pip_environment(config, environ)

    def fetch(self, lock: str, target: Path, *, python: str, platform: str, say: Say) -> None:
        """Put every wheel of a lock into a folder, fetching what is not yet here.

        `python` is such as `3.11`, `platform` such as `linux/amd64`. A pin without
        hashes is fetched too, and taken as the index gives it.

        Raises:
            MachineError: a wheel cannot be had; the message carries pip's last words.
            UsageError: no wheels can be chosen for the platform.
        """
        pins = read_lock(lock)
        missing = [pin for pin in pins if self._held(pin) is None]
        if missing:
            say(f"fetching {len(missing)} of {len(pins)} wheels")
            self._download(missing, options=_tags(python, platform), say=say)
        target.mkdir(parents=True, exist_ok=True)
        for pin in pins:
            wheel = self._held(pin)
            if wheel is None:
                raise MachineError(
                    f"no wheel of {pin.distribution} {pin.version} fits"
                    f" Python {python} on {platform}",
                    hint="build one for it, and name its folder as `find-links` for pip or uv",
                )
            _lay(wheel, target / wheel.name)

    def fetch_for_image(self, environment: Environment, target: Path, say: Say) -> None:
        """Put every wheel of an environment's lock, and uv's own, into a folder."""
        from importlib.metadata import version

        self.fetch(
            f"{environment.lock}uv=={version('uv')}\n",
            target,
            python=".".join(environment.python.split(".")[:2]),
            platform=environment.platform,
            say=say,
        )

    def build_sources(self, locked: Locked, *, interpreter: Interpreter, say: Say) -> Locked:
        """Return the pins with wheels built here for those that have a source archive only.

        The hash of the wheel stands beside that of the archive. A wheel is built once for
        each version of Python.

        Raises:
            MachineError: an archive cannot be built.
        """
        pins = dict(locked.pins)
        for name in locked.sources:
            pin = pins[name]
            kind = f"{interpreter.version}-{interpreter.platform.replace('/', '-')}"
            built = self._folder / "built" / kind / pin.hashes[0].partition(":")[2]
            if not built.is_file():
                say(f"building {name} {pin.version} from its source")
                self._build(pin, python=interpreter.path, note=built)
            pins[name] = replace(pin, hashes=(*pin.hashes, built.read_text(encoding="ascii")))
        return replace(locked, pins=pins)

    def _held(self, pin: Pin) -> Path | None:
        if not pin.hashes:
            named = self._folder / "named" / f"{pin.distribution}-{pin.version}"
            return next(iter(sorted(named.glob("*.whl"))), None)
        for value in pin.hashes:
            digest = value.partition(":")[2]
            wheel = next(iter(sorted((self._folder / digest).glob("*.whl"))), None)
            if wheel is None:
                continue
            if _sha256(wheel) == digest:
                return wheel
            wheel.unlink()  # Damaged on the disk: it is fetched anew.
        return None

    def _download(self, pins: list[Pin], *, options: tuple[str, ...], say: Say) -> None:
        from concurrent.futures import ThreadPoolExecutor

        hashed = [pin for pin in pins if pin.hashes]
        # pip fetches one file after the other: a few of them share the work.
        groups = [group for start in range(_TOGETHER) if (group := hashed[start::_TOGETHER])]
        groups += [[pin] for pin in pins if not pin.hashes]
        with ThreadPoolExecutor(max_workers=_TOGETHER) as pool:
            list(pool.map(partial(self._download_group, options=options, say=say), groups))

    def _download_group(self, pins: list[Pin], *, options: tuple[str, ...], say: Say) -> None:
        strict = ("--require-hashes",) if pins[0].hashes else ()
        with self._scratch() as scratch:
            self._pip(
                ("download", "--only-binary", ":all:", *strict, *options),
                pins,
                scratch=scratch,
                folder="wheels",
            )
            for wheel in sorted((scratch / "wheels").glob("*.whl")):
                say(f"fetched {wheel.name}")
                self._file(wheel, pins)

    def _build(self, pin: Pin, *, python: str, note: Path) -> None:
        with self._scratch() as scratch:
            self._pip(
                ("wheel", "--require-hashes"),
                [pin],
                scratch=scratch,
                folder="wheels",
                python=python,
            )
            wheel = next((scratch / "wheels").glob("*.whl"))
            digest = _sha256(wheel)
            self._keep(wheel, self._folder / digest)
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(f"sha256:{digest}", encoding="ascii")

    def _pip(
        self,
        command: tuple[str, ...],
        pins: Iterable[Pin],
        *,
        scratch: Path,
        folder: str,
        python: str = "",
    ) -> None:
        (scratch / "lock.txt").write_text(lock_text(pins), encoding="utf-8")
        there = ("--python", python) if python else ()
        action, *options = command
        destination = "--dest" if action == "download" else "--wheel-dir"
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pip", *there, action, *options),
                    *("--no-deps", "--progress-bar", "off", "--quiet"),
                    *("--requirement", "lock.txt", destination, folder),
                ],
                env={**self._environ, "SOURCE_DATE_EPOCH": _EPOCH},
                cwd=scratch,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MachineError("the package index takes too long to answer") from error
        if done.returncode:
            words = self._config.redact(done.stderr or done.stdout).strip().splitlines()[-12:]
            raise MachineError(
                f"pip cannot {'fetch the locked wheels' if not python else 'build a wheel'}:\n"
                + "\n".join(words),
                hint="check the network, and the index in the configuration of pip or uv",
            )

    def _file(self, wheel: Path, pins: Iterable[Pin]) -> None:
        digest = _sha256(wheel)
        allowed = {value for pin in pins for value in pin.hashes}
        if f"sha256:{digest}" in allowed:
            self._keep(wheel, self._folder / digest)
            return
        unhashed = [pin for pin in pins if not pin.hashes]
        if not unhashed:
            raise MachineError(f"{wheel.name} has not the bytes that were locked")
        self._keep(
            wheel, self._folder / "named" / f"{unhashed[0].distribution}-{unhashed[0].version}"
        )

    def _keep(self, wheel: Path, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        os.replace(wheel, place / wheel.name)

    def _scratch(self) -> "_Scratch":
        folder = self._folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return _Scratch(tempfile.mkdtemp(prefix="fetch-", dir=folder))


class _Scratch:
    """A folder that is gone when its work is done."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)


def _tags(python: str, platform: str) -> tuple[str, ...]:
    """Return pip's options for the wheels that fit, the newest C library first."""
    machine = _MACHINES.get(platform)
    if machine is None:
        raise UsageError(
            f"no wheels can be fetched for `{platform}`", hint=f"one of {', '.join(_MACHINES)}"
        )
    newer = [f"manylinux_2_{minor}" for minor in range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1)]
    names = [f"{tag}_{machine}" for tag in (*newer, *_LEGACY[machine], "linux")]
    platforms = [part for name in names for part in ("--platform", name)]
    # pip takes `3.11` for 3.11.0, and a wheel may want a later patch release. The lock has
    # decided already, for the Python of the notebook.
    return (
        *("--ignore-requires-python", "--python-version", python, "--implementation", "cp"),
        *platforms,
    )


def _lay(wheel: Path, target: Path) -> None:
    if target.exists():
        return
    try:
        os.link(wheel, target)
    except OSError:
        shutil.copyfile(wheel, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
