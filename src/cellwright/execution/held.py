"""Owns the paths that a step has: what it was given, what its ports and options name."""

from collections.abc import Iterable

from cellwright.execution.paths import Spots, above, home_of, whole
from cellwright.execution.request import RunRequest
from cellwright.model.pipeline import PortKind, StepName

FILE = "file:"


class Held:
    """Tells of whole paths whether a step has what is there."""

    def __init__(self, given: Iterable[str], named: Iterable[str]) -> None:
        """Hold whole paths, and patterns."""
        self._given = frozenset(given)
        self._around = frozenset(folder for path in self._given for folder in above(path))
        self._named: Spots[bool] = Spots()
        for pattern in named:
            self._named.add_pattern(pattern, value=True)

    def has(self, path: str) -> bool:
        """Tell whether the step has what is at a path, or makes it."""
        return path in self._around or self.was_given(path) or self.names(path)

    def was_given(self, path: str) -> bool:
        """Tell whether the step was given what is at a path, or a folder around it."""
        return path in self._given or any(folder in self._given for folder in above(path))

    def names(self, path: str) -> bool:
        """Tell whether a port or an option is about a path."""
        return any(self._named.around(path)) or self._named.begins_in(path)

    def names_all_in(self, folder: str) -> bool:
        """Tell whether a port or an option is about all that is in a folder."""
        return any(self._named.around(folder))


def held_by(step: StepName, run: RunRequest) -> Held:
    """Return what a step of a run has."""
    home = home_of(run.folder)
    return Held((whole(file.path, home) for file in run.work_files(step)), _named(step, run))


def named_by(step: StepName, run: RunRequest) -> Held:
    """Return what a step of a run has by its ports and options alone."""
    return Held((), _named(step, run))


def _named(step: StepName, run: RunRequest) -> list[str]:
    home = home_of(run.folder)
    component = run.pipeline.steps[step]
    ports = (*component.inputs, *component.outputs)
    patterns = [port.name[len(FILE) :] for port in ports if port.kind is PortKind.FILE]
    return [whole(each, home) for each in (*patterns, *component.options.writes)]
