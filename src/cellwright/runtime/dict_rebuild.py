"""Owns the functions that our pickles call to build what belongs to dictionaries again: views of
them, and those in which objects have their attributes.

Their names stand in stored artifacts: they may be added to, never renamed or changed in
what their arguments mean.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

DICT_VIEWS: dict[str, Callable[[Any], Any]] = {
    type(method(of())).__name__: method
    for of in (dict, OrderedDict)
    for method in (of.keys, of.values, of.items)
}
"""What makes views of dictionaries, by the names of their types."""


def dict_view(mapping: Any, name: str) -> Any:
    """Return a view of a dictionary, which shows what it holds at any time."""
    return DICT_VIEWS[name](mapping)


def attributes_of(owner: Any) -> Any:
    """Return the dictionary that an object has its attributes in."""
    return owner.__dict__


def share_attributes(made: Any, own: dict[str, Any]) -> None:
    """Let an object have its attributes in the dictionary of another."""
    made.__dict__ = own
