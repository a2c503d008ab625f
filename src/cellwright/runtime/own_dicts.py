"""Owns what is written of a dictionary that holds the attributes of an object.

`d = vars(o)` gives the very dictionary that `o` looks its attributes up in. Where it is met
by itself, it is written as what `o` has, so that both are one again where they are read.
"""

from typing import Any

from . import dict_rebuild


class Attributes:
    """Stands for the dictionary of the attributes of an object."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def reduction(self) -> tuple[Any, ...]:
        """Return how the dictionary is found again."""
        return dict_rebuild.attributes_of, (self.owner,)


class OwnDicts:
    """The dictionaries of objects, as a survey meets them."""

    def __init__(self) -> None:
        self._owners: dict[int, Any] = {}
        self._met: dict[int, int] = {}
        """How often each was met, besides as the state of its object."""

    def note(self, owner: Any, state: Any) -> None:
        """Note an object and the state that is written of it."""
        own = own_dict(owner)
        if own is None or self._owners.setdefault(id(own), owner) is not owner:
            return  # several objects have one dictionary: it is met again
        if is_state(own, state):
            self._met[id(own)] = self._met.get(id(own), 0) - 1

    def meet(self, found: dict[Any, Any]) -> None:
        """Note that a dictionary is about to be written."""
        self._met[id(found)] = self._met.get(id(found), 0) + 1

    def of(self, objects: dict[int, Any]) -> dict[int, Any]:
        """Return the dictionaries of these objects, by id."""
        return {key: owner.__dict__ for key, owner in self._owners.items() if id(owner) in objects}

    def apart(self) -> dict[int, Attributes]:
        """Return what stands for the dictionaries that were met besides their objects."""
        return {
            key: Attributes(owner)
            for key, owner in self._owners.items()
            if self._met.get(key, 0) > 0
        }


def own_dict(owner: Any) -> dict[Any, Any] | None:
    """Return the dictionary of an object's attributes, None where it has none."""
    if not type(owner).__dictoffset__:
        return None
    own = getattr(owner, "__dict__", None)
    return own if type(own) is dict else None


def is_state(own: dict[Any, Any], state: Any) -> bool:
    """Tell whether the state that is written of an object is its own dictionary.

    Slots are written beside it, and by Cython all fields of an object.
    """
    return state is own or (type(state) is tuple and any(each is own for each in state))


def rewritten(
    thing: Any, reduction: tuple[Any, ...], apart: dict[int, Attributes]
) -> tuple[Any, ...]:
    """Return the reduction of an object whose own dictionary may be met by itself, too.

    Its state is a copy then, which is not taken for the dictionary. Of several objects with
    one dictionary, the first has it, and the others are given it.
    """
    own = own_dict(thing)
    if own is None or id(own) not in apart or len(reduction) < 3:
        return reduction
    state = reduction[2]
    if not is_state(own, state):
        return reduction
    if apart[id(own)].owner is not thing and state is own:
        items = (*reduction[3:5], None, None)[:2]
        return (*reduction[:2], own, *items, dict_rebuild.share_attributes)
    copied: Any = dict(own)
    if state is not own:
        copied = tuple(copied if each is own else each for each in state)
    return (*reduction[:2], copied, *reduction[3:])
