"""Owns what must come from one place: inputs that share state, and values that are
another each time they are made."""

from cellwright.compiler.linking.timeline import Feed, Timeline
from cellwright.compiler.linking.wiring import Makers, Wiring
from cellwright.compiler.walking.heap import Kind
from cellwright.compiler.walking.sites import Site
from cellwright.model.pipeline import StepName


def send_once(wiring: Wiring, once: set[int]) -> bool:
    """Let a shared value that is another each time be made by one step only."""
    sent = False
    for name, events in list(wiring.timeline.events.items()):
        makers = [e.site for e in events if e.site in once]
        if not makers:
            continue
        users = [
            (need.site, step)
            for step, needs in wiring.needs.items()
            for need in needs.values()
            if need.name == name and set(need.feed.shared) & set(makers)
        ]
        if len({step for _, step in users}) > 1:
            first = min(users)[0]
            chain = wiring.timeline.events[name][0].chain
            sent = wiring.timeline.send(name, first, chain) or sent
    return sent


def send_together(wiring: Wiring, makers: Makers) -> bool:
    """Let inputs that share state come from one step; tell whether any did not."""
    sent = False
    for step, sites in wiring.steps.items():
        for site in sites:
            sent = _check_site(wiring, makers, step, site) or sent
    return sent


def _check_site(wiring: Wiring, makers: Makers, step: StepName, site: Site) -> bool:
    reach: dict[str, set[int]] = {}
    feeds: dict[str, Feed] = {}
    for (name, at), need in wiring.needs[step].items():
        if at == site.index and need.feed.definition is None and need.feed.step != step:
            reach[name] = _telling(wiring.timeline, makers, site, name)
            feeds[name] = need.feed
    sent = False
    names = sorted(name for name in reach if reach[name])
    for position, one in enumerate(names):
        for other in names[position + 1 :]:
            if _source(feeds[one]) == _source(feeds[other]):
                continue
            if reach[one] & reach[other]:
                sent = _send(wiring.timeline, one, other, feeds) or sent
    return sent


def _send(timeline: Timeline, one: str, other: str, feeds: dict[str, Feed]) -> bool:
    first, second = sorted((one, other), key=lambda name: feeds[name].site)
    producer = feeds[second]
    if producer.step is None:
        return False
    event = timeline.act_of(second, producer.site)
    assert event is not None
    return timeline.send(first, producer.site, event.chain)


def _telling(timeline: Timeline, makers: Makers, site: Site, name: str) -> set[int]:
    """Return the things within a name's reach whose identity may make a difference."""
    variable = site.before.get(name)
    if variable is None:
        return set()
    found = set()
    for number in timeline.heap.reach(variable.value, until=site.index - 1):
        thing = timeline.heap[number]
        if _repeated(timeline, makers, number):
            continue
        if (
            timeline.walk.sees_identity
            or thing.kind is Kind.CLASS
            or timeline.changed_at.get(number, -1) >= site.index
            or thing.kind in (Kind.FRAME, Kind.INSTANCE)
            or (thing.kind is Kind.PLAIN and not thing.type)
            or thing.type == "sentinel"
        ):
            found.add(number)
    return found


def _repeated(timeline: Timeline, makers: Makers, number: int) -> bool:
    """Tell whether a function or class is the same in every step: it goes by its name."""
    if number not in makers or number in timeline.changed_at:
        return False
    kind, where = makers[number]
    return kind == "shared" or where in timeline.static


def _source(feed: Feed) -> object:
    return feed.step if feed.step is not None else "shared"
