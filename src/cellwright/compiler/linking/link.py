"""Owns who feeds whom: the names that each step needs, and the source it takes along.

Needs grow to a fixed point. A step needs what it reads; what the code in its values
reads late; the old value of what it publishes without surely binding it. Where two
inputs of a step share state but would come from different places, the later of the two
producers sends both.
"""

from collections.abc import Callable
from functools import partial

from cellwright.compiler.linking.joint import send_once, send_together
from cellwright.compiler.linking.replay import (
    loaded_modules,
    plugin_imports,
    replay_of,
    replayed_sites,
)
from cellwright.compiler.linking.setups import once_sites
from cellwright.compiler.linking.states import StateFlow
from cellwright.compiler.linking.timeline import Act, Feed, Timeline
from cellwright.compiler.linking.wiring import Need, Wiring, makers_of
from cellwright.compiler.walking.heap import UNBOUND, Kind, Place, Value
from cellwright.compiler.walking.sites import Chain, NameRead, Site
from cellwright.model.pipeline import StepName

_ROUNDS = 60


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
        wiring.loaded[step] = set()
    _Linker(wiring, state).run()
    return wiring


class _Linker:
    """Grows the needs until nothing is missing."""

    def __init__(self, wiring: Wiring, state: StateFlow) -> None:
        self.wiring = wiring
        self.timeline = wiring.timeline
        self.heap = wiring.timeline.heap
        self._new = False
        self._waiting: list[Callable[[], None]] = []
        self._acting = False
        self._met: set[tuple[StepName, StepName, str]] = set()
        self._makers = makers_of(wiring.timeline)
        self._replay = replay_of(wiring, state)
        self._once = once_sites(wiring.timeline, state)

    def run(self) -> None:
        """Grow needs, then send what shares state, until neither adds anything."""
        for _ in range(_ROUNDS):
            self._grow()
            if not (send_together(self.wiring, self._makers) or send_once(self.wiring, self._once)):
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
                    self._run_setups(step, site)

    def _act(self, act: Callable[[], None]) -> None:
        """Do something now, and after it what it asks for: in the order of calls, but not
        one within the other, as a notebook may have chains of any length."""
        self._waiting.append(act)
        if self._acting:
            return
        self._acting = True
        while self._waiting:
            act = self._waiting.pop()
            start = len(self._waiting)
            act()
            self._waiting[start:] = reversed(self._waiting[start:])
        self._acting = False

    def _need(self, step: StepName, site: Site, name: str, read: NameRead) -> None:
        if (name, site.index) not in self.wiring.needs[step]:
            self._act(partial(self._add_need, step, site, name, read))

    def _add_need(self, step: StepName, site: Site, name: str, read: NameRead) -> None:
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
        if index not in self.wiring.shared[step]:
            self._act(partial(self._add_shared, step, site, index, read))

    def _add_shared(self, step: StepName, site: Site, index: int, read: NameRead) -> None:
        if index in self.wiring.shared[step]:
            return
        self.wiring.shared[step].add(index)
        self._new = True
        for name, inner in self.timeline.site(index).reads.items():
            self._rest_on(step, site, name, index, read, inner.chain)

    def _carry_definition(self, step: StepName, site: Site, number: int, read: NameRead) -> None:
        if number not in self.wiring.definitions[step]:
            self._act(partial(self._add_definition, step, site, number, read))

    def _add_definition(self, step: StepName, site: Site, number: int, read: NameRead) -> None:
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
        if variable is not None:
            self._carry_value(step, site, variable.value, read)

    def _carry_value(self, step: StepName, site: Site, value: Value, read: NameRead) -> None:
        for number in sorted(self.heap.reach(value, until=site.index - 1)):
            self._carry_maker(step, site, number, read)
            code = self.heap[number].code
            if code is None:
                continue
            for late in sorted(code.scope.late):
                self._late(step, site, late, read)

    def _carry_all_code(self, step: StepName, site: Site) -> None:
        """Take along every function and class: a pickle names those that it needs."""
        chain = next(c for mark, c in site.effects.marks.items() if mark.startswith("unpickles:"))
        read = NameRead(chain, late=True, guarded=True)
        for maker in sorted(self._makers):
            if self.heap[maker].kind is not Kind.PLAIN and self.heap[maker].born < site.index:
                self._carry_value(step, site, frozenset((maker,)), read)

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

    def _run_setups(self, step: StepName, site: Site) -> None:
        """Take along the shared statements that set up the process, and their needs."""
        sites = self.timeline.walk.sites
        for index in replayed_sites(self._replay, step, site):
            chain = next(iter(sites[index].effects.calls.values()), None)
            place = chain or (Place(*sites[index].body[0]),)
            self._carry_shared(step, site, index, NameRead(place, late=False, guarded=True))
        if any(mark.startswith("unpickles:") for mark in site.effects.marks):
            self._carry_all_code(step, site)
        self.wiring.loaded[step] |= loaded_modules(self._replay, step, site)
        for definition in plugin_imports(self._replay, step, site):
            read = NameRead((Place(definition.cell, definition.node),), late=False, guarded=True)
            if self.timeline.site(definition.site).step is None:
                self._carry_shared(step, site, definition.site, read)
            elif definition.number in self.timeline.static:
                self._carry_definition(step, site, definition.number, read)
