"""Owns the comparison of what cells print and show."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cellwright.app.verification.kernel import CellOutput
from cellwright.app.verification.pairs import MOST, Difference, Pair, presence
from cellwright.app.workspace import Workspace
from cellwright.model.equivalence import Subject
from cellwright.model.pipeline import Component, Pipeline, StepName
from cellwright.model.run import Run

Displays = Mapping[int, Sequence[Mapping[str, Any]]]
"""The nbformat outputs of each cell that shows something, streams apart."""

_LONGEST = 200
# Places in memory, and counters that a library keeps in its process, name no part of a
# result: an object is at another address in the next run of the notebook, too.
_NAMES_OF_A_PROCESS = re.compile(
    r"(?: object)? at 0x[0-9a-fA-F]{6,}|0x[0-9a-fA-F]{6,}"
    r"|\bid=\d{12,}|\bsk-(?:container-|estimator-)?id-\d+"
)


def compare_shown(
    workspace: Workspace, pipeline: Pipeline, expected: Mapping[int, CellOutput], run: Run
) -> Iterator[Pair]:
    """Yield what each step printed, and what it showed, beside what its cells did."""
    for step, component in pipeline.steps.items():
        ended = run.steps.get(step)
        if ended is None:
            continue
        printed = _text(workspace, ended.stdout)
        texts = [(cell.number, expected[cell.number].stdout) for cell in component.cells]
        yield compare_printed(step, texts, printed)
        displays = _displays(workspace, ended.displays)
        yield from _compare_displays(step, component, expected, displays)


def compare_cells(
    pipeline: Pipeline, one: Mapping[int, CellOutput], other: Mapping[int, CellOutput]
) -> Iterator[Pair]:
    """Yield what the cells of each step printed and showed in two runs of the notebook."""
    for step, component in pipeline.steps.items():
        texts = [(cell.number, one[cell.number].stdout) for cell in component.cells]
        printed = "".join(other[cell.number].stdout for cell in component.cells)
        yield compare_printed(step, texts, printed)
        displays = {cell.number: other[cell.number].displays for cell in component.cells}
        yield from _compare_displays(step, component, one, displays)


def compare_printed(step: StepName, expected: Sequence[tuple[int, str]], printed: str) -> Pair:
    """Compare the text of a step, given by cell in the notebook, line by line."""
    whole = "".join(text for _, text in expected)
    if whole == printed:
        return Pair(step, Subject.OUTPUT, "output", exact=True)
    differences = tuple(_differing_lines(expected, whole, printed))
    return Pair(step, Subject.OUTPUT, "output", differences=differences)


def _differing_lines(
    expected: Sequence[tuple[int, str]], whole: str, printed: str
) -> Iterator[Difference]:
    mine, theirs = _anonymous(whole).splitlines(), _anonymous(printed).splitlines()
    found = 0
    for at in range(max(len(mine), len(theirs))):
        one = mine[at] if at < len(mine) else None
        other = theirs[at] if at < len(theirs) else None
        if one != other and found < MOST:
            found += 1
            yield Difference(
                f"line {at + 1} of the output", _line(one), _line(other), cell=_cell(expected, at)
            )


def _cell(expected: Sequence[tuple[int, str]], line: int) -> int | None:
    """Return the cell that printed a line, counted from 0; the last that printed anything,
    where there is none."""
    printed = [(cell, text.count("\n")) for cell, text in expected if text]
    seen = 0
    for cell, lines in printed:
        seen += lines
        if line < seen:
            return cell
    return printed[-1][0] if printed else None


def _compare_displays(
    step: StepName, component: Component, expected: Mapping[int, CellOutput], found: Displays
) -> Iterator[Pair]:
    for cell in component.cells:
        one, other = expected[cell.number].displays, found.get(cell.number, ())
        differences: list[Difference] = []
        if len(one) != len(other):
            name = f"what cell {cell.number} shows"
            differences.append(Difference(name, _count(one), _count(other)))
        for at, (mine, theirs) in enumerate(zip(one, other, strict=False), start=1):
            name = f"display {at} of cell {cell.number}" if len(one) > 1 else "the display"
            differences += _forms(name, mine["data"], theirs["data"])
        exact = [each["data"] for each in one] == [each["data"] for each in other]
        yield Pair(
            step,
            Subject.DISPLAY,
            f"cell {cell.number}",
            exact=exact,
            differences=tuple(
                Difference(each.path, each.one, each.other, cell=cell.number)
                for each in differences[:MOST]
            ),
        )


def _forms(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the forms of one display that differ: the text first, as it can be read."""
    for mime in sorted({*one, *other}, key=lambda mime: (mime != "text/plain", mime)):
        mine, theirs = one.get(mime), other.get(mime)
        if mine is None or theirs is None:
            yield Difference(f"{name} ({mime})", presence(mine), presence(theirs))
            continue
        if mine == theirs or _plain(mine) == _plain(theirs):
            continue
        if mime.startswith("image/") and mime != "image/svg+xml":
            yield Difference(f"{name} ({mime})", "an image", "another image")
        else:
            yield Difference(f"{name} ({mime})", *_around(_plain(mine), _plain(theirs)))


def _plain(form: Any) -> str:
    """Return a form as text without layout and without names that are of one process."""
    text = form if isinstance(form, str) else json.dumps(form, sort_keys=True)
    return " ".join(_anonymous(text).split())


def _anonymous(text: str) -> str:
    return _NAMES_OF_A_PROCESS.sub("0x…", text)


def _around(one: str, other: str) -> tuple[str, str]:
    """Return the two texts from shortly before the place where they part."""
    at = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    start = max(0, at - 30)
    mark = "…" if start else ""
    return mark + _line(one[start:]), mark + _line(other[start:])


def _line(text: str | None) -> str:
    if text is None:
        return "nothing"
    visible = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: _LONGEST + 1])
    return visible if len(visible) <= _LONGEST else visible[: _LONGEST - 1] + "…"


def _count(displays: Sequence[object]) -> str:
    return f"{len(displays)} display" + ("" if len(displays) == 1 else "s")


def _text(workspace: Workspace, digest: Any) -> str:
    if digest is None:
        return ""
    with workspace.objects.open(digest) as handle:
        return handle.read().decode("utf-8", "replace")


def _displays(workspace: Workspace, digest: Any) -> Displays:
    by_cell: dict[int, list[Mapping[str, Any]]] = {}
    for cell, output in json.loads(_text(workspace, digest) or "[]"):
        if output["output_type"] in ("display_data", "execute_result"):
            by_cell.setdefault(cell, []).append(output)
    return by_cell
