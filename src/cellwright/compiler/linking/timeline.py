"""Owns the versions of every name: which site binds or changes it, who feeds a reader."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from cellwright.compiler.walking.heap import UNBOUND, Heap, Kind, Value
from cellwright.compiler.walking.sites import Chain, Definition, Site
from cellwright.compiler.walking.walk import Walk
from cellwright.model.pipeline import StepName


class Act(Enum):
    """What a site does to a name."""

    BINDS = "binds"
    MAY_BIND = "may bind"
    DELETES = "deletes"
    CHANGES = "changes"
    SENDS = "sends"
    """Publishes it again, since it shares state with another output."""


@dataclass(frozen=True, slots=True)
class Event:
    """One act of one site on one name."""

    site: int
    act: Act
    chain: Chain


@dataclass(frozen=True, slots=True)
class Feed:
    """Who feeds a reader: a step, shared statements, a static definition, or nobody.

    `mixed` is a shared site that builds on a step: shared cells cannot.
    """

    step: StepName | None = None
    site: int = -1
    shared: tuple[int, ...] = ()
    definition: int | None = None
    deleted: bool = False
    mixed: int | None = None


NOBODY = Feed()


@dataclass
class Timeline:
    """The acts of all sites on all names, in notebook order."""

    walk: Walk
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    static: frozenset[int] = frozenset()
    changed_at: dict[int, int] = field(default_factory=dict)
    """The last site that may change a thing."""

    @property
    def heap(self) -> Heap:
        """Return the heap of the walk."""
        return self.walk.heap

    def site(self, index: int) -> Site:
        """Return a site by its index."""
        return self.walk.sites[index]

    def act_of(self, name: str, site: int) -> Event | None:
        """Return what a site does to a name."""
        return next((event for event in self.events.get(name, ()) if event.site == site), None)

    def feed(self, name: str, reader: int) -> Feed:
        """Return who feeds a read of a name at the start of a site."""
        shared: list[int] = []
        for event in reversed(self.events.get(name, ())):
            if event.site >= reader:
                continue
            site = self.site(event.site)
            if site.step is not None:
                mixed = shared[0] if shared else None
                return self._step_feed(name, event, site.step, mixed)
            shared.append(event.site)
            if event.act is Act.DELETES:
                return Feed(deleted=True)
            if event.act is Act.BINDS:
                break
        return Feed(shared=tuple(sorted(shared))) if shared else NOBODY

    def _step_feed(self, name: str, event: Event, step: StepName, mixed: int | None) -> Feed:
        site = self.site(event.site)
        variable = site.after.get(name)
        if event.act is Act.DELETES:
            return Feed(deleted=True)
        if event.act is Act.BINDS and variable is not None:
            number = variable.definition
            if number is not None and number in self.static:
                return Feed(definition=number, site=event.site, mixed=mixed)
        return Feed(step=step, site=event.site, mixed=mixed)

    def send(self, name: str, site: int, chain: Chain) -> bool:
        """Let a step publish a name again; tell whether that is new."""
        if self.act_of(name, site) is not None:
            return False
        self.events[name].append(Event(site, Act.SENDS, chain))
        self.events[name].sort(key=lambda event: event.site)
        return True


def build_timeline(walk: Walk) -> Timeline:
    """Return the timeline of a walk, static definitions decided."""
    timeline = Timeline(walk)
    backwards = _backwards(walk.heap)
    for site in walk.sites:
        _add_bindings(timeline, site)
        _add_changes(timeline, site, backwards)
        for number in site.changed:
            timeline.changed_at[number] = site.index
    timeline.static = static_definitions(timeline)
    return timeline


def _add_bindings(timeline: Timeline, site: Site) -> None:
    for name, chain in site.written.items():
        variable = site.after.get(name)
        if variable is None:
            continue
        sure = variable.origin == site.index
        if sure and variable.value == {UNBOUND}:
            act = Act.DELETES
        elif sure and UNBOUND not in variable.value:
            act = Act.BINDS
        else:
            act = Act.MAY_BIND
        timeline.events[name].append(Event(site.index, act, chain))


def _add_changes(
    timeline: Timeline, site: Site, backwards: dict[int, list[tuple[int, int]]]
) -> None:
    if not site.changed:
        return
    chains = list(site.changed.values())
    first = first_reached(site.changed, backwards, until=site.index)
    for name, variable in site.after.items():
        if variable.origin == site.index or name in site.written:
            continue
        hit = variable.value & first.keys()
        if hit:
            chain = chains[min(first[number] for number in hit)]
            timeline.events[name].append(Event(site.index, Act.CHANGES, chain))


def _backwards(heap: Heap) -> dict[int, list[tuple[int, int]]]:
    links: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for thing in heap.things:
        if thing.apart:
            continue
        for target, born in thing.out.items():
            links[target].append((thing.number, born))
    return links


def first_reached(
    targets: Iterable[int], backwards: dict[int, list[tuple[int, int]]], *, until: int
) -> dict[int, int]:
    """Return the things from which a target can be reached: the place of the first one."""
    found: dict[int, int] = {}
    for place, target in enumerate(targets):
        todo = [target]
        while todo:
            number = todo.pop()
            if number in found:
                continue
            found[number] = place
            todo += [source for source, born in backwards.get(number, ()) if born <= until]
    return found


# -- static definitions ----------------------------------------------------------------


def static_definitions(timeline: Timeline) -> frozenset[int]:
    """Return the definitions that later steps may take along as source.

    Greatest fixed point: all that could be, less those that turn out to depend on what
    is not.
    """
    candidates = {
        definition.number: definition
        for definition in timeline.walk.definitions
        if timeline.site(definition.site).step is not None and _alone(timeline, definition)
    }
    while True:
        timeline.static = frozenset(candidates)
        lost = [
            number
            for number, definition in candidates.items()
            if not _rests_on_static(timeline, definition)
        ]
        if not lost:
            return timeline.static
        for number in lost:
            del candidates[number]


def _alone(timeline: Timeline, definition: Definition) -> bool:
    """Tell whether running a definition again gives the same, as far as it goes itself."""
    if not definition.clean:
        return False
    site = timeline.site(definition.site)
    for name in definition.names:
        variable = site.after.get(name)
        if variable is None or variable.definition != definition.number:
            return False
    heap = timeline.heap
    if all(heap[number].apart for number in definition.things):
        return True
    if any(len(timeline.events[name]) > 1 for name in definition.names):
        return False
    twice = [
        other
        for other in timeline.walk.definitions
        if other.number != definition.number and set(other.names) & set(definition.names)
    ]
    reach = heap.reach(definition.things)
    return not twice and not (reach & timeline.changed_at.keys())


def _rests_on_static(timeline: Timeline, definition: Definition) -> bool:
    for need in definition.needs.values():
        if need is None or need not in timeline.static:
            return False
    for name in definition.foreign:
        feed = timeline.feed(name, definition.site)
        if feed.step is not None or feed.mixed is not None or feed.deleted:
            return False
        variable = timeline.site(definition.site).before.get(name)
        if variable is not None and _holds_data(timeline.heap, variable.value):
            return False
    return True


def _holds_data(heap: Heap, value: Value) -> bool:
    """Tell whether a value has parts that could be changed, besides code."""
    code = (Kind.FUNCTION, Kind.CLASS)
    return any(heap[number].kind not in code for number in heap.reach(value))
