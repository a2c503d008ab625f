"""Owns the borders of a step: inputs into the namespace, outputs out of it."""

import os
from typing import Any

from .bundles import bundles, named
from .faults import OutputError, StepFault, UnfitError
from .manifest import ArtifactRecord, ArtifactSpec, StepSpec
from .names import Names
from .serializers import by_name, formats
from .sink import Sink

BUNDLE = "bundle"
"""Name of the format of an artifact with several members: a pickled dict of them."""


def load_inputs(spec: StepSpec, attempt: str, namespace: dict[str, Any]) -> None:
    """Bind every input in the namespace.

    Raises:
        StepFault: an artifact cannot be read; its names are told.
    """
    for artifact in spec.inputs:
        namespace.update(_read(artifact, attempt))


def save_outputs(
    spec: StepSpec, attempt: str, namespace: dict[str, Any]
) -> tuple[list[ArtifactRecord], list[str]]:
    """Write the outputs; return the artifacts, and the names that are not bound.

    Raises:
        StepFault: an output is not bound, or cannot be written; it is named.
    """
    values: dict[str, Any] = {}
    absent: list[str] = []
    for port in spec.outputs:
        if port.kind != "value":
            continue
        if port.name in namespace:
            values[port.name] = namespace[port.name]
        elif port.optional:
            absent.append(port.name)
        else:
            raise StepFault("output", f"`{port.name}` is not bound when the step ends")
    names = Names(spec.definitions)
    records = []
    for at, group in enumerate(bundles(values, names)):
        members = {name: values[name] for name in group}
        records.append(_write(members, os.path.join("outputs", str(at)), attempt, names))
    return records, absent


def _read(artifact: ArtifactSpec, attempt: str) -> dict[str, Any]:
    path = os.path.join(attempt, artifact.path)
    try:
        if artifact.serializer == BUNDLE:
            value = by_name("pickle").load(path, artifact.meta)
            return {name: value[name] for name in artifact.wanted}
        value = by_name(artifact.serializer).load(path, artifact.meta)
    except Exception as error:
        told = ", ".join(f"`{name}`" for name in artifact.wanted)
        hint = getattr(error, "hint", "") or "the step's environment may lack what made the value"
        raise StepFault(
            "input", f"{told} cannot be read: {type(error).__qualname__}: {error}", hint=hint
        ) from error
    return dict.fromkeys(artifact.wanted, value)


def _write(members: dict[str, Any], relative: str, attempt: str, names: Names) -> ArtifactRecord:
    path = os.path.join(attempt, relative)
    several = len(members) > 1
    value: Any = dict(members) if several else next(iter(members.values()))
    for each in formats():
        if several and each.name != "pickle":
            continue
        if not several and not each.accepts(value):
            continue
        sink = Sink(path)
        try:
            meta = each.save(value, sink, names)
            sink.close()
            fidelity = each.check(value, path, meta, names)
        except UnfitError:
            continue
        except OutputError as error:
            told = ", ".join(members)
            raise named(error, told, value) from error
        finally:
            sink.abandon()
        return ArtifactRecord(
            relative,
            sink.digest,
            sink.size,
            BUNDLE if several else each.name,
            list(members),
            {name: _type_name(member) for name, member in members.items()},
            fidelity,
            meta,
        )
    raise AssertionError("pickle takes everything or raises OutputError")


def _type_name(value: Any) -> str:
    kind = type(value)
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
