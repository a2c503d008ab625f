"""Owns what is asked of the resolver: from what steps reach to requirements and pins."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import msgspec

from cellwright.diagnostics.catalogue import (
    INVALID_OPTION,
    KERNEL_DIFFERS,
    UNSATISFIABLE_REQUIREMENTS,
    UNUSABLE_INSTALL,
)
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.environment.distributions import Distribution, Installed, normalize, recorded_paths
from cellwright.environment.files import FileDigests, LocalFile
from cellwright.environment.lock import UnsatisfiableError
from cellwright.environment.memo import Memo, remembered
from cellwright.environment.modules import SIZE_LIMIT
from cellwright.environment.requires import Needs
from cellwright.model.pipeline import Component, Pipeline, Requirement
from cellwright.model.source import Span

_FORMAT = 1
# What an installer notes about one machine; `direct_url.json` may hold an address.
_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})


class Standing(Enum):
    """How a requirement stands to what the kernel has."""

    MET = "met"
    OTHER = "other"
    """Another version is installed: the notebook's line would change it."""
    ABSENT = "absent"


class Asked(msgspec.Struct, frozen=True):
    """A requirement as text asked for it, beyond the imports; `name` is normalized."""

    text: str
    name: str
    extras: tuple[str, ...]
    standing: Standing


class Wish(msgspec.Struct, frozen=True):
    """What one set of distributions comes to, seen from what is installed.

    `roots` are all to be asked for by name: those reached, their present optional
    dependencies, and what bundled ones need. `bundled` are not from an index and travel
    as files. `pins` are the versions of all.
    """

    roots: tuple[str, ...]
    pins: dict[str, str]
    conflicts: tuple[str, ...]
    bundled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kernel:
    """What is installed for the notebook's kernel, and a memo good for as long as it stays."""

    installed: Installed
    markers: Mapping[str, str]
    fingerprint: str
    memo: Memo

    def wish(self, names: Iterable[str], *, extras: Mapping[str, tuple[str, ...]]) -> Wish:
        """Return what a set of distributions (normalized names) comes to."""
        wanted = tuple(sorted(names))
        asked = {name: tuple(sorted(extras[name])) for name in wanted if extras.get(name)}
        key = ("wish", _FORMAT, self.fingerprint, wanted, asked)
        return remembered(self.memo, key, Wish, lambda: self._wish(wanted, asked))

    def asked(self, text: str) -> Asked | None:
        """Return what a requirement's text asks for, None where its marker excludes it.

        Raises:
            ValueError: it is not a requirement, or one by address.
        """
        key = ("asked", _FORMAT, self.fingerprint, text)
        found = remembered(self.memo, key, dict[str, Asked], lambda: self._asked(text))
        return found.get(text)

    def _wish(self, wanted: tuple[str, ...], extras: Mapping[str, tuple[str, ...]]) -> Wish:
        needs = Needs(self.installed, self.markers)
        known = [name for name in wanted if name in self.installed.distributions]
        hard = needs.closure(known, extras=extras)
        soft = {name for owner in hard.pins for name in needs.soft(owner)}
        closure = needs.closure([*known, *soft], extras=extras)
        bundled = tuple(
            name for name in closure.pins if is_foreign(self.installed.distributions[name])
        )
        # Where something bundled is left out of the resolution, its needs are asked for.
        roots = set(closure.pins) if bundled else {*known, *soft}
        return Wish(
            tuple(sorted(roots.difference(bundled))),
            {name: version for name, version in closure.pins.items() if name not in bundled},
            closure.conflicts,
            bundled,
        )

    def _asked(self, text: str) -> dict[str, Asked]:
        from packaging.requirements import Requirement as Parsed

        parsed = Parsed(text)
        name = normalize(parsed.name)
        known = self.installed.distributions.get(name)
        if parsed.url and (known is None or not is_foreign(known)):
            raise ValueError("a requirement by address cannot be locked")
        if parsed.marker is not None and not parsed.marker.evaluate(dict(self.markers)):
            return {}
        standing = Standing.ABSENT
        if known is not None:
            met = parsed.specifier.contains(known.version, prereleases=True)
            standing = Standing.MET if met else Standing.OTHER
        extras = tuple(sorted(normalize(extra) for extra in parsed.extras))
        return {text: Asked(text, name, extras, standing)}


