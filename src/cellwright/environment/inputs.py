"""Owns the files that a component reads and no step writes, and what to say about them."""

import glob
import re
from collections.abc import Mapping
from pathlib import Path

from cellwright.diagnostics.catalogue import MISSING_FILE, PATH_OUTSIDE_WORKSPACE
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.environment.files import Expansion, FileDigests, existing, expand
from cellwright.model.pipeline import Component
from cellwright.model.source import Span

# A program that asks whether a file is there has an answer for both cases.
_PROBE = re.compile(r"\b(exists|isfile|isdir|is_file|is_dir|lexists|access|FileNotFoundError)\b")


def step_files(
    component: Component, *, folder: Path, workspace: Path, digests: FileDigests, report: Report
) -> Expansion:
    """Return the files of a component; report those outside the workspace, or not there.

    A file that the options declare may lie anywhere: its author said so. Of the texts that
    are given to unknown code, those count that name a file of the workspace.
    """
    places: dict[str, Span | None] = dict.fromkeys(component.options.files)
    for one in component.files:
        places.setdefault(one.pattern, one.span)
    named = (one.pattern for one in component.named_files)
    for name in existing(named, folder=folder, workspace=workspace):
        places.setdefault(name, None)
    found = expand(places, folder=folder, workspace=workspace, digests=digests)
    for name in found.outside:
        span = _origin(name, places)
        if span is not None:
            report.add(
                Diagnostic(
                    PATH_OUTSIDE_WORKSPACE,
                    f"`{name}` lies outside the workspace",
                    Label(span, "read here"),
                    notes=(
                        "on another machine the file may be another, or not there",
                        "move it beside the notebook, or declare it in the step's `files`",
                    ),
                )
            )
    # An earlier step may write it, or a command of this one that may as well read it.
    maybe = (port for port in component.outputs if port.optional)
    made = {port.name for port in (*component.inputs, *maybe)}
    for pattern in found.absent:
        span = places[pattern]
        if f"file:{pattern}" in made:
            continue
        if not glob.has_magic(pattern) and not _PROBE.search(_text_at(span, component)):
            report.add(
                Diagnostic(
                    MISSING_FILE,
                    f"step `{component.step}` reads `{pattern}`, which is not there",
                    Label(span, "read here" if span else ""),
                    notes=(f"it is looked for in the notebook's folder, {folder.name}",),
                )
            )
    return found


def _origin(name: str, places: Mapping[str, Span | None]) -> Span | None:
    """Return the place that names a file; None where the options do."""
    if name in places:
        return places[name]
    globs = [pattern for pattern in places if glob.has_magic(pattern)]
    return next((places[pattern] for pattern in globs if places[pattern] is not None), None)


def _text_at(span: Span | None, component: Component) -> str:
    """Return the program's lines that come from the lines of a span."""
    if span is None:
        return ""
    lines = component.program.splitlines()
    return "\n".join(
        line
        for line, origin in zip(lines, component.origins, strict=False)
        if origin is not None
        and origin.cell == span.cell
        and origin.start.line <= span.end.line
        and origin.end.line >= span.start.line
    )
