"""Owns the use cases that look back: runs, logs and artifacts as they were recorded."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cellwright.app.documents import Document, artifact_document, run_document
from cellwright.app.verification.reports import report_document
from cellwright.app.workspace import Workspace
from cellwright.base.canonical import Digest
from cellwright.base.errors import UsageError
from cellwright.model.events import StepFinished, StepStarted
from cellwright.model.pipeline import StepName
from cellwright.model.run import Artifact, Run, RunId, State, StepRun

STDOUT_TAIL = 64 * 1024  # bytes; how much of a step's output a run's document carries

_SUFFIXES = {"json": ".json", "npy": ".npy", "arrow": ".arrow", "file": ""}


def find_run(workspace: Workspace, text: str) -> Run:
    """Return the run that `last`, an id or the beginning of one means.

    Raises:
        UsageError: there is none, or there are several.
    """
    ledger = workspace.ledger
    return ledger.run(ledger.resolve(text))


def stdout_tails(workspace: Workspace, run: Run) -> Mapping[StepName, str]:
    """Return the end of what the cells of each step printed."""
    return {name: _tail(workspace, step.stdout) for name, step in run.steps.items()}


def _tail(workspace: Workspace, digest: Digest | None) -> str:
    if digest is None:
        return ""
    with workspace.objects.open(digest) as handle:
        handle.seek(max(0, workspace.objects.size(digest) - STDOUT_TAIL))
        return handle.read().decode("utf-8", "replace")


def recorded_document(workspace: Workspace, run: Run) -> Document:
    """Return a recorded run as JSON, with the reports of its verifications."""
    reports = workspace.store.equivalences.of_run(run.id)
    return {
        **run_document(run, stdout=stdout_tails(workspace, run), diagnostics=[]),
        "equivalence": [report_document(report) for report in reports],
    }


def list_artifacts(workspace: Workspace, run: Run) -> list[Document]:
    """Return the output artifacts of a run, step by step; each says its ports."""
    rows = []
    for step, held in workspace.store.lineage.artifacts(run.id).items():
        together: dict[Digest, tuple[Artifact, list[str]]] = {}
        for port, artifact in held.outputs.items():
            together.setdefault(artifact.digest, (artifact, []))[1].append(port)
        rows += [
            artifact_document(artifact, step=step, ports=ports)
            for artifact, ports in together.values()
        ]
    return rows


def copy_artifacts(workspace: Workspace, rows: Sequence[Document], folder: Path) -> Iterator[Path]:
    """Copy artifacts to a folder, `STEP/PORT.FORMAT`, and yield where each went.

    A file port keeps the file's own name; names never lead out of the folder.
    """
    for row in rows:
        target = folder / row["step"] / _file_name(row)
        if not target.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"`{row['ports'][0]}` does not name a file inside {folder}")
        target.parent.mkdir(parents=True, exist_ok=True)
        with workspace.objects.open(Digest(row["digest"])) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
        yield target


def _file_name(row: Document) -> str:
    port: str = row["ports"][0]
    kind, found, rest = port.partition(":")
    if found and kind == "file":
        return rest.replace("*", "_").lstrip("/")
    name = "+".join(row["ports"]).replace(":", "-").replace("/", "_")
    return name + _SUFFIXES.get(row["serializer"], f".{row['serializer']}")


class LogTail:
    """The text of one step of a run, from the beginning, as it grows."""

    def __init__(self, workspace: Workspace, run: str, step: str) -> None:
        self._workspace = workspace
        self._id: RunId = workspace.ledger.resolve(run)
        self._step = StepName(step)
        self._read = 0
        self._growing: Path | None = None
        if not self._known():
            raise UsageError(f"run {self._id} has no step `{step}`")

    def ended(self) -> bool:
        """Tell whether nothing more will come."""
        step = self._record()
        over = workspace_run_over(self._workspace, self._id)
        return over or (step is not None and step.state not in (State.RUNNING, State.WAITING))

    def read(self) -> bytes:
        """Return the bytes that came since the last call."""
        step = self._record()
        if step is not None and step.log is not None:
            with self._workspace.objects.open(step.log) as handle:
                return self._rest(handle.read())
        path = self._live()
        if path is None:
            return b""
        try:
            return self._rest(path.read_bytes())
        except OSError:
            return b""  # not begun yet, or just taken into the store

    def _rest(self, payload: bytes) -> bytes:
        fresh = payload[self._read :]
        self._read = max(self._read, len(payload))
        return fresh

    def _record(self) -> StepRun | None:
        return self._workspace.ledger.run(self._id).steps.get(self._step)

    def _known(self) -> bool:
        if self._record() is not None:
            return True
        from cellwright.execution.events_log import read_events
        from cellwright.model.events import PlanMade

        return any(
            isinstance(event, PlanMade) and self._step in event.steps
            for event in read_events(events_path(self._workspace, self._id))
        )

    def _live(self) -> Path | None:
        from cellwright.execution.events_log import read_events

        for event in read_events(events_path(self._workspace, self._id)):
            match event:
                case StepStarted(step=self._step):
                    self._growing = Path(event.log)
                case StepFinished(step=self._step):
                    self._growing = None
                case _:
                    pass
        return self._growing


def workspace_run_over(workspace: Workspace, run: RunId) -> bool:
    """Tell whether a run has reached its end."""
    return workspace.ledger.run(run).finished is not None


def events_path(workspace: Workspace, run: RunId) -> Path:
    """Return where the events of a run are kept, one JSON object a line."""
    return workspace.folder / "runs" / f"{run}.jsonl"
