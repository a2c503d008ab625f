"""Owns the judgement: whether what a call did is within what the effects data say of it.

The data may say more than happens; that costs a port. What happens and is not said would
be a silent difference, and is a fault.
"""

from collections.abc import Mapping
from typing import Any

from cellwright.compiler.walking.effects import Effect, effects_data
from effects.observing import Observation
from effects.samples import stands_for
from effects.sharing import immutable, share_memory

_TAKEN = frozenset({"seeds", "draws", "sets", "changes-state"})


def faults(effect: Effect, seen: Observation, *, receiver_type: str = "") -> list[str]:
    """Return what a call did that the data do not say."""
    if effect.result == "unknown":
        return []
    return [
        *_changes(effect, seen),
        *_states(effect, seen, receiver_type),
        *_result(effect, seen, receiver_type),
    ]


def _changes(effect: Effect, seen: Observation) -> list[str]:
    said = set(effect.changes)
    if effect.inplace or effect.stores:
        said.add("self" if seen.receiver is not None else "0")
    if effect.stores and effect.calls_back:
        said.add("0")
    return [f"changes {label}" for label in sorted(seen.changed - said)]


def _states(effect: Effect, seen: Observation, receiver_type: str) -> list[str]:
    said = set()
    for use, state in effect.states:
        inside = state.startswith("inside:")
        if use in _TAKEN and (not inside or effects_data().flag(receiver_type, "random")):
            said.add(state.removeprefix("inside:"))
    return [f"changes state:{state}" for state in sorted(seen.states - said)]


def _result(effect: Effect, seen: Observation, receiver_type: str) -> list[str]:
    result = seen.result
    if immutable(result) and not (isinstance(result, type) or callable(result)):
        return []
    match effect.result:
        case "none" | "scalar":
            return [] if immutable(result) else [f"gives a {_kind(result)}"]
        case "self":
            return [] if result is seen.receiver else _typed(receiver_type, result)
        case "item":
            return [] if result is not seen.receiver else ["gives the receiver"]
        case "items" | "pairs":
            same = result is seen.receiver
            return [*(["gives the receiver"] if same else []), *_typed(effect.type_name, result)]
        case "new" | "flat":
            kept = _kept(effect, seen)
            return [f"shares with {label}" for label in kept] + _typed(effect.type_name, result)
        case "holds" | "view":
            return _typed(effect.type_name or (receiver_type * (effect.result == "view")), result)
        case _:
            return []


def _kept(effect: Effect, seen: Observation) -> list[str]:
    """Return what the result shares with; `flat` says that it has what containers hold."""
    if effect.result == "new":
        return sorted(seen.shared)
    return [
        label
        for label, value in seen.given
        if label in seen.shared and (seen.result is value or share_memory(seen.result, value))
    ]


def _typed(type_name: str, result: Any) -> list[str]:
    """Return what is wrong with the type that the data tell."""
    outer, _, inner = type_name.rstrip("]").partition("[")
    if not outer or not effects_data().knows_type(outer):
        return []
    if not stands_for(outer, result):
        return [f"gives a {_kind(result)}, not {outer}"]
    if not inner:
        return []
    within = [each for each in _items(result) if not immutable(each)]
    if inner == "scalar":
        return [f"has a {_kind(each)} in it" for each in within[:1]]
    return [
        f"has a {_kind(each)} in it, not {inner}"
        for each in within
        if effects_data().knows_type(inner) and not stands_for(inner, each)
    ][:1]


def _items(result: Any) -> list[Any]:
    """Return what is in a container: of a mapping, its values."""
    return list(result.values() if isinstance(result, Mapping) else result)


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def judged_attribute(type_name: str, name: str, seen: Observation) -> list[str]:
    """Return what reading an attribute gives that the data do not say."""
    data = effects_data()
    effect = data.method(type_name, "." + name)
    if effect is None and not data.names_method(type_name, name):
        effect = data.method(type_name, ".*")
    changed = [f"changes {label}" for label in sorted(seen.changed)]
    if effect is None:
        return changed + (
            [] if immutable(seen.result) else [f"is a {_kind(seen.result)}, no method"]
        )
    return [*changed, *_result(effect, seen, type_name)]
