"""Lays attempts at steps out as the host does, and runs them as executors do."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from cellwright.runtime.layout import write_runtime
from cellwright.runtime.manifest import (
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
            inputs=[self._input(attempt, *entry) for entry in merged(inputs)],
            outputs=[port if isinstance(port, PortSpec) else port_of(port) for port in outputs],
            definitions=list(options.pop("static", self.definitions)),
            **{"metrics": [], **options},
        )
        (attempt / "spec.json").write_bytes(to_json(spec))
        return attempt

    def start(self, attempt: Path, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [self.python, str(self.runtime), str(attempt)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", **environment},
            start_new_session=True,
        )

    def finish(self, attempt: Path, process: subprocess.Popen, timeout: float = 60) -> Attempt:
        try:
            _, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        manifest = from_json(Manifest, (attempt / "manifest.json").read_bytes())
        return Attempt(attempt, manifest, process.returncode, stderr.decode())

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

    @staticmethod
    def _input(attempt: Path, producer: Attempt, ports: list[str]) -> ArtifactSpec:
        record = producer.artifact(ports[0])
        name = record.digest.partition(":")[2]
        target = attempt / "inputs" / name
        if not target.exists():
            os.link(producer.folder / record.path, target)
        return ArtifactSpec(f"inputs/{name}", record.serializer, record.members, ports, record.meta)


def port_of(name: str) -> PortSpec:
    kind = name.partition(":")[0] if ":" in name else "value"
    return PortSpec(name, kind)


def merged(inputs) -> list[tuple[Attempt, list[str]]]:
    """Return the inputs by artifact: ports of one bundle are read at once."""
    found: dict = {}
    for producer, port in inputs:
        record = producer.artifact(port)
        found.setdefault((id(producer), record.path), (producer, []))[1].append(port)
    return list(found.values())


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
