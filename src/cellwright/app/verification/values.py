"""Owns the comparison of what steps put out: values, state and files, port by port.

Equal bytes are equal values. What is left is compared by an interpreter of the notebook's
environment, in a process of its own: the host never opens a value.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from cellwright.app.verification.pairs import Difference, Pair, presence
from cellwright.app.verification.reference import Captured, ReferenceRun
from cellwright.app.workspace import Workspace
from cellwright.base.errors import MachineError
from cellwright.model.equivalence import Subject
from cellwright.model.pipeline import Pipeline, Port, PortKind, StepName
from cellwright.model.run import Run
from cellwright.runtime.layout import PACKAGE
from cellwright.runtime.serializers import FILE

_SECONDS = 3600
_PIECE = 1 << 20
_Answer = tuple[list[tuple[str, str, str, float]], str]

SUBJECTS = {
    PortKind.VALUE: Subject.VALUE,
    PortKind.STATE: Subject.STATE,
    PortKind.FILE: Subject.FILE,
}


@dataclass(frozen=True)
class Held:
    """An artifact as it lies on this machine, and how it is read."""

    path: str
    digest: str
    serializer: str
    members: tuple[str, ...]
    meta: Mapping[str, object]


@dataclass(frozen=True)
class StepOutputs:
    """What a step put out, by port; `failed` says what could not be saved, and why."""

    held: Mapping[str, Held] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)


Outputs = Mapping[StepName, StepOutputs]


def outputs_of_reference(reference: ReferenceRun) -> Outputs:
    """Return what the kernel held at the end of each step."""
    return {
        step: _captured(reference.attempts[step], found)
        for step, found in reference.captured.items()
    }


def _captured(attempt: Path, found: Captured) -> StepOutputs:
    held = {
        name: Held(
            str(attempt / record.path),
            record.digest,
            record.serializer,
            tuple(record.members),
            record.meta,
        )
        for record in found.artifacts
        for name in record.members
    }
    return StepOutputs(held, frozenset(found.absent), found.failed)


def outputs_of_run(workspace: Workspace, run: Run) -> Outputs:
    """Return what the steps of a pipeline's run put out."""
    objects = workspace.objects
    made = workspace.store.lineage.artifacts(run.id)
    return {
        step: StepOutputs(
            {
                port: Held(
                    str(objects.path(artifact.digest)),
                    artifact.digest,
                    artifact.serializer,
                    artifact.members,
                    artifact.meta,
                )
                for port, artifact in (made[step].outputs if step in made else {}).items()
            },
            frozenset(step_run.absent),
        )
        for step, step_run in run.steps.items()
    }


def compare_outputs(
    pipeline: Pipeline, one: Outputs, other: Outputs, *, reference: ReferenceRun
) -> tuple[Pair, ...]:
    """Compare two runs at every port of every step, in the order of the pipeline.

    The interpreter, folder and variables are those of a reference.
    """
    pairs: list[Pair] = []
    open_pairs: dict[StepName, list[int]] = {}
    for step, component in pipeline.steps.items():
        mine, theirs = one.get(step, StepOutputs()), other.get(step, StepOutputs())
        for port in component.outputs:
            pair, settled = _at_once(step, port, mine, theirs)
            if not settled:
                open_pairs.setdefault(step, []).append(len(pairs))
            pairs.append(pair)
    if open_pairs:
        plan = [
            {
                "attempt": str(reference.attempts[step]),
                "pairs": [
                    {
                        "port": pairs[at].name,
                        "one": asdict(one[step].held[pairs[at].name]),
                        "other": asdict(other[step].held[pairs[at].name]),
                    }
                    for at in places
                ],
            }
            for step, places in open_pairs.items()
        ]
        order = [at for places in open_pairs.values() for at in places]
        for at, (found, trouble) in zip(order, _walked(plan, reference), strict=True):
            known = pairs[at]
            pairs[at] = Pair(
                known.step,
                known.subject,
                known.name,
                differences=tuple(Difference(*place) for place in found),
                trouble=trouble,
            )
    return tuple(pairs)


def _at_once(step: StepName, port: Port, one: StepOutputs, other: StepOutputs) -> tuple[Pair, bool]:
    """Return what needs no look inside, and whether that settles it."""
    name, subject = port.name, SUBJECTS[port.kind]
    missing = [
        side.failed.get(name, "it was not saved")
        for side in (one, other)
        if name not in side.held and name not in side.absent
    ]
    if missing:
        return Pair(step, subject, name, trouble=missing[0]), True
    mine, theirs = one.held.get(name), other.held.get(name)
    if mine is None and theirs is None:
        return Pair(step, subject, name, exact=True), True
    if mine is None or theirs is None:
        difference = Difference(name, presence(mine), presence(theirs))
        return Pair(step, subject, name, differences=(difference,)), True
    if (mine.digest, mine.serializer, mine.meta) == (theirs.digest, theirs.serializer, theirs.meta):
        return Pair(step, subject, name, exact=True), True
    if FILE in (mine.serializer, theirs.serializer):
        difference = _first_byte(name.partition(":")[2], mine, theirs)
        return Pair(step, subject, name, differences=(difference,)), True
    return Pair(step, subject, name), False


def _first_byte(name: str, one: Held, other: Held) -> Difference:
    """Return where two files part."""
    with open(one.path, "rb") as mine, open(other.path, "rb") as theirs:
        at = 0
        while True:
            first, second = mine.read(_PIECE), theirs.read(_PIECE)
            if first != second or not first:
                break
            at += len(first)
    shared = next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    shown = slice(shared, shared + 24)
    return Difference(f"{name}, byte {at + shared}", _bytes(first[shown]), _bytes(second[shown]))


def _bytes(piece: bytes) -> str:
    return ascii(piece)[1:] if piece else "the end of the file"


def _walked(plan: object, reference: ReferenceRun) -> Iterator[_Answer]:
    code = (
        f"import sys; sys.path.insert(1, {str(reference.runtime)!r}); "
        f"from {PACKAGE}.comparison import main; sys.exit(main(sys.argv[1:]))"
    )
    with tempfile.TemporaryDirectory(prefix="cellwright-compare-") as name:
        asked, answered = Path(name, "plan.json"), Path(name, "answer.json")
        asked.write_text(json.dumps(plan), encoding="utf-8")
        done = subprocess.run(
            [reference.interpreter, "-c", code, str(asked), str(answered)],
            cwd=reference.work,
            env={**reference.variables, "MPLBACKEND": "Agg"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        if not answered.exists():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise MachineError(f"the values could not be compared: {' '.join(last)}")
        # Not by msgspec: what is infinitely far apart has no number that it would read.
        yield from msgspec.convert(json.loads(answered.read_bytes()), list[_Answer])
