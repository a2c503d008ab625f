"""Owns the making of a base image from Debian packages, where no image registry is in reach.

`debootstrap` unpacks a minimal Debian with Python, what no step needs is taken out, and
the tree goes to the engine as one tar stream (what `docker import` does). The packages
come from the mirror and through the proxy that this machine's own apt uses; neither is
written into the image, as either may carry credentials.
"""

import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from cellwright.base.errors import MachineError, ToolError, UsageError

SUITES = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}
"""The Debian release that ships each Python."""

PACKAGES = ("python3", "python3-venv", "python3-pip", "ca-certificates")
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What a step never reads. Copyright files stay: the licences ask for them.
_STRIPPED = (
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/i18n",
    "tmp",
    "run",
)
# What debootstrap copies from this machine, and what a package's set-up draws at random.
_OF_THIS_MACHINE = (
    "etc/hostname",
    "etc/resolv.conf",
    "etc/machine-id",
    "var/lib/dbus/machine-id",
    "var/cache/ldconfig/aux-cache",
    "var/lib/systemd/random-seed",
)

Say = Callable[[str], None]


class ImageImporter(Protocol):
    """What is needed of an engine: turn a tar stream into an image."""

    def import_image(self, stream: IO[bytes], *, tag: str, changes: tuple[str, ...]) -> str:
        """File the tree as the image `tag`; return the image's id."""


@dataclass(frozen=True, slots=True)
class BaseImage:
    """What to make: a Debian suite and the name of the image.

    `python` is major and minor, and must be what the suite ships.
    """

    python: str
    suite: str
    tag: str


def base_image(*, python: str = "", suite: str = "", tag: str = "") -> BaseImage:
    """Return what to make, with what was left out filled in from the rest.

    Raises:
        UsageError: Debian ships no such Python, or no such suite is known without one.
    """
    by_suite = {name: version for version, name in SUITES.items()}
    if not python:
        python = by_suite.get(suite, "") if suite else "3.11"
    if not python:
        raise UsageError(
            f"the Python of Debian {suite} is not known", hint="name it: --python 3.13"
        )
    if not re.fullmatch(r"3\.\d{1,2}", python):
        raise UsageError(f"`{python}` is not a Python version", hint="major and minor, as in 3.11")
    if suite and not re.fullmatch(r"[a-z][a-z0-9-]{1,30}", suite):
        raise UsageError(f"`{suite}` is not the name of a Debian suite")
    chosen = suite or SUITES.get(python, "")
    if not chosen:
        shipped = ", ".join(f"{version} ({name})" for version, name in SUITES.items())
        raise UsageError(
            f"no Debian release ships Python {python}",
            hint=f"Debian has {shipped}; for others set `image` to an image that has it",
        )
    return BaseImage(python=python, suite=chosen, tag=tag or default_tag(python))


def default_tag(python: str) -> str:
    """Return the name under which the base image for a Python is looked for first."""
    return f"cellwright-base:{python}"


def make_base_image(
    wanted: BaseImage, *, engine: ImageImporter, environ: Mapping[str, str], say: Say
) -> str:
    """Make a base image and return its id; about 40 s and 500 MB of scratch space.

    `environ` gives PATH, TMPDIR and proxy variables, nothing else of it is used.

    Raises:
        MachineError: not Linux, not root, debootstrap missing or failed; the message
            carries its last words. Nothing is left behind.
    """
    _demand_tools(environ)
    with tempfile.TemporaryDirectory(
        prefix="cellwright-base-", dir=environ.get("TMPDIR")
    ) as scratch:
        root = Path(scratch) / "root"
        _bootstrap(wanted, root, environ, say)
        _demand_python(wanted, root)
        newest = _release_time(root)
        say("removing caches, documentation and traces of this machine")
        _strip(root)
        _write_sources(root, wanted.suite, debian_archive(environ))
        say(f"importing as {wanted.tag}")
        with _tar(root, newest, environ) as stream:
            return engine.import_image(stream, tag=wanted.tag, changes=_config(wanted))


