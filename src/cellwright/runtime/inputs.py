"""Owns the step's inputs: artifacts become names, files and state before the cells run."""

import os
from typing import Any

from .faults import StepFault
from .manifest import ArtifactSpec, StepSpec
from .serializers import BUNDLE, FILE, by_name
from .state import ProcessState


def load_modules(spec: StepSpec, attempt: str) -> None:
    """Lay the files that are modules: definitions, which come before inputs, import them.

    Not the other files: definitions may make the folders that those lie in.

    Raises:
        StepFault: a file cannot be read.
    """
    for artifact in spec.inputs:
        if artifact.serializer == FILE and any(map(_is_module, artifact.wanted)):
            _unpack(artifact, spec, attempt)


def _is_module(port: str) -> bool:
    return port.endswith(".py")


def load_inputs(
    spec: StepSpec, attempt: str, namespace: dict[str, Any], state: ProcessState
) -> None:
    """Lay the files, bind the values, and set the state last: reading may draw from it.

    Raises:
        StepFault: an artifact cannot be read; its names are told.
    """
    states: dict[str, Any] = {}
    for artifact in sorted(spec.inputs, key=lambda each: each.serializer != FILE):
        if artifact.serializer == FILE:
            _unpack(artifact, spec, attempt)
            continue
        for name, value in _read(artifact, attempt).items():
            if name.startswith("state:"):
                states[name] = value
            else:
                namespace[name] = value
    for name, value in sorted(states.items()):
        _put(name, value, state)


def _read(artifact: ArtifactSpec, attempt: str) -> dict[str, Any]:
    path = os.path.join(attempt, artifact.path)
    try:
        if artifact.serializer == BUNDLE:
            value = by_name("pickle").load(path, artifact.meta)
            return {name: value[name] for name in artifact.wanted}
        value = by_name(artifact.serializer).load(path, artifact.meta)
    except Exception as error:
        raise _unreadable(artifact.wanted, error) from error
    return dict.fromkeys(artifact.wanted, value)


def _unpack(artifact: ArtifactSpec, spec: StepSpec, attempt: str) -> None:
    from .file_ports import unpack

    folder = os.path.join(attempt, spec.cwd)
    work = os.path.join(attempt, "work")
    for port in artifact.wanted:
        try:
            unpack(port, os.path.join(attempt, artifact.path), artifact.meta, folder, work)
        except OSError as error:
            raise _unreadable([port], error) from error


def _put(name: str, value: Any, state: ProcessState) -> None:
    try:
        state.put(name, value)
    except Exception as error:
        raise _unreadable([name], error) from error


def _unreadable(names: list[str], error: Exception) -> StepFault:
    told = ", ".join(f"`{name}`" for name in names)
    hint = getattr(error, "hint", "") or "the step's environment may lack what made the value"
    return StepFault(
        "input", f"{told} cannot be read: {type(error).__qualname__}: {error}", hint=hint
    )
