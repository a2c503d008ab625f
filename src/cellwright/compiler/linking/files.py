"""Owns files: which a step reads and writes, who wrote them, which the workspace gives."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cellwright.compiler.walking.heap import Place
from cellwright.compiler.walking.named_files import LIKE_A_FILE, NAMES, WORDS
from cellwright.compiler.walking.sites import Chain, Definition, FileUse, Site
from cellwright.compiler.walking.walk import Walk
from cellwright.model.options import StepOptions
from cellwright.model.pipeline import StepName

_READS = frozenset({"reads", "lists", "appends", "later", "removes"})
_WRITES = frozenset({"writes", "appends", "later", "makes", "removes"})
_SETTLING = frozenset({"writes", "removes"})
_LOOKED_FOR = dict.fromkeys(("matplotlib", "pylab", "seaborn"), ("matplotlibrc",))
"""Files that a library looks for in the working directory when it is imported."""


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
    guessed: list[FileNeed] = field(default_factory=list)
    """Needs of files that a command of the shell may have written."""
    named: dict[StepName, dict[str, FileUse]] = field(default_factory=lambda: defaultdict(dict))
    """Texts that a step gives to unknown code: if they name files, it may open them."""


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


def file_flow(
    walk: Walk,
    carried: dict[StepName, set[int]],
    taken: dict[StepName, set[int]],
    options: Mapping[StepName, StepOptions],
) -> FileFlow:
    """Return who reads which file of whom.

    `carried` are the shared sites that each step repeats: what they read, it reads; `taken`
    the definitions of other steps that it takes along, which may be imports. What the
    options of a step declare counts as if its text said so.
    """
    flow = FileFlow()
    follower = _Follower(flow)
    for site in walk.sites:
        if site.step is not None:
            shared = [walk.sites[index] for index in sorted(carried.get(site.step, ()))]
            follower.step(site.step, [*shared, site], declared(site, options[site.step]))
            for number in sorted(taken.get(site.step, ())):
                follower.imports_of(site.step, walk.definitions[number])
    for step, written in flow.written.items():
        _drop_covered_folders(flow, step, written)
    return flow


def declared(site: Site, options: StepOptions) -> tuple[FileUse, ...]:
    """Return what the options of a step say about files, at the first statement of a site."""
    chain = tuple(Place(cell, statement) for cell, statement in site.body[:1])
    said = (("reads", options.files), ("writes", options.writes))
    return tuple(
        FileUse(use, pattern, chain, "an option of the step", sure=False)
        for use, patterns in said
        for pattern in patterns
        if chain
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """A step wrote a file (or may have)."""

    pattern: str
    step: StepName
    use: FileUse

    @property
    def guessed(self) -> bool:
        """Tell whether unknown code was given the name: it may have written, or not."""
        return self.use.use == NAMES

    def may_concern(self, pattern: str) -> bool:
        """Tell whether who uses a pattern may find there what was written."""
        if self.guessed and pattern.count("/") != self.pattern.count("/"):
            return False  # a folder that was given to unknown code may be as large as any
        return overlap(pattern, self.pattern)

    @property
    def settles(self) -> bool:
        """Tell whether nothing of what was there before can be left."""
        return self.use.use in _SETTLING and self.use.sure and "*" not in self.pattern

    def settles_for(self, pattern: str) -> bool:
        """Tell whether who reads a pattern needs nothing from before."""
        if not self.settles:
            return False
        inside = self.use.use == "removes" and pattern.startswith(self.pattern + "/")
        return inside or pattern == self.pattern


class _Follower:
    """Follows files through the notebook, step by step."""

    def __init__(self, flow: FileFlow) -> None:
        self.flow = flow
        self.writers: list[_Writer] = []
        self.commands: list[tuple[StepName, FileUse, list[_Writer]]] = []

    def step(self, step: StepName, sites: list[Site], declared: Iterable[FileUse]) -> None:
        """Follow what the sites of a step do to files, and what is declared of it."""
        mine: list[_Writer] = []
        for use in declared:
            self._use(step, use, mine)
        for site in sites:
            for use in site.effects.named.values():
                self._named(step, use, mine)
            for use in _uses(self.flow, site):
                self._use(step, use, mine)
            self._imports(step, site)
            for mark, chain in site.effects.marks.items():
                if mark.startswith("shell:"):
                    use = FileUse("writes", None, chain, mark.partition(":")[2], sure=False)
                    self.commands.append((step, use, [*self.writers, *mine]))
        latest = {writer.pattern: writer for writer in mine}
        # Of a file that unknown code may have changed, the change before it counts, too.
        gone = {each.pattern for each in latest.values() if not each.guessed}
        self.writers = [w for w in self.writers if w.pattern not in gone] + list(latest.values())

    def _named(self, step: StepName, use: FileUse, mine: list[_Writer]) -> None:
        """A text given to unknown code: it may read the file of that name, and write it.

        It is taken to have written it only where the text looks like a file's: else all
        steps that use a word such as `mean` would wait for one another.
        """
        assert use.text is not None
        pattern = normal(use.text)
        self.flow.named[step].setdefault(pattern, use)
        self._read(step, pattern, use, [*self.writers, *mine], from_workspace=False)
        if use.use == NAMES and LIKE_A_FILE.search(pattern):
            mine.append(_Writer(pattern, step, use))

    def _use(self, step: StepName, use: FileUse, mine: list[_Writer]) -> None:
        pattern = effective(use)
        assert pattern is not None
        writers = [*self.writers, *mine]
        writer = _Writer(pattern, step, use)
        if use.use in _READS:
            self._read(step, pattern, use, writers, from_workspace=True)
        elif not writer.settles:
            self._read(step, pattern, use, writers, from_workspace=False)
        if use.use in _WRITES:
            for other in writers:
                inside = pattern.startswith(other.pattern + "/") and not other.guessed
                if other.step != step and inside:
                    self._need(other, step, use)
            mine.append(writer)
            self._leave(step, pattern, use)

    def _leave(self, step: StepName, pattern: str, use: FileUse) -> None:
        """Note what a step leaves behind: what it removes need not be there at its end."""
        written = self.flow.written[step]
        if use.use == "removes":
            for other in written:
                if other == pattern or other.startswith(f"{pattern}/") or "*" in pattern:
                    written[other] = use
        if pattern not in written or written[pattern].use == "removes":
            written[pattern] = use

    def _read(
        self,
        step: StepName,
        pattern: str,
        use: FileUse,
        writers: list[_Writer],
        *,
        from_workspace: bool,
    ) -> None:
        """Feed a read from the last step that surely wrote the file, and those after it."""
        found: list[_Writer] = []
        settled = False
        for writer in reversed(writers):
            if writer.may_concern(pattern):
                found.append(writer)
                settled = writer.settles_for(pattern)
                if settled:
                    break
        for writer in found:
            if writer.step != step:
                self._need(writer, step, use)
        if settled:
            return
        if from_workspace:
            self.flow.read[step].setdefault(pattern, use)
        named = use.use in (NAMES, WORDS) and LIKE_A_FILE.search(pattern)
        if from_workspace or named:
            self._guess(step, pattern, use)

    def _guess(self, step: StepName, pattern: str, use: FileUse) -> None:
        """Let commands that ran before hand on the file, should they have written it."""
        for commander, command, writers in reversed(self.commands):
            if commander == step:
                continue
            need = FileNeed(pattern, step, commander, use.chain, command.chain)
            if any((n.pattern, n.step) == (pattern, step) for n in self.flow.needs):
                return
            self.flow.needs.append(need)
            if use.use in _READS:
                self.flow.guessed.append(need)
            if pattern not in self.flow.written[commander]:
                self.flow.written[commander][pattern] = command
                self._read(commander, pattern, command, writers, from_workspace=True)
            return

    def _imports(self, step: StepName, site: Site) -> None:
        for path, chain in site.effects.modules.items():
            if path.startswith("import "):
                self._import(step, path.removeprefix("import "), chain)

    def imports_of(self, step: StepName, definition: Definition) -> None:
        """Follow what a definition that a step takes along imports."""
        for name in definition.modules:
            self._import(step, name, (Place(definition.cell, definition.node),))

    def _import(self, step: StepName, module: str, chain: Chain) -> None:
        """A module that an earlier step wrote is one of its files."""
        base = module.replace(".", "/")
        for own in _LOOKED_FOR.get(base.partition("/")[0], ()):
            use = FileUse(NAMES, own, chain, f"import {module}", sure=False)
            self.flow.named[step].setdefault(own, use)
        for writer in self.writers:
            if writer.pattern in (f"{base}.py", f"{base}/__init__.py") and writer.step != step:
                use = FileUse("reads", writer.pattern, chain, f"import {module}", sure=True)
                self._need(writer, step, use)

    def _need(self, writer: _Writer, step: StepName, use: FileUse) -> None:
        if writer.guessed:
            self.flow.written[writer.step].setdefault(writer.pattern, writer.use)
        need = FileNeed(writer.pattern, step, writer.step, use.chain, writer.use.chain)
        if not any((n.pattern, n.step) == (need.pattern, step) for n in self.flow.needs):
            self.flow.needs.append(need)


def _uses(flow: FileFlow, site: Site) -> Iterator[FileUse]:
    for use in site.effects.files:
        if use.text is None or normal(use.text) in ("*", "**"):
            flow.unresolved.append((site, use))
        else:
            yield use


def _drop_covered_folders(flow: FileFlow, step: StepName, written: dict[str, FileUse]) -> None:
    """A folder that a step made travels with the files in it, if they are known."""
    if any(site.step == step for site, use in flow.unresolved if use.use in _WRITES):
        return
    for folder in list(written):
        inside = any(other.startswith(folder + "/") for other in written)
        needed = any(n.pattern == folder and n.producer == step for n in flow.needs)
        if written[folder].use == "makes" and inside and not needed:
            del written[folder]