def is_foreign(distribution: Distribution) -> bool:
    """Tell whether no index has it, and it is small enough to travel as files."""
    if distribution.source not in ("vcs", "folder", "file", "url"):
        return False
    return sum(os.path.getsize(path) for path in _files(distribution).values()) <= SIZE_LIMIT


def foreign_files(distribution: Distribution, digests: FileDigests) -> dict[str, LocalFile]:
    """Return the installed files of a distribution, by path relative to the step's folder.

    Its metadata comes along, so that versions and entry points are found.
    """
    found = {}
    for relative, path in _files(distribution).items():
        of = digests.of_source if relative.endswith(".py") else digests.of
        found[relative] = LocalFile(Path(path), of(path), os.path.getsize(path))
    return found


def asked_by(
    pipeline: Pipeline, component: Component, kernel: Kernel, report: Report
) -> dict[Asked, Requirement]:
    """Return the requirements of a step beyond its imports: install lines and options."""
    install_lines = [(one.requirement, one.span) for one in component.installs]
    options = (*pipeline.options.requirements, *component.options.requirements)
    found: dict[Asked, Requirement] = {}
    for text, span in [*install_lines, *((text, None) for text in options)]:
        try:
            asked = kernel.asked(text)
        except ValueError as error:
            _report_unusable(text, span, str(error), report)
            continue
        if asked is None:
            continue
        found.setdefault(asked, Requirement(text, span))
        if asked.standing is not Standing.MET:
            _report_difference(asked, span, kernel, report)
    return found


def report_unsatisfiable(
    error: UnsatisfiableError, *, origins: Mapping[str, Span | None], report: Report
) -> None:
    """Report requirements that cannot be locked (ENV402), at what asked for one of them."""
    blamed = [name for name in origins if name in error.names]
    first = next((name for name in blamed if origins[name] is not None), None)
    span = origins[first] if first else None
    asked = f" (`{first}` is asked for here)" if first else ""
    notes = [str(error)] + ([error.hint] if error.hint else [])
    report.add(
        Diagnostic(
            UNSATISFIABLE_REQUIREMENTS,
            f"the requirements of the pipeline cannot be locked{asked}",
            Label(span, "asked for here" if span else ""),
            notes=tuple(notes),
        )
    )


def report_moved(locked: Mapping[str, str], pins: Mapping[str, str], *, report: Report) -> None:
    """Report distributions whose locked version is not the one the kernel has (ENV404)."""
    moved = [
        f"{name} {pins[name]} → {version}"
        for name, version in sorted(locked.items())
        if name in pins and pins[name] != version
    ]
    if moved:
        report.add(
            Diagnostic(
                KERNEL_DIFFERS,
                f"the lock differs from the kernel's environment: {', '.join(moved)}",
                Label(None),
                notes=(
                    "what the notebook installs, or an index that lacks a version, moved them",
                    "run the notebook with these versions to compare its results",
                ),
            )
        )


def _files(distribution: Distribution) -> dict[str, str]:
    """Return the files of an installed distribution, by path relative to its folder."""
    found = {}
    for relative in recorded_paths(distribution):
        path = os.path.join(distribution.folder, relative)
        inside = not relative.startswith(("..", "/")) and "__pycache__" not in relative
        if inside and os.path.basename(relative) not in _NOTES and os.path.isfile(path):
            found[relative] = path
    return found


def _report_unusable(text: str, span: Span | None, why: str, report: Report) -> None:
    from cellwright.environment.index_config import redact

    report.add(
        Diagnostic(
            INVALID_OPTION if span is None else UNUSABLE_INSTALL,
            f"`{redact(text)}` is no requirement that can be locked",
            Label(span, "asked for here"),
            notes=(
                redact(why.partition("\n")[0]),
                "name a distribution; a wheel of your own is found in a folder of `find-links`",
            ),
        )
    )


def _report_difference(asked: Asked, span: Span | None, kernel: Kernel, report: Report) -> None:
    if asked.standing is Standing.OTHER:
        version = kernel.installed.distributions[asked.name].version
        message = f"`{asked.text}` is asked for, the kernel's environment has {version}"
    else:
        message = f"`{asked.text}` is asked for and not in the kernel's environment"
    report.add(
        Diagnostic(
            KERNEL_DIFFERS,
            message,
            Label(span, "asked for here"),
            notes=("the lock follows the notebook; install it in the kernel's environment too",),
        )
    )
