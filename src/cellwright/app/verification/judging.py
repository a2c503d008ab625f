"""Owns the verdict on each pair: what a difference means, and the place that made it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from cellwright.app.verification.pairs import MOST, Difference, Key, Pair, beyond
from cellwright.compiler.linking.states import GENERATORS
from cellwright.model.equivalence import Comparison, Likeness, Subject
from cellwright.model.pipeline import Pipeline, StepName

MOST_RUNS = 3
"""How often the notebook is run again to find out what it gives by chance."""
_THROUGHOUT = 5
"""Places at which runs of the notebook disagree about an object from which on it is another
one throughout: an estimator that was fitted to other data."""

_NOTES = {
    Likeness.EQUAL: "the same value, written in other bytes",
    Likeness.UNSTABLE: "another run of the notebook differs from the first here, too",
}


def judged(
    pipeline: Pipeline,
    pairs: Iterable[Pair],
    *,
    again: Sequence[Iterable[Pair]],
    tolerance: float,
) -> tuple[Comparison, ...]:
    """Return a comparison for each pair, in the order of the pipeline.

    `again` are the pairs of the notebook's first run and each further one: where they
    differ, there is nothing that a pipeline could be equal to.
    """
    known: dict[Key, list[Pair]] = {}
    for pair in chain.from_iterable(again):
        known.setdefault(pair.key, []).append(pair)
    order = {step: at for at, step in enumerate(pipeline.steps)}
    subjects = list(Subject)
    found = [_comparison(pipeline, pair, known.get(pair.key, []), tolerance) for pair in pairs]
    found.sort(key=lambda each: (order[each.step], subjects.index(each.subject)))
    return tuple(_after_chance(pipeline, found))


def _after_chance(pipeline: Pipeline, comparisons: Iterable[Comparison]) -> Iterator[Comparison]:
    """Yield the comparisons, in the order of the pipeline, so that what a step made of a value
    which came out otherwise by chance is not held against the pipeline."""
    by_chance: set[tuple[StepName, str]] = set()
    for each in comparisons:
        given = [
            port.name
            for port in pipeline.steps[each.step].inputs
            if (pipeline.producer(each.step, port.name), port.name) in by_chance
        ]
        if given and each.likeness is Likeness.DIFFERENT:
            note = f"it is made of `{given[0]}`, which comes out otherwise by chance"
            each = replace(each, likeness=Likeness.UNSTABLE, note=note)  # noqa: PLW2901
        if each.likeness is Likeness.UNSTABLE and each.subject in (Subject.VALUE, Subject.STATE):
            by_chance.add((each.step, each.name))
        yield each


def may_be_chance(pipeline: Pipeline, comparisons: Sequence[Comparison], runs: int) -> bool:
    """Tell whether one more run of the notebook may show that a difference is by chance.

    `runs` is how often it was run again. Two runs that draw other numbers may come to the
    same where a third one does not.
    """
    found = {each.likeness for each in comparisons}
    if Likeness.DIFFERENT not in found:
        return False
    chance = Likeness.UNSTABLE in found or any(
        component.uncacheable for component in pipeline.steps.values()
    )
    return runs == 0 or (chance and runs < MOST_RUNS)


def _comparison(
    pipeline: Pipeline, pair: Pair, again: Sequence[Pair], tolerance: float
) -> Comparison:
    likeness = _likeness(pair, again, tolerance)
    place = _place(pipeline, pair)
    if pair.exact or not pair.differences:
        note = pair.trouble or _NOTES.get(likeness, "")
        return Comparison(pair.step, pair.subject, pair.name, likeness, note=note, **place)
    told = pair.telling
    if likeness is Likeness.DIFFERENT:
        told = _not_by_chance(pair, again)
    elif likeness is Likeness.UNSTABLE:
        by_itself = _not_by_chance(pair, again)
        told = tuple(each for each in told if each not in by_itself) or told
    first = _worst(told, tolerance)
    note = _NOTES.get(likeness, "")
    if likeness is Likeness.EQUAL:
        note = "what is one object there is several here, which nothing in the notebook asks for"
    if likeness is Likeness.CLOSE:
        note = f"{first.gap:.1g} apart, relative to the larger"
    if first.cell is not None:
        place = {"cell": first.cell, "line": None}
    return Comparison(
        pair.step,
        pair.subject,
        pair.name,
        likeness,
        path=first.path,
        expected=first.one,
        found=first.other,
        note=note,
        **place,
    )


def _likeness(pair: Pair, again: Sequence[Pair], tolerance: float) -> Likeness:
    if pair.exact:
        return Likeness.EXACT
    if not pair.differences:
        return Likeness.UNKNOWN if pair.trouble else Likeness.EQUAL
    if all(each.of_identity for each in pair.telling) and not pair.trouble:
        return Likeness.EQUAL
    if all(each.gap <= tolerance for each in pair.telling) and not pair.trouble:
        return Likeness.CLOSE
    if any(len(each.differences) >= MOST for each in again):
        return Likeness.UNSTABLE  # there are more than are known
    if again and not _not_by_chance(pair, again):
        return Likeness.UNSTABLE
    return Likeness.DIFFERENT


def _not_by_chance(pair: Pair, again: Sequence[Pair]) -> tuple[Difference, ...]:
    """Return the differences that runs of the notebook by itself do not account for.

    They may be elsewhere in an object about which the runs disagree throughout, and
    anywhere in a generator of which other numbers were drawn.
    """
    known = _all_differences(again)
    if known and pair.subject is Subject.STATE and pair.name in GENERATORS:
        return ()
    places = {each.place: each.owners for each in known}
    count = Counter(owner for owners in places.values() for owner in owners)
    return tuple(
        each
        for each in beyond(known, pair.telling)
        if not any(count[owner] >= _THROUGHOUT for owner in each.owners)
    )


def _all_differences(pairs: Iterable[Pair]) -> list[Difference]:
    return [difference for pair in pairs for difference in pair.differences]


def _worst(differences: Sequence[Difference], tolerance: float) -> Difference:
    """Return the first difference that no tolerance covers; the first, where all are."""
    return next((each for each in differences if each.gap > tolerance), differences[0])


def _place(pipeline: Pipeline, pair: Pair) -> Mapping[str, Any]:
    """Return the cell and line at which a port's value is made."""
    component = pipeline.steps[pair.step]
    port = next((port for port in component.outputs if port.name == pair.name), None)
    if port is None:
        return {"cell": component.cells[0].number if component.cells else None, "line": None}
    return {"cell": port.origin.number, "line": port.origin.start.line}
