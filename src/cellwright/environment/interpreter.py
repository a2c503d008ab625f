"""Owns the notebook's own Python: which one it is, and the facts about it.

The reference is what the notebook's kernel would run on. Another interpreter is asked
once, by one subprocess; what it said is remembered and checked by a few `stat` calls.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cellwright.base.canonical import Digest, digest_of
from cellwright.base.errors import ToolError, UsageError
from cellwright.diagnostics.catalogue import KERNEL_DIFFERS
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.environment.memo import Memo, keep, recall

NATIVE_KERNEL = "python3"
"""The name by which Jupyter always offers the Python that it runs on."""

METADATA_SUFFIXES = (".dist-info", ".egg-info", ".egg-link", ".pth")
_EDITABLE_FINDER = re.compile(r"__editable___.+_finder\.py$")
_PROBE_SECONDS = 60
_FORMAT = 1

# Runs on any Python 3, also on one older than ours. `platform` is slow to ask but once.
_PROBE = r"""
import json, os, platform, sys, sysconfig
standard = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
def ours(entry):
    real = os.path.realpath(entry)
    zipped = os.path.basename(real).startswith("python") and real.endswith(".zip")
    return entry and not zipped and real not in standard and os.path.basename(real) != "lib-dynload"
names = getattr(sys, "stdlib_module_names", None)
if names is None:
    names = set(sys.builtin_module_names)
    for folder in standard:
        for base in (folder, os.path.join(folder, "lib-dynload")):
            if os.path.isdir(base):
                names.update(entry.split(".")[0] for entry in os.listdir(base))
full = "%d.%d.%d" % sys.version_info[:3]
if sys.version_info[3] != "final":
    full += {"alpha": "a", "beta": "b", "candidate": "rc"}[sys.version_info[3]]
    full += str(sys.version_info[4])
libc = ""
if sys.platform == "linux":
    libc = " ".join(platform.libc_ver()) if platform.libc_ver()[0] == "glibc" else "musl"
