"""Lays attempts at steps out as the host does, and runs them as executors do."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cellwright.runtime.layout import write_runtime
from cellwright.runtime.manifest import (
    ArtifactRecord,
    ArtifactSpec,
    CellSpec,
    Manifest,
    ParameterSpec,
    PortSpec,
    StepSpec,
    from_json,
    to_json,
)


@dataclass
class Attempt:
    """One attempt at a step, finished."""

    folder: Path
    manifest: Manifest
    exit_code: int
    stderr: str

    @property
    def stdout(self) -> str:
        return (self.folder / "logs" / "stdout").read_text(errors="replace")

    @property
    def log(self) -> str:
        return (self.folder / "logs" / "log").read_text(errors="replace")

    @property
    def displays(self) -> list:
        return json.loads((self.folder / "displays.json").read_text())

    def artifact(self, port: str):
        return next(each for each in self.manifest.artifacts if port in each.members)


@dataclass
class Steps:
    """Runs steps one after the other, handing on what they wrote."""

    folder: Path
    python: str = sys.executable
    definitions: tuple[str, ...] = ()
    made: int = 0
    runtime: Path = field(init=False)

    def __post_init__(self) -> None:
        self.runtime = self.folder / "runtime"
        write_runtime(self.runtime)

    def lay(
        self,
        *cells: str,
        definitions: str = "",
        inputs: tuple = (),
        outputs: tuple = (),
        parameters: tuple = (),
        files: dict | None = None,
        **options,
    ) -> Path:
        """Write an attempt folder. An input is (attempt, port); an output a name, or a
        PortSpec; a parameter (name, line, literal); files are path -> text."""
        self.made += 1
        attempt = self.folder / f"attempt{self.made}"
        (attempt / "inputs").mkdir(parents=True)
        (attempt / "work").mkdir()
        for path, text in (files or {}).items():
            (attempt / path).parent.mkdir(parents=True, exist_ok=True)
            (attempt / path).write_text(text)
        lines = definitions.split("\n") if definitions else []
        origins: list = [[1, at + 1] for at in range(len(lines))]
        body = len(lines) + 1
        specs = []
        for number, source in enumerate(cells, 2):
            text = source.split("\n")
            specs.append(CellSpec(f"cell-{number}", number, len(lines) + 1, len(lines) + len(text)))
            origins += [[number, at + 1] for at in range(len(text))]
            lines += text
        (attempt / "program.py").write_text("\n".join(lines))
        spec = StepSpec(
            run="run",
            step="train",
            nonce="nonce",
            notebook="churn.ipynb",
            body_line=body,
            cells=specs,
            origins=origins,
            parameters=[ParameterSpec(*entry) for entry in parameters],
            inputs=input_specs(
                attempt, ((made.folder, made.artifact(port), port) for made, port in inputs)
            ),
            outputs=[port if isinstance(port, PortSpec) else port_of(port) for port in outputs],
            definitions=list(options.pop("static", self.definitions)),
            **{"metrics": [], **options},
        )
        (attempt / "spec.json").write_bytes(to_json(spec))
        return attempt

    def start(self, attempt: Path, **environment: str) -> subprocess.Popen:
        return start_step(self.python, self.runtime, attempt, **environment)

    def finish(self, attempt: Path, process: subprocess.Popen, timeout: float = 60) -> Attempt:
        stderr = finish_step(process, timeout)
        manifest = from_json(Manifest, (attempt / "manifest.json").read_bytes())
        return Attempt(attempt, manifest, process.returncode, stderr)

    def run(self, *cells: str, variables: dict | None = None, **options) -> Attempt:
        """Lay an attempt out, run it, and return how it ended."""
        timeout = options.pop("timeout", 60)
        attempt = self.lay(*cells, **options)
        return self.finish(attempt, self.start(attempt, **(variables or {})), timeout)

    def ok(self, *cells: str, **options) -> Attempt:
        """Run a step that must succeed."""
        attempt = self.run(*cells, **options)
        assert attempt.manifest.state == "succeeded", (attempt.manifest.error, attempt.log)
        assert attempt.exit_code == 0
        return attempt


def start_step(
    python: str, runtime: Path, attempt: Path, **variables: str
) -> "subprocess.Popen[bytes]":
    """Start an attempt as executors do: `python RUNTIME ATTEMPT`, in a session of its own."""
    return subprocess.Popen(
        [python, str(runtime), str(attempt)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", **variables},
        start_new_session=True,
    )


def finish_step(process: "subprocess.Popen[bytes]", timeout: float) -> str:
    """Wait for an attempt to end, and return its standard error; after the time it is killed."""
    try:
        _, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return stderr.decode()


def input_specs(
    attempt: Path, reads: Iterable[tuple[Path, ArtifactRecord, str]]
) -> list[ArtifactSpec]:
    """Link what ports read into an attempt: the folder that made it, its record, the port.

    Ports of one artifact are read at once.
    """
    found: dict[tuple[Path, str], ArtifactSpec] = {}
    for folder, record, port in reads:
        known = found.get((folder, record.path))
        if known is not None:
            known.wanted.append(port)
            continue
        name = record.digest.partition(":")[2]
        target = attempt / "inputs" / name
        if not target.exists():
            os.link(folder / record.path, target)
        found[folder, record.path] = ArtifactSpec(
            f"inputs/{name}", record.serializer, record.members, [port], record.meta
        )
    return list(found.values())


def port_of(name: str) -> PortSpec:
    kind = name.partition(":")[0] if ":" in name else "value"
    return PortSpec(name, kind)


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
