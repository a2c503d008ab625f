"""Owns the use case of explaining a port: the places in a notebook that made it necessary."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from cellwright.app.compilation import Compiled
from cellwright.app.documents import Document, place_document
from cellwright.base.errors import UsageError
from cellwright.diagnostics import render
from cellwright.diagnostics.diagnostic import Label
from cellwright.model.pipeline import Component, Pipeline, Port, PortKind, Reason, StepName

_PREFIXES = ("", "file:", "state:")
"""What stands before a port's name; people leave it out."""
_DOES = {
    PortKind.VALUE: "binds or changes it",
    PortKind.STATE: "sets or uses it",
    PortKind.FILE: "writes it",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One thing that a name is for a step, and the chain of places that made it so.

    `others` are the steps at the other end of an input or output.
    """

    step: StepName
    name: str
    role: Literal["input", "output", "file", "parameter", "definition"]
    summary: str
    because: tuple[Reason, ...]
    others: tuple[StepName, ...] = ()


def explain_port(compiled: Compiled, subject: str) -> tuple[Explanation, ...]:
    """Return what the name after the dot of `STEP.PORT` is for the step before it.

    There are two answers where a step takes a value and hands it on.

    Raises:
        UsageError: the notebook does not compile, or has no such step or port.
    """
    pipeline = compiled.pipeline
    if pipeline is None:
        raise UsageError(
            f"{compiled.path} does not compile, so it has no ports",
            hint=f"cellwright check {compiled.path}",
        )
    wanted, _, name = subject.partition(".")
    component = pipeline.steps.get(StepName(wanted))
    if component is None:
        raise UsageError(f"no step is called `{wanted}`", hint=_nearest(wanted, pipeline.steps))
    for prefix in _PREFIXES:
        found = tuple(_ports(pipeline, component, prefix + name))
        if found:
            return found
    found = tuple(_others(pipeline, component, name))
    if not found:
        hint = _nearest(name, _names(component))
        raise UsageError(f"step `{wanted}` has no port `{name}`", hint=hint)
    return found


def only_notebook(folder: Path) -> Path:
    """Return the one notebook of a folder.

    Raises:
        UsageError: there is none, or more than one.
    """
    found = sorted(folder.glob("*.ipynb"))
    if len(found) == 1:
        return found[0]
    hint = "for example cellwright explain train.model churn.ipynb"
    if not found:
        raise UsageError("there is no notebook here: name one", hint=hint)
    raise UsageError(f"there are {len(found)} notebooks here: name one of them", hint=hint)


def explanation_text(
    compiled: Compiled, explanations: Iterable[Explanation], *, colour: bool
) -> str:
    """Return explanations as a person reads them, with the lines of the notebook."""
    palette = render.ANSI if colour else render.PLAIN
    pieces = []
    for each in explanations:
        labels = [Label(reason.span, reason.text) for reason in each.because]
        places = render.places(
            labels, path=compiled.path, notebook=compiled.notebook, palette=palette
        )
        pieces.append(f"{palette.strong}{each.summary}{palette.end}\n{places}\n")
    return "\n".join(pieces)


def explanation_document(compiled: Compiled, explanations: Iterable[Explanation]) -> Document:
    """Return explanations as JSON: per role, the chain of places with their lines."""
    return {
        "notebook": compiled.path,
        "explanations": [
            {
                "step": each.step,
                "name": each.name,
                "role": each.role,
                "steps": list(each.others),
                "summary": each.summary,
                "because": [
                    {**place_document(reason), "source": _line(compiled, reason)}
                    for reason in each.because
                ],
            }
            for each in explanations
        ],
    }


def _line(compiled: Compiled, reason: Reason) -> str:
    if compiled.notebook is None:
        return ""
    lines = compiled.notebook.cell(reason.span.cell).source.split("\n")
    return lines[reason.span.start.line - 1]


def _ports(pipeline: Pipeline, component: Component, name: str) -> Iterator[Explanation]:
    step = component.step
    for port in component.inputs:
        if port.name == name:
            producer = pipeline.producer(step, port.name)
            made = _output(pipeline.steps[producer], name)
            yield Explanation(
                step,
                name,
                "input",
                f"step `{step}` takes `{name}` from step `{producer}`",
                (*port.reasons, *_made(made, producer)),
                (producer,),
            )
    for port in component.outputs:
        if port.name == name:
            readers = tuple(
                edge.consumer
                for edge in pipeline.edges
                if edge.producer == step and edge.port == name
            )
            yield Explanation(
                step, name, "output", _given(step, name, readers), port.reasons, readers
            )


def _output(component: Component, name: str) -> Port:
    return next(port for port in component.outputs if port.name == name)


def _made(port: Port, producer: StepName) -> Iterator[Reason]:
    """Yield the producer's places; the first is told from the reader's side."""
    first, *rest = port.reasons
    yield Reason(first.span, f"step `{producer}` {_DOES[port.kind]} here")
    yield from rest


def _given(step: StepName, name: str, readers: tuple[StepName, ...]) -> str:
    if not readers:
        return f"step `{step}` leaves `{name}` as a result; no step takes it"
    spelled = ", ".join(f"`{reader}`" for reader in readers)
    return f"step `{step}` gives `{name}` to step{'s' if len(readers) > 1 else ''} {spelled}"


def _others(pipeline: Pipeline, component: Component, name: str) -> Iterator[Explanation]:
    """Yield what a step has under a name without a port."""
    step = component.step
    for file in component.files:
        if file.pattern == name.removeprefix("file:"):
            summary = f"step `{step}` is given `{file.pattern}` from the workspace"
            reason = Reason(file.span, "named here, and no step before writes it")
            yield Explanation(step, file.pattern, "file", summary, (reason,))
    for parameter in pipeline.parameters:
        if parameter.name == name and name in component.parameters:
            summary = f"step `{step}` uses the parameter `{name}`: its value is set for each run"
            reason = Reason(parameter.origin, f"its default, {parameter.default}, is set here")
            yield Explanation(step, name, "parameter", summary, (reason,))
    defined = _defined(component, name) if name in component.definitions else None
    if defined is not None:
        summary = f"step `{step}` has the source of `{name}` in its program, so nothing travels"
        yield Explanation(step, name, "definition", summary, (defined,))


def _defined(component: Component, name: str) -> Reason | None:
    """Return where a definition comes from that a program takes along."""
    for node in ast.parse(component.program).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            origin = component.origins[node.lineno - 1]
            if node.name == name and origin is not None:
                return Reason(origin, f"`{name}` is defined here")
    return None


def _names(component: Component) -> list[str]:
    ports = [port.name for port in (*component.inputs, *component.outputs)]
    files = [file.pattern for file in component.files]
    return list(dict.fromkeys((*ports, *files, *component.parameters, *component.definitions)))


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "there is: " + ", ".join(names) if names else "it has none"