def apt_mirror(suite: str, environ: Mapping[str, str]) -> str:
    """Return the mirror that this machine's apt uses for a suite, or Debian's own.

    A mirror that is listed for another suite of Debian carries this one as well.
    """
    listed = _output(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"],
        environ,
    )
    rows = [line.split() for line in listed.splitlines()]
    sites = [(row[0], row[1]) for row in rows if len(row) == 2 and _is_archive(row[0])]
    exact = [site for site, release in sites if release == suite]
    return (exact or [site for site, _ in sites] or [debian_archive(environ)])[0]


def debian_archive(environ: Mapping[str, str]) -> str:
    """Return the address of Debian's own archive, as debootstrap has it built in.

    Raises:
        ToolError: debootstrap is missing, or names none.
    """
    program = _which("debootstrap", environ)
    text = "" if program is None else Path(program).read_text(errors="replace")
    found = re.search(r'^DEF_MIRROR="([^"$]+)"', text, re.MULTILINE)
    if found is None:
        raise ToolError(
            "debootstrap names no archive of Debian",
            hint="install Debian's debootstrap: apt-get install debootstrap",
        )
    return found[1]


def _is_archive(site: str) -> bool:
    """Tell a mirror of Debian itself from its security archive and from other vendors'."""
    return urlsplit(site).path.rstrip("/").endswith("/debian")


def _demand_tools(environ: Mapping[str, str]) -> None:
    if platform.system() != "Linux":
        raise MachineError(
            "a base image can be made on Linux only",
            hint="elsewhere pull one, for example: docker pull python:3.11-slim-bookworm",
        )
    if os.geteuid() != 0:
        raise MachineError(
            "making a base image needs root: debootstrap unpacks files of other owners",
            hint="run it as root: sudo cellwright base-image",
        )
    missing = [tool for tool in ("debootstrap", "tar") if not _which(tool, environ)]
    if missing:
        raise ToolError(
            f"{' and '.join(missing)} missing", hint=f"apt-get install {' '.join(missing)}"
        )


def _which(tool: str, environ: Mapping[str, str]) -> str | None:
    return shutil.which(tool, path=f"{environ.get('PATH', '')}:{SEARCH_PATH}")


