"""Runs a compiled pipeline step by step, each in a process of its own, with the real
runtime; and a notebook in one namespace, to compare with."""

import glob
import importlib
import os
import pkgutil
import resource
import shutil
import sys
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cellwright import runtime
from cellwright.execution.step_spec import step_spec
from cellwright.model.pipeline import Component, Pipeline, StepName
from cellwright.runtime.layout import write_runtime
from cellwright.runtime.manifest import (
    ArtifactRecord,
    ArtifactSpec,
    Manifest,
    StepSpec,
    from_json,
    to_json,
)
from support.attempts import finish_step, input_specs, start_step


@dataclass(frozen=True)
class StepEnd:
    """How a step ended."""

    folder: Path
    manifest: Manifest
    stdout: str
    log: str

    def record(self, port: str) -> ArtifactRecord | None:
        """Return the artifact that holds a port's value, if there is one."""
        found = (each for each in self.manifest.artifacts if port in each.members)
        return next(found, None)


@dataclass
class PipelineEnd:
    """How a pipeline ended: the steps that ran, up to the first that failed."""

    steps: dict[StepName, StepEnd] = field(default_factory=dict)

    @property
    def failed(self) -> StepEnd | None:
        """Return the step that failed, if one did."""
        return next((e for e in self.steps.values() if e.manifest.state != "succeeded"), None)


Runner = Callable[[Path, StepSpec], None]
"""Runs a laid out attempt, and leaves its manifest and logs."""


def run_apart(
    pipeline: Pipeline,
    folder: Path,
    *,
    files: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    runner: Runner | None = None,
) -> PipelineEnd:
    """Run every step in its own process and working directory; stop at a failure."""
    runner = runner or Subprocesses(folder / "runtime")
    values = {p.name: p.default for p in pipeline.parameters} | dict(parameters or {})
    end = PipelineEnd()
    for number, (name, component) in enumerate(pipeline.steps.items()):
        attempt = folder / f"step{number}"
        spec = _lay(pipeline, component, attempt, end, files or {}, values)
        runner(attempt, spec)
        payload = (attempt / "manifest.json").read_bytes()
        end.steps[name] = StepEnd(
            attempt,
            from_json(Manifest, payload),
            (attempt / "logs" / "stdout").read_text(errors="replace"),
            (attempt / "logs" / "log").read_text(errors="replace"),
        )
        if end.steps[name].manifest.state != "succeeded":
            break
    return end


_LONGEST = 120.0
"""Seconds that a step in a process of its own may take."""


class Subprocesses:
    """Runs attempts as executors do: `python RUNTIME ATTEMPT`."""

    def __init__(self, runtime: Path) -> None:
        self.runtime = runtime
        write_runtime(runtime)

    def __call__(self, attempt: Path, spec: StepSpec) -> None:
        process = start_step(sys.executable, self.runtime, attempt)
        stderr = finish_step(process, _LONGEST)
        assert (attempt / "manifest.json").exists(), stderr


def forked(attempt: Path, spec: StepSpec) -> None:
    """Run an attempt in a fork of this process: the same steps, ten times as fast."""
    _preload()

    def work() -> None:
        from cellwright.runtime.place import Place
        from cellwright.runtime.step import run_step

        run_step(spec, str(attempt), Place.shared())

    in_fork(work, attempt / "work", attempt / "logs" / "stdout", attempt / "logs" / "log")
    report = attempt / "report.json"
    assert report.exists(), (attempt / "logs" / "log").read_text()
    report.rename(attempt / "manifest.json")


@cache
def _preload() -> None:
    """Import the runtime once, for all forks."""
    for module in pkgutil.iter_modules(runtime.__path__):
        if module.name not in ("layout", "__main__"):
            importlib.import_module(f"{runtime.__name__}.{module.name}")


_SECONDS = 10
_MEMORY = 4 << 30


def in_fork(
    work: Callable[[], None], folder: Path, stdout: Path, stderr: Path, *, seconds: int = _SECONDS
) -> int:
    """Run a function in a fork, its output in files; return the exit code.

    `seconds` are of processor time.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    # A generated notebook may append to the list it loops over.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        os.chdir(folder)
        for path, stream in ((stdout, 1), (stderr, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        work()
        code = 0
    except BaseException:  # noqa: BLE001  # whatever it is, the fork must not go on
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_in_one_namespace(cells: Sequence[str], folder: Path) -> str | None:
    """Return what the cells print top to bottom in one fresh `__main__`; None if one fails."""
    folder.mkdir(parents=True)

    def work() -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        for number, source in enumerate(cells):
            exec(compile(source, f"<cell {number}>", "exec"), vars(module))

    code = in_fork(work, folder, folder / "stdout", folder / "stderr")
    return (folder / "stdout").read_text() if code == 0 else None


def _lay(
    pipeline: Pipeline,
    component: Component,
    attempt: Path,
    end: PipelineEnd,
    files: Mapping[str, str],
    values: Mapping[str, str],
) -> StepSpec:
    for each in ("inputs", "work", "outputs", "logs"):
        (attempt / each).mkdir(parents=True)
    (attempt / "program.py").write_text(component.program)
    _lay_files(component, attempt / "work", files)
    inputs, absent = _inputs(pipeline, component, attempt, end)
    spec = step_spec(
        component,
        values,
        run="run",
        nonce="nonce",
        notebook=pipeline.name,
        inputs=inputs,
        absent=absent,
    )
    (attempt / "spec.json").write_bytes(to_json(spec))
    return spec


def _lay_files(component: Component, work: Path, files: Mapping[str, str]) -> None:
    """Lay the modules, and the files that the component says it reads: no others."""
    source = work.parent / "workspace"
    for path, text in files.items():
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    wanted = {path for path in files if path.endswith(".py")}
    for file in (*component.files, *component.named_files):
        wanted |= set(glob.glob(file.pattern, root_dir=source, recursive=True))
    for path in sorted(wanted):
        if (source / path).is_file():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, work / path)


def _inputs(
    pipeline: Pipeline, component: Component, attempt: Path, end: PipelineEnd
) -> tuple[list[ArtifactSpec], list[str]]:
    reads: list[tuple[Path, ArtifactRecord, str]] = []
    absent: list[str] = []
    for port in component.inputs:
        producer = end.steps[pipeline.producer(component.step, port.name)]
        record = producer.record(port.name)
        if record is None:
            absent.append(port.name)
        else:
            reads.append((producer.folder, record, port.name))
    return input_specs(attempt, reads), absent
