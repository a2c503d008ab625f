"""Owns the order of the steps: edges, cycles, and who may run before whom."""

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from cellwright.model.pipeline import Edge, StepName


def sorted_edges(edges: Iterable[Edge], steps: Sequence[StepName]) -> list[Edge]:
    """Return edges by producer, consumer, port."""
    place = {step: index for index, step in enumerate(steps)}
    return sorted(
        set(edges),
        key=lambda edge: (place[edge.producer], place[edge.consumer], edge.port or ""),
    )


def topological(
    steps: Sequence[StepName], edges: Iterable[Edge]
) -> tuple[list[StepName], list[StepName]]:
    """Return the steps so that producers come first, and those that wait for each other.

    Among the steps that are free, notebook order decides.
    """
    place = {step: index for index, step in enumerate(steps)}
    pairs = {(edge.producer, edge.consumer) for edge in edges if edge.producer != edge.consumer}
    missing = Counter(consumer for _, consumer in pairs)
    consumers: dict[StepName, list[StepName]] = {step: [] for step in steps}
    for producer, consumer in pairs:
        consumers[producer].append(consumer)
    free = [index for index, step in enumerate(steps) if not missing[step]]
    done: list[StepName] = []
    while free:
        step = steps[heappop(free)]
        done.append(step)
        for consumer in consumers[step]:
            missing[consumer] -= 1
            if not missing[consumer]:
                heappush(free, place[consumer])
    ended = set(done)
    return done, [step for step in steps if step not in ended]


def cycle_among(steps: Sequence[StepName], edges: Sequence[Edge]) -> list[Edge]:
    """Return edges that form one cycle among steps that wait for each other."""
    inside = [e for e in edges if e.producer in steps and e.consumer in steps]
    path: list[Edge] = []
    seen: list[StepName] = [steps[0]]
    while True:
        edge = next(e for e in inside if e.consumer == seen[-1] and e.producer != e.consumer)
        path.append(edge)
        if edge.producer in seen:
            start = seen.index(edge.producer)
            return list(reversed(path[start:]))
        seen.append(edge.producer)
