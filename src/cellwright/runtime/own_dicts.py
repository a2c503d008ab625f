"""Owns what is written of a dictionary that holds the attributes of an object.

`d = vars(o)` gives the very dictionary that `o` looks its attributes up in. Where it is met
by itself, it is written as what `o` has, so that both are one again where they are read.
"""

from typing import Any

from . import dict_rebuild

_DEPTH = 4
"""How deep in what an object is made of its dictionary is looked for."""
_MANY = 1000
"""Items of which none is looked at: the dictionary may be among them."""


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
        self._part: set[int] = set()
        """Those that their objects are made of: they cannot be found in them before that."""

    def note(self, owner: Any, reduction: tuple[Any, ...]) -> None:
        """Note an object and how it is made again."""
        own = own_dict(owner)
        if own is None or self._owners.setdefault(id(own), owner) is not owner:
            return  # several objects have one dictionary: it is met again
        if len(reduction) > 2 and is_state(own, reduction[2]):
            self._met[id(own)] = self._met.get(id(own), 0) - 1
        elif _is_inside(own, reduction[1:3], _DEPTH):
            self._part.add(id(own))

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
            if self._met.get(key, 0) > 0 and key not in self._part
        }


def _is_inside(own: dict[Any, Any], part: Any, depth: int) -> bool:
    """Tell whether a dictionary is, or may be, in what an object is made of."""
    inner = part.values() if type(part) is dict else part if type(part) in (tuple, list) else ()
    if part is own or len(inner) > _MANY:
        return True
    return depth > 0 and any(_is_inside(own, each, depth - 1) for each in inner)


def own_dict(owner: Any) -> dict[Any, Any] | None:
    """Return the dictionary of an object's attributes, None where it has none."""
    if not type(owner).__dictoffset__:
        return None
    own = getattr(owner, "__dict__", None)
    return own if type(own) is dict else None


def is_state(own: dict[Any, Any], state: Any) -> bool:
    """Tell whether the state that is written of an object is its own dictionary.

    Slots are written beside it, by Cython all fields of an object, and by pydantic what else
    a model has.
    """
    beside = state.values() if type(state) is dict else state if type(state) is tuple else ()
    return state is own or any(each is own for each in beside)


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
    if state is not own and type(state) is tuple:
        copied = tuple(copied if each is own else each for each in state)
    elif state is not own:
        copied = {name: copied if each is own else each for name, each in state.items()}
    return (*reduction[:2], copied, *reduction[3:])
