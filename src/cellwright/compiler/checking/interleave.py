"""Owns the rule about steps whose cells do not stand together: put together, they must
compute what they computed apart."""

import itertools
from collections.abc import Collection, Iterator

from cellwright.compiler.linking.setups import setup_sites
from cellwright.compiler.linking.states import GENERATORS
from cellwright.compiler.linking.timeline import Act, Event
from cellwright.compiler.linking.wiring import Need, Wiring
from cellwright.compiler.linking.world import World
from cellwright.compiler.walking.heap import Place
from cellwright.compiler.walking.sites import Chain, Site
from cellwright.diagnostics import catalogue as rules
from cellwright.diagnostics.diagnostic import Diagnostic, Label, Report
from cellwright.model.pipeline import StepName

_MOVING = (Act.BINDS, Act.MAY_BIND, Act.DELETES, Act.CHANGES)


def check_interleaved(wiring: Wiring, world: World, report: Report) -> None:
    """Report steps in several places whose cells cannot be put together."""
    setups = setup_sites(wiring.timeline, world.state)
    for step, sites in wiring.steps.items():
        if len(sites) < 2:
            continue
        for message, chain, cause in (
            *_two_versions(wiring, step),
            *_read_in_between(wiring, step, sites),
            *_world_in_between(wiring, step, sites),
            *_set_in_between(wiring, world, step),
            *_set_up_in_between(wiring, setups.keys(), step),
        ):
            _add(wiring, report, step, message, chain, cause)
            break


def _two_versions(wiring: Wiring, step: StepName) -> Iterator[tuple[str, Chain, Chain]]:
    """Yield names of which the parts of a step need different versions."""
    known: dict[str, Need] = {}
    for _, need in sorted(wiring.needs[step].items(), key=lambda item: (item[0][1], item[0][0])):
        feed = need.feed
        if feed.step != step:
            own = _own_act(wiring, step, need)
            if own is not None:
                yield (
                    f"reads `{need.name}` that another step made after it",
                    need.chain,
                    own.chain,
                )
            first = known.setdefault(need.name, need)
            if (first.feed.step, first.feed.shared) != (feed.step, feed.shared):
                yield (f"reads two versions of `{need.name}`", need.chain, first.chain)


def _own_act(wiring: Wiring, step: StepName, need: Need) -> Event | None:
    """Return the act by which an earlier part of the step would hide what the need is for."""
    for site in wiring.steps[step]:
        if site.index < need.site:
            event = wiring.timeline.act_of(need.name, site.index)
            if event is not None and event.act in _MOVING and need.feed.step is not None:
                return event
    return None


def _read_in_between(
    wiring: Wiring, step: StepName, sites: list[Site]
) -> Iterator[tuple[str, Chain, Chain]]:
    """Yield names that another step reads before a later part of the step binds them anew."""
    for other, needs in wiring.needs.items():
        if other == step:
            continue
        for need in needs.values():
            if need.feed.step != step:
                continue
            for site in sites:
                event = wiring.timeline.act_of(need.name, site.index)
                if site.index > need.feed.site and event is not None and event.act in _MOVING:
                    yield (
                        f"changes `{need.name}` after step `{other}` has read it",
                        event.chain,
                        need.chain,
                    )


def _world_in_between(
    wiring: Wiring, step: StepName, sites: list[Site]
) -> Iterator[tuple[str, Chain, Chain]]:
    """Yield state and files that others touch between two parts of the step."""
    for first, last in itertools.pairwise(sites):
        between = [
            site
            for site in wiring.timeline.walk.sites
            if first.index < site.index < last.index and site.step not in (None, step)
        ]
        for site in between:
            mine = _touched(first) | _touched(last)
            for what, chain in _touches(site):
                if what in mine:
                    place = next(c for w, c in (*_touches(last), *_touches(first)) if w == what)
                    yield (f"touches `{what}` around step `{site.step}`", place, chain)


def _set_in_between(
    wiring: Wiring, world: World, step: StepName
) -> Iterator[tuple[str, Chain, Chain]]:
    """Yield state that a later part of a step is given: the first part would have it, too."""
    first = wiring.steps[step][0]
    for need in world.state.needs:
        if need.step == step and need.state not in GENERATORS:
            for site in wiring.steps[need.producer]:
                if site.index > first.index and need.state in _touched(site):
                    state = need.state.removeprefix("state:")
                    message = f"relies on `{state}`, which step `{need.producer}` sets in between"
                    yield message, need.chain, need.cause


def _set_up_in_between(
    wiring: Wiring, setups: Collection[int], step: StepName
) -> Iterator[tuple[str, Chain, Chain]]:
    """Yield what sets up the process and is run again: at the start, not in between."""
    sites = wiring.timeline.walk.sites
    first, last = wiring.steps[step][0], wiring.steps[step][-1]
    again = [
        (index, Place(*sites[index].body[0])) for index in wiring.shared[step] if index in setups
    ]
    again += [
        (definition.site, Place(definition.cell, definition.node))
        for definition in wiring.timeline.walk.definitions
        if definition.number in wiring.definitions[step] and definition.sets_up
    ]
    for index, place in sorted(again, key=lambda each: each[0]):
        if first.index < index:
            start = Place(*last.body[0])
            yield "relies on what sets up the process in between", (start,), (place,)


def _touches(site: Site) -> list[tuple[str, Chain]]:
    found = [(use.state, use.chain) for use in site.effects.states if use.use != "uses"]
    return found + [
        (use.text, use.chain) for use in site.effects.files if use.text and use.use != "reads"
    ]


def _touched(site: Site) -> set[str]:
    return {what for what, _ in _touches(site)}


def _add(
    wiring: Wiring, report: Report, step: StepName, message: str, chain: Chain, cause: Chain
) -> None:
    cells = wiring.timeline.walk.cells
    labels = [cells[place.cell].span(place.node) for place in (chain[0], cause[0])]
    report.add(
        Diagnostic(
            rules.INTERLEAVED_STEP,
            f"the cells of step `{step}` cannot be put together: it {message}",
            Label(labels[0]),
            (Label(labels[1], "this comes in between"),),
            notes=("give the later cells a step of their own",),
        )
    )
