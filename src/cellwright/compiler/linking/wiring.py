"""Owns the wiring: what crosses the borders of each step, and the source it takes along."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cellwright.compiler.linking.timeline import Feed, Timeline
from cellwright.compiler.walking.heap import Kind
from cellwright.compiler.walking.sites import Chain, Site
from cellwright.model.pipeline import StepName

Makers = dict[int, tuple[str, int]]
"""Per function or class of top level: the shared site or the definition that makes it."""


@dataclass(slots=True)
class Need:
    """A name that a step needs from outside, at one of its sites."""

    name: str
    site: int
    feed: Feed
    chain: Chain
    late: bool = False
    guarded: bool = False


@dataclass
class Wiring:
    """What crosses the borders of each step.

    `shared` and `definitions` are, per step, the indices of the shared sites and the
    numbers of the definitions of other steps whose text it takes along; `loaded` the modules
    that it finds and that no text of the notebook imports.
    """

    timeline: Timeline
    steps: dict[StepName, list[Site]]
    needs: dict[StepName, dict[tuple[str, int], Need]] = field(default_factory=dict)
    outputs: dict[StepName, dict[str, tuple[Chain, StepName]]] = field(default_factory=dict)
    shared: dict[StepName, set[int]] = field(default_factory=dict)
    definitions: dict[StepName, set[int]] = field(default_factory=dict)
    loaded: dict[StepName, set[str]] = field(default_factory=dict)
    mixed: list[tuple[StepName, Need]] = field(default_factory=list)

    def inputs(self, step: StepName) -> Iterator[Need]:
        """Yield the needs that ports of other steps feed, by name."""
        for _, need in sorted(self.needs[step].items()):
            if need.feed.step not in (None, step):
                yield need


def makers_of(timeline: Timeline) -> Makers:
    """Return, for functions and classes of top level, the statement that makes each."""
    makers: Makers = {}
    for definition in timeline.walk.definitions:
        site = timeline.site(definition.site)
        kind = ("shared", site.index) if site.step is None else ("definition", definition.number)
        for number in definition.things:
            if timeline.heap[number].kind in (Kind.FUNCTION, Kind.CLASS, Kind.PLAIN):
                makers[number] = kind
    return makers
