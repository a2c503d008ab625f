"""Owns files: which a step reads and writes, who wrote them, which the workspace gives."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cellwright.compiler.machine import Chain, FileUse, Site
from cellwright.compiler.walk import Walk
from cellwright.model.pipeline import StepName

_READS = frozenset({"reads", "lists", "appends"})
_WRITES = frozenset({"writes", "appends"})


@dataclass(frozen=True, slots=True)
class FileNeed:
    """A step reads a file (or pattern) that another step wrote."""

    pattern: str
    step: StepName
    producer: StepName
    chain: Chain
    cause: Chain


@dataclass
class FileFlow:
    """Needs of files, what each step writes, what the workspace must give, and uses whose
    path the text does not tell."""

    needs: list[FileNeed] = field(default_factory=list)
    written: dict[StepName, dict[str, FileUse]] = field(default_factory=lambda: defaultdict(dict))
    read: dict[StepName, dict[str, FileUse]] = field(default_factory=lambda: defaultdict(dict))
    unresolved: list[tuple[Site, FileUse]] = field(default_factory=list)


def normal(text: str) -> str:
    """Return a path in one spelling; a folder has no slash at its end."""
    path = posixpath.normpath(text)
    return "" if path == "." else path


def overlap(one: str, other: str) -> bool:
    """Tell whether two patterns may name the same file, or one a file in the other."""
    mine, theirs = one.split("/"), other.split("/")
    if "**" in mine or "**" in theirs:
        return _deep(mine, theirs)
    return all(_may_equal(a, b) for a, b in zip(mine, theirs, strict=False))


def _deep(mine: list[str], theirs: list[str]) -> bool:
    for a, b in zip(mine, theirs, strict=False):
        if "**" in (a, b):
            return True
        if not _may_equal(a, b):
            return False
    return True


def _may_equal(one: str, other: str) -> bool:
    if one == other or not one or not other:
        return True
    if "*" in one and "*" in other:
        first, second = one.split("*"), other.split("*")
        heads = first[0].startswith(second[0]) or second[0].startswith(first[0])
        tails = first[-1].endswith(second[-1]) or second[-1].endswith(first[-1])
        return heads and tails
    return fnmatchcase(one, other) or fnmatchcase(other, one)


def effective(use: FileUse) -> str | None:
    """Return the pattern of a use; what `listdir` reads is all in the folder."""
    if use.text is None:
        return None
    path = normal(use.text)
    if use.use == "lists" and "*" not in posixpath.basename(path):
        return posixpath.join(path, "*")
    return path


def file_flow(walk: Walk, carried: dict[StepName, set[int]]) -> FileFlow:
    """Return who reads which file of whom.

    `carried` are the shared sites that each step repeats: what they read, it reads.
    """
    flow = FileFlow()
    writers: list[tuple[str, StepName, FileUse]] = []
    for site in walk.sites:
        if site.step is None:
            continue
        shared = [walk.sites[index] for index in sorted(carried.get(site.step, ()))]
        mine: list[tuple[str, StepName, FileUse]] = []
        for use in _uses(flow, [*shared, site]):
            pattern = effective(use)
            assert pattern is not None
            if use.use in _READS:
                _read(flow, site.step, pattern, use, [*writers, *mine])
            if use.use in _WRITES:
                if use.use == "writes":
                    _folders(flow, site.step, pattern, use, writers)
                mine.append((pattern, site.step, use))
                flow.written[site.step].setdefault(pattern, use)
        writers = _after(writers, mine)
    return flow


def _uses(flow: FileFlow, sites: list[Site]) -> Iterator[FileUse]:
    for site in sites:
        for use in site.effects.files:
            if use.text is None or normal(use.text) in ("*", "**"):
                flow.unresolved.append((site, use))
            else:
                yield use


def _read(
    flow: FileFlow,
    step: StepName,
    pattern: str,
    use: FileUse,
    writers: list[tuple[str, StepName, FileUse]],
) -> None:
    """Feed a read from the last step that surely wrote the file, and those after it."""
    found: list[tuple[str, StepName, FileUse]] = []
    for written, writer, cause in reversed(writers):
        if not overlap(pattern, written):
            continue
        found.append((written, writer, cause))
        if written == pattern and cause.use == "writes" and cause.sure and "*" not in pattern:
            break
    else:
        flow.read[step].setdefault(pattern, use)
    for written, writer, cause in found:
        if writer == step:
            continue
        need = FileNeed(written, step, writer, use.chain, cause.chain)
        if not any((n.pattern, n.step) == (written, step) for n in flow.needs):
            flow.needs.append(need)


def _folders(
    flow: FileFlow,
    step: StepName,
    pattern: str,
    use: FileUse,
    writers: list[tuple[str, StepName, FileUse]],
) -> None:
    """A file in a folder that another step made needs the folder."""
    for written, writer, cause in writers:
        if writer != step and pattern.startswith(written + "/"):
            need = FileNeed(written, step, writer, use.chain, cause.chain)
            if not any((n.pattern, n.step) == (written, step) for n in flow.needs):
                flow.needs.append(need)


def _after(
    writers: list[tuple[str, StepName, FileUse]], mine: list[tuple[str, StepName, FileUse]]
) -> list[tuple[str, StepName, FileUse]]:
    """Return who wrote what once a step has run: it replaces what it had and rewrote."""
    rewritten = {pattern for pattern, _, _ in mine}
    kept = [entry for entry in writers if entry[0] not in rewritten]
    latest: dict[str, tuple[str, StepName, FileUse]] = {}
    for entry in mine:
        latest[entry[0]] = entry
    return [*kept, *latest.values()]
