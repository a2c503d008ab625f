"""Owns what a pickle calls to make a set again whose table has a past of its own."""

from typing import Any

from .set_building import Recipe, at_once, fill, frozen


def set_items(made: set[Any], recipe: tuple[Any, ...]) -> None:
    """Fill an empty set, so that its table is as it was."""
    fill(made, Recipe(*recipe))


def frozen_set(*recipe: Any) -> frozenset[Any]:
    """Return a frozen set whose table is as it was."""
    return frozen(Recipe(*recipe))


def frozen_set_of(kind: type[frozenset[Any]], items: tuple[Any, ...], size: int) -> frozenset[Any]:
    """Return an instance of a class of frozen sets whose table is as it was."""
    return frozenset.__new__(kind, at_once(items, size))


def set_again(made: Any, state: tuple[Any, Any, tuple[Any, ...]]) -> None:
    """Complete an instance of a class of sets, and fill it again if it holds what it held."""
    attributes, setter, recipe = state
    if setter is not None:
        setter(made, attributes)
    elif hasattr(made, "__setstate__") and attributes is not None:
        made.__setstate__(attributes)
    elif attributes is not None:
        plain, slots = attributes if type(attributes) is tuple else (attributes, None)
        if plain:
            made.__dict__.update(plain)
        for name, value in (slots or {}).items():
            setattr(made, name, value)
    if set.__eq__(made, set(recipe[0])):
        set.clear(made)
        fill(made, Recipe(*recipe))
