"""Owns how an object is made again without the `__new__` that the notebook wrote for it.

It ran when the object was made. Run once more by each reader, it would count the object once
more, or change anew what it is given: `Name("a")` that makes `A!` of it would come back as
`A!!`.
"""

import copyreg
import types
from collections.abc import Callable
from typing import Any

from . import rebuild

_GIVEN: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    object: lambda _: (),
    list: lambda _: (),
    dict: lambda _: (),
    tuple: lambda thing: (tuple.__getitem__(thing, slice(None)),),
    str: lambda thing: (str.__str__(thing),),
    bytes: lambda thing: (bytes.__getitem__(thing, slice(None)),),
    int: lambda thing: (int.__pos__(thing),),
    float: lambda thing: (float.__pos__(thing),),
    complex: lambda thing: (complex.__pos__(thing),),
}
"""What a builtin class is given to make what an object of a class derived from it holds."""


def without_its_own(thing: Any, reduction: Any) -> tuple[Any, ...] | None:
    """Return how an object is made again by the builtin class that its class derives from.

    None where no `__new__` of the notebook would run, or where the notebook says itself what
    it is to be given (`__getnewargs__`).
    """
    kind = type(thing)
    if not isinstance(reduction, tuple) or reduction[0] not in (
        copyreg.__newobj__,  # type: ignore[attr-defined]
        copyreg.__newobj_ex__,  # type: ignore[attr-defined]
    ):
        return None
    if not _of_the_notebook(kind, "__new__"):
        return None
    if any(_of_the_notebook(kind, name) for name in ("__getnewargs__", "__getnewargs_ex__")):
        return None
    given = _GIVEN.get(rebuild.made_in_c(kind))
    if given is None:
        return None
    return rebuild.new, (kind, *given(thing)), *reduction[2:]


def _of_the_notebook(kind: type, name: str) -> bool:
    """Tell whether a class has its method of this name from a class of the notebook."""
    for base in kind.__mro__:
        if name in vars(base):
            hook = vars(base)[name]
            hook = getattr(hook, "__func__", hook)
            return isinstance(hook, types.FunctionType) and hook.__module__ == "__main__"
    return False
