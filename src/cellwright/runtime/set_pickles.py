"""Owns how sets are pickled whose order is not that in which pickle would make them."""

import copyreg
from dataclasses import dataclass
from typing import Any

from . import set_rebuild, set_tables
from .refusals import cannot_travel
from .set_building import Recipe
from .set_tables import AnySet

Reduction = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Kept:
    """Stands for a set: the pickler makes the set of it, and knows the set by it."""

    thing: AnySet
    recipe: Recipe

    def reduction(self) -> Reduction:
        """Return how the set is made, empty first: what is in it may refer to it.

        What is in a frozen set may, too. Then the pickler comes here again before it has
        written all items, and must not take them from a list that is half full.
        """
        if isinstance(self.thing, frozenset):
            items, *rest = self.recipe.stored()
            return set_rebuild.frozen_set, (tuple(items), *rest)
        return set, (), self.recipe.stored(), None, None, set_rebuild.set_items


def kept(thing: AnySet) -> Kept | None:
    """Return what stands for a set, None where pickle's own way keeps its order.

    Raises:
        OutputError: no way is known that does.
    """
    recipe = set_tables.recipe(thing)
    return None if recipe is None else Kept(thing, recipe)


def whole(thing: Any, reduction: Any) -> Any:
    """Return how an instance of the notebook's own class of sets is made, of all its items.

    Pickle asks the class for them, whose `__iter__` may leave some out.
    """
    kind, base = type(thing), set if isinstance(thing, set) else frozenset
    if kind.__iter__ is base.__iter__ or kind in copyreg.dispatch_table:
        return reduction
    if not isinstance(reduction, tuple) or reduction[0] is not kind:
        return reduction
    if any(getattr(kind, name) is not getattr(base, name) for name in _REDUCING):
        return reduction
    return kind, (set_tables.items_of(thing),), *reduction[2:]


def kept_of_a_class(thing: Any, reduction: Any) -> Any:
    """Return how an instance of the notebook's own class of sets is made.

    Raises:
        OutputError: no way is known that keeps its order.
    """
    if not isinstance(reduction, tuple):
        return reduction
    recipe = set_tables.recipe(thing)
    if recipe is None:
        return reduction
    makes, made_of, state, items, pairs, setter = (*reduction, *(None,) * 4)[:6]
    if isinstance(thing, set):
        then = (state, setter, recipe.stored())
        return makes, made_of, then, items, pairs, set_rebuild.set_again
    kind = type(thing)
    plain = all(getattr(kind, name) == getattr(frozenset, name) for name in _MAKING)
    if not plain or not set_tables.same_at_once(thing, recipe):
        raise cannot_travel(thing, "it would come back in another order")
    return set_rebuild.frozen_set_of, (kind, tuple(recipe.items), recipe.size), *reduction[2:]


_REDUCING = ("__reduce__", "__reduce_ex__")
_MAKING = ("__new__", "__init__", *_REDUCING)
