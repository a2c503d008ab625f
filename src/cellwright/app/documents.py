"""Owns the JSON shapes of what the use cases tell: the stable face to other programs."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cellwright.model.pipeline import (
    Component,
    Edge,
    Parameter,
    Pipeline,
    Port,
    PortKind,
    Reason,
    StepName,
)
from cellwright.model.run import Artifact, Run, StepRun

Document = dict[str, Any]


def pipeline_document(
    pipeline: Pipeline, requirements: Mapping[StepName, Iterable[str]] | None = None
) -> Document:
    """Return a pipeline: its steps by name, the edges between them, its parameters.

    `inputs` and `outputs` name the values that cross a step's border; what travels
    besides values stands under `state` and `files`, what travels as source under
    `definitions`, and why each port exists under `ports`.
    """
    wanted = requirements or {}
    return {
        "pipeline": pipeline.name,
        "kernel": pipeline.kernel,
        "parameters": [_parameter(parameter) for parameter in pipeline.parameters],
        "steps": {
            name: _component(component, pipeline, tuple(wanted.get(name, ())))
            for name, component in pipeline.steps.items()
        },
        "edges": [_edge(edge) for edge in pipeline.edges],
    }


def _component(component: Component, pipeline: Pipeline, wanted: tuple[str, ...]) -> Document:
    return {
        "kind": component.kind.value,
        "cells": [
            {
                "number": cell.number,
                "id": cell.cell,
                "first_line": cell.first,
                "last_line": cell.last,
            }
            for cell in component.cells
        ],
        "after": list(pipeline.predecessors(component.step)),
        "inputs": _names(component.inputs, PortKind.VALUE),
        "outputs": _names(component.outputs, PortKind.VALUE),
        "state": _both(component, PortKind.STATE),
        "files": {
            **_both(component, PortKind.FILE),
            "workspace": [file.pattern for file in component.files],
        },
        "parameters": list(component.parameters),
        "metrics": list(component.metrics),
        "definitions": list(component.definitions),
        "imports": [entry.module for entry in component.imports],
        "requirements": list(wanted),
        "ports": {
            "inputs": [_port(port) for port in component.inputs],
            "outputs": [_port(port) for port in component.outputs],
        },
        "uncacheable": component.uncacheable,
        "options": msgspec.to_builtins(component.options),
        "fingerprint": component.fingerprint,
        "program": component.program,
        "body_line": component.body_line,
        "origins": [
            None
            if span is None
            else {"cell": span.number, "id": span.cell, "line": span.start.line}
            for span in component.origins
        ],
    }


def _names(ports: Iterable[Port], kind: PortKind) -> list[str]:
    return [port.name for port in ports if port.kind is kind]


def _both(component: Component, kind: PortKind) -> Document:
    return {
        "inputs": [name.partition(":")[2] for name in _names(component.inputs, kind)],
        "outputs": [name.partition(":")[2] for name in _names(component.outputs, kind)],
    }


def _port(port: Port) -> Document:
    return {
        "name": port.name,
        "kind": port.kind.value,
        "type": port.type_name,
        "optional": port.optional,
        "because": [place_document(reason) for reason in port.reasons],
    }


def place_document(reason: Reason) -> Document:
    """Return a place that made something necessary; line and column count from 1."""
    return {
        "cell": reason.span.number,
        "line": reason.span.start.line,
        "column": reason.span.start.column + 1,
        "text": reason.text,
    }


def _edge(edge: Edge) -> Document:
    return {"producer": edge.producer, "consumer": edge.consumer, "port": edge.port}


def _parameter(parameter: Parameter) -> Document:
    return {
        "name": parameter.name,
        "type": parameter.type_name,
        "default": parameter.default,
        "cell": parameter.origin.number,
        "line": parameter.origin.start.line,
    }


def run_document(
    run: Run,
    *,
    stdout: Mapping[StepName, str],
    diagnostics: list[Document],
) -> Document:
    """Return a run and its steps; `stdout` is the end of what each step's cells printed."""
    return {
        "run": run.id,
        "snapshot": run.snapshot,
        "state": run.state.value,
        "notebook": run.notebook_path,
        "executor": run.executor,
        "parameters": dict(run.parameters),
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat() if run.finished else None,
        "steps": {
            name: {**step_document(step), "stdout": stdout.get(name, "")}
            for name, step in run.steps.items()
        },
        "diagnostics": diagnostics,
    }


def step_document(step: StepRun) -> Document:
    """Return one step of a run; ports of values under their names, others apart."""
    return {
        "state": step.state.value,
        "cached": step.source_run is not None,
        "seconds": round(step.seconds, 3),
        "inputs": _values(step.inputs),
        "outputs": _values(step.outputs),
        "other_inputs": _others(step.inputs),
        "other_outputs": _others(step.outputs),
        "absent": list(step.absent),
        "metrics": dict(step.metrics),
        "attempt": step.attempt,
        "peak_memory": step.peak_memory,
        "cache_key": step.cache_key,
        "source_run": step.source_run,
        "failure": None if step.failure is None else msgspec.to_builtins(step.failure),
    }


def _values(ports: Mapping[Any, Any]) -> Document:
    return {name: digest for name, digest in ports.items() if ":" not in name}


def _others(ports: Mapping[Any, Any]) -> Document:
    return {name: digest for name, digest in ports.items() if ":" in name}


def run_summary(run: Run) -> Document:
    """Return the row of a run in a list."""
    metrics = {
        f"{name}.{metric}": value
        for name, step in run.steps.items()
        for metric, value in step.metrics.items()
    }
    return {
        "run": run.id,
        "state": run.state.value,
        "notebook": run.notebook_path,
        "executor": run.executor,
        "started": run.started.isoformat(),
        "finished": run.finished.isoformat() if run.finished else None,
        "parameters": dict(run.parameters),
        "metrics": metrics,
    }


def artifact_document(artifact: Artifact, *, step: str, ports: Iterable[str]) -> Document:
    """Return an artifact as one step of a run made it."""
    return {
        "step": step,
        "ports": list(ports),
        "digest": artifact.digest,
        "size": artifact.size,
        "serializer": artifact.serializer,
        "fidelity": artifact.fidelity,
        "types": dict(artifact.type_names),
        "preview": dict(artifact.preview),
    }
