"""Owns what an attempt came to: its records read back, checked, and taken into the store.

Nothing in an attempt folder is believed: the step's code could write there. A step
succeeded when its manifest is whole, carries the attempt's nonce, accounts for every
output, and each artifact is a regular file of the bytes that the manifest says.
"""

import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import FileIO
from pathlib import Path

import msgspec

from cellwright.base.canonical import Digest
from cellwright.base.errors import StoreError
from cellwright.execution import failures
from cellwright.execution.attempt import Attempt
from cellwright.execution.executor import Outcome
from cellwright.execution.lacking import lacking, sought_around
from cellwright.execution.leaving import left_behind
from cellwright.execution.paths import gathered
from cellwright.execution.records import Objects
from cellwright.execution.request import RunRequest
from cellwright.execution.work_guard import changed_files, undeclared_reads
from cellwright.model.pipeline import Component, PortName
from cellwright.model.run import Artifact, Failure, Sought, State, StepRecord, StepRun
from cellwright.runtime.manifest import FORMAT, ArtifactRecord, Manifest

_MANIFEST_LIMIT = 64 * 1024 * 1024
_MOST_READS = 1000
_OUTPUT = re.compile(r"outputs/[^/\0]+")
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class _BadAttemptError(Exception):
    """An attempt is not what it should be; the text says in what."""


def harvest(
    attempt: Attempt, outcome: Outcome, *, run: RunRequest, objects: Objects, begun: StepRun
) -> StepRecord:
    """Return what the ledger is to say of an attempt that ended; its files are taken.

    Args:
        attempt: of which nothing runs any more.
        outcome: how the executor saw it end.
        run: what the attempt belongs to.
        objects: where logs and artifacts go.
        begun: the step run as far as it is known without the attempt's own records.

    Raises:
        StoreError: the store cannot take what there is.
    """
    record = StepRecord(
        _with_texts(begun, attempt.folder, objects), inputs=attempt.due.supplies.artifacts()
    )
    try:
        manifest = _manifest(attempt)
        if manifest is None:
            return failed(record, failures.ended(outcome, attempt.request))
        measured = replace(
            record.step_run,
            peak_memory=manifest.peak_memory,
            metrics={name: manifest.metrics[name] for name in sorted(manifest.metrics)},
        )
        record = replace(record, step_run=measured)
        if manifest.state != "succeeded":
            failure = failures.told(manifest.error, outcome, attempt.request)
            missed = lacking(attempt.due.step, _sought(manifest, run), run)
            if missed is not None and not failure.hint:
                failure = replace(failure, hint=f"{missed.message}; {missed.hint}")
            return failed(record, failure)
        return _succeeded(record, attempt, manifest, run=run, objects=objects)
    except _BadAttemptError as problem:
        return failed(record, Failure("output", str(problem)))


def failed(record: StepRecord, failure: Failure) -> StepRecord:
    """Return the record with its failure; what it put out answers nothing."""
    state = State.CANCELLED if failure.kind == "interrupted" else State.FAILED
    step_run = replace(record.step_run, state=state, failure=failure)
    return replace(record, step_run=step_run, answers=False)


def judged(record: StepRecord, component: Component) -> StepRecord:
    """Return a record of good outputs, failed where its metrics miss their thresholds.

    Thresholds are no part of a cache key, so answers of the cache are judged as well.
    """
    breach = failures.breach(component.options.metrics, record.step_run.metrics)
    return record if breach is None else failed(record, breach)


def _succeeded(
    record: StepRecord, attempt: Attempt, manifest: Manifest, *, run: RunRequest, objects: Objects
) -> StepRecord:
    component = run.pipeline.steps[attempt.due.step]
    files = run.work_files(attempt.due.step)
    changed = changed_files(files)
    if changed:
        names = ", ".join(file.path for file in changed)
        message = f"{names} changed after the run began: the result belongs to no version of it"
        return failed(record, Failure("input", message, hint="run again"))
    sought = _sought(manifest, run)
    missed = lacking(attempt.due.step, sought, run)
    if missed is not None:
        return failed(record, missed)
    _account(component, manifest)
    outputs = _take(attempt, manifest.artifacts, objects)
    undeclared = undeclared_reads(
        set(manifest.files_read).difference(manifest.files_written),
        files=files,
        workspace=run.workspace,
        own=_own(attempt),
    )
    step_run = replace(
        record.step_run,
        state=State.SUCCEEDED,
        outputs={port: artifact.digest for port, artifact in outputs.items()},
        absent=tuple(sorted(map(PortName, manifest.absent))),
        sought=(*sought, *_guessed_reads(manifest, component)),
        left=left_behind(attempt.folder, attempt.cwd, attempt.due.step, run),
    )
    record = replace(
        record,
        step_run=step_run,
        outputs=outputs,
        parts=attempt.due.parts,
        # What was read behind our back is not in the key: the result may not answer it.
        answers=attempt.due.answers and not undeclared,
    )
    return judged(record, component)


def _sought(manifest: Manifest, run: RunRequest) -> tuple[Sought, ...]:
    found = (Sought(each.kind, each.path, each.cell, each.line) for each in manifest.files_sought)
    return sought_around(found, run)


