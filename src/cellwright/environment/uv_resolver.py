"""Owns resolving with uv, on the indexes that this machine is configured for."""

import os
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cellwright.base.errors import MachineError, ResolveError, ToolError
from cellwright.environment.distributions import normalize
from cellwright.environment.index_config import IndexConfig, uv_environment
from cellwright.environment.lock import Locked, LockRequest, Say, UnsatisfiableError
from cellwright.model.pipeline import Pin

_SECONDS = 900
_TRIPLES = {"linux/amd64": "x86_64-unknown-linux-gnu", "linux/arm64": "aarch64-unknown-linux-gnu"}
_PRERELEASE = re.compile(r"\d(a|b|rc|\.?dev)\d*")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""A distribution's name, at the start of a requirement or within running text."""
_NO_VERSION = re.compile(r"no version of (?P<name>[\w.-]+)==(?P<version>[^\s,]+)")
_NETWORK = re.compile(
    r"failed to (fetch|download)|error sending request|connect|dns error|timed? ?out|certificate",
    re.IGNORECASE,
)
_OFFLINE_WORDS = re.compile(r"network (was|is) disabled|not found in the cache", re.IGNORECASE)
_DENIED = re.compile(r"\b40[13] (unauthorized|forbidden)|authentication credentials", re.IGNORECASE)