def _bootstrap(wanted: BaseImage, root: Path, environ: Mapping[str, str], say: Say) -> None:
    mirror = apt_mirror(wanted.suite, environ)
    say(f"unpacking Debian {wanted.suite} from {_without_credentials(mirror)}")
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        wanted.suite,
        str(root),
        mirror,
    ]
    tail: list[str] = []
    with subprocess.Popen(
        command,
        env=_tool_environment(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None  # noqa: S101  # PIPE was asked for
        for line in process.stdout:
            text = _without_credentials(line.rstrip())
            tail = [*tail[-19:], text]
            _say_progress(text, say)
    if process.returncode != 0:
        log = root / "debootstrap" / "debootstrap.log"
        if log.is_file():
            tail += _without_credentials(log.read_text(errors="replace")).splitlines()[-10:]
        raise ToolError(
            f"debootstrap ended with {process.returncode}:\n" + "\n".join(tail),
            hint="is the Debian mirror of this machine (/etc/apt/sources.list.d) in reach?",
        )


def _say_progress(line: str, say: Say) -> None:
    """Pass on the milestones: debootstrap names each package three times."""
    if line.startswith(("W:", "E:")) or re.match(
        r"I: (Resolving|Installing core|Configuring (python3\.\d+|ca-certificates)|Base system)",
        line,
    ):
        say(line.partition(": ")[2])


def _without_credentials(text: str) -> str:
    return re.sub(r"(?<=://)[^/@\s]+@", "***@", text)


def _tool_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of debootstrap: proxies as apt knows them, and little else."""
    chosen = {
        name: text
        for name, text in environ.items()
        if name.lower() in ("http_proxy", "https_proxy", "no_proxy", "ftp_proxy")
    }
    for scheme in ("http", "https"):
        proxy = _output(
            ["apt-config", "shell", "PROXY", f"Acquire::{scheme}::Proxy"], environ
        ).strip()
        if match := re.fullmatch(r"PROXY='([^']+)'", proxy):
            chosen.setdefault(f"{scheme}_proxy", match[1])
    path = f"{environ.get('PATH', '')}:{SEARCH_PATH}".lstrip(":")
    return {**chosen, "PATH": path, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def _output(command: list[str], environ: Mapping[str, str]) -> str:
    """Return what a command prints, "" where it is missing or fails."""
    try:
        done = subprocess.run(
            command,
            env={"PATH": f"{environ.get('PATH', '')}:{SEARCH_PATH}", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _demand_python(wanted: BaseImage, root: Path) -> None:
    if not (root / "usr" / "bin" / f"python{wanted.python}").exists():
        found = sorted(path.name for path in (root / "usr" / "bin").glob("python3.*[0-9]"))
        raise MachineError(
            f"Debian {wanted.suite} ships {' and '.join(found) or 'no Python'}, "
            f"not python{wanted.python}"
        )


def _release_time(root: Path) -> int:
    """Return the newest time stamp (seconds) that the packages themselves brought.

    Files made by the set-up are newer; they are all given this time, so that the layer
    depends on the packages alone. Files older than it keep theirs: the compiled Python
    modules are valid only for the times of their sources.
    """
    listed = (root / "var" / "lib" / "dpkg" / "info").glob("*.list")
    newest = 0
    for manifest in listed:
        for name in manifest.read_text(errors="replace").splitlines():
            if name.endswith(".py"):
                try:
                    newest = max(newest, int(os.lstat(root / name.lstrip("/")).st_mtime))
                except OSError:
                    continue
    return newest


def _strip(root: Path) -> None:
    for folder in _STRIPPED:
        _empty(root / folder)
    for name in _OF_THIS_MACHINE:
        (root / name).unlink(missing_ok=True)
    for leftover in (root / "var" / "cache" / "debconf").glob("*-old"):
        leftover.unlink()
    documents = root / "usr" / "share" / "doc"
    for path in sorted(documents.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name != "copyright":
            path.unlink()
    (root / "tmp").chmod(0o1777)
    # apt writes its lists and packages into these, and does not make the first itself.
    for needed in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (root / needed).mkdir(parents=True, exist_ok=True)


def _empty(folder: Path) -> None:
    if not folder.is_dir() or folder.is_symlink():
        return
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _write_sources(root: Path, suite: str, archive: str) -> None:
    """Point the image's own apt at Debian, whatever mirror this machine used."""
    sources = root / "etc" / "apt" / "sources.list"
    sources.write_text(f"deb {archive} {suite} main\n")
    for folder in ("auth.conf.d", "sources.list.d"):
        _empty(root / "etc" / "apt" / folder)


@contextmanager
def _tar(root: Path, newest: int, environ: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """Yield the tree as a tar stream whose bytes depend on its content alone."""
    command = [
        "tar",
        "--create",
        "--sort=name",
        "--numeric-owner",
        "--one-file-system",
        "--format=gnu",
        f"--mtime=@{newest}",
        "--clamp-mtime",
        "--exclude=./dev/*",
        "--exclude=./proc/*",
        "--exclude=./sys/*",
        f"--directory={root}",
        ".",
    ]
    path = f"{environ.get('PATH', '')}:{SEARCH_PATH}"
    with subprocess.Popen(
        command, env={"PATH": path, "LC_ALL": "C"}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None  # noqa: S101  # PIPE was asked for
        try:
            yield process.stdout
        finally:
            process.stdout.close()
            process.wait()
    if process.returncode != 0:
        raise ToolError(f"tar ended with {process.returncode} while packing the base image")


def _config(wanted: BaseImage) -> tuple[str, ...]:
    return (
        f"ENV PATH={SEARCH_PATH}",
        "ENV LANG=C.UTF-8",
        f"LABEL cellwright.base={wanted.suite} cellwright.python={wanted.python}",
        'CMD ["python3"]',
    )
