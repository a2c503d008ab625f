"""Owns who feeds whom: the names that each step needs, and the source it takes along.

Needs grow to a fixed point. A step needs what it reads; what the code in its values
reads late; the old value of what it publishes without surely binding it. Where two
inputs of a step share state but would come from different places, the later of the two
producers sends both.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from cellwright.compiler.linking.setups import (
    STANDARD,
    concerned,
    made_roots,
    once_sites,
    roots_touched,
    setup_sites,
    shared_states,
)
from cellwright.compiler.linking.states import StateFlow
from cellwright.compiler.linking.timeline import Act, Feed, Timeline
from cellwright.compiler.walking.effects import effects_data
from cellwright.compiler.walking.heap import UNBOUND, Kind, Place
from cellwright.compiler.walking.machine import Chain, NameRead, Site
from cellwright.model.pipeline import StepName

_ROUNDS = 60


@dataclass(slots=True)
class Need:
    """A name that a step needs from outside, at one of its sites."""

    name: str
    site: int
    feed: Feed
    chain: Chain
    late: bool = False
    guarded: bool = False
    passing: bool = False
    """Needed only to be handed on."""


@dataclass
class Wiring:
    """What crosses the borders of each step.

    `shared` and `definitions` are, per step, the indices of the shared sites and the
    numbers of the definitions of other steps whose text it takes along.
    """

    timeline: Timeline
    steps: dict[StepName, list[Site]]
    needs: dict[StepName, dict[tuple[str, int], Need]] = field(default_factory=dict)
    outputs: dict[StepName, dict[str, tuple[Chain, StepName]]] = field(default_factory=dict)
    shared: dict[StepName, set[int]] = field(default_factory=dict)
    definitions: dict[StepName, set[int]] = field(default_factory=dict)
    states: dict[StepName, dict[str, Need]] = field(default_factory=dict)
    mixed: list[tuple[StepName, Need]] = field(default_factory=list)

    def inputs(self, step: StepName) -> Iterator[Need]:
        """Yield the needs that ports of other steps feed, by name."""
        for _, need in sorted(self.needs[step].items()):
            if need.feed.step not in (None, step):
                yield need


def link_steps(timeline: Timeline, state: StateFlow) -> Wiring:
    """Return the wiring of all steps."""
    steps: dict[StepName, list[Site]] = {}
    for site in timeline.walk.sites:
        if site.step is not None:
            steps.setdefault(site.step, []).append(site)
    wiring = Wiring(timeline, steps)
    for step in steps:
        wiring.needs[step] = {}
        wiring.outputs[step] = {}
        wiring.shared[step] = set()
        wiring.definitions[step] = set()
    _Linker(wiring, state).run()
    return wiring


class _Linker:
    """Grows the needs until nothing is missing."""

    def __init__(self, wiring: Wiring, state: StateFlow) -> None:
        self.wiring = wiring
        self.state = state
        self.timeline = wiring.timeline
        self.heap = wiring.timeline.heap
        self._new = False
        self._met: set[tuple[StepName, StepName, str]] = set()
        self._makers = _makers(wiring.timeline)
        self._setups = setup_sites(wiring.timeline, state)
        self._made_roots = made_roots(wiring.timeline)
        self._once = once_sites(wiring.timeline, state)

    def run(self) -> None:
        """Grow needs, then send what shares state, until neither adds anything."""
        for _ in range(_ROUNDS):
            self._grow()
            if not (self._send_together() or self._send_once()):
                return
            for step in self.wiring.steps:  # feeds may differ now
                self.wiring.needs[step] = {}
                self.wiring.outputs[step] = {}
                self.wiring.shared[step] = set()
                self.wiring.definitions[step] = set()
            self.wiring.mixed.clear()
            self._met.clear()

    def _grow(self) -> None:
        self._new = True
        for step, sites in self.wiring.steps.items():
            for site in sites:
                for name, read in site.reads.items():
                    self._need(step, site, name, read)
        while self._new:
            self._new = False
            for step in self.wiring.steps:
                self._pass_on(step)
                self._carry_companions(step)
                for site in self.wiring.steps[step]:
                    self._replay(step, site)

    def _need(self, step: StepName, site: Site, name: str, read: NameRead) -> None:
        key = (name, site.index)
        needs = self.wiring.needs[step]
        if key in needs:
            return
        feed = self.timeline.feed(name, site.index)
        if feed.deleted or (feed.step is None and not feed.shared and feed.definition is None):
            return
        need = Need(name, site.index, feed, read.chain, read.late, read.guarded)
        needs[key] = need
        self._new = True
        if feed.mixed is not None:
            self.wiring.mixed.append((step, need))
        if feed.step is not None and feed.step != step:
            outputs = self.wiring.outputs[feed.step]
            outputs.setdefault(name, (self._origin(name, feed), step))
        for index in feed.shared:
            self._carry_shared(step, site, index, read)
        if feed.definition is not None:
            self._carry_definition(step, site, feed.definition, read)
        self._carry_code(step, site, name, read)

    def _origin(self, name: str, feed: Feed) -> Chain:
        event = self.timeline.act_of(name, feed.site)
        assert event is not None
        return event.chain

    # -- source that is taken along ------------------------------------------------

    def _carry_shared(self, step: StepName, site: Site, index: int, read: NameRead) -> None:
        if index in self.wiring.shared[step]:
            return
        self.wiring.shared[step].add(index)
        self._new = True
        for name, inner in self.timeline.site(index).reads.items():
            self._rest_on(step, site, name, index, read, inner.chain)

    def _carry_definition(self, step: StepName, site: Site, number: int, read: NameRead) -> None:
        definition = self.timeline.walk.definitions[number]
        own = self.timeline.site(definition.site).step == step
        if own or number in self.wiring.definitions[step]:
            return
        self.wiring.definitions[step].add(number)
        self._new = True
        for need in definition.needs.values():
            if need is not None:
                self._carry_definition(step, site, need, read)
        for name in sorted(definition.foreign):
            self._rest_on(step, site, name, definition.site, read, read.chain)

    def _rest_on(
        self, step: StepName, site: Site, name: str, at: int, read: NameRead, chain: Chain
    ) -> None:
        """Take along what a carried statement evaluates."""
        feed = self.timeline.feed(name, at)
        for index in feed.shared:
            self._carry_shared(step, site, index, read)
        if feed.definition is not None:
            self._carry_definition(step, site, feed.definition, read)
        if feed.step is not None:
            self.wiring.mixed.append((step, Need(name, at, feed, chain)))

    def _carry_code(self, step: StepName, site: Site, name: str, read: NameRead) -> None:
        """Take along the definitions that a value may refer to, and what they read late."""
        variable = site.before.get(name)
        if variable is None:
            return
        for number in sorted(self.heap.reach(variable.value, until=site.index - 1)):
            self._carry_maker(step, site, number, read)
            code = self.heap[number].code
            if code is None:
                continue
            for late in sorted(code.scope.late):
                self._late(step, site, late, read)

    def _carry_companions(self, step: StepName) -> None:
        """Take along the definitions that other outputs of a producer may refer to.

        Values that share an object travel as one, and which do is seen at run time only.
        """
        for need in list(self.wiring.needs[step].values()):
            producer = need.feed.step
            if producer is None or producer == step:
                continue
            site = self.timeline.site(need.site)
            read = NameRead(need.chain, late=True, guarded=True)
            after = self.wiring.steps[producer][-1].after
            for name in sorted(self.wiring.outputs[producer]):
                if (step, producer, name) not in self._met and name in after:
                    self._met.add((step, producer, name))
                    for number in sorted(self.heap.reach(after[name].value)):
                        self._carry_maker(step, site, number, read)

    def _carry_maker(self, step: StepName, site: Site, number: int, read: NameRead) -> None:
        """Take along the statement that makes a function or class of top level."""
        if number not in self._makers:
            return
        kind, where = self._makers[number]
        if kind == "shared":
            self._carry_shared(step, site, where, read)
        elif where in self.timeline.static:
            self._carry_definition(step, site, where, read)

    def _late(self, step: StepName, site: Site, name: str, read: NameRead) -> None:
        after = site.after.get(name)
        if name not in site.before or (after is not None and after.origin == site.index):
            return
        if name not in site.reads:
            self._need(step, site, name, NameRead(read.chain, late=True, guarded=True))

    # -- what is handed on ---------------------------------------------------------

    def _pass_on(self, step: StepName) -> None:
        for name in sorted(self.wiring.outputs[step]):
            chain, _ = self.wiring.outputs[step][name]
            for site in self.wiring.steps[step]:
                event = self.timeline.act_of(name, site.index)
                if event is None or event.act is Act.BINDS or event.act is Act.DELETES:
                    continue
                if name in site.before and site.before[name].value != {UNBOUND}:
                    read = NameRead(event.chain or chain, late=False, guarded=True)
                    self._need(step, site, name, read)

    # -- what a shared cell does to the process ------------------------------------

    def _replay(self, step: StepName, site: Site) -> None:
        """Take along the shared statements that set up the process, and their needs."""
        sites = self.timeline.walk.sites
        wanted = set(self.state.replayed.get(step, ()))
        for index in sorted(self._setups):
            if index < site.index and self._concerns(step, site, index):
                wanted.add(index)
        for index in sorted(wanted | self._draws_behind(step)):
            if index < site.index:
                chain = next(iter(sites[index].effects.calls.values()), None)
                place = chain or (Place(*sites[index].body[0]),)
                self._carry_shared(step, site, index, NameRead(place, late=False, guarded=True))
        if self._uses_unknown_module(step):
            self._carry_unknown_modules(step, site)

    def _draws_behind(self, step: StepName) -> set[int]:
        """Return the shared sites whose draws precede a carried one of the same generator."""
        found: set[int] = set()
        for index in self.wiring.shared[step]:
            for state in shared_states(self.timeline.site(index)):
                found |= {
                    site.index
                    for site in self.timeline.walk.sites
                    if site.step is None
                    and site.index < index
                    and state in shared_states(site)
                    and site.index not in self.state.loose
                }
        return found

    def _concerns(self, step: StepName, site: Site, index: int) -> bool:
        """Tell whether a process-wide act of a shared site may matter to a step."""
        return concerned(self._setups[index], self._roots_of(step, site))

    def _roots_of(self, step: StepName, site: Site) -> set[str]:
        """Return the top-level modules that a step touches; "" where it calls what is not
        known."""
        found: set[str] = set()
        carried = [self.timeline.site(index) for index in self.wiring.shared[step]]
        for inner in (*carried, *self.wiring.steps[step]):
            if inner.step is not None or inner.index not in self._setups:
                found |= roots_touched(inner)
        for number in self.wiring.definitions[step]:
            found |= {
                alias.name.split(".")[0]
                for alias in _aliases(self.timeline.walk.definitions[number].node)
            }
        found |= self._made_roots.get(site.index, set())
        for need in self.wiring.needs[step].values():
            variable = site.before.get(need.name)
            for number in variable.value if variable is not None else ():
                thing = self.heap[number]
                if "." in thing.type and thing.kind in (Kind.PLAIN, Kind.LIBRARY):
                    found.add(thing.type.split(".")[0])
        return found

    def _uses_unknown_module(self, step: StepName) -> bool:
        own = [self.timeline.site(index) for index in self.wiring.shared[step]]
        paths = [p for inner in (*own, *self.wiring.steps[step]) for p in inner.effects.modules]
        paths += [
            f"import {alias.name}"
            for number in self.wiring.definitions[step]
            for alias in _aliases(self.timeline.walk.definitions[number].node)
        ]
        return any(_unknown_module(path) for path in paths)

    def _carry_unknown_modules(self, step: StepName, site: Site) -> None:
        """Take along earlier imports of modules that may work on one another (plug-ins)."""
        for definition in self.timeline.walk.definitions:
            paths = [f"import {alias.name}" for alias in _aliases(definition.node)]
            if definition.site >= site.index or not any(_unknown_module(p) for p in paths):
                continue
            read = NameRead((Place(definition.cell, definition.node),), late=False, guarded=True)
            if self.timeline.site(definition.site).step is None:
                self._carry_shared(step, site, definition.site, read)
            elif definition.number in self.timeline.static:
                self._carry_definition(step, site, definition.number, read)

    # -- what must come from one place ---------------------------------------------

    def _send_once(self) -> bool:
        """Let a shared value that is another each time be made by one step only."""
        sent = False
        for name, events in list(self.timeline.events.items()):
            makers = [e.site for e in events if e.site in self._once]
            if not makers:
                continue
            users = [
                (need.site, step)
                for step, needs in self.wiring.needs.items()
                for need in needs.values()
                if need.name == name and set(need.feed.shared) & set(makers)
            ]
            if len({step for _, step in users}) > 1:
                first = min(users)[0]
                chain = self.timeline.events[name][0].chain
                sent = self.timeline.send(name, first, chain) or sent
        return sent

    def _send_together(self) -> bool:
        """Let inputs that share state come from one step; tell whether any did not."""
        sent = False
        for step, sites in self.wiring.steps.items():
            for site in sites:
                sent = self._check_site(step, site) or sent
        return sent

    def _check_site(self, step: StepName, site: Site) -> bool:
        reach: dict[str, set[int]] = {}
        feeds: dict[str, Feed] = {}
        for (name, at), need in self.wiring.needs[step].items():
            if at == site.index and need.feed.definition is None and need.feed.step != step:
                reach[name] = self._telling(site, name)
                feeds[name] = need.feed
        sent = False
        names = sorted(name for name in reach if reach[name])
        for position, one in enumerate(names):
            for other in names[position + 1 :]:
                if _source(feeds[one]) == _source(feeds[other]):
                    continue
                if reach[one] & reach[other]:
                    sent = self._send(one, other, feeds) or sent
        return sent

    def _send(self, one: str, other: str, feeds: dict[str, Feed]) -> bool:
        first, second = sorted((one, other), key=lambda name: feeds[name].site)
        producer = feeds[second]
        if producer.step is None:
            return False
        event = self.timeline.act_of(second, producer.site)
        assert event is not None
        return self.timeline.send(first, producer.site, event.chain)

    def _telling(self, site: Site, name: str) -> set[int]:
        """Return the things within a name's reach whose identity may make a difference."""
        variable = site.before.get(name)
        if variable is None:
            return set()
        found = set()
        for number in self.heap.reach(variable.value, until=site.index - 1):
            thing = self.heap[number]
            if number in self._makers and self._repeated(number):
                continue
            if (
                self.timeline.walk.sees_identity
                or thing.kind is Kind.CLASS
                or self.timeline.changed_at.get(number, -1) >= site.index
                or thing.kind in (Kind.FRAME, Kind.INSTANCE)
                or (thing.kind is Kind.PLAIN and not thing.type)
                or thing.type == "sentinel"
            ):
                found.add(number)
        return found

    def _repeated(self, number: int) -> bool:
        """Tell whether a function or class is the same in every step: it goes by its name."""
        kind, where = self._makers[number]
        return kind == "shared" or where in self.timeline.static


def _aliases(node: ast.stmt) -> list[ast.alias]:
    if isinstance(node, ast.Import):
        return node.names
    if isinstance(node, ast.ImportFrom):
        return [ast.alias(node.module or "")]
    return []


def _unknown_module(path: str) -> bool:
    """Tell whether an import is of a module that nothing is known about."""
    if not path.startswith("import ") or path == "import ":
        return False
    root = path.removeprefix("import ").split(".")[0]
    return root not in STANDARD and not effects_data().knows_root(root)


def _source(feed: Feed) -> object:
    return feed.step if feed.step is not None else "shared"


def _makers(timeline: Timeline) -> dict[int, tuple[str, int]]:
    """Return, for functions and classes of top level, the statement that makes each."""
    makers: dict[int, tuple[str, int]] = {}
    for definition in timeline.walk.definitions:
        site = timeline.site(definition.site)
        kind = ("shared", site.index) if site.step is None else ("definition", definition.number)
        for number in definition.things:
            if timeline.heap[number].kind in (Kind.FUNCTION, Kind.CLASS, Kind.PLAIN):
                makers[number] = kind
    return makers
