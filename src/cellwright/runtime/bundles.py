"""Owns which outputs share state, and so must travel as one artifact."""

import sys
from typing import Any

from . import pickling
from .array_pickles import Met, clusters, truly_shared
from .faults import OutputError
from .names import Names
from .pickling import Survey
from .plain import ALONE
from .refusals import named

_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})


def bundles(values: dict[str, Any], names: Names) -> list[list[str]]:
    """Return the names of the values in groups, those that share state together.

    Values share state where one object that can be changed, or whose identity counts,
    can be reached from both, or where their arrays overlap in memory.

    Raises:
        StepFault: a value cannot be written at all; it is named.
    """
    group = {name: name for name in values}

    def leader(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    surveys = {name: _survey(name, value, names) for name, value in values.items()}
    owners: dict[int, str] = {}
    for name, found in surveys.items():
        for key in found.objects:
            other = owners.setdefault(key, name)
            if other != name:
                group[leader(name)] = leader(other)
    for cluster in _shared_memory(surveys):
        for name in cluster[1:]:
            group[leader(name)] = leader(cluster[0])
    grouped: dict[str, list[str]] = {}
    for name in values:
        grouped.setdefault(leader(name), []).append(name)
    return list(grouped.values())


def _survey(name: str, value: Any, names: Names) -> Survey:
    kind = type(value)
    if kind in ALONE:
        return Survey()
    if kind in _CONTAINERS:
        parts = set(map(type, value))
        if kind is dict:
            parts |= set(map(type, value.values()))
        if parts <= ALONE:
            return Survey({id(value): value})
    try:
        return pickling.survey(value, names)
    except OutputError as error:
        raise named(error, name, value) from error


def _shared_memory(surveys: dict[str, Survey]) -> list[list[str]]:
    if "numpy" not in sys.modules:
        return []
    owner_of: dict[int, set[str]] = {}
    arrays: list[Met] = []
    for name, found in surveys.items():
        for each in found.arrays:
            owner_of.setdefault(id(each.array), set()).add(name)
            arrays.append(each)
    shared: list[list[str]] = []
    for cluster in clusters(arrays):
        try:
            sharing = truly_shared(cluster)
        except OutputError as error:
            name = min(owner_of[id(error.culprit)])
            raise named(error, name, error.culprit) from error
        if sharing:
            shared.append(sorted({name for each in sharing for name in owner_of[id(each.array)]}))
    return shared