print(json.dumps({
    "full_version": full,
    "search": [entry for entry in dict.fromkeys(sys.path) if ours(entry)],
    "stdlib": sorted(names),
    "libc": libc,
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": full,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": full,
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    },
}))
"""

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, and what it says about itself.

    `search` is its `sys.path` without the current folder and the standard library, in
    order; `libc` is such as `glibc 2.36`, `musl`, or "" off Linux; `markers` are the
    values of environment markers (PEP 508). `variables` are what its kernelspec sets.
    """

    path: str
    full_version: str
    libc: str
    search: tuple[str, ...]
    stdlib: frozenset[str]
    markers: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Return the version as `3.11`."""
        return self.markers["python_version"]

    @property
    def platform(self) -> str:
        """Return system and machine as engines spell them: `linux/amd64`."""
        machine = self.markers["platform_machine"]
        return f"{self.markers['platform_system'].lower()}/{_MACHINES.get(machine, machine)}"


def find_interpreter(kernel: str, *, python: str = "", memo: Memo, report: Report) -> Interpreter:
    """Return the Python of a kernelspec, or the one asked for.

    `python` is a path to an interpreter, or a version such as `3.12` that the kernel's
    must have, else one of that version that is installed here is taken. A kernel that is not
    installed here is reported (ENV404), and the running interpreter stands in for it.

    Raises:
        UsageError: there is no interpreter of that path or version.
        ToolError: the interpreter does not answer.
    """
    if python and not re.fullmatch(r"\d+(\.\d+)*", python):
        return describe(_existing(python), memo=memo)
    found = describe_kernel(kernel, memo=memo, report=report)
    if not python or _has_version(found, python):
        return found
    return describe(_installed(python, kernel_runs=found.version), memo=memo)


def describe_kernel(kernel: str, *, memo: Memo, report: Report) -> Interpreter:
    """Return the Python that a kernelspec starts; the running one where there is none."""
    spec = _kernelspec(kernel) if kernel else None
    if spec is not None:
        argv, variables = spec
        path = shutil.which(argv) if argv else None
        if path is not None:
            return describe(path, memo=memo, variables=variables)
    if kernel and kernel != NATIVE_KERNEL:
        why = "is not installed here" if spec is None else "names a Python that is not there"
        report.add(
            Diagnostic(
                KERNEL_DIFFERS,
                f"the notebook's kernel `{kernel}` {why}",
                Label(None, "the Python that runs Cellwright is taken instead"),
                notes=(
                    f"the pipeline gets the distributions of {sys.executable}",
                    f"its environment offers it by `python -m ipykernel install --name {kernel}`",
                    "or set `python` in the notebook's options to the path of an interpreter",
                ),
            )
        )
    return describe(sys.executable, memo=memo)


def describe(path: str, *, memo: Memo, variables: Mapping[str, str] | None = None) -> Interpreter:
    """Return the facts about an interpreter; a known one is not started again.

    Raises:
        ToolError: it cannot be started or does not answer as a Python does.
    """
    path = os.path.abspath(path)
    extra = dict(variables or {})
    # PYTHONPATH and PYTHONHOME change what the kernel sees, so they are part of the key.
    inherited = {key: os.environ.get(key, "") for key in ("PYTHONPATH", "PYTHONHOME", "HOME")}
    key = ("interpreter", _FORMAT, path, _state(path), extra, inherited)
    known = recall(memo, key, tuple[Interpreter, str])
    if known is not None and _paths_state(known[0]) == known[1]:
        return known[0]
    interpreter = _probe(path, extra)
    keep(memo, key, (interpreter, _paths_state(interpreter)))
    return interpreter


def fingerprint(interpreter: Interpreter) -> Digest:
    """Return what stands for all that is installed; some microseconds per distribution.

    Names and times of the metadata entries on the search path: an installation, an
    upgrade or a removal changes them, also one of the same version.
    """
    entries = [
        (folder, name, stamp)
        for folder in interpreter.search
        for name, stamp in _metadata_entries(folder)
    ]
    lines = "\n".join(f"{folder}\0{name}\0{stamp}" for folder, name, stamp in entries)
    return digest_of((interpreter.path, interpreter.full_version, interpreter.search, lines))


def _metadata_entries(folder: str) -> list[tuple[str, int]]:
    try:
        with os.scandir(folder) as listing:
            return sorted(
                (entry.name, entry.stat().st_mtime_ns)
                for entry in listing
                if entry.name.endswith(METADATA_SUFFIXES) or _EDITABLE_FINDER.match(entry.name)
            )
    except OSError:
        return []


def _state(path: str) -> tuple[int, ...]:
    """Return what changes when the interpreter, or the environment around it, is replaced."""
    stamps: list[int] = []
    for candidate in (path, os.path.join(os.path.dirname(path), os.pardir, "pyvenv.cfg")):
        try:
            found = os.stat(candidate)
        except OSError:
            stamps.append(0)
        else:
            stamps += [found.st_ino, found.st_size, found.st_mtime_ns]
    return tuple(stamps)


def _paths_state(interpreter: Interpreter) -> str:
    """Return what changes when `.pth` files, which extend the search path, do."""
    found = [
        (folder, name, stamp)
        for folder in interpreter.search
        for name, stamp in _metadata_entries(folder)
        if name.endswith(".pth")
    ]
    return digest_of(found)


def _probe(path: str, variables: Mapping[str, str]) -> Interpreter:
    try:
        # Not `-I`: a kernel sees PYTHONPATH and the user's own site-packages too. The
        # neutral folder keeps a stray json.py from being imported.
        done = subprocess.run(
            [path, "-c", _PROBE],
            env={**os.environ, **variables},
            cwd=os.path.dirname(path),
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
        facts = json.loads(done.stdout)
        return Interpreter(
            path=path,
            full_version=facts["full_version"],
            libc=facts["libc"],
            search=tuple(facts["search"]),
            stdlib=frozenset(facts["stdlib"]),
            markers=facts["markers"],
            variables=dict(variables),
        )
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        raise ToolError(
            f"{path} does not answer as a Python does",
            hint="the notebook's kernelspec names it: check that it starts",
        ) from error


def _has_version(interpreter: Interpreter, wanted: str) -> bool:
    return f"{interpreter.full_version}.".startswith(f"{wanted}.")


def _installed(version: str, *, kernel_runs: str) -> str:
    """Return the path of an interpreter of a version; uv knows where they hide."""
    from uv import find_uv_bin

    command = [find_uv_bin(), "python", "find", "--no-python-downloads", "--no-project", version]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
    )
    path = done.stdout.strip()
    if done.returncode or not path:
        raise UsageError(
            f"no Python {version} here; the notebook's kernel runs {kernel_runs}",
            hint=f"install Python {version}, give the path of an interpreter, or change `python`",
        )
    return path


def _existing(python: str) -> str:
    path = shutil.which(os.path.expanduser(python))
    if path is None:
        raise UsageError(
            f"no Python interpreter at `{python}`", hint="give the path of an executable"
        )
    return os.path.abspath(path)


def _kernelspec(name: str) -> tuple[str, dict[str, str]] | None:
    """Return the program and variables of a kernelspec, None where it is not installed."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("kernels"):
        try:
            entries = [entry for entry in os.listdir(folder) if entry.lower() == name.lower()]
        except OSError:
            continue
        for entry in entries:
            spec = _read_spec(Path(folder, entry, "kernel.json"))
            if spec is not None:
                return spec
    return None


def _read_spec(path: Path) -> tuple[str, dict[str, str]] | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        program = str(raw["argv"][0])
        variables = {str(key): str(item) for key, item in raw.get("env", {}).items()}
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    program = program.replace("{prefix}", sys.prefix).replace("{resource_dir}", str(path.parent))
    if re.fullmatch(r"python(3(\.\d+)?)?(\.exe)?", program):
        # As Jupyter does: a bare `python` is the Python that Jupyter itself runs on.
        program = sys.executable
    return program, {key: os.path.expandvars(item) for key, item in variables.items()}