class UvResolver:
    """Resolves with uv, on the indexes that this machine is configured for."""

    def __init__(self, config: IndexConfig, environ: Mapping[str, str]) -> None:
        self._config = config
        self._environ = uv_environment(config, environ)

    def resolve(self, request: LockRequest, say: Say) -> Locked:
        """Return pins for all requirements and all that they need."""
        if not request.requirements:
            return Locked({})
        say(f"resolving {_counted(len(request.requirements))}")
        versions, needs = _read_resolution(self._compile(request))
        say(f"locking {_counted(len(versions))} with hashes")
        exact = tuple(f"{name}=={version}" for name, version in versions.items())
        listed = self._uv(
            ("--no-deps", "--format", "pylock.toml", *_target(request)), exact, request
        )
        pins, sources = _read_pylock(listed)
        return Locked(pins, needs, sources)

    def _compile(self, request: LockRequest) -> str:
        kept = {
            name: version for name, version in request.pins.items() if name not in request.excluded
        }
        lists = {
            "--constraints": [f"{n}=={v}" for n, v in kept.items() if n not in request.overrides],
            "--overrides": [f"{n}=={v}" for n, v in kept.items() if n in request.overrides],
            "--excludes": sorted(request.excluded),
        }
        options = ["--annotation-style", "split", *_target(request)]
        if any(_PRERELEASE.search(version) for version in kept.values()):
            options += ["--prerelease", "allow"]
        with tempfile.TemporaryDirectory(prefix="cellwright-lock-") as folder:
            for option, lines in lists.items():
                if lines:
                    path = os.path.join(folder, option.strip("-") + ".txt")
                    Path(path).write_text("\n".join(sorted(lines)) + "\n", encoding="utf-8")
                    options += [option, path]
            # uv keeps the versions of a lock that is there already, where it can.
            output = Path(folder, "lock.txt")
            output.write_text(
                "".join(f"{name}=={version}\n" for name, version in request.preferred.items()),
                encoding="utf-8",
            )
            self._uv((*options, "--output-file", str(output)), request.requirements, request)
            return output.read_text(encoding="utf-8")

    def _uv(self, options: tuple[str, ...], lines: Iterable[str], request: LockRequest) -> str:
        done = self._ask(options, lines, request, self._environ)
        if not done.returncode:
            return done.stdout
        words = done.stderr
        if "UV_INDEX_STRATEGY" in self._environ and not _DENIED.search(words):
            # Asked for the best of all indexes, uv passes over one that refuses access, and
            # only says that nothing was found. Asked for the first, it says why.
            environ = {k: v for k, v in self._environ.items() if k != "UV_INDEX_STRATEGY"}
            plainly = self._ask(options, lines, request, environ).stderr
            words = plainly if _DENIED.search(plainly) else words
        raise _failure(self._config.redact(words), request)

    def _ask(
        self,
        options: tuple[str, ...],
        lines: Iterable[str],
        request: LockRequest,
        environ: Mapping[str, str],
    ) -> subprocess.CompletedProcess[str]:
        from uv import find_uv_bin

        try:
            return subprocess.run(
                [
                    *(find_uv_bin(), "pip", "compile", "-"),
                    *("--quiet", "--no-header", "--no-sources", *options),
                    *(["--no-index"] if self._config.no_index else []),
                ],
                input="\n".join(lines) + "\n",
                env=environ,
                cwd=request.folder,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise ToolError("uv is not there", hint="install it with `pip install uv`") from error
        except subprocess.TimeoutExpired as error:
            raise MachineError(
                "the package index takes too long to answer", hint=_OFFLINE
            ) from error


_OFFLINE = (
    "check the network and the index of pip and uv; without a network, put the wheels into a"
    " folder and name it as `find-links`, or set UV_OFFLINE=1 if they are in uv's cache"
)


def _failure(words: str, request: LockRequest) -> MachineError:
    """Return the error that uv's words (redacted) stand for."""
    explanation = explain(words)
    unsolved = "No solution found" in words
    if _DENIED.search(words):
        return MachineError(
            f"a package index refuses access: {explanation}",
            hint="check the credentials in the configuration of pip or uv, or in .netrc",
        )
    if (_OFFLINE_WORDS if unsolved else _NETWORK).search(words):
        return MachineError(f"a package index cannot be reached: {explanation}", hint=_OFFLINE)
    if not unsolved:
        return ResolveError(f"uv cannot lock the requirements: {explanation}")
    spoken = {normalize(name) for name in _NAME.findall(words)}
    asked = {normalize(match[0]) for text in request.requirements if (match := _NAME.match(text))}
    names = frozenset(spoken & (asked | set(request.pins)))
    lacking = _NO_VERSION.search(words)
    if lacking:
        return UnsatisfiableError(
            f"no index has {lacking['name']} {lacking['version'].rstrip('.')},"
            f" which the notebook's kernel runs: {explanation}",
            names=names,
            hint=(
                "install a released version in the kernel's environment, or put its wheel into a"
                " folder and name it as `find-links` in the configuration of pip or uv"
            ),
        )
    return UnsatisfiableError(explanation, names=names)


def explain(words: str) -> str:
    """Return the resolver's explanation as running text, without its frame and its advice."""
    text = words.partition("\nhint:")[0].partition("\n\n")[0]
    # Older releases draw a frame of box characters around the same words.
    text = re.sub(r"[^\x00-\xff]|\xd7", " ", text)
    text = re.sub(r"^\s*(error|cause):", " ", text, flags=re.MULTILINE)
    text = re.sub(r"No solution found when resolving dependencies:?", " ", text)
    return " ".join(text.split()).rstrip(".")


def _target(request: LockRequest) -> tuple[str, ...]:
    if not request.platform:
        return ("--python", request.python)
    if request.platform not in _TRIPLES:
        raise ResolveError(
            f"no distributions can be locked for `{request.platform}`",
            hint=f"images are for {' or '.join(_TRIPLES)}",
        )
    triple = _TRIPLES[request.platform]
    return (
        *("--python", request.python),
        *("--python-version", request.version),
        *("--python-platform", triple),
    )


def _read_resolution(text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return versions, and what each needs, from a resolution annotated with `# via`."""
    versions: dict[str, str] = {}
    wanted_by: dict[str, list[str]] = {}
    current = ""
    for line in text.splitlines():
        note = line.strip().removeprefix("#").strip().removeprefix("via").strip()
        if not line.startswith((" ", "#")) and "==" in line:
            name, _, version = line.partition(";")[0].strip().partition("==")
            current = normalize(name.partition("[")[0])
            versions[current] = version
        elif current and note and not note.startswith("-"):
            wanted_by.setdefault(current, []).append(normalize(note.partition("[")[0]))
    needs: dict[str, list[str]] = {}
    for name, wanting in wanted_by.items():
        for one in wanting:
            if one in versions:
                needs.setdefault(one, []).append(name)
    return versions, {name: tuple(sorted(found)) for name, found in sorted(needs.items())}


def _read_pylock(text: str) -> tuple[dict[str, Pin], tuple[str, ...]]:
    """Return the pins of a `pylock.toml` (PEP 751), and which have a source archive only.

    uv lists the files that fit the platform: other wheels of a version, which may be
    added at any time, do not move the lock.
    """
    pins: dict[str, Pin] = {}
    sources = []
    for package in tomllib.loads(text).get("packages", []):
        files: list[dict[str, Any]] = package.get("wheels") or [package.get("sdist", {})]
        hashes = [f"sha256:{found['hashes']['sha256']}" for found in files if "hashes" in found]
        name = normalize(package["name"])
        if not hashes:
            raise ResolveError(f"the index gives no file for {name} {package.get('version', '')}")
        pins[name] = Pin(name, str(package["version"]), tuple(sorted(hashes)))
        if not package.get("wheels"):
            sources.append(name)
    return pins, tuple(sources)


def _counted(number: int) -> str:
    return f"{number} distribution{'' if number == 1 else 's'}"
