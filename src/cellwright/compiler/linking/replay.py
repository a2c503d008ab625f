"""Owns which shared statements a step runs for what they do to the process: options set,
generators seeded, plug-ins imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from cellwright.compiler.linking.setups import (
    STANDARD,
    concerned,
    made_roots,
    roots_touched,
    setup_sites,
    shared_states,
)
from cellwright.compiler.linking.states import StateFlow
from cellwright.compiler.linking.wiring import Wiring
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import Kind
from cellwright.compiler.walking.set_ups import EVERYTHING
from cellwright.compiler.walking.sites import Definition, Site
from cellwright.compiler.walking.walk import Walk
from cellwright.model.pipeline import StepName

_WHOLE = frozenset({"numpy", "pandas", "scipy"})
"""Packages that give their inner modules to whoever asks for one."""
_LOADED = frozenset({"matplotlib.pyplot"})
"""Inner modules that libraries import when they draw: `mpl.pyplot` is there from then on."""


@dataclass(frozen=True)
class Replay:
    """The shared sites that set up the process, and what tells whom they concern.

    `setups` has, per site, the modules concerned; `made` the modules whose types the
    objects have that are made at a site; `unread` the imports from within a library whose
    names nobody reads, and the statements of steps that set up a library, with the library.
    """

    wiring: Wiring
    state: StateFlow
    setups: dict[int, frozenset[str]]
    made: dict[int, set[str]]
    unread: tuple[tuple[Definition, str], ...]


def replay_of(wiring: Wiring, state: StateFlow) -> Replay:
    """Return what is needed to tell which shared statements a step runs."""
    timeline = wiring.timeline
    setups, made = setup_sites(timeline, state), made_roots(timeline)
    set_up = [
        (definition, root)
        for definition in timeline.walk.definitions
        for root in sorted(definition.sets_up)
    ]
    unread = (*_unread_imports(timeline.walk), *set_up)
    return Replay(wiring, state, setups, made, unread)


def replayed_sites(replay: Replay, step: StepName, site: Site) -> list[int]:
    """Return the shared sites before a site of a step that the step has to run."""
    wanted = set(replay.state.replayed.get(step, ()))
    before = [index for index in replay.setups if index < site.index]
    if before:
        used = _roots_of(replay, step, site)
        wanted |= {index for index in before if concerned(replay.setups[index], used)}
    return [index for index in sorted(wanted | _draws_behind(replay, step)) if index < site.index]


def _draws_behind(replay: Replay, step: StepName) -> set[int]:
    """Return the shared sites whose draws precede a carried one of the same generator."""
    timeline = replay.wiring.timeline
    found: set[int] = set()
    for index in replay.wiring.shared[step]:
        for state in shared_states(timeline.site(index)):
            found |= {
                site.index
                for site in timeline.walk.sites
                if site.step is None
                and site.index < index
                and state in shared_states(site)
                and site.index not in replay.state.loose
            }
    return found


def _roots_of(replay: Replay, step: StepName, site: Site) -> set[str]:
    """Return the top-level modules that a step touches; "" where it calls what is not known."""
    wiring, timeline = replay.wiring, replay.wiring.timeline
    found: set[str] = set()
    carried = [timeline.site(index) for index in wiring.shared[step]]
    for inner in (*carried, *wiring.steps[step]):
        if inner.step is not None or inner.index not in replay.setups:
            found |= roots_touched(inner)
    for number in wiring.definitions[step]:
        found |= {name.split(".")[0] for name in timeline.walk.definitions[number].modules}
    found |= replay.made.get(site.index, set())
    for need in wiring.needs[step].values():
        variable = site.before.get(need.name)
        for number in variable.value if variable is not None else ():
            thing = timeline.heap[number]
            if "." in thing.type and thing.kind in (Kind.PLAIN, Kind.LIBRARY):
                found.add(thing.type.split(".")[0])
    return found


def plugin_imports(replay: Replay, step: StepName, site: Site) -> Iterator[Definition]:
    """Yield earlier imports of modules that may work on those a step uses: plug-ins.

    They are those for their effect alone (`from sklearn.experimental import enable_…`),
    where the step uses the same library; and all of modules of which nothing is known,
    where it uses such a module. What sets up a library is yielded as well, and what may
    import the inner modules of a package that the step finds without importing them.
    """
    wiring = replay.wiring
    before = [each for each in replay.unread if each[0].site < site.index]
    if before:
        used = _roots_of(replay, step, site)
        for definition, root in before:
            if root in used or root == EVERYTHING or (definition.sets_up and "" in used):
                yield definition
    yield from _importing(wiring, _inner_modules(wiring, step), site)
    if not _uses_unknown_module(wiring, step):
        return
    for definition in wiring.timeline.walk.definitions:
        if definition.site < site.index and any(map(_unknown_module, definition.modules)):
            yield definition


def _unread_imports(walk: Walk) -> Iterator[tuple[Definition, str]]:
    """Yield the imports from within a library whose names nobody reads, with the library.

    What an untagged cell reads is no import for its effect alone either.
    """
    read = {
        node.id for cell in walk.cells for node in ast.walk(cell.tree) if isinstance(node, ast.Name)
    }
    for definition in walk.definitions:
        if definition.names and read.isdisjoint(definition.names):
            for name in definition.modules:
                root, dot, _ = name.partition(".")
                if root and dot:
                    yield definition, root


def _inner_modules(wiring: Wiring, step: StepName) -> set[str]:
    """Return the inner modules of packages that a step finds, and does not import.

    They are there where anybody has imported them: `from statsmodels import graphics`, and
    `graphics.gofplots` by an earlier `import statsmodels.api`.
    """
    sites = [wiring.timeline.site(index) for index in wiring.shared[step]]
    paths = {path for site in (*sites, *wiring.steps[step]) for path in site.effects.modules}
    known = {path.removeprefix("import ") for path in paths if path.startswith("import ")}
    for number in wiring.definitions[step]:
        known.update(wiring.timeline.walk.definitions[number].modules)
    found = {path.rpartition(".")[0] for path in paths if path.count(".") > 1}
    return {
        module
        for module in found - known
        if module.islower()
        and module.partition(".")[0] not in _WHOLE
        and not any("." in name and module.startswith(f"{name}.") for name in known)
    }


def _importing(wiring: Wiring, inner: set[str], site: Site) -> Iterator[Definition]:
    """Yield the earlier imports of inner modules; of others of the package, if there are none."""
    for module in sorted(inner):
        root = module.partition(".")[0]
        earlier = [
            (definition, name)
            for definition in wiring.timeline.walk.definitions
            for name in definition.modules
            if definition.site < site.index and name.startswith(f"{root}.")
        ]
        named = [each for each in earlier if f"{each[1]}.".startswith(f"{module}.")]
        for definition, _ in named or earlier:
            yield definition


def loaded_modules(replay: Replay, step: StepName, site: Site) -> set[str]:
    """Return the inner modules that a step finds because a library has imported them."""
    walk = replay.wiring.timeline.walk
    roots = {root for index, found in replay.made.items() if index < site.index for root in found}
    return {
        module
        for module in _inner_modules(replay.wiring, step) & _LOADED
        if module.partition(".")[0] in roots
        and not any(
            name == module
            for definition in walk.definitions
            for name in definition.modules
            if definition.site < site.index
        )
    }


def _uses_unknown_module(wiring: Wiring, step: StepName) -> bool:
    shared = [wiring.timeline.site(index) for index in wiring.shared[step]]
    named = [
        path.removeprefix("import ")
        for site in (*shared, *wiring.steps[step])
        for path in site.effects.modules
        if path.startswith("import ")
    ]
    for number in wiring.definitions[step]:
        named += wiring.timeline.walk.definitions[number].modules
    return any(_unknown_module(name) for name in named)


def _unknown_module(name: str) -> bool:
    """Tell whether a module is one that nothing is known about."""
    root = name.split(".", maxsplit=1)[0]
    return bool(name) and root not in STANDARD and not effects_data().knows_root(root)
