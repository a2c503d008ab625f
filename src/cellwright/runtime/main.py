"""Owns one attempt at a step: the child that runs it, and the manifest that tells of it.

The runner is this small process. It forks the child in which the notebook's code runs,
keeps the logs, passes signals on, and writes the manifest last, from the child's report
or, where there is none, from how the child ended.
"""

import os
import sys
import time
from contextlib import suppress
from dataclasses import replace

from .limits import memory_kills
from .logs import LogFile, Stream
from .manifest import (
    BadRecordError,
    ErrorRecord,
    Manifest,
    StepSpec,
    from_json,
    to_json,
    write_whole,
)
from .place import OURS, SAVING, Place, appear
from .secrets import Redactor
from .watch import Ending, Watch

REPORT = "report.json"
"""The child's manifest before the runner adds what only it can know."""


def main(arguments: list[str]) -> int:
    """Run the attempt in the folder that is the only argument; 0 when it succeeded."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python FOLDER ATTEMPT\n")
        return 2
    attempt = os.path.abspath(arguments[0])
    try:
        with open(os.path.join(attempt, "spec.json"), "rb") as handle:
            spec = from_json(StepSpec, handle.read())
    except (OSError, BadRecordError) as error:
        sys.stderr.write(f"cellwright: {attempt}/spec.json: {error}\n")
        return 2
    manifest = _attempt(spec, attempt)
    write_whole(os.path.join(attempt, "manifest.json"), to_json(manifest))
    return 0 if manifest.state == "succeeded" else 1


def _attempt(spec: StepSpec, attempt: str) -> Manifest:
    for folder in ("logs", "outputs", "work", spec.cwd):
        os.makedirs(os.path.join(attempt, folder), exist_ok=True)
    report = os.path.join(attempt, REPORT)
    for name in (REPORT, "manifest.json", "displays.json"):
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(attempt, name))
    if os.getpgrp() != os.getpid():
        with suppress(OSError):  # a group of our own, so that leftovers can be found
            os.setpgid(0, 0)
    redactor = Redactor(spec.secrets)
    place = Place.shared()
    kills = memory_kills()
    started = time.monotonic()
    pid, out, err = _fork(spec, attempt, place)
    log = LogFile(os.path.join(attempt, "logs", "log"), spec.log_limit)
    stdout = LogFile(os.path.join(attempt, "logs", "stdout"), spec.log_limit)
    streams = [Stream(out, [log, stdout], redactor), Stream(err, [log], redactor)]
    ending = Watch(pid, streams, report).until_over()
    seconds = time.monotonic() - started
    manifest = _read_report(report, spec)
    late = ending.interrupted and ending.before_report
    if manifest is None or (late and manifest.state != "interrupted"):
        manifest = _unfinished(spec, ending, place, memory_kills() - kills)
        if manifest.error is not None:
            log.write(redactor.masked(f"{manifest.error.message}\n".encode()))
    log.close()
    stdout.close()
    shown = os.path.join(attempt, "displays.json")
    if not os.path.exists(shown):
        appear(shown, b"[]")
    return replace(manifest, seconds=seconds, peak_memory=ending.peak_memory)


def _fork(spec: StepSpec, attempt: str, place: Place) -> tuple[int, int, int]:
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(out_read)
            os.close(err_read)
            _connect(out_write, err_write)
            from .step import run_step

            code = run_step(spec, attempt, place)
        except BaseException:  # noqa: BLE001  # a mistake of ours, told as such
            import traceback

            place.write(OURS)
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(out_write)
    os.close(err_write)
    for descriptor in (out_read, err_read):
        os.set_blocking(descriptor, False)
    return pid, out_read, err_read


def _connect(out: int, err: int) -> None:
    """Make the pipes standard output and error, as a text stream of a kernel behaves."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
        os.close(source)
    for name, target in (("stdout", 1), ("stderr", 2)):
        # New streams: those made at start-up still think of the file the host gave us,
        # in which one can seek. Each line leaves at once: a process that is killed takes
        # no text with it.
        stream = open(  # noqa: SIM115  # for as long as the process lives
            target,
            "w",
            buffering=1,
            encoding="utf-8",
            errors="backslashreplace",
            closefd=False,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _read_report(path: str, spec: StepSpec) -> Manifest | None:
    try:
        with open(path, "rb") as handle:
            manifest = from_json(Manifest, handle.read())
    except (OSError, BadRecordError):
        return None
    os.unlink(path)
    return manifest if manifest.nonce == spec.nonce else None


def _unfinished(spec: StepSpec, ending: Ending, place: Place, kills: int) -> Manifest:
    """Return the manifest of a step whose child ended, or was ended, without a report."""
    cell, line = place.read()
    where = f"cell {cell} of {spec.notebook}" if cell else "the step's definitions"
    if cell == SAVING:
        where, cell = "the saving of the outputs", 0
    state, hint = "failed", ""
    if cell == OURS:
        kind, cell = "machine", 0
        message = "the runtime itself failed; the log has its traceback"
        hint = "this is a mistake of Cellwright, or its disk is full: please report it"
    elif ending.interrupted:
        kind, state = "interrupted", "interrupted"
        message = f"interrupted while {where} ran"
    elif ending.signal and kills > 0:
        kind = "out-of-memory"
        message = f"{where} used more memory than the step may have, and was killed"
        hint = "give the step more memory (`memory` in its options), or use less at a time"
    elif ending.signal:
        kind = "killed"
        message = f"the process died of {_signal_name(ending.signal)} while {where} ran"
        hint = "the log may tell more; a compiled library may be at fault"
        if _signal_name(ending.signal) == "SIGKILL":
            hint = "on a machine short of memory the system kills without a word"
    else:
        kind = "exit"
        message = f"{where} ended the process (exit code {ending.code}) before it was done"
        hint = "a notebook's kernel would have died there too: remove the `os._exit` call"
    error = ErrorRecord(kind, message, cell or None, line or None, "", hint)
    return Manifest(
        spec.run, spec.step, spec.nonce, state, error, python=sys.version.partition(" ")[0]
    )


def _signal_name(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