def _guessed_reads(manifest: Manifest, component: Component) -> tuple[Sought, ...]:
    """Return the files read that a step was given only because it names them: whether it
    reads them the text does not tell."""
    heads = {file.pattern.partition("*")[0] for file in component.named_files}
    own = set(manifest.files_written)
    read = (path for path in manifest.files_read if path not in own)
    guessed = gathered((path for path in read if path.startswith(tuple(heads))), _MOST_READS)
    return tuple(Sought("read", path, 0, 0) for path in guessed)


def _own(attempt: Attempt) -> tuple[Path, ...]:
    """Return the folders that belong to an attempt: its own, and its Python's."""
    interpreter = attempt.request.environment.interpreter
    return (attempt.folder, *([Path(interpreter).parent.parent] if interpreter else []))


def _account(component: Component, manifest: Manifest) -> None:
    """Check that every output port is there once, or absent where it may be."""
    declared = {port.name: port.optional for port in component.outputs}
    members = [name for record in manifest.artifacts for name in record.members]
    seen = [*members, *manifest.absent]
    for name in seen:
        if name not in declared:
            raise _BadAttemptError(f"the step gave `{name}`, which is no output of it")
        if seen.count(name) > 1:
            raise _BadAttemptError(f"the step gave `{name}` twice")
    for name, optional in declared.items():
        if name not in members and not (optional and name in manifest.absent):
            raise _BadAttemptError(f"the step did not give its output `{name}`")


def _take(
    attempt: Attempt, records: Sequence[ArtifactRecord], objects: Objects
) -> Mapping[PortName, Artifact]:
    outputs: dict[PortName, Artifact] = {}
    taken: dict[str, Digest] = {}
    if records and not _is_folder(attempt.folder / "outputs"):
        raise _BadAttemptError("outputs/ is not the folder it was")
    for record in records:
        if not _OUTPUT.fullmatch(record.path):
            raise _BadAttemptError(f"`{record.path}` is not inside outputs/")
        if record.path not in taken:
            path = attempt.folder / record.path
            _check_size(path, record)
            try:
                taken[record.path] = objects.take_file(path, expected=Digest(record.digest))
            except StoreError as error:
                if error.__cause__ is None:  # it is the file that is wrong, not the store
                    raise _BadAttemptError(f"output of the step is damaged: {error}") from error
                raise
        artifact = Artifact(
            digest=taken[record.path],
            size=record.size,
            serializer=record.serializer,
            members=tuple(map(PortName, record.members)),
            type_names={PortName(name): record.type_names[name] for name in record.type_names},
            fidelity=record.fidelity,
            meta=record.meta,
            preview=record.preview,
        )
        outputs.update(dict.fromkeys(artifact.members, artifact))
    return {port: outputs[port] for port in sorted(outputs)}


def _check_size(path: Path, record: ArtifactRecord) -> None:
    try:
        found = os.lstat(path)
    except OSError as error:
        raise _BadAttemptError(f"{record.path} is missing: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise _BadAttemptError(f"{record.path} is not a regular file")
    if found.st_size != record.size:
        raise _BadAttemptError(
            f"{record.path} has {found.st_size} bytes, its manifest says {record.size}"
        )


def _manifest(attempt: Attempt) -> Manifest | None:
    """Return the manifest of this very attempt; None where none was written."""
    payload = _bytes(attempt.folder / "manifest.json")
    if payload is None:
        return None
    try:
        raw = json.loads(payload)
        found_format = raw.get("format") if isinstance(raw, dict) else None
        if found_format != FORMAT:
            raise _BadAttemptError(f"the manifest has format {found_format!r}, not {FORMAT}")
        manifest = msgspec.convert(raw, Manifest)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise _BadAttemptError(f"the manifest cannot be read: {error}") from error
    request = attempt.request
    if (manifest.run, manifest.step, manifest.nonce) != (request.run, request.step, request.nonce):
        raise _BadAttemptError("the manifest is not of this attempt")
    return manifest


def _is_folder(path: Path) -> bool:
    """Tell a folder from a link to one: a link made by the step leads anywhere."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _bytes(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _BadAttemptError(f"{path.name} cannot be read: {error.strerror}") from error
    seen = os.fstat(descriptor)
    if not stat.S_ISREG(seen.st_mode) or seen.st_size > _MANIFEST_LIMIT:
        os.close(descriptor)
        raise _BadAttemptError(f"{path.name} is no regular file, or too large")
    with FileIO(descriptor, "rb") as handle:
        return handle.readall()


def _with_texts(begun: StepRun, folder: Path, objects: Objects) -> StepRun:
    """Take what the step printed and displayed; what is missing or odd is left out."""

    def taken(path: Path) -> Digest | None:
        try:
            regular = _is_folder(path.parent) and stat.S_ISREG(os.lstat(path).st_mode)
        except OSError:
            return None
        # Copied: somebody may be following the log, until the folder is removed.
        return objects.put_file(path) if regular else None

    return replace(
        begun,
        log=taken(folder / "logs" / "log"),
        stdout=taken(folder / "logs" / "stdout"),
        displays=taken(folder / "displays.json"),
    )
